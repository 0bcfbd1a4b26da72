"""How surely earlier forecasts tell the error of the next one, where the times that they were of overlap."""

import numpy as np
from scipy.stats import norm

SCALES, NORMALS = 4000, 400
"""Of root mean squares, at random, and of a normal, at even quantiles: ends of 90% intervals are then exact to 1%."""


def correlation(starts: np.ndarray, length: float) -> np.ndarray:
    """Correlation (k, k) of the errors of forecasts of a level that walks at random.

    Parameters
    ----------
    starts : (k,)
        Days of the forecasts, in any unit of time.
    length
        How far each reached, in that unit.

    Notes
    -----
    Of a level B that walks at random, forecast as it was on the first day, the mean over a time h is off by
    ∫ (1 - u/h) dB(u). Two that begin x·h apart have in common ∫ (1 - v)(1 - v + x) dv from x to 1: of the variance
    (1 - x)² (1 + x/2), and nothing from x = 1 on.

    Examples
    --------
    >>> correlation(np.array([0.0, 6.0, 12.0]), 12.0).round(4).tolist()
    [[1.0, 0.3125, 0.0], [0.3125, 1.0, 0.3125], [0.0, 0.3125, 1.0]]
    """
    apart = np.minimum(np.abs(np.subtract.outer(starts, starts)) / length, 1.0)
    return np.asarray((1 - apart) ** 2 * (1 + apart / 2))


def next_errors(starts: np.ndarray, length: float, places: np.ndarray) -> np.ndarray:
    """Quantiles (n,) of the next error over the root mean square of earlier ones, about 0.

    Where the times do not overlap this is Student's t with as many degrees of freedom as there are errors. Where they
    do, errors resemble each other and tell less of how large the next may be: six that overlap by four fifths from one
    to the next say as much as three that do not.

    Parameters
    ----------
    starts, length
        As in `correlation`.
    places : (n,)
        Between 0 and 1.

    References
    ----------
    Box (1954), Some theorems on quadratic forms, Annals of Mathematical Statistics 25(2): a sum of squares of
    correlated normals is one of independent ones, weighted by the eigenvalues of their correlation.

    Examples
    --------
    >>> alone, alike = (next_errors(np.arange(6) * gap, 12.0, np.array([0.95]))[0] for gap in (12.0, 2.4))
    >>> round(float(alone), 1), round(float(alike), 1)  # Student's t with six degrees has 1.94
    (1.9, 2.2)
    """
    weights = np.maximum(np.linalg.eigvalsh(correlation(starts, length)), 0.0) / len(starts)
    squares = np.random.default_rng(0).chisquare(1, (SCALES, len(weights))) @ weights
    normals = norm.ppf((np.arange(NORMALS) + 0.5) / NORMALS)
    return np.quantile(np.outer(normals, 1 / np.sqrt(squares)), places)
