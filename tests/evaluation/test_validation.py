import json

import numpy as np
import pandas as pd
import pytest
from tests.evaluation.scores import brier

from workbench.errors import DataError
from workbench.evaluation.validation import cross_validate, evaluate
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.time_varying_effects import fit_time_varying
from workbench.models.survival.forecast.censoring_weights import fit_censoring


def world(size=600, seed=1, effect=1.0):
    random = np.random.default_rng(seed)
    plan, use = random.choice(["basic", "plus"], size), random.normal(50, 10, size)
    rate = 0.03 * np.exp(effect * (plan == "basic") - 0.05 * effect * (use - 50))
    life, followed = random.exponential(1 / rate), random.uniform(10, 60, size)
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(size)],
            "duration": np.minimum(life, followed),
            "event": life <= followed,
            "plan": plan,
            "use": use,
        }
    )


class Spoilt:
    """A model whose shares still there are squared: too few stay."""

    def __init__(self, model):
        self.model = model

    def predict_survival(self, frame, times):
        return self.model.predict_survival(frame, times) ** 2


@pytest.fixture(scope="module")
def lifetimes():
    return world()


@pytest.fixture(scope="module")
def evaluation(lifetimes):
    model = fit_cox(lifetimes, ["plan", "use"])
    return cross_validate(model.refit, lifetimes, [6, 12, 24], random_seed=4)


def test_a_right_model_is_calibrated_and_beats_one_curve_for_everybody(evaluation):
    status = {check.name: check.status for check in evaluation.checks()}
    assert {status[f"calibration_{horizon}"] for horizon in (6, 12)} == {"pass"}
    assert status["ranks_better_than_guessing"] == status["average_prediction"] == "pass"
    assert status["better_than_kaplan_meier"] == "pass"
    assert (evaluation.scores["brier"] < evaluation.scores["brier_km"]).all()
    assert evaluation.metrics()["calibration_error_12"] < 0.06


def test_a_spoilt_model_is_found_out(lifetimes):
    def fit(frame):
        return Spoilt(fit_cox(frame, ["plan", "use"]))

    spoilt = cross_validate(fit, lifetimes, [6, 12, 24], random_seed=4, repeats=1)
    status = {check.name: check.status for check in spoilt.checks()}
    assert status["calibration_24"] == "fail"
    assert "differ" in spoilt.title()
    assert spoilt.metrics()["calibration_error_24"] > 0.1


def test_it_says_that_it_is_not_out_of_time(evaluation):
    check = next(check for check in evaluation.checks() if check.name == "out_of_sample_not_out_of_time")
    assert check.status == "warn"
    assert "not on later time" in check.message


def test_the_model_never_sees_those_it_foretells(lifetimes):
    seen = []

    class Recorder:
        def __init__(self, train):
            self.train = set(train["customer_id"])

        def predict_survival(self, frame, times):
            seen.append(self.train & set(frame["customer_id"]))
            return pd.DataFrame(0.5, index=pd.Index(frame["customer_id"]), columns=list(times))

    cross_validate(Recorder, lifetimes, [12], folds=3, repeats=2, random_seed=1)
    assert seen == [set()] * 6


def test_folds_hold_their_share_of_leavers(lifetimes):
    shares = []

    def fit(train):
        shares.append(train["event"].mean())
        return fit_cox(train, ["plan"])

    cross_validate(fit, lifetimes, [12], folds=4, repeats=1, random_seed=1)
    assert np.ptp(shares) < 0.005


def test_the_same_seed_gives_the_same_and_another_seed_another(lifetimes):
    model = fit_cox(lifetimes, ["plan"])
    first, again, other = (
        cross_validate(model.refit, lifetimes, [12], folds=3, repeats=1, random_seed=seed).metrics()
        for seed in (4, 4, 5)
    )
    assert first == again != other


def test_a_model_without_covariates_ranks_nobody_and_is_no_worse_than_one_curve(lifetimes):
    plain = cross_validate(fit_cox(lifetimes, []).refit, lifetimes, [12], random_seed=1)
    assert plain.concordance == 0.5
    assert plain.metrics()["brier_12"] == pytest.approx(plain.metrics()["brier_km_12"], rel=1e-3)
    assert len(plain.calibration) == 1


def test_where_too_few_customers_could_be_judged_nothing_is_said_to_agree(evaluation):
    check = {check.name: check for check in evaluation.checks()}["calibration_24"]
    assert evaluation.scores["evaluated"].iloc[-1] < 0.8
    assert check.status == "warn"
    assert "Too few customers" in evaluation.title()


def test_an_average_far_from_the_observed_curve_is_noticed():
    lifetimes = world(1500, seed=3, effect=1.5)
    cut = np.where(lifetimes["plan"] == "basic", 6.0, 60.0)
    lifetimes["event"] &= lifetimes["duration"] <= cut
    lifetimes["duration"] = np.minimum(lifetimes["duration"], cut + np.linspace(0, 6, len(lifetimes)))
    model = fit_cox(lifetimes, ["plan", "use"])
    checks = cross_validate(model.refit, lifetimes, [12, 24], random_seed=1).checks()
    assert next(check for check in checks if check.name == "average_prediction").status == "warn"


def test_failed_fits_are_counted_and_their_customers_not_judged(lifetimes):
    fits = iter(range(5))

    def fit(train):
        if next(fits) in (0, 3):
            raise DataError("no maximum")
        return fit_cox(train, ["plan"])

    evaluation = cross_validate(fit, lifetimes, [12], repeats=1, random_seed=1)
    check = {check.name: check for check in evaluation.checks()}["cross_validation_fits"]
    assert (check.status, check.value) == ("warn", 2)
    assert check.message.startswith("2 of 5 fits")
    assert evaluation.customers == 360
    assert evaluation.scores["evaluated"].iloc[0] <= 0.6


def test_more_failed_fits_than_not_fail_the_evaluation_but_lose_no_report(lifetimes):
    def fit(train):
        raise DataError("no maximum")

    evaluation = cross_validate(fit, lifetimes, [12], random_seed=1)
    assert {check.name: check.status for check in evaluation.checks()}["cross_validation_fits"] == "fail"
    assert evaluation.findings() == ()
    assert set(evaluation.metrics().values()) == {None}
    assert evaluation.plot() is not None


def test_few_leavers_do_not_stop_the_evaluation(lifetimes):
    few = lifetimes.assign(event=np.arange(len(lifetimes)) < 3)
    evaluation = cross_validate(lambda frame: fit_cox(frame, []), few, [12], random_seed=1)
    assert evaluation.events == 3


def test_nothing_is_judged_where_the_customers_of_a_fit_end_before():
    lifetimes = world(300).assign(event=True)
    lifetimes.loc[0, "duration"] = 900.0  # the only one who is followed so long is left out of one fit
    model = fit_cox(lifetimes, ["plan"])
    evaluation = cross_validate(model.refit, lifetimes, [12, 800], random_seed=1)
    assert evaluation.scores["horizon"].tolist() == [12]
    check = {check.name: check for check in evaluation.checks()}["cross_validation_fits"]
    assert check.status == "warn"
    assert "800" in check.message


def test_a_model_that_ranks_the_wrong_way_round_fails(lifetimes):
    class Reversed(Spoilt):
        def predict_survival(self, frame, times):
            return 1 - self.model.predict_survival(frame, times)

    wrong = cross_validate(lambda rows: Reversed(fit_cox(rows, ["use"])), lifetimes, [12], repeats=1, random_seed=1)
    status = {check.name: check.status for check in wrong.checks()}
    assert status["ranks_better_than_guessing"] == "fail"


def test_ranking_that_may_be_guessing_is_a_warning(lifetimes):
    noise = lifetimes.assign(noise=np.random.default_rng(5).normal(size=len(lifetimes)))
    guess = cross_validate(fit_cox(noise, ["noise"]).refit, noise, [12], repeats=1, random_seed=1)
    status = {check.name: check.status for check in guess.checks()}
    assert status["ranks_better_than_guessing"] == "warn"  # nothing to tell customers apart is an answer
    assert status["better_than_kaplan_meier"] == "warn"


def test_everything_it_says_is_strict_json(evaluation):
    json.dumps(evaluation.metrics(), allow_nan=False)
    assert [finding.id for finding in evaluation.findings()] == ["concordance"]
    assert evaluation.findings()[0].interval[0] < evaluation.concordance < evaluation.findings()[0].interval[1]


def test_the_figure_has_a_line_for_each_horizon(evaluation):
    axes = evaluation.plot(title=evaluation.title())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["6 months", "12 months", "24 months"]
    assert "12 months" in evaluation.describe()


def test_weights_that_depend_on_covariates_mend_what_equal_weights_distort():
    """Customers on one plan leave early and are followed briefly: equal weights count those who stay too much."""
    random = np.random.default_rng(7)
    size = 30_000
    hasty = random.random(size) < 0.5
    life = random.exponential(np.where(hasty, 6.0, 60.0))
    cut = random.exponential(np.where(hasty, 6.0, 60.0))
    lifetimes = pd.DataFrame(
        {"customer_id": range(size), "duration": np.minimum(life, cut), "event": life <= cut, "hasty": hasty}
    )
    truth = np.where(hasty, np.exp(-12 / 6), np.exp(-12 / 60))
    expected = np.mean(truth * (1 - truth))

    weights = fit_censoring(lifetimes, ["hasty"])(lifetimes, np.array([12.0]))
    durations, events = lifetimes["duration"].to_numpy(), lifetimes["event"].to_numpy()
    plain, weighted = (brier(durations, events, truth, 12.0, each) for each in (None, weights))
    assert weighted == pytest.approx(expected, abs=0.008)
    assert abs(plain - expected) > 0.015


def test_late_entries_are_judged_from_when_they_were_first_seen():
    late = world(1500).assign(entry=np.where(np.arange(1500) % 2, 8.0, 0.0))
    late = late[late["duration"] > late["entry"]]
    model = fit_cox(late, ["plan", "use"])
    judged = cross_validate(model.refit, late, [12], repeats=1, random_seed=1)
    assert judged.metrics()["ici_12"] < 0.08
    assert judged.metrics()["integrated_brier"] < judged.metrics()["integrated_brier_km"]


def test_losing_against_one_curve_is_a_headline(lifetimes):
    class Wild(Spoilt):
        def predict_survival(self, frame, times, **tenure):
            return 1 - self.model.predict_survival(frame, times)

    lost = cross_validate(lambda rows: Wild(fit_cox(rows, ["plan"])), lifetimes, [12], repeats=1, random_seed=1)
    assert lost.headline()[0].id == "loses_to_one_curve"
    assert {check.name: check.status for check in lost.checks()}["integrated_brier_gain"] == "warn"


def test_of_many_customers_one_part_is_enough(lifetimes):
    model = fit_cox(lifetimes, ["plan", "use"])
    some = cross_validate(model.refit, lifetimes, [12], parts=2, repeats=1, random_seed=1)
    assert 238 <= some.customers <= 242
    assert some.folds == 2
    assert some.scores["evaluated"].iloc[0] == 1


def test_the_curve_is_carried_on_for_those_who_have_lasted_as_long_as_anybody():
    """Everyone began on the same day: at the cut-off the curve has nothing to say of what follows, like the model."""
    random = np.random.default_rng(3)
    life = random.exponential(10.0, 4000)
    train = pd.DataFrame({"customer_id": range(4000), "duration": np.minimum(life, 6.0), "event": life <= 6.0})
    test = pd.DataFrame({"customer_id": range(4000), "duration": np.minimum(life, 9.0), "event": life <= 9.0})
    test = test.assign(entry=6.0)[life > 6.0]
    judged = evaluate(fit_cox(train, []), test, [1, 3], train=train)
    assert judged.integrated_brier_km == pytest.approx(judged.integrated_brier, rel=0.01)


def test_the_first_few_at_risk_do_not_take_the_curve_to_zero():
    """One customer alone at risk leaves at once; everybody else comes on board later."""
    random = np.random.default_rng(4)
    life = random.exponential(10.0, 3000) + 1.0
    late = pd.DataFrame({"customer_id": range(3000), "duration": np.minimum(life, 20.0), "event": life <= 20.0})
    late = late.assign(entry=1.0)
    first = pd.DataFrame({"customer_id": [-1], "duration": [0.5], "event": [True], "entry": [0.0]})
    judged = evaluate(fit_cox(late, []), late, [3], train=pd.concat([first, late]))
    assert judged.integrated_brier_km == pytest.approx(judged.integrated_brier, rel=0.01)


def crossing(size=2000, seed=5):
    """Those on trial leave at six times the rate in the first six months, afterwards at a quarter of it."""
    random = np.random.default_rng(seed)
    trial = np.arange(size) % 2 == 0
    early, late = 0.03 * np.where(trial, 6, 1), 0.06 * np.where(trial, 0.25, 1)
    exposed = random.exponential(1, size)
    life = np.where(exposed < 6 * early, exposed / early, 6 + (exposed - 6 * early) / late)
    follow = random.uniform(30, 36, size)
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.minimum(life, follow),
            "event": life <= follow,
            "trial": np.where(trial, "yes", "no"),
        }
    )


def test_ranking_at_a_horizon_is_by_the_risk_at_that_horizon():
    """By the hazard of all the time observed, those who leave soon would be ranked last (AUC at 6 months .24)."""
    rows = crossing()
    changing = fit_time_varying(fit_cox(rows, ["trial"]), rows)
    found = cross_validate(changing.refit, rows, [6, 24], random_seed=1, repeats=1)
    gone = 1 - np.exp(-6 * 0.03 * np.array([1.0, 6.0]))
    truth = np.outer([gone[1], gone[0]] / gone.sum(), [1 - gone[0], 1 - gone[1]] / (2 - gone.sum()))
    assert found.metrics()["auc_6"] == pytest.approx(truth[0, 0] + 0.5 * (truth[0, 1] + truth[1, 0]), abs=0.02)
    assert found.concordance > 0.55  # they stay shorter on average as well


def test_veterans_with_ratios_that_change_are_ranked_as_in_r():
    # R, 5 folds dealt ten times: survSplit(Surv(time, status) ~ ., train, cut = median of those who died),
    # coxph(Surv(tstart, time, status) ~ celltype + karno + celltype:late + karno:late), AUC at 30 by the early ratios
    pytest.importorskip("sksurv.datasets")
    from sksurv.datasets import load_veterans_lung_cancer

    columns, outcome = load_veterans_lung_cancer()
    rows = pd.DataFrame(
        {
            "customer_id": range(len(outcome)),
            "duration": outcome["Survival_in_days"].astype(float),
            "event": outcome["Status"],
            "cell": columns["Celltype"].astype(str),
            "karno": columns["Karnofsky_score"],
        }
    )
    changing = fit_time_varying(fit_cox(rows, ["cell", "karno"]), rows)
    found = cross_validate(changing.refit, rows, [30], random_seed=1, repeats=4)
    assert found.metrics()["auc_30"] == pytest.approx(0.837, abs=0.015)


def test_where_few_are_followed_a_gap_of_the_average_is_not_called_wrong():
    random = np.random.default_rng(2)
    for seed in range(5):
        random = np.random.default_rng(seed)
        life, follow = random.exponential(20, 60), np.append(random.uniform(1, 12, 51), np.full(9, 40.0))
        few = pd.DataFrame(
            {
                "customer_id": range(60),
                "duration": np.minimum(life, follow),
                "event": life <= follow,
                "use": random.normal(size=60),
            }
        )
        found = cross_validate(fit_cox(few, ["use"]).refit, few, [6, 12, 30], random_seed=1)
        check = {check.name: check for check in found.checks()}["average_prediction"]
        assert check.status == "pass"
        assert "wrong" not in check.message


def test_scores_count_customers_by_their_weight():
    """Half stand for three: the same as with each of them three times, but for the errors."""
    rows = world(800, seed=6)
    heavy = rows.assign(weight=np.where(np.arange(800) % 2, 3.0, 1.0))
    model = fit_cox(heavy, ["plan", "use"])
    repeated = rows.iloc[np.repeat(np.arange(800), np.where(np.arange(800) % 2, 3, 1))]
    one = evaluate(model, heavy, [6, 12], train=heavy)
    other = evaluate(model, repeated.assign(customer_id=range(len(repeated))), [6, 12], train=heavy)
    for name in ("integrated_brier", "brier_12", "brier_km_12", "auc_12", "ici_12", "concordance"):
        assert one.metrics()[name] == pytest.approx(other.metrics()[name], abs=5e-3)
    assert one.scores["observed"].tolist() == pytest.approx(other.scores["observed"].tolist())
    assert one.worth == pytest.approx(640)
    assert "640" in {check.name: check.message for check in one.checks()}["weighted_evaluation"]
