"""Chances of counts given a history, their scores, and weights by stacking."""

import numpy as np
import pytest
from scipy.stats import kstest

from workbench.models.purchases import Histories, bg_nbd, chances, expected_purchases, mbg_nbd, nbd, pareto_nbd
from workbench.models.purchases.counts import log_chances, scores
from workbench.models.purchases.drawing import natures
from workbench.models.purchases.stacking import stacked

KNOWN = {"BG/NBD": [0.243, 4.414, 0.793, 2.426], "MBG/NBD": [0.525, 6.183, 0.891, 1.614]}
KNOWN |= {"Pareto/NBD": [0.553, 10.578, 0.606, 11.669], "NBD": [0.385, 12.07]}
SOME = Histories.of([0, 3, 10], [0, 20, 36.0], [39, 39, 38.0])
ALL = [bg_nbd, mbg_nbd, pareto_nbd, nbd]


@pytest.mark.parametrize("make", [bg_nbd, pareto_nbd, nbd])
def test_a_newcomer_has_the_chances_of_a_newcomer(make):
    known = KNOWN[make().name]
    newcomers = Histories.of(np.zeros(30), np.zeros(30), np.zeros(30))
    found = log_chances([make()], [known], newcomers, 39.0, np.arange(30))
    assert np.exp(found[:, 0]) == pytest.approx(chances(make(), known, 39.0, 29), rel=1e-7)


@pytest.mark.parametrize("make", ALL)
def test_the_mean_of_counts_is_the_expectation(make):
    known = KNOWN[make().name]
    found = scores([make()], [known], [1.0], SOME, 39.0, np.array([0, 1, 30]))
    assert found.mean == pytest.approx(expected_purchases(make(), known, SOME, 39.0), rel=1e-5)


@pytest.mark.parametrize("stages", [1, 2])
@pytest.mark.parametrize("make", ALL)
def test_chances_are_those_of_drawn_customers(make, stages):
    family, known, draws = make(stages), KNOWN[make().name], 20_000
    block = next(natures(family, np.tile(known, (draws, 1)), SOME, seed=2))
    drawn = block.purchases(20.0)[np.argsort(block.rows)]
    for count in (0, 1, 4):
        found = np.exp(log_chances([family], [known], SOME, 20.0, np.full(3, count))[:, 0])
        assert (drawn == count).mean(axis=1) == pytest.approx(found, abs=4 * np.sqrt(0.25 / draws))


def test_scores_are_those_of_the_definition():
    known, later = [KNOWN["BG/NBD"], KNOWN["NBD"]], np.array([0, 2, 7])
    found = scores([bg_nbd(), nbd()], known, [0.7, 0.3], SOME, 39.0, later)
    for row in range(3):
        one = SOME.rows(np.full(400, row))
        each = np.exp(log_chances([bg_nbd(), nbd()], known, one, 39.0, np.arange(400))) @ [0.7, 0.3]
        each[each < 1e-11] = 0
        upto = np.cumsum(each)
        crps = np.sum((upto - (np.arange(400) >= later[row])) ** 2)
        assert found.crps[row] == pytest.approx(crps, rel=1e-4)
        assert found.log[row] == pytest.approx(np.log(each[later[row]]), rel=1e-9)
        assert found.upto[row] == pytest.approx(upto[later[row]], rel=1e-9)
        assert found.any[row] == pytest.approx(1 - each[0], rel=1e-9)


def test_places_of_counts_are_uniform_where_the_model_is_true():
    random, size = np.random.default_rng(5), 4_000
    known = KNOWN["BG/NBD"]
    histories = Histories.of(np.full(size, 3), np.full(size, 20.0), np.full(size, 39.0))
    block = natures(bg_nbd(), np.array([known]), histories, seed=4)
    later = np.concatenate([part.purchases(30.0)[:, 0] for part in block])
    found = scores([bg_nbd()], [known], [1.0], histories, 30.0, later)
    places = found.below + random.random(size) * (found.upto - found.below)
    assert kstest(places, "uniform").pvalue > 0.01


def test_stacking_finds_the_mixture():
    random = np.random.default_rng(1)
    models = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.34, 0.33, 0.33]])
    seen = random.choice(3, 20_000, p=[0.6, 0.4, 0.0] @ models)
    assert stacked(np.log(models[:, seen]).T, seed=1) == pytest.approx([0.6, 0.4, 0.0], abs=0.05)


def test_models_that_cannot_be_distinguished_share_the_weight():
    same = np.log(np.random.default_rng(1).uniform(0.1, 1, 500))
    assert stacked(np.column_stack([same, same]), seed=1) == pytest.approx([0.5, 0.5], abs=1e-9)
    noisy = np.random.default_rng(2).normal(0, 0.02, (500, 2))
    assert stacked(same[:, None] + noisy, seed=1).min() > 0.1
