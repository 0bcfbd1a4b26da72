"""The curve of all customers beside the average of the curves of groups, weighted by their size."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.evaluation.censoring import FLOOR
from workbench.models.levels import SMALLEST_GROUP
from workbench.models.survival.lifetimes.table import entry_of, weights_of
from workbench.statistics.at_risk import DIGITS, observed_for
from workbench.statistics.product_limit import enough_from, product_limit, survival_at, survival_influence

FEWEST_LEAVERS = 10
"""A group of which fewer left is not carried on."""


@dataclass(frozen=True)
class Apart:
    """A curve of all customers beside the average of curves by group.

    Attributes
    ----------
    horizon
        When.
    apart, error
        By how much the curve of all lies above the average, and the standard error of that.
    short
        Share of customers in groups that are not followed so long.
    average_error
        Standard error of the average.
    """

    horizon: float
    apart: float
    error: float
    short: float
    average_error: float


def apart_from_average(rows: pd.DataFrame, groups: np.ndarray, horizons: Iterable[float]) -> Apart | None:
    """The horizon at which the curve of all and the average of those by group lie farthest apart; None without one.

    A group that is not followed to a horizon is carried on from where it is as the others went on, with a cumulative
    hazard in proportion to theirs.

    Parameters
    ----------
    rows
        From `lifetimes.validate_lifetimes`.
    groups (n,)
        A number from 0 for the group of each.
    horizons
        Times of life.
    """
    durations, events = rows["duration"].to_numpy(), rows["event"].to_numpy()
    entry, weights = entry_of(rows), weights_of(rows)
    members = [groups == group for group in range(groups.max() + 1)]
    begin = 0.0
    if entry is not None:
        begin = max(enough_from(durations[own], entry[own], SMALLEST_GROUP) for own in members)
    if begin and entry is not None:  # all curves are about those who had lasted until then
        lasted = durations > begin
        durations, events, entry = durations[lasted], events[lasted], np.maximum(entry[lasted] - begin, 0.0)
        durations, members = observed_for(durations, begin), [own[lasted] for own in members]
        weights = None if weights is None else weights[lasted]
    curves = _CurvesOf(durations, events, entry, weights)
    best = None
    for horizon in horizons:
        found = curves.compared(members, round(horizon - begin, DIGITS)) if horizon > begin else None
        if found and (best is None or abs(found.apart) > abs(best.apart)):
            best = replace(found, horizon=horizon)
    return best


@dataclass(frozen=True, eq=False)
class _CurvesOf:
    """Customers of whom curves are made."""

    durations: np.ndarray
    events: np.ndarray
    entry: np.ndarray | None
    weights: np.ndarray | None

    def compared(self, members: list[np.ndarray], horizon: float) -> Apart | None:
        """The curve of all customers and the average over groups at a horizon.

        Groups that are not followed to the horizon are carried on from where they are, as the others went on, with a
        cumulative hazard in proportion.

        Parameters
        ----------
        members
            For each group who of the customers is in it, (n,) each.
        horizon
            Time of life.
        """
        ends = [self._end(own, horizon) for own in members]
        far = np.logical_or.reduce([own & (end >= horizon) for own, end in zip(members, ends, strict=True)])
        if far.sum() < SMALLEST_GROUP or min(ends) <= 0:
            return None
        stands = self._stood_for(members)
        whole, influence = self._at(np.ones(len(far), dtype=bool), horizon)
        others, others_moved = self._at(far, horizon)
        of_whole = influence.copy()
        average, part, total = 0.0, np.zeros(len(far)), stands.sum()
        for own, end in zip(members, ends, strict=True):
            share, moved = self._at(own, end)
            size = stands[own].sum() / total
            if end < horizon:
                so_far, so_far_moved = self._at(far, end)
                if not 0 < others <= so_far < 1 or (self.events & own).sum() < FEWEST_LEAVERS:
                    return None
                if share > 0:
                    grows, gone = np.log(others) / np.log(so_far), -np.log(share)
                    moved = moved * grows * share ** (grows - 1)
                    share = share**grows
                    how = (grows * so_far_moved / so_far - others_moved / others) / -np.log(so_far)
                    influence += size * share * gone * how
            average += size * share
            influence -= size * moved
            part[own] = share
        influence -= stands * (part - average) / total
        short = sum(stands[own].sum() for own, end in zip(members, ends, strict=True) if end < horizon) / total
        return Apart(
            horizon,
            whole - average,
            error=float(np.sqrt((influence**2).sum())),
            short=float(short),
            average_error=float(np.sqrt(((of_whole - influence) ** 2).sum())),
        )

    def _stood_for(self, members: list[np.ndarray]) -> np.ndarray:
        """For how many who began each stands, (n,): who was first seen late also for those who had gone by then."""
        stands = np.ones(len(self.durations)) if self.weights is None else self.weights.copy()
        if self.entry is None:
            return stands
        for own in members:
            table = product_limit(self.durations[own], self.events[own], entry=self.entry[own])
            lasted = survival_at(table, self.entry[own])
            stands[own] /= np.maximum(np.where(self.entry[own] > 0, lasted, 1.0), FLOOR)
        return stands

    def _end(self, own: np.ndarray, horizon: float) -> float:
        """The last time, up to the horizon, to which enough of a group are followed; the horizon where all left."""
        durations = self.durations[own]
        if self.events[own].all():
            return horizon
        if len(durations) < SMALLEST_GROUP:
            return 0.0
        return min(horizon, float(np.partition(durations, -SMALLEST_GROUP)[-SMALLEST_GROUP]))

    def _at(self, rows: np.ndarray, horizon: float) -> tuple[float, np.ndarray]:
        """Survival of some of the customers, and by how much each of all moves it."""
        entry, weights = (None if each is None else each[rows] for each in (self.entry, self.weights))
        moved = np.zeros(len(rows))
        share, moved[rows] = survival_influence(
            self.durations[rows], self.events[rows], horizon, entry=entry, weights=weights
        )
        return share, moved
