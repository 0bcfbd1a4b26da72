"""What to fund: one recommendation, how sure it is, and what it hangs on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from workbench.decisions.equity.words import horizon, money
from workbench.decisions.funding.doubts import Doubts
from workbench.decisions.funding.must_be_true import MustBeTrue
from workbench.decisions.funding.pilot_worth import PilotWorth
from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.result import Returns
from workbench.exhibits import Showable
from workbench.findings import Finding
from workbench.wording import listing, number, percent, sentence

SURE = 0.9
"""Probability of clearing the hurdle from which an initiative is worth it: a choice, one in ten may disappoint."""

Status = Literal["fund", "none", "unclear"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Recommendation:
    """What to do with the initiatives.

    Attributes
    ----------
    status
        `fund`: one at least is surely worth it; `none`: all surely are not; `unclear`: these data cannot tell.
    best : str
        The initiative that is told of: of those that are worth it, or of all, the one with the highest net present
        value.
    clears
        Probability that each clears the hurdle, by its name.
    """

    status: Status
    best: str
    clears: dict[str, float]

    @classmethod
    def of(cls, returns: Returns, *, hurdle: float) -> "Recommendation":
        """Choose.

        Parameters
        ----------
        returns
            Of all initiatives; at least one.
        hurdle
            What 1 spent must return.
        """
        clears = {
            each.name: float(np.mean(returns.value[place] > hurdle * returns.costs[place]))
            for place, each in enumerate(returns.initiatives)
        }
        order = [str(name) for name in returns.table["initiative"]]
        sure = [name for name in order if clears[name] >= SURE]
        if sure:
            return cls(status="fund", best=sure[0], clears=clears)
        status: Status = "none" if all(chance <= 1 - SURE for chance in clears.values()) else "unclear"
        return cls(status=status, best=order[0], clears=clears)

    @property
    def others(self) -> list[str]:
        """Further initiatives that are surely worth it."""
        return [name for name, chance in self.clears.items() if chance >= SURE and name != self.best]


@dataclass(frozen=True, kw_only=True, eq=False)
class Advice:
    """The recommendation in words, and what stands behind it.

    Attributes
    ----------
    recommendation
        What to do.
    returns, chain
        Of all initiatives.
    doubts, must, pilots
        What it hangs on, where it breaks even, and what a pilot of it would be worth.
    hurdle
        What 1 spent must return.
    contribution
        Whether value is contribution; False: revenue.
    labels
        What items of the survey are called, by name; an item without one by its name.
    """

    recommendation: Recommendation
    returns: Returns
    chain: Chain
    doubts: Doubts
    must: MustBeTrue
    pilots: PilotWorth
    hurdle: float
    contribution: bool
    labels: Mapping[str, str] = field(default_factory=dict)

    def exhibits(self) -> Iterator[Showable]:
        """What to fund, what else clears the hurdle, and what it hangs on."""
        yield self._headline()
        yield self._others()
        yield self._hangs_on()

    def _row(self) -> pd.Series:
        frame = self.returns.table
        return frame[frame["initiative"] == self.recommendation.best].iloc[0]

    def _margin(self) -> float:
        """Share of revenue that must be margin, so that the best is still surely worth it."""
        names = [each.name for each in self.returns.initiatives]
        place = names.index(self.recommendation.best)
        least = float(np.quantile(self.returns.value[place], 1 - SURE))
        return self.hurdle * float(self.returns.costs[place]) / least

    def _headline(self) -> Finding:
        best, row = self.recommendation, self._row()
        if not row["cost"] > 0:
            return self._costs_nothing(row)
        chance = best.clears[best.best]
        about = {
            "name": best.best,
            "roi": number(row["roi"]),
            "what": sentence("contribution") if self.contribution else sentence("revenue"),
            "time": horizon(len(self.returns.discounts)),
            "chance": percent(chance),
            "loss": percent(1 - chance),
        }
        if best.status == "fund" and not self.contribution:
            statement = sentence(
                "Fund {name} if more than {margin} of revenue is margin: 1 spent returns {roi} of revenue within "
                "{time}.",
                **about,
                margin=percent(self._margin()),
            )
        elif best.status == "fund":
            statement = sentence(
                "Fund {name}: 1 spent returns {roi} of {what} within {time}. It pays with a probability of {chance}.",
                **about,
            )
        elif best.status == "none":
            statement = sentence(
                "No initiative clears the hurdle: the best, {name}, returns {roi} of {what} for 1 spent within {time}.",
                **about,
            )
        else:
            statement = sentence(
                "These data cannot tell what to fund: {name} looks best, and misses the hurdle with a probability of "
                "{loss}.",
                **about,
            )
        return Finding(
            id="what_to_fund",
            statement=statement,
            estimate=row["roi"],
            interval=(row["roi_lower"], row["roi_upper"]),
            interval_kind=sentence("90% credible"),
            unit=sentence("returned for 1 spent"),
            evidence="associational",
            table="returns",
            figure="returns",
            action=self._action(),
        )

    def _costs_nothing(self, row: pd.Series) -> Finding:
        """The headline of what is free: nothing is returned for 1 spent, so what it brings is told."""
        best, currency = self.recommendation, self.returns.currency
        about = {
            "name": best.best,
            "value": money(row["value"], currency),
            "what": sentence("contribution") if self.contribution else sentence("revenue"),
            "time": horizon(len(self.returns.discounts)),
            "chance": percent(best.clears[best.best]),
            "loss": percent(1 - best.clears[best.best]),
        }
        if best.status == "fund":
            statement = sentence(
                "Do {name}: it costs nothing and brings {value} of {what} within {time}. It gains "
                "with a probability of {chance}.",
                **about,
            )
        elif best.status == "none":
            statement = sentence(
                "No initiative is worth it: the best, {name}, costs nothing and brings {value} of "
                "{what} within {time}.",
                **about,
            )
        else:
            statement = sentence(
                "These data cannot tell what to fund: {name} costs nothing and looks best, but "
                "brings nothing with a probability of {loss}.",
                **about,
            )
        return Finding(
            id="what_to_fund",
            statement=statement,
            estimate=row["value"],
            interval=(row["value_lower"], row["value_upper"]),
            interval_kind=sentence("90% credible"),
            unit=currency,
            evidence="associational",
            table="returns",
            figure="returns",
            action=self._action(),
        )

    def _action(self) -> str:
        best = self.recommendation
        initiative = next(each for each in self.chain.initiatives if each.name == best.best)
        driver = self.labels.get(initiative.driver) or initiative.driver
        free = not self._row()["cost"] > 0
        if best.status == "fund" and not self.contribution and not free:
            return sentence(
                "Find out the margin; then fund {name}, and watch the ratings of {driver}: they must rise as expected.",
                name=best.best,
                driver=driver,
            )
        if best.status == "fund":
            return sentence(
                "Fund {name}, and watch the ratings of {driver}: they must rise as expected, for associations stand "
                "behind the rest.",
                name=best.best,
                driver=driver,
            )
        pilot = self.pilots.best(best.best)
        if best.status == "unclear" and pilot is not None:
            return sentence(
                "Pilot {name} before funding it: {customers} customers, half of them by lot, for {months} months.",
                name=best.best,
                customers=number(float(pilot["customers"])),
                months=number(float(pilot["months"])),
            )
        if best.status == "unclear" and self._over() > 0:
            return sentence(
                "No pilot of {name} pays: fund it if a {loss} chance of missing the hurdle can be borne.",
                name=best.best,
                loss=percent(1 - best.clears[best.best]),
            )
        return sentence("Fund none of them as they stand; what would have to be true is told below.")

    def _over(self) -> float:
        """What the best is expected to bring over what the hurdle asks for its cost."""
        place = [each.name for each in self.returns.initiatives].index(self.recommendation.best)
        return float(self.returns.value[place].mean() - self.hurdle * self.returns.costs[place])

    def _others(self) -> Finding | None:
        others = self.recommendation.others
        if not others:
            return None
        return Finding(
            id="also_pays",
            statement=sentence(
                "{names} clear the hurdle too, each alone; what they bring together was not worked out.",
                names=listing(others),
            )
            if len(others) > 1
            else sentence(
                "{names} clears the hurdle too, alone; what both bring together was not worked out.", names=others[0]
            ),
            estimate=len(others),
            unit=sentence("initiatives") if len(others) > 1 else sentence("initiative"),
            evidence="associational",
            table="returns",
        )

    def _hangs_on(self) -> Finding | None:
        shares = self.doubts.of_one(self.recommendation.best)
        if shares.empty:
            return None
        lift = self.must.row("lift")
        about = {
            "link": shares["title"].iloc[0],
            "share": percent(float(shares["share"].iloc[0])),
            "lift": number(lift["breaks_even"], 2),
            "expected": number(lift["expected"], 2),
        }
        return Finding(
            id="what_it_hangs_on",
            statement=sentence(
                "{share} of the doubt lies in “{link}”. It breaks even at a lift of {lift}; {expected} is expected.",
                **about,
            )
            if pd.notna(lift["breaks_even"])
            else sentence("{share} of the doubt lies in “{link}”. No lift within reach breaks even.", **about),
            estimate=float(lift["expected"]),
            interval=(float(lift["lower"]), float(lift["upper"])),
            interval_kind=sentence("90% credible"),
            unit=sentence("standard deviations of the experience"),
            evidence="associational" if self.recommendation.best in self.chain.tried else "assumed",
            table="must_be_true",
            figure="doubt_by_link",
        )
