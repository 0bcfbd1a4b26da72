"""From when and until when records say what happened."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.statistics.dated.calendar import months_between, months_later
from workbench.wording import day, number, percent, sentence

EXPECTED = 10.0
"""Where fewer ends would have been expected before a day, nothing is inferred from their absence."""
HARDLY, STRAY = 0.1, 0.05
"""Ends are not recorded before a day where fewer than this share of those expected, and of all ends, lie before it."""
QUIET = 1.5
"""The time without ends is so many times as long as any later one: seasons have quiet times too."""
MOST, FEW_OPEN = 0.5, 0.05
"""Rows are paid periods where at least half follow another of their customer at once, and hardly any has no end."""
LATEST = pd.Timestamp("2262-01-01")
"""Nanoseconds since 1970 reach hardly farther."""
DAY = 86_400.0
"""Seconds."""
GRACE_DAYS = 30
"""A pause that nobody would call a departure, and what is taken where few come back after a longer one."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """From when and until when the records of a table say what happened, as far as its dataset knows.

    Attributes
    ----------
    until
        The first day of which they say nothing.
    found
        Whether that was found from the data (`end_of_records`), not said by the day of the extract.
    since
        The day from which ends were recorded, where it is said.
    """

    until: dt.date
    found: bool = True
    since: dt.date | None = None

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Recorded":
        """Read back what `card` gave.

        Parameters
        ----------
        card
            Plain data.
        """
        days = {name: None if card[name] is None else dt.date.fromisoformat(card[name]) for name in ("until", "since")}
        return cls(**{**card, **days})

    @property
    def card(self) -> dict[str, Any]:
        """The same as plain data, safe for strict JSON."""
        since = None if self.since is None else self.since.isoformat()
        return {"until": self.until.isoformat(), "found": self.found, "since": since}


def instants(dates: pd.Series) -> pd.Series:
    """Dates of any kind in nanoseconds; those beyond their range (9999-12-31) at its end.

    Parameters
    ----------
    dates
        Dates, instants or missing ones.
    """
    if not pd.api.types.is_datetime64_any_dtype(dates):
        known = [None if pd.isna(each) else each for each in dates]
        dates = pd.Series(np.array(known, dtype="datetime64[s]"), index=dates.index)
    if dates.dt.unit != "ns":
        far = dates > LATEST
        dates = dates.mask(far, LATEST.as_unit(dates.dt.unit)).astype("datetime64[ns]")
    return dates


def end_of_records(
    happened: Iterable[pd.Series], *, as_of: dt.date | None, today: dt.date | None
) -> tuple[pd.Timestamp, bool]:
    """The first instant of which records say nothing, and whether that was found from the data.

    Parameters
    ----------
    happened
        Instants at which something begins or ends; missing ones do not count.
    as_of
        Day of the extract, where it is known: it counts.
    today
        By default the machine's. Nothing has happened from it on: what is dated so is planned.

    Returns
    -------
    Timestamp, bool
        The extract, or else the day after the last one before today on which something happened.
    """
    if as_of is not None:
        return pd.Timestamp(as_of), False
    now = pd.Timestamp(dt.date.today() if today is None else today)
    last = max((each[each < now].max() for each in happened if (each < now).any()), default=now)
    return min(last.normalize() + pd.Timedelta(days=1), now), True


def planned_ends(begin: pd.Series, end: pd.Series, until: pd.Timestamp, *, found: bool) -> tuple[Check, ...]:
    """How many ends lie after the records end, and whether some before it may be planned as well.

    Parameters
    ----------
    begin, end
        Of contracts that had begun.
    until, found
        From `end_of_records`.
    """
    planned = int((end > until).sum())
    checks = []
    if planned:
        values = {
            "count": number(planned),
            "share": percent(planned / len(end)),
            "day": day((until - pd.Timedelta(days=1) if found else until).date()),
        }
        message = (
            sentence(
                "{count} contracts ({share}) end after {day}, the last day on which something happened: these ends are "
                "planned, and the contracts are running. Say by `extracted:` in dataset.yaml when records end.",
                **values,
            )
            if found
            else sentence(
                "{count} contracts ({share}) end after {day}, the day of the extract: these ends are planned, and the "
                "contracts are running.",
                **values,
            )
        )
        checks.append(
            Check(
                name="planned_ends",
                status="warn" if found else "pass",
                title=sentence("Planned ends do not count as gone"),
                message=message,
                value=planned / len(end),
            )
        )
    if found:
        last = begin.max()
        later = (end > last) & (end <= until)
        before = end <= last
        if until - last > pd.Timedelta(days=31) and later.sum() >= EXPECTED and _like_plans(begin, end, before, later):
            message = sentence(
                "Nobody began after {last}, but {count} contracts ended later, at the end of a term. If these ends are "
                "planned, too many count as gone: say by `extracted:` in dataset.yaml when records end.",
                last=day(last.date()),
                count=number(int(later.sum())),
            )
            checks.append(
                Check(
                    name="ends_after_last_start",
                    status="warn",
                    title=sentence("Ends after the last start may be planned"),
                    message=message,
                    value=int(later.sum()),
                )
            )
    return tuple(checks)


def paid_periods(rows: pd.DataFrame, until: pd.Timestamp) -> tuple[pd.Timestamp, tuple[Check, ...]]:
    """Until when a list of paid periods says who has left, and a check that says so; `until` for any other table.

    In such a list every row ends, and most follow another of the same customer without a gap. Who has left is known by
    the row that is missing, and so until the last row began: what ends later has only not been renewed yet.

    Parameters
    ----------
    rows
        `customer_id`, `start`, `end`, sorted by customer and start.
    until
        From `end_of_records`.
    """
    gaps = ((rows["start"] - rows.groupby("customer_id")["end"].shift()).dt.total_seconds() / DAY).dropna()
    followed = len(gaps) >= MOST * len(rows) and gaps.between(0, 1).mean() >= MOST
    if not followed or rows["end"].isna().mean() > FEW_OPEN:
        return until, ()
    decided = rows["start"].max().normalize() + pd.Timedelta(days=1)
    open_ends = int((rows.groupby("customer_id")["end"].max() > decided).sum())
    if decided >= until or not open_ends:
        return until, ()
    message = sentence(
        "The rows are paid periods, of which the last begins on {day}. {count} customers have paid beyond it: "
        "whether they renew is not known yet, so they count as still there.",
        day=day((decided - pd.Timedelta(days=1)).date()),
        count=number(open_ends),
    )
    return decided, (Check(name="paid_periods", status="pass", message=message, value=open_ends),)


def _like_plans(begin: pd.Series, end: pd.Series, before: pd.Series, later: pd.Series) -> bool:
    """Whether later ends lie at whole months of a contract much more often than those before."""
    month = months_between(begin, end)
    whole = np.abs(month - np.round(month)) < 0.07
    return bool(whole[later].mean() > 0.8 and (not before.any() or whole[before].mean() < 0.6))


def spell_numbers(rows: pd.DataFrame, grace_days: int = GRACE_DAYS) -> pd.Series:
    """Of each contract the how manieth spell of its customer it belongs to: what overlaps, or follows soon, is one.

    Parameters
    ----------
    rows
        `customer_id`, `start`, `end` (missing: still running), sorted by customer and start.
    grace_days
        Days after which what follows is a spell of its own.

    Returns
    -------
    Series of int
        From 1 on, in the order of the rows.
    """
    ended = rows["end"].fillna(pd.Timestamp.max.floor("D"))
    previous = ended.groupby(rows["customer_id"]).cummax().groupby(rows["customer_id"]).shift()
    begins = previous.isna() | (rows["start"] - pd.Timedelta(days=grace_days) > previous)
    return begins.groupby(rows["customer_id"]).cumsum()


def contracts_begin(rows: pd.DataFrame, until: pd.Timestamp) -> pd.Timestamp | None:
    """The day from which on ends of contracts were recorded, as `records_begin` finds it.

    Parameters
    ----------
    rows
        As in `spell_numbers`.
    until
        End of the records.
    """
    ended = rows["end"].fillna(pd.Timestamp.max.floor("D"))
    spells = rows.assign(ended=ended, spell=spell_numbers(rows)).groupby(["customer_id", "spell"], sort=False)
    found = spells.agg(begin=("start", "first"), ended=("ended", "max")).reset_index(drop=True)
    stop = found["ended"].where(found["ended"] < until, until)
    lasted = months_between(found["begin"], stop)
    return records_begin(found.assign(duration=lasted, event=found["ended"] <= until), until)


def records_begin(lifetimes: pd.DataFrame, until: pd.Timestamp) -> pd.Timestamp | None:
    """The day from which on ends were recorded, where the pattern of begins and ends says that they were not before.

    Customers and their ends are counted by month of begin and calendar month. If ends were recorded from a month on
    only, those who had begun before it left, by the hazards of each month of life seen from then on, in far greater
    numbers than recorded: hardly any. The month is that with the largest likelihood of the numbers before it; within
    it and the one before, the day. Where nobody could have left yet (all terms are yearly) nobody is expected to have,
    and the time must be longer than any that was as quiet later on.

    Parameters
    ----------
    lifetimes
        `begin`, `duration` (months), `event`.
    until
        End of the records.

    Returns
    -------
    Timestamp or None
        Who was there on that day is at risk from then on; None where nothing says so.
    """
    if not lifetimes["event"].any():
        return None
    ends = months_later(lifetimes["begin"], lifetimes["duration"])
    unit: Literal["M", "W"] = "M" if months_between(lifetimes["begin"].min(), until) > 12 else "W"
    begin = lifetimes["begin"].to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)
    end = ends.to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)
    origin = begin.min()
    begin, end, event = begin - origin, end - origin, lifetimes["event"].to_numpy()
    size = int(end.max()) + 1
    left = np.zeros((size, size))
    np.add.at(left, (begin[event], end[event]), 1)
    gone = np.zeros((size, size))
    np.add.at(gone, (begin, end), 1)
    there = gone[:, ::-1].cumsum(axis=1)[:, ::-1] * (np.arange(size)[:, None] <= np.arange(size)[None, :])
    # By month of life (row) and calendar month (column).
    age = np.arange(size)[None, :] - np.arange(size)[:, None]
    place = np.where(age >= 0, age, 0)
    month = np.broadcast_to(np.arange(size), (size, size))
    risk, ended = np.zeros((size, size)), np.zeros((size, size))
    np.add.at(risk, (place, month), np.where(age >= 0, there, 0.0))
    np.add.at(ended, (place, month), np.where(age >= 0, left, 0.0))
    later_risk, later = (each[:, ::-1].cumsum(axis=1)[:, ::-1] for each in (risk, ended))
    hazard = np.divide(later, later_risk, out=np.zeros_like(later), where=later_risk > 0)  # from each month on
    observed = ended.sum(axis=0)
    best, chosen = 0.0, None
    so_far = risk.cumsum(axis=1)
    for since in range(1, size):
        before = float(observed[:since].sum())
        expected = float((so_far[:, since - 1] * hazard[:, since]).sum())
        if expected <= EXPECTED or before > HARDLY * expected or before > STRAY * observed.sum():
            continue
        likelihood = expected - before + (before * np.log(before / expected) if before else 0.0)
        if likelihood > best:
            best, chosen = likelihood, since
    if chosen is None:
        return None
    usual = (risk * hazard[:, [chosen]]).sum(axis=0)
    # Quiet since the first month in which anybody was expected to leave.
    quiet = chosen - int(np.argmax(usual.cumsum() >= 1))
    longest = run = 0
    for each in range(chosen, size):
        run = run + 1 if observed[each] <= HARDLY * usual[each] else 0
        longest = max(longest, run)
    if quiet <= QUIET * longest:
        return None
    return _day(ends[event], int(origin + chosen), unit, until)


def _day(ends: pd.DatetimeIndex, month: int, unit: Literal["M", "W"], until: pd.Timestamp) -> pd.Timestamp | None:
    """The day before the one from which ends come at their later rate, in a month (or week) or the one before it."""
    start = pd.Timestamp(np.datetime64(month - 1, unit).astype("datetime64[ns]"))
    stop = pd.Timestamp(np.datetime64(month + 1, unit).astype("datetime64[ns]"))
    days = ends.normalize()
    early = days[days < start]
    near = np.sort(days[(days >= start) & (days < stop)].unique().to_numpy())
    if not len(near):
        return None
    whole = max((start - ends.min()).days, 1)
    rate = max((ends >= stop).sum() / max((until - stop).days, 1), ((days >= start) & (days < stop)).sum() / 62)
    usual = max(len(early) / whole, 0.001 * rate)
    count = np.searchsorted(np.sort(days[(days >= start) & (days < stop)]), near)
    passed = (near - np.datetime64(start)) / np.timedelta64(1, "D")
    likelihood = count * np.log(usual / rate) + (rate - usual) * passed
    first = pd.Timestamp(near[int(likelihood.argmax())])
    on_it = ends[days == first].min()
    since = (on_it - pd.Timedelta(seconds=1)).normalize()
    return since if since < until else None
