"""The fused likelihoods are the ordered logit and probit, and their gradients are their gradients."""

import numpy as np
import pytest

from workbench.models.drivers.ordinal.likelihood import ends_of, kernel, row_log_likelihoods, row_terms
from workbench.models.drivers.ordinal.links import LINKS

COUNT = 4
links = pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)


def arguments(seed=0, n=60):
    rng = np.random.default_rng(seed)
    data = (rng.normal(size=(n, 3)), rng.integers(0, COUNT, n), rng.uniform(0.5, 2, n), np.array([0, 20, n]))
    return data, rng.normal(size=(2, 3)), rng.normal(size=2), np.array([-1.0, 0.1, 1.3])


def by_definition(link, data, coefficients, intercepts, cuts):
    columns, levels, weights, starts = data
    group = np.repeat([0, 1], np.diff(starts))
    predictor = intercepts[group] + (columns * coefficients[group]).sum(1)
    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    low, high = ends[levels] - predictor, ends[levels + 1] - predictor
    low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)  # the side where chances are small
    chances = link.cdf(high) - link.cdf(low)
    return float(weights @ np.log(chances))


@links
def test_the_value_is_that_of_the_definition(link):
    data, *point = arguments()
    value = kernel(link.is_probit)(*data, *point)[0]
    assert value == pytest.approx(by_definition(link, data, *point), rel=1e-12)
    columns, levels, weights, starts = data
    group = np.repeat([0, 1], np.diff(starts))
    draws = (part[None] for part in point)
    nothing = np.zeros(0, dtype=np.int64), np.zeros((1, COUNT - 1, 0))
    rows = row_log_likelihoods(link.is_probit, columns, levels, group, *draws, *nothing)
    assert rows[0] @ weights == pytest.approx(value, rel=1e-12)


@links
def test_the_gradient_is_that_of_finite_differences(link):
    data, *point = arguments()
    likelihood = kernel(link.is_probit)
    _, *gradients = likelihood(*data, *point)
    step = 1e-6
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = [part.copy() for part in point]
                moved[which][index] += sign * step
                ends.append(likelihood(*data, *moved)[0])
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-5)


@links
@pytest.mark.parametrize("level", range(COUNT))
def test_slopes_and_curvatures_of_a_row_are_derivatives_in_its_two_cuts(link, level):
    cuts, eta, step = np.array([-1.0, 0.1, 1.3]), 0.4, 1e-4

    def value(above, below):
        ends = np.concatenate([[-np.inf], cuts, [np.inf]])
        return np.log(link.cdf(ends[level + 1] + above - eta) - link.cdf(ends[level] + below - eta))

    nothing = np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros((COUNT - 1, 0))
    ends = ends_of(level, eta, cuts, *nothing)
    at_u, at_l, own_u, own_l, between = row_terms(link.is_probit, level, COUNT - 1, *ends)
    centre = value(0, 0)
    assert at_u == pytest.approx((value(step, 0) - value(-step, 0)) / (2 * step), abs=1e-6)
    assert -at_l == pytest.approx((value(0, step) - value(0, -step)) / (2 * step), abs=1e-6)
    assert own_u + between == pytest.approx(-(value(step, 0) - 2 * centre + value(-step, 0)) / step**2, abs=1e-5)
    assert own_l + between == pytest.approx(-(value(0, step) - 2 * centre + value(0, -step)) / step**2, abs=1e-5)


@links
def test_certain_answers_stay_finite_and_cuts_out_of_order_are_impossible(link):
    data, coefficients, intercepts, cuts = arguments()
    likelihood = kernel(link.is_probit)
    extreme = likelihood(*data, 1e4 * coefficients, intercepts, cuts)
    assert all(np.isfinite(part).all() for part in extreme)
    assert likelihood(*data, coefficients, intercepts, cuts[::-1].copy())[0] == -np.inf


@links
def test_pytensor_differentiates_it_in_numba(link):
    import pytensor
    import pytensor.tensor as pt

    from workbench.models.drivers.ordinal.likelihood import OrderedLikelihood

    data, *point = arguments()
    symbols = [pt.dmatrix(), pt.dvector(), pt.dvector()]
    value = OrderedLikelihood(link.is_probit)(*data, *symbols)[0]
    compiled = pytensor.function(symbols, [value, *pytensor.grad(value, symbols)], mode="NUMBA")
    for ours, direct in zip(compiled(*point), kernel(link.is_probit)(*data, *point), strict=True):
        np.testing.assert_allclose(ours, direct, rtol=1e-12)
