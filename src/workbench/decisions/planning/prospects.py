"""What a pilot would find: of each outcome and length the smallest effect that so many find four times in five."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.decisions.planning.scheme import Scheme
from workbench.decisions.rollout.weighing.verdict import SURE
from workbench.models.trials.planning import (
    Clustering,
    Variation,
    chance_of_exceeding,
    chance_of_finding,
    fitting_error,
    pooled,
    size_needed,
    smallest_effect,
)

GROWING = ("sum", "staying")
"""Kinds of outcomes whose effects add up while a pilot goes on: spending, orders, contacts, leaving."""
UNEVEN = 1.25
"""Plain over harmonic mean size of units from which it is said that they differ: a quarter more customers, a choice."""


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """One outcome over one length.

    Attributes
    ----------
    measure, days
        The outcome, and the length; None of data without dates.
    windows
        One a past window, the latest first.
    whole
        All of them as one.
    alike
        How alike customers of a unit are, one a window; empty where customers are dealt.
    size
        Customers of the pilot, or units.
    scheme, level
        How it would be dealt, and the level of the interval.
    """

    measure: Any
    days: int | None
    windows: tuple[Variation, ...]
    whole: Variation
    alike: tuple[Clustering, ...]
    size: float
    scheme: Scheme
    level: float

    def known(self, size: float | None = None) -> float:
        """How many customers (or units) of one arm and of the control would have the outcome.

        Parameters
        ----------
        size
            Of the pilot, all arms together; as planned where it is None.
        """
        share = 1.0 if self.scheme.unit else self.whole.answering
        return (self.size if size is None else size) * share * self.scheme.pair

    def error(self, variance: float, size: float | None = None, *, fitted: int = 0) -> float:
        """Standard error of an effect.

        Parameters
        ----------
        variance
            Of customers, or of means of units.
        size
            As of `known`.
        fitted
            Columns that the estimate adjusts for, by slopes of the pilot itself.
        """
        known, together = self.known(size), self.scheme.unit is not None
        slopes = fitting_error(known, self.scheme.share, fitted, together=together)
        return float(np.sqrt(variance / known)) * self.scheme.error * slopes

    def smallest(self, found: Variation | None = None, *, plain: bool = False) -> float:
        """The effect that is found four times in five; not a number where there are too few.

        Parameters
        ----------
        found
            Of one window; of all where it is None.
        plain
            Without what was known before.
        """
        found = found or self.whole
        fitted = 0 if plain else found.columns
        se, df = self.error(found.variance if plain else found.left, fitted=fitted), self.known() - 2 - fitted
        if df < 1 or not np.isfinite(se):
            return np.nan
        return smallest_effect(se, df=df, confidence=self.level)

    @property
    def season(self) -> tuple[float, float]:
        """The lowest and the highest smallest effect of all past windows."""
        found = [self.smallest(each) for each in self.windows]
        return min(found), max(found)

    def chance(self, effects: np.ndarray) -> np.ndarray:
        """With which probability effects are found, same shape.

        Parameters
        ----------
        effects
            In the unit of the outcome.
        """
        fitted = self.whole.columns
        df, se = self.known() - 2 - fitted, self.error(self.whole.left, fitted=fitted)
        return np.array([chance_of_finding(each, se, df=df, confidence=self.level) for each in effects])

    def decided(self, effect: float, worth: float, found: Variation | None = None) -> tuple[float, float]:
        """With which probability the pilot ends in *roll out*, and in *stop*, as its verdict will be made.

        Parameters
        ----------
        effect
            The true one, in the unit of the outcome.
        worth
            The smallest effect worth having: the verdict asks whether the effect is larger.
        found
            As of `smallest`.
        """
        found = found or self.whole
        df, se = self.known() - 2 - found.columns, self.error(found.left, fitted=found.columns)
        if df < 1 or not np.isfinite(se):
            return 0.0, 0.0
        above, below = (chance_of_exceeding(effect, worth, se, df=df, sure=SURE, below=each) for each in (False, True))
        return above, below

    def needed_to_decide(self, worth: float) -> float:
        """How many customers (or units) roll out an effect twice the smallest worth having four times in five.

        Parameters
        ----------
        worth
            The smallest effect worth having.

        Notes
        -----
        Twice it lies as far above it as it lies above none, so as many find it at the level of the verdict.
        """
        return self.needed(worth, level=2 * SURE - 1)

    def needed(self, effect: float, *, level: float | None = None) -> float:
        """How many customers (or units) find an effect four times in five, whole; infinite for no effect.

        Parameters
        ----------
        effect
            In the unit of the outcome.
        level
            Of the interval that excludes none; as planned where it is None.
        """
        both = size_needed(
            effect,
            float(np.sqrt(self.whole.left)),
            treated=self.scheme.share,
            confidence=self.level if level is None else level,
            fitted=self.whole.columns,
            together=self.scheme.unit is not None,
        )
        found = both / self.known(1.0)
        return float(np.ceil(found - 1e-6)) if np.isfinite(found) else np.inf

    @property
    def icc(self) -> tuple[float, float, float]:
        """Intraclass correlation and its interval, means of all windows; not a number where customers are dealt."""
        if not self.alike:
            return np.nan, np.nan, np.nan
        icc, lower, upper = (
            float(np.mean([getattr(each, name) for each in self.alike])) for name in ("icc", "lower", "upper")
        )
        return icc, lower, upper

    @property
    def unit_size(self) -> float:
        """Customers of a unit (the harmonic mean); 1 where customers are dealt."""
        return float(np.mean([each.size for each in self.alike])) if self.alike else 1.0

    @property
    def times(self) -> float:
        """How many times as many customers whole units take; 1 where customers are dealt."""
        return float(np.mean([each.times for each in self.alike])) if self.alike else 1.0

    @property
    def uneven(self) -> bool:
        """Whether units differ in size by so much that it costs customers."""
        return float(np.mean([each.usual / each.size for each in self.alike])) > UNEVEN if self.alike else False


def scaled(effect: float, measure: Any, days: int | None, main: int | None) -> float:
    """An effect over another length: what adds up goes on at the same pace, everything else stays.

    Parameters
    ----------
    effect
        Over the main length.
    measure
        The outcome.
    days, main
        The other length and the main one; None of data without dates.
    """
    if days is None or main is None or measure.kind not in GROWING:
        return effect
    return effect * days / main


def prospect(
    measure: Any,
    days: int | None,
    windows: Sequence[Variation],
    alike: Sequence[Clustering],
    *,
    size: float,
    scheme: Scheme,
    level: float,
) -> Prospect | None:
    """Take windows together; None where there is none.

    Parameters
    ----------
    measure, days, windows, alike, size, scheme, level
        As of `Prospect`.
    """
    if not windows:
        return None
    return Prospect(
        measure=measure,
        days=days,
        windows=tuple(windows),
        whole=pooled(windows),
        alike=tuple(alike),
        size=size,
        scheme=scheme,
        level=level,
    )
