"""Files as they are: the columns of a CSV or Parquet file with their headers, every cell of a CSV still text."""

import csv
import io
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from workbench.datasets.definition import TableDefinition
from workbench.datasets.phrases import rows
from workbench.errors import DataError
from workbench.wording import listing, number, sentence, shown, suggestion

_CSV, _PARQUET = (".csv", ".tsv", ".txt"), (".parquet",)
_OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
}
_LONGEST_ROW_BYTES = 1 << 26


@dataclass(frozen=True)
class RawTable:
    """Columns as they stand in the file.

    Attributes
    ----------
    headers
        Names with blanks collapsed; a name may stand twice.
    columns
        In the order of `headers`; None for one that was not asked for.
    n_rows
        Rows of the file.
    """

    headers: tuple[str, ...]
    columns: tuple[pa.ChunkedArray | None, ...]
    n_rows: int


def tidy(header: str) -> str:
    """A header without byte-order mark and with its blanks collapsed.

    Examples
    --------
    >>> tidy(chr(0xFEFF) + " Call  Failure ")
    'Call Failure'
    """
    return " ".join(header.replace("\ufeff", "").split())


def read_file(path: Path, definition: TableDefinition, wanted: Callable[[str], bool]) -> RawTable:
    """Read a file once.

    Parameters
    ----------
    path
        A regular file.
    definition
        How a CSV file is written.
    wanted
        Which headers to read.

    Raises
    ------
    DataError
        When the file is absent, is no regular file, is empty, is of another format, or is not written as declared.
        No cell is ever quoted: rows may tell a person.
    """
    try:
        content = _bytes(path, definition.file or "")
    except OSError as error:
        raise DataError(sentence("cannot be read ({why}).", why=error.strerror)) from error
    suffix = path.suffix.lower()
    if suffix in _PARQUET:
        return from_arrow(_parquet(content), wanted)
    if suffix in _CSV:
        return _read_csv(content, definition, wanted)
    known = listing([*_CSV, *_PARQUET], "or")
    raise DataError(sentence("got a file that ends in {suffix}, expected {known}.", suffix=shown(suffix), known=known))


def from_arrow(table: pa.Table, wanted: Callable[[str], bool]) -> RawTable:
    """An Arrow table as raw columns."""
    headers = tuple(tidy(name) for name in table.column_names)
    columns = tuple(column if wanted(header) else None for header, column in zip(headers, table.columns, strict=True))
    return RawTable(headers, columns, table.num_rows)


def _bytes(path: Path, name: str) -> bytes:
    if not path.exists():
        near = suggestion(name, [file.name for file in path.parent.iterdir()]) if path.parent.is_dir() else "."
        raise DataError(sentence("the file is not there{near}", near=near))
    if path.is_dir():
        raise DataError(sentence("got a folder, expected a file."))
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device could be read for ever
        raise DataError(sentence("got a pipe or device, expected a file."))
    content = path.read_bytes()
    if not content.strip():
        raise DataError(sentence("the file is empty."))
    return content


def _parquet(content: bytes) -> pa.Table:
    try:
        return pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise DataError(sentence("not a Parquet file, or a damaged one; write it again.")) from error


def _read_csv(content: bytes, definition: TableDefinition, wanted: Callable[[str], bool]) -> RawTable:
    for mark, what in _OTHER_FORMATS.items():
        if content.startswith(mark):
            raise DataError(sentence("got {what}, expected CSV text; save it as CSV.", what=sentence(what)))
    text = _decode(content, definition.encoding)
    utf8 = content.removeprefix(b"\xef\xbb\xbf") if _is_utf8(definition.encoding) else text.encode()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=definition.separator)
    try:
        # The first row that is not blank, as Arrow sees it below.
        headers = tuple(tidy(name) for name in next(row for row in reader if row))
    except (StopIteration, csv.Error) as error:
        raise DataError(sentence("the first line is no header.")) from error
    _check_separator(headers, definition.separator)
    fields = [f"f{i}" for i in range(len(headers))]
    chosen = [field for field, header in zip(fields, headers, strict=True) if wanted(header)]
    ragged: list[tuple[int | None, int]] = []

    def note(row: pa.csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    try:
        # The header enters as a row and is cut off: names may be double or hostile, positions are not.
        table = pa.csv.read_csv(
            pa.py_buffer(utf8),
            read_options=pa.csv.ReadOptions(
                autogenerate_column_names=True, use_threads=False, block_size=_LONGEST_ROW_BYTES
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=definition.separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(fields, pa.string()),
                include_columns=chosen or fields[:1],
                strings_can_be_null=False,
            ),
        ).slice(1)
    except pa.ArrowException as error:
        raise DataError(sentence("not readable as CSV; is a quotation mark left open?")) from error
    if ragged:
        line, got = ragged[0]
        template = (
            "{rows} do not have the {expected} fields of the header (the first: row {line}, {got} fields); "
            "mend the file, or check separator: and quotation marks."
        )
        raise DataError(sentence(template, rows=rows(len(ragged)), expected=len(headers), line=number(line), got=got))
    by_field = dict(zip(table.column_names, table.columns, strict=True))
    columns = tuple(by_field.get(field) if field in chosen else None for field in fields)
    return RawTable(headers, columns, table.num_rows)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


def _decode(content: bytes, encoding: str) -> str:
    if content.startswith(b"\xef\xbb\xbf") and not _is_utf8(encoding):
        template = "the file begins with the mark of UTF-8, got encoding: {encoding}, expected utf-8."
        raise DataError(sentence(template, encoding=encoding))
    try:
        return content.decode("utf-8-sig" if _is_utf8(encoding) else encoding)
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        line, byte = number(content.count(b"\n", 0, at) + 1), f"0x{content[at]:02X}"
        template = (
            "not written in {encoding} (line {line} has a byte {byte} that does not fit); "
            "declare encoding:, often latin-1 or cp1252."
        )
        raise DataError(sentence(template, encoding=encoding, line=line, byte=byte)) from error


def _check_separator(headers: tuple[str, ...], separator: str) -> None:
    others = [mark for mark in ";,\t|" if mark != separator and mark in headers[0]]
    if len(headers) == 1 and others:
        template = "the header is one single column and has {other} in it; is separator: {separator} right?"
        raise DataError(sentence(template, other=shown(others[0]), separator=shown(separator)))
