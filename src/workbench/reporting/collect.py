"""Everything that a report says, as plain data out of a run's folder. How it looks is the template's business."""

import re
from collections.abc import Mapping
from pathlib import Path

from workbench.errors import StudyError
from workbench.reporting import provenance
from workbench.reporting.board import board
from workbench.reporting.body import Body, read_body
from workbench.reporting.documents import is_number, mapping, mappings, read_object, text_of
from workbench.reporting.phrases import TONES, duration, evidence_words, moment
from workbench.reporting.results import Anchors, file_link, finding_view, says_again
from workbench.reporting.verdict import banner, failure, tally
from workbench.textwidth import shorten
from workbench.wording import number, sentence

LONGEST_LINK = 60  # cells: a link on one line of the page


def collect(run_folder: Path, manifest: Mapping | None = None) -> dict:
    """Read a run's folder into what its report says.

    Parameters
    ----------
    run_folder
        Holds manifest.json; results.json and notebook.ipynb where the run came that far.
    manifest
        What manifest.json will say, for a run that writes it last.

    Returns
    -------
    dict
        Strings, numbers, lists and dicts only; the same folder gives the same dict.

    Raises
    ------
    StudyError
        The manifest is missing or is not one.
    """
    folder = Path(run_folder)
    manifest = manifest or read_object(folder / "manifest.json")
    if manifest is None or not isinstance(manifest.get("run_id"), str):
        raise StudyError(
            f"run {folder.name!r}: got no readable manifest.json, expected a JSON object with a run_id; "
            "a report cannot be made of this folder: run the study again"
        )
    results = read_object(folder / "results.json")
    notebook = read_object(folder / "notebook.ipynb") or {}
    complete = manifest.get("status") == "succeeded"
    title = text_of(manifest, "title") or text_of(manifest, "study") or manifest["run_id"]
    question = text_of(manifest, "question")
    anchors = Anchors()
    body = read_body(notebook, folder, title=title, question=question, complete=complete, anchors=anchors)
    findings = _findings(results or {}, body, folder, anchors)
    checks = _checks(results or {}, anchors)
    date, _ = moment(manifest.get("started"))
    verdict = banner(manifest, checks, body, readable=results is not None)
    report = {
        "run_id": manifest["run_id"],
        "study": text_of(manifest, "study"),
        "title": title,
        "question": question,
        "dataset": text_of(manifest, "dataset"),
        "part": provenance.part(manifest),
        "fictional": mapping(manifest, "data").get("fictional") is True,
        "date": date,
        "took": duration(manifest.get("seconds")),
        "complete": complete,
        "banner": verdict,
        "failure": None if complete else failure(manifest, body),
        "findings": findings,
        "board": board(findings, checks, beside=_on_top(title, question, verdict)),
        "evidence_notes": [
            words for kind, words in evidence_words().items() if any(f["kind"] == kind for f in findings)
        ],
        "interval_notes": _interval_notes(findings),
        "blocks": _pointed(body.blocks, findings, checks),
        "limits": _pointed(body.limits, findings, checks),
        "has_code": any(block["kind"] == "code" for block in body.blocks + body.limits),
        "checks": checks,
        "data": provenance.data(manifest),
        "chain": provenance.chain(manifest),
        "parameters": provenance.parameters(manifest),
        "commands": provenance.commands(manifest),
        "environment": provenance.environment(manifest),
        "timings": provenance.timings(manifest),
        "diagnostics": body.diagnostics,
        "files": provenance.files(folder),
        "tables": provenance.table_files(folder),
    }
    report["contents"] = _contents(report)
    return report


def _findings(results: Mapping, body: Body, folder: Path, anchors: Anchors) -> list[dict]:
    """Findings in the order in which they were said; the first is the headline. A figure goes to its first finding."""
    findings = []
    owned: set[str] = set()
    told: set[str] = set()
    for item in mappings(results, "findings"):
        links = []
        figure, table = body.figures.get(text_of(item, "figure")), text_of(item, "table")
        if figure and figure["anchor"] in owned:
            text = sentence("See the figure “{title}”", title=_brief(figure["title"] or figure["name"]))
            links.append({"href": f"#{figure['anchor']}", "text": text})
            figure = None
        elif figure:
            owned.add(figure["anchor"])
        if table in body.tables:
            block = body.tables[table]
            text = sentence("See the table “{title}”", title=_brief(block["caption"] or table))
            links.append({"href": f"#{block['anchor']}", "text": text})
        elif href := file_link(folder, "tables", f"{table}.csv"):
            links.append({"href": href, "text": sentence("Table {name} (CSV)", name=table)})
        identity, view = text_of(item, "id"), finding_view(item)
        view["rests"], told = _once(view["rests"], told), told | set(view["rests"])
        title = figure["title"] if figure else ""
        findings.append(
            {
                "id": identity,
                "anchor": anchors.take("finding", identity),
                **view,
                "figure": figure,
                "figure_told": title == view["statement"] or says_again(title, view["statement"]),
                "links": links,
            }
        )
    return findings


def _once(lines: list[str], told: set[str]) -> list[str]:
    """What a finding rests on: in full the first time, then in a word."""
    new = [line for line in lines if line not in told]
    if len(new) < len(lines):
        new.append(sentence("Rests on earlier runs that warn, as said above."))
    return new


def _on_top(title: str, question: str, verdict: Mapping) -> list[str]:
    """What stands above the findings on the first sheet."""
    linked = [point["text"] for kind in ("failed", "points", "always") for point in verdict[kind]]
    return [title, question, verdict["words"], verdict["detail"], verdict["more"], *linked]


def _brief(title: str) -> str:
    """The first sentence of a title or caption, as the text of a link."""
    return shorten(re.split(r"[.:;](?=\s|$)", title, maxsplit=1)[0], LONGEST_LINK)


def _interval_notes(findings: list[dict]) -> list[dict]:
    """Kinds of intervals that say more than their short form, each with the findings that it is of."""
    kinds = [each["interval_kind"] for each in findings if each["interval_kind"] != each["interval_short"]]
    return [
        {
            "kind": kind,
            "findings": [
                {"anchor": each["anchor"], "number": f"{each['estimate']} ({each['interval']})"}
                for each in findings
                if each["interval_kind"] == kind
            ],
        }
        for kind in dict.fromkeys(kinds)
    ]


def _checks(results: Mapping, anchors: Anchors) -> dict[str, list[dict]]:
    """Checks by status: fail, warn, pass."""
    checks = []
    for item in mappings(results, "checks"):
        name, status = text_of(item, "name"), text_of(item, "status")
        value, threshold = item.get("value"), item.get("threshold")
        measured = [sentence("measured {value}", value=number(value))] if is_number(value) else []
        measured += [sentence("limit {value}", value=number(threshold))] if is_number(threshold) else []
        checks.append(
            {
                "name": name,
                "anchor": anchors.take("check", name),
                "status": status if status in TONES else "fail",  # what is not known to be good counts as bad
                "message": text_of(item, "message") or name,
                "title": text_of(item, "title") or name.replace("_", " ").capitalize(),
                "always": text_of(item, "kind") == "always",
                "measured": ", ".join(measured),
            }
        )
    return {status: [check for check in checks if check["status"] == status] for status in ("fail", "warn", "pass")}


def _pointed(blocks: list[dict], findings: list[dict], checks: dict) -> list[dict]:
    """The narrative, where it only points at what stands elsewhere on the page: nothing is shown twice."""
    shown = {finding["figure"]["anchor"] for finding in findings if finding["figure"]}
    by_id = {finding["id"]: finding for finding in findings}
    by_name = {check["name"]: check for group in checks.values() for check in group}
    pointed = []
    for block in blocks:
        match block:
            case {"kind": "finding", "id": identity} if identity in by_id:
                finding = by_id[identity]
                block = _pointer(sentence("Finding"), finding["statement"], f"#{finding['anchor']}")
            case {"kind": "finding", "id": identity}:
                text = sentence("A finding that is not among the results: {id}", id=identity)
                block = _pointer(sentence("Finding"), text, "")
            case {"kind": "checks", "names": names}:
                found = [by_name[name]["status"] for name in names if name in by_name]
                text = tally({status: found.count(status) for status in checks})
                block = _pointer(sentence("Checks"), text, "#trust")
            case {"kind": "figure", "anchor": anchor} if anchor in shown:
                block = _pointer(sentence("Figure"), block["title"] or block["name"], f"#{anchor}")
        pointed.append(block)
    return pointed


def _pointer(what: str, text: str, href: str) -> dict:
    return {"kind": "pointer", "what": what, "text": text, "href": href}


def _contents(report: dict) -> list[dict]:
    sections = [block for block in report["blocks"] if block["kind"] == "heading" and block["level"] == 3]
    below = [{"anchor": s["anchor"], "text": s["text"], "empty": s["empty"]} for s in sections]
    entries = [
        ("findings", sentence("Findings") if report["complete"] else sentence("Said before it stopped"), True, []),
        ("details", sentence("Details"), report["blocks"], below),
        ("trust", sentence("Can this be trusted?"), True, []),
        ("chain", sentence("Earlier runs"), report["chain"], []),
        ("data", sentence("Data"), report["data"], []),
        ("parameters", sentence("Parameters"), report["parameters"], []),
        ("limits", sentence("Limits"), report["limits"], []),
        ("reproduce", sentence("Reproduce"), True, []),
    ]
    return [{"anchor": anchor, "text": text, "below": below} for anchor, text, there, below in entries if there]
