"""How far arms lie apart in what they should share: of customers, or of whole units where these were dealt."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats


def unlike(arm: np.ndarray, unit: np.ndarray | None, there: np.ndarray) -> float:
    """p-value of as many of each arm, yes or no: of customers, or of units where whole units were dealt.

    Parameters
    ----------
    arm, unit
        (n,): of each customer; unit None where customers were dealt.
    there : (n,) bool
        Of whom it is so.
    """
    if unit is not None:
        return equal(by_arm(arm, unit, there.astype(float)))
    counts = pd.crosstab(arm, there).to_numpy()
    return float(stats.chi2_contingency(counts).pvalue) if min(counts.shape) > 1 else 1.0


def by_arm(arm: np.ndarray, unit: np.ndarray | None, values: np.ndarray) -> list[np.ndarray]:
    """Known values by arm; means of units where whole units were dealt, as these are what chance dealt.

    Parameters
    ----------
    arm, unit
        As of `unlike`.
    values : (n,)
        With gaps.
    """
    seen = np.isfinite(values)
    known = pd.DataFrame({"arm": arm, "value": values})[seen]
    if unit is not None:
        known = known.groupby(["arm", unit[seen]], observed=True).mean().reset_index("arm")
    return [own["value"].to_numpy() for _, own in known.groupby("arm", sort=True)]


def equal(groups: Sequence[np.ndarray]) -> float:
    """p-value of equal means; 1 where a group has nothing to compare.

    Parameters
    ----------
    groups
        Values by arm.
    """
    if len(groups) < 2 or any(len(each) < 2 for each in groups) or not np.concatenate(groups).std() > 0:
        return 1.0
    found = stats.f_oneway(*groups) if len(groups) > 2 else stats.ttest_ind(*groups, equal_var=False)
    return float(found.pvalue)


def error(values: np.ndarray, unit: np.ndarray | None) -> float:
    """Standard error of the mean of customers; where whole units were dealt, as these lie apart.

    Parameters
    ----------
    values, unit
        (n,): of the customers of one arm.
    """
    if unit is None:
        return float(values.std() / np.sqrt(len(values)))
    code = np.unique(unit, return_inverse=True)[1]
    moved = np.bincount(code, values - values.mean()) / len(values)
    return float(np.sqrt((moved**2).sum() * len(moved) / max(len(moved) - 1, 1)))
