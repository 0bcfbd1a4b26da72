"""General or local: which drivers are weak everywhere, and which for one segment or at one touchpoint alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.models.drivers.effects.performance import mean_ratings
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.what_if import points_of
from workbench.models.drivers.ordinal.approximation import approximate
from workbench.models.drivers.ordinal.rows import Rows, subset
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.data_sufficiency import FEWEST_OTHERS, answers_needed
from workbench.models.drivers.responses.ratings import ALL, Ratings
from workbench.models.levels import as_levels, lump_levels
from workbench.statistics.shrinkage import shrink
from workbench.wording import inline

PRIOR_SCALE = 10.0
"""Points of 100: scale of the half-normal prior of how much performance differs between groups. Ours: wide; groups of
one survey seldom differ by more than a sixth of the scale."""
DRAWS = 1000  # means are then known to a thirtieth of their standard deviation


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouping:
    """A way to split people.

    Attributes
    ----------
    column, label
        In the data, and inside a sentence.
    names
        Of the groups, none of them too small to show.
    group
        Int64 (n,): place of each row's group among `names`.
    """

    column: str
    label: str
    names: tuple[str, ...]
    group: np.ndarray


def groupings(ratings: Ratings) -> tuple[Grouping, ...]:
    """Ways to split people: the model's segments, then other columns; one with a single group says nothing.

    Parameters
    ----------
    ratings
        Answers, with the columns that people are split by.
    """
    found = []
    for column, label in ratings.splits.items():
        if column == ratings.segment:
            names, group = np.array(ratings.segments), ratings.group
        else:
            levels = as_levels(ratings.table[column])
            lumped = levels.map(lump_levels(levels, label=label, check=column)[0])
            names, group = np.unique(lumped.to_numpy(dtype=str), return_inverse=True)
        if len(names) > 1:
            found.append(Grouping(column=column, label=inline(label), names=tuple(map(str, names)), group=group))
    return tuple(found)


def segment_table(ratings: Ratings, splits: Sequence[Grouping], *, target: float, confidence: float) -> pd.DataFrame:
    """Performance by group, as observed and with chance taken out; of everyone where nothing splits people.

    Parameters
    ----------
    ratings
        The answers.
    splits
        Ways to split people.
    target
        Performance aimed at, from 0 to 100.
    confidence
        Level of intervals.

    Returns
    -------
    DataFrame
        `by` (what people are split by), `segment` (the group), `driver`, `label`, `n` (people who rated it), `observed`
        (mean rating 0–100), `performance`, `lower`, `upper` (partially pooled: moved towards the mean of all groups as
        far as chance explains the difference, `shrinkage`) and `p_weak` (probability of being below the target). Where
        too few gave a rating (`Ratings.too_few`) all of that is missing. Drivers whose groups differ most stand first.
    """
    everyone = Grouping(column="", label="", names=(ALL,), group=np.zeros(len(ratings.levels), dtype=np.int64))
    frames = []
    for split in splits or (everyone,):
        of_split = []
        found = [mean_ratings(ratings, split.group == s) for s in range(len(split.names))]
        means, errors, counts = (np.array([each[part] for each in found]) for part in range(3))
        few = ratings.too_few(split.group, len(split.names))
        for place, name in enumerate(ratings.drivers):
            known = np.isfinite(means[:, place])
            told = {key: np.full(len(split.names), np.nan) for key in ("performance", "lower", "upper", "p_weak")}
            if known.any():
                shrunk = shrink(means[known, place], errors[known, place], prior_scale=PRIOR_SCALE)
                lower, upper = shrunk.interval(confidence)
                for key, value in zip(told, (shrunk.mean, lower, upper, shrunk.below(target)), strict=True):
                    told[key][known] = value
            frame = {"by": split.label, "segment": split.names, "driver": name, "label": ratings.labels[name]}
            rows = pd.DataFrame({**frame, "n": counts[:, place], "observed": means[:, place], **told})
            of_split.append(_untold(rows, few[:, place]))
        frames += sorted(
            of_split, key=lambda each: -np.nan_to_num(each["performance"].max() - each["performance"].min())
        )
    return pd.concat(frames, ignore_index=True)


def reach_table(segments: pd.DataFrame, likely: float) -> pd.DataFrame:
    """Where drivers are weak.

    `by`, `driver`, `label`, `reach` (weak `everywhere`, in `some` groups or `nowhere`), `where` and `range` (points by
    which performance differs between groups).

    Parameters
    ----------
    segments
        From `segment_table`.
    likely
        Probability of being below the target from which a driver is called weak.
    """
    rows = []
    known = segments[segments["p_weak"].notna()]
    for (by, _), group in known.groupby(["by", "driver"], sort=False):
        weak = group[group["p_weak"] >= likely]
        reach = "nowhere" if weak.empty else "everywhere" if len(weak) == len(group) else "some"
        first = group.iloc[0]
        where = list(weak["segment"]) if reach == "some" else []
        rows.append((by, first["driver"], first["label"], reach, where, np.ptp(group["performance"])))
    return pd.DataFrame(rows, columns=["by", "driver", "label", "reach", "where", "range"])


def effect_table(model: DriverModel) -> pd.DataFrame:
    """Effects by segment, partially pooled by the model and as each segment alone would have them.

    Parameters
    ----------
    model
        A fitted model.

    Returns
    -------
    DataFrame
        `segment`, `driver`, `label`, `n` (people who rated it; missing with all that follows where they are too few,
        `Ratings.too_few`), `alone`, `alone_lower`, `alone_upper` (the segment fitted by itself with the same prior, in
        normal approximation over all imputations; a straight slope where the model has steps; missing where the segment
        has too few answers), `effect`, `lower`, `upper` (of the model, partially pooled); effect of a tenth of the
        scale in the model's `effect_unit`.
    """
    ratings = model.ratings
    tenths = points_of("tenth", ratings.ends)
    pooled = model.point_effects() * tenths
    # Steps of one sign are the model's own belief; without it a segment's few answers have a straight slope.
    straight = model if model.columns.shape != "monotone" else replace(model, columns=make_columns(ratings))
    alone = straight.point_effects(_alone(straight)) * tenths
    (lower, upper), (alone_lower, alone_upper) = model.interval(pooled), model.interval(alone)
    groups = len(ratings.segments)
    counts, few = ratings.raters(ratings.group, groups), ratings.too_few(ratings.group, groups)
    frames = []
    for s, segment in enumerate(ratings.segments):
        frame = {
            "segment": segment,
            "driver": ratings.drivers,
            "label": [ratings.labels[name] for name in ratings.drivers],
            "n": counts[s],
            "alone": alone[:, s].mean(0),
            "alone_lower": alone_lower[s],
            "alone_upper": alone_upper[s],
            "effect": pooled[:, s].mean(0),
            "lower": lower[s],
            "upper": upper[s],
        }
        frames.append(_untold(pd.DataFrame(frame), few[s]))
    return pd.concat(frames, ignore_index=True)


def _untold(frame: pd.DataFrame, few: np.ndarray) -> pd.DataFrame:
    """Rows of too few without their numbers; how many people there are stays a whole number."""
    told = frame.columns.difference(["by", "segment", "driver", "label"])
    numbers = {name: frame[name].astype(float).mask(few) for name in told if name != "n"}
    return frame.assign(**numbers, n=frame["n"].astype("Int64").mask(few))


def _alone(model: DriverModel) -> np.ndarray:
    """(draws, S, C): coefficients of each segment from its own answers; NaN where it has too few."""
    ratings, drivers = model.ratings, len(model.ratings.drivers)
    out = None
    for s in range(len(ratings.segments)):
        datasets = [_segment(rows, s) for rows in model.rows]
        counts = np.bincount(datasets[0].levels)
        if counts.sum() < answers_needed(drivers) or counts.sum() - counts.max() < FEWEST_OTHERS:
            continue
        fitted = approximate(datasets, model.prior, drivers=drivers, weighting=ratings.design_weighting)
        drawn = fitted.draws(DRAWS, np.random.default_rng(model.random_seed))[0][:, 0]
        if out is None:
            out = np.full((len(drawn), len(ratings.segments), drawn.shape[1]), np.nan)
        out[:, s] = drawn
    return np.full((1, len(ratings.segments), len(model.columns.driver)), np.nan) if out is None else out


def _segment(rows: Rows, s: int) -> Rows:
    """One segment as if there were no other; levels that nobody gave there are left out."""
    own = subset(rows, rows.group == s)
    points, levels = np.unique(own.levels, return_inverse=True)
    return replace(
        own,
        levels=levels.astype(np.int64),
        starts=np.array([0, len(levels)]),
        count=len(points),
        varying=np.zeros_like(rows.varying),
        by_cut=np.zeros(0, dtype=np.int64),  # its own few answers tell no more than one effect for all cuts
    )
