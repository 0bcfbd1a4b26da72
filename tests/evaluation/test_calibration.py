import numpy as np
import pytest

from workbench.evaluation.calibration import calibration, calibration_error


@pytest.fixture
def world():
    random = np.random.default_rng(8)
    rate = 0.05 * np.exp(random.normal(0, 0.7, 4000))
    life, followed = random.exponential(1 / rate), random.uniform(6, 40, 4000)
    return np.minimum(life, followed), life <= followed, np.exp(-12 * rate)


def test_true_shares_are_calibrated_up_to_chance(world):
    durations, events, truth = world
    groups = calibration(durations, events, truth, 12)
    assert len(groups) == 10
    assert calibration_error(groups, 0.9)[1] < 0.01
    assert groups["predicted"].is_monotonic_increasing


def test_spoilt_shares_are_off_by_as_much_as_they_were_spoilt(world):
    durations, events, truth = world
    groups = calibration(durations, events, truth**2, 12)
    off = np.mean(truth - truth**2)
    error, lower, upper = calibration_error(groups, 0.9)
    assert error == pytest.approx(off, abs=0.02)
    assert lower < error < upper


def test_a_group_with_too_few_still_followed_is_left_out():
    durations, events = np.full(100, 5.0), np.zeros(100, dtype=bool)
    durations[50:] = 20
    groups = calibration(durations, events, np.repeat([0.2, 0.8], 50), 12)
    assert groups["predicted"].tolist() == pytest.approx([0.8])


def test_equal_predictions_make_one_group():
    groups = calibration(np.arange(500.0), np.ones(500, dtype=bool), np.full(500, 0.5), 250)
    assert groups[["customers", "observed"]].to_numpy().tolist() == [[500, pytest.approx(0.498)]]


def test_nothing_to_judge_is_none():
    groups = calibration(np.ones(30), np.zeros(30, dtype=bool), np.linspace(0, 1, 30), 12)
    assert groups.empty
    assert calibration_error(groups, 0.9) is None


def judged(size, off, random, repetitions=25):
    """Shares of trials in which predictions off by `off` are clearly more than 3, clearly more than 15 points off, and
    in which they could be more than 10 off."""
    found = []
    for _ in range(repetitions):
        truth = random.uniform(0.3, 0.9, size)
        groups = calibration(
            np.where(random.random(size) < truth, 20.0, 5.0),
            np.ones(size, dtype=bool),
            np.clip(truth + off, 0, 1),
            12,
            ranks=truth,
        )
        _, lower, upper = calibration_error(groups, 0.9)
        found.append((lower > 0.03, lower > 0.15, upper > 0.1))
    return np.mean(found, axis=0)


def test_right_predictions_are_not_called_wrong_and_wrong_ones_are_found():
    random = np.random.default_rng(9)
    assert judged(500, 0.0, random)[[0, 2]].max() <= 0.05
    assert judged(2000, 0.0, random)[[0, 2]].max() <= 0.02
    clearly, unusable, unclear = judged(500, -0.08, random)
    assert max(clearly, unclear) >= 0.5  # a warning either way
    assert unusable <= 0.02
    assert judged(2000, -0.08, random)[0] >= 0.95
    clearly, unusable, _ = judged(500, -0.2, random)
    assert clearly >= 0.95
    assert unusable >= 0.4
    assert judged(2000, -0.2, random)[1] >= 0.95
