"""Smooth log densities of few parameters: their maximum, always checked, and draws by importance sampling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from workbench.statistics.newton import Maximum, Place, maximise

STEP = 1e-4
"""Of central first differences, in units of a parameter of size 1: error of the order of its square."""
WIDE_STEP = 1e-3
"""Of second differences: rounding of a log-likelihood of 10⁵ is then below 10⁻⁴ in a curvature."""
LARGEST_K = 0.5
"""Pareto shape of importance weights up to which their variance is finite (Vehtari and others 2024, section 3.2)."""
LARGEST_RHAT = 1.01
"""R̂ up to which chains count as one (Vehtari and others 2021, section 4)."""
DEGREES = 7
"""Of freedom of the proposal: tails wider than the posterior's keep the weights bounded (Geweke 1989)."""
MOST_ROUNDS = 6
"""Times that the proposal is moved to the weighted moments of its draws where k is too high (Oh and Berger 1992)."""
FAR = 25.0
"""Logarithms of parameters beyond this (7 × 10¹⁰) mean that there is no maximum."""

LogDensity = Callable[[np.ndarray], float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Draws from a density that is known up to a constant.

    Attributes
    ----------
    draws : (n, p)
        Equally weighted.
    effective
        How many independent draws the weighted proposals are worth.
    k
        Pareto shape of the importance weights; above `LARGEST_K` the draws must not be used.
    rhat
        Of chains, where it was sampled by NUTS instead (`hamiltonian`); k is then that of the attempt before.
    """

    draws: np.ndarray
    effective: float
    k: float
    rhat: float | None = None

    @property
    def sound(self) -> bool:
        """Whether the draws may be used."""
        return bool(self.k <= LARGEST_K) if self.rhat is None else bool(self.rhat <= LARGEST_RHAT)


def highest(log_density: LogDensity, start: np.ndarray) -> Maximum:
    """The maximum of a smooth log density.

    A quasi-Newton search from the start, then Newton's method until another step would gain nothing.

    Parameters
    ----------
    log_density
        From (p,) to a number; coordinates should be of the order of 1 (logarithms of scales, logits).
    start : (p,)
        Where to begin.

    Returns
    -------
    Maximum
        `converged` is False too where the curvature is not that of a maximum.
    """

    def downhill(place: np.ndarray) -> float:
        value = log_density(place) if np.abs(place).max() <= FAR else -np.inf
        return -value if np.isfinite(value) else 1e300

    def slope(place: np.ndarray) -> np.ndarray:
        return -_gradient(log_density, place)

    with np.errstate(all="ignore"):
        near = optimize.minimize(downhill, start, jac=slope, method="BFGS", options={"maxiter": 500, "gtol": 1e-3}).x
        found = maximise(
            lambda place: Place(log_density(place), _gradient(log_density, place), _information(log_density, place)),
            near,
            largest_step=1.0,
            largest=FAR,
        )
        curved = bool(np.isfinite(found.place.information).all())
        curved = curved and bool((np.linalg.eigvalsh(found.place.information) > 0).all())
    return Maximum(estimate=found.estimate, place=found.place, converged=found.converged and curved)


def _gradient(log_density: LogDensity, place: np.ndarray) -> np.ndarray:
    steps = STEP * np.eye(len(place))
    return np.array([(log_density(place + step) - log_density(place - step)) / (2 * STEP) for step in steps])


def _information(log_density: LogDensity, place: np.ndarray) -> np.ndarray:
    steps = WIDE_STEP * np.eye(len(place))
    here = log_density(place)
    beside = [(log_density(place + step), log_density(place - step)) for step in steps]
    found = np.empty((len(place), len(place)))
    for i, first in enumerate(steps):
        found[i, i] = beside[i][0] - 2 * here + beside[i][1]
        for j in range(i):
            both = log_density(place + first + steps[j]) + log_density(place - first - steps[j])
            found[i, j] = found[j, i] = (both + 2 * here - sum(beside[i]) - sum(beside[j])) / 2
    return -found / WIDE_STEP**2


def importance_sample(log_density: LogDensity, mode: Maximum, *, draws: int, seed: int, least: float = 0.0) -> Sample:
    """Draws by importance sampling from a Student t about the mode, with Pareto-smoothed weights.

    Parameters
    ----------
    log_density
        From (p,) to a number, up to a constant.
    mode
        Of the density, from `highest`.
    draws
        How many are proposed, and how many are given back.
    seed
        Of the random numbers.
    least
        Curvature that the density has in any direction, as a prior gives it: where rounding shows less at the mode, the
        proposal begins with this.

    Returns
    -------
    Sample
        Resampled by their weights (systematically), in random order. The proposal begins at the mode and is moved to
        the weighted moments of its draws until k is low enough; of the last round only.

    References
    ----------
    Geweke (1989), Bayesian inference in econometric models using Monte Carlo integration; Oh, Berger (1992), Adaptive
    importance sampling in Monte Carlo integration; Vehtari, Simpson, Gelman, Yao,
    Gabry (2024), Pareto smoothed importance sampling.
    """
    from arviz_stats.base import array_stats

    random = np.random.default_rng(seed)
    centre, covariance = mode.estimate, mode.covariance if least == 0 else _at_most(mode, least)
    for _ in range(MOST_ROUNDS):
        proposals, logs = _propose(log_density, centre, covariance, draws, random)
        smoothed, k = array_stats.psislw(-(logs - logs.max()))  # it turns the sign
        weights = np.exp(smoothed - smoothed.max())
        weights /= weights.sum()
        if k <= LARGEST_K:
            break
        centre = weights @ proposals
        covariance = (weights[:, None] * (proposals - centre)).T @ (proposals - centre)
    places = np.minimum(np.searchsorted(np.cumsum(weights), (np.arange(draws) + random.random()) / draws), draws - 1)
    return Sample(
        draws=proposals[random.permutation(places)], effective=float(1 / np.sum(weights**2)), k=float(np.max(k))
    )


def _at_most(mode: Maximum, least: float) -> np.ndarray:
    """Covariance (p, p) of the proposal where the density is curved by `least` or more in any direction."""
    known = mode.place.information
    if not np.isfinite(known).all():
        return np.eye(len(known)) / least
    values, vectors = np.linalg.eigh(known)
    return mode.covariance if values.min() >= least else (vectors / np.maximum(values, least)) @ vectors.T


def _propose(
    log_density: LogDensity, centre: np.ndarray, covariance: np.ndarray, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Proposals (draws, p) from a Student t, and the logarithms of their weights up to a constant."""
    size = len(centre)
    normal, scale = random.normal(size=(draws, size)), random.chisquare(DEGREES, draws) / DEGREES
    proposals = centre + (normal / np.sqrt(scale)[:, None]) @ np.linalg.cholesky(covariance).T
    distance = (normal**2).sum(axis=1) / scale
    with np.errstate(all="ignore"):
        found = np.array([log_density(each) for each in proposals])
    logs = found + (DEGREES + size) / 2 * np.log1p(distance / DEGREES)
    return proposals, np.where(np.isfinite(logs), logs, -1e300)
