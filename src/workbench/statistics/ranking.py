"""How well scores rank: the area under the ROC curve of two classes."""

import numpy as np
from scipy.stats import rankdata


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a positive row scores higher than a negative one, ties counted half (Mann and Whitney).

    Parameters
    ----------
    scores : (n,)
        Higher for rows that are taken to be positive.
    positive : (n,) bool
        Which rows are; there must be some of both.

    Returns
    -------
    float
        From 0 to 1; one half where scores say nothing.

    References
    ----------
    Hanley and McNeil (1982).

    Examples
    --------
    >>> auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.875
    """
    ranks = rankdata(scores)
    hits, misses = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def auc_error(area: float, hits: int, misses: int) -> float:
    """Standard error of an area.

    Parameters
    ----------
    area
        From 0 to 1.
    hits, misses
        Positive and negative rows.

    References
    ----------
    Hanley and McNeil (1982), equations 1 and 2.

    Examples
    --------
    >>> round(auc_error(0.893, 51, 58), 4)  # their first example, which they print as .032
    0.0325
    """
    positive, negative = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (hits - 1) * (positive - area**2) + (misses - 1) * (negative - area**2)
    return float(np.sqrt(variance / (hits * misses)))


def auc_error_by_chance(hits: int, misses: int) -> float:
    """Standard error of the area where scores say nothing.

    Parameters
    ----------
    hits, misses
        Positive and negative rows.

    References
    ----------
    Hanley and McNeil (1982), equation 2, at an area of one half.
    """
    return float(np.sqrt((hits + misses + 1) / (12 * hits * misses)))
