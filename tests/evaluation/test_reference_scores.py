"""Scores against scikit-survival, where the definitions coincide (no censoring at the moment of a leaving)."""

import numpy as np
import pandas as pd
import pytest

from workbench.evaluation.brier import integrated, weighted_errors
from workbench.evaluation.censoring import CensoringSurvival, marginal, safe_until
from workbench.evaluation.concordance import auc_at, concordance, count_dependent_pairs, count_pairs, uno_weights
from workbench.evaluation.smooth_calibration import calibration_distances, observed_shares

metrics = pytest.importorskip("sksurv.metrics")
TIMES = np.linspace(0.05, 2, 30)


@pytest.fixture(scope="module")
def sample():
    random = np.random.default_rng(0)
    risk = random.normal(size=400)
    life, cut = random.exponential(np.exp(-risk)), random.uniform(0, 3, 400)
    durations, events = np.minimum(life, cut), life <= cut
    survival = np.exp(-TIMES * np.exp(0.7 * risk)[:, None])
    rows = pd.DataFrame({"duration": durations})
    return durations, events, risk, survival, marginal(durations, events)(rows, TIMES)


@pytest.fixture(scope="module")
def reference(sample):
    from sksurv.util import Surv

    return Surv.from_arrays(sample[1], sample[0])


def test_brier_scores_and_their_integral_are_the_references(sample, reference):
    durations, events, _, survival, followed = sample
    errors = weighted_errors(durations, events, survival, TIMES, followed).mean(axis=0)
    assert errors == pytest.approx(metrics.brier_score(reference, reference, survival, TIMES)[1], abs=1e-12)
    expected = metrics.integrated_brier_score(reference, reference, survival, TIMES)
    assert integrated(errors, TIMES) == pytest.approx(expected, abs=1e-12)


def test_unos_concordance_is_the_references(sample, reference):
    durations, events, risk, _, followed = sample
    pairs = count_pairs(durations, events, risk, weights=uno_weights(durations, followed.before, 1.5))
    expected = metrics.concordance_index_ipcw(reference, reference, risk, tau=1.5)[0]
    assert concordance([pairs])[0] == pytest.approx(expected, abs=1e-12)


def test_pairs_weighted_by_both_customers_recover_the_concordance_that_full_follow_up_has():
    random = np.random.default_rng(3)
    risk = random.normal(size=6000)
    life = random.exponential(np.exp(-risk))
    cut = random.exponential(2 * np.exp(-1.2 * risk))  # who leaves soon is followed briefly
    durations, events = np.minimum(life, cut), life <= cut
    until = 0.8
    whole = concordance([count_pairs(life, life < until, risk)])[0]

    def followed_at(times):
        return np.exp(-np.outer(np.exp(1.2 * risk) / 2, times))

    before = np.exp(-durations * np.exp(1.2 * risk) / 2)
    mended = concordance([count_dependent_pairs(durations, events, risk, before, followed_at, until)])[0]
    same = marginal(durations, events)(pd.DataFrame({"duration": durations}), np.array([until])).before
    plain = concordance([count_pairs(durations, events, risk, weights=uno_weights(durations, same, until))])[0]
    assert mended == pytest.approx(whole, abs=0.012)
    assert abs(plain - whole) > abs(mended - whole)


def test_auc_over_time_is_the_references(sample, reference):
    durations, events, risk, _, followed = sample
    tied = risk.round(1)
    for scores in (risk, tied):
        expected = metrics.cumulative_dynamic_auc(reference, reference, scores, [0.5, 1, 2])[0]
        at = np.ones((len(durations), 1))
        ours = [auc_at(durations, events, scores, CensoringSurvival(followed.before, at), time) for time in (0.5, 1, 2)]
        assert ours == pytest.approx(expected, abs=1e-12)


def test_the_safe_time_keeps_fifty_at_risk_and_a_tenth_followed():
    durations = np.arange(1.0, 201)
    few_left = safe_until(durations, np.ones(200, dtype=bool))
    assert few_left == 151  # 50 are at risk there
    often_cut = safe_until(durations, np.zeros(200, dtype=bool))
    assert often_cut == 151
    steep = safe_until(np.repeat([1.0, 2, 3], [900, 60, 60]), np.zeros(1020, dtype=bool))
    assert steep == 2  # 120 of 1,020 are followed to 2 and are seen there; beyond it less than a tenth is


def test_the_smooth_curve_finds_how_far_predictions_are_off():
    random = np.random.default_rng(5)
    rate = np.exp(random.normal(size=6000))
    life, cut = random.exponential(1 / rate), random.uniform(0.5, 4, 6000)
    durations, events = np.minimum(life, cut), life <= cut
    truth = np.exp(-rate)
    followed = marginal(durations, events)(pd.DataFrame({"duration": durations}), np.array([1.0]))
    right, spoilt = (
        calibration_distances(observed_shares(durations, events, said, 1.0, followed), said)
        for said in (truth, truth**2)
    )
    assert right[0] < 0.015
    assert spoilt[0] == pytest.approx(np.abs(truth - truth**2).mean(), abs=0.02)
    assert spoilt[1] <= spoilt[2]
