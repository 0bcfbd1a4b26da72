"""Customers of a trial by calendar month, by hand: sums, staying, who is not there yet, and clocks set to one day."""

import numpy as np
import pandas as pd
import pytest
from tests.features.test_trial_outcomes import ROSTER, TRANSACTIONS, dataset

from workbench.features import follow_up

CONTRACTS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "start": pd.to_datetime(["2025-01-01", "2026-02-10", "2025-06-01"]),
        "end": pd.to_datetime(["2026-04-10", None, None]),
    }
)


@pytest.fixture
def followed():
    tables = {"transactions": TRANSACTIONS, "subscriptions": CONTRACTS}
    return follow_up(ROSTER, tables, dataset(transactions=[], subscriptions=[]))


def test_months_begin_on_the_day_of_most_starts_and_hold_what_happened(followed):
    found = followed.monthly(["spend", "staying"], most=2)
    assert [str(each.date()) for each in found.edges] == [
        "2026-02-01",
        "2026-03-01",
        "2026-04-01",
        "2026-05-01",
        "2026-06-01",
        "2026-07-01",
    ]
    # a bought on 28 February, 1 March (15) and 31 March (100); b came on 10 February; c bought in June
    np.testing.assert_array_equal(found.values["spend"][0], [50, 115, 0, 0, 0])
    np.testing.assert_array_equal(found.values["spend"][1], [np.nan, 0, 0, 0, 0])
    np.testing.assert_array_equal(found.values["spend"][2], [0, 0, 0, 0, 3])
    np.testing.assert_array_equal(found.values["staying"][0], [1, 1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(found.values["staying"][1], [np.nan, 1, 1, 1, 1])


def test_a_spell_is_a_share_of_each_month(followed):
    found = followed.monthly(["spend"], most=2)
    share = found.share_on(
        np.array(["2026-03-01", "2026-04-16"], dtype="datetime64[ns]"),
        np.array(["2026-04-01", "2026-05-01"], dtype="datetime64[ns]"),
    )
    np.testing.assert_allclose(share, [[0, 1, 0, 0, 0], [0, 0, 0.5, 0, 0]])


def test_clocks_set_to_one_day_count_from_it(followed):
    later = followed.at(pd.Timestamp("2026-03-31"))
    (spend,) = later.over(30, ["spend"])
    np.testing.assert_array_equal(spend.after, [100, 0, 0])
    np.testing.assert_array_equal(followed.between(spend.measure, 0, 31), [115, 0, 3])
    (staying,) = later.over(30, ["staying"])
    np.testing.assert_array_equal(staying.after, [0, 1, 1])
