"""From initiatives to money: lift → rating → satisfaction → leaving and orders → customers and cash, draw by draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.stats import norm

from workbench.decisions.roi.initiatives import Initiative
from workbench.decisions.roi.ratings import Ratings
from workbench.decisions.roi.result import Returns
from workbench.errors import DataError
from workbench.wording import listing, sentence, shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """What customers bring when nothing is done.

    Attributes
    ----------
    active
        Customers today.
    customers : (draws, months)
        Still there in the middle of each month, in all.
    orders, other : (draws, months)
        Contribution a customer who is there, of orders and of all else (fees, contacts), in money.
    hazards : reason → (draws, months)
        Hazard of leaving for it in each month, the mean over customers who are there.
    discount
        Worth now of 1 that comes in a month; flows come at the end of theirs.
    currency
        Of all money.
    """

    active: float
    customers: np.ndarray
    orders: np.ndarray
    other: np.ndarray
    hazards: Mapping[str, np.ndarray]
    discount: float
    currency: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """What satisfaction moves.

    Attributes
    ----------
    leaving : reason → (draws,)
        Log hazard for a log-odds of satisfaction.
    orders : (draws,)
        Log order rate for the same.
    score : (n,)
        Satisfaction of customers as answers tell it: whom an improvement reaches matters, for the less satisfied leave.
    """

    leaving: Mapping[str, np.ndarray]
    orders: np.ndarray
    score: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Lift:
    """What a better experience at one touchpoint moves.

    Attributes
    ----------
    ratings : (n,)
        Of the customers whose score stands in `Link`; NaN: did not use it.
    effect : (draws,)
        Log-odds of satisfaction for a point of a rating, as reported.
    halo : (draws,)
        By how much a point of *experience* exceeds that.
    widening : (draws,)
        Standard deviation of reported ratings over that of the experience: 1 without halo.
    recall_months
        For how many months a visit counts; the questionnaire asks about as many.
    """

    ratings: np.ndarray
    effect: np.ndarray
    halo: np.ndarray
    widening: np.ndarray
    recall_months: float


CELLS = 200
"""Of like customers, by their score: within one it varies by a hundredth of its deviation; no gain moves by .1%."""
Evidence = Literal["experimental", "associational", "assumed"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """All that a return hangs on: initiatives, and each link with its draws.

    Attributes
    ----------
    initiatives
        To be valued.
    lifts : name of an initiative → (draws,)
        What each adds to the experience, in standard deviations of it.
    at : driver → Lift
        What a better experience moves, by touchpoint.
    link
        What satisfaction moves.
    base
        What customers bring when nothing is done.
    tried
        Initiatives whose lift was found by experiment; others' lifts are assumed.
    """

    initiatives: tuple[Initiative, ...]
    lifts: Mapping[str, np.ndarray]
    at: Mapping[str, Lift]
    link: Link
    base: Base
    tried: frozenset[str] = field(default_factory=frozenset)

    def returns(self) -> Returns:
        """What each initiative brings and costs, alone."""
        draws, months = self.base.customers.shape
        gains = [
            _gain(each, self.lifts[each.name], self.at[each.driver], self.link, self.base) for each in self.initiatives
        ]
        return Returns(
            initiatives=self.initiatives,
            gains=np.array(gains).reshape(len(self.initiatives), draws, months),
            spent=np.array(
                [each.spending(self.base.active, months, self.base.discount) for each in self.initiatives]
            ).reshape(-1, months),
            lifts=np.array([self.lifts[each.name] for each in self.initiatives]).reshape(len(self.initiatives), draws),
            discounts=self.base.discount ** np.arange(1, months + 1),
            currency=self.base.currency,
        )


def stated_lifts(initiatives: Sequence[Initiative], draws: int, random_seed: int) -> dict[str, np.ndarray]:
    """Draws (draws,) of each lift as it is stated: one from each of as many strata as there are draws.

    Numbers of an initiative's own: the order of the list, and what else is on it, change nothing. What is rare decides
    what knowing is worth, so chance must not decide how often it is drawn.

    Parameters
    ----------
    initiatives
        With their lift and its doubt.
    draws
        How many.
    random_seed
        Of all.
    """
    found = {}
    for each in initiatives:
        random = np.random.default_rng([random_seed, *each.name.encode()])
        place = (random.permutation(draws) + random.uniform(size=draws)) / draws
        found[each.name] = np.asarray(each.lift + each.lift_sd * norm.ppf(place))
    return found


def chain_of(
    initiatives: Sequence[Initiative],
    at: Mapping[str, Lift],
    link: Link,
    base: Base,
    *,
    random_seed: int,
) -> Chain:
    """The chain with lifts as stated.

    Parameters
    ----------
    initiatives, at, link, base
        As in `Chain`.
    random_seed
        Of the draws of lifts.

    Raises
    ------
    DataError
        Initiatives at touchpoints of which nothing is known.
    """
    unknown = [each.name for each in initiatives if each.driver not in at]
    if unknown:
        template = "initiatives: nothing is known of the touchpoints of {names}."
        raise DataError(sentence(template, names=listing([shown(name) for name in unknown])))
    lifts = stated_lifts(initiatives, len(base.customers), random_seed)
    return Chain(initiatives=tuple(initiatives), lifts=lifts, at=at, link=link, base=base)


def _gain(initiative: Initiative, lift: np.ndarray, at: Lift, link: Link, base: Base) -> np.ndarray:
    """Cash (draws, months) over doing nothing."""
    months = base.customers.shape[1]
    used = np.isfinite(at.ratings)
    if not used.any():
        return np.zeros_like(base.customers)
    ratings = Ratings.of(at.ratings[used])
    rise = (at.effect * at.halo)[:, None] * ratings.gains(lift / at.widening)  # draws, points
    score, customers_of = _cells(link.score, at.ratings, ratings.points)

    def change(slope: np.ndarray) -> np.ndarray:
        """Mean relative change (draws,) of a rate once everybody who uses it has been there."""
        weight = np.exp(slope[:, None] * score) @ customers_of
        share = weight[:, :-1] / weight.sum(axis=1, keepdims=True)
        return np.sum(share * np.expm1(slope[:, None] * rise), axis=1)

    # A visit a month with probability p makes `used` within the months that are recalled.
    visits = 1 - (1 - min(float(used.mean()), 1 - 1e-9)) ** (1 / at.recall_months)
    since = np.clip(np.arange(months) - initiative.start, 0, at.recall_months)
    met = (1 - (1 - visits) ** since) / used.mean() * initiative.strength(months) * initiative.reach
    total = np.zeros_like(base.customers)
    for reason, hazard in base.hazards.items():
        if reason in link.leaving:
            total += hazard * change(link.leaving[reason])[:, None] * met
    # Leavers of a month are counted from its middle on.
    staying = np.exp(-(np.cumsum(total, axis=1) - total / 2))
    buying = change(link.orders)[:, None] * met
    customers = base.customers * staying
    return (customers - base.customers) * (base.orders + base.other) + customers * base.orders * buying


def _cells(score: np.ndarray, ratings: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells of like score: their mean (C,) from that of all, and customers (C, P + 1) by rating, the last unrated."""
    away = score - score.mean()
    cell = np.digitize(away, np.linspace(away.min(), away.max(), CELLS + 1)[1:-1])
    place = np.where(np.isfinite(ratings), np.searchsorted(points, ratings), len(points))
    counts = np.zeros((CELLS, len(points) + 1))
    np.add.at(counts, (cell, place), 1.0)
    held = counts.sum(axis=1)
    known = held > 0
    return np.bincount(cell, away, minlength=CELLS)[known] / held[known], counts[known]
