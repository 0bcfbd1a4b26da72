"""Pilots that come to all, one wave after the other, and may end: who is not in them yet, or never, is the control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.trials import lot
from workbench.models.trials.estimates import Estimate, Sample
from workbench.models.trials.panels import Imputed, Panel, impute, one_dummy
from workbench.models.trials.stacks import Stack, pooled
from workbench.statistics.horizons import DAYS_A_MONTH

HALF = 0.5
"""Share of a month from which on it counts as one with the initiative, a choice; of shorter parts nothing is told."""
LITTLE = 0.1
"""Share of a month up to which it counts as one without, a choice: three days, as where an end is the day after the
last."""
BEFORE = 12
"""Months before the first start that are looked at: a year holds every season once."""


UNEVEN = 3
"""Days by which a window of whole calendar months may be shorter than as many mean months: 181 of 184 days are six."""


class Records(Protocol):
    """What is recorded of customers, as `features.trials.FollowUp` has it."""

    @property
    def until(self) -> pd.Timestamp | None:
        """The day after the last of the records."""
        ...

    def at(self, start: pd.Timestamp) -> "Records":
        """The same with all clocks set to one day.

        Parameters
        ----------
        start
            The day.
        """
        ...

    def over(self, days: int, names: Sequence[str] | None = None) -> Sequence[Any]:
        """Outcomes of a window.

        Parameters
        ----------
        days, names
            Its length, and which.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Waves:
    """Customers by month, and when each had what.

    Attributes
    ----------
    records
        What is recorded of them.
    monthly
        Their outcomes by calendar month.
    spells
        Whenever somebody had an arm: `row`, `arm`, `start`, `over`.
    stratum, unit, matrix
        Of each customer: within what, and with whom as a whole, the order was drawn (None: by itself), and what was
        known before (n, k).
    level
        Of intervals.
    """

    records: Records
    monthly: Any
    spells: pd.DataFrame
    stratum: np.ndarray
    unit: np.ndarray | None
    matrix: np.ndarray
    level: float
    _kept: dict[Any, Imputed | None] = field(default_factory=dict)

    def estimate(
        self, measure: Any, arm: str, days: int, among: np.ndarray | None = None
    ) -> tuple[Estimate, Estimate] | None:
        """The effect of the months from the start on; twice, as nothing of one customer is adjusted for.

        Parameters
        ----------
        measure
            The outcome.
        arm
            Which.
        days
            Of the window. Sums add up over its months, of answers it is the mean month; where a month cannot be told,
            over those before it, and the estimate says of how many `days` it is. Staying, and whether anything was
            bought, is compared wave by wave.
        among : (n,) bool
            Of whom; all where it is None.

        Returns
        -------
        (best, plain) or None
            None where nothing can be told.
        """
        if measure.kind == "staying" or measure.name == "buying":
            found = self.stacked(measure, arm, days, among)
            return None if found is None else (found, found)
        told = self.imputed(measure, arm, among)
        if told is None:
            return None
        months = max(round(days / DAYS_A_MONTH), 1)
        for shorter in range(months, 0, -1):
            found = told.through(shorter, mean=measure.kind != "sum")
            if found is not None:
                covered = round(shorter * DAYS_A_MONTH)
                found = found if abs(covered - days) <= UNEVEN else replace(found, days=covered)
                return found, found
        return None

    def on(self, arm: str) -> tuple[np.ndarray, np.ndarray]:
        """Months (n, months) with an arm, and months of which nothing is told.

        Parameters
        ----------
        arm
            Which.
        """
        months = len(self.monthly.edges) - 1
        share = np.zeros((len(self.stratum), months))
        other = np.zeros_like(share, dtype=bool)
        far = np.datetime64("2262-01-01")
        over = self.spells["over"].to_numpy(dtype="datetime64[ns]")
        parts = self.monthly.share_on(
            self.spells["start"].to_numpy(dtype="datetime64[ns]"), np.where(np.isnat(over), far, over)
        )
        own = (self.spells["arm"] == arm).to_numpy()
        row = self.spells["row"].to_numpy(dtype=int)
        np.add.at(share, row[own], parts[own])
        np.logical_or.at(other, row[~own], np.maximum.accumulate(parts[~own] > 0, axis=1))
        return share >= HALF, other | ((share > LITTLE) & (share < HALF))

    def panel(self, measure: Any, arm: str, among: np.ndarray | None = None) -> Panel:
        """Customers by months.

        Parameters
        ----------
        measure
            The outcome.
        arm
            Which.
        among : (n,) bool
            Of whom; all where it is None.
        """
        on, untold = self.on(arm)
        rows = np.ones(len(on), dtype=bool) if among is None else among
        return Panel(
            values=np.where(untold, np.nan, self.monthly.values[measure.name])[rows],
            on=on[rows],
            months=self.monthly.edges[:-1].to_numpy(),
            cluster=None if self.unit is None else self.unit[rows],
        )

    def imputed(self, measure: Any, arm: str, among: np.ndarray | None = None) -> Imputed | None:
        """Effects by month since start and end; None where nothing can be told.

        Parameters
        ----------
        measure
            The outcome.
        arm
            Which.
        among : (n,) bool
            Of whom; all where it is None.
        """
        key = (measure.name, arm, None if among is None else among.tobytes())
        if key not in self._kept:
            try:
                self._kept[key] = impute(self.panel(measure, arm, among), confidence=self.level)
            except DataError:
                self._kept[key] = None
        return self._kept[key]

    def beside(self, measure: Any, arm: str) -> Estimate | None:
        """The usual regression with one dummy, which what lasts after the end misleads.

        Parameters
        ----------
        measure
            The outcome.
        arm
            Which.
        """
        return one_dummy(self.panel(measure, arm), confidence=self.level)

    def stacked(self, measure: Any, arm: str, days: int, among: np.ndarray | None = None) -> Estimate | None:
        """What is yes or no of a whole window: each wave beside those who had nothing while its window ran.

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
        size = len(self.stratum)
        first = np.full(size, np.datetime64("NaT"), dtype="datetime64[ns]")
        begun = self.spells.sort_values("start").drop_duplicates("row")
        first[begun["row"].to_numpy(dtype=int)] = begun["start"].to_numpy(dtype="datetime64[ns]")
        own = np.zeros(size, dtype=bool)
        own[begun.loc[begun["arm"] == arm, "row"].to_numpy(dtype=int)] = True
        stacks = []
        for start in np.unique(first[own]):
            over = start + np.timedelta64(days, "D")
            if self.records.until is None or over > self.records.until.to_datetime64():
                continue
            treated = own & (first == start)
            rows = treated | np.isnat(first) | (first >= over)
            rows &= True if among is None else among
            (outcome,) = self.records.at(pd.Timestamp(start)).over(days, [measure.name])
            found = self._one(outcome, treated[rows], rows, days)
            if found is not None:
                known = np.isfinite(outcome.after[rows])
                influence = None if found.influence is None else found.influence[known]
                people = float((known & treated[rows]).sum())
                own_found = replace(found, influence=influence)
                stacks.append(Stack(rows=np.flatnonzero(rows)[known], found=own_found, weight=people))
        return pooled(stacks, size, self.unit, confidence=self.level)

    def _one(self, outcome: Any, treated: np.ndarray, rows: np.ndarray, days: int) -> Estimate | None:
        before = self.matrix[rows]
        sample = Sample(
            values=outcome.after[rows],
            treated=treated,
            stratum=self.stratum[rows],
            before=before if before.shape[1] else None,
        )
        try:
            if outcome.days is None:
                return lot.adjusted(sample, confidence=self.level)
            times = outcome.days[rows] / DAYS_A_MONTH
            return lot.staying(sample, times, outcome.left[rows], days / DAYS_A_MONTH, confidence=self.level)
        except DataError:
            return None


def course(imputed: Imputed) -> list[Mapping[str, Any]]:
    """Effects as rows: `clock` (on, after, start, end), `month` since then, and the estimate.

    Parameters
    ----------
    imputed
        Of one outcome.
    """
    rows: list[Mapping[str, Any]] = []
    for clock, found in (("on", imputed.on), ("after", imputed.after)):
        if found is not None:
            rows.append({"clock": clock, "month": None, "found": found})
    rows += [{"clock": "start", "month": each.month, "found": each} for each in imputed.by_month]
    rows += [{"clock": "end", "month": each.month, "found": each} for each in imputed.after_end]
    return rows
