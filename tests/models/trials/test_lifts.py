"""Lifts of pilots: planted ones are found, with what was there before taken off, and visits since the start counted."""

import numpy as np
import pytest

from workbench.models.trials.lifts import Rated, lift_against_control, lift_by_lot

CUTS = np.array([-1.5, -0.8, 0.0, 1.0])


def pilot(n=4000, *, lift=0.6, apart=0.0, met=1.0, window=6, seed=1, trend=0.0):
    """Half of the answers before the start; the treated lie `apart` always and rise by `lift` where they met it."""
    random = np.random.default_rng(seed)
    treated = random.uniform(size=n) < 0.5
    months = random.uniform(-window, window, n)
    touched = (months >= 0) & (random.uniform(size=n) < met)
    latent = random.normal(size=n) + apart * treated + trend * months * treated / window + lift * treated * touched
    rating = 1.0 + (latent[:, None] > CUTS).sum(axis=1)
    unit = random.integers(0, n // 2, n)
    return Rated(unit=unit, treated=treated, months=months, rating=rating)


def covers(shift, truth, width=2.6):
    return abs(shift.estimate - truth) < width * shift.error


def test_what_chance_dealt_is_told_by_the_answers_after_the_start():
    rated = pilot(lift=0.6)
    found = lift_by_lot(rated, np.ones(len(rated.unit)), draws=200, random_seed=1)
    assert covers(found.lift, 0.6)
    n = min(found.lift.treated, found.lift.control)
    assert found.lift.error == pytest.approx(np.sqrt(2 / n / 0.88), rel=0.15)  # five points keep .88 of the information
    assert found.before is None


def test_who_was_there_last_before_the_start_dilutes_and_is_counted_so():
    rated = pilot(lift=0.8, met=0.5, n=8000)
    known = lift_by_lot(rated, np.full(len(rated.unit), 0.5), draws=100, random_seed=1)
    unknown = lift_by_lot(rated, np.ones(len(rated.unit)), draws=100, random_seed=1)
    assert covers(known.lift, 0.8)
    assert unknown.lift.estimate == pytest.approx(0.4, abs=0.1)


def test_what_was_there_before_is_taken_off():
    rated = pilot(lift=0.5, apart=0.7, n=8000)
    found = lift_against_control(rated, np.ones(len(rated.unit)), window=6, draws=100, random_seed=1)
    assert covers(found.lift, 0.5)
    assert covers(found.raw, 1.2)
    assert covers(found.before, 0.7)
    assert covers(found.placebo, 0.0)


def test_a_placebo_tells_of_arms_that_drifted_apart_before():
    rated = pilot(lift=0.0, trend=1.2, n=12000)
    found = lift_against_control(rated, np.ones(len(rated.unit)), window=6, draws=100, random_seed=1)
    assert found.placebo.estimate > 3 * found.placebo.error


def test_several_answers_of_a_customer_are_not_several_customers():
    rated = pilot(lift=0.3, n=1500)
    doubled = Rated(
        unit=np.repeat(rated.unit, 4),
        treated=np.repeat(rated.treated, 4),
        months=np.repeat(rated.months, 4),
        rating=np.repeat(rated.rating, 4),
    )
    one, four = (
        lift_by_lot(each, np.ones(len(each.unit)), draws=200, random_seed=1).lift.error for each in (rated, doubled)
    )
    assert four == pytest.approx(one, rel=0.02)


def test_a_rating_that_the_control_never_gave_counts_as_the_next():
    rated = pilot(lift=0.5)
    low = Rated(
        unit=rated.unit,
        treated=rated.treated,
        months=rated.months,
        rating=np.where(~rated.treated & (rated.rating == 1), 2.0, rated.rating),
    )
    assert np.isfinite(lift_by_lot(low, np.ones(len(low.unit)), draws=50, random_seed=1).lift.draws).all()


def test_arms_dealt_in_other_shares_from_stratum_to_stratum_are_weighted_to_the_same_strata():
    """Four in five treated where all rate .8 deviations higher, one in five elsewhere; nothing was lifted."""
    random = np.random.default_rng(1)
    n = 4000
    upper = random.uniform(size=n) < 0.5
    treated = random.uniform(size=n) < np.where(upper, 0.8, 0.2)
    rating = 1.0 + (random.normal(size=n)[:, None] + 0.8 * upper[:, None] > CUTS).sum(axis=1)
    share = np.where(upper, treated[upper].mean(), treated[~upper].mean())
    told = []
    for weight in (None, 1 / np.where(treated, share, 1 - share)):
        rated = Rated(unit=np.arange(n), treated=treated, months=np.full(n, 5.0), rating=rating, weight=weight)
        told.append(lift_by_lot(rated, np.ones(n), draws=100, random_seed=1).lift)
    plain, weighted = told
    assert plain.estimate > 10 * plain.error
    assert covers(weighted, 0.0)
    assert weighted.error < 1.5 * plain.error


@pytest.mark.parametrize("change", [{"rating": 3.0}, {"treated": True}])
def test_nothing_is_told_where_all_ratings_are_one_or_all_are_treated(change):
    rated = pilot(n=400)
    values = {"rating": rated.rating, "treated": rated.treated} | {
        name: np.full(len(rated.unit), value) for name, value in change.items()
    }
    given = Rated(unit=rated.unit, months=rated.months, **values)
    met = np.ones(len(rated.unit))
    assert lift_by_lot(given, met, draws=20, random_seed=1) is None
    assert lift_against_control(given, met, window=6, draws=20, random_seed=1) is None
