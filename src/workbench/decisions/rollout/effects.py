"""Effects of a pilot by the estimate that its design calls for: all arms and outcomes, by month, counted otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.decisions.rollout import estimators
from workbench.decisions.rollout.pilot import Pilot
from workbench.models.trials.estimates import Estimate, Sample, less
from workbench.models.trials.head_start import HeadStart
from workbench.statistics.draws import comparable, design_matrix
from workbench.statistics.horizons import DAYS_A_MONTH

RECORDED = ("treatments", "customers")
"""Tables whose outcomes are columns: they have no window."""
MONTHS = (1, 2, 3, 6, 9, 12)
"""Since the start, of which effects are told as far as windows are over."""


class Measured(Protocol):
    """One outcome of all customers, as `features.trials.Outcome` has it."""

    @property
    def measure(self) -> Any:
        """Its name, label, kind, whether it is money and which way is better."""
        ...

    after: np.ndarray
    before: np.ndarray
    alike: np.ndarray
    of: np.ndarray | None
    days: np.ndarray | None
    left: np.ndarray | None

    @property
    def known(self) -> np.ndarray:
        """Of whom there is an outcome."""
        ...

    def per_customer(self, rows: np.ndarray | None = None) -> float:
        """How many of what it is counted on a customer has.

        Parameters
        ----------
        rows : (n,) bool
            Of whom; all where it is None.
        """
        ...


class Followed(Protocol):
    """All that is recorded of the customers of a pilot, as `features.trials.FollowUp` has it."""

    @property
    def measures(self) -> Sequence[Any]:
        """Outcomes that the data can tell."""
        ...

    @property
    def roster(self) -> pd.DataFrame:
        """One row a customer."""
        ...

    @property
    def scales(self) -> Any:
        """Lowest and highest point of each rating."""
        ...

    @property
    def dated(self) -> bool:
        """Whether outcomes are counted from a start."""
        ...

    @property
    def history_days(self) -> int:
        """Days of records before the earliest start."""
        ...

    @property
    def until(self) -> pd.Timestamp | None:
        """The day after the last of the records."""
        ...

    def reach(self) -> np.ndarray:
        """Days from each start to the end of the records."""
        ...

    def at(self, start: pd.Timestamp) -> "Followed":
        """The same with all clocks set to one day.

        Parameters
        ----------
        start
            The day.
        """
        ...

    def monthly(self, names: Sequence[str], *, most: int) -> Any:
        """Outcomes by calendar month.

        Parameters
        ----------
        names
            Which.
        most
            Months before the earliest start, at most.
        """
        ...

    def over(self, days: int, names: Sequence[str] | None = None) -> Sequence[Measured]:
        """Outcomes of a window of so many days.

        Parameters
        ----------
        days
            Its length.
        names
            Which.
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Effect:
    """The effect of one arm on one outcome in one group.

    Attributes
    ----------
    found
        With its names.
    plain
        The same without what was known before; `found` itself where nothing was.
    measure
        The outcome.
    per_customer
        How many of what it is counted on (contacts of a ratio, answers of a mean, contracts of staying) a customer of
        the control has: what its money is multiplied by to be that of a customer. 1 of sums.
    """

    found: Estimate
    plain: Estimate
    measure: Any
    per_customer: float = 1.0

    @property
    def days(self) -> int | None:
        """That it covers, where these are others than those of the window; None: the whole window."""
        return self.found.days

    @property
    def reduced(self) -> float | None:
        """By which share of the variance what was known before makes it surer; None where nothing was known."""
        if self.found is self.plain or not self.plain.se > 0 or self.found.evidence != "experimental":
            return None
        return float(1 - (self.found.se / self.plain.se) ** 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Outcomes of a pilot made ready for estimators.

    Attributes
    ----------
    pilot
        Who was dealt what.
    matrix : (n, k)
        What was known of each before, as numbers.
    level
        Of intervals.
    waves
        Of a pilot with starts one after the other: what it did by month; None of others.
    chosen
        Of customers whom nobody dealt: what they did period by period; None of others, and where nothing is dated.
    before_after
        Of a pilot without a control: what the time before leads to expect; None of others.
    """

    pilot: Pilot
    matrix: np.ndarray
    level: float
    waves: estimators.Waves | None = None
    chosen: estimators.Chosen | None = None
    before_after: estimators.BeforeAfter | None = None

    def pair(self, arm: str, among: np.ndarray | None = None, against: str | None = None) -> np.ndarray:
        """Rows (n,) bool of an arm and of its control.

        Parameters
        ----------
        arm
            Its name.
        among : (n,) bool
            Of whom; all where it is None.
        against
            Another arm in the place of the control.
        """
        rows = self.pilot.roster["arm"].isin([arm, against or self.pilot.control]).to_numpy()
        if self.waves is not None:  # of columns, which have no months, the first wave
            rows &= comparable(self.pilot.roster, self.pilot.design)
        return rows if among is None else rows & among

    def sample(
        self, outcome: Measured, arm: str, among: np.ndarray | None = None, against: str | None = None
    ) -> Sample:
        """One arm beside the control, with what was known before; the outcome's own history is the first column.

        Parameters
        ----------
        outcome
            Which.
        arm
            Which.
        among : (n,) bool
            Of whom; all where it is None.
        against
            Another arm in the place of the control.
        """
        rows = self.pair(arm, among, against)
        own, _ = design_matrix(pd.DataFrame({"before": outcome.before[rows]}))
        before = np.column_stack([own, self.matrix[rows]])
        before = before[:, np.ptp(before, axis=0) > 0] if before.size else before
        unit = self.pilot.unit
        return Sample(
            values=outcome.after[rows],
            treated=(self.pilot.roster["arm"] == arm).to_numpy()[rows],
            stratum=self.pilot.roster["stratum"].to_numpy()[rows],
            unit=None if unit is None else unit[rows],
            before=before if before.shape[1] else None,
        )

    def effect(
        self, outcome: Measured, arm: str, days: int | None, *, among: np.ndarray | None = None, **names: Any
    ) -> Effect | None:
        """The effect of an arm on an outcome; None where too few have it.

        Parameters
        ----------
        outcome
            Which.
        arm
            Which.
        days
            Length of the window; None where nothing is dated.
        among : (n,) bool
            Of whom; all where it is None.
        **names
            `group`, `month`.
        """
        if self.before_after is not None:
            found = self.before_after.estimate(outcome, days, among)
            return None if found is None else self.named(found, outcome, arm, names)
        timed = self.waves or self.chosen if days and outcome.measure.table not in RECORDED else None
        found = None if timed is None else timed.estimate(outcome.measure, arm, days or 0, among)
        if found is None and (timed is None or timed is self.chosen):
            sample, rows = self.sample(outcome, arm, among), self.pair(arm, among)
            if sample.treated.all():  # nobody who waits has a time after a start that never came
                return None
            found = estimators.estimate(self.pilot.route, sample, outcome, rows, days, level=self.level)
        return None if found is None else self.named(found, outcome, arm, names)

    def between(self, outcome: Measured, one: Estimate, other: Estimate, days: int | None) -> Estimate | None:
        """How much more one arm does than another; None where that cannot be told.

        Parameters
        ----------
        outcome
            Which.
        one, other
            Effects of both on it.
        days
            Length of the window; None where nothing is dated.

        Notes
        -----
        Arms that were dealt at one time are compared as each is with its control, by the same estimator: the control
        has no part in it. Of starts one after the other, where whoever waits tells what would have been, one effect is
        taken from the other, and what both have of those who waited cancels.
        """
        if self.pilot.route in ("lot", "units"):
            rows, sample = self.pair(one.arm, None, other.arm), self.sample(outcome, one.arm, None, other.arm)
            found = estimators.estimate(self.pilot.route, sample, outcome, rows, days, level=self.level)
            return None if found is None else self.named(found, outcome, one.arm).found
        one, other = self.among_all(one), self.among_all(other)
        if one.days != other.days or one.influence is None or other.influence is None:
            return None
        if len(one.influence) != len(other.influence):
            return None
        return less(one, other).named(
            initiative=one.initiative, arm=one.arm, outcome=one.outcome, days=one.days, evidence=one.evidence
        )

    def among_all(self, found: Estimate) -> Estimate:
        """The same with an influence of all customers, or units: arms share those of their control.

        Parameters
        ----------
        found
            An effect on everybody.
        """
        own, arms = found.influence, self.pilot.roster["arm"]
        rows = self.pair(found.arm)
        if own is not None and len(own) == rows.sum():
            wide = np.zeros(len(arms))
            wide[rows] = own
            own = wide
        if own is None or len(own) != len(arms) or self.pilot.unit is None:
            return replace(found, influence=own)
        codes = np.unique(self.pilot.unit.astype(str), return_inverse=True)[1]
        return replace(found, influence=np.bincount(codes, own))

    def head_start(self, outcome: Measured, arm: str, days: int | None) -> HeadStart | None:
        """How customers whom nobody dealt stayed in the first month already; None of others, and where few left in it.

        Parameters
        ----------
        outcome
            Which.
        arm
            Which.
        days
            Length of the window; None where nothing is dated.
        """
        dealt = self.pilot.route != "chosen" or self.pilot.unit is not None or not self.pilot.control
        if dealt or not days or outcome.days is None:
            return None
        assert outcome.left is not None
        rows = self.pair(arm)
        found = estimators.heads(self.sample(outcome, arm), outcome.days[rows], outcome.left[rows], days)
        return None if found is None else found[0]

    def named(
        self,
        found: tuple[Estimate, Estimate],
        outcome: Measured,
        arm: str,
        names: Mapping[str, Any] = MappingProxyType({}),
    ) -> Effect:
        """What an estimator found, as the effect that it is.

        Parameters
        ----------
        found
            The estimate, and the same without what was known before; twice the same where nothing was.
        outcome, arm
            Of what.
        names
            `group`, `month`.
        """
        told = {
            "initiative": self.pilot.initiative,
            "arm": arm,
            "outcome": outcome.measure.name,
            "evidence": "experimental" if self.pilot.experimental else "associational",
            **names,
        }
        best, plain = (each.named(**told) for each in found)
        control = (self.pilot.roster["arm"] == self.pilot.control).to_numpy()
        return Effect(
            found=best,
            plain=best if found[0] is found[1] else plain,
            measure=outcome.measure,
            per_customer=outcome.per_customer(control if control.any() else None),
        )


def samples_of(
    pilot: Pilot, level: float, followed: Followed, outcomes: Sequence[Measured], *, named: bool = True
) -> Samples:
    """A pilot made ready.

    Parameters
    ----------
    pilot
        Who was dealt what.
    level
        Of intervals.
    followed, outcomes
        What is recorded of them, and the outcomes whose effects are wanted.
    named
        Whether somebody said that the first outcome is the primary one: only of that a score can be the time before.
    """
    known, waves, chosen, alone = pilot.before, None, None, None
    if pilot.route == "before_after":
        score = pilot.design.score if named and len(pilot.everybody) and pilot.design.score in pilot.roster else ""
        alone = estimators.BeforeAfter(
            records=followed,
            score=pd.to_numeric(pilot.roster[score], errors="coerce").to_numpy(dtype=float) if score else None,
            everybody=pilot.everybody,
            reliability=pilot.design.reliability,
            primary=outcomes[0].measure.name,
            level=level,
        )
    if pilot.route == "chosen":  # what had no time before is compared among those who did the same before
        known = known.assign(**{f"{each.measure.name} before": each.before for each in outcomes})
    matrix, _ = design_matrix(known)
    if pilot.route == "chosen" and followed.dated and (pilot.unit is None or pilot.staged):
        chosen = estimators.Chosen(
            records=followed,
            arms=pilot.roster["arm"].to_numpy(),
            control=pilot.control,
            start=pilot.roster["start"].dt.normalize().to_numpy(),
            before=pilot.before,
            level=level,
            unit=pilot.unit,
        )
    if pilot.route == "waves" and followed.dated:
        waves = estimators.Waves(
            records=followed,
            monthly=followed.monthly([each.measure.name for each in outcomes], most=estimators.BEFORE),
            spells=pilot.spells,
            stratum=pilot.roster["stratum"].to_numpy(),
            unit=pilot.unit,
            matrix=matrix,
            level=level,
        )
    return Samples(pilot=pilot, matrix=matrix, level=level, waves=waves, chosen=chosen, before_after=alone)


def by_month(samples: Samples, followed: Followed, names: Sequence[str], longest: int) -> Iterator[Effect]:
    """Effects by month since the start, as far as at least one arm's windows are over.

    Parameters
    ----------
    samples
        The pilot.
    followed
        Its outcomes.
    names
        Of outcomes.
    longest
        Days of the window of the study: no longer one is told.
    """
    if not followed.dated:
        return
    for month in MONTHS:
        days = min(round(month * DAYS_A_MONTH), longest)
        if month * DAYS_A_MONTH > longest + estimators.UNEVEN:
            break
        for outcome in followed.over(days, names):
            if outcome.measure.table in RECORDED:
                continue
            for arm in samples.pilot.arms:
                found = samples.effect(outcome, arm, days, month=month)
                if found is None or found.found.kind == "bounds":  # what is possible tells nothing of a month
                    continue
                if found.days is None:  # of fewer months it is no effect of this one
                    yield found
