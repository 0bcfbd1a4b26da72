import numpy as np
import pandas as pd
import pytest

from workbench.evaluation.validation import cross_validate
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.cox.time_varying_effects import fit_time_varying


def crossing(size=1000, seed=1, ratio=2.0):
    """Hazard ratio `ratio` before the median of the others and `1 / ratio` after it; three in ten censored."""
    random = np.random.default_rng(seed)
    treated = np.arange(size) % 2 == 0
    draw, cut = random.exponential(1.0, size), np.log(2)
    early, late = np.where(treated, ratio, 1.0), np.where(treated, 1 / ratio, 1.0)
    life = np.where(draw < early * cut, draw / early, cut + (draw - early * cut) / late)
    followed = random.exponential(2.6, size)
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.minimum(life, followed),
            "event": life <= followed,
            "plan": np.where(treated, "new", "old"),
            "noise": random.normal(size=size),
        }
    )


def test_ratios_before_and_after_are_found_and_the_remedy_is_recorded():
    lifetimes = crossing(4000)
    time_varying = fit_time_varying(fit_cox(lifetimes, ["plan", "noise"]), lifetimes, cut=np.log(2))
    row = time_varying.hazard_ratios().iloc[0]
    ratios = (row["early"], row["late"]) if row["value"] == "new" else (1 / row["early"], 1 / row["late"])
    assert ratios == pytest.approx((2.0, 0.5), rel=0.2)
    assert time_varying.proportionality.set_index("covariate").loc["plan", "before"] < 1e-6
    assert time_varying.proportionality.set_index("covariate").loc["plan", "after"] > 0.05
    (check,) = time_varying.checks()
    assert check.status == "pass"
    assert "plan" in time_varying.time_varying
    assert time_varying.aic_gain > 50
    assert "after 0.7 months" in time_varying.findings()[0].statement


def test_predictions_follow_both_ratios_also_for_those_who_lasted():
    lifetimes = crossing(8000)
    plain = fit_cox(lifetimes, ["plan"])
    time_varying = fit_time_varying(plain, lifetimes, cut=np.log(2))
    two = pd.DataFrame({"customer_id": ["n", "o"], "plan": ["new", "old"]})
    cut = np.log(2)
    truth = [np.exp(-2 * cut - 0.5 * (1.5 - cut)), np.exp(-1.5)]
    assert time_varying.predict_survival(two, [1.5])[1.5].tolist() == pytest.approx(truth, abs=0.03)
    lasted = time_varying.conditional_survival(two, np.array([1.0, 1.0]), [1.0])
    assert lasted["survival"].tolist() == pytest.approx([np.exp(-0.5), np.exp(-1)], abs=0.06)
    assert (lasted["lower"] < [np.exp(-0.5), np.exp(-1)]).all()
    assert (lasted["upper"] > [np.exp(-0.5), np.exp(-1)]).all()
    assert abs(plain.conditional_survival(two, np.array([1.0, 1.0]), [1.0])["survival"].iloc[0] - np.exp(-0.5)) > 0.08


def test_the_remedy_foretells_better_out_of_sample():
    lifetimes = crossing(3000, ratio=3.0)
    plain = fit_cox(lifetimes, ["plan"])
    time_varying = fit_time_varying(plain, lifetimes)
    before, after = (
        cross_validate(fit.refit, lifetimes, [0.3, 1.5], repeats=1, random_seed=1).integrated_brier
        for fit in (plain, time_varying)
    )
    assert after < before


def test_where_nothing_changes_nothing_is_remedied():
    lifetimes = crossing(1000, ratio=1.0)
    assert fit_time_varying(fit_cox(lifetimes, ["plan"]), lifetimes) is None
    nobody = lifetimes.assign(event=False)
    assert fit_time_varying(fit_cox(nobody, ["plan"]), nobody) is None


@pytest.mark.slow
def test_planted_crossings_are_found_in_nine_of_ten_and_false_alarms_are_rare():
    found, alarms = 0, 0
    for seed in range(200):
        planted, plain = (
            fit_cox(crossing(1000, seed=seed, ratio=ratio), ["plan"]).proportionality["p_value"].iloc[0]
            for ratio in (2.0, 1.0)
        )
        found, alarms = found + (planted < 0.05), alarms + (plain < 0.05)
    assert found >= 180
    assert alarms <= 16
