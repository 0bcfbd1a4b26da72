"""Inter-purchase times: days apart, last ones cut short."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.descriptive.purchase_gaps import last_days, purchase_gaps, repurchase


def bought(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"], format="mixed"))


def test_a_refund_is_no_purchase_but_the_table_ends_with_it():
    gaps = purchase_gaps(bought(("a", "2026-01-01 20:00", 5), ("a", "2026-01-02 08:00", -5), ("a", "2026-01-11", -1)))
    assert gaps[["gap_days", "again"]].values.tolist() == [[10, False]]


def test_gaps_do_not_cross_customers():
    gaps = purchase_gaps(bought(("a", "2026-01-01", 5), ("b", "2026-01-03", 5), ("a", "2026-01-06", 5)))
    assert gaps.values.tolist() == [["a", 5, True], ["b", 3, False]]


def test_the_last_days_include_the_last_one():
    kept = last_days(bought(("a", "2026-01-01", 1), ("a", "2026-01-02", 2), ("a", "2026-01-03 23:00", 3)), 2)
    assert kept["amount"].tolist() == [2, 3]


def test_a_poisson_buyer_comes_back_at_an_exponential_rate():
    """Gaps cut short by the end are allowed for: the share within t days is 1 − exp(−rate·t), by whole days."""
    random = np.random.default_rng(7)
    rows = [(who, day) for who in range(2_000) for day in np.flatnonzero(random.random(120) < 0.02)]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    frame = frame.assign(timestamp=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], "D"), amount=1.0)
    made = repurchase({"own": frame, "other": frame}, days=120, within=[30, 90], margin=0.1)
    assert made.shares["own"].tolist() == pytest.approx([1 - 0.98**30, 1 - 0.98**90], abs=0.02)
    naive = purchase_gaps(frame).query("again")["gap_days"]
    assert (naive <= 30).mean() > made.shares["own"].iloc[0] + 0.1
