"""Pilots without a control: what the months before lead to expect, and how much of a rise comes by itself."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workbench.errors import DataError
from workbench.models.trials.estimates import Estimate
from workbench.models.trials.interrupted import interrupted
from workbench.models.trials.regression_to_mean import Freed, freed
from workbench.statistics.horizons import DAYS_A_MONTH

MOST_BEFORE = 36
"""Months before the start that are looked at: three of each season; what lies further back was another business."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BeforeAfter:
    """Customers of a pilot whom nobody can be compared with.

    Attributes
    ----------
    records
        What is recorded of them, as `features.trials.FollowUp` has it.
    score : (n,) or None
        By which each was chosen, in the unit of the primary outcome; None where that is not known.
    everybody : (m,)
        The score of all who might have been.
    reliability
        Of the score; None where nobody says it.
    primary
        Name of the outcome that is the score, measured again.
    level
        Of intervals.
    """

    records: Any
    score: np.ndarray | None
    everybody: np.ndarray
    reliability: float | None
    primary: str
    level: float

    def estimate(
        self, outcome: Any, days: int | None, among: np.ndarray | None = None
    ) -> tuple[Estimate, Estimate] | None:
        """The change against what the time before leads to expect; twice, as nothing stands beside it.

        Parameters
        ----------
        outcome
            The outcome.
        days
            Of the window; None where nothing is dated.
        among : (n,) bool
            Of whom; all where it is None.

        Returns
        -------
        (best, plain) or None
            None where nothing is known of the time before.
        """
        rows = np.ones(len(outcome.after), dtype=bool) if among is None else among
        if self.score is not None and outcome.measure.name != self.primary:
            return None  # it comes back towards its mean as well, and nobody knows how far
        told = self.returned(outcome, rows)
        if told is not None:
            return told.effect, told.effect
        ends = [self.returned(outcome, rows, reliability=each) for each in (0.0, 1.0)]
        if ends[0] is not None and ends[1] is not None:
            between = _between(ends[0].effect, ends[1].effect)
            return between, between
        found = self._series(outcome.measure, days, rows) if days else None
        return None if found is None else (found, found)

    def returned(self, outcome: Any, rows: np.ndarray | None = None, reliability: float | None = None) -> Freed | None:
        """The rise of the primary outcome with the return to the mean taken off; None where its rule is not known.

        Parameters
        ----------
        outcome
            The outcome.
        rows : (n,) bool
            Of whom; all where it is None.
        reliability
            In place of the recorded one.
        """
        trusted = self.reliability if reliability is None else reliability
        if self.score is None or trusted is None or outcome.measure.name != self.primary:
            return None
        rows = np.ones(len(outcome.after), dtype=bool) if rows is None else rows
        try:
            return freed(self.score[rows], outcome.after[rows], self.everybody, trusted, confidence=self.level)
        except DataError:
            return None

    def _series(self, measure: Any, days: int, rows: np.ndarray) -> Estimate | None:
        """Means by month since each start, of those who were there."""
        if measure.table in ("treatments", "customers") or measure.kind == "staying" or measure.name == "buying":
            return None
        earliest = pd.to_datetime(self.records.roster["start"]).min()
        months = min(int((earliest - self.records.first).days / DAYS_A_MONTH), MOST_BEFORE)
        after = max(round(days / DAYS_A_MONTH), 1)
        edges = np.round(np.arange(-months, after + 1) * DAYS_A_MONTH).astype(int)
        reach = self.records.reach()
        told = np.isfinite(self.records.between(measure, 0, int(edges[-1])))  # who answered, of what not all do
        means = []
        for first, end in pairwise(edges):
            there = rows & (reach >= edges[-1] - 1)
            if self.records.stays is not None and first >= 0:
                there &= ~(self.records.stays.left & (self.records.stays.days < end))
            values = self.records.between(measure, int(first), int(end))[there]
            values = values[np.isfinite(values)]
            means.append(float(values.mean()) if len(values) else np.nan)
        series = np.array(means)
        known = np.isfinite(series)
        if not known.all():
            series, months = (
                series[int(np.flatnonzero(~known).max()) + 1 :],
                months - int(np.flatnonzero(~known).max()) - 1,
            )
        if months < 1:
            return None
        scale = after if measure.kind == "sum" else 1
        try:
            return interrupted(
                scale * series[:months],
                scale * series[months:],
                n=int((rows & told & (reach >= edges[-1] - 1)).sum()),
                confidence=self.level,
            )
        except DataError:
            return None


def _between(one: Estimate, other: Estimate) -> Estimate:
    """All that a reliability from 0 to 1 allows: bounds, with an error as wide as they are."""
    low, high = min(one.lower, other.lower), max(one.upper, other.upper)
    reach = float(stats.norm.ppf((1 + one.confidence) / 2))
    return replace(
        one,
        estimate=(low + high) / 2,
        se=(high - low) / 2 / reach,
        lower=low,
        upper=high,
        kind="bounds",
        df=np.inf,
        treated=np.nan,
        control=np.nan,
        p_value=np.nan,
    )
