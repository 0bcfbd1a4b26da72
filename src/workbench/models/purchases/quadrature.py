"""Integrals over time of functions that fall, by one rule: nodes dense at the start, rare in the tail."""

from functools import cache

import numpy as np

NODES = 40
"""Of Gauss–Legendre in log time: error of a log-likelihood below 4e-10, for extreme parameters below 2e-7 (tests)."""
FORGOTTEN = 40.0
"""A discount of e⁻⁴⁰ = 4 × 10⁻¹⁸ is nothing beside 1 in floating point: there an infinite horizon ends."""


@cache
def unit_rule(nodes: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (nodes,) of Gauss–Legendre on (0, 1).

    Parameters
    ----------
    nodes
        How many; polynomials up to twice as many, less one, are integrated exactly.
    """
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return (places + 1) / 2, weights / 2


def decaying(length: np.ndarray, scale: np.ndarray, nodes: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and logarithms of weights for integrals from 0 to a length.

    Substitutes t = scale × (eᵘ - 1): functions which fall like e^(-t/scale) or like a power of t are smooth in u.

    Parameters
    ----------
    length : (n,)
        Upper limits.
    scale : (n,)
        Time in which the function falls.
    nodes
        How many.

    Returns
    -------
    times, log_weights : (n, nodes)
        The integral is the sum of exp(log_weights) × f(times).

    Examples
    --------
    >>> times, weights = decaying(np.array([50.0]), np.array([2.0]))
    >>> round(float(np.sum(np.exp(weights - times / 2))), 9)
    2.0
    """
    places, weights = unit_rule(nodes)
    reach = np.log1p(length / scale)[:, None]
    u = reach * places
    with np.errstate(divide="ignore"):
        return scale[:, None] * np.expm1(u), np.log(reach) + np.log(weights) + np.log(scale)[:, None] + u
