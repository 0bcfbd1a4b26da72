"""Effects of an initiative that starts at different times: what was seen less what would have been without it.

What would have been is the level of the unit and of the month, fitted on cells that are not treated: of units that
never were, that were not yet, and whose initiative ended so long ago that it counts no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.panels.panel import Panel
from workbench.models.trials.panels.two_way import TwoWay, passes, two_way
from workbench.wording import sentence

FEWEST_CONTROLS = 2
"""Clusters that a month needs without the initiative: of one alone nobody knows how far it is from others."""
LEADS = 6
"""Months before the start that are tested, a choice: half a year shows a trend, and leaves the rest to compare with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Imputed:
    """Effects by month and in sum, each on the mean unit that had the initiative.

    Attributes
    ----------
    by_month
        Since the start, from month 1; after the end too.
    after_end
        Since the end, from month 1.
    on, after
        Mean of a month while it was on, and after its end; None where there are no such cells.
    total
        Sum of `by_month`: what one start brings in all the months that were followed.
    before
        In the months before the start, which should be nothing: −1 is the last one; `before_p` tests all together.
    left_out
        Labels of months in which treated units were seen and nobody tells what would have been without.
    lost
        Treated units that were never seen without the initiative, and so tell nothing.
    controls
        By month, who tells what would have been without: `Panel.controls`.
    often : (clusters,)
        How often each cluster of an influence counts.
    """

    by_month: tuple[Estimate, ...]
    after_end: tuple[Estimate, ...]
    on: Estimate | None
    after: Estimate | None
    total: Estimate
    before: tuple[Estimate, ...]
    before_p: float
    left_out: tuple[Any, ...]
    lost: int
    controls: Mapping[str, np.ndarray]
    often: np.ndarray

    def through(self, months: int, *, mean: bool) -> Estimate | None:
        """The effect of the first months since the start; None where one of them cannot be told.

        Parameters
        ----------
        months
            How many.
        mean
            Their mean; else their sum.
        """
        own = [each for each in self.by_month if each.month is not None and each.month <= months]
        if not own or len(own) < months:
            return None
        share = 1 / months if mean else 1.0
        influence = share * np.sum([each.influence for each in own], axis=0)
        return from_error(
            share * sum(each.estimate for each in own),
            float((self.often * influence**2).sum()) ** 0.5,
            confidence=self.total.confidence,
            kind="clustered",
            df=min(each.df for each in own),
            n=self.total.n,
            units=self.total.units,
            treated=share * sum(each.treated for each in own),
            control=share * sum(each.control for each in own),
            influence=influence,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fitted:
    """Untreated cells with their residuals, treated ones with their effects; 0 elsewhere."""

    panel: Panel
    equations: TwoWay
    treated: np.ndarray
    gaps: np.ndarray
    ever: np.ndarray


def impute(panel: Panel, *, confidence: float = 0.9) -> Imputed:
    """Effects by month since start and end, with errors that hold where a cluster's months move together.

    Parameters
    ----------
    panel
        Units by months.
    confidence
        Level of the intervals, between 0 and 1.

    Returns
    -------
    Imputed
        Estimates have kind "clustered" and an influence of each cluster (in the order of sorted labels).

    Raises
    ------
    DataError
        Nobody tells what would have been without, in any month of any treated unit; or fewer than two clusters had
        the initiative (then see where it ranks among placebo units).

    References
    ----------
    Borusyak, Jaravel and Spiess (2024), Revisiting event-study designs: robust and efficient estimation; effects by
    theorem 2, the clustered error by equation 8, with effects of one month since the start taken as one mean (on the
    safe side where they differ) and Satterthwaite's degrees of freedom; the test of the time before by section 4.4.
    """
    fitted, left_out, lost = _fit(panel)
    started, ended = panel.clock
    counts = panel.counts[:, None]
    groups: list[np.ndarray] = []
    months = _present(started, fitted.treated)
    ends = _present(ended, fitted.treated)
    groups += [fitted.treated & (started == each) for each in months]
    groups += [fitted.treated & (ended == each) for each in ends]
    groups += [fitted.treated & (ended == 0), fitted.treated & (ended > 0)]
    size = np.array([float((counts * own).sum()) for own in groups])
    mean = np.array([float((counts * own * fitted.gaps).sum()) for own in groups]) / np.maximum(size, 1)
    influence = _influence(fitted, groups, size)
    told = _Teller(fitted, confidence)
    seen = np.where(fitted.treated, panel.values, 0.0)
    level = np.array([float((counts * own * seen).sum()) for own in groups]) / np.maximum(size, 1)
    every = [
        replace(told(float(mean[k]), influence[:, k], groups[k]), treated=level[k], control=level[k] - float(mean[k]))
        if size[k]
        else None
        for k in range(len(groups))
    ]
    by_month = [each.named(month=int(k)) for k, each in zip(months, every, strict=False) if each]
    after_end = [
        each.named(month=int(k))
        for k, each in zip(ends, every[len(months) : len(months) + len(ends)], strict=True)
        if each
    ]
    total = told(float(mean[: len(months)].sum()), influence[:, : len(months)].sum(axis=1), fitted.treated)
    before, before_p = _before(fitted, told)
    return Imputed(
        by_month=tuple(by_month),
        after_end=tuple(after_end),
        on=every[-2],
        after=every[-1],
        total=total,
        before=before,
        before_p=before_p,
        left_out=left_out,
        lost=lost,
        controls=panel.controls(),
        often=told.often,
    )


def _present(clock: np.ndarray, treated: np.ndarray) -> np.ndarray:
    found = np.flatnonzero(np.bincount(clock[treated]))
    return found[found > 0]


def _fit(panel: Panel) -> tuple[_Fitted, tuple[Any, ...], int]:
    untreated = panel.untreated.copy()
    for month in range(untreated.shape[1]):
        if len(np.unique(panel.code[untreated[:, month]])) < FEWEST_CONTROLS:
            untreated[:, month] = False
    equations = two_way(untreated, panel.counts)
    active = panel.seen & (panel.clock[0] > 0)
    same = (equations.part_of_unit[:, None] == equations.part_of_month) & (equations.part_of_unit >= 0)[:, None]
    treated = active & same
    tells = (equations.part_of_unit >= 0)[:, None]
    silent = (active & tells).any(axis=0) & ~treated.any(axis=0)
    ever = treated.any(axis=1)
    if not ever.any():
        raise DataError(
            sentence(
                "In no month is there anybody who tells what would have been without the initiative: leave some out of "
                "it, or let it start later for some."
            )
        )
    if len(np.unique(panel.code[ever])) < 2:
        raise DataError(
            sentence("One treated unit has no error of its own: see its rank among units that were not treated.")
        )
    rows, months = equations.fit(panel.values)
    gaps = np.zeros(panel.values.shape)
    for part in passes(len(gaps)):
        inside = treated[part] | untreated[part]
        gaps[part] = np.where(inside, panel.values[part] - rows[part, None] - months, 0.0)
    lost = int(panel.counts[active.any(axis=1) & ~tells[:, 0]].sum())
    fitted = _Fitted(panel=panel, equations=equations, treated=treated, gaps=gaps, ever=ever)
    return fitted, tuple(panel.months[silent]), lost


def _influence(fitted: _Fitted, groups: list[np.ndarray], size: np.ndarray) -> np.ndarray:
    """(clusters, groups): equation 8; what untreated cells add is their residual times the level of its month."""
    panel, equations = fitted.panel, fitted.equations
    rows = np.column_stack([own.sum(axis=1) for own in groups]) / np.maximum(size, 1)
    columns = np.column_stack([panel.counts @ own for own in groups]) / np.maximum(size, 1)
    months = equations.months(rows, columns)
    started, ended = panel.clock
    kind = np.where(fitted.treated, 2 * started.astype(np.int32) + (ended > 0), 0)
    width = int(kind.max()) + 1
    often = np.bincount(kind.ravel(), np.broadcast_to(panel.counts[:, None], kind.shape).ravel(), width)
    means = np.bincount(kind.ravel(), (panel.counts[:, None] * fitted.gaps).ravel(), width) / np.maximum(often, 1)
    people = np.zeros(width)
    for each in np.flatnonzero(often):
        rows_of_kind = (kind == each).any(axis=1)
        people[each] = (
            panel.counts[rows_of_kind].sum() if panel.cluster is None else len(np.unique(panel.code[rows_of_kind]))
        )
    means[0] = 0.0
    inflate = np.sqrt(people / np.maximum(people - 1, 1))
    found = np.empty((len(kind), len(groups)))
    for part in passes(len(kind)):
        own = fitted.treated[part]
        away = np.where(own, (fitted.gaps[part] - means[kind[part]]) * inflate[kind[part]], 0.0)
        left = np.where(own, 0.0, fitted.gaps[part])
        found[part] = -(left @ months)
        for k, group in enumerate(groups):
            found[part, k] += (away * group[part]).sum(axis=1) / max(size[k], 1)
    if panel.cluster is None:
        return found
    clusters = int(panel.code.max()) + 1
    return np.column_stack([np.bincount(panel.code, panel.counts * own, clusters) for own in found.T])


class _Teller:
    """Makes estimates: errors, degrees of freedom and counts of all that were fitted together."""

    def __init__(self, fitted: _Fitted, confidence: float) -> None:
        panel = fitted.panel
        self.panel, self.confidence = panel, confidence
        self.often = panel.counts if panel.cluster is None else np.ones(int(panel.code.max()) + 1)
        self.ever = fitted.ever if panel.cluster is None else np.bincount(panel.code, fitted.ever, len(self.often)) > 0
        self.n = int(panel.counts[panel.seen.any(axis=1)].sum())

    def __call__(self, estimate: float, influence: np.ndarray, cells: np.ndarray) -> Estimate:
        sides = [self.ever, ~self.ever]
        parts = [float((self.often * influence**2)[side].sum()) for side in sides]
        many = [float(self.often[side].sum()) for side in sides]
        total = sum(parts)
        own = cells.any(axis=1)
        spare = [self._clusters(own) - 1, many[1] - 1]
        df = total**2 / sum(p**2 / max(d, 1.0) for p, d in zip(parts, spare, strict=True)) if total > 0 else np.inf
        return from_error(
            estimate,
            total**0.5,
            confidence=self.confidence,
            kind="clustered",
            df=df,
            n=self.n,
            units=int(sum(many)),
            influence=influence,
        )

    def _clusters(self, rows: np.ndarray) -> float:
        if self.panel.cluster is None:
            return float(self.panel.counts[rows].sum())
        return float(len(np.unique(self.panel.code[rows])))


def _before(fitted: _Fitted, told: _Teller) -> tuple[tuple[Estimate, ...], float]:
    """Dummies of the months before the first start, on untreated cells alone; each kept free of levels, then fitted."""
    panel, equations = fitted.panel, fitted.equations
    first = np.where(panel.on.any(axis=1), panel.on.argmax(axis=1), -1)
    mask = equations.mask
    place = np.arange(mask.shape[1]) - first[:, None]
    leads = [
        lead
        for lead in range(1, LEADS + 1)
        if ((place == -lead) & mask & (first >= 0)[:, None]).any()
        and ((place < -LEADS) & mask & (first >= 0)[:, None]).any()
    ]
    if not leads:
        return (), float("nan")
    columns = []
    for lead in leads:
        dummy = ((place == -lead) & mask & (first >= 0)[:, None]).astype(float)
        rows, months = equations.fit(dummy)
        columns.append(np.where(mask, dummy - rows[:, None] - months, 0.0))
    left = np.where(mask, fitted.gaps, 0.0)
    counts = panel.counts[:, None]
    gram = np.array([[float((counts * one * two).sum()) for two in columns] for one in columns])
    inverse = np.linalg.pinv(gram, hermitian=True)
    slope = inverse @ np.array([float((counts * one * left).sum()) for one in columns])
    for value, column in zip(slope, columns, strict=True):
        left = left - value * column
    scores = np.column_stack([(column * left).sum(axis=1) for column in columns]) @ inverse
    if panel.cluster is not None:
        clusters = int(panel.code.max()) + 1
        scores = np.column_stack([np.bincount(panel.code, panel.counts * own, clusters) for own in scores.T])
    found = tuple(
        told(float(slope[k]), scores[:, k], (place == -lead) & mask).named(month=-lead) for k, lead in enumerate(leads)
    )
    covariance = (scores * told.often[:, None]).T @ scores
    wald = float(slope @ np.linalg.pinv(covariance, hermitian=True) @ slope)
    treated = float(told.often[told.ever].sum())
    spare = max(treated - len(leads), 1.0)
    return found, float(stats.f.sf(wald / len(leads) * spare / max(treated - 1, 1.0), len(leads), spare))
