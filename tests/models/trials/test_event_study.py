"""Customers who were chosen: side by side they tell the effect; where they part as before, bounds hold it."""

import numpy as np
import pytest

from workbench.models.trials.differences import overlap_weights
from workbench.models.trials.event_study import Start, event_study, pooled_studies


def world(seed, *, n=800, before=4, after=3, effect=0.0, slope=0.0, autocorrelation=0.5):
    """Levels of customers, a season that all share, errors that move together over time, and a trend of the chosen."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 2, n)
    treated = rng.random(n) < 1 / (1 + np.exp(-level / 2))  # the better ones volunteer
    size = before + after
    noise = rng.normal(size=(n, size))
    for period in range(1, size):
        noise[:, period] = autocorrelation * noise[:, period - 1] + np.sqrt(1 - autocorrelation**2) * noise[:, period]
    place = np.arange(size) - before + 1
    values = level[:, None] + np.sin(np.arange(size)) + noise + np.outer(treated, slope * place)
    return values + np.outer(treated, effect * (place > 0)), treated


def exact(gaps, before):
    """A study of two kinds without any noise."""
    values = np.vstack([np.tile(gaps, (10, 1)), np.zeros((10, len(gaps)))]).astype(float)
    return event_study(values, np.arange(20) < 10, before)


def test_by_hand_the_bounds_are_those_of_the_paper():
    study = exact([0, 1, 3, 4], before=3)  # steps 1 and 2 before, then 1
    assert study.combined(study.change)[0] == pytest.approx(4 - 4 / 3)
    assert study.bounded(0.9) == pytest.approx((1 - 2, 1 + 2))
    assert study.bounded(0.9, magnitude=0.5) == pytest.approx((0, 2))
    assert study.trend_goes_on(0.9)[0] == pytest.approx(1 - 1.5)
    assert study.breakdown(0.9) == pytest.approx(0.5, abs=1e-6)
    longer = exact([0, 1, 3, 5, 5], before=3)  # two periods after: a step of 2 each moves their mean by 3
    assert longer.bounded(0.9) == pytest.approx((2 - 3, 2 + 3))
    assert exact([1, 2], before=1).bounded(0.9) is None
    assert np.isnan(exact([1, 2], before=1).placebo_p())


def test_without_an_effect_there_is_none_and_side_by_side_it_is_told():
    for effect in (0.0, 0.5):
        off = []
        for seed in range(20):
            study = event_study(*(world(seed, effect=effect)), before=4)
            estimate, influence = study.combined(study.change)
            off.append((estimate - effect) / np.sqrt((influence**2).sum()))
        assert abs(np.mean(off)) < 3 / 20**0.5
        assert 0.6 < np.std(off) < 1.4


def test_trends_that_part_fool_the_difference_and_stay_within_the_bounds():
    held = naive = warned = 0
    for seed in range(20):
        study = event_study(*world(seed, slope=0.15), before=4)
        low, high = study.bounded(0.9)
        held += low <= 0 <= high
        estimate, influence = study.combined(study.change)
        naive += abs(estimate) < 1.645 * np.sqrt((influence**2).sum())
        warned += study.placebo_p() < 0.05
        middle, low, high = study.trend_goes_on(0.9)
        assert low < middle < high
    assert held == 20
    assert naive <= 4
    assert warned >= 16


def test_arms_exchanged_turn_the_sign_and_a_constant_changes_nothing():
    values, treated = world(1, effect=0.3)
    found, turned = event_study(values, treated, 4), event_study(values, ~treated, 4)
    assert turned.combined(turned.change)[0] == pytest.approx(-found.combined(found.change)[0])
    assert turned.bounded(0.9) == pytest.approx([-each for each in found.bounded(0.9)[::-1]])
    assert event_study(values + 7, treated, 4).bounded(0.9) == pytest.approx(found.bounded(0.9))


def test_starts_that_share_their_controls_are_one_study():
    values, treated = world(2, effect=0.3)
    whole = event_study(values, treated, 4)
    rows = np.arange(len(values))
    start = Start(rows=rows, treated=treated, study=whole)
    same = pooled_studies([start, start], len(values))
    assert same.gaps == pytest.approx(whole.gaps)
    assert same.bounded(0.9) == pytest.approx(whole.bounded(0.9))  # the same twice is no more than once


def test_gaps_of_records_are_left_out_of_their_period():
    values, treated = world(3)
    values[::7, 2] = np.nan
    study = event_study(values, treated, 4)
    seen = np.isfinite(values[:, 2])
    assert study.gaps[2] == pytest.approx(values[seen & treated, 2].mean() - values[seen & ~treated, 2].mean())
    assert event_study(np.where(treated[:, None], np.nan, values), treated, 4) is None


def test_units_of_one_start_and_one_customer_each_are_welch():
    rng = np.random.default_rng(4)
    values, treated = rng.normal(size=(20, 2)), np.arange(20) < 7
    start = Start(rows=np.arange(20), treated=treated, study=event_study(values, treated, 1))
    found = pooled_studies([start], 20, np.arange(20))
    change = values[:, 1] - values[:, 0]
    estimate, influence = found.combined(found.change)
    assert estimate == pytest.approx(change[treated].mean() - change[~treated].mean())
    assert (influence**2).sum() == pytest.approx(change[treated].var(ddof=1) / 7 + change[~treated].var(ddof=1) / 13)
    assert found.df == 6


def by_start(waves, *, seed=0, size=20, months=12):
    """One shop after the other, a month apart, three customers' worth of noise; those of the last months still wait."""
    rng = np.random.default_rng(seed)
    shop = np.repeat(np.arange(waves), size)
    level = rng.normal(0, 1, (waves, months))[shop] + rng.normal(0, 3, (len(shop), months)) + np.sin(np.arange(months))
    parts = []
    for each in range(waves - 4):
        rows = np.flatnonzero((shop == each) | (shop >= each + 4))
        treated, now = shop[rows] == each, 4 + each
        study = event_study(level[rows][:, now - 3 : now + 2], treated, 3)
        parts.append(Start(rows=rows, treated=treated, study=study))
    return parts, len(shop), shop


def test_one_unit_a_start_has_the_error_of_how_they_differ():
    """About the mean of its own start a lone unit has none: by hand, at least the spread of the four starts."""
    parts, size, shop = by_start(8)
    found = pooled_studies(parts, size, shop)
    _, influence = found.combined(found.change)
    own = np.array([each.study.combined(each.study.change)[0] for each in parts])
    treated = ((own - own.mean()) ** 2).sum() / 4**2 * 4 / 3
    assert found.df == 3
    assert (influence**2).sum() > treated
    assert pooled_studies(parts[:1], size, shop) is None


@pytest.mark.slow
@pytest.mark.parametrize("waves", [8, 12])
def test_intervals_of_one_unit_a_start_hold_the_truth(waves):
    held = 0
    for seed in range(400):
        found = pooled_studies(*by_start(waves, seed=seed, months=waves + 2))
        low, high = found._interval(found.change, 0.9)
        held += low <= 0 <= high
    assert held / 400 >= 0.9 - 2 * 0.015


@pytest.mark.slow
def test_intervals_hold_the_truth_in_200_worlds_where_the_naive_does_not():
    held = {"side by side": 0, "parted": 0, "naive": 0}
    for seed in range(200):
        values, treated = world(1000 + seed, effect=0.4)
        study = event_study(values, treated, 4, overlap_weights(np.ones((len(values), 1)), treated))
        estimate, influence = study.combined(study.change)
        held["side by side"] += abs(estimate - 0.4) < 1.645 * np.sqrt((influence**2).sum())
        study = event_study(*world(3000 + seed, effect=0.4, slope=0.15), before=4)
        low, high = study.bounded(0.9)
        held["parted"] += low <= 0.4 <= high
        estimate, influence = study.combined(study.change)
        held["naive"] += abs(estimate - 0.4) < 1.645 * np.sqrt((influence**2).sum())
    assert 170 <= held["side by side"] <= 190
    assert held["parted"] >= 170
    assert held["naive"] < 60
