"""The models of repeat buying fitted: by maximum likelihood, or as a posterior."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import DataError
from workbench.models.purchases.families import Family
from workbench.models.purchases.histories import Histories
from workbench.statistics.hamiltonian import sample
from workbench.statistics.laplace import Sample, highest
from workbench.wording import number, sentence

PRIOR_SD = 1.5
"""Of the logarithm of each parameter: 90% within a factor of 12 either way, so that data of any size outweigh it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A family with its maximum likelihood estimate.

    Attributes
    ----------
    family
        Which.
    estimate : (p,)
        Parameters.
    errors : (p,)
        Standard errors; infinite where the likelihood has no curvature.
    log_likelihood
        At the estimate.
    converged
        Whether there is a maximum. Where it is False the data do not tell the parameters (often: leaving is not seen).
    """

    family: Family
    estimate: np.ndarray
    errors: np.ndarray
    log_likelihood: float
    converged: bool


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Independent log-normal priors.

    Attributes
    ----------
    medians
        Of each parameter, in its order and unit.
    sd
        Of their logarithms.
    """

    medians: tuple[float, ...]
    sd: float = PRIOR_SD

    @classmethod
    def weak(cls, family: Family, histories: Histories) -> "Prior":
        """Wide about 1 for shapes and about the median time observed for scales: the unit of time is irrelevant.

        Parameters
        ----------
        family
            Of which parameters.
        histories
            Looked at for the unit of time alone.
        """
        time = float(np.median(histories.observed)) or 1.0
        return cls(medians=tuple(time if name in ("alpha", "beta") else 1.0 for name in family.parameters))

    def log_density(self, logs: np.ndarray) -> float:
        """Of the logarithms (p,) of parameters, up to a constant.

        Parameters
        ----------
        logs
            (p,): in the order of `medians`.
        """
        return float(-0.5 * np.sum(((logs - np.log(self.medians)) / self.sd) ** 2))

    def draw(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """Parameters (draws, p).

        Parameters
        ----------
        draws
            How many.
        random
            Where chance comes from.
        """
        return np.exp(np.log(self.medians) + self.sd * random.normal(size=(draws, len(self.medians))))


def fit(family: Family, histories: Histories) -> Fit:
    """Maximum likelihood.

    Parameters
    ----------
    family
        What is fitted.
    histories
        Of all customers, also of those who bought once.

    Raises
    ------
    DataError
        Where nobody has bought again, or all customers bought alike.

    References
    ----------
    Fader, Hardie, Lee (2005), equation 6, for BG/NBD.
    """
    few = _with_repeats(histories)

    def log_likelihood(logs: np.ndarray) -> float:
        return family.log_likelihood(np.exp(logs), few)

    found = highest(log_likelihood, start(family, few))
    estimate = np.exp(found.estimate)
    variances = np.diag(found.covariance)
    return Fit(
        family=family,
        estimate=estimate,
        errors=estimate * np.sqrt(np.where(variances > 0, variances, np.inf)),
        log_likelihood=found.place.log_likelihood,
        converged=found.converged,
    )


def mode(family: Family, histories: Histories, *, prior: Prior | None = None) -> np.ndarray:
    """The most likely parameters (p,) under the prior: they exist where the likelihood alone has no maximum.

    Parameters
    ----------
    family, histories, prior
        As of `posterior`.

    Raises
    ------
    DataError
        Where nobody has bought again.
    """
    few = _with_repeats(histories)
    return np.exp(highest(_density(family, few, prior), start(family, few)).estimate)


def posterior(
    family: Family, histories: Histories, *, draws: int, seed: int, prior: Prior | None = None
) -> tuple[np.ndarray, Sample]:
    """Draws of the parameters, by Laplace's approximation and importance sampling, else by NUTS.

    Parameters
    ----------
    family
        What is fitted.
    histories
        Of all customers.
    draws
        How many.
    seed
        Of the random numbers.
    prior
        `Prior.weak` by default.

    Returns
    -------
    parameters : (draws, p)
        Equally weighted.
    sample
        The logarithms, with the effective number of draws and Pareto's k: not `sound`, not to be used.

    Raises
    ------
    DataError
        Where nobody has bought again.
    """
    few = _with_repeats(histories)
    log_density = _density(family, few, prior)
    found = sample(log_density, start(family, few), draws=draws, seed=seed)
    return np.exp(found.draws), found


def best_stages(families: Sequence[Family], histories: Histories) -> Family:
    """The family whose gaps fit best, by log-likelihood (all have the same number of parameters).

    Parameters
    ----------
    families
        One family with different `stages`.
    histories
        With `log_gaps`.

    References
    ----------
    Platzer, Reutterer (2016), section 3.3.
    """
    return max(families, key=lambda family: fit(family, histories).log_likelihood)


def _density(family: Family, few: Histories, prior: Prior | None) -> Callable[[np.ndarray], float]:
    known = prior or Prior.weak(family, few)

    def log_density(logs: np.ndarray) -> float:
        return family.log_likelihood(np.exp(logs), few) + known.log_density(logs)

    return log_density


def start(family: Family, histories: Histories) -> np.ndarray:
    """Where a search for the mode begins: logarithms (p,) of shapes about 1 and scales of the usual time.

    Parameters
    ----------
    family
        What is fitted.
    histories
        Looked at for the unit of time alone.
    """
    time = float(np.median(histories.observed)) or 1.0
    values = {"alpha": time / 4, "beta": time / 2, "b": 2.0}
    return np.log([values.get(name, 0.7) for name in family.parameters])


def _with_repeats(histories: Histories) -> Histories:
    if not histories.frequency.any():
        raise DataError(
            sentence(
                "Purchases: no customer bought again, so nothing can be learned about how often they do; "
                "take a longer period."
            )
        )
    few = histories.collapsed()[0]
    if len(few.frequency) == 1 and few.weights.sum() > 1:
        raise DataError(
            sentence(
                "Purchases: all {n} customers bought equally often at equal times, so nothing tells how they differ; "
                "check that the rows are real orders.",
                n=number(float(few.weights.sum())),
            )
        )
    return few
