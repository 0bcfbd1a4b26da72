"""Effects where chance dealt: by hand, at their limits, and with intervals that hold their level."""

import numpy as np
import pytest
from scipy import stats

from workbench.errors import DataError
from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import (
    adjusted,
    capped,
    cuped,
    difference,
    nps,
    ratio,
    relative,
    restricted_mean,
    staying,
    top_box,
    variance_reduction,
)
from workbench.statistics.product_limit import product_limit
from workbench.statistics.product_limit import restricted_mean as area


def made(n=400, *, seed=1, effect=0.5, strata=3, skew=False):
    """Customers in strata with other shares of treated, an outcome that what was known before foretells."""
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, strata, n)
    treated = rng.random(n) < np.array([0.3, 0.5, 0.7])[stratum % 3]
    before = rng.normal(size=(n, 2))
    noise = rng.gamma(0.5, 2, n) if skew else rng.normal(size=n)
    values = 2.0 * stratum + before @ [1.0, 0.5] + noise + treated * (effect + 0.4 * before[:, 0])
    return Sample(values=values, treated=treated, stratum=stratum, before=before)


def by_regression(sample, *, hc2=True):
    """All interactions written out: columns and strata centred, HC2."""
    dummies = np.eye(sample.stratum.max() + 1)[sample.stratum][:, 1:]
    columns = np.column_stack([dummies, sample.before])
    # centre within strata where slopes are common to strata: the level of each stratum is its own
    columns = columns - columns.mean(axis=0)
    treated = sample.treated.astype(float)
    design = np.column_stack([np.ones(len(treated)), treated, columns, treated[:, None] * columns])
    inverse = np.linalg.inv(design.T @ design)
    slope = inverse @ design.T @ sample.values
    residual = (sample.values - design @ slope) / np.sqrt(1 - np.einsum("ij,jk,ik->i", design, inverse, design))
    meat = (design * residual[:, None] ** 2).T @ design
    return slope[1], np.sqrt((inverse @ meat @ inverse)[1, 1])


def test_it_is_the_regression_with_all_interactions():
    sample = made()
    found = adjusted(sample)
    assert (found.estimate, found.se) == pytest.approx(by_regression(sample), rel=1e-9)


def test_without_strata_and_columns_it_is_welch():
    rng = np.random.default_rng(2)
    values, treated = rng.normal(size=90), np.arange(90) < 30
    values[treated] *= 3
    found = difference(Sample(values=values, treated=treated), confidence=0.95)
    welch = stats.ttest_ind(values[treated], values[~treated], equal_var=False)
    assert (found.p_value, found.df) == pytest.approx((welch.pvalue, welch.df))
    assert (found.lower, found.upper) == pytest.approx(tuple(welch.confidence_interval(0.95)))


ESTIMATORS = [difference, adjusted, cuped]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_arms_exchanged_turn_the_sign_and_a_constant_changes_nothing(estimator):
    sample = made()
    found = estimator(sample)
    turned = estimator(Sample(**{**vars(sample), "treated": ~sample.treated}))
    moved = estimator(sample.with_values(sample.values + 1000.0))
    assert (turned.estimate, turned.se) == pytest.approx((-found.estimate, found.se))
    assert (moved.estimate, moved.se) == pytest.approx((found.estimate, found.se))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_frequencies_are_rows_written_out(estimator):
    sample = made(300)
    often = np.random.default_rng(3).integers(1, 4, 300)
    once = estimator(Sample(**{**vars(sample), "frequency": often}))
    rows = estimator(sample.part(np.repeat(np.arange(300), often)))
    assert (once.estimate, once.se, once.df, once.n) == pytest.approx((rows.estimate, rows.se, rows.df, rows.n))


def test_frequencies_of_ratios_and_of_leaving_are_rows_written_out():
    rng = np.random.default_rng(4)
    sample = made(300)
    often = rng.integers(1, 4, 300)
    weighted, rows = Sample(**{**vars(sample), "frequency": often}), np.repeat(np.arange(300), often)
    above, below = rng.gamma(2, size=300), rng.poisson(3, 300)
    times, events = rng.exponential(5, 300), rng.random(300) < 0.7
    times[:20] = 9.0
    for once, out in [
        (ratio(weighted, above, below), ratio(sample.part(rows), above[rows], below[rows])),
        (staying(weighted, times, events, 4), staying(sample.part(rows), times[rows], events[rows], 4)),
        (restricted_mean(weighted, times, events, 4), restricted_mean(sample.part(rows), times[rows], events[rows], 4)),
    ]:
        assert (once.estimate, once.se) == pytest.approx((out.estimate, out.se))


def test_all_alike_is_nothing_with_an_interval():
    found = difference(Sample(values=np.zeros(200), treated=np.arange(200) % 2 == 0))
    assert found.estimate == 0
    assert -0.03 < found.lower < 0 < found.upper < 0.03
    assert found.kind == "shares"
    values = np.repeat(np.arange(100.0), 2)
    alike = difference(Sample(values=values, treated=np.arange(200) % 2 == 0))
    assert alike.estimate == 0
    assert alike.lower < 0 < alike.upper


def test_pairs_are_taken_together_and_strata_of_one_arm_left_out():
    rng = np.random.default_rng(5)
    values, treated = rng.normal(size=100), np.arange(100) % 2 == 0
    pairs = difference(Sample(values=values, treated=treated, stratum=np.arange(100) // 2))
    whole = difference(Sample(values=values, treated=treated))
    assert (pairs.estimate, pairs.se) == pytest.approx((whole.estimate, whole.se))
    alone = np.append(np.zeros(100), np.ones(50))
    found = difference(
        Sample(
            values=np.append(values, 99 * np.arange(50)), treated=np.append(treated, np.ones(50, bool)), stratum=alone
        )
    )
    assert found.estimate == pytest.approx(whole.estimate)
    assert found.n == 100


def test_a_ratio_is_that_of_sums_with_the_error_of_the_delta_method():
    rng = np.random.default_rng(6)
    orders = rng.poisson(3, 2000)
    spend = rng.gamma(2, 5, 2000) * orders
    treated = np.arange(2000) % 2 == 0
    found = ratio(Sample(values=orders, treated=treated), spend, orders)
    shares = [spend[treated == arm].sum() / orders[treated == arm].sum() for arm in (True, False)]
    assert found.estimate == pytest.approx(shares[0] - shares[1])
    variance = 0.0
    for arm, share in zip((True, False), shares, strict=True):
        own = treated == arm
        variance += np.var(spend[own] - share * orders[own], ddof=1) / own.sum() / orders[own].mean() ** 2
    assert found.se == pytest.approx(variance**0.5)


def test_an_effect_in_per_cent_is_that_of_the_control():
    sample = made(strata=1)
    sample = sample.with_values(sample.values + 10)
    found = difference(sample)
    share = relative(found, sample.treated)
    assert share.estimate == pytest.approx(found.treated / found.control - 1)
    errors = [
        np.std(sample.values[sample.treated == arm], ddof=1) ** 2 / (sample.treated == arm).sum()
        for arm in (True, False)
    ]
    by_hand = errors[0] / found.control**2 + errors[1] * found.treated**2 / found.control**4
    assert share.se == pytest.approx(by_hand**0.5)
    around_zero = sample.with_values(sample.values - sample.values.mean())
    assert relative(difference(around_zero), sample.treated) is None


def test_staying_is_kaplan_meier_and_the_mean_time_its_area():
    rng = np.random.default_rng(7)
    times, treated = rng.exponential(6, 400), np.arange(400) % 2 == 0
    end = rng.uniform(3, 15, 400)
    events, followed = times <= end, np.minimum(times, end)
    sample = Sample(values=np.zeros(400), treated=treated)
    tables = [product_limit(followed[treated == arm], events[treated == arm]) for arm in (True, False)]
    means = [area(each, 6) for each in tables]
    found = restricted_mean(sample, followed, events, 6)
    assert found.estimate == pytest.approx(means[0][0] - means[1][0])
    assert found.se == pytest.approx((means[0][1] ** 2 + means[1][1] ** 2) ** 0.5, rel=0.01)
    share = [each[each["time"] <= 6]["survival"].iloc[-1] for each in tables]
    assert staying(sample, followed, events, 6).estimate == pytest.approx(share[0] - share[1])
    with pytest.raises(DataError, match="not followed for 30 months"):
        staying(sample, followed, events, 30)


def test_what_was_known_before_narrows_staying_too():
    rng = np.random.default_rng(8)
    known, treated = rng.normal(size=4000), np.arange(4000) % 2 == 0
    times = rng.exponential(np.exp(1.5 + 1.2 * known + 0.3 * treated))
    end = rng.uniform(4, 12, 4000)
    sample = Sample(values=np.zeros(4000), treated=treated, before=known[:, None])
    followed, events = np.minimum(times, end), times <= end
    plain = staying(Sample(values=np.zeros(4000), treated=treated), followed, events, 4)
    found = staying(sample, followed, events, 4)
    assert variance_reduction(plain, found) > 0.2
    assert abs(found.estimate - plain.estimate) < 2 * plain.se


def test_answers_and_money_are_scored():
    answers = np.array([10, 9, 8, 6, np.nan])
    assert np.nanmean(nps(answers)) == 25
    assert top_box(answers, 9).tolist()[:4] == [1, 1, 0, 0]
    values, cap = capped(np.append(np.zeros(100), np.arange(1.0, 102)))
    assert cap == pytest.approx(100)
    assert values.max() == pytest.approx(100)
    assert np.isnan(capped(np.array([np.nan, 1.0]))[0][0])


@pytest.mark.parametrize("skew", [False, True])
def test_intervals_cover_what_was_planted(skew):
    # 400 draws of 90%: 339 to 381 (three standard errors) hold the effect on those of the sample
    held = dict.fromkeys(ESTIMATORS, 0)
    for seed in range(400):
        sample = made(240, seed=seed, skew=skew)
        truth = 0.5 + 0.4 * sample.before[:, 0].mean()
        for estimator in ESTIMATORS:
            found = estimator(sample)
            held[estimator] += found.lower < truth < found.upper
    assert all(339 <= each <= 389 for each in held.values()), held
