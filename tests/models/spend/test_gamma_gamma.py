"""Spend: published estimates and expectations, exact draws, and means that are infinite."""

import numpy as np
import pytest
from tests.models.purchases.logs import repeat_spend

from workbench.errors import DataError, ParameterError
from workbench.models.spend import Spending, draw_means, expected_spend, fit, mean_spend_check, posterior
from workbench.models.spend.gamma_gamma import log_likelihood


def spending():
    found = repeat_spend()
    return Spending(purchases=found["size"].to_numpy(), mean=found["mean"].to_numpy())


def test_the_9450_repeat_buyers_of_the_master_file():
    # Fitted anew from the raw log with another program
    found = repeat_spend("master")
    fitted = fit(Spending(purchases=found["size"].to_numpy(), mean=found["mean"].to_numpy()))
    assert len(found) == 9450
    assert np.round(fitted.estimate, 3).tolist() == pytest.approx([6.275, 3.624, 14.984], abs=1.1e-3)


def test_the_946_repeat_buyers_give_the_published_estimates():
    # Fader, Hardie (2013), note 025: p 6.25, q 3.74, v 15.44; log-likelihood and unrounded estimates refitted
    found = fit(spending())
    assert len(spending().mean) == 946
    assert found.converged
    assert np.round(found.estimate, 2).tolist() == [6.25, 3.74, 15.44]
    assert np.round(found.estimate, 4) == pytest.approx([6.2496, 3.7442, 15.4435], abs=6e-4)
    assert round(found.log_likelihood, 2) == -4055.92
    # The note's table of E(M): nobody seen, and the customers in the order of their ids
    assert round(float(expected_spend(found.estimate, np.zeros(1), np.zeros(1))[0]), 2) == 35.17
    ids = {1: 24.65, 2: 18.91, 6: 71.46, 9: 27.28}
    every = repeat_spend().reindex(range(1, 11), fill_value=0.0)
    expected = expected_spend(found.estimate, every["size"].to_numpy(), every["mean"].to_numpy())
    assert {i: round(float(expected[i - 1]), 2) for i in ids} == ids


def test_the_posterior_may_be_used_and_holds_the_estimate():
    draws, sample = posterior(spending(), draws=1000, seed=1)
    assert sample.k <= 0.5
    estimate = fit(spending()).estimate
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    assert ((low < estimate) & (estimate < high)).all()


def test_draws_have_the_expectation_of_the_closed_form():
    known, purchases, mean = np.array([6.25, 3.74, 15.44]), np.array([0, 1, 9]), np.array([0.0, 80.0, 12.0])
    found = draw_means(np.tile(known, (60_000, 1)), purchases, mean, np.random.default_rng(1))
    error = found.std(axis=1) / np.sqrt(60_000)
    assert (np.abs(found.mean(axis=1) - expected_spend(known, purchases, mean)) < 4 * error).all()


def test_a_currency_changes_the_currency_alone():
    ours = spending()
    cents = Spending(purchases=ours.purchases, mean=ours.mean * 100)
    assert fit(cents).estimate == pytest.approx(fit(ours).estimate * [1, 1, 100], rel=1e-4)
    known = np.array([6.25, 3.74, 15.44])
    assert log_likelihood(known * [1, 1, 100], cents) == pytest.approx(
        log_likelihood(known, ours) - 946 * np.log(100), rel=1e-12
    )


def test_an_infinite_mean_is_told():
    assert np.isinf(expected_spend(np.array([6.0, 1.0, 15.0]), np.array([0]), np.array([0.0]))).all()
    assert mean_spend_check(np.array([[6.0, 3.0, 15.0]])).status == "pass"
    check = mean_spend_check(np.array([[6.0, 3.0, 15.0], [6.0, 0.9, 15.0]]))
    assert check.status == "fail"
    assert "50%" in check.message


def test_bad_spend_is_named():
    with pytest.raises(DataError, match="2 customers have no purchase"):
        Spending(purchases=np.array([0, 1, 2]), mean=np.array([0.0, -3.0, 5.0]))
    with pytest.raises(ParameterError, match="must be positive"):
        expected_spend(np.array([0.0, 3.0, 15.0]), np.array([1]), np.array([5.0]))
