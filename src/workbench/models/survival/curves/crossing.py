"""Whether the curves of two groups cross: one keeps more of its customers at first, the other in the end.

Then no hazard ratio holds for the whole of a customer's life: one number would be an average of opposites.
"""

from dataclasses import dataclass

import numpy as np

from workbench.statistics.at_risk import at_risk
from workbench.statistics.product_limit import enough_from, normal_quantile, survival_influence

LOOKS = 10
"""Times at which two curves are compared: a choice; the level is shared among them (Bonferroni)."""
LEVEL = 0.05
"""Of saying that curves cross which do not: the convention."""
FEWEST_AT_RISK = 25
"""In both groups where curves are compared, as in the tail of a baseline hazard (`cox.baseline`)."""


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Two groups whose curves cross.

    Attributes
    ----------
    covariate, label
        What tells them apart, in the table and in words.
    value, reference
        The groups.
    time
        About when the curves cross, in the unit of the durations.
    """

    covariate: str
    label: str
    value: str
    reference: str
    time: float


def crossing_time(
    durations: np.ndarray,
    events: np.ndarray,
    first: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> float | None:
    """About when the Kaplan–Meier curves of two groups cross; None where they do not clearly.

    They do where more of one group are clearly still there at one time, and clearly fewer at a later one. Where curves
    touch or one lies above the other, that is said with a probability of `LEVEL` at most.

    Parameters
    ----------
    durations, events
        (n,): time observed, and whether the customer left at its end.
    first
        (n,): whether a customer is of the one group or of the other.
    entry
        (n,): times from which each was observed; from the start where it is None.
    weights
        (n,): for how many each stands; 1 where it is None.
    """
    groups = (first, ~first)
    if min(group.sum() for group in groups) < FEWEST_AT_RISK:
        return None
    entered = np.zeros(len(durations)) if entry is None else entry
    begin = max(enough_from(durations[group], entered[group], FEWEST_AT_RISK) for group in groups)
    times = np.unique(durations[events & (durations > begin)])
    there = [at_risk(durations[group], times, entry=entered[group]) >= FEWEST_AT_RISK for group in groups]
    times = times[there[0] & there[1]]
    if not len(times):
        return None
    half = np.arange(1, LOOKS // 2 + 1) / (LOOKS // 2)
    looks = np.unique(np.append(np.quantile(times, half, method="inverted_cdf"), begin + (times[-1] - begin) * half))
    after = entered if begin <= 0 else np.maximum(entered, begin)
    both = [(group & (durations > begin) if begin > 0 else group) for group in groups]

    def compared(time: float) -> tuple[float, float]:
        """By how much more of the first group are there, and the standard error."""
        (one, moved), (other, moved_other) = (
            survival_influence(
                durations[mine],
                events[mine],
                time,
                entry=after[mine],
                weights=None if weights is None else weights[mine],
            )
            for mine in both
        )
        return one - other, float(np.sqrt(np.sum(moved**2) + np.sum(moved_other**2)))

    difference, error = np.array([compared(time) for time in looks]).T
    clear = np.where(np.abs(difference) > normal_quantile(1 - 2 * LEVEL / LOOKS) * error, np.sign(difference), 0.0)
    known = np.flatnonzero(clear)
    turned = known[clear[known] != clear[known[0]]] if len(known) else known
    if not len(turned):
        return None
    last = turned[0]
    still = np.flatnonzero(np.sign(difference[:last]) == clear[known[0]])[-1]
    between = times[(times >= looks[still]) & (times <= looks[last])]
    low, high = 0, len(between) - 1
    while high - low > 1:  # halving: the difference may turn several times by chance, close to each other
        middle = (low + high) // 2
        low, high = (middle, high) if np.sign(compared(between[middle])[0]) == clear[known[0]] else (low, middle)
    return float(between[high])
