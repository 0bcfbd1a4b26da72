"""Models chosen, weighted and validated on unseen time: CDNOW, and planted faults of the data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from tests.models.purchases.logs import UNTIL, log

from workbench.exhibits import flatten
from workbench.findings import Check
from workbench.models.purchases.backtest import PurchaseRecord, forecast_purchases, validate
from workbench.models.purchases.backtest.gaps import clumpiness
from workbench.models.purchases.backtest.gatekeeper import (
    begun_before,
    cohorts_alike,
    earlier_forecasts,
    gaps,
    leaving_visible,
    season,
)
from workbench.models.purchases.backtest.origins import Origins
from workbench.models.purchases.backtest.selection import select


def bought(customers=1200, *, stages=1.0, leaves=(1, 6), pace=25.0, begin=60, until=545, seed=1):
    """A record of customers with gamma gaps who leave after a purchase, each with a chance of its own (None: never)."""
    random = np.random.default_rng(seed)
    who, days = [], []
    for customer in range(customers):
        rate, chance = random.gamma(2.0) / pace, random.beta(*leaves) if leaves else 0.0
        day = float(random.integers(0, begin))
        while day <= until:
            who.append(customer)
            days.append(int(day))
            if random.random() < chance:
                break
            day += random.gamma(stages) / stages / rate
    return PurchaseRecord(customers=np.array(who), days=np.array(days), until=until)


@pytest.fixture(scope="module")
def cdnow():
    customers, days, _ = log("sample")
    return PurchaseRecord(customers=customers, days=days, until=545)


@pytest.fixture(scope="module")
def whole(cdnow):
    return forecast_purchases(cdnow, seed=1)


def test_cdnow_is_forecast_from_week_39(whole):
    found = whole.validation.metrics
    assert whole.validation.cut == UNTIL
    assert found["holdout_transactions_actual"] == 1882
    assert found["holdout_crps"] <= 0.52
    assert found["holdout_crps_nbd"] == pytest.approx(0.60, abs=0.005)
    low, middle, high = (found[f"holdout_transactions{end}"] for end in ("_lower", "", "_upper"))
    assert low < 1882 < high
    assert (high - low) / 2 <= 0.3 * middle
    assert 0.4 < found["top_decile_capture"] < 0.6


def test_cdnow_customers_leave_at_random_gaps_and_are_alike(whole):
    found = {each.name: each for each in flatten(whole) if isinstance(each, Check)}
    assert found["leaving_visible"].status == "pass"
    assert found["gaps_between_purchases"].status == "pass"
    assert found["cohorts_alike"].status == "pass"
    assert found["begun_before_records"].status == "pass"
    assert found["season_seen_twice"].status == "warn"
    assert "The record holds 1.5 years" in found["season_seen_twice"].message
    assert whole.selection.stages == 1
    assert [each.leaving for each in whole.selection.families] == ["after a repeat", "after any", "any time"]
    assert sum(whole.weights) == pytest.approx(1)


def test_groups_hold_all_customers_and_sums_are_those_of_customers(whole):
    judged = whole.validation
    for table in (judged.deciles, judged.classes):
        assert table["customers"].sum() == 2357
        assert table["customers"] @ table["actual"] == pytest.approx(1882)
        assert table["customers"] @ table["expected"] == pytest.approx(judged.scores.mean.sum())
    weekly = judged.weekly
    assert len(weekly) == 78
    assert weekly["actual"].sum() == 6919 - 223 - 2357  # 223 rows share a day with another of the customer
    assert weekly["expected"][:39].sum() == pytest.approx(weekly["actual"][:39].sum(), rel=0.06)


def test_the_second_baseline_repeats_what_was_bought_in_as_many_days(cdnow):
    short = replace(validate(cdnow.earlier(400), seed=1, draws=50), ahead=100)
    frame = pd.DataFrame({"customer": cdnow.customers, "day": cdnow.days}).drop_duplicates()
    frame = frame[frame["day"] > frame.groupby("customer")["day"].transform("min")]
    own = frame[(frame["day"] > short.cut - 100) & (frame["day"] <= short.cut)].groupby("customer").size()
    expected = own.reindex(short.record.earlier(short.cut).known[0], fill_value=0)
    assert short.repeated.tolist() == expected.tolist()


def test_all_customers_of_cdnow_in_the_second_half():
    """19,684 days with a purchase; 19,674 where rows of amount 0 are left out of both halves (7 days and 3 days of
    customers who had only those)."""
    customers, days, amounts = log("master")
    record = PurchaseRecord(customers=customers, days=days, until=545)
    assert record.later(UNTIL, 273).sum() == 19_684
    paid = amounts > 0
    record = PurchaseRecord(customers=customers[paid], days=days[paid], until=545)
    assert record.later(UNTIL, 273).sum() == 19_674


@pytest.mark.slow
def test_all_customers_of_cdnow_are_forecast_from_week_39():
    customers, days, _ = log("master")
    found = validate(PurchaseRecord(customers=customers, days=days, until=545), seed=1).metrics
    low, middle, high = (found[f"holdout_transactions{end}"] for end in ("_lower", "", "_upper"))
    assert low < 19_674 < 19_684 < high
    assert (high - low) / 2 <= 0.3 * middle
    assert found["holdout_crps"] <= 0.55
    assert found["holdout_crps_nbd"] == pytest.approx(0.62, abs=0.005)


def test_where_nobody_leaves_that_is_said_and_gets_a_share():
    found = select(bought(leaves=None))
    assert not found.leaving_visible
    assert [each.name for each in found.families] == ["BG/NBD", "MBG/NBD", "Pareto/NBD", "NBD"]
    assert leaving_visible(found).status == "warn"


def test_regular_gaps_that_forecast_worse_are_not_used():
    """Customers who buy regularly at first and then at random: the likelihood of gaps is right about the past."""
    random = np.random.default_rng(4)
    who, days = [], []
    for customer in range(800):
        rate, day = random.gamma(2.0) / 20, float(random.integers(0, 30))
        while day <= 400:
            who.append(customer)
            days.append(int(day))
            stages = 5.0 if day < 250 else 0.5
            day += random.gamma(stages) / stages / rate
    found = select(PurchaseRecord(customers=np.array(who), days=np.array(days), until=400).earlier(400))
    assert (found.likeliest_stages, found.stages) == (2, 1)


def test_leaving_is_not_visible_on_online_retail(shared):
    columns = ["Customer ID", "InvoiceDate", "Quantity", "Price"]
    lines = pd.read_parquet(shared / "online_retail_ii_2009_2010.parquet", columns=columns).dropna()
    when = pd.to_datetime(lines["InvoiceDate"])
    lines["day"] = (when - when.min().normalize()).dt.days
    lines["amount"] = lines["Quantity"] * lines["Price"]
    net = lines.groupby(["Customer ID", "day"], as_index=False)["amount"].sum()
    net = net[net["amount"] > 0]
    record = PurchaseRecord(customers=net["Customer ID"].to_numpy(), days=net["day"].to_numpy(), until=373)
    assert leaving_visible(select(record)).status == "warn"
    assert begun_before(record).status == "warn"


@pytest.mark.parametrize(("stages", "status"), [(0.5, "warn"), (1.0, "pass"), (2.0, "pass"), (3.0, "pass")])
def test_regular_and_clumpy_gaps_are_found(stages, status):
    # Long gaps: purchases of one day are one, which takes the shortest gaps out of bursts.
    record = bought(2000, stages=stages, pace=400.0, until=4000)
    chosen = select(record)
    k, error = clumpiness(record)
    assert abs(k - stages) < 3 * error + 0.1
    assert chosen.stages == max(int(stages), 1)
    assert gaps(record, chosen).status == status


def test_cohorts_that_differ_are_found_and_alike_ones_are_not():
    early, late = bought(600, begin=30), bought(600, begin=30, pace=60.0, seed=2)
    late = replace(late, customers=late.customers + 10_000, days=late.days + 200)
    kept = late.days <= 545
    both = PurchaseRecord(
        customers=np.concatenate([early.customers, late.customers[kept]]),
        days=np.concatenate([early.days, late.days[kept]]),
        until=545,
    )
    assert cohorts_alike(both).status == "warn"
    assert cohorts_alike(bought(1200, begin=230)).status == "pass"


def test_customers_from_before_the_records_are_noticed():
    whole = bought(2000, leaves=(1, 12), begin=700, until=1000)
    late = whole.days >= 400
    cut = PurchaseRecord(customers=whole.customers[late], days=whole.days[late] - 400, until=600)
    assert begun_before(cut).status == "warn"
    assert begun_before(bought(2000, begin=300)).status == "pass"
    assert season(bought(50, until=800)).status == "pass"


def test_errors_of_earlier_forecasts_are_a_student_t_that_grows_with_the_root_of_time():
    rows = [(0, 1, 1.0, 1, error, 0.03) for error in (0.05, -0.05, 0.05, -0.05)]
    names = ["day", "customers", "forecast", "actual", "log_error", "spread"]
    found = Origins(table=pd.DataFrame(rows, columns=names), days=274)
    assert found.logs == pytest.approx(np.array([1, -1, 1, -1]) * 0.04)
    drawn = found.drawn(4 * found.months, 2000, seed=1)
    assert np.quantile(drawn, 0.95) == pytest.approx(0.08 * student.ppf(0.95, 3), rel=0.01)
    assert not replace(found, table=found.table[:2]).drawn(12, 10, seed=1).any()
    lucky = replace(found, table=found.table.assign(log_error=0.01))
    assert not lucky.logs.any()
    assert "no more than the chance" in earlier_forecasts(lucky).message


def test_a_record_without_repeat_buyers_in_its_first_half_is_not_validated():
    record = bought(200, begin=545)
    few = replace(record, customers=record.customers[record.days > 300], days=record.days[record.days > 300])
    few = PurchaseRecord(customers=np.append(few.customers, -1), days=np.append(few.days, 0), until=545)
    found = forecast_purchases(few, seed=1, draws=50)
    assert found.validation is None
    assert not found.origins.enough
    checks = {each.name: each.status for each in flatten(found) if isinstance(each, Check)}
    assert checks["holdout_total"] == checks["earlier_forecasts"] == "warn"
    assert set(found.weights.round(9)) == {round(1 / len(found.weights), 9)}
