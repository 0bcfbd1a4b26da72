"""How far off forecasts of a whole window are: the doubt about how many of all customers leave.

Each window is forecast by a quick model of all the others. That the ratios of leavers to forecasts differ by more than
chance shows what no single window can: that features move from month to month where leaving does not, or the reverse.
"""

import numpy as np
import pandas as pd

from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.model.learning import MOST_ROWS, quick

FEWEST_WINDOWS = 3
"""With fewer, a difference between them is hardly told from chance."""


def forecast_windows(customers: Customers, used: str, *, random_seed: int) -> pd.DataFrame:
    """How many left in each window, and how many a model of all other windows expected.

    Parameters
    ----------
    customers
        The labelled rows; of many, those of customers drawn by lot.
    used
        Name of the forecast that is used: its kind is fitted.
    random_seed
        Fixes draws.

    Returns
    -------
    DataFrame
        `left` and `expected` of each window in which somebody left; no rows where there are too few windows.
    """
    some = customers.part(customers.drawn(MOST_ROWS, random_seed=random_seed))
    moments = [] if some.snapshots is None else np.unique(some.snapshots)
    rows = []
    for moment in moments if len(moments) >= FEWEST_WINDOWS else []:
        there = some.snapshots == moment
        now, others = some.part(there), some.part(~there)
        if now.left.any() and others.left.any():
            p = quick(others, now.features, used, random_seed)
            rows.append({"left": (now.left * now.weights).sum(), "expected": (p * now.weights).sum()})
    return pd.DataFrame(rows, columns=["left", "expected"], dtype=float)


def between_windows(windows: pd.DataFrame) -> float:
    """Variance between windows of the logarithm of leavers per leaver expected, beyond chance.

    Parameters
    ----------
    windows
        `left` and `expected` of each, the latter by what all others teach: whatever a window is above the mean, the
        others are below it, so that ratios are K / (K - 1) times too far from 1.

    References
    ----------
    DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7 (method of moments).

    Examples
    --------
    >>> round(between_windows(pd.DataFrame({"left": [80.0, 120.0] * 3, "expected": [104.0, 96.0] * 3})), 3)
    0.038
    """
    if len(windows) < 2:
        return 0.0
    left, ratios = windows["left"].to_numpy(), np.log(windows["left"] / windows["expected"]).to_numpy()
    ratios = ratios * (1 - 1 / len(ratios))
    beyond = (left * (ratios - np.average(ratios, weights=left)) ** 2).sum() - (len(left) - 1)
    return float(max(beyond / (left.sum() - (left**2).sum() / left.sum()), 0.0))


def level_error(windows: pd.DataFrame, calibrated: Customers) -> float:
    """Relative standard error of the number of leavers that a forecast expects of all customers together.

    The leavers by whom the level was calibrated are a sample; their windows are some of many; and so is the one that is
    forecast.

    Parameters
    ----------
    windows
        `left` and `expected` of each (`forecast_windows`).
    calibrated
        By whom the level was set.
    """
    leavers = max(float(calibrated.left.sum()), 1.0)
    several = 1 if calibrated.snapshots is None else max(len(np.unique(calibrated.snapshots)), 1)
    return float(np.sqrt(1 / leavers + between_windows(windows) * (1 + 1 / several)))
