"""What is odd about a pilot is refused in one message, or has a remedy that is said."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.test_pilot_evaluation import asked, dealt, made, study

from workbench import datasets
from workbench.decisions import rollout
from workbench.errors import WorkbenchError
from workbench.exhibits import flatten
from workbench.findings import Check

DESIGN = "{assignment: randomised, control: none}"


def checks(bench, **question):
    """Tests of the comparison and their messages, and the first effect."""
    done = rollout.answer(asked(bench, **question), previous=[], dataset="made")
    return {each.name: each for each in flatten([done]) if isinstance(each, Check)}, done


def test_a_customer_in_both_arms_is_left_out_and_counted(bench):
    rows = dealt(2000).assign(start="2026-01-05")
    both = rows.iloc[:60].assign(arm=rows.iloc[:60]["arm"].map({"mail": "none", "none": "mail"}))
    made(bench, pd.concat([rows, both]))
    found, done = checks(bench)
    assert found["pilot_contamination"].status == "warn"
    assert "60 were in two arms at once and are left out" in found["pilot_contamination"].message
    assert done.effects[0].found.n == 1940


def test_customers_who_are_all_in_both_arms_are_refused_by_name(bench):
    rows = dealt(400).assign(start="2026-01-05")
    made(bench, pd.concat([rows, rows.assign(arm=rows["arm"].map({"mail": "none", "none": "mail"}))]))
    with pytest.raises(WorkbenchError) as refused:
        asked(bench)
    assert any("400 customers of 'test' are in two arms at once" in fault for fault in refused.value.faults)
    assert any("too few customers (0 mail and 0 none)" in fault for fault in refused.value.faults)


def test_a_control_that_was_treated_later_stays_where_it_was_dealt(bench):
    rows = dealt(2000).assign(start="2026-01-05")
    later = rows[rows["arm"] == "none"].iloc[:100].assign(arm="mail", start="2026-02-02")
    made(bench, pd.concat([rows, later]))
    found, done = checks(bench)
    assert found["pilot_contamination"].status == "warn"
    told = found["pilot_contamination"].message
    assert "100 customers of the control got it later" in told
    assert told.startswith("All count in the arm that they were dealt first (intention to treat).")
    assert found["pilot_contamination"].value == pytest.approx(0.1)
    effect = done.effects[0].found
    means = rows.groupby("arm")["spend"].mean()
    assert (effect.estimate, effect.n) == (pytest.approx(means["mail"] - means["none"]), 2000)


def test_other_initiatives_at_the_same_time_are_told_and_unlike_ones_warn(bench):
    rows = dealt(2000).assign(start="2026-01-05", end="2026-03-31")
    mail = rows[rows["arm"] == "mail"].iloc[:300]
    other = mail.assign(initiative="other", arm="call", start="2026-02-02", end="2026-02-20")
    made(bench, pd.concat([rows, other]), design=f"{DESIGN}\n      other: {{assignment: chosen}}")
    found, _ = checks(bench, initiative="test")
    assert found["pilot_elsewhere"].status == "warn"
    assert "30% mail" in found["pilot_elsewhere"].message
    before = other.assign(start="2025-10-01", end="2025-11-30")
    made(bench, pd.concat([rows, before]), design=f"{DESIGN}\n      other: {{assignment: chosen}}")
    assert "pilot_elsewhere" not in checks(bench, initiative="test")[0]


ORDERS = (
    "  transactions:\n    file: transactions.csv\n    columns:\n      customer_id: {personal: false}\n"
    "      timestamp: timestamp\n      amount: {currency: EUR}\n"
)


def ordered(bench, starts, *, until="2026-03-31"):
    """Two starts, and an order a week of everybody until the records end."""
    rows = dealt(800).drop(columns="spend")
    rows["start"] = np.where(np.arange(800) % 4 < 2, starts[0], starts[1])
    days = pd.date_range("2025-11-03", until, freq="7D")
    rng = np.random.default_rng(1)
    orders = pd.DataFrame(
        {
            "customer_id": np.repeat(rows["customer_id"].to_numpy(), len(days)),
            "timestamp": np.tile(days, len(rows)),
            "amount": rng.gamma(2, 10, len(rows) * len(days)).round(2),
        }
    )
    last = orders.iloc[[0]].assign(timestamp=until)
    made(bench, rows, more=ORDERS)
    pd.concat([orders, last]).to_csv(bench.root / "data" / "made" / "transactions.csv", index=False)


def test_a_window_that_is_not_over_is_censored_and_not_0(bench):
    ordered(bench, ("2026-01-05", "2026-03-09"))
    at = asked(bench, outcome="spend", window_days=60)
    assert at.censored.sum() == 400
    assert np.isnan(at.primary.after[at.censored]).all()
    assert (at.primary.after[~at.censored] > 0).all()
    done = rollout.answer(at, previous=[], dataset="made")
    assert done.effects[0].found.n == 400
    found = {each.name: each for each in flatten([done]) if isinstance(each, Check)}
    assert "400 customers of 800 have a window that is not over" in found["pilot_windows"].message


def test_a_pilot_of_which_no_window_is_over_is_refused_with_the_day_to_come_back(bench):
    ordered(bench, ("2026-03-02", "2026-03-09"))
    with pytest.raises(WorkbenchError) as refused:
        asked(bench, outcome="spend", window_days=60)
    (fault,) = refused.value.faults
    assert "no window of 60 days is over" in fault
    assert "Come back on 2026-05-01" in fault or "1 May 2026" in fault


def test_no_event_in_a_window_is_refused(bench):
    rows = dealt(400).assign(spend=0.0)
    made(bench, rows)
    with pytest.raises(WorkbenchError) as refused:
        asked(bench)
    assert any("got the same value (0) of all 400 customers" in fault for fault in refused.value.faults)


def test_a_negative_cost_is_refused_before_a_kernel_starts(bench):
    made(bench, dealt())
    _, said = study(bench, "--dataset", "made", "-p", "cost_per_customer=-1", code=2)
    assert "cost_per_customer" in said
    assert "Traceback" not in said


def test_chances_of_each_customers_own_are_refused_by_name(bench):
    rows = dealt(400)
    rows["chance"] = np.random.default_rng(1).uniform(0.4, 0.6, 400).round(4)
    design = "{assignment: randomised, control: none, probability: chance}"
    made(bench, rows, design=design, more="      chance: {type: number}\n")
    with pytest.raises(WorkbenchError) as refused:
        asked(bench)
    (fault,) = refused.value.faults
    assert fault.startswith("treatments.chance: got ")
    assert "have nobody of another arm who had the same one" in fault
    made(bench, rows.assign(chance=rows["chance"].round(1)), design=design, more="      chance: {type: number}\n")
    assert set(asked(bench).pilot.roster["stratum"]) == {"0.4", "0.5", "0.6"}


def test_a_treated_customer_with_a_control_row_later_is_told_once_and_breaks_no_draw(bench):
    """The door called the arms of the wrong size, as it counted the later rows, beside an evaluation that held."""
    rows = dealt(2000).assign(start="2026-01-05")
    back = rows[rows["arm"] == "mail"].iloc[:300].assign(arm="none", start="2026-02-02")
    made(bench, pd.concat([rows, back]))
    door = {each.name: each for each in datasets.find("made", bench.root).check()}["treatments_draw_test"]
    found, done = checks(bench)
    told = "0 {who} got it later, 300 others changed their arm later; 0 were in two arms at once"
    assert "look as chance deals them (1,000 mail and 1,000 none) by what customers were dealt first" in door.message
    assert told.format(who="of the control") in door.message
    assert told.format(who="customers of the control") in found["pilot_contamination"].message
    assert (door.status, found["pilot_contamination"].status) == ("warn", "warn")
    assert (door.value, found["pilot_contamination"].value) == (pytest.approx(0.3), pytest.approx(0.3))
    effect = done.effects[0].found
    means = rows.groupby("arm")["spend"].mean()
    assert (effect.estimate, effect.n, effect.evidence) == (
        pytest.approx(means["mail"] - means["none"]), 2000, "experimental"
    )  # fmt: skip
    few = rows[rows["arm"] == "mail"].iloc[:10].assign(arm="none", start="2026-02-02")
    made(bench, pd.concat([rows, few]))
    door = {each.name: each for each in datasets.find("made", bench.root).check()}["treatments_draw_test"]
    assert (door.status, checks(bench)[0]["pilot_contamination"].status) == ("pass", "pass")


def test_customers_in_two_arms_at_once_are_told_alike_by_the_door_and_the_study(bench):
    rows = dealt(2000).assign(start="2026-01-05")
    both = rows.iloc[:60].assign(arm=rows.iloc[:60]["arm"].map({"mail": "none", "none": "mail"}))
    made(bench, pd.concat([rows, both]))
    door = {each.name: each for each in datasets.find("made", bench.root).check()}["treatments_draw_test"]
    assert "60 were in two arms at once and are left out" in door.message
    assert "no effect of it is experimental" not in door.message
