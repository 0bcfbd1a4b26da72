"""Attributes that make customers buy faster: planted effects, units, and what cannot be fitted."""

import numpy as np
import pandas as pd
import pytest
from tests.models.purchases.test_calibration import customers

from workbench.errors import DataError
from workbench.models.purchases import Histories, bg_nbd, expected_purchases, mbg_nbd, pareto_nbd
from workbench.models.purchases.covariates import log_likelihood, own_time, paces_of, posterior
from workbench.models.purchases.forecast import of_weights

KNOWN = {"bg": [0.5, 6.0, 0.8, 2.5], "mbg": [0.6, 6.0, 0.8, 2.0], "pareto": [0.6, 8.0, 0.7, 10.0]}


def planted(name, effects, size=4000, seed=1):
    """Customers whose time runs as fast as their attributes say: a flag and a number."""
    random = np.random.default_rng(seed)
    attributes = np.column_stack([random.random(size) < 0.4, random.normal(2, 1, size)])
    pace = np.exp(attributes @ effects)
    r, alpha, first, second = KNOWN[name]
    own = [r, alpha / pace, first, second / pace if name == "pareto" else second]
    return customers(name, own, random, size)[0], attributes


@pytest.mark.parametrize(("name", "family"), [("bg", bg_nbd()), ("mbg", mbg_nbd()), ("pareto", pareto_nbd())])
def test_planted_effects_are_found(name, family):
    effects = np.array([0.7, -0.3])
    histories, attributes = planted(name, effects)
    found = posterior(family, histories, attributes, draws=200, seed=1)
    assert found.sample.sound
    apart = (found.effects.mean(axis=0) - effects) / found.effects.std(axis=0)
    assert np.abs(apart).max() < 3
    truth = np.log(KNOWN[name])
    apart = (np.log(found.parameters).mean(axis=0) - truth) / np.log(found.parameters).std(axis=0)
    assert np.abs(apart).max() < 3


def test_own_time_is_a_change_of_unit():
    one = Histories.of([3, 0], [20.0, 0.0], [39.0, 30.0], [1.0, 0.0])
    faster = own_time(one, np.full(2, 7.0))
    days = [0.243, 4.414 * 7, 0.793, 2.426]
    weekly = expected_purchases(bg_nbd(), [0.243, 4.414, 0.793, 2.426], one, 39)
    assert expected_purchases(bg_nbd(), days, faster, 39 * 7) == pytest.approx(weekly, rel=1e-9)


def test_a_density_does_not_depend_on_where_a_constant_is_put():
    """α e^(-γ) in place of an effect γ of everybody's attribute 1."""
    one = Histories.of([3, 0, 10], [20.0, 0.0, 36.0], [39.0, 30.0, 38.0])
    same = log_likelihood(bg_nbd(), np.array([0.243, 4.414, 0.793, 2.426]), np.array([0.5]), one, np.ones((3, 1)))
    moved = bg_nbd().log_likelihood([0.243, 4.414 * np.exp(-0.5), 0.793, 2.426], one)
    assert same == pytest.approx(moved, rel=1e-12)


def test_attributes_that_do_not_vary_are_refused():
    one = Histories.of([3, 0, 10], [20.0, 0.0, 36.0], [39.0, 30.0, 38.0])
    with pytest.raises(DataError, match="columns that vary"):
        posterior(bg_nbd(), one, np.ones((3, 1)), draws=10, seed=1)


def attributes_of(flag, amount):
    return pd.DataFrame({"member": np.where(flag > 0, "yes", "no"), "size": amount})


def test_effects_are_told_beside_the_commonest_level_and_a_pace_is_relative():
    effects = np.array([0.7, -0.3])
    histories, known = planted("bg", effects)
    found = paces_of(histories, attributes_of(*known.T), seed=1)
    rows = found.effects.set_index("attribute")
    assert rows.loc["member", ["level", "customers"]].tolist() == ["yes", int(known[:, 0].sum())]
    assert rows.loc["member", "lower"] < np.exp(0.7) < rows.loc["member", "upper"]
    assert rows.loc["size", "lower"] < np.exp(-0.3 * known[:, 1].std()) < rows.loc["size", "upper"]
    assert np.log(found.pace).mean() == pytest.approx(0)
    assert np.corrcoef(np.log(found.pace), known @ effects)[0, 1] > 0.99


def test_customers_who_have_just_come_are_forecast_by_their_attributes():
    """Of a newcomer nothing but attributes is known: twice the pace is twice the orders of a short time."""
    effects = np.array([0.7, 0.0])
    histories, known = planted("bg", effects)
    pace = np.exp(known @ effects - (known @ effects).mean())
    one, two = histories.rows(np.arange(2000)), Histories.of([0.0] * 2000, [0.0] * 2000, [0.0] * 2000)
    both = Histories.of(
        *(np.concatenate([getattr(each, name) for each in (one, two)]) for name in ("frequency", "recency", "observed"))
    )
    paces = np.concatenate([pace[:2000], np.where(np.arange(2000) % 2, 0.5, 1.0)])
    forecast = of_weights(both, [bg_nbd()], [1.0], unit_days=7, seed=1, draws=200, pace=paces)
    expected = np.concatenate([block.rate.mean(axis=1) for block in forecast.blocks()])
    rows = np.concatenate([block.rows for block in forecast.blocks()])
    rate = np.empty(len(rows))
    rate[rows] = expected
    slow, fast = rate[2001::2].mean(), rate[2000::2].mean()
    assert slow / fast == pytest.approx(0.5, rel=0.05)


def test_the_forecast_of_all_is_that_of_planted_paces():
    effects = np.array([0.9, 0.0])
    histories, known = planted("pareto", effects, size=3000)
    pace = np.exp(known @ effects)
    forecast = of_weights(histories, [pareto_nbd()], [1.0], unit_days=7, seed=1, draws=100, pace=pace)
    r, alpha, s, beta = KNOWN["pareto"]
    truth = sum(
        expected_purchases(
            pareto_nbd(), np.array([r, alpha / own, s, beta / own]), histories.rows(np.flatnonzero(pace == own)), 26.0
        ).sum()
        for own in np.unique(pace)
    )
    assert forecast.totals(26.0).mean() == pytest.approx(truth, rel=0.05)


def test_attributes_that_say_nothing_are_refused_by_name():
    histories, known = planted("bg", np.zeros(2), size=300)
    with pytest.raises(DataError, match="covariates: member has 1 levels"):
        paces_of(histories, pd.DataFrame({"member": ["yes"] * 300}), seed=1)
    gaps = known[:, 1].copy()
    gaps[:4] = np.nan
    with pytest.raises(DataError, match="size has no number for 4 customers"):
        paces_of(histories, pd.DataFrame({"size": gaps}), seed=1)
