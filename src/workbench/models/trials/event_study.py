"""Customers who were chosen beside others, period by period: did they part before, and what if they go on parting so.

Periods are of equal length; the effect is what treated and others differ more after the start than before it. That
holds where both would have gone on side by side. How far they did not before it bounds how far they might not after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

MAGNITUDES = (0.5, 1.0, 2.0)
"""Largest step by which trends part after the start, in the largest before it: half, as much, and twice as much."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EventStudy:
    """Treated less others, by period.

    Attributes
    ----------
    gaps : (periods,)
        In the unit of the outcome.
    influence : (n, periods)
        What each customer adds to the error of each; of whole units the first of each adds all that they do.
    before
        How many periods lie before the start; the others follow it.
    seen : (n,) bool
        Who has an outcome after the start.
    df
        Degrees of freedom of its errors: infinite of customers.
    """

    gaps: np.ndarray
    influence: np.ndarray
    before: int
    seen: np.ndarray
    df: float = np.inf

    @property
    def n(self) -> int:
        """Customers with an outcome after the start."""
        return int(self.seen.sum())

    @property
    def after(self) -> int:
        """How many periods follow the start."""
        return len(self.gaps) - self.before

    def combined(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """A sum of gaps and its influences (n,).

        Parameters
        ----------
        weights : (periods,)
            Of each.
        """
        return float(weights @ self.gaps), self.influence @ weights

    @property
    def change(self) -> np.ndarray:
        """Weights (periods,) of the difference in differences: mean after less mean before."""
        return np.concatenate([np.full(self.before, -1 / self.before), np.full(self.after, 1 / self.after)])

    def since_last(self) -> tuple[np.ndarray, np.ndarray]:
        """Gaps against the last period before the start, and their errors: what an event study shows."""
        reference = np.eye(len(self.gaps)) - np.eye(len(self.gaps))[self.before - 1]
        return reference @ self.gaps, np.sqrt(((self.influence @ reference.T) ** 2).sum(axis=0))

    def placebo_p(self) -> float:
        """That treated and others moved side by side before the start; not a number of one period."""
        steps = self._steps()
        if not len(steps):
            return float("nan")
        own = self.influence @ steps.T
        moved = steps @ self.gaps
        wald = float(moved @ np.linalg.pinv(own.T @ own, hermitian=True) @ moved)
        if np.isinf(self.df):
            return float(stats.chi2.sf(wald, len(steps)))
        spare = self.df + 1 - len(steps)  # Hotelling's
        return float(stats.f.sf(wald * spare / (self.df * len(steps)), len(steps), spare)) if spare > 0 else np.nan

    def bounded(self, confidence: float, magnitude: float = 1.0) -> tuple[float, float] | None:
        """An interval that holds where trends part after the start by no larger steps than before it.

        Parameters
        ----------
        confidence
            Level, between 0 and 1.
        magnitude
            Steps after the start at most so many times the largest before it.

        Returns
        -------
        (low, high) or None
            None with fewer than two periods before. Of the mean period after: a step s each period moves it by
            s (periods + 1) / 2 from the last before. The interval is the union over the steps that may be the largest:
            exact for the set, on the safe side for its sampling.

        References
        ----------
        Rambachan and Roth (2023), A more credible approach to parallel trends, section 2.4.1: relative magnitudes.
        """
        ends: list[float] = []
        for step in self._steps():
            for sign in (-1.0, 1.0):
                moved = self._from_last() + sign * magnitude * (self.after + 1) / 2 * step
                ends += self._interval(moved, confidence)
        return (min(ends), max(ends)) if ends else None

    def trend_goes_on(self, confidence: float) -> tuple[float, float, float] | None:
        """The effect if the gap went on by its mean step before the start, with its interval; None of one period.

        Parameters
        ----------
        confidence
            Level, between 0 and 1.

        References
        ----------
        Rambachan and Roth (2023), section 2.4.1: smoothness with M = 0, the linear trend.
        """
        steps = self._steps()
        if not len(steps):
            return None
        weights = self._from_last() - (self.after + 1) / 2 * steps.mean(axis=0)
        return (self.combined(weights)[0], *self._interval(weights, confidence))

    def breakdown(self, confidence: float) -> float:
        """So many times the largest step before the start the effect bears before its interval holds 0.

        Parameters
        ----------
        confidence
            Level, between 0 and 1.
        """

        def clear(magnitude: float) -> bool:
            found = self.bounded(confidence, magnitude)
            return found is not None and (found[0] > 0 or found[1] < 0)

        low, high = 0.0, 10.0
        if not clear(low):
            return 0.0
        if clear(high):
            return high
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if clear(middle) else (low, middle)
        return low

    def _from_last(self) -> np.ndarray:
        """Mean after less the last period before."""
        weights = np.concatenate([np.zeros(self.before), np.full(self.after, 1 / self.after)])
        weights[self.before - 1] -= 1.0
        return weights

    def _steps(self) -> np.ndarray:
        """(before − 1, periods): from one period before the start to the next."""
        eye = np.eye(len(self.gaps))
        return eye[1 : self.before] - eye[: self.before - 1]

    def _interval(self, weights: np.ndarray, confidence: float) -> tuple[float, float]:
        estimate, influence = self.combined(weights)
        reach = float(stats.t.ppf((1 + confidence) / 2, self.df)) * float(np.sqrt((influence**2).sum()))
        return estimate - reach, estimate + reach


def event_study(
    values: np.ndarray, treated: np.ndarray, before: int, weights: np.ndarray | None = None
) -> EventStudy | None:
    """Compare treated with others in each period.

    Parameters
    ----------
    values : (n, periods)
        The outcome by period; not a number where it was not seen.
    treated : (n,) bool
        Who got it.
    before
        How many of the periods lie before the start, at least one.
    weights : (n,)
        At least 0, under which both kinds are alike; 1 where it is None.

    Returns
    -------
    EventStudy or None
        None where a period has nobody of a kind.
    """
    weights = np.ones(len(values)) if weights is None else weights
    seen = np.isfinite(values)
    gaps, influence = np.zeros(values.shape[1]), np.zeros(values.shape)
    for arm, sign in ((True, 1.0), (False, -1.0)):
        own = np.where(seen & (treated == arm)[:, None], weights[:, None], 0.0)
        total = own.sum(axis=0)
        if (total <= 0).any():
            return None
        share = own / total
        filled = np.where(seen, values, 0.0)
        means = (share * filled).sum(axis=0)
        gaps += sign * means
        influence += sign * share * (filled - means)
    return EventStudy(gaps=gaps, influence=influence, before=before, seen=seen[:, before:].any(axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """Who started on one day beside others.

    Attributes
    ----------
    rows : (k,) int
        Positions of its customers among all.
    treated : (k,) bool
        Which of them started.
    study
        Of them; of all starts with the same periods.
    """

    rows: np.ndarray
    treated: np.ndarray
    study: EventStudy


def pooled_studies(parts: Sequence[Start], size: int, unit: np.ndarray | None = None) -> EventStudy | None:
    """Several starts as one study: the mean over the treated; whoever is the control of several counts once.

    Parameters
    ----------
    parts
        One a start.
    size
        Customers in all.
    unit : (size,) or None
        With whom each started as a whole; None: alone.

    Returns
    -------
    EventStudy or None
        None of no parts. Of whole units the error is that of their sums: how treated ones lie about the mean of all
        starts, as one unit of a start has no error of its own, and how others lie about that of their start. Degrees
        of freedom are the fewer of treated and of other units, less one; None where that is 0.

    References
    ----------
    Borusyak, Jaravel and Spiess (2024), Revisiting event-study designs, section 4.3: residuals of treated units about
    a mean effect are on the safe side where effects differ.
    """
    if not parts:
        return None
    people = np.array([float(each.treated.sum()) for each in parts])
    share = people / people.sum()
    gaps = np.asarray(sum(own * each.study.gaps for own, each in zip(share, parts, strict=True)))
    influence = np.zeros((size, len(gaps)))
    seen = np.zeros(size, dtype=bool)
    for own, each in zip(share, parts, strict=True):
        np.add.at(influence, each.rows, own * each.study.influence)
        seen[each.rows] |= each.study.seen
    pooled = EventStudy(gaps=gaps, influence=influence, before=parts[0].study.before, seen=seen)
    return pooled if unit is None else _of_units(parts, pooled, share, unit)


def _of_units(parts: Sequence[Start], pooled: EventStudy, share: np.ndarray, unit: np.ndarray) -> EventStudy | None:
    _, first, code = np.unique(unit.astype(str), return_index=True, return_inverse=True)
    sums = np.zeros((2, len(first), len(pooled.gaps)))
    there = np.zeros((2, len(first)), dtype=bool)
    for own, each in zip(share, parts, strict=True):
        units = code[each.rows]
        for side, rows in ((0, ~each.treated), (1, each.treated)):
            there[side, units[rows]] = True
            moved = np.zeros_like(sums[0])
            np.add.at(moved, units[rows], own * each.study.influence[rows])
            if side:
                many = np.bincount(units[rows], minlength=len(first)) / rows.sum()
                moved += own * many[:, None] * (each.study.gaps - pooled.gaps)
            else:
                many = len(np.unique(units[rows]))
                moved *= np.sqrt(many / max(many - 1, 1))
            sums[side] += moved
    least = there.sum(axis=1)
    if least.min() < 2:
        return None
    influence = np.zeros_like(pooled.influence)
    influence[first] = sums[0] + np.sqrt(least[1] / (least[1] - 1)) * sums[1]
    return replace(pooled, influence=influence, df=float(least.min() - 1))
