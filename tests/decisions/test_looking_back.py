"""Customers under contract as they were on earlier days: what was known then, what came, and how far off it was."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.test_subscribers import DATASET, END, company, lifetimes, plan, signed, survival_tables, totals

from workbench.decisions import equity
from workbench.decisions.value import Money, contracts_of, read_base, read_survival
from workbench.decisions.value.laid import laid_out
from workbench.decisions.value.looking_back import LookedBack, look_back, reached
from workbench.decisions.value.on_board import as_of
from workbench.errors import DataError
from workbench.exhibits import Table, flatten
from workbench.features import purchase_log
from workbench.findings import Check, Finding

MONEY = Money(fee_margin=0.5)


def spell(person, begin, months, event):
    return {"person": person, "begin": pd.Timestamp(begin), "entry": 0.0, "duration": float(months), "event": event}


SPELLS = pd.DataFrame(
    [
        spell("a", "2025-01-01", 12, False),
        spell("b", "2025-01-01", 3, True),
        spell("c", "2025-01-01", 9, True),
        spell("d", "2025-10-01", 3, False),
    ]
)


def read(contracts, orders, **more):
    return read_base(
        purchase_log(orders),
        orders,
        contracts=signed(contracts),
        money=MONEY,
        draws=more.pop("draws", 100),
        seed=1,
        **more,
    )


def test_spells_as_of_an_earlier_day_know_nothing_of_later_days():
    known = as_of(SPELLS, pd.Timestamp("2025-07-01")).set_index("person")
    assert known["duration"].to_dict() == {"a": 6.0, "b": 3.0, "c": 6.0}
    assert known["event"].to_dict() == {"a": False, "b": True, "c": False}
    assert as_of(SPELLS, END).equals(SPELLS)


def test_what_came_is_added_up_within_the_spell_and_the_time():
    """a pays 10 a month all year, b left before, c pays 20 for three months more, d came later."""
    rows = pd.DataFrame(
        {
            "customer_id": list("abcd"),
            "start": SPELLS["begin"],
            "end": [pd.NaT, pd.Timestamp("2025-04-01"), pd.Timestamp("2025-10-01"), pd.NaT],
            "price": [10.0, 99.0, 20.0, 99.0],
        }
    )
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "c", "d"],
            "timestamp": pd.to_datetime(["2025-06-30", "2025-07-15", "2025-08-01", "2025-11-01"]),
            "amount": [1000.0, 4.0, 6.0, 1000.0],
        }
    )
    laid = laid_out(SPELLS, END, rows, "price", log=purchase_log(orders), interactions=None)
    people = as_of(SPELLS, pd.Timestamp("2025-07-01")).query("not event")["person"].to_numpy()
    money = Money(fee_margin=0.5, retention=1.0)
    whole = 0.5 * (10 * 6 + 20 * 3) + 4 + 6 - (6 + 3)
    assert laid.came(people, 6.0, 6.0, money) == pytest.approx(whole)
    assert laid.came(people, 6.0, 1.0, money) == pytest.approx(0.5 * 30 + 4 - 2)


@pytest.fixture(scope="module")
def business():
    return read(*company())


def test_outcomes_have_the_mean_of_value_and_chance_besides(business):
    value = totals(business, plan(business, months=12))[:, 0]
    outcomes = np.concatenate([business.outcomes(MONEY, 12, round) for round in range(4)])
    assert outcomes.mean() == pytest.approx(value.mean(), rel=0.01)
    assert outcomes.std() > 1.2 * value.std()


def test_outcomes_with_costs_have_the_mean_of_value():
    contracts, orders = company(customers=200)
    calls = orders.assign(minutes=5.0)[["customer_id", "timestamp", "minutes"]]
    money = Money(fee_margin=0.5, contact_minute=2.0, retention=1.0)
    found = read_base(
        purchase_log(orders), orders, contracts=signed(contracts), interactions=calls, money=money, draws=200, seed=1
    )
    value = totals(found, plan(found, months=12, money=money))[:, 0]
    outcomes = np.concatenate([found.outcomes(money, 12, round) for round in range(4)])
    assert outcomes.mean() == pytest.approx(value.mean(), rel=0.02)


def evaluated(business):
    return next(each for each in business.shown if isinstance(each, LookedBack))


def test_a_company_that_stays_as_it_is_is_forecast_well(business):
    found = evaluated(business)
    assert (len(found.table), found.months) == (6, 12)
    assert (found.table["customers"].diff().dropna() > 0).all()  # the company grows, and the last origin is latest
    assert np.abs(found.table["log_error"]).max() < 4 * found.table["spread"].max()
    assert business.errors.months == 12
    assert np.allclose(business.errors.starts, -found.table["ago"])  # those whose times overlap tell less
    assert (np.diff(business.errors.starts) > 0).all()


def test_orders_that_fall_away_are_an_error_that_draws_do_not_explain(business):
    contracts, orders = company()
    late = orders["timestamp"] > "2025-01-01"
    fallen = orders[~late | (np.arange(len(orders)) % 4 == 0)]
    found = evaluated(read(contracts, fallen))
    assert (np.diff(found.table["log_error"]) < 0).all()  # of each later forecast more lies in the bad year
    assert found.table["log_error"].iloc[-1] < -0.5
    assert found.unexplained > 0.9
    message = next(each for each in flatten(found) if isinstance(each, Check))
    assert message.status == "warn"
    assert "missed by much" in message.title
    assert np.mean(found.errors.logs**2) > 10 * np.mean(business.errors.logs**2)


def test_records_too_short_to_look_back_say_so():
    def nobody(ago):
        raise DataError("nobody was on board")

    found = look_back(nobody, lambda people, ago, ahead: 0.0, 30.0, MONEY)
    assert (found.enough, found.errors) == (False, None)
    (check,) = flatten(found)
    assert (check.name, check.status) == ("base_tested", "warn")
    assert reached(1.0) == 0
    assert not look_back(nobody, lambda people, ago, ahead: 0.0, 1.0, MONEY).enough


def assumptions():
    return equity.Assumptions.of(MONEY, rate=0.1, horizons=[3.0], tier_shares=[0.2, 0.8], seed=1)


def test_a_year_ago_is_valued_and_what_changed_is_told(business):
    contracts, _ = company()
    change = equity.value_base(business, assumptions())
    day = pd.Timestamp("2025-01-01")
    here = set(business.customers)
    then = set(contracts.loc[(contracts["start"] < day) & ~(contracts["end"] <= day), "customer_id"])
    assert change.months == 12
    assert set(change.then.business.customers) == then
    parts = change.parts().set_index("kind")
    assert parts.loc["new", "customers"] == len(here - then)
    assert parts.loc["lost", "customers"] == len(then - here)
    assert parts["change"].sum() == pytest.approx(change.now.totals(-1).mean() - change.then.totals(-1).mean())
    assert parts.loc["new", "change"] > 0 > parts.loc["lost", "change"]
    assert change.beside is change.now
    told = list(flatten([equity.Base(worth=change.now), equity.newcomer_of(change.now), change]))
    (advice,) = [each.action for each in told if isinstance(each, Finding) and each.action]
    assert "notice can be given" in advice  # subscribers do not fall silent


def test_beside_an_earlier_run_both_days_go_by_tenure(business):
    contracts, orders = company()
    run = read(contracts, orders, survival=read_survival(survival_tables(business.customers)), draws=50)
    change = equity.value_base(run, assumptions())
    assert change.beside is not change.now
    assert change.now.business is run
    assert change.beside.business.staying is run.by_tenure
    assert change.then.business.staying.tables == run.by_tenure.tables


def test_contracts_without_dates_have_no_earlier_day():
    known = contracts_of(DATASET, subscriptions=None, lifetimes=lifetimes(), monthly_fee="charge")
    found = read_base(None, None, contracts=known, money=Money(), draws=50, seed=1)
    assert (found.before(12), found.errors) == (None, None)
    said = list(flatten([equity.Base(worth=equity.value_at(found, assumptions()))]))
    (named,) = [each for each in said if isinstance(each, Check) and each.name == "margin_known"]
    assert named.status == "pass" or "fee_margin" in named.message
    shown = {each.name: each for each in said if isinstance(each, Table)}
    assert "orders" not in shown["value_by_horizon"].columns  # there are none
    assert "active" not in shown["value_by_group"].columns  # all are
