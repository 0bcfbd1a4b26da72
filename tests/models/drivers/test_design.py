"""Customers who answered several times count once, and replicate weights are read as they are meant."""

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.answer_sheets import column, draw_answers

from workbench.errors import DataError
from workbench.models.drivers.effects.performance import mean_ratings
from workbench.models.drivers.model.outcome_level import outcome_level
from workbench.models.drivers.ordinal.approximation import approximate
from workbench.models.drivers.ordinal.derivatives import scores
from workbench.models.drivers.ordinal.imputation import complete, rows_of
from workbench.models.drivers.ordinal.laplace import fit_laplace
from workbench.models.drivers.ordinal.rows import Prior, by_segment
from workbench.models.drivers.ordinal.survey_draws import sandwich
from workbench.models.drivers.responses.columns import make_columns
from workbench.models.drivers.responses.read import read_ratings
from workbench.models.drivers.responses.survey_design import Design


def nps_covered(answers, worlds, seed=1, customers=100):
    """How often a 90% interval of NPS covers, each of 100 customers giving so many answers that resemble each other."""
    rng = np.random.default_rng(seed)
    cuts = np.array([-2.5, -2.0, -1.7, -1.4, -1.1, -0.8, -0.3, 0.2, 0.8, 1.3])
    total = np.sqrt(1.5)
    from scipy.stats import norm

    truth = 100 * (norm.sf(cuts[8] / total) - norm.cdf(cuts[6] / total))
    inside = 0
    for world in range(worlds):
        customer = np.repeat(np.arange(customers), answers)
        latent = rng.standard_normal(customers)[customer] + np.sqrt(0.5) * rng.standard_normal(len(customer))
        frame = pd.DataFrame({"outcome": np.searchsorted(cuts, latent).astype(float), "customer_id": customer})
        frame["da"] = rng.integers(1, 6, len(frame)).astype(float)
        columns = [column("outcome", "outcome", (0, 10), label="Would recommend us"), column("da", "driver", (1, 5))]
        ratings = read_ratings(frame, columns)
        found = outcome_level(ratings, confidence=0.9, response_ratio=1.0, random_seed=world).metrics()
        inside += found["nps_lower"] <= truth <= found["nps_upper"]
    return inside / worlds


@pytest.fixture
def fewer_draws(monkeypatch):
    monkeypatch.setattr("workbench.models.drivers.model.outcome_level.DRAWS", 400)


def test_intervals_of_the_score_cover_however_often_customers_answered(fewer_draws):
    # 0.53 when every one of 12 answers counted as another customer's
    assert nps_covered(12, 60) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("answers", [1, 3, 6, 12])
def test_intervals_of_the_score_cover_in_85_to_95_percent(answers, fewer_draws):
    assert 0.85 <= nps_covered(answers, 400, seed=2) <= 0.95


def answered(times, *, blocks=False):
    """A survey in which the same people answer the same several times."""
    frame, columns, *_ = draw_answers(200, [0.8, 0.3], np.random.default_rng(3), segments=2)
    frame["customer_id"] = [f"c{place}" for place in range(200)]
    frame = pd.concat([frame] * times, ignore_index=True)
    return read_ratings(frame, columns, segment="segment")


def test_a_copy_of_every_answer_by_the_same_customer_tells_nothing_new():
    covariances, errors = [], []
    for times in (1, 4):
        ratings = answered(times)
        rows = rows_of(ratings, make_columns(ratings), *complete(ratings, Prior(), times=1, random_seed=1)[0])
        mode = fit_laplace(rows, Prior(), drivers=2, fixed=(0.2, 0.3))
        covariances.append(np.diag(sandwich(mode))[rows.count - 1 :][:2])
        errors.append(mean_ratings(ratings)[1])
    np.testing.assert_allclose(np.sqrt(covariances[1]), np.sqrt(covariances[0]), rtol=0.15)
    np.testing.assert_allclose(errors[1], errors[0], rtol=0.02)
    assert answered(1).design.cluster is None
    check = next(check for check in answered(4).checks if check.name == "design_effect")
    assert check.value == pytest.approx(4, rel=0.02)
    assert "200 customers" in check.message


def test_the_sandwich_sums_scores_over_each_customer_also_across_segments():
    rng = np.random.default_rng(4)
    frame, columns, *_ = draw_answers(300, [0.8, 0.3], rng, segments=2)
    frame["customer_id"] = rng.integers(0, 60, 300)
    ratings = read_ratings(frame, columns, segment="segment")
    rows = rows_of(ratings, make_columns(ratings), *complete(ratings, Prior(), times=1, random_seed=1)[0])
    mode = fit_laplace(rows, Prior(), drivers=2)
    each = scores(rows, *by_segment(rows, mode.parameters))
    whole = np.concatenate([each[rows.group == s] @ rows.maps[s] for s in range(2)])
    sums = pd.DataFrame(whole).groupby(ratings.table["customer_id"].to_numpy()).sum().to_numpy()
    from workbench.models.drivers.ordinal.derivatives import curvature

    blocks = curvature(rows, *by_segment(rows, mode.parameters))
    excess = len(sums) / (len(sums) - 1) * sums.T @ sums
    excess -= np.einsum("sla,slm,smb->ab", rows.maps, blocks, rows.maps)
    np.testing.assert_allclose(sandwich(mode), mode.covariance + mode.covariance @ excess @ mode.covariance, atol=1e-9)


def test_replicate_weights_give_the_variance_of_their_definition():
    """Jackknife of single rows: of a mean it is the textbook variance, exactly."""
    x = np.random.default_rng(5).normal(size=30)
    replicates = 30 / 29 * (1 - np.eye(30))
    design = Design(ratios=replicates, factor=29.0)
    away = (x - x.mean())[:, None]
    assert design.variance(away)[0, 0] / 30**2 == pytest.approx(x.var(ddof=1) / 30)
    rng = np.random.default_rng(6)
    means = [np.average(x, weights=design.multipliers(30, rng)) for _ in range(4000)]
    assert np.var(means) == pytest.approx(x.var(ddof=1) / 30, rel=0.1)


def with_replicates(bad=False):
    frame, columns, *_ = draw_answers(120, [0.8, 0.3], np.random.default_rng(7))
    half = np.where(np.random.default_rng(8).random((120, 16)) < 0.5, 0.0, 2.0)
    for place in range(16):
        frame[f"r{place}"] = half[:, place]
        columns.append(column(f"r{place}", "", None, weighting="replicate"))
    if bad:
        frame.loc[3, "r2"] = np.nan
    return frame, columns


def test_replicate_weights_of_a_survey_are_read_and_bad_ones_are_told():
    ratings = read_ratings(*with_replicates())
    assert ratings.design.ratios.shape == (120, 16)
    assert ratings.design_weighting == "survey"
    assert any("Replicate weights" in check.message for check in ratings.checks)
    with pytest.raises(DataError, match=r"r2.*1 replicate weight that"):
        read_ratings(*with_replicates(bad=True))


def test_a_dozen_customers_give_wide_intervals_and_a_warning_and_no_fault():
    rng = np.random.default_rng(9)
    frame, columns, *_ = draw_answers(240, [0.8, 0.3, 0.1, 0.0], rng, segments=2)
    frame["customer_id"] = rng.integers(0, 12, 240)
    ratings = read_ratings(frame, columns, segment="segment")
    rows = rows_of(ratings, make_columns(ratings), *complete(ratings, Prior(), times=1, random_seed=1)[0])
    drawn = approximate([rows], Prior(), drivers=4, weighting=ratings.design_weighting).draws(200, rng)[0]
    assert np.isfinite(drawn).all()
    check = next(check for check in ratings.checks if check.name == "design_effect")
    assert check.status == "warn"
    assert "too narrow" in check.message
