"""The gate passes chains that agree and stops those that do not."""

import numpy as np
import pytest

from workbench.evaluation.convergence import Diagnostics, convergence_checks, diagnose

FINE = {"r_hat": 1.002, "ess_bulk": 900.0, "ess_tail": 800.0, "divergences": 0, "e_bfmi": 0.9, "chains": 4}


def failed(**changes):
    return {
        check.name
        for check in convergence_checks([Diagnostics(**FINE), Diagnostics(**{**FINE, **changes})])
        if check.status == "fail"
    }


def test_independent_draws_pass():
    rng = np.random.default_rng(1)
    found = diagnose(
        {"a": rng.normal(size=(4, 1000, 3))}, divergent=np.zeros((4, 1000), bool), energy=rng.normal(size=(4, 1000))
    )
    assert {check.status for check in convergence_checks([found])} == {"pass"}


def test_a_chain_elsewhere_and_one_that_creeps_are_stopped():
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(4, 1000))
    settings = {"divergent": np.zeros((4, 1000), bool), "energy": rng.normal(size=(4, 1000))}
    apart = diagnose({"a": draws + np.array([0, 0, 0, 1])[:, None]}, **settings)
    creeping = diagnose({"a": np.cumsum(draws, axis=1)}, **settings)
    for found in (apart, creeping):
        assert "convergence_r_hat" in {check.name for check in convergence_checks([found]) if check.status == "fail"}
    slow = diagnose({"a": draws}, divergent=settings["divergent"], energy=np.cumsum(draws, axis=1))
    assert slow.e_bfmi < 0.3


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"r_hat": 1.011}, "r_hat"),
        ({"r_hat": np.nan}, "r_hat"),
        ({"ess_bulk": 399.0}, "ess_bulk"),
        ({"ess_tail": 399.0}, "ess_tail"),
        ({"divergences": 1}, "divergences"),
        ({"e_bfmi": 0.29}, "e_bfmi"),
        ({"chains": 3}, "chains"),
    ],
)
def test_the_worst_of_all_fits_decides(changes, name):
    assert failed(**changes) == {f"convergence_{name}"}
