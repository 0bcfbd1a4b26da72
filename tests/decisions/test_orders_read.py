"""Logs of orders read for valuation: margins, refunds, copies, and data with which nothing can be done."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.logs import transactions

from workbench.decisions import value
from workbench.decisions.value.buyers import buyers_of
from workbench.decisions.value.data_checks import order_checks
from workbench.decisions.value.reading import cohort_names
from workbench.errors import DataError, ParameterError, StudyError
from workbench.features import purchase_log


def rows(*given):
    frame = pd.DataFrame(given, columns=["customer_id", "timestamp", "amount"])
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]))


def buyers(frame):
    log = purchase_log(frame)
    return buyers_of(log.days, log.until)


def read(frame, money=None, **more):
    return value.read_base(purchase_log(frame), frame, money=money or value.Money(), draws=100, seed=1, **more)


def test_free_and_negative_orders_are_in_totals_and_not_in_the_spend_model():
    frame = rows(
        ("a", "2026-01-01", 10.0),
        ("a", "2026-01-05", 0.0),
        ("a", "2026-01-09", 30.0),
        ("a", "2026-01-20", -7.0),
        ("b", "2026-01-02", 20.0),
        ("z", "2026-01-03", -4.0),
    )
    found = buyers(frame)
    assert found.customers.tolist() == ["a", "b"]
    assert found.bought.tolist() == [3, 1]
    assert found.paid.tolist() == [2, 1]
    assert found.mean.tolist() == [20, 20]
    assert found.kept.tolist() == [33, 20]
    assert found.astray == -4
    # 80 would have been sold; 49 are left.
    import numpy as np

    assert found.kept_share(4000, np.random.default_rng(1)).mean() == pytest.approx(49 / 80, rel=0.05)


def test_margins_are_of_the_order_then_of_its_category_then_of_all():
    frame = rows(("a", "2026-01-01", 10.0), ("a", "2026-01-02", 10.0), ("b", "2026-01-02", -10.0))
    frame = frame.assign(margin=[9.0, None, None], category=["x", "y", "z"])
    money = value.Money(margin=0.5, margin_by_category={"y": 0.2})
    assert value.with_margin(frame, money)["margin"].tolist() == [9, 2, -5]
    bare = frame.drop(columns="margin")
    assert value.with_margin(bare, value.Money()).equals(bare)
    with pytest.raises(DataError, match=r"66\.7% of rows have no margin, .* is \(of 'y' and 'z'\); expected"):
        value.with_margin(frame, value.Money())
    with pytest.raises(DataError, match=r"\(of rows without a category\)"):
        value.with_margin(frame.assign(category=["x", None, None]), value.Money())
    with pytest.raises(ParameterError, match="no category 'Y'; there are x, y and z; did you mean 'y'"):
        value.with_margin(frame, value.Money(margin=0.5, margin_by_category={"Y": 0.1}))
    with pytest.raises(ParameterError, match="no column category"):
        value.with_margin(bare.drop(columns="category"), money)


def test_money_in_several_currencies_is_refused():
    from types import SimpleNamespace as Some

    one, other = (Some(columns=[Some(kind="money", unit=unit)]) for unit in ("USD", "EUR"))
    assert value.currency_of({"transactions": one}, "") == "USD"
    assert value.currency_of({"transactions": one}, "USD") == "USD"
    with pytest.raises(ParameterError, match="amounts in EUR and USD"):
        value.currency_of({"transactions": one, "subscriptions": other}, "")
    with pytest.raises(ParameterError, match="amounts in USD and the parameter 'EUR'"):
        value.currency_of({"transactions": one}, "EUR")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (rows(("a", "2026-01-01", 5.0), ("b", "2026-01-09", 5.0)), "no customer bought again"),
        (rows(("a", "2026-01-09", 5.0), ("b", "2026-01-09", 5.0)), "no customer bought again"),
        (rows(("a", "2026-01-01", 0.0), ("a", "2026-01-09", 0.0)), "has a positive amount"),
        (rows(("a", "2026-01-01", 5.0), ("a", "2026-01-09", 5.0), ("a", "2026-01-20", -30.0)), "nothing to value"),
        (rows(("a", "2026-01-01", 5.0), ("a", "2026-01-09", -5.0)), "none is a purchase"),
    ],
    ids=["no repeat buyer", "all new", "zero spend", "refunds beyond purchases", "all given back"],
)
def test_data_that_say_nothing_are_refused_in_words(frame, said):
    with pytest.raises(DataError, match=said):
        read(frame)


def test_without_transactions_there_is_nothing_to_value():
    with pytest.raises(StudyError, match="expected the table transactions"):
        value.read_base(None, None, money=value.Money(), draws=100, seed=1)


def checks(frame):
    return {each.name: each for each in order_checks(frame, buyers(frame))}


def test_orders_that_stand_twice_and_days_full_of_orders_are_told():
    frame = transactions(customers=60, days=200)
    assert {each.status for each in checks(frame).values()} == {"pass"}
    twice = checks(pd.concat([frame, frame], ignore_index=True))["duplicated_orders"]
    assert (twice.status, twice.value) == ("warn", 1.0)
    till = pd.DataFrame({"customer_id": "till", "timestamp": pd.Timestamp("2025-02-01"), "amount": range(1, 10_001)})
    crowded = checks(pd.concat([frame, till], ignore_index=True))["orders_in_a_day"]
    assert (crowded.status, crowded.value) == ("warn", 10_000)
    assert "till" not in crowded.message.partition("a till")[0]  # no id is told


def test_cohorts_are_as_fine_as_a_table_holds():
    days = pd.Series(pd.to_datetime(["2024-01-05", "2024-06-01"]))
    assert cohort_names(days).tolist() == ["2024-01", "2024-06"]
    assert cohort_names(pd.Series(pd.to_datetime(["2019-01-05", "2024-06-01"]))).tolist() == ["2019", "2024"]


def test_attributes_of_customers_speed_their_orders_up_or_are_refused():
    frame = transactions(customers=200, days=300)
    who = pd.DataFrame({"customer_id": sorted(frame["customer_id"].unique())})
    who["member"] = np.arange(len(who)) % 2 > 0
    found = read(frame, customers=who, covariates=["member"])
    pace = found.forecast.pace
    assert len(set(np.round(pace, 9))) == 2
    assert np.log(pace).mean() == pytest.approx(0)
    assert found.before(3).forecast.pace.shape == found.before(3).customers.shape
    year = value.Plan(rate=0.1, horizons=np.array([12.0]), months=12, cells=np.zeros(1, int), money=value.Money())
    assert found.newcomers(year).value[:, 0].mean() > 0
    with pytest.raises(ParameterError, match=r"covariates: got 'members'.*did you mean 'member'"):
        read(frame, customers=who, covariates=["members"])
    with pytest.raises(ParameterError, match="expected a column of customers"):
        read(frame, covariates=["member"])
