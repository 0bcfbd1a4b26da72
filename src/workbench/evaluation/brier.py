"""Brier score of survival predictions with some customers not followed to the horizon."""

import numpy as np

from workbench.evaluation.censoring import FLOOR, CensoringSurvival
from workbench.statistics.at_risk import gone_by, there_at


def weighted_errors(
    durations: np.ndarray, events: np.ndarray, survival: np.ndarray, times: np.ndarray, censoring: CensoringSurvival
) -> np.ndarray:
    """Squared errors of predicted survival, weighted for those not followed (inverse probability of censoring).

    Parameters
    ----------
    durations, events : (n,)
        Time observed, and whether the customer left at its end.
    survival : (n, K)
        Predicted share still there at each time.
    times : (K,)
        When it was predicted for, in the unit of the durations.
    censoring
        Probabilities of being followed; with the same times.

    Returns
    -------
    ndarray (n, K)
        What each customer adds; their mean is the Brier score: 0 is perfect, .25 a coin.

    References
    ----------
    Graf, Schmoor, Sauerbrei and Schumacher (1999), equation 2; Gerds and Schumacher (2006), with covariates.
    """
    each = durations[:, None], events[:, None]
    left, stayed = gone_by(*each, times), there_at(*each, times)
    errors = left * survival**2 / np.maximum(censoring.before, FLOOR)[:, None]
    errors += stayed * (1 - survival) ** 2 / np.maximum(censoring.at, FLOOR)
    return errors


def integrated(errors: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Average over time of errors (n, K) at ascending times (K,), by the trapezoidal rule: (n,), or a number of (K,).

    Parameters
    ----------
    errors
        (n, K) of each customer, or (K,) of all.
    times
        (K,): ascending, at least two.

    Examples
    --------
    >>> round(float(integrated(np.array([0.0, 0.2, 0.2]), np.array([0.0, 1, 2]))), 4)
    0.15
    """
    return np.trapezoid(errors, times, axis=-1) / (times[-1] - times[0])
