"""What knowing more is worth: the closed form of a normal value, nothing for nothing, and never more than all."""

import numpy as np
import pytest

from workbench.decisions.funding.information import KNOTS, LiftCurve, normal_information, perfect_information


def straight(mu, sigma, deviation=0.2, mean=0.5):
    """A net present value that is linear in the lift, N(mu, sigma²) over its doubt."""
    return LiftCurve(mean=mean, deviation=deviation, npv=mu + sigma * KNOTS)


@pytest.mark.parametrize(("mu", "sigma"), [(300.0, 500.0), (-200.0, 400.0), (0.0, 100.0), (900.0, 500.0)])
def test_draws_and_curve_equal_the_closed_form(mu, sigma):
    closed = normal_information(mu, sigma)
    draws = mu + sigma * np.random.default_rng(1).standard_normal(400_000)
    assert perfect_information(draws) == pytest.approx(closed, rel=0.02)
    assert straight(mu, sigma).sample_information(0.0) == pytest.approx(closed, rel=0.02)


@pytest.mark.parametrize("error", [0.05, 0.2, 0.6])
def test_a_sample_is_worth_the_closed_form_of_what_it_moves(error):
    """Its answer moves the expectation by sigma × sd / √(sd² + error²)."""
    mu, sigma, deviation = 100.0, 500.0, 0.2
    moved = sigma * deviation / np.hypot(deviation, error)
    assert straight(mu, sigma).sample_information(error) == pytest.approx(normal_information(mu, moved), rel=0.02)


def test_nothing_is_worth_nothing_and_more_is_worth_more():
    curve = straight(100.0, 500.0)
    worth = [curve.sample_information(error) for error in (np.inf, 2.0, 0.5, 0.1, 0.01, 0.0)]
    assert worth[0] == 0
    assert (np.diff(worth) > 0).all()
    assert worth[-2] == pytest.approx(worth[-1], rel=0.01)
    assert straight(100.0, 500.0, deviation=0.0).sample_information(0.1) == 0


def test_a_curve_that_bends_is_averaged_and_not_read_at_the_mean():
    """E (1 − lift²) over N(.5, .2²) is 1 − .25 − .04."""
    lifts = 0.5 + 0.2 * KNOTS
    curve = LiftCurve(mean=0.5, deviation=0.2, npv=1 - lifts**2)
    assert curve.expected == pytest.approx(0.71, abs=0.002)
