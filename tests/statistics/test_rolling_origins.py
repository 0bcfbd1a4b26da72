import numpy as np
import pytest
from scipy.stats import t as student

from workbench.statistics.rolling_origins import correlation, next_errors

MONTHS = 48
STEPS = 20
"""Of a month: the walk is drawn in steps of this."""
DESIGNS = {
    "contracts": (np.linspace(12, 24, 6), 12),
    "orders": (np.linspace(16, 24, 6), 24),
    "hardly seen": (np.linspace(16, 24, 3), 24),
    "apart": (np.array([0.0, 12, 24]), 12),
}


def walks(count, seed=1):
    """Levels that walk at random (count, steps), with variance 1 a month."""
    steps = np.random.default_rng(seed).normal(0, STEPS**-0.5, (count, 2 * MONTHS * STEPS))
    return np.cumsum(steps, axis=1)


def error(levels, start, length):
    """Of the mean level over a time, forecast as it is on its first day."""
    place = round(start * STEPS)
    return levels[:, place : place + round(length * STEPS)].mean(axis=1) - levels[:, place]


@pytest.fixture(scope="module")
def levels():
    return walks(4000)


@pytest.mark.parametrize("name", DESIGNS)
def test_errors_resemble_each_other_as_far_as_their_times_overlap(levels, name):
    starts, length = DESIGNS[name]
    errors = np.array([error(levels, start, length) for start in starts])
    assert correlation(starts, length) == pytest.approx(np.corrcoef(errors), abs=0.06)


@pytest.mark.parametrize("ahead", [1, 3])
@pytest.mark.parametrize("name", DESIGNS)
def test_nine_of_ten_levels_that_wander_end_within_their_interval(levels, name, ahead):
    """Before, with Student's t as of independent errors, 79 to 88 in 100."""
    starts, length = DESIGNS[name]
    usual = np.sqrt(np.mean([error(levels, start, length) ** 2 for start in starts], axis=0))
    coming = error(levels, MONTHS, min(ahead * length, MONTHS))
    high = next_errors(starts, length, np.array([0.95]))[0] * np.sqrt(min(ahead * length, MONTHS) / length)
    assert np.mean(np.abs(coming) <= usual * high) == pytest.approx(0.9, abs=0.02)


def test_errors_apart_are_students():
    places = np.array([0.05, 0.25, 0.5, 0.9, 0.95])
    told = next_errors(np.arange(5) * 7.0, 6.0, places)
    assert told == pytest.approx(student.ppf(places, 5), rel=0.03, abs=0.01)


def test_the_unit_and_the_order_of_days_change_nothing():
    places = np.array([0.1, 0.95])
    months = next_errors(np.array([12.0, 14, 20]), 12.0, places)
    assert next_errors(np.array([20.0, 12, 14]) * 30, 360.0, places) == pytest.approx(months, rel=0.02)
