"""How much customers used before the cut-off, by measure: logins, minutes, features.

A measure that is counted by the week or the month has one row a period, dated on its first day and known after its
last. Days from there to the cut-off are the calendar's, the same for everybody: at one cut-off a window of 90 days
would hold two months, at the next three. So periods are counted instead, back from the last one that was known.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

import ibis
import numpy as np
from ibis.expr.types import Table

from workbench.features.exact import as_float, exact
from workbench.features.purchases import Block
from workbench.features.snapshots import KEYS, require
from workbench.features.windows import WINDOWS_DAYS, against_habit, gaps, over_windows
from workbench.statistics.horizons import DAYS_A_MONTH, DAYS_A_YEAR

MOST_MEASURES = 20
"""More different measures than that are no measures but names; a column each would be a table nobody reads."""
PERIODS: Mapping[float, float] = MappingProxyType({7: 1, 14: 1, DAYS_A_MONTH: 3, 3 * DAYS_A_MONTH: 3, DAYS_A_YEAR: 2})
"""Days of a week, a fortnight, a month, a quarter, a year, and how far one from a day of that kind to the next may be
from them: a holiday, or the shortest month."""
FEWEST_DAYS = 3
"""Different days of a measure, from which a rhythm shows."""
LONGER = 3  # days by which a month is longer than a window that still is a month: 28 days
ON_TIME = 0.99  # share of rows by which a rhythm is told: a few are late or wrong in any file
NO_PERIODS: Mapping[str, float] = MappingProxyType({})


def usage_features(
    history: Table,
    *,
    measures: Sequence[str],
    windows_days: Sequence[int] = WINDOWS_DAYS,
    periods: Mapping[str, float] = NO_PERIODS,
    everybody: Table | None = None,
) -> Block:
    """Each measure over windows, its trends, and use against the customer's own habit.

    Parameters
    ----------
    history
        `snapshots.history` of usage.
    measures
        Values of `measure`; a column each. `measures_of` finds them.
    windows_days
        Lengths of the windows.
    periods
        Measure -> days that one row of it counts, where that is more than one; `periods_of` finds them. Of these,
        windows hold whole periods up to the last one known to anybody at the cut-off, as many as fit best, and time is
        counted from the middle of a period to the end of that last one; a window shorter than a period is left out.
    everybody
        The same history of all customers, where `history` is of some: by theirs the last period known to anybody is
        found.

    Returns
    -------
    Block
        For each measure its sum `{measure}`, and by window what `windows.over_windows` and `against_habit` give;
        `days_since_last_{measure}` (a value above 0), `{measure}_usual_gap_days`, `{measure}_gap_ratio`.
    """
    require(history, "usage", ["measure", "value", "days_ago", *KEYS])
    rows = _by_period(history.mutate(used=exact(history.value)), periods, history if everybody is None else everybody)
    zeros, others = {}, {"known_days": rows.days_ago.max()}
    windows = {
        measure: [days for days in windows_days if days > periods.get(measure, 1) - LONGER] for measure in measures
    }
    for measure in measures:
        here = rows.measure == measure
        some = here & (rows.used > 0)
        zeros[measure] = as_float(rows.used.sum(where=here), empty=0.0)
        zeros |= over_windows(measure, rows.counted_ago, rows.used, windows_days=windows[measure], where=here)
        others[f"days_since_last_{measure}"] = rows.counted_ago.min(where=some)
        others[f"{measure}_first"] = rows.known_ago.max(where=some)
        others[f"{measure}_last"] = rows.known_ago.min(where=some)
        others[f"{measure}_days"] = rows.counted_ago.nunique(where=some)
        others[f"{measure}_known"] = rows.known_ago.max(where=here) if measure in periods else rows.days_ago.max()
    table = rows.group_by(*KEYS).aggregate(**others, **zeros)
    for measure in measures:
        since, known = table[f"days_since_last_{measure}"], f"{measure}_known"
        apart = table[f"{measure}_first"] - table[f"{measure}_last"]
        covered = partial(_covered, period=periods.get(measure))
        habit = dict(against_habit(table, measure, windows_days=windows[measure], known_days=known, covered=covered))
        habit |= gaps(measure, first=since + apart, last=since, occasions=table[f"{measure}_days"])
        table = table.mutate(**habit).drop(f"{measure}_first", f"{measure}_last", f"{measure}_days", known)
    return Block(table, tuple(zeros))


def _by_period(rows: Table, periods: Mapping[str, float], everybody: Table) -> Table:
    """With `counted_ago`, days by which windows are counted, and `known_ago`, days that are covered until then."""
    if not periods:
        return rows.mutate(counted_ago=rows.days_ago, known_ago=rows.days_ago)
    last = everybody.group_by("cutoff", "measure").aggregate(nearest=everybody.days_ago.min())
    rows = rows.left_join(last, ["cutoff", "measure"]).drop("cutoff_right", "measure_right")
    length = ibis.cases(*((rows.measure == name, days) for name, days in periods.items()), else_=None).cast("float64")
    before = ((rows.days_ago - rows.nearest).cast("float64") / length).round()
    counted = ((before + 0.5) * length).floor().cast("int64")
    return rows.mutate(
        counted_ago=ibis.coalesce(counted, rows.days_ago), known_ago=ibis.coalesce((before + 1) * length, rows.days_ago)
    ).drop("nearest")


def _covered(window: int, *, period: float | None) -> float:
    """Days of the whole periods that a window holds: those whose middle lies in it, to the day."""
    return float(window) if period is None else period * math.floor((window + 1) / period + 0.5)


def periods_of(usage: Table, measures: Sequence[str]) -> dict[str, float]:
    """Days that one row of a measure counts, of those that are counted by the week or longer; runs a query.

    Parameters
    ----------
    usage
        The canonical table.
    measures
        Which of its measures.
    """
    rows = usage.filter(usage.measure.isin(list(measures)), usage.timestamp.notnull())
    rows = rows.mutate(day=rows.timestamp.cast("date"))
    counted = rows.group_by("measure", "day").aggregate(rows=rows.count()).to_pandas()
    found = {}
    for measure, days in counted.groupby("measure"):
        days = days.sort_values(["rows", "day"], ascending=[False, True])
        often = days["rows"].cumsum().shift(fill_value=0) < ON_TIME * days["rows"].sum()
        steps = np.diff(np.sort(days["day"][often].to_numpy(dtype="datetime64[D]"))).astype(float)
        length = _period(steps) if often.sum() >= FEWEST_DAYS else None
        if length is not None:
            found[str(measure)] = length
    return found


def _period(steps: np.ndarray) -> float | None:
    """The period of which all steps between days (N,) are whole multiples, most of them one; None where none is."""
    for length, slack in PERIODS.items():
        times = np.maximum((steps / length).round(), 1)
        if np.median(times) == 1 and (np.abs(steps - times * length) <= slack).all():
            return length
    return None


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
