from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from workbench.evaluation.recalibration import HeldOut, Recalibration, evaluate_recalibration, learn_recalibration


def told(seed, *, size=3000, level=0.0, scale=1.0, unit=1.0):
    """A forecast that says `relative`; customers leave at `exp(level)` times it, their log ratios times `scale`."""
    random = np.random.default_rng(seed)
    relative = random.normal(0, 0.7, size)
    rate = 0.03 / unit
    life = random.exponential(1 / (rate * np.exp(level + scale * relative)))
    follow = random.uniform(4, 12, size) * unit
    durations = np.minimum(life, follow)
    horizons = (3.0 * unit, 6.0 * unit)
    said = rate * np.exp(relative)
    return HeldOut(
        durations=durations,
        events=life <= follow,
        hazard=said * durations,
        relative=relative,
        horizons=horizons,
        at=said[:, None] * np.array(horizons),
        jump=np.zeros(size),
    )


def test_level_and_slope_of_a_shifted_world_are_found():
    learned = learn_recalibration(told(1, size=40_000, level=0.4, scale=0.6), shrink=False)
    assert 1 + learned.slope == pytest.approx(0.6, abs=0.05)
    assert learned.level + learned.slope * (0 - learned.centre) == pytest.approx(0.4, abs=0.05)


def test_the_estimate_is_scikit_learns_poisson_regression_of_leavers_for_each_one_foretold():
    world = told(2, level=0.2, scale=0.8)
    x = world.relative - np.average(world.relative, weights=world.hazard)
    fitted = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000).fit(
        x[:, None], world.events / world.hazard, sample_weight=world.hazard
    )
    learned = learn_recalibration(world, shrink=False)
    assert (learned.level, learned.slope) == pytest.approx((fitted.intercept_, fitted.coef_[0]), abs=1e-5)


def test_shrinkage_leaves_little_of_what_may_be_chance():
    kept = [learn_recalibration(told(seed)).shrinkage for seed in range(40)]
    assert np.mean(kept) < 0.4
    assert learn_recalibration(told(1, level=0.5)).shrinkage > 0.95


def test_it_helps_a_shifted_world_and_says_so():
    effect = evaluate_recalibration(told(3, level=0.4, scale=0.6), random_seed=1)
    assert effect.helps
    whole = effect.table[effect.table["horizon"].isna()].set_index("name")
    assert abs(whole.loc["observed_to_expected", "after"] - 1) < 0.05
    assert abs(whole.loc["calibration_slope", "after"] - 1) < 0.15
    at = effect.table.set_index(["name", "horizon"])
    assert at.loc[("ici", 6.0), "after"] < at.loc[("ici", 6.0), "before"] / 2
    assert at.loc[("brier", 6.0), "after"] < at.loc[("brier", 6.0), "before"]
    assert "are recalibrated" in effect.checks()[0].message
    assert effect.metrics()["ici_6_recalibrated"] < 0.03


def test_a_stable_world_is_left_as_it_is_by_the_rule_in_at_least_nine_of_ten_worlds():
    effects = [evaluate_recalibration(told(seed, size=1000), random_seed=seed) for seed in range(40)]
    changed = [effect for effect in effects if effect.helps]
    assert len(changed) <= 4
    left = next(effect for effect in effects if not effect.helps)
    assert left.recalibration.leaves_all
    assert "not recalibrated" in left.checks()[0].message
    assert "ici_6_recalibrated" not in left.metrics()


def test_few_leavers_teach_nothing():
    effect = evaluate_recalibration(told(1, size=60, level=1.0), random_seed=1)
    assert effect.recalibration.leaves_all
    assert "takes 50" in effect.checks()[0].message


def test_nobody_is_turned_round():
    assert learn_recalibration(told(1, size=20_000, scale=-0.5)).slope == -1.0


def test_the_unit_of_time_changes_nothing():
    first, second = (
        evaluate_recalibration(told(5, level=0.4, scale=0.7, unit=unit), random_seed=2) for unit in (1.0, 365.25 / 12)
    )
    one, other = first.recalibration, second.recalibration
    assert (one.level, one.slope) == pytest.approx((other.level, other.slope), abs=1e-8)
    assert first.table["after"].to_numpy() == pytest.approx(second.table["after"].to_numpy(), abs=1e-6)


def test_buyers_lapse_and_subscribers_leave():
    """Whether recalibration helps (level .4 off in 3,000) or not (nothing off)."""
    for level in (0.4, 0.0):
        effect = evaluate_recalibration(told(7, level=level), random_seed=2)
        words = [replace(effect, lapse=lapse).checks()[0].message for lapse in (True, False)]
        assert ["lapses as predicted" in each for each in words] == [True, False]
        assert ["leavers as predicted" in each for each in words] == [False, True]


def test_another_fit_is_brought_to_the_same_number_of_leavers():
    world = told(6, level=0.3)
    learned = learn_recalibration(world)
    total = float((world.hazard * np.exp(learned.log_factor(world.relative))).sum())
    later = learned.anchored(world.relative + 2.0, world.hazard * 1.2, total)
    again = world.hazard * 1.2 * np.exp(later.log_factor(world.relative + 2.0))
    assert again.sum() == pytest.approx(total)
    assert later.slope == learned.slope
    assert Recalibration().leaves_all


@pytest.mark.slow
def test_expected_loss_is_less_in_shifted_worlds_and_no_more_than_noise_in_stable_ones():
    """By the mean squared error of survival at six months against the truth, over worlds of 3,000 customers."""
    for shift, better in (({"level": 0.35, "scale": 0.7}, True), ({}, False)):
        gains = []
        for seed in range(200):
            world = told(seed, **shift)
            learned = evaluate_recalibration(world, random_seed=seed).recalibration
            rate = 0.03 * np.exp(shift.get("level", 0.0) + shift.get("scale", 1.0) * world.relative)
            truth, before = np.exp(-6 * rate), np.exp(-world.at[:, 1])
            after = np.exp(-world.at[:, 1] * np.exp(learned.log_factor(world.relative)))
            gains.append(((before - truth) ** 2).mean() - ((after - truth) ** 2).mean())
        gains = np.array(gains)
        if better:
            assert gains.mean() > 5 * gains.std() / np.sqrt(len(gains))
        else:  # an error of 3 in 1,000 of survival at the most, on average
            assert gains.mean() > -(0.003**2)


def in_steps(seed, *, size=6000, level=0.0, steps=8):
    """Each leaves in a step of time with probability `1 - exp(-u)`, as predicted where level is 0; some are lost."""
    random = np.random.default_rng(seed)
    relative = random.normal(0, 0.5, size)
    said = 0.25 * np.exp(relative)
    gone = random.geometric(-np.expm1(-said * np.exp(level))).astype(float)
    follow = random.integers(2, steps + 1, size).astype(float)
    durations, events = np.minimum(gone, follow), gone <= follow
    horizons = np.array([2.0, 4.0])
    return HeldOut(
        durations=durations,
        events=events,
        hazard=said * durations,
        relative=relative,
        horizons=tuple(horizons),
        at=said[:, None] * horizons,
        jump=said * events,
    )


def test_a_perfect_forecast_in_coarse_time_is_found_right_and_left_alone():
    """Charged with the whole hazard of the step in which they left, leavers would look 13% too few."""
    helped = 0
    for seed in range(10):
        world = in_steps(seed)
        effect = evaluate_recalibration(world, random_seed=seed)
        whole = effect.table[effect.table["horizon"].isna()].set_index("name")["before"]
        assert whole["observed_to_expected"] == pytest.approx(1, abs=0.05)
        assert whole["calibration_slope"] == pytest.approx(1, abs=0.12)
        helped += effect.helps
    assert helped <= 1
    assert world.events.sum() / world.hazard.sum() < 0.9


def test_expected_leavers_are_the_sum_over_steps_of_one_less_exp_of_minus_the_hazard():
    world = in_steps(2, size=200_000)
    step = -np.expm1(-world.hazard / world.durations)
    assert world.expected.sum() == pytest.approx((step * world.durations).sum(), rel=0.005)


def test_a_shift_in_coarse_time_is_found_whole():
    learned = learn_recalibration(in_steps(3, size=60_000, level=0.4), shrink=False)
    assert (learned.level, learned.slope) == pytest.approx((0.4, 0.0), abs=0.03)


def test_weights_count_and_make_errors_robust():

    world = told(4, size=4000, level=0.3)
    again = world.part(np.repeat(np.arange(4000), 1 + np.arange(4000) % 2))
    counted = replace(world, stands=1.0 + np.arange(4000) % 2)
    one, other = learn_recalibration(again, shrink=False), learn_recalibration(counted, shrink=False)
    assert (one.level, one.slope) == pytest.approx((other.level, other.slope), abs=1e-8)
    assert other.covariance[0][0] > one.covariance[0][0]  # who stands for two was not seen twice
