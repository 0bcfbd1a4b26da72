"""Leave-one-out prefers the model that is true; the predictive check sees answers that the model cannot give."""

import numpy as np
import pytest
from scipy.stats import norm

from workbench.evaluation import predictive
from workbench.evaluation.predictive import LeaveOneOut, leave_one_out, loo_check, predictive_check


def normal_model(y, mean, rng, weights=None, draws=400):
    """Known variance, flat prior: the posterior of the mean under a likelihood with weights."""
    weights = np.ones(len(y)) if weights is None else weights
    drawn = mean + rng.normal(0, 1 / np.sqrt(weights.sum()), (draws, 1))
    return leave_one_out(lambda kept: norm.logpdf(y[None, kept], drawn), weights, random_seed=1)


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


def test_a_weighted_answer_takes_its_whole_weight_along_when_it_is_left_out():
    rng = np.random.default_rng(3)
    y, weights = rng.normal(0.3, 1, 300), rng.gamma(1, size=300) + 0.1
    weights *= 300 / weights.sum()
    found = normal_model(y, np.average(y, weights=weights), rng, weights, draws=4000)
    rest = weights.sum() - weights
    exact = norm.logpdf(y, (weights @ y - weights * y) / rest, np.sqrt(1 + 1 / rest))
    np.testing.assert_allclose(found.pointwise, exact, atol=0.02)
    heavy = weights > 2.5  # leaving out one unit of weight would flatter these
    alone = normal_model(y, np.average(y, weights=weights), rng, weights, draws=4000).pointwise[heavy]
    assert np.abs(alone - exact[heavy]).mean() < 0.01


def test_frequency_two_is_two_answers_and_survey_weights_have_no_unit():
    rng = np.random.default_rng(4)
    times = rng.integers(1, 4, 200)
    first, second = (pointwise(rng.normal(-1, 0.3, 200)) for _ in range(2))
    copied = [pointwise(np.repeat(each.pointwise, times)) for each in (first, second)]
    together = first.difference(second, times, "frequency")
    np.testing.assert_allclose(together, copied[0].difference(copied[1], np.ones(times.sum())), rtol=1e-12)
    weights = rng.gamma(1, size=200)
    np.testing.assert_allclose(
        first.difference(second, weights, "survey"), first.difference(second, 1000 * weights, "survey"), rtol=1e-12
    )
    np.testing.assert_allclose(
        first.difference(second, np.full(200, 7.0), "survey"), first.difference(second, np.ones(200)), rtol=1e-12
    )


def pointwise(values):
    return LeaveOneOut(pointwise=values, picked=np.arange(len(values)), smoothed=values, k=np.zeros(len(values)))


def test_the_error_of_a_weighted_difference_is_that_of_drawing_the_survey_again():
    rng = np.random.default_rng(5)
    each, weights = rng.normal(0.02, 0.3, 400), rng.gamma(0.7, size=400) + 0.05
    none = pointwise(np.zeros(400))
    totals = []
    for _ in range(2000):
        kept = rng.integers(0, 400, 400)
        totals.append(400 * np.average(each[kept], weights=weights[kept]))
    total, error = pointwise(each).difference(none, weights, "survey")
    assert total == pytest.approx(400 * np.average(each, weights=weights))
    assert error == pytest.approx(np.std(totals), rel=0.08)


def test_a_sample_of_smoothed_answers_corrects_all_others_and_says_how_well(monkeypatch):
    rng = np.random.default_rng(6)
    y = rng.normal(0.3, 1, 3000)
    draws = [mean + rng.normal(0, 0.02, (400, 1)) for mean in (y.mean(), y.mean() + 0.1)]

    def difference():
        models = [
            leave_one_out(lambda kept, mean=mean: norm.logpdf(y[None, kept], mean), np.ones(3000), random_seed=1)
            for mean in draws
        ]
        return models[0].difference(models[1], np.ones(3000))

    sampled = difference()
    monkeypatch.setattr(predictive, "SMOOTHED", 3000)
    whole = difference()
    assert sampled[0] == pytest.approx(whole[0], abs=0.1 * whole[1])
    assert sampled[1] == pytest.approx(whole[1], rel=0.02)  # as much power as all answers have
    # An approximation that is wrong for every answer is set right by the sample, and its doubt is added.
    values = rng.normal(-1, 0.3, 5000)
    picked = rng.choice(5000, 500, replace=False)
    off = values + rng.normal(0.05, 0.02, 5000)
    rough = LeaveOneOut(pointwise=off, picked=picked, smoothed=values[picked], k=np.zeros(500))
    none = LeaveOneOut(pointwise=np.zeros(5000), picked=picked, smoothed=np.zeros(500), k=np.zeros(500))
    total, error = rough.difference(none, np.ones(5000))
    assert total == pytest.approx(values.sum(), abs=4 * 5000 * 0.02 / np.sqrt(500))
    assert error > np.sqrt(5000) * off.std()


def test_shares_that_the_model_does_not_give_are_seen():
    rng = np.random.default_rng(2)
    predicted = rng.dirichlet([50, 30, 20], size=(500, 4))
    assert predictive_check(np.tile([0.5, 0.3, 0.2], (4, 1)), predicted).status == "pass"
    assert predictive_check(np.tile([0.2, 0.3, 0.5], (4, 1)), predicted).status == "warn"
