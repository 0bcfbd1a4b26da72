"""What was known at a cut-off, and what happened after it.

Time is counted in whole days. A cut-off is a date and means the first instant of that day, in the time zone of the
tables; `days_ago` is 1 on the day before it. The one rule of the room: features are made from `history` alone, which
cannot hold anything of the cut-off or later, and labels from `future` alone.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import ibis
from ibis.expr.types import Column, Table

from workbench.errors import DataError, ParameterError
from workbench.wording import listing, sentence, shown

KEYS = ("customer_id", "cutoff")

EVENT_TIME: Mapping[str, str] = {
    "transactions": "timestamp",
    "interactions": "timestamp",
    "surveys": "timestamp",
    "subscriptions": "start",
    "usage": "timestamp",
}


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Cut-offs, and how far labels look beyond them. Made by `snapshots`.

    Attributes
    ----------
    cutoffs
        Dates in ascending order; each means the first instant of its day.
    gap_days
        Days after the cut-off that neither features nor labels see (time to act on a forecast).
    horizon_days
        Length of the label window `[cutoff + gap, cutoff + gap + horizon)`; None when there are no labels.
    burn_in_days
        Customers first seen in so many days from the start of the records are *active already*: when they really came
        is not known.
    """

    cutoffs: tuple[dt.date, ...]
    gap_days: int = 0
    horizon_days: int | None = None
    burn_in_days: int = 0

    @property
    def days_to_end(self) -> int:
        """Days from a cut-off to the first day after its window.

        Raises
        ------
        ParameterError
            Without a horizon there is no window.
        """
        if self.horizon_days is None:
            raise ParameterError(sentence("Labels need horizon_days; got nothing, expected a number of days."))
        return self.gap_days + self.horizon_days

    def window_end(self, cutoff: dt.date) -> dt.date:
        """First day after the label window.

        Parameters
        ----------
        cutoff
            One of the cut-offs.
        """
        return cutoff + dt.timedelta(days=self.days_to_end)


@dataclass(frozen=True)
class Records:
    """First and last day (both inclusive) on which the tables record anything."""

    first: dt.date
    last: dt.date


def snapshots(
    cutoffs: Iterable[dt.date | str] | Table,
    *,
    gap_days: int = 0,
    horizon_days: int | None = None,
    burn_in_days: int = 0,
) -> Snapshots:
    """Cut-offs from dates, ISO text, or a small table with a column `cutoff`.

    Parameters
    ----------
    cutoffs
        In any order.
    gap_days
        Days from the cut-off to the first day of the label window.
    horizon_days
        Length of the label window; None where no labels are wanted.
    burn_in_days
        Days at the beginning of the records in which whoever is first seen counts as active already.

    Raises
    ------
    ParameterError
        No cut-off, one that is no date, one given twice, a negative gap or burn-in, a horizon shorter than a day.

    Examples
    --------
    >>> snapshots(["2017-08-01", "2017-07-01"], horizon_days=30).cutoffs
    (datetime.date(2017, 7, 1), datetime.date(2017, 8, 1))
    """
    given = cutoffs.cutoff.to_pyarrow().to_pylist() if isinstance(cutoffs, Table) else list(cutoffs)
    faults, days = [], []
    for value in given:
        try:
            days.append(_day(value))
        except (TypeError, ValueError):
            faults.append(
                sentence("Cut-off: got {value}, expected a date such as '2026-07-01'.", value=shown(str(value)))
            )
    days.sort()
    if not given:
        faults.append(sentence("Cut-offs: got none, expected at least one date."))
    for twice in sorted({day for day, after in pairwise(days) if day == after}):
        faults.append(sentence("Cut-off {day} is given twice; give each once.", day=twice))
    for name, value, least in (
        ("gap_days", gap_days, 0),
        ("burn_in_days", burn_in_days, 0),
        ("horizon_days", horizon_days, 1),
    ):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            faults.append(
                sentence(
                    "{name}: got {value}, expected a whole number of days, {least} or more.",
                    name=name,
                    value=shown(value),
                    least=least,
                )
            )
    if faults:
        raise ParameterError(*faults)
    return Snapshots(cutoffs=tuple(days), gap_days=gap_days, horizon_days=horizon_days, burn_in_days=burn_in_days)


def _day(value: object) -> dt.date:
    if isinstance(value, str):
        return dt.date.fromisoformat(value)
    if isinstance(value, dt.datetime):
        if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
            raise ValueError(value)
        return value.date()
    if isinstance(value, dt.date):
        return value
    raise TypeError(value)


def require(table: Table, name: str, columns: Iterable[str], *, times: Iterable[str] = ()) -> None:
    """Refuse a table that lacks columns, or whose times are not timestamps or dates without a time zone.

    Parameters
    ----------
    table
        Any.
    name
        Of the table, for the message.
    columns
        That must be there.
    times
        Columns that must be timestamps or dates where they are there.
    """
    known = table.schema()
    faults = [
        sentence(
            "{table}.{column}: got no such column, expected one; there are {known}.",
            table=name,
            column=column,
            known=listing(sorted(known)),
        )
        for column in columns
        if column not in known
    ]
    for column in times:
        kind = known.get(column)
        if kind is not None and not (kind.is_date() or (kind.is_timestamp() and kind.timezone is None)):
            faults.append(
                sentence(
                    "{table}.{column}: got {kind}, expected a timestamp without a time zone or a date; "
                    "convert it to local time at the door.",
                    table=name,
                    column=column,
                    kind=str(kind),
                )
            )
    if faults:
        raise DataError(*faults)


def at_cutoffs(table: Table, when: Snapshots) -> Table:
    """Each row once per cut-off, in a column `cutoff` (date).

    Parameters
    ----------
    table
        Any, without a column `cutoff`.
    when
        The cut-offs.
    """
    if len(when.cutoffs) == 1:
        # A literal reaches the scan, where Parquet files skip what lies outside.
        return table.mutate(cutoff=ibis.date(when.cutoffs[0].isoformat()))
    return table.mutate(cutoff=ibis.array([ibis.date(day.isoformat()) for day in when.cutoffs]).unnest())


def instant(table: Table) -> Column:
    """The first instant of each row's cut-off.

    Parameters
    ----------
    table
        With the column `cutoff`.
    """
    return table.cutoff.cast("timestamp")


def known_at(table: Table, *, time: str, known: str = "known_at") -> Column:
    """When each row became known: its `known_at`, by default its time.

    Parameters
    ----------
    table
        Of events.
    time
        Column that says when they happened.
    known
        Column that says when they became known; it may be absent.
    """
    happened = table[time].cast("timestamp")
    return ibis.coalesce(table[known].cast("timestamp"), happened) if known in table.columns else happened


def history(events: Table, when: Snapshots, *, name: str = "events", time: str = "timestamp") -> Table:
    """The events that features may see: those that happened *and* were known before the cut-off.

    Both `time < cutoff` and `known_at < cutoff` are strict: an event at the first instant of the cut-off's day is out.

    Parameters
    ----------
    events
        `customer_id`, the column `time` (timestamp or date, without a time zone) and, if there is one, `known_at`.
        Rows without a time or without a customer are out.
    when
        The cut-offs.
    name
        Of the table, for messages.
    time
        Column that says when they happened.

    Returns
    -------
    ibis Table
        The columns of `events`, `cutoff` (date) and `days_ago` (whole calendar days before the cut-off, at least 1).

    Raises
    ------
    DataError
        A column is missing or of the wrong type.
    """
    require(events, name, ["customer_id", time], times=[time, "known_at"])
    rows = at_cutoffs(events.filter(events.customer_id.notnull()), when)
    cutoff = instant(rows)
    rows = rows.filter(rows[time].cast("timestamp") < cutoff, known_at(rows, time=time) < cutoff)
    return rows.mutate(
        days_ago=rows.cutoff.delta(rows[time].date() if rows[time].type().is_timestamp() else rows[time], unit="day")
    )


def future(events: Table, when: Snapshots, *, name: str = "events", time: str = "timestamp") -> Table:
    """The events that labels may see: those in `[cutoff + gap, cutoff + gap + horizon)`, whenever they became known.

    Parameters
    ----------
    events
        As in `history`.
    when
        The cut-offs, with a horizon.
    name
        Of the table, for messages.
    time
        Column that says when they happened.

    Returns
    -------
    ibis Table
        The columns of `events` and `cutoff` (date).
    """
    require(events, name, ["customer_id", time], times=[time])
    rows = at_cutoffs(events.filter(events.customer_id.notnull()), when)
    happened = rows[time].cast("timestamp")
    start = (rows.cutoff + ibis.interval(days=when.gap_days)).cast("timestamp")
    end = (rows.cutoff + ibis.interval(days=when.days_to_end)).cast("timestamp")
    return rows.filter(happened >= start, happened < end)


def records_of(tables: Mapping[str, Table]) -> Records:
    """First and last day on which any event table records something (subscriptions: their starts).

    This runs a query. Give `Records` yourself when the extract is known to reach further than its last event.

    Parameters
    ----------
    tables
        Canonical tables by name.

    Raises
    ------
    DataError
        There is no event table, or none has a row with a time.
    """
    spans = []
    for name, time in EVENT_TIME.items():
        if name in tables:
            require(tables[name], name, ["customer_id", time], times=[time])
            column = tables[name][time].cast("timestamp")
            spans.append(tables[name].aggregate(first=column.min(), last=column.max()))
    found = (
        ibis.union(*spans).to_pyarrow().to_pylist()
        if len(spans) > 1
        else [row for span in spans for row in span.to_pyarrow().to_pylist()]
    )
    found = [row for row in found if row["first"] is not None]
    if not found:
        raise DataError(
            sentence("No events: expected rows with a time in at least one of {tables}.", tables=listing(EVENT_TIME))
        )
    return Records(min(row["first"] for row in found).date(), max(row["last"] for row in found).date())
