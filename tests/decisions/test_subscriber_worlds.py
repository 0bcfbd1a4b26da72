"""The value of customers of simulated companies is what is drawn of it (slow; worlds are kept and gone on with)."""

import numpy as np
import pytest
from tests.decisions.subscriber_worlds import world_of
from tests.kept_worlds import kept

pytestmark = pytest.mark.slow
SEEDS = range(101, 301)
NEWCOMERS = ("newcomer", "Basic", "Plus", "Premium")


def world(seed):
    return world_of(seed, run=True)


@pytest.fixture(scope="module")
def worlds():
    return kept(world, SEEDS)


def covered(worlds, name):
    return np.mean([0.05 <= each[name]["below"] <= 0.95 for each in worlds])


@pytest.mark.parametrize("name", NEWCOMERS)
def test_a_newcomers_value_lies_in_its_interval(worlds, name):
    assert 0.85 <= covered(worlds, name) <= 0.95


def test_predicted_against_true_value_by_decile_has_slope_one(worlds):
    assert np.mean([each["slope"] for each in worlds]) == pytest.approx(1, abs=0.1)


def test_the_base_is_right_on_average(worlds):
    assert np.mean([each["base"]["mean"] / each["base"]["truth"] for each in worlds]) == pytest.approx(1, abs=0.02)


def test_the_base_lies_in_its_interval(worlds):
    assert 0.85 <= covered(worlds, "base") <= 0.95
