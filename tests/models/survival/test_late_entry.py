"""Customers who were on board before the records begin: allowed for, and wrong when they are not."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from workbench.errors import DataError
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.aalen_johansen import competing_risks
from workbench.models.survival.curves.group_table import group_table
from workbench.models.survival.curves.hazard_by_tenure import rate_by_tenure
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.curves.log_rank import log_rank
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.table import late_entries


def world(size=4000, seed=1):
    """Half of them customers for some time when records begin; only those still there then are seen."""
    random = np.random.default_rng(seed)
    plan = random.choice(["basic", "plus"], size)
    life = random.exponential(np.where(plan == "basic", 12.0, 24.0))
    entry = np.where(random.random(size) < 0.5, random.uniform(0, 36, size), 0.0)
    cut = entry + random.uniform(6, 40, size)
    seen = life > entry
    rows = pd.DataFrame({"duration": np.minimum(life, cut), "event": life <= cut, "entry": entry, "plan": plan})[
        seen
    ].reset_index(drop=True)
    return rows.assign(customer_id=rows.index)


@pytest.fixture(scope="module")
def lifetimes():
    return world()


def test_curves_allow_for_late_entry_and_the_naive_way_fails(lifetimes):
    truth = np.exp(-12 / 12), np.exp(-12 / 24)
    at = kaplan_meier(lifetimes, by="plan").at([12]).set_index("group")
    naive = kaplan_meier(lifetimes.drop(columns="entry"), by="plan").at([12]).set_index("group")
    for group, expected in zip(("basic", "plus"), truth, strict=True):
        assert at.loc[group, "lower"] < expected < at.loc[group, "upper"]
        assert naive.loc[group, "lower"] > expected + 0.05


def test_hazard_ratios_and_predictions_allow_for_late_entry_and_the_naive_way_fails(lifetimes):
    model = fit_cox(lifetimes, ["plan"])
    naive = fit_cox(lifetimes.drop(columns="entry"), ["plan"])
    (row,) = model.hazard_ratios().itertuples()
    assert row.lower < (2 if row.value == "basic" else 0.5) < row.upper
    two = pd.DataFrame({"customer_id": [0, 1], "plan": ["basic", "plus"]})
    truth = [np.exp(-1), np.exp(-0.5)]
    assert model.predict_survival(two, [12])[12].tolist() == pytest.approx(truth, abs=0.03)
    assert (naive.predict_survival(two, [12])[12] > np.array(truth) + 0.08).all()


def test_the_fit_is_that_of_the_fitter(lifetimes):
    rows = lifetimes.head(600).assign(plus=lambda rows: (rows["plan"] == "plus").astype(float))
    rows = rows.round({"duration": 0, "entry": 0})
    rows = rows[rows["duration"] > rows["entry"]]
    fitted = CoxPHFitter().fit(rows[["duration", "event", "entry", "plus"]], "duration", "event", entry_col="entry")
    model = fit_cox(rows, ["plus"])
    assert model.coefficients["coefficient"].tolist() == pytest.approx(fitted.params_.tolist(), abs=1e-6)
    assert model.log_likelihood == pytest.approx(fitted.log_likelihood_, abs=1e-6)
    curve = KaplanMeierFitter().fit(rows["duration"] + 0.01, rows["event"], entry=rows["entry"] + 0.02)
    ours = kaplan_meier(rows).frame  # lifelines counts who enters at a time as at risk there, so entries are moved
    later = curve.survival_function_at_times(ours["time"] + 0.01).to_numpy()
    start = ours["time"].to_numpy() > 0
    assert ours["survival"].to_numpy()[start] / later[start] == pytest.approx(
        np.full(start.sum(), ours["survival"].iloc[5] / later[5]), rel=1e-9
    )


def test_log_rank_counts_those_on_board(lifetimes):
    tested = log_rank(lifetimes, ["plan"])
    assert tested["p_value"].iloc[0] < 1e-6
    model = fit_cox(lifetimes, ["plan"])
    assert tested["statistic"].iloc[0] == pytest.approx(model.likelihood_ratio_test[0], rel=0.1)


def test_a_curve_begins_where_enough_are_on_board():
    late = world(600).assign(entry=lambda rows: np.maximum(rows["entry"], 3.0))
    late = late[late["duration"] > late["entry"]]
    (check,) = late_entries(late)
    assert check.status == "warn"
    assert "had lasted as long" in check.message
    curve = kaplan_meier(late).frame
    assert (curve.loc[curve["time"] <= 3, "survival"] == 1).all()
    model = kaplan_meier(late).restricted_mean(12)
    assert model["customers"].iloc[0] == len(late)


def test_everyone_followed_from_the_first_day_needs_no_remark_of_late_entry(lifetimes):
    (check,) = late_entries(lifetimes.assign(entry=0.0))
    assert check.status == "pass"
    assert late_entries(lifetimes.drop(columns="entry")) == ()


def test_restricted_means_are_those_of_the_fitter(lifetimes):
    early = lifetimes[lifetimes["entry"] == 0]
    fitted = KaplanMeierFitter().fit(early["duration"], early["event"])
    expected = restricted_mean_survival_time(fitted, t=12)
    assert kaplan_meier(early).metrics([12])["restricted_mean_12"] == pytest.approx(expected, rel=1e-6)


def seniors(size=300, seed=3):
    """Followed from their 33rd month on at the earliest, at a rate of .05 a month for plan A and .02 for B."""
    random = np.random.default_rng(seed)
    plan = random.choice(["A", "B"], size)
    entry = 33 + random.exponential(6, size) * (np.arange(size) >= 30)
    life = entry + random.exponential(np.where(plan == "A", 20.0, 50.0))
    cut = entry + random.uniform(10, 60, size)
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "entry": entry,
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "plan": plan,
            "reason": np.where(life <= cut, random.choice(["price", "need"], size), None),
        }
    )


def test_horizons_before_curves_begin_are_left_out_and_said_and_sentences_are_conditional():
    lifetimes = seniors()
    curve = kaplan_meier(lifetimes)
    assert curve.start == 33
    reached, check = curve.within([12, 24, 36, 48])
    assert reached == (36, 48)
    assert check.status == "warn"
    assert "curves begin there, and nothing is said of 12 and 24 months" in check.message
    assert " of customers who had lasted 33 months are " in curve.share_staying([12, 36, 48]).statement
    assert curve.at([12, 33, 36, 48])["horizon"].tolist() == [36, 48]
    half = curve.headline([36, 48]).statement
    assert half.startswith("Half of customers who had lasted 33 months leave within ")
    assert half.endswith("Time counts from joining.")
    with pytest.raises(DataError, match="expected some after 33 months"):
        curve.within([12, 24])
    by = kaplan_meier(lifetimes, by="plan")
    at = by.at([36, 48]).set_index(["group", "horizon"])
    for group, mean in (("A", 20), ("B", 50)):
        truth = np.exp(-(48 - by.start) / mean)
        assert at.loc[(group, 48), "lower"] < truth < at.loc[(group, 48), "upper"]
    table = group_table([curve, by], [12, 48])
    assert table["survival_12"].isna().all()
    assert table["survival_48"].notna().all()
    assert by.common_horizon([12, 24]) is None
    assert "who had lasted" in by.headline([48]).statement
    (rate,) = rate_by_tenure(curve)
    assert rate.value == pytest.approx(1, abs=0.35)
    lives_ = read_lifetimes("lifetimes", lifetimes, time_unit="months")
    assert min(lives_.usual_horizons()) > 33


def test_reasons_are_of_those_who_had_lasted_until_curves_begin():
    reasons = competing_risks(seniors())
    assert reasons.at([12, 24, 48])["horizon"].unique().tolist() == [48]
    assert reasons.findings([12, 24]) == ()
    assert "leave for “need” within 48 months of joining" in (reasons.findings([12, 48])[0].statement)
