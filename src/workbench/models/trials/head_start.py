"""Staying of customers whom nobody dealt: the head start that they have before a pilot can have kept anybody.

Nobody stays or leaves before a pilot starts, so no earlier trend can be taken off. But few are kept by what they have
only just got: by what treated and others differ in the first month, they differed without the pilot. An outcome that it
cannot have moved shows what is behind the choice. How that head start went on nobody sees; it bounds what it can be.
"""

from dataclasses import dataclass

import numpy as np

from workbench.models.trials.differences import Contrast
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.statistics.product_limit import survival_influence

FIRST = DAYS_A_MONTH
"""Days in which a pilot is taken to have kept nobody yet, a choice: contracts end by the month, and what is better must
be met with first."""
LEAVERS = 10
"""Of each kind in the first month, a choice: the error of the log of their ratio is then .45 at most, near normal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadStart:
    """What treated customers stay more often, by how far their head start went on.

    Attributes
    ----------
    ratio
        Hazard of the treated in the first month over that of others.
    gone
        If nothing of it lay behind the difference: the plain one of shares still there.
    lasting
        If it went on at the same ratio of hazards to the end of the window.
    treated, control
        Shares still there.
    """

    ratio: float
    gone: Contrast
    lasting: Contrast
    treated: float
    control: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """Holds wherever between lasting and gone the truth lies: a head start neither grows nor turns over.

        Parameters
        ----------
        confidence
            Level, between 0 and 1.
        """
        ends = [*self.gone.interval(confidence), *self.lasting.interval(confidence)]
        return min(ends), max(ends)


def head_start(
    days: np.ndarray, left: np.ndarray, treated: np.ndarray, window: float, weights: np.ndarray | None = None
) -> HeadStart | None:
    """Compare who is still there after a window, with the first month as what was there before.

    Parameters
    ----------
    days : (n,)
        How long each was followed since the start; not a number of those who were gone by then.
    left : (n,) bool
        Whether that ended with leaving.
    treated : (n,) bool
        Who got it.
    window
        Days after which to look, longer than `FIRST`.
    weights : (n,)
        Under which both kinds are alike; 1 where it is None.

    Returns
    -------
    HeadStart or None
        None where too few left in the first month, or a kind was not followed to the end of the window.

    References
    ----------
    Sofer, Richardson, Colicino, Schwartz and Tchetgen Tchetgen (2016), On negative outcome control of unobserved
    confounding as a generalization of difference-in-differences: here of log hazards, the first month being the outcome
    that the pilot cannot have moved. Rambachan and Roth (2023): after it, anything from none to as much again.

    Examples
    --------
    A fifth and two fifths leave in the first month, and as many of those left in each of two more:

    >>> months = np.repeat([1.0, 2.0, 3.0, 4.0], [20, 16, 12, 52])
    >>> others = np.repeat([1.0, 2.0, 3.0, 4.0], [40, 24, 14, 22])
    >>> days = 30 * np.append(months, others)
    >>> found = head_start(days, days < 120, np.arange(200) < 100, 90.0)
    >>> round(found.ratio, 3), round(found.gone.estimate, 3), round(found.lasting.estimate, 3)
    (0.437, 0.3, 0.004)
    """
    there = np.isfinite(days)
    weights = np.ones(len(days)) if weights is None else weights
    curves = {}
    for arm in (True, False):
        rows = there & (treated == arm) & (weights > 0)
        early = rows & left & (days <= FIRST)
        if window <= FIRST or early.sum() < LEAVERS or not (days[rows] >= window).any():
            return None
        for name, until in (("first", FIRST), ("window", window)):
            level, own = survival_influence(days[rows], left[rows], until, weights=weights[rows])
            influence = np.zeros(len(days))
            influence[rows] = own
            curves[arm, name] = (level, influence)
    # cumulative hazards of the first month and of the others' whole window, with what each customer moves them by
    (first, d_first), (of_others, d_of_others), (others, d_others) = (
        (-np.log(level), -influence / level)
        for level, influence in (curves[True, "first"], curves[False, "first"], curves[False, "window"])
    )
    ratio = first / of_others
    without = float(np.exp(-ratio * others))
    moved = d_first / of_others - first * d_of_others / of_others**2
    (stayed, d_stayed), (control, d_control) = curves[True, "window"], curves[False, "window"]
    own = weights[there & ~treated]
    effective = float(own.sum() ** 2 / (own**2).sum())
    return HeadStart(
        ratio=float(ratio),
        gone=Contrast(estimate=stayed - control, influence=d_stayed - d_control, effective=effective),
        lasting=Contrast(
            estimate=stayed - without,
            influence=d_stayed + without * (others * moved + ratio * d_others),
            effective=effective,
        ),
        treated=stayed,
        control=control,
    )
