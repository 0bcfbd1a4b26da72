"""When to look: cut-offs at even distances, and one after the records end for the customers of today."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workbench.errors import DataError, ParameterError
from workbench.features.snapshots import Records, Snapshots, snapshots
from workbench.findings import Check
from workbench.statistics.dated import (
    Recorded,
    contracts_begin,
    end_of_records,
    instants,
    paid_periods,
    planned_ends,
)
from workbench.wording import day as day_name
from workbench.wording import number, plural, sentence

Source = Literal["lifetimes", "subscriptions", "transactions"]
HISTORY_DAYS = 90
"""Days of records before the first cut-off: the longest of the usual windows that a season does not fill."""
WINDOW_DAYS = {"subscriptions": 30, "transactions": 56}
"""A month's leaving, or a pause of eight weeks, which few weekly buyers make (sample `completejourney`: 6%)."""
LONGEST_MONTH = 31
"""Days of a window that holds each day of the month, whatever the month."""
ONE_DAY = 0.5
"""Contracts end by the month where more than this share of all ends fall on one day of it."""
FEWEST_ENDS = 10
"""Fewer ends may fall on one day of the month by chance."""
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
    checks
        What is to be known of these: planned ends, cut-offs from before ends were recorded.
    """

    when: Snapshots | None = None
    records: Records | None = None
    checks: tuple[Check, ...] = ()

    @property
    def today(self) -> dt.date | None:
        """The first day that the records say nothing of: what is known then is known of customers now."""
        return None if self.when is None else self.when.cutoffs[-1]

    def exhibits(self) -> Iterator[Check]:
        """Where records begin and end, as far as that needs saying."""
        yield from self.checks


def schedule(
    source: str,
    rows: pd.DataFrame,
    *,
    recorded: Recorded | None = None,
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
    recorded
        From when and until when the dataset says that it records what happened; found from the rows where it is None.
    first
        First cut-off; by default after 90 days of records.
    today
        Nothing is looked at from that day on; by default the first day that the records say nothing of. Ends of
        contracts after it are planned ones.
    window_days
        Length of the label window; by default 30 days, for purchases 56. Where contracts end on one day of the month
        it is 31 by default, so that every window holds that day.
    gap_days
        Days after the cut-off that neither features nor labels see.
    every_days
        From one cut-off to the next, beginning with the first; by default 28 for purchases, and for subscriptions a
        month, counted back from today.
    most
        How many label windows are looked at: the last ones. None begins before ends of contracts were recorded: then
        there are only those who stayed.

    Raises
    ------
    DataError
        Records too short for one label window after the first cut-off.
    ParameterError
        A first cut-off or a today outside the records.
    """
    if source == "lifetimes":
        return Schedule()
    span = _span(source, rows, recorded)
    window_days = window_days or (LONGEST_MONTH if span.by_month else WINDOW_DAYS[source])
    span.refuse(first, today)
    end = today or span.end
    at = first or span.begin + dt.timedelta(days=HISTORY_DAYS)
    length = dt.timedelta(days=gap_days + window_days)
    if every_days is None and source == "subscriptions":
        days = _months_before(end, at, length)
    else:
        step = dt.timedelta(days=every_days or EVERY_DAYS)
        days = [at + step * place for place in range((end - length - at) // step + 1)]
    days, early = span.split(days[-most:])
    if not days:
        begin = max(span.begin, span.since or span.begin)
        raise DataError(
            sentence(
                "The records run for {have} days; a label window of {window} days after a first cut-off on {first} "
                "needs records until {needed}. Take an earlier first cut-off or a shorter window.",
                have=number((end - begin).days), window=number(window_days), first=max(at, begin),
                needed=max(at, begin) + dt.timedelta(days=gap_days + window_days - 1),
            )
        )  # fmt: skip
    when = snapshots([*days, end], gap_days=gap_days, horizon_days=window_days)
    checks = (*span.checks, *span.left_out(len(early)), *span.uneven(when))
    return Schedule(when=when, records=Records(span.begin, end - dt.timedelta(days=1)), checks=checks)


def _months_before(end: dt.date, at: dt.date, length: dt.timedelta) -> list[dt.date]:
    """Days whole months before the end, from a first on, whose windows of a length lie before it."""
    months = range(1, (end - at).days // 28 + 1)
    days = [(pd.Timestamp(end) - pd.DateOffset(months=month)).date() for month in months]
    found = sorted(day for day in days if at <= day <= end - length)
    return found or ([at] if at + length <= end else [])


def one_cutoff(
    source: str,
    rows: pd.DataFrame,
    *,
    recorded: Recorded | None = None,
    cutoff: dt.date | None,
    window_days: int | None,
    gap_days: int | None,
) -> Schedule:
    """A single cut-off, for customers who are scored by a forecast that was made before.

    Parameters
    ----------
    source, rows
        Table that says who left; `lifetimes` has no dates.
    recorded
        As in `schedule`.
    cutoff
        By default the first day that the records say nothing of.
    window_days, gap_days
        Of the forecast's label window; None where it was made of a flat table.

    Raises
    ------
    ParameterError
        A cut-off outside the records.
    """
    if source == "lifetimes":
        return Schedule()
    span = _span(source, rows, recorded)
    span.refuse(cutoff)
    when = snapshots([cutoff or span.end], gap_days=gap_days or 0, horizon_days=window_days or WINDOW_DAYS[source])
    return Schedule(when=when, records=Records(span.begin, span.end - dt.timedelta(days=1)), checks=span.checks)


@dataclass(frozen=True, kw_only=True)
class _Span:
    """First recorded day, the first of which the records say nothing, and the one from which ends were recorded."""

    begin: dt.date
    end: dt.date
    since: dt.date | None = None
    inferred: bool = False
    by_month: int | None = None
    checks: tuple[Check, ...] = ()

    def refuse(self, *days: dt.date | None) -> None:
        outside = [day for day in days if day is not None and not self.begin < day <= self.end]
        if outside:
            template = "Cut-off {day}: outside the records, which run from {begin} to {end}."
            raise ParameterError(*(sentence(template, day=day, begin=self.begin, end=self.end) for day in outside))

    def split(self, days: list[dt.date]) -> tuple[list[dt.date], list[dt.date]]:
        """Cut-offs from the day on from which ends were recorded, and those before."""
        since = self.since or self.begin
        return [day for day in days if day >= since], [day for day in days if day < since]

    def uneven(self, when: Snapshots) -> Iterator[Check]:
        """Windows of which some hold the day of the month on which contracts end, and others none or more."""
        if self.by_month is None:
            return
        opens = [(pd.Timestamp(day) + pd.Timedelta(when.gap_days, unit="D")) for day in when.cutoffs[:-1]]
        windows = [pd.date_range(each, periods=(when.horizon_days or 0) + 1)[1:] for each in opens]
        held = [int((window.day == self.by_month).sum()) for window in windows]
        few = sum(count < max(held) for count in held)
        if few:
            yield Check(
                name="ends_by_month",
                status="warn",
                value=few,
                title=sentence("Label windows differ in days of leaving"),
                message=plural(
                    "Contracts end on day {day} of the month, and {n} label window of {of} holds it less often than "
                    "others: risks are of a mixture. Take window_days=31.",
                    "Contracts end on day {day} of the month, and {n} label windows of {of} hold it less often than "
                    "others: risks are of a mixture. Take window_days=31.",
                    few,
                    day=number(self.by_month),
                    of=number(len(held)),
                ),
            )

    def left_out(self, early: int) -> Iterator[Check]:
        if not early or self.since is None:
            return
        yield Check(
            name="records_begin",
            status="warn" if self.inferred else "pass",
            value=early,
            title=sentence("Start of the records is assumed" if self.inferred else "Start of the records"),
            message=plural(
                "{n} cut-off before {day} is left out: almost no ends are recorded before that day, so only those who "
                "stayed are known. Confirm or correct it by records_since.",
                "{n} cut-offs before {day} are left out: almost no ends are recorded before that day, so only those "
                "who stayed are known. Confirm or correct it by records_since.",
                early,
                day=day_name(self.since),
            )
            if self.inferred
            else plural(
                "{n} cut-off before {day} is left out: ends are recorded from that day on.",
                "{n} cut-offs before {day} are left out: ends are recorded from that day on.",
                early,
                day=day_name(self.since),
            ),
        )


def _span(source: str, rows: pd.DataFrame, recorded: Recorded | None) -> _Span:
    times = [instants(rows[name]) for name in ("timestamp", "start", "end") if name in rows]
    if recorded is None:
        until, found = end_of_records(times, as_of=None, today=None)
        recorded = Recorded(until=until.date(), found=found)
    begin = min(each.min() for each in times if each.notna().any()).date()
    until = pd.Timestamp(recorded.until)
    if source != "subscriptions":
        return _Span(begin=begin, end=recorded.until)
    known = rows[["customer_id", "start", "end"]].dropna(subset=["customer_id", "start"])
    known = known.assign(start=instants(known["start"]), end=instants(known["end"]))
    known = known[known["start"] < until].sort_values(["customer_id", "start", "end"], kind="stable", ignore_index=True)
    until, checks = paid_periods(known, until)
    checks = checks or planned_ends(known["start"], known["end"], until, found=recorded.found)
    by_month = _one_day(known["end"][known["end"] <= until])
    since = recorded.since
    if since is None and (inferred := contracts_begin(known, until)) is not None:
        since = inferred.date()
    return _Span(
        begin=begin,
        end=until.date(),
        since=since,
        inferred=recorded.since is None,
        by_month=by_month,
        checks=tuple(checks),
    )


def _one_day(ends: pd.Series) -> int | None:
    """The day of the month on which more than half of all contracts end; None where there is none."""
    if len(ends) < FEWEST_ENDS or ends.dt.to_period("M").nunique() < 2:
        return None
    shares = ends.dt.day.value_counts(normalize=True)
    return int(shares.index[0]) if shares.iloc[0] > ONE_DAY else None
