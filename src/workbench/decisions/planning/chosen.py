"""What a before–after of chosen customers shows though nothing was done: the way back to the mean, trend, season."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.planning.base import Base
from workbench.decisions.planning.windows import Window
from workbench.models.trials.planning import Change, change_of_chosen
from workbench.models.trials.regression_to_mean import expected_return

CHOSEN = 100
"""Customers of the before–after that is told where the pilot would have more than a quarter of all, a choice."""
SHARE = 0.25
"""Of all customers who are chosen at most: of more the word would mean nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unmoved:
    """Customers before and after a day on which this pilot did not begin.

    Attributes
    ----------
    measure, days, start
        The outcome, the length of both windows, and the day between them.
    highest, lowest, everybody
        Those with the highest value before, those with the lowest, and all.
    returned
        Of the highest and of the lowest: how much of their change is the way back to the mean.
    explained
        Share of the outcome's variance that the window before explains, among all customers.
    """

    measure: Any
    days: int
    start: pd.Timestamp
    highest: Change
    lowest: Change
    everybody: Change
    returned: tuple[float, float]
    explained: float


def unmoved(
    base: Base, followed: Any, recent: Window, names: list[str], size: int | None, *, level: float
) -> Unmoved | None:
    """Look at the latest window, and at as long a time before it.

    Parameters
    ----------
    base, followed
        Customers and their records.
    recent
        The latest window of the main length.
    names
        Of outcomes, the primary one first: the first that is known before and after is told.
    size
        Customers of the pilot; `CHOSEN` where it is None.
    level
        Of intervals.

    Returns
    -------
    Unmoved or None
        None where no outcome is known before, or for data without dates.
    """
    if recent.start is None or recent.days is None:
        return None
    earlier = recent.roster.assign(start=recent.start - dt.timedelta(days=recent.days))
    back = {each.measure.name: each for each in followed.of(earlier).over(recent.days, names)}
    most = int(SHARE * len(recent.roster))
    n = size if size is not None and size <= most else min(CHOSEN, most)
    for name in names:
        outcome = recent.outcomes[name]
        if outcome.measure.kind in ("ratio", "staying") or outcome.measure.table in ("treatments", "customers"):
            continue
        before, after = back[name].after, outcome.after
        chosen = [
            change_of_chosen(before, after, n, confidence=level),
            change_of_chosen(before, after, n, highest=False, confidence=level),
            change_of_chosen(before, after, confidence=level),
        ]
        high, low, everybody = chosen
        if high is None or low is None or everybody is None or not everybody.deviation > 0:
            continue
        both = np.isfinite(before) & np.isfinite(after)
        if np.ptp(before[both]) == 0 or np.ptp(after[both]) == 0:
            continue
        covariance = np.cov(before[both], after[both])
        explained = float(covariance[0, 1] ** 2 / (covariance[0, 0] * covariance[1, 1]))
        lasting = float(covariance[0, 1] / covariance[0, 0])
        return Unmoved(
            measure=outcome.measure,
            days=recent.days,
            start=recent.start,
            highest=high,
            lowest=low,
            everybody=everybody,
            returned=(
                expected_return(np.array([high.before]), before[both], lasting),
                expected_return(np.array([low.before]), before[both], lasting),
            ),
            explained=explained,
        )
    return None
