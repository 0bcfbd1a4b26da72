"""Cut-offs at even distances, with label windows that lie in the records."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.features import Recorded, schedule


def bought(first, last):
    return pd.DataFrame({"customer_id": ["a", "b"], "timestamp": pd.to_datetime([first, last])})


def test_a_year_of_purchases_is_looked_at_every_four_weeks():
    found = schedule("transactions", bought("2017-01-01", "2017-12-31"))
    days = [str(day) for day in found.when.cutoffs]
    assert days[0] == "2017-04-01"
    assert days[-2:] == ["2017-10-14", "2018-01-01"]
    assert len(days) == 9
    assert found.when.horizon_days == 56
    assert found.today == dt.date(2018, 1, 1)


def test_nothing_is_looked_at_from_today_on():
    found = schedule("transactions", bought("2017-01-01", "2017-12-31"), today=dt.date(2017, 9, 1), window_days=30)
    assert found.today == dt.date(2017, 9, 1)
    assert found.records.last == dt.date(2017, 8, 31)
    assert max(found.when.cutoffs[:-1]) + dt.timedelta(days=30) <= found.today


def test_a_subscription_is_seen_until_its_end():
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "start": pd.to_datetime(["2024-01-01", "2024-02-01"]),
            "end": [None, pd.Timestamp("2024-12-30")],
        }
    )
    assert schedule("subscriptions", rows).today == dt.date(2024, 12, 31)


def contracts(first, last):
    starts = pd.to_datetime([first, first])
    return pd.DataFrame({"customer_id": ["a", "b"], "start": starts, "end": [None, pd.Timestamp(last)]})


def test_contracts_are_seen_a_month_apart_on_the_day_of_the_month_that_today_is():
    """The window after 1 February does not end before March: that month is left out, as is what is before the first."""
    found = schedule("subscriptions", contracts("2024-07-10", "2025-02-28"))
    assert [str(day) for day in found.when.cutoffs] == ["2024-11-01", "2024-12-01", "2025-01-01", "2025-03-01"]
    last = schedule("subscriptions", contracts("2024-07-10", "2024-12-30")).when.cutoffs
    assert [str(day) for day in last] == ["2024-10-31", "2024-11-30", "2024-12-31"]
    asked = schedule("subscriptions", contracts("2024-07-10", "2025-02-28"), every_days=60).when.cutoffs
    assert [str(day) for day in asked] == ["2024-10-08", "2024-12-07", "2025-03-01"]
    short = schedule("subscriptions", contracts("2024-11-02", "2025-03-02"), window_days=30).when.cutoffs
    assert [str(day) for day in short] == ["2025-01-31", "2025-03-03"]


def test_a_flat_table_has_no_dates():
    assert schedule("lifetimes", pd.DataFrame({"event": [0, 1]})).when is None


def test_records_too_short_and_days_outside_are_refused():
    with pytest.raises(DataError, match="label window of 56 days"):
        schedule("transactions", bought("2017-01-01", "2017-03-31"))
    with pytest.raises(ParameterError, match="outside the records"):
        schedule("transactions", bought("2017-01-01", "2017-12-31"), first=dt.date(2016, 1, 1))


def spelled(starts, ends):
    ids = [f"c{at}" for at in range(len(starts))]
    return pd.DataFrame({"customer_id": ids, "start": pd.to_datetime(starts), "end": pd.to_datetime(ends)})


def test_planned_ends_are_not_the_past():
    """Extracted on 1 October: a contract that is planned to end in a year runs, and nothing lies in the future."""
    rows = spelled(["2024-01-01"] * 3, ["2025-10-01", "2026-09-20", None])
    found = schedule("subscriptions", rows, recorded=Recorded(until=dt.date(2025, 10, 1), found=False))
    assert found.today == dt.date(2025, 10, 1)  # not 2, though somebody's last day was the one before
    assert found.records.last == dt.date(2025, 9, 30)
    assert max(found.when.cutoffs[:-1]) == dt.date(2025, 9, 1)
    (check,) = found.checks
    assert check.message.startswith("1 contracts (33.3%) end after 1 Oct 2025")


def test_a_part_of_the_customers_has_the_cut_offs_of_all():
    rows = spelled(["2024-01-01"] * 2, ["2025-03-05", None])
    whole = Recorded(until=dt.date(2026, 1, 1))
    assert schedule("subscriptions", rows.iloc[:1], recorded=whole).today == dt.date(2026, 1, 1)
    assert schedule("transactions", bought("2025-01-01", "2025-11-29"), recorded=whole).today == dt.date(2026, 1, 1)


def test_where_contracts_end_on_the_first_every_window_holds_one_first():
    ends = pd.date_range("2024-06-01", "2026-01-01", freq="MS")
    rows = spelled(["2024-01-01"] * len(ends), ends)
    whole = Recorded(until=dt.date(2026, 1, 1), found=False)
    found = schedule("subscriptions", rows, recorded=whole)
    assert found.when.horizon_days == 31
    assert not found.checks
    opens = [pd.Timestamp(each) for each in found.when.cutoffs[:-1]]
    assert [int(((ends > day) & (ends <= day + np.timedelta64(31, "D"))).sum()) for day in opens] == [1] * 12
    (check,) = schedule("subscriptions", rows, recorded=whole, window_days=30).checks
    assert check.name == "ends_by_month"
    assert check.value == 7  # January, March, May, July, August, October, December have 31 days


def test_cut_offs_before_ends_were_recorded_are_left_out_and_told():
    """Two customers a day begin for five years, each leaves after 300 days or never; the first three years only
    survivors are recorded."""
    days = pd.date_range("2020-01-01", "2024-12-31")
    ends = days + pd.Timedelta(300, unit="D")
    rows = pd.concat([spelled(days, ends), spelled(days, [None] * len(days))], ignore_index=True)
    rows["customer_id"] = [f"c{at}" for at in range(len(rows))]
    until = dt.date(2025, 1, 1)
    rows["end"] = rows["end"].where(rows["end"] <= pd.Timestamp(until))
    recorded = rows[~(rows["end"] < "2023-01-01")]
    asked = {"window_days": 180, "every_days": 180}
    found = schedule("subscriptions", recorded, recorded=Recorded(until=until), **asked)
    assert found.when.cutoffs[0] >= dt.date(2023, 1, 1)
    (check,) = [each for each in found.checks if each.name == "records_begin"]
    assert check.status == "warn"
    assert check.value == 6  # 2020-03-31 and every 180 days until 2022-09-16
    said = schedule("subscriptions", recorded, recorded=Recorded(until=until, since=dt.date(2024, 1, 1)), **asked)
    assert said.when.cutoffs[0] >= dt.date(2024, 1, 1)
    assert [each.status for each in said.checks if each.name == "records_begin"] == ["pass"]
    assert not schedule("subscriptions", rows, recorded=Recorded(until=until), **asked).checks  # all are recorded
