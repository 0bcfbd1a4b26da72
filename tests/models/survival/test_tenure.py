"""A rate of leaving that falls with tenure is a warning: it may be nothing but unseen differences."""

import numpy as np
import pandas as pd
import pytest

from workbench import datasets
from workbench.models.survival.curves.hazard_by_tenure import rate_by_tenure
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import add


def world(variance, size=4000, seed=1):
    random = np.random.default_rng(seed)
    unseen = random.gamma(1 / variance, variance, size) if variance else np.ones(size)
    life, cut = random.exponential(20 / unseen), random.uniform(5, 60, size)
    return pd.DataFrame({"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut})


def test_differences_that_nobody_sees_make_the_rate_fall_though_each_ones_is_constant():
    (check,) = rate_by_tenure(kaplan_meier(world(1.0)))
    assert check.status == "warn"
    assert check.value < 0.7
    assert "frailty" in check.message


def test_a_constant_rate_raises_no_warning_more_than_rarely():
    warned = [rate_by_tenure(kaplan_meier(world(0.0, size=500, seed=seed)))[0].status for seed in range(40)]
    assert warned.count("warn") <= 1


def test_rates_are_those_of_the_truth_in_the_unit_of_the_data():
    (check,) = rate_by_tenure(kaplan_meier(world(0.0, size=20_000), time_unit="week"))
    assert check.value == pytest.approx(1, abs=0.08)
    assert "in 1 week" in check.message


def test_where_nobody_left_nothing_is_said():
    assert rate_by_tenure(kaplan_meier(world(0.0, size=50).assign(event=False))) == ()


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "status"), [("frailty", "warn"), ("demo", "pass")])
def test_of_the_simulated_companies_the_one_with_frailty_is_warned_of(bench, preset, status):
    add(
        "firm",
        read_settings([f"preset={preset}", "customers=5000", "seed=1", "trials=false", "truth=false", "warning=0"]),
        bench.root,
    )
    lifetimes = datasets.find("firm", bench.root).load("lifetimes").frame
    (check,) = rate_by_tenure(kaplan_meier(lifetimes))
    assert check.status == status
