"""What a design cannot tell is left out by name, another outcome decides, and who still waits is a control."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.pilot_files import answered, bought, write
from tests.decisions.test_pilot_designs import waves_of
from tests.decisions.test_pilot_fairness import said_of, with_contracts

from workbench.errors import DataError


def waiting(bench, design, *, gain=3.0, contracts=False, until="2025-03-01"):
    """Three waves, two months apart (the last in January 2025); everybody gets it and nobody is a control."""
    rows, orders = waves_of(gain=gain, n=600)
    rows = rows[rows["arm"] == "app"]
    orders = orders[orders["customer_id"].isin(rows["customer_id"]) & (orders["timestamp"] < until)]
    more = ""
    if contracts:
        gone = pd.DataFrame({"customer_id": rows["customer_id"], "left": ""})
        gone.loc[::9, "left"] = "2024-11-20"
        more = with_contracts(bench, gone)
    write(bench, rows, design, orders=orders, more=more)


def checks_of(done):
    return {each.name: each for each in [*done.fairness.exhibits(), *done.exhibits()] if hasattr(each, "status")}


def test_an_outcome_that_the_design_can_tell_decides_where_nobody_said_which(bench):
    waiting(bench, "{assignment: staggered, probability: 0.33}", contracts=True)
    done = answered(bench, window_days=150)  # staying is the first outcome, and nobody was without it for so long
    assert done.ready.primary.measure.name == "spend"
    assert done.effects[0].measure.name == "spend"
    told = checks_of(done)["pilot_untold"].message
    assert "“Still a customer”" in told
    assert "while the window of a start ran, too few were still without it" in told
    with pytest.raises(DataError, match="'staying' cannot be told: while the window of a start ran"):
        answered(bench, outcome="staying", window_days=150)


def test_months_left_out_are_a_remedy_and_those_who_have_it_keep_it(bench):
    waiting(bench, "{assignment: staggered, probability: 0.33}")
    done = answered(bench, outcome="spend", cost=0.1)
    assert checks_of(done)["pilot_months_app"].status == "warn"
    assert "pilot_months_app" not in done.fairness.tested
    said = said_of(done)
    assert said["fair"].startswith("The comparison is fair")
    assert said["verdict_app"].startswith("Keep test (app): it raises “Spending”")
    assert "customers have app already: to keep it as long again is expected to bring" in said["rollout_app"]


def test_starts_that_nobody_drew_are_compared_with_who_still_waits(bench):
    waiting(bench, "{assignment: staggered}", until="2025-08-01")
    done = answered(bench, outcome="spend")
    (found,) = [each.found for each in done.of("spend")]
    months = done.ready.days / 30.4
    assert done.ready.window_by == "waiting"
    assert (found.kind, found.evidence) == ("bounded", "associational")
    assert found.lower < 3.0 * months < found.upper  # 3 a month
    assert found.estimate == pytest.approx(3.0 * months, abs=2.0)
    assert done.verdicts[0].choice == "cannot_tell"
    said = said_of(done)
    assert "Without a control" not in said["verdict_app"]
    assert "more than among others, but chance did not decide" in said["verdict_app"]
    assert "no lot is recorded for the order" in checks_of(done)["pilot_design"].message


def by_shop(bench, *, shops=12, gain=3.0, never=0):
    """Shops of the north got it in September 2024, those of the south in March 2025, some never; nobody drew that."""
    rng = np.random.default_rng(6)
    month, shop = np.arange(24), np.repeat(np.arange(2 * shops + never), 40)
    people = np.array([f"c{each:04}" for each in range(len(shop))])
    start = np.where(shop < shops, 8, np.where(shop < 2 * shops, 14, 99))
    season = 5 * np.sin(month / 2) + 0.5 * month
    own = rng.normal(0, 1, (2 * shops + never, 24))[shop] + rng.gamma(4.0, 5.0, 2 * shops + never)[shop][:, None]
    spend = 20 + season + own + rng.normal(0, 4, (len(shop), 24)) + gain * (month >= start[:, None])
    first = pd.Timestamp("2024-01-01")
    rows = pd.DataFrame(
        {
            "customer_id": people,
            "initiative": "test",
            "arm": np.where(start < 99, "app", "none"),
            "start": [first + pd.DateOffset(months=int(each)) if each < 99 else pd.NaT for each in start],
            "shop": [f"s{each:02}" for each in shop],
        }
    )
    orders = bought(np.repeat(people, 24), np.tile(month, len(shop)), np.maximum(spend.ravel(), 0.01).round(2))
    control = ", control: none" if never else ""
    write(bench, rows, f"{{assignment: staggered, unit: shop{control}}}", orders=orders)


def test_units_that_nobody_drew_are_compared_with_units_that_wait(bench):
    """They were told before and after, and what the year brought counted as an effect."""
    by_shop(bench)
    done = answered(bench, outcome="spend")
    (found,) = [each.found for each in done.of("spend")]
    assert (done.ready.pilot.route, done.ready.window_by, done.ready.days) == ("chosen", "waiting", 181)
    assert (found.kind, found.evidence, found.units) == ("bounded", "associational", 24)
    assert found.estimate == pytest.approx(6 * 3.0, abs=4.0)
    assert found.lower < 6 * 3.0 < found.upper
    assert found.se > 1.5  # of 12 and 12 shops, not of 480 and 480 customers
    said = said_of(done)
    assert "Without a control" not in said["verdict_app"]
    assert "more than among others, but chance did not decide" in said["verdict_app"]


def test_units_that_never_got_it_are_compared_over_the_same_months(bench):
    """Their windows began at the first start of all: what the year brought counted as an effect of later ones."""
    by_shop(bench, never=12)
    (found,) = [each.found for each in answered(bench, outcome="spend", window_days=181).of("spend")]
    assert (found.kind, found.units) == ("bounded", 36)
    assert found.estimate == pytest.approx(6 * 3.0, abs=4.0)
    assert found.lower < 6 * 3.0 < found.upper


def test_three_units_beside_three_have_an_interval_and_no_test_of_trends(bench):
    by_shop(bench, shops=3)
    done = answered(bench, outcome="spend", window_days=30)
    (found,) = [each.found for each in done.of("spend")]
    assert (done.ready.pilot.route, found.df) == ("chosen", 2)
    assert found.lower < 3.0 < found.upper
    assert "So few started with app" in checks_of(done)["pilot_trends_app"].message


def test_too_few_units_that_wait_are_told_before_and_after(bench):
    by_shop(bench, shops=2)
    assert answered(bench, outcome="spend").ready.pilot.route == "before_after"


def scored(n=400, all_of=2000, seed=3):
    """The best of all by a score of reliability .6, and what came of them: nothing was done."""
    rng = np.random.default_rng(seed)
    true = rng.normal(50, np.sqrt(60), all_of)
    score, again = (true + rng.normal(0, np.sqrt(40), all_of) for _ in range(2))
    best = np.argsort(-score)[:n]
    return score, again, best


def test_beside_what_returned_to_the_mean_nothing_is_told_that_did_too(bench):
    score, again, best = scored()
    people = np.array([f"c{each:04}" for each in range(len(score))])
    folder = bench.root / "data" / "made"
    folder.mkdir(exist_ok=True)
    pd.DataFrame({"customer_id": people, "score": score.round(3)}).to_csv(folder / "customers.csv", index=False)
    rows = pd.DataFrame(
        {
            "customer_id": people[best],
            "initiative": "test",
            "arm": "call",
            "spend": again[best].round(3),
            "visits": (again[best] / 10).round(3),
        }
    )
    more = (
        "  customers:\n    file: customers.csv\n    columns:\n      customer_id: {personal: false}\n"
        "      score: {type: number}\n"
    )
    write(bench, rows, "{assignment: chosen, score: score, reliability: 0.6}", more=more)
    done = answered(bench, outcome="spend")
    assert [each.measure.name for each in done.effects] == ["spend"]
    assert done.effects[0].found.lower < 0 < done.effects[0].found.upper
    told = checks_of(done)
    assert "“Visits” (customers were chosen by a score" in told["pilot_untold"].message
    fallen = score[best].mean() - again[best].mean()
    assert f"They changed by −{fallen:.3g}" in told["pilot_return"].message
    assert "fair" not in said_of(done)


def test_where_nobody_is_a_control_no_column_is_called_so(bench):
    waiting(bench, "{assignment: staggered, probability: 0.33}")
    (table,) = [each for each in answered(bench, outcome="spend").exhibits() if getattr(each, "name", "") == "outcomes"]
    assert table.columns["control"].label == "Without it"


def test_customers_of_answers_are_those_who_answered_after_the_start(bench):
    rng = np.random.default_rng(5)
    n = 600
    people = np.array([f"c{each:03}" for each in range(n)])
    arm = np.where(np.arange(n) % 2, "club", "none")
    rows = pd.DataFrame({"customer_id": people, "initiative": "test", "arm": arm, "start": "2024-07-01"})
    days = ["2024-02-10", "2024-03-10", "2024-04-10", "2024-05-10", "2024-06-10", "2024-07-10", "2024-08-10"]
    asked = [people if day < "2024-07" else people[:200] for day in days]
    answers = pd.concat(
        pd.DataFrame({"customer_id": who, "day": day, "liking": rng.integers(1, 6, len(who))})
        for who, day in zip(asked, days, strict=True)
    )
    orders = bought(np.repeat(people, 9), np.tile(np.arange(9), n), np.full(9 * n, 5.0))
    more = with_contracts(bench, pd.DataFrame({"customer_id": people, "left": ""}), answers=answers)
    write(bench, rows, "{assignment: volunteers, control: none}", orders=orders, more=more)
    (found,) = [each.found for each in answered(bench, outcome="liking", window_days=60).of("liking")]
    assert found.n == 200


def starting(bench, june, *, silent=0):
    """200 of each arm in March, and these in June; the last `silent` of them have no outcome."""
    arm = np.append(np.tile(["mail", "none"], 200), june)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{each:03}" for each in range(len(arm))],
            "initiative": "test",
            "arm": arm,
            "start": np.where(np.arange(len(arm)) < 400, "2024-03-01", "2024-06-01"),
            "visits": np.random.default_rng(9).poisson(5, len(arm)).astype(float),
        }
    )
    rows.loc[len(rows) - silent :, "visits"] = np.nan
    write(bench, rows, "{assignment: randomised, control: none}")
    return answered(bench, outcome="visits")


def test_customers_with_nobody_beside_them_are_counted_and_tell_nothing(bench):
    done = starting(bench, ["mail"] * 30)
    told = checks_of(done)["pilot_compared"]
    assert done.effects[0].found.n == 400
    assert (told.status, told.value) == ("warn", pytest.approx(30 / 430))
    assert told.message.startswith("30 of 430 customers are in strata or starts without two of each arm and tell")
    fewer = checks_of(starting(bench, ["mail"] * 30, silent=10))["pilot_compared"]
    assert fewer.message.startswith("20 of 420 customers")  # who has no outcome is not compared anyway


@pytest.mark.parametrize("june", [["mail", "none"] * 15, []])
def test_where_all_have_somebody_beside_them_nothing_is_said_of_it(bench, june):
    done = starting(bench, june, silent=4)
    assert done.effects[0].found.n == 400 + len(june) - 4
    assert "pilot_compared" not in checks_of(done)
