"""Numbers that enter as curves: restricted (natural) cubic splines and where their knots are."""

from collections.abc import Sequence

import numpy as np

KNOTS_AT = (0.05, 0.35, 0.65, 0.95)
"""Quantiles at which the pieces meet (Harrell 2015, table 2.3)."""
FEWEST_VALUES = 10
"""A number with fewer different values is no curve."""


def knots_of(values: np.ndarray, quantiles: Sequence[float] = KNOTS_AT) -> tuple[float, ...]:
    """Knots for these values; empty where they are too few or too alike.

    Parameters
    ----------
    values
        (n,): without missing ones.
    quantiles
        Of the values, ascending: where knots are wanted.

    Examples
    --------
    >>> knots_of(np.arange(101.0)), knots_of(np.array([0.0, 1.0] * 50))
    ((5.0, 35.0, 65.0, 95.0), ())
    """
    distinct = np.unique(values)
    if len(distinct) < FEWEST_VALUES:
        return ()
    knots = np.unique(np.quantile(values, quantiles))
    if len(knots) < len(quantiles):  # half and more share one value: knots among the others
        knots = np.unique(np.quantile(distinct, quantiles))
    return tuple(float(knot) for knot in knots)


def spline_terms(values: np.ndarray, knots: Sequence[float]) -> np.ndarray:
    """The columns of a restricted cubic spline beside the line itself: k - 2 for k knots.

    Straight beyond the outer knots, so that rare values pull no tail; divided by the square of the knots' range, so
    that columns are in the unit of the number.

    Parameters
    ----------
    values
        (n,): the number that enters as a curve.
    knots
        From `knots_of`, ascending, in units of the values.

    Returns
    -------
    ndarray (n, k - 2)

    References
    ----------
    Stone and Koo (1985); Harrell (2015), equation 2.25.

    Examples
    --------
    >>> spline_terms(np.array([0.0, 1.0, 2.0, 3.0]), [0.0, 1.0, 3.0]).ravel().round(3).tolist()
    [0.0, 0.111, 0.722, 1.667]
    """
    if len(knots) < 3:
        return np.zeros((len(values), 0))
    *inner, before, last = knots

    def cube(knot: float) -> np.ndarray:
        return np.maximum(values - knot, 0.0) ** 3

    columns = [
        cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before)
        for knot in inner
    ]
    return np.column_stack(columns) / (last - knots[0]) ** 2


def spline_names(knots: Sequence[float]) -> tuple[str, ...]:
    """Names of the columns of `spline_terms`.

    Parameters
    ----------
    knots
        From `knots_of`.
    """
    return tuple(f"spline {place + 1}" for place in range(max(len(knots) - 2, 0)))
