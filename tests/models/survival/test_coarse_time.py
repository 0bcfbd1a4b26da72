"""Durations recorded in whole years or quarters: what can be said of less, and what is not."""

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.forecast.active_customers import draws_of, forecast
from workbench.models.survival.forecast.draws import read_draws
from workbench.models.survival.forecast.recalibrated import held_out_of, out_of_fold
from workbench.models.survival.lifetimes.read import read_lifetimes

RATE = 1 / 8


def in_years(size=4000, seed=1, step=1.0):
    """One in eight leaves in a year; durations are told in whole steps, of everybody."""
    random = np.random.default_rng(seed)
    life, follow = random.exponential(1 / RATE, size), random.integers(1, 11, size).astype(float)
    left = life <= follow
    duration = np.where(left, np.ceil(life / step) * step, follow)
    return pd.DataFrame(
        {
            "customer_id": [f"c{each}" for each in range(size)],
            "duration": duration,
            "event": left,
            "use": random.normal(size=size),
        }
    )


@pytest.fixture(scope="module")
def rows():
    return in_years()


@pytest.fixture(scope="module")
def model(rows):
    return fit_cox(rows, ["use"], time_unit="year")


def test_the_next_quarter_gets_its_part_of_the_year(rows, model):
    """About 65 of 2,127 leave in a quarter (3.1%); those who leave in a year would all be missed."""
    lifetimes = read_lifetimes("lifetimes", rows, time_unit="years")
    ahead = forecast(model, lifetimes)
    truth = -np.expm1(-RATE * 0.25) * (~rows["event"]).sum()
    assert ahead.ahead == 0.25
    assert ahead.expected == pytest.approx(truth, rel=0.06)
    assert ahead.interval[0] < truth < ahead.interval[1]
    told = ahead.table.groupby("horizon")["survival"].mean()
    assert told.to_numpy() == pytest.approx(np.exp(-RATE * told.index.to_numpy()), abs=0.006)
    check = {check.name: check for check in ahead.checks()}["even_within_steps"]
    assert check.status == "warn"
    assert "steps of 1 year" in check.message
    draws, people = draws_of(model, lifetimes, random_seed=1)
    some = read_draws(draws, people).conditional_survival([0.25], people["customer_id"].head(200))
    assert some.mean() == pytest.approx(np.exp(-RATE * 0.25), abs=0.003)


def test_where_times_are_exact_nothing_is_spread():
    random = np.random.default_rng(2)
    life = random.exponential(8, 600)
    exact = pd.DataFrame({"customer_id": range(600), "duration": np.minimum(life, 9.0), "event": life <= 9})
    model = fit_cox(exact, [])
    assert model.step == 0
    between = np.sort(life[life < 9])[:2].mean()
    assert model.predict_survival(exact.head(1), [between]).iloc[0, 0] == pytest.approx(np.exp(-1 / 600))


def test_horizons_below_the_step_are_left_out_and_said(rows):
    curves = kaplan_meier(rows, time_unit="year")
    reached, check = curves.within([0.25, 0.5, 1, 2, 2.5])
    assert reached == (1.0, 2.0, 2.5)
    assert check.status == "warn"
    assert "steps of 1 year, so nothing is said of 0.25 and 0.5 years" in check.message
    assert "after 2.5 years are those of the step before" in check.message
    with pytest.raises(DataError, match="expected at least 1 year"):
        curves.within([0.25, 0.5])


def test_a_forecast_by_the_model_itself_is_found_right_in_coarse_time(rows):
    told, _ = out_of_fold(lambda train: fit_cox(train, ["use"], time_unit="year"), rows, [1.0, 3.0], random_seed=1)
    assert told.events.sum() / told.expected.sum() == pytest.approx(1, abs=0.01)
    assert told.events.sum() / told.hazard.sum() < 0.96  # leavers charged with all of the year in which they left


def test_in_exact_time_with_ties_too(rows):
    """Renewals: some leave at whole months, others are followed to the day."""
    random = np.random.default_rng(3)
    life, follow = random.geometric(0.25, 3000).astype(float), random.uniform(1, 8, 3000)
    ties = pd.DataFrame({"customer_id": range(3000), "duration": np.minimum(life, follow), "event": life <= follow})
    model = fit_cox(ties, [])
    assert model.step == 0
    told = held_out_of(model, ties, [2.0])
    assert told.events.sum() / told.expected.sum() == pytest.approx(1, abs=0.01)
    assert told.events.sum() / told.hazard.sum() < 0.9
