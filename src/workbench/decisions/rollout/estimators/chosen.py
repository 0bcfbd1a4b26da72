"""Customers who volunteered or whom somebody chose: differences in differences, told with how far trends may part."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.models.trials.differences import contrast, overlap_weights
from workbench.models.trials.estimates import Estimate, Sample
from workbench.models.trials.estimates.estimate import from_error
from workbench.models.trials.event_study import EventStudy, Start, event_study, pooled_studies
from workbench.models.trials.offered import bounds_of_taking
from workbench.statistics.draws import design_matrix

FEWEST_BEFORE, MOST_BEFORE = 3, 6
"""Periods before the start: two steps at least, so that one alone does not decide how far trends part; half a dozen at
most, a choice."""
SHORTEST = 28
"""Days of a period: whole weeks, so that each holds every weekday as often."""
FEWEST = 20
"""Treated customers of a start, as in `comparison`: below, its interval would not hold its level."""


def periods(days: int, history: int) -> tuple[int, int, int] | None:
    """Length of periods in days, how many lie before the start, and how many after.

    Parameters
    ----------
    days
        Of the window.
    history
        Days of records before the start.

    Returns
    -------
    (length, before, after) or None
        The window itself is one period where the records hold `FEWEST_BEFORE` of them before, else it is cut. None
        where they do not hold even one of `SHORTEST`.

    Examples
    --------
    >>> periods(60, 365), periods(365, 180), periods(90, 20)
    ((60, 6, 1), (52, 3, 7), None)
    """
    if history < SHORTEST or days < 1:
        return None
    length = days
    if history < FEWEST_BEFORE * days:
        after = max(int(np.ceil(days / max(history // FEWEST_BEFORE, SHORTEST))), 1)
        length = days // after
    return length, min(history // length, MOST_BEFORE), max(days // length, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """Customers of a pilot that chance did not deal.

    Attributes
    ----------
    records
        What is recorded of them, as `features.trials.FollowUp` has it.
    arms, control
        Of each customer (n,), and the arm that others are compared with.
    start
        When each one's pilot began, datetime64 (n,).
    before
        What was known of each, same rows; outcomes are no part of it: weights that level a period which is compared
        would make a change by themselves.
    level
        Of intervals.
    unit
        With whom each started as a whole (n,); None: alone. Of units nothing that was known before makes both kinds
        alike, as a few of them can be parted by anything.
    """

    records: Any
    arms: np.ndarray
    control: str
    start: np.ndarray
    before: pd.DataFrame
    level: float
    unit: np.ndarray | None = None
    _kept: dict[Any, tuple[EventStudy, EventStudy] | None] = field(default_factory=dict)

    def estimate(
        self, measure: Any, arm: str, days: int, among: np.ndarray | None = None
    ) -> tuple[Estimate, Estimate] | None:
        """Difference in differences with the interval that bears trends which part as before, and the plain one.

        Parameters
        ----------
        measure
            The outcome.
        arm
            Which.
        days
            Of the window.
        among : (n,) bool
            Of whom; all where it is None.

        Returns
        -------
        (best, plain) or None
            None where nothing was recorded before the start.
        """
        found = self.study(measure, arm, days, among)
        if found is None:
            return None
        best, plain = (self._told(each, measure, days) for each in found)
        return best, plain if found[0] is not found[1] else best

    def _told(self, study: EventStudy, measure: Any, days: int) -> Estimate:
        scale = float(study.after) if measure.kind == "sum" else 1.0
        estimate, influence = study.combined(scale * study.change)
        told = from_error(
            estimate,
            float(np.sqrt((influence**2).sum())),
            confidence=self.level,
            kind="robust" if self.unit is None else "clustered",
            df=study.df,
            n=study.n,
            units=study.n if self.unit is None else len(np.unique(self.unit[study.seen].astype(str))),
            influence=influence,
        )
        ends = study.bounded(self.level)
        if ends is None:
            return told
        low, high = min(scale * ends[0], told.lower), max(scale * ends[1], told.upper)
        return replace(told, lower=low, upper=high, kind="bounded", p_value=np.nan)

    def study(
        self, measure: Any, arm: str, days: int, among: np.ndarray | None = None
    ) -> tuple[EventStudy, EventStudy] | None:
        """Period by period, with weights that make both kinds alike and without; twice the same where nothing is known.

        Parameters
        ----------
        measure
            The outcome.
        arm
            Which.
        days
            Of the window.
        among : (n,) bool
            Of whom; all where it is None.
        """
        cut = periods(days, self.records.history_days)
        if cut is None or measure.kind == "staying" or (measure.name == "buying" and cut[2] > 1):
            return None
        key = (measure.name, arm, days, None if among is None else among.tobytes())
        if key not in self._kept:
            self._kept[key] = self._study(measure, arm, cut, among)
        return self._kept[key]

    def _study(
        self, measure: Any, arm: str, cut: tuple[int, int, int], among: np.ndarray | None
    ) -> tuple[EventStudy, EventStudy] | None:
        length, before, after = cut
        best: list[Start] = []
        plain: list[Start] = []
        for start in np.unique(self.start[self.arms == arm]):
            clock = self.records.at(pd.Timestamp(start))
            if self.records.until is None or start + np.timedelta64(length * after, "D") > self.records.until:
                continue
            treated = (self.arms == arm) & (self.start == start)
            rows = (treated | self._others(start, length * after)) & (True if among is None else among)
            if min((treated & rows).sum(), (~treated & rows).sum()) < FEWEST or self._alone(rows & ~treated):
                continue
            spans = [(k * length, (k + 1) * length) for k in range(-before, after)]
            values = np.column_stack([clock.between(measure, *span) for span in spans])[rows]
            matrix, _ = design_matrix(self.before[rows]) if self.unit is None else (np.empty((rows.sum(), 0)), [])
            weights = overlap_weights(matrix, treated[rows]) if matrix.shape[1] else None
            for found, own in ((best, weights), (plain, None)):
                study = event_study(values, treated[rows], before, own)
                if study is not None:
                    found.append(Start(rows=np.flatnonzero(rows), treated=treated[rows], study=study))
        size = len(self.arms)
        pooled = [pooled_studies(each, size, self.unit) for each in (best, plain)]
        return None if pooled[0] is None or pooled[1] is None else (pooled[0], pooled[1])

    def _alone(self, rows: np.ndarray) -> bool:
        """Whether these customers are of one unit, which has no error."""
        return self.unit is not None and len(np.unique(self.unit[rows].astype(str))) < 2

    def _others(self, start: np.datetime64, days: int) -> np.ndarray:
        """Whom those of one start are compared with: the control of that start, or else all of it and who waits."""
        control = self.arms == self.control
        own = control & (self.start == start)
        if own.sum() >= FEWEST:
            return own
        later = ~control & (self.start >= start + np.timedelta64(days, "D"))
        return control | later


def as_known(sample: Sample, level: float) -> tuple[Estimate, Estimate] | None:
    """Where nothing was before: the weighted difference, with room for unseen causes that matter as much as known ones.

    Parameters
    ----------
    sample
        One arm beside the control, with what was known before.
    level
        Of the interval.

    Returns
    -------
    (best, plain) or None
        None where nobody can be compared. Of a yes or no the interval of `best` needs no assumption (kind `bounds`):
        who stays may have volunteered because of it, and no attribute shows that. Of others (kind `as_known`) it goes
        as far beyond the weighted difference, on both sides, as weighting moved it from the plain one.

    References
    ----------
    Manski (1990); Altonji, Elder and Taber (2005), Selection on observed and unobserved variables; Oster (2019)
    with δ = 1.
    """
    if sample.fault():
        return None
    seen = np.isfinite(sample.values)
    values, treated = sample.values[seen], sample.treated[seen]
    weights = None if sample.before is None else overlap_weights(sample.before[seen], treated)
    plain = contrast(values, treated)
    found = plain if weights is None else contrast(values, treated, weights)
    told = []
    for each in (found, plain):
        influence = np.zeros(len(sample.values))
        influence[seen] = each.influence
        made = from_error(
            each.estimate,
            each.error,
            confidence=level,
            kind="robust",
            n=int(seen.sum()),
            units=int(seen.sum()),
            treated=float(values[treated].mean()),
            control=float(values[treated].mean()) - each.estimate,
            influence=influence,
        )
        told.append(made)
    if np.isin(values, (0.0, 1.0)).all():
        whole = Sample(values=values, treated=treated)
        ends = bounds_of_taking(whole, treated, least=0.0, most=1.0, confidence=level)
        bounded = replace(told[0], lower=ends.lower, upper=ends.upper, kind="bounds", p_value=np.nan)
        return bounded, told[1] if weights is not None else bounded
    if weights is None:
        return told[0], told[0]
    moved = replace(found, estimate=found.estimate - plain.estimate, influence=found.influence - plain.influence)
    low, high = found.bounded(moved, level)
    return replace(told[0], lower=low, upper=high, kind="as_known"), told[1]


__all__ = ["Chosen", "as_known", "periods"]
