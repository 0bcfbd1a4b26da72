"""The link from experience to behaviour, in one place: halo, how long satisfaction lasts, and what it goes with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Showable, Table
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.blur import fit_blur
from workbench.models.linkage.borrowed import Borrowed, fit_borrowed
from workbench.models.linkage.carry import Carry, fit_carry
from workbench.models.linkage.customer_months import customer_months
from workbench.models.linkage.halo import Halo, fit_halo
from workbench.models.linkage.lasting_effects import LastingEffects, fit_lasting_effects
from workbench.models.linkage.notice import Notice, fit_notice
from workbench.models.linkage.persistence import Persistence, fit_persistence
from workbench.models.linkage.slopes import ORDERS, End, Shared, Slopes, fit_slopes
from workbench.models.linkage.unseen import lasting_variance, reply_slope, unseen_in_score
from workbench.wording import sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Linkage:
    """What satisfaction moves, and what an experience does to satisfaction.

    Attributes
    ----------
    answers, persistence, halo, borrowed, lasts, carry, slopes, notice
        The links.
    lasting
        Variance of what lasts in customers' satisfaction, in ratings or beside them.
    replies
        Log rate of answering for a log-odds of satisfaction.
    random_seed
        Of draws.
    """

    answers: Answers
    persistence: Persistence
    halo: Halo
    borrowed: Borrowed
    lasts: LastingEffects
    carry: Carry
    slopes: Slopes
    notice: Notice
    lasting: float
    replies: float
    random_seed: int

    @property
    def draws(self) -> int:
        """How many, as of the effects."""
        return len(self.answers.effects)

    def leaving(self, end: End | None = None) -> dict[str, np.ndarray]:
        """Log hazard (draws,) for a log-odds of satisfaction, by reason that is learnt.

        Parameters
        ----------
        end
            As if one end were true. Of leaving the one within customers is not known: what makes loyal customers order
            more is then taken to make up the same share of why they stay, or as much as unseen traits may at most.
        """
        found = {each.outcome: self._drawn(each.outcome, end) for each in self.slopes.leaving}
        if end == "within":
            found = {reason: slope * self._free_of_loyalty for reason, slope in found.items()}
        return found

    def orders(self, end: End | None = None) -> np.ndarray:
        """Log order rate (draws,) for a log-odds of satisfaction; 0 without orders.

        Parameters
        ----------
        end
            As if one end were true.
        """
        return self._drawn(ORDERS, end) if self.slopes.orders else np.zeros(self.draws)

    def waits(self, reason: str) -> np.ndarray:
        """Shares (draws, lags) of leavers by months from their decision to their end.

        Parameters
        ----------
        reason
            For leaving.
        """
        random = np.random.default_rng([self.random_seed, 1, *reason.encode()])
        return self.notice.draw(reason, self.draws, random)

    def factor(self, end: End | None = None) -> np.ndarray:
        """By how much (draws,) effects of experience exceed those of reported points.

        Parameters
        ----------
        end
            As if one end were true.
        """
        return self.halo.factor_of(self._effects(end) @ self.answers.used.mean(axis=0))

    def effect(self, driver: str, end: End | None = None) -> np.ndarray:
        """Log-odds of satisfaction (draws,) for a point of a touchpoint's rating, as reported.

        Without what the rating borrows: where something unseen makes customers content, halo lifts all their ratings,
        so that even a touchpoint that does not matter goes with satisfaction.

        Parameters
        ----------
        driver
            Item of the survey.
        end
            As if effects within customers were the true ones, or those that are seen between them.
        """
        return self._effects(end)[:, self.answers.drivers.index(driver)]

    @property
    def effects(self) -> pd.DataFrame:
        """One row a touchpoint: `driver`, effects of a reported point as `seen`, `within` customers and as `counted`.

        `within_error` is that of the distance of the two; NaN where it is not told within customers.
        """
        seen, told = self.answers.effects.mean(axis=0), self.borrowed.told
        return pd.DataFrame(
            {
                "driver": self.answers.labels,
                "seen": seen,
                "within": np.where(told, seen - self.borrowed.apart, np.nan),
                "within_error": np.where(told, self.borrowed.error, np.nan),
                "counted": self._effects(None).mean(axis=0),
            }
        )

    def ratings(self, driver: str) -> np.ndarray:
        """Ratings (n,) of a touchpoint, one an answer; NaN where it was not used.

        Parameters
        ----------
        driver
            Item of the survey.
        """
        return self.answers.ratings[:, self.answers.drivers.index(driver)]

    def exhibits(self) -> Iterator[Showable]:
        """Halo, effects of ratings, carry and slopes."""
        yield self.halo
        yield Table(
            name="effects_within",
            frame=self.effects,
            caption=sentence(
                "What a point of a rating goes with, in log-odds of satisfaction: among all answers, and within "
                "customers against their own means, where whatever is constant in them drops out. What counts is the "
                "first less what it borrows, as all touchpoints together tell."
            ),
            people=None,
            columns={
                "driver": Column(sentence("Touchpoint")),
                "seen": Column(sentence("As seen")),
                "within": Column(sentence("Within customers")),
                "within_error": Column(sentence("Standard error")),
                "counted": Column(sentence("What counts")),
            },
        )
        yield self.lasts
        yield self.carry
        yield self.slopes

    def _effects(self, end: End | None) -> np.ndarray:
        """Effects (draws, K) of reported points."""
        if end == "between":
            return self.answers.effects
        random = np.random.default_rng([self.random_seed, 4])
        taken = self.borrowed.within if end == "within" else self.borrowed.draw
        return self.answers.effects - taken(self.draws, random)

    @cached_property
    def _shared(self) -> Shared:
        return Shared.of(self.slopes.blur, self.draws, np.random.default_rng([self.random_seed, 3]))

    @property
    def _free_of_loyalty(self) -> float:
        """Share of the slope between customers that is left within them, as orders or the colour of ratings tell it."""
        least = 1 - self.slopes.blur.most_unseen
        orders = self.slopes.orders
        if orders is None or orders.within is None or orders.between <= 0:
            return least
        low, high = self._drawn(ORDERS, "within"), self._drawn(ORDERS, "between")
        return float(np.clip(low.mean() / high.mean(), 0.0, least))

    def _drawn(self, outcome: str, end: End | None) -> np.ndarray:
        slopes = {each.outcome: each for each in (*self.slopes.leaving, self.slopes.orders) if each is not None}
        random = np.random.default_rng([self.random_seed, *outcome.encode()])
        slope = slopes[outcome]
        drawn = slope.draw(self._shared, random) if end is None else slope.end(end, self._shared, random)
        return drawn * self.answers.share_of_score


def learn_link(
    answers: Answers,
    subscriptions: pd.DataFrame,
    *,
    until: pd.Timestamp,
    attributes: Sequence[str] = (),
    transactions: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    usage: pd.DataFrame | None = None,
    random_seed: int,
) -> Linkage:
    """Learn every link from the tables of a company.

    Parameters
    ----------
    answers
        Of surveys, with the effects of a driver analysis.
    subscriptions, transactions, interactions
        See `customer_months`; contacts among the interactions tell when a touchpoint was visited.
    usage
        `customer_id`, `timestamp`, `measure`, `value`: tells better than orders when leavers decide.
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
    months = customer_months(
        answers,
        persistence,
        subscriptions,
        until=until,
        attributes=attributes,
        transactions=transactions,
        interactions=interactions,
    )
    carry = fit_carry(answers, persistence)
    halo = fit_halo(answers, visits, random_seed=random_seed)
    blur = fit_blur(
        answers,
        persistence,
        months,
        carry=carry.points,
        unseen=lambda some, lasts: unseen_in_score(some, lasts, halo),
        random_seed=random_seed,
    )
    found = lasting_variance(answers, persistence)
    lasting = persistence.between if found is None else found
    origin = (
        pd.Timestamp(transactions["timestamp"].min()).to_period("M") if transactions is not None else answers.origin
    )
    return Linkage(
        answers=answers,
        persistence=persistence,
        halo=halo,
        borrowed=fit_borrowed(answers, halo.points, lasting),
        lasts=fit_lasting_effects(answers),
        carry=carry,
        slopes=fit_slopes(months, carry, blur),
        notice=fit_notice(_activity(usage, transactions), subscriptions, until=until, origin=origin),
        lasting=lasting,
        replies=reply_slope(answers, months),
        random_seed=random_seed,
    )


def _activity(usage: pd.DataFrame | None, transactions: pd.DataFrame | None) -> pd.DataFrame | None:
    """What customers do month by month: the measure of usage that is recorded most often, or orders."""
    if usage is not None and not usage.empty:
        return usage[usage["measure"] == usage["measure"].mode()[0]]
    if transactions is None:
        return None
    return transactions[transactions["amount"] >= 0].assign(value=1.0)
