"""Tests of a fair comparison count what chance dealt: customers, or whole units that are alike within."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from tests.decisions.pilot_files import answered, write

from workbench.decisions.rollout.fairness import _apart, _by_arm, _error, _unlike
from workbench.decisions.rollout.verdict import weeks_needed


def dealt_units(random, units=12, size=100):
    """A pilot of whole units, and who answered: units have habits of their own, and nothing was done."""
    unit = np.repeat([f"u{each:02}" for each in range(units)], size)
    arm = np.where(np.repeat(random.permutation(units) < units // 2, size), "mail", "none")
    habit = np.repeat(random.normal(0, 0.15, units), size)
    pilot = SimpleNamespace(roster=pd.DataFrame({"arm": arm}), unit=unit)
    return pilot, random.random(units * size) < np.clip(0.5 + habit, 0, 1)


def test_units_with_habits_of_their_own_raise_no_alarm():
    random = np.random.default_rng(3)
    found = [dealt_units(random) for _ in range(300)]
    alarms = np.mean([_unlike(pilot, there) < 0.05 for pilot, there in found])
    by_customers = np.mean(
        [_unlike(SimpleNamespace(roster=pilot.roster, unit=None), there) < 0.05 for pilot, there in found]
    )
    assert by_customers > 0.4
    assert 0.02 <= alarms <= 0.085
    ratio = np.mean(
        [
            _error(there[mail].astype(float), pilot, "mail") ** 2 / (0.15**2 / 6)
            for pilot, there in found
            if (mail := (pilot.roster["arm"] == "mail").to_numpy()).any()
        ]
    )
    assert 0.85 < ratio < 1.3  # the chance of single answers is a tenth beside it


def test_what_nobody_has_or_one_unit_has_tells_nothing():
    pilot, there = dealt_units(np.random.default_rng(4), units=2)
    assert _unlike(pilot, there) == 1.0
    assert _apart(_by_arm(pilot, np.where(there, 1.0, np.nan))) == 1.0


def test_waves_whose_order_nobody_drew_are_said_to_be_no_experiment(bench):
    random = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{each:03}" for each in range(400)],
            "initiative": "test",
            "arm": np.where(np.arange(400) < 200, "app", "none"),
            "start": np.where(np.arange(400) % 2, "2024-03-01", "2024-05-01"),
            "visits": random.normal(5, 1, 400).round(2),
        }
    )
    write(bench, rows, "{assignment: staggered, control: none}")
    done = answered(bench)
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_design"]
    assert check.status == "warn"
    assert "no lot is recorded for the order" in check.message
    assert done.verdicts[0].weeks is None  # no wait makes an effect of it


def test_no_number_is_told_of_waits_longer_than_anybody_waits():
    assert weeks_needed(0.1, 1.0, 26.0) is None
    assert weeks_needed(1.0, 1.0, 26.0) > 100
