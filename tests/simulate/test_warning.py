"""Departures announce themselves, and a world in which none does is the one that was there before."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson, rankdata
from tests.simulate.digests import digest, digest_tree

from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.customers import BURN_IN
from workbench.simulate.engine.history import _count_many, live
from workbench.simulate.engine.intentions import STATES, Leaving, Passage
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.observer import Observer
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.engine.words import REASONS
from workbench.simulate.foresight import DAYS, foresee
from workbench.simulate.records import month_starts

# Of worlds made by the code before there were intentions: 256 customers, 14 months, seed 2.
BEFORE = {
    "demo": {
        "customers": "607306f9dfee9d69",
        "interactions": "b04aa9d46a86c81b",
        "lifetimes": "8e7cf2b833d58b9f",
        "subscriptions": "d3129faed59762c2",
        "surveys": "b4c95d0fb9a0679c",
        "transactions": "a494045932f065a3",
        "treatments": "f1352f8e116249a8",
        "call_effects": "bddd68a5e93a9d80",
        "initiative_cash_flows": "c65bc1854bcde10f",
        "ledger": "bf9ee30c26dcbbe7",
        "newcomers": "bd683aafe4e83222",
        "truth": {
            "active_customers": "c98f4be4e05cdc96",
            "initiatives": "6876dd3261de49c1",
            "newcomers": "66b24ef8cd3074f4",
            "trials": "541c7bd088962247",
        },
    },
    "drift": {
        "customers": "cbf328654223fc5b",
        "interactions": "e00b93e77077134d",
        "lifetimes": "35b19404052d05a1",
        "subscriptions": "3a1eee280234c07b",
        "surveys": "b97dae5a83e92207",
        "transactions": "74d3752b29edcba7",
        "treatments": "56cd8effe56290c7",
        "call_effects": "9c4edeb0428f8488",
        "initiative_cash_flows": "467c5597edb3fc44",
        "ledger": "f477111896feaf7d",
        "newcomers": "5160ae96a074aea9",
        "truth": {
            "active_customers": "a9599a2efc294b69",
            "initiatives": "e7c528c6ffe88bb2",
            "newcomers": "bcec984e371c56c9",
            "trials": "76c2bbd7a5fcb6fe",
        },
    },
    "frailty": {
        "customers": "bac493980437fbec",
        "interactions": "35e8e4a4a8b383f3",
        "lifetimes": "b93d547a8cbbe242",
        "subscriptions": "c2e4d2ac30da9576",
        "surveys": "8f6472100eaef6da",
        "transactions": "4ae7d99391a62d3e",
        "treatments": "4c58cc9a8f7e6ad5",
    },
    "plain": {
        "customers": "d83ad4fcf2149f43",
        "interactions": "35c1b511c0186f16",
        "lifetimes": "6fa550a4f95801db",
        "subscriptions": "34cc6d90d7c6b038",
        "surveys": "de85c0a1162612be",
        "transactions": "296fb8cee3d4fd7f",
    },
}
TWO_INITIATIVES = """
- {initiative: new_app, touchpoint: app, expected_lift: 0.3, lift_sd: 0.1, fixed_cost: 10000, cost_per_customer: 5,
   reach: 1}
- {initiative: training, touchpoint: support, expected_lift: 0.3, lift_sd: 0.1, fixed_cost: 10000, cost_per_customer: 5,
   reach: 0.8}
"""


@pytest.mark.parametrize("preset", BEFORE)
def test_a_world_without_warning_is_the_one_from_before_there_were_intentions(company, few_people, tmp_path, preset):
    path = tmp_path / "initiatives.yaml"
    path.write_text(TWO_INITIATIVES)
    expected = dict(BEFORE[preset])
    truth = expected.pop("truth", None)
    settings = (f"preset={preset}", "customers=256", "months=14", "seed=2", "warning=0")
    made = company(*settings, f"truth={str(truth is not None).lower()}", f"initiatives={path}")
    assert not (made.data / "usage.parquet").exists()
    assert not (made.known / "leaving.parquet").exists()
    found = {}
    for name in expected:
        if name == "call_effects":  # contact_effects tells of everybody; before, of those drawn
            table = made.truth("contact_effects").query("drawn").drop(columns=["drawn", "contact"])
            found[name] = digest(table.rename(columns={"contacted": "called"}), digits=5)
        else:
            found[name] = digest(made.table(name) if (made.data / f"{name}.parquet").exists() else made.truth(name))
    assert found == expected
    if truth is not None:
        known = json.loads((made.known / "truth.json").read_text())
        for each in known["trials"]:
            assert each.pop("arm") == "treatment"
        assert {name: digest_tree(known[name]) for name in truth} == truth


@pytest.fixture(scope="module")
def world():
    return world_of(read_settings(["seed=1"]))


def leaving_of(world, random, worlds, slots):
    usual = [random.uniform(0.001, 0.05, (worlds, slots)) for _ in range(2)]
    usual += [random.uniform(0.001, 0.05, slots) for _ in range(2)]
    return usual, random.normal(0, 0.5, slots)


def test_weights_of_intentions_are_carried_exactly(world):
    """Against one customer at a time, all ways through three months added up."""
    random = np.random.default_rng(1)
    slots, months = 20, 3
    intention = random.integers(0, STATES, slots)
    passage = Passage(intention, np.ones((2, slots)))
    there = [np.where(intention == state, 1.0, 0.0) * np.ones((2, slots)) for state in range(STATES)]
    for _ in range(months):
        usual, pull = leaving_of(world, random, 2, slots)
        passage.month(world, usual, pull)
        leaving = Leaving.of(world, usual, pull)
        lasting = [share * stay for share, stay in zip(there, leaving.stays(), strict=True)]
        factor = np.exp(np.concatenate([[0], world.intent_orders]))
        ordering = sum(share * each for share, each in zip(leaving.turn(lasting), factor, strict=True))
        stayed = leaving.survive(there)
        assert np.allclose(passage.lasting, sum(lasting), rtol=1e-9)
        assert np.allclose(passage.ordering, ordering, rtol=1e-9)
        assert np.allclose(passage.staying(), sum(stayed), rtol=1e-12)
        assert np.allclose(sum(passage.left()) + passage.staying(), sum(there), rtol=1e-9)
        there = leaving.turn(stayed)
        assert np.allclose(passage.shares, np.stack(there), rtol=1e-9)


def test_intentions_that_are_drawn_are_as_frequent_as_their_weights(world):
    random = np.random.default_rng(2)
    usual = [np.full(400_000, each) for each in (0.02, 0.01, 0.03, 0.005)]
    leaving = Leaving.of(world, usual, np.zeros(400_000))
    for state in range(STATES):
        drawn = leaving.draw(np.full(400_000, state), random.random(400_000))
        share = [np.full(400_000, float(each == state)) for each in range(STATES)]
        expected = np.array([each[0] for each in leaving.turn(share)])
        assert np.allclose(np.bincount(drawn, minlength=STATES) / 400_000, expected, atol=0.0015)


def test_large_counts_are_poisson_quantiles():
    random = np.random.default_rng(3)
    rate, uniform = np.exp(random.normal(2, 2, 20_000)), random.random(20_000)
    rate[:50], uniform[50:60] = 0.0, 1 - 1e-15
    assert np.array_equal(_count_many(rate, uniform), poisson.ppf(uniform, np.maximum(rate, 1e-9)))


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_as_many_leave_and_order_as_without_warning(strength):
    """The churn that is aimed at (2% a month), whatever announces it: within four standard errors."""
    settings = read_settings(["seed=3", "churn=0.02", f"warning={strength}", "confounding=0"])
    world, left, there, orders = world_of(settings), 0, 0, 0
    for month in live(world, Noise(3, 0, 4_096), 12, calendar=1, surveys=False):
        if month.month >= 0:
            left += month.left.sum()
            there += month.people.active.sum()
            orders += sum(each.slot.size for each in month.orders)
    assert abs(left / there - 0.02) < 4 * np.sqrt(0.02 / there) + 0.0005
    assert 0.2 < orders / there < 0.6


def area(score, event):
    ranks, ones = rankdata(score), event.sum()
    return (ranks[event].sum() - ones * (ones + 1) / 2) / (ones * (event.size - ones))


def test_who_knows_the_intention_foresees_leaving_and_the_best_observer_nearly_does():
    """AUC of a month and of three, and probabilities that are right on average and in tenths."""
    settings, months, size = read_settings(["seed=2"]), 20, 4_096
    world, lengths = world_of(settings), np.diff(month_starts(settings.first_day, months))[BURN_IN:].astype(int)
    days = np.concatenate([[0], np.cumsum(lengths)])
    observer = Observer(world, size, calendar=1, behaviour=True)
    found, left_at = [], {}
    for month in live(world, Noise(2, 0, size), months, calendar=1, surveys=False, keep_start=True):
        observer.meet(month.joined)
        now, people = month.month, month.people
        if 3 <= now < months - 4:
            shares = [np.stack([month.start.intention == s, observer.shares[s]]).astype(float) for s in range(STATES)]
            chance = foresee(world, month.start, shares, now, lengths[now : now + 4]).sum(axis=2)
            found.append((now, chance, month.start.generation.copy(), month.start.active.copy()))
        for slot in np.flatnonzero(month.left) if now >= 0 else ():
            left_at[slot, people.generation[slot]] = days[now] + month.stay[slot] * lengths[now]
        observer.see(month)
    scores, waits = [], []
    for now, chance, generation, active in found:
        slots = np.flatnonzero(active)
        scores.append(chance[..., slots])
        waits.append([left_at.get((slot, generation[slot]), np.inf) - days[now] for slot in slots])
    score, wait = np.concatenate(scores, axis=2), np.concatenate(waits)
    for place, horizon in enumerate(DAYS):
        gone = wait < horizon
        state, best = score[:, place]
        low, high = {7: (0.86, 0.94), 30: (0.87, 0.93), 60: (0.81, 0.89), 90: (0.77, 0.85)}[horizon]
        assert low < area(best, gone) + 0.02 < area(state, gone) + 0.02 < high + 0.02, horizon
        for each in (state, best):
            assert abs(each.mean() / gone.mean() - 1) < 4 / np.sqrt(gone.sum()), horizon
            tenth = each >= np.quantile(each, 0.9)
            assert abs(each[tenth].mean() / gone[tenth].mean() - 1) < 4 / np.sqrt(gone[tenth].sum()), horizon


@pytest.fixture(scope="module")
def announced(company, one_initiative):
    return company("customers=800", "months=16", "seed=5", f"initiatives={one_initiative}")


def test_logins_have_one_row_a_customer_and_month_known_on_the_first_of_the_next(announced):
    usage, contracts = announced.table("usage"), announced.table("subscriptions")
    assert not usage.duplicated(["customer_id", "timestamp"]).any()
    assert (usage.groupby("timestamp").size() == 800).all()
    assert (usage["known_at"] == usage["timestamp"] + pd.offsets.MonthBegin()).all()
    assert set(usage["measure"]) == {"logins"}
    joined = usage.merge(contracts, on="customer_id")
    assert (joined["timestamp"] >= pd.to_datetime(joined["start"])).all()
    assert not (joined["timestamp"] >= pd.to_datetime(joined["end"])).any()


def test_before_they_leave_customers_use_less_and_ask_more(announced):
    truth, usage = announced.truth("leaving"), announced.table("usage")
    usage["month"] = usage["timestamp"].dt.to_period("M").astype(int) - pd.Period("2023-01").ordinal + 1
    both = usage.merge(truth, on=["customer_id", "month"])  # the month before, and the intention at its end
    assert len(both) > 10_000
    logins = both.groupby("intention")["value"].mean()
    assert logins["need"] < 0.5 * logins["none"]
    assert logins["service"] < 0.8 * logins["none"]
    contacts = announced.table("interactions")
    contacts["month"] = contacts["timestamp"].dt.to_period("M").astype(int) - pd.Period("2023-01").ordinal + 1
    reminded = contacts[contacts["kind"] == "reminder"].merge(truth, on=["customer_id", "month"])
    assert (reminded["intention"] == "involuntary").mean() > 0.2
    written = contacts["kind"].isin(["enquiry", "reminder"])
    assert contacts.loc[written, ["touchpoint", "minutes", "resolved_first_contact"]].isna().all().all()
    assert contacts.loc[~written, "touchpoint"].notna().all()


def test_probabilities_of_leaving_add_up_over_reasons_and_grow_with_the_horizon(announced):
    truth = announced.truth("leaving")
    assert set(truth["intention"]) <= {"none", *REASONS}
    assert truth.groupby("month").size().eq(800)[:-1].all()  # and, after the records, those who have not left
    assert truth["month"].max() == 16
    for view in ("state", "observer"):
        for days in DAYS:
            parts = truth[[f"{view}_{days}_{reason}" for reason in REASONS]].sum(axis=1)
            assert np.allclose(parts, truth[f"{view}_{days}"], atol=1e-6)
        assert (np.diff(truth[[f"{view}_{days}" for days in DAYS]], axis=1) > 0).all()
        assert truth[f"{view}_90"].max() < 1
