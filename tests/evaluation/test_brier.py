import numpy as np
import pytest
from tests.evaluation.scores import brier


def test_without_censoring_it_is_the_mean_squared_error():
    durations, events = np.array([1.0, 2, 3, 4]), np.ones(4, dtype=bool)
    predicted = np.array([0.1, 0.6, 0.7, 0.9])
    truth = np.array([0, 0, 1, 1])
    assert brier(durations, events, predicted, 2.5) == pytest.approx(np.mean((truth - predicted) ** 2))


def test_censored_customers_are_stood_in_for():
    # One of two survivors is lost at 1: the other counts twice (weight 1 / (3/4 * ...) by hand: G = 3/4 after 1)
    durations, events = np.array([1.0, 2, 3, 3]), np.array([False, True, False, False])
    expected = (0.2**2 / 0.75 + 2 * (1 - 0.6) ** 2 / 0.75) / 4
    assert brier(durations, events, np.array([0.5, 0.2, 0.6, 0.6]), 2.5) == pytest.approx(expected)


def test_censoring_leaves_the_score_of_the_truth_unchanged_on_average():
    random = np.random.default_rng(2)
    rate = 0.05 * np.exp(random.normal(0, 0.7, 20000))
    life, followed = random.exponential(1 / rate), random.uniform(2, 40, 20000)
    survival = np.exp(-12 * rate)
    full = brier(life, np.ones(20000, dtype=bool), survival, 12)
    assert brier(np.minimum(life, followed), life <= followed, survival, 12) == pytest.approx(full, rel=0.03)


def test_weights_of_all_customers_sum_to_their_number_where_times_are_tied():
    random = np.random.default_rng(3)
    durations, events = random.integers(1, 8, 200).astype(float), random.random(200) < 0.5
    left = events & (durations <= 4)
    always_wrong = np.where(left, 1.0, 0.0)  # an error of 1 for everybody leaves the weights
    assert brier(durations, events, always_wrong, 4) == pytest.approx(1)
