import numpy as np
import pytest
from lifelines.utils import concordance_index

from workbench.evaluation.concordance import concordance, count_pairs


def sample(size, seed):
    random = np.random.default_rng(seed)
    risk = np.round(random.normal(size=size), 1)
    life, followed = np.ceil(random.exponential(10 * np.exp(-risk))), random.integers(1, 30, size)
    return np.minimum(life, followed), life <= followed, risk


def test_agrees_with_lifelines_under_ties_of_time_and_risk():
    durations, events, risk = sample(400, 3)
    share, _ = concordance([count_pairs(durations, events, risk)])
    assert share == pytest.approx(concordance_index(durations, -risk, events), abs=1e-12)


def test_every_pair_is_counted_once_by_merging_as_by_comparing_all():
    random = np.random.default_rng(3)
    for size in (1, 2, 3, 17, 130):
        durations, events = random.integers(1, 9, size).astype(float), random.random(size) < 0.6
        risk, weights = random.integers(0, 6, size), random.random(size)
        outlived = (durations[:, None] < durations) | ((durations[:, None] == durations) & ~events)
        pair = (outlived & events[:, None]) * weights[:, None]
        agree = pair * ((risk[:, None] > risk) + 0.5 * (risk[:, None] == risk))
        counted = count_pairs(durations, events, risk, weights=weights)
        assert counted.right == pytest.approx(agree.sum(axis=0) + agree.sum(axis=1))
        assert counted.comparable == pytest.approx(pair.sum(axis=0) + pair.sum(axis=1))


def test_a_perfect_ranking_is_1_and_its_opposite_0():
    durations, events = np.arange(1.0, 9), np.ones(8, dtype=bool)
    assert concordance([count_pairs(durations, events, -durations)]) == (1, 0)
    assert concordance([count_pairs(durations, events, durations)]) == (0, 0)


def test_without_a_pair_to_compare_it_is_not_a_number():
    share, _ = concordance([count_pairs(np.ones(3), np.ones(3, dtype=bool), np.arange(3.0))])
    assert np.isnan(share)


def test_standard_error_is_the_spread_over_samples():
    results = np.array([concordance([count_pairs(*sample(150, seed))]) for seed in range(200)])
    assert results[:, 1].mean() == pytest.approx(results[:, 0].std(), rel=0.15)


def test_a_boundless_risk_is_the_lowest():
    durations, events = np.array([1.0, 2, 3]), np.array([True, True, False])
    share, _ = concordance([count_pairs(durations, events, np.array([2.0, 1.0, -np.inf]))])
    assert share == 1
