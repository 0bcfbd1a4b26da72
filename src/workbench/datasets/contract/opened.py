"""A canonical table that has kept its contract: in memory, as a fingerprint, and in the words of a report."""

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.datasets.contract.counted import TableFacts
from workbench.datasets.definitions.canonical import ROW_ID
from workbench.datasets.definitions.dataset import TableDefinition
from workbench.datasets.reading.connection import Connection
from workbench.findings import Check
from workbench.wording import sentence

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Loaded:
    """A canonical table that has kept its contract.

    Attributes
    ----------
    frame
        One row a row of the file, in its order; canonical columns first, then the others as declared. Ids are text, or
        row numbers from 1; numbers, money and ratings float64 (NaN missing); truths bool (object with None where some
        are missing); categories and texts object (None missing); dates and timestamps datetime64 (NaT missing).
    checks
        What a reader of a study must know about the data.
    """

    frame: "DataFrame"
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Opened:
    """A canonical table that has kept its contract, not yet in memory.

    Attributes
    ----------
    definition
        With the kinds and units that the columns turned out to have.
    table
        Canonical columns; numbers are float64, times wall clock of the table's zone, ids string (row numbers int64).
    checks
        What a reader must know.
    facts
        Rows, missing and not applicable cells by column, columns that look personal, first and last day.
    """

    definition: TableDefinition
    table: ir.Table
    checks: tuple[Check, ...]
    facts: TableFacts


def load(opened: Opened, connection: Connection) -> Loaded:
    """A canonical table in memory.

    Parameters
    ----------
    opened
        The open table.
    connection
        Where rows are laid out.
    """
    arrow = connection.arrow(opened.table)
    return Loaded(arrow.to_pandas(date_as_object=False), opened.checks)


def write(opened: Opened, connection: Connection, path: Path) -> None:
    """A canonical table as a Parquet file, a part at a time; pandas reads it as the frame of `load`.

    Parameters
    ----------
    opened
        The open table.
    connection
        Where rows are laid out.
    path
        Where to.
    """
    batches = connection.batches(opened.table)
    # pandas would read days as Python objects.
    fields = [f.with_type(pa.timestamp("ms")) if pa.types.is_date(f.type) else f for f in batches.schema]
    schema = pa.schema(fields)
    with pq.ParquetWriter(path, schema) as writer, ThreadPoolExecutor(1) as beside:
        written = None
        for batch in batches:  # the next one is made while one is written
            if written is not None:
                written.result()
            written = beside.submit(writer.write_batch, batch.cast(schema))
        if written is not None:
            written.result()


def fingerprint(contents: Iterable[bytes]) -> str:
    """A SHA-256 of what tables say, each by its `content`, in the order of their names.

    Parameters
    ----------
    contents
        Of each table, in the order of names.
    """
    total = hashlib.sha256()
    for each in contents:
        total.update(each)
    return f"sha256:{total.hexdigest()}"


def content(opened: Opened, connection: Connection) -> bytes:
    """What a table says: values, their order, names, kinds, units, scales, uses, segments and since when.

    Not where or how they are stored. A row counts through the MD5 of its values and its number, and a table through the
    sum of those, so that any number of rows is taken in one pass: proof against accident, not against forgery.

    Parameters
    ----------
    opened
        The open table.
    connection
        Where rows are laid out.
    """
    definition, table = opened.definition, opened.table
    by_name = {column.name: column for column in definition.columns}
    meaning: list[object] = [definition.name, definition.time_unit, definition.time_zone, definition.segments]
    if definition.records_since is not None:
        meaning.append(str(definition.records_since))
    for name in table.columns:
        column = by_name.get(name)
        unit, scale = (column.unit, column.scale) if column else ("", None)
        use = (column.use,) if column and column.use else ()
        meaning.append((name, str(table[name].type().copy(nullable=True)), unit, scale, *use))
    texts = [ibis.coalesce(_written(table[name]), "~") for name in table.columns]
    written = connection.sql(table.select(line=ibis.literal("|").join(texts)))
    sums = connection.execute(
        "SELECT count(*), sum((h & 18446744073709551615::UHUGEINT)::UBIGINT), sum((h >> 64)::UBIGINT) "
        f"FROM (SELECT md5_number(row_number() OVER () || '|' || line) AS h FROM ({written}))"
    )
    return json.dumps([meaning, [str(value) for value in sums[0]]]).encode()


def profile(opened: Opened) -> dict:
    """What a report says about a table: rows, columns with label, unit and share missing. Safe for strict JSON.

    Parameters
    ----------
    opened
        The open table.
    """
    by_name = {column.name: column for column in opened.definition.columns}
    count = opened.facts["rows"]
    described = []
    for name in opened.table.columns:
        column = by_name.get(name)
        if column is None and name != ROW_ID.get(opened.definition.name):
            continue  # a companion, or known_at as it is by default
        missing, beside = opened.facts["missing"].get(name, 0), opened.facts["not_applicable"].get(name)
        described.append(
            {
                "name": name,
                "label": column.label if column else sentence("Row number"),
                "unit": column.unit if column else "",
                "missing": (missing - (beside or 0)) / count,
                **({} if beside is None else {"not_applicable": beside / count}),
            }
        )
    return {"rows": count, "columns": described, "first": opened.facts["first"], "last": opened.facts["last"]}


@dataclass(frozen=True)
class Shape:
    """What may be told of the values of a column, beside how many there are.

    Attributes
    ----------
    kind
        What they are; empty where it is not told.
    levels
        Different values of a category.
    low, high
        1st and 99th percentile of a number; None where fewer than ten people would lie beyond.
    """

    kind: str
    levels: int | None = None
    low: float | None = None
    high: float | None = None


_FEWEST_FOR_PERCENTILES = 1000  # values: below, the outer hundredth would be single customers


def shapes(opened: Opened, connection: Connection) -> dict[str, Shape]:
    """The shape of each column; only its kind of an id or of what may tell a person.

    Parameters
    ----------
    opened
        The open table.
    connection
        Where rows are laid out.
    """
    found: dict[str, Shape] = {}
    columns = {column.name: column for column in opened.definition.columns if column.name in opened.table.columns}
    measures: dict[str, str] = {}
    for name, column in columns.items():
        found[name], quoted = Shape(column.kind or ""), '"' + name.replace('"', '""') + '"'
        if column.personal or column.kind == "id" or name in opened.facts["looks"]:
            continue
        if column.kind == "category":
            measures[name] = f"[count(DISTINCT {quoted})]"
        elif column.kind in ("number", "money"):
            quantiles = f"approx_quantile({quoted}, 0.01)::DOUBLE, approx_quantile({quoted}, 0.99)::DOUBLE"
            measures[name] = f"[count({quoted}), {quantiles}]"
    if not measures:
        return found
    (row,) = connection.execute(f"SELECT {', '.join(measures.values())} FROM ({connection.sql(opened.table)})")
    for name, values in zip(measures, row, strict=True):
        if len(values) == 1:
            found[name] = Shape("category", levels=int(values[0]))
        elif values[0] >= _FEWEST_FOR_PERCENTILES:
            found[name] = Shape(found[name].kind, low=values[1], high=values[2])
    return found


def _written(values: ir.Value) -> ir.StringValue:
    """A value in the one notation that the fingerprint has for it; texts carry their length, so that none runs over."""
    kind = values.type()
    if kind.is_string():
        return values.length().cast("string") + ":" + values
    if kind.is_floating():
        return (values + 0.0).cast("string")  # −0.0 and 0.0 are the same content
    return values.cast("string")
