"""How long customers of today stay, draw by draw: from an earlier run of `churn_survival`, or from their tenure."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from workbench.decisions.value.life_table import LifeTable
from workbench.models.survival.forecast.draws import SurvivalDraws

YEAR = 12
"""Months: beyond the reach of draws everybody's rate of leaving is that of the last year within it."""


class Staying(Protocol):
    """Chances to stay of customers in a fixed order."""

    @property
    def draws(self) -> int:
        """How many."""
        ...

    @property
    def reach(self) -> float:
        """Months from now for which chances are drawn; beyond them the rate of the last year goes on."""
        ...

    @property
    def tenure(self) -> np.ndarray:
        """Months (n,) that customers have lasted."""
        ...

    @property
    def observed(self) -> float:
        """Tenure in months beyond which nobody, or too few, were seen."""
        ...

    def until(self, rows: np.ndarray, months: int) -> np.ndarray:
        """Chance to be there at the end of each month from now, (draws, m, months + 1); the first is 1."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class FromRun:
    """As drawn by an earlier run.

    Attributes
    ----------
    drawn
        The run's draws.
    customers : (n,)
        Ids, in the order of rows.
    draws
        How many: the first of the run, which has at least as many.
    unit
        Months in the unit of time of the run.
    """

    drawn: SurvivalDraws
    customers: np.ndarray
    draws: int
    unit: float = 1.0

    @property
    def tenure(self) -> np.ndarray:
        """Months that each customer has lasted."""
        return self.drawn.customers.loc[self.customers, "tenure"].to_numpy(dtype=float) * self.unit

    @property
    def observed(self) -> float:
        """Tenure in months beyond which hazards are extrapolated."""
        return self.drawn.observed * self.unit

    @property
    def reach(self) -> float:
        """Months from now as far as draws reach for everybody."""
        return float(np.floor(self.drawn.grid[-1] * self.unit - self.tenure.max(initial=0.0) + 1e-6))

    def until(self, rows: np.ndarray, months: int) -> np.ndarray:
        """As `Staying.until`."""
        known = int(min(months, self.reach))
        ahead = np.arange(known + 1) / self.unit
        found = self.drawn.conditional_survival(ahead, list(self.customers[rows]))
        return carried_on(found[: self.draws], months)


@dataclass(frozen=True, kw_only=True, eq=False)
class ByTenure:
    """By tenure alone, or by tenure within groups.

    Attributes
    ----------
    tables
        A life table a group.
    group : (n,)
        Which table each customer has.
    tenure : (n,)
        Months.
    reach
        As far as asked: tables are carried on by themselves.
    """

    tables: list[LifeTable]
    group: np.ndarray
    tenure: np.ndarray
    reach: float = np.inf

    @property
    def draws(self) -> int:
        """How many."""
        return len(self.tables[0].hazard)

    @property
    def observed(self) -> float:
        """Tenure in months until which customers of the table that reaches least were followed."""
        return float(min(each.observed for each in self.tables))

    def until(self, rows: np.ndarray, months: int) -> np.ndarray:
        """As `Staying.until`."""
        found = np.empty((self.draws, len(rows), months + 1))
        longest = int(np.ceil(self.tenure.max(initial=0.0))) + months + 1
        for code in np.unique(self.group[rows]):
            own = np.flatnonzero(self.group[rows] == code)
            grown = np.hstack([np.zeros((self.draws, 1)), np.cumsum(self.tables[code].hazards(longest), axis=1)])
            times = self.tenure[rows[own]][:, None] + np.arange(months + 1)
            place = np.minimum(np.floor(times).astype(int), longest - 1)
            share = times - place
            hazard = grown[:, place] * (1 - share) + grown[:, place + 1] * share
            found[:, own] = np.exp(hazard[:, :, :1] - hazard)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Fading:
    """As one says at first, and as another says later: what was last known of customers does not stay so.

    Models of what was last known take ratings, contacts and purchases to stay as they are; they learn what these say of
    the window that follows. Held for years they make customers differ more than they will, and the base worth too much:
    whoever buys much now is taken to stay long.

    Attributes
    ----------
    near, far
        Chances to stay, of the same customers and draws.
    months
        Until when the first holds.
    """

    near: Staying
    far: Staying
    months: int

    @property
    def draws(self) -> int:
        """How many."""
        return self.near.draws

    @property
    def tenure(self) -> np.ndarray:
        """Months that each customer has lasted."""
        return self.near.tenure

    @property
    def observed(self) -> float:
        """Tenure in months beyond which too few were seen."""
        return self.far.observed

    @property
    def reach(self) -> float:
        """As far as the second reaches."""
        return self.far.reach

    def until(self, rows: np.ndarray, months: int) -> np.ndarray:
        """As `Staying.until`."""
        near = self.near.until(rows, min(months, self.months))
        if months <= self.months:
            return near
        far = self.far.until(rows, months)[:, :, self.months :]
        later = near[:, :, -1:] * far[:, :, 1:] / np.maximum(far[:, :, :1], 1e-300)
        return np.concatenate([near, later], axis=2)


def carried_on(chances: np.ndarray, months: int) -> np.ndarray:
    """Chances (draws, m, k + 1) until more months, at each customer's rate of leaving in the last year.

    Parameters
    ----------
    chances
        To be there at the end of each month, the first 1.
    months
        As far as they should go.
    """
    more = months + 1 - chances.shape[2]
    if more <= 0:
        return chances
    factor = monthly(chances)
    return np.concatenate([chances, chances[:, :, -1:] * factor[:, :, None] ** np.arange(1, more + 1)], axis=2)


def monthly(chances: np.ndarray) -> np.ndarray:
    """Chance (draws, m) to stay another month, by the last year of chances (draws, m, k + 1)."""
    back = min(YEAR, chances.shape[2] - 1)
    if back == 0:
        return np.ones(chances.shape[:2])
    before = np.maximum(chances[:, :, -1 - back], 1e-300)
    return (chances[:, :, -1] / before) ** (1 / back)


def time_on_board(chances: np.ndarray) -> np.ndarray:
    """Time expected on board within each month (draws, m, months): the logarithmic mean of its two ends."""
    begin, end = chances[:, :, :-1], chances[:, :, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.log(begin / end)
        found = (begin - end) / hazard
    return np.where(np.isfinite(found) & (hazard > 1e-9), found, (begin + end) / 2)
