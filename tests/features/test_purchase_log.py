"""The log that models of repeat buying are made of: days of purchase, refunds netted, as of a day."""

import datetime as dt

import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.features import purchase_log

ROWS = [
    ("b", "2026-03-01", 20.0, "o1"),
    ("b", "2026-03-01", 5.0, "o1"),
    ("b", "2026-03-04", 0.0, "o2"),  # free: a purchase
    ("b", "2026-03-09", -5.0, "o1"),  # back on the day of its order
    ("a", "2026-03-02", 8.0, "o3"),
    ("a", "2026-03-03", -8.0, "o3"),  # all given back: no purchase
    ("a", "2026-03-10", 4.0, "o4"),
    ("a", "2026-03-10", -9.0, None),  # of no known order: on its own day
]


def made(rows=ROWS, **more):
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount", "order_id"])
    frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    return frame.assign(**more)


def test_days_are_netted_and_counted_from_the_first_of_the_records():
    log = purchase_log(made(margin=1.0))
    assert (log.first, log.today, log.until) == (dt.date(2026, 3, 1), dt.date(2026, 3, 11), 9)
    assert list(log.days.itertuples(index=False, name=None)) == [
        ("a", 1, 0.0, 2.0, False),
        ("a", 9, -5.0, 2.0, False),
        ("b", 0, 20.0, 3.0, True),
        ("b", 3, 0.0, 1.0, True),
    ]


def test_what_is_known_later_changes_nothing():
    early = purchase_log(made(), today=dt.date(2026, 3, 3))
    assert early.days[["customer_id", "day", "amount", "bought"]].to_numpy().tolist() == [
        ["a", 1, 8.0, True],
        ["b", 0, 25.0, True],
    ]
    assert early.until == 1


def test_order_of_rows_changes_nothing():
    frame = made()
    pd.testing.assert_frame_equal(purchase_log(frame).days, purchase_log(frame.sample(frac=1, random_state=3)).days)


def test_a_day_outside_the_records_and_an_empty_table_are_refused():
    with pytest.raises(ParameterError, match="outside the records; expected a day from 2026-03-02 to 2026-03-11"):
        purchase_log(made(), today=dt.date(2026, 3, 12))
    with pytest.raises(DataError, match="nothing to value"):
        purchase_log(made().iloc[:0])
