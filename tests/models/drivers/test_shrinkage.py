"""Groups drawn together: intervals that cover whatever the true spread is, and limiting cases."""

import numpy as np
import pytest

from workbench.statistics.shrinkage import shrink


def simulate(spreads, rng):
    """For each spread five groups: whether intervals hold the truth, and calls of being below 60 with the truth."""
    inside, sure, true = [], [], []
    for spread in spreads:
        errors = rng.uniform(2, 5, 5)
        truth = 60 + spread * rng.standard_normal(5)
        found = shrink(truth + errors * rng.standard_normal(5), errors, prior_scale=10.0)
        low, high = found.interval(0.9)
        inside.append((low <= truth) & (truth <= high))
        sure.append(found.below(60.0))
        true.append(truth < 60)
    return np.mean(inside), np.concatenate(sure), np.concatenate(true)


@pytest.mark.parametrize("spread", [0.0, 2.0, 6.0, 15.0])
def test_intervals_cover_whether_groups_are_equal_or_not(spread):
    """Also where an estimate of the spread would often be 0 and intervals too narrow by half."""
    covered, *_ = simulate([spread] * 200, np.random.default_rng(1))
    assert 0.87 <= covered <= 0.99


def test_over_worlds_of_the_prior_intervals_and_probabilities_are_exact():
    rng = np.random.default_rng(2)
    covered, sure, true = simulate(np.abs(10 * rng.standard_normal(400)), rng)
    assert covered == pytest.approx(0.9, abs=0.025)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        those = (low <= sure) & (sure <= high)
        assert true[those].mean() == pytest.approx(sure[those].mean(), abs=0.06)


def test_without_errors_nothing_is_drawn_in_and_with_large_ones_everything_is():
    means = np.array([40.0, 60.0, 80.0])
    assert shrink(means, np.full(3, 0.01), prior_scale=10.0).mean == pytest.approx(means, abs=0.01)
    far = shrink(means, np.full(3, 200.0), prior_scale=1.0)
    assert far.mean == pytest.approx(np.full(3, 60.0), abs=0.1)
    assert far.sd == pytest.approx(np.full(3, 200 / np.sqrt(3)), rel=0.01)


def test_groups_that_look_alike_are_not_surely_equal():
    """Where the estimated spread is 0, full pooling would be as sure as all answers together."""
    found = shrink(np.full(4, 50.0), np.full(4, 4.0), prior_scale=10.0)
    assert (found.sd > 1.2 * 4.0 / np.sqrt(4)).all()


def test_interval_and_probability_agree():
    found = shrink(np.array([50.0, 58.0, 47.0]), np.array([3.0, 4.0, 2.0]), prior_scale=10.0)
    low, high = found.interval(0.9)
    assert np.diag(np.array([found.below(value) for value in low])) == pytest.approx(np.full(3, 0.05), abs=1e-6)
    assert np.diag(np.array([found.below(value) for value in high])) == pytest.approx(np.full(3, 0.95), abs=1e-6)


def test_a_single_group_is_left_as_it_is():
    found = shrink(np.array([50.0]), np.array([3.0]), prior_scale=10.0)
    assert (found.mean[0], found.sd[0]) == pytest.approx((50.0, 3.0))
