"""Adversarial validation: how well a model tells the test from the snapshot before it, by what, and what that costs.

Time alone can tell two snapshots apart: whoever was there from the first day of the records has, at each cut-off, the
longest tenure there is. So what tells them is named, and whether the forecast ranks worse is what counts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.attrition.model.boosting import Booster, Settings
from workbench.statistics.ranking import auc
from workbench.wording import inline, listing, number, sentence

APART = 0.75
"""AUC at which rows of two snapshots are distinguished so well that something tells the day, or people are others."""
CELLS = 50
"""Cells by which one feature alone tells two snapshots apart: a date in it shows as a cell that one of them has not."""
LOSS_Z = 1.645  # normal quantile of 95%: a loss is told where its 90% interval lies above none
QUICK = Settings(rounds=50, eta=0.1)
"""Enough to learn from a leak, and quick."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How well a forecast ranks, with the standard error of that."""

    auc: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Adversarial:
    """What tells customers of the test from those before.

    Attributes
    ----------
    auc
        How well a model does that on customers it has not seen; .5 is not at all.
    telling
        Labels of the features that tell them apart, each alone; where none does, those that the model leans on.
    rest_auc
        The same without the features that tell alone; None where there are none.
    ranking
        Of the forecast, before and in the test; None where not known.
    """

    auc: float
    telling: tuple[str, ...]
    rest_auc: float | None
    ranking: tuple[Ranking, Ranking] | None

    @property
    def loses(self) -> bool:
        """Whether the forecast ranks customers of the test worse than those before, beyond chance."""
        if self.ranking is None:
            return False
        before, then = self.ranking
        return before.auc - then.auc > LOSS_Z * math.hypot(before.error, then.error)

    def check(self) -> Check:
        """Who tells them apart is harmless as long as the forecast ranks both alike."""
        apart = self.auc > APART
        warns = apart and (self.loses or self.ranking is None)
        words = {"auc": number(self.auc, 2), "names": listing([inline(name) for name in self.telling[:3]])}
        if self.ranking is not None:
            words |= {"before": number(self.ranking[0].auc, 2), "then": number(self.ranking[1].auc, 2)}
        if not apart:
            message = sentence("Training and test customers look alike (AUC of telling them apart {auc}).", **words)
            title = sentence("Test customers look alike")
        elif self.ranking is None:
            message = sentence(
                "A model tells test customers from those before (AUC {auc}), first by {names}: they are other people, "
                "or that tells the date. Too few left to say what it costs.",
                **words,
            )
            title = sentence("Test customers differ from training")
        elif self.loses:
            message = sentence(
                "A model tells test customers from those before (AUC {auc}), first by {names}, and the forecast ranks "
                "them worse (AUC {before}, then {then}): expect it to age, and fit it again soon.",
                **words,
            )
            title = sentence("Customers change, and the forecast suffers")
        else:
            message = sentence(
                "A model tells test customers from those before (AUC {auc}), first by {names}; the forecast ranks both "
                "alike (AUC {before}, then {then}).",
                **words,
            )
            title = sentence("Snapshots differ, and the forecast holds")
        return Check(
            name="adversarial_validation",
            status="warn" if warns else "pass",
            value=self.auc,
            threshold=APART,
            message=message,
            title=title,
        )


def tell_apart(
    booster: Booster,
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    *,
    random_seed: int,
    labels: Sequence[str],
    ranking: tuple[Ranking, Ranking] | None = None,
) -> Adversarial:
    """Tell rows of two snapshots apart, each half of the customers evaluated by what the other half has taught.

    Parameters
    ----------
    booster
        Trains.
    before, after
        Rows (N, F) and whose they are (N,).
    random_seed
        Fixes the halves.
    labels
        Of the features, in their order.
    ranking
        Of the forecast, before and after.
    """
    rows, owners = np.vstack([before[0], after[0]]), np.concatenate([before[1], after[1]])
    later = np.repeat([False, True], [len(before[0]), len(after[0])])
    codes, known = pd.factorize(owners)
    half = np.random.default_rng(random_seed).permutation(len(known))[codes] % 2 == 0
    everything = np.ones(rows.shape[1], dtype=bool)
    area, gains = _told_by(booster, rows, later, half, everything, random_seed)
    alone = np.array([_told_alone(column, later, half) for column in rows.T])
    telling = alone > APART
    rest = None
    if area > APART and telling.any() and not telling.all():
        rest, _ = _told_by(booster, rows, later, half, ~telling, random_seed)
    order = np.argsort(-alone if telling.any() else -gains, kind="stable")
    count = int(telling.sum()) or 3
    return Adversarial(auc=area, telling=tuple(labels[at] for at in order[:count]), rest_auc=rest, ranking=ranking)


def _told_by(
    booster: Booster, rows: np.ndarray, later: np.ndarray, half: np.ndarray, used: np.ndarray, random_seed: int
) -> tuple[float, np.ndarray]:
    """AUC of a model of some columns, and how much of each it uses."""
    seen = np.where(used, rows, np.nan)
    found, gains = np.empty(len(rows)), np.zeros(rows.shape[1])
    for side in (half, ~half):
        model = booster.train(seen[~side], later[~side], QUICK, random_seed=random_seed)
        found[side] = model.predict(booster.encoding.matrix(seen[side]))
        for name, gain in model.get_score(importance_type="total_gain").items():
            gains[int(name[1:])] += gain if isinstance(gain, float) else sum(gain)
    return auc(found, later), gains


def _told_alone(values: np.ndarray, later: np.ndarray, half: np.ndarray) -> float:
    """AUC of one column: the share of later rows in the cell of each row, as the other half of the customers has it."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, CELLS + 1), method="inverted_cdf")) if len(known) else known
    cells = np.where(
        np.isnan(values),
        2 * len(edges) + 1,
        np.searchsorted(edges, values, side="left") + np.searchsorted(edges, values, side="right"),
    )
    found = np.empty(len(values))
    for side in (half, ~half):
        counts = np.bincount(cells[~side], minlength=2 * len(edges) + 2)
        hits = np.bincount(cells[~side], weights=later[~side], minlength=2 * len(edges) + 2)
        found[side] = ((hits + later.mean()) / (counts + 1))[cells[side]]
    return auc(found, later)
