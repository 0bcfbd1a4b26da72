"""Fitted by the gradient or by lifelines' own search: one maximum."""

import warnings

import lifelines
import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.extrapolation import likelihood

KNOTS = np.array([2.0, 8.0, 20.0])
FAMILIES = {
    "weibull": (likelihood.Weibull, lifelines.WeibullFitter, ()),
    "log-normal": (likelihood.LogNormal, lifelines.LogNormalFitter, ()),
    "log-logistic": (likelihood.LogLogistic, lifelines.LogLogisticFitter, ()),
    "generalised gamma": (likelihood.GeneralizedGamma, lifelines.GeneralizedGammaFitter, ()),
    "spline": (likelihood.Spline, lifelines.SplineFitter, (KNOTS,)),
}


def lives(seed, shape=1.3, late=False, size=600):
    random = np.random.default_rng(seed)
    life, entry = 20 * random.weibull(shape, size), np.zeros(size)
    if late:
        entry = np.where(random.random(size) < 0.4, random.uniform(0, 8, size), 0.0)
    cut = entry + random.uniform(1, 36, size)
    rows = pd.DataFrame({"duration": np.minimum(life, cut), "event": life <= cut, "entry": entry, "weight": 1.0})
    return rows.assign(weight=random.integers(1, 4, size))[life > entry]


def fitted(fitter, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        late = rows["entry"] if (rows["entry"] > 0).any() else None
        return fitter.fit(rows["duration"], rows["event"], weights=rows["weight"], entry=late)


@pytest.mark.parametrize("world", [(1, 1.3, False), (2, 0.7, False), (3, 1.3, True)])
@pytest.mark.parametrize("name", FAMILIES)
def test_both_find_one_maximum(name, world):
    ours, theirs, given = FAMILIES[name]
    rows = lives(*world)
    found, known = fitted(ours(*given), rows), fitted(theirs(*given), rows)
    assert found.log_likelihood_ >= known.log_likelihood_ - 1e-6
    assert found.log_likelihood_ == pytest.approx(known.log_likelihood_, abs=1e-4)
    errors = np.sqrt(np.diag(known.variance_matrix_))
    assert np.abs(found.params_ - known.params_).max() < 0.01 * errors.max()
    assert np.sqrt(np.diag(found.variance_matrix_)) == pytest.approx(errors, rel=0.01)


def test_beyond_the_log_normal_the_generalised_gamma_has_a_maximum_too():
    """1 / Weibull: the form is -1, where a search that begins at 1 does not come."""
    life = 20 / np.random.default_rng(1).weibull(1.5, 1500)
    rows = pd.DataFrame({"duration": np.minimum(life, 60), "event": life <= 60, "entry": 0.0, "weight": 1.0})
    found = fitted(likelihood.GeneralizedGamma(), rows)
    form, error = found.params_["lambda_"], np.sqrt(found.variance_matrix_.loc["lambda_", "lambda_"])
    assert abs(form + 1) < 3 * error < 0.6


def test_where_steps_end_in_no_maximum_lifelines_searches(monkeypatch):
    rows, known = lives(1), []
    monkeypatch.setattr(likelihood, "_is_maximum", lambda *_: False)
    for make in (likelihood.LogNormal, lifelines.LogNormalFitter):
        known.append(fitted(make(), rows).params_)
    assert known[0].tolist() == known[1].tolist()
