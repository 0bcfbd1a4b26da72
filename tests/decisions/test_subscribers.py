"""Customers under contract who order as well: what was planted comes out, and bad input is named."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.decisions.value import Money, Plan, read_base
from workbench.decisions.value.signed import Signed, contracts_of, read_survival
from workbench.errors import DataError, ParameterError, StudyError
from workbench.exhibits import flatten
from workbench.features import purchase_log

END = pd.Timestamp("2026-01-01")
DATASET = SimpleNamespace(
    extracted=END.date(),
    tables={
        name: SimpleNamespace(columns=(), segments=(), time_unit="month", records_since=None)
        for name in ("subscriptions", "lifetimes", "customers")
    },
)


def company(customers=600, hazard=0.03, rate=0.5, margin=20.0, seed=1):
    """Contracts of three years at 30 a month, with orders while they last."""
    random = np.random.default_rng(seed)
    begun = random.uniform(0, 35, customers)
    life = random.exponential(1 / hazard, customers)
    start = pd.to_datetime("2023-01-01") + pd.to_timedelta(begun * 30.44, unit="D")
    end = (start + pd.to_timedelta(life * 30.44, unit="D")).floor("D") + pd.Timedelta(days=1)
    ids = np.array([f"c{each:04}" for each in range(customers)])
    contracts = pd.DataFrame({"customer_id": ids, "start": start.floor("D"), "end": end, "price": 30.0, "plan": "one"})
    contracts.loc[contracts["end"] >= END, "end"] = pd.NaT
    until = contracts["end"].fillna(END)
    own = random.gamma(2.0, rate / 2, customers)
    count = random.poisson(own * (until - contracts["start"]).dt.days / 30.44)
    place = np.repeat(np.arange(customers), count)
    span = (until - contracts["start"]).dt.days.to_numpy()[place]
    days = contracts["start"].to_numpy()[place] + pd.to_timedelta(np.floor(random.random(len(place)) * span), unit="D")
    amount = random.gamma(5.0, 1 / random.gamma(5.0, 1 / 80.0, customers)[place])
    orders = pd.DataFrame({"customer_id": ids[place], "timestamp": days, "amount": 4 * amount * margin / 20})
    return contracts, orders.assign(margin=orders["amount"] / 4)


def signed(contracts, **more):
    return contracts_of(DATASET, subscriptions=contracts, lifetimes=None, **more)


def plan(business, months=36, money=None, rate=0.0, horizons=None):
    horizons = np.array([float(months)]) if horizons is None else horizons
    cells = np.zeros(len(business.customers), dtype=int)
    return Plan(rate=rate, horizons=horizons, months=months, cells=cells, money=money or Money(fee_margin=0.5))


def totals(business, wanted):
    return sum(block.value.sum(axis=0) for block in business.blocks(wanted))


@pytest.fixture(scope="module")
def business():
    contracts, orders = company()
    return read_base(
        purchase_log(orders), orders, contracts=signed(contracts), money=Money(fee_margin=0.5), draws=200, seed=1
    )


def test_base_and_newcomers_are_worth_what_was_planted(business):
    assert business.kind == "subscribers"
    lasting = (1 - np.exp(-0.03 * 36)) / 0.03
    total = totals(business, plan(business))[:, 0]
    contracts, orders = company()
    here = orders[orders["customer_id"].isin(business.customers)]
    truth = len(business.customers) * lasting * 15 + lasting * here["margin"].sum() / 1.0 / _months(contracts, business)
    assert np.quantile(total, 0.005) < truth < np.quantile(total, 0.995)
    fresh = business.newcomers(plan(business)).value[:, 0]
    order = orders["margin"].sum() / ((contracts["end"].fillna(END) - contracts["start"]).dt.days.sum() / 30.44)
    assert np.quantile(fresh, 0.005) < lasting * (15 + order) < np.quantile(fresh, 0.995)


def _months(contracts, business):
    """Mean time on board so far, in months, of those who are still there: what divides their orders."""
    mine = contracts[contracts["customer_id"].isin(business.customers)]
    return (END - mine["start"]).dt.days.sum() / 30.44 / len(mine)


def test_flows_add_up_to_value_and_customers_fall(business):
    wanted = plan(business)
    blocks = list(business.blocks(wanted))
    flow = sum(sum(each.sum(axis=2) for each in block.flows.values()) for block in blocks)
    assert flow.sum(axis=1) == pytest.approx(totals(business, wanted)[:, 0])
    there = sum(block.customers[:, :, 0] for block in blocks)
    assert (np.diff(there, axis=1) <= 0).all()
    assert there[:, 2] == pytest.approx(sum(block.staying.sum(axis=0) for block in blocks))
    assert set(blocks[0].flows) == {"orders", "fees"}


def test_neither_rows_nor_rounds_nor_rates_do_what_they_should_not(business):
    contracts, orders = company()
    mixed = read_base(
        purchase_log(orders.sample(frac=1, random_state=1)),
        orders,
        contracts=signed(contracts.sample(frac=1, random_state=2)),
        money=Money(fee_margin=0.5),
        draws=200,
        seed=1,
    )
    assert totals(mixed, plan(mixed)) == pytest.approx(totals(business, plan(business)))
    again = Plan(**{**vars(plan(business)), "round": 1})
    assert not np.allclose(totals(business, again), totals(business, plan(business)))
    assert (totals(business, plan(business, rate=np.inf)) == 0).all()
    endless = totals(business, plan(business, rate=0.1, horizons=np.array([36.0, 600.0, np.inf]), months=36))
    assert endless[:, 2] == pytest.approx(endless[:, 1], rel=0.02)
    assert (endless[:, 1] > endless[:, 0]).all()


def test_contacts_and_retention_cost_what_they_do():
    contracts, orders = company(customers=200)
    calls = orders.assign(minutes=5.0)[["customer_id", "timestamp", "minutes"]]
    money = Money(fee_margin=0.5, contact_minute=2.0, retention=1.0)
    found = read_base(
        purchase_log(orders), orders, contracts=signed(contracts), interactions=calls, money=money, draws=100, seed=1
    )
    (block, *_) = found.blocks(plan(found, months=12, money=money))
    assert (block.flows["contacts"] < 0).all()
    assert block.flows["retention"].sum() == pytest.approx(-block.flows["fees"].sum() / 15)


def test_who_comes_back_is_one_customer_with_both_spells():
    contracts, orders = company(customers=200)
    back = contracts[contracts["end"].notna() & (contracts["end"] < "2025-06-01")].head(5)
    returned = back.assign(start=pd.Timestamp("2025-10-01"), end=pd.NaT)
    found = read_base(
        None, None, contracts=signed(pd.concat([contracts, returned])), money=Money(fee_margin=0.5), draws=50, seed=1
    )
    assert found.kind == "contracts"
    assert len(found.customers) == len(set(found.customers)) == int(contracts["end"].isna().sum()) + 5
    assert np.isin(back["customer_id"], found.customers).all()
    assert orders is not None


def test_overlapping_contracts_of_a_customer_are_one_spell_with_both_fees():
    contracts, _ = company(customers=200)
    more = contracts[contracts["end"].isna()].head(1).assign(start=lambda rows: rows["start"] + pd.Timedelta(days=5))
    found = read_base(None, None, contracts=signed(pd.concat([contracts, more])), money=Money(), draws=50, seed=1)
    twice = found.customers == more["customer_id"].iloc[0]
    assert found.fee[twice] == pytest.approx(60)
    assert found.fee[~twice] == pytest.approx(30)


def lifetimes(customers=500, seed=1):
    random = np.random.default_rng(seed)
    life, until = random.geometric(0.03, customers), random.integers(1, 72, customers)
    return pd.DataFrame(
        {
            "customer_id": [f"c{each:04}" for each in range(customers)],
            "duration": np.minimum(life, until).astype(float),
            "event": life <= until,
            "charge": 50.0,
            "contract": np.where(np.arange(customers) < 3, "rare", "usual"),
        }
    )


def test_contracts_without_dates_are_valued_by_tenure_and_a_group_of_three_has_the_table_of_all():
    read = contracts_of(DATASET, subscriptions=None, lifetimes=lifetimes(), monthly_fee="charge")
    found = read_base(None, None, contracts=read, money=Money(), segments=["contract"], draws=200, seed=1)
    assert found.kind == "contracts"
    assert not found.contribution
    assert set(found.tables) == {"", "usual"}
    total = totals(found, plan(found, money=Money()))[:, 0] / len(found.customers)
    hazard = -np.log1p(-0.03)
    truth = 50 * (1 - np.exp(-hazard * 36)) / hazard
    assert np.quantile(total, 0.005) < truth < np.quantile(total, 0.995)
    assert {"weight_sbg", "weight_life_table"} <= {
        name for each in flatten(found) if isinstance(each, dict) for name in each
    }


def survival_tables(ids, within=24.0, known=False):
    columns = {"column:months_since_purchase": 0.0} if known else {"column:use": 0.0}
    effect = "effect:months_since_purchase" if known else "effect:use"
    draws = pd.DataFrame({"draw": range(50), "episode": 0, "reason": "", "observed": 30.0, effect: 0.0})
    draws = draws.assign(**{"hazard:0": 0.0, f"hazard:{40 + within}": 0.02 * (40 + within)})
    return draws, pd.DataFrame({"customer_id": ids, "tenure": 4.0, **columns})


def test_survival_of_an_earlier_run_is_taken_and_carried_on_beyond_its_draws(business):
    contracts, orders = company()
    tables = survival_tables(business.customers)
    found = read_base(
        purchase_log(orders),
        orders,
        contracts=signed(contracts),
        survival=read_survival(tables),
        money=Money(fee_margin=0.5),
        draws=200,
        seed=1,
    )
    assert (found.draws, found.names) == (50, ("churn_survival",))
    (block, *_) = found.blocks(plan(found, months=90))
    assert block.staying == pytest.approx(np.exp(-0.06))
    assert block.customers[:, 89, 0] / len(block.rows) == pytest.approx(np.exp(-0.02 * 90))


def test_of_a_run_with_more_draws_the_first_are_taken(business):
    contracts, orders = company()
    found = read_base(
        purchase_log(orders),
        orders,
        contracts=signed(contracts),
        survival=read_survival(survival_tables(business.customers)),
        money=Money(fee_margin=0.5),
        draws=40,
        seed=1,
    )
    (block, *_) = found.blocks(plan(found, months=12))
    assert (found.draws, found.staying.draws, block.value.shape[1]) == (40, 40, 40)


def test_what_was_last_known_holds_for_a_quarter(business):
    contracts, orders = company()
    found = read_base(
        purchase_log(orders),
        orders,
        contracts=signed(contracts),
        survival=read_survival(survival_tables(business.customers, known=True)),
        money=Money(fee_margin=0.5),
        draws=50,
        seed=1,
    )
    blocks = list(found.blocks(plan(found)))
    there = sum(block.customers[:, :, 0] for block in blocks) / len(found.customers)
    assert there[:, 2] == pytest.approx(np.exp(-0.06))
    assert (there[:, 35] / there[:, 2]).mean() == pytest.approx(np.exp(-0.03 * 33), rel=0.2)


def test_an_earlier_day_of_valuation_looks_at_contracts_as_they_were():
    contracts, _ = company()
    day = pd.Timestamp("2025-01-01")
    found = read_base(None, None, contracts=signed(contracts, today=day.date()), money=Money(), draws=100, seed=1)
    begun = contracts["start"] < day
    there = contracts.loc[begun & ~(contracts["end"] <= day), "customer_id"]
    assert sorted(found.customers) == sorted(there)
    known = contracts[begun].assign(end=lambda rows: rows["end"].where(rows["end"] <= day), price=30.0)
    cut = SimpleNamespace(extracted=day.date(), tables=DATASET.tables)
    by_hand = contracts_of(cut, subscriptions=known, lifetimes=None)
    beside = read_base(None, None, contracts=by_hand, money=Money(), draws=100, seed=1)
    # Days of grace at the end of a contract are not waited for again, so the cut records have some more on board.
    assert set(found.customers) <= set(beside.customers)
    a_customer = [totals(each, plan(each)).mean() / len(each.customers) for each in (found, beside)]
    assert a_customer[0] == pytest.approx(a_customer[1], rel=0.05)


def test_bad_input_is_named():
    contracts, orders = company(customers=120)
    log, money = purchase_log(orders), Money()
    ready = signed(contracts)
    with pytest.raises(StudyError, match="purchases or contracts"):
        read_base(None, None, money=money, seed=1)
    with pytest.raises(DataError, match="contracts without a fee and no orders"):
        read_base(None, None, contracts=signed(contracts.drop(columns="price")), money=money, seed=1)
    with pytest.raises(DataError, match="nobody left"):
        read_base(None, None, contracts=signed(contracts[contracts["end"].isna()]), money=money, seed=1)
    with pytest.raises(ParameterError, match="covariates: got some for customers under contract"):
        read_base(log, orders, contracts=ready, covariates=["age"], money=money, seed=1)
    other = read_survival(survival_tables(["x", "y"]))
    early = purchase_log(orders, today=pd.Timestamp("2025-06-01").date())
    with pytest.raises(DataError, match="no draws of"):
        read_base(log, orders, contracts=ready, survival=other, money=money, seed=1)
    with pytest.raises(ParameterError, match="today: orders are known until"):
        read_base(early, orders, contracts=ready, money=money, seed=1)
    earlier = signed(contracts, today=early.today)
    assert read_base(early, orders, contracts=earlier, money=money, draws=50, seed=1).kind == "subscribers"
    with pytest.raises(ParameterError, match="survival_run: got a run that follows customers until the end"):
        read_base(early, orders, contracts=earlier, survival=other, money=money, seed=1)
    with pytest.raises(ParameterError, match="outside the records of subscriptions; expected a day from 2023-01-0"):
        signed(contracts, today=pd.Timestamp("2026-02-01").date())
    with pytest.raises(ParameterError, match="but lifetimes have durations and no dates"):
        contracts_of(
            DATASET, subscriptions=None, lifetimes=lifetimes(), monthly_fee="charge", today=pd.Timestamp("2025-01-01")
        )
    with pytest.raises(ParameterError, match="monthly_fee: got 'charge'"):
        signed(contracts, monthly_fee="charge")
    with pytest.raises(ParameterError, match="neither subscriptions nor lifetimes"):
        contracts_of(DATASET, subscriptions=None, lifetimes=None, monthly_fee="price")
    with pytest.raises(DataError, match="no fee of 0 or more"):
        signed(contracts.assign(price=-1.0))
    assert isinstance(ready, Signed)
