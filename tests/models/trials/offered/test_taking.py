"""Offers that not everybody takes: the offer first, taking second, and bounds where nothing is known of who takes."""

import numpy as np
import pytest

from workbench.errors import DataError, ParameterError
from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import difference
from workbench.models.trials.offered import bounds_of_taking, effect_of_taking


def made(n=1000, *, seed=1, compliers=0.4, effect=1.0):
    """Compliers take what is offered; always-takers, who are better off anyway, a tenth."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[compliers, 0.1, 0.9 - compliers])
    offer = rng.random(n) < 0.5
    taken = (kind == 1) | ((kind == 0) & offer)
    values = rng.normal(size=n) + 2.0 * (kind == 1) + effect * taken
    return Sample(values=values, treated=offer), taken


def test_it_is_the_ratio_of_the_two_effects():
    sample, taken = made()
    found = effect_of_taking(sample, taken)
    offer, took = difference(sample), difference(sample.with_values(taken))
    assert found.estimate == pytest.approx(offer.estimate / took.estimate)
    assert found.lower < found.estimate < found.upper
    assert found.p_value == offer.p_value  # nothing of taking without something of the offer


def test_its_interval_covers_and_that_of_those_who_took_does_not():
    held, naive = 0, 0
    for seed in range(400):
        sample, taken = made(400, seed=seed)
        found = effect_of_taking(sample, taken)
        held += found.lower < 1.0 < found.upper
        plain = difference(Sample(values=sample.values, treated=taken))
        naive += plain.lower < 1.0 < plain.upper
    assert 339 <= held <= 381
    assert naive < 100


def test_an_offer_that_hardly_moves_anybody_excludes_nothing():
    held = 0
    for seed in range(200):
        sample, taken = made(300, seed=seed, compliers=0.03)
        try:
            found = effect_of_taking(sample, taken)
        except DataError:
            held += 1  # said that nothing can be told
            continue
        held += found.lower < 1.0 < found.upper
    assert held >= 170


def test_all_who_are_offered_take():
    sample, _ = made()
    found = effect_of_taking(sample, sample.treated)
    offer = difference(sample)
    assert (found.estimate, found.se) == pytest.approx((offer.estimate, offer.se))
    assert (found.lower, found.upper) == pytest.approx((offer.lower, offer.upper))
    with pytest.raises(DataError, match="moved nobody"):
        effect_of_taking(sample, ~sample.treated)


def test_bounds_hold_the_truth_and_are_manskis():
    rng = np.random.default_rng(3)
    n, effect = 4000, 0.2
    keen = rng.random(n)
    taken = keen > 0.7
    values = (rng.random(n) < 0.3 + 0.3 * keen + effect * taken).astype(float)
    sample = Sample(values=values, treated=taken)
    found = bounds_of_taking(sample, taken, least=0.0, most=1.0)
    share, mean = taken.mean(), [values[taken].mean(), values[~taken].mean()]
    low = share * mean[0] - ((1 - share) * mean[1] + share)
    high = share * mean[0] + (1 - share) - (1 - share) * mean[1]
    assert found.estimate == pytest.approx((low + high) / 2)
    assert found.lower < low < effect < high < found.upper
    assert high - low == pytest.approx(1.0)
    offer = rng.random(n) < 0.5
    taken = offer & (keen > 0.3)
    values = (rng.random(n) < 0.3 + 0.3 * keen + effect * taken).astype(float)
    narrower = bounds_of_taking(Sample(values=values, treated=offer), taken, least=0.0, most=1.0)
    assert narrower.upper - narrower.lower < 0.5
    assert narrower.lower < effect < narrower.upper
    with pytest.raises(ParameterError, match="expected all of it from 0 to"):
        bounds_of_taking(sample, taken, least=0.0, most=0.5)
