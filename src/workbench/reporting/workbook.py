"""All tables that a report shows as one Excel workbook: typed numbers, a sheet of contents, nothing that computes."""

import datetime
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.files import write_atomic
from workbench.reporting.body import read_tables
from workbench.reporting.documents import mappings, text_of
from workbench.wording import sentence, units

NAME = "tables.xlsx"
MOST_ROWS = 100_000  # of a sheet: what a spreadsheet opens at once (Excel ends at 1,048,576)
LONGEST_SHEET_NAME = 31  # Excel's own limit
FORMATS = {"share": "0.0%", "p": "0.000"}
# Rows about single customers are for machines under their pseudonyms, never for a sheet that is passed on.
SINGLE = "customer_id"


def write_workbook(folder: Path, notebook: Mapping[str, Any], *, title: str) -> Path | None:
    """Write tables.xlsx of a run: one sheet for each table that the report shows, none about single customers.

    Parameters
    ----------
    folder
        Of the run; the values come from its tables/*.parquet, with all their digits and rows (at most `MOST_ROWS`).
    notebook
        As executed: which tables are shown, with their captions, labels and units.
    title
        Of the study, for the sheet of contents.

    Returns
    -------
    Path or None
        None where the report shows no table.
    """
    shown = [payload for payload in read_tables(notebook) if _may_be_passed_on(payload)]
    kept = [(payload, rows) for payload in shown if (rows := _rows(folder, payload)) is not None]
    if not kept:
        return None
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    names = _sheet_names([text_of(payload, "name") for payload, _ in kept])
    _contents(
        book, title, [(name, text_of(payload, "caption")) for name, (payload, _) in zip(names, kept, strict=True)]
    )
    for name, (payload, rows) in zip(names, kept, strict=True):
        _sheet(book, name, mappings(payload, "columns"), rows)
    target = io.BytesIO()
    book.save(target)
    path = folder / NAME
    write_atomic(path, target.getvalue())
    return path


def _may_be_passed_on(payload: Mapping) -> bool:
    names = [text_of(column, "name") for column in mappings(payload, "columns")]
    return bool(names) and SINGLE not in names


def _rows(folder: Path, payload: Mapping) -> Iterable[Sequence[Any]] | None:
    """The rows of a shown table with all their digits; None where the file is not there as it was shown."""
    path = folder / "tables" / f"{text_of(payload, 'name')}.parquet"
    if not path.is_file():
        return None
    import pyarrow.parquet

    names = [text_of(column, "name") for column in mappings(payload, "columns")]
    table = pyarrow.parquet.read_table(path)
    if SINGLE in table.column_names or not set(names) <= set(table.column_names):
        return None
    columns = table.slice(0, MOST_ROWS).select(names).to_pydict()
    return list(zip(*(columns[name] for name in names), strict=True))


def _sheet_names(names: Sequence[str]) -> list[str]:
    """Names that Excel takes, each once.

    Examples
    --------
    >>> _sheet_names(["groups", "Groups", "a/b" * 20])
    ['groups', 'Groups 2', 'a ba ba ba ba ba ba ba ba ba ba']
    """
    taken = {sentence("Contents").casefold()}
    made = []
    for name in names:
        plain = re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ")[:LONGEST_SHEET_NAME].rstrip() or "table"
        unique, again = plain, 1
        while unique.casefold() in taken:
            again += 1
            unique = f"{plain[: LONGEST_SHEET_NAME - len(str(again)) - 1]} {again}"
        taken.add(unique.casefold())
        made.append(unique)
    return made


def _contents(book, title: str, sheets: Sequence[tuple[str, str]]) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    sheet = book.create_sheet(sentence("Contents"))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 34, 110
    sheet.append([_cell(sheet, title, bold=True)])
    sheet.append([])
    for name, caption in sheets:
        link = _cell(sheet, name)
        link.hyperlink = Hyperlink(ref="", location="'{}'!A1".format(name.replace("'", "''")))
        link.style = "Hyperlink"
        sheet.append([link, _cell(sheet, caption)])


def _sheet(book, name: str, columns: Sequence[Mapping], rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    heads = []
    for column in columns:
        label, unit = text_of(column, "label") or text_of(column, "name"), text_of(column, "unit")
        heads.append(f"{label} [{units(unit)}]" if unit and unit not in FORMATS else label)
    for place, head in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = min(max(len(head) + 2, 12), 40)
    formats = [FORMATS.get(text_of(column, "unit"), "") for column in columns]
    sheet.append([_cell(sheet, head, bold=True) for head in heads])
    for row in rows:
        sheet.append([_cell(sheet, value, form) for value, form in zip(row, formats, strict=True)])


def _cell(sheet, value: Any, number_format: str = "", *, bold: bool = False):
    """A cell that computes nothing: text stays text, also where it begins like a formula."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    if isinstance(value, float) and not math.isfinite(value):
        value = None
    if not isinstance(value, bool | int | float | datetime.date | None):
        value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(value))
    elif isinstance(value, datetime.datetime):
        value = value.replace(tzinfo=None)
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if number_format and isinstance(value, int | float):
        cell.number_format = number_format
    if bold:
        cell.font = Font(bold=True)
    return cell
