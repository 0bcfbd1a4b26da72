"""When to look: cut-offs at even distances, and one after the records end for the customers of today."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workbench.errors import DataError, ParameterError
from workbench.features.snapshots import Records, Snapshots, snapshots
from workbench.wording import number, sentence

Source = Literal["lifetimes", "subscriptions", "transactions"]
HISTORY_DAYS = 90
"""Days of records before the first cut-off: the longest of the usual windows that a season does not fill."""
WINDOW_DAYS = {"subscriptions": 30, "transactions": 56}
"""A month's leaving, or a pause of eight weeks, which few weekly buyers make (sample `completejourney`: 6%)."""
EVERY_DAYS = 28
"""Whole weeks, so that all cut-offs fall on the same day of the week. Contracts are seen a month apart instead, on the
day of the month that today is: they run, and use is counted, by the month, and at each cut-off the last month known
must lie as far back as today, or risks of today are of another kind than those learned."""
MOST = 12
"""Label windows that are looked at, the last ones: older ones say less of now, and each costs the same."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Cut-offs with their label windows, and the day after the records.

    Attributes
    ----------
    when
        None where the data have no dates.
    records
        First and last day of the table that says who left.
    """

    when: Snapshots | None = None
    records: Records | None = None

    @property
    def today(self) -> dt.date | None:
        """The day after the last recorded one: what is known then is known of customers now."""
        return None if self.when is None else self.when.cutoffs[-1]


def schedule(
    source: str,
    rows: pd.DataFrame,
    *,
    first: dt.date | None = None,
    today: dt.date | None = None,
    window_days: int | None = None,
    gap_days: int = 0,
    every_days: int | None = None,
    most: int = MOST,
) -> Schedule:
    """Cut-offs whose label windows lie in the records, and one more for today.

    Parameters
    ----------
    source
        Table that says who left: `lifetimes` has no dates.
    rows
        Of that table.
    first
        First cut-off; by default after 90 days of records.
    today
        Nothing is looked at from that day on; by default the day after the last record.
    window_days
        Length of the label window; by default 30 days, for purchases 56.
    gap_days
        Days after the cut-off that neither features nor labels see.
    every_days
        From one cut-off to the next, beginning with the first; by default 28 for purchases, and for subscriptions a
        month, counted back from today.
    most
        How many label windows are looked at: the last ones.

    Raises
    ------
    DataError
        Records too short for one label window after the first cut-off.
    ParameterError
        A first cut-off or a today outside the records.
    """
    if source == "lifetimes":
        return Schedule()
    window_days = window_days or WINDOW_DAYS[source]
    begin, end = _span(rows)
    outside = [day for day in (first, today) if day is not None and not begin < day <= end]
    if outside:
        template = "Cut-off {day}: outside the records, which run from {begin} to {end}."
        raise ParameterError(*(sentence(template, day=day, begin=begin, end=end) for day in outside))
    end = today or end
    at = first or begin + dt.timedelta(days=HISTORY_DAYS)
    length = dt.timedelta(days=gap_days + window_days)
    if every_days is None and source == "subscriptions":
        days = _months_before(end, at, length)
    else:
        step = dt.timedelta(days=every_days or EVERY_DAYS)
        days = [at + step * place for place in range((end - length - at) // step + 1)]
    if not days:
        raise DataError(
            sentence(
                "The records run for {have} days; a label window of {window} days after a first cut-off on {first} "
                "needs records until {needed}. Take an earlier first cut-off or a shorter window.",
                have=number((end - begin).days), window=number(window_days), first=at,
                needed=at + dt.timedelta(days=gap_days + window_days - 1),
            )
        )  # fmt: skip
    when = snapshots([*days[-most:], end], gap_days=gap_days, horizon_days=window_days)
    return Schedule(when=when, records=Records(begin, end - dt.timedelta(days=1)))


def _months_before(end: dt.date, at: dt.date, length: dt.timedelta) -> list[dt.date]:
    """Days whole months before the end, from a first on, whose windows of a length lie before it."""
    months = range(1, (end - at).days // 28 + 1)
    days = [(pd.Timestamp(end) - pd.DateOffset(months=month)).date() for month in months]
    found = sorted(day for day in days if at <= day <= end - length)
    return found or ([at] if at + length <= end else [])


def one_cutoff(
    source: str, rows: pd.DataFrame, *, cutoff: dt.date | None, window_days: int | None, gap_days: int | None
) -> Schedule:
    """A single cut-off, for customers who are scored by a forecast that was made before.

    Parameters
    ----------
    source, rows
        Table that says who left; `lifetimes` has no dates.
    cutoff
        By default the day after the last record.
    window_days, gap_days
        Of the forecast's label window; None where it was made of a flat table.

    Raises
    ------
    ParameterError
        A cut-off outside the records.
    """
    if source == "lifetimes":
        return Schedule()
    begin, end = _span(rows)
    if cutoff is not None and not begin < cutoff <= end:
        template = "Cut-off {day}: outside the records, which run from {begin} to {end}."
        raise ParameterError(sentence(template, day=cutoff, begin=begin, end=end))
    when = snapshots([cutoff or end], gap_days=gap_days or 0, horizon_days=window_days or WINDOW_DAYS[source])
    return Schedule(when=when, records=Records(begin, end - dt.timedelta(days=1)))


def _span(rows: pd.DataFrame) -> tuple[dt.date, dt.date]:
    """First recorded day, and the day after the last."""
    times = [rows[name] for name in ("timestamp", "start", "end") if name in rows]
    known = pd.concat([pd.to_datetime(each) for each in times]).dropna()
    return known.min().date(), known.max().date() + dt.timedelta(days=1)
