"""Text files as they are: headers, and cells as text, in batches that never need the whole file in memory."""

import codecs
import csv
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from workbench.datasets.definitions.origin import Origin
from workbench.datasets.definitions.phrases import rows
from workbench.datasets.reading import encodings, limits
from workbench.datasets.reading.cells import FIRST_ROWS, JsonFile, SkippingCsv, header_of, read_sheets
from workbench.datasets.reading.headers import likely_row, tidy
from workbench.datasets.reading.quotes import swallowed
from workbench.errors import DataError
from workbench.wording import listing, number, sentence, shown, suggestion

CSV, PARQUET, EXCEL, JSON_LINES = (".csv", ".tsv", ".txt"), (".parquet",), (".xlsx",), (".jsonl", ".ndjson")
SUFFIXES = (*CSV, *PARQUET, *EXCEL, *JSON_LINES)
_OTHER_FORMATS: Mapping[bytes, Callable[[], str]] = {
    b"PK\x03\x04": lambda: sentence("an Excel workbook or zip archive"),
    b"PAR1": lambda: sentence("a Parquet file"),
    b"\x1f\x8b": lambda: sentence("a gzip archive"),
    b"\xd0\xcf\x11\xe0": lambda: sentence("an old Excel workbook (.xls)"),
}
_LONGEST_ROW_BYTES = 1 << 25  # 32 MB: a longer line is a file without line ends
_FEW_ROWS = 5  # notes below a table, not a file of another form


class TextFile(Protocol):
    """A file whose cells are text.

    Attributes
    ----------
    headers
        Names with blanks collapsed; a name may stand twice or be empty.
    header_row, likely_header
        The row of the file in which they stand, as a spreadsheet counts, and the one in which they seem to; 0 where a
        file has no such row.
    unread
        Sheets of the same workbook that are not read.
    """

    headers: tuple[str, ...]
    header_row: int
    likely_header: int
    unread: tuple[str, ...]

    def batches(self, chosen: Sequence[int]) -> pa.RecordBatchReader:
        """The columns at some positions, named `c0`, `c1` … by position, all text.

        Parameters
        ----------
        chosen
            Positions of columns, from 0.
        """

    def verdict(self) -> None:
        """Called after the last batch: raises DataError when rows had to be passed over."""

    def explain(self) -> DataError:
        """Why reading broke off. No cell is ever quoted: rows may tell a person."""


def check_file(path: Path, name: str) -> None:
    """Whether a file is one that can be read.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it.

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


def open_texts(path: Path, origin: Origin) -> Sequence[TextFile]:
    """A CSV or JSON-lines file, or the sheets of an Excel workbook.

    Parameters
    ----------
    path
        The file.
    origin
        Where the rows are and how they are written.

    Raises
    ------
    DataError
        When it is of another format, or is not written as declared.
    """
    suffix = path.suffix.lower()
    if suffix not in (*CSV, *EXCEL, *JSON_LINES):
        known = listing(SUFFIXES, "or")
        if not suffix:
            raise DataError(sentence("got a file whose name has no ending, expected {known}.", known=known))
        raise DataError(
            sentence("got a file that ends in {suffix}, expected {known}.", suffix=shown(suffix), known=known)
        )
    try:
        if suffix in EXCEL:
            return read_sheets(path, origin)
        return [CsvFile(path, origin) if suffix in CSV else JsonFile(path, origin)]
    except OSError as error:
        raise DataError(sentence("cannot be read ({why}).", why=error.strerror)) from error


def parquet_schema(path: Path) -> pa.Schema:
    """Names and types of a Parquet file, without its rows.

    Parameters
    ----------
    path
        The file.
    """
    try:
        limits.check_footer(path)
        told = pq.read_metadata(path)
        limits.check_unpacked(told, path.stat().st_size)
        return told.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        raise DataError(sentence("not a Parquet file, or a damaged one; write it again.")) from error


class CsvFile:
    """Text with separators."""

    unread: tuple[str, ...] = ()

    def __init__(self, path: Path, origin: Origin):
        self._path, self._origin = path, origin
        self._ragged: list[tuple[int | None, int]] = []
        self._rows = 0
        with path.open("rb") as file:
            start = file.read(4)
        for mark, what in _OTHER_FORMATS.items():
            if start.startswith(mark):
                raise DataError(sentence("got {what}, expected CSV text; save it as CSV.", what=what()))
        self._utf8 = origin.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
        if start.startswith(codecs.BOM_UTF8) and not self._utf8:
            template = "the file begins with the mark of UTF-8, got encoding: {encoding}, expected utf-8."
            raise DataError(sentence(template, encoding=origin.encoding))
        self._encoding = "utf-8-sig" if self._utf8 else origin.encoding
        try:
            self._read_head()
        except UnicodeError as error:
            raise self.explain() from error
        except csv.Error as error:
            raise DataError(sentence("the first line is no header.")) from error
        self._skipping = None
        if origin.skip:
            self._skipping = SkippingCsv(path, self._encoding, self._separator, self._said, origin)
        _check_separator(self.headers, self._separator)

    def _read_head(self) -> None:
        """Where the header stands; a first line `sep=;` is no row, as in a spreadsheet, and says the separator."""
        with self._path.open(encoding=self._encoding, newline="") as text:
            said = re.fullmatch(r'"?sep=(.)"?\s*', text.readline(100), flags=re.IGNORECASE)
            self._said, self._separator = int(bool(said)), said[1] if said else self._origin.separator
            if not said:
                text.seek(0)
            reader = limits.rows(text, self._separator)
            head, ends = [], [0]  # and after how many lines each row ends, for cells may have several
            for row in islice(reader, max(FIRST_ROWS, self._origin.header)):
                limits.check_columns(len(row))
                head.append(row)
                ends.append(reader.line_num)
        self.header_row, header = header_of(head, self._origin.header)
        self._above = self._said + ends[max(self.header_row - 1, 0)]
        self.likely_header = likely_row(head[:FIRST_ROWS]) if self._origin.header else 0
        self.headers = tuple(tidy(name) for name in header)

    def batches(self, chosen: Sequence[int]) -> pa.RecordBatchReader:
        """The chosen columns, by their places, a part of the rows at a time.

        Parameters
        ----------
        chosen
            Positions of columns, from 0.
        """
        if self._skipping is not None:
            return self._skipping.batches(chosen)
        fields = [f"c{i}" for i in range(len(self.headers))]
        # The header enters as a row and is cut off: names may be double or hostile, positions are not.
        reader = pa.csv.open_csv(
            self._path,
            read_options=pa.csv.ReadOptions(
                column_names=fields,
                skip_rows=self._above,
                use_threads=False,  # only then are rows numbered
                block_size=_LONGEST_ROW_BYTES,
                encoding="utf8" if self._utf8 else self._origin.encoding,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self._separator, newlines_in_values=True, invalid_row_handler=self._note
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(fields, pa.string()),
                include_columns=[fields[i] for i in chosen] or fields[:1],
                strings_can_be_null=False,
            ),
        )
        return pa.RecordBatchReader.from_batches(reader.schema, self._below_header(reader))

    def _below_header(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        self._rows = 0
        for batch in reader:
            if not batch.num_rows:
                continue
            yield batch if self._rows or not self.header_row else batch.slice(1)
            self._rows += batch.num_rows

    def _note(self, row: pa.csv.InvalidRow) -> str:
        self._ragged.append((row.number, row.actual_columns))
        return "skip"

    def verdict(self) -> None:
        """Refuse rows of another length than the header, once all are read."""
        ragged: Sequence[tuple[int | None, int]] = self._ragged
        if self._skipping is not None:
            self._skipping.verdict()
            ragged = self._skipping.ragged
        self._check_quotes()
        if not ragged:
            return
        line, got = ragged[0]
        told = {"rows": rows(len(ragged)), "expected": len(self.headers), "line": number(line), "got": got}
        template = "{rows} without the {expected} fields of the header (the first: row {line}, with {got}); {what}"
        what = sentence("mend the file, or check separator: and quotation marks.")
        if self.likely_header != self.header_row:
            what = sentence("the header seems to stand in row {row}: write header: {row}.", row=self.likely_header)
        elif len(ragged) <= _FEW_ROWS:
            skip = [*self._origin.skip, *self._ragged_rows()]
            hint = "mend the file, or check separator: and quotation marks. If they are no data, write skip: {skip}."
            what = sentence(hint, skip=skip)
        raise DataError(sentence(template, **told, what=what))

    def _check_quotes(self) -> None:
        """Refuse rows that stand in one cell, for a quotation mark was left open or stands where none belongs."""
        if self._one_line_a_row():
            return
        try:
            with self._path.open(encoding=self._encoding, newline="") as text:
                reader = limits.rows(text, self._separator)
                above = self._above + bool(self.header_row)
                below = ((reader.line_num, row) for row in reader if row and reader.line_num > above)
                found = list(islice(swallowed(below, len(self.headers), self._separator), _FEW_ROWS))
        except csv.Error:
            raise DataError(sentence("not readable as CSV; is a quotation mark left open?")) from None
        if not found:
            return
        first = found[0]
        template = (
            "lines {first} to {last} are read as one row, for a quotation mark opens in line {first} and closes in "
            "line {last}{more}. Take out marks that do not belong there; within a cell, write them twice."
        )
        others = listing([sentence("{a} to {b}", a=number(each.first), b=number(each.last)) for each in found[1:]])
        more = sentence("; so are lines {others}", others=others) if others else ""
        raise DataError(sentence(template, first=number(first.first), last=number(first.last), more=more))

    def _one_line_a_row(self) -> bool:
        """Whether as many rows were read as the file has lines: then no cell has several."""
        if self._skipping is not None or not (self._utf8 or "\n".encode(self._encoding) == b"\n"):
            return False
        ends, blank, last = 0, 0, b"\n"
        with self._path.open("rb") as file:
            for chunk in _chunks(file):
                ends += chunk.count(b"\n")
                blank += chunk.count(b"\n\n") + chunk.count(b"\n\r\n")
                last = chunk[-1:]
        lines = ends + (last != b"\n") - blank - self._above
        return lines == self._rows + len(self._ragged)

    def _ragged_rows(self) -> list[int]:
        """The rows without the fields of the header, as a spreadsheet counts (Arrow counts no blank ones)."""
        with self._path.open(encoding=self._encoding, newline="") as text:
            if self._said:
                text.readline()
            numbered = enumerate(limits.rows(text, self._separator), 1)
            return [
                i
                for i, row in numbered
                if row and len(row) != len(self.headers) and i > self.header_row and i not in self._origin.skip
            ]

    def explain(self) -> DataError:
        """Why reading broke off: the first place that cannot be read."""
        decode = codecs.getincrementaldecoder("utf-8" if self._utf8 else self._origin.encoding)()
        line = 1
        with self._path.open("rb") as file:
            for chunk in _chunks(file):
                held = decode.getstate()[0]
                try:
                    decode.decode(chunk)
                except UnicodeError as error:
                    at = max(getattr(error, "start", 0) - len(held), 0)
                    row, byte = number(line + chunk.count(b"\n", 0, at)), f"0x{chunk[at]:02X}"
                    likely, others = encodings.guess(self._path)
                    listed = listing([each for each in (likely, *others) if each != self._origin.encoding], "or")
                    listed = listed or sentence("a damaged file")
                    template = (
                        "not written in {encoding} (line {line} has a byte {byte} that does not fit); its bytes look "
                        "like {likely}: if they are, write encoding:."
                    )
                    what = {"encoding": self._origin.encoding, "line": row, "byte": byte, "likely": listed}
                    return DataError(sentence(template, **what))
                line += chunk.count(b"\n")
        return DataError(sentence("not readable as CSV; is a quotation mark left open?"))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk


def _check_separator(headers: tuple[str, ...], separator: str) -> None:
    others = [mark for mark in ";,\t|" if mark != separator and mark in headers[0]]
    if len(headers) == 1 and others:
        template = "the header is one single column and has {other} in it; is separator: {separator} right?"
        raise DataError(sentence(template, other=shown(others[0]), separator=shown(separator)))
