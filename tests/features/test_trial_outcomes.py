"""Outcomes of a trial, by hand: windows from each start, history before it, and windows that are not over."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.features import follow_up


def column(name, kind=None, use="", role="", scale=None, direction=""):
    return SimpleNamespace(name=name, label=name, kind=kind, use=use, role=role, scale=scale, direction=direction)


def dataset(extracted=dt.date(2026, 7, 1), **columns):
    tables = {name: SimpleNamespace(columns=each) for name, each in columns.items()}
    return SimpleNamespace(tables=tables, extracted=extracted)


ROSTER = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "arm": ["x", "none", "x"],
        "start": pd.to_datetime(["2026-03-01", "2026-03-01", "2026-06-15"]),
    }
)
TRANSACTIONS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "a", "b", "c", "z"],
        "order_id": ["1", "2", "2", "3", "4", "5", "6"],
        "timestamp": pd.to_datetime(
            ["2026-02-28", "2026-03-01", "2026-03-01", "2026-03-31", "2026-01-15", "2026-06-16", "2026-03-05"]
        ),
        "known_at": pd.to_datetime(
            ["2026-03-02", "2026-03-01", "2026-03-01", "2026-03-31", "2026-01-15", "2026-06-16", "2026-03-05"]
        ),
        "amount": [50.0, 10.0, 5.0, 100.0, 7.0, 3.0, 1.0],
        "margin": [5.0, 1.0, 0.5, 10.0, 0.7, 0.3, 0.1],
    }
)


def of(followed, days, name):
    (found,) = followed.over(days, [name])
    return found


def test_orders_and_money_count_from_the_first_day_to_before_the_last():
    followed = follow_up(ROSTER, {"transactions": TRANSACTIONS}, dataset(transactions=[]))
    assert of(followed, 30, "spend").after[:2].tolist() == [15.0, 0.0]
    assert of(followed, 31, "spend").after[:2].tolist() == [115.0, 0.0]
    assert of(followed, 31, "orders").after[:2].tolist() == [2.0, 0.0]
    assert of(followed, 31, "margin").after[0] == pytest.approx(11.5)
    assert of(followed, 31, "buying").after[:2].tolist() == [1.0, 0.0]


def test_what_was_not_known_before_the_start_describes_nobody_before_it():
    followed = follow_up(ROSTER, {"transactions": TRANSACTIONS}, dataset(transactions=[]))
    assert of(followed, 30, "spend").before[:2].tolist() == [0.0, 7.0]  # a's order of 28 February was booked in March


def test_a_window_that_is_not_over_is_censored_and_not_zero():
    followed = follow_up(ROSTER, {"transactions": TRANSACTIONS}, dataset(transactions=[]))
    assert np.isnan(of(followed, 17, "spend").after[2])
    assert of(followed, 16, "spend").after[2] == 3.0
    assert followed.reach().tolist() == [122.0, 122.0, 16.0]


def test_contracts_that_follow_each_other_are_one_stay_and_a_later_one_is_not():
    contracts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c"],
            "start": pd.to_datetime(["2025-01-01", "2026-03-20", "2025-01-01", "2026-05-01", "2026-06-20"]),
            "end": pd.to_datetime(["2026-03-20", None, "2026-03-16", None, None]),
            "price": [30.0, 40.0, 20.0, 20.0, 10.0],
        }
    )
    followed = follow_up(ROSTER, {"subscriptions": contracts}, dataset(subscriptions=[]))
    staying = of(followed, 90, "staying")
    assert staying.after[:2].tolist() == [1.0, 0.0]
    assert np.isnan(staying.after[2])  # was not there at the start
    assert staying.days[1] == 15.0
    assert staying.left.tolist() == [False, True, False]
    later = of(followed, 200, "staying")  # nobody's window is over: neither there nor gone, but b has left
    assert not later.known.any()
    assert (later.days[:2].tolist(), later.left.tolist()) == ([122.0, 15.0], [False, True, False])
    cash = of(followed, 30, "cash").after
    assert cash[0] == pytest.approx((30.0 * 19 + 40.0 * 11) * 12 / 365.25)  # an upgrade counts from its day
    assert cash[1] == pytest.approx(20.0 * 12 / 365.25 * 15)
    assert np.isnan(cash[2])
    cash = of(followed, 16, "cash")
    assert cash.after[2] == pytest.approx(10.0 * 12 / 365.25 * 11)  # of a contract that began after the start
    assert cash.alike.tolist() == pytest.approx([30.0 * 12 / 365.25 * 16, 20.0 * 12 / 365.25 * 16, 0.0])


def test_what_customers_pay_is_not_known_where_a_price_is_not():
    contracts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b"],
            "start": pd.to_datetime(["2025-01-01", "2026-03-11", "2025-01-01", "2026-04-01"]),
            "end": pd.to_datetime(["2026-03-11", None, "2026-04-01", None]),
            "price": [30.0, np.nan, 0.0, np.nan],
        }
    )
    followed = follow_up(ROSTER, {"subscriptions": contracts}, dataset(subscriptions=[]))
    assert of(followed, 10, "cash").after[:2].tolist() == pytest.approx([30.0 * 12 / 365.25 * 10, 0.0])
    assert of(followed, 11, "cash").known.tolist() == [False, True, True]  # c had no contract: 0 is known of it


def test_answers_are_means_of_customers_with_their_top_box_and_nps():
    surveys = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "a"],
            "timestamp": pd.to_datetime(["2026-03-02", "2026-03-10", "2026-02-02", "2026-01-02"]),
            "recommend": [10.0, 6.0, 9.0, 3.0],
            "app": [4.0, np.nan, 2.0, 1.0],
        }
    )
    items = [
        column("recommend", "rating", role="outcome", scale=(0, 10)),
        column("app", "rating", role="driver", scale=(1, 5)),
    ]
    followed = follow_up(ROSTER, {"surveys": surveys}, dataset(surveys=items))
    assert [each.name for each in followed.measures] == ["recommend", "recommend_nps", "recommend_top", "app"]
    assert [each.detail for each in followed.measures] == [False, False, False, True]
    assert of(followed, 30, "recommend").after[0] == 8.0
    assert of(followed, 30, "recommend_nps").after[0] == 0.0
    assert of(followed, 30, "recommend_top").after[0] == 0.5
    assert np.isnan(of(followed, 30, "recommend").after[1])
    assert of(followed, 30, "recommend").before[:2].tolist() == [3.0, 9.0]
    assert of(followed, 30, "app").after[0] == 4.0


def test_contacts_complaints_minutes_and_first_contact_resolution():
    contacts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "timestamp": pd.to_datetime(["2026-03-02", "2026-03-03", "2026-03-04"]),
            "minutes": [4.0, 6.0, 1.0],
            "complaint": [True, False, None],
            "resolved_first_contact": [True, False, None],
        }
    )
    followed = follow_up(ROSTER, {"interactions": contacts}, dataset(interactions=[]))
    assert of(followed, 30, "minutes").after[:2].tolist() == [10.0, 1.0]
    assert of(followed, 30, "complaints").after[:2].tolist() == [1.0, 0.0]
    resolved = of(followed, 30, "resolved")
    assert (resolved.after[0], resolved.of[0]) == (1.0, 2.0)
    assert resolved.known.tolist() == [True, False, False]
    assert resolved.per_customer() == 1.0  # two of a, none of b; the window of c is not over
    assert resolved.per_customer(np.array([True, False, True])) == 2.0
    assert of(followed, 30, "minutes").per_customer() == 1.0


@pytest.mark.parametrize(
    ("direction", "good", "unsaid"), [("", 1, True), ("low_is_good", -1, False), ("high_is_good", 1, False)]
)
def test_which_way_a_recorded_outcome_is_better_is_what_was_said(direction, good, unsaid):
    roster = ROSTER.drop(columns="start").assign(left=[True, False, True])
    (found,) = follow_up(
        roster, {}, dataset(treatments=[column("left", "boolean", "outcome", direction=direction)])
    ).measures
    assert (found.good, found.unsaid) == (good, unsaid)


def test_a_recorded_outcome_needs_no_dates():
    roster = ROSTER.drop(columns="start").assign(visit=[True, False, True], spend=[1.5, 0.0, 2.0])
    columns = [column("visit", "boolean", "outcome"), column("spend", "money", "outcome"), column("arm", "category")]
    followed = follow_up(roster, {}, dataset(treatments=columns))
    assert [(each.name, each.kind, each.money) for each in followed.measures] == [
        ("visit", "share", False),
        ("spend", "mean", True),
    ]
    assert of(followed, 0, "visit").after.tolist() == [1.0, 0.0, 1.0]
    assert not followed.dated
