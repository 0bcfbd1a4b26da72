"""Contracts: published estimates, forecasts and residual lifetimes."""

import numpy as np
import pytest

from workbench.errors import DataError, ParameterError
from workbench.models.contracts import Cohort, fit, posterior, residual_lifetime, retention, survival

# Fader, Hardie (2007), Table 1: customers left of 1,000 after each of seven years
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood", "later"),
    [
        (REGULAR, 0.704, 1.182, -1680.27, [0.220, 0.204, 0.191, 0.180, 0.170]),
        (HIGH_END, 0.668, 3.806, -1611.16, [0.460, 0.436, 0.414, 0.395, 0.378]),
    ],
)
def test_seven_years_give_the_published_estimates_and_forecasts(survivors, alpha, beta, log_likelihood, later):
    found = fit([Cohort.of_survivors(survivors)])
    assert found.converged
    assert (round(found.alpha, 3), round(found.beta, 3)) == (alpha, beta)
    assert round(found.log_likelihood, 2) == log_likelihood
    assert np.round(survival(found.alpha, found.beta, np.arange(8, 13)), 3).tolist() == later
    rates = retention(found.alpha, found.beta, np.arange(1, 8))
    assert np.cumprod(rates) == pytest.approx(survival(found.alpha, found.beta, np.arange(1, 8)))


@pytest.mark.parametrize(
    ("alpha", "beta", "printed"),
    [(3.8, 15.2, [3.31, 3.45, 3.59, 3.72, 3.84]), (1 / 15, 4 / 15, [7.68, 9.46, 9.86, 10.06, 10.19])],
)
def test_residual_lifetimes_are_those_of_the_table_and_the_sum(alpha, beta, printed):
    # Fader, Hardie (2010), Table 3, at 10%
    found = [residual_lifetime(alpha, beta, periods, 0.1) for periods in range(1, 6)]
    assert np.round(found, 2).tolist() == printed
    ahead = np.arange(1, 400)
    for periods, each in zip(range(1, 6), found, strict=True):
        left = survival(alpha, beta, periods - 1 + ahead) / survival(alpha, beta, periods - 1)
        assert each == pytest.approx(float(left @ 1.1 ** (1.0 - ahead)), rel=1e-8)


def test_the_posterior_holds_the_estimate_and_may_be_used():
    draws, sample = posterior([Cohort.of_survivors(REGULAR)], draws=1000, seed=1)
    assert sample.k <= 0.5
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    assert (low < [0.704, 1.182]).all()
    assert (high > [0.704, 1.182]).all()


def test_two_cohorts_alike_count_as_one_of_both():
    one, two = fit([Cohort.of_survivors(REGULAR)]), fit([Cohort.of_survivors(REGULAR)] * 2)
    assert (two.alpha, two.beta) == pytest.approx((one.alpha, one.beta), rel=1e-4)


def test_customers_last_seen_after_different_renewals_are_cohorts_that_were_followed_as_long():
    apart = [Cohort(left=np.array([30.0, 10.0]), staying=60.0), Cohort(left=np.array([12.0]), staying=25.0)]
    together = Cohort(left=np.array([42.0, 10.0]), staying=np.array([25.0, 60.0]))
    one, two = fit(apart), fit([together])
    assert (two.alpha, two.beta) == pytest.approx((one.alpha, one.beta), rel=1e-4)
    assert two.log_likelihood == pytest.approx(one.log_likelihood)


def test_bad_cohorts_and_rates_are_named():
    with pytest.raises(DataError, match="never rise"):
        Cohort.of_survivors([10, 8, 9])
    with pytest.raises(DataError, match="nobody left"):
        fit([Cohort.of_survivors([10, 10])])
    with pytest.raises(ParameterError, match="else the sum is endless"):
        residual_lifetime(0.7, 1.2, 1, 0.0)
