"""Cut-offs at even distances, with label windows that lie in the records."""

import datetime as dt

import pandas as pd
import pytest

from workbench.errors import DataError, ParameterError
from workbench.features import schedule


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
        {"start": pd.to_datetime(["2024-01-01", "2024-02-01"]), "end": [None, pd.Timestamp("2024-12-30")]}
    )
    assert schedule("subscriptions", rows).today == dt.date(2024, 12, 31)


def contracts(first, last):
    return pd.DataFrame({"start": pd.to_datetime([first, first]), "end": [None, pd.Timestamp(last)]})


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
