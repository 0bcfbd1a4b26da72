"""Newton's method for concave log-likelihoods (Cox, regressions, recalibration). Convergence is always checked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MOST_HALVINGS = 30
"""A step is halved so often before it counts as leading nowhere: to a billionth of itself, which is rounding error."""
ROUNDING = 1e-3
"""Where nothing is higher, a last gain below this was rounding error, and the maximum is reached."""


@dataclass(frozen=True, eq=False)
class Place:
    """A log-likelihood at one place.

    Attributes
    ----------
    log_likelihood
        Its value, with what a penalty takes away.
    gradient : (p,)
        First derivatives.
    information : (p, p)
        Minus the second derivatives.
    """

    log_likelihood: float
    gradient: np.ndarray
    information: np.ndarray


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where Newton's method ended.

    Attributes
    ----------
    estimate : (p,)
        The place.
    place
        The log-likelihood there.
    converged
        Whether another step would gain nothing. Where it is False the estimate must not be used.
    """

    estimate: np.ndarray
    place: Place
    converged: bool

    @property
    def covariance(self) -> np.ndarray:
        """Inverse information (p, p); infinite where there is none."""
        information = self.place.information
        if np.linalg.matrix_rank(information, hermitian=True) < len(self.estimate):
            return np.full_like(information, np.inf)
        return np.linalg.inv(information)


def maximise(
    at: Callable[[np.ndarray], Place],
    start: np.ndarray,
    *,
    rounds: int = 50,
    enough: float = 1e-10,
    largest_step: float = np.inf,
    largest: float | np.ndarray = np.inf,
) -> Maximum:
    """Climb a concave log-likelihood, each step halved until it rises.

    Parameters
    ----------
    at
        From a place (p,) to the log-likelihood there.
    start : (p,)
        Where to begin.
    rounds
        Steps after which it gives up.
    enough
        The maximum is reached when a step gains less than this.
    largest_step
        Longer steps, by their largest coordinate, are shortened to it.
    largest : float or (p,)
        Beyond this size of a coordinate there is no maximum to be expected (separation): it stops there.

    Returns
    -------
    Maximum
        With whether it has converged.

    References
    ----------
    Nocedal and Wright (2006), section 3.1: backtracking line search.

    Examples
    --------
    >>> found = maximise(lambda x: Place(-float((x - 2) @ (x - 2)), -2 * (x - 2), 2 * np.eye(1)), np.zeros(1))
    >>> found.estimate.tolist(), found.converged
    ([2.0], True)
    """
    estimate, gain = np.asarray(start, dtype=float), np.inf
    with np.errstate(all="ignore"):
        here = at(estimate)
        for _ in range(rounds):
            step = np.linalg.lstsq(here.information, here.gradient)[0]
            step = step / max(1.0, np.abs(step).max(initial=0) / largest_step)
            for _ in range(MOST_HALVINGS):
                trial = at(estimate + step)
                if trial.log_likelihood >= here.log_likelihood and np.isfinite(trial.information).all():
                    break
                step = step / 2
            else:  # nowhere is higher: rounding error, or no maximum
                gain = 0.0 if gain < ROUNDING else gain
                break
            gain = trial.log_likelihood - here.log_likelihood
            estimate, here = estimate + step, trial
            if gain < enough or (np.abs(estimate) > largest).any():
                break
    return Maximum(estimate=estimate, place=here, converged=bool(gain < enough))
