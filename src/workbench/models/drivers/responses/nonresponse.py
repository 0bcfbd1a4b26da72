"""Who does not answer: how much more readily satisfied people answer than others, and what that does to the outcome.

Answers alone cannot tell. Two things can, as far as they go: invitations that were not answered, and customers who
were asked again and again. Whoever answers more readily has answered more often before. So the number of other answers
of those who give a good answer, over that of those who give a bad one, is how much more readily they answer (a panel
model: Poisson regression of counts on the answer). It sees only what lasts from one occasion to the next: a mood of the
day moves both an answer and the wish to give it, and is gone by then. So the whole lies between what lasts and
`LASTING_TO_DAY` times as much.

Where the data do not tell, a stated ratio is assumed, either way.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from workbench.models.drivers.responses.ratings import Ratings
from workbench.models.drivers.responses.waves import waves_of
from workbench.statistics.regression import fit_regression

LASTING_TO_DAY = 2.0
"""Times as much as lasts from one occasion to the next that readiness may go with an answer on the day itself: in the
simulated worlds it is 1.1 to 1.8 times as much."""
TENTH = 2 * 1.7549833193248685
"""Normal scores between the means of the highest and of the lowest tenth of people."""
MOST_BACK = 6
"""Occasions that are looked back to."""
SHORTEST_DAYS = 14
"""Pauses between two answers that are no new occasion: reminders and second tries."""
FEWEST_AGAIN = 100
"""Other answers of the same people below which nothing is read off them."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """How readiness to answer rises with the answer.

    Attributes
    ----------
    slope, error
        Log of how many times as readily people answer for one normal score more of the outcome, as far as it lasts from
        one occasion to the next, and its standard error over customers.
    of_invitations
        Whether it is known who was asked; else earlier occasions stand for that.
    """

    slope: float
    error: float
    of_invitations: bool

    def says_more_than(self, slope: float, reach: float) -> bool:
        """Whether it is surer than the assumption that readiness rises or falls by up to `slope`.

        Parameters
        ----------
        slope
            Assumed log ratio for one normal score.
        reach
            Standard errors that count as chance.
        """
        return LASTING_TO_DAY * reach * self.error <= slope

    def ratios(self, reach: float) -> tuple[float, float]:
        """How many times as readily the most satisfied tenth answers as the least satisfied, at least and at most.

        Parameters
        ----------
        reach
            Standard errors that count as chance.
        """
        ends = [self.slope - reach * self.error, self.slope + reach * self.error]
        ends = sorted([*ends, *(LASTING_TO_DAY * end for end in ends)])
        return float(np.exp(TENTH * ends[0])), float(np.exp(TENTH * ends[-1]))


def normal_scores(points: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Normal quantiles of the middle rank of each point: answers on a scale by how often they are given.

    Steps of the scale are not alike: between 0 and 5 lie few people, between 8 and 9 many.

    Parameters
    ----------
    points, masses
        (K,): points of the scale, and how much was answered at each.

    Examples
    --------
    >>> normal_scores(np.array([0.0, 10.0]), np.array([1.0, 1.0])).round(3).tolist()
    [-0.674, 0.674]
    """
    distinct, place = np.unique(points, return_inverse=True)
    share = np.bincount(place, weights=masses, minlength=len(distinct))
    share = np.maximum(share / share.sum(), 1e-12)
    return ndtri(np.cumsum(share) - share / 2)[place]


def readiness(ratings: Ratings) -> Readiness | None:
    """What invitations or earlier answers of the same customers say of who answers; None where they say nothing.

    Nothing is read off answers about touchpoints: who is asked then depends on what happened.

    Parameters
    ----------
    ratings
        The answers.
    """
    table = ratings.table
    if "customer_id" not in table or "touchpoint" in table:
        return None
    known = table["customer_id"].notna().to_numpy()
    customer, _ = pd.factorize(table["customer_id"])
    found = _of_invitations(ratings, customer) if len(ratings.unanswered) else None
    counted = found or _of_occasions(ratings, customer)
    if counted is None:
        return None
    others, exposure = counted
    masses = np.bincount(ratings.levels, weights=ratings.weights, minlength=len(ratings.points))
    scores = normal_scores(ratings.points, masses)[ratings.levels]
    kept = known & (exposure > 0)
    if others[kept].sum() < FEWEST_AGAIN or np.ptp(scores[kept]) == 0:
        return None
    found_slope = _slope(scores[kept], others[kept], exposure[kept], ratings.weights[kept], customer[kept])
    if found_slope is None:
        return None
    slope, error = found_slope
    return Readiness(slope=slope, error=error, of_invitations=found is not None)


def _of_invitations(ratings: Ratings, customer: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Other answers of the customer of each row, and other invitations, where enough were not answered."""
    missed = ratings.unanswered.dropna().value_counts()
    if missed.sum() < FEWEST_AGAIN:
        return None
    answers = np.bincount(customer[customer >= 0], minlength=customer.max() + 1)[customer].astype(float)
    unanswered = ratings.table["customer_id"].map(missed).fillna(0).to_numpy(dtype=float)
    return answers - 1, answers - 1 + unanswered


def _of_occasions(ratings: Ratings, customer: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Earlier answers of the customer of each row, and occasions for them since the survey began."""
    occasion = _occasions(ratings, customer)
    if occasion is None:
        return None
    exposure = np.clip(occasion - occasion.min(), 0, MOST_BACK).astype(float)
    order = np.lexsort((occasion, customer))
    c, o = customer[order], occasion[order]
    others = np.zeros(len(c))
    for back in range(1, min(MOST_BACK * 3, len(c))):
        same = (c[back:] == c[:-back]) & (c[back:] >= 0)
        if not same.any():
            break
        gap = o[back:] - o[:-back]
        others[back:] += same & (gap >= 1) & (gap <= MOST_BACK)
    out = np.zeros(len(c))
    out[order] = np.minimum(others, exposure[order])
    return out, exposure


def _occasions(ratings: Ratings, customer: np.ndarray) -> np.ndarray | None:
    """Number of the occasion at which each row was answered: its wave, or how many usual pauses after the first."""
    if "wave" in ratings.table:
        wave, when, _ = waves_of(ratings.table)
        return wave if wave is not None and len(when) > 1 and bool(np.all(wave >= 0)) else None
    if "timestamp" not in ratings.table or ratings.table["timestamp"].isna().any():
        return None
    days = pd.to_datetime(ratings.table["timestamp"]).to_numpy().astype("datetime64[s]").astype(float) / 86_400
    order = np.lexsort((days, customer))
    pauses = np.diff(days[order])[np.diff(customer[order]) == 0]
    pauses = pauses[pauses >= SHORTEST_DAYS]
    if len(pauses) < FEWEST_AGAIN:
        return None
    pause = float(np.quantile(pauses, 0.1))
    return np.round((days - days.min()) / pause).astype(int)


def _slope(
    scores: np.ndarray, others: np.ndarray, exposure: np.ndarray, weights: np.ndarray, customer: np.ndarray
) -> tuple[float, float] | None:
    """Poisson regression of counts on scores with an offset; its error over customers (sandwich).

    None where it has not converged.
    """
    x = np.column_stack([np.ones(len(scores)), scores - np.average(scores, weights=weights)])
    fit = fit_regression(x, others, family="poisson", weights=weights, exposure=exposure)
    rows = x * (weights * (others - fit.fitted))[:, None]
    sums = np.zeros((customer.max() + 1, 2))
    np.add.at(sums, customer, rows)
    error = float(np.sqrt((fit.covariance @ (sums.T @ sums) @ fit.covariance)[1, 1]))
    return (float(fit.estimate[1]), error) if fit.converged else None


def corrected(masses: np.ndarray, points: np.ndarray, scores: np.ndarray, slope: float | np.ndarray) -> np.ndarray:
    """A mean of scores over all who were asked, if they answer exp(`slope`) times as readily a normal score higher.

    Parameters
    ----------
    masses
        (…, K): how much was answered at each point.
    points, scores
        (K,): points of the scale, and what each counts for the measure.
    slope
        A number, or one for each of the other axes of `masses`.

    Examples
    --------
    >>> answered, points, scores = np.array([50.0, 50]), np.array([0.0, 10]), np.array([-100.0, 100])
    >>> float(corrected(answered, points, scores, np.log(1.5) / 1.349).round(2))
    -20.0
    """
    away = normal_scores(points, masses.reshape(-1, masses.shape[-1]).sum(0))
    weighed = masses * np.exp(-np.multiply.outer(slope, away))
    return weighed @ scores / weighed.sum(-1)
