"""Generalised linear models with weights: logistic and Poisson regression."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

from workbench.statistics.newton import Maximum, Place, maximise

FAR = 30.0
"""Beyond this a linear predictor is cut: a probability of 1e-13 or 1e13 events is as good as one further off."""
LONGEST_STEP = 5.0
"""A step on the log scale that multiplies odds or rates by more than 150 is shortened."""
BLOCK = 8_192
"""Rows that are weighed at once: what that takes stays in the cache."""


@dataclass(frozen=True, eq=False)
class Regression:
    """A fitted generalised linear model.

    Attributes
    ----------
    estimate : (p,)
        Coefficients, on the log-odds or log-rate scale.
    fitted : (n,)
        Probabilities, or counts expected.
    covariance : (p, p)
        Inverse information; infinite where there is none.
    converged
        Whether there is a maximum. Where it is False nothing of the fit must be used.
    """

    estimate: np.ndarray
    fitted: np.ndarray
    covariance: np.ndarray
    converged: bool


def fit_regression(
    columns: np.ndarray,
    response: np.ndarray,
    *,
    family: Literal["logistic", "poisson"],
    weights: np.ndarray | None = None,
    exposure: np.ndarray | None = None,
    start: np.ndarray | None = None,
    ridge: float = 0.0,
) -> Regression:
    """Fit a logistic or Poisson regression by maximum likelihood.

    Parameters
    ----------
    columns : (n, p)
        The design; its first column is constant.
    response : (n,)
        0 or 1, or counts.
    family
        `logistic` or `poisson`.
    weights : (n,)
        How often each row counts; 1 where it is None.
    exposure : (n,)
        Of counts: what they are proportional to; 1 where it is None.
    start : (p,)
        Where to begin: near the maximum it takes fewer steps. At the constant alone where it is None.
    ridge
        Penalty, half of it times the squared coefficients but the constant's.

    Returns
    -------
    Regression
        With whether it has converged.

    References
    ----------
    McCullagh and Nelder (1989), chapters 4 and 6.

    Examples
    --------
    >>> fit = fit_regression(np.ones((4, 1)), np.array([1, 1, 1, 0]), family="logistic")
    >>> round(float(fit.fitted[0]), 6), fit.converged
    (0.75, True)
    """
    weights = np.ones(len(response)) if weights is None else weights
    exposure = np.ones(len(response)) if exposure is None else exposure
    penalty = ridge * np.eye(columns.shape[1])
    penalty[0, 0] = 0.0
    logistic = family == "logistic"

    def fitted(linear: np.ndarray, exposure: np.ndarray) -> np.ndarray:
        return expit(linear) if logistic else exposure * np.exp(linear)

    def at(place: np.ndarray) -> Place:
        height, gradient, information = -place @ penalty @ place / 2, -penalty @ place, penalty
        for begin in range(0, len(response), BLOCK):
            rows = slice(begin, begin + BLOCK)
            own, known, weight = columns[rows], response[rows], weights[rows]
            linear = np.clip(own @ place, -FAR, FAR)
            mean = fitted(linear, exposure[rows])
            height = height + weight @ (known * linear - (np.logaddexp(0.0, linear) if logistic else mean))
            gradient = gradient + own.T @ (weight * (known - mean))
            varies = weight * (mean * (1 - mean) if logistic else mean)
            information = information + (own * varies[:, None]).T @ own
        return Place(float(height), gradient, information)

    if start is None:
        start, total = np.zeros(columns.shape[1]), float(weights @ response)
        start[0] = np.log(total / (weights.sum() - total if logistic else float(weights @ exposure)))
    found: Maximum = maximise(at, start, largest_step=LONGEST_STEP, largest=FAR)
    linear = np.clip(columns @ found.estimate, -FAR, FAR)
    return Regression(found.estimate, fitted(linear, exposure), found.covariance, found.converged)
