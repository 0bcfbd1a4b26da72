"""The same expressions where big data lives. Runs where pyspark and Java are."""

import os
import re
import shutil
import sys
from pathlib import Path

import ibis
import pandas as pd
import pytest
from tests.features.worlds import versions, world

from workbench.features import attributes_at, cancellations_after, customer_features, purchases_after, rfm, snapshots
from workbench.features.snapshots import history

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(scope="module")
def spark():
    session = pytest.importorskip(
        "pyspark.sql", reason="pyspark is not installed; that Spark gives the same features is NOT tested"
    )
    if shutil.which("java") is None:
        pytest.skip("Java is not installed; that Spark gives the same features is NOT tested")
    # Workers otherwise start whichever Python comes first on the path.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    options = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC"}
    builder = session.SparkSession.builder.master("local[2]").appName("workbench")
    for name, value in options.items():
        builder = builder.config(name, value)
    running = builder.getOrCreate()
    yield ibis.pyspark.connect(running)
    running.stop()


@pytest.fixture(scope="module")
def both(spark, tmp_path_factory):
    """The same Parquet files read by DuckDB and by Spark."""
    folder = tmp_path_factory.mktemp("world")
    duck = ibis.duckdb.connect()
    sides = ({}, {})
    for name, rows in {**world(3, customers=30, events=400), "customers": versions(3, 30)}.items():
        path = folder / f"{name}.parquet"
        rows.to_parquet(path, index=False, coerce_timestamps="us")
        sides[0][name], sides[1][name] = duck.read_parquet(path), spark.read_parquet(path)
    return sides


def features(tables):
    return customer_features(tables, WHEN).table


def dated_attributes(tables):
    people = tables["customers"].rename(since="valid_from")
    return attributes_at(people, WHEN, valid_from={"region": "since", "grade": "since"}).table


def purchase_labels(tables):
    made = customer_features(tables, WHEN, windows_days=(30,))
    return purchases_after(made.table, tables["transactions"], WHEN, records=made.records)


def cancellation_labels(tables):
    made = customer_features(tables, WHEN, windows_days=(30,))
    return cancellations_after(made.table, tables["subscriptions"], WHEN, records=made.records)


def frequency_and_money(tables):
    return rfm(history(tables["transactions"], WHEN), unit="month", period_days=7)


WHEN = snapshots(["2024-07-01", "2024-10-01"], gap_days=7, horizon_days=60, burn_in_days=60)


@pytest.mark.parametrize(
    "made", [features, dated_attributes, purchase_labels, cancellation_labels, frequency_and_money]
)
def test_spark_and_duckdb_agree(both, made):
    duck, spark = (
        made(tables).to_pandas().sort_values(["customer_id", "cutoff"]).reset_index(drop=True) for tables in both
    )
    assert len(duck) > 20
    floats = [name for name in duck if pd.api.types.is_float_dtype(duck[name])]
    pd.testing.assert_frame_equal(spark[floats], duck[floats], rtol=0, atol=1e-9)
    pd.testing.assert_frame_equal(spark.drop(columns=floats), duck.drop(columns=floats), check_exact=True)


def test_features_of_every_kind_are_among_what_was_compared(both):
    names = features(both[1]).columns
    counted = (
        "purchases",
        "amount",
        "contacts",
        "complaints",
        "enquiries",
        "reminders",
        "surveys",
        "logins",
        "changes",
    )
    for ending in ("30d", "change_30d", "trend_30d"):
        assert {f"{name}_{ending}" for name in [*counted, "subscriptions"]} <= set(names)
    assert {f"{name}_against_usual_90d" for name in counted if name != "changes"} <= set(names)
    assert {"satisfaction_trend", "complaints_gap_ratio", "price_before", "days_on_plan", "T", "region"} <= set(names)


WHEN_OF_PAGE = snapshots(["2024-10-01"], horizon_days=60)


def test_the_snippet_of_the_data_page_runs_as_written(both):
    page = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", page, flags=re.S)
    duck, spark = (tables["transactions"] for tables in both)
    named = {"client": "customer_id", "sold_at": "timestamp", "value": "amount"}
    spark.get_backend().create_view("sales", spark.rename(named), overwrite=True)
    scope: dict = {}
    exec(snippet, scope)
    columns = [duck.customer_id, duck.timestamp, duck.amount]
    expected = customer_features({"transactions": duck.select(*columns)}, WHEN_OF_PAGE).table.to_pandas()
    found = scope["features"].sort_values("customer_id").reset_index(drop=True)
    expected = expected.sort_values("customer_id").reset_index(drop=True)
    assert len(found) > 20
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=1e-9)
