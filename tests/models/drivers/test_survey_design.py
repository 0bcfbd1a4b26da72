"""Survey weights move draws to the spread of the design, and ladders of monotone effects keep their sign."""

import numpy as np
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers

from workbench.models.drivers.ordinal.derivatives import curvature, scores
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.links import LOGIT, PROBIT
from workbench.models.drivers.ordinal.posterior import sample
from workbench.models.drivers.ordinal.rows import Prior
from workbench.models.drivers.ordinal.survey_draws import _Ladders, ladders_adjusted, sandwich
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings

EFFECTS = [0.8, 0.4, 0.0]


def weighted(n=800, shape="linear", *, uneven=True, link=LOGIT, seed=1, **world):
    rng = np.random.default_rng(seed)
    frame, columns, *_ = draw_answers(n, EFFECTS, rng, link=link, **world)
    frame["weight"] = rng.gamma(0.5, size=n) + 0.05 if uneven else np.ones(n)
    columns = [*columns, column("weight", "", None, weighting="survey")]
    ratings = read_ratings(frame, columns, segment="segment")
    layout = make_columns(ratings, shape)
    completed = complete(ratings, Prior(), times=1, random_seed=1)[0]
    return layout, rows_of(ratings, layout, *completed, link=link)


def ladder_draws(layout, rows, rng, count=4000):
    """Draws as of a monotone model: effects of whole ladders, some near 0, and shares of their steps."""
    drivers, usage = 3, np.flatnonzero(layout.usage)
    effects = rng.normal([2.0, 1.0, 0.0, *np.zeros(len(usage))], 0.25, (count, drivers + len(usage)))
    whole = effects[:, None, :drivers] + rng.normal(0, 0.1, (count, rows.segments, drivers)) * (rows.segments > 1)
    coefficients = np.zeros((count, rows.segments, len(layout.driver)))
    for place in range(drivers):
        own = np.flatnonzero((layout.driver == place) & ~layout.usage)
        coefficients[:, :, own] = whole[:, :, place, None] * rng.dirichlet(np.full(len(own), 4.0), count)[:, None]
    coefficients[:, :, usage] = effects[:, None, drivers:]
    levels = rng.normal(0, 0.1, (count, rows.segments)) * (rows.segments > 1)
    levels -= levels.mean(1, keepdims=True)
    cuts = np.sort(rng.normal(np.arange(rows.count - 1) - 1.0, 0.15, (count, rows.count - 1)), axis=1)
    return effects, coefficients, levels, cuts


def one_sign(layout, coefficients):
    for place in range(3):
        own = coefficients[..., np.flatnonzero((layout.driver == place) & ~layout.usage)]
        if not ((own >= 0).all(-1) | (own <= 0).all(-1)).all():
            return False
    return True


@pytest.mark.parametrize("segments", [1, 3])
def test_ladders_are_the_same_when_freed_and_bound_again(segments):
    layout, rows = weighted(shape="monotone", segments=segments, unused=0.2)
    draws = ladder_draws(layout, rows, np.random.default_rng(2), 50)
    ladders = _Ladders(rows, layout)
    for before, after in zip(draws, ladders.bound(ladders.freed(*draws)), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-9)
    point, step = ladders.freed(*draws)[7], 1e-6
    slopes = ladders.slopes(point)

    def local(free):
        _, coefficients, levels, cuts = ladders.bound(free[None])
        return np.column_stack([np.repeat(cuts, segments, axis=0), coefficients[0], levels[0]])

    for place in range(len(point)):
        move = step * np.eye(len(point))[place]
        found = (local(point + move) - local(point - move)) / (2 * step)
        np.testing.assert_allclose(slopes[:, :, place], found, atol=1e-6)


@pytest.mark.parametrize("segments", [1, 3])
def test_ladders_keep_one_sign_and_widen_when_weights_are_uneven(segments):
    rng = np.random.default_rng(3)
    layout, rows = weighted(shape="monotone", segments=segments, unused=0.2)
    draws = ladder_draws(layout, rows, rng)
    effects, coefficients, levels, cuts = ladders_adjusted(rows, layout, *draws)
    assert one_sign(layout, draws[1])
    assert one_sign(layout, coefficients)
    assert (np.diff(cuts, axis=1) >= 0).all()
    np.testing.assert_allclose(levels.sum(1), 0, atol=1e-9)
    assert (effects[:, :3].std(0) > 1.1 * draws[0][:, :3].std(0)).all()
    np.testing.assert_allclose(effects.mean(0), draws[0].mean(0), atol=1e-9)
    _, even = weighted(shape="monotone", segments=segments, unused=0.2, uneven=False)
    assert (ladders_adjusted(even, layout, *draws)[0].std(0) < effects.std(0)).mean() > 0.7


@pytest.mark.parametrize("link", [LOGIT, PROBIT], ids=["logit", "probit"])
def test_the_sandwich_is_that_of_its_formula(link):
    _, rows = weighted(link=link, segments=2)
    mode = fit_laplace(rows, Prior().on(link), drivers=3)
    from workbench.models.drivers.ordinal.rows import by_segment

    each = scores(rows, *by_segment(rows, mode.parameters)) * rows.weights[:, None]
    blocks = curvature(rows, *by_segment(rows, mode.parameters))
    whole = np.concatenate([each[rows.group == s] @ rows.maps[s] for s in range(2)])
    believed = mode.precision - np.einsum("sla,slm,smb->ab", rows.maps, blocks, rows.maps)
    bread = np.linalg.inv(mode.precision)
    np.testing.assert_allclose(sandwich(mode), bread @ (whole.T @ whole + believed) @ bread, atol=1e-10)


@pytest.mark.slow
def test_monotone_effects_sampled_under_survey_weights_climb_one_way_and_are_as_wide_as_lines():
    layout, rows = weighted(1500, "monotone", segments=2)
    posteriors = {
        name: sample([rows], layout, Prior(), draws=500, tune=500, weighting=name, drivers=3, random_seed=1)
        for name in ("none", "survey")
    }
    whole = {}
    for name, posterior in posteriors.items():
        assert one_sign(layout, posterior.flat[0])
        sums = [posterior.flat[0][:, :, layout.driver == place].sum(2).mean(1) for place in range(3)]
        whole[name] = np.std(sums, axis=1)
    straight, lines = weighted(1500, segments=2)
    mode = fit_laplace(lines, Prior(), drivers=3)
    mean = lines.maps.mean(0)[lines.count - 1 :][np.flatnonzero(~straight.usage)]  # effects over both segments
    variances = [np.einsum("dp,pq,dq->d", mean, each, mean) for each in (sandwich(mode), mode.covariance)]
    wanted = np.sqrt(variances[0] / variances[1])
    np.testing.assert_allclose(whole["survey"] / whole["none"], wanted, rtol=0.25)
