"""Tests of a fair comparison count what chance dealt: customers, or whole units that are alike within."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.decisions.pilot_files import answered, write

from workbench.decisions.rollout.alike import apart, later
from workbench.decisions.rollout.weighing.verdict import weeks_needed
from workbench.statistics.draws import balance, design_matrix


def dealt_units(random, units=12, size=100):
    """A pilot of whole units, and who answered: units have habits of their own, and nothing was done."""
    unit = np.repeat([f"u{each:02}" for each in range(units)], size)
    arm = np.where(np.repeat(random.permutation(units) < units // 2, size), "mail", "none")
    habit = np.repeat(random.normal(0, 0.15, units), size)
    pilot = SimpleNamespace(arm=arm, unit=unit)
    return pilot, random.random(units * size) < np.clip(0.5 + habit, 0, 1)


def test_units_with_habits_of_their_own_raise_no_alarm():
    random = np.random.default_rng(3)
    found = [dealt_units(random) for _ in range(300)]
    alarms = np.mean([apart.unlike(pilot.arm, pilot.unit, there) < 0.05 for pilot, there in found])
    by_customers = np.mean([apart.unlike(pilot.arm, None, there) < 0.05 for pilot, there in found])
    assert by_customers > 0.4
    assert 0.02 <= alarms <= 0.085
    ratio = np.mean(
        [
            apart.error(there[mail].astype(float), pilot.unit[mail]) ** 2 / (0.15**2 / 6)
            for pilot, there in found
            if (mail := pilot.arm == "mail").any()
        ]
    )
    assert 0.85 < ratio < 1.3  # the chance of single answers is a tenth beside it


def test_what_nobody_has_or_one_unit_has_tells_nothing():
    pilot, there = dealt_units(np.random.default_rng(4), units=2)
    assert apart.unlike(pilot.arm, pilot.unit, there) == 1.0
    assert apart.equal(apart.by_arm(pilot.arm, pilot.unit, np.where(there, 1.0, np.nan))) == 1.0


def test_waves_whose_order_nobody_drew_are_said_to_be_no_experiment(bench):
    random = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{each:03}" for each in range(400)],
            "initiative": "test",
            "arm": np.where(np.arange(400) < 200, "app", "none"),
            "start": np.where(np.arange(400) % 2, "2024-03-01", "2024-05-01"),
            "visits": random.normal(5, 1, 400).round(2),
        }
    )
    write(bench, rows, "{assignment: staggered, control: none}")
    done = answered(bench)
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_design"]
    assert check.status == "warn"
    assert "no lot is recorded for the order" in check.message
    assert done.verdicts[0].weeks is None  # no wait makes an effect of it


def test_no_number_is_told_of_waits_longer_than_anybody_waits():
    assert weeks_needed(0.1, 1.0, 26.0) is None
    assert weeks_needed(1.0, 1.0, 26.0) > 100


def randomised(n=1200, seed=6, **columns):
    """Half by lot, of one start; other columns as given."""
    arm = np.where(np.random.default_rng(seed).permutation(n) < n // 2, "mail", "none")
    rows = {"customer_id": [f"c{each:04}" for each in range(n)], "initiative": "test", "arm": arm}
    return pd.DataFrame({**rows, "start": "2024-07-01", **columns})


def monthly(rows, spend, last="2024-12-01"):
    """Orders of every customer once a month, from a table (customers, months) that ends with the last."""
    months = pd.date_range(end=last, periods=spend.shape[1], freq="MS") + pd.Timedelta(days=9)
    people = np.repeat(rows["customer_id"].to_numpy(), len(months))
    return pd.DataFrame(
        {"customer_id": people, "timestamp": np.tile(months, len(rows)), "amount": spend.ravel().round(2)}
    )


def with_contracts(bench, gone, *, answers=None):
    """More of `dataset.yaml`: a contract of each customer, over on a day for those who left; answers of a month."""
    folder = bench.root / "data" / "made"
    folder.mkdir(exist_ok=True)
    gone.assign(begin="2023-01-01").to_csv(folder / "contracts.csv", index=False)
    more = (
        "  subscriptions:\n    file: contracts.csv\n    columns:\n      customer_id: {personal: false}\n"
        "      start: {from: begin, type: date}\n      end: {from: left, type: date}\n"
    )
    if answers is not None:
        answers.to_csv(folder / "answers.csv", index=False)
        more += (
            "  surveys:\n    file: answers.csv\n    columns:\n      customer_id: {personal: false}\n"
            "      timestamp: {from: day}\n"
            "      liking: {role: outcome, type: rating, scale: [1, 5]}\n"
        )
    return more


def said_of(done):
    shown = [*done.fairness.exhibits(), *done.exhibits()]
    return {each.id: each.statement for each in shown if hasattr(each, "statement")}


def test_nothing_is_fair_or_unfair_where_nobody_is_compared(bench):
    random = np.random.default_rng(1)
    rows = randomised(300).assign(arm="mail")
    write(bench, rows, "{assignment: chosen}", orders=monthly(rows, random.gamma(4, 5, (300, 18)).clip(0.01)))
    done = answered(bench, outcome="spend")
    assert not done.fairness.tests
    assert "fair" not in said_of(done)


def leaving(bench, *, mail, none, n=1200):
    random = np.random.default_rng(2)
    rows = randomised(n)
    goes = random.random(n) < np.where(rows["arm"] == "mail", mail, none)
    left = np.where(goes, "2024-09-15", "")
    gone = pd.DataFrame({"customer_id": rows["customer_id"], "left": left})
    spend = random.gamma(4, 5, (n, 18)).clip(0.01)
    answers = pd.DataFrame(
        {"customer_id": rows["customer_id"], "day": "2024-12-01", "liking": random.integers(1, 6, n)}
    )
    write(bench, rows, "{assignment: randomised, control: none}", orders=monthly(rows, spend))
    more = with_contracts(bench, gone, answers=answers[~goes])
    write(bench, rows, "{assignment: randomised, control: none}", orders=monthly(rows, spend), more=more)


def test_an_effect_on_leaving_is_found_and_no_fault_of_the_comparison(bench):
    leaving(bench, mail=0.2, none=0.05)
    done = answered(bench, outcome="staying")
    assert said_of(done)["fair"].startswith("The comparison is fair")
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_leaving"]
    assert check.status == "warn"  # of answers, which only those give who stayed
    assert "“Liking”" in check.message
    assert "pilot_leaving" not in done.fairness.tested
    other = answered(bench, outcome="spend", outcomes=["orders", "staying", "liking"])
    told = said_of(other)
    assert told["fair"].startswith("The comparison is fair")  # who left counts, as 0
    assert next(each for each in told if each.startswith("effect_")) == "effect_mail_staying"
    judged = answered(bench, outcome="liking")
    assert "pilot_leaving" in judged.fairness.tested
    assert "in doubt" in said_of(judged)["fair"]


def test_who_is_not_followed_to_the_end_is_not_counted_as_gone():
    arm = np.repeat(["mail", "none"], 500)
    after = np.r_[np.full(200, np.nan), np.ones(290), np.zeros(10), np.full(180, np.nan), np.ones(308), np.zeros(12)]
    staying = SimpleNamespace(measure=SimpleNamespace(kind="staying", table="subscriptions"), after=after, of=None)
    answer = SimpleNamespace(measure=SimpleNamespace(kind="mean", table="surveys", label="Liking"), of=None)
    pilot = SimpleNamespace(roster=pd.DataFrame({"arm": arm}), unit=None)
    ((check, counts),) = later._leaving(pilot, [staying, answer])
    assert "96.7% mail and 96.2% none were still there" in check.message
    assert (check.status, counts) == ("pass", False)


def test_what_has_no_time_before_is_not_said_to_have_been_alike(bench):
    random = np.random.default_rng(3)
    rows = randomised(spend=random.gamma(4, 5, 1200).round(2), region=random.choice(["a", "b"], 1200))
    write(bench, rows.drop(columns="start"), "{assignment: randomised, control: none}")
    done = answered(bench)
    names = [each.name for each in done.fairness.checks]
    assert "pilot_anticipation" not in names
    assert done.fairness.tested == {"pilot_ratio", "pilot_balance", "pilot_contamination"}
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_balance"]
    assert "alike in all of this at once: 'region' (p " in check.message
    assert said_of(done)["fair"] == "The comparison is fair: 3 tests find nothing against it."


def test_arms_are_alike_only_if_what_they_did_before_is(bench):
    random = np.random.default_rng(4)
    rows = randomised()
    spend = random.gamma(4, 5, (1200, 18)).clip(0.01) + np.where(rows["arm"] == "mail", 3.0, 0.0)[:, None]
    write(bench, rows, "{assignment: randomised, control: none}", orders=monthly(rows, spend))
    done = answered(bench, outcome="spend")
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_balance"]
    assert check.status == "warn"
    assert "'Spending before'" in check.message
    assert not done.fairness.experimental
    assert done.fairness.balance["column"].iloc[0] == "Spending before"
    (design,) = [each for each in done.fairness.checks if each.name == "pilot_design"]
    assert (design.status, "what is found is an effect" in design.message) == ("warn", False)
    assert said_of(done)["verdict_mail"] == (
        "Nothing may be concluded of test (mail): the arms differed before the start by more than chance deals."
    )


def test_a_draw_that_was_not_carried_out_is_said_to_be_that(bench):
    random = np.random.default_rng(5)
    rows = randomised(spend=random.gamma(4, 5, 1200).round(2)).drop(columns="start")
    lost = (rows["arm"] == "none") & (np.arange(1200) % 4 == 0)
    write(bench, rows[~lost], "{assignment: randomised, control: none}")
    done = answered(bench)
    (check,) = [each for each in done.fairness.checks if each.name == "pilot_ratio"]
    kept = int((~lost).sum())
    assert check.status == "fail"
    assert f"600 mail and {kept - 600} none, expected {kept / 2:.0f} mail and {kept / 2:.0f} none" in check.message
    (finding,) = [each for each in done.exhibits() if getattr(each, "id", "") == "verdict_mail"]
    assert finding.statement == (
        "Nothing may be concluded of test (mail): the draw was not carried out as planned, customers of an arm "
        "got lost."
    )
    assert finding.action.startswith("Find out which customers got lost")


def test_few_units_that_many_columns_fit_are_still_seen_to_differ():
    random = np.random.default_rng(7)
    arms = np.arange(12) % 2
    apart = random.normal(size=(12, 15)) + 6.0 * arms[:, None]
    assert balance(arms, apart, np.zeros(12, dtype=int)) < 0.01
    assert balance(arms, random.normal(size=(12, 15)), np.zeros(12, dtype=int)) > 0.02


def test_who_has_no_answer_before_is_said_to_have_none_and_said_once():
    random = np.random.default_rng(6)
    rows = randomised()
    gaps = np.where(rows["arm"] == "mail", 0.5, 0.2) > random.random(1200)
    ratings = {name: pd.Series(random.normal(5, 1, 1200)).mask(gaps) for name in ("service", "price")}
    matrix, names = design_matrix(pd.DataFrame(ratings))
    assert names == ["service", "service (not known)", "price"]  # gaps of both are the same column
    assert np.linalg.matrix_rank(matrix - matrix.mean(axis=0)) == 3
    assert matrix[:, 1].mean() == pytest.approx(gaps.mean())
