"""The maximum of lifelines' likelihoods, found by their gradient.

lifelines looks for it in hundreds of steps that do not use the gradient, from one place. Here a few steps by the
gradient lead there, from each of several places; where none ends in a maximum, lifelines' own search is done.
"""

from collections.abc import Sequence

import numpy as np
from autograd import hessian, value_and_grad
from lifelines import GeneralizedGammaFitter, LogLogisticFitter, LogNormalFitter, SplineFitter, WeibullFitter
from lifelines.fitters import ParametricUnivariateFitter
from scipy.optimize import minimize

NEAR = 1e-4
"""Of the log-likelihood, what another step would gain at most: a hundredth of a standard error of any parameter."""
FURTHER = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}
"""How far steps go on: to what numbers can tell apart (a mean log-likelihood has 15 digits)."""


class _ByGradient(ParametricUnivariateFitter):
    """How a fitter of lifelines finds its parameters."""

    def _starts(self, durations: np.ndarray, event: np.ndarray, weights: np.ndarray) -> Sequence[np.ndarray]:
        """Where to begin."""
        return [np.asarray(self._initial_values, dtype=float)]

    def _fit_model(self, Ts, E, entry, weights, fit_options, show_progress=False):  # noqa: N803
        """Parameters, log-likelihood, and minus its second derivatives: what lifelines takes from here."""
        given, size = (Ts, E, entry, weights), weights.sum()
        loss = self._negative_log_likelihood_right_censoring  # of a customer
        slope = value_and_grad(loss)
        best = None
        for start in self._starts(Ts[0], E, weights):
            settings = {"jac": True, "args": given, "bounds": self._bounds}
            near = minimize(slope, start, method="SLSQP", options={"maxiter": 1000, "ftol": 1e-12}, **settings)
            found = minimize(slope, near.x, method="L-BFGS-B", options=FURTHER, **settings)
            if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
                best = found
        if best is not None:
            second = hessian(loss)(best.x, *given)
            second = (second + second.T) / 2
            if _is_maximum(slope(best.x, *given)[1], second, size):
                return best.x, -best.fun * size, second * size
        return super()._fit_model(Ts, E, entry, weights, fit_options, show_progress=show_progress)


def _is_maximum(slope: np.ndarray, second: np.ndarray, size: float) -> bool:
    """Whether the likelihood falls on all sides, and hardly rises before it does."""
    if not (np.isfinite(second).all() and np.isfinite(slope).all() and np.linalg.eigvalsh(second)[0] > 0):
        return False
    return bool(size * slope @ np.linalg.solve(second, slope) / 2 < NEAR)


class Weibull(_ByGradient, WeibullFitter):
    """As lifelines has it."""


class LogNormal(_ByGradient, LogNormalFitter):
    """As lifelines has it."""


class LogLogistic(_ByGradient, LogLogisticFitter):
    """As lifelines has it."""


class GeneralizedGamma(_ByGradient, GeneralizedGammaFitter):
    """As lifelines has it, from both sides of the log-normal, which lies where it is not defined."""

    def _starts(self, durations: np.ndarray, event: np.ndarray, weights: np.ndarray) -> Sequence[np.ndarray]:
        place, scale, _ = self._initial_values
        return [np.array([place, scale, form]) for form in (1.0, -1.0)]


class Spline(_ByGradient, SplineFitter):
    """As lifelines has it, from a constant rate of leaving."""

    def _starts(self, durations: np.ndarray, event: np.ndarray, weights: np.ndarray) -> Sequence[np.ndarray]:
        rate = np.log((weights * event).sum() / (weights * durations).sum())
        return [np.array([rate, 1.0, *np.zeros(self.n_knots - 2)])]
