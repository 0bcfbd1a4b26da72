"""What a pilot would find, beside R, simulation and planted truth."""

import numpy as np
import pytest
from scipy import stats

from workbench.models.trials import lot, planning
from workbench.models.trials.estimates import Sample
from workbench.models.trials.units import of_units


@pytest.mark.parametrize(
    ("n", "delta", "confidence", "wanted"),
    [
        # R: power.t.test(n=, delta=, sd=1, sig.level=0.05); the last is the level itself.
        (20, 1.0, 0.95, 0.8689528),
        (64, 0.5, 0.95, 0.8014596),
        (10, 0.0, 0.95, 0.05),
    ],
)
def test_power_is_that_of_the_noncentral_t(n, delta, confidence, wanted):
    found = planning.chance_of_finding(delta, (2 / n) ** 0.5, df=2 * n - 2, confidence=confidence)
    assert found == pytest.approx(wanted, abs=2e-6)


def test_the_smallest_effect_and_the_size_needed_are_inverse_to_power():
    for n, treated in [(30, 0.5), (500, 0.2), (40_000, 0.9)]:
        se = 3.0 * planning.share_error(treated) / n**0.5
        effect = planning.smallest_effect(se, df=n - 2)
        assert planning.chance_of_finding(effect, se, df=n - 2) == pytest.approx(0.8, abs=1e-6)
        assert planning.size_needed(effect, 3.0, treated=treated) == pytest.approx(n, rel=2e-4)
    assert planning.size_needed(0.0, 1.0) == np.inf


def test_the_smallest_effect_is_found_in_four_of_five_pilots_adjusted_for_what_was_known_before():
    """Skewed outcomes, two thirds answer, a third is treated: 700 pilots, standard error of the share 1.5%."""
    random = np.random.default_rng(1)
    size = 40_000

    def customers(n):
        before = random.gamma(2.0, size=n)
        values = before + random.gamma(1.0, 1.5, size=n)
        values[random.random(n) < 1 / 3] = np.nan
        return before, values

    before, values = customers(size)
    measured = planning.variation(values, before=before[:, None])
    assert measured.answering == pytest.approx(2 / 3, abs=0.01)
    assert measured.explained == pytest.approx(2 / (2 + 2.25), abs=0.02)
    n = 300
    answers = n * measured.answering
    effect = planning.smallest_effect(
        measured.left**0.5 * planning.share_error(1 / 3) / answers**0.5, df=answers - 2 - measured.columns
    )
    found = 0
    for _ in range(700):
        before, values = customers(n)
        treated = planning.deal(np.zeros(n), {"mail": 1 / 3, "none": 2 / 3}, random_seed=int(random.integers(1e9)))
        sample = Sample(values=values + effect * (treated == "mail"), treated=treated == "mail", before=before[:, None])
        found += lot.adjusted(sample).lower > 0
    assert found / 700 == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("n", "fitted", "treated", "together"), [(300, 14, 0.5, False), (400, 10, 0.25, False), (40, 3, 0.5, True)]
)
def test_slopes_that_a_pilot_estimates_itself_cost_what_the_plan_says(n, fitted, treated, together):
    """Mean squared standard error of 400 pilots against that of known slopes, and the estimates' own spread."""
    random = np.random.default_rng(6)
    found = []
    for _ in range(400):
        before, arm = random.normal(size=(n, fitted)), random.permutation(n) < n * treated
        values = 0.2 * before.sum(axis=1) + random.normal(size=n)
        sample = Sample(values=values, treated=arm, before=before, unit=np.arange(n) if together else None)
        found.append(of_units(sample) if together else lot.adjusted(sample))
    known = planning.share_error(treated) / n**0.5
    cost = planning.fitting_error(n, treated, fitted, together=together)
    assert cost > 1.015
    assert np.mean([each.se**2 for each in found]) ** 0.5 / known == pytest.approx(cost, rel=0.01)
    assert np.std([each.estimate for each in found]) / known == pytest.approx(cost, rel=0.1)
    effect = planning.smallest_effect(known * cost, df=n - 2 - fitted)
    assert planning.size_needed(effect, 1.0, treated=treated, fitted=fitted, together=together) == pytest.approx(
        n, rel=1e-3
    )


def test_a_ratio_has_the_variance_of_its_estimator():
    random = np.random.default_rng(2)
    orders = random.poisson(3.0, 5000).astype(float)
    spend = orders * random.gamma(2.0, 5.0, 5000)
    measured = planning.variation(spend, of=orders)
    arm = np.arange(5000) % 2 == 0
    found = lot.ratio(Sample(values=spend, treated=arm), spend, orders)
    assert measured.left**0.5 * planning.share_error(0.5) / 5000**0.5 == pytest.approx(found.se, rel=0.03)
    assert measured.mean == pytest.approx(spend.sum() / orders.sum())


def test_strata_take_their_levels_out_of_the_variance():
    random = np.random.default_rng(3)
    stratum = random.integers(0, 4, 8000)
    measured = planning.variation(10.0 * stratum + random.normal(size=8000), stratum=stratum)
    assert measured.variance == pytest.approx(1.0, rel=0.05)
    assert measured.explained == 0.0


def test_a_planted_intraclass_correlation_is_found():
    """2,000 units of 5 to 45 customers, .05 planted; and 400 draws of 20 units whose 90% interval should hold it."""
    random = np.random.default_rng(4)

    def draw(units, unequal):
        size = random.integers(5, 46, units) if unequal else np.full(units, 50)
        unit = np.repeat(np.arange(units), size)
        return random.normal(0, 0.05**0.5, units)[unit] + random.normal(0, 0.95**0.5, len(unit)), unit

    found = planning.clustering(*draw(2000, unequal=True))
    assert found.icc == pytest.approx(0.05, abs=0.006)
    assert found.lower < 0.05 < found.upper
    inside = [each.lower <= 0.05 <= each.upper for each in (planning.clustering(*draw(20, False)) for _ in range(400))]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)
    # By hand: mean squares 32 between and 1/2 within two customers each: (32 - .5) / 2 = 15.75 of 16.25.
    small = planning.clustering(np.array([1.0, 2, 5, 6, 9, 10]), np.array(list("aabbcc")))
    assert small.icc == pytest.approx(15.75 / 16.25)
    assert planning.design_effect(0.05, 100) == pytest.approx(5.95)
    assert planning.clustering(*draw(500, False)).times == pytest.approx(1 + 49 * 0.05, rel=0.25)


def test_unequal_units_cost_more_customers_than_alike_ones():
    """Against the variance of the difference of units' means, dealt 4,000 times, beside customers dealt one by one."""
    random = np.random.default_rng(8)
    size = np.repeat([2, 5, 20, 80], 100)
    unit = np.repeat(np.arange(400), size)
    values = random.normal(0, 0.05**0.5, 400)[unit] + random.normal(0, 0.95**0.5, len(unit))
    means = np.bincount(unit, values) / size
    apart = [means[half].mean() - means[~half].mean() for half in (random.permutation(400) < 200 for _ in range(4000))]
    one_by_one = 4 * values.var() / len(values)
    assert planning.clustering(values, unit).times == pytest.approx(np.var(apart) / one_by_one, rel=0.1)


def test_a_pilot_of_units_finds_its_smallest_effect_in_four_of_five():
    random = np.random.default_rng(5)
    units, size = 24, 40
    unit = np.repeat(np.arange(units), size)

    def values():
        return random.normal(0, 0.05**0.5, units)[unit] + random.normal(0, 0.95**0.5, len(unit))

    deviation = (0.05 + 0.95 / size) ** 0.5
    effect = planning.smallest_effect(deviation * planning.share_error(0.5) / units**0.5, df=units - 2)
    found = 0
    for _ in range(400):
        arm = planning.deal(np.zeros(units), {"on": 0.5, "off": 0.5}, random_seed=int(random.integers(1e9))) == "on"
        sample = Sample(values=values() + effect * arm[unit], treated=arm[unit], unit=unit)
        found += of_units(sample).lower > 0
    assert found / 400 == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("shares", [{"a": 0.5, "b": 0.5}, {"a": 0.2, "b": 0.3, "c": 0.5}, {"a": 1 / 3, "b": 2 / 3}])
def test_arms_have_their_shares_in_every_stratum_and_in_all(shares):
    stratum = np.repeat(np.arange(40), np.arange(1, 41))
    found = planning.deal(stratum, shares, random_seed=3)
    for each in range(40):
        own = found[stratum == each]
        for arm, share in shares.items():
            assert abs((own == arm).sum() - share * len(own)) < 1
    for arm, share in shares.items():
        assert abs((found == arm).sum() - share * len(found)) <= 4
    assert (planning.deal(stratum, shares, random_seed=3) == found).all()
    assert (planning.deal(stratum, shares, random_seed=4) != found).any()


def test_everybody_has_the_chance_that_was_asked_for():
    stratum = np.array([0] * 3 + [1] * 5 + [2])
    drawn = np.array([planning.deal(stratum, {"a": 0.3, "b": 0.7}, random_seed=seed) == "a" for seed in range(2500)])
    assert stats.binomtest(int(drawn[:, 0].sum()), 2500, 0.3).pvalue > 1e-4
    assert drawn.mean(axis=0) == pytest.approx(np.full(9, 0.3), abs=0.03)


def test_the_chosen_fall_back_though_nothing_was_done():
    """The worst 100 of 1,000 by a score of reliability .5: their mean of a tenth is 1.755 sd, half of it is chance."""
    random = np.random.default_rng(6)
    rises = []
    for _ in range(200):
        steady = random.normal(0, 0.5**0.5, 1000)
        one, two = (steady + random.normal(0, 0.5**0.5, 1000) for _ in range(2))
        rises.append(planning.change_of_chosen(one, two, 100, highest=False).change)
    assert np.mean(rises) == pytest.approx(0.5 * 1.755, abs=0.02)
    assert planning.change_of_chosen(np.array([1.0, np.nan]), np.array([1.0, 2.0])) is None
