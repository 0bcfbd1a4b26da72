"""Fitting the drivers' model: impute, choose the model that the answers ask for, sample, pool."""

from typing import Literal

from workbench.models.drivers.model.comparison import compare
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.what_if import scorings
from workbench.models.drivers.ordinal.approximation import approximate, approximate_posterior
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.links import LINKS, LinkName
from workbench.models.drivers.ordinal.posterior import CHAINS, sample
from workbench.models.drivers.ordinal.proportional_odds import proportional_odds
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.responses.columns import Shape, make_columns
from workbench.models.drivers.responses.ratings import Ratings


def fit_drivers(
    ratings: Ratings,
    *,
    prior: Prior | None = None,
    shape: Shape = "linear",
    link: LinkName = "logit",
    imputations: int = 5,
    draws: int = 500,
    tune: int = 400,
    confidence: float = 0.9,
    sampler: Literal["nuts", "laplace"] = "nuts",
    random_seed: int,
) -> DriverModel:
    """Impute missing ratings, choose the model that the answers ask for, sample each completed data set, pool.

    Answers that follow a person's mood get a column for it (`Comparison.by_mood`), and drivers of which proportional
    odds are broken effects that differ by cut (`proportional_odds`).

    Parameters
    ----------
    ratings
        The answers, see `read_responses`.
    prior
        In log-odds; with a probit its scales are as wide beside the latent noise (`Prior.on`).
    shape
        `linear`, `asymmetric` or `monotone`, see `columns.Columns`.
    link
        `logit` or `probit`: logistic or normal noise of the latent variable; effects are in its unit.
    imputations
        How often missing ratings are imputed; once where there are none.
    draws, tune
        Of each of 4 chains.
    confidence
        Level of every interval.
    sampler
        `laplace`: no chains, but as many draws from the normal approximation around the mode (`approximation`).
    random_seed
        Fixes imputations and chains.
    """
    noise = LINKS[link]
    prior = (prior or Prior()).on(noise)
    columns = make_columns(ratings, shape)
    completed = complete(ratings, prior, times=imputations, link=noise, random_seed=random_seed)
    compared = compare(ratings, columns, prior, completed, link=noise, random_seed=random_seed)
    if compared.by_mood:
        columns = make_columns(ratings, shape, mood_of=completed[0])
    many, weighting = len(ratings.drivers), ratings.design_weighting
    measure = scorings(ratings.points, ratings.scale, is_nps=ratings.is_nps)[1][0]
    one = rows_of(ratings, columns, *completed[0], link=noise)
    odds = proportional_odds(
        one, columns, prior, measure, drivers=many, adjusts=weighting == "survey", random_seed=random_seed
    )
    datasets = [rows_of(ratings, columns, *each, link=noise, cut_effects=odds.cut_effects) for each in completed]
    if sampler == "nuts":
        posterior = sample(
            datasets, columns, prior, draws=draws, tune=tune, weighting=weighting, drivers=many, random_seed=random_seed
        )
    else:
        found = approximate(datasets, prior, drivers=many, weighting=weighting)
        posterior = approximate_posterior(found, CHAINS * draws * len(datasets), random_seed)
    return DriverModel(
        ratings=ratings,
        columns=columns,
        prior=prior,
        completed=completed,
        posterior=posterior,
        confidence=confidence,
        random_seed=random_seed,
        link=noise,
        odds=odds,
        compared=compared,
    )
