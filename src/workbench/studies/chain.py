"""Chains of runs: what a run stands on, in the order in which it can be repeated, and as a tree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import ParameterError, StudyError
from workbench.studies.manifest import read_manifest
from workbench.wording import sentence

CHANGED = sentence("changed after it ended:")


def chain_of(reports: Path, manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The manifests of all runs that a run stands on, each once and before whatever reads it; its own comes last.

    Parameters
    ----------
    reports
        The folder of all runs.
    manifest
        Of the run.

    Raises
    ------
    StudyError
        With every run of the chain that is gone or cannot be read.
    """
    found: dict[str, Mapping[str, Any]] = {}
    faults: list[str] = []
    _collect(reports, manifest, found, faults)
    if faults:
        raise StudyError(*dict.fromkeys(faults))
    return list(found.values())


def _collect(reports: Path, manifest: Mapping[str, Any], found: dict, faults: list[str]) -> None:
    for each in manifest.get("inputs") or []:
        if each["run_id"] in found:
            continue
        below = read_manifest(reports / each["study"] / each["run_id"])
        if below["status"] == "unreadable":
            template = "{study} {run}, which {reader} reads, cannot be repeated: {reason}."
            names = {"study": each["study"], "run": each["run_id"], "reader": manifest["run_id"]}
            faults.append(sentence(template, **names, reason=below["reason"]))
        else:
            _collect(reports, below, found, faults)
    found[manifest["run_id"]] = manifest


def check_secrets(manifest: Mapping[str, Any], given: Iterable[str]) -> None:
    """Whether the secrets of a run that is repeated were given again.

    Parameters
    ----------
    manifest
        Of the run.
    given
        Names of parameters whose secrets are known now.

    Raises
    ------
    ParameterError
        When one is lacking: it was written nowhere.
    """
    lacking = sorted({*(manifest.get("secret_parameters") or [])} - {*given})
    if lacking:
        template = (
            "parameter {name} of run {run} is secret and was written nowhere: give it again, with --params or -p."
        )
        raise ParameterError(*(sentence(template, name=name, run=manifest["run_id"]) for name in lacking))


def standing_on(manifest: Mapping[str, Any], renewed: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a run, with the runs that it reads replaced by those that they were repeated as.

    Parameters
    ----------
    manifest
        Of the run.
    renewed
        From the id of a run to that of the run that it was repeated as.
    """
    parameters = dict(manifest["parameters"])
    for each in manifest.get("inputs") or []:
        parameters[each["parameter"]] = renewed.get(each["run_id"], each["run_id"])
    return parameters


def tree(manifests: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every run that no other reads, newest first, and behind each what it reads, one step further in.

    Parameters
    ----------
    manifests
        Of all runs, newest first.

    Yields
    ------
    tuple
        How far in, and the manifest; of a run that is gone what its reader knows of it.
    """
    known = {manifest["run_id"]: manifest for manifest in manifests}
    read = {each["run_id"] for manifest in known.values() for each in manifest.get("inputs") or []}
    for run_id, manifest in known.items():
        if run_id not in read:
            yield from _branch(manifest, known, 0)


def lines(manifests: Sequence[Mapping[str, Any]], *, as_tree: bool) -> Iterator[str]:
    """A line for each run: how it ended, of which part of which data it is, and its headline or why there is none.

    Parameters
    ----------
    manifests
        Newest first.
    as_tree
        Under each run what it reads.
    """
    told = list(tree(manifests)) if as_tree else [(0, each) for each in manifests]
    runs = [("   " * (depth - 1) + "└─ " if depth else "") + each["run_id"] for depth, each in told]
    width = max(map(len, runs), default=0)
    for run, (_, each) in zip(runs, told, strict=True):
        said = each.get("reason") or (each.get("headline") or {}).get("statement") or ""
        notes = " ".join(f"{CHANGED} {said}".split()) if each.get("changed") else " ".join(str(said).split())
        outcome = f"{each['status']}, {each['verdict']}" if each.get("verdict") else each["status"]
        data = (each.get("dataset") or "") + (f" ({each['where']})" if each.get("where") else "")
        yield f"{run:<{width}}  {each['study']:<20}  {outcome:<18}  {data:<16}  {notes}".rstrip()


def _branch(manifest: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], depth: int) -> Iterator:
    yield depth, manifest
    for each in manifest.get("inputs") or []:
        gone = {**each, "status": "gone", "verdict": None, "reason": sentence("its folder is not there any more")}
        yield from _branch(known.get(each["run_id"], gone), known, depth + 1)
