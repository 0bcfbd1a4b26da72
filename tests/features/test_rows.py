"""Features of chosen rows, made cut-off by cut-off of nobody else, are those of all."""

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.features.worlds import versions, world

from workbench.features import customer_features, snapshots
from workbench.features.rows import features_of_rows

DATES = ["2024-05-01", "2024-10-01", "2025-01-01"]


def made_of(tables, dates=DATES, windows_days=(30, 90), **options):
    database = ibis.duckdb.connect()
    for name, rows in tables.items():
        database.con.register(name, pa.Table.from_pandas(rows, preserve_index=False))
    memory = {name: database.table(name) for name in tables}
    return customer_features(memory, snapshots(dates, horizon_days=60), windows_days=windows_days, **options)


# All at once; two cut-offs and then one; of each cut-off some customers after the others. To compile a query takes
# seconds, so that the latter two have one window.
@pytest.mark.parametrize(("seed", "together", "windows"), [(8, 10**6, (30, 90)), (5, 12, (30,)), (5, 3, (30,))])
def test_chosen_rows_have_the_features_that_they_have_among_all(seed, together, windows):
    made = made_of({**world(seed), "customers": versions(seed)}, windows_days=windows)
    plain = made.frame().astype({"cutoff": "datetime64[ns]"})
    keys = ["customer_id", "cutoff"]
    rows = plain[keys].sample(frac=0.5, random_state=1).reset_index(drop=True)
    assert rows.cutoff.nunique() == len(DATES)
    found = features_of_rows(
        lambda when, among: made.again(when, among=among).table, made.when, rows, together=together
    )
    assert list(found) == [name for name in plain if name not in keys]
    expected = rows.merge(plain, on=keys, how="left").drop(columns=keys)
    for name, column in found.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            pd.testing.assert_series_equal(column, expected[name].astype(column.dtype))
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            assert column.dtype == (np.int32 if expected[name].dtype == np.int64 else np.float32)
            np.testing.assert_array_equal(column, expected[name].to_numpy(np.float32))
        else:
            pd.testing.assert_series_equal(column, expected[name], check_dtype=False)


def test_the_last_month_that_was_known_to_anybody_counts_for_those_who_were_not_there():
    """One customer has no September: of those before October, two months of 90 days are theirs and not three."""
    months = pd.date_range("2024-01-01", "2024-09-01", freq="MS")
    rows = [(who, month, 1.0) for who in ("a", "b") for month in months if (who, month.month) != ("a", 9)]
    usage = pd.DataFrame(rows, columns=["customer_id", "timestamp", "value"]).assign(measure="logins")
    usage["known_at"] = usage.timestamp + pd.offsets.MonthBegin(1) - pd.Timedelta(1, unit="D")
    found = made_of({"usage": usage}, ["2024-10-01"]).of(
        pd.DataFrame({"customer_id": ["a"], "cutoff": pd.to_datetime(["2024-10-01"])})
    )
    assert found["logins_90d"].tolist() == [2]


def test_who_may_leave_is_found_without_features():
    made = made_of(world(5))
    frame = made.frame()
    keys = ["customer_id", "cutoff"]
    for roster, there in (
        (made.subscribed(), frame.subscriptions_active > 0),
        (made.buyers(within_days=60), frame.days_since_last_purchase <= 60),
    ):
        found, expected = roster.to_pandas(), frame.loc[there, keys]
        assert len(expected) > 3
        assert set(found.itertuples(index=False, name=None)) == set(expected.itertuples(index=False, name=None))
        assert len(found) == len(expected)
