"""Contact lists within capacity and policy."""

import numpy as np
import pandas as pd
import pytest

from workbench.decisions.contacting import Policy, contact_list
from workbench.errors import DataError, ParameterError
from workbench.exhibits import Table, flatten

AT = pd.Timestamp("2025-07-01")


def customers(**columns):
    frame = pd.DataFrame({"customer_id": list("abcdef"), "expected_profit": [5.0, 9, 1, -2, 7, 3]})
    return frame.assign(**columns)


def chosen(found):
    return found.customers.query("recommended")["customer_id"].tolist()


def test_the_highest_expected_profit_comes_first_and_losses_never():
    found = contact_list(customers())
    assert chosen(found) == list("beafc")
    assert found.customers["week"].dropna().tolist() == [1] * 5
    assert found.customers.set_index("customer_id").loc["d", "why_not"] == "no_profit"


def test_capacity_by_week():
    found = contact_list(customers(), capacity=2, weeks=2)
    assert chosen(found) == list("beaf")
    assert found.customers["week"].dropna().tolist() == [1, 1, 2, 2]
    assert found.customers.set_index("customer_id").loc["c", "why_not"] == "no_capacity"
    assert chosen(contact_list(customers(), capacity=0)) == []


def test_capacity_by_team():
    teams = customers(team=["x", "x", "y", "y", "y", None])
    found = contact_list(teams, capacity={"x": 1, "y": 5, "No team": 0})
    assert chosen(found) == list("bec")
    table = found.by_team().set_index("team")
    assert table.loc["x"].to_dict() == {"customers": 2, "recommended": 1, "expected_profit": 9, "opt_out": 0,
                                        "contacted_often": 0, "no_profit": 0, "no_capacity": 1}  # fmt: skip
    assert table.loc["No team", "expected_profit"] == 0
    with pytest.raises(ParameterError, match="'No team'"):
        contact_list(teams, capacity={"x": 1, "y": 5})
    with pytest.raises(ParameterError, match="at least 0"):
        contact_list(teams, capacity=-1)


def test_who_opted_out_or_was_contacted_too_often_is_left_out():
    contacts = pd.DataFrame(
        {
            "customer_id": ["b", "b", "e", "e", "f"],
            "timestamp": AT - pd.to_timedelta([1, 30, 1, 91, 0], unit="day"),
        }
    )
    found = contact_list(
        customers(opt_out=[False, False, True, False, False, None]), policy=Policy(most=2, days=90), contacts=contacts,
        at=AT,
    )  # fmt: skip
    assert chosen(found) == list("ea")
    why = found.customers.set_index("customer_id")["why_not"]
    assert why[["b", "c", "f"]].tolist() == ["contacted_often", "opt_out", "opt_out"]
    nobody = contact_list(customers(), policy=Policy(most=0), at=AT)
    assert chosen(nobody) == []


def test_it_shows_itself_without_small_groups():
    frame = pd.DataFrame({"customer_id": np.arange(50), "expected_profit": 1.0, "team": ["a"] * 25 + ["b"] * 25})
    shown = list(flatten(contact_list(frame, capacity={"a": 3, "b": 30})))
    assert shown[0].statement.startswith("28 of 50 customers are on the list")
    assert shown[1].value == 22  # equal ones of team a who are not on it
    assert isinstance(shown[2], Table)
    assert shown[2].people.count == "customers"


def test_equal_customers_are_on_the_list_by_lot_and_that_is_told():
    frame = pd.DataFrame({"customer_id": np.arange(1000), "expected_profit": 5.0})
    found = contact_list(frame, capacity=200)
    chosen = found.customers.loc[found.customers["recommended"], "customer_id"]
    assert len(chosen) == 200
    assert 450 < chosen.mean() < 550  # not the first of the file
    assert found.ties() == 800
    assert contact_list(frame.assign(expected_profit=np.arange(1000.0)), capacity=200).ties() == 0
    assert contact_list(frame, capacity=None).ties() == 0
    again = contact_list(frame, capacity=200).customers
    pd.testing.assert_frame_equal(again, found.customers)


def test_what_cannot_be_is_refused():
    with pytest.raises(DataError, match="one row a customer"):
        contact_list(customers(customer_id=list("aabcde")))
    with pytest.raises(ParameterError, match="no day of the list"):
        contact_list(customers(), policy=Policy(most=1))
    with pytest.raises(ParameterError, match="number of at least 0"):
        Policy(most=-1)


def test_a_list_without_anybody_says_why():
    """The real reason was left out: 0 on the list, 1 has opted out, 0 …, 0 …"""
    rows = pd.DataFrame(
        {"customer_id": [1, 2, 3], "expected_profit": [-1.0, -2.0, -3.0], "opt_out": [True, False, False]}
    )
    told = next(contact_list(rows).exhibits()).statement
    assert told == (
        "0 of 3 customers are on the list; 1 have opted out, 0 were contacted too often, 2 promise no profit, "
        "0 exceed what the teams can do."
    )
    told = next(contact_list(rows.drop(columns="opt_out")).exhibits()).statement
    assert told == "Nobody of 3 customers is on the list: none promises a profit."
