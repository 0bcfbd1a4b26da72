"""Levels of groups and waves: columns that take out of the drivers' effects what differs between groups as a whole.

Plans whose customers rate lower and recommend more, or quarters over which everything rises, make ratings and outcome
go together, or against each other, although nobody within a plan or a quarter shows it (Simpson's paradox; ecological
correlation). With a level for each group, effects compare people within groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import helmert

from workbench.findings import Check
from workbench.models.drivers.responses.waves import waves_of
from workbench.models.levels import SMALLEST_GROUP, as_levels, lump_levels
from workbench.wording import inline, listing, sentence

MOST_WAVES = 40
"""More waves than this have one level for several that follow each other: ten years of quarters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Controls:
    """Columns of levels.

    Attributes
    ----------
    columns
        (n, L): orthonormal contrasts of the groups of each way to split people, 0 on average.
    names
        Of the columns.
    labels
        What people are split by, in words.
    by_time
        Whether waves or quarters are among it.
    """

    columns: np.ndarray
    names: tuple[str, ...]
    labels: tuple[str, ...]
    by_time: bool

    def check(self, segment_label: str) -> tuple[Check, ...]:
        """What effects are compared within.

        Parameters
        ----------
        segment_label
            What the model's segments are split by; empty without any.
        """
        labels = [*([segment_label] if segment_label else []), *self.labels]
        if not labels:
            return ()
        message = sentence(
            "Effects compare people within the same {labels}: each has a level of its own in the model.",
            labels=listing(labels),
        )
        return (Check(name="levels_in_model", status="pass", message=message, value=len(self.names)),)


def controls_of(
    table: pd.DataFrame,
    weights: np.ndarray,
    columns: Sequence[str],
    labels: Mapping[str, str],
    segment: np.ndarray,
) -> Controls:
    """Levels by each of some columns, and by wave or quarter where answers have one.

    Parameters
    ----------
    table, weights
        Rows and how much they count.
    columns
        Of the table; groups that are too small are lumped together.
    labels
        What they are called.
    segment
        Group of each row whose level the model has already; what says no more than it, or than a column before, has no
        levels.
    """
    found: list[np.ndarray] = []
    names: list[str] = []
    told: list[str] = []
    by_time = False
    seen = [segment]
    for column in columns:
        levels = as_levels(table[column])
        label = labels.get(column, column)
        places = pd.factorize(levels.map(lump_levels(levels, label=label, check=column)[0]), sort=True)[0]
        if _new(places, seen):
            seen.append(places)
            found.append(_contrasts(places, weights))
            names += [f"level {column} {place}" for place in range(found[-1].shape[1])]
            told.append(inline(label))
    waves = _waves(table)
    if waves is not None and _new(waves, seen):
        by_time = True
        found.append(_contrasts(waves, weights))
        names += [f"level time {place}" for place in range(found[-1].shape[1])]
        told.append(sentence("wave") if "wave" in table.columns else sentence("quarter"))
    matrix = np.column_stack(found) if found else np.zeros((len(table), 0))
    return Controls(columns=matrix, names=tuple(names), labels=tuple(told), by_time=by_time)


def _new(places: np.ndarray, seen: list[np.ndarray]) -> bool:
    """Whether groups split people further than each of those seen does."""
    if len(np.unique(places)) < 2:
        return False
    return all(len(np.unique(np.column_stack([each, places]), axis=0)) > len(np.unique(each)) for each in seen)


def _contrasts(places: np.ndarray, weights: np.ndarray) -> np.ndarray:
    columns = helmert(places.max() + 1).T[places]
    return columns - np.average(columns, axis=0, weights=weights)


def _waves(table: pd.DataFrame) -> np.ndarray | None:
    """Wave of each row, 0 …; those with few answers join the one before, as do rows without any."""
    found, when, _ = waves_of(table)
    if found is None or len(when) < 2:
        return None
    wave = np.maximum(np.asarray(found, dtype=np.int64), -1) + 1
    if len(when) > MOST_WAVES:
        wave = np.where(wave > 0, 1 + (wave - 1) * MOST_WAVES // len(when), 0)
    sizes = np.bincount(wave)
    names, last = np.zeros(len(sizes), dtype=np.int64), -1
    for place, size in enumerate(sizes):
        if size >= SMALLEST_GROUP or last < 0:
            last += 1
        names[place] = last
    return pd.factorize(names[wave], sort=True)[0]
