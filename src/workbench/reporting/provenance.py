"""What a run stood on: data, parameters, code and machine, and how to get the same again."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from workbench.reporting.documents import is_number, literal, mapping, mappings, text_of
from workbench.reporting.phrases import TONES, day, duration, moment, verdict_words
from workbench.reporting.results import file_link
from workbench.reporting.verdict import rerun
from workbench.wording import narrative, number, percent, plural, sentence, units


def data(manifest: Mapping) -> dict | None:
    """Where the data come from, and what is in each table; None for a study without data.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    about = mapping(manifest, "data")
    title = text_of(about, "title") or text_of(manifest, "dataset")
    if not title and not manifest.get("fingerprint"):
        return None
    facts = [
        (sentence("Source"), text_of(about, "source")),
        (sentence("Licence"), text_of(about, "licence")),
        (sentence("Part"), part(manifest)),
        (sentence("Fingerprint"), text_of(manifest, "fingerprint")),
    ]
    tables = mapping(about, "tables")
    return {
        "title": title,
        "description": text_of(about, "description"),
        "fictional": about.get("fictional") is True,
        "facts": [(label, value) for label, value in facts if value],
        "tables": [_table(name, table) for name, table in tables.items() if isinstance(table, Mapping)],
    }


def part(manifest: Mapping) -> str:
    """Which part of the dataset was used, and how many that are; "" for all of it.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    where, counts = text_of(manifest, "where"), mapping(mapping(manifest, "data"), "part")
    if not where:
        return ""
    chosen, everybody = counts.get("chosen"), counts.get("everybody")
    if not (is_number(chosen) and is_number(everybody)):
        return sentence("only where {where}", where=where)
    template = "only where {where} ({chosen} of {everybody})"
    return sentence(template, where=where, chosen=number(chosen), everybody=number(everybody))


def chain(manifest: Mapping) -> list[dict]:
    """The earlier runs that a run reads, each with those that it read itself behind it, one step further in.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    return list(_chain(mappings(manifest, "inputs"), 0))


def _chain(inputs: Iterable[Mapping], depth: int) -> Iterator[dict]:
    for each in inputs:
        verdict = text_of(each, "verdict")
        yield {
            "depth": depth,
            "study": text_of(each, "study"),
            "run_id": text_of(each, "run_id"),
            "date": ", ".join(filter(None, moment(each.get("started")))),
            "tone": TONES.get(verdict, "none"),
            "verdict": verdict_words(verdict),
            "said": text_of(mapping(each, "headline"), "statement"),
            "warnings": [text_of(warning, "message") for warning in mappings(each, "warnings")],
        }
        yield from _chain(mappings(each, "inputs"), depth + 1)


def parameters(manifest: Mapping) -> list[dict]:
    """Every parameter with its value, and whether that is the study's default.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    helps = mapping(manifest, "parameter_help")
    rows = []
    for name, value in mapping(manifest, "parameters").items():
        about = mapping(helps, name)
        rows.append(
            {
                "name": str(name),
                "value": sentence("left open") if value is None else literal(value) or '""',
                # Of a column or a share the value says it all.
                "unit": ""
                if value is None or text_of(about, "unit") in ("column", "share")
                else units(narrative(text_of(about, "unit"))),
                "help": text_of(about, "help"),
                "changed": "default" in about and not _is_default(about, value),
                "default": _default(about),
            }
        )
    for name in mapping(manifest, "parameter_help"):
        if mapping(helps, name).get("secret") is True:
            told = {"name": str(name), "value": sentence("secret, written nowhere"), "unit": ""}
            rows.append({**told, "help": text_of(mapping(helps, name), "help"), "changed": False, "default": ""})
    return rows


def commands(manifest: Mapping) -> dict:
    """How to get this run again: by its id, and written out for a shell.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    helps = mapping(manifest, "parameter_help")
    dataset = text_of(manifest, "dataset")
    words = ["workbench", "run", text_of(manifest, "study")]
    words += ["--dataset", dataset] if dataset else []
    words += ["--where", where] if (where := text_of(manifest, "where")) else []
    given = {
        name: value
        for name, value in mapping(manifest, "parameters").items()
        if not (name == "dataset" and value == dataset)
    }
    changed = {name: value for name, value in given.items() if not _is_default(mapping(helps, name), value)}
    for name, value in changed.items():
        words += ["-p", f"{name}={literal(value)}"]
    secret = manifest.get("secret_parameters")
    for name in secret if isinstance(secret, list) else ():
        words += ["-p", f"{name}=…"]
    return {"rerun": rerun(manifest), "run": shlex.join(words), "defaults_left_out": len(changed) < len(given)}


def environment(manifest: Mapping) -> dict:
    """When and with what the run was made.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    commit = text_of(manifest, "git_commit")[:12]
    states = {
        True: sentence("{commit}, with changes that were not committed", commit=commit),
        False: sentence("{commit}, nothing uncommitted", commit=commit),
    }
    dirty = manifest.get("git_dirty")
    facts = [
        (sentence("Started"), ", ".join(filter(None, moment(manifest.get("started"))))),
        (sentence("Took"), duration(manifest["seconds"]) if is_number(manifest.get("seconds")) else ""),
        (sentence("Random seed"), literal(manifest["seed"]) if is_number(manifest.get("seed")) else ""),
        (sentence("Code"), states[dirty] if commit and isinstance(dirty, bool) else commit),
        (sentence("Lock file"), text_of(manifest, "lock_hash")),
        (sentence("Python"), text_of(manifest, "python")),
    ]
    packages = mapping(manifest, "packages")
    return {
        "facts": [(label, value) for label, value in facts if value],
        "packages": [(str(name), literal(packages[name])) for name in sorted(packages, key=str)],
    }


def timings(manifest: Mapping) -> list[dict]:
    """How long each cell took.

    Parameters
    ----------
    manifest
        Of the run; what is absent is left out.
    """
    return [
        {
            "heading": text_of(cell, "heading") or sentence("Cell {index}", index=text_of(cell, "index", "?")),
            "took": duration(cell.get("seconds")),
            "status": _status(text_of(cell, "status")),
        }
        for cell in mappings(manifest, "cells")
    ]


def files(folder: Path) -> list[dict]:
    """Links to the files of the run that are there.

    Parameters
    ----------
    folder
        Of the run.
    """
    known = {
        "tables.xlsx": sentence("All tables of this page as an Excel workbook"),
        "notebook.ipynb": sentence("The executed notebook"),
        "results.json": sentence("Findings, metrics and checks with full precision"),
        "manifest.json": sentence("What ran, on what, with what"),
        "log.txt": sentence("The log of the run"),
    }
    links = [{"href": file_link(folder, name), "name": name, "what": what} for name, what in known.items()]
    return [link for link in links if link["href"]]


def table_files(folder: Path) -> list[dict]:
    """Links to the exported tables, in the order of their names.

    Parameters
    ----------
    folder
        Of the run.
    """
    tables = folder / "tables"
    names = sorted(path.name for path in tables.iterdir()) if tables.is_dir() else []
    links = [{"href": file_link(folder, "tables", name), "name": name} for name in names]
    return [link for link in links if link["href"]]


def _status(status: str) -> str:
    """What became of a step."""
    known = {
        "completed": sentence("completed"),
        "failed": sentence("failed"),
        "interrupted": sentence("interrupted"),
        "pending": sentence("not reached"),
    }
    return known.get(status, status)


def _table(name: str, table: Mapping) -> dict:
    rows = table.get("rows")
    ends = [day(table[end]) for end in ("first", "last") if table.get(end)]
    return {
        "name": name,
        "rows": plural("{n} row", "{n} rows", rows) if is_number(rows) else "",
        "span": sentence("{first} to {last}", first=ends[0], last=ends[1]) if len(ends) == 2 else "".join(ends),
        "columns": [
            {
                "name": text_of(column, "name"),
                "label": text_of(column, "label"),
                "unit": text_of(column, "unit"),
                "missing": percent(column["missing"]) if is_number(column.get("missing")) else "–",
            }
            for column in mappings(table, "columns")
        ],
    }


def _default(about: Mapping) -> str:
    if "default" not in about:
        return ""
    return sentence("left open") if about["default"] is None else literal(about["default"]) or '""'


def _is_default(about: Mapping, value: object) -> bool:
    # As JSON, because in Python 1 equals true.
    return "default" in about and json.dumps(about["default"], sort_keys=True) == json.dumps(value, sort_keys=True)
