"""Where the rows of a table lie → columns of a table in the connection, named by position (`c0`, `c1`, …)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition
from workbench.datasets.definitions.origin import Origin, inside
from workbench.datasets.definitions.phrases import names
from workbench.datasets.reading import headless, packaged
from workbench.datasets.reading import text as reading
from workbench.datasets.reading.connection import Connection
from workbench.datasets.reading.headers import names_among, reachable, tidy
from workbench.datasets.reading.limits import check_columns
from workbench.datasets.reading.selects import check_select
from workbench.errors import DataError
from workbench.wording import listing, number, sentence, shown, suggestion

type Wanted = Callable[[str], bool]


@dataclass(frozen=True)
class RawTable:
    """Columns as they stand in the file.

    Attributes
    ----------
    headers
        Names with blanks collapsed, each of its own (see `headers.reachable`).
    table
        Columns `c<position>`; those that were not asked for may be absent.
    given
        The headers as they stand in the file: some may be double or empty.
    header_row, likely_header
        The row of the file in which they stand, as a spreadsheet counts, and the one in which they seem to; 0 where
        there is no such row.
    unread
        Sheets that are not read.
    """

    headers: tuple[str, ...]
    table: ir.Table
    given: tuple[str, ...] = ()
    header_row: int = 0
    likely_header: int = 0
    unread: tuple[str, ...] = ()

    def column(self, header: str) -> ir.Value:
        """The column under a header.

        Parameters
        ----------
        header
            One of `headers`.
        """
        return self.table[f"c{self.headers.index(tidy(header))}"]


@dataclass(frozen=True)
class Place:
    """A dataset's folder and the cache of samples."""

    folder: Path
    cache: Path

    def files(self, listed: Iterable[str]) -> list[tuple[str, Path]]:
        """The files that names and patterns stand for, in the order of names; each lies inside the folder.

        Parameters
        ----------
        listed
            Names, or patterns such as `part-*.csv`.

        Raises
        ------
        DataError
            For a pattern without a file, or what leads out of the folder.
        """
        found: list[tuple[str, Path]] = []
        for name in listed:
            pattern = any(mark in name for mark in "*?[") and not (self.folder / name).exists()
            hits = (
                sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob(name))
                if pattern
                else [name]
            )
            if not hits:
                raise DataError(sentence("{name}: no file has such a name.", name=shown(name)))
            for hit in hits:
                path = inside(self.folder, hit)
                if path is None:
                    template = "{name}: got a link that leads out of the dataset's folder."
                    raise DataError(sentence(template, name=shown(hit)))
                found.append((hit, path))
        return found


def readable(origins: Iterable[Origin], place: Place) -> list[Path]:
    """Parquet files that the connection must be able to read itself. Faults are told when the table is read.

    Parameters
    ----------
    origins
        Of all tables.
    place
        The dataset's folder, and where samples are kept.
    """
    found: list[Path] = []
    for origin in origins:
        for listed in origin.files.values():
            try:
                found += [path for _, path in place.files(listed) if path.suffix.lower() in reading.PARQUET]
            except (DataError, OSError, ValueError):
                continue
        found += [path for name in origin.samples.values() if (path := packaged.parquet_path(name, place.cache))]
    return found


def open_rows(connection: Connection, origin: Origin, place: Place, name: str, wanted: Wanted) -> RawTable:
    """The rows of a table.

    Parameters
    ----------
    connection
        Where they are laid out (Parquet stays where it is).
    origin, place
        Where they lie.
    name
        What to call them in the connection.
    wanted
        Which headers to read.

    Raises
    ------
    DataError
        When they cannot be read, with the file's name.
    """
    if origin.connection:
        from workbench.datasets.reading import remote

        return _typed(connection, name, remote.read(origin, place.folder), wanted)
    if not origin.sql:
        (alias,) = [*origin.files, *origin.samples]
        return _read(connection, origin, place, alias, f"_raw_{name}", wanted)
    return _query(connection, origin, place, name, wanted)


def _read(connection: Connection, origin: Origin, place: Place, alias: str, name: str, wanted: Wanted) -> RawTable:
    if alias in origin.samples:
        sample = origin.samples[alias]
        label = sentence("sample {name}", name=sample)
        try:
            found = packaged.read_sample(sample, place.cache)
            if isinstance(found, Path):
                files = [(found.name, found)]
            else:
                return _typed(connection, name, found.to_reader(), wanted)
        except DataError as error:
            raise DataError(*(f"{label}: {fault}" for fault in error.faults)) from error
    else:
        files = place.files(origin.files[alias])
    raw: RawTable | None = None  # there is at least one file, and each text of it or the file itself makes it one
    parquet = [path for _, path in files if path.suffix.lower() in reading.PARQUET]
    for label, path in files:
        connection.files.note(path, label, stays_open=bool(parquet))
        try:
            reading.check_file(path, label)
            if parquet:
                if len(parquet) < len(files):
                    raise DataError(sentence("files of one table must be of one kind."))
                if origin.header != 1 or origin.skip:
                    raise DataError(sentence("header: and skip: are for CSV and Excel, got Parquet."))
                schema = reading.parquet_schema(path).names
                check_columns(len(schema))
                given = tuple(tidy(header) for header in schema)
                _same_headers(raw, reachable(given))
                raw = raw or RawTable(reachable(given), None, given)
            else:
                for text in reading.open_texts(path, origin):
                    raw = _stage(connection, text, name, wanted, raw)
        except DataError as error:
            told = label if alias in origin.samples else shown(label)
            raise DataError(*(f"{told}: {fault}" for fault in error.faults)) from error.__cause__
        connection.files.note(path, label)
    assert raw is not None, alias
    if not parquet:
        return raw
    try:
        table = connection.parquet(parquet)
    except duckdb.Error:
        raise DataError(sentence("{file}: not a Parquet file, or a damaged one.", file=shown(files[0][0]))) from None
    columns = [(i, header) for i, header in enumerate(raw.headers) if wanted(header)]
    named = {f"c{i}": table[table.columns[i]] for i, _ in columns} or {"c0": table[table.columns[0]]}
    return replace(raw, table=table.select(**named))


def _stage(
    connection: Connection, file: reading.TextFile, name: str, wanted: Wanted, before: RawTable | None
) -> RawTable:
    own = reachable(file.headers)
    _same_headers(before, own)
    headers = before.headers if before else own
    chosen = [i for i, header in enumerate(headers) if wanted(header)] or [0]
    # A later file may have its columns in another order: positions are the first file's.
    places = chosen if headers == own else [own.index(headers[i]) for i in chosen]
    try:
        reader = _renamed(file.batches(places), [f"c{i}" for i in places], [f"c{i}" for i in chosen])
        table = connection.stage(name, reader, append=before is not None)
    except (duckdb.Error, pa.ArrowException, UnicodeError):
        raise file.explain() from None
    file.verdict()
    if before:
        return replace(before, table=table, unread=(*before.unread, *file.unread))
    return RawTable(headers, table, file.headers, file.header_row, file.likely_header, file.unread)


def _renamed(reader: pa.RecordBatchReader, old: list[str], new: list[str]) -> pa.RecordBatchReader:
    if old == new:
        return reader
    schema = pa.schema([(name, pa.string()) for name in new])
    batches = (pa.record_batch([batch.column(name) for name in old], schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, batches)


def _same_headers(before: RawTable | None, headers: tuple[str, ...]) -> None:
    if before is None or sorted(before.headers) == sorted(headers):
        return
    # Not named: the first line of a file without a header is somebody's row.
    odd = [i for i, header in enumerate(headers, 1) if header not in before.headers]
    template = "its columns are not those of the first file: got {count} ({odd} under another name), expected {of}."
    count, of = number(len(headers)), number(len(before.headers))
    raise DataError(sentence(template, count=count, odd=number(len(odd)), of=of))


def _typed(connection: Connection, name: str, reader: pa.RecordBatchReader, wanted: Wanted) -> RawTable:
    """Typed batches (a sample, a database), laid out."""
    check_columns(len(reader.schema.names))
    given = tuple(tidy(header) for header in reader.schema.names)
    headers = reachable(given)
    chosen = [i for i, header in enumerate(headers) if wanted(header)] or [0]
    schema = pa.schema([pa.field(f"c{i}", reader.schema.field(i).type) for i in chosen])
    batches = (pa.record_batch([batch.column(i) for i in chosen], schema=schema) for batch in reader)
    return RawTable(
        headers, connection.stage(f"_raw_{name}", pa.RecordBatchReader.from_batches(schema, batches)), given
    )


def _query(connection: Connection, origin: Origin, place: Place, name: str, wanted: Wanted) -> RawTable:
    check_select(origin.sql, "duckdb")
    aliases = [*origin.files, *origin.samples]
    staged = [f"_raw_{name}_{alias}" for alias in aliases]
    for alias, into in zip(aliases, staged, strict=True):
        raw = _read(connection, origin, place, alias, into, lambda header: True)
        _check_names(alias, raw.headers)
        columns = {header: _or_null(raw.table[f"c{i}"]) for i, header in enumerate(raw.headers)}
        connection.view(alias, raw.table.select(**columns))
    try:
        connection.execute(
            f"CREATE OR REPLACE TABLE _sql_{name} AS SELECT * FROM (\n{origin.sql.rstrip().rstrip(';')}\n)"
        )
    except (
        duckdb.CatalogException,
        duckdb.BinderException,
        duckdb.ParserException,
        duckdb.PermissionException,
    ) as error:
        # These speak of the SQL, which stands in dataset.yaml; others may quote a cell.
        # Their candidates are headers, which may be values of a file without a header.
        first = re.split(r"\n\n|LINE 1|Candidate bindings|Did you mean", str(error))[0]
        first = re.sub(r"\s+", " ", first).strip()
        raise DataError(sentence("sql: {why}", why=shown(first, longest=300)[1:-1])) from None
    except duckdb.Error as error:
        template = "sql: it fails on the values ({kind}); columns of text files are text, see TRY_CAST."
        raise DataError(sentence(template, kind=type(error).__name__.removesuffix("Exception"))) from None
    connection.drop(views=aliases, tables=staged)
    table = connection.backend.table(f"_sql_{name}")
    check_columns(len(table.columns))
    given = tuple(tidy(header) for header in table.columns)
    headers = reachable(given)
    chosen = {f"c{i}": table[table.columns[i]] for i, header in enumerate(headers) if wanted(header)}
    return RawTable(headers, table.select(**(chosen or {"c0": table[table.columns[0]]})), given)


def _or_null(column: ir.Value) -> ir.Value:
    """Text files have an empty text where they have no value; SQL has NULL."""
    return column.nullif("") if column.type().is_string() else column


def _check_names(alias: str, headers: tuple[str, ...]) -> None:
    folded = [header.casefold() for header in headers]
    double = [number(i) for i, header in enumerate(headers, 1) if folded.count(header.casefold()) > 1]
    if double:
        template = (
            "{alias}: SQL needs columns with names of their own, got the name of column {places} twice "
            "(capitals do not count)."
        )
        raise DataError(sentence(template, alias=alias, places=listing(double)))


def lacking(columns: Iterable[ColumnDefinition], raw: RawTable, *, named: bool = True) -> dict[str, list[str]]:
    """What is said of columns that the file does not have, by the name of the column that is read from them.

    Parameters
    ----------
    columns
        Columns as dataset.yaml defines them.
    raw
        The rows as they were read, with their headers.
    named
        Whether its first line names columns; what else stands there is not told.
    """
    found: dict[str, list[str]] = {}
    for column in columns:
        for source in (column.source, *([column.currency_from] if column.currency_from else [])):
            if fault := _header_fault(column, tidy(source), raw, named=named):
                found.setdefault(column.name, []).append(fault)
    return found


def is_headless(raw: RawTable, connection: Connection, tells: Callable[[str], bool]) -> bool:
    """Whether the line of a text file that should name the columns looks like a row of data.

    Parameters
    ----------
    raw
        The rows as they were read, with their headers.
    connection
        Where they are laid out.
    tells
        Whether a text looks like a person's.
    """
    if not raw.header_row:
        return False
    places = [int(name[1:]) for name in raw.table.columns]
    texts = connection.arrow(raw.table.limit(headless.ROWS)).to_pydict().values()
    rows = [[str(cell or "") for cell in row] for row in zip(*texts, strict=True)]
    return headless.is_headless([raw.given[place] for place in places], rows, tells)


def elsewhere(definition: TableDefinition, raw: RawTable) -> list[str]:
    """Where the columns that a file lacks may be: below another row, or on another sheet.

    Parameters
    ----------
    definition
        The table, as dataset.yaml has it.
    raw
        The rows as they were read, with their headers.
    """
    found: list[str] = []
    if raw.likely_header != raw.header_row and definition.origin.header == 1:
        template = "the header seems to stand in row {row} of the file: if so, write header: {row}."
        found.append(sentence(template, row=raw.likely_header))
    if raw.unread:
        template = "the workbook has other sheets: {sheets}. Write sheet: and the name of the one that is meant."
        found.append(sentence(template, sheets=names(raw.unread)))
    return found


def _header_fault(column: ColumnDefinition, source: str, raw: RawTable, *, named: bool) -> str | None:
    if source in raw.headers:
        return None
    if count := raw.given.count(source):
        template = "column {column}: the header has {source} {count} times; write from: {first} or {last}."
        first, last = (shown(sentence("{header} ({n})", header=source, n=n)) for n in (1, count))
        return sentence(template, column=column.name, source=shown(source), count=count, first=first, last=last)
    template = "column {column}: the file has no column {source}{near}"
    near = suggestion(source, names_among(raw.headers) if named else [])
    return sentence(template, column=column.name, source=shown(source), near=near)
