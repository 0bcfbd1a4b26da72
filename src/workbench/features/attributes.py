"""What was known about a customer's attributes at the cut-off."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from workbench.errors import DataError
from workbench.features.purchases import Block
from workbench.features.snapshots import KEYS, Snapshots, at_cutoffs, history, instant, known_at, require
from workbench.features.windows import over_windows
from workbench.wording import sentence, shown, suggestion

NO_DATES: Mapping[str, str] = MappingProxyType({})
# Columns of `customers` that say when something holds and are not attributes themselves.
TIMES = ("customer_id", "first_seen", "valid_from", "known_at")


class Attributes(NamedTuple):
    """Attributes at the cut-off, and the names of those that stay out because nothing says from when they hold.

    `table` has `customer_id`, `cutoff` and the attributes; `kept_out` the others' names.
    """

    table: Table
    kept_out: tuple[str, ...]


def attributes_at(
    customers: Table,
    when: Snapshots,
    *,
    constant: Sequence[str] = (),
    valid_from: Mapping[str, str] = NO_DATES,
) -> Attributes:
    """The attributes that each customer had at each cut-off.

    An attribute with a date of its own (`valid_from`, or for all others a column of that name) has the value of the
    last version with that date before the cut-off (and `known_at < cutoff`, where there is one); `customers` may hold
    several versions of a customer. Without a date an attribute is *as of extract*: it may have been written after the
    cut-off, so only those declared constant enter.

    Parameters
    ----------
    constant
        Columns that never change (year of birth, acquisition channel): they enter whenever they were recorded. A
        customer must have one value of each. A dataset tells them: `dataset.table("customers").constant`.
    valid_from
        Attribute → column with the date from which it holds; a dataset tells: `dataset.table("customers").valid_from`.
    customers
        `customer_id`, attributes, and any of `first_seen`, `valid_from`, `known_at`.
    when
        The cut-offs.

    Raises
    ------
    DataError
        A column that is named here is not there.
    """
    times = ["first_seen", "valid_from", "known_at", *dict.fromkeys(valid_from.values())]
    require(customers, "customers", ["customer_id", *valid_from.values()], times=times)
    own = [name for name in customers.columns if name not in (*TIMES, *valid_from.values())]
    faults = [
        sentence(
            "customers.{column}: declared {what}, got no such column{hint}",
            column=name,
            what=what,
            hint=suggestion(name, own),
        )
        for names, what in ((constant, "constant"), (valid_from, "valid_from"))
        for name in names
        if name not in own
    ]
    if faults:
        raise DataError(*faults)
    default = "valid_from" if "valid_from" in customers.columns else None
    dates = {name: valid_from.get(name, default) for name in own if name not in constant}
    kept_out = tuple(name for name, date in dates.items() if date is None)
    fixed = customers.group_by("customer_id").aggregate(**{name: customers[name].max() for name in constant})
    table = at_cutoffs(fixed, when)
    for date in dict.fromkeys(date for date in dates.values() if date is not None):
        changing = [name for name in dates if dates[name] == date]
        table = table.left_join(_versions(customers, when, changing, date), KEYS)
        table = table.drop(*(f"{key}_right" for key in KEYS))
    return Attributes(table.select(*KEYS, *(name for name in own if name not in kept_out)), kept_out)


def changes_of(customers: Table, when: Snapshots, *, windows_days: Sequence[int]) -> Block:
    """How often what is known of a customer has changed: versions after the first, by their `valid_from`.

    Parameters
    ----------
    customers
        Several versions of a customer, each with its `valid_from`.
    when
        The cut-offs.
    windows_days
        Lengths of the windows before the cut-off.

    Returns
    -------
    Block
        `changes` with what `windows.over_windows` gives of it, `days_since_last_change`.
    """
    versions = history(customers, when, name="customers", time="valid_from")
    first = ibis.window(group_by=KEYS)
    rows = versions.mutate(is_first=versions.days_ago == versions.days_ago.max().over(first))
    later = ~rows.is_first
    zeros = {"changes": rows.count(where=later)}
    zeros |= over_windows("changes", rows.days_ago, None, windows_days=windows_days, where=later)
    since = rows.days_ago.min(where=later)
    made = rows.group_by(*KEYS).aggregate(known_days=rows.days_ago.max(), days_since_last_change=since, **zeros)
    return Block(made, tuple(zeros))


def _versions(customers: Table, when: Snapshots, changing: Sequence[str], date: str) -> Table:
    """The last version of some attributes before each cut-off, by the date from which they hold."""
    rows = at_cutoffs(customers, when)
    rows = rows.filter(rows[date].cast("timestamp") < instant(rows), known_at(rows, time=date) < instant(rows))
    # Two versions of one instant: any order will do, as long as it is the same one every time.
    order = [rows[date].desc(), *(rows[name].asc(nulls_first=False) for name in changing)]
    rows = rows.mutate(place=ibis.row_number().over(group_by=KEYS, order_by=order))
    return rows.filter(rows.place == 0).select(*KEYS, *changing)


def refuse_kept_out(attributes: Attributes, wanted: Sequence[str]) -> None:
    """Refuse attributes that are asked for by name and cannot be given as of the cut-off.

    Parameters
    ----------
    attributes
        From `attributes_at`.
    wanted
        Names that the caller cannot do without.

    Raises
    ------
    DataError
        With one fault for each.
    """
    faults = [
        sentence(
            "customers.{column}: nothing says from when it holds, so at the cut-off it may not have been so; give "
            "customers a valid_from or declare {name} constant.",
            column=name,
            name=shown(name),
        )
        for name in wanted
        if name in attributes.kept_out
    ]
    if faults:
        raise DataError(*faults)
