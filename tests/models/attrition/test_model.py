"""The model on customers whose risks are known, and on real ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from tests.models.attrition.worlds import drawn, telco

from workbench.errors import DataError, ParameterError
from workbench.evaluation.binary.bootstrap import evaluate
from workbench.evaluation.binary.scores import MEASURES, logistic_line
from workbench.exhibits import Table, flatten
from workbench.findings import Check, Finding
from workbench.models.attrition import forecast_leavers
from workbench.models.attrition.model import encoding as encoding_module
from workbench.models.attrition.model import learning as learning_module
from workbench.models.attrition.model.baselines import BaseRate, Logistic, SingleFeature, ridge_logistic
from workbench.models.attrition.model.boosting import Booster, Settings, _clearly_less
from workbench.models.attrition.model.choice import choose
from workbench.models.attrition.model.cross_fitting import choose_cross_fitted
from workbench.models.attrition.model.customers import labelled_customers, slices
from workbench.models.attrition.model.encoding import Encoding
from workbench.models.attrition.model.fitting import fit_boosted, learned_sample
from workbench.models.attrition.model.learning import learn_quickly
from workbench.models.attrition.model.performance import Performance

QUICK = Settings(rounds=120, eta=0.05)


def labelled(frame, **options):
    return labelled_customers(
        frame.drop(columns="risk", errors="ignore"), label="left", customer="customer_id", **options
    )


def cross_fitted(frame, folds, fit):
    features, left = frame.drop(columns=["left", "customer_id"]), frame["left"].to_numpy(bool)
    found = np.empty(len(frame))
    for train, test in folds:
        found[test] = fit(features.iloc[train].reset_index(drop=True), left[train])(features.iloc[test])
    return found


def boosted(features, left, settings=None, seed=1):
    settings = settings or Settings()
    encoding = Encoding.of(features)
    model = Booster(encoding=encoding).train(encoding.rows(features), left, settings, random_seed=seed)
    return lambda new: model.predict(encoding.matrix(encoding.rows(new))).astype(float)


def logistic(features, left):
    return Logistic().fit(features, left).probability


@pytest.fixture(scope="module")
def telco_scores(tmp_path_factory):
    frame = telco(tmp_path_factory.mktemp("cache"))
    folds = list(StratifiedKFold(10, shuffle=True, random_state=1).split(frame, frame["left"]))
    return frame, cross_fitted(frame, folds, logistic), cross_fitted(frame, folds, boosted)


def test_logistic_regression_on_telco_is_as_published(telco_scores):
    frame, simple, _ = telco_scores
    assert roc_auc_score(frame["left"], simple) == pytest.approx(0.8455, abs=0.001)


def test_boosted_trees_beat_it(telco_scores):
    frame, simple, trees = telco_scores
    found = evaluate(
        frame["left"].to_numpy(), {"logistic": simple, "boosted": trees}, frame["customer_id"].to_numpy(), random_seed=1
    )
    difference, low, _ = found.difference("boosted", "logistic", "roc_auc")
    assert difference >= 0.002
    assert low > 0
    assert found.beats("boosted", "logistic", "log_loss")
    assert found.score("boosted", "calibration_slope") == pytest.approx(1, abs=0.06)


def test_iranian_customers_with_their_duplicates_on_one_side(shared):
    frame = pd.read_csv(shared / "iranian_telecom_churn.csv", encoding="utf-8-sig")
    frame.columns = [" ".join(name.split()) for name in frame.columns]
    missed, contacted = frame.pop("FN").to_numpy(), frame.pop("FP").to_numpy()  # costs of each row
    frame = frame.rename(columns={"Churn": "left"})
    frame["customer_id"] = frame.groupby(list(frame.columns), sort=False).ngroup()
    folds = list(
        StratifiedGroupKFold(10, shuffle=True, random_state=1).split(frame, frame["left"], frame["customer_id"])
    )
    settings = Settings(max_depth=6, eta=0.05, rounds=500, min_child_weight=1, reg_lambda=1)
    found = cross_fitted(frame, folds, lambda *train: boosted(*train, settings=settings))
    assert roc_auc_score(frame["left"], found) >= 0.983
    assert np.mean((found - frame["left"]) ** 2) <= 0.035
    left, chosen = frame["left"].to_numpy(bool), found * missed > (1 - found) * contacted
    assert missed[left].sum() == pytest.approx(55_603, abs=1)  # of contacting nobody
    assert missed[left & ~chosen].sum() + contacted[~left & chosen].sum() <= 12_200


def test_ridge_logistic_equals_scikit_learn():
    frame = drawn(800)
    columns = frame[["gap", "noise"]].to_numpy()
    columns = (columns - columns.mean(0)) / columns.std(0)
    expected = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(columns, frame["left"])
    found = ridge_logistic(columns, frame["left"].to_numpy(bool), penalty=1.0)
    assert found == pytest.approx([expected.intercept_[0], *expected.coef_[0]], abs=1e-5)


@pytest.fixture(scope="module")
def flat():
    customers = labelled(drawn(12_000))
    parts = slices(customers, random_seed=1)
    return customers, parts, fit_boosted(customers, parts, random_seed=1, settings=QUICK)


def test_scores_are_near_the_true_risks_and_calibrated(flat):
    customers, parts, model = flat
    chosen, _ = choose(customers, parts, model, random_seed=1, capacity=200)
    assert chosen.used == "boosted"
    truth = drawn(12_000)["risk"].to_numpy()[parts["test"]]
    found = chosen.evaluation
    oracle = np.mean((truth - chosen.test.left) ** 2)
    gained = found.score("base_rate", "brier") - found.score("boosted", "brier")
    assert gained / (found.score("base_rate", "brier") - oracle) > 0.7
    low, high = found.interval("boosted", "calibration_slope")
    assert low < 1 < high
    shown = list(flatten(chosen))
    assert isinstance(shown[0], Finding)
    assert shown[0].id == "forecast"
    assert shown[0].statement.startswith("Shown a leaver and a stayer, boosted trees pick")
    metrics = chosen.metrics()
    assert {
        "roc_auc",
        "roc_auc_logistic",
        "average_precision",
        "brier",
        "brier_baseline",
        "brier_logistic",
        "calibration_slope",
        "ece",
        "lift_at_capacity",
        "caught_at_capacity",
    } <= set(metrics)
    for figure in chosen.figures():
        assert figure.draw().get_xlabel()
    assert [check.name for check in chosen.checks()] == ["calibration", "out_of_time"]


def test_a_simpler_forecast_that_is_not_beaten_is_used():
    customers = labelled(drawn(8_000, curved=False))
    parts = slices(customers, random_seed=1)
    model = fit_boosted(customers, parts, random_seed=1, settings=QUICK, refits=3)
    chosen, _ = choose(customers, parts, model, random_seed=1)
    assert chosen.used == "logistic"
    assert "logistic regression picks the leaver" in chosen.finding().statement
    assert "not clearly better" in chosen.finding().statement
    frame = drawn(3000, seed=4)
    frame["left"] = (np.random.default_rng(1).random(3000) < 0.2).astype(int)
    nothing = labelled(frame)
    parts = slices(nothing, random_seed=1)
    model = fit_boosted(nothing, parts, random_seed=1, settings=QUICK, refits=2)
    chosen = choose(nothing, parts, model, random_seed=1)[0]
    assert chosen.used == "base_rate"
    assert chosen.metrics()["calibration_slope"] is None  # one risk for all has none


def test_the_same_seed_gives_the_same_scores_on_one_and_two_threads(flat):
    customers, parts, _ = flat
    found = [
        fit_boosted(customers, parts, random_seed=3, budget=2, refits=2, threads=threads).probability(
            customers.features
        )
        for threads in (1, 2)
    ]
    assert np.array_equal(*found)


def test_the_risk_only_rises_where_it_may_only_rise(flat):
    customers, parts, _ = flat
    model = fit_boosted(customers, parts, random_seed=1, settings=QUICK, refits=2, monotone={"gap": 1, "noise": -1})
    grid = customers.features.iloc[[0] * 50].reset_index(drop=True)
    assert (np.diff(model.probability(grid.assign(gap=np.linspace(0, 80, 50)))) >= -1e-7).all()
    assert (np.diff(model.probability(grid.assign(noise=np.linspace(-3, 3, 50)))) <= 1e-7).all()
    with pytest.raises(ParameterError, match="'plan'"):
        fit_boosted(customers, parts, random_seed=1, settings=QUICK, monotone={"plan": 1})


def test_slices_of_time_come_one_after_the_other():
    customers = labelled(drawn(6000, snapshots=6), snapshot="cutoff")
    parts = slices(customers, random_seed=1)
    assert sum(part.astype(int) for part in parts.values()).tolist() == [1] * 6000
    ends = {name: (customers.snapshots[rows].min(), customers.snapshots[rows].max()) for name, rows in parts.items()}
    assert ends["train"][1] < ends["stop"][0] <= ends["stop"][1] < ends["calibrate"][0]
    assert ends["calibrate"][1] < ends["test"][0]
    model = fit_boosted(customers, parts, random_seed=1, settings=QUICK, refits=2)
    chosen, _ = choose(customers, parts, model, random_seed=1)
    assert chosen.out_of_time
    assert [check.name for check in chosen.checks()] == ["calibration", "customers_known"]
    learning = learn_quickly(customers, parts, "boosted", random_seed=1)
    shown = {getattr(each, "name", ""): each for each in flatten(learning)}
    assert {"learning_curve", "by_snapshot"} <= set(shown)
    before = shown["by_snapshot"].frame
    assert before["group"].tolist() == sorted(str(day)[:10] for day in np.unique(customers.snapshots))[1:]
    assert (before["roc_auc"] > 0.65).all()
    sizes = [int(name) for name in learning.evaluation.forecasts]
    assert sizes[-1] == (~parts["test"]).sum()
    assert np.array(sizes) / sizes[-1] == pytest.approx([0.125, 0.25, 0.5, 1], abs=0.02)


def test_without_dates_every_customer_is_evaluated_by_forecasts_of_the_others():
    frame = drawn(4000)
    customers = labelled(frame)
    seen = []

    def fit(some, parts):
        assert not (parts["calibrate"] | parts["test"]).any()
        seen.append(set(some.ids))
        return fit_boosted(some, parts, random_seed=1, settings=QUICK, refits=2)

    chosen, simpler, calibration = choose_cross_fitted(customers, fit, random_seed=1, capacity=200)
    left_out = [set(customers.ids) - each for each in seen]
    assert sorted(each for some in left_out for each in some) == sorted(customers.ids)
    assert chosen.evaluation.rows == 4000
    assert chosen.folds == 5
    assert chosen.used == "boosted"
    assert list(simpler) == ["base_rate", "single_feature", "logistic"]
    assert calibration.slope == pytest.approx(1, abs=0.35)  # learned from all customers: four times a fifth
    checks = {check.name: check for check in chosen.checks()}
    assert "Without dates" in checks["out_of_time"].message
    shown = list(flatten(Performance(choice=chosen)))
    assert [getattr(each, "name", "") for each in shown] == ["accuracy", "performance"]
    table = shown[1].frame.set_index("measure")
    assert set(table.index) == set(MEASURES)
    assert (table["lower"] <= table["value"] + 1e-9).all()
    difference = chosen.evaluation.difference("boosted", "logistic", "brier")
    assert table.loc["brier", ["logistic_difference", "logistic_lower", "logistic_upper"]].tolist() == list(difference)
    always = max(customers.left.mean(), 1 - customers.left.mean())
    assert chosen.metrics()["accuracy_always_stays"] == pytest.approx(always)


def test_equal_rows_stand_on_one_side():
    frame = drawn(1000)
    twice = pd.concat([frame, frame[:300]], ignore_index=True).assign(customer_id=np.arange(1300))
    customers = labelled(twice, numbered=True)  # a numbered row says nothing of who it is
    place = np.select(list(slices(customers, random_seed=1).values()), [0, 1, 2, 3])
    assert (place[1000:] == place[:300]).all()


def test_settings_stay_the_defaults_unless_beaten_by_a_standard_error():
    ones = np.ones(2)
    assert _clearly_less(np.array([0.0, 1.0]), np.array([2.0, 1.0]), ones)  # gains 2 and 0: 1 ± .71
    assert not _clearly_less(np.array([0.0, 1.0]), np.array([2.0, 0.0]), ones)  # 2 and -1: .5 ± 1.06
    assert _clearly_less(np.array([0.0, 1.0]), np.array([2.0, 0.0]), np.array([5.0, 1.0]))  # 1.5 ± .59


def test_customers_are_divided_whole_where_there_is_no_time():
    for snapshots in (0, 3):
        frame = drawn(6000, snapshots=snapshots)
        customers = labelled(frame, snapshot="cutoff" if snapshots else None)
        parts = slices(customers, random_seed=1)
        place = np.select(list(parts.values()), [0, 1, 2, 3])
        if snapshots:
            assert (customers.snapshots[parts["test"]] == customers.snapshots.max()).all()
            early = ~parts["test"]
            assert pd.Series(place[early]).groupby(customers.ids[early]).nunique().max() == 1
        rates = [customers.left[rows].mean() for rows in parts.values()]
        assert np.ptp(rates) < 0.03


def test_rows_that_stand_for_several_count_as_often():
    frame = drawn(4000)
    counts = np.random.default_rng(1).choice([1, 3], len(frame), p=[0.8, 0.2])
    once = labelled(frame.assign(counts=counts), weight="counts")
    often = labelled(frame.loc[np.repeat(frame.index, counts)].assign(customer_id=np.arange(counts.sum())))
    for kind in (BaseRate, SingleFeature, Logistic):
        weighted, copied = (kind().fit(each.features, each.left, each.weights) for each in (once, often))
        if kind is not SingleFeature:  # whose quantiles are those of the rows
            assert weighted.probability(frame) == pytest.approx(copied.probability(frame), abs=0.01)
    found, expected = (
        evaluate(each.left, {"a": each.features["gap"].to_numpy() / 200}, each.ids, random_seed=1, weights=each.weights)
        for each in (once, often)
    )
    for measure in ("roc_auc", "brier", "calibration_slope"):
        assert found.score("a", measure) == pytest.approx(expected.score("a", measure), abs=1e-6)


def test_a_simpler_forecast_that_is_used_is_calibrated_on_the_same_later_customers():
    """Its log-odds are those of the plain fit, stretched and shifted, and its explanation stays additive."""
    frame = drawn(8000, curved=False)
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id")
    parts = slices(customers, random_seed=1)
    features, left = customers.features, customers.left
    boosted = fit_boosted(customers, parts, random_seed=1, refits=1, settings=Settings(rounds=20))
    choice, fitted = choose(customers, parts, boosted, random_seed=1)
    assert choice.used == "logistic"
    logistic = fitted["logistic"]
    assert choice.probability == pytest.approx(logistic.probability(features[parts["test"]]))
    plain = Logistic().fit(features[parts["train"] | parts["stop"]], left[parts["train"] | parts["stop"]])
    level, slope = logistic_line(logit(plain.probability(features[parts["calibrate"]])), left[parts["calibrate"]])
    expected = expit(level + slope * logit(plain.probability(features)))
    assert logistic.probability(features) == pytest.approx(expected)
    margin = logistic.coefficients[0] + logistic.parts(features).sum(1)
    assert expit(margin) == pytest.approx(expected)


def test_best_single_feature():
    frame = drawn(4000)
    found = SingleFeature().fit(frame[["noise", "colour", "usage"]], frame["left"].to_numpy(bool))
    assert found.column == "usage"
    assert found.probability(frame).mean() == pytest.approx(frame["left"].mean(), abs=0.005)


def test_an_encoding_meets_new_data():
    frame = pd.DataFrame({"plan": ["a", "b", None, "a"], "use": [1.0, np.nan, 3, 4], "on": [True, False, True, True]})
    encoding = Encoding.of(frame)
    assert encoding.kinds == ["c", "q", "q"]
    new = pd.DataFrame({"use": [2], "extra": [1], "on": [False], "plan": ["z"]})
    assert np.array_equal(encoding.rows(new), [[np.nan, 2, 0]], equal_nan=True)
    assert encoding.unseen(new) == {"plan": 1}
    with pytest.raises(DataError) as error:
        encoding.rows(pd.DataFrame({"use": ["many"], "on": [np.inf]}))
    assert len(error.value.faults) == 3
    reordered = frame.assign(plan=pd.Categorical(frame["plan"], categories=["b", "a"]))
    assert np.array_equal(encoding.rows(reordered), encoding.rows(frame), equal_nan=True)
    many = pd.DataFrame({"town": [f"t{place % 70}" for place in range(700)] + ["common"] * 20})
    assert len(Encoding.of(many).levels["town"]) == 50
    assert "common" in Encoding.of(many).levels["town"]


def test_customers_that_nothing_can_be_learned_from_are_refused_with_all_faults():
    frame = drawn(2000)
    few = frame.assign(left=(np.arange(2000) < 20).astype(int), when=pd.Timestamp("2025-01-01"), big=np.inf)
    few.loc[0, ["when", "big"]] = [pd.NaT, 1.0]
    with pytest.raises(DataError) as error:
        labelled(few.assign(copy=few["left"]))
    text = str(error.value)
    assert all(part in text for part in ("20 customers left", "'when'", "'big'", "'copy'"))
    with pytest.raises(DataError, match="same outcome"):
        labelled(frame.assign(left=0))
    with pytest.raises(DataError, match="none missing"):
        labelled(frame.assign(left=np.where(np.arange(2000) < 3, np.nan, frame["left"])))
    with pytest.raises(DataError, match="same customer and snapshot"):
        labelled(frame.assign(customer_id=1))
    with pytest.raises(DataError, match="'tenure'"):
        labelled(frame, features=["tenure"])
    kept = labelled(frame.assign(empty=np.nan, same=3, name=[f"n{place}" for place in range(2000)]))
    assert set(kept.dropped) == {"empty", "same", "name"}


def test_columns_that_name_rows_or_are_the_label_in_words():
    frame = drawn(600, seed=3)
    random = np.random.default_rng(1)
    frame["account_no"] = random.permutation(600) + 7_000_000
    frame["order_id"] = [f"O{at}" for at in range(600)]
    frame["remark"] = [f"called on day {at}" for at in range(600)]
    frame["revenue"] = random.permutation(600) + 7_000_000  # an amount, as its name says nothing else
    frame["zip_code"] = random.integers(10_000, 10_040, 600)
    found = labelled(frame)
    assert set(found.dropped) == {"account_no", "order_id", "remark"}
    for values in (["yes", "no"], [2.0, 1.0], [False, True]):
        copied = frame.assign(gone=np.array(values)[frame["left"]])
        with pytest.raises(DataError, match="'gone': a copy of the label"):
            labelled(copied)


def test_of_many_rows_a_sample_of_customers_is_fitted_and_told():
    customers = labelled(drawn(9000, snapshots=5), snapshot="cutoff")
    parts = slices(customers, random_seed=1)
    few = learned_sample(customers, parts, random_seed=1, most_rows=1000)
    learned, kept = parts["train"] | parts["stop"], few["train"] | few["stop"]
    assert 990 <= kept.sum() <= 1000
    assert set(customers.ids[kept]) & set(customers.ids[learned & ~kept]) == set()  # customers with all their rows
    assert customers.left[kept].mean() == pytest.approx(customers.left[learned].mean(), abs=0.05)
    assert (few["calibrate"] == parts["calibrate"]).all()
    assert learned_sample(customers, parts, random_seed=1) is parts
    forecast = forecast_leavers(customers, random_seed=1, budget=1, refits=2, most_rows=1000)
    assert forecast.fitted_on == kept.sum()
    assert len(forecast.test) == parts["test"].sum()
    told = {each.name: each for each in flatten(forecast) if isinstance(each, Check)}
    assert told["fitted_on_a_sample"].value == kept.sum()


@pytest.mark.parametrize("most", [100, 10**6])
def test_a_table_over_time_says_where_its_customers_are_some_drawn_by_lot(most, monkeypatch):
    customers = labelled(drawn(3000, snapshots=5), snapshot="cutoff")
    monkeypatch.setattr(learning_module, "MOST_ROWS", most)
    learning = learn_quickly(customers, slices(customers, random_seed=1), "base_rate", random_seed=1)
    assert learning.by_lot == (most == 100)
    captions = [each.caption for each in flatten(replace(learning, evaluation=None)) if isinstance(each, Table)]
    assert all(("drawn by lot" in caption) == (most == 100) for caption in captions)
    assert most == 100 or captions


def test_forecasts_do_not_hang_on_how_many_rows_are_taken_together(monkeypatch):
    """Rows go through models by turns, so that a million of them fit into memory."""
    customers = labelled(drawn(3000, snapshots=5), snapshot="cutoff")
    parts = slices(customers, random_seed=1)
    learned = customers.part(parts["train"])
    boosted = fit_boosted(customers, parts, random_seed=1, budget=1, refits=2)
    forecasts = [boosted, Logistic().fit(learned.features, learned.left, learned.weights)]
    whole = [each.probability(customers.features) for each in forecasts]
    monkeypatch.setattr(encoding_module, "CHUNK", 700)
    for each, before in zip(forecasts, whole, strict=True):
        np.testing.assert_allclose(each.probability(customers.features), before, rtol=1e-12)
    assert (boosted.probability(customers.features) == whole[0]).all()
