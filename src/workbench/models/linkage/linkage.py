"""The link from experience to behaviour, in one place: halo, how long satisfaction lasts, and what it goes with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.exhibits import Showable
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.carry import Carry, fit_carry
from workbench.models.linkage.customer_months import customer_months
from workbench.models.linkage.halo import Halo, fit_halo
from workbench.models.linkage.persistence import Persistence, fit_persistence
from workbench.models.linkage.slopes import Slopes, fit_slopes


@dataclass(frozen=True, kw_only=True, eq=False)
class Linkage:
    """What satisfaction moves, and what an experience does to satisfaction.

    Attributes
    ----------
    answers, persistence, halo, carry, slopes
        The links.
    random_seed
        Of draws.
    """

    answers: Answers
    persistence: Persistence
    halo: Halo
    carry: Carry
    slopes: Slopes
    random_seed: int

    @property
    def draws(self) -> int:
        """How many, as of the effects."""
        return len(self.answers.effects)

    @property
    def leaving(self) -> Mapping[str, np.ndarray]:
        """Log hazard (draws,) for a log-odds of satisfaction, by reason that is learnt."""
        return {each.outcome: self._drawn(each.outcome) for each in self.slopes.leaving}

    @property
    def orders(self) -> np.ndarray:
        """Log order rate (draws,) for a log-odds of satisfaction; 0 without orders."""
        return self._drawn("orders") if self.slopes.orders else np.zeros(self.draws)

    def effect(self, driver: str) -> np.ndarray:
        """Log-odds of satisfaction (draws,) for a point of a touchpoint's rating, as reported.

        Parameters
        ----------
        driver
            Item of the survey.
        """
        return self.answers.effects[:, self.answers.drivers.index(driver)]

    def ratings(self, driver: str) -> np.ndarray:
        """Ratings (n,) of a touchpoint, one an answer; NaN where it was not used.

        Parameters
        ----------
        driver
            Item of the survey.
        """
        return self.answers.ratings[:, self.answers.drivers.index(driver)]

    def widening(self, points_a_deviation: float) -> np.ndarray:
        """Standard deviation (draws,) of reported ratings over that of the experience: halo widens it.

        Parameters
        ----------
        points_a_deviation
            Points of the rating that a standard deviation of reported ratings is.
        """
        if points_a_deviation <= 0:
            return np.ones(self.draws)
        satisfaction = self.persistence.between + self.persistence.within
        return np.sqrt(1 + (self.halo.points / points_a_deviation) ** 2 * satisfaction)

    def exhibits(self) -> Iterator[Showable]:
        """Halo and slopes."""
        yield self.halo
        yield self.slopes

    def _drawn(self, outcome: str) -> np.ndarray:
        slopes = {each.outcome: each for each in (*self.slopes.leaving, self.slopes.orders) if each is not None}
        random = np.random.default_rng([self.random_seed, *outcome.encode()])
        return slopes[outcome].draw(self.draws, random) * self.answers.share_of_score


def learn_link(
    answers: Answers,
    subscriptions: pd.DataFrame,
    *,
    until: pd.Timestamp,
    attributes: Sequence[str] = (),
    transactions: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    random_seed: int,
) -> Linkage:
    """Learn every link from the tables of a company.

    Parameters
    ----------
    answers
        Of surveys, with the effects of a driver analysis.
    subscriptions, transactions, interactions
        See `customer_months`; contacts among the interactions tell when a touchpoint was visited.
    until
        The day after the last that is observed.
    attributes
        Columns of `subscriptions` that stand beside satisfaction.
    random_seed
        Of all draws.
    """
    persistence = fit_persistence(answers)
    visits = None
    if interactions is not None:
        visits = interactions[interactions["kind"].eq("contact")] if "kind" in interactions else interactions
    carry = fit_carry(answers, persistence)
    months = customer_months(
        answers,
        persistence,
        subscriptions,
        until=until,
        attributes=attributes,
        transactions=transactions,
        interactions=interactions,
    )
    return Linkage(
        answers=answers,
        persistence=persistence,
        halo=fit_halo(answers, visits, random_seed=random_seed),
        carry=carry,
        slopes=fit_slopes(months, carry),
        random_seed=random_seed,
    )
