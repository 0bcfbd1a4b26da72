"""Do predicted shares agree with what happened?"""

import numpy as np
import pandas as pd

from workbench.evaluation.product_limit import at_risk_at, product_limit, survival_at

MOST_GROUPS = 10
CUSTOMERS_PER_GROUP = 50
SMALLEST_AT_RISK = 10
"""No observed share is shown that rests on fewer customers."""


def calibration(
    durations: np.ndarray, events: np.ndarray, survival: np.ndarray, horizon: float, *, confidence: float = 0.9
) -> pd.DataFrame:
    """Predicted survival at a horizon against Kaplan–Meier, in groups of similar predictions.

    Parameters
    ----------
    durations, events, survival (n,)
        Time observed, whether the customer left, predicted share still there at `horizon`.
    confidence
        Level of the observed share's interval.

    Returns
    -------
    DataFrame
        One row a group, least survival first: `horizon`, `customers`, `predicted` (mean), `observed`, `lower`, `upper`.
        At most 10 groups of equal size, of at least 50 customers where there are as many. A group with fewer than 10
        customers still followed at the horizon is left out.
    """
    count = int(np.clip(len(survival) // CUSTOMERS_PER_GROUP, 1, MOST_GROUPS))
    edges = np.unique(np.quantile(survival, np.arange(1, count) / count))
    group = np.searchsorted(edges, survival, side="left")  # equal predictions stay together
    rows = []
    for place in np.unique(group):
        member = group == place
        table = product_limit(durations[member], events[member], confidence=confidence)
        known_for_ever = not table["censored"].sum() and member.sum() >= SMALLEST_AT_RISK
        if at_risk_at(table, np.array([horizon]))[0] >= SMALLEST_AT_RISK or known_for_ever:
            observed = [
                float(survival_at(table, np.array([horizon]), end)[0]) for end in ("survival", "lower", "upper")
            ]
            rows.append((horizon, int(member.sum()), float(survival[member].mean()), *observed))
    return pd.DataFrame(rows, columns=["horizon", "customers", "predicted", "observed", "lower", "upper"])


def calibration_error(groups: pd.DataFrame) -> float | None:
    """Mean absolute difference of predicted and observed share, weighted by customers; None without groups.

    Noise alone gives a little more than 0: about .8 standard errors of a group's observed share.
    """
    if groups.empty:
        return None
    return float(np.average((groups["predicted"] - groups["observed"]).abs(), weights=groups["customers"]))
