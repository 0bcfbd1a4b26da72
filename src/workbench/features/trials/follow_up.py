"""Outcomes of a trial, point in time: history before each customer's start, a window after it.

A window that is not over when the records end is censored: its customers have no outcome, never one of 0.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.features.trials.events import Events, Fees, Stays, events_of, fees_of, orders_of, stays_of
from workbench.features.trials.measures import NPS, TOP, Known, Measure, measures_of
from workbench.features.trials.monthly import Monthly, month_edges
from workbench.statistics.dated import end_of_records, instants

EVERY_COLUMN: Mapping[str, tuple[str, ...]] = {
    "transactions": ("order_id", "amount", "margin", "cancelled"),
    "interactions": ("minutes", "complaint", "resolved_first_contact"),
}
LONGEST_BEFORE = 365
"""Days before a start that describe a customer: a year holds every season once."""
PROMOTER, DETRACTOR = 9, 6  # of 0 to 10 (Reichheld 2003)


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its rows."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Definitions of its tables by name."""
        ...

    @property
    def extracted(self) -> dt.date | None:
        """The day of the extract."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """One outcome of all customers of a roster.

    Attributes
    ----------
    measure
        What it is.
    after : (n,)
        In the window; NaN of those of whom nothing is known, the censored among them. Of a ratio its numerator.
    before : (n,)
        The same before the start; NaN of those of whom nothing was known then.
    alike : (n,)
        As `before`, over as many days as the window (of sums in proportion where records are shorter): what a change
        is counted from. NaN where nothing compares.
    of : (n,) or None
        Of a ratio: its denominator.
    days, left : (n,) or None
        Of staying: how long each was followed, and whether that ended with leaving.
    over : (n,) bool or None
        Whose window is over; None where there is none.
    """

    measure: Measure
    after: np.ndarray
    before: np.ndarray
    alike: np.ndarray
    of: np.ndarray | None = None
    days: np.ndarray | None = None
    left: np.ndarray | None = None
    over: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """Of whom (n,) there is an outcome."""
        there = np.isfinite(self.after)
        return there if self.of is None else there & (self.of > 0)

    def per_customer(self, rows: np.ndarray | None = None) -> float:
        """How many of what it is counted on a customer has: contacts of a ratio; of a mean whether there is an answer.

        Parameters
        ----------
        rows : (n,) bool
            Of whom; all where it is None. Those whose window is not over are passed over.

        Returns
        -------
        float
            An effect on one contact times this is one on a customer. 1 where each customer has one, as of sums, and
            where no window is over.
        """
        there = np.ones(len(self.after), dtype=bool) if self.over is None else self.over
        there = there if rows is None else there & rows
        if not there.any():
            return 1.0
        counted = self.known.astype(float) if self.of is None else np.where(self.known, self.of, 0.0)
        return float(counted[there].mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowUp:
    """The customers of a trial, and all that is recorded of them.

    Attributes
    ----------
    roster
        One row a customer: `customer_id`, `start` (missing where the trial has no dates), and recorded outcomes.
    measures
        The outcomes that these data can tell.
    first, until
        First day of the records and the day after the last; None where nothing is dated.
    minute_cost
        Money of a minute of contact, in `cash`.
    fee_margin
        Share of fees that is contribution, in `cash`.
    again
        Makes the same of another roster.
    """

    roster: pd.DataFrame
    measures: tuple[Measure, ...]
    first: pd.Timestamp | None
    until: pd.Timestamp | None
    minute_cost: float = 0.0
    fee_margin: float = 1.0
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    events: Mapping[str, Events] = field(default_factory=dict)
    stays: Stays | None = None
    fees: Fees | None = None
    contracts: pd.DataFrame | None = None
    again: Callable[[pd.DataFrame], "FollowUp"] | None = None

    def of(self, roster: pd.DataFrame) -> "FollowUp":
        """The same records of other customers, or from another start.

        Parameters
        ----------
        roster
            As of `follow_up`.
        """
        assert self.again is not None
        return self.again(roster)

    @property
    def dated(self) -> bool:
        """Whether outcomes are counted from a start."""
        return self.until is not None and "start" in self.roster

    @property
    def history_days(self) -> int:
        """Days of records before the earliest start, a year at most; 0 where nothing is dated."""
        if not self.dated or self.first is None:
            return 0
        return int(np.clip((pd.to_datetime(self.roster["start"]).min() - self.first).days, 0, LONGEST_BEFORE))

    def reach(self) -> np.ndarray:
        """Days (n,) from each start to the end of the records; endless where nothing is dated."""
        if self.until is None or not self.dated:
            return np.full(len(self.roster), np.inf)
        return ((self.until - pd.to_datetime(self.roster["start"])).dt.days).to_numpy(dtype=float)

    def over(self, days: int, names: Sequence[str] | None = None) -> tuple[Outcome, ...]:
        """Outcomes of a window of so many days from each start.

        Parameters
        ----------
        days
            Its length; outcomes that treatments record have none.
        names
            Which; all where it is None.
        """
        chosen = [each for each in self.measures if names is None or each.name in names]
        return tuple(self._outcome(each, days) for each in chosen)

    def at(self, start: pd.Timestamp) -> "FollowUp":
        """The same records with the clocks of all customers set to one day.

        Parameters
        ----------
        start
            From when days are counted.
        """
        later = (pd.to_datetime(self.roster["start"]) - start).dt.days.to_numpy()
        roster = self.roster.assign(start=start)
        events = {
            name: replace(each, day=each.day + later[each.row], known=np.ones(len(each.day), dtype=bool))
            for name, each in self.events.items()
        }
        return replace(self, roster=roster, events=events, **_under_contract(self.contracts, roster, self.until))

    def monthly(self, names: Sequence[str], *, most: int) -> Monthly:
        """Outcomes by calendar month; none of those that are columns.

        Parameters
        ----------
        names
            Which.
        most
            Months before the earliest start, at most.
        """
        assert self.first is not None
        assert self.until is not None
        columns_alone = ("treatments", "customers")
        chosen = [each for each in self.measures if each.name in names and each.table not in columns_alone]
        edges = month_edges(pd.to_datetime(self.roster["start"]), self.first, self.until, most)
        came = self._came()
        columns: dict[str, list[np.ndarray]] = {each.name: [] for each in chosen}
        for edge, end in pairwise(edges):
            then, length = self.at(edge), (end - edge).days
            for each in chosen:
                if each.kind == "staying":
                    assert then.stays is not None
                    gone = then.stays.left & (then.stays.days < length)
                    columns[each.name].append(np.where(then.stays.there, (~gone).astype(float), np.nan))
                else:
                    columns[each.name].append(np.where(came <= edge, then.between(each, 0, length), np.nan))
        empty = np.empty((len(self.roster), 0))
        return Monthly(edges=edges, values={name: np.column_stack([empty, *each]) for name, each in columns.items()})

    def _came(self) -> np.ndarray:
        """When each customer came, datetime64 (n,); before all records where nobody says it."""
        if self.contracts is not None:
            begun = pd.to_datetime(self.contracts["start"]).groupby(self.contracts["customer_id"]).min()
            found = begun.reindex(self.roster["customer_id"]).reset_index(drop=True)
        elif "first_seen" in self.roster:
            found = pd.to_datetime(self.roster["first_seen"]).reset_index(drop=True)
        else:
            found = pd.Series(pd.NaT, index=range(len(self.roster)))
        return found.fillna(pd.Timestamp.min).to_numpy()

    def _outcome(self, measure: Measure, days: int) -> Outcome:
        size = len(self.roster)
        if measure.table in ("treatments", "customers"):
            values = pd.to_numeric(self.roster[measure.column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            return Outcome(measure=measure, after=values, before=np.full(size, np.nan), alike=np.full(size, np.nan))
        over = self.reach() >= days
        if measure.kind == "staying":
            return self._staying(measure, days, over)
        back = self.history_days
        after, of = self._values(measure, 0, days)
        before = self.between(measure, -back, 0) if back else np.full(size, np.nan)
        return Outcome(
            measure=measure,
            after=np.where(over, after, np.nan),
            before=before,
            alike=self._alike(measure, days, back),
            of=of,
            over=over,
        )

    def between(self, measure: Measure, first: int, end: int) -> np.ndarray:
        """One outcome (n,) from one day since each start to before another, wherever these days lie; NaN of nobody.

        Parameters
        ----------
        measure
            Which; none that is a column, and not staying.
        first, end
            Days since the start, negative before it.
        """
        found, of = self._values(measure, first, end)
        return found if of is None else np.divide(found, of, out=np.full(len(found), np.nan), where=of > 0)

    def _alike(self, measure: Measure, days: int, back: int) -> np.ndarray:
        span = min(days, back)
        if span < days and (not span or measure.name == "buying"):
            return np.full(len(self.roster), np.nan)
        found = self.between(measure, -span, 0)
        return found * days / span if measure.kind == "sum" else found

    def _staying(self, measure: Measure, days: int, over: np.ndarray) -> Outcome:
        assert self.stays is not None
        stay = self.stays
        gone = stay.left & (stay.days < days)
        after = np.where(stay.there & (over | gone), (~gone).astype(float), np.nan)
        return Outcome(
            measure=measure,
            after=np.where(over, after, np.nan),
            before=np.full(len(after), np.nan),
            alike=np.full(len(after), np.nan),
            days=np.where(stay.there, stay.days, np.nan),
            left=stay.left,
            over=over,
        )

    def _values(self, measure: Measure, first: int, end: int) -> tuple[np.ndarray, np.ndarray | None]:
        """What happened from one day since the start to before another, of a ratio with its denominator."""
        if measure.name == "cash":
            return self._cash(first, end), None
        if measure.table == "surveys":
            return self._answers(measure, first, end), None
        events = self.events["orders" if measure.name in ("orders", "buying") else measure.table].during(first, end)
        match measure.name:
            case "orders" | "contacts":
                return events.count(), None
            case "buying":
                return (events.count() > 0).astype(float), None
            case "complaints":
                return events.count((events.frame["complaint"] == True).to_numpy(dtype=bool)), None  # noqa: E712 - gaps are not
            case "resolved":
                return events.total(measure.column), events.answered(measure.column)
        return events.total(measure.column), None

    def _cash(self, first: int, end: int) -> np.ndarray:
        """Fees of all contracts, contribution (or else amount) of orders, less what contacts cost."""
        assert self.fees is not None
        found = self.fee_margin * self.fees.during(first, end)
        if "transactions" in self.events:
            bought = self.events["transactions"].during(first, end)
            found += bought.total("margin" if "margin" in bought.frame else "amount")
        if "interactions" in self.events and self.minute_cost:
            found -= self.minute_cost * self.events["interactions"].during(first, end).total("minutes")
        return found

    def _answers(self, measure: Measure, first: int, end: int) -> np.ndarray:
        """Mean answer of each customer (NaN of those who gave none), of the points that the measure makes of it."""
        events = self.events["surveys"].during(first, end)
        values = pd.to_numeric(events.frame[measure.column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        given = np.isfinite(values)
        if measure.name.endswith(NPS) and measure.name != measure.column:
            values = 100.0 * (values >= PROMOTER) - 100.0 * (values <= DETRACTOR)
        elif measure.name.endswith(TOP) and measure.name != measure.column:
            values = (values >= self.scales[measure.column][1]).astype(float)
        sums = np.bincount(events.row[given], values[given], minlength=events.size)
        counts = events.count(given)
        return np.divide(sums, counts, out=np.full(events.size, np.nan), where=counts > 0)


def follow_up(
    roster: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame | None],
    dataset: DatasetDefinition,
    *,
    minute_cost: float = 0.0,
    fee_margin: float = 1.0,
) -> FollowUp:
    """What can be known of the customers of a trial.

    Parameters
    ----------
    roster
        One row a customer: `customer_id`, `start` where the trial has dates, and columns with `use: outcome`.
    tables
        Canonical tables by name; None where the dataset has none.
    dataset
        Definitions of the tables, and the day of the extract: the records end the day before.
    minute_cost
        Money of a minute of contact.
    fee_margin
        Share of fees that is contribution, between 0 and 1.
    """
    again = partial(follow_up, tables=tables, dataset=dataset, minute_cost=minute_cost, fee_margin=fee_margin)
    columns: dict[str, Sequence[Known]] = {name: each.columns for name, each in dataset.tables.items()}
    dated = "start" in roster and roster["start"].notna().all()
    contracts = tables.get("subscriptions")
    present: dict[str, list[str]] = {name: [str(each) for each in roster] for name in ("treatments", "customers")}
    scales = {each.name: each.scale for each in columns.get("surveys", ()) if each.scale is not None}
    if not dated:
        return FollowUp(
            roster=roster,
            measures=tuple(measures_of(columns, present)),
            first=None,
            until=None,
            scales=scales,
            again=again,
        )
    given = ((name, tables.get(name)) for name in ("transactions", "interactions", "surveys"))
    event_tables = {name: frame for name, frame in given if frame is not None and _of_customers(frame)}
    present |= {name: [str(each) for each in frame] for name, frame in event_tables.items()}
    if contracts is not None:
        present["subscriptions"] = [str(each) for each in contracts]
    first, until = _records(event_tables, contracts, dataset.extracted)
    items = [each.name for each in columns.get("surveys", ())]
    made = {name: events_of(frame, roster, EVERY_COLUMN.get(name, items)) for name, frame in event_tables.items()}
    if "transactions" in made:
        made["orders"] = orders_of(made["transactions"])
    return FollowUp(
        roster=roster,
        measures=tuple(measures_of(columns, present)),
        first=first,
        until=until,
        minute_cost=minute_cost,
        fee_margin=fee_margin,
        scales=scales,
        events=made,
        again=again,
        contracts=contracts,
        **_under_contract(contracts, roster, until),
    )


def _under_contract(contracts: pd.DataFrame | None, roster: pd.DataFrame, until: pd.Timestamp | None) -> dict[str, Any]:
    """How long customers stayed, and what they paid."""
    if contracts is None or until is None:
        return {}
    return {"stays": stays_of(contracts, roster, until), "fees": fees_of(contracts, roster, until)}


def _of_customers(frame: pd.DataFrame) -> bool:
    return {"customer_id", "timestamp"} <= set(frame) and len(frame) > 0


def _records(
    events: Mapping[str, pd.DataFrame], contracts: pd.DataFrame | None, extracted: dt.date | None
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """First day, and the first of which records say nothing; contracts may have begun before all else was recorded."""
    times = [instants(frame["timestamp"]) for frame in events.values()]
    ends = [instants(contracts[name]) for name in ("start", "end")] if contracts is not None else []
    known, also = ([each.dropna() for each in some if each.notna().any()] for some in (times, ends))
    if not known and not also:
        return None, None if extracted is None else pd.Timestamp(extracted)
    first = min(each.min() for each in known or also).normalize()
    return first, end_of_records([*known, *also], as_of=extracted, today=None)[0]
