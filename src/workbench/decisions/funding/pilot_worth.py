"""Whether a pilot is worth its cost before money is spent, with how many customers, and for how long.

Half of its customers get what the initiative does, by lot; ratings of the touchpoint then tell the lift. What a pilot
is worth is what the decision after it brings over the decision now, less what it costs: it is paid for those who get
it, and the initiative begins as many months later as the pilot lasts, and is counted for as long from then on. All
that is spent must return the hurdle. What those in the pilot gain is not counted. It teaches the lift alone: leaving
and orders move too little in a pilot to be learnt from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from scipy.stats import norm

from workbench.decisions.equity.words import money
from workbench.decisions.funding.changed import later, with_lifts, within
from workbench.decisions.funding.information import KNOTS, LiftCurve, knots_of
from workbench.decisions.pilots.visits import met_since
from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.initiatives import Initiative
from workbench.decisions.roi.links import Lift
from workbench.decisions.roi.ratings import Ratings
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Finding
from workbench.wording import number, sentence

MONTHS = (3, 6, 12)
"""Of a pilot: shorter ones end before most customers have been at a touchpoint."""
SIZES = (100, 200, 500, 1000, 2000, 5000, 10000)
"""Customers of a pilot, in even steps on the scale on which its error falls; no more than there are."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How often customers rate a touchpoint.

    Attributes
    ----------
    monthly
        Ratings of it for a customer and month.
    """

    monthly: float


def pilot_error(initiative: Initiative, at: Lift, answering: Answering, customers: float, months: int) -> float:
    """Standard error of the lift that a pilot by lot tells, in standard deviations of the experience.

    Parameters
    ----------
    initiative
        How soon it works fully, and how it fades.
    at
        The touchpoint: its ratings, and how halo widens them.
    answering
        How often it is rated.
    customers
        Of both arms, half of them each.
    months
        For which ratings are looked at.

    Notes
    -----
    A rating tells Σ (φ(cut below) − φ(cut above))² / share of a shift (Fisher information of an ordered probit); who
    was there last before the start tells nothing. Two arms of the same size double the variance.
    """
    used = np.isfinite(at.ratings)
    shape = Ratings.of(at.ratings[used])
    density = norm.pdf(np.concatenate([[-np.inf], shape.cuts, [np.inf]]))
    share = np.diff(norm.cdf(np.concatenate([[-np.inf], shape.cuts, [np.inf]])))
    told = float(np.sum(np.diff(density) ** 2 / share))
    month = np.arange(1, months + 1)
    met = met_since(at, month) * initiative.strength_after(month)
    information = customers / 2 * answering.monthly * told * float(np.sum(met**2))
    return float(at.widening.mean() * np.sqrt(2 / information)) if information > 0 else np.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class PilotWorth:
    """What pilots of each initiative are worth.

    Attributes
    ----------
    table
        `initiative`, `customers`, `months`, `error` (of the lift), `cost`, `information` (what the sample is worth
        before its cost, the decision being as late), `net` (over deciding now), in money.
    lift_information
        By initiative what knowing its lift is worth now.
    currency
        Of all money.
    leading
        The initiative that is shown.
    """

    table: pd.DataFrame
    lift_information: dict[str, float]
    currency: str
    leading: str

    @classmethod
    def of(
        cls,
        whole: Chain,
        leading: str,
        *,
        months: int,
        known: dict[str, tuple[float, float]],
        answering: dict[str, Answering],
        set_up: float,
        hurdle: float,
    ) -> "PilotWorth":
        """Work out each size and length.

        Parameters
        ----------
        whole
            With all draws, for as many months as customers are valued for.
        months
            For which returns are counted, from when a decision is made.
        leading
            The initiative that is shown.
        known
            Mean and standard deviation of each lift as it is known now, by the name of the initiative.
        answering
            By driver.
        set_up
            What a pilot costs beside those who get it.
        hurdle
            What 1 spent must return: what is brought counts over that times what is spent.
        """
        chain, reach = within(whole, months), whole.base.customers.shape[1]
        now = _curves(chain, known, hurdle)
        rows, learnt = [], {}
        waits = {wait: _curves(within(later(whole, wait), min(months + wait, reach)), known, hurdle) for wait in MONTHS}
        active, discount = chain.base.active, chain.base.discount
        sizes = sorted({size for size in SIZES if size < active} | {int(active)})
        for each in chain.initiatives:
            decided = max(now[each.name].expected, 0.0)
            learnt[each.name] = now[each.name].sample_information(0.0)
            for wait in MONTHS:
                curve = waits[wait][each.name]
                for size in sizes:
                    error = pilot_error(each, chain.at[each.driver], answering[each.driver], size, wait)
                    tried = replace(each, fixed_cost=set_up, reach=0.5, start=0)
                    cost = float(tried.spending(size, wait, discount).sum())
                    rows.append(
                        {
                            "initiative": each.name,
                            "customers": size,
                            "months": wait,
                            "error": error,
                            "cost": cost,
                            "information": curve.sample_information(error),
                            "net": curve.decided(error) - hurdle * cost - decided,
                        }
                    )
        return cls(table=pd.DataFrame(rows), lift_information=learnt, currency=chain.base.currency, leading=leading)

    def best(self, name: str) -> pd.Series | None:
        """The pilot of an initiative that is worth most, where one is worth its cost.

        Parameters
        ----------
        name
            Of the initiative.
        """
        own = self.table[(self.table["initiative"] == name) & (self.table["net"] > 0)]
        return None if own.empty else own.iloc[int(own["net"].argmax())]

    def exhibits(self) -> Iterator[Showable]:
        """Whether a pilot is worth its cost, the figure, and the table."""
        if self.table.empty:
            return
        worth_it = self.best(self.leading)
        own = self.table[self.table["initiative"] == self.leading]
        best = own.iloc[int(own["net"].argmax())]
        if worth_it is None:
            statement = sentence(
                "No pilot of {name} is worth its cost: knowing its lift for sure would be worth {worth}.",
                name=self.leading,
                worth=money(self.lift_information[self.leading], self.currency),
            )
        else:
            statement = sentence(
                "A pilot of {name} with {customers} customers for {months} months is worth {net} more than deciding "
                "now.",
                name=self.leading,
                customers=number(float(best["customers"])),
                months=number(float(best["months"])),
                net=money(float(best["net"]), self.currency),
            )
        yield Finding(
            id="pilot_worth",
            statement=statement,
            estimate=float(best["net"]),
            unit=sentence("{currency} over deciding now", currency=self.currency).strip(),
            evidence="assumed",
            table="pilot_worth",
            figure="pilot_worth",
        )
        yield Figure(
            name="pilot_worth",
            draw=self.draw,
            title=sentence("What a pilot of {name} is worth", name=self.leading),
            alt=sentence(
                "Lines of what pilots of each length are worth, net of cost, by how many customers they have."
            ),
            caption=sentence("Over deciding now, net of what the pilot costs and of beginning later."),
        )
        yield Table(
            name="pilot_worth",
            frame=self.table,
            caption=sentence("Pilots by lot, half of their customers treated: what they tell, cost and are worth."),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "customers": Column(sentence("Customers")),
                "months": Column(sentence("Months")),
                "error": Column(sentence("Error of the lift")),
                "cost": Column(sentence("Cost"), self.currency),
                "information": Column(sentence("Worth of what it tells"), self.currency),
                "net": Column(sentence("Over deciding now"), self.currency),
            },
        )

    def draw(self) -> Axes:
        """A line for each length."""
        own = self.table[self.table["initiative"] == self.leading]
        ax = Drawing(figsize=(6.2, 3.6), layout="constrained").subplots()
        for months, part in own.groupby("months"):
            ax.plot(part["customers"], part["net"], marker="o", markersize=4, label=sentence("{n} months", n=months))
        ax.axhline(0, color="0.4", linewidth=0.8)
        ax.set_xscale("log")
        ticks = sorted(own["customers"].unique())
        ax.set_xticks(ticks, [number(float(each)) for each in ticks])
        ax.minorticks_off()
        ax.set_xlabel(sentence("Customers in the pilot"))
        ax.set_ylabel(self.currency or sentence("Money"))
        ax.legend(loc="best")
        return ax


def _curves(chain: Chain, known: dict[str, tuple[float, float]], hurdle: float) -> dict[str, LiftCurve]:
    """What each initiative brings over the hurdle, by its lift."""
    grids = {name: knots_of(*each) for name, each in known.items()}
    found = [
        with_lifts(chain, {name: grid[knot] for name, grid in grids.items()}).returns() for knot in range(len(KNOTS))
    ]
    values = np.array([each.value.mean(axis=1) - hurdle * each.costs for each in found])
    return {
        each.name: LiftCurve(mean=known[each.name][0], deviation=known[each.name][1], npv=values[:, place])
        for place, each in enumerate(chain.initiatives)
    }
