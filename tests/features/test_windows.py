"""Windows, trends and habits, by hand."""

import ibis
import numpy as np
import pandas as pd
import pytest

from workbench.features import Records, customer_features, history, recomputation_checks, snapshots
from workbench.features.contacts import contact_features
from workbench.features.contracts import contract_features
from workbench.features.opinions import opinion_features
from workbench.features.purchases import purchase_features
from workbench.features.usage import measures_of, periods_of, usage_features

CUTOFF = pd.Timestamp("2024-10-01")
WHEN = snapshots(["2024-10-01"])
RECORDS = Records(pd.Timestamp("2023-01-01").date(), pd.Timestamp("2024-12-31").date())


def ago(*days):
    return [CUTOFF - pd.Timedelta(days=day) for day in days]


def past(rows, **options):
    return history(ibis.memtable(rows.assign(customer_id="a")), WHEN, **options)


def one(block):
    (row,) = block.table.to_pandas().to_dict("records")
    return row


def test_purchases_over_windows_against_the_one_before_and_against_the_habit():
    rows = pd.DataFrame({"timestamp": ago(100, 80, 60, 40, 5), "amount": [10.0, 10.0, 10.0, 10.0, 30.0]})
    found = one(purchase_features(past(rows), windows_days=(30,)))
    assert (found["purchases_30d"], found["purchases_change_30d"]) == (1, -1)  # the days 31 to 60 saw two
    assert (found["amount_30d"], found["amount_change_30d"]) == (30.0, 10.0)
    # 40 in the 70 days before the window, known for 100: usual are 40/70 a day.
    assert found["amount_against_usual_30d"] == pytest.approx((30 / 30) / (40 / 70))
    assert found["purchases_usual_gap_days"] == pytest.approx(95 / 4)
    assert found["purchases_gap_ratio"] == pytest.approx(5 / (95 / 4))
    x = np.arange(1, 31)
    assert found["purchases_trend_30d"] == pytest.approx(np.polyfit(-x, x == 5, 1)[0])


def test_who_has_no_habit_yet_has_none_to_be_compared_with():
    found = one(purchase_features(past(pd.DataFrame({"timestamp": ago(20), "amount": [5.0]})), windows_days=(30,)))
    assert np.isnan(found["purchases_against_usual_30d"])
    assert np.isnan(found["purchases_usual_gap_days"])
    assert np.isnan(found["purchases_gap_ratio"])


def test_contacts_complaints_enquiries_and_reminders():
    rows = pd.DataFrame(
        {
            "timestamp": ago(90, 50, 45, 10, 10),
            "complaint": [True, False, True, False, True],
            "kind": ["enquiry", "reminder", None, "enquiry", "enquiry"],
        }
    )
    found = one(contact_features(past(rows), windows_days=(30,)))
    assert (found["contacts_30d"], found["contacts_change_30d"]) == (2, 0)
    assert (found["complaints_30d"], found["complaints_change_30d"]) == (1, 0)
    assert (found["enquiries"], found["enquiries_30d"], found["reminders_change_30d"]) == (3, 2, -1)
    assert found["contacts_usual_gap_days"] == pytest.approx(80 / 3)  # four different days
    assert found["complaints_gap_ratio"] == pytest.approx(10 / 40)
    assert found["enquiries_against_usual_30d"] == pytest.approx((2 / 30) / (1 / 60))


def test_scores_have_a_slope_over_time():
    rows = pd.DataFrame(
        {"timestamp": ago(100, 60, 60, 10), "csat": [9.0, 7.0, None, 4.0], "late": [1.0, None, None, None]}
    )
    found = one(opinion_features(past(rows), scores=["csat", "late"], windows_days=(30,)))
    assert found["csat_trend"] == pytest.approx(np.polyfit([-100, -60, -10], [9, 7, 4], 1)[0])
    assert np.isnan(found["late_trend"])
    assert (found["surveys_30d"], found["surveys_change_30d"]) == (1, -1)
    assert found["surveys_gap_ratio"] == pytest.approx(10 / 45)


def test_contracts_over_windows_and_the_price_before():
    rows = pd.DataFrame(
        {
            "customer_id": "a",
            "start": ago(200, 100, 20),
            "end": [*ago(100, 20), None],
            "plan": ["s", "m", "l"],
            "price": [10.0, 12.0, 20.0],
        }
    )
    found = one(contract_features(ibis.memtable(rows), WHEN, windows_days=(30,)))
    assert (found["subscriptions_30d"], found["subscriptions_change_30d"], found["subscriptions_ended_30d"]) == (
        1,
        1,
        1,
    )
    assert (found["price"], found["price_before"]) == (20.0, 12.0)
    assert found["subscriptions_usual_gap_days"] == pytest.approx(90)


USAGE = pd.DataFrame(
    {
        "timestamp": ago(153, 122, 92, 61, 30, 30),
        "known_at": [*ago(122, 92, 61, 30), CUTOFF - pd.Timedelta(days=1), CUTOFF],
        "measure": ["logins", "logins", "logins", "logins", "logins", "minutes"],
        "value": [12.0, 10.0, 14.0, 0.0, 3.0, 99.0],
    }
)


def test_use_is_told_by_measure_and_what_was_not_known_yet_is_not_in_it():
    found = one(usage_features(past(USAGE), measures=["logins", "minutes"], windows_days=(30, 90)))
    assert (found["logins"], found["logins_30d"], found["logins_change_30d"]) == (39.0, 3.0, 3.0)
    assert found["logins_against_usual_90d"] == pytest.approx((3 / 90) / (36 / 63))
    assert (found["days_since_last_logins"], found["logins_usual_gap_days"]) == (30, pytest.approx(123 / 3))
    assert (found["minutes"], found["minutes_90d"]) == (0.0, 0.0)
    assert np.isnan(found["minutes_gap_ratio"])


def test_measures_are_found_and_usage_alone_makes_features():
    usage = ibis.memtable(USAGE.assign(customer_id="a"))
    assert measures_of(usage) == ("logins", "minutes")
    made = customer_features({"usage": usage}, WHEN, windows_days=(30,))
    assert made.frame()["logins_30d"].tolist() == [3.0]
    assert made.frame()["tenure_days"].tolist() == [153]


def test_changes_of_attributes_are_counted():
    people = pd.DataFrame({"customer_id": ["a"] * 3 + ["b"], "valid_from": ago(100, 50, 10, 40), "tier": list("xyzx")})
    bought = pd.DataFrame({"customer_id": ["a", "b", "c"], "timestamp": ago(5, 5, 5), "amount": 1.0})
    made = customer_features(
        {"customers": ibis.memtable(people), "transactions": ibis.memtable(bought)}, WHEN, windows_days=(30,)
    )
    found = made.frame().set_index("customer_id").sort_index()
    assert found["changes"].tolist() == [2, 0, 0]
    assert found["changes_30d"].tolist() == [1, 0, 0]
    assert found["days_since_last_change"].tolist()[0] == 10
    assert found["days_since_last_change"].isna().tolist() == [False, True, True]


def test_names_that_meet_stand_behind_their_table_in_both():
    people = pd.DataFrame({"customer_id": ["a"], "plan": ["gold"], "cohort": ["early"], "born": [1980]})
    contracts = pd.DataFrame({"customer_id": ["a"], "start": ago(90), "end": [pd.NaT], "plan": ["basic"]})
    tables = {"customers": ibis.memtable(people), "subscriptions": ibis.memtable(contracts)}
    made = customer_features(tables, WHEN, windows_days=(30,), constant=["plan", "cohort", "born"])
    (row,) = made.frame().to_dict("records")
    assert (row["customers_plan"], row["subscriptions_plan"]) == ("gold", "basic")
    assert (row["customers_cohort"], row["born"]) == ("early", 1980)
    assert "plan" not in row
    assert made.renamed == {
        "customers_plan": "customers.plan",
        "subscriptions_plan": "subscriptions.plan",
        "customers_cohort": "customers.cohort",
    }


def monthly(*names):
    """One row a month and customer, known when the next month begins; customer a always 12, b 3 in the last."""
    months = pd.date_range("2023-01-01", "2024-12-01", freq="MS")
    rows = [(who, day, day + pd.offsets.MonthBegin(), 12.0) for who in names for day in months]
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "known_at", "value"]).assign(measure="logins")


def test_months_are_counted_and_not_days_since_their_first():
    """Whatever the day of the cut-off, 30 days hold one month and 90 hold three: nothing tells cut-offs apart."""
    days = pd.date_range("2024-03-02", "2024-11-30", freq="19D").date
    made = customer_features({"usage": ibis.memtable(monthly("a"))}, snapshots(days), windows_days=(7, 30, 90))
    found = made.frame().drop(columns=["cutoff", "cohort", "already_on_board", "tenure_days", "logins"])
    assert set(found["logins_30d"]) == {12.0}
    assert set(found["logins_90d"]) == {36.0}
    assert found["logins_against_usual_90d"].to_numpy() == pytest.approx(1)
    assert (found.drop(columns=["logins_against_usual_30d", "logins_against_usual_90d"]).round(9).nunique() == 1).all()
    assert not [name for name in found if name.endswith("_7d")]


def test_who_uses_less_in_the_last_known_month_has_less_than_usual():
    rows = monthly("a", "b")
    rows.loc[(rows.customer_id == "b") & (rows.timestamp == "2024-09-01"), "value"] = 3.0
    made = customer_features({"usage": ibis.memtable(rows)}, snapshots(["2024-10-20"]), windows_days=(30,))
    found = made.frame().set_index("customer_id")
    assert found["logins_30d"].to_dict() == {"a": 12.0, "b": 3.0}
    assert found["logins_change_30d"].to_dict() == {"a": 0.0, "b": -9.0}
    assert found.loc["b", "logins_against_usual_30d"] == pytest.approx(0.25)
    assert found.loc["b", "days_since_last_logins"] == 15  # the middle of the last month


def test_a_customer_without_the_last_known_month_has_nothing_in_it():
    rows = pd.concat([monthly("a"), monthly("b").query("timestamp < '2024-08-01'")])
    made = customer_features({"usage": ibis.memtable(rows)}, snapshots(["2024-10-20"]), windows_days=(30,))
    found = made.frame().set_index("customer_id")
    assert found["logins_30d"].to_dict() == {"a": 12.0, "b": 0.0}
    assert found["days_since_last_logins"].to_dict() == {"a": 15, "b": 76}


@pytest.mark.parametrize(
    ("days", "period"),
    [
        (pd.date_range("2024-01-01", "2024-06-30", freq="D"), None),
        (pd.date_range("2024-01-01", "2024-06-30", freq="W-MON"), 7),
        (pd.date_range("2024-01-01", "2024-12-31", freq="ME"), 30.4375),
        (pd.date_range("2020-01-01", "2024-12-31", freq="QS"), 91.3125),
        (pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-02-20", "2024-05-01"]), None),
        (pd.date_range("2024-01-01", "2024-12-31", freq="MS").delete(5), 30.4375),
    ],
)
def test_the_rhythm_of_a_measure_is_found(days, period):
    usage = ibis.memtable(pd.DataFrame({"customer_id": "a", "timestamp": days, "measure": "x", "value": 1.0}))
    assert periods_of(usage, ["x"]) == ({} if period is None else {"x": period})


def test_features_of_months_do_not_change_when_the_future_is_taken_away():
    tables, when = {"usage": ibis.memtable(monthly("a", "b"))}, snapshots(["2024-05-17", "2024-10-20"])
    assert {check.status for check in recomputation_checks(build_of_usage, tables, when, random_seed=1)} == {"pass"}


def build_of_usage(tables, when):
    return customer_features(
        tables, when, windows_days=(30,), measures=["logins"], periods={"logins": 30.4375}, records=RECORDS
    ).table
