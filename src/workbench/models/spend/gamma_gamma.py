"""Spend per purchase: the gamma–gamma model.

A purchase of a customer is Gamma(p, ν), ν ~ Gamma(q, γ) over customers (γ is v in the note of Fader and Hardie),
however often they buy. The mean of a customer is p / ν.

References
----------
Fader, Hardie (2013), The Gamma-Gamma model of monetary value, note 025, equation 1a; Colombo, Jiang (1999).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from workbench.errors import DataError, ParameterError
from workbench.findings import Check
from workbench.statistics.laplace import Sample, highest, importance_sample
from workbench.wording import percent, plural, sentence

INFINITE_MEAN = 1.0
"""q up to which the mean spend over customers is infinite: the expectation of 1/ν, γ / (q - 1), does not exist."""
PRIOR_SD = 3.0
"""Of the logarithm of each parameter: 90% within a factor of 140 either way; the data say the rest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spending:
    """What customers spent.

    Attributes
    ----------
    purchases : (n,)
        Number of purchases behind the mean, at least 1 (the repeat purchases, where the first is left out).
    mean : (n,)
        Mean amount of these, positive, in money.
    """

    purchases: np.ndarray
    mean: np.ndarray

    def __post_init__(self) -> None:
        wrong = ~((self.purchases >= 1) & (self.mean > 0) & np.isfinite(self.mean))
        if wrong.any():
            raise DataError(
                plural(
                    "Spend: {n} customer has no purchase or a mean that is not positive; the spend model takes "
                    "customers with purchases of a positive amount, the others count in totals alone.",
                    "Spend: {n} customers have no purchase or a mean that is not positive; the spend model takes "
                    "customers with purchases of a positive amount, the others count in totals alone.",
                    int(wrong.sum()),
                )
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class SpendFit:
    """The maximum likelihood estimate.

    Attributes
    ----------
    estimate : (3,)
        p, q and γ.
    log_likelihood
        At the estimate.
    converged
        Whether there is a maximum.
    """

    estimate: np.ndarray
    log_likelihood: float
    converged: bool


def log_likelihood(parameters: np.ndarray, spending: Spending) -> float:
    """Of all customers together.

    Parameters
    ----------
    parameters : (3,)
        p, q and γ, positive.
    spending
        Of customers with purchases.

    References
    ----------
    Fader, Hardie (2013), equation 1a.
    """
    p, q, scale = (float(each) for each in parameters)
    shape = p * spending.purchases
    total = spending.purchases * spending.mean
    each = gammaln(shape + q) - gammaln(shape) - gammaln(q) - q * np.log1p(total / scale)
    return float(np.sum(each - np.log(spending.mean) - shape * np.log1p(scale / total)))


def fit(spending: Spending) -> SpendFit:
    """Maximum likelihood.

    Parameters
    ----------
    spending
        Of customers with purchases.
    """
    found = highest(lambda logs: log_likelihood(np.exp(logs), spending), _start(spending))
    return SpendFit(
        estimate=np.exp(found.estimate), log_likelihood=found.place.log_likelihood, converged=found.converged
    )


def posterior(spending: Spending, *, draws: int, seed: int) -> tuple[np.ndarray, Sample]:
    """Draws of p, q and γ, by Laplace's approximation and importance sampling.

    Parameters
    ----------
    spending
        Of customers with purchases.
    draws
        How many.
    seed
        Of the random numbers.

    Returns
    -------
    parameters : (draws, 3)
        Equally weighted.
    sample
        With Pareto's k: not `sound`, not to be used.
    """
    start = _start(spending)

    def log_density(logs: np.ndarray) -> float:
        return log_likelihood(np.exp(logs), spending) - 0.5 * float(np.sum(((logs - start) / PRIOR_SD) ** 2))

    sample = importance_sample(log_density, highest(log_density, start), draws=draws, seed=seed)
    return np.exp(sample.draws), sample


def expected_spend(parameters: np.ndarray, purchases: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Expected mean spend per purchase (n,) of each customer.

    Parameters
    ----------
    parameters : (3,)
        p, q and γ.
    purchases : (n,)
        Number of purchases seen, 0 for none.
    mean : (n,)
        Mean amount of these; whatever for 0.

    Returns
    -------
    ndarray (n,)
        Infinite for customers without purchases where q is at most 1.

    Raises
    ------
    ParameterError
        For parameters that are not positive.

    References
    ----------
    Fader, Hardie (2013), equation 5: p (γ + x m̄) / (p x + q - 1).
    """
    p, q, scale = (float(each) for each in parameters)
    if not min(p, q, scale) > 0:
        raise ParameterError(sentence("Gamma–gamma: p, q and the scale must be positive."))
    left = p * purchases + q - 1
    with np.errstate(divide="ignore"):
        return np.where(left > 0, p * (scale + purchases * np.where(purchases > 0, mean, 0.0)) / left, np.inf)


def draw_means(
    parameters: np.ndarray, purchases: np.ndarray, mean: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Each customer's mean spend per purchase (n, draws), drawn exactly: p / ν, ν ~ Gamma(q + p x, γ + x m̄).

    Parameters
    ----------
    parameters : (draws, 3)
        From the posterior; common to all customers within a draw.
    purchases, mean : (n,)
        As in `expected_spend`.
    random
        Source of random numbers, of the block of customers.
    """
    p, q, scale = parameters.T
    x = np.asarray(purchases, dtype=float)[:, None]
    total = np.where(x > 0, x * np.asarray(mean, dtype=float)[:, None], 0.0)
    return p * (scale + total) / random.gamma(q + p * x)


def mean_spend_check(parameters: np.ndarray) -> Check:
    """Whether customers' mean spend has an expectation.

    Parameters
    ----------
    parameters : (draws, 3)
        p, q and γ.
    """
    share = float(np.mean(parameters[:, 1] <= INFINITE_MEAN))
    if share == 0:
        message = sentence("The mean spend per purchase is finite in every draw.")
    else:
        message = sentence(
            "A few purchases are so large that the mean spend may be infinite (in {share} of draws). Do not use a "
            "value of customers without repeat purchases; cap amounts or use medians.",
            share=percent(share),
        )
    return Check(
        name="mean_spend_finite",
        status="pass" if share == 0 else "fail",
        title=sentence("The mean spend is finite") if share == 0 else sentence("The mean spend may be infinite"),
        message=message,
        value=share,
        threshold=0.0,
    )


def _start(spending: Spending) -> np.ndarray:
    """Logarithms of a shape of 3 and 3, and of the scale that gives the mean amount."""
    return np.log([3.0, 3.0, float(np.median(spending.mean)) * 2 / 3])
