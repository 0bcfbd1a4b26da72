"""What a pilot says of who stays, beside what the chain expects: that takes far more customers than a lift does."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.decisions.pilots.arms import Arms
from workbench.decisions.pilots.evaluated import Evaluated
from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.initiatives import Initiative
from workbench.models.trials.comparison import of_survival
from workbench.statistics.horizons import DAYS_A_MONTH

DETECTED = 2.8
"""Standard errors of an effect that is found four times in five by a test at 5% (1.96 + .84)."""


@dataclass(frozen=True, kw_only=True)
class Staying:
    """The share still there.

    Attributes
    ----------
    months
        After the start.
    effect, error
        Treated less control, and its standard error.
    expected
        By the chain, with the lift as it was stated.
    """

    months: int
    effect: float
    error: float
    expected: float

    @property
    def tells(self) -> bool:
        """Whether the pilot was large enough to find what is expected."""
        return abs(self.expected) >= DETECTED * self.error


def staying_of(
    arms: Arms,
    initiative: Initiative,
    chain: Chain,
    subscriptions: pd.DataFrame,
    until: pd.Timestamp,
    evaluated: Evaluated | None,
) -> Staying | None:
    """What pilot_evaluation found; else compare the arms, by Kaplan and Meier.

    Parameters
    ----------
    arms
        Of a pilot by lot.
    initiative
        As it was stated.
    chain
        What it is expected to do.
    subscriptions
        Contracts: `customer_id`, `start`, `end`.
    until
        The day after the last that is recorded.
    evaluated
        What a run of pilot_evaluation found; None where there is none.

    Returns
    -------
    Staying or None
        None where it lasted less than a month, or an arm is too small.
    """
    longest = chain.base.customers.shape[1]
    if evaluated is not None and evaluated.initiative == arms.initiative and evaluated.days is not None:
        months, known = round(evaluated.days / DAYS_A_MONTH), evaluated.staying()
        if known is not None and 1 <= months <= longest:
            expected = _expected(initiative, chain, months)
            return Staying(months=months, effect=known[0], error=known[1], expected=expected)
    months = int(min(arms.window(until), longest))
    if months < 1:
        return None
    begun = arms.rows.assign(row=np.arange(len(arms.rows)))[["row", "customer_id", "start"]]
    contracts = subscriptions[["customer_id", "start", "end"]].rename(columns={"start": "begin", "end": "over"})
    joined = begun.merge(contracts, on="customer_id")
    last = joined["over"].where(joined["over"] < until, until)
    there = joined[(joined["begin"] <= joined["start"]) & (joined["start"] < last)].drop_duplicates("row")
    last = last[there.index]
    times = ((last - there["start"]).dt.days / DAYS_A_MONTH).to_numpy(dtype=float)
    events = (there["over"] < until).to_numpy()
    place = there["row"].to_numpy()
    clusters = None
    if arms.rows["unit"].nunique() < len(arms.rows):
        clusters = arms.rows["unit"].astype(str).to_numpy()[place]
    found = of_survival(times, events, months, arms.treated[place], arms.strata[place], clusters)
    if found is None:
        return None
    return Staying(
        months=months, effect=found.estimate, error=found.error, expected=_expected(initiative, chain, months)
    )


def _expected(initiative: Initiative, chain: Chain, months: int) -> float:
    """Change of the share of customers who are still there: a customer counted as one unit of money."""
    base = chain.base
    counted = replace(base, orders=np.zeros_like(base.orders), other=np.ones_like(base.other))
    alone = replace(initiative, start=0, reach=1.0)
    changed = replace(chain, initiatives=(alone,), base=counted).returns()
    return float(changed.gains[0, :, months - 1].mean() / base.active)
