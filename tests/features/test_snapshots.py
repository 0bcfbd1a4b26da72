import datetime as dt

import ibis
import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.features import Records, cancellations_after, purchases_after, records_of, snapshots
from workbench.features.contracts import subscribed
from workbench.features.snapshots import future


def events(*rows):
    made = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])
    return ibis.memtable(made.assign(timestamp=pd.to_datetime(made.timestamp, format="ISO8601")))


def roster(*customers, cutoff="2024-10-01"):
    return ibis.memtable(pd.DataFrame({"customer_id": customers})).mutate(cutoff=ibis.date(cutoff))


YEAR = Records(dt.date(2024, 1, 1), dt.date(2024, 12, 31))


def test_an_end_is_the_first_day_without():
    """Cut-off 1 March, 30 days: who ends that day has left before, who ends on the 31st leaves within, later stays.

    A contract that follows at once goes on: on the cut-off, and on the last day of the window.
    """
    spans = pd.DataFrame(
        [
            ("gone", "2024-01-01", "2024-03-01"),
            ("first", "2024-01-01", "2024-03-02"),
            ("last", "2024-01-01", "2024-03-31"),
            ("after", "2024-01-01", "2024-04-01"),
            ("renewed", "2024-01-01", "2024-03-01"),
            ("renewed", "2024-03-01", None),
            ("goes on", "2024-01-01", "2024-03-31"),
            ("goes on", "2024-03-31", None),
            ("new", "2024-03-01", None),
        ],
        columns=["customer_id", "start", "end"],
    )
    spans = spans.assign(start=pd.to_datetime(spans["start"]), end=pd.to_datetime(spans["end"]))
    when = snapshots(["2024-03-01"], horizon_days=30)
    table = ibis.memtable(spans)
    there = subscribed(table, when)
    assert set(there.customer_id.to_pandas()) == {"first", "last", "after", "renewed", "goes on"}
    found = cancellations_after(there, table, when, records=YEAR).to_pandas().set_index("customer_id")
    assert {name for name, left in found["label_cancelled"].items() if left} == {"first", "last"}


def test_cutoffs_come_from_dates_text_or_a_table():
    expected = (dt.date(2024, 7, 1), dt.date(2024, 10, 1))
    assert snapshots([dt.date(2024, 10, 1), "2024-07-01"]).cutoffs == expected
    assert snapshots([pd.Timestamp("2024-07-01"), dt.datetime(2024, 10, 1)]).cutoffs == expected
    table = ibis.memtable(pd.DataFrame({"cutoff": pd.to_datetime(["2024-10-01", "2024-07-01"])}))
    assert snapshots(table).cutoffs == expected


def test_every_fault_of_the_snapshots_is_said_at_once():
    with pytest.raises(ParameterError) as caught:
        snapshots(
            ["2024-13-01", dt.datetime(2024, 1, 1, 12), "2024-01-01", "2024-01-01"],
            gap_days=-1,
            horizon_days=0,
            burn_in_days=True,
        )
    assert len(caught.value.faults) == 6
    with pytest.raises(ParameterError, match="at least one date"):
        snapshots([])


def test_labels_see_the_window_after_the_gap_and_nothing_else():
    rows = events(
        ("a", "2024-10-01", 1),
        ("a", "2024-10-07T23:59", 2),
        ("a", "2024-10-08", 4),
        ("a", "2024-11-06T23:59:59", 8),
        ("a", "2024-11-07", 16),
    )
    seen = future(rows, snapshots(["2024-10-01"], gap_days=7, horizon_days=30)).to_pandas()
    assert sorted(seen.amount) == [4, 8]
    with pytest.raises(ParameterError, match="horizon_days"):
        future(rows, snapshots(["2024-10-01"]))


def test_a_purchase_label_for_everyone_on_the_roster_and_no_one_else():
    rows = events(
        ("a", "2024-10-02T10:00", 5.0),
        ("a", "2024-10-02T11:00", 5.0),
        ("a", "2024-10-05", -3.0),
        ("stranger", "2024-10-02", 1.0),
    )
    when = snapshots(["2024-10-01"], horizon_days=30)
    found = (
        purchases_after(roster("a", "b"), rows, when, records=YEAR).to_pandas().set_index("customer_id").sort_index()
    )
    assert list(found.label_purchases) == [1, 0]
    assert list(found.label_amount) == [7.0, 0.0]
    assert list(found.label_lapsed) == [False, True]


def test_a_window_that_reaches_beyond_the_records_is_refused_or_marked():
    rows = events(("a", "2024-12-03", 5.0))
    fits = snapshots(["2024-12-02"], horizon_days=30)
    assert (
        not purchases_after(roster("a", cutoff="2024-12-02"), rows, fits, records=YEAR).to_pandas().label_unseen.any()
    )
    over = snapshots(["2024-12-02", "2024-12-03"], horizon_days=30)
    both = roster("a", cutoff="2024-12-02").union(roster("a", cutoff="2024-12-03"))
    with pytest.raises(
        DataError, match=r"2024-12-03: its labels need records through 2025-01-01.*cut-off that works is"
    ):
        purchases_after(both, rows, over, records=YEAR)
    marked = purchases_after(both, rows, over, records=YEAR, horizon="mark").to_pandas().sort_values("cutoff")
    assert list(marked.label_unseen) == [False, True]
    assert list(marked.label_purchases.isna()) == [False, True]
    with pytest.raises(ParameterError, match="'refuse' or 'mark'"):
        purchases_after(both, rows, over, records=YEAR, horizon="ignore")


def test_cancellation_is_asked_only_of_those_who_can_still_cancel():
    spans = pd.DataFrame(
        [
            ("stays", "2024-01-01", None),
            ("leaves", "2024-01-01", "2024-10-20"),
            ("in the gap", "2024-01-01", "2024-10-03"),
            ("had left", "2024-01-01", "2024-09-30"),
            ("changes plan", "2024-01-01", "2024-10-20"),
            ("changes plan", "2024-10-20", None),
            ("leaves later", "2024-01-01", "2024-12-01"),
        ],
        columns=["customer_id", "start", "end"],
    )
    spans = spans.assign(start=pd.to_datetime(spans.start), end=pd.to_datetime(spans.end))
    when = snapshots(["2024-10-01"], gap_days=7, horizon_days=30)
    found = cancellations_after(roster(*spans.customer_id.unique()), ibis.memtable(spans), when, records=YEAR)
    labels = found.to_pandas().set_index("customer_id").label_cancelled
    asked = {name: bool(label) for name, label in labels.items() if label is not None and not pd.isna(label)}
    assert asked == {"stays": False, "leaves": True, "changes plan": False, "leaves later": False}
    assert len(labels) == 6


def test_the_records_span_all_tables():
    tables = {"transactions": events(("a", "2024-02-01", 1)), "surveys": events(("a", "2024-05-01T12:00", 1))}
    assert records_of(tables) == Records(dt.date(2024, 2, 1), dt.date(2024, 5, 1))
    with pytest.raises(DataError, match="No events"):
        records_of({"transactions": events(("a", None, 1))})
