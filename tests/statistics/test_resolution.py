import numpy as np
import pytest

from workbench.statistics.resolution import on_step, resolution


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (np.arange(0, 73.0), 1.0),
        (np.arange(1, 9) * 3.0, 3.0),
        (np.arange(1, 20) / 4, 0.25),
        (np.arange(1, 120) / 12, 1 / 12),
        (np.arange(0, 60) * 7 / 30.4375, 7 / 30.4375),
        (np.arange(0, 900) / 30.4375, 0.0),  # days over years are as good as exact
        (np.random.default_rng(1).exponential(9, 50), 0.0),
        (np.full(5, 12.0), 0.0),
        (np.zeros(3), 0.0),
    ],
)
def test_the_step_is_found_whatever_the_unit(times, step):
    assert resolution(times) == pytest.approx(step)


def test_departures_at_renewals_are_no_step_where_others_are_followed_to_the_day():
    times = np.append(np.repeat([12.0, 24.0], 50), np.random.default_rng(1).uniform(0, 30, 50))
    assert resolution(times) == 0


def test_rounding_does_not_lose_a_step():
    assert on_step(np.array([0.3 - 0.1, 0.3, 0.1 * 3]), 0.1) == pytest.approx([0.2, 0.3, 0.3])
