"""Student's t bent by skewness: where a few large values make a mean, it misses upwards more rarely and by more."""

import numpy as np

STRAIGHT = 0.05
"""Skewness of an estimate below which t is not bent: each tail of 5% is off by at most half a point (Hall 1992)."""


def skewness(influence: np.ndarray, often: np.ndarray) -> float:
    """Of an estimate, from what each customer adds to it: its third moment over its error's third power.

    Parameters
    ----------
    influence, often
        (n,): of each row, and how many customers it stands for.

    References
    ----------
    Zhou and Dinh (2005), Nonparametric confidence intervals for the one- and two-sample problems, equation 3.2.
    """
    error = float((often * influence**2).sum()) ** 0.5
    return float((often * influence**3).sum()) / error**3 if error > 0 else 0.0


def bent(t: np.ndarray, skew: float) -> np.ndarray:
    """How many errors an effect lies above its estimate, where a symmetric statistic is t.

    Parameters
    ----------
    t
        Of Student's distribution.
    skew
        Of the estimate; 0 leaves t as it is.

    References
    ----------
    Hall (1992), On the removal of skewness by transformation, equation 2.4: the cubic that is monotone; its inverse
    gives the ends of the interval.

    Examples
    --------
    >>> bent(np.array([-1.645, 0.0, 1.645]), 0.2).round(3).tolist()
    [-1.464, 0.033, 1.912]
    """
    t = np.asarray(t, dtype=float)
    return t if skew == 0 else 3 / skew * (1 - np.cbrt(1 - skew * t - skew**2 / 6))


def straightened(errors: np.ndarray, skew: float) -> np.ndarray:
    """The inverse of `bent`.

    Parameters
    ----------
    errors
        How many errors an effect lies above its estimate.
    skew
        As of `bent`.
    """
    errors = np.asarray(errors, dtype=float)
    return errors if skew == 0 else (1 - skew**2 / 6 - (1 - skew * errors / 3) ** 3) / skew
