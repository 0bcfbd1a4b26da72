"""Which models are asked: regular gaps or not, with or without "nobody leaves", and how much each counts."""

from dataclasses import dataclass

import numpy as np

from workbench.models.purchases.backtest.records import WEEK, PurchaseRecord
from workbench.models.purchases.counts import log_chances
from workbench.models.purchases.families import Family, bg_nbd, mbg_nbd, nbd, pareto_nbd
from workbench.models.purchases.fitting import mode
from workbench.models.purchases.histories import Histories
from workbench.models.purchases.stacking import stacked

MOST_STAGES = 4
"""k of Erlang gaps that is tried: more regular than that (coefficient of variation .5) is a contract."""
LEAST_BUYERS = 30
"""Repeat buyers below which four parameters cannot be learned (some seven a parameter), nor weights estimated."""
MOST_COMPARED = 20_000
"""Customers at random by whom models are weighed: the error of a weight is then below a hundredth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """The models that are asked.

    Attributes
    ----------
    families
        With the same number of stages; without "nobody leaves" where the data refute it.
    modes
        Most likely parameters of each.
    stages
        k of the gaps: by likelihood, and 1 where that forecasts unseen time better.
    gain
        How much higher the log-likelihood of the best model with leaving is than that of the one without.
    needed
        What the gain must exceed for leaving to be visible.
    likeliest_stages
        k by likelihood alone.
    """

    families: tuple[Family, ...]
    modes: tuple[np.ndarray, ...]
    stages: int
    gain: float
    needed: float
    likeliest_stages: int

    @property
    def leaving_visible(self) -> bool:
        """Whether the data tell that customers leave."""
        return self.gain > self.needed


def select(record: PurchaseRecord) -> Selection:
    """Fit all models and leave out what the data refute.

    Gaps are as regular as their likelihood says, unless chance gaps forecast the second half of the record better.
    Where leaving is visible by the Bayesian information criterion (two more parameters must gain log n), the model in
    which nobody leaves gets no draw: as a model of all customers it is refuted, though a few of them may never leave.

    Parameters
    ----------
    record
        Until the day on which a forecast is wanted.

    References
    ----------
    Schwarz (1978), Estimating the dimension of a model; Platzer, Reutterer (2016) for the number of stages.
    """
    few = record.histories.collapsed()[0]
    likeliest = _likeliest(few)
    stages = likeliest if likeliest == 1 or _regular_forecasts_better(record, likeliest) else 1
    families = (bg_nbd(stages), mbg_nbd(stages), pareto_nbd(stages), nbd(stages))
    fits = [_fitted(family, few) for family in families]
    gain = max(each[1] for each in fits[:3]) - fits[3][1]
    needed = float(np.log(few.weights.sum()))
    kept = 3 if gain > needed else 4
    return Selection(
        families=families[:kept],
        modes=tuple(each[0] for each in fits[:kept]),
        stages=stages,
        gain=gain,
        needed=needed,
        likeliest_stages=likeliest,
    )


def _likeliest(few: Histories) -> int:
    """The number of stages from which on the likelihood falls."""
    best = _fitted(bg_nbd(1), few)[1]
    for stages in range(2, MOST_STAGES + 1):
        found = _fitted(bg_nbd(stages), few)[1]
        if found < best:
            return stages - 1
        best = found
    return MOST_STAGES


def _regular_forecasts_better(record: PurchaseRecord, stages: int) -> bool:
    """Whether so many stages forecast the second half of the record better than one; true where it cannot be tried."""
    split = _halves(record)
    if split is None:
        return True
    histories, later, horizon = split
    families = (bg_nbd(1), bg_nbd(stages))
    modes = [mode(family, histories) for family in families]
    one, more = log_chances(families, modes, histories, horizon, later).sum(axis=0)
    return bool(more > one)


def _halves(record: PurchaseRecord) -> tuple[Histories, np.ndarray, float] | None:
    """Histories at the half of the record, purchases in the second, and its length; None with few repeat buyers."""
    half = record.length // 2
    cut = record.until - half
    past = record.earlier(cut)
    if not len(past.days) or (past.histories.frequency > 0).sum() < LEAST_BUYERS:
        return None
    return past.histories, record.later(cut, half), half / WEEK


def weigh(record: PurchaseRecord, families: tuple[Family, ...], *, seed: int) -> np.ndarray:
    """Weights (models,) by stacking on the second half of the record, forecast from the first.

    Parameters
    ----------
    record
        Until the day on which weights are wanted.
    families
        The models.
    seed
        Of who is compared and of the bootstrap.

    Returns
    -------
    ndarray
        Equal where the first half has too few repeat buyers.
    """
    split = _halves(record)
    if split is None:
        return np.full(len(families), 1 / len(families))
    histories, later, horizon = split
    modes = [mode(family, histories) for family in families]
    if len(histories) > MOST_COMPARED:
        compared = np.random.default_rng(seed).choice(len(histories), MOST_COMPARED, replace=False)
        histories, later = histories.rows(compared), later[compared]
    return stacked(log_chances(families, modes, histories, horizon, later), seed=seed)


def _fitted(family: Family, few: Histories) -> tuple[np.ndarray, float]:
    found = mode(family, few)
    return found, family.log_likelihood(found, few)
