"""Whether a driver matters in one group and not in another: its effects by group, for every way to split people.

The model lets effects differ by one column. Every other column is asked beside it: the same model with effects that
differ by that column, in normal approximation, its groups partially pooled as far as chance explains their differences,
so that of many small groups none stands out by chance alone.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.linalg import helmert
from scipy.stats import norm

from workbench.models.drivers.effects.general_local import Grouping
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.what_if import points_of
from workbench.models.drivers.ordinal.approximation import approximate
from workbench.models.drivers.ordinal.rows import Rows, subset

DRAWS = 1000
"""Draws of another column's effects: their mean is then known to a thirtieth of their standard deviation."""
MOST_ROWS = 20_000
"""More answers than this are represented by so many drawn at random where another column is asked."""
COLUMNS = ["by", "driver", "label", "high", "low", "effect_high", "effect_low", "difference", "lower", "upper", "p"]


def difference_table(model: DriverModel, splits: Sequence[Grouping], *, smallest: float) -> pd.DataFrame:
    """The two groups of each split between which a driver's effects differ most clearly; the clearest first.

    Parameters
    ----------
    model
        A fitted model.
    splits
        Ways to split people.
    smallest
        Difference of effects of one standard deviation of a rating, in the unit of the link, that does not count.

    Returns
    -------
    DataFrame
        `by`, `driver`, `label`; `high` and `low` (the groups), `effect_high`, `effect_low`, `difference` and its ends
        `lower`, `upper` (of a tenth of the rating's scale, in the model's `effect_unit`); `p`: chance that a difference
        as sure as this is no larger than `smallest`, times all pairs of groups, drivers and splits that were looked at
        (Bonferroni).
    """
    if model.columns.shape != "linear":
        return pd.DataFrame(columns=COLUMNS)
    found, looked, tenth = [], 0, points_of("tenth", model.ratings.ends)
    for split in splits:
        own = split.column == model.ratings.segment
        effects = model.point_effects() if own else model.point_effects(_by(model, split))
        there = np.bincount(split.group, minlength=len(split.names)) > 0
        few = model.ratings.too_few(split.group, len(split.names))
        for place, name in enumerate(model.ratings.drivers):
            known = np.flatnonzero(there & ~few[:, place])
            pairs = [(high, low) for high in known for low in known if high != low]
            looked += len(pairs) // 2
            least = smallest * tenth[place] / model.columns.sd[place]
            drawn = tenth[place] * effects[:, :, place]
            if not pairs:
                continue
            differences = [drawn[:, high] - drawn[:, low] for high, low in pairs]
            z = [(each.mean() - least) / each.std() for each in differences]
            clearest = int(np.argmax(z))
            difference, (high, low) = differences[clearest], pairs[clearest]
            found.append(
                (
                    split.label,
                    name,
                    model.ratings.labels[name],
                    split.names[high],
                    split.names[low],
                    drawn[:, high].mean(),
                    drawn[:, low].mean(),
                    difference.mean(),
                    *model.interval(difference),
                    norm.sf(max(z)),
                )
            )
    table = pd.DataFrame(found, columns=COLUMNS)
    table["p"] = np.minimum(table["p"] * looked, 1.0)
    return table.sort_values("p", kind="stable", ignore_index=True)


def _by(model: DriverModel, split: Grouping) -> np.ndarray:
    """(draws, S, C): coefficients by the groups of another column."""
    kept = np.arange(len(split.group))
    if len(kept) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(model.random_seed).choice(len(kept), MOST_ROWS, replace=False))
    mask = np.isin(np.arange(len(split.group)), kept)
    datasets = [_regrouped(subset(rows, mask), split.group[mask], len(split.names)) for rows in model.rows]
    found = approximate(
        datasets, model.prior, drivers=len(model.ratings.drivers), weighting=model.ratings.design_weighting
    )
    return found.draws(DRAWS, np.random.default_rng(model.random_seed))[0]


def _regrouped(rows: Rows, group: np.ndarray, groups: int) -> Rows:
    """Rows with effects that differ by other groups; levels of those before become columns."""
    order = np.argsort(group, kind="stable")
    columns, varying, control = rows.columns, rows.varying, rows.of_no_driver
    if rows.segments > 1:
        levels = helmert(rows.segments).T[rows.group]
        levels = levels - np.average(levels, axis=0, weights=rows.weights)
        columns = np.column_stack([columns, levels])
        varying = np.append(varying, np.zeros(levels.shape[1], dtype=bool))
        control = np.append(control, np.ones(levels.shape[1], dtype=bool))
    return replace(
        rows,
        columns=np.ascontiguousarray(columns[order]),
        levels=rows.levels[order],
        weights=rows.weights[order],
        starts=np.searchsorted(group[order], np.arange(groups + 1)),
        varying=varying,
        control=control,
        design=None if rows.design is None else rows.design.subset(order),
    )
