"""The plan put to the test: dealt again and again over the latest window, in which this pilot was not."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from workbench.decisions.planning.prospects import Prospect
from workbench.decisions.planning.scheme import CONTROL
from workbench.decisions.planning.windows import Window
from workbench.decisions.rollout import estimators
from workbench.models.trials.estimates import Sample
from workbench.models.trials.planning import choose, deal

MOST_DRAWS = 100
"""A choice: the share of false alarms is then known to 3 of 100."""
ROWS = 1_000_000
"""Customers dealt in all draws together, a choice: of large data fewer draws are made, for time's sake."""
FEWEST_DRAWS = 20  # a choice: fewer draws would tell nothing of alarms
UNLIKELY = 0.001
"""Probability of as many false alarms or more below which something is wrong with the estimate, a choice."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What came of it.

    Attributes
    ----------
    draws, alarms
        How often it was dealt, and how often the interval excluded no effect though there was none.
    se, planned_se
        Mean standard error of the estimates, and what the plan says for as many customers.
    level
        Of the interval.
    """

    draws: int
    alarms: int
    se: float
    planned_se: float
    level: float

    @property
    def most(self) -> int:
        """So many false alarms chance alone may bring in so few draws, were the interval right."""
        return int(stats.binom.isf(UNLIKELY, self.draws, 1 - self.level))

    @property
    def holds(self) -> bool:
        """Whether there were no more of them."""
        return self.alarms <= self.most


def rehearse(at: Window, found: Prospect, stratum: np.ndarray, *, seed: int) -> Rehearsal | None:
    """Deal it over a past window; None where nothing can be estimated there.

    Parameters
    ----------
    at
        The window.
    found
        What the plan says of the outcome.
    stratum : (n,)
        Of the customers of the window; of no account where units are dealt.
    seed
        Of the draws.
    """
    scheme, outcome = found.scheme, at.outcomes[found.measure.name]
    unit = None if scheme.unit is None else at.roster[scheme.unit].astype(object).to_numpy()
    rows = np.arange(len(at.roster)) if unit is None else np.flatnonzero(~at.roster[scheme.unit].isna().to_numpy())
    things = np.arange(len(rows)) if unit is None else np.unique(unit[rows].astype(str), return_inverse=True)[1]
    count = int(things.max(initial=-1)) + 1
    size = int(min(found.size, count))
    groups = stratum if unit is None else np.full(count, "")
    before, random = at.before(found.measure.name), np.random.default_rng(seed)
    before = before[:, np.ptp(before, axis=0) > 0] if len(before) else before
    draws = int(np.clip(ROWS / max(len(rows) * size / max(count, 1), 1), FEWEST_DRAWS, MOST_DRAWS))
    alarms, errors = 0, []
    for _ in range(draws):
        chosen = choose(groups, size, random_seed=int(random.integers(2**31)))
        arm = np.full(count, "", dtype=object)
        arm[chosen] = deal(groups[chosen], scheme.shares, random_seed=int(random.integers(2**31)))
        dealt = np.isin(arm[things], [scheme.arms[0], CONTROL])
        own, treated = rows[dealt], arm[things][dealt] == scheme.arms[0]
        sample = Sample(
            values=outcome.after[own],
            treated=np.asarray(treated, dtype=bool),
            stratum=stratum[own] if unit is None else None,
            unit=None if unit is None else unit[own],
            before=before[own] if before.shape[1] else None,
        )
        mask = np.zeros(len(at.roster), dtype=bool)
        mask[own] = True
        told = estimators.estimate(
            "lot" if unit is None else "units", sample, outcome, mask, at.days, level=found.level
        )
        if told is None:
            return None
        alarms += told[0].lower > 0 or told[0].upper < 0
        errors.append(told[0].se)
    return Rehearsal(
        draws=draws,
        alarms=int(alarms),
        se=float(np.mean(errors)),
        planned_se=found.error(found.windows[0].left, size, fitted=found.windows[0].columns),
        level=found.level,
    )
