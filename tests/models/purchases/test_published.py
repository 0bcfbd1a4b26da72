"""Published numbers, from the raw logs (sources beside them), to the printed digit."""

import numpy as np
import pytest
from tests.models.purchases.logs import histories

from workbench.models.purchases import (
    Histories,
    bg_nbd,
    chances,
    expected_purchases,
    fit,
    mbg_nbd,
    pareto_nbd,
    posterior,
)
from workbench.models.purchases.fitting import _density, start
from workbench.statistics.hamiltonian import sample_nuts
from workbench.statistics.laplace import highest, importance_sample

BG = [0.243, 4.414, 0.793, 2.426]
PARETO = [0.553, 10.578, 0.606, 11.669]


@pytest.mark.parametrize(
    ("family", "digits", "published", "log_likelihood"),
    [
        # Fader, Hardie, Lee (2005), Table 1
        (bg_nbd(), 3, [0.243, 4.414, 0.793, 2.426], -9582.43),
        # BTYDplus, as quoted in the tests of lifetimes
        (mbg_nbd(), 3, [0.525, 6.183, 0.891, 1.614], -9582.14),
        # Fader, Hardie (2005), A note on deriving the Pareto/NBD model
        (pareto_nbd(), 3, [0.553, 10.578, 0.606, 11.669], -9594.98),
    ],
)
def test_the_cdnow_sample_gives_the_published_estimates(family, digits, published, log_likelihood):
    found = fit(family, histories()[0])
    assert found.converged
    assert np.round(found.estimate, digits) == pytest.approx(published, abs=1e-9)
    assert round(found.log_likelihood, 2) == log_likelihood


def test_standard_errors_of_the_pareto_nbd_are_those_of_clvtools():
    errors = fit(pareto_nbd(), histories()[0]).errors
    assert errors == pytest.approx([0.0476, 0.843, 0.187, 6.21], rel=2e-3)


@pytest.mark.parametrize(
    ("family", "digits", "estimate", "log_likelihood"),
    [
        (bg_nbd(), (4, 3, 4, 3), [0.2516, 4.789, 0.7234, 2.161], -95368.4),
        (mbg_nbd(), (4, 3, 4, 3), [0.6371, 7.310, 0.8075, 1.228], -95337.0),
        (pareto_nbd(), (4, 3, 4, 3), [0.5974, 11.586, 0.5222, 8.828], -95415.1),
    ],
)
def test_all_23570_customers(family, digits, estimate, log_likelihood):
    found = fit(family, histories("master")[0])
    assert [round(float(each), n) for each, n in zip(found.estimate, digits, strict=True)] == estimate
    assert round(found.log_likelihood, 1) == log_likelihood


def test_expected_purchases_of_a_newcomer():
    # Fader and Hardie's spreadsheet for the BG/NBD, with its unrounded estimates; the Pareto/NBD by its closed form
    times = [1 / 7, 1, 3, 31.8571, 32, 78]
    known = fit(bg_nbd(), histories()[0]).estimate
    found = [float(expected_purchases(bg_nbd(), known, Histories.newcomer(), t)[0]) for t in times]
    assert np.round(found[:5], 4).tolist() == [0.0078, 0.0532, 0.1506, 1.0405, 1.0437]
    # The spreadsheet's estimates differ in the last digits: 1.8576 there, 1.8579 with estimates fitted anew
    assert found[5] == pytest.approx(1.8579, abs=1e-4)
    r, alpha, s, beta = PARETO
    for t, printed in zip((1, 2, 3), (0.0510, 0.0996, 0.1461), strict=True):
        found = float(expected_purchases(pareto_nbd(), PARETO, Histories.newcomer(), t)[0])
        assert found == pytest.approx(r * beta / alpha / (s - 1) * (1 - (beta / (beta + t)) ** (s - 1)), rel=1e-9)
        assert round(found, 4) == printed


def test_conditional_expectations_and_p_active():
    one = Histories.of([2], [30.43], [38.86])  # Fader and Hardie's spreadsheet
    assert round(float(expected_purchases(bg_nbd(), BG, one, 39)[0]), 3) == 1.226
    best = Histories.of([26], [30.86], [31])  # BTYD walkthrough, customer 1516
    assert round(float(pareto_nbd().active(PARETO, best)[0]), 4) == 0.9979
    assert round(float(expected_purchases(pareto_nbd(), PARETO, best, 52)[0]), 2) == 25.46


def test_chances_of_counts():
    # Manual of BTYD, bgnbd.pmf
    assert chances(bg_nbd(), BG, 39, 0)[0] == pytest.approx(0.5737864, abs=5e-8)
    assert np.round(chances(bg_nbd(), BG, 30, 13)[11:], 7).tolist() == [0.0019995, 0.0015170, 0.0011633]


@pytest.mark.parametrize("family", [bg_nbd(), mbg_nbd(), pareto_nbd()], ids=lambda family: family.name)
def test_the_posterior_of_the_sample_may_be_used(family):
    _, sample = posterior(family, histories()[0], draws=1000, seed=1)
    assert sample.k <= 0.5
    assert sample.effective > 300


def test_the_posterior_agrees_with_nuts_on_all_customers():
    # pymc-marketing 1.3, default priors: r .252 ± .0042, α 4.80 ± .131, a .724 ± .056, b 2.17 ± .21
    draws, sample = posterior(bg_nbd(), histories("master")[0], draws=2000, seed=1)
    mean, sd = np.array([0.252, 4.80, 0.724, 2.17]), np.array([0.0042, 0.131, 0.056, 0.21])
    assert sample.k <= 0.5
    assert (np.abs(draws.mean(axis=0) - mean) < 0.1 * sd + [0.0005, 0.005, 0.0005, 0.005]).all()  # and their rounding
    assert draws.std(axis=0) == pytest.approx(sd, rel=0.1)


def test_the_hold_out_of_the_sample_has_1882_purchases():
    assert int(histories()[1].sum()) == 1882


@pytest.mark.slow
def test_importance_sampling_and_nuts_agree_on_the_sample():
    few = histories()[0].collapsed()[0]
    density = _density(bg_nbd(), few, None)
    mode = highest(density, start(bg_nbd(), few))
    weighted = importance_sample(density, mode, draws=4000, seed=1)
    chains = sample_nuts(density, mode, draws=4000, seed=1)
    assert chains.sound
    apart = (chains.draws.mean(axis=0) - weighted.draws.mean(axis=0)) / weighted.draws.std(axis=0)
    assert np.abs(apart).max() < 0.1
    assert chains.draws.std(axis=0) == pytest.approx(weighted.draws.std(axis=0), rel=0.1)
