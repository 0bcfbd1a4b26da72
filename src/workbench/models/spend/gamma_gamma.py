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
from workbench.statistics.laplace import LARGEST_K, Sample, highest, importance_sample
from workbench.wording import number, percent, plural, sentence

INFINITE_MEAN = 1.0
"""q up to which the mean spend over customers is infinite: the expectation of 1/ν, γ / (q - 1), does not exist."""
SAME = 0.005
"""Deviation of log means over customers up to which all spend the same: of less the curvature is lost in rounding."""
CERTAIN = 1e9
"""Shape of amounts that all are the same: each is then known to 0.003%."""
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
    sure = _certain(spending)
    if sure is not None:
        return SpendFit(estimate=sure, log_likelihood=log_likelihood(sure, spending), converged=True)
    found = highest(lambda logs: log_likelihood(np.exp(logs), spending), _near(spending))
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
    sure = _certain(spending)
    if sure is not None:
        return np.tile(sure, (draws, 1)), Sample(draws=np.tile(np.log(sure), (draws, 1)), effective=draws, k=0.0)
    start = _start(spending)

    def log_density(logs: np.ndarray) -> float:
        return log_likelihood(np.exp(logs), spending) - 0.5 * float(np.sum(((logs - start) / PRIOR_SD) ** 2))

    mode = highest(log_density, _near(spending))
    sample = importance_sample(log_density, mode, draws=draws, seed=seed, least=PRIOR_SD**-2)
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


def draws_check(sample: Sample) -> Check:
    """Whether the draws of the parameters may be used.

    Parameters
    ----------
    sample
        As of `posterior`.
    """
    return Check(
        name="spend_draws",
        status="pass" if sample.k <= LARGEST_K else "fail",
        title=sentence("Draws of spend may be used")
        if sample.k <= LARGEST_K
        else sentence("Draws of spend are unsound"),
        message=sentence("Pareto's k of the importance weights of spend is {k}.", k=number(sample.k)),
        value=sample.k,
        threshold=LARGEST_K,
    )


def _certain(spending: Spending) -> np.ndarray | None:
    """Parameters (3,) where all customers spend the same, as for one product; None where they differ."""
    logs = np.log(spending.mean)
    if logs.std() > SAME:
        return None
    return np.array([CERTAIN, CERTAIN, float(np.exp(logs.mean())) * (CERTAIN - 1) / CERTAIN])


def _near(spending: Spending) -> np.ndarray:
    """Where to begin: nearer to the maximum than `_start` where amounts hardly differ, since shapes are then large."""
    shape = max(3.0, 0.1 / float(np.log(spending.mean).var()))
    return np.log([shape, shape, float(np.median(spending.mean)) * (shape - 1) / shape])


def _start(spending: Spending) -> np.ndarray:
    """Logarithms of a shape of 3 and 3, and of the scale that gives the mean amount."""
    return np.log([3.0, 3.0, float(np.median(spending.mean)) * 2 / 3])
