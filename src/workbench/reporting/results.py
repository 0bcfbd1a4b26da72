"""Payloads of bundles as blocks of a page: tables and metrics ready to be shown, copied and downloaded."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import quote

from workbench.reporting.documents import is_number, mappings, text_of
from workbench.reporting.phrases import BARE_UNITS, estimated, evidence_words, interval, quantity, slug
from workbench.wording import inert, listing, number, percent, sentence, units

MILLION = 1e6  # from which on sentences count in millions
MOST_ROWS = 50  # of a table on the page; the file has them all
# As people write them, with marks between thousands and before decimals; a full stop at the end is none of it.
NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*%?")


class Anchors:
    """Hands out each anchor of a page once, in the same order for the same page."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, room: str, name: object) -> str:
        """`room-name`, with a number behind it from the second time on.

        Parameters
        ----------
        room
            Kind of thing: `table`, `figure`, ….
        name
            Of the thing.

        Examples
        --------
        >>> anchors = Anchors()
        >>> anchors.take("table", "By plan"), anchors.take("table", "by plan")
        ('table-by-plan', 'table-by-plan-2')
        """
        stem = anchor = f"{room}-{slug(name)}"
        again = 1
        while anchor in self._taken:
            again += 1
            anchor = f"{stem}-{again}"
        self._taken.add(anchor)
        return anchor


def finding_view(finding: Mapping) -> dict:
    """A finding as it is told: sentence, estimate with its unit, interval and its kind, evidence in a word.

    Parameters
    ----------
    finding
        Out of results.json.
    """
    unit, kind = text_of(finding, "unit"), text_of(finding, "evidence")
    statement = text_of(finding, "statement")
    value = finding.get("estimate")
    told = is_number(value) and not _as_written(value, unit).isdisjoint(NUMBER.findall(statement))
    return {
        "statement": statement,
        "estimate": quantity(estimated(value), unit) if is_number(value) else "",
        "told": told,
        "interval": interval(finding.get("interval"), unit),
        "interval_alone": interval(finding.get("interval"), unit, named=True) if told else "",
        "interval_kind": text_of(finding, "interval_kind"),
        "interval_short": _short_kind(text_of(finding, "interval_kind")),
        "kind": kind,
        "evidence": evidence_words().get(kind, (kind, ""))[0],
        "n": number(finding["n"]) if is_number(finding.get("n")) else "",
        "action": text_of(finding, "action"),
        "rests": _rests(finding),
    }


def _rests(finding: Mapping) -> list[str]:
    """The earlier runs with warnings that a finding rests on: a sentence each."""
    said = []
    for each in mappings(finding, "rests_on"):
        titles = [text_of(warning, "title") for warning in mappings(each, "warnings")]
        if titles:
            named = {"study": text_of(each, "study"), "run": text_of(each, "run_id"), "titles": listing(titles)}
            said.append(sentence("Rests on {study} {run}, which warns of: {titles}.", **named))
    return said


def _as_written(value: float, unit: str) -> set[str]:
    """A number as sentences write it: with two or three significant digits, large ones in millions, shares in percent.

    Examples
    --------
    >>> sorted(_as_written(0.1718, "hazard ratio")), sorted(_as_written(0.8432, "share")), _as_written(35.0, "months")
    (['0.17', '0.172'], ['84%', '84.3%'], {'35'})
    >>> sorted(_as_written(3950219.2, "EUR"))
    ['3,950,000', '3,950,219', '3.95']
    """
    if unit == "share":
        return {percent(value), percent(round(value, 2))}
    written = {number(each, digits) for each in (value, estimated(value)) for digits in (2, 3)}
    return written | {number(value / MILLION)} if abs(value) >= MILLION else written


def says_again(text: str, statement: str) -> bool:
    """Whether all numbers of a text stand in a statement already.

    Parameters
    ----------
    text
        Of an estimate or an interval.
    statement
        That stands beside it.

    Examples
    --------
    >>> says_again("35 months", "Half leave within 35 months."), says_again("1.9 times", "Nearly twice.")
    (True, False)
    """
    numbers = NUMBER.findall(text)
    return bool(numbers) and set(numbers) <= set(NUMBER.findall(statement))


def _short_kind(kind: str) -> str:
    """The level and the school of an interval, without how it was made.

    Examples
    --------
    >>> _short_kind("90% confidence (Wald, log scale)"), _short_kind("90% credible, equal tails"), _short_kind("")
    ('90% confidence', '90% credible', '')
    """
    return re.split(r"\s*[(,;:]", kind, maxsplit=1)[0]


def table_block(payload: Mapping, folder: Path | None, anchors: Anchors) -> dict | None:
    """The block of a table, or None where the payload has not the shape of one.

    A table that is here as a whole carries its own CSV, so that a page sent by mail still gives it; a longer one links
    to the file of the run.

    Parameters
    ----------
    payload
        What a notebook shows of a table.
    folder
        Of the run; None: no file is linked.
    anchors
        Of the page; one more is taken.
    """
    columns, rows = payload.get("columns"), payload.get("rows")
    if not _is_list(columns) or not _is_list(rows) or not all(isinstance(column, Mapping) for column in columns):
        return None
    rows = [row for row in rows[:MOST_ROWS] if _is_list(row) and len(row) == len(columns)]
    name = text_of(payload, "name", "table")
    count = payload.get("n_rows")
    count = int(count) if is_number(count) and count >= len(rows) else len(rows)
    heads = [
        {
            "label": text_of(column, "label") or text_of(column, "name"),
            "unit": "" if text_of(column, "unit") in BARE_UNITS else units(text_of(column, "unit")),
            "numeric": column.get("numeric") is True,
        }
        for column in columns
    ]
    forms = [text_of(column, "unit") if text_of(column, "unit") in BARE_UNITS else "" for column in columns]
    complete = count == len(rows)
    cells = [[_cell(value, unit) for value, unit in zip(row, forms, strict=True)] for row in rows]
    for column in zip(*cells, strict=True):
        _align([cell for cell in column if cell["numeric"] and not re.search("[×<]", cell["text"])])
    return {
        "kind": "table",
        "anchor": anchors.take("table", name),
        "name": name,
        "caption": text_of(payload, "caption"),
        "columns": heads,
        "rows": cells,
        "n_rows": count,
        "complete": complete,
        "download": f"{slug(name)}.csv",
        "href": _csv_uri([text_of(c, "name") for c in columns], rows)
        if complete
        else file_link(folder, "tables", f"{name}.csv"),
    }


def metrics_block(payload: Mapping) -> dict | None:
    """The block of metrics, or None where the payload has not the shape of them.

    Parameters
    ----------
    payload
        What a notebook shows of its metrics.
    """
    metrics = payload.get("metrics")
    if not isinstance(metrics, Mapping):
        return None
    return {"kind": "metrics", "rows": [(str(name), quantity(value)) for name, value in metrics.items()]}


def file_link(folder: Path | None, *parts: str) -> str:
    """A relative link to a file of the run, or "" where there is none or a part is not a plain name.

    Parameters
    ----------
    folder
        Of the run; None: there is none.
    *parts
        Folders in it, and the file's name.
    """
    if folder is None or any(not part or part in (".", "..") or re.search(r"[/\\\0]", part) for part in parts):
        return ""
    try:
        there = folder.joinpath(*parts).is_file()
    except (OSError, ValueError):  # longer than a name may be, or half a letter
        there = False
    return "/".join(quote(part, safe="") for part in parts) if there else ""


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _cell(value: object, unit: str) -> dict:
    """What is shown, and the exact value where that says less."""
    if isinstance(value, bool):
        return {"text": sentence("yes") if value else sentence("no"), "exact": None, "numeric": False}
    if is_number(value):
        text = quantity(value, unit)
        return {"text": text, "exact": None if text == str(value) else repr(value), "numeric": True}
    return {
        "text": "–" if value is None else text_of({"": value}, ""),
        "exact": "" if value is None else None,
        "numeric": False,
    }


def _align(cells: list[dict]) -> None:
    """Give the numbers of a column the same decimals, as far as three significant digits allow."""
    places = max((len(_decimals(cell["text"])) for cell in cells), default=0)
    for cell in cells:
        text = cell["text"]
        digits, sign = text.rstrip("%"), "%" if text.endswith("%") else ""
        missing = places - len(_decimals(text))
        padded = digits + ("" if "." in digits else ".") + "0" * missing
        if missing and len(re.sub(r"\D", "", padded).lstrip("0")) <= 3:
            cell["text"] = padded + sign


def _decimals(text: str) -> str:
    return text.rstrip("%").partition(".")[2]


def _csv_uri(names: list[str], rows: Sequence[Sequence]) -> str:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(map(inert, names))
    writer.writerows([_written(value) for value in row] for row in rows)
    return "data:text/csv;charset=utf-8," + quote(target.getvalue(), errors="replace")


def _written(value: object) -> object:
    return inert(value if value is None or is_number(value) else text_of({"": value}, ""))
