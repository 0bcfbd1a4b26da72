import ibis
import numpy as np
import pandas as pd
import pytest

from workbench.features import history, snapshots
from workbench.features.contacts import contact_features


def contacts(*rows, cutoff="2024-10-01", **columns):
    made = pd.DataFrame(rows, columns=["timestamp", "complaint", "resolved_first_contact"]).assign(
        customer_id="a", **columns
    )
    made["timestamp"] = pd.to_datetime(made.timestamp, format="ISO8601")
    for name in ("complaint", "resolved_first_contact"):
        made[name] = made[name].astype("boolean")
    block = contact_features(history(ibis.memtable(made), snapshots([cutoff])), windows_days=(7, 30))
    return block.table.to_pandas().iloc[0]


def test_complaints_are_counted_with_what_became_of_them():
    found = contacts(
        ("2024-05-01", True, True),
        ("2024-09-10", True, False),
        ("2024-09-20", True, None),
        ("2024-09-28", False, True),
        ("2024-10-01", True, False),
    )
    assert (found.contacts, found.contacts_7d, found.contacts_30d) == (4, 1, 3)
    assert (found.complaints, found.complaints_7d, found.complaints_30d) == (3, 0, 2)
    assert (found.complaints_resolved, found.complaints_open) == (1, 1)
    assert (found.days_since_last_contact, found.days_since_last_complaint) == (3, 11)
    assert pd.isna(found.last_complaint_resolved), "of the last one nobody knows"
    assert found.first_contact_resolution == pytest.approx(2 / 3)


def test_of_complaints_at_one_instant_an_open_one_counts_as_the_last():
    assert contacts(("2024-09-10", True, True), ("2024-09-10", True, False)).last_complaint_resolved == 0
    assert contacts(("2024-09-10", True, False), ("2024-09-11", True, True)).last_complaint_resolved == 1


def test_a_resolution_after_the_cutoff_is_not_known():
    resolved = pd.to_datetime(["2024-09-30", "2024-10-01", None])
    rows = [("2024-09-01", True, True)] * 3
    found = contacts(*rows, resolved_at=resolved)
    assert (found.complaints_resolved, found.complaints_open) == (1, 2)
    assert contacts(*rows, resolved_at=resolved, cutoff="2024-10-02").complaints_resolved == 2


def test_minutes_channels_and_touchpoints_over_windows():
    rows = [("2024-09-29", False, None), ("2024-09-10", False, None), ("2024-01-10", False, None)]
    found = contacts(
        *rows, minutes=[1.5, 2.25, np.nan], channel=["phone", "phone", "mail"], touchpoint=["a", "b", None]
    )
    assert (found.minutes, found.minutes_7d, found.minutes_30d) == (3.75, 1.5, 3.75)
    assert (found.channels, found.channels_30d) == (2, 1)
    assert (found.touchpoints, found.touchpoints_7d) == (2, 1)


def test_the_trend_of_contacts_is_the_slope_of_daily_counts():
    days = pd.date_range("2024-09-01", "2024-09-30")
    daily = np.random.default_rng(1).poisson(1.0, len(days))
    rows = [(day, False, None) for day, count in zip(days, daily, strict=True) for _ in range(count)]
    expected = np.polyfit(np.arange(len(days)), daily, 1)[0]
    assert contacts(*rows).contacts_trend_30d == pytest.approx(expected, rel=1e-9)
