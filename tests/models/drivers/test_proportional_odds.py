"""Effects that differ by cut: the likelihood is that of its definition, and they are found where, and only where, they
are.
"""

import numpy as np
import pytest
from scipy.optimize import minimize
from tests.models.drivers.trap_surveys import draw_survey, draw_world

from workbench.models.drivers.model.fit import fit_drivers
from workbench.models.drivers.model.what_if import raised
from workbench.models.drivers.ordinal.derivatives import curvature, scores
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.likelihood import log_likelihood, log_likelihood_by_cut, log_likelihood_probit
from workbench.models.drivers.ordinal.links import LINKS, LOGIT
from workbench.models.drivers.ordinal.proportional_odds import cut_blocks
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment
from workbench.models.drivers.responses.read import read_ratings

links = pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
BENT = np.array([0, 2])


def arguments(n=80):
    rng = np.random.default_rng(3)
    data = (rng.normal(size=(n, 3)), rng.integers(0, 4, n), rng.uniform(0.5, 2, n), np.array([0, 30, n]))
    shifts = rng.normal(0, 0.1, (3, 2))
    return data, [rng.normal(size=(2, 3)), rng.normal(size=2), np.array([-1.0, 0.2, 1.5]), shifts]


def value(link, data, point):
    *shared, shifts = point
    return log_likelihood_by_cut(link.is_probit, *data, *shared, BENT, shifts)


@links
def test_the_value_is_that_of_the_definition_and_the_gradient_that_of_finite_differences(link):
    data, point = arguments()
    columns, levels, weights, starts = data
    coefficients, intercepts, cuts, shifts = point
    group = np.repeat([0, 1], np.diff(starts))
    predictor = intercepts[group] + (columns * coefficients[group]).sum(1)
    below = link.cdf(cuts - columns[:, BENT] @ shifts.T - predictor[:, None])
    chances = np.diff(below, axis=1, prepend=0, append=1)[np.arange(len(levels)), levels]
    found, *gradients = value(link, data, point)
    assert found == pytest.approx(weights @ np.log(chances), rel=1e-9)
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = [part.copy() for part in point]
                moved[which][index] += sign * 1e-6
                ends.append(value(link, data, moved)[0])
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-5)


@links
def test_without_shifts_it_is_the_proportional_likelihood_and_cuts_out_of_order_are_impossible(link):
    data, point = arguments()
    plain = log_likelihood_probit if link.is_probit else log_likelihood
    still = [*point[:3], np.zeros((3, 2))]
    for ours, theirs in zip(value(link, data, still), plain(*data, *point[:3]), strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    assert value(link, data, [*point[:3], 50 * point[3]])[0] == -np.inf


def partial(n=500, segments=2):
    """Rows whose first column has no effect on the lower cuts and a large one on the last."""
    rng = np.random.default_rng(4)
    columns = rng.normal(size=(n, 2))
    levels = np.searchsorted([-1.0, 0.0, 1.0], 0.7 * columns[:, 1] + rng.logistic(size=n))
    high = levels >= 2
    levels = np.where(high, 2 + (rng.random(n) < 1 / (1 + np.exp(-1.5 * columns[:, 0]))), levels)
    starts = np.linspace(0, n, segments + 1).astype(int)
    return Rows(
        columns=columns,
        levels=levels,
        weights=rng.uniform(0.5, 2, n),
        starts=starts,
        count=4,
        varying=np.ones(2, dtype=bool),
        by_cut=np.array([0]),
        blocks=cut_blocks(np.array([0.0, 0, 0, 1])),
    )


def test_curvature_is_the_slope_of_the_scores():
    rows = partial()
    mode = fit_laplace(rows, Prior(), drivers=2)

    def slope(parameters):
        each = scores(rows, *by_segment(rows, parameters)) * rows.weights[:, None]
        return sum(each[rows.group == s].sum(0) @ rows.maps[s] for s in range(2))

    moves = 1e-6 * np.eye(len(mode.parameters))
    wanted = [-(slope(mode.parameters + move) - slope(mode.parameters - move)) / 2e-6 for move in moves]
    blocks = curvature(rows, *by_segment(rows, mode.parameters))
    np.testing.assert_allclose(np.einsum("sla,slm,smb->ab", rows.maps, blocks, rows.maps), wanted, atol=2e-3)


def test_the_mode_is_the_one_that_a_general_optimiser_finds():
    rows = partial(400, segments=1)

    def loss(free):
        cuts = np.cumsum(np.append(free[0], np.exp(free[1:3])))
        effects = free[3:5] + np.array([[free[5], 0], [free[5], 0], [0, 0]])  # of each cut
        below = LOGIT.cdf(cuts - rows.columns @ effects.T)
        chances = np.diff(below, axis=1, prepend=0, append=1)[np.arange(400), rows.levels]
        return -rows.weights @ np.log(np.maximum(chances, 1e-12))

    solution = minimize(loss, np.array([-1.0, 0, 0, 0, 0, 0]), method="BFGS", options={"gtol": 1e-6})
    mode = fit_laplace(rows, Prior(effect=None), drivers=2)
    np.testing.assert_allclose(mode.parameters[3:], solution.x[3:], atol=1e-4)
    assert mode.log_likelihood == pytest.approx(-solution.fun, abs=1e-6)


def test_a_start_at_which_cut_points_cross_for_somebody_is_begun_anew():
    """The mode of one imputation may be impossible for the people of another."""
    rows = partial(400, segments=1)
    mode = fit_laplace(rows, Prior(), drivers=2)
    start = mode.parameters.copy()
    start[-rows.cut_effects :] += 50
    again = fit_laplace(rows, Prior(), drivers=2, start=start, fixed=(mode.segment_effect, mode.segment_level))
    np.testing.assert_allclose(again.parameters, mode.parameters, atol=1e-4)


def quick(world, seed, n=1500):
    frame, columns = draw_survey(world, np.random.default_rng(seed), n, missing=0)
    return fit_drivers(read_ratings(frame, columns), sampler="laplace", draws=100, random_seed=1)


def test_a_driver_that_decides_between_nine_and_ten_alone_gains_no_score_and_what_was_said_before_is_told():
    world = draw_world(np.random.default_rng(1), drivers=3, traps=("cuts",), effects=[0.0, 0.6, 0.3])
    truth = world.truth(lambda *given: raised(*given, "tenth"), np.random.default_rng(2))
    model = quick(world, 5, 2500)
    assert model.columns.driver[model.odds.by_cut].tolist()[0] == 0
    found = model.changes().change[:, 0]
    low, high = np.quantile(found[:, 0], [0.025, 0.975])
    assert low < truth.reported[0] == 0 < high
    assert found[:, 1].mean() > 0.02  # top answers it does bring
    check = next(check for check in model.checks() if check.name == "proportional_odds")
    assert check.status == "warn"
    assert "Raising “d0” (" in check.message
    assert model._proportional().shifts.shape[-1] == 0


def test_where_effects_are_the_same_at_every_cut_none_is_freed():
    rng = np.random.default_rng(6)
    world = draw_world(rng, drivers=3, traps=(), effects=[0.9, 0.4, 0.0])
    freed = [len(quick(world, seed, 800).odds.by_cut) for seed in range(4)]
    assert sum(freed) <= 1


@pytest.mark.slow
def test_chains_agree_with_the_approximation_where_effects_differ_by_cut():
    world = draw_world(np.random.default_rng(1), drivers=3, traps=("cuts",), effects=[0.0, 0.6, 0.3])
    frame, columns = draw_survey(world, np.random.default_rng(5), 1500, missing=0)
    ratings = read_ratings(frame, columns)
    found = [
        fit_drivers(ratings, sampler=sampler, draws=500, random_seed=1).changes().change
        for sampler in ("nuts", "laplace")
    ]
    ends = [np.quantile(each, [0.05, 0.95], axis=0) for each in found]
    assert (np.abs(ends[0] - ends[1]) <= 0.2 * (ends[0][1] - ends[0][0]) + 1e-9).all()
