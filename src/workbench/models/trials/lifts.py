"""How far a pilot lifted the ratings of its touchpoint, in standard deviations of reported ratings.

Ratings are cuts of a latent normal scale (ordered probit). The control says where the cuts lie; the treated are moved
by the lift, as far as they have been at the touchpoint since the start: who was there last before it rates what was
before it. Where chance dealt the arms, the answers after the start tell the lift. Where it did not, the arms differed
before: how far they did, in as many months before the start as are looked at after it, is taken off. Whoever chose
themselves by how content they were then was as much more content some months before as some months after, so the two
windows are of the same length.

References
----------
McCullagh (1980), Regression models for ordinal data (the latent scale); Rubin (1981), The Bayesian bootstrap (over
customers, so that several answers of one do not count as several customers); Athey, Imbens (2006), Identification and
inference in nonlinear difference-in-differences models (a difference on the latent scale, not of points); Robins,
Hernán, Brumback (2000), Marginal structural models (weights of 1 over the share of the own arm).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

FEWEST_ANSWERS = 20
"""An arm and period, below which no lift is told: the error of a shift is then .3 standard deviations or more."""
FARTHEST = 4.0
"""Standard deviations that are searched on either side: beyond, nearly all ratings would be one."""
GRID = np.arange(-FARTHEST, FARTHEST + 0.025, 0.05)
"""Shifts at which likelihoods are worked out; a parabola through the best three finds the maximum between them."""
STEPS = 25
"""Of the chance to have been at a touchpoint: answers within one are taken at its mean."""
AT_ONCE = 50
"""Draws of the bootstrap that are in memory together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rated:
    """Ratings of one touchpoint by customers of a pilot, one an answer.

    Attributes
    ----------
    unit : (n,)
        Whose answer it is, or the unit that was dealt as a whole; any values.
    treated : (n,) bool
        Arm.
    months : (n,)
        From the start to the answer; negative before it.
    rating : (n,)
        In points; without gaps.
    weight : (n,)
        For how many of its arm an answer stands, above 0; None: all alike. Where arms were dealt in other shares from
        stratum to stratum, 1 over the share of its own arm there: both arms are then of the same strata.
    """

    unit: np.ndarray
    treated: np.ndarray
    months: np.ndarray
    rating: np.ndarray
    weight: np.ndarray | None = None

    def part(self, rows: np.ndarray) -> "Rated":
        """Some of the answers.

        Parameters
        ----------
        rows : (n,) bool
            Which.
        """
        return Rated(
            unit=self.unit[rows],
            treated=self.treated[rows],
            months=self.months[rows],
            rating=self.rating[rows],
            weight=None if self.weight is None else self.weight[rows],
        )

    def counts(self) -> tuple[int, int]:
        """Answers of the treated and of the control."""
        return int(self.treated.sum()), int((~self.treated).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift:
    """How far the treated lie above the control.

    Attributes
    ----------
    draws : (draws,)
        In standard deviations of reported ratings, each with other weights of the units.
    treated, control
        Answers behind it.
    """

    draws: np.ndarray
    treated: int
    control: int

    @property
    def estimate(self) -> float:
        """The mean of the draws."""
        return float(self.draws.mean())

    @property
    def error(self) -> float:
        """Their standard deviation."""
        return float(self.draws.std())


@dataclass(frozen=True, kw_only=True, eq=False)
class Lifted:
    """What a pilot did to the ratings of its touchpoint.

    Attributes
    ----------
    lift
        The answer: after the start, and where chance did not decide less what was there before.
    raw
        The arms after the start as they are; the same where chance decided.
    before, placebo
        How far the arms lay apart before, and how much more in the second half of that time than in the first, which
        should be nothing; None where chance decided, or too few answered.
    """

    lift: Shift
    raw: Shift
    before: Shift | None = None
    placebo: Shift | None = None


def lift_by_lot(rated: Rated, met: np.ndarray, *, draws: int, random_seed: int) -> Lifted | None:
    """The lift where chance dealt the arms.

    Parameters
    ----------
    rated
        Answers; those before the start are passed over.
    met : (n,)
        Chance that the visit that is rated came after the start.
    draws
        Of the bootstrap.
    random_seed
        Of them.

    Returns
    -------
    Lifted or None
        None with fewer than `FEWEST_ANSWERS` of an arm, or where all ratings are one.
    """
    after = rated.months >= 0
    part = rated.part(after)
    if min(part.counts()) < FEWEST_ANSWERS:
        return None
    weights = _Weights(rated, draws, random_seed)
    found = _shift(part, met[after], weights, after, None)
    return None if found is None else Lifted(lift=found, raw=found)


def lift_against_control(
    rated: Rated, met: np.ndarray, *, window: float, draws: int, random_seed: int
) -> Lifted | None:
    """The lift where chance did not decide: after the start, less what was there before.

    Parameters
    ----------
    rated, met, draws, random_seed
        As of `lift_by_lot`, with answers before the start.
    window
        Months that are looked at after the start, and before it.

    Returns
    -------
    Lifted or None
        None where an arm has too few answers before or after, or all ratings are one.
    """
    after = (rated.months >= 0) & (rated.months < window)
    before = (rated.months < 0) & (rated.months >= -window)
    if min(*rated.part(after).counts(), *rated.part(before).counts()) < FEWEST_ANSWERS:
        return None
    weights = _Weights(rated, draws, random_seed)
    apart = _shift(rated.part(before), np.ones(int(before.sum())), weights, before, None)
    raw = _shift(rated.part(after), met[after], weights, after, None)
    if apart is None or raw is None:
        return None
    lift = _shift(rated.part(after), met[after], weights, after, apart.draws)
    late = before & (rated.months >= -window / 2)
    halves = [late, before & ~late]
    placebo = None
    if min(count for half in halves for count in rated.part(half).counts()) >= FEWEST_ANSWERS:
        found = [_shift(rated.part(half), np.ones(int(half.sum())), weights, half, None) for half in halves]
        if found[0] is not None and found[1] is not None:
            placebo = Shift(draws=found[0].draws - found[1].draws, treated=found[0].treated, control=found[0].control)
    return None if lift is None else Lifted(lift=lift, raw=raw, before=apart, placebo=placebo)


def lift_of_points(rated: Rated, met: np.ndarray, points: np.ndarray) -> Shift | None:
    """The lift that moves the mean rating of the treated by so many points: those of an effect found elsewhere.

    Parameters
    ----------
    rated
        Answers after the start, of both arms.
    met : (n,)
        Chance that the visit that is rated came after the start.
    points : (draws,)
        Of the effect on the mean rating, treated less control.

    Returns
    -------
    Shift or None
        None with fewer than `FEWEST_ANSWERS` of an arm, or where all ratings are one. Effects beyond what the scale
        allows are the farthest lift.
    """
    levels = _levels(rated)
    if min(rated.counts()) < FEWEST_ANSWERS or len(levels) < 2:
        return None
    own = np.ones(len(rated.rating)) if rated.weight is None else rated.weight
    level = np.searchsorted(levels, rated.rating[~rated.treated])
    control = np.bincount(level, own[~rated.treated], len(levels))
    cuts = norm.ppf(np.cumsum(control)[:-1] / control.sum())
    mean = _probabilities(cuts - GRID[:, None]) @ levels
    chance = float(np.average(met[rated.treated], weights=own[rated.treated]))
    moved = chance * (mean - _probabilities(cuts) @ levels)
    treated, control_answers = rated.counts()
    return Shift(draws=np.interp(points, moved, GRID), treated=treated, control=control_answers)


class _Weights:
    """The same weights of the units for whatever part of the answers is looked at."""

    def __init__(self, rated: Rated, draws: int, random_seed: int) -> None:
        self.draws = draws
        self.seed = random_seed
        self.code = np.unique(rated.unit, return_inverse=True)[1]
        self.own = np.ones(len(rated.unit)) if rated.weight is None else rated.weight

    def counts(self, rows: np.ndarray, cell: np.ndarray, cells: int) -> np.ndarray:
        """Weighted answers (draws, cells) of the chosen rows."""
        random = np.random.default_rng(self.seed)
        members = np.zeros((len(cell), cells))
        members[np.arange(len(cell)), cell] = self.own[rows]
        found = np.empty((self.draws, cells))
        units, code = int(self.code.max()) + 1, self.code[rows]
        for first in range(0, self.draws, AT_ONCE):
            many = min(AT_ONCE, self.draws - first)
            weights = random.exponential(size=(many, units))
            found[first : first + many] = weights[:, code] @ members
        return found


def _shift(
    rated: Rated, met: np.ndarray, weights: _Weights, rows: np.ndarray, already: np.ndarray | None
) -> Shift | None:
    """`already` (draws,): how far the treated lie above the control without the lift."""
    points = _levels(rated)
    if len(points) < 2:
        return None
    level = np.searchsorted(points, rated.rating, side="right") - 1
    level = np.maximum(level, 0)
    step = np.unique(np.round(met * STEPS), return_inverse=True)[1]
    chances = np.bincount(step, met) / np.bincount(step)
    size = len(points)
    cell = np.where(rated.treated, size * (1 + step), 0) + level
    counts = weights.counts(rows, cell, size * (1 + len(chances)))
    control = counts[:, :size]
    cuts = norm.ppf(np.cumsum(control, axis=1)[:, :-1] / control.sum(axis=1, keepdims=True))
    seen = counts[:, size:].reshape(weights.draws, len(chances), size)
    offset = np.zeros(weights.draws) if already is None else already
    found = np.empty(weights.draws)
    for draw in range(weights.draws):
        unmoved = _probabilities(cuts[draw] - offset[draw])
        moved = _probabilities(cuts[draw] - offset[draw] - GRID[:, None])
        mixed = chances[:, None] * moved[:, None] + (1 - chances[:, None]) * unmoved
        likely = np.einsum("sp,gsp->g", seen[draw], np.log(np.maximum(mixed, np.finfo(float).tiny)))
        found[draw] = _highest(likely)
    treated, control_answers = rated.counts()
    return Shift(draws=found, treated=treated, control=control_answers)


def _levels(rated: Rated) -> np.ndarray:
    """Points that the control has used: others count as the nearest below, those below all as the lowest."""
    return np.unique(rated.rating[~rated.treated])


def _probabilities(cuts: np.ndarray) -> np.ndarray:
    """Of each level, between cuts along the last axis."""
    below = norm.cdf(cuts)
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1], axis=-1), axis=-1)


def _highest(likely: np.ndarray) -> float:
    """Where a parabola through the best point of the grid and its neighbours is highest."""
    best = int(np.clip(likely.argmax(), 1, len(GRID) - 2))
    left, middle, right = likely[best - 1 : best + 2]
    bend = left - 2 * middle + right
    away = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(GRID[best] + np.clip(away, -1, 1) * (GRID[1] - GRID[0]))
