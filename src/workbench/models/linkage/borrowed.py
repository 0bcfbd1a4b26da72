"""What effects of ratings borrow from what is unseen: a touchpoint that does not matter seems to.

Where something unseen contents customers (loyalty), it lifts their answer, and by halo all their ratings. Between
customers a rating then goes with satisfaction beyond what the touchpoint does, most visibly where it does nothing.
*Within* a customer, whose ratings and answers are set against their own means, whatever stays as it is drops out: there
the same regression is free of it, but less sure. How far the two part is what is borrowed, with its doubt. Of one
touchpoint that is hardly known; all of them together tell how much is borrowed on the whole, and each is drawn to it
as far as its own distance is unsure (a hierarchical model).

References
----------
Mundlak (1978), On the pooling of time series and cross section data, Econometrica 46(1); Hausman (1978), Specification
tests in econometrics, Econometrica 46(6): the distance of the two. Gelman et al. (2013), Bayesian Data Analysis,
section 5.4 (normal hierarchical model), section 5.7 (half-Cauchy prior of its spread).
"""

from dataclasses import dataclass

import numpy as np

from workbench.models.linkage.answers import Answers
from workbench.models.linkage.least_squares import Squares, from_own_mean

UNKNOWN = 1e6
"""Error, in log-odds a point, of what answers do not tell: nobody rated a touchpoint twice. Far beyond any effect."""
SPREADS = 400
"""Quantiles of the prior at which spreads are tried: so close that draws do not show them."""
UNTOLD = 0.5
"""Of the size of effects, how much is taken to be borrowed where halo cannot be told: a choice, about what strong
loyalty makes of them in simulated companies."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Borrowed:
    """By how much effects per reported point exceed those within customers.

    Attributes
    ----------
    apart, error : (K,)
        Of each touchpoint, and the standard error of that, clustered by customer; in log-odds a point.
    usual
        How much halo might make of it at most: the scale of what is expected before answers are looked at.
    """

    apart: np.ndarray
    error: np.ndarray
    usual: float

    @property
    def told(self) -> np.ndarray:
        """Of which touchpoints (K,) answers tell anything within customers."""
        return self.error < UNKNOWN

    def draw(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """What is borrowed (draws, K): each touchpoint's, drawn to what all together tell.

        Parameters
        ----------
        draws
            How many.
        random
            Source of random numbers.
        """
        spread = self.usual * np.tan(np.pi / 2 * (np.arange(SPREADS) + 0.5) / SPREADS)  # half-Cauchy, by quantiles
        own = spread[:, None] ** 2 + self.error**2
        level = spread**2  # of the level that all share, whose prior is as wide as touchpoints lie about it
        weight = 1 / own
        precise = weight.sum(axis=1)
        mean = (weight * self.apart).sum(axis=1) / precise
        off = level + 1 / precise
        away = (weight * (self.apart - mean[:, None]) ** 2).sum(axis=1)
        likely = -0.5 * (np.log(own).sum(axis=1) + np.log(precise * off) + away + mean**2 / off)
        chance = np.exp(likely - likely.max())
        at = random.choice(SPREADS, size=draws, p=chance / chance.sum())
        share = level[at] / off[at]
        shared = share * mean[at] + np.sqrt(share / precise[at]) * random.standard_normal(draws)
        told = spread[at, None] ** 2 / own[at]
        middle = shared[:, None] + told * (self.apart - shared[:, None])
        return middle + np.sqrt(told) * self.error * random.standard_normal((draws, len(self.apart)))

    def within(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """The same (draws, K) as if all that parts the two were borrowed; where that is not told, as drawn.

        Parameters
        ----------
        draws
            How many.
        random
            Source of random numbers.
        """
        found = self.draw(draws, random)
        normal = random.standard_normal(found.shape)
        return np.where(self.told, self.apart + self.error * normal, found)


def fit_borrowed(answers: Answers, halo: np.ndarray, lasting: float) -> Borrowed:
    """Least squares of the outcome on ratings and use, as they are and against each customer's own means.

    Parameters
    ----------
    answers
        With their outcome.
    halo : (draws,)
        Points of a rating for a log-odds of satisfaction; all 0 where that is not known.
    lasting
        Variance of what lasts in customers' satisfaction: no more of it can be unseen.
    """
    size = float(np.sqrt(np.mean(answers.effects.mean(axis=0) ** 2)))
    usual = UNTOLD * size
    if halo.any():
        factor = 1 - np.clip(halo * (answers.effects @ answers.used.mean(axis=0)), 0.0, 1.0)
        most = (borrowed_effects(answers, halo, lasting) * factor[:, None]).mean(axis=0)
        usual = float(np.sqrt(np.mean(most**2)))
    rows = np.isfinite(answers.outcome)
    points = answers.points_of_score
    if points <= 0:
        return Borrowed(apart=np.zeros(len(answers.drivers)), error=np.full(len(answers.drivers), UNKNOWN), usual=usual)
    who, many = answers.customer[rows], len(answers.ids)
    columns = np.column_stack([answers.away, answers.used])[rows].astype(float)
    outcome = answers.outcome[rows] / points
    beside = columns.shape[1] + 1
    centred = columns - columns.mean(axis=0), outcome - outcome.mean()
    own = from_own_mean(columns, who, many), from_own_mean(outcome[:, None], who, many)[:, 0]
    whole = Squares.of(*centred, who, many, len(outcome) - beside)
    inside = Squares.of(*own, who, many, len(outcome) - len(np.unique(who)) - beside)
    kept = slice(0, len(answers.drivers))
    apart = (whole.found - inside.found)[kept]
    clustered = ((whole.scores - inside.scores) ** 2).sum(axis=0)
    # The clustered one is too low where few tell; the model's, as of Hausman, where customers differ.
    error = np.sqrt(np.maximum(clustered, inside.variance - whole.variance))[kept]
    told = (whole.told & inside.told)[kept]
    return Borrowed(apart=np.where(told, apart, 0.0), error=np.where(told, error, UNKNOWN), usual=usual)


def borrowed_effects(answers: Answers, points: np.ndarray, unseen: float) -> np.ndarray:
    """Effects (draws, K) that ratings have because halo lifts them with what is unseen in satisfaction.

    With ratings R = X + h S and satisfaction S = w'X + u, regressing S on R gives (w + Var(u) h V⁻¹1) / (1 + h Σw),
    where V is the covariance of R: this is its second term, before it is divided.

    Parameters
    ----------
    answers
        With their ratings.
    points : (draws,)
        h.
    unseen
        Variance of u, in log-odds squared.
    """
    both = np.column_stack([answers.away, answers.used])
    many = answers.ratings.shape[1]
    shared = np.concatenate([answers.used.mean(axis=0), np.zeros(many)])
    telling = (np.linalg.pinv(np.cov(both, rowvar=False)) @ shared)[:many]
    return unseen * points[:, None] * telling
