"""Pilots of every recorded design: each has the estimate that its design calls for, and says what it cannot tell."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT
from tests.decisions.pilot_files import answered, bought, write

from workbench.errors import DataError


def ran(bench, *asked, code=0):
    """Results of a run of the study."""
    target = bench.root / "notebooks" / "pilot_evaluation.ipynb"
    shutil.copy(ROOT / "notebooks" / "pilot_evaluation.ipynb", target)
    ended = bench.run("run", "pilot_evaluation", "--dataset", "made", *asked)
    assert ended.returncode == code, ended.stderr
    return json.loads(max(bench.reports.glob("pilot_evaluation/2*/results.json")).read_text())


def by_shop(shops, treated, *, n=40, gain=0.0, spread=1.0, seed=1):
    rng = np.random.default_rng(seed)
    shop = np.repeat(np.arange(shops), n)
    spend = 20 + rng.normal(0, spread, shops)[shop] + rng.normal(0, 3, len(shop)) + gain * np.isin(shop, treated)
    return pd.DataFrame(
        {
            "customer_id": [f"c{each:04}" for each in range(len(shop))],
            "initiative": "test",
            "arm": np.where(np.isin(shop, treated), "mail", "none"),
            "shop": [f"s{each:02}" for each in shop],
            "spend": spend.round(2),
        }
    )


def test_four_units_give_a_p_value_and_no_interval_and_the_run_stands(bench):
    rows = by_shop(4, [0, 1], gain=9.0)
    rows["region"] = np.where(np.arange(len(rows)) % 2, "north", "south")
    write(bench, rows, "{assignment: clustered, unit: shop, control: none}")
    said = ran(bench, "-p", 'groups=["region"]')
    assert said["verdict"] == "warn"
    assert not [each for each in said["findings"] if each["id"].startswith("groups")]  # nor are groups surer than all
    assert not [each for each in said["checks"] if each["status"] == "fail"]
    (check,) = [each for each in said["checks"] if each["name"] == "pilot_units"]
    assert "too few for an interval" in check["message"]
    assert "at least 6" in check["message"]
    first = said["findings"][0]
    assert first["statement"].startswith("4 units cannot tell whether test (mail) works")
    assert first["interval"] is None
    assert said["metrics"]["effect_mail_spend"] == pytest.approx(9.0, abs=2.5)
    assert said["metrics"]["effect_mail_spend_lower"] is None


def test_the_only_treated_unit_is_ranked_among_the_others(bench):
    write(bench, by_shop(21, [3], n=60, gain=0.0), "{assignment: chosen, unit: shop, control: none}")
    done = answered(bench)
    (effect,) = done.effects
    means = by_shop(21, [3], n=60, gain=0.0).groupby("shop")["spend"].mean()
    apart = (means - means.mean()).abs()
    assert effect.found.kind == "placebo"
    assert effect.found.p_value == pytest.approx((apart >= apart["s03"] - 1e-9).mean())
    assert effect.found.estimate == pytest.approx(means["s03"] - means.drop("s03").mean())
    headline = next(iter(done.exhibits())).statement
    assert f" {round(21 * effect.found.p_value)} of 21 (p " in headline
    assert done.verdicts[0].choice == "cannot_tell"
    assert [each.status for each in done.fairness.checks if each.name == "pilot_units"] == ["warn"]
    write(
        bench,
        by_shop(21, [3], n=60, gain=30.0),
        "{assignment: clustered, unit: shop, control: none, probability: 0.05}",
    )
    clear = answered(bench)
    assert clear.effects[0].found.p_value == pytest.approx(1 / 21)
    assert clear.verdicts[0].choice == "roll_out"  # chance chose this shop, and no other comes near


def test_units_that_somebody_chose_have_intervals_of_units(bench):
    write(bench, by_shop(24, range(12)), "{assignment: chosen, unit: shop, control: none}")
    (effect,) = answered(bench).effects
    assert (effect.found.kind, effect.found.units, effect.found.evidence) == ("units", 24, "associational")


def households(bench, kind="{type: category}"):
    """300 households of one to four customers who spend alike; chance dealt households. No effect."""
    rng = np.random.default_rng(3)
    house = np.repeat(np.arange(300), rng.integers(1, 5, 300))
    people = [f"c{each:04}" for each in range(len(house))]
    treated = (rng.permutation(300) < 150)[house]
    spend = 20 + rng.normal(0, 5, 300)[house] + rng.normal(0, 1, len(house))
    rows = {
        "customer_id": people,
        "initiative": "test",
        "arm": np.where(treated, "mail", "none"),
        "spend": spend.round(6),
    }
    folder = bench.root / "data" / "made"
    folder.mkdir(exist_ok=True)
    own = pd.DataFrame({"customer_id": people, "household_id": [f"h{each:03}" for each in house]})
    own.to_csv(folder / "customers.csv", index=False)
    more = (
        "  customers:\n    file: customers.csv\n    columns:\n      customer_id: {personal: false}\n"
        f"      household_id: {kind}\n"
    )
    design = "{assignment: clustered, unit: household_id, control: none}"
    write(bench, pd.DataFrame(rows), design, more=more)
    return house, treated, spend


def test_households_are_a_column_of_customers(bench):
    house, treated, spend = households(bench)
    (effect,) = answered(bench, outcome="spend").effects
    frame = pd.DataFrame({"house": house, "treated": treated, "spend": spend})
    means = [frame[frame["treated"] == arm]["spend"].mean() for arm in (True, False)]
    # By hand, the error of ratios of sums: residuals of households' totals, over customers (√(n/(n − 1)) is 1.003).
    left = frame["spend"] - np.where(treated, *means)
    totals = left.groupby(frame["house"]).sum()
    many = [treated.sum(), (~treated).sum()]
    own = frame.groupby("house")["treated"].first()
    error = np.sqrt(sum((totals[own == arm] ** 2).sum() / n**2 for arm, n in zip((True, False), many, strict=True)))
    assert (effect.found.kind, effect.found.units, effect.found.n) == ("units", 300, len(house))
    assert effect.found.estimate == pytest.approx(means[0] - means[1], abs=1e-4)
    assert effect.found.se == pytest.approx(error, rel=0.02)
    alone = np.sqrt(sum(frame[treated == arm]["spend"].var() / n for arm, n in zip((True, False), many, strict=True)))
    assert effect.found.se > 1.4 * alone  # customers of a household spend alike


@pytest.mark.parametrize("kind", ["{personal: true}", "{personal: drop}"])
def test_a_unit_that_does_not_enter_is_refused_with_the_line_to_write(bench, kind):
    households(bench, kind)
    with pytest.raises(DataError, match=r"the column 'household_id' does not enter.*personal: pseudonym"):
        answered(bench, outcome="spend")


def waves_of(*, gain=3.0, n=900, seed=1, stay=6):
    """Three waves by lot and a control, each on for six months; spending has levels, seasons, and noise of months."""
    rng = np.random.default_rng(seed)
    people = np.array([f"c{each:04}" for each in range(n)])
    wave = rng.permutation(n) % 4  # 3: never
    level, months = rng.gamma(4.0, 5.0, n), 24
    month = np.arange(months)
    start = 8 + 2 * wave
    on = (month >= start[:, None]) & (month < start[:, None] + stay) & (wave < 3)[:, None]
    season = 5 * np.sin(month / 2) + 0.5 * month
    spend = 20 + level[:, None] + season + rng.normal(0, 4, (n, months)) + gain * on
    orders = bought(np.repeat(people, months), np.tile(month, n), np.maximum(spend.ravel(), 0.01).round(2))
    first = pd.Timestamp("2024-01-01")
    begin = [first + pd.DateOffset(months=int(8 if w == 3 else s)) for w, s in zip(wave, start, strict=True)]
    rows = pd.DataFrame(
        {
            "customer_id": people,
            "initiative": "test",
            "arm": np.where(wave < 3, "app", "none"),
            "start": begin,
            "end": [each + pd.DateOffset(months=stay) - pd.Timedelta(days=1) for each in begin],
        }
    )
    return rows, orders


STAGGERED = "{assignment: staggered, control: none, probability: 0.25}"


def test_waves_are_told_month_by_month_while_on_and_after(bench):
    rows, orders = waves_of()
    write(bench, rows, STAGGERED, orders=orders)
    done = answered(bench, outcome="spend")
    (found,) = [each.found for each in done.of("spend")]
    assert found.kind == "clustered"
    assert found.evidence == "experimental"
    assert found.lower < 18.0 < found.upper  # 3 a month for six months
    assert found.se < 2.0
    imputed = done.samples.waves.imputed(done.ready.primary.measure, "app")
    assert imputed.on.lower < 3.0 < imputed.on.upper
    assert imputed.after.lower < 0.0 < imputed.after.upper
    assert imputed.before_p > 0.01
    months = [each.found for each in done.months if each.measure.name == "spend"]
    assert [each.month for each in months] == [1, 2, 3, 6]
    assert months[1].lower < 6.0 < months[1].upper
    buying = done.of("buying")  # everybody bought in every window
    assert not buying
    names = {each.name for each in done.exhibits() if hasattr(each, "name")}
    assert {"course", "lasting"} <= names


def test_who_is_in_the_control_again_had_it_until_then(bench):
    """Rows of the control in place of ends: it counted as on for ever, and nothing was told of the time after it."""
    rows, orders = waves_of(gain=3.0)
    had = rows["arm"] == "app"
    back = rows[had].assign(arm="none", start=rows["end"] + pd.Timedelta(days=1))
    said = []
    for each in (rows, pd.concat([rows, back]).drop(columns="end")):
        write(bench, each, STAGGERED, orders=orders)
        done = answered(bench, outcome="spend", window_days=183)
        after = done.samples.waves.imputed(done.ready.primary.measure, "app").after
        said.append((after, {one.name: one for one in done.fairness.checks}["pilot_contamination"]))
    (ended, alone), (came_back, told) = said
    assert (came_back.estimate, came_back.se) == (ended.estimate, ended.se)
    assert alone.message == "Nobody of the control got it, and nobody was in two arms."
    assert f"0 customers of the control got it later, {had.sum()} others changed their arm later" in told.message
    assert told.status == "pass"


def test_waves_without_an_effect_have_none_and_arms_need_no_control(bench):
    rows, orders = waves_of(gain=0.0)
    write(bench, rows[rows["arm"] == "app"], "{assignment: staggered, probability: 0.33}", orders=orders)
    done = answered(bench, outcome="spend", window_days=60)
    (found,) = [each.found for each in done.of("spend")]
    assert found.lower < 0 < found.upper
    # all have had it from month 13 on, so later months have nobody who tells what would have been without
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_months_app"]
    assert "Jan 2025" in check.message
    assert "Sep 2024" not in check.message


def test_taking_stands_second_to_the_offer_and_is_bounded_where_nobody_dealt_it(bench):
    rng = np.random.default_rng(4)
    n = 4000
    offer, kind = rng.permutation(n) < n // 2, rng.choice(3, n, p=[0.4, 0.1, 0.5])
    took = (kind == 1) | ((kind == 0) & offer)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{each:04}" for each in range(n)],
            "initiative": "test",
            "arm": np.where(offer, "trial", "none"),
            "spend": (20 + 2.0 * (kind == 1) + 3.0 * took + rng.normal(0, 5, n)).round(2),
            "took": took,
        }
    )
    write(bench, rows, "{assignment: randomised, control: none}")
    done = answered(bench, outcome="spend", taken="took")
    by_name = {name: value for each in done.exhibits() if isinstance(each, dict) for name, value in each.items()}
    assert by_name["effect_trial_spend"] == pytest.approx(0.4 * 3.0, abs=0.5)
    assert by_name["effect_trial_took"] == pytest.approx(0.4, abs=0.03)
    ratio = by_name["effect_trial_spend"] / by_name["effect_trial_took"]
    assert by_name["effect_trial_spend_taking"] == pytest.approx(ratio)
    assert by_name["effect_trial_spend_taking_lower"] < 3.0 < by_name["effect_trial_spend_taking_upper"]
    assert ["taking" in each.id for each in done.exhibits() if hasattr(each, "statement")].count(True) == 1
    came = rng.random(n) < 0.3 + 0.2 * (kind == 1) + 0.1 * took
    write(bench, rows.assign(came=came), "{assignment: volunteers, control: none}")
    chosen = answered(bench, outcome="came", taken="took")
    (said,) = [each for each in chosen.exhibits() if getattr(each, "id", "") == "taking_trial"]
    low, high = said.interval
    assert low < 10 < high  # of 100; bounds without assumptions are 100 wide
    assert high - low > 99
    assert "Whatever makes customers take trial" in said.statement


def volunteers(*, gain, slope=0.0, n=1200, seed=1):
    """Those who spend more volunteer; spending may part by a slope, before the start and after it."""
    rng = np.random.default_rng(seed)
    people = np.array([f"c{each:04}" for each in range(n)])
    level, months = rng.gamma(4.0, 5.0, n), 16
    month = np.arange(months)
    chosen = rng.random(n) < 1 / (1 + np.exp(-(level - 20) / 8))
    spend = 60 + level[:, None] + 3 * np.sin(month) + rng.normal(0, 4, (n, months))
    spend += chosen[:, None] * (slope * (month - 9) + gain * (month >= 9))
    rows = pd.DataFrame(
        {
            "customer_id": people,
            "initiative": "test",
            "arm": np.where(chosen, "club", "none"),
            "start": pd.Timestamp("2024-10-01"),
        }
    )
    return rows, bought(np.repeat(people, months), np.tile(month, n), spend.ravel().round(2))


def test_volunteers_are_compared_with_others_as_both_were_before(bench):
    rows, orders = volunteers(gain=2.0)
    write(bench, rows, "{assignment: volunteers, control: none}", orders=orders)
    done = answered(bench, outcome="spend", window_days=180)
    (found,) = [each.found for each in done.of("spend")]
    raw = orders.merge(rows).query("timestamp >= '2024-10-01'").groupby(["arm", "customer_id"])["amount"].sum()
    assert raw["club"].mean() - raw["none"].mean() > 30  # what a slide would have said
    assert (found.kind, found.evidence) == ("bounded", "associational")
    assert found.estimate == pytest.approx(12, abs=2.5)
    assert found.lower < 12 < found.upper
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_design"]
    assert check.status == "warn"
    assert done.fairness.ratio_p is None  # however few volunteer, no draw is broken by it
    shown = list(done.exhibits())
    (trends,) = [each for each in shown if getattr(each, "name", "") == "pilot_trends_club"]
    assert trends.status == "pass"
    table = next(each.frame for each in shown if getattr(each, "name", "") == "trends")
    placebo = table[table["assumed"].str.startswith("placebo") & (table["outcome"] == "spend")].iloc[0]
    assert placebo["lower"] < 0 < placebo["upper"]
    assert done.verdicts[0].choice == "cannot_tell"


def test_whether_volunteers_come_is_bounded_whatever_made_them_choose(bench):
    rng = np.random.default_rng(8)
    n = 2000
    loyal = rng.normal(size=n)  # nobody sees it
    chosen = rng.random(n) < 1 / (1 + np.exp(-2 * loyal))
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{each:04}" for each in range(n)],
            "initiative": "test",
            "arm": np.where(chosen, "club", "none"),
            "came": rng.random(n) < 1 / (1 + np.exp(-loyal)),
        }
    )
    write(bench, rows, "{assignment: volunteers, control: none}")
    (found,) = [each.found for each in answered(bench).effects]
    assert found.estimate > 10 * found.se  # and yet nothing was done
    assert found.kind == "bounds"
    assert found.lower < 0 < found.upper


def test_volunteers_who_parted_before_are_bounded_and_doubted(bench):
    rows, orders = volunteers(gain=0.0, slope=0.8)
    write(bench, rows, "{assignment: volunteers, control: none}", orders=orders)
    done = answered(bench, outcome="spend", window_days=180)
    (found,) = [each.found for each in done.of("spend")]
    assert found.estimate > 3 * found.se  # the naive one is sure of what is not there
    assert found.lower < 0 < found.upper
    (trends,) = [each for each in done.exhibits() if getattr(each, "name", "") == "pilot_trends_club"]
    assert trends.status == "warn"


def test_before_and_after_is_told_with_a_warning(bench):
    rows, orders = volunteers(gain=6.0)
    write(bench, rows[rows["arm"] == "club"], "{assignment: volunteers}", orders=orders)
    done = answered(bench, outcome="spend", window_days=180)
    shown = list(done.exhibits())
    assert {"pilot_design", "pilot_return"} <= {each.name for each in shown if getattr(each, "status", "") == "warn"}
    (found,) = [each.found for each in done.of("spend")]
    assert found.kind == "autoregressive"
    assert found.lower < 36 < found.upper
    assert shown[0].evidence == "associational"
    assert "than expected from before" in shown[0].statement


def test_what_returns_to_the_mean_is_said_and_taken_off(bench):
    rng = np.random.default_rng(5)
    n = 4000
    true = rng.normal(size=n)
    first, second = (50 + 10 * (np.sqrt(0.5) * true + np.sqrt(0.5) * rng.normal(size=n)) for _ in range(2))
    people = pd.DataFrame({"customer_id": [f"c{each:04}" for each in range(n)], "rated": first.round(2)})
    worst = np.argsort(first)[: n // 10]
    rows = people.loc[worst, ["customer_id"]].assign(initiative="test", arm="call", visits=second[worst].round(2))
    more = (
        "  customers:\n    file: customers.csv\n    columns:\n      customer_id: {personal: false}\n"
        "      rated: {type: number, use: before}\n"
    )
    write(bench, rows, "{assignment: chosen, score: rated, reliability: 0.5}", more=more)
    people.to_csv(bench.root / "data" / "made" / "customers.csv", index=False)
    done = answered(bench)
    (found,) = [each.found for each in done.effects]
    assert found.kind == "returned"
    assert found.lower < 0 < found.upper
    shown = list(done.exhibits())
    (said,) = [each for each in shown if getattr(each, "name", "") == "pilot_return"]
    assert said.value == pytest.approx(8.7, abs=0.5)  # .87 standard deviations
    assert "without any pilot" in said.message
    write(bench, rows, "{assignment: chosen, score: rated}", more=more)
    (open_,) = [each.found for each in answered(bench).effects]  # anything from no return to all of it
    assert open_.kind == "bounds"
    assert open_.lower < 0 < open_.upper
    assert open_.upper - open_.lower > 15
