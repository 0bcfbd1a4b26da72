"""Answers to a survey as driver models take them.

An outcome on an ordered scale, and drivers that were rated, did not apply, or have no rating.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.drivers.responses.survey_design import Design
from workbench.suppression import hidden_cells

RATED, NOT_APPLICABLE, MISSING = 0, 1, 2  # names, no thresholds
ALL = "all"
MOST_POINTS = 11
"""Points of a scale beyond which its top answer is too rare to tell how the outcome stands: those of 0 to 10."""
TOP_TWO = 0.8
"""Share of a wide scale from which its top two tenths begin."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """Answers of everyone who gave an outcome, sorted by segment.

    Attributes
    ----------
    outcome, outcome_label
        Name of the outcome item, and in words.
    scale
        Its lowest and highest point.
    measure
        `nps` for a recommendation from 0 to 10 (`measure_of`); else what the dataset says of it, or nothing.
    levels
        Int64 (n,): place of each answer among `points`.
    points
        Float (K,): the points of the scale that occur, ascending. Of scales of more than 11 points, tenths of the scale
        take their place: the mean answer in each.
    drivers, labels
        Names of the drivers and what they are called.
    values
        Float (n, D): ratings; NaN where `state` is not RATED.
    state
        Int8 (n, D): RATED, NOT_APPLICABLE or MISSING.
    ends
        Float (D, 2): lowest and highest point of each driver's scale.
    segment, segments
        Column by which effects may differ (None: they do not) and the names of its groups.
    group
        Int64 (n,): place of each row's group among `segments`, ascending.
    weights, weighting
        Float (n,) and what they mean: `none`, `survey` or `frequency`.
    table
        The rows themselves (same order), for what is told beside the model.
    unanswered
        Customer of each row that has neither an outcome nor a rating: an invitation that was not answered.
    items
        Columns of the table that make each driver.
    splits
        Columns by which people are split, with their labels: `segment` first, then those that have levels of their own.
    checks
        What was lumped together, imputed or left out.
    controls, control_names
        (n, L): levels of further groups and of waves (`controls`), and their names.
    by_time
        Whether levels of waves or quarters are among them.
    design
        How answers were drawn: customers who answered several times, replicate weights.
    """

    outcome: str
    outcome_label: str
    scale: tuple[float, float]
    measure: str
    levels: np.ndarray
    points: np.ndarray
    drivers: tuple[str, ...]
    labels: Mapping[str, str]
    values: np.ndarray
    state: np.ndarray
    ends: np.ndarray
    segment: str | None
    segment_label: str
    segments: tuple[str, ...]
    group: np.ndarray
    weights: np.ndarray
    weighting: str
    table: pd.DataFrame
    unanswered: pd.Series
    items: Mapping[str, tuple[str, ...]]
    splits: Mapping[str, str]
    checks: tuple[Check, ...]
    controls: np.ndarray
    control_names: tuple[str, ...]
    by_time: bool
    design: Design

    @property
    def design_weighting(self) -> str:
        """Weighting that intervals follow: `survey` where they are as wide as the design implies, else `weighting`."""
        return "survey" if self.design.adjusts else self.weighting

    @property
    def n(self) -> int:
        """Rows; of frequency weights, what they stand for."""
        return self.people(np.ones(len(self.levels), dtype=bool))

    def people(self, where: np.ndarray) -> int:
        """People whom the rows of a mask stand for: as many as rows, or as their frequency weights say.

        Parameters
        ----------
        where
            Bool (n,), or places of rows.
        """
        return people_of(self.weights[where], self.weighting)

    def raters(self, group: np.ndarray, groups: int) -> np.ndarray:
        """How many people of each group rated each driver: (groups, drivers).

        Parameters
        ----------
        group
            Int64 (n,): group of each row.
        groups
            How many there are.
        """
        rated = (self.state == RATED).T
        return np.array([[self.people((group == s) & each) for each in rated] for s in range(groups)])

    def too_few(self, group: np.ndarray, groups: int) -> np.ndarray:
        """Of which groups and drivers, (groups, drivers), nothing is said: few rated, or the others would tell of them.

        Parameters
        ----------
        group, groups
            As in `raters`.
        """
        raters = self.raters(group, groups)
        return np.array([hidden_cells(column, [range(groups)]) for column in raters.T]).reshape(raters.T.shape).T

    @property
    def is_nps(self) -> bool:
        """Whether the outcome is a recommendation from 0 to 10: nothing else has promoters and detractors."""
        return self.measure == "nps"

    @property
    def starts(self) -> np.ndarray:
        """Int64 (S + 1,): group s has the rows starts[s] to starts[s + 1]."""
        return np.searchsorted(self.group, np.arange(len(self.segments) + 1))

    @property
    def likelihood_weights(self) -> np.ndarray:
        """How often each row counts in the likelihood: survey weights are brought to a mean of 1."""
        return self.weights if self.weighting == "frequency" else self.weights / self.weights.mean()

    def exhibits(self) -> Iterator[Showable]:
        """What was lumped together, imputed or left out."""
        yield self.checks


def is_wide(scale: tuple[float, float]) -> bool:
    """Whether a scale has so many points that its top answer says little.

    Parameters
    ----------
    scale
        Its lowest and its highest answer.
    """
    return scale[1] - scale[0] + 1 > MOST_POINTS


def people_of(weights: np.ndarray, weighting: str) -> int:
    """How many people rows stand for: as many as rows, or as their frequency weights say.

    Parameters
    ----------
    weights, weighting
        As of `Ratings`.
    """
    return round(float(weights.sum())) if weighting == "frequency" else len(weights)
