"""What every kind of event has of a customer: how much over windows, where it is going, and against their own habit."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import ibis
from ibis.expr.types import BooleanColumn, FloatingValue, IntegerColumn, NumericColumn, NumericValue, Table, Value

from workbench.features.exact import as_float, slope

WINDOWS_DAYS = (7, 30, 90, 180)
"""A week, a month, a quarter and half a year: rhythms of bills and habits. A convention; studies may choose others."""


def over_windows(
    name: str,
    days_ago: IntegerColumn,
    amount: NumericColumn | None,
    *,
    windows_days: Sequence[int],
    where: BooleanColumn | None = None,
) -> dict[str, Value]:
    """Aggregates of the last w days for each window: 0, and not missing, for whoever has nothing there.

    Parameters
    ----------
    name
        Of what is counted or summed.
    days_ago
        Whole days from each row to its cut-off, at least 1.
    amount
        What is summed, exact (`exact.exact`); rows are counted where it is None.
    windows_days
        Lengths of the windows.
    where
        The rows that count; all by default.

    Returns
    -------
    dict
        `{name}_{w}d`; `{name}_change_{w}d`: that less the same of the w days before; `{name}_trend_{w}d`: slope over
        the window, per day and day (see `exact.slope`), where it is longer than a day.
    """
    found: dict[str, Value] = {}
    for window in windows_days:
        total = _total(days_ago, amount, _both(days_ago <= window, where))
        before = _total(days_ago, amount, _both((days_ago > window) & (days_ago <= 2 * window), where))
        found[f"{name}_{window}d"] = _plain(total, amount)
        found[f"{name}_change_{window}d"] = _plain(_filled(total, amount) - _filled(before, amount), amount)
        if window > 1:
            inside = _both(days_ago <= window, where)
            moment = days_ago.sum(where=inside) if amount is None else (days_ago * amount).sum(where=inside)
            found[f"{name}_trend_{window}d"] = slope(total, moment, days=window)
    return found


def against_habit(
    table: Table,
    name: str,
    *,
    windows_days: Sequence[int],
    known_days: str = "known_days",
    covered: Callable[[int], float] = float,
) -> Iterator[tuple[str, FloatingValue]]:
    """How much there was in each window beside what is usual for the customer: the rate of all the time before it.

    Parameters
    ----------
    table
        One row a customer and cut-off, with `name` (the whole amount), `{name}_{w}d` and `known_days`.
    covered
        Days that what is in a window covers; the window itself by default.
    name
        Of the feature.
    windows_days
        Lengths of the windows before the cut-off.
    known_days
        Column with the days from the first event to the cut-off.

    Yields
    ------
    tuple
        `{name}_against_usual_{w}d`: 1 is as always, .7 is 30% less. Missing where the customer is not known for longer
        than the window, or had nothing before it.
    """
    for window in windows_days:
        inside = table[f"{name}_{window}d"].cast("float64")
        earlier = table[name].cast("float64") - inside
        length = table[known_days].cast("float64") - covered(window)
        usual = ibis.ifelse((length > 0) & (earlier > 0), earlier / length.nullif(0), ibis.null("float64"))
        yield f"{name}_against_usual_{window}d", inside / covered(window) / usual


def gaps(
    name: str, *, first: IntegerColumn, last: IntegerColumn, occasions: IntegerColumn
) -> Mapping[str, FloatingValue]:
    """How long the time since the last event is beside the customer's usual gap.

    Parameters
    ----------
    first, last
        Days from the first and the last event to the cut-off.
    occasions
        Different days with one.
    name
        Of the feature.

    Returns
    -------
    mapping
        `{name}_usual_gap_days`: mean days from one to the next; `{name}_gap_ratio`: days since the last, in usual gaps.
        Missing for whoever has had fewer than two.
    """
    usual = (first - last).cast("float64") / (occasions - 1).nullif(0).cast("float64")
    usual = usual.nullif(0.0)
    return {f"{name}_usual_gap_days": usual, f"{name}_gap_ratio": last.cast("float64") / usual}


def _total(days_ago: IntegerColumn, amount: NumericColumn | None, where: BooleanColumn) -> NumericValue:
    return days_ago.count(where=where) if amount is None else amount.sum(where=where)


def _filled(total: NumericValue, amount: NumericColumn | None) -> NumericValue:
    return total if amount is None else total.fill_null(0)


def _plain(total: NumericValue, amount: NumericColumn | None) -> NumericValue:
    return total if amount is None else as_float(total, empty=0.0)


def _both(inside: BooleanColumn, where: BooleanColumn | None) -> BooleanColumn:
    return inside if where is None else inside & where
