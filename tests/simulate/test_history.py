"""What happened is possible: nobody acts before joining or after leaving, and every coin is accounted for."""

import numpy as np
import pandas as pd
import pytest

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN
from workbench.simulate.engine.history import live
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.settings import read_settings


@pytest.fixture(scope="module")
def contracts(firm):
    table = firm.table("subscriptions").set_index("customer_id")
    return table.assign(start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))


@pytest.mark.parametrize("name", ["transactions", "interactions", "surveys"])
def test_every_event_belongs_to_somebody_who_is_a_customer_at_that_time(firm, contracts, name):
    events = firm.table(name).join(contracts, on="customer_id", validate="many_to_one", rsuffix="_contract")
    assert len(events) > 500
    assert (events["timestamp"] >= events["start"]).all()
    assert not (events["timestamp"] >= events["end"]).any()


def test_treatments_begin_with_active_customers(firm, contracts):
    treated = firm.table("treatments").join(contracts, on="customer_id", rsuffix="_contract")
    start = pd.to_datetime(treated["start"])
    assert (start >= treated["start_contract"]).all()
    assert not (start >= treated["end_contract"]).any()
    assert set(treated["arm"]) == {"control", "treatment"}
    assert (treated["cost"] > 0).eq(treated["arm"] == "treatment").all()


def test_refunds_follow_their_order_and_take_back_all_of_it(firm):
    orders = firm.table("transactions")
    refunds = orders[orders["amount"] < 0]
    both = refunds.merge(orders[orders["amount"] > 0], on=["customer_id", "order_id"], suffixes=("", "_bought"))
    assert len(both) == len(refunds) > 10
    assert (both["timestamp"] >= both["timestamp_bought"]).all()
    assert np.allclose(both["amount"], -both["amount_bought"])
    assert np.allclose(both["margin"], -both["margin_bought"])


def test_the_number_of_active_customers_is_the_same_at_the_beginning_of_every_month(firm):
    assert (firm.truth("ledger")["customers"] == 600).all()


def test_lifetimes_and_contracts_tell_the_same(firm, contracts):
    lives = firm.table("lifetimes").set_index("customer_id").loc[contracts.index]
    assert (lives["event"] == contracts["end"].notna()).all()
    assert (lives["reason"].fillna("") == contracts["end_reason"].fillna("")).all()
    days = (contracts["end"].fillna(pd.Timestamp("2024-09-01")) - contracts["start"]).dt.days
    assert np.abs(lives["duration"] - days / 30.4375).max() < 0.15
    assert (lives["entry"] < lives["duration"]).all()


def test_cash_in_the_tables_adds_up_to_the_ledger_of_the_truth(firm):
    ledger = firm.truth("ledger")
    orders = firm.table("transactions")
    month = orders["timestamp"].dt.to_period("M").astype(int) - pd.Period("2023-01").ordinal
    # A refund counts in its order's month: it comes before the end of it.
    assert np.allclose(orders.groupby(month)["margin"].sum(), ledger["cash_purchases"])
    contacts = firm.table("interactions")
    month = contacts["timestamp"].dt.to_period("M").astype(int) - pd.Period("2023-01").ordinal
    assert np.allclose(-COST_PER_MINUTE * contacts.groupby(month)["minutes"].sum(), ledger["cash_contacts"])
    assert np.isclose(-firm.table("treatments")["cost"].sum(), ledger["cash_treatments"].sum())
    lives = firm.table("lifetimes")
    # Fees are paid by the hour, durations are told to a thousandth of a month.
    fees = FEE_MARGIN * (lives["price"] * (lives["duration"] - lives["entry"])).sum()
    assert np.isclose(fees, ledger["cash_fees"].sum(), rtol=1e-4)
    kinds = ["cash_fees", "cash_purchases", "cash_contacts", "cash_treatments"]
    assert np.allclose(ledger[kinds].sum(axis=1), ledger["cash"])


def test_ratings_are_not_applicable_just_where_a_touchpoint_was_not_used(firm):
    """Of touchpoints that log their contacts, so that the tables can tell."""
    surveys, contacts = firm.table("surveys"), firm.table("interactions")
    late = surveys[surveys["timestamp"] >= "2023-08-01"]
    for touchpoint in ("support", "store", "delivery", "repair"):
        here = contacts[contacts["touchpoint"] == touchpoint]
        pairs = late.merge(here, on="customer_id", suffixes=("", "_contact"))
        months = pairs["timestamp"].dt.to_period("M").astype(int) - pairs["timestamp_contact"].dt.to_period("M").astype(
            int
        )
        lately = set(pairs["response_id"][(months >= 0) & (months < eq.RECALL_MONTHS)])
        used = late["response_id"].isin(lately)
        assert (late[touchpoint] == 9).eq(~used).all()


def test_a_complaint_is_told_more_often_after_a_bad_visit(firm):
    contacts = firm.table("interactions")
    assert 0.01 < contacts["complaint"].mean() < 0.5
    assert set(contacts["kind"][contacts["complaint"]]) == {"complaint"}


@pytest.mark.parametrize("seed", range(1, 9))
def test_marginals_of_any_world_are_realistic(seed):
    """Inter-item correlation .35–.65 in the mean, monthly churn 1–3%, survey response 15–30%."""
    settings = read_settings([f"seed={seed}"])
    world = world_of(settings)
    left = there = invited = 0
    ratings = []
    for month in live(world, Noise(seed, 0, 3_072), 18, calendar=1):
        if month.month < 0:
            continue
        there += month.people.active.sum()
        left += month.left.sum()
        invited += month.people.active.sum() / 3
        if month.replies is not None:
            ratings.append(month.replies.ratings)
    ratings = np.concatenate(ratings, axis=1).astype(float)
    assert 0.01 < left / there < 0.03
    assert 0.15 < ratings.shape[1] / invited < 0.30
    ratings[ratings < 1] = np.nan
    related = pd.DataFrame(ratings.T).corr(min_periods=100).to_numpy()[np.triu_indices(8, 1)]
    assert 0.35 < np.nanmean(related) < 0.65
    assert np.nanmin(related) > 0.25
    assert np.nanmax(related) < 0.75
