"""What the priors predict before they have seen an answer: the prior predictive check."""

import numpy as np

from workbench.findings import Check
from workbench.models.drivers.model.what_if import scorings
from workbench.models.drivers.ordinal.links import LINKS, LOGIT, Link, LinkName
from workbench.models.drivers.ordinal.rows import Prior, level_contrasts
from workbench.models.drivers.responses.ratings import Ratings
from workbench.wording import number, percent, sentence

DRAWS = 400  # four lie beyond each of the outermost quantiles
PEOPLE = 500  # shares of so many vary by two percentage points
LOPSIDED = 0.9
"""Share of people with one answer from which a draw counts as lopsided."""
MOST_LOPSIDED = 0.25
"""Share of lopsided draws from which priors hold too much for certain. Ours, as the share above."""
PLAUSIBLE = (0.01, 0.99)
"""Quantiles of the prior predictive distribution between which the observed outcome is no surprise."""


def draw_prior(
    prior: Prior,
    *,
    levels: int,
    drivers: int,
    columns: int,
    varying: np.ndarray,
    segments: int,
    rng: np.random.Generator,
    link: Link = LOGIT,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One draw of coefficients (S, C), intercepts (S,) and cuts (K − 1,) from the priors, in the unit of the link.

    Parameters
    ----------
    prior
        In the unit of the link.
    levels, drivers, columns, segments
        How many levels the outcome has, and how many drivers, columns and segments there are.
    varying
        Bool (C,): columns whose effects differ by segment.
    rng
        What draws.
    link
        Distribution of the latent noise.
    """
    cuts = np.sort(prior.cut_location + link.draw(rng, levels - 1))
    effects = rng.normal(0, prior.effect_sd(drivers), columns)
    coefficients = np.repeat(effects[None], segments, axis=0)
    intercepts = np.zeros(segments)
    if segments > 1:
        sds = rng.gamma(2, np.array([prior.segment_effect, prior.segment_level]) / 2)
        coefficients[:, varying] += rng.normal(0, sds[0], (segments, int(varying.sum())))
        intercepts = level_contrasts(segments) @ rng.normal(0, sds[1], segments - 1)
    return coefficients, intercepts, cuts


def prior_predictive(ratings: Ratings, prior: Prior, *, link: LinkName = "logit", random_seed: int) -> Check:
    """Whether the observed outcome is something that the priors hold for possible, and they hold little for certain.

    Passes where the outcome's first measure lies in the middle 98% of what they predict, and at most a quarter of the
    draws puts nine of ten people on one answer.

    Parameters
    ----------
    ratings
        The answers.
    prior
        In log-odds, as `fit_drivers` takes it.
    link
        `logit` or `probit`.
    random_seed
        Fixes the draws.
    """
    rng = np.random.default_rng(random_seed)
    noise = LINKS[link]
    prior = prior.on(noise)
    drivers = len(ratings.drivers)
    measures, scores = scorings(ratings.points, ratings.scale, is_nps=ratings.is_nps)
    found, lopsided = [], 0
    for _ in range(DRAWS):
        coefficients, _, cuts = draw_prior(
            prior,
            levels=len(ratings.points),
            drivers=drivers,
            columns=drivers,
            varying=np.ones(drivers, dtype=bool),
            segments=1,
            rng=rng,
            link=noise,
        )
        # Ratings as alike as they usually are: correlation one half.
        people = np.sqrt(0.5) * (rng.standard_normal((PEOPLE, drivers)) + rng.standard_normal((PEOPLE, 1)))
        answers = np.searchsorted(cuts, people @ coefficients[0] + noise.draw(rng, PEOPLE))
        shares = np.bincount(answers, minlength=len(ratings.points)) / PEOPLE
        lopsided += int(shares.max() > LOPSIDED)
        found.append(scores[0] @ shares)
    low, high = np.quantile(found, PLAUSIBLE)
    observed = float(np.average(scores[0][ratings.levels], weights=ratings.weights))
    share = lopsided / DRAWS
    show = percent if measures[0] == "top_box" else number
    return Check(
        name="prior_predictive",
        title=sentence("The outcome against what priors expect"),
        status="pass" if low <= observed <= high and share <= MOST_LOPSIDED else "warn",
        value=observed,
        message=sentence(
            "Before seeing data the model expects the outcome between {low} and {high}; it is {observed}. In {share} "
            "of draws nearly all people would give one answer.",
            low=show(float(low)),
            high=show(float(high)),
            observed=show(observed),
            share=percent(share),
        ),
    )
