"""For whom a pilot works: effects in groups named beforehand, drawn together as far as chance explains them apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from workbench.decisions.rollout.effects import Effect, Measured, Samples
from workbench.decisions.rollout.pilot import FEWEST, Pilot
from workbench.errors import ParameterError
from workbench.models.levels import as_levels
from workbench.models.trials.estimates import Estimate
from workbench.statistics.multiplicity import holm
from workbench.statistics.shrinkage import Shrunk, shrink
from workbench.wording import listing, number, sentence, shown, suggestion

CROSSED = "*"
"""Between columns whose combinations are the groups."""
MOST_GROUPS = 12
"""Of one grouping, as in `models.levels`: no reader compares more. Numbers with more values are cut in thirds."""
APART = 0.2
"""Scale of the prior of how far effects of groups lie apart, in standard deviations of the outcome: what Cohen (1988)
calls a small effect, and pilots seldom move anybody by more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouping:
    """Customers of a pilot by what was known of them before.

    Attributes
    ----------
    name
        A column, or several with `*` between them.
    groups : (n,)
        Of each customer, in words.
    lumped
        How many groups were too small to be told alone.
    """

    name: str
    groups: np.ndarray
    lumped: int

    @property
    def levels(self) -> list[str]:
        """Its groups, the largest first."""
        return [str(each) for each in pd.Series(self.groups).value_counts().index]


@dataclass(frozen=True, kw_only=True, eq=False)
class ByGroup:
    """The effect of one arm on the primary outcome, group by group.

    Attributes
    ----------
    arm
        Which.
    grouping
        Who is in which group.
    alone
        Effects in each group by itself.
    shrunk
        The same drawn together, in the same order.
    p_value
        That all groups have the same effect.
    p_holm
        The same after Holm, over all arms and groupings.
    """

    arm: str
    grouping: Grouping
    alone: tuple[Effect, ...]
    shrunk: Shrunk
    p_value: float
    p_holm: float = 1.0

    @property
    def effects(self) -> list[Estimate]:
        """Shrunken effects, with the posterior interval."""
        level = self.alone[0].found.confidence
        lower, upper = self.shrunk.interval(level)
        return [
            replace(
                each.found,
                estimate=float(self.shrunk.mean[place]),
                se=float(self.shrunk.sd[place]),
                lower=float(lower[place]),
                upper=float(upper[place]),
                kind="posterior",
                df=np.inf,
                p_value=np.nan,
                treated=each.found.control + float(self.shrunk.mean[place]),
                influence=None,
            )
            for place, each in enumerate(self.alone)
        ]


def groupings(pilot: Pilot, names: Sequence[str], outcome: Measured, *, asked: bool) -> list[Grouping]:
    """Groups that may be told: each has enough customers of each arm, small ones stand together.

    Parameters
    ----------
    pilot
        Who was dealt what, and what was known of them before.
    names
        Columns, or several with `*` between them.
    outcome
        The primary one: only those count of whom it is known.
    asked
        Whether somebody asked for just these; else those that were not known before the start are passed over.

    Raises
    ------
    ParameterError
        With all columns that were not known before the start.
    """
    known = [str(name) for name in pilot.groupable]
    faults = [
        _refused(column, known, pilot.unsure) for name in names for column in name.split(CROSSED) if column not in known
    ]
    if faults and asked:
        raise ParameterError(*faults)
    told = [name for name in dict.fromkeys(names) if set(name.split(CROSSED)) <= set(known)]
    return [each for name in told if (each := _grouping(pilot, name, outcome.known)) is not None]


def _refused(column: str, known: Sequence[str], unsure: Mapping[str, str]) -> str:
    if column in unsure:
        return sentence(
            "parameter groups: {name} may have changed since the start, and groups are of what was known before. If it "
            "did not, write {line} in dataset.yaml.",
            name=shown(column),
            line=unsure[column],
        )
    return sentence(
        "parameter groups: got {name}, expected one of {known}: what was known before the start{near}",
        name=shown(column),
        known=listing([shown(each) for each in known]) or sentence("none"),
        near=suggestion(column, known),
    )


def _grouping(pilot: Pilot, name: str, known: np.ndarray) -> Grouping | None:
    """None where everybody is in one group."""
    parts = [_worded(pilot.groupable[column], column) for column in name.split(CROSSED)]
    groups = parts[0]
    for more in parts[1:]:
        groups = groups + ", " + more
    counts = pd.crosstab(groups[known], pilot.roster["arm"][known])
    least = counts.min(axis=1)
    order = least.index[np.lexsort((least.index, -least.to_numpy()))]
    alone = [each for each in order if least[each] >= FEWEST][:MOST_GROUPS]
    small = [each for each in order if each not in alone]
    while small and alone and counts.loc[small].sum().min() < FEWEST:
        small.append(alone.pop())
    if len(alone) + bool(small) < 2:
        return None
    others = sentence("{column}: others", column=name)
    told = groups.where(groups.isin(alone), others)
    return Grouping(name=name, groups=told.to_numpy(dtype=object), lumped=len(small))


def _worded(column: pd.Series, name: str) -> pd.Series:
    """`column=value` of each customer; of numbers with many values their thirds."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.year
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MOST_GROUPS:
        third = pd.qcut(column.astype(float), 3, duplicates="drop")
        ends = column.groupby(third, observed=True).agg(["min", "max"])
        words = {
            place: sentence("{low} to {high}", low=number(float(low)), high=number(float(high)))
            for place, low, high in zip(ends.index, ends["min"], ends["max"], strict=True)
        }
        column = third.astype(object).map(words, na_action="ignore")
    return f"{name}=" + as_levels(column).astype(str)


def by_group(samples: Samples, outcome: Measured, chosen: Sequence[Grouping], days: int | None) -> list[ByGroup]:
    """Effects by group of all arms.

    Parameters
    ----------
    samples
        The pilot.
    outcome
        The primary one.
    chosen
        Groupings.
    days
        Length of the window; None where nothing is dated.
    """
    found = list(_all(samples, outcome, chosen, days))
    adjusted = holm(np.array([each.p_value for each in found]))
    return [replace(each, p_holm=float(p)) for each, p in zip(found, adjusted, strict=True)]


def _all(samples: Samples, outcome: Measured, chosen: Sequence[Grouping], days: int | None) -> Iterator[ByGroup]:
    spread = float(np.nanstd(outcome.after[outcome.known])) if outcome.of is None else np.nan
    for grouping in chosen:
        for arm in samples.pilot.arms:
            told = [
                (each, among)
                for level in grouping.levels
                if (among := grouping.groups == level).any()
                and (each := samples.effect(outcome, arm, days, among=among, group=level)) is not None
                and each.found.se > 0
            ]
            if len(told) < 2:
                continue
            alone = tuple(each for each, _ in told)
            means = np.array([each.found.estimate for each in alone])
            covariance = _covariance(samples, arm, told)
            scale = APART * spread if np.isfinite(spread) and spread > 0 else float(np.sqrt(covariance.trace()))
            yield ByGroup(
                arm=arm,
                grouping=grouping,
                alone=alone,
                shrunk=shrink(means, covariance, prior_scale=scale),
                p_value=_apart(means, covariance, np.array([each.found.df for each in alone])),
            )


def _covariance(samples: Samples, arm: str, told: Sequence[tuple[Effect, np.ndarray]]) -> np.ndarray:
    """Of effects in groups: where whole units were dealt, groups share units, and err together."""
    errors = np.array([each.found.se for each, _ in told])
    unit = samples.pilot.unit
    pair = samples.pair(arm)
    rows = [pair & among for _, among in told]
    influences = [
        own
        for (each, _), own_rows in zip(told, rows, strict=True)
        if (own := each.found.influence) is not None and len(own) == own_rows.sum()
    ]
    if unit is None or len(influences) < len(told):
        return np.diag(errors**2)
    codes = np.unique(unit.astype(str), return_inverse=True)[1]
    most = int(codes.max()) + 1
    sums = np.array([np.bincount(codes[one], own, most) for one, own in zip(rows, influences, strict=True)])
    inner = sums @ sums.T
    scale = np.sqrt(np.diag(inner))
    return inner * np.outer(errors / scale, errors / scale)


def _apart(means: np.ndarray, covariance: np.ndarray, df: np.ndarray) -> float:
    """p-value that all groups have the same effect (Wald; of effects with few degrees of freedom by F)."""
    contrast = np.column_stack([-np.ones(len(means) - 1), np.eye(len(means) - 1)])
    away = contrast @ means
    statistic = float(away @ np.linalg.solve(contrast @ covariance @ contrast.T, away))
    size = len(away)
    least = float(np.min(df))
    return float(stats.f.sf(statistic / size, size, least) if np.isfinite(least) else stats.chi2.sf(statistic, size))
