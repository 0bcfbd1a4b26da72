import re

import numpy as np
import pandas as pd
import pytest

from workbench.evaluation.validation import cross_validate
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.curves.informative_censoring import informative_censoring
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.forecast.active_customers import forecast
from workbench.models.survival.forecast.censoring_weights import censoring_weights, fit_censoring
from workbench.models.survival.forecast.selection import select_model
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.statistics.product_limit import product_limit, survival_influence
from workbench.wording import percent


def world(cut, size=4000, seed=1, short=0):
    """Two plans, of which the one that leaves soon is followed up to `cut`, the other up to 60."""
    random = np.random.default_rng(seed)
    soon = np.arange(size) % 2 == 0
    life = random.exponential(np.where(soon, 10, 80))
    censoring = random.uniform(short, np.where(soon, cut, 60))
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.minimum(life, censoring),
            "event": life <= censoring,
            "noise": random.choice(list("xyz"), size),
            "use": random.normal(np.where(soon, 1.0, -1.0), 0.3),
            "plan": np.where(soon, "a", "b"),
            "same": "one",
        }
    )


def check_of(rows, attributes=("noise", "plan"), horizons=(6, 12, 24)):
    return informative_censoring(kaplan_meier(rows), rows, attributes, horizons).checks


@pytest.mark.parametrize("attribute", ["plan", "use"])
def test_follow_up_that_depends_on_any_attribute_is_noticed(attribute):
    (check,) = check_of(world(26), ["noise", attribute], [6, 12, 18])
    assert check.status == "warn"
    assert f"depends on {attribute}" in check.message


def test_a_group_that_is_not_followed_so_long_is_carried_on_and_said():
    """Truth after 36 months: half of exp(-3.6) and exp(-.45), .332; the curve of all says more."""
    rows = world(16, short=8)
    truth = (np.exp(-3.6) + np.exp(-0.45)) / 2
    (check,) = check_of(rows, ["noise", "plan"], [12, 36])
    assert kaplan_meier(rows).at([36])["survival"].iloc[0] - truth > 0.05
    assert check.status == "warn"
    assert "Hardly anybody in the groups of 50% of customers was followed that long" in check.message
    said = float(re.search(r"allowing for plan, ([\d.]+)%", check.message)[1]) / 100
    assert said == pytest.approx(truth, abs=0.02)


def test_where_follow_up_depends_on_an_attribute_the_share_staying_is_that_of_the_average():
    """The curve of all customers is off by more than 5 points, and the finding does not lead with it."""
    rows = world(16, short=8)
    truth = (np.exp(-3.6) + np.exp(-0.45)) / 2
    overall = kaplan_meier(rows)
    found = informative_censoring(overall, rows, ["plan"], [12, 36])
    staying = overall.share_staying([12, 36], doubt=found.checks, average=found.average)
    assert staying.estimate == pytest.approx(truth, abs=0.03)
    assert staying.interval[0] < truth < staying.interval[1]
    assert staying.statement.startswith("Allowing for plan, ")
    assert f"one curve for all says {percent(overall.share_at(36))}" in staying.statement
    assert informative_censoring(overall, rows, ["noise"], [12, 36]).average is None


def test_follow_up_that_is_alike_raises_no_doubt():
    (check,) = check_of(world(60))
    assert check.status == "pass"
    assert "each of 2 attributes" in check.message


def test_chance_raises_no_doubt():
    """Small files without anything to find, four attributes each: chance would part the curves by 3 points in some."""
    doubts = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        life, follow = random.exponential(25, 150), random.uniform(3, 40, 150)
        rows = pd.DataFrame(
            {"customer_id": range(150), "duration": np.minimum(life, follow), "event": life <= follow}
            | {name: random.choice(list("abcd"), 150) for name in "pqrs"}
        )
        doubts += check_of(rows, list("pqrs"))[0].status != "pass"
    assert doubts <= 1


def test_without_groups_there_is_nothing_to_compare():
    assert check_of(world(60, size=100), ["same"]) == ()


def test_late_entries_and_weights_do_not_hide_it():
    random = np.random.default_rng(2)
    rows = world(26).assign(entry=np.where(np.arange(4000) % 4 < 2, 0.0, 3.0), weight=random.uniform(0.5, 2, 4000))
    rows = rows[rows["duration"] > rows["entry"]]
    assert check_of(rows, ["plan"], [6, 12, 18])[0].status == "warn"
    alike = world(60).assign(entry=np.where(np.arange(4000) % 4 < 2, 0.0, 3.0), weight=random.uniform(0.5, 2, 4000))
    assert check_of(alike[alike["duration"] > alike["entry"]], ["plan"])[0].status == "pass"


def test_influences_add_up_to_greenwoods_variance():
    random = np.random.default_rng(3)
    durations, events = random.integers(1, 30, 500).astype(float), random.random(500) < 0.6
    entry = np.where(np.arange(500) % 3, 0.0, np.maximum(durations - 5, 0))
    for late in (None, entry):
        share, moved = survival_influence(durations, events, 12.0, entry=late)
        table = product_limit(durations, events, entry=late)
        row = table[table["time"] == 12.0].iloc[0]
        inside = table[(table["time"] <= 12) & (table["events"] > 0)]
        greenwood = (inside["events"] / inside["at_risk"] / (inside["at_risk"] - inside["events"])).sum()
        assert share == pytest.approx(row["survival"])
        assert moved.sum() == pytest.approx(0, abs=1e-9)
        assert (moved**2).sum() == pytest.approx(share**2 * greenwood, rel=0.06)


def signed_up(size=800, seed=3):
    """Who signed up in a year can be followed for no longer than since then; the year moves nothing."""
    random = np.random.default_rng(seed)
    year = random.integers(2015, 2024, size)
    limit = (2024 - year) * 12 + random.integers(-10, 25, size)
    life = random.exponential(1 / 0.03, size) + 0.5
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "duration": np.maximum(1.0, np.round(np.minimum(life, limit))),
            "event": life < limit,
            "year": year,
            "price": random.choice([20.0, 30.0], size),
        }
    )


def test_how_long_half_stay_is_doubted_as_the_share_is():
    rows = world(16)
    doubt = check_of(rows)
    assert doubt[0].status == "warn"
    curves = kaplan_meier(rows)
    assert "With care" in curves.headline([6], doubt=doubt).statement
    assert "With care" not in curves.headline([6]).statement
    assert "With care" not in kaplan_meier(rows, by="plan").headline([6], doubt=doubt).statement


def test_weights_without_overlap_are_said_and_not_used():
    """A fifth of customers at the floor: what was observed would be told 3 points too low, and the score as well."""
    rows = signed_up()
    found = censoring_weights(rows, ["year", "price"], [12, 36, 60])
    checks = found.checks
    assert found.censoring is found.until is None
    assert found.horizons == (12, 36, 60)
    assert checks[0].status == "warn"
    assert 0.1 < checks[0].value < 0.5
    assert "the same weights for all" in checks[0].message
    model = fit_cox(rows, ["price"])
    fallen_back = cross_validate(model.refit, rows, [60], random_seed=1, repeats=1, censoring=found.censoring)
    truth = np.exp(-0.03 * 59.5)
    assert fallen_back.scores["observed"].iloc[0] == pytest.approx(truth, abs=0.03)
    assert fallen_back.metrics()["brier_km_60"] == pytest.approx(truth * (1 - truth), abs=0.02)
    early = censoring_weights(rows, ["year", "price"], [12])
    assert early.censoring is not None
    assert early.checks == ()


def test_where_what_decides_follow_up_decides_leaving_too_scores_end_with_the_overlap():
    rows = world(16, short=8)
    found = censoring_weights(rows, ["plan"], [6, 12, 36])
    assert found.horizons == (6, 12)
    assert found.until == 12
    assert "Scores end at 12 months" in found.checks[0].message
    model = fit_cox(rows, ["plan"])
    judged = cross_validate(
        model.refit, rows, found.horizons, random_seed=1, repeats=1, censoring=found.censoring, until=found.until
    )
    truth = (np.exp(-12 / 10) + np.exp(-12 / 80)) / 2
    assert judged.scores["observed"].tolist()[-1] == pytest.approx(truth, abs=0.02)
    assert judged.until == 12


def test_in_whole_months_who_is_lost_in_a_month_was_seen_until_then():
    rows = pd.DataFrame(
        {
            "customer_id": range(200),
            "duration": np.repeat([6.0, 12.0], 100),
            "event": [True, False] * 50 + [False] * 100,
            "plan": list("ab") * 100,
        }
    )
    censoring = fit_censoring(rows, ["plan"])(rows, np.array([6.0, 12.0]))
    assert censoring.at[:, 0].tolist() == [1.0] * 200
    assert censoring.before[:100].tolist() == [1.0] * 100
    assert (censoring.at[:, 1] < 0.8).all()


def test_where_a_group_alone_is_lost_early_it_has_a_curve_of_being_followed():
    """Cox's model of being followed has no maximum; with the same weights for all, the curve of the one group won."""
    random = np.random.default_rng(108)
    old = random.random(2400) < 0.5
    life = random.exponential(np.where(old, 60, 14))
    censoring = np.where(old, random.uniform(1, 16, 2400), random.uniform(20, 48, 2400))
    rows = pd.DataFrame(
        {
            "customer_id": range(2400),
            "duration": np.minimum(life, censoring),
            "event": life <= censoring,
            "side": random.choice(["l", "r"], 2400),
            "cohort": np.where(old, "old", "new"),
        }
    )
    assert fit_censoring(rows, ["side", "cohort"]) is None
    found = censoring_weights(rows, ["side", "cohort"], [3, 6, 12, 24])
    assert found.horizons == (3, 6, 12)
    assert found.until == 12
    at = found.censoring(rows, np.array([8.0])).at[:, 0]
    assert at[old] == pytest.approx((16 - 8) / 15, abs=0.04)
    assert at[~old] == pytest.approx(1.0)
    model = fit_cox(rows, ["side", "cohort"])
    lifetimes = read_lifetimes("lifetimes", rows, time_unit="months")
    judged = select_model(model, lifetimes, [3, 6, 12, 24], random_seed=1, repeats=1, folds=2)
    assert not judged.comparison.loses
    still = old[~rows["event"].to_numpy()]
    truth = np.where(still, 1 - np.exp(-3 / 60), 1 - np.exp(-3 / 14)).sum()  # of 1,178; told 172 (151 to 194) before
    ahead = forecast(judged.model, lifetimes)
    assert ahead.interval[0] < truth < ahead.interval[1]
    told = judged.comparison.evaluations[judged.comparison.best].scores
    observed = dict(zip(told["horizon"], told["observed"], strict=True))
    assert observed[12] == pytest.approx((np.exp(-12 / 60) + np.exp(-12 / 14)) / 2, abs=0.03)
