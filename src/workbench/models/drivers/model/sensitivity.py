"""How effects of drivers move with the priors, with the treatment of missing ratings, and without levels of groups
and waves.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from workbench.findings import Check
from workbench.models.drivers.ordinal.approximation import Approximation, approximate
from workbench.models.drivers.ordinal.laplace import one_thread
from workbench.models.drivers.ordinal.rows import Prior, Rows, subset
from workbench.models.drivers.responses.columns import Columns
from workbench.models.drivers.responses.ratings import MISSING, Ratings
from workbench.wording import number, percent, sentence

FACTORS = {"prior half as wide": 0.5, "prior twice as wide": 2.0}
WITHOUT_LEVELS = "no levels of groups and waves"
LARGEST_LEVEL_SHIFT = 2.0
"""Standard deviations of the posterior by which levels of groups and waves may move an effect before it is said."""
COMPLETE_ONLY = "people with missing ratings left out"
LARGEST_SHIFT = 1.0
"""Standard deviations of the posterior by which an effect may move before it is said."""
FEWEST_PER_DRIVER = 10
"""People without a missing rating for each driver, below which they are not fitted alone."""
SURE = 0.95


@one_thread
def sensitivity(
    ratings: Ratings, columns: Columns, prior: Prior, datasets: Sequence[Rows]
) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Effects under other priors, without people with missing ratings, and without levels of groups and waves.

    Each is a normal approximation over all imputations (`approximation`), with the design's standard deviations under
    survey weights. Without levels, effects are those among all people together and not within groups.

    Parameters
    ----------
    datasets
        Completed data, one an imputation.

    Returns
    -------
    pandas.DataFrame
        `scenario`, `driver`, `effect`, `alternative`, `shift` (in standard deviations of the posterior).
    tuple of Check
        `prior_sensitivity`; where ratings are missing `missing_ratings_sensitivity`; with levels `levels_sensitivity`.

    Notes
    -----
    Leaving out people with missing ratings moves effects by chance alone: if they differ in nothing, by the standard
    deviation √(v₀ − v), v₀ and v the variances without and with them (Hausman 1978). An effect moves too far where it
    moves by more than `LARGEST_SHIFT` and by more than that explains in 95% of surveys, all effects taken together
    (Bonferroni).
    """
    settings = {"drivers": len(ratings.drivers), "weighting": ratings.design_weighting}
    plain = [
        replace(rows, by_cut=rows.by_cut[:0], blocks=None) for rows in datasets
    ]  # effects on average over all cuts
    base = approximate(plain, prior, **settings)
    rating = columns.rating
    others = {
        sentence(name): approximate(plain, _scaled(prior, factor), **settings) for name, factor in FACTORS.items()
    }
    worst = max(float(np.abs(_shift(base, other))[rating].max()) for other in others.values())
    checks = [_of_priors(worst)]
    missing = (ratings.state == MISSING).any(1)
    if missing.any():
        people, left = ratings.people(np.ones(len(missing), dtype=bool)), ratings.people(~missing)
        whole = None
        if left >= FEWEST_PER_DRIVER * len(ratings.drivers) and len(np.unique(ratings.levels[~missing])) > 1:
            whole = approximate([subset(plain[0], ~missing)], prior, **settings)  # nothing of theirs is imputed
            others[sentence(COMPLETE_ONLY)] = whole
        checks.append(_of_missing_ratings(base, whole, rating, left, people))
    if datasets[0].segments > 1 or columns.level.any():
        pooled = approximate([_pooled(rows, columns) for rows in plain], prior, **settings)
        others[sentence(WITHOUT_LEVELS)] = pooled
        checks.append(_of_levels(ratings, columns, base, pooled))
    frames = [
        pd.DataFrame(
            {"scenario": name, "driver": columns.names, "effect": base.effects, "alternative": other.effects,
             "shift": _shift(base, other)}
        )[rating]
        for name, other in others.items()
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True), tuple(checks)


def _shift(base: Approximation, other: Approximation) -> np.ndarray:
    return (other.effects - base.effects) / base.sds


def _pooled(rows: Rows, columns: Columns) -> Rows:
    """Everybody compared with everybody: no segments, and levels that say nothing."""
    table = rows.columns.copy()
    table[:, columns.level] = 0.0
    return replace(rows, columns=table, starts=np.array([0, len(rows.levels)]), varying=np.zeros_like(rows.varying))


def _of_levels(ratings: Ratings, columns: Columns, base: Approximation, pooled: Approximation) -> Check:
    """What comparing people of different groups and waves would say of the driver whose effect it moves most."""
    shift = np.where(columns.rating, np.abs(_shift(base, pooled)), 0.0)
    place = int(shift.argmax())
    moved = shift[place] > LARGEST_LEVEL_SHIFT
    driver = columns.driver[place]
    template = (
        "Within groups and waves one point of “{label}” goes with {within} {unit}; among all people together with "
        "{pooled}. What differs between groups or over time is not the driver's: effects here are those within."
        if moved
        else "Effects within groups and waves and among all people together agree: “{label}” moves most, from {within} "
        "to {pooled} {unit}."
    )
    sd = columns.sd[driver]
    return Check(
        name="levels_sensitivity",
        status="warn" if moved else "pass",
        value=float(shift[place]),
        threshold=LARGEST_LEVEL_SHIFT,
        message=sentence(
            template,
            label=ratings.labels[ratings.drivers[driver]],
            within=number(base.effects[place] / sd, 2),
            pooled=number(pooled.effects[place] / sd, 2),
            unit=sentence("log-odds") if not base.modes[0].rows.link.is_probit else sentence("of the latent noise"),
        ),
    )


def _scaled(prior: Prior, factor: float) -> Prior:
    return replace(
        prior,
        effect=None if prior.effect is None else prior.effect * factor,
        segment_effect=prior.segment_effect * factor,
        segment_level=prior.segment_level * factor,
        control=prior.control * factor,
    )


def _of_priors(worst: float) -> Check:
    return Check(
        name="prior_sensitivity",
        status="pass" if worst < LARGEST_SHIFT else "warn",
        value=worst,
        threshold=LARGEST_SHIFT,
        message=sentence(
            "With priors half or twice as wide, effects stay where they are (within {limit} standard deviation)."
            if worst < LARGEST_SHIFT
            else "With priors half or twice as wide, an effect moves by {worst} standard deviations: the data say "
            "little about it, and the prior much.",
            worst=number(worst, 2),
            limit=number(LARGEST_SHIFT),
        ),
    )


def _of_missing_ratings(
    base: Approximation, whole: Approximation | None, rating: np.ndarray, left: int, people: int
) -> Check:
    if whole is None:
        return Check(
            name="missing_ratings_sensitivity",
            status="warn",
            message=sentence(
                "Only {left} of {people} people left no driver blank: too few to fit them alone, so what imputing does "
                "to the effects cannot be looked at beside them.",
                left=number(left),
                people=number(people),
            ),
        )
    shift = np.abs(_shift(base, whole))[rating]
    by_chance = np.sqrt(np.maximum((whole.sds / base.sds)[rating] ** 2 - 1, 0))
    allowed = np.maximum(LARGEST_SHIFT, norm.ppf(1 - (1 - SURE) / 2 / len(shift)) * by_chance)
    place = int((shift / allowed).argmax())
    moved = shift[place] > allowed[place]
    told = (
        sentence(
            "an effect moves by {shift} standard deviations, where fewer people explain {allowed} at most. Either "
            "those who leave blanks differ, or who leaves blanks depends on the outcome: complete answers cannot show "
            "which. Look at the table of sensitivities before relying on that effect",
            shift=number(shift[place], 2),
            allowed=number(allowed[place], 2),
        )
        if moved
        else sentence(
            "effects move by no more than chance explains when so many are left out. That speaks against people with "
            "blanks being different; it says nothing about blanks that depend on the very rating that is missing"
        )
    )
    return Check(
        name="missing_ratings_sensitivity",
        status="warn" if moved else "pass",
        value=float(shift[place]),
        threshold=float(allowed[place]),
        message=sentence(
            "Without the {share} of people who left a driver blank, {told}.",
            share=percent(1 - left / people),
            told=told,
        ),
    )
