"""When customers were at a touchpoint: whoever was there last before a start rates what was before it."""

import numpy as np

from workbench.decisions.roi.links import Lift


def met_since(at: Lift, months: np.ndarray) -> np.ndarray:
    """Chance that the visit that is rated came within so many months, in the same shape.

    Visits are as likely in each month, so often that as many had been there within the time recalled as had.

    Parameters
    ----------
    at
        The touchpoint: how many of those who answer had been there within the time that is recalled.
    months
        Since a start; before it nobody has been there.
    """
    used = min(float(np.isfinite(at.ratings).mean()), 1 - 1e-9)
    still = (1 - used) ** (np.clip(months, 0, at.recall_months) / at.recall_months)
    return np.asarray((1 - still) / used)
