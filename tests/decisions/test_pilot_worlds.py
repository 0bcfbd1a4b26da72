"""Effects of pilots of simulated companies lie in their intervals (slow; worlds are kept and gone on with)."""

import numpy as np
import pytest
from tests.decisions.pilot_worlds import world_of
from tests.decisions.test_pilot_verdict import weighed
from tests.kept_worlds import kept

from workbench.decisions.rollout.weighing.verdict import FOUND

pytestmark = pytest.mark.slow
SEEDS = range(301, 501)
OUTCOMES = ("staying", "cash", "orders", "csat")
REACH = 1.645


def dealt(seed):
    return world_of(seed, "individual", "randomised", group="enrolled")


def willing(seed):
    return world_of(seed, "volunteers", "volunteers", group="treated")


@pytest.fixture(scope="module")
def randomised():
    return kept(dealt, SEEDS)


@pytest.fixture(scope="module")
def volunteers():
    return kept(willing, SEEDS)


def covered(worlds, outcome):
    return np.mean([each[outcome]["lower"] <= each[outcome]["truth"] <= each[outcome]["upper"] for each in worlds])


def naively(worlds, outcome):
    own = [each[outcome] for each in worlds]
    return np.mean([abs(each["naive"] - each["truth"]) <= REACH * each["naive_error"] for each in own])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_chance_dealt_lies_in_its_interval(randomised, outcome):
    assert 0.85 <= covered(randomised, outcome) <= 0.95


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_at_the_planned_size_what_is_not_worth_having_is_seldom_rolled_out_and_twice_as_much_mostly(
    randomised, outcome
):
    """A world has its error, so the smallest effect worth having is the one for which that is the planned size."""
    own = [each[outcome] for each in randomised]

    def rolled_out(times):
        smallest = [FOUND * each["error"] for each in own]
        seen = [each["estimate"] - each["truth"] + times * less for each, less in zip(own, smallest, strict=True)]
        verdicts = [
            weighed(estimate, each["error"], smallest=less, seed=place, draws=1000)
            for place, (estimate, each, less) in enumerate(zip(seen, own, smallest, strict=True))
        ]
        return np.mean([each.choice == "roll_out" for each in verdicts])

    assert rolled_out(0.999) <= 0.08
    assert rolled_out(2.0) >= 0.80 - 2 * np.sqrt(0.16 / len(own))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_of_volunteers_the_bounded_interval_holds_and_the_bare_difference_does_not(volunteers, outcome):
    assert covered(volunteers, outcome) >= 0.85
    if outcome in ("staying", "csat"):  # who volunteers is more content, and stays for that
        assert naively(volunteers, outcome) < 0.85
