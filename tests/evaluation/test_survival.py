import json

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.evaluation.survival import cross_validate
from workbench.models.cox import fit_cox


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

    def log_hazard(self, frame):
        return self.model.log_hazard(frame)

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
    assert {status[f"calibration_{horizon}"] for horizon in (6, 12, 24)} == {"pass"}
    assert status["better_than_kaplan_meier"] == "pass"
    assert (evaluation.scores["brier"] < evaluation.scores["brier_km"]).all()
    assert evaluation.metrics()["calibration_error_12"] < 0.06


def test_a_spoilt_model_is_found_out(lifetimes):
    def fit(frame):
        return Spoilt(fit_cox(frame, ["plan", "use"]))

    spoilt = cross_validate(fit, lifetimes, [6, 12, 24], random_seed=4, repeats=1)
    status = {check.name: check.status for check in spoilt.checks()}
    assert status["calibration_24"] == "warn"
    assert spoilt.metrics()["calibration_error_24"] > 0.1


def test_it_says_that_it_is_not_out_of_time(evaluation):
    check = next(check for check in evaluation.checks() if check.name == "out_of_sample_not_out_of_time")
    assert check.status == "warn"
    assert "not out of time" in check.message


def test_the_model_never_sees_those_it_foretells(lifetimes):
    seen = []

    class Recorder:
        def __init__(self, train):
            self.train = set(train["customer_id"])

        def log_hazard(self, frame):
            seen.append(self.train & set(frame["customer_id"]))
            return pd.Series(0.0, index=pd.Index(frame["customer_id"]))

        def predict_survival(self, frame, times):
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


def test_censoring_that_depends_on_covariates_is_noticed():
    lifetimes = world(1500, seed=3, effect=1.5)
    cut = np.where(lifetimes["plan"] == "basic", 6.0, 60.0)
    lifetimes["event"] &= lifetimes["duration"] <= cut
    lifetimes["duration"] = np.minimum(lifetimes["duration"], cut + np.linspace(0, 6, len(lifetimes)))
    model = fit_cox(lifetimes, ["plan", "use"])
    checks = cross_validate(model.refit, lifetimes, [12, 24], random_seed=1).checks()
    assert next(check for check in checks if check.name == "curve_of_all_customers").status == "warn"


def test_fewer_leavers_than_folds_is_refused(lifetimes):
    few = lifetimes.assign(event=np.arange(len(lifetimes)) < 3)
    with pytest.raises(DataError, match="got 3 customers who left, expected at least one for each of 5 folds"):
        cross_validate(lambda frame: fit_cox(frame, []), few, [12], random_seed=1)


def test_everything_it_says_is_strict_json(evaluation):
    json.dumps(evaluation.metrics(), allow_nan=False)
    assert [finding.id for finding in evaluation.findings()] == ["concordance"]
    assert evaluation.findings()[0].interval[0] < evaluation.concordance < evaluation.findings()[0].interval[1]


def test_the_figure_has_a_line_for_each_horizon(evaluation):
    axes = evaluation.plot(title=evaluation.title())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["6 months", "12 months", "24 months"]
    assert "12 months" in evaluation.describe()
