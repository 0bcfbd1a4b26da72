"""The last survival run as something to beat: what it forecast of the label window without having seen it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.attrition.model.customers import Customers
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import number, sentence

TABLE = "survival_at_cutoff"


class Earlier(Protocol):
    """An earlier run of churn_survival."""

    @property
    def id(self) -> str:
        """Its run id."""

    @property
    def tables(self) -> Sequence[str]:
        """Names of the tables that it left."""

    def table(self, name: str) -> pd.DataFrame:
        """One of them.

        Parameters
        ----------
        name
            Of the table.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class SurvivalRun:
    """What a survival run forecast, or why it cannot be compared.

    Attributes
    ----------
    run
        Its run id.
    hazards
        By customer (index) and months from the cut-off (columns, from 0): cumulative hazards; None where it cannot be
        compared.
    cutoff
        From which it forecasts.
    why_not
        What is in the way of a comparison.
    gap, window
        Months from the test's cut-off to the label window, and its length.
    """

    run: str
    hazards: pd.DataFrame | None = None
    cutoff: pd.Timestamp | None = None
    why_not: str = ""
    gap: float = 0.0
    window: float = 0.0

    def probability(self, test: Customers, *, usual: float) -> np.ndarray:
        """Of leaving within the label window (N,), given that the customer was there at the cut-off of the test.

        Parameters
        ----------
        test
            Whom to forecast, all at one cut-off.
        usual
            For customers who came after the run's own cut-off, of whom it says nothing.
        """
        assert self.hazards is not None
        assert self.cutoff is not None
        assert test.snapshots is not None
        begin = _months(self.cutoff, test.snapshots[0]) + self.gap
        times = self.hazards.columns.to_numpy(dtype=float)
        rows = self.hazards.reindex(test.ids).to_numpy()
        ends = [np.array([np.interp(at, times, row) for row in rows]) for at in (begin, begin + self.window)]
        found = -np.expm1(-(ends[1] - ends[0]))
        return np.where(np.isfinite(found), found, usual)

    def check(self, *, better: bool | None, known: int, of: int) -> Check:
        """Whether the forecast that is used beats it, or why that is not said.

        Parameters
        ----------
        better
            Whether its log loss is lower by the whole paired interval; None where it was not compared.
        known, of
            How many of the evaluated customers it knew.
        """
        words = {"known": number(known), "of": number(of)}
        if better is None:
            message = sentence("The last survival run is not compared: {why}.", why=self.why_not)
        elif better:
            message = sentence(
                "This forecast beats the last survival run on the same customers, {known} of {of} of whom it knew.",
                **words,
            )
        else:
            message = sentence(
                "The last survival run forecasts the same customers no worse ({known} of {of} were known to it): its "
                "own list serves as well.",
                **words,
            )
        titles = {
            None: sentence("Survival run not compared"),
            True: sentence("Better than the survival run"),
            False: sentence("No better than the survival run"),
        }
        return Check(
            name="survival_run", status="warn" if better is False else "pass", message=message, title=titles[better]
        )


def read_survival_run(earlier: Earlier | None, when: Any) -> SurvivalRun | None:
    """What an earlier survival run forecast at its cut-off.

    Only a run that learned until the test's cut-off or before is a fair rival: one that has seen the label window knows
    how it ended. Its own choice among models was made on the time after its cut-off, which favours it a little.

    Parameters
    ----------
    earlier
        The run; None where there is none.
    when
        Cut-offs and label windows of this study, the last cut-off being today; None of a flat table.
    """
    if earlier is None:
        return None
    if when is None:
        return SurvivalRun(run=earlier.id, why_not=sentence("without dates its forecast is of no window"))
    if TABLE not in earlier.tables:
        return SurvivalRun(run=earlier.id, why_not=sentence("it kept no forecast from its cut-off on"))
    frame = earlier.table(TABLE)
    if not len(frame):
        return SurvivalRun(run=earlier.id, why_not=sentence("it kept no forecast from its cut-off on"))
    cutoff = pd.Timestamp(frame["cutoff"].iloc[0])
    survival = frame.pivot(index="customer_id", columns="horizon", values="survival")
    hazards = -survival.clip(1e-12, 1).transform(np.log)
    hazards.insert(0, 0.0, 0.0)
    gap, window = when.gap_days / DAYS_A_MONTH, when.horizon_days / DAYS_A_MONTH
    return SurvivalRun(run=earlier.id, hazards=hazards, cutoff=cutoff, gap=gap, window=window)


def fit_for(found: SurvivalRun, test: Customers) -> SurvivalRun:
    """The same, or why it is no fair rival on these customers.

    Parameters
    ----------
    found
        What was read.
    test
        Whom the forecasts are evaluated on.
    """
    if found.hazards is None or test.snapshots is None or found.cutoff is None:
        return found
    day = pd.Timestamp(test.snapshots[0])
    if found.cutoff > day:
        template = "it learned until {run}, and this study is evaluated from {day} on: repeat it with that `cutoff`"
        why = sentence(template, run=found.cutoff.date(), day=day.date())
        return SurvivalRun(run=found.run, why_not=why)
    if _months(found.cutoff, day) + found.gap + found.window > float(found.hazards.columns[-1]) + 0.01:
        return SurvivalRun(run=found.run, why_not=sentence("its forecast ends before the label window does"))
    return found


def _months(begin: pd.Timestamp, end: Any) -> float:
    return (pd.Timestamp(end) - pd.Timestamp(begin)) / pd.Timedelta(DAYS_A_MONTH, unit="D")
