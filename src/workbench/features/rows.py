"""Features of chosen rows in memory: one cut-off after the other, in single precision, of nobody else.

A million customers at seven cut-offs with 180 features are 10 GB of floats of eight bytes, and as much again while they
are fetched. Who is looked at is mostly known before: customers who may still leave, of earlier cut-offs a sample.
"""

from collections.abc import Callable
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from workbench.features.snapshots import Snapshots

Make = Callable[[Snapshots, Table], Table]


def features_of_rows(make: Make, when: Snapshots, rows: pd.DataFrame) -> pd.DataFrame:
    """Features of some customers, each at its cut-offs.

    Parameters
    ----------
    make
        Gives the table of features, one row per (customer_id, cutoff), of snapshots and of customers in a table.
    when
        The cut-offs.
    rows
        `customer_id` and `cutoff` (datetime), each pair once and each customer known before the cut-off.

    Returns
    -------
    DataFrame
        In the order of `rows`, without the two keys: numbers as float32, counts and days as int32 where none is
        missing, dates as datetime64, everything else as it is.
    """
    found: dict[str, np.ndarray] = {}
    whole: dict[str, bool] = {}
    cutoffs = rows["cutoff"].to_numpy()
    for day in when.cutoffs:
        place = np.flatnonzero(cutoffs == np.datetime64(day))
        if not len(place):
            continue
        ids = rows["customer_id"].to_numpy()[place]
        made = make(replace(when, cutoffs=(day,)), ibis.memtable(pd.DataFrame({"customer_id": ids})))
        kinds = made.drop("customer_id", "cutoff").schema()
        whole = {name: kind.is_integer() for name, kind in kinds.items()}
        single = {name: made[name].cast("float32") for name, kind in kinds.items() if kind.is_numeric()}
        fetched = made.drop("cutoff").mutate(**single).to_pyarrow()
        order = place[pd.Index(ids).get_indexer(fetched.column("customer_id").to_pandas())]
        for name in whole:
            values = _values(fetched.column(name))
            there = found.setdefault(name, np.empty(len(rows), dtype=values.dtype))
            there[order] = values
    return pd.DataFrame({name: _told(column, whole[name]) for name, column in found.items()}, copy=False)


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
