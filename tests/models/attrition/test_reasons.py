"""Reasons: additive, shared by refits, in words; planted ones come first."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from tests.models.attrition.worlds import drawn, telco

from workbench.exhibits import flatten
from workbench.models.attrition.model.baselines import BaseRate, Logistic, SingleFeature
from workbench.models.attrition.model.boosting import Settings
from workbench.models.attrition.model.customers import labelled_customers, slices
from workbench.models.attrition.model.fitting import REFITS, fit_boosted
from workbench.models.attrition.reasons.dependence import find_dependence
from workbench.models.attrition.reasons.explainers import explainer_of, probability_points
from workbench.models.attrition.reasons.reasons import Names, Reasons, _halves, _value, give_reasons


@pytest.fixture(scope="module")
def explained():
    frame = drawn(8_000).drop(columns="risk")
    customers = labelled_customers(frame, label="left", customer="customer_id")
    parts = slices(customers, random_seed=1)
    model = fit_boosted(customers, parts, random_seed=1, settings=Settings(rounds=120, eta=0.05), refits=6)
    return customers, model, explainer_of(model, customers.features, random_seed=1)


def test_values_and_points_add_up(explained):
    customers, model, explainer = explained
    found = list(explainer.values(customers.features))
    margins = model.margins(customers.features)
    for (values, base), margin in zip(found, margins, strict=True):
        assert np.abs(values.sum(1) + base - margin).max() < 1e-4
        assert base == pytest.approx(margin.mean(), abs=1e-5)  # the background is these customers
    mean, base = np.mean([each for each, _ in found], axis=0), np.mean([each for _, each in found])
    points = probability_points(mean, base)
    assert points.sum(1) == pytest.approx(model.probability(customers.features) - expit(base), abs=1e-4)
    assert (np.sign(points) == np.sign(mean)).all()


def test_nearly_usual_customers_have_finite_points():
    points = probability_points(np.array([[0.5, -0.5], [0.0, 0.0]]), -1.0)
    p = expit(-1.0)
    assert points[0] == pytest.approx(np.array([0.5, -0.5]) * p * (1 - p))
    assert points[1].tolist() == [0, 0]


def test_what_raises_the_risk_is_told_first_and_noise_never(explained):
    customers, model, explainer = explained
    row = pd.DataFrame(
        {"usage": [-2.5, 2.5], "gap": [20.0, 70.0], "plan": ["pro", "pro"], "noise": [3.0, 3.0],
         "colour": ["red", "blue"]}
    )  # fmt: skip
    names = Names(labels={"usage": "Hours of use", "gap": "Days since the last order"}, units={"gap": "days"})
    found = give_reasons(explainer, row, customers.features, names=names).customers
    assert found.loc[0, "reason_1"].startswith("Hours of use: -2.5 (usual: ")
    assert found.loc[1, "reason_1"].startswith("Days since the last order: 70 days (usual: ")
    assert found.loc[0, "reason_1_points"] > 0.05
    one = give_reasons(explainer, row.assign(gap=[20.0, 1.0], usage=-2.5), customers.features, names=names).customers
    assert not one.astype(str).apply(lambda column: column.str.contains(r"\b1 days")).any(axis=None)
    assert _value(1.0, "days") == "1 day"
    assert _value(np.int64(70), "days") == "70 days"
    everybody = give_reasons(explainer, customers.features, customers.features)
    assert set(everybody.importance["feature"][:3]) == {"usage", "gap", "plan"}
    risk = model.probability(customers.features)
    first = everybody.customers["reason_1"][risk > risk.mean()].dropna()
    assert len(first) > 1000
    assert (first.str.startswith("noise") | first.str.startswith("colour")).mean() < 0.02
    assert (everybody.importance["lower"] <= everybody.importance["importance"]).all()
    assert everybody.agreement > 0.9
    assert [getattr(each, "id", None) or getattr(each, "name", None) for each in flatten(everybody)] == [
        "importance", "reason_agreement", None, "importance", "importance",
    ]  # fmt: skip
    assert everybody.draw().get_xlabel()


def test_a_reason_that_refits_do_not_share_is_not_given():
    class Torn:
        features = ("a", "b")

        def values(self, features):
            for sign in (1, -1, 1, -1):
                yield np.array([[2.0 * sign + 0.1, 0.4]] * len(features)), -1.0

        def risk(self, log_odds):
            return expit(log_odds)

    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    found = give_reasons(Torn(), frame, frame)
    assert found.customers["reason_1"].tolist() == ["b: x", "b not known (usual: x)"]
    assert found.customers["reason_2"].isna().all()
    # of six ways to take two of four refits, two leave both of a sign together: one half then names a, the other b
    assert found.agreement == pytest.approx(4 / 6)


def test_features_that_hardly_matter_are_not_named():
    rows = [("spend", 1.1, 1.0, 1.2), ("shop", 0.11, 0.05, 0.17), ("calls", 0.05, 0.0, 0.1)]
    importance = pd.DataFrame(rows, columns=["feature", "importance", "lower", "upper"])
    importance = importance.assign(label=["Spend", "Shop", "Calls"], theme="All")

    def said(frame):
        reasons = Reasons(customers=frame, importance=frame, agreement=0.95, agreement_of=9, given=1.0)
        return reasons.finding().statement

    assert said(importance).startswith("The forecast leans most on spend. It goes with leaving")
    near = importance.assign(importance=[1.1, 0.3, 0.2])
    assert said(near).startswith("The forecast leans most on spend and shop. These go with leaving")


def test_refits_are_split_in_every_way_and_many_by_lot():
    assert sorted(_halves(4)) == [[0, 1], [0, 2], [0, 3]]  # the others are what is left of these
    assert len(list(_halves(10))) == 126
    by_lot = list(_halves(20))
    assert len(by_lot) == 252
    assert {len(set(each)) for each in by_lot} == {10}
    assert by_lot == list(_halves(20))


def test_features_of_one_theme_speak_once(explained):
    customers, _, explainer = explained
    names = Names(themes={"usage": "Use", "gap": "Use"})
    row = pd.DataFrame({"usage": [-2.5], "gap": [60.0], "plan": ["basic"], "noise": [0.0], "colour": ["red"]})
    found = give_reasons(explainer, row, customers.features, names=names).customers.iloc[0]
    assert [found["reason_1_theme"], found["reason_2_theme"]] == ["Use", "plan"]
    assert "Use" not in (found["reason_2_theme"], found["reason_3_theme"])


@pytest.mark.parametrize("forecast", [Logistic(), SingleFeature(), BaseRate()])
def test_simpler_forecasts_are_explained_too(forecast):
    frame = drawn(2000)
    features = frame[["usage", "gap", "plan", "noise"]]
    forecast.fit(features, frame["left"].to_numpy(bool))
    explainer = explainer_of(forecast, features, random_seed=1)
    [(values, base)] = explainer.values(features)
    assert values.sum(1) + base == pytest.approx(logit(forecast.probability(features)), abs=1e-6)
    assert np.abs(values.mean(0)).max() < 1e-9
    found = give_reasons(explainer, features, features)
    assert found.agreement is None
    assert found.finding().interval is None
    assert found.draw().get_xlabel()
    assert found.check() is None


def test_reasons_of_logistic_regression_are_those_that_its_refits_share():
    frame = drawn(2000)
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id")
    forecast = Logistic().fit(customers.features, customers.left)
    explainer = explainer_of(forecast, customers.features, random_seed=1, learned=customers)
    found = list(explainer.values(customers.features))
    assert len(found) == REFITS
    mean = np.mean([values for values, _ in found], axis=0)
    assert mean.sum(1) + found[0][1] == pytest.approx(logit(forecast.probability(customers.features)), abs=1e-6)
    reasons = give_reasons(explainer, customers.features, customers.features)
    assert reasons.agreement > 0.8
    assert (reasons.importance["lower"] < reasons.importance["upper"]).all()


def test_the_risk_goes_with_features_as_it_truly_does(explained):
    customers, _, explainer = explained
    reasons = give_reasons(explainer, customers.features, customers.features)
    found = find_dependence(
        explainer, customers.features, customers.features, reasons.importance, names=Names(), random_seed=1
    )
    gap = found.parts[found.parts["feature"] == "gap"]
    assert gap["part"].iloc[-1] - gap["part"].iloc[0] > 0.5  # the risk rises with it
    plan = found.parts[found.parts["feature"] == "plan"].set_index("value")["part"]
    assert plan["basic"] > plan["pro"]
    first = found.pairs.iloc[0]
    assert {first["first"], first["second"]} == {"usage", "gap"}  # the only ones that act together
    assert first["lower"] > found.pairs["strength"].iloc[-1]
    assert found.draw().axes


def test_first_reasons_on_telco_agree_between_halves_of_the_refits(tmp_path):
    customers = labelled_customers(telco(tmp_path), label="left", customer="customer_id")
    parts = slices(customers, random_seed=1)
    model = fit_boosted(customers, parts, random_seed=1, settings=Settings())
    explainer = explainer_of(model, customers.features, random_seed=1)
    assert give_reasons(explainer, customers.features, customers.features).agreement >= 0.90
