"""Leave-one-out prefers the model that is true; the predictive check sees answers that the model cannot give."""

import numpy as np
from scipy.stats import norm

from workbench.evaluation.predictive import leave_one_out, loo_check, predictive_check


def normal_model(y, mean, rng):
    draws = mean + rng.normal(0, 1 / np.sqrt(len(y)), (400, 1))
    return leave_one_out(norm.logpdf(y[None], draws))


def test_leave_one_out_comes_near_to_its_closed_form_and_prefers_the_truth():
    rng = np.random.default_rng(1)
    y = rng.normal(0.3, 1, 500)
    true = normal_model(y, y.mean(), rng)
    # Known variance, flat prior: each answer's predictive given the others is normal with variance n / (n − 1).
    others = (y.sum() - y) / (len(y) - 1)
    exact = norm.logpdf(y, others, np.sqrt(1 + 1 / (len(y) - 1))).sum()
    assert abs(true.pointwise.sum() - exact) < 0.3
    difference, error = true.difference(normal_model(y, 1.0, rng), np.ones(500))
    assert difference > 2 * error > 0
    assert loo_check(true).status == "pass"


def test_shares_that_the_model_does_not_give_are_seen():
    rng = np.random.default_rng(2)
    foretold = rng.dirichlet([50, 30, 20], size=(500, 4))
    assert predictive_check(np.tile([0.5, 0.3, 0.2], (4, 1)), foretold).status == "pass"
    assert predictive_check(np.tile([0.2, 0.3, 0.5], (4, 1)), foretold).status == "warn"
