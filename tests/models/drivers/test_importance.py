"""Shapley shares are those of the definition; knockoffs keep correlations and have no effect."""

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import draw_ratings
from tests.models.drivers.reference_shapley import shapley_by_orders

from workbench.models.drivers.model.importance import average_gains, column_covariance, importance
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment
from workbench.models.drivers.responses.columns import make_columns

DRIVER = np.array([0, 0, 1, 2, 3])


def covariance(seed=0, size=5):
    table = np.random.default_rng(seed).normal(size=(50, size)) + np.random.default_rng(seed + 1).normal(size=(50, 1))
    return np.cov(table, rowvar=False)


def test_gains_are_those_of_all_orders_and_add_up_to_what_is_explained():
    matrix, effects = covariance(), np.array([0.5, -0.2, 0.3, 0.0, 1.0])
    joint = matrix @ effects
    found = np.array([joint @ gain @ joint for gain in average_gains(matrix, DRIVER)])
    np.testing.assert_allclose(found, shapley_by_orders(matrix, effects, DRIVER), rtol=1e-6)
    assert found.sum() == pytest.approx(effects @ matrix @ effects, rel=1e-6)


def test_orders_drawn_at_random_come_near_to_all_orders():
    rng = np.random.default_rng(3)
    table = rng.normal(size=(200, 14)) + rng.normal(size=(200, 1))
    matrix, effects = np.cov(table, rowvar=False), rng.normal(size=14) ** 2
    joint = matrix @ effects
    drawn = np.array([joint @ gain @ joint for gain in average_gains(matrix, np.arange(14), random_seed=1)])
    again = np.array([joint @ gain @ joint for gain in average_gains(matrix, np.arange(14), random_seed=2)])
    assert drawn.sum() == pytest.approx(effects @ matrix @ effects, rel=1e-6)
    assert np.abs(drawn - again).max() / drawn.sum() < 0.01


def fitted(n, effects, rng, correlation=0.5):
    ratings, _ = draw_ratings(n, effects, rng, correlation=correlation)
    columns = make_columns(ratings)
    rows = rows_of(ratings, columns, *complete(ratings, Prior(), times=1, random_seed=1)[0])
    return rows, columns


def shares(rows, driver, rng, draws=800):
    mode = fit_laplace(rows, Prior(), drivers=int(driver.max()) + 1)
    effects = by_segment(rows, mode.draws(draws, rng))[0]
    matrix = column_covariance(rows.columns, rows.weights, rows.starts)
    return importance(effects, np.ones(1), matrix, driver, random_seed=1)


def test_a_permuted_copy_would_be_no_floor_but_the_knockoff_is():
    rows, columns = fitted(3000, [0.6, 0.6, 0.6, 0.0], np.random.default_rng(2))
    found = shares(rows, columns.driver, np.random.default_rng(3))
    assert found.share[:, 3].mean() > 0.05  # a driver without effect carries some through its correlations
    assert found.knockoff[:, 3].mean() == pytest.approx(found.share[:, 3].mean(), abs=0.03)
    assert (found.above_knockoff[:3] > 0.99).all()
    np.testing.assert_allclose(found.share.sum(1), 1, rtol=1e-9)


@pytest.mark.slow
def test_the_floor_is_what_real_knockoffs_get_when_they_are_fitted_in_the_drivers_place():
    rng = np.random.default_rng(11)
    ours, real = [], []
    for _ in range(60):
        rows, columns = fitted(600, [0.6, 0.4, 0.3, 0.2], rng)
        ours.append(shares(rows, columns.driver, rng).knockoff[:, 3].mean())
        matrix = np.cov(rows.columns, rowvar=False)
        guess = np.linalg.solve(matrix[:3, :3], matrix[:3, 3])
        left = matrix[3, 3] - matrix[3, :3] @ guess
        centred = rows.columns - rows.columns.mean(0)
        copy = centred[:, :3] @ guess + rng.normal(0, np.sqrt(left), len(rows.levels))
        both = Rows(
            columns=np.column_stack([rows.columns, copy]),
            levels=rows.levels,
            weights=rows.weights,
            starts=rows.starts,
            count=rows.count,
            varying=np.zeros(5, dtype=bool),
        )
        mode = fit_laplace(both, Prior(), drivers=4)
        effects = by_segment(both, mode.draws(400, rng))[0][:, 0]
        wide = np.cov(both.columns, rowvar=False)
        joint = effects @ wide
        place = [0, 1, 2, 4]
        gain = average_gains(wide[np.ix_(place, place)], np.arange(4))[3]
        own = average_gains(wide[:4, :4], np.arange(4))
        whole = sum(np.einsum("ni,ij,nj->n", joint[:, :4], each, joint[:, :4]) for each in own)
        real.append((np.einsum("ni,ij,nj->n", joint[:, place], gain, joint[:, place]) / whole).mean())
    assert np.mean(ours) == pytest.approx(np.mean(real), rel=0.1)


@pytest.mark.slow
def test_a_driver_without_effect_is_rarely_called_important_and_one_with_a_tenth_nearly_always():
    rng = np.random.default_rng(21)
    false, found, times = 0, 0, 200
    for _ in range(times):
        # A unique share of 10%: b² (1 − R²) against all that is explained, with ratings correlated .5.
        rows, columns = fitted(1000, [0.45, 0.45, 0.45, 0.0, 0.5], rng, correlation=0.55)
        result = shares(rows, columns.driver, rng, draws=400)
        false += result.above_knockoff[3] >= 0.95
        found += result.above_knockoff[4] >= 0.95
        unique = result.unique[:, 4].mean()
    assert 0.05 < unique < 0.15
    assert false / times <= 0.08
    assert found / times >= 0.80
