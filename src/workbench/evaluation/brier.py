"""Brier score of survival predictions with some customers not followed to the horizon."""

import numpy as np
import pandas as pd

from workbench.evaluation.censoring import FLOOR, LEAST_FOLLOWED, CensoringSurvival, marginal
from workbench.statistics.at_risk import gone_by, there_at


def brier(durations: np.ndarray, events: np.ndarray, survival: np.ndarray, horizon: float) -> float | None:
    """Mean squared error of predicted survival at `horizon`, weighted for those not followed until then.

    Weights are the inverse of the Kaplan–Meier share still followed (inverse probability of censoring), the same for
    all customers: censoring must not depend on covariates.

    Parameters
    ----------
    durations, events, survival (n,)
        Time observed, whether the customer left, predicted share still there at `horizon`.

    Returns
    -------
    float or None
        0 is perfect, .25 a coin; None where fewer than a tenth would still be followed.

    References
    ----------
    Graf, Schmoor, Sauerbrei and Schumacher (1999), equation 2.

    Examples
    --------
    >>> brier(np.array([1.0, 2, 3, 4]), np.array([True] * 4), np.array([0, 0, 1, 1]), 2.5)
    0.0
    """
    errors = brier_errors(durations, events, survival, horizon)
    return None if errors is None else float(errors.mean())


def brier_errors(
    durations: np.ndarray,
    events: np.ndarray,
    survival: np.ndarray,
    horizon: float,
    censoring: CensoringSurvival | None = None,
) -> np.ndarray | None:
    """What each customer adds to `brier`, (n,): its weighted squared error; their mean is the score.

    Parameters
    ----------
    censoring
        Probabilities of being followed, with one time, the horizon; those of all customers alike (`marginal`), of which
        the weights sum to n, where it is None.

    Returns
    -------
    ndarray or None
        None where the probability of being followed is below a tenth for somebody who counts, and the same for all.
    """
    left, stayed = gone_by(durations, events, horizon), there_at(durations, events, horizon)
    if censoring is None:
        rows = pd.DataFrame({"duration": durations})
        censoring = marginal(durations, events)(rows, np.array([horizon]))
        if (stayed.any() and censoring.at[0, 0] < LEAST_FOLLOWED) or (
            left.any() and censoring.before[left].min() < LEAST_FOLLOWED
        ):
            return None
    return weighted_errors(durations, events, survival[:, None], np.array([horizon]), censoring)[:, 0]


def weighted_errors(
    durations: np.ndarray, events: np.ndarray, survival: np.ndarray, times: np.ndarray, censoring: CensoringSurvival
) -> np.ndarray:
    """Weighted squared errors (n, K) of predicted survival (n, K) at each of K times; see `brier_errors`."""
    each = durations[:, None], events[:, None]
    left, stayed = gone_by(*each, times), there_at(*each, times)
    errors = left * survival**2 / np.maximum(censoring.before, FLOOR)[:, None]
    errors += stayed * (1 - survival) ** 2 / np.maximum(censoring.at, FLOOR)
    return errors


def integrated(errors: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Average over time of errors (n, K) at ascending times (K,), by the trapezoidal rule: (n,), or a number of (K,).

    Examples
    --------
    >>> round(float(integrated(np.array([0.0, 0.2, 0.2]), np.array([0.0, 1, 2]))), 4)
    0.15
    """
    return np.trapezoid(errors, times, axis=-1) / (times[-1] - times[0])
