import numpy as np
import pytest
from tests.models.survival.test_covariate_histories import END, company  # noqa: F401

from workbench.errors import ParameterError
from workbench.models.survival.cox.model import fit_cox
from workbench.models.survival.forecast.active_customers import forecast
from workbench.models.survival.forecast.landmarks import fit_landmark_cox
from workbench.models.survival.forecast.scenario import apply_scenario
from workbench.models.survival.lifetimes.covariate_histories import covariate_histories
from workbench.models.survival.lifetimes.read import Lifetimes


@pytest.fixture(scope="module")
def made(company):  # noqa: F811
    spells, surveys = company
    lifetimes = Lifetimes(
        frame=spells.frame,
        time_unit="month",
        labels={"csat": "Satisfaction"},
        covariates=[],
        spells=spells,
        lapse=None,
        checks=(),
    )
    return lifetimes, fit_landmark_cox(spells.frame, [], covariate_histories(spells, surveys=surveys, scores=["csat"]))


def test_more_satisfied_customers_are_expected_to_stay_and_less_satisfied_ones_to_leave(made):
    lifetimes, model = made
    better, worse = (apply_scenario([model], lifetimes, {"csat": [step]}, random_seed=1) for step in (1.0, -1.0))
    assert (better.table["upper"] < 0).all()
    assert (worse.table["lower"] > 0).all()
    expected = forecast(model, lifetimes).expected
    row = better.table.set_index("horizon").loc[3.0]
    assert row["as_last_known"] == pytest.approx(expected, rel=0.03)
    # The planted log odds ratio is -1.5 a point, of answers a month old; hazards fall by about as much.
    assert row["in_scenario"] / row["as_last_known"] == pytest.approx(np.exp(-1.2), abs=0.12)
    (finding,) = better.findings()
    assert "satisfaction (+1 from now on)" in finding.statement
    assert finding.evidence == "associational"


def test_a_change_that_begins_later_changes_nothing_before(made):
    lifetimes, model = made
    late = apply_scenario([model], lifetimes, {"csat": [0.0, 0.0, 0.0, 1.0]}, random_seed=1).table.set_index("horizon")
    assert late.loc[[1.0, 3.0], "difference"].tolist() == pytest.approx([0, 0], abs=1e-9)
    at_once = apply_scenario([model], lifetimes, {"csat": [1.0]}, random_seed=1).table.set_index("horizon")
    assert at_once.loc[12.0, "difference"] < late.loc[12.0, "difference"] < 0


def test_a_name_that_no_model_takes_is_refused_and_the_model_that_takes_more_is_used(made):
    lifetimes, model = made
    plain = fit_cox(lifetimes.frame, [])
    assert len(apply_scenario([plain, model], lifetimes, {"csat": [1.0]}, random_seed=1).table) == 5
    with pytest.raises(ParameterError, match=r"scenario: got 'nonsense', expected .*csat"):
        apply_scenario([plain, model], lifetimes, {"csat": [1.0], "nonsense": [2.0]}, random_seed=1)
    with pytest.raises(ParameterError, match="expected numbers that the model knows of customers: none"):
        apply_scenario([plain], lifetimes, {"csat": [2.0]}, random_seed=1)


def test_a_scenario_that_changes_nothing_clearly_says_so(made):
    lifetimes, model = made
    (found,) = apply_scenario([model], lifetimes, {"csat": [1e-6]}, random_seed=1).findings()
    assert "would not clearly change" in found.statement
    (clear,) = apply_scenario([model], lifetimes, {"csat": [1.0]}, random_seed=1).findings()
    assert "fewer customers would be expected to leave" in clear.statement
    assert clear.estimate < 0
