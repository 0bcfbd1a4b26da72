"""How much customers used before the cut-off, by measure: logins, minutes, features."""

from collections.abc import Sequence

from ibis.expr.types import Table

from workbench.features.exact import as_float, exact
from workbench.features.purchases import Block
from workbench.features.snapshots import KEYS, require
from workbench.features.windows import WINDOWS_DAYS, against_habit, gaps, over_windows

MOST_MEASURES = 20
"""More different measures than that are no measures but names; a column each would be a table nobody reads."""


def usage_features(history: Table, *, measures: Sequence[str], windows_days: Sequence[int] = WINDOWS_DAYS) -> Block:
    """Each measure over windows, its trends, and use against the customer's own habit.

    Parameters
    ----------
    history
        `snapshots.history` of usage.
    measures
        Values of `measure`; a column each. `measures_of` finds them.
    windows_days
        Lengths of the windows.

    Returns
    -------
    Block
        For each measure its sum `{measure}`, and by window what `windows.over_windows` and `against_habit` give;
        `days_since_last_{measure}` (a value above 0), `{measure}_usual_gap_days`, `{measure}_gap_ratio`.
    """
    require(history, "usage", ["measure", "value", "days_ago", *KEYS])
    rows = history.mutate(used=exact(history.value))
    zeros, others = {}, {"known_days": rows.days_ago.max()}
    for measure in measures:
        here = rows.measure == measure
        some = here & (rows.used > 0)
        zeros[measure] = as_float(rows.used.sum(where=here), empty=0.0)
        zeros |= over_windows(measure, rows.days_ago, rows.used, windows_days=windows_days, where=here)
        others[f"days_since_last_{measure}"] = rows.days_ago.min(where=some)
        others[f"{measure}_first"] = rows.days_ago.max(where=some)
        others[f"{measure}_days"] = rows.days_ago.nunique(where=some)
    table = rows.group_by(*KEYS).aggregate(**others, **zeros)
    for measure in measures:
        first, last = table[f"{measure}_first"], table[f"days_since_last_{measure}"]
        habit = dict(against_habit(table, measure, windows_days=windows_days))
        habit |= gaps(measure, first=first, last=last, occasions=table[f"{measure}_days"])
        table = table.mutate(**habit).drop(f"{measure}_first", f"{measure}_days")
    return Block(table, tuple(zeros))


def measures_of(usage: Table) -> tuple[str, ...]:
    """The measures that a table of usage has, the commonest first, in the order of their names; runs a query.

    Parameters
    ----------
    usage
        The canonical table, a row for each customer, time and measure.
    """
    named = usage.filter(usage.measure.notnull())
    counted = named.group_by("measure").aggregate(rows=named.count())
    kept = counted.order_by(counted.rows.desc(), counted.measure).limit(MOST_MEASURES)
    return tuple(sorted(kept.to_pyarrow().column("measure").to_pylist()))
