"""Everything that a report says, as plain data out of a run's folder. How it looks is the template's business."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from workbench.errors import StudyError
from workbench.reporting.body import Body, read_body
from workbench.reporting.phrases import (
    EVIDENCE,
    TONES,
    VERDICTS,
    counted,
    day,
    duration,
    interval,
    is_number,
    literal,
    moment,
    quantity,
    slug,
    text_of,
)
from workbench.reporting.results import Anchors, file_link
from workbench.wording import number, percent, sentence

FILES = {
    "notebook.ipynb": "The executed notebook",
    "results.json": "Findings, metrics and checks with full precision",
    "manifest.json": "What ran, on what, with what",
    "log.txt": "The log of the run",
}
MOST_POINTS = 5


def collect(run_folder: Path) -> dict:
    """Read a run's folder into what its report says.

    Parameters
    ----------
    run_folder
        Holds manifest.json; results.json and notebook.ipynb where the run came that far.

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
    manifest = _read(folder / "manifest.json")
    if manifest is None or not isinstance(manifest.get("run_id"), str):
        raise StudyError(
            f"run {folder.name!r}: got no readable manifest.json, expected a JSON object with a run_id; "
            "a report cannot be made of this folder: run the study again"
        )
    results, notebook = _read(folder / "results.json"), _read(folder / "notebook.ipynb")
    status = text_of(manifest, "status")
    complete = status == "succeeded"
    title = text_of(manifest, "title") or text_of(manifest, "study") or manifest["run_id"]
    anchors = Anchors()
    body = read_body(
        notebook or {}, folder, title=title, question=text_of(manifest, "question"), complete=complete, anchors=anchors
    )
    findings = _findings(results or {}, body, folder, anchors)
    checks = _checks(results or {}, anchors)
    _link_back(body, findings, checks)
    data = manifest.get("data")
    date, time = moment(manifest.get("started"))
    report = {
        "run_id": manifest["run_id"],
        "study": text_of(manifest, "study"),
        "title": title,
        "question": text_of(manifest, "question"),
        "dataset": text_of(manifest, "dataset"),
        "fictional": isinstance(data, Mapping) and data.get("fictional") is True,
        "date": date,
        "time": time,
        "took": duration(manifest.get("seconds")),
        "complete": complete,
        "banner": _banner(manifest, status, checks, body, readable=results is not None),
        "failure": None if complete else _failure(manifest, status, body),
        "findings": findings,
        "evidence_notes": [EVIDENCE[kind] for kind in EVIDENCE if any(f["kind"] == kind for f in findings)],
        "blocks": body.blocks,
        "limits": body.limits,
        "has_code": any(block["kind"] == "code" for block in body.blocks + body.limits),
        "checks": checks,
        "data": _data(manifest),
        "parameters": _parameters(manifest),
        "commands": _commands(manifest),
        "environment": _environment(manifest),
        "timings": _timings(manifest),
        "diagnostics": body.diagnostics,
        "files": [{"href": file_link(folder, name), "name": name, "what": sentence(what)} for name, what in FILES.items()
                  if file_link(folder, name)],
        "tables": _table_files(folder),
    }  # fmt: skip
    report["contents"] = _contents(report)
    return report


def _read(path: Path) -> Mapping | None:
    """A JSON object, or None where there is none to be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, Mapping) else None


def _mappings(document: Mapping, key: str) -> list[Mapping]:
    value = document.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _mapping(document: Mapping, key: str) -> Mapping:
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def _findings(results: Mapping, body: Body, folder: Path, anchors: Anchors) -> list[dict]:
    """Findings in the order in which they were said; the first is the headline. A figure goes to its first finding."""
    findings = []
    owners: dict[str, str] = {}
    for item in _mappings(results, "findings"):
        unit, kind = text_of(item, "unit"), text_of(item, "evidence")
        anchor = anchors.take("finding", text_of(item, "id"))
        name, table = text_of(item, "figure"), text_of(item, "table")
        figure = body.figures.get(name)
        finding = {
            "id": text_of(item, "id"),
            "anchor": anchor,
            "statement": text_of(item, "statement"),
            "estimate": quantity(item.get("estimate"), unit) if is_number(item.get("estimate")) else "",
            "interval": interval(item.get("interval"), unit),
            "interval_kind": text_of(item, "interval_kind"),
            "kind": kind,
            "evidence": sentence(EVIDENCE[kind][0]) if kind in EVIDENCE else kind,
            "n": number(item["n"]) if is_number(item.get("n")) else "",
            "figure": None,
            "links": [],
        }
        if figure and name in owners:
            finding["links"].append({"href": f"#{owners[name]}", "text": sentence("See the figure “{title}”", title=figure["title"] or name)})  # fmt: skip
        elif figure:
            owners[name] = figure["anchor"]
            finding["figure"] = figure
        if table in body.tables:
            caption = body.tables[table]["caption"] or table
            finding["links"].append({"href": f"#{body.tables[table]['anchor']}", "text": sentence("See the table “{title}”", title=caption)})  # fmt: skip
        elif table and (href := file_link(folder, "tables", f"{table}.csv")):
            finding["links"].append({"href": href, "text": sentence("Table {name} (CSV)", name=table)})
        findings.append(finding)
    return findings


def _checks(results: Mapping, anchors: Anchors) -> dict:
    checks = []
    for item in _mappings(results, "checks"):
        status = text_of(item, "status")
        measured = [
            sentence(words, value=number(item[key]))
            for key, words in (("value", "measured {value}"), ("threshold", "limit {value}"))
            if is_number(item.get(key))
        ]
        name = text_of(item, "name")
        checks.append(
            {
                "name": name,
                "anchor": anchors.take("check", name),
                # What is not known to be good counts as bad.
                "status": status if status in TONES else "fail",
                "message": text_of(item, "message") or name,
                "measured": ", ".join(measured),
            }
        )
    return {status: [check for check in checks if check["status"] == status] for status in ("fail", "warn", "pass")}


def _link_back(body: Body, findings: list[dict], checks: dict) -> None:
    """What stands elsewhere on the page is only pointed at in the narrative: nothing is shown twice."""
    body.blocks, body.limits = (_pointed(blocks, findings, checks) for blocks in (body.blocks, body.limits))


def _pointed(blocks: list[dict], findings: list[dict], checks: dict) -> list[dict]:
    shown = {finding["figure"]["anchor"] for finding in findings if finding["figure"]}
    by_id = {finding["id"]: finding for finding in findings}
    by_name = {check["name"]: check for group in checks.values() for check in group}
    pointed = []
    for block in blocks:
        if block["kind"] == "finding":
            finding = by_id.get(block["id"])
            missing = sentence("A finding that is not among the results: {id}", id=block["id"])
            text, href = (finding["statement"], f"#{finding['anchor']}") if finding else (missing, "")
            block = {"kind": "pointer", "what": sentence("Finding"), "text": text, "href": href}
        elif block["kind"] == "checks":
            found = [by_name[name]["status"] for name in block["names"] if name in by_name]
            tally = _tally({status: found.count(status) for status in ("fail", "warn", "pass")})
            block = {"kind": "pointer", "what": sentence("Checks"), "text": tally, "href": "#trust"}
        elif block["kind"] == "figure" and block["anchor"] in shown:
            text = block["title"] or block["name"]
            block = {"kind": "pointer", "what": sentence("Figure"), "text": text, "href": f"#{block['anchor']}"}
        pointed.append(block)
    return pointed


def _tally(counts: Mapping[str, int]) -> str:
    parts = [
        counted(counts["fail"], "{n} failed", "{n} failed") if counts["fail"] else "",
        counted(counts["warn"], "{n} warning", "{n} warnings") if counts["warn"] else "",
        counted(counts["pass"], "{n} passed", "{n} passed") if counts["pass"] else "",
    ]
    return ", ".join(part for part in parts if part) or sentence("none")


def _banner(manifest: Mapping, status: str, checks: dict, body: Body, *, readable: bool) -> dict:
    """Whether the page may be relied on: in words first, then how many checks say so, then those that object."""
    counts = {key: len(group) for key, group in checks.items()}
    total = sum(counts.values())
    points = [
        {"href": f"#{check['anchor']}", "text": check["message"], "tone": TONES[check["status"]]}
        for check in [*checks["fail"], *checks["warn"]]
    ]
    rest = len(points) - MOST_POINTS
    if rest > 0:
        points[MOST_POINTS:] = [{"href": "#trust", "text": counted(rest, "and {n} more", "and {n} more"), "tone": "none"}]
    tally = counted(total, "{n} check", "{n} checks") + ": " + _tally(counts) if total else sentence("no check was made")
    banner = {"points": points, "detail": tally, "checked": total > 0}
    step = text_of(_mapping(manifest, "failed_cell"), "heading") or body.stopped_step
    if status == "failed":
        words = sentence("This run FAILED at the step “{step}”", step=step) if step else sentence("This run FAILED")
        return {**banner, "tone": "bad", "words": words, "detail": sentence("Use none of its numbers: it is incomplete.")}
    if status == "interrupted":
        words = sentence("This run was INTERRUPTED at the step “{step}”", step=step) if step else sentence("This run was INTERRUPTED")  # fmt: skip
        return {**banner, "tone": "bad", "words": words, "detail": sentence("Use none of its numbers: it is incomplete.")}
    if status != "succeeded":
        return {**banner, "tone": "warn", "words": sentence("This run has not ended"), "detail": sentence("What is here is incomplete.")}  # fmt: skip
    if not readable:
        return {**banner, "tone": "bad", "words": sentence(VERDICTS["fail"]), "detail": sentence("The results of this run (results.json) are missing or damaged.")}  # fmt: skip
    verdict = "fail" if counts["fail"] or manifest.get("verdict") == "fail" else "warn" if counts["warn"] or manifest.get("verdict") == "warn" else "pass"  # fmt: skip
    if verdict == "fail":
        return {**banner, "tone": "bad", "words": sentence(VERDICTS["fail"])}
    if verdict == "warn":
        return {**banner, "tone": "warn", "words": sentence(VERDICTS["warn"])}
    if not total:
        return {**banner, "tone": "none", "words": sentence("Nothing was checked")}
    return {**banner, "tone": "good", "words": sentence(VERDICTS["pass"])}


def _failure(manifest: Mapping, status: str, body: Body) -> dict:
    rerun = f"workbench rerun {shlex.quote(text_of(manifest, 'run_id'))}"
    if status == "failed":
        advice = [
            sentence("Mend what the message names: the data, a parameter, or the step in the notebook."),
            sentence("Then run it again with the command below; what worked before the failure is computed anew."),
        ]
    elif status == "interrupted":
        advice = [sentence("Nothing is known to be wrong: it was stopped from outside. Run it again with the command below.")]  # fmt: skip
    else:
        advice = [sentence("Wait for the run to end; this page is then written anew.")]
    error = body.error or {"step": body.stopped_step, "summary": "", "traceback": ""}
    not_run = body.steps_not_run
    return {
        "reason": text_of(manifest, "reason"),
        "summary": error["summary"],
        "traceback": error["traceback"],
        "advice": advice,
        "command": rerun,
        "not_run": counted(not_run, "{n} step after it was not run.", "{n} steps after it were not run.") if not_run else "",
    }


def _data(manifest: Mapping) -> dict | None:
    data = manifest.get("data")
    fingerprint = text_of(manifest, "fingerprint")
    if not isinstance(data, Mapping):
        return {"title": text_of(manifest, "dataset"), "facts": [(sentence("Fingerprint"), fingerprint)] if fingerprint else [],
                "fictional": False, "description": "", "tables": []} if fingerprint or manifest.get("dataset") else None  # fmt: skip
    facts = [
        (sentence("Source"), text_of(data, "source")),
        (sentence("Licence"), text_of(data, "licence")),
        (sentence("Fingerprint"), fingerprint),
    ]
    tables = []
    for name, table in _mapping(data, "tables").items():
        if not isinstance(table, Mapping):
            continue
        rows = table.get("rows")
        span = [day(table.get(end)) for end in ("first", "last") if table.get(end)]
        tables.append(
            {
                "name": str(name),
                "anchor": f"data-{slug(name)}",
                "rows": counted(rows, "{n} row", "{n} rows") if is_number(rows) else "",
                "span": sentence("{first} to {last}", first=span[0], last=span[1]) if len(span) == 2 else "".join(span),
                "columns": [
                    {
                        "name": text_of(column, "name"),
                        "label": text_of(column, "label"),
                        "unit": text_of(column, "unit"),
                        "missing": percent(column["missing"]) if is_number(column.get("missing")) else "–",
                    }
                    for column in _mappings(table, "columns")
                ],
            }
        )
    return {
        "title": text_of(data, "title") or text_of(manifest, "dataset"),
        "description": text_of(data, "description"),
        "fictional": data.get("fictional") is True,
        "facts": [(label, value) for label, value in facts if value],
        "tables": tables,
    }


def _parameters(manifest: Mapping) -> list[dict]:
    helps = _mapping(manifest, "parameter_help")
    rows = []
    for name, value in _mapping(manifest, "parameters").items():
        about = _mapping(helps, name)
        rows.append(
            {
                "name": str(name),
                "value": literal(value) or '""',
                "unit": text_of(about, "unit"),
                "help": text_of(about, "help"),
                "changed": _changed(about, value),
                "default": literal(about["default"]) or '""' if "default" in about else "",
            }
        )
    return rows


def _changed(about: Mapping, value: object) -> bool:
    # As JSON, because in Python 1 equals true.
    return "default" in about and json.dumps(about["default"], sort_keys=True) != json.dumps(value, sort_keys=True)


def _commands(manifest: Mapping) -> dict:
    """How to get this run again: with everything as it was, and written out."""
    words = ["workbench", "run", text_of(manifest, "study")]
    dataset = text_of(manifest, "dataset")
    if dataset:
        words += ["--dataset", dataset]
    helps = _mapping(manifest, "parameter_help")
    defaults_left_out = False
    for name, value in _mapping(manifest, "parameters").items():
        if name == "dataset" and value == dataset:
            continue
        if "default" in _mapping(helps, name) and not _changed(_mapping(helps, name), value):
            defaults_left_out = True
            continue
        words += ["-p", f"{name}={literal(value)}"]
    return {
        "rerun": f"workbench rerun {shlex.quote(text_of(manifest, 'run_id'))}",
        "run": shlex.join(words),
        "defaults_left_out": defaults_left_out,
    }


def _environment(manifest: Mapping) -> dict:
    commit, dirty = text_of(manifest, "git_commit"), manifest.get("git_dirty")
    state = sentence("with changes that were not committed") if dirty is True else sentence("nothing uncommitted") if dirty is False else ""  # fmt: skip
    date, time = moment(manifest.get("started"))
    facts = [
        (sentence("Started"), f"{date}, {time}" if time else date),
        (sentence("Took"), duration(manifest["seconds"]) if is_number(manifest.get("seconds")) else ""),
        (sentence("Random seed"), literal(manifest["seed"]) if is_number(manifest.get("seed")) else ""),
        (sentence("Code"), f"{commit[:12]}, {state}" if commit and state else commit[:12]),
        (sentence("Lock file"), text_of(manifest, "lock_hash")),
        (sentence("Python"), text_of(manifest, "python")),
    ]
    packages = _mapping(manifest, "packages")
    return {
        "facts": [(label, value) for label, value in facts if value],
        "packages": [(str(name), literal(packages[name])) for name in sorted(packages, key=str)],
    }


def _timings(manifest: Mapping) -> list[dict]:
    return [
        {"heading": text_of(cell, "heading") or sentence("Cell {index}", index=text_of(cell, "index", "?")),
         "took": duration(cell.get("seconds")), "status": text_of(cell, "status")}
        for cell in _mappings(manifest, "cells")
    ]  # fmt: skip


def _table_files(folder: Path) -> list[dict]:
    tables = folder / "tables"
    names = sorted(path.name for path in tables.iterdir()) if tables.is_dir() else []
    links = [{"name": name, "href": file_link(folder, "tables", name)} for name in names]
    return [link for link in links if link["href"]]


def _contents(report: dict) -> list[dict]:
    sections = [block for block in report["blocks"] if block["kind"] == "heading" and block["level"] == 3]
    below = [{"anchor": s["anchor"], "text": s["text"], "empty": s["empty"]} for s in sections]
    entries = [
        ("findings", sentence("Findings"), True, []),
        ("details", sentence("Details"), report["blocks"], below),
        ("trust", sentence("Can this be trusted?"), True, []),
        ("data", sentence("Data"), report["data"], []),
        ("parameters", sentence("Parameters"), report["parameters"], []),
        ("reproduce", sentence("Reproduce"), True, []),
        ("limits", sentence("Limits"), report["limits"], []),
    ]
    return [{"anchor": anchor, "text": text, "below": below} for anchor, text, there, below in entries if there]
