"""Files that are read in Python, row by row, for their size is small or their form is free."""

import contextlib
import json
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from workbench.datasets.definitions.origin import ALL_SHEETS, Origin
from workbench.datasets.definitions.phrases import names
from workbench.datasets.reading import limits
from workbench.datasets.reading.headers import likely_row, tidy
from workbench.errors import DataError
from workbench.wording import listing, number, sentence, shown, suggestion

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_ROWS_A_BATCH = 50_000  # in memory at once
_EXCEL_EXACT = 1e15  # Excel keeps 15 digits
FIRST_ROWS = 30  # among which the header stands


class Cells:
    """Rows of texts; a subclass sets the headers and gives the rows.

    Attributes
    ----------
    headers
        Names with blanks collapsed, as they stand in the file.
    header_row
        Its number, as a spreadsheet counts; 0 where there is none.
    likely_header
        The row in which it seems to stand.
    unread
        Sheets of the same workbook that are not read.
    absent
        Rows that were to be skipped and are not there; known after the last batch.
    """

    headers: tuple[str, ...]
    header_row = 0
    likely_header = 0
    unread: tuple[str, ...] = ()
    absent: Sequence[int] = ()

    def batches(self, chosen: Sequence[int]) -> pa.RecordBatchReader:
        """The columns at some positions, named `c0`, `c1` … by position, all text.

        Parameters
        ----------
        chosen
            Positions of columns, from 0.
        """
        schema = pa.schema([(f"c{i}", pa.string()) for i in chosen])
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema, chosen))

    def _batches(self, schema: pa.Schema, chosen: Sequence[int]) -> Iterator[pa.RecordBatch]:
        held: list[Sequence[str]] = []
        for row in self.rows():
            held.append([row[i] for i in chosen])
            if len(held) == _ROWS_A_BATCH:
                yield _batch(schema, held)
                held = []
        if held:
            yield _batch(schema, held)

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows of data, as texts."""
        """The rows of data."""
        raise NotImplementedError

    def verdict(self) -> None:
        """Called after the last batch: raises DataError when rows are not as declared."""
        if self.absent:
            listed = listing([str(n) for n in self.absent])
            raise DataError(sentence("skip: the file has no row {rows}.", rows=listed))


def header_of(rows: Iterable[Sequence[str]], header: int) -> tuple[int, Sequence[str]]:
    """The number of the header's row and its cells.

    Parameters
    ----------
    rows
        Of the file from its first on, blank ones included.
    header
        The row that is declared; 1 means the first that is not blank, 0 that there is none.

    Raises
    ------
    DataError
        When it is blank or not there.
    """
    for i, row in enumerate(rows, 1):
        if any(row) and header == 0:
            return 0, [""] * len(row)
        if any(row) and (header == 1 or i == header):
            return i, row
        if i == header > 1:
            raise DataError(sentence("row {row} is blank, expected the header (header: {row}).", row=header))
    if header <= 1:
        raise DataError(sentence("the first line is no header."))
    raise DataError(sentence("got header: {row}, and the file has fewer rows.", row=header))


def data_rows(
    rows: Iterable[Sequence[str]], header_row: int, skip: Sequence[int], absent: list[int]
) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows below the header that are not blank and not skipped, with their numbers.

    Parameters
    ----------
    rows
        Of the file from its first on, blank ones included.
    skip
        Numbers of rows; those below 0 count from the last row that is not blank (−1).
    absent
        Receives those of them that are not there.
    header_row
        The row of the header, from 1.
    """
    back = -min((n for n in skip if n < 0), default=0)
    held: deque[tuple[int, Sequence[str]]] = deque()
    last = 0
    for i, row in enumerate(rows, 1):
        if not any(row):
            continue
        last = i
        if i > header_row and i not in skip:
            held.append((i, row))
        while held and held[0][0] <= last - back:
            yield held.popleft()
    absent += [n for n in skip if n > last or -n > last]
    yield from (each for each in held if each[0] - last - 1 not in skip)


class SkippingCsv(Cells):
    """Text with separators of which some rows are no data (`skip:`)."""

    def __init__(self, path: Path, encoding: str, separator: str, start: int, origin: Origin):
        self._path, self._encoding, self._separator, self._start = path, encoding, separator, start
        self._skip = origin.skip
        self.ragged: list[tuple[int, int]] = []  # rows without the fields of the header: their numbers, their fields
        self.absent: list[int] = []
        head = [row for row, _ in zip(self._all(), range(max(FIRST_ROWS, origin.header)), strict=False)]
        self.header_row, header = header_of(head, origin.header)
        self.likely_header = likely_row(head[:FIRST_ROWS]) if origin.header else 0
        self.headers = tuple(tidy(name) for name in header)

    def _all(self) -> Iterator[list[str]]:
        with self._path.open(encoding=self._encoding, newline="") as text:
            for _ in range(self._start):
                text.readline()
            yield from limits.rows(text, self._separator)

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows of data, as texts."""
        for line, row in data_rows(self._all(), self.header_row, self._skip, self.absent):
            if len(row) == len(self.headers):
                yield row
            else:
                self.ragged.append((line, len(row)))


class JsonFile(Cells):
    """One JSON object a line. Nested values become JSON text."""

    def __init__(self, path: Path, origin: Origin):
        if origin.header != 1 or origin.skip:
            raise DataError(sentence("header: and skip: are for CSV and Excel, got JSON lines."))
        self._path, self._encoding = path, origin.encoding
        keys: dict[str, None] = {}
        for record in self._records():
            keys.update(dict.fromkeys(record))
            limits.check_columns(len(keys))
        self._keys = tuple(keys)
        self.headers = tuple(tidy(key) for key in self._keys)

    def _records(self) -> Iterator[dict]:
        encoding = "utf-8-sig" if self._encoding.lower() in ("utf-8", "utf8") else self._encoding
        with self._path.open(encoding=encoding) as file:
            try:
                for line, text in enumerate(limits.lines(file), 1):
                    if not text.strip():
                        continue
                    record = json.loads(text, parse_int=limits.whole)
                    if not isinstance(record, dict):
                        raise DataError(sentence("line {line} is no JSON object.", line=number(line)))
                    yield record
            except UnicodeError as error:
                template = "not written in {encoding}; declare encoding:."
                raise DataError(sentence(template, encoding=self._encoding)) from error
            except (json.JSONDecodeError, RecursionError):
                template = "line {line} is no JSON; expected one object a line."
                raise DataError(sentence(template, line=number(line))) from None  # the cause quotes the line

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows of data, as texts."""
        for record in self._records():
            yield [_json_text(record.get(key)) for key in self._keys]

    def explain(self) -> DataError:
        """Why reading broke off."""
        return DataError(sentence("not readable as JSON lines."))


class Sheet(Cells):
    """A sheet of an Excel workbook; formulas count as their values."""

    def __init__(self, title: str, cells: Sequence[Sequence[str]], origin: Origin, unread: tuple[str, ...] = ()):
        self.title, self.unread, self._skip = title, unread, origin.skip
        self.absent: list[int] = []
        if not any(any(row) for row in cells):
            raise DataError(sentence("the sheet is empty."))
        width = max((i + 1 for row in cells for i, cell in enumerate(row) if cell), default=0)
        limits.check_columns(width)
        _check_cells(len(cells) * width)
        self.cells = [[*row, *[""] * width][:width] for row in cells]
        self.header_row, header = header_of(self.cells, origin.header)
        self.likely_header = likely_row(self.cells[:FIRST_ROWS]) if origin.header else 0
        self.headers = tuple(tidy(name) for name in header)

    def rows(self) -> Iterator[Sequence[str]]:
        """The rows of data, as texts."""
        return (row for _, row in data_rows(self.cells, self.header_row, self._skip, self.absent))

    def explain(self) -> DataError:
        """Why reading broke off."""
        return DataError(sentence("not readable as an Excel workbook."))


def read_sheets(path: Path, origin: Origin) -> list[Sheet]:
    """The sheets of a workbook that `sheet:` names: by default the first that is not empty.

    Parameters
    ----------
    path
        The file.
    origin
        Where the rows are and how they are written.

    Raises
    ------
    DataError
        When it is none, or has no such sheet.
    """
    import openpyxl

    _check_workbook(path)
    with _damaged():
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        titles = [sheet.title for sheet in book.worksheets]
    absent = [title for title in origin.sheets if title not in titles and title != ALL_SHEETS]
    if absent:
        near, known = suggestion(absent[0], titles), names(titles)
        template = "the workbook has no sheet {sheet}{near} It has: {known}."
        raise DataError(sentence(template, sheet=shown(absent[0]), near=near, known=known))
    with _damaged():
        filled = [sheet.title for sheet in book.worksheets if any(any(row) for row in _rows(sheet))]
    chosen = filled if ALL_SHEETS in origin.sheets else (origin.sheets or filled[:1] or titles[:1])
    unread = tuple(title for title in filled if title not in chosen)
    found: list[Sheet] = []
    for title in chosen:
        with _damaged():
            cells = [[_excel_text(cell) for cell in row] for row in _rows(book[title])]
        try:
            found.append(Sheet(title, cells, origin, () if found else unread))
        except DataError as error:
            if len(chosen) == 1:
                raise
            raise DataError(*(f"{_sheet(title)}: {fault}" for fault in error.faults)) from None
    book.close()
    if not found:
        raise DataError(sentence("the sheet is empty."))
    return found


def _check_workbook(path: Path) -> None:
    """Refuse what fills the memory once it is unpacked; no part of an archive unpacks to more than it says."""
    with _damaged(), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    texts = sum(part.file_size for part in parts if "sharedstrings" in part.filename.casefold())
    for size, most in ((unpacked, limits.MOST_UNPACKED_BYTES), (texts, limits.MOST_TEXT_BYTES)):
        if size > most:
            template = "the workbook unpacks to {size} MB, expected at most {most}: save the sheet as CSV."
            raise DataError(sentence(template, size=number(size // 10**6), most=number(most // 10**6)))
    for part in parts:
        if part.file_size > max(limits.SMALL_BYTES, limits.MOST_TIMES_UNPACKED * part.compress_size):
            template = "a part of the workbook unpacks to {times} times its size, as no sheet does; save it as CSV."
            raise DataError(sentence(template, times=number(part.file_size // max(part.compress_size, 1))))


@contextlib.contextmanager
def _damaged() -> Iterator[None]:
    """What openpyxl trips over in a file that is no workbook, or one that nobody's program has written."""
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        RuntimeError,  # also an archive with a password
        SyntaxError,  # of XML
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DataError(sentence("not an Excel workbook (.xlsx), or a damaged or locked one.")) from error


def _rows(sheet: "ReadOnlyWorksheet") -> Iterator[Sequence[object]]:
    """The rows of a sheet, blank ones included; what it says of its own size is not believed."""
    sheet.reset_dimensions()
    cells = 0
    for row, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if row > limits.MOST_SHEET_ROWS:
            template = "a sheet has a row beyond {most}, the last that Excel knows; write it again, or save it as CSV."
            raise DataError(sentence(template, most=number(limits.MOST_SHEET_ROWS)))
        cells += len(values)
        _check_cells(cells)
        yield values


def _check_cells(count: int) -> None:
    if count > limits.MOST_SHEET_CELLS:
        template = "a sheet has more than {most} cells: save it as CSV."
        raise DataError(sentence(template, most=number(limits.MOST_SHEET_CELLS)))


def _sheet(title: str) -> str:
    return sentence("sheet {title}", title=shown(title))


def _excel_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float) and abs(cell) >= _EXCEL_EXACT:
        return f"{float(cell):.15e}"  # Excel keeps fifteen digits: as an id it is not exact
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)  # dates as ISO text


def _json_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _batch(schema: pa.Schema, cells: Sequence[Sequence[str]]) -> pa.RecordBatch:
    columns = zip(*cells, strict=True) if len(schema) else ()
    return pa.record_batch([pa.array(column, pa.string()) for column in columns], schema=schema)
