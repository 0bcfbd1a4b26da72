"""Customers or units by calendar month: what they did, and whether the initiative was on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.errors import DataError
from workbench.wording import sentence

WASHOUT = 12
"""Months after the end from which on a unit counts as untreated again, a choice: what fades by half in two months has
lost 98% by then."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Units by calendar months.

    Attributes
    ----------
    values : (n, months) float
        The outcome; not a number where it was not seen (before a customer came, after one left).
    on : (n, months) bool
        Whether the initiative was on. It may end, and begin again.
    months : (months,)
        Their labels, in order.
    cluster : (n,) or None
        What was dealt as a whole, and moves together; None: each row is its own.
    frequency : (n,) or None
        How many units a row stands for; 1 where it is None.
    washout
        Months after the end from which on a unit counts as untreated again.
    anticipation
        Months before a start that say nothing of the time without the initiative.
    """

    values: np.ndarray
    on: np.ndarray
    months: np.ndarray
    cluster: np.ndarray | None = None
    frequency: np.ndarray | None = None
    washout: int = WASHOUT
    anticipation: int = 0

    def __post_init__(self) -> None:
        if self.values.shape != self.on.shape or self.values.shape[1] != len(self.months):
            raise DataError(
                sentence(
                    "Outcomes are {values}, times when the initiative was on {on}, months {months}: expected the same "
                    "rows and months.",
                    values=str(self.values.shape),
                    on=str(self.on.shape),
                    months=str(len(self.months)),
                )
            )

    @cached_property
    def clock(self) -> tuple[np.ndarray, np.ndarray]:
        """Months since the start, from 1, and since the end, from 1: (n, months) int each, 0 of cells that are neither.

        Both are 0 before the first start and once the washout is over.
        """
        started, ended = (np.zeros(self.on.shape, dtype=np.int16) for _ in range(2))
        start = np.zeros(len(self.on), dtype=np.int16)
        end, before = np.zeros_like(start), np.zeros(len(self.on), dtype=bool)
        for month, on in enumerate(self.on.T):
            active = on | ((start > 0) & (end < self.washout))
            start = np.where(on & ~before, 1, np.where(active, start + 1, 0)).astype(np.int16)
            end = np.where(active & ~on, end + 1, 0).astype(np.int16)
            started[:, month], ended[:, month], before = start, end, on
        return started, ended

    @cached_property
    def seen(self) -> np.ndarray:
        """(n, months) bool: cells with an outcome."""
        return np.isfinite(self.values)

    @cached_property
    def untreated(self) -> np.ndarray:
        """(n, months) bool: cells with an outcome that tell what happens without the initiative."""
        found = self.seen & (self.clock[0] == 0)
        for ahead in range(1, self.anticipation + 1):
            found[:, :-ahead] &= self.clock[0][:, ahead:] != 1
        return found

    def controls(self) -> dict[str, np.ndarray]:
        """How many units tell, in each month, what happens without: never treated, not yet, and long since, (months,).

        A month in which there is nobody cannot be told.
        """
        ever = self.on.any(axis=1)
        yet = np.maximum.accumulate(self.on, axis=1)
        counts = self.counts
        return {
            "never": counts @ (self.untreated & ~ever[:, None]),
            "not_yet": counts @ (self.untreated & ever[:, None] & ~yet),
            "long_since": counts @ (self.untreated & yet),
        }

    @property
    def counts(self) -> np.ndarray:
        """(n,): how many units each row stands for."""
        return np.ones(len(self.values)) if self.frequency is None else np.asarray(self.frequency, dtype=float)

    @cached_property
    def code(self) -> np.ndarray:
        """(n,): the cluster of each row, from 0."""
        if self.cluster is None:
            return np.arange(len(self.values))
        return np.unique(np.asarray(self.cluster), return_inverse=True)[1]
