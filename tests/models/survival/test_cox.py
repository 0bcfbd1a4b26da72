from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi

from workbench.errors import DataError
from workbench.models.survival.cox.model import fit_cox

COVARIATES = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


@pytest.fixture(scope="module")
def rossi():
    return load_rossi().rename(columns={"week": "duration", "arrest": "event"}).rename_axis("customer_id").reset_index()


@pytest.fixture(scope="module")
def model(rossi):
    return fit_cox(rossi, COVARIATES, time_unit="week")


def world(size, random, *, effects=(0.8, -0.05), crossing=False):
    """Weibull lives with proportional hazards; where `crossing`, the plan's ratio turns from 2 to 1/2 at the median."""
    plan, use = np.arange(size) % 2 == 0, random.normal(50, 10, size)
    if crossing:
        # Cumulative hazard of the plan: 2t up to the baseline's median, then at half the rate.
        exposure, median = random.exponential(size=size), np.log(2)
        early = exposure < 2 * median
        life = np.where(plan, np.where(early, exposure / 2, median + (exposure - 2 * median) * 2), exposure) * 20
    else:
        rate = np.exp(effects[0] * plan + effects[1] * (use - 50))
        life = 20 * (random.exponential(size=size) / rate) ** (1 / 1.5)
    followed = random.uniform(5, 47 if crossing else 62, size)  # about 30% are not seen to leave
    return pd.DataFrame(
        {
            "customer_id": np.arange(size),
            "duration": np.minimum(life, followed),
            "event": life <= followed,
            "plan": np.where(plan, "new", "old"),
            "use": use,
        }
    )


def coefficient(model, covariate):
    """Log hazard ratio of new against old, or of one more unit."""
    row = model.coefficients.set_index("covariate").loc[covariate]
    return (row["coefficient"] if row["level"] != "old" else -row["coefficient"]), row["standard_error"]


def test_reproduces_the_published_rossi_fit(model):
    # Allison (1995); R: coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, rossi)
    expected = [-0.37942, -0.05744, 0.31390, -0.14980, -0.43370, -0.08487, 0.09150]
    assert model.coefficients["coefficient"].tolist() == pytest.approx(expected, abs=1e-4)
    assert model.log_likelihood == pytest.approx(-658.75, abs=0.005)
    assert model.likelihood_ratio_test[:2] == pytest.approx((33.27, 7), abs=0.005)
    assert model.concordance == pytest.approx(0.64, abs=0.005)
    assert model.baseline["cumulative_hazard"].is_monotonic_increasing


def test_standard_errors_are_those_of_the_fitter(model, rossi):
    fitted = CoxPHFitter().fit(load_rossi(), "week", "arrest")
    assert model.coefficients["standard_error"].tolist() == pytest.approx(fitted.standard_errors_[COVARIATES].tolist())


def test_hazard_ratios_say_what_they_compare(model, rossi):
    row = model.hazard_ratios().set_index("covariate").loc["age"]
    low, high = rossi["age"].quantile([0.25, 0.75])
    assert (row["value"], row["reference"]) == (f"{high:g}", f"{low:g}")
    assert row["hazard_ratio"] == pytest.approx(np.exp(-0.05744 * (high - low)), abs=1e-3)
    assert row["lower"] < row["hazard_ratio"] < row["upper"] < 1


def test_the_unit_of_time_changes_no_hazard_ratio_and_no_prediction(model, rossi):
    days = fit_cox(rossi.assign(duration=rossi["duration"] * 7), COVARIATES, time_unit="day")
    assert days.coefficients["coefficient"].tolist() == pytest.approx(model.coefficients["coefficient"].tolist())
    weeks = model.predict_survival(rossi, [10, 20]).to_numpy()
    assert days.predict_survival(rossi, [70, 140]).to_numpy() == pytest.approx(weeks)


def test_order_of_rows_changes_nothing(model, rossi):
    shuffled = fit_cox(rossi.sample(frac=1, random_state=1), COVARIATES)
    assert shuffled.coefficients["coefficient"].tolist() == pytest.approx(model.coefficients["coefficient"].tolist())
    assert shuffled.proportionality["p_value"].tolist() == pytest.approx(model.proportionality["p_value"].tolist())


def test_predictions_stay_with_their_customers(model, rossi):
    whole, some = model.predict_survival(rossi, [10, 50]), rossi.sample(7, random_state=2)
    pd.testing.assert_frame_equal(model.predict_survival(some, [50, 10]), whole.loc[some["customer_id"]])
    assert whole.to_numpy().min() >= 0
    assert (whole[10] >= whole[50]).all()
    assert whole.to_numpy().max() <= 1


def test_without_covariates_it_is_the_curve_of_all_customers(rossi):
    from workbench.models.survival.curves.kaplan_meier import kaplan_meier

    plain = fit_cox(rossi, [])
    curve = kaplan_meier(rossi).at([10, 30, 52])["survival"]
    assert plain.predict_survival(rossi, [10, 30, 52]).iloc[0].tolist() == pytest.approx(curve.tolist(), abs=1e-3)
    assert plain.findings() == plain.assumptions() == ()
    assert plain.concordance == 0.5


def test_nothing_is_predicted_beyond_the_data(model, rossi):
    with pytest.raises(DataError, match="got 60 weeks, expected at most 52 weeks"):
        model.predict_survival(rossi, [20, 60])


def test_the_assumption_is_checked_for_each_covariate(model):
    (check,) = model.assumptions()
    assert check.name == "proportional_hazards"
    assert list(model.proportionality["covariate"]) == COVARIATES
    assert check.value == (model.proportionality["p_value_holm"] < 0.05).sum()
    # lifelines' approximate test finds age and wexp as well, before Holm's correction
    smallest = model.proportionality.set_index("covariate")["p_value"].nsmallest(2)
    assert sorted(smallest.index) == ["age", "wexp"]
    assert (model.proportionality["p_value_holm"] >= model.proportionality["p_value"]).all()


def test_a_planted_crossing_is_found_and_said_to_be_an_average():
    random = np.random.default_rng(10)
    found = 0
    for _ in range(20):
        model = fit_cox(world(1000, random, crossing=True), ["plan"])
        (check,) = model.assumptions()
        found += check.status == "warn"
    assert found >= 18
    assert "averages over time" in check.message


@pytest.mark.slow
def test_planted_crossings_are_found_and_false_alarms_are_near_nominal():
    random = np.random.default_rng(11)
    found = [fit_cox(world(1000, random, crossing=True), ["plan"]).proportionality["p_value"][0] for _ in range(200)]
    # Both covariates that act: leaving one out would make the other's ratio change over time in truth.
    false = [fit_cox(world(500, random), ["plan", "use"]).proportionality["p_value"] for _ in range(200)]
    assert np.mean(np.array(found) < 0.05) >= 0.9
    assert np.mean(np.array(false) < 0.05) <= 0.08


def recovered(repetitions, seed):
    random = np.random.default_rng(seed)
    inside = []
    for _ in range(repetitions):
        model = fit_cox(world(400, random), ["plan", "use"])
        for covariate, truth in (("plan", 0.8), ("use", -0.05)):
            estimate, error = coefficient(model, covariate)
            inside.append(abs(estimate - truth) <= 1.645 * error)
    return np.mean(inside)


def test_true_hazard_ratios_lie_inside_their_intervals():
    assert recovered(25, seed=1) >= 0.76


@pytest.mark.slow
def test_intervals_cover_true_hazard_ratios_at_their_level():
    assert 0.85 <= recovered(250, seed=2) <= 0.95


def test_true_survival_is_predicted():
    lifetimes = world(4000, np.random.default_rng(3))
    model = fit_cox(lifetimes, ["plan", "use"])
    rate = np.exp(0.8 * (lifetimes["plan"] == "new") - 0.05 * (lifetimes["use"] - 50))
    truth = np.exp(-((12 / 20) ** 1.5) * rate)
    assert np.abs(model.predict_survival(lifetimes, [12])[12].to_numpy() - truth).mean() < 0.02


def test_a_level_that_nobody_leaves_is_named_and_half_a_leaver_is_expected_of_it():
    lifetimes = world(600, np.random.default_rng(4))
    lifetimes["tier"] = np.where(np.arange(600) % 3 == 0, "gold", np.where(np.arange(600) % 3 == 1, "silver", "bronze"))
    lifetimes["event"] &= lifetimes["tier"] != "gold"
    model = fit_cox(lifetimes, ["tier", "plan"])
    others = fit_cox(lifetimes[lifetimes["tier"] != "gold"], ["tier", "plan"])
    gold = lifetimes[lifetimes["tier"] == "gold"]
    until = gold["duration"].to_numpy()[:, None]
    expected = model.cumulative_hazard(gold, np.zeros(len(gold)), until)[0].sum()
    assert expected == pytest.approx(0.5, rel=0.01)  # where the score of the coefficient, 1/2 - expected, is 0
    own = model.coefficients.set_index("level").loc["gold"]
    assert own["standard_error"] == pytest.approx(1 / np.sqrt(0.5), rel=0.02)  # of the logarithm of such a rate
    rest = model.coefficients[model.coefficients["level"] != "gold"]
    assert rest["coefficient"].tolist() == pytest.approx(others.coefficients["coefficient"].tolist(), abs=0.01)
    there = model.predict_survival(gold, [10])[10]
    assert there.between(0.98, 1, inclusive="left").all()
    assert "gold" not in model.hazard_ratios()["value"].tolist()
    assert "nobody with “gold” left" in {check.name: check for check in model.checks()}["separation_tier"].message
    assert np.isfinite(model.hazard_ratios().select_dtypes("number")).all(axis=None)


def test_where_only_those_without_a_number_left_of_a_level_its_ratio_is_that_of_all_of_them():
    random = np.random.default_rng(9)
    lifetimes = world(600, random)
    lifetimes["tier"] = np.where(np.arange(600) % 3 == 0, "gold", "silver")
    gone = ((lifetimes["tier"] == "gold") & lifetimes["event"]).to_numpy()
    lifetimes["distance"] = pd.Series(random.normal(size=600)).mask(gone)
    model, whole = fit_cox(lifetimes, ["tier", "distance"]), fit_cox(lifetimes, ["tier"])
    assert model.usable
    assert model.customers == 600
    ratio = model.hazard_ratios().set_index("covariate").loc["tier", "hazard_ratio"]
    assert ratio == pytest.approx(whole.hazard_ratios()["hazard_ratio"].iloc[0], rel=0.1)


def test_a_number_that_tells_who_leaves_when_is_found_out():
    lifetimes = world(200, np.random.default_rng(5)).assign(event=True, oracle=lambda rows: -rows["duration"])
    model = fit_cox(lifetimes, ["oracle", "plan"])
    check = {check.name: check for check in model.checks()}["cox_convergence"]
    assert check.status == "fail"
    assert "separation" in check.message
    assert model.findings() == ()


def test_a_rare_level_that_leaves_first_is_found_out_and_breaks_no_figure():
    random = np.random.default_rng(0)
    rare = np.arange(2000) < 20
    lifetimes = world(2000, random).assign(rare=rare, event=lambda rows: rows["event"] | rare)
    lifetimes.loc[rare, "duration"] = random.uniform(0, 1e-3, 20)
    model = fit_cox(lifetimes, ["rare", "use"])
    check = {check.name: check for check in model.checks()}["cox_convergence"]
    assert check.status == "fail"
    assert "rare" in check.message
    assert not model.usable
    assert model.findings() == ()
    assert np.isfinite(model.plot().get_xlim()).all()
    with pytest.raises(DataError, match="separation"):
        model.refit(lifetimes)


def test_skewed_and_entangled_covariates_of_real_data_converge_in_every_part(shared):
    rows = pd.read_csv(shared / "iranian_telecom_churn.csv", encoding="utf-8-sig")
    rows = rows.rename(columns={"Subscription  Length": "duration", "Churn": "event"}).drop(columns=["FN", "FP"])
    rows = rows.assign(customer_id=range(len(rows)))
    covariates = [name for name in rows if name not in ("duration", "event", "customer_id")]
    model = fit_cox(rows, covariates)
    assert model.usable
    part = np.random.default_rng(1).integers(0, 10, len(rows))
    for place in range(10):
        assert model.refit(rows[part != place]).customers < len(rows)


def test_covariates_that_nearly_determine_each_other_are_named():
    random = np.random.default_rng(7)
    lifetimes = world(400, random).assign(bill=lambda rows: rows["use"] * 2 + random.normal(0, 1, 400))
    check = {check.name: check for check in fit_cox(lifetimes, ["use", "bill", "plan"]).checks()}["covariates_overlap"]
    assert check.status == "warn"
    assert "bill with use" in check.message


def test_no_finding_is_made_of_a_covariate_that_the_others_nearly_determine():
    random = np.random.default_rng(7)
    lifetimes = world(1000, random).assign(bill=lambda rows: rows["use"] + random.normal(0, 4, 1000))
    model = fit_cox(lifetimes, ["use", "bill", "plan"])
    assert set(model.collinear) == {"use", "bill"}  # variance inflation about 7
    assert {finding.id for finding in model.findings()} == {"hazard_ratio_plan"}


def test_a_price_within_plans_goes_together_with_the_plan_and_neither_makes_a_finding():
    """All the price follows from the plan, but of the plan little from the price: its own inflation is small."""
    random = np.random.default_rng(3)
    plan = random.choice(["Basic", "Plus", "Premium"], 3000)
    list_price = pd.Series(plan).map({"Basic": 19.0, "Plus": 29.0, "Premium": 45.0}).to_numpy()
    life = random.exponential(np.where(plan == "Plus", 30.0, 15.0))
    lifetimes = pd.DataFrame(
        {
            "customer_id": range(3000),
            "duration": life.clip(max=24),
            "event": life <= 24,
            "plan": plan,
            "price": list_price * np.exp(0.16 * np.minimum(random.normal(size=3000), 0)),
            "region": random.choice(["north", "south"], 3000),
        }
    )
    model = fit_cox(lifetimes, ["plan", "price", "region"], labels={"plan": "Plan", "price": "Monthly price"})
    check = {check.name: check for check in model.checks()}["covariates_overlap"]
    assert "Monthly price with Plan" in check.message
    assert set(model.collinear) == {"plan", "price"}
    assert not [finding for finding in model.findings() if finding.id != "hazard_ratio_region"]
    alone = fit_cox(lifetimes, ["plan", "region"])
    assert alone.collinear == ()
    assert alone.findings()[0].id == "hazard_ratio_plan"


def test_the_overlap_of_a_category_is_judged_over_all_its_levels():
    random = np.random.default_rng(9)
    group = random.choice(list("abc"), 600)
    price = pd.Series(group).map({"a": 10.0, "b": 30.0, "c": 60.0}) + random.normal(0, 3, 600)
    model = fit_cox(world(600, random).assign(group=group, price=price), ["group", "price", "plan"])
    assert set(model.collinear) == {"group", "price"}


def test_no_finding_is_made_of_a_ratio_that_adjusting_turns_round():
    random = np.random.default_rng(8)
    lifetimes = world(3000, random, effects=(2.0, 0.0))
    new = lifetimes["plan"] == "new"
    hurt = random.random(3000) < np.where(new, 0.25, 0.75)  # bad in itself, and frequent where few leave
    lifetimes = lifetimes.assign(hurt=hurt)
    lifetimes.loc[hurt, "duration"] /= 1.4
    model = fit_cox(lifetimes, ["plan", "hurt"])
    row = model.hazard_ratios().set_index("covariate").loc["hurt"]
    assert (row["hazard_ratio"] > 1) != (row["unadjusted"] > 1)
    assert {finding.id for finding in model.findings()} == {"hazard_ratio_plan"}
    check = {check.name: check for check in model.checks()}["adjustment"]
    assert check.status == "warn"
    assert "hurt" in check.message


def test_a_strong_cause_that_others_make_stronger_is_told():
    """Two causes independent of each other: alone, each ratio is less than half as far from 1 as it truly is."""
    random = np.random.default_rng(103)
    prepaid, complaints = random.random(1200) < 0.5, random.normal(size=1200)
    life = random.exponential(30 * np.where(prepaid, 1 / 12, 1.0) * np.exp(-1.2 * complaints))
    followed = random.uniform(2, 40, 1200)
    rows = pd.DataFrame(
        {
            "customer_id": range(1200),
            "duration": np.minimum(life, followed),
            "event": life <= followed,
            "tariff": np.where(prepaid, "prepaid", "contract"),
            "complaints": complaints,
            "region": random.choice(list("nsw"), 1200),
        }
    )
    model = fit_cox(rows, ["tariff", "complaints", "region"])
    ratio = model.hazard_ratios().set_index("covariate").loc["tariff"]
    assert abs(np.log(ratio["hazard_ratio"] / ratio["unadjusted"])) > np.log(2)
    first = model.findings()[0]
    assert first.id == "hazard_ratio_tariff"
    apart = 12 if ratio["value"] == "prepaid" else 1 / 12
    assert first.interval[0] < apart < first.interval[1]
    assert {check.name: check for check in model.checks()}["adjustment"].status == "pass"


def test_a_finding_counts_the_customers_compared_and_allows_for_having_looked():
    random = np.random.default_rng(12)
    lifetimes = world(900, random).assign(plan=lambda rows: rows["plan"].where(rows["customer_id"] >= 300, "third"))
    model = fit_cox(lifetimes, ["plan", "use"])
    first = model.findings()[0]
    sizes = lifetimes["plan"].value_counts()
    row = model.hazard_ratios().set_index(["covariate", "value"])
    assert "Bonferroni over 3 hazard ratios" in first.interval_kind
    (shown,) = [row.loc[key] for key in row.index if row.loc[key, "hazard_ratio"] == first.estimate]
    assert first.interval[0] < shown["lower"] < shown["upper"] < first.interval[1]
    for plan in ("third", "new", "old"):
        if ("plan", plan) in row.index:
            reference = row.loc[("plan", plan), "reference"]
            assert row.loc[("plan", plan), "customers"] == sizes[plan] + sizes[reference]


def test_few_leavers_for_many_columns_is_a_warning():
    lifetimes = world(60, np.random.default_rng(8))
    lifetimes["event"] &= lifetimes["customer_id"] < 20
    checks = {check.name: check for check in fit_cox(lifetimes, ["plan", "use"]).checks()}
    assert checks["events_per_coefficient"].status == "warn"


def test_no_title_says_that_nothing_is_clear_over_a_clear_ratio():
    random = np.random.default_rng(3)
    lifetimes = world(600, random)
    alone = fit_cox(lifetimes, ["plan", "use"])
    assert alone.findings()
    doubted = replace(alone, doubtful=("plan", "use"))
    assert doubted.findings() == ()
    assert doubted.title() == "Some hazard ratios are clear, but none can be read by itself."
    noise = fit_cox(lifetimes.assign(noise=random.normal(size=600)), ["noise"])
    assert noise.title() == "No attribute clearly goes with leaving sooner."


def test_where_nobody_left_a_failed_check_says_why_there_is_no_model(rossi):
    model = fit_cox(rossi.assign(event=0), COVARIATES)
    assert not model.usable
    (check,) = model.checks()
    assert check.status == "fail"
    assert "got nobody who left" in check.message
    assert model.findings() == model.assumptions() == ()


def test_all_durations_equal_gives_numbers(rossi):
    model = fit_cox(rossi.assign(duration=30), ["fin", "age"])
    assert np.isfinite(model.coefficients["coefficient"]).all()
    assert model.assumptions() == ()


def test_constant_covariates_leave_a_model_without_columns(rossi):
    model = fit_cox(rossi.assign(fin=1), ["fin"])
    assert model.hazard_ratios().empty
    assert model.plot().get_xscale() == "log"


def test_a_refit_encodes_other_rows_as_before(rossi):
    lifetimes = rossi.assign(group=np.where(rossi["age"] < 21, "young", "older"))
    model = fit_cox(lifetimes, ["group", "prio"])
    again = model.refit(lifetimes.iloc[::2])
    assert again.design.terms == model.design.terms
    assert again.customers == 216


def test_findings_are_associations_with_a_reference(rossi):
    labelled = rossi.assign(fin=rossi["fin"].astype(bool))
    model = fit_cox(labelled, COVARIATES, labels={"prio": "Prior convictions", "age": "Age"}, time_unit="week")
    (first, *_) = model.findings()
    assert {finding.evidence for finding in model.findings()} == {"associational"}
    assert first.statement.endswith("(Association, not proof of cause.)")
    assert "prior convictions of 4 " in first.statement  # the upper quartile of prior convictions
    assert "fin “no”" in model.reference_customer()
    assert first.interval_kind == "90% confidence (Wald, log scale, Bonferroni over 7 hazard ratios)"


def test_the_figure_names_what_is_compared(model):
    axes = model.plot(title=model.title())
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert "age: 27\nagainst 20" in labels
    assert "1 means no difference" in model.describe()


def test_covariates_that_say_almost_the_same_are_shrunk_and_predict_as_before():
    random = np.random.default_rng(2)
    x = random.normal(size=400)
    life, cut = random.exponential(20 * np.exp(-0.5 * x)), random.uniform(5, 40, 400)
    rows = pd.DataFrame(
        {
            "customer_id": range(400),
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "x": x,
            "nearly_x": x + random.normal(size=400) * 1e-3,
        }
    )
    held, alone = fit_cox(rows, ["x", "nearly_x"]), fit_cox(rows, ["x"])
    check = {check.name: check for check in held.checks()}["cox_convergence"]
    assert (check.status, held.usable) == ("warn", True)
    assert "shrunk towards 1" in check.message
    apart = held.predict_survival(rows, [10])[10] - alone.predict_survival(rows, [10])[10]
    assert np.abs(apart).max() < 0.02
