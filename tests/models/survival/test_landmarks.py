import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_covariate_histories import END, company  # noqa: F401

from workbench.evaluation.validation import evaluate
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.landmarks import (
    fit_landmark_boosted,
    fit_landmark_cause_specific,
    fit_landmark_cox,
    landmark_windows,
    learn_landmark_covariates,
)
from workbench.models.survival.lifetimes.covariate_histories import covariate_histories
from workbench.models.survival.lifetimes.subscriptions import from_subscriptions


def test_windows_split_a_life_without_losing_time_or_leavers():
    random = np.random.default_rng(1)
    entry = random.choice([0.0, 2.5], 200)
    lifetimes = pd.DataFrame(
        {
            "customer_id": range(200),
            "entry": entry,
            "duration": entry + random.uniform(0.1, 20, 200),
            "event": random.random(200) < 0.5,
            "reason": "price",
        }
    )
    rows = landmark_windows(lifetimes, [])
    assert (rows["duration"] - rows["entry"]).sum() == pytest.approx((lifetimes["duration"] - lifetimes["entry"]).sum())
    assert rows["event"].sum() == lifetimes["event"].sum()
    assert rows["reason"].notna().sum() == lifetimes["event"].sum()
    assert (rows["entry"] < rows["duration"]).all()


def test_without_news_splitting_lives_changes_no_coefficient():
    random = np.random.default_rng(2)
    plan = random.choice(["a", "b"], 400)
    lifetimes = pd.DataFrame(
        {"customer_id": range(400), "duration": random.exponential(10, 400) + 0.01, "event": True, "plan": plan}
    )
    rows = landmark_windows(lifetimes, ["plan"]).assign(customer_id=lambda frame: np.arange(len(frame)))
    whole, split = fit_cox(lifetimes, ["plan"]), fit_cox(rows, ["plan"])
    assert split.coefficients["coefficient"].tolist() == pytest.approx(whole.coefficients["coefficient"].tolist())


def test_it_foretells_better_than_what_was_known_at_the_start_and_its_intervals_hold_it(company):  # noqa: F811
    spells, surveys = company
    day = spells.cutoff()
    train, test = spells.until(day), spells.after(day)
    histories = covariate_histories(spells, surveys=surveys, scores=["csat"])
    model = fit_landmark_cox(train, [], histories)
    plain = evaluate(fit_cox(train, []), test, [3], train=train, since="x")
    known = evaluate(model, test, [3], train=train, since="x")
    assert known.uno > 0.7
    assert known.integrated_brier < 0.95 * plain.integrated_brier
    table = model.conditional_survival(test, test["entry"].to_numpy(), [1, 3, 6])
    assert (table["lower"] < table["survival"]).all()
    assert (table["survival"] < table["upper"]).all()
    coefficient = model.model.coefficients.set_index("covariate")["coefficient"]["csat"]
    assert coefficient < -0.8


@pytest.mark.parametrize("shape", ["line", "valley"])
def test_trees_find_what_a_line_cannot_and_are_no_worse_where_there_is_one(company, shape):  # noqa: F811
    """Valley: what is told folds the two ends of satisfaction onto the middle, so that hazards go up and down in it."""
    spells, surveys = company
    if shape == "valley":
        folded = np.where(
            surveys["csat"] < 0, 3 + surveys["csat"], surveys["csat"] - 3
        )  # those at either end are mixed
        surveys = surveys.assign(csat=np.where(surveys["csat"].abs() < 0.5, 0, folded))
    day = spells.cutoff()
    train, test = spells.until(day), spells.after(day)
    histories = covariate_histories(spells, surveys=surveys, scores=["csat"])
    line, trees = fit_landmark_cox(train, [], histories), fit_landmark_boosted(train, [], histories, random_seed=1)
    known, found = (evaluate(each, test, [3], train=train, since="x") for each in (line, trees))
    if shape == "valley":
        assert found.integrated_brier < 0.97 * known.integrated_brier
    else:
        assert found.integrated_brier < 1.03 * known.integrated_brier
    table = trees.conditional_survival(test, test["entry"].to_numpy(), [1, 3, 6])
    assert (table["lower"] < table["upper"]).all()


def test_nothing_after_the_day_changes_a_forecast(company):  # noqa: F811
    spells, surveys = company
    day = spells.cutoff()
    test = spells.after(day).head(50)
    later = surveys.assign(csat=surveys["csat"].where(surveys["timestamp"] < day, 99.0))
    first, second = (
        fit_landmark_cox(
            spells.until(day), [], covariate_histories(spells, surveys=rows, scores=["csat"])
        ).predict_survival(test, [1, 2.5, 6], tenure=test["entry"].to_numpy())
        for rows in (surveys, later)
    )
    pd.testing.assert_frame_equal(first, second)


def test_reasons_are_told_by_what_was_last_known(company):  # noqa: F811
    spells, surveys = company
    lifetimes = spells.frame.assign(
        reason=np.where(spells.frame["event"], np.where(np.arange(len(spells.frame)) % 4, "price", "need"), None)
    )
    histories = covariate_histories(spells, surveys=surveys, scores=["csat"])
    model, reasons = fit_landmark_cox(lifetimes, [], histories), fit_landmark_cause_specific(lifetimes, [], histories)
    now = spells.active()
    tenure = now["duration"].to_numpy()
    shares = reasons.shares(model, now, tenure, [3.0, 12.0])
    survival = model.predict_survival(now, [3.0, 12.0], tenure=tenure).to_numpy()
    assert np.allclose(sum(shares.values()) + survival, 1)
    assert shares["price"].mean() > 2 * shares["need"].mean()


def test_who_never_said_anything_stands_at_the_mean_and_is_told_apart():
    rows = pd.DataFrame({"customer_id": ["a", "b"], "entry": [3.0, 3.0], "duration": [4.0, 4.0]})
    history = pd.DataFrame({"customer_id": ["a"], "time": [1.0], "value": [4.0]})
    landmark = learn_landmark_covariates(
        rows, {"csat": history, "contacts_lately": history, "months_since_purchase": history}
    )
    assert landmark.fill_values["csat"] == 4
    assert landmark.fill_values["contacts_lately"] == 0
    made = landmark.attach(rows, rows["entry"].to_numpy())
    assert made["csat"].tolist() == [4.0, 4.0]
    assert made["csat_known"].tolist() == [1.0, 0.0]
    assert made["contacts_lately"].tolist() == [4.0, 0.0]
    assert "contacts_lately_known" not in made
    assert fit_landmark_cox(rows.assign(event=False), [], {"csat": history}) is None
    assert fit_landmark_cox(rows.assign(event=True), [], {}) is None
    assert fit_landmark_boosted(rows.assign(event=False), [], {"csat": history}, random_seed=1) is None


def test_purchases_and_changes_of_price_are_known_from_the_day_on_which_they_happen():
    subscriptions = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "start": ["2025-01-01", "2025-07-01", "2025-01-01"],
            "end": ["2025-07-01", None, None],
            "price": [10.0, 12.0, 20.0],
        }
    )
    subscriptions["start"] = pd.to_datetime(subscriptions["start"])
    spells = from_subscriptions(subscriptions, as_of=END.date())
    bought = pd.DataFrame(
        {"customer_id": ["a", "a"], "timestamp": pd.to_datetime(["2025-02-01", "2025-02-02"]), "amount": [5.0, -2.0]}
    )
    made = covariate_histories(spells, transactions=bought, subscriptions=subscriptions)
    rows = pd.DataFrame({"customer_id": ["a"] * 4, "entry": [0.5, 1.5, 5.0, 7.0]})
    told = learn_landmark_covariates(rows, made).attach(rows, rows["entry"].to_numpy())
    assert told["purchases_lately"].tolist() == [0, 1, 0, 0]
    assert told["price_change"].tolist() == pytest.approx([0, 0, 0, 0.2])
    assert told["months_since_purchase"].to_numpy()[1] == pytest.approx(0.5, abs=0.05)
    unchanged = covariate_histories(spells, subscriptions=subscriptions.iloc[[0, 2]])
    assert unchanged == {}
