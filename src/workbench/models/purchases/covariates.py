"""Customers whose pace depends on what is known of them: a proportional rate of purchases.

λ of a customer is e^(γ'z) times what it would be without attributes z. Time that runs e^(γ'z) times as fast does that:
histories in each customer's own time follow the model without attributes, up to the density's change of unit. So all
likelihoods, expectations and draws of the house serve here too. With the BG/NBD and MBG/NBD customers leave at
purchases, and their leaving is as much faster; with the Pareto/NBD both rates are proportional, by the same factor.

References
----------
Fader, Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models, note 019; Cox,
Oakes (1984), chapter 5, for accelerated time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check
from workbench.models.levels import MOST_LEVELS, SMALLEST_GROUP, as_levels
from workbench.models.purchases.families import Family, bg_nbd
from workbench.models.purchases.fitting import Prior, start
from workbench.models.purchases.histories import Histories
from workbench.statistics.hamiltonian import sample
from workbench.statistics.laplace import Sample
from workbench.suppression import apart
from workbench.wording import number, plural, sentence

DRAWS = 400
"""Of effects: ends of their 90% intervals are then known to a twentieth of their width."""
EFFECT_SD = 1.0
"""Of the prior of an effect a standard deviation of its attribute: 90% within a factor of 5 either way."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CovariateFit:
    """The posterior of a model with attributes.

    Attributes
    ----------
    family
        The model.
    parameters : (draws, p)
        Of the model, for a customer whose attributes are all 0.
    effects : (draws, c)
        γ: log of how many times as fast a customer buys, a unit of the attribute.
    sample
        How it was sampled.
    """

    family: Family
    parameters: np.ndarray
    effects: np.ndarray
    sample: Sample


def own_time(histories: Histories, pace: np.ndarray) -> Histories:
    """Histories in each customer's own time.

    Parameters
    ----------
    histories
        n rows.
    pace : (n,)
        How many times as fast the time of each runs.
    """
    return replace(
        histories,
        recency=histories.recency * pace,
        observed=histories.observed * pace,
        log_gaps=histories.log_gaps + histories.frequency * np.log(pace),
    )


def log_likelihood(
    family: Family, parameters: np.ndarray, effects: np.ndarray, histories: Histories, attributes: np.ndarray
) -> float:
    """Of all customers together, in the unit of time of the histories.

    Parameters
    ----------
    family
        The model.
    parameters : (p,)
        Positive.
    effects : (c,)
        γ.
    histories
        n rows.
    attributes : (n, c)
        z, known when the customer came.
    """
    logs = attributes @ effects
    change = float(histories.weights @ (histories.frequency * logs))
    return family.log_likelihood(parameters, own_time(histories, np.exp(logs))) + change


def posterior(
    family: Family, histories: Histories, attributes: np.ndarray, *, draws: int, seed: int, prior: Prior | None = None
) -> CovariateFit:
    """Draws of parameters and effects.

    Parameters
    ----------
    family
        The model.
    histories
        n rows, not collapsed.
    attributes : (n, c)
        z, known when the customer came: what a customer did later is an outcome.
    draws, seed, prior
        As of `fitting.posterior`; effects have a normal prior of `EFFECT_SD` a standard deviation of their attribute.

    Raises
    ------
    DataError
        Where nobody bought again, or an attribute does not vary or has gaps.
    """
    spread = attributes.std(axis=0)
    if len(attributes) != len(histories) or not np.isfinite(attributes).all() or not (spread > 0).all():
        raise DataError(
            sentence(
                "Attributes of buyers: got {rows} rows for {customers} customers; expected one row each without gaps, "
                "and columns that vary.",
                rows=number(len(attributes)),
                customers=number(len(histories)),
            )
        )
    middle = attributes.mean(axis=0)
    scaled = (attributes - middle) / spread
    few, kinds = _collapsed(histories, scaled)
    known = prior or Prior.weak(family, few)
    size = len(family.parameters)

    def log_density(place: np.ndarray) -> float:
        found = log_likelihood(family, np.exp(place[:size]), place[size:], few, kinds)
        return found + known.log_density(place[:size]) - 0.5 * float(np.sum((place[size:] / EFFECT_SD) ** 2))

    begin = np.concatenate([start(family, few), np.zeros(attributes.shape[1])])
    found = sample(log_density, begin, draws=draws, seed=seed)
    effects = found.draws[:, size:] / spread
    parameters = np.exp(found.draws[:, :size])
    # From a customer of average attributes to one whose attributes are 0, who needs e^(γ'mean) times as long.
    slower = np.exp(effects @ middle)
    for place, name in enumerate(family.parameters):
        if name in ("alpha", "beta"):
            parameters[:, place] *= slower
    return CovariateFit(family=family, parameters=parameters, effects=effects, sample=found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Paces:
    """How many times as fast as others customers buy, by what is known of them.

    Attributes
    ----------
    pace : (n,)
        Of each customer; the mean of its logarithm is 0.
    effects
        A row an attribute or level: `attribute`, `level`, `customers`, and `times`, `lower`, `upper`: how many times as
        fast as customers of the commonest level, or as those a standard deviation below.
    sound
        Whether the draws of effects may be used.
    """

    pace: np.ndarray
    effects: pd.DataFrame
    sound: bool

    def exhibits(self) -> Iterator[Showable]:
        """Effects, and whether they may be used."""
        yield Check(
            name="attributes_draws",
            status="pass" if self.sound else "fail",
            title=sentence("Effects of attributes may be used")
            if self.sound
            else sentence("Effects of attributes are not sound"),
            message=sentence(
                "Customers buy and leave as much faster as their attributes say. Models are chosen and tested without "
                "attributes."
            ),
        )
        yield Table(
            name="attributes",
            frame=self.effects,
            caption=sentence(
                "How many times as fast customers buy, by attribute: beside the commonest level, or for a standard "
                "deviation more."
            ),
            people=People(count="customers", by=["level"], within=["attribute"]),
            columns={
                "attribute": Column(sentence("Attribute")),
                "level": Column(sentence("Level")),
                "customers": Column(sentence("Customers")),
                "times": Column(sentence("Times as fast")),
                "lower": Column(sentence("From")),
                "upper": Column(sentence("To")),
            },
        )


def paces_of(histories: Histories, attributes: pd.DataFrame, *, seed: int) -> Paces:
    """Learn from the BG/NBD how much faster customers buy by their attributes.

    Parameters
    ----------
    histories
        n rows, not collapsed.
    attributes
        (n rows) Numbers, yes and no, or words, known when the customer came. Numbers of few values and words are
        levels; those of less than ten customers are one.
    seed
        Of the random numbers.

    Raises
    ------
    DataError
        Where nobody bought again, numbers have gaps, or an attribute is the same for all.
    """
    design, labels = [], []
    for name in map(str, attributes):
        columns, found = _encoded(name, attributes[name])
        design += columns
        labels += found
    fit = posterior(bg_nbd(), histories, np.column_stack(design), draws=DRAWS, seed=seed)
    logs = np.column_stack(design) @ fit.effects.mean(axis=0)
    low, high = np.exp(np.quantile(fit.effects, [0.05, 0.95], axis=0))
    effects = pd.DataFrame(labels, columns=["attribute", "level", "customers"])
    effects = effects.assign(times=np.exp(fit.effects.mean(axis=0)), lower=low, upper=high)
    return Paces(pace=np.exp(logs - logs.mean()), effects=effects, sound=fit.sample.sound)


def _encoded(name: str, values: pd.Series) -> tuple[list[np.ndarray], list[tuple[str, str, int]]]:
    """Columns of the design, and what each says."""
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric and values.nunique() > MOST_LEVELS:
        missing = int(values.isna().sum())
        if missing:
            raise DataError(
                plural(
                    "covariates: {name} has no number for {n} customer; expected one for all. Fill it in, or leave the "
                    "column out.",
                    "covariates: {name} has no number for {n} customers; expected one for all. Fill them in, or leave "
                    "the column out.",
                    missing,
                    name=name,
                )
            )
        numbers = values.to_numpy(dtype=float)
        return [(numbers - numbers.mean()) / numbers.std()], [
            (name, sentence("a standard deviation more"), len(values))
        ]
    levels = as_levels(values)
    counts = levels.value_counts()
    levels = levels.where(levels.map(counts) >= SMALLEST_GROUP, apart(sentence("others"), counts.index))
    counts = levels.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(counts) < 2 or len(counts) > MOST_LEVELS:
        raise DataError(
            sentence(
                "covariates: {name} has {n} levels of at least {least} customers; expected 2 to {most}.",
                name=name,
                n=number(len(counts)),
                least=number(SMALLEST_GROUP),
                most=number(MOST_LEVELS),
            )
        )
    told = list(counts.index[1:])
    return [(levels == each).to_numpy(dtype=float) for each in told], [(name, each, int(counts[each])) for each in told]


def _collapsed(histories: Histories, attributes: np.ndarray) -> tuple[Histories, np.ndarray]:
    """Equal customers with equal attributes counted once."""
    columns = [histories.frequency, histories.recency, histories.observed, *attributes.T]
    _, first, which = np.unique(np.column_stack(columns), axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(which.ravel(), histories.weights)
    gaps = np.bincount(which.ravel(), histories.weights * histories.log_gaps) / weights
    return replace(histories.rows(first), weights=weights, log_gaps=gaps), attributes[first]
