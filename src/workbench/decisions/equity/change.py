"""Customer equity now and earlier: what changed it, and who has moved from tier to tier."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.equity.accumulation import ends
from workbench.decisions.equity.base import what
from workbench.decisions.equity.words import VALUE_RUNS, horizon, money
from workbench.decisions.equity.worth import Assumptions, Worth, first_of, value_at
from workbench.decisions.value.business import Business
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import listing, number, percent, plural, sentence, span

STEPS = (12, 6, 3)
"""Months back that are tried: a year, or less where the records are too short."""
KINDS = ("new", "lost", "more", "less")
GONE = 0.5
"""A customer who is less likely active than not counts as lost, where that was not so before."""


def kind_names() -> dict[str, str]:
    """What changed, for people."""
    return {
        "new": sentence("New customers"),
        "lost": sentence("Lost customers"),
        "more": sentence("Customers worth more"),
        "less": sentence("Customers worth less"),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """A base now and earlier, both valued by what is known of models now.

    Attributes
    ----------
    now
        The base today, by all that is known.
    beside
        The same by what is known on both days: who stays of customers under contract by tenure and group alone.
    then
        The base earlier; None where the records are too short.
    months
        How much earlier.
    kinds : (n,)
        What each customer of today counts for: `new`, `lost`, `more` or `less`.
    left
        Customers of then who are not among those of today.
    gathered
        Kinds of so few customers that they count as worth less (lost) or more (new), as they are.
    """

    now: Worth
    beside: Worth
    then: Worth | None
    months: int
    kinds: np.ndarray
    left: int = 0
    gathered: tuple[str, ...] = ()

    def _of(self, worth: Worth, kind: str) -> np.ndarray:
        """Value (draws,) of the customers of a kind."""
        groups = worth.second.groups
        place = groups.index[(groups["grouping"] == "change") & (groups["group"] == kind)]
        return worth.totals(-1, int(place[0])) if len(place) else np.zeros(worth.business.draws)

    def parts(self) -> pd.DataFrame:
        """By kind: `customers`, and what they changed: `change`, `lower`, `upper`."""
        assert self.then is not None
        multiplier, names, rows = self.beside.doubts[-1].multiplier, kind_names(), []
        ended = "less" if "lost" in self.gathered else "lost"
        for kind in (each for each in KINDS if each not in self.gathered):
            change = self._of(self.beside, kind) - self._of(self.then, kind)
            low, high = ends(change * multiplier)
            rows.append(
                {
                    "kind": kind,
                    "what": names[kind],
                    "customers": int((self.kinds == kind).sum()) + (self.left if kind == ended else 0),
                    "change": float(change.mean()),
                    "lower": float(low),
                    "upper": float(high),
                }
            )
        return pd.DataFrame(rows)

    def exhibits(self) -> Iterator[Showable]:
        """Equity now and then and what changed it; migration between tiers."""
        if self.then is None:
            yield Check(
                name="earlier_equity",
                status="pass",
                title=sentence("No look back"),
                message=sentence(
                    "The base cannot be valued as it was {months} months ago (records too short, or customers known as "
                    "of today alone), so nothing is said of what changed it.",
                    months=STEPS[-1],
                ),
            )
            return
        multiplier = self.beside.doubts[-1].multiplier
        before, after = self.then.totals(-1), self.beside.totals(-1)
        difference = after - before
        low, high = (float(end) for end in ends(difference * multiplier))
        parts = self.parts()
        yield self._finding(float(before.mean()), float(after.mean()), float(difference.mean()), (low, high), parts)
        if self.beside.positive:
            yield self._migration_finding()
        yield {
            "equity_before": float(before.mean()),
            "equity_change": float(difference.mean()),
            "equity_change_lower": low,
            "equity_change_upper": high,
            "equity_change_months": self.months,
            **dict.fromkeys((f"equity_{kind}" for kind in KINDS), None),
            **{f"equity_{row['kind']}": row["change"] for row in parts.to_dict("records")},
            "migration_share": self.moved,
            "migration_chance_share": self.by_chance,
        }
        yield self._parts_table(parts)
        yield Figure(
            name="equity_change",
            draw=self.draw,
            title=sentence("What changed the value of the base"),
            alt=sentence(
                "Bars from the value {time} ago to that of today: new, lost, worth more, worth less.",
                time=span(self.months, "months"),
            ),
            caption=sentence(
                "Both days by what is known of the models today ({horizon}).", horizon=horizon(self.beside.last)
            )
            if self.beside is self.now
            else sentence(
                "Both days by the models of today ({horizon}), who stays by tenure and group alone: the earlier run "
                "knows customers of today only. By the run the base is worth {amount} today.",
                horizon=horizon(self.beside.last),
                amount=money(float(self.now.totals(-1).mean()), self.beside.assumptions.money.currency),
            ),
        )
        yield self._migration_table()

    def _finding(
        self, before: float, after: float, change: float, interval: tuple[float, float], parts: pd.DataFrame
    ) -> Finding:
        currency = self.beside.assumptions.money.currency
        up = change >= 0
        largest = parts.loc[parts["change"].idxmax() if up else parts["change"].idxmin()]
        values = {
            "before": money(before, currency),
            "after": money(after, currency),
            "time": span(self.months, "months"),
            "what": largest["what"].lower(),
            "part": money(float(largest["change"]), currency),
        }
        return Finding(
            rests_on=VALUE_RUNS,
            id="equity_change",
            statement=self._said(change, interval, values),
            estimate=change,
            unit=currency,
            interval=interval,
            interval_kind=sentence("90% credible, both days by the models of today"),
            evidence="descriptive",
            n=len(self.kinds),
            table="equity_change",
            figure="equity_change",
        )

    @staticmethod
    def _said(change: float, interval: tuple[float, float], values: Mapping[str, str]) -> str:
        if interval[0] <= 0 <= interval[1]:
            return sentence("The base is worth about what it was {time} ago: {before} then, {after} now.", **values)
        if change > 0:
            return sentence(
                "The base rose from {before} to {after} in {time}, most of all by {what} ({part}).", **values
            )
        return sentence("The base fell from {before} to {after} in {time}, mostly by {what} ({part}).", **values)

    def _parts_table(self, parts: pd.DataFrame) -> Table:
        currency = self.beside.assumptions.money.currency
        return Table(
            name="equity_change",
            frame=parts,
            caption=self._told(),
            people=People(count="customers", by=["kind", "what"]),
            columns={
                "what": Column(sentence("Customers who are")),
                "customers": Column(sentence("Customers")),
                "change": Column(sentence("Change"), currency),
                "lower": Column(sentence("From"), currency),
                "upper": Column(sentence("To"), currency),
            },
        )

    def _told(self) -> str:
        values = {"what": what(self.beside), "time": span(self.months, "months")}
        if not self.gathered:
            return sentence(
                "What changed {what} to come since {time} ago. Lost: more likely gone than not, and not so before.",
                **values,
            )
        names = kind_names()
        return sentence(
            "What changed {what} to come since {time} ago. Too few to be told alone, counted with those worth more or "
            "less: {gathered}.",
            **values,
            gathered=listing([names[kind].lower() for kind in self.gathered]),
        )

    def draw(self) -> Axes:
        """A waterfall from then to now."""
        assert self.then is not None
        parts = self.parts()
        before, after = float(self.then.totals(-1).mean()), float(self.beside.totals(-1).mean())
        labels = [
            sentence("{time} ago", time=span(self.months, "months")),
            *(name.replace(" ", "\n", 1) for name in parts["what"]),
            sentence("Today"),
        ]
        unit, name = (1e6, "million") if max(before, after) >= 2e6 else (1e3, "thousand")
        ax = Drawing(figsize=(6.2, 3.4), layout="constrained").subplots()
        at = before
        ax.bar(0, before / unit, color="0.6", width=0.6)
        for place, row in enumerate(parts.to_dict("records"), start=1):
            ax.bar(place, row["change"] / unit, bottom=at / unit, width=0.6, color="C0" if row["change"] >= 0 else "C1")
            ax.annotate(
                f"{row['change'] / unit:+.3g}",
                (place, max(at, at + row["change"]) / unit),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
            at += row["change"]
        ax.bar(len(parts) + 1, after / unit, color="0.6", width=0.6)
        ax.set_xticks(range(len(labels)), labels, fontsize=9)
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, 0), high + 0.08 * (high - low))  # room for the highest number
        currency = self.beside.assumptions.money.currency
        ax.set_ylabel(
            sentence("Value (million {currency})", currency=currency)
            if name == "million"
            else sentence("Value (thousand {currency})", currency=currency)
        )
        return ax

    @property
    def _both(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of customers who are in the base on both days: now, then."""
        assert self.then is not None
        _, here, there = np.intersect1d(
            self.beside.business.customers, self.then.business.customers, assume_unique=True, return_indices=True
        )
        return here, there

    @property
    def moved(self) -> float:
        """Share of customers of both days who are in another tier, drawn from what is known on each day."""
        assert self.then is not None
        here, there = self._both
        same = (self.beside.tiers.probability[here] * self.then.tiers.probability[there]).sum(axis=1)
        return float(1 - same.mean())

    @property
    def by_chance(self) -> float:
        """Share of these moves that two draws of one and the same day would show as well.

        Notes
        -----
        With p and q the probabilities of tiers on both days, moves are 1 - Σ pq, and those of chance the mean of
        1 - Σ p² and 1 - Σ q²; the rest is ½ Σ (p - q)², which only data that came in between can bring about.
        """
        assert self.then is not None
        here, there = self._both
        chance = [
            1 - (worth.tiers.probability[rows] ** 2).sum(axis=1).mean()
            for worth, rows in ((self.beside, here), (self.then, there))
        ]
        return float(np.mean(chance)) / self.moved if self.moved > 0 else 0.0

    def migration(self) -> pd.DataFrame:
        """Customers of both days by tier: `then`, `now`, `customers`, `share` of those of the tier then."""
        assert self.then is not None
        here, there = self._both
        names = list(self.beside.tiers.names)
        moved = np.zeros((len(names), len(names)), dtype=int)
        np.add.at(moved, (self.then.tiers.place[there], self.beside.tiers.place[here]), 1)
        rows = [
            {"then": names[i], "now": names[j], "customers": int(moved[i, j]), "share": moved[i, j] / moved[i].sum()}
            for i in range(len(names))
            for j in range(len(names))
            if moved[i].sum()
        ]
        return pd.DataFrame(rows)

    def _migration_table(self) -> Table:
        return Table(
            name="migration",
            frame=self.migration(),
            caption=sentence(
                "Tiers {time} ago and today, by expected value, of customers of both days.",
                time=span(self.months, "months"),
            ),
            people=People(count="customers", by=["then", "now"]),
            columns={
                "then": Column(sentence("Tier then")),
                "now": Column(sentence("Tier now")),
                "customers": Column(sentence("Customers")),
                "share": Column(sentence("Of the tier then"), "share"),
            },
        )

    def _migration_finding(self) -> Finding:
        here, there = self._both
        assert self.then is not None
        changed = int((self.beside.tiers.place[here] != self.then.tiers.place[there]).sum())
        return Finding(
            rests_on=VALUE_RUNS,
            id="migration",
            statement=sentence(
                "None of {size} customers changed tier in {time}.",
                size=number(len(here)),
                time=span(self.months, "months"),
            )
            if not changed
            else plural(
                "{n} of {size} customers changed tier in {time}; our doubt alone would make {chance} of such moves.",
                "{n} of {size} customers changed tier in {time}; our doubt alone would make {chance} of such moves.",
                changed,
                size=number(len(here)),
                time=span(self.months, "months"),
                chance=percent(self.by_chance),
            ),
            estimate=self.by_chance,
            unit="share",
            evidence="descriptive",
            n=len(here),
            table="migration",
        )


def value_base(business: Business, assumptions: Assumptions) -> Change:
    """Value a base today and, as far back as the records allow, earlier.

    Parameters
    ----------
    business
        Whose customers.
    assumptions
        By which.
    """
    first = first_of(business, assumptions)
    for months in STEPS:
        earlier = business.before(months)
        if earlier is not None:
            break
    else:
        now = value_at(business, assumptions, first=first)
        return Change(now=now, beside=now, then=None, months=STEPS[-1], kinds=np.array([]))
    here = business.comparable
    both = first if here is business else first_of(here, assumptions)
    old = first_of(earlier, assumptions)
    was = pd.Index(earlier.customers).get_indexer(pd.Index(business.customers))
    then_value = np.where(was >= 0, old.value[was, -1], 0.0)
    then_alive = np.where(was >= 0, old.alive[was], 0.0)
    kinds = np.select(
        [was < 0, (both.alive < GONE) & (then_alive >= GONE), both.value[:, -1] >= then_value],
        ["new", "lost", "more"],
        "less",
    )
    place = pd.Index(business.customers).get_indexer(pd.Index(earlier.customers))
    left = int((place < 0).sum())
    kinds, gathered = _gathered(kinds, left)
    groupings = pd.DataFrame({"change": kinds})
    beside = value_at(here, assumptions, groupings=groupings, first=both)
    old_kinds = np.where(place >= 0, kinds[place], "less" if "lost" in gathered else "lost")
    return Change(
        now=beside if here is business else value_at(business, assumptions, first=first),
        beside=beside,
        then=value_at(earlier, assumptions, groupings=pd.DataFrame({"change": old_kinds}), first=old),
        months=months,
        kinds=kinds,
        left=left,
        gathered=gathered,
    )


def _gathered(kinds: np.ndarray, left: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Kinds (n,) in which few lost customers count as worth less and few new ones as worth more, and which are few."""
    found, few = kinds, []
    for kind, instead, more in (("new", "more", 0), ("lost", "less", left)):
        own = found == kind
        if 0 < own.sum() + more < SMALLEST_GROUP:
            found = np.where(own, instead, found)
            few.append(kind)
    return found, tuple(few)
