"""Data that should make value wrong: it stays right, is remedied in words, or is refused in one sentence."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from tests.decisions.logs import transactions
from tests.decisions.test_subscribers import DATASET, END, company

from workbench.decisions import equity, value
from workbench.decisions.equity.tiers import SHARES
from workbench.decisions.value.buyers import buyers_of
from workbench.decisions.value.data_checks import order_checks
from workbench.decisions.value.signed import contracts_of
from workbench.errors import DataError
from workbench.exhibits import Figure, Table, flatten
from workbench.features import purchase_log
from workbench.findings import Check, Finding
from workbench.models import spend

EURO = value.Money(currency="EUR", fee_margin=0.5)


def shown(business, *, rate=0.1, horizons=(1.0, 3.0), money=EURO):
    """Metrics, findings and checks of a business, every figure drawn."""
    plan = equity.Assumptions.of(money, rate=rate, horizons=horizons, tier_shares=SHARES, seed=7)
    change = equity.value_base(business, plan)
    told = [equity.Base(worth=change.now), equity.newcomer_of(change.now), change, equity.Standing(worth=change.now)]
    metrics, findings, checks = {}, {}, {}
    for each in flatten([*told, business]):
        if isinstance(each, dict):
            metrics |= each
        elif isinstance(each, Finding):
            findings[each.id] = each
        elif isinstance(each, Check):
            checks[each.name] = each
        elif isinstance(each, Figure):
            each.draw()
    plt.close("all")
    assert not [each.statement for each in findings.values() if "nan" in each.statement or "–" in each.statement]
    assert all(value is None or np.isfinite(value) for value in metrics.values())
    return SimpleNamespace(metrics=metrics, findings=findings, checks=checks)


def orders(frame, **more):
    return shown(value.read_base(purchase_log(frame), frame, money=EURO, draws=100, seed=7), **more)


def contracts(rows, frame=None, *, money=EURO, end=END, **more):
    dataset = SimpleNamespace(extracted=end.date(), tables=DATASET.tables)
    signed = contracts_of(dataset, subscriptions=rows, lifetimes=None)
    log = None if frame is None else purchase_log(frame)
    return value.read_base(log, frame, contracts=signed, money=money, draws=100, seed=7, **more)


@pytest.fixture(scope="module")
def frame():
    return transactions(customers=300, days=400)


@pytest.fixture(scope="module")
def plain(frame):
    return orders(frame)


def test_neither_years_nor_units_of_money_nor_the_order_of_rows_change_anything(frame, plain):
    later = frame.assign(timestamp=frame["timestamp"] + pd.DateOffset(days=7 * 365 + 2)).sample(frac=1, random_state=3)
    assert orders(later).metrics == plain.metrics
    cents = orders(frame.assign(amount=100 * frame["amount"])).metrics
    for name in ("base_value", "base_value_upper", "newcomer_value", "equity_change", "value_at_risk"):
        assert cents[name] == pytest.approx(100 * plain.metrics[name], rel=1e-6)


def test_what_comes_after_the_day_of_valuation_is_not_looked_at(frame):
    day = pd.Timestamp("2025-12-01")
    known = frame[frame["timestamp"] < day]
    found = [
        shown(value.read_base(purchase_log(rows, today=day.date()), rows, money=EURO, draws=100, seed=7)).metrics
        for rows in (frame, known)
    ]
    assert found[0] == found[1]


def test_what_was_bought_twice_is_worth_twice_and_told(frame, plain):
    twice = orders(pd.concat([frame, frame], ignore_index=True))
    assert twice.metrics["base_value"] == pytest.approx(2 * plain.metrics["base_value"], rel=1e-6)
    assert twice.checks["duplicated_orders"].status == "warn"


def test_without_a_rate_horizons_alone_are_told_and_summed(frame, plain):
    found = orders(frame, rate=0.0)
    assert found.metrics["base_value_lifetime"] is None
    assert found.metrics["base_value_12"] > plain.metrics["base_value_12"]
    assert found.findings["base_value"].statement.startswith("Within 3 years")


def test_one_price_for_all_is_an_amount_that_is_sure(frame):
    same = frame.assign(amount=10.0)
    business = value.read_base(purchase_log(same), same, money=EURO, draws=100, seed=7)
    cells = np.zeros(len(business.customers), dtype=int)
    year = value.Plan(rate=0.0, horizons=np.array([12.0]), months=12, cells=cells, money=EURO)
    for block in business.blocks(year):
        assert block.value == pytest.approx(10 * block.orders, rel=1e-3)
    shown(business)


@pytest.mark.parametrize("spread", [0.0, 0.001, 0.006])
def test_spend_that_hardly_varies_is_known(spread):
    random = np.random.default_rng(1)
    x = random.geometric(0.3, 300)
    known = spend.Spending(purchases=x, mean=10 * np.exp(spread * random.normal(size=300)))
    parameters, sample = spend.posterior(known, draws=100, seed=1)
    assert sample.k <= 0.7
    farthest = float(np.abs(known.mean / 10 - 1).max())  # nobody is expected beyond what they spent
    for each in (parameters[0], spend.fit(known).estimate):
        assert spend.expected_spend(each, x, known.mean) == pytest.approx(10, rel=max(farthest, 1e-6))
    drawn = spend.draw_means(parameters, x, known.mean, random)
    assert drawn == pytest.approx(10, rel=max(6 * spread, 1e-3))


def test_one_amount_that_outweighs_all_others_is_told_and_not_how_much_it_is(frame):
    giant = pd.concat([frame, frame.head(1).assign(amount=1e6)], ignore_index=True)
    log = purchase_log(giant)
    checks = {each.name: each for each in order_checks(giant, buyers_of(log.days, log.until))}
    assert (checks["one_amount"].status, checks["one_amount"].value) == ("warn", None)
    log = purchase_log(frame)
    checks = {each.name: each for each in order_checks(frame, buyers_of(log.days, log.until))}
    assert checks["one_amount"].status == "pass"


def test_records_of_weeks_say_to_decide_by_weeks(frame):
    found = orders(frame[frame["timestamp"] < "2025-03-01"])
    assert found.findings["base_value"].action.startswith("Decide by what comes within 2 months")
    assert "use a horizon of 2 months" in found.checks["extrapolated_share"].message


def test_few_customers_carry_nothing_alone(frame):
    few = orders(frame[frame["customer_id"] < "c0080"])  # the best tier has five
    statement = few.findings["who_carries"].statement
    assert "(Diamond and Gold)" in statement
    assert "who_carries" not in orders(frame[frame["customer_id"] < "c0018"]).findings


def test_losses_are_told_as_what_they_cost(frame):
    loss = frame["customer_id"].str[-1].isin(list("0123"))
    found = orders(frame.assign(margin=np.where(loss, -0.2, 0.4) * frame["amount"]))
    assert "cost" in found.findings["who_carries"].statement
    assert found.metrics["base_value"] > 0


def test_costs_above_fees_make_a_loss_and_nobody_a_carrier():
    rows, _ = company(customers=300)
    dear = value.Money(currency="EUR", fee_margin=0.5, retention=40.0)
    found = shown(contracts(rows, money=dear), money=dear)
    plenty = shown(contracts(rows))
    # 15 of a fee of 30 are left, and 40 are spent: what was 15 a month is -25.
    assert found.metrics["base_value"] / plenty.metrics["base_value"] == pytest.approx(-25 / 15, rel=1e-6)
    assert "more than they bring" in found.findings["base_value"].statement
    assert "more than they bring" in found.findings["newcomer_value"].statement
    assert not {"who_carries", "what_would_halve_it", "value_at_risk", "tier_borders"} & set(found.findings)


def test_a_newcomer_is_told_by_plan_and_what_winning_one_may_cost():
    """Of two plans with rates of leaving of .02 and .06, and 15 left a month."""
    slow, fast = company(customers=700, hazard=0.02)[0], company(customers=700, hazard=0.06, seed=2)[0]
    rows = pd.concat([slow.assign(plan="slow"), fast.assign(plan="fast", customer_id="f" + fast["customer_id"])])
    money = value.Money(currency="EUR", fee_margin=0.5, acquisition=100.0)
    plan = equity.Assumptions.of(money, rate=0.0, horizons=[2.0], tier_shares=SHARES, seed=7)
    worth = equity.value_at(contracts(rows.reset_index(drop=True), money=money), plan)
    (table,) = [each for each in equity.newcomer_of(worth).exhibits() if isinstance(each, Table)]
    found = table.frame.set_index("group")
    for name, rate in (("slow", 0.02), ("fast", 0.06)):
        true = 15 * (1 - np.exp(-24 * rate)) / rate
        assert found.loc[name, "lower"] < true < found.loc[name, "upper"]
        paid = -np.log(1 - 100 * rate / 15) / rate
        assert found.loc[name, "payback"] == pytest.approx(np.ceil(paid), abs=1)


def test_contracts_moved_by_years_are_worth_the_same():
    rows, _ = company(customers=300)
    years = pd.DateOffset(years=4)  # leap years fall alike
    moved = rows.assign(start=rows["start"] + years, end=rows["end"] + years)
    assert shown(contracts(moved, end=END + years)).metrics == shown(contracts(rows)).metrics


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows, bought: (rows.assign(price=0.0), None), "every fee in price is 0"),
        (lambda rows, bought: (rows.assign(end=pd.NaT), None), "nobody left"),
        (lambda rows, bought: (rows.assign(end=rows["end"].fillna(END - pd.Timedelta(days=1))), None), "nobody is on"),
        (lambda rows, bought: (rows, bought.assign(customer_id="x" + bought["customer_id"])), "no order lies within"),
        (lambda rows, bought: (rows, bought.assign(margin=-bought["margin"])), "leaves more than 0"),
    ],
    ids=["no fee", "nobody leaves", "all left", "orders of others", "orders at a loss"],
)
def test_contracts_that_cannot_be_valued_are_refused_in_words(change, said):
    rows, bought = company(customers=300)
    with pytest.raises(DataError, match=said):
        contracts(*change(rows, bought))
