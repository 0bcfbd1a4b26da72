import numpy as np
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi
from scipy.optimize import minimize

from workbench.statistics.risk_sets import proportionality_test, risk_sets


def test_log_likelihood_has_efrons_ties():
    rossi = load_rossi()
    fitted = CoxPHFitter().fit(rossi, "week", "arrest")
    matrix = rossi[fitted.params_.index].to_numpy(dtype=float)
    sums = risk_sets(rossi["week"].to_numpy(float), rossi["arrest"].to_numpy(bool), matrix, fitted.params_.to_numpy())
    assert sums.log_likelihood == pytest.approx(fitted.log_likelihood_, abs=1e-6)
    assert sums.residuals.sum(axis=0) == pytest.approx(np.zeros(7), abs=1e-3)  # the score is 0 at the maximum
    assert np.sqrt(np.diag(np.linalg.inv(sums.information))) == pytest.approx(
        fitted.standard_errors_.to_numpy(), rel=1e-4
    )


def test_baseline_without_covariates_counts_tied_leavers_one_after_another():
    sums = risk_sets(np.array([1.0, 1, 2, 3]), np.array([True, True, True, False]), np.zeros((4, 0)), np.zeros(0))
    assert sums.hazard.tolist() == pytest.approx([1 / 4 + 1 / 3, 1 / 2])


def test_score_test_is_that_of_a_coefficient_growing_with_the_time_scale():
    """Against the likelihood with `x1 g(t)` as a further covariate, written out and differentiated by steps."""
    random = np.random.default_rng(2)
    size = 60
    x = random.normal(size=(size, 2))
    times = random.exponential(np.exp(-x[:, 0]))
    seen = random.random(size) < 0.8
    at_risk = np.array([(times >= time).sum() for time in times])
    scale = {}
    survival = 1.0
    for i in np.argsort(times):
        if seen[i]:
            scale[i] = 1 - survival
            survival *= 1 - 1 / at_risk[i]

    def loss(b):
        total = 0.0
        for i, g in scale.items():
            risk = x[times >= times[i]] @ (b[:2] + np.array([b[2] * g, 0]))
            total += x[i] @ (b[:2] + np.array([b[2] * g, 0])) - np.log(np.exp(risk).sum())
        return -total

    best = minimize(lambda b: loss([*b, 0]), np.zeros(2), options={"gtol": 1e-9}).x
    point, step = np.array([*best, 0.0]), 1e-4
    unit = np.eye(3) * step
    score = -(loss(point + unit[2]) - loss(point - unit[2])) / (2 * step)
    hessian = np.array(
        [
            [
                (loss(point + a + b) - loss(point + a - b) - loss(point - a + b) + loss(point - a - b)) / (4 * step**2)
                for b in unit
            ]
            for a in unit
        ]
    )
    expected = score**2 * np.linalg.inv(hessian)[2, 2]
    statistic, freedom, p_value = proportionality_test(risk_sets(times, seen, x, best), [0])
    assert statistic == pytest.approx(expected, rel=1e-3)
    assert (freedom, 0 <= p_value <= 1) == (1, True)
