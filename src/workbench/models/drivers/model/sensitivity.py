"""How effects move with the priors, the treatment of missing ratings, and without levels of groups and waves."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

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

LARGEST_LEVEL_SHIFT = 2.0
"""Standard deviations of the posterior by which levels of groups and waves may move an effect. Ours."""
LARGEST_SHIFT = 1.0
"""Standard deviations of the posterior by which an effect may move before it is said. Ours."""
FEWEST_PER_DRIVER = 10
"""People without a missing rating for each driver, below which they are not fitted alone (Peduzzi et al. 1996)."""
SURE = 0.95  # the convention


@one_thread
def sensitivity(
    ratings: Ratings, columns: Columns, prior: Prior, datasets: Sequence[Rows]
) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Effects under other priors, without people with missing ratings, and without levels of groups and waves.

    Each is a normal approximation over all imputations (`approximation`), with the design's standard deviations under
    survey weights. Without levels, effects are those among all people together and not within groups.

    Parameters
    ----------
    ratings, columns, prior
        What the model was fitted to.
    datasets
        Completed data, one an imputation.

    Returns
    -------
    pandas.DataFrame
        `scenario`, `driver` (with what is meant of it, where effects are no straight lines), `label`, `effect`,
        `alternative`, `shift` (in standard deviations of the posterior).
    tuple of Check
        `prior_sensitivity`; where ratings are missing `missing_ratings_sensitivity`; with levels `levels_sensitivity`.

    Notes
    -----
    Leaving out people with missing ratings moves effects by chance alone: if they differ in nothing, by the standard
    deviation √(v₀ − v), v₀ and v the variances without and with them (Hausman 1978). An effect moves too far where it
    moves by more than `LARGEST_SHIFT` and by more than that explains in 95% of surveys, all effects taken together
    (Bonferroni).
    """
    fitted = partial(approximate, drivers=len(ratings.drivers), weighting=ratings.design_weighting)
    plain = [replace(rows, by_cut=rows.by_cut[:0]) for rows in datasets]  # effects on average over all cuts
    base = fitted(plain, prior)
    rating = columns.rating
    others = {
        sentence("prior half as wide"): fitted(plain, _scaled(prior, 0.5)),
        sentence("prior twice as wide"): fitted(plain, _scaled(prior, 2.0)),
    }
    worst = max(float(np.abs(_shift(base, other))[rating].max()) for other in others.values())
    checks = [_of_priors(worst)]
    missing = (ratings.state == MISSING).any(1)
    if missing.any():
        people, left = ratings.people(np.ones(len(missing), dtype=bool)), ratings.people(~missing)
        whole = None
        if left >= FEWEST_PER_DRIVER * len(ratings.drivers) and len(np.unique(ratings.levels[~missing])) > 1:
            whole = fitted([subset(plain[0], ~missing)], prior)  # nothing of theirs is imputed
            others[sentence("people with missing ratings left out")] = whole
        checks.append(_of_missing_ratings(base, whole, rating, left, people))
    if datasets[0].segments > 1 or columns.level.any():
        pooled = fitted([_pooled(rows, columns) for rows in plain], prior)
        others[sentence("no levels of groups and waves")] = pooled
        checks.append(_of_levels(ratings, columns, base, pooled))
    frames = [
        pd.DataFrame(
            {
                "scenario": name,
                "driver": columns.names,
                "label": columns.labels,
                "effect": base.effects,
                "alternative": other.effects,
                "shift": _shift(base, other),
            }
        )[rating]
        for name, other in others.items()
    ]
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
        "One point of “{label}” goes with {within} {unit} within groups and waves, and with {pooled} among all people. "
        "We use the effect within: what differs between groups or over time is not the driver's."
        if moved
        else "Effects within groups and waves agree with those among all people: “{label}” moves most, from {within} "
        "to {pooled} {unit}."
    )
    sd = columns.sd[driver]
    return Check(
        name="levels_sensitivity",
        title=sentence("Effects within groups and among all people"),
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
        title=sentence("How far effects depend on the priors"),
        status="pass" if worst < LARGEST_SHIFT else "warn",
        value=worst,
        threshold=LARGEST_SHIFT,
        message=sentence(
            "With priors half or twice as wide, no effect moves by more than {limit} standard deviation."
            if worst < LARGEST_SHIFT
            else "With priors half or twice as wide, an effect moves by {worst} standard deviations: it rests on the "
            "prior more than on the data.",
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
            title=sentence("Imputed ratings cannot be compared with complete answers"),
            message=sentence(
                "Only {left} of {people} people rated every driver: too few to fit them alone and see what imputing "
                "the missing ratings does to the effects.",
                left=number(left),
                people=number(people),
            ),
        )
    shift = np.abs(_shift(base, whole))[rating]
    by_chance = np.sqrt(np.maximum((whole.sds / base.sds)[rating] ** 2 - 1, 0))
    allowed = np.maximum(LARGEST_SHIFT, norm.ppf(1 - (1 - SURE) / 2 / len(shift)) * by_chance)
    place = int((shift / allowed).argmax())
    moved = shift[place] > allowed[place]
    return Check(
        name="missing_ratings_sensitivity",
        title=sentence("Effects without people with missing ratings"),
        status="warn" if moved else "pass",
        value=float(shift[place]),
        threshold=float(allowed[place]),
        message=sentence(
            "Without the {share} of people with missing ratings an effect moves by {shift} standard deviations; chance "
            "explains {allowed} at most. Look at the sensitivity table before relying on it: these people differ, or "
            "ratings are missing because of the outcome."
            if moved
            else "Without the {share} of people with missing ratings, effects move no more than chance explains. That "
            "says nothing about ratings that are missing because of what they would have been.",
            share=percent(1 - left / people),
            shift=number(shift[place], 2),
            allowed=number(allowed[place], 2),
        ),
    )
