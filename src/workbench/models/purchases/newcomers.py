"""The mean newcomer of a model of repeat buying: natures laid out by their distribution, not drawn."""

import numpy as np
from scipy.special import betainc, betaincinv, gammainc, gammaincinv

from workbench.models.purchases.families import Family
from workbench.models.purchases.forecast import Orders, PurchaseForecast

PLACES = 48
"""Of each of two dimensions: discounted lifetime purchases are then right to 0.1% (tests)."""
UPPER = 1 - 1e-12
"""Quantile at which an endless distribution ends."""


def laid_out(forecast: PurchaseForecast, step: float) -> tuple[Orders, np.ndarray]:
    """Newcomers of every draw in the moment of their first purchase, with the weight of each.

    A distribution is cut into slices, fine at both ends, of which each stands as its mean: sums over them have the
    mean of the whole, and the error of anything smooth is small.

    Parameters
    ----------
    forecast
        With the parameters of each draw.
    step
        Length of a month in its unit of time.

    Returns
    -------
    newcomers
        (m, draws) of all combinations.
    weights : (m, draws)
        Adding up to the chance that a newcomer stays after the first purchase.
    """
    edges = np.sin(np.linspace(0, np.pi / 2, PLACES + 1)) ** 2
    mass = np.diff(edges)
    shape = (PLACES * PLACES, forecast.draws)
    rate, p, mu, weights = (np.zeros(shape) for _ in range(4))
    turn = np.zeros(len(forecast.members), dtype=int)
    for draw, model in enumerate(forecast.models):
        member = forecast.members[model]
        parameters = member.parameters[turn[model] % len(member.parameters)]
        turn[model] += 1
        buying = _gamma(float(parameters[0]), float(parameters[1]), edges) / mass
        leaving, stays = _leaving(member.family, parameters, edges, mass)
        rate[:, draw] = np.repeat(buying, PLACES)
        (mu if member.family.leaving == "any time" else p)[:, draw] = np.tile(leaving, PLACES)
        weights[:, draw] = np.outer(mass, mass * stays).ravel()
    stages = forecast.members[0].family.stages
    there, behind = np.ones(shape, dtype=bool), np.zeros(shape, dtype=np.uint8)
    rows = np.arange(shape[0])
    newcomers = Orders(rows=rows, active=there, rate=rate, p=p, mu=mu, passed=behind, stages=stages, step=step)
    return newcomers, weights


def _gamma(shape: float, rate: float, edges: np.ndarray) -> np.ndarray:
    """Share of the mean that lies in each slice, times the mean."""
    places = gammaincinv(shape, np.minimum(edges, UPPER))
    places[-1] = np.inf
    return shape / rate * np.diff(gammainc(shape + 1, places))


def _leaving(
    family: Family, parameters: np.ndarray, edges: np.ndarray, mass: np.ndarray
) -> tuple[np.ndarray, np.ndarray | float]:
    """The leaving of each slice (p or μ), and the chance to stay after the first purchase."""
    if family.leaving == "never":
        return np.zeros(len(mass)), 1.0
    a, b = float(parameters[2]), float(parameters[3])
    if family.leaving == "any time":
        return _gamma(a, b, edges) / mass, 1.0
    chance = a / (a + b) * np.diff(betainc(a + 1, b, betaincinv(a, b, edges))) / mass
    return chance, 1 - chance if family.leaving == "after any" else 1.0
