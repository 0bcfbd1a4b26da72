"""Whole units that were dealt: false alarms are as many as said, and intervals are what is not refused."""

import numpy as np
import pytest
from scipy import stats

from workbench.errors import DataError
from workbench.models.trials.estimates import Sample
from workbench.models.trials.lot import difference
from workbench.models.trials.units import of_units
from workbench.models.trials.units.compared import _by_t, _permuted, _wild
from workbench.models.trials.units.means import read_units

ICC = 0.05


def made(units=20, size=100, *, seed=1, effect=0.0, icc=ICC, heavy=False):
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), size)
    treated = np.isin(unit, rng.permutation(units)[: units // 2])
    level = rng.standard_t(3, units) / 3**0.5 if heavy else rng.normal(size=units)
    values = np.sqrt(icc) * level[unit] + np.sqrt(1 - icc) * rng.normal(size=len(unit)) + effect * treated
    return Sample(values=values, treated=treated, unit=unit)


def alarms(units, size, worlds, *, level=0.05):
    """Share of worlds without effect that are told as one: by units (t), by customers; vectorised over worlds."""
    rng = np.random.default_rng(11)
    means = np.sqrt(ICC) * rng.normal(size=(worlds, units)) + np.sqrt((1 - ICC) / size) * rng.normal(
        size=(worlds, units)
    )
    half = units // 2
    gap = means[:, :half].mean(1) - means[:, half:].mean(1)
    pooled = (means[:, :half].var(1, ddof=1) + means[:, half:].var(1, ddof=1)) / 2
    by_unit = np.abs(gap) / np.sqrt(pooled * 4 / units) > stats.t.isf(level / 2, units - 2)
    by_customer = np.abs(gap) / np.sqrt(4 / (units * size)) > stats.norm.isf(level / 2)
    return by_unit.mean(), by_customer.mean(), means


def test_customers_errors_cry_wolf_and_ours_do_not():
    by_unit, by_customer, means = alarms(20, 100, 2000)
    assert 0.035 <= by_unit <= 0.065
    assert by_customer == pytest.approx(0.41, abs=0.04)
    treated = np.arange(20) < 10
    for row in means[:50]:  # t over units is what of_units says
        found = of_units(Sample(values=row, treated=treated, unit=np.arange(20)))
        assert found.p_value == pytest.approx(stats.ttest_ind(row[:10], row[10:]).pvalue)


def test_the_real_estimators_on_customers():
    rows = [made(seed=each) for each in range(60)]
    ours = np.mean([of_units(each).p_value < 0.05 for each in rows])
    theirs = np.mean([difference(each).p_value < 0.05 for each in rows])
    assert ours <= 0.15
    assert theirs >= 0.25


@pytest.mark.parametrize(("units", "least", "most"), [(14, 0.035, 0.065), (8, 0.02, 0.065)])
def test_few_units_are_refused_no_more_often_than_said(units, least, most):
    # Among 8 units 70 ways leave p-values in steps of 1/35: at most 5% means 1/35 = .029.
    rng = np.random.default_rng(12)
    refused = 0
    for _ in range(2000):
        values, treated = rng.normal(size=units), np.arange(units) < units // 2
        parts = read_units(Sample(values=values, treated=treated, unit=np.arange(units)))
        refused += (_wild if units >= 10 else _permuted)(parts, rng)(0.0) <= 0.05
    assert least <= refused / 2000 <= most


@pytest.mark.parametrize(("units", "kind"), [(8, "permutation"), (14, "wild_bootstrap"), (24, "units")])
def test_an_interval_is_what_is_not_refused(units, kind):
    sample = made(units, 5, effect=0.4)
    found = of_units(sample)
    assert found.kind == kind
    assert found.lower < found.estimate < found.upper
    for end, sign in ((found.lower, -1), (found.upper, 1)):
        beyond = sample.with_values(sample.values - (end + sign * 0.01 * found.se) * sample.treated)
        within = sample.with_values(sample.values - (end - sign * 0.01 * found.se) * sample.treated)
        assert of_units(beyond).p_value <= 0.1 < of_units(within).p_value + 1e-9


@pytest.mark.parametrize("units", [8, 14, 24])
def test_arms_exchanged_turn_the_sign_and_a_constant_changes_nothing(units):
    sample = made(units, 5, effect=0.4)
    found = of_units(sample)
    turned = of_units(Sample(values=sample.values, treated=~sample.treated, unit=sample.unit))
    moved = of_units(sample.with_values(sample.values + 50))
    width = found.upper - found.lower
    assert (turned.estimate, turned.lower, turned.upper) == pytest.approx(
        (-found.estimate, -found.upper, -found.lower), abs=0.03 * width if units == 14 else 1e-6
    )
    assert (moved.estimate, moved.lower, moved.upper) == pytest.approx((found.estimate, found.lower, found.upper))


def uneven(units, *, seed=1, effect=0.0, spread=1.2):
    """Units of lognormal sizes, one row a unit that stands for its customers."""
    rng = np.random.default_rng(seed)
    often = np.maximum(rng.lognormal(4, np.sqrt(np.log(1 + spread**2)), units).round(), 2)
    treated = rng.permutation(units) < units // 2
    values = np.sqrt(ICC) * rng.normal(size=units) + np.sqrt((1 - ICC) / often) * rng.normal(size=units)
    return Sample(values=values + effect * treated, treated=treated, unit=np.arange(units), frequency=often)


def test_an_effect_is_that_on_a_customer_and_not_on_the_mean_unit():
    # 20 shops of 20 customers rise by 10, 20 of 480 by nothing: .4 a customer, 5 a shop.
    size, treated = np.repeat([20.0, 480.0], 20), np.arange(40) % 2 == 0
    level = np.random.default_rng(1).normal(50, 1, 40)
    sample = Sample(
        values=level + 10 * (treated & (size == 20)), treated=treated, unit=np.arange(40), frequency=size
    )  # fmt: skip
    found = of_units(sample)
    arms = [np.average(sample.values[own], weights=size[own]) for own in (treated, ~treated)]
    assert found.estimate == pytest.approx(arms[0] - arms[1])
    assert (found.treated, found.control) == pytest.approx(tuple(arms))
    assert found.lower < 0.4 < found.upper < 2
    # By hand: residuals of totals over mean customers of a shop, √(Σ e² / 38 · 4 / 40), each e of its leverage.
    left = []
    for own, mean in zip((treated, ~treated), arms, strict=True):
        share = size[own] / size[own].sum()
        left += list(20 * share * (sample.values[own] - mean) * np.sqrt(0.95 / (1 - 2 * share + (share**2).sum())))
    assert found.se == pytest.approx(np.sqrt(np.square(left).sum() / 38 * 4 / 40))
    assert 15 < found.df < 20  # the twenty large shops decide


@pytest.mark.parametrize(("units", "worlds"), [(8, 600), (14, 300), (24, 1500)])
def test_units_of_uneven_sizes_are_refused_no_more_often_than_said(units, worlds):
    rng, refused = np.random.default_rng(3), 0
    for each in range(worlds):
        sample = uneven(units, seed=each)
        if units >= 20:
            refused += of_units(sample).p_value <= 0.05
        else:
            refused += (_wild if units >= 10 else _permuted)(read_units(sample), rng)(0.0) <= 0.05
    assert refused / worlds <= 0.07


def test_too_few_ways_exclude_nothing():
    found = of_units(made(4, 50))
    assert (found.lower, found.upper) == (-np.inf, np.inf)
    assert np.isfinite(found.se)


def test_six_units_are_the_fewest_with_an_interval():
    # Of 20 ways to deal three of six two are as extreme as the most: p = .1, which a level of 90% refuses.
    found = of_units(made(6, 50, effect=3.0))
    assert found.p_value == pytest.approx(0.1)
    assert 0 < found.lower < found.upper < np.inf


def test_frequencies_are_rows_written_out():
    sample = made(24, 20)
    often = np.random.default_rng(1).integers(1, 4, len(sample.values))
    once = of_units(Sample(**{**vars(sample), "frequency": often}))
    rows = of_units(sample.part(np.repeat(np.arange(len(often)), often)))
    assert (once.estimate, once.se, once.n) == pytest.approx((rows.estimate, rows.se, rows.n))


def test_what_was_known_of_units_narrows_the_interval_where_there_are_enough():
    rng = np.random.default_rng(3)
    known = rng.normal(size=40)
    sample = Sample(
        values=2 * known + rng.normal(size=40), treated=rng.permutation(40) < 20, unit=np.arange(40),
        before=known[:, None],
    )  # fmt: skip
    found, plain = of_units(sample), of_units(Sample(values=sample.values, treated=sample.treated, unit=sample.unit))
    assert found.df == 37
    assert found.se < 0.6 * plain.se


def test_units_that_lie_in_strata_of_one_arm_are_left_out():
    sample = made(24, 5)
    stratum = np.where(sample.treated & (sample.unit < 12), "treated alone", "both")
    found = of_units(Sample(**{**vars(sample), "stratum": stratum}))
    assert found.units == 24 - len(set(sample.unit[stratum == "treated alone"]))
    with pytest.raises(DataError, match="Too few units"):
        of_units(Sample(**{**vars(sample), "stratum": np.where(sample.treated, "a", "b")}))


@pytest.mark.parametrize(("units", "treated"), [(24, 4), (30, 24), (24, 12)])
def test_units_whose_effects_differ_are_told_by_their_own_arm(units, treated):
    """Effect nil on the mean unit, with twice the standard deviation between units; pooled, 4 of 24 held in 69%."""
    rng, inside, sure = np.random.default_rng(13), 0, 0
    for _ in range(400):
        arm = rng.permutation(np.arange(units) < treated)
        values = rng.normal(size=units) + arm * rng.normal(0, 2, units)
        found = of_units(Sample(values=values, treated=arm, unit=np.arange(units)))
        inside += found.lower <= 0 <= found.upper
        sure += found.above(0.0) >= 0.95
    assert inside / 400 >= 0.9 - 3 * 0.015
    assert sure / 400 <= 0.05 + 3 * 0.011


def test_unequal_arms_of_units_are_welch_and_equal_ones_are_student():
    values = np.random.default_rng(14).normal(size=25)
    for treated, pooled in ((5, False), (12, True)):
        arm = np.arange(25) < treated
        found = of_units(Sample(values=values, treated=arm, unit=np.arange(25)))
        other = stats.ttest_ind(values[arm], values[~arm], equal_var=pooled)
        assert (found.p_value, found.df) == pytest.approx((other.pvalue, other.df))


def test_degrees_of_freedom_with_columns_are_those_of_the_quadratic_form():
    """Bell and McCaffrey by hand: of ε'Aε with A = M D M, the squared trace over the trace of the square, by arm."""
    rng = np.random.default_rng(15)
    known, arm = rng.normal(size=30), np.arange(30) < 8
    values = rng.normal(size=30) + known
    found = of_units(Sample(values=values, treated=arm, unit=np.arange(30), before=known[:, None]))
    design = np.column_stack([np.ones(30), known, arm])
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    pull = (np.linalg.inv(design.T @ design) @ design.T)[2]
    left = values - hat @ values
    squares = [np.where(own, pull**2 / (1 - np.diag(hat)), 0) for own in (arm, ~arm)]
    rest = np.eye(30) - hat
    parts = [rest @ np.diag(each) @ rest for each in squares]
    degrees = [np.trace(each) ** 2 / np.trace(each @ each) for each in parts]
    variance = [each @ left**2 for each in squares]
    assert found.se**2 == pytest.approx(sum(variance))
    assert found.df == pytest.approx(sum(variance) ** 2 / sum(v**2 / d for v, d in zip(variance, degrees, strict=True)))


def test_a_column_said_twice_costs_one_degree_of_freedom():
    rng = np.random.default_rng(16)
    known, arm = rng.normal(size=60), np.arange(60) % 2 == 0
    values = rng.normal(size=60) + known
    once, twice = (
        of_units(Sample(values=values, treated=arm, unit=np.arange(60), before=np.column_stack(columns)))
        for columns in ([known], [known, 12 * known])
    )
    assert (once.se, once.df) == pytest.approx((twice.se, twice.df))


def test_very_few_units_whose_effects_differ():
    """3 of 9 treated, effect nil on the mean unit: the plain difference dealt anew held in 78%, errors away in 85%."""
    rng, inside = np.random.default_rng(17), []
    for _ in range(300):
        arm = rng.permutation(np.arange(9) < 3)
        units = read_units(
            Sample(values=rng.normal(size=9) + arm * rng.normal(0, 2, 9), treated=arm, unit=np.arange(9))
        )
        inside.append(_permuted(units, rng)(0.0) > 0.1)
    assert np.mean(inside) >= 0.81


def unalike(units, treated, *, seed, differ):
    """Units of very unequal size; their effects, nil on the mean one, may scatter twice as much as the units do."""
    rng = np.random.default_rng(seed)
    often = np.maximum(rng.lognormal(4, np.sqrt(np.log(1 + 1.2**2)), units).round(), 2)
    arm = rng.permutation(np.arange(units) < treated)
    level = np.sqrt(ICC) * (rng.normal(size=units) + differ * arm * rng.normal(0, 2, units))
    values = level + np.sqrt((1 - ICC) / often) * rng.normal(size=units)
    return Sample(values=values, treated=arm, unit=np.arange(units), frequency=often)


@pytest.mark.parametrize(("units", "treated"), [(9, 3), (12, 4), (18, 5)])
def test_few_units_of_unequal_arms_are_told_no_surer_than_welch(units, treated):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        arm = rng.permutation(np.arange(units) < treated)
        values = rng.normal(size=units) + arm * rng.normal(0, 2, units)
        sample = Sample(values=values, treated=arm, unit=np.arange(units))
        found = of_units(sample)
        welch = stats.ttest_ind(values[arm], values[~arm], equal_var=False)
        ends = welch.confidence_interval(0.9)
        dealt = (_wild if units >= 10 else _permuted)(read_units(sample), np.random.default_rng(0))(0.0)
        assert found.lower <= ends.low + 1e-9
        assert found.upper >= ends.high - 1e-9
        assert found.p_value == pytest.approx(max(welch.pvalue, dealt))


@pytest.mark.slow
@pytest.mark.parametrize("differ", [False, True])
@pytest.mark.parametrize(("units", "treated"), [(6, 3), (9, 3), (9, 6), (12, 4), (16, 4), (19, 6)])
def test_few_units_of_unequal_size_hold_the_truth(units, treated, differ):
    """Of units dealt anew alone 90% intervals held in 83 to 87% where effects differ and the fewer were treated."""
    rng, inside = np.random.default_rng([units, treated]), 0
    for seed in range(1000):
        sample = unalike(units, treated, seed=seed, differ=differ)
        parts = read_units(sample)
        dealt = (_wild if units >= 10 else _permuted)(parts, rng)(0.0)
        inside += max(dealt, _by_t(parts, sample, sample, 0.9).p_value) > 0.1
    assert inside / 1000 >= 0.9 - 2 * 0.0095
