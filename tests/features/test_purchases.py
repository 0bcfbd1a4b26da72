import importlib.metadata

import ibis
import numpy as np
import pandas as pd
import pytest

from workbench.errors import ParameterError
from workbench.features import history, rfm, snapshots
from workbench.features.purchases import purchase_features


@pytest.fixture(scope="module")
def cdnow():
    """The raw log and the published summary (Fader & Hardie), as files of the package that carries them."""
    try:
        files = importlib.metadata.files("lifetimes")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the extra `samples` is not installed; the CDNOW claim is NOT tested")
    found = {path.name: path.locate() for path in files}
    names = ["master", "customer_id", "day", "units", "amount"]
    log = pd.read_csv(found["CDNOW_sample.txt"], sep=r"\s+", header=None, names=names, dtype={"customer_id": str})
    log["timestamp"] = pd.to_datetime(log.day, format="%Y%m%d")
    summary = pd.read_csv(found["cdnow_customers_summary_with_transactions.csv"], index_col="ID")
    return log[["customer_id", "timestamp", "amount"]], summary


def past(rows, cutoff="2024-10-01"):
    columns = ["customer_id", "timestamp", "amount", "order_id", "category"][: len(rows[0])]
    made = pd.DataFrame(rows, columns=columns)
    made["timestamp"] = pd.to_datetime(made.timestamp, format="ISO8601")
    return history(ibis.memtable(made), snapshots([cutoff]))


def only(table):
    found = table.to_pandas()
    assert len(found) == 1
    return found.iloc[0]


def test_the_cdnow_log_gives_the_published_summary_for_all_2357_customers(cdnow):
    log, summary = cdnow
    found = rfm(history(ibis.memtable(log), snapshots(["1997-10-01"])), unit="week").to_pandas()
    found = found.set_index(found.customer_id.astype(int)).sort_index()
    assert len(found) == len(summary) == 2357
    assert list(found.index) == list(summary.index)
    assert (found.frequency == summary.x).all()
    assert (found.recency.round(2) == summary.t_x).all()
    assert (found["T"].round(2) == summary["T"]).all()
    # Published money is rounded half up; 1e-9 undoes that 22.345 has no exact binary form.
    assert ((found.monetary_value + 1e-9).round(2) == summary.zbar).all()


def test_bg_nbd_takes_days_and_months_as_well_as_weeks(cdnow):
    log, _ = cdnow
    past = history(ibis.memtable(log.head(500)), snapshots(["1997-10-01"]))
    by_unit = {
        unit: rfm(past, unit=unit).to_pandas().set_index("customer_id").sort_index()
        for unit in ("day", "week", "month")
    }
    assert (by_unit["day"].recency % 1 == 0).all()
    np.testing.assert_allclose(by_unit["week"]["T"] * 7, by_unit["day"]["T"], rtol=1e-12)
    np.testing.assert_allclose(by_unit["month"]["T"] * 365.25 / 12, by_unit["day"]["T"], rtol=1e-12)
    assert (by_unit["day"].frequency == by_unit["month"].frequency).all()
    with pytest.raises(ParameterError, match="got 'year', expected 'day'"):
        rfm(past, unit="year")
    with pytest.raises(ParameterError, match="got 0"):
        rfm(past, period_days=0)


def test_purchases_of_one_day_are_one_transaction_and_the_first_is_no_repeat():
    found = only(
        rfm(
            past(
                [
                    ("a", "2024-09-01T08:00", 10.0),
                    ("a", "2024-09-01T23:59", 5.0),
                    ("a", "2024-09-11", 7.0),
                    ("a", "2024-09-21", 9.0),
                ]
            ),
            unit="day",
        )
    )
    assert (found.frequency, found.recency, found["T"], found.monetary_value) == (2, 20, 29, 8.0)


def test_a_purchase_on_the_day_before_the_cutoff_has_T_of_zero():
    found = only(rfm(past([("a", "2024-09-30T23:00", 10.0)]), unit="day"))
    assert (found.frequency, found.recency, found["T"], found.monetary_value) == (0, 0, 0, 0)


def test_blocks_of_days_stand_as_one_purchase():
    rows = [("a", "2024-09-30", 1.0), ("a", "2024-09-24", 2.0), ("a", "2024-09-23", 4.0), ("a", "2024-09-03", 8.0)]
    found = only(rfm(past(rows), unit="week", period_days=7))
    assert (found.frequency, found.recency, found["T"]) == (2, 3, 3)
    assert found.monetary_value == (3 + 4) / 2


def test_a_refund_with_its_order_is_netted_on_the_day_of_the_order():
    rows = [
        ("a", "2024-06-01", 10.0, "o1"),
        ("a", "2024-07-01", 20.0, "o2"),
        ("a", "2024-08-01", 30.0, "o3"),
        ("a", "2024-09-01", -20.0, "o2"),
        ("a", "2024-09-02", -5.0, "o3"),
    ]
    found = only(rfm(past(rows), unit="day"))
    assert (found.frequency, found.recency) == (1, 61)
    assert found.monetary_value == 25.0
    before = only(rfm(past(rows, "2024-09-01"), unit="day"))
    assert (before.frequency, before.monetary_value) == (2, 25.0), "a refund after the cut-off is not known"


def test_another_customers_order_number_is_another_order():
    rows = [("a", "2024-06-01", 10.0, "o1"), ("b", "2024-06-02", 10.0, "o1"), ("b", "2024-07-01", -10.0, "o1")]
    found = rfm(past(rows), unit="day").to_pandas()
    assert list(found.customer_id) == ["a"], "b gave everything back"


@pytest.mark.parametrize("order", [(), (None,)], ids=["no orders", "orders not known"])
def test_a_refund_without_an_order_takes_back_the_last_purchase_of_its_amount(order):
    """As lapses count (`models.survival.returns`): the purchase of 1 June stays, that of 1 August is none."""
    rows = [
        ("a", "2024-06-01", 20.0, *order),
        ("a", "2024-07-01", 30.0, *order),
        ("a", "2024-08-01", 20.0, *order),
        ("a", "2024-08-09", -20.0, *order),
        ("b", "2024-08-01", 20.0, *order),
    ]
    found = rfm(past(rows), unit="day").to_pandas().set_index("customer_id")
    assert found.loc["a", ["frequency", "recency", "monetary_value"]].tolist() == [1, 30, 30]
    assert found.loc["b", "frequency"] == 0
    both = purchase_features(past(rows)).table.to_pandas().set_index("customer_id")
    assert both.loc["a", ["purchases", "amount"]].tolist() == [2, 50]


def test_refunds_of_no_known_order_are_taken_off_in_proportion():
    rows = [
        ("a", "2024-06-01", 50.0, "o1"),
        ("a", "2024-07-01", 30.0, "o2"),
        ("a", "2024-08-01", 20.0, None),
        ("a", "2024-09-01", -10.0, "c7"),
    ]
    found = only(rfm(past(rows), unit="day"))
    assert found.frequency == 2
    assert found.monetary_value == pytest.approx(25 * 0.9)


def test_a_free_order_is_a_purchase_and_one_given_back_is_not():
    free = only(rfm(past([("a", "2024-06-01", 10.0), ("a", "2024-07-01", 0.0)]), unit="day"))
    assert (free.frequency, free.monetary_value) == (1, 0.0)
    back = only(rfm(past([("a", "2024-06-01", 10.0), ("a", "2024-07-01", 5.0), ("a", "2024-07-01", -5.0)]), unit="day"))
    assert back.frequency == 0


def test_windows_count_from_the_cutoff_and_include_their_first_day():
    rows = [("a", "2024-09-24", 1.0), ("a", "2024-09-23", 2.0), ("a", "2024-09-01", 4.0), ("a", "2024-08-31", 8.0)]
    found = only(purchase_features(past(rows), windows_days=(7, 30)).table)
    assert (found.purchases_7d, found.amount_7d) == (1, 1.0)
    assert (found.purchases_30d, found.amount_30d) == (3, 7.0)
    assert (found.purchases, found.amount, found.days_since_last_purchase) == (4, 15.0, 7)


def test_the_trend_is_the_least_squares_slope_of_daily_amounts():
    draw = np.random.default_rng(4)
    daily = np.where(draw.random(30) < 0.5, draw.normal(20, 5, 30).round(2), 0.0)
    days = pd.date_range("2024-09-01", periods=30)
    rows = [("a", day.isoformat(), amount) for day, amount in zip(days, daily, strict=True) if amount]
    found = only(purchase_features(past(rows), windows_days=(30,)).table)
    assert found.amount_trend_30d == pytest.approx(np.polyfit(np.arange(30), daily, 1)[0], rel=1e-9)


def test_variety_counts_different_categories_in_each_window():
    rows = [
        ("a", "2024-09-29", 1.0, "1", "x"),
        ("a", "2024-09-28", 1.0, "2", "x"),
        ("a", "2024-09-01", 1.0, "3", "y"),
        ("a", "2024-01-01", 1.0, "4", None),
        ("a", "2024-01-01", 1.0, "5", "z"),
    ]
    found = only(purchase_features(past(rows), windows_days=(7, 30)).table)
    assert (found.categories, found.categories_7d, found.categories_30d) == (3, 1, 2)


def test_sums_do_not_depend_on_the_order_of_the_rows():
    draw = np.random.default_rng(5)
    amounts = draw.normal(0, 1000, 3000).round(4)
    sums = set()
    for _ in range(3):
        draw.shuffle(amounts)
        rows = [("a", "2024-09-01", amount) for amount in amounts]
        sums.add(only(purchase_features(past(rows), windows_days=(30,)).table).amount)
    assert len(sums) == 1
