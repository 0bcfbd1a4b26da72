"""Covariates without an estimate are named and taken out, unless they are wanted."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.cox.functional_form import functional_form
from workbench.models.survival.cox.leakage import find_leaks
from workbench.models.survival.cox.screening import fit_identified
from workbench.models.survival.lifetimes.read import read_lifetimes


@pytest.fixture
def lifetimes():
    random = np.random.default_rng(1)
    plan = random.choice(["a", "b"], 600)
    life, cut = random.exponential(np.where(plan == "a", 10.0, 25.0)), random.uniform(5, 40, 600)
    return pd.DataFrame(
        {
            "customer_id": range(600),
            "duration": np.minimum(life, cut),
            "event": life <= cut,
            "plan": plan,
            "use": random.normal(size=600),
        }
    )


def names(checks):
    return [check.name for check in checks]


def test_of_what_tells_who_left_and_is_wanted_all_the_same_no_finding_is_made(lifetimes):
    random = np.random.default_rng(3)
    told = lifetimes.assign(outcome=np.where(lifetimes["event"] ^ (random.random(600) < 0.04), "cancelled", "kept"))
    leaks = find_leaks(read_lifetimes("lifetimes", told, time_unit="month"), named=["plan", "outcome"])
    model, checks = fit_identified(told, ["plan", "outcome"], leaks=leaks, chosen=True)
    assert (model.doubtful, checks) == (("outcome",), ())
    assert [finding.id for finding in model.findings()] in ([], ["hazard_ratio_plan"])
    assert functional_form(model, told, random_seed=1).model.doubtful == ("outcome",)


def test_a_number_over_many_orders_of_magnitude_is_named_and_makes_no_finding(lifetimes):
    huge = lifetimes.assign(huge=np.exp(np.random.default_rng(4).normal(0, 12, 600)))
    model, checks = fit_identified(huge, ["plan", "huge"], labels={"huge": "Huge"})
    assert model.usable
    told = {check.name: check for check in (*checks, *model.checks())}
    assert "Take its logarithm" in told["few_decide_huge"].message
    assert "hazard_ratio_huge" not in [finding.id for finding in model.findings()]


def test_a_number_that_tells_by_itself_who_goes_is_taken_out_and_the_others_are_told_of(lifetimes):
    tells = lifetimes.assign(flag=np.where(lifetimes["event"], 100 - lifetimes["duration"], -50.0))
    model, checks = fit_identified(tells, ["plan", "flag"], labels={"flag": "Flag"})
    assert "leaves out Flag" in checks[-1].message
    assert model.usable
    assert [term.covariate for term in model.design.terms] == ["plan"]


def test_constants_and_sound_covariates_are_left_as_they_are(lifetimes):
    model, checks = fit_identified(lifetimes.assign(same="x", one=3.0), ["plan", "use", "same", "one"])
    assert checks == ()
    assert model.usable
    assert len(model.coefficients) == 2
