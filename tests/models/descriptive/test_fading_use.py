"""Use that fades before customers leave."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.descriptive import Summary, use_before_leaving
from workbench.models.descriptive.fading_use import fading_of_purchases, fading_of_usage, fading_use


def test_the_last_period_is_set_against_ones_own_habit():
    """By hand: a habit of 4 and then 1; one who is too new; one who never used anything."""
    counts = np.array([[4.0, 4, 4, 1, 0], [np.nan, np.nan, 4, 4, 4], [0, 0, 0, 0, 0]])
    found = fading_use(counts, np.array([[False] * 4 + [True]] * 3))
    assert found.to_numpy().tolist() == [[0.25, True]]


def test_who_has_gone_is_not_asked_again():
    counts = np.array([[2.0, 2, 2, 2, 2, 1, np.nan]])
    found = fading_use(counts, np.array([[False] * 5 + [True, False]]))
    assert found["left"].tolist() == [False, True]
    assert found["ratio"].tolist() == [1.0, 1.0]  # the month of leaving itself is not yet over


def monthly(values, ends):
    months = pd.date_range("2025-01-01", periods=len(values[0]), freq="MS")
    usage = pd.DataFrame(
        [(who, month, value) for who, row in enumerate(values) for month, value in zip(months, row, strict=True)],
        columns=["customer_id", "timestamp", "value"],
    ).dropna()
    return usage, pd.DataFrame({"customer_id": range(len(values)), "end": pd.to_datetime(ends)})


def test_a_contract_that_ends_in_the_month_is_leaving():
    usage, contracts = monthly([[8, 8, 8, 2, 1], [8, 8, 8, 8, 8]], ["2025-05-20", None])
    found = fading_of_usage(usage, contracts)
    assert sorted(found.to_numpy().tolist()) == [[0.25, True], [1.0, False]]


def test_buying_nothing_for_eight_weeks_is_leaving_and_the_lapsed_are_not_asked_again():
    start = pd.Timestamp("2025-01-01")
    bought = [(0, day) for day in range(0, 300, 28)] + [(1, day) for day in range(0, 112, 28)] + [(2, 0), (2, 299)]
    table = pd.DataFrame(bought, columns=["customer_id", "day"])
    table["timestamp"], table["amount"] = start + pd.to_timedelta(table["day"], unit="D"), 1.0
    found = fading_of_purchases(table)
    assert found["left"].sum() == 2  # the second customer, at the two beginnings until lapsed
    assert found.loc[~found["left"], "ratio"].tolist() == [1.0] * 5


def test_without_usage_there_is_nothing_to_compare(monkeypatch):
    usage, contracts = monthly([[8, 8, 8, 2, 1], [8, 8, 8, 8, 8]], ["2025-05-20", None])
    assert use_before_leaving({"a": None}, None, contracts, margin=0.1) is None
    alone = use_before_leaving({"a": None}, usage, contracts, margin=0.1)
    assert alone.shares["a"].tolist() == [1.0, 1.0, 0.0]
    assert Summary(comparisons=[None, alone]).made == [alone]


@pytest.mark.parametrize("missing", ["usage", "contracts"])
def test_either_table_may_be_missing(missing):
    usage, contracts = monthly([[1, 1]], [None])
    given = {"usage": usage, "contracts": contracts} | {missing: None}
    assert use_before_leaving({"a": None}, **given, margin=0.1) is None
