"""Numbers that do not go with the hazard in a straight line: found, made curves, and recorded."""

import numpy as np
import pandas as pd
import pytest

from workbench.evaluation.concordance import concordance, count_pairs
from workbench.models.survival.cox.functional_form import functional_form
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.time_varying_effects import fit_time_varying
from workbench.models.survival.forecast.selection import select_model
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.statistics.splines import knots_of, spline_terms


def world(size=2000, *, seed=1, bent=True):
    """Both the young and the old leave soon; use goes in a straight line."""
    random = np.random.default_rng(seed)
    age, use = random.uniform(20, 80, size), random.normal(size=size)
    log_hazard = 0.3 * use + (((age - 50) / 15) ** 2 / 2 if bent else 0.02 * (age - 50))
    life, cut = random.exponential(30 * np.exp(-log_hazard)), random.uniform(5, 40, size)
    return pd.DataFrame(
        {"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut, "age": age, "use": use}
    )


def test_a_natural_spline_is_straight_beyond_its_knots_and_smooth_at_them():
    knots = [0.0, 1.0, 2.0, 4.0]
    grid = np.linspace(-2, 8, 1001)
    columns = spline_terms(grid, knots)
    outside = (grid < -0.02) | (grid > 4.02)
    curvature = np.diff(columns, 2, axis=0)
    assert np.abs(curvature[outside[1:-1]]).max() < 1e-9
    assert np.abs(np.diff(columns, 3, axis=0)).max() < 1e-4  # no jump of the second difference


def test_knots_of_a_skewed_number_lie_among_its_values():
    skewed = np.append(np.zeros(900), np.arange(1.0, 101.0))
    assert len(knots_of(skewed)) == 4
    assert knots_of(np.zeros(50)) == ()


def test_a_number_that_bends_becomes_a_curve_with_the_test_before_and_after():
    lifetimes = world()
    model = fit_cox(lifetimes, ["age", "use"], labels={"age": "Age", "use": "Use"})
    form = functional_form(model, lifetimes, random_seed=1)
    table = form.table.set_index("covariate")
    assert table.loc["age", "before"] < 1e-6 < 0.05 < table.loc["age", "after"]
    assert table.loc["use", "modelled_as"].startswith("none")
    assert form.aic_gain > 50
    (check,) = form.checks()
    assert (check.status, check.value) == ("pass", 1)
    assert "age" in check.message
    ratios = form.model.hazard_ratios().set_index("covariate").loc["age"]
    assert (ratios["lower"] > 1).all()  # both quartiles leave sooner than the mean age
    truth = np.exp(((np.array([35, 65]) - 50) / 15) ** 2 / 2)
    assert ratios["hazard_ratio"].tolist() == pytest.approx(truth, rel=0.25)
    assert form.model.likelihood_ratio_test[0] - model.likelihood_ratio_test[0] > 0


def test_curves_travel_with_the_model_to_other_customers():
    lifetimes = world()
    form = functional_form(fit_cox(lifetimes, ["age", "use"]), lifetimes, random_seed=1)
    new = world(1000, seed=9)

    def ranks(model):
        return concordance(
            [count_pairs(new["duration"].to_numpy(), new["event"].to_numpy(), model.log_hazard(new).to_numpy())]
        )[0]

    again = form.model.refit(lifetimes.head(1500))
    assert len(again.coefficients) == len(form.model.coefficients)
    assert ranks(again) > ranks(fit_cox(lifetimes, ["age", "use"])) + 0.05
    predicted = form.model.predict_survival(new.head(5), [6]).to_numpy()[:, 0]
    log_hazard = 0.3 * new["use"] + ((new["age"] - 50) / 15) ** 2 / 2
    assert predicted == pytest.approx(np.exp(-6 / 30 * np.exp(log_hazard.head(5))), abs=0.08)


def test_straight_lines_stay_straight_and_false_alarms_are_rare():
    alarms = sum(
        bool(functional_form(fit_cox(lifetimes, ["age", "use"]), lifetimes, random_seed=1).aic_gain)
        for lifetimes in (world(400, seed=seed, bent=False) for seed in range(60))
    )
    assert alarms <= 8  # 5% of 60, and two standard errors


def test_categories_alone_have_no_form_to_test_and_an_unusable_model_is_left_alone():
    lifetimes = world(200).assign(plan=lambda rows: np.where(rows["use"] > 0, "a", "b"))
    assert functional_form(fit_cox(lifetimes, ["plan"]), lifetimes, random_seed=1).checks() == ()
    nobody = lifetimes.assign(event=False)
    model = fit_cox(nobody, ["age"])
    assert functional_form(model, nobody, random_seed=1).model is model


def test_a_curve_that_changes_over_time_has_two_of_them():
    lifetimes = world(3000)
    turned = lifetimes.assign(age=np.where(lifetimes["duration"] > 8, 100 - lifetimes["age"] ** 1.02, lifetimes["age"]))
    form = functional_form(fit_cox(turned, ["age", "use"]), turned, random_seed=1)
    time_varying = fit_time_varying(form.model, turned)
    assert time_varying is not None
    table = time_varying.hazard_ratios()
    assert table["covariate"].tolist().count("age") == 2
    assert np.isfinite(table[["early", "late"]]).all().all()


def test_out_of_time_a_model_with_curves_is_judged_with_curves_found_before_the_day():
    random = np.random.default_rng(8)
    size = 2500
    begin = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 1200, size), unit="D")
    age = random.uniform(20, 80, size)
    life = random.exponential(500 * np.exp(-(((age - 50) / 15) ** 2) / 2)).astype(int) + 1
    end = pd.Series(begin + pd.to_timedelta(life, unit="D"))
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(size)],
            "start": begin,
            "end": end.where(end < "2026-01-01"),
            "age": age,
        }
    )
    lifetimes = read_lifetimes("subscriptions", rows, as_of=pd.Timestamp("2026-01-01").date())
    straight = fit_cox(lifetimes.frame, ["age"])
    form = functional_form(straight, lifetimes.frame, random_seed=1)
    assert form.aic_gain > 0
    curved, plain = (select_model(model, lifetimes, [12], random_seed=1).comparison for model in (form.model, straight))
    gain = [each.evaluations[each.best].metrics()["concordance"] for each in (curved, plain)]
    assert gain[0] > gain[1] + 0.05
