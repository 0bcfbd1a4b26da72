"""Waves that share their controls: one effect, whose error counts each customer once."""

import numpy as np
import pytest

from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import difference
from workbench.models.trials.stacks import Stack, pooled


def stack(values, wave, which):
    rows = np.flatnonzero((wave == which) | (wave < 0))
    found = difference(Sample(values=values[rows], treated=wave[rows] == which))
    return Stack(rows=rows, found=found, weight=float((wave == which).sum()))


def world(seed, effect=0.0, n=600):
    rng = np.random.default_rng(seed)
    wave = rng.integers(-1, 3, n)  # −1: never
    return rng.normal(size=n) + effect * (wave >= 0), wave


def test_one_comparison_is_itself_and_none_is_nothing():
    values, wave = world(1)
    one = stack(values, wave, 0)
    found = pooled([one], len(values), None)
    assert (found.estimate, found.se, found.n) == pytest.approx((one.found.estimate, one.found.se, one.found.n))
    assert pooled([], 10, None) is None


def test_shared_controls_count_once():
    errors, naive, estimates = [], [], []
    for seed in range(20):
        values, wave = world(seed, effect=0.5)
        stacks = [stack(values, wave, each) for each in range(3)]
        found = pooled(stacks, len(values), None)
        plain = difference(Sample(values=values, treated=wave >= 0))  # all waves against all controls
        assert found.estimate == pytest.approx(plain.estimate, abs=1e-9)
        assert found.se == pytest.approx(plain.se, rel=0.02)
        estimates.append(found.estimate)
        errors.append(found.se)
        weight = np.array([each.weight for each in stacks]) / sum(each.weight for each in stacks)
        naive.append(np.sqrt(sum((w * each.found.se) ** 2 for w, each in zip(weight, stacks, strict=True))))
    assert np.mean(estimates) == pytest.approx(0.5, abs=0.07)
    assert np.mean(naive) < 0.8 * np.mean(errors)  # as if each wave had controls of its own


def test_of_units_the_error_is_that_of_units():
    values, wave = world(3)
    unit = np.arange(len(values)) // 10
    wave = wave[unit * 10]
    values = values + np.random.default_rng(4).normal(size=unit.max() + 1)[unit]
    stacks = [stack(values, wave, each) for each in range(3)]
    found, alone = pooled(stacks, len(values), unit), pooled(stacks, len(values), None)
    assert found.estimate == pytest.approx(alone.estimate)
    assert found.se > 1.5 * alone.se
    assert (found.kind, found.units) == ("clustered", unit.max() + 1)
