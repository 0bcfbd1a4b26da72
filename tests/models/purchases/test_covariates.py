"""Attributes that make customers buy faster: planted effects, units, and what cannot be fitted."""

import numpy as np
import pytest
from tests.models.purchases.test_calibration import customers

from workbench.errors import DataError
from workbench.models.purchases import Histories, bg_nbd, expected_purchases, mbg_nbd, pareto_nbd
from workbench.models.purchases.covariates import log_likelihood, own_time, posterior

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
