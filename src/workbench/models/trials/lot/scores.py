"""Outcomes made of answers and of money: top box, promoters less detractors, money without its largest values."""

import numpy as np

PROMOTERS, DETRACTORS = 9.0, 6.0
"""Least answer of a promoter and highest of a detractor, of 0 to 10 (Reichheld 2003)."""
CAP = 0.99
"""Quantile of what is above 0 at which money is capped: one large order in a hundred counts as the next."""


def top_box(answers: np.ndarray, least: float) -> np.ndarray:
    """Whether an answer is at least so good, (n,); not a number where there is none.

    Parameters
    ----------
    answers : (n,) float
        Not a number where there is none.
    least
        Lowest answer that counts.
    """
    return np.where(np.isfinite(answers), (answers >= least).astype(float), np.nan)


def nps(answers: np.ndarray) -> np.ndarray:
    """100 of a promoter, −100 of a detractor, 0 of others, (n,): the mean is the net promoter score.

    Parameters
    ----------
    answers : (n,) float
        0 to 10; not a number where there is none.

    Examples
    --------
    >>> nps(np.array([10.0, 8.0, 6.0, np.nan])).tolist()
    [100.0, 0.0, -100.0, nan]
    """
    scored = 100.0 * ((answers >= PROMOTERS).astype(float) - (answers <= DETRACTORS))
    return np.where(np.isfinite(answers), scored, np.nan)


def capped(values: np.ndarray, share: float = CAP) -> tuple[np.ndarray, float]:
    """Money whose largest values count as less, and the value they count as; the same for all arms.

    Parameters
    ----------
    values : (n,) float
        Of all arms that are compared; not a number where it was not seen.
    share
        Quantile of values above 0, between 0 and 1.
    """
    above = values[np.isfinite(values) & (values > 0)]
    cap = float(np.quantile(above, share)) if len(above) else np.inf
    return np.minimum(values, cap), cap
