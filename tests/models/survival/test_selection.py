import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_spells import END, world

from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.active_customers import draws_of, forecast
from workbench.models.survival.forecast.draws import read_draws
from workbench.models.survival.forecast.selection import select_model
from workbench.models.survival.lifetimes.read import read_lifetimes


def lifetimes(**more):
    return read_lifetimes("subscriptions", world(2500), as_of=END.date(), **more)


def test_with_dates_a_model_is_judged_on_what_came_after_and_the_forecast_told():
    made = lifetimes()
    model = fit_cox(made.frame, made.covariates, labels=made.labels)
    judged = select_model(model, made, [12], random_seed=1)
    evaluation = judged.comparison.evaluations[judged.comparison.best]
    assert evaluation.since == "2025-01-01"
    assert evaluation.scores["horizon"].tolist() == [1, 3, 6, 12]  # all who stayed were followed for just a year
    assert judged.backtest.begin == judged.day == pd.Timestamp("2025-01-01")
    assert judged.model is model
    assert judged.comparison.table()["model"].iloc[-1] == "one curve for everybody"
    assert judged.comparison.checks() == ()


def test_a_cutoff_before_anything_happened_is_told_and_stops_nothing():
    made = lifetimes()
    quiet = made.frame.assign(event=made.frame["event"] & (made.frame["begin"] > "2024-06-01"))
    object.__setattr__(made.spells, "frame", quiet)
    model = fit_cox(quiet, ["plan"])
    judged = select_model(model, made, [12], random_seed=1, cutoff=pd.Timestamp("2023-01-01").date())
    assert judged.comparison is None
    assert judged.problems[0].status == "warn"


def test_without_dates_customers_left_out_are_foretold_and_the_better_model_is_used():
    random = np.random.default_rng(3)
    treated = random.random(1500) < 0.5
    draw, cut = random.exponential(1.0, 1500), np.log(2)
    life = np.where(treated, np.where(draw < 3 * cut, draw / 3, cut + (draw - 3 * cut) * 3), draw)
    followed = random.exponential(2.6, 1500)
    rows = pd.DataFrame(
        {
            "customer_id": range(1500),
            "duration": np.minimum(life, followed),
            "event": life <= followed,
            "plan": np.where(treated, "new", "old"),
        }
    )
    made = read_lifetimes("lifetimes", rows, time_unit="months")
    judged = select_model(fit_cox(rows, ["plan"]), made, [0.5, 1.5], random_seed=1, repeats=1)
    assert judged.comparison.best == "time-varying hazard ratios"
    assert judged.model is judged.time_varying
    (check,) = judged.comparison.checks()
    assert "Of 2 models" in check.message
    assert judged.day is None


def test_where_nothing_tells_customers_apart_predictions_are_those_of_one_curve():
    random = np.random.default_rng(12)
    life, until = random.exponential(20.0, 800), random.uniform(5, 40, 800)
    rows = pd.DataFrame(
        {"customer_id": [f"c{row}" for row in range(800)], "duration": np.minimum(life, until), "event": life <= until}
    ).assign(**{f"noise_{place}": random.normal(size=800) for place in range(12)})
    lifetimes = read_lifetimes("lifetimes", rows, time_unit="months")
    model = fit_cox(lifetimes.frame, lifetimes.covariates)
    judged = select_model(model, lifetimes, [6, 12], random_seed=1)
    assert judged.comparison.loses
    assert {check.name: check.status for check in judged.comparison.checks()}["model_used"] == "warn"
    alike = judged.model.conditional_survival(rows, np.zeros(800), [6])["survival"]
    assert np.ptp(alike) == pytest.approx(0, abs=1e-12)
    assert [finding.id for finding in judged.headline()] in ([], ["loses_to_one_curve"])
    assert all(check.status != "fail" for check in judged.recalibration.checks())
    ahead = forecast(judged.model, lifetimes)
    assert ahead.interval[0] < ahead.expected < ahead.interval[1]
    told, people = draws_of(judged.model, lifetimes, random_seed=2)
    drawn = read_draws(told, people).conditional_survival([3.0]).mean(axis=0)[:, 0]
    table = ahead.table[ahead.table["horizon"] == 3.0]["survival"].to_numpy()
    assert drawn == pytest.approx(table, abs=0.05)  # draws go in straight lines between jumps of late, few customers
    assert abs(drawn.mean() - table.mean()) < 0.005
