"""Features of chosen rows in memory: some cut-offs after the others, in single precision, of nobody else.

A million customers at seven cut-offs with 180 features are 10 GB of floats of eight bytes, and more while they are made
and fetched. Who is looked at is mostly known before: customers who may still leave, of earlier cut-offs a sample.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.schema import Schema
from ibis.expr.types import Table

from workbench.features.snapshots import KEYS, Snapshots
from workbench.memory import give_back

Make = Callable[[Snapshots, Table], Table]
TOGETHER = 200_000
"""Rows that one query makes. Cut-offs with fewer go together: to compile a query takes as long as 50,000 rows. Of more
customers some come after the others, by the same query: sums of 180 features of so many take 1.3 GB, and each query
reads the tables of all."""


def features_of_rows(make: Make, when: Snapshots, rows: pd.DataFrame, *, together: int = TOGETHER) -> pd.DataFrame:
    """Features of some customers, each at its cut-offs.

    Parameters
    ----------
    make
        Gives the table of features, one row per (customer_id, cutoff), of snapshots and of customers in a table. Where
        there are more rows than go together, its tables are those of one database.
    when
        The cut-offs.
    rows
        `customer_id` and `cutoff` (datetime), each pair once and each customer known before the cut-off.
    together
        Rows that are made by one query.

    Returns
    -------
    DataFrame
        In the order of `rows`, without the two keys: numbers as float32, counts and days as int32 where none is
        missing, dates as datetime64, everything else as it is.
    """
    found: dict[str, np.ndarray] = {}
    whole: dict[str, bool] = {}
    for places in _queries(when, rows, together):
        for some, (fetched, kinds) in zip(places, _fetched(make, when, rows, places), strict=True):
            wanted, place = _places(fetched, rows, some)
            whole = {name: kind.is_integer() for name, kind in kinds.items() if name not in KEYS}
            for name in whole:
                values = _values(fetched.column(name))
                there = found.setdefault(name, np.empty(len(rows), dtype=values.dtype))
                there[place] = values[wanted]
            del fetched  # before the next ones are made
            pa.default_memory_pool().release_unused()
            give_back()
    return pd.DataFrame({name: _told(found.pop(name), whole[name]) for name in list(found)}, copy=False)


def _queries(when: Snapshots, rows: pd.DataFrame, together: int) -> Iterator[list[dict[dt.date, np.ndarray]]]:
    """Places of rows by cut-off: one query's of several cut-offs, or some customers and then those who follow."""
    cutoffs, ids, size = rows["cutoff"].to_numpy(), rows["customer_id"], 0
    batch: dict[dt.date, np.ndarray] = {}
    for day in when.cutoffs:
        place = np.flatnonzero(cutoffs == np.datetime64(day))
        if len(place) > together:
            place = place[ids.iloc[place].argsort(kind="stable")]
            yield [{day: part} for part in np.array_split(place, math.ceil(len(place) / together))]
        elif len(place):
            if size + len(place) > together:
                yield [batch]
                batch, size = {}, 0
            batch[day], size = place, size + len(place)
    if batch:
        yield [batch]


def _fetched(
    make: Make, when: Snapshots, rows: pd.DataFrame, places: list[dict[dt.date, np.ndarray]]
) -> Iterator[tuple[pa.Table, Schema]]:
    """Features of the customers of each place with their types, of the same cut-offs: compiled once for all."""
    days, ids = replace(when, cutoffs=tuple(places[0])), rows["customer_id"].to_numpy()

    def asked(some: dict[dt.date, np.ndarray]) -> pa.Table:
        return pa.table({"customer_id": pd.unique(ids[np.concatenate(list(some.values()))])})

    made = make(days, ibis.memtable(asked(places[0])))
    if len(places) == 1:
        yield _single(made).to_pyarrow(), made.schema()
        return
    database, name = made.get_backend(), ibis.util.gen_name("asked")
    database.con.register(name, asked(places[0]))
    query = database.compile(_single(make(days, database.table(name))))
    for some in places:
        database.con.register(name, asked(some))
        yield database.con.execute(query).to_arrow_table(), made.schema()
    database.con.unregister(name)


def _single(made: Table) -> Table:
    """Numbers in single precision."""
    kinds = made.drop(*KEYS).schema()
    return made.mutate(**{name: made[name].cast("float32") for name, kind in kinds.items() if kind.is_numeric()})


def _places(fetched: pa.Table, rows: pd.DataFrame, some: Mapping[dt.date, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Which fetched rows are wanted, and where each of them stands in `rows`."""
    ids, cutoffs = fetched.column("customer_id").to_pandas(), fetched.column("cutoff").to_numpy()
    wanted, places = [], []
    for day, place in some.items():
        there = np.flatnonzero(cutoffs == np.datetime64(day))
        at = pd.Index(rows["customer_id"].to_numpy()[place]).get_indexer(ids.iloc[there])
        wanted.append(there[at >= 0])
        places.append(place[at[at >= 0]])
    return np.concatenate(wanted), np.concatenate(places)


def _values(column: pa.ChunkedArray) -> np.ndarray:
    """As NumPy has them; truths as objects, because they may be missing at another cut-off."""
    if pa.types.is_floating(column.type):
        return column.to_numpy()
    if pa.types.is_temporal(column.type):
        return column.cast(pa.timestamp("s")).to_numpy()
    return column.to_pandas().to_numpy(dtype=object)


def _told(values: np.ndarray, whole: bool) -> np.ndarray | pd.Series:
    if whole and not np.isnan(values).any():
        return values.astype(np.int32)
    return pd.Series(values).infer_objects() if values.dtype == object else values
