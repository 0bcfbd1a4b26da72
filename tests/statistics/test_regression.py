"""Regressions have R's estimates, and say where there is no maximum."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from workbench.statistics.newton import Place, maximise
from workbench.statistics.ranking import auc, auc_error_by_chance
from workbench.statistics.regression import fit_regression

# R: mtcars, weight (1000 lb) and whether the transmission is manual
WEIGHT = np.array(
    [
        2.62,
        2.875,
        2.32,
        3.215,
        3.44,
        3.46,
        3.57,
        3.19,
        3.15,
        3.44,
        3.44,
        4.07,
        3.73,
        3.78,
        5.25,
        5.424,
        5.345,
        2.2,
        1.615,
        1.835,
        2.465,
        3.52,
        3.435,
        3.84,
        3.845,
        1.935,
        2.14,
        1.513,
        3.17,
        2.77,
        3.57,
        2.78,
    ]
)
MANUAL = np.array([1, 1, 1] + [0] * 14 + [1, 1, 1] + [0] * 5 + [1] * 7)
# R: ?glm, the randomised controlled trial of Dobson (1990)
COUNTS = np.array([18, 17, 15, 20, 10, 20, 25, 13, 12.0])
OUTCOME = np.tile([1, 2, 3], 3)


def design(*columns):
    return np.column_stack([np.ones(len(columns[0])), *columns])


def test_a_logistic_regression_agrees_with_r():
    fit = fit_regression(design(WEIGHT), MANUAL, family="logistic")
    # R: summary(glm(am ~ wt, binomial, mtcars))
    assert fit.converged
    assert fit.estimate == pytest.approx([12.040, -4.024], abs=5e-4)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([4.510, 1.436], abs=1e-3)  # R's are a step earlier


def test_a_poisson_regression_agrees_with_r_and_exposure_is_an_offset():
    columns = design(OUTCOME == 2, OUTCOME == 3)
    fit = fit_regression(columns, COUNTS, family="poisson")
    # R: glm(counts ~ outcome + treatment, family = poisson()); treatment has no effect there at all
    assert fit.estimate == pytest.approx([3.045, -0.4543, -0.2930], abs=5e-4)
    doubled = fit_regression(columns, COUNTS, family="poisson", exposure=np.full(9, 2.0))
    assert doubled.estimate == pytest.approx(fit.estimate - [np.log(2), 0, 0])


def test_a_weight_is_a_number_of_rows():
    weights = np.arange(32) % 3 + 1
    rows = np.repeat(np.arange(32), weights)
    weighted = fit_regression(design(WEIGHT), MANUAL, family="logistic", weights=weights.astype(float))
    repeated = fit_regression(design(WEIGHT[rows]), MANUAL[rows], family="logistic")
    assert weighted.estimate == pytest.approx(repeated.estimate, abs=1e-6)


def test_outcomes_that_are_separated_have_no_maximum_and_a_ridge_gives_them_one():
    x, y = np.arange(10.0), np.arange(10) >= 5
    assert not fit_regression(design(x), y, family="logistic").converged
    assert fit_regression(design(x), y, family="logistic", ridge=0.01).converged


def test_it_says_so_where_it_has_not_arrived():
    rising = Place(0.0, np.ones(1), np.eye(1))
    assert not maximise(lambda x: Place(float(x[0]), rising.gradient, rising.information), np.zeros(1)).converged


def test_steps_that_overshoot_are_halved():
    # -log cosh(x): Newton's own steps leave from 2 for ever further off
    found = maximise(
        lambda x: Place(float(-np.log(np.cosh(x[0]))), -np.tanh(x), np.array([[1 / np.cosh(x[0]) ** 2]])),
        np.full(1, 2.0),
    )
    assert found.converged
    assert abs(found.estimate[0]) < 1e-4


def test_the_area_of_two_classes_is_that_of_scikit_learn_and_half_by_chance():
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 20, 300), random.random(300) < 0.3
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))
    hits = int(positive.sum())
    areas = [auc(scores, random.permutation(positive)) for _ in range(400)]
    assert np.std(areas) == pytest.approx(auc_error_by_chance(hits, 300 - hits), rel=0.1)
