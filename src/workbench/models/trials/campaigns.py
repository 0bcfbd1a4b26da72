"""What recipients of past campaigns spent more than comparable customers; the time before is tested first.

Others are weighted by what was known before both periods that are compared: with neither side of a change in the
weights, no change is made by weighting (Daw and Hatfield 2018, Matching and regression to the mean in
difference-in-differences analysis).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.models.trials.differences import Contrast, contrast, overlap_weights
from workbench.wording import day, number, plural, sentence

FEWEST_RECIPIENTS = 20
"""As in `comparison`: below, an interval would not hold its level."""
SLICE_DAYS = 28
"""Whole weeks, so that every slice of the time before holds each weekday as often."""
SLICES = 4
"""Of the time before by which others are weighted, a choice: a third of a year tells a customer's level."""


class DayLog(Protocol):
    """Days with purchases, refunds netted, as `features.PurchaseLog` has them."""

    @property
    def days(self) -> pd.DataFrame:
        """`customer_id`, `day` (since the first of the records), `amount`, `bought`, and `margin` where it is known."""
        ...

    @property
    def first(self) -> date:
        """First day of the records."""
        ...

    @property
    def until(self) -> int:
        """Last day that was looked at, in days since the first."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Campaign:
    """One campaign whose recipients somebody chose.

    Attributes
    ----------
    name, kind
        Its own, and that of its arm.
    start, days
        First day, and how many it ran, the last included.
    recipients, others
        Customers in the records with it and without.
    cost
        Mean recorded cost of a recipient; 0 where none is recorded.
    at_once
        Share of recipients who were in another campaign meanwhile.
    raw, earlier
        What recipients spent more while it ran, and in as many days before; nothing adjusted.
    plain
        Difference in differences, without weights.
    weighted
        With others weighted to have spent and bought alike before the days that are compared; None where the records
        begin too late for that.
    placebo
        What `effect` finds a period earlier, when there was no campaign; None where the records begin too late.
    contribution
        `effect` of margins; None where none are known.
    """

    name: str
    kind: str
    start: date
    days: int
    recipients: int
    others: int
    cost: float
    at_once: float
    raw: Contrast
    earlier: Contrast
    plain: Contrast
    weighted: Contrast | None
    placebo: Contrast | None
    contribution: Contrast | None

    @property
    def effect(self) -> Contrast:
        """The one that is told: with weights, where there are any."""
        return self.weighted or self.plain


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A campaign that these records cannot tell of.

    Attributes
    ----------
    name
        Its own.
    recipients
        Customers in the records who were in it.
    reason
        One of `outlasts`, `too_early`, `few`, `everybody`, `no_dates`, `starts`, `apart`.
    """

    name: str
    recipients: int
    reason: str


class Spending:
    """Money and purchase days of every customer within any days.

    Parameters
    ----------
    log
        Days with purchases.
    """

    def __init__(self, log: DayLog) -> None:
        rows = log.days.sort_values("day", kind="stable")
        codes, people = pd.factorize(rows["customer_id"], sort=True)
        self.people = np.asarray(people)
        self.money = [name for name in ("amount", "margin") if name in rows]
        self._code = codes
        self._day = rows["day"].to_numpy()
        self._values = {name: rows[name].to_numpy(dtype=float) for name in self.money}
        self._values["days"] = rows["bought"].to_numpy(dtype=float)

    def within(self, name: str, first: int, end: int) -> np.ndarray:
        """Sum (customers,) of `amount`, `margin` or `days` (with purchases) from one day to before another.

        Parameters
        ----------
        name
            What is summed.
        first, end
            Days since the first of the records.
        """
        rows = slice(*np.searchsorted(self._day, [first, end]))
        return np.bincount(self._code[rows], self._values[name][rows], minlength=len(self.people))

    def before(self, end: int) -> np.ndarray | None:
        """Money and days of the last slices before a day (customers, k); None where the records hold no whole one.

        Parameters
        ----------
        end
            Day since the first of the records.
        """
        edges = [(end - SLICE_DAYS * (i + 1), end - SLICE_DAYS * i) for i in range(SLICES)]
        columns = [self.within(name, *edge) for edge in edges if edge[0] >= 0 for name in ("amount", "days")]
        return np.column_stack(columns) if columns else None


def read_campaigns(treatments: pd.DataFrame, log: DayLog) -> tuple[tuple[Campaign, ...], tuple[Refused, ...]]:
    """Every campaign that these records can tell of, and why not the others.

    All customers who ever bought within the records are looked at; whom a campaign did not reach are the others.

    Parameters
    ----------
    treatments
        Rows of recipients: `customer_id`, `initiative`, `arm`, `start`, `end`, and `cost` where it is known. Controls
        are no recipients.
    log
        Days with purchases.
    """
    spending = Spending(log)
    known = treatments[treatments["customer_id"].isin(spending.people)]
    told, refused = [], []
    for name, own in treatments.groupby(treatments["initiative"].astype(str), sort=False):
        rows = own[own["customer_id"].isin(spending.people)]
        people = int(rows["customer_id"].nunique())
        reason = _why_not(rows if len(rows) else own, people, log, len(spending.people))
        campaign = None if reason else _campaign(str(name), rows, known, spending, log.first)
        if campaign is None:
            refused.append(Refused(name=str(name), recipients=people, reason=reason or "apart"))
        else:
            told.append(campaign)
    return tuple(told), tuple(refused)


def reasons(refused: tuple[Refused, ...], log: DayLog) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Why campaigns are not told of, in words, each with their names.

    Parameters
    ----------
    refused
        From `read_campaigns`.
    log
        The same.
    """
    last = day(log.first + timedelta(days=log.until))
    words = {
        "outlasts": sentence("running on after the last day of the records, {last}", last=last),
        "too_early": sentence("without as many days of records before, which begin on {first}", first=day(log.first)),
        "few": sentence("with fewer than {n} recipients in the records", n=number(FEWEST_RECIPIENTS)),
        "everybody": sentence("with fewer than {n} customers left out", n=number(FEWEST_RECIPIENTS)),
        "no_dates": sentence("without first and last day, or ending before the start"),
        "starts": sentence("with several first or last days"),
        "apart": sentence("sent to customers whom no others resemble"),
    }
    for reason, said in words.items():
        names = tuple(each.name for each in refused if each.reason == reason)
        if names:
            yield said, names


def named(names: tuple[str, ...]) -> str:
    """Campaigns by name.

    Parameters
    ----------
    names
        At least one.

    Examples
    --------
    >>> named(("8",)), named(("8", "9"))
    ('campaign 8', 'campaigns 8, 9')
    """
    return plural("campaign {names}", "campaigns {names}", len(names), names=", ".join(names))


def _why_not(rows: pd.DataFrame, people: int, log: DayLog, known: int) -> str:
    if not {"start", "end"} <= set(rows) or rows[["start", "end"]].isna().any(axis=None):
        return "no_dates"
    if rows["start"].nunique() > 1 or rows["end"].nunique() > 1:
        return "starts"
    first, last = _days(rows, log.first)
    if last < first:
        return "no_dates"
    if last > log.until:
        return "outlasts"
    if 2 * first - last - 1 < 0:
        return "too_early"
    if people < FEWEST_RECIPIENTS:
        return "few"
    return "everybody" if known - people < FEWEST_RECIPIENTS else ""


def _days(rows: pd.DataFrame, begin: date) -> tuple[int, int]:
    first, last = ((pd.Timestamp(rows[name].iloc[0]) - pd.Timestamp(begin)).days for name in ("start", "end"))
    return first, last


def _campaign(name: str, rows: pd.DataFrame, known: pd.DataFrame, spending: Spending, begin: date) -> Campaign | None:
    """None where recipients were of another sort than all others."""
    first, last = _days(rows, begin)
    length = last + 1 - first
    chosen = pd.Index(spending.people).isin(rows["customer_id"])
    during, before = (spending.within("amount", day, day + length) for day in (first, first - length))
    known_before = spending.before(first - length)
    weights = None if known_before is None else overlap_weights(known_before, chosen)
    if known_before is not None and weights is None:
        return None
    weighted = None if weights is None else contrast(during - before, chosen, weights)
    contribution = None
    if "margin" in spending.money:
        change = spending.within("margin", first, last + 1) - spending.within("margin", first - length, first)
        contribution = contrast(change, chosen, weights)
    meanwhile = known[
        (known["initiative"].astype(str) != name)
        & (known["start"] <= rows["end"].iloc[0])
        & (known["end"] >= rows["start"].iloc[0])
    ]
    return Campaign(
        name=name,
        kind=str(rows["arm"].iloc[0]) if "arm" in rows else "",
        start=pd.Timestamp(rows["start"].iloc[0]).date(),
        days=length,
        recipients=int(chosen.sum()),
        others=int((~chosen).sum()),
        cost=float(rows["cost"].fillna(0.0).sum() / chosen.sum()) if "cost" in rows else 0.0,
        at_once=float(pd.Index(spending.people[chosen]).isin(meanwhile["customer_id"]).mean()),
        raw=contrast(during, chosen),
        earlier=contrast(before, chosen),
        plain=contrast(during - before, chosen),
        weighted=weighted,
        placebo=_placebo(first - length, length, chosen, spending) if weights is not None else None,
        contribution=contribution,
    )


def _placebo(first: int, length: int, chosen: np.ndarray, spending: Spending) -> Contrast | None:
    """The weighted change of as many days from `first` on, before which there were as many and a slice more."""
    known = spending.before(first - length)
    weights = None if known is None else overlap_weights(known, chosen)
    if weights is None:
        return None
    during, before = (spending.within("amount", day, day + length) for day in (first, first - length))
    return contrast(during - before, chosen, weights)
