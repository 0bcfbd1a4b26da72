"""Brier score of survival predictions with some customers not followed to the horizon."""

import numpy as np

from workbench.evaluation.product_limit import product_limit, survival_at

LEAST_FOLLOWED = 0.1
"""Where a smaller share would still be followed, weights grow beyond use."""


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


def brier_errors(durations: np.ndarray, events: np.ndarray, survival: np.ndarray, horizon: float) -> np.ndarray | None:
    """What each customer adds to `brier`, (n,): its weighted squared error; their mean is the score.

    Who is censored when others leave was still followed then: the share followed falls by `c / (n - d)`, so the
    weights of all customers sum to n.
    """
    table = product_limit(durations, events)
    staying = (table["at_risk"] - table["events"]).clip(lower=1)
    followed = table.assign(survival=(1 - table["censored"] / staying).cumprod())
    before = survival_at(followed, np.nextafter(durations, -np.inf))  # just before each customer's own time
    later = float(survival_at(followed, np.array([horizon]))[0])
    left = events & (durations <= horizon)
    stayed = durations > horizon
    if (stayed.any() and later < LEAST_FOLLOWED) or (left.any() and before[left].min() < LEAST_FOLLOWED):
        return None
    errors = np.zeros(len(durations))
    errors[left] = survival[left] ** 2 / before[left]
    errors[stayed] = (1 - survival[stayed]) ** 2 / max(later, LEAST_FOLLOWED)
    return errors
