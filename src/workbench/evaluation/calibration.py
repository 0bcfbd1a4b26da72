"""Whether predicted shares agree with what happened."""

import numpy as np
import pandas as pd

from workbench.statistics.product_limit import at_risk_at, normal_quantile, product_limit, survival_at

GROUPS = ["horizon", "customers", "predicted", "observed", "lower", "upper", "share"]
MOST_GROUPS = 10
"""Tenths of customers by prediction (Hosmer and Lemeshow 1980)."""
CUSTOMERS_PER_GROUP = 50
"""Fewer, and the observed share of a group is off by more than 7 points for chance alone."""
SMALLEST_AT_RISK = 10
"""No observed share is shown that rests on fewer customers."""


def calibration(
    durations: np.ndarray,
    events: np.ndarray,
    survival: np.ndarray,
    horizon: float,
    *,
    ranks: np.ndarray | None = None,
    stands: np.ndarray | None = None,
    confidence: float = 0.9,
) -> pd.DataFrame:
    """Predicted survival at a horizon against Kaplan–Meier, in groups of similar predictions.

    Parameters
    ----------
    durations, events, survival (n,)
        Time observed, whether the customer left, predicted share still there at `horizon`.
    ranks (n,)
        What to form groups by instead of `survival`. Predictions of several fits have to be ranked each within its own:
        a fit without the customers of a lucky fold predicts too little for just these, and grouping by the pooled
        predictions would show that as miscalibration.
    stands (n,)
        For how many each customer stands (survey weights); 1 where it is None.
    confidence
        Level of the observed share's interval.
    horizon
        In the unit of the durations.

    Returns
    -------
    DataFrame
        One row a group, least survival first: `horizon`, `customers`, `predicted` (mean), `observed`, `lower`, `upper`,
        `share` of all customers, or of those they stand for.
        At most 10 groups of equal size, of at least 50 customers where there are as many. A group with fewer than 10
        customers still followed at the horizon is left out.
    """
    count = int(np.clip(len(survival) // CUSTOMERS_PER_GROUP, 1, MOST_GROUPS))
    ranks = survival if ranks is None else ranks
    edges = np.unique(np.quantile(ranks, np.arange(1, count) / count))
    group = np.searchsorted(edges, ranks, side="left")  # equal predictions stay together
    rows = []
    for place in np.unique(group):
        member = group == place
        own = None if stands is None else stands[member]
        table = product_limit(durations[member], events[member], weights=own, confidence=confidence)
        known_for_ever = not table["censored"].sum() and member.sum() >= SMALLEST_AT_RISK
        if at_risk_at(table, np.array([horizon]))[0] >= SMALLEST_AT_RISK or known_for_ever:
            observed = [
                float(survival_at(table, np.array([horizon]), end)[0]) for end in ("survival", "lower", "upper")
            ]
            share = float(member.mean() if stands is None else stands[member].sum() / stands.sum())
            predicted = float(np.average(survival[member], weights=own))
            rows.append((horizon, int(member.sum()), predicted, *observed, share))
    return pd.DataFrame(rows, columns=GROUPS)


def calibration_error(groups: pd.DataFrame, confidence: float) -> tuple[float, float, float] | None:
    """By how much predicted shares are off, without what chance adds to the observed ones; None without groups.

    The root of `sum w (d^2 - se^2)`: d is predicted less observed of a group, se the standard error of the observed
    share (from its interval), w its share of customers. `se^2` is what d^2 would be on average were predictions right,
    so the sum estimates the squared error of the predictions themselves; it is 0 where it comes out negative.

    Parameters
    ----------
    groups
        From `calibration`.
    confidence
        Level of the intervals in `groups`, and of this one.

    Returns
    -------
    float, float, float
        Error, lower and upper end of its interval: normal for the sum, with variance `sum w^2 (2 se^4 + 4 d^2 se^2)`
        (d^2 without chance, as above).
    """
    if groups.empty:
        return None
    weight = groups["share"] / groups["share"].sum()
    error2 = ((groups["upper"] - groups["lower"]) / (2 * normal_quantile(confidence))) ** 2
    excess = (groups["predicted"] - groups["observed"]) ** 2 - error2
    squared = float((weight * excess).sum())
    error = float(np.sqrt((weight**2 * (2 * error2**2 + 4 * excess.clip(lower=0) * error2)).sum()))
    half = normal_quantile(confidence) * error
    error, lower, upper = np.sqrt(np.maximum([squared, squared - half, squared + half], 0))
    return float(error), float(lower), float(upper)
