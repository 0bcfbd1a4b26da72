"""Earlier runs that a study reads: which one is meant, and whether it may stand under this run.

All of it is settled before a kernel starts. A run reads only runs that have ended, so no chain bites its tail.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.declared import declared
from workbench.errors import ParameterError, StudyError
from workbench.files import file_hash
from workbench.findings import Check
from workbench.studies.definition.calls import Earlier
from workbench.studies.definition.notebook import study_paths
from workbench.studies.definition.parameters import unknown
from workbench.studies.definition.project import Project
from workbench.studies.index import changed
from workbench.studies.manifest import read_manifest, read_runs, resolve_run
from workbench.wording import listing, sentence, shown

LATEST = "latest"
RESULTS = "results.json"


@dataclass(frozen=True)
class Input:
    """An earlier run that this one reads.

    Attributes
    ----------
    need
        What the notebook asks for.
    folder, manifest
        Of the earlier run.
    passed_over
        Why a newer run was not taken, if there is one.
    """

    need: Earlier
    folder: Path
    manifest: Mapping[str, Any]
    passed_over: str = ""

    @property
    def run_id(self) -> str:
        """The earlier run's id."""
        return self.manifest["run_id"]

    def to_manifest(self) -> dict[str, Any]:
        """What the manifest of the reading run says of it, the runs that it stands on itself included."""
        kept = {key: self.manifest.get(key) for key in ("study", "run_id", "title", "started", "verdict", "headline")}
        tables = {name: self.manifest["tables"][name]["sha256"] for name in self.need.tables}
        return {
            **kept,
            "parameter": self.need.parameter,
            "warnings": warnings_of(self.manifest),
            "results": self.manifest["results"],
            "manifest": file_hash(self.folder / "manifest.json"),
            "tables": tables,
            "inputs": self.manifest.get("inputs") or [],
        }


def settle(
    project: Project, needs: Iterable[Earlier], choices: Mapping[str, str | None], mine: Mapping[str, Any]
) -> list[Input]:
    """The runs that a study will read.

    Parameters
    ----------
    project
        Whose runs they are.
    needs
        What the notebook asks for.
    choices
        For each parameter a run id, a unique prefix of one, `latest` or None.
    mine
        What the manifest of the reading run will say of its data: `dataset`, `where` and `Dataset.identity`.

    Raises
    ------
    ParameterError
        With every contradiction of every run at once.
    """
    found: list[Input] = []
    faults: list[str] = []
    for need in needs:
        choice = choices[need.parameter]
        if choice is None:
            continue
        try:
            each = _latest(project, need, mine) if choice == LATEST else _named(project, need, choice, mine)
        except StudyError as error:
            faults += [f"parameter {need.parameter}: {fault}" for fault in error.faults]
        else:
            found += [each] if each else []
    for place, each in enumerate(found):
        for other in found[:place]:
            if each.need.other_data or other.need.other_data:
                continue
            faults += [
                sentence(
                    "{one} and {other} contradict each other: {what}",
                    one=_name(each.manifest),
                    other=_name(other.manifest),
                    what=what,
                )
                for what in contradictions(other.manifest, each.manifest)
            ]
    if faults:
        raise ParameterError(*faults)
    return found


def checks(needs: Iterable[Earlier], inputs: Sequence[Input]) -> tuple[Check, ...]:
    """What a reader must know of the runs that this one stands on, and of those that it goes without.

    Parameters
    ----------
    needs
        What the study reads of earlier runs.
    inputs
        The runs that were found.
    """
    by_study = {each.need.study: each for each in inputs}
    return tuple(
        _told(by_study[need.study]) if need.study in by_study else _without(need) for need in needs
    ) + _two_of_one_study(inputs)


def warnings_of(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a run warns of, without what data of its kind always carry: name, title and message.

    Parameters
    ----------
    manifest
        Of the run.
    """
    return [dict(each) for each in manifest.get("warnings") or []]


def rest_on(findings: Iterable[dict[str, Any]], inputs: Sequence[Mapping[str, Any]]) -> None:
    """Write down beside each finding the runs that it rests on and what they warn of: all, unless it names them.

    Parameters
    ----------
    findings
        As they stand in results.json; changed in place.
    inputs
        What the manifest says of the runs that were read.
    """
    known = [{key: each[key] for key in ("study", "run_id", "warnings")} for each in inputs]
    for finding in findings:
        named = finding.get("rests_on")
        finding["rests_on"] = [each for each in known if named is None or each["study"] in named]


def contradictions(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Where two manifests speak of other data: a sentence each.

    Only what both state can contradict: a study without tables of its own agrees with every run.

    Parameters
    ----------
    mine
        Manifest of this run.
    theirs
        Manifest of the earlier one.
    """
    faults = []

    def differ(key: str) -> dict[str, str] | None:
        """Both sides in words, where both say something and not the same."""
        here, there = mine.get(key), theirs.get(key)
        return {"mine": _words(here), "theirs": _words(there)} if here and there and here != there else None

    if words := differ("dataset"):  # all else differs for that
        return [sentence("it is of the dataset {theirs}, expected {mine}.", **words)]
    if mine.get("dataset") and theirs.get("dataset"):
        if mine.get("where") != theirs.get("where"):
            here, there = (_words(side.get("where") or sentence("all rows")) for side in (mine, theirs))
            faults.append(sentence("it is of {theirs}, expected {mine}.", theirs=there, mine=here))
        both = mine.get("fingerprints") or {}, theirs.get("fingerprints") or {}
        other = [name for name in both[0] if name in both[1] and both[0][name] != both[1][name]]
        if other:
            faults.append(sentence("its tables had another content: {tables}.", tables=listing(other)))
    if words := differ("pseudonym_key"):
        faults.append(sentence("its pseudonyms are of another key ({theirs}, expected {mine}).", **words))
    if words := differ("extracted"):
        faults.append(sentence("its extract is of {theirs}, expected {mine}.", **words))
    if words := differ("time_units"):
        faults.append(sentence("its times are in {theirs}, expected {mine}.", **words))
    if words := differ("currencies"):
        faults.append(sentence("its money is in {theirs}, expected {mine}.", **words))
    return faults


def damage(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Files of a run that are not as the run left them: a sentence each, the last one what to do about it.

    Parameters
    ----------
    folder
        Of the run.
    manifest
        Of the run.
    """
    faults = []
    if changed(folder):
        faults.append(sentence("{file} has been changed since the run ended.", file="manifest.json"))
    files = {RESULTS: manifest["results"]}
    files |= {each["file"]: each["sha256"] for each in manifest["tables"].values() if each.get("declared")}
    files |= manifest.get("model") or {}  # a run of an older version says nothing of its model
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            faults.append(sentence("{file} is missing.", file=name))
        elif file_hash(path) != expected:
            faults.append(sentence("{file} has been changed since the run ended.", file=name))
    if faults:
        faults[-1] += " " + sentence("Run it again: `workbench rerun {run}`.", run=manifest["run_id"])
    return faults


def unfit(folder: Path, manifest: Mapping[str, Any], need: Earlier, mine: Mapping[str, Any]) -> list[str]:
    """Why a run cannot stand under this one: a sentence each; nothing where it can.

    Parameters
    ----------
    folder
        Of the earlier run.
    manifest
        Of the earlier run.
    need
        What the study reads of it.
    mine
        Manifest of this run.
    """
    if manifest["status"] != "succeeded":
        return [_not_succeeded(manifest)]
    if "fingerprints" not in manifest or "tables" not in manifest:
        template = "it was written by an older version of the workbench; run it again: `workbench rerun {run}`."
        return [sentence(template, run=manifest["run_id"])]
    faults = [] if need.other_data else contradictions(mine, manifest)
    if manifest["verdict"] == "fail":
        faults.append(sentence("its verdict is fail: its numbers must not be used."))
    faults += [fault for name in need.tables for fault in _not_offered(manifest, name)]
    return faults + damage(folder, manifest)


def _not_offered(manifest: Mapping[str, Any], name: str) -> list[str]:
    """Why a table that the notebook asks for cannot be read of a run."""
    written = {key: each for key, each in manifest["tables"].items() if each.get("declared")}
    if name not in written:
        template = "it has no table {name} for other studies; it has {known}."
        return [sentence(template, name=shown(name), known=listing(list(written)) or sentence("none"))]
    now = declared(manifest["study"], name)
    if now is not None and now.mark != written[name]["declared"]:
        template = (
            "its table {name} was written by another version of the workbench; run it again: `workbench rerun {run}`."
        )
        return [sentence(template, name=name, run=manifest["run_id"])]
    return []


def _named(project: Project, need: Earlier, choice: str, mine: Mapping[str, Any]) -> Input:
    folder = resolve_run(project.earlier_reports, choice)
    manifest = read_manifest(folder)
    if manifest["study"] != need.study:
        template = "run {run} is of the study {got}, expected one of {study}."
        raise StudyError(sentence(template, run=folder.name, got=manifest["study"], study=need.study))
    faults = unfit(folder, manifest, need, mine)
    if faults:
        raise StudyError(*(f"{_name(manifest)}: {fault}" for fault in faults))
    return Input(need, folder, manifest)


def _latest(project: Project, need: Earlier, mine: Mapping[str, Any]) -> Input | None:
    """The newest run of a study that can stand under this one; None where there is none and it can be done without."""
    reports = project.earlier_reports
    passed = ""
    runs = read_runs(reports, need.study)
    for manifest in runs:
        if manifest["status"] == "running":
            continue
        folder = reports / need.study / manifest["run_id"]
        faults = unfit(folder, manifest, need, mine)
        if not faults:
            return Input(need, folder, manifest, passed)
        passed = passed or sentence("{run}: {why}", run=_name(manifest), why=_one_after_another(faults))
    if need.optional:
        return None
    if not runs and need.study not in {path.stem for path in study_paths(project.notebooks)}:
        known = [path.stem for path in study_paths(project.notebooks)]
        raise StudyError(unknown("study", need.study, known, "`workbench list` shows what there is"))
    template = "no run of {study} can be used; run it first: `workbench run {study}{data}`."
    asked = {"--dataset": mine.get("dataset"), "--where": mine.get("where")}
    data = "".join(f" {option} {shlex.quote(value)}" for option, value in asked.items() if value)
    raise StudyError(sentence(template, study=need.study, data=data), *([passed] if passed else []))


def _one_after_another(faults: Sequence[str]) -> str:
    """Faults that begin small, in one text."""
    return "; ".join(fault.removesuffix(".") for fault in faults) + "."


def _told(each: Input) -> Check:
    """That this run stands on another, and what that one warns of."""
    manifest, warned = each.manifest, warnings_of(each.manifest)
    named = {"study": manifest["study"], "run": each.run_id, "date": manifest["started"][:10]}
    message = sentence("This run reads {study} {run} of {date}.", **named)
    if warned:
        titles = listing([warning["title"] for warning in warned])
        template = "This run reads {study} {run} of {date}, which warns of: {titles}."
        message = sentence(template, **named, titles=titles)
    if each.passed_over:
        message += " " + sentence("A newer run was passed over. {why}", why=each.passed_over)
    return Check(
        name=f"earlier_{manifest['study']}",
        status="warn" if warned or manifest["verdict"] == "warn" else "pass",
        message=message,
        title=sentence("Rests on {study}, which warns", study=manifest["study"]) if warned else "",
    )


def _without(need: Earlier) -> Check:
    template = "This run goes without an earlier run of {study} (parameter {parameter})."
    return Check(
        name=f"earlier_{need.study}",
        status="pass",
        message=sentence(template, study=need.study, parameter=need.parameter),
        title=sentence("Without {study}", study=need.study),
    )


def _two_of_one_study(inputs: Sequence[Input]) -> tuple[Check, ...]:
    """A warning where a chain reaches two runs of one study: what rests on one does not rest on the other."""
    reached: dict[str, set[str]] = {}
    for each in inputs:
        for study, run_id in _reached(each.to_manifest()):
            reached.setdefault(study, set()).add(run_id)
    twice = {study: runs for study, runs in reached.items() if len(runs) > 1}
    if not twice:
        return ()
    named = [f"{study} ({listing(sorted(runs))})" for study, runs in sorted(twice.items())]
    template = "The chain reaches several runs of {named}: numbers that should agree may differ."
    title = sentence("The chain reaches two runs of one study")
    return (Check(name="chain_agrees", status="warn", message=sentence(template, named=listing(named)), title=title),)


def _reached(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield entry["study"], entry["run_id"]
    for below in entry["inputs"]:
        yield from _reached(below)


def _name(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['study']} {manifest['run_id']}"


def _words(value: Any) -> str:
    return listing(value) if isinstance(value, list) else shown(value)


def _not_succeeded(manifest: Mapping[str, Any]) -> str:
    reason = manifest.get("reason") or ""
    match manifest["status"]:
        case "running":
            return sentence("it is still running.")
        case "interrupted":
            return sentence("it was interrupted.")
        case "unreadable":
            return sentence("it cannot be read: {reason}.", reason=reason)
    return sentence("it failed: {reason}", reason=reason)
