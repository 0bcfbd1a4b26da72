"""What the model predicts for other ratings: levels of the outcome for everyone, before and after.

Ceilings are kept: nobody is raised above the top of the scale, and a probability cannot exceed 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Literal

import numba
import numpy as np

from workbench.models.drivers.ordinal.links import LOGIT, Link
from workbench.models.drivers.ordinal.rows import Rows
from workbench.models.drivers.responses.columns import Columns
from workbench.models.drivers.responses.ratings import TOP_TWO, is_wide

Scenario = Literal["tenth", "one_sd", "one_point", "dissatisfied_to_neutral"]
TENTH = 0.1
"""Of a scale: 10 points of 100. Drivers on different scales are raised by the same share of them."""
MOST_ROWS = 20_000
"""More people than this are represented by so many drawn at random."""
MOST_DRAWS = 400
"""Posterior draws for which people are predicted again."""
ROOT_TWO = sqrt(2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """What raising each driver goes with, one row a draw.

    Attributes
    ----------
    measures
        Names of the measures (`scorings`).
    change
        (draws, D, M): change of each measure for everyone.
    reached
        (D,): share of people whose rating the scenario changes.
    """

    measures: tuple[str, ...]
    change: np.ndarray
    reached: np.ndarray


def scorings(points: np.ndarray, scale: tuple[float, float], *, is_nps: bool) -> tuple[tuple[str, ...], np.ndarray]:
    """Measures of the outcome as scores of its levels: names (M) and scores (M, K); a measure is their mean.

    The first is what the report tells: `nps` (points) of a recommendation; `top_box`, the share of top answers, of
    scales of up to 11 points; of wider ones `mean` (scale points), then `top_two`, the share in the top two tenths.

    Parameters
    ----------
    points
        (K,): points of the levels.
    scale
        Lowest and highest point of the outcome's scale.
    is_nps
        Whether it is a recommendation from 0 to 10.

    Examples
    --------
    >>> scorings(np.array([0.0, 6, 8, 9, 10]), (0, 10), is_nps=True)[1][0].tolist()
    [-100.0, -100.0, 0.0, 100.0, 100.0]
    """
    low, high = scale
    named = {"top_box": (points >= high).astype(float), "mean": points.astype(float)}
    if is_wide(scale):
        named = {"mean": points.astype(float), "top_two": (points >= low + TOP_TWO * (high - low)).astype(float)}
    if is_nps:
        named = {"nps": 100.0 * (points >= 9) - 100.0 * (points <= 6), **named}
    return tuple(named), np.array(list(named.values()))


@numba.njit(nogil=True, cache=True, parallel=False, error_model="numpy")
def _mean_scores(probit, predictor, cuts, steps, bottom, weights, by_cut, shifts):
    """Weighted means over rows of score(bottom) + Σ_k step_k P(y > k): (M,)."""
    measures, count = steps.shape
    out = np.zeros(measures)
    mass = 0.0
    for i in range(len(predictor)):
        mass += weights[i]
        for k in range(count):
            distance = cuts[k] - predictor[i]
            for p in range(shifts.shape[1]):
                distance -= by_cut[i, p] * shifts[k, p]
            above = weights[i] * (0.5 * erfc(distance / ROOT_TWO) if probit else 1.0 / (1.0 + np.exp(distance)))
            for m in range(measures):
                out[m] += steps[m, k] * above
    for m in range(measures):
        out[m] = bottom[m] + out[m] / mass
    return out


def mean_scores(
    predictor: np.ndarray,
    cuts: np.ndarray,
    scores: np.ndarray,
    weights: np.ndarray,
    link: Link = LOGIT,
    by_cut: np.ndarray | None = None,
    shifts: np.ndarray | None = None,
) -> np.ndarray:
    """(M,): means of scores over rows.

    Parameters
    ----------
    predictor, weights
        (n,): linear predictors, and how much each row counts.
    cuts
        (K − 1,).
    scores
        (M, K): what each level counts for each measure.
    link
        Distribution of the latent noise.
    by_cut, shifts
        (n, P) and (K − 1, P): columns whose effects differ by cut, and what is added to them at each.
    """
    predictor, cuts = np.ascontiguousarray(predictor), np.ascontiguousarray(cuts)
    by_cut = np.zeros((len(predictor), 0)) if by_cut is None else np.ascontiguousarray(by_cut)
    shifts = np.zeros((len(cuts), 0)) if shifts is None else np.ascontiguousarray(shifts)
    return _mean_scores(link.is_probit, predictor, cuts, np.diff(scores, axis=1), scores[:, 0], weights, by_cut, shifts)


def raised(
    values: np.ndarray, place: int, ends: np.ndarray, scenario: Scenario, sds: np.ndarray | None = None
) -> np.ndarray:
    """Ratings of one driver after the scenario.

    Parameters
    ----------
    values
        (n, D): ratings.
    place
        Which driver.
    ends
        (D, 2): ends of the scales.
    scenario
        As of `what_if`.
    sds
        (D,): standard deviations of the ratings, for `one_sd`.
    """
    rating, (low, high) = values[:, place], ends[place]
    if scenario == "dissatisfied_to_neutral":
        return np.maximum(rating, (low + high) / 2)
    return np.minimum(rating + points_of(scenario, ends, sds)[place], high)


def points_of(scenario: Scenario, ends: np.ndarray, sds: np.ndarray | None = None) -> np.ndarray:
    """(D,): scale points by which each driver is raised.

    Parameters
    ----------
    scenario, ends, sds
        As of `raised`.
    """
    if scenario == "one_sd":
        return np.asarray(sds, dtype=float)
    return TENTH * np.ptp(ends, axis=1) if scenario == "tenth" else np.ones(len(ends))


def _climbed(
    columns: Columns, values: np.ndarray, place: int, ends: np.ndarray, scenario: Scenario
) -> tuple[np.ndarray, float]:
    """Ratings of one driver after the scenario, and the share of the way to them that counts.

    A ladder has steps between whole points only: of a whole point more as much counts as the scenario raises by.
    """
    if columns.shape != "monotone" or scenario == "dissatisfied_to_neutral":
        return raised(values, place, ends, scenario, columns.sd), 1.0
    points = points_of(scenario, ends, columns.sd)[place]
    return np.minimum(values[:, place] + np.ceil(points), ends[place, 1]), points / np.ceil(points)


def what_if(
    draws: tuple[np.ndarray, ...],
    rows: Rows,
    columns: Columns,
    values: np.ndarray,
    applies: np.ndarray,
    *,
    ends: np.ndarray,
    measures: Sequence[str],
    scores: np.ndarray,
    scenario: Scenario = "tenth",
    moved: float = 1.0,
    resample: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
    random_seed: int,
) -> Changes:
    """Raise one driver after the other and compare the outcome's measures with those of the ratings as they are.

    Parameters
    ----------
    draws
        Coefficients (N, S, C), intercepts (N, S), cuts (N, K − 1) and, where effects differ by cut, shifts
        (N, K − 1, P).
    rows, columns, values, applies
        People as the model saw them, and their ratings.
    ends
        (D, 2): ends of the drivers' scales.
    measures, scores
        From `scorings`.
    scenario
        `tenth`: everyone who used the driver and is below its top rates it a tenth of its scale higher, or at the top;
        `one_sd`, `one_point`: by a standard deviation of its ratings, by a point of its scale;
        `dissatisfied_to_neutral`: those below the middle rate it at the middle.
    moved
        Share of those people who do so.
    resample
        Gives, for places of rows, their weights in another survey: with it each draw sees other people, as everyone
        whom the survey stands for is known from a sample; without it the people are those of the survey.
    random_seed
        For the choice of people where there are more than `MOST_ROWS`, and for resampling.
    """
    coefficients, intercepts, cuts, shifts = (*draws, np.zeros((*draws[2].shape, 0)))[:4]
    group = np.repeat(np.arange(rows.segments), np.diff(rows.starts))
    kept = np.arange(len(group))
    if len(kept) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(random_seed).choice(len(group), MOST_ROWS, replace=False))
    group, table, weights = group[kept], rows.columns[kept], np.ascontiguousarray(rows.weights[kept])
    scores = np.asarray(scores, dtype=float)
    width = int((~columns.level).sum())  # levels stay as they are
    differences: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    reached: list[float] = []
    for place in range(values.shape[1]):
        use = applies[kept, place]
        after, share = _climbed(columns, values[kept], place, ends, scenario)
        rated = values[kept].copy()
        rated[:, place] = np.where(use, after, columns.location[place])
        # With a mood among the columns it moves, too.
        moves = share * (columns.of(rated, applies[kept]) - table[:, :width])
        own = np.abs(moves).max(0, initial=0) > 0
        moves = moves[:, own]
        # Of people whose rating stays nothing changes: only the others are predicted twice.
        touched = np.flatnonzero(np.abs(moves).max(1, initial=0) > 1e-12)
        reached.append(float(weights[touched].sum() / weights.sum()))
        by_cut = table[touched][:, rows.by_cut]
        by_cut_after = by_cut.copy()
        for p, column in enumerate(rows.by_cut):
            if column < width and own[column]:
                by_cut_after[:, p] += moves[touched, np.flatnonzero(own).searchsorted(column)]
        differences.append((np.flatnonzero(own), moves[touched], touched, by_cut, by_cut_after))
    change = np.zeros((len(cuts), values.shape[1], len(measures)))
    rng = np.random.default_rng(random_seed)
    for n in range(len(cuts)):
        drawn = weights if resample is None else resample(kept, rng)
        predictor = intercepts[n][group] + np.einsum("ij,ij->i", table, coefficients[n][group])
        for place, (columns_moved, moves, touched, z_before, z_after) in enumerate(differences):
            w = np.ascontiguousarray(drawn[touched])
            if not w.sum() > 0:
                continue
            before = predictor[touched]
            shift = np.einsum("ij,ij->i", moves, coefficients[n][group[touched]][:, columns_moved])
            before, after = (
                mean_scores(each, cuts[n], scores, w, rows.link, z, shifts[n])
                for each, z in ((before, z_before), (before + shift, z_after))
            )
            change[n, place] = moved * w.sum() / drawn.sum() * (after - before)
    return Changes(measures=tuple(measures), change=change, reached=moved * np.array(reached))
