"""What goes wrong in real systems, switched on to exercise the checks of the data: each kind at its own rate."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.simulate.engine.settings import Settings
from workbench.simulate.records import extract_day


def soiled(tables: dict[str, pa.Table], settings: Settings, first_slot: int) -> dict[str, pa.Table]:
    """The tables of a block with a share `settings.dirt` of each kind of fault.

    Transactions and interactions: rows twice; categories and channels missing; a `known_at` days after the event
    (some records arrive late). Surveys: responses twice. Customers: regions missing. Contracts: ends before their
    starts. A tenth of that share: transactions of customers whom nobody knows.

    Parameters
    ----------
    tables
        By name.
    settings
        Of the world.
    first_slot
        Of the block; faults of each block are drawn anew.
    """
    if not settings.dirt:
        return tables
    random = np.random.default_rng([settings.seed, 20_261_124, first_slot])
    made = dict(tables)
    for name in ("transactions", "interactions"):
        table = made[name]
        late = np.where(random.random(len(table)) < settings.dirt, random.integers(1, 21, len(table)), 0)
        extract = np.datetime64(extract_day(settings), "s")
        moments = np.minimum(table["timestamp"].to_numpy() + late.astype("timedelta64[D]"), extract)
        made[name] = table.append_column("known_at", pa.array(moments, pa.timestamp("s")))
    for name, column in (("transactions", "category"), ("interactions", "channel"), ("customers", "region")):
        made[name] = _without(made[name], column, random.random(len(made[name])) < settings.dirt)
    for name in ("transactions", "interactions", "surveys"):
        made[name] = _twice(made[name], random.random(len(made[name])) < settings.dirt)
    made["subscriptions"] = _backwards(made["subscriptions"], random, settings.dirt)
    made["transactions"] = _orphaned(made["transactions"], random, settings.dirt / 10)
    return made


def _replaced(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _without(table: pa.Table, column: str, where: np.ndarray) -> pa.Table:
    return _replaced(table, column, pc.if_else(pa.array(where), None, table[column]))


def _twice(table: pa.Table, where: np.ndarray) -> pa.Table:
    return table.take(pa.array(np.sort(np.concatenate([np.arange(len(table)), np.flatnonzero(where)]))))


def _backwards(table: pa.Table, random: np.random.Generator, share: float) -> pa.Table:
    wrong = pa.array(random.random(len(table)) < share)
    earlier = pc.cast(pc.subtract(pc.cast(table["start"], pa.int32()), pa.scalar(30, pa.int32())), pa.date32())
    return _replaced(table, "end", pc.if_else(pc.and_(wrong, pc.is_valid(table["end"])), earlier, table["end"]))


def _orphaned(table: pa.Table, random: np.random.Generator, share: float) -> pa.Table:
    wrong = pa.array(random.random(len(table)) < share)
    return _replaced(table, "customer_id", pc.if_else(wrong, "C9999999999", table["customer_id"]))
