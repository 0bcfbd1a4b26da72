"""Text files as they are: headers, and cells as text, in batches that never need the whole file in memory."""

import codecs
import csv
import json
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from workbench.datasets.definition import Origin
from workbench.datasets.phrases import names, rows
from workbench.errors import DataError
from workbench.wording import listing, number, sentence, shown, suggestion

CSV, PARQUET, EXCEL, JSON_LINES = (".csv", ".tsv", ".txt"), (".parquet",), (".xlsx",), (".jsonl", ".ndjson")
SUFFIXES = (*CSV, *PARQUET, *EXCEL, *JSON_LINES)
_OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
}
_LONGEST_ROW_BYTES = 1 << 25
_ROWS_A_BATCH = 50_000


class TextFile(Protocol):
    """A file whose cells are text.

    Attributes
    ----------
    headers
        Names with blanks collapsed; a name may stand twice.
    """

    headers: tuple[str, ...]

    def batches(self, chosen: Sequence[int]) -> pa.RecordBatchReader:
        """The columns at some positions, named `c0`, `c1` … by position, all text."""

    def verdict(self) -> None:
        """Called after the last batch: raises DataError when rows had to be passed over."""

    def explain(self) -> DataError:
        """Why reading broke off. No cell is ever quoted: rows may tell a person."""


def tidy(header: str) -> str:
    """A header without byte-order mark and with its blanks collapsed.

    Examples
    --------
    >>> tidy(chr(0xFEFF) + " Call  Failure ")
    'Call Failure'
    """
    return " ".join(header.replace("\ufeff", "").split())


def names_among(headers: Sequence[str]) -> list[str]:
    """The headers that may be told in a message: where a file has no header, its first row stands there.

    Examples
    --------
    >>> names_among(["customer", "ada@example.org", "+44 7700 900123"])
    ['customer']
    """
    return [header for header in headers if "@" not in header and not re.search(r"\d{4}", header)]


def check_file(path: Path, name: str) -> None:
    """Whether a file is one that can be read.

    Raises
    ------
    DataError
        When it is absent (with the nearest name), no regular file, or empty.
    """
    try:
        if not path.exists():
            near = suggestion(name, [file.name for file in path.parent.iterdir()]) if path.parent.is_dir() else "."
            raise DataError(sentence("the file is not there{near}", near=near))
        if path.is_dir():
            raise DataError(sentence("got a folder, expected a file."))
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device could be read for ever
            raise DataError(sentence("got a pipe or device, expected a file."))
        with path.open("rb") as file:
            if all(not chunk.strip() for chunk in _chunks(file)):
                raise DataError(sentence("the file is empty."))
    except OSError as error:
        raise DataError(sentence("cannot be read ({why}).", why=error.strerror)) from error


def open_text(path: Path, origin: Origin) -> TextFile:
    """A CSV, Excel or JSON-lines file.

    Raises
    ------
    DataError
        When it is of another format, or is not written as declared.
    """
    suffix = path.suffix.lower()
    kinds = {**dict.fromkeys(CSV, CsvFile), **dict.fromkeys(EXCEL, ExcelFile), **dict.fromkeys(JSON_LINES, JsonFile)}
    if suffix not in kinds:
        known = listing(SUFFIXES, "or")
        if not suffix:
            raise DataError(sentence("got a file whose name has no ending, expected {known}.", known=known))
        raise DataError(
            sentence("got a file that ends in {suffix}, expected {known}.", suffix=shown(suffix), known=known)
        )
    try:
        return kinds[suffix](path, origin)
    except OSError as error:
        raise DataError(sentence("cannot be read ({why}).", why=error.strerror)) from error


def parquet_schema(path: Path) -> pa.Schema:
    """Names and types of a Parquet file, without its rows."""
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(sentence("not a Parquet file, or a damaged one; write it again.")) from error


class CsvFile:
    """Text with separators."""

    def __init__(self, path: Path, origin: Origin):
        self._path, self._origin = path, origin
        self._ragged: list[tuple[int | None, int]] = []
        with path.open("rb") as file:
            start = file.read(4)
        for mark, what in _OTHER_FORMATS.items():
            if start.startswith(mark):
                raise DataError(sentence("got {what}, expected CSV text; save it as CSV.", what=sentence(what)))
        self._utf8 = origin.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
        if start.startswith(codecs.BOM_UTF8) and not self._utf8:
            template = "the file begins with the mark of UTF-8, got encoding: {encoding}, expected utf-8."
            raise DataError(sentence(template, encoding=origin.encoding))
        try:
            with path.open(encoding="utf-8-sig" if self._utf8 else origin.encoding, newline="") as text:
                # The first row that is not blank, as Arrow sees it below.
                first = next(row for row in csv.reader(text, delimiter=origin.separator) if row)
        except UnicodeError as error:
            raise self.explain() from error
        except (StopIteration, csv.Error) as error:
            raise DataError(sentence("the first line is no header.")) from error
        self.headers = tuple(tidy(name) for name in first)
        _check_separator(self.headers, origin.separator)

    def batches(self, chosen: Sequence[int]) -> pa.RecordBatchReader:
        fields = [f"c{i}" for i in range(len(self.headers))]
        # The header enters as a row and is cut off: names may be double or hostile, positions are not.
        reader = pa.csv.open_csv(
            self._path,
            read_options=pa.csv.ReadOptions(
                column_names=fields,
                use_threads=False,  # only then are rows numbered
                block_size=_LONGEST_ROW_BYTES,
                encoding="utf8" if self._utf8 else self._origin.encoding,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self._origin.separator, newlines_in_values=True, invalid_row_handler=self._note
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(fields, pa.string()),
                include_columns=[fields[i] for i in chosen] or fields[:1],
                strings_can_be_null=False,
            ),
        )
        return pa.RecordBatchReader.from_batches(reader.schema, _without_first_row(reader))

    def _note(self, row: pa.csv.InvalidRow) -> str:
        self._ragged.append((row.number, row.actual_columns))
        return "skip"

    def verdict(self) -> None:
        if self._ragged:
            line, got = self._ragged[0]
            template = (
                "{rows} without the {expected} fields of the header (the first: row {line}, with {got}); "
                "mend the file, or check separator: and quotation marks."
            )
            count, expected = rows(len(self._ragged)), len(self.headers)
            raise DataError(sentence(template, rows=count, expected=expected, line=number(line), got=got))

    def explain(self) -> DataError:
        decode = codecs.getincrementaldecoder("utf-8" if self._utf8 else self._origin.encoding)()
        line = 1
        with self._path.open("rb") as file:
            for chunk in _chunks(file):
                held = decode.getstate()[0]
                try:
                    decode.decode(chunk)
                except UnicodeError as error:
                    at = max(getattr(error, "start", 0) - len(held), 0)
                    line, byte = number(line + chunk.count(b"\n", 0, at)), f"0x{chunk[at]:02X}"
                    template = (
                        "not written in {encoding} (line {line} has a byte {byte} that does not fit); "
                        "declare encoding:, often latin-1 or cp1252."
                    )
                    return DataError(sentence(template, encoding=self._origin.encoding, line=line, byte=byte))
                line += chunk.count(b"\n")
        return DataError(sentence("not readable as CSV; is a quotation mark left open?"))


class _Cells:
    """A file that is read in Python, row by row, for its size is small or its form free."""

    headers: tuple[str, ...]

    def batches(self, chosen: Sequence[int]) -> pa.RecordBatchReader:
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
        raise NotImplementedError

    def verdict(self) -> None:
        """Nothing is passed over: what cannot be read was told when the file was opened."""


class JsonFile(_Cells):
    """One JSON object a line. Nested values become JSON text."""

    def __init__(self, path: Path, origin: Origin):
        self._path, self._encoding = path, origin.encoding
        keys: dict[str, None] = {}
        for record in self._records():
            keys.update(dict.fromkeys(record))
        self._keys = tuple(keys)
        self.headers = tuple(tidy(key) for key in self._keys)

    def _records(self) -> Iterator[dict]:
        encoding = "utf-8-sig" if self._encoding.lower() in ("utf-8", "utf8") else self._encoding
        with self._path.open(encoding=encoding) as file:
            try:
                for line, text in enumerate(file, 1):
                    if not text.strip():
                        continue
                    record = json.loads(text)
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
        for record in self._records():
            yield [_json_text(record.get(key)) for key in self._keys]

    def explain(self) -> DataError:
        return DataError(sentence("not readable as JSON lines."))


class ExcelFile(_Cells):
    """A sheet of an Excel workbook: its first row that is not blank is the header; formulas count as their values."""

    def __init__(self, path: Path, origin: Origin):
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
            raise DataError(sentence("not an Excel workbook (.xlsx), or a damaged or locked one.")) from error
        if origin.sheet and origin.sheet not in book.sheetnames:
            near, known = suggestion(origin.sheet, book.sheetnames), names(book.sheetnames)
            template = "the workbook has no sheet {sheet}{near} It has: {known}."
            raise DataError(sentence(template, sheet=shown(origin.sheet), near=near, known=known))
        sheet = book[origin.sheet] if origin.sheet else book.worksheets[0]
        cells = [[_excel_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        book.close()
        cells = [row for row in cells if any(row)]
        if not cells:
            raise DataError(sentence("the sheet is empty."))
        width = max((i + 1 for row in cells for i, cell in enumerate(row) if cell), default=0)
        self._rows = [[*row, *[""] * width][:width] for row in cells]
        self.headers = tuple(tidy(name) for name in self._rows[0])

    def rows(self) -> Iterator[Sequence[str]]:
        return iter(self._rows[1:])

    def explain(self) -> DataError:
        return DataError(sentence("not readable as an Excel workbook."))


def _excel_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
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


def _without_first_row(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    first = True
    for batch in reader:
        if first and not batch.num_rows:
            continue
        yield batch.slice(1) if first else batch
        first = False


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk


def _check_separator(headers: tuple[str, ...], separator: str) -> None:
    others = [mark for mark in ";,\t|" if mark != separator and mark in headers[0]]
    if len(headers) == 1 and others:
        template = "the header is one single column and has {other} in it; is separator: {separator} right?"
        raise DataError(sentence(template, other=shown(others[0]), separator=shown(separator)))
