"""What NUTS draws: the same from both layouts, near the normal approximation, with the truth inside; SBC."""

import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import kstest
from tests.models.drivers.answer_sheets import draw_answers, draw_ratings

from workbench.evaluation.convergence import convergence_checks
from workbench.models.drivers.model.fit import fit_drivers
from workbench.models.drivers.model.prior_predictive import draw_prior
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.links import LOGIT, PROBIT
from workbench.models.drivers.ordinal.posterior import build_model, sample
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment
from workbench.models.drivers.ordinal.survey_draws import design_adjusted
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings

EFFECTS = [0.7, 0.4, 0.0]


def setting(n=600, shape="linear", seed=3, **world):
    ratings, truth = draw_ratings(n, EFFECTS, np.random.default_rng(seed), segment="segment", **world)
    columns = make_columns(ratings, shape)
    return ratings, columns, rows_of(ratings, columns, *complete(ratings, Prior(), times=1, random_seed=1)[0]), truth


@pytest.mark.slow
def test_both_layouts_are_one_model_and_the_truth_lies_inside():
    import nutpie

    _, columns, rows, truth = setting(segments=4, segment_sd=0.2, unused=0.2)
    posterior = sample([rows], columns, Prior(), draws=1000, tune=500, drivers=3, random_seed=1)
    assert {check.status for check in convergence_checks(posterior.fits)} == {"pass"}
    compiled = nutpie.compile_pymc_model(build_model(rows, columns, Prior()))
    settings = {"tune": 800, "chains": 4, "cores": 2, "seed": 2, "target_accept": 0.9, "progress_bar": False}
    plain = nutpie.sample(compiled, draws=1500, **settings).posterior
    for ours, theirs in ((posterior.coefficients, plain["coefficients"]), (posterior.cuts, plain["cuts"])):
        theirs, ours = theirs.to_numpy().reshape(-1, *ours.shape[2:]), ours.reshape(-1, *ours.shape[2:])
        np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=0.12 * theirs.std(0).max())
        np.testing.assert_allclose(ours.std(0), theirs.std(0), rtol=0.12)
    rating = ~columns.usage
    low, high = np.quantile(posterior.flat[0][:, :, rating], [0.005, 0.995], axis=0)
    assert ((low < truth) & (truth < high)).mean() >= 0.9


@pytest.mark.slow
def test_the_normal_approximation_agrees_with_nuts():
    _, columns, rows, _ = setting(n=1500)
    posterior = sample([rows], columns, Prior(), draws=800, tune=400, drivers=3, random_seed=1)
    mode = fit_laplace(rows, Prior(), drivers=3)
    drawn = by_segment(rows, mode.draws(4000, np.random.default_rng(1)))
    for ours, theirs in zip(posterior.flat, drawn, strict=True):
        sd = theirs.std(0)
        assert (np.abs(ours.mean(0) - theirs.mean(0)) <= 0.15 * sd + 1e-12).all()
        np.testing.assert_allclose(ours.std(0), sd, rtol=0.1, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("link", [LOGIT, PROBIT], ids=["logit", "probit"])
def test_a_fitted_model_recovers_the_truth_with_either_noise(link):
    """From ratings with gaps to effects, levers and checks; the truth is in the unit of the link."""
    frame, columns, truth, _ = draw_answers(
        1500,
        np.array([1.0, 0.5, 0.0]) * link.unit,
        np.random.default_rng(4),
        segments=2,
        missing=0.05,
        unused=0.1,
        link=link,
    )
    ratings = read_ratings(frame, columns, segment="segment")
    model = fit_drivers(ratings, link=link.name, imputations=2, draws=1000, tune=500, random_seed=1)
    assert {check.status for check in convergence_checks(model.posterior.fits)} == {"pass"}
    assert next(check for check in model.checks() if check.name == "posterior_predictive").status == "pass"
    effects = model.posterior.flat[0][:, :, ~model.columns.usage]
    assert (np.abs(effects.mean(0) - truth) < 3 * effects.std(0)).all()
    rows = model.rows[0]
    mode = fit_laplace(rows, model.prior, drivers=3)
    np.testing.assert_allclose(model.posterior.effects.mean((0, 1)), mode.effects, atol=2 * effects.std())
    # Either noise explains as much of its own latent variance.
    signal = np.var((rows.columns[:, ~model.columns.usage] * truth[rows.group]).sum(1))
    explained = model.importance.explained
    assert abs(explained.mean() - signal / (signal + link.latent_variance)) < 4 * explained.std()


@pytest.mark.slow
def test_monotone_effects_climb_where_the_truth_does():
    _, columns, rows, _ = setting(n=1500, shape="monotone")
    posterior = sample([rows], columns, Prior(), draws=500, tune=500, drivers=3, random_seed=1)
    assert max(fit.r_hat for fit in posterior.fits) < 1.02
    steps = posterior.flat[0][:, 0]
    for place in range(3):
        own = steps[:, (columns.driver == place) & ~columns.usage]
        assert ((own >= 0).all(1) | (own <= 0).all(1)).all()
    whole = np.array([steps[:, columns.driver == place].sum(1).mean() for place in range(3)])
    np.testing.assert_allclose(whole, np.array(EFFECTS) * 4 / columns.sd, atol=0.6)


def test_adjusting_for_the_design_changes_nothing_where_all_weights_are_one():
    _, _, rows, _ = setting(n=3000)
    mode = fit_laplace(rows, Prior(), drivers=3)
    draws = mode.draws(3000, np.random.default_rng(1))
    moved = design_adjusted(draws, mode)
    np.testing.assert_allclose(moved.std(0), draws.std(0), rtol=0.1)


def prior_world(n, rng):
    """Data drawn from the prior itself: three columns, two segments, five levels."""
    varying = np.ones(3, dtype=bool)
    coefficients, intercepts, cuts = draw_prior(
        Prior(), levels=5, drivers=3, columns=3, varying=varying, segments=2, rng=rng
    )
    table = np.sqrt(0.5) * (rng.standard_normal((n, 3)) + rng.standard_normal((n, 1)))
    group = np.repeat([0, 1], n // 2)
    predictor = intercepts[group] + (table * coefficients[group]).sum(1)
    levels = np.searchsorted(cuts, predictor + rng.logistic(size=n))
    rows = Rows(
        columns=table, levels=levels, weights=np.ones(n), starts=np.array([0, n // 2, n]), count=5, varying=varying
    )
    return rows, np.concatenate([cuts, coefficients.ravel()])


@pytest.mark.slow
def test_simulation_based_calibration_ranks_are_uniform():
    """Talts et al. 2018, on the model as it is sampled; compiled once for all simulations."""
    import nutpie

    rng, ranks, compiled = np.random.default_rng(5), [], None
    ratings, _ = draw_ratings(100, EFFECTS, rng)
    while len(ranks) < 120:
        rows, truth = prior_world(200, rng)
        compiled = compiled or nutpie.compile_pymc_model(build_model(rows, make_columns(ratings), Prior()))
        given = compiled.with_data(columns=rows.columns, levels=rows.levels)
        found = nutpie.sample(
            given, draws=200, tune=400, chains=2, cores=2, seed=len(ranks), target_accept=0.9, progress_bar=False
        ).posterior
        drawn = np.concatenate(
            [found["cuts"].to_numpy().reshape(400, -1), found["coefficients"].to_numpy().reshape(400, -1)], axis=1
        )[::4]
        ranks.append((drawn < truth).mean(0))
    p_values = [kstest(each, "uniform").pvalue for each in np.array(ranks).T]
    assert min(p_values) > 0.05 / len(p_values) / 2


@pytest.mark.slow
def test_chains_that_diverge_are_run_again_with_smaller_steps(monkeypatch):
    """One divergence at the first try, none at the second: the gate passes on the second."""
    import nutpie

    from workbench.models.drivers.ordinal.posterior import CAREFUL, TARGET_ACCEPT

    once, tried = nutpie.sample, []

    def diverging(*given, target_accept, **settings):
        trace = once(*given, target_accept=target_accept, **settings).wait()
        tried.append(target_accept)
        if target_accept == TARGET_ACCEPT:
            trace.sample_stats["diverging"].values[0, 7] = True
        return SimpleNamespace(wait=lambda: trace)

    monkeypatch.setattr(nutpie, "sample", diverging)
    _, columns, rows, _ = setting()
    posterior = sample([rows], columns, Prior(), draws=400, tune=400, drivers=3, random_seed=1)
    assert tried == [TARGET_ACCEPT, CAREFUL]
    assert posterior.fits[0].divergences == 0


@pytest.mark.slow
def test_chains_that_are_interrupted_give_nothing(monkeypatch):
    """As when somebody stops a cell: draws that are lacking would stand as gaps in the posterior."""
    import nutpie

    once = nutpie.sample

    def stopped(*given, **settings):
        running = once(*given, **settings)
        threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
        return running

    monkeypatch.setattr(nutpie, "sample", stopped)
    _, columns, rows, _ = setting()
    with pytest.raises(KeyboardInterrupt):
        sample([rows], columns, Prior(), draws=1_000_000, tune=400, drivers=3, random_seed=1)
