"""What was known about a customer's attributes at the cut-off."""

from collections.abc import Sequence
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from workbench.errors import DataError
from workbench.features.snapshots import KEYS, Snapshots, at_cutoffs, instant, known_at, require
from workbench.wording import sentence, shown, suggestion

# Columns of `customers` that say when something holds and are not attributes themselves.
TIMES = ("customer_id", "first_seen", "valid_from", "known_at")


class Attributes(NamedTuple):
    """Attributes at the cut-off, and the names of those that stay out because nothing says from when they hold.

    `table` has `customer_id`, `cutoff` and the attributes; `kept_out` the others' names.
    """

    table: Table
    kept_out: tuple[str, ...]


def attributes_at(customers: Table, when: Snapshots, *, constant: Sequence[str] = ()) -> Attributes:
    """The attributes that each customer had at each cut-off.

    With a column `valid_from`, `customers` may hold several versions of a customer and the last one with
    `valid_from < cutoff` counts (and `known_at < cutoff`, where there is one). Without it the table is *as of extract*:
    an attribute may have been written after the cut-off, so only those declared constant enter.

    Parameters
    ----------
    constant
        Columns that never change (year of birth, acquisition channel): they enter whenever they were recorded. A
        customer must have one value of each.

    Raises
    ------
    DataError
        A column that is declared constant is not there.
    """
    require(customers, "customers", ["customer_id"], times=["first_seen", "valid_from", "known_at"])
    own = [name for name in customers.columns if name not in TIMES]
    faults = [
        sentence("customers.{column}: declared constant, got no such column{hint}", column=name,
                 hint=suggestion(name, own))
        for name in constant if name not in own
    ]  # fmt: skip
    if faults:
        raise DataError(*faults)
    dated = "valid_from" in customers.columns
    kept_out = () if dated else tuple(name for name in own if name not in constant)
    fixed = customers.group_by("customer_id").aggregate(**{name: customers[name].max() for name in constant})
    table = at_cutoffs(fixed, when)
    changing = [name for name in own if name not in constant]
    if dated and changing:
        rows = at_cutoffs(customers, when)
        rows = rows.filter(rows.valid_from.cast("timestamp") < instant(rows),
                           known_at(rows, time="valid_from") < instant(rows))  # fmt: skip
        # Two versions of one instant: any order will do, as long as it is the same one every time.
        order = [rows.valid_from.desc(), *(rows[name].asc(nulls_first=False) for name in changing)]
        rows = rows.mutate(place=ibis.row_number().over(group_by=KEYS, order_by=order))
        rows = rows.filter(rows.place == 0).select(*KEYS, *changing)
        table = table.left_join(rows, KEYS).drop(*(f"{key}_right" for key in KEYS))
    return Attributes(table.select(*KEYS, *(name for name in own if name not in kept_out)), kept_out)


def refuse_kept_out(attributes: Attributes, wanted: Sequence[str]) -> None:
    """Refuse attributes that are asked for by name and cannot be given as of the cut-off.

    Raises
    ------
    DataError
        With one fault for each.
    """
    faults = [
        sentence("customers.{column}: nothing says from when it holds, so at the cut-off it may not have been so; give "
                 "customers a valid_from or declare {name} constant.", column=name, name=shown(name))
        for name in wanted if name in attributes.kept_out
    ]  # fmt: skip
    if faults:
        raise DataError(*faults)
