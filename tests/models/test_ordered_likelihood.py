"""The fused likelihood is the ordered logit, and its gradient is its gradient."""

import numpy as np
import pytest

from workbench.models.ordered_likelihood import log_likelihood

COUNT = 4


def arguments(seed=0, n=60):
    rng = np.random.default_rng(seed)
    data = (rng.normal(size=(n, 3)), rng.integers(0, COUNT, n), rng.uniform(0.5, 2, n), np.array([0, 20, n]))
    return data, rng.normal(size=(2, 3)), rng.normal(size=2), np.array([-1.0, 0.1, 1.3])


def by_definition(data, coefficients, intercepts, cuts):
    columns, levels, weights, starts = data
    group = np.repeat([0, 1], np.diff(starts))
    predictor = intercepts[group] + (columns * coefficients[group]).sum(1)
    below = 1 / (1 + np.exp(predictor[:, None] - np.concatenate([[-np.inf], cuts, [np.inf]])))
    chances = np.diff(below, axis=1)[np.arange(len(levels)), levels]
    return float(weights @ np.log(chances))


def test_the_value_is_that_of_the_definition():
    data, *point = arguments()
    assert log_likelihood(*data, *point)[0] == pytest.approx(by_definition(data, *point), rel=1e-12)


def test_the_gradient_is_that_of_finite_differences():
    data, *point = arguments()
    _, *gradients = log_likelihood(*data, *point)
    step = 1e-6
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = [part.copy() for part in point]
                moved[which][index] += sign * step
                ends.append(log_likelihood(*data, *moved)[0])
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-5)


def test_certain_answers_stay_finite_and_cuts_out_of_order_are_impossible():
    data, coefficients, intercepts, cuts = arguments()
    extreme = log_likelihood(*data, 1e4 * coefficients, intercepts, cuts)
    assert all(np.isfinite(part).all() for part in extreme)
    assert log_likelihood(*data, coefficients, intercepts, cuts[::-1].copy())[0] == -np.inf


def test_pytensor_differentiates_it_in_numba():
    import pytensor
    import pytensor.tensor as pt

    from workbench.models.ordered_likelihood import ordered_logit

    data, *point = arguments()
    symbols = [pt.dmatrix(), pt.dvector(), pt.dvector()]
    value = ordered_logit(*data, *symbols)[0]
    compiled = pytensor.function(symbols, [value, *pytensor.grad(value, symbols)], mode="NUMBA")
    for ours, direct in zip(compiled(*point), log_likelihood(*data, *point), strict=True):
        np.testing.assert_allclose(ours, direct, rtol=1e-12)
