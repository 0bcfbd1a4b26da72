"""What is measured of a pilot: its window, its cost, its units, and of how many customers an effect is."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions import pilot_files

from workbench.errors import WorkbenchError
from workbench.exhibits import Kept, flatten
from workbench.findings import Check

RANDOMISED = "{assignment: randomised, control: none}"


def people(n, share=0.5, seed=0, **columns):
    """Customers of a pilot, half of them dealt `mail`."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(n) < round(n * share))
    names = [f"c{i:05d}" for i in range(n)]
    rows = pd.DataFrame({"customer_id": names, "initiative": "test", "arm": np.where(treated, "mail", "none")})
    return rows.assign(**columns), treated, rng


def weekly(rows, first, last, amount):
    """An order a week of each customer."""
    days = pd.date_range(first, last, freq="7D")
    frame = rows[["customer_id"]].assign(amount=amount).merge(pd.DataFrame({"timestamp": days}), how="cross")
    return frame[["customer_id", "timestamp", "amount"]]


def test_a_pilot_that_still_runs_says_how_long_it_was_to_run_and_what_was_seen(bench):
    rows, treated, rng = people(200, start="2024-03-01", end="2024-05-29")
    orders = weekly(rows, "2024-01-05", "2024-03-29", rng.normal(30, 5, 200) + treated)
    pilot_files.write(bench, rows, RANDOMISED, orders=orders)
    at = pilot_files.opened(bench, outcome="spend")
    assert (at.planned_days, at.seen_days, at.days) == (90, 29, 29)
    pilot_files.write(bench, rows.drop(columns="end"), RANDOMISED, orders=orders)
    at = pilot_files.opened(bench, outcome="spend")
    assert (at.planned_days, at.seen_days) == (None, 29)


def test_an_effect_on_a_contact_says_how_many_contacts_a_customer_of_the_control_has(bench):
    rows, treated, rng = people(1000, start="2024-06-01", end="2024-06-30")
    calls = rows[np.arange(1000) % 5 == 0].assign(timestamp="2024-06-15")
    calls = calls.assign(resolved_first_contact=rng.random(200) < 0.5)[
        ["customer_id", "timestamp", "resolved_first_contact"]
    ]
    last = calls.iloc[[0]].assign(timestamp="2024-07-31")
    kinds = "{personal: false}", "{type: timestamp}", "{type: boolean}"
    columns = "".join(f"      {name}: {kind}\n" for name, kind in zip(calls, kinds, strict=True))
    more = f"  interactions:\n    file: interactions.csv\n    columns:\n{columns}"
    pilot_files.write(bench, rows, RANDOMISED, more=more)
    pd.concat([calls, last]).to_csv(bench.root / "data" / "made" / "interactions.csv", index=False)
    found = {each.measure.name: each for each in pilot_files.answered(bench, outcome="resolved").effects}
    assert found["resolved"].per_customer == pytest.approx((np.arange(1000) % 5 == 0)[~treated].mean())
    assert found["contacts"].per_customer == 1.0
    assert found["contacts"].days is None


def checks(done):
    """Of an evaluation, by name."""
    return {each.name: each for each in flatten([done]) if isinstance(each, Check)}


def test_a_window_nobody_set_is_as_long_as_most_were_followed_and_not_as_the_newest_was(bench):
    rows, treated, rng = people(1000)
    began = pd.Timestamp("2024-02-01") + pd.to_timedelta(np.arange(1000) % 100, "D")
    rows = rows.assign(start=began)
    orders = weekly(rows, "2024-01-05", "2024-05-31", rng.normal(30, 1, 1000) + treated)
    pilot_files.write(bench, rows, RANDOMISED, orders=orders)
    done = pilot_files.answered(bench, outcome="spend")
    assert done.ready.days in range(40, 44)  # the last began 22 days before the end; 80% 42 or a little less in an arm
    assert done.ready.censored.sum() == (121 - np.arange(1000) % 100 < done.ready.days).sum() > 150
    said = checks(done)["pilot_windows"]
    assert said.status == "pass"
    assert "Nobody set window_days" in said.message
    rows = rows.assign(start=pd.Timestamp("2024-05-31") - pd.to_timedelta((np.arange(1000) < 200) * 40, "D"))
    pilot_files.write(bench, rows, RANDOMISED, orders=orders)
    done = pilot_files.answered(bench, outcome="spend")
    assert (done.ready.days, done.effects[0].found.n) == (28, 200)  # four weeks of those who have them, not one day
    assert checks(done)["pilot_windows"].status == "warn"


def test_what_a_customer_cost_is_the_sum_of_its_rows(bench):
    rows, treated, rng = people(400, start="2024-06-01", end="2024-08-29")
    rows = rows.assign(spend=rng.normal(50, 10, 400) + 12 * treated, cost=np.where(treated, 5.0, 1.0))
    later = [rows[treated].assign(start=f"2024-{month}-01") for month in ("07", "08")]
    crossed = rows[~treated].iloc[:50].assign(arm="mail", start="2024-09-01", end=None, cost=99.0)
    pilot_files.write(bench, pd.concat([rows, *later, crossed]), RANDOMISED)
    done = pilot_files.answered(bench, outcome="spend")
    assert done.prices["mail"].cost == pytest.approx(
        14.0
    )  # three calls at 5, beside 1 of the control; none of who crossed
    assert "pilot_costs" not in checks(done)


def test_a_cost_that_is_not_recorded_is_that_of_the_others_and_said(bench):
    rows, treated, rng = people(400)
    known = np.arange(400) % 4 == 0
    rows = rows.assign(spend=rng.normal(50, 10, 400), cost=np.where(treated & known, 10.0, np.nan))
    pilot_files.write(bench, rows, RANDOMISED)
    done = pilot_files.answered(bench, outcome="spend")
    assert done.prices["mail"].cost == 10.0
    said = checks(done)["pilot_costs"]
    assert (said.status, said.value) == ("warn", int((treated & ~known).sum()))
    rows = rows.assign(cost=np.where(treated, np.where(known, 10.0, 0.0), np.nan))
    pilot_files.write(bench, rows, RANDOMISED)
    done = pilot_files.answered(bench, outcome="spend")
    assert done.prices["mail"].cost == pytest.approx(10 * known[treated].mean())  # a recorded 0 is a 0
    assert "pilot_costs" not in checks(done)


def test_customers_of_no_unit_are_left_out_and_not_a_unit_of_their_own(bench):
    rng = np.random.default_rng(2)
    shop = np.repeat(np.arange(30), 20)
    rows = pd.DataFrame({"customer_id": [f"c{i:03d}" for i in range(600)], "initiative": "test"})
    rows = rows.assign(arm=np.where(shop % 2, "new", "old"), shop=[f"s{each:02d}" for each in shop])
    rows = rows.assign(spend=(50 + rng.normal(0, 1, 30)[shop] + rng.normal(0, 10, 600)).round(2))
    lost = np.arange(600) % 5 == 0
    design = "{assignment: clustered, unit: shop, control: old}"
    pilot_files.write(bench, rows.assign(shop=rows["shop"].where(~lost)), design)
    done = pilot_files.answered(bench, outcome="spend")
    pilot_files.write(bench, rows[~lost], design)
    alone = pilot_files.answered(bench, outcome="spend")
    found, wanted = done.effects[0].found, alone.effects[0].found
    assert (found.estimate, found.units, found.n) == (pytest.approx(wanted.estimate), 30, 480)
    said = checks(done)["pilot_without_unit"]
    assert said.status == "warn"
    assert "120 customers (60 new and 60 old) have no shop" in said.message
    pilot_files.write(bench, rows.assign(shop=None), design)
    with pytest.raises(WorkbenchError, match=r"treatments\.shop: got no value in 600 rows"):
        pilot_files.answered(bench, outcome="spend")


def test_months_that_cannot_be_told_are_missing_from_the_window_and_that_is_said(bench):
    rng = np.random.default_rng(4)
    wave = np.arange(400) % 4
    begin = pd.to_datetime([f"2024-0{7 + each}-01" for each in range(3)] + ["2024-10-01"]).to_numpy()[wave]
    rows = pd.DataFrame({"customer_id": [f"c{i:03d}" for i in range(400)], "initiative": "test", "arm": "mail"})
    rows = rows.assign(start=begin, end=pd.Series(begin) + pd.DateOffset(months=6) - pd.Timedelta(days=1))
    level, orders = rng.normal(60, 10, 400), []
    for month in pd.date_range("2024-01-01", "2025-05-01", freq="MS"):
        on = (month >= rows["start"]) & (month <= rows["end"])
        amount = level + rng.normal(0, 5, 400) + 10 * on
        orders.append(pd.DataFrame({"customer_id": rows["customer_id"], "timestamp": month, "amount": amount}))
    pilot_files.write(bench, rows, "{assignment: staggered, probability: 0.25}", orders=pd.concat(orders))
    done = pilot_files.answered(bench, outcome="spend", outcomes=[])
    (effect,) = done.effects
    assert (done.ready.days, effect.days) == (183, 91)  # nobody waits after three months: three of six
    assert effect.found.lower < 30 < effect.found.upper
    table = next(each.frame for each in flatten([done]) if isinstance(each, Kept) and each.name == "effects")
    assert table.loc[table["month"].isna(), "days"].tolist() == [91]
    assert [each.found.month for each in done.months] == [1, 2, 3]  # none that is called the sixth
    said = checks(done)["pilot_covered_mail"]
    assert (said.status, said.value, said.threshold) == ("warn", 91, 183)


def test_where_shops_were_dealt_the_effect_is_one_on_a_customer(bench):
    rng = np.random.default_rng(4)
    size = np.where(np.arange(40) % 2, 96, 4)
    shop = np.repeat(np.arange(40), size)
    treated = (shop // 2) % 2 == 0
    gain = 10.0 * ((size[shop] == 4) & treated)
    rows = pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(2000)], "initiative": "test"})
    rows = rows.assign(arm=np.where(treated, "new", "old"), shop=[f"s{each:02d}" for each in shop])
    rows = rows.assign(spend=(50 + rng.normal(0, 0.5, 40)[shop] + rng.normal(0, 5, 2000) + gain).round(4))
    pilot_files.write(bench, rows, "{assignment: clustered, unit: shop, control: old}")
    (effect,) = pilot_files.answered(bench, outcome="spend", cost=1.0).effects
    means = rows.groupby("arm")["spend"].mean()
    assert effect.found.estimate == pytest.approx(means["new"] - means["old"])
    assert effect.found.lower < 0.4 < effect.found.upper < 2  # of the mean shop it would be 5
