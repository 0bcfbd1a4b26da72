"""How well drivers do: mean ratings from 0 to 100, with errors under the design of the survey."""

import numpy as np

from workbench.models.drivers.responses.ratings import RATED, Ratings
from workbench.models.levels import SMALLEST_GROUP


def mean_ratings(ratings: Ratings, where: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean rating of each driver among those who rated it, its standard error and how many they are.

    Parameters
    ----------
    ratings
        The answers.
    where
        Bool (n,): rows to look at; all by default.

    Returns
    -------
    means, errors
        (D,): from 0 to 100; NaN where fewer than 10 people gave a rating.
    counts
        (D,): people who gave one.

    Notes
    -----
    To their squared deviations one answer is added that lies a standard deviation of everyone's off the mean: ten
    people who agree completely do not make a mean without error (a normal prior worth one observation; without it the
    error of a small group would be 0, and its mean would count for more than all others).
    """
    where = np.ones(len(ratings.levels), dtype=bool) if where is None else where
    count = len(ratings.drivers)
    means, errors, counts = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    for place in range(count):
        everyone = ratings.state[:, place] == RATED
        rated = where & everyone
        counts[place] = ratings.people(rated)
        if counts[place] < SMALLEST_GROUP:
            continue
        scores, weights = scores_of(ratings, place), ratings.weights
        w, x = weights[rated], scores[rated]
        means[place] = np.average(x, weights=w)
        usual = np.average(scores[everyone], weights=weights[everyone])
        variance = np.average((scores[everyone] - usual) ** 2, weights=weights[everyone])
        squares = w if ratings.weighting == "frequency" else w**2
        one_more = variance * squares.sum() / counts[place]
        if ratings.weighting == "frequency":
            varies = np.sum(w * (x - means[place]) ** 2)
        else:
            each = np.zeros((len(rated), 1))
            each[rated, 0] = w * (x - means[place])
            varies = ratings.design.variance(each)[0, 0]
        errors[place] = np.sqrt(varies + one_more) / w.sum()
    return means, errors, counts


def scores_of(ratings: Ratings, place: int) -> np.ndarray:
    """(n,): ratings of one driver from 0 to 100, the ends of its scale; NaN without a rating.

    Parameters
    ----------
    ratings
        The answers.
    place
        Which driver.
    """
    low, high = ratings.ends[place]
    return 100 * (ratings.values[:, place] - low) / (high - low)
