"""Contracts that are renewed or not at the end of each period: the shifted beta–geometric model (sBG), by cohort.

At each renewal a customer leaves with probability θ, which differs between customers as Beta(α, β). Retention rises
with tenure because those likely to leave go first, though nobody changes.

References
----------
Fader, Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1); Fader, Hardie (2010),
Customer-base valuation in a contractual setting, Marketing Science 29(1).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, hyp2f1

from workbench.errors import DataError, ParameterError
from workbench.statistics.laplace import Sample, highest, importance_sample
from workbench.wording import number, sentence

PRIOR_SD = 2.0
"""Of log α and log β about 0: 90% within a factor of 27 either way."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Customers who began together.

    Attributes
    ----------
    left : (m,)
        How many did not renew at the first, second, … m-th opportunity.
    staying
        How many still are customers after the last of them; or (m,), how many were last seen, as customers, after the
        first, second, … m-th: of customers who began at different times and were followed to one day.
    """

    left: np.ndarray
    staying: float | np.ndarray

    @classmethod
    def of_survivors(cls, survivors: np.ndarray) -> "Cohort":
        """From how many were customers at the start and after each opportunity.

        Parameters
        ----------
        survivors : (m + 1,)
            Never rising, the first positive.

        Raises
        ------
        DataError
            Where there are too few or they rise.

        Examples
        --------
        >>> Cohort.of_survivors([100, 80, 70]).left.tolist()
        [20.0, 10.0]
        """
        counts = np.asarray(survivors, dtype=float)
        if len(counts) < 2 or not np.isfinite(counts).all() or (np.diff(counts) > 0).any() or counts[-1] < 0:
            raise DataError(
                sentence(
                    "Cohort: expected customers at the start and after each renewal, at least two numbers that never "
                    "rise; customers who return begin a cohort of their own."
                )
            )
        return cls(left=-np.diff(counts), staying=float(counts[-1]))


@dataclass(frozen=True, kw_only=True, eq=False)
class ContractFit:
    """The maximum likelihood estimate.

    Attributes
    ----------
    alpha, beta
        Of the beta distribution of θ.
    log_likelihood
        At the estimate.
    converged
        Whether there is a maximum; there is none where customers do not differ.
    """

    alpha: float
    beta: float
    log_likelihood: float
    converged: bool


def log_likelihood(parameters: np.ndarray, cohorts: list[Cohort]) -> float:
    """Of all cohorts together.

    Parameters
    ----------
    parameters : (2,)
        α and β.
    cohorts
        With the same parameters.

    References
    ----------
    Fader, Hardie (2007), appendix B.
    """
    alpha, beta = (float(each) for each in parameters)
    found = 0.0
    for cohort in cohorts:
        periods = np.arange(1, len(cohort.left) + 1)
        found += float(cohort.left @ (betaln(alpha + 1, beta + periods - 1) - betaln(alpha, beta)))
        last = periods if np.ndim(cohort.staying) else len(periods)
        found += float(np.sum(cohort.staying * (betaln(alpha, beta + last) - betaln(alpha, beta))))
    return found


def fit(cohorts: list[Cohort]) -> ContractFit:
    """Maximum likelihood.

    Parameters
    ----------
    cohorts
        With the same parameters; one each to compare them.

    Raises
    ------
    DataError
        Where nobody left.
    """
    _with_leavers(cohorts)
    found = highest(lambda logs: log_likelihood(np.exp(logs), cohorts), np.zeros(2))
    alpha, beta = (float(each) for each in np.exp(found.estimate))
    return ContractFit(alpha=alpha, beta=beta, log_likelihood=found.place.log_likelihood, converged=found.converged)


def posterior(cohorts: list[Cohort], *, draws: int, seed: int) -> tuple[np.ndarray, Sample]:
    """Draws of α and β, by Laplace's approximation and importance sampling.

    Parameters
    ----------
    cohorts
        With the same parameters.
    draws
        How many.
    seed
        Of the random numbers.

    Returns
    -------
    parameters : (draws, 2)
        Equally weighted.
    sample
        With Pareto's k: not `sound`, not to be used.
    """
    _with_leavers(cohorts)

    def log_density(logs: np.ndarray) -> float:
        return log_likelihood(np.exp(logs), cohorts) - 0.5 * float(np.sum((logs / PRIOR_SD) ** 2))

    sample = importance_sample(log_density, highest(log_density, np.zeros(2)), draws=draws, seed=seed)
    return np.exp(sample.draws), sample


def survival(alpha: np.ndarray | float, beta: np.ndarray | float, periods: np.ndarray) -> np.ndarray:
    """Share still there after so many renewals.

    Parameters
    ----------
    alpha, beta
        Of the beta distribution of θ; arrays are broadcast with `periods`.
    periods
        Numbers of renewals.

    References
    ----------
    Fader, Hardie (2007), equation 6.
    """
    return np.exp(betaln(alpha, beta + np.asarray(periods)) - betaln(alpha, beta))


def retention(alpha: np.ndarray | float, beta: np.ndarray | float, period: np.ndarray | int) -> np.ndarray:
    """Share of those there at a renewal who renew.

    Parameters
    ----------
    alpha, beta
        Of the beta distribution of θ.
    period
        Which renewal, from 1.

    References
    ----------
    Fader, Hardie (2007), equation 8.
    """
    return np.asarray((beta + period - 1) / (alpha + beta + period - 1))


def residual_lifetime(alpha: float, beta: float, periods: int, rate: float) -> float:
    """Discounted expected residual lifetime (DERL): renewals to come, the next one due now and undiscounted.

    Parameters
    ----------
    alpha, beta
        Of the beta distribution of θ.
    periods
        How many the customer has begun, the one now running included (n of the paper): 1 before the first renewal.
    rate
        Effective, per period.

    Raises
    ------
    ParameterError
        For a negative rate or fewer than one period, and for a rate of 0 where the sum is infinite (α up to 1).

    References
    ----------
    Fader, Hardie (2010), equation 6.
    """
    if not (rate >= 0 and periods >= 1) or (rate == 0 and alpha <= 1):
        raise ParameterError(
            sentence(
                "Residual lifetime: got a rate of {rate} and {periods} periods; expected a rate of at least 0, at "
                "least one period, and a positive rate where α is at most 1 (α is {alpha}): else the sum is endless.",
                rate=number(rate),
                periods=number(periods),
                alpha=number(alpha),
            )
        )
    stays = float(retention(alpha, beta, periods))
    return stays * float(hyp2f1(1, beta + periods, alpha + beta + periods, 1 / (1 + rate)))


def _with_leavers(cohorts: list[Cohort]) -> None:
    if not any(cohort.left.any() for cohort in cohorts):
        raise DataError(sentence("Contracts: nobody left, so retention cannot be told; take a longer period."))
