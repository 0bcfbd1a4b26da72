"""What a world may be asked to be, and what is answered when it may not."""

import pytest

from workbench.errors import ParameterError
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.engine.settings import PRESET_HELP, PRESETS, Settings, read_settings

GOOD = {
    "initiative": "new_app",
    "touchpoint": "app",
    "expected_lift": 0.2,
    "lift_sd": 0.1,
    "fixed_cost": 100,
    "cost_per_customer": 1,
    "reach": 0.5,
}


def faults(*texts):
    with pytest.raises(ParameterError) as refused:
        read_settings(texts)
    return refused.value.faults


def test_a_preset_is_where_other_settings_start_from():
    made = read_settings(["preset=small", "months=9", "halo=0.5", "trials=false"])
    assert (made.customers, made.months, made.halo, made.trials, made.seed) == (1_000, 9, 0.5, False, 1)


def test_every_preset_is_within_bounds_and_explained():
    for name in PRESETS:
        assert read_settings([f"preset={name}"]).preset == name
    assert set(PRESET_HELP) == set(PRESETS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("customers=0", "customers: got 0, expected a whole number from 1 to"),
        ("customers=1e3", "customers: got '1e3', expected a whole number"),
        ("customers=", "customers: got '', expected a whole number"),
        ("months=-3", "months: got -3, expected a whole number from 1 to 120"),
        ("months=121", "months: got 121"),
        ("seed=-1", "seed: got -1"),
        ("churn=1.5", "churn: got 1.5, expected a number from 0.0005 to 0.2"),
        ("churn=nan", "churn: got nan"),
        ("response=-0.1", "response: got -0.1"),
        ("response=null churn", "response: got 'null churn'"),
        ("dirt=1", "dirt: got 1, expected a number from 0 to 0.5"),
        ("frailty=-1", "frailty: got -1"),
        ("halo=inf", "halo: got inf"),
        ("trials=yes", "trials: got 'yes', expected true or false"),
        ("start=2023-13", "start: got '2023-13', expected a month such as 2023-01"),
        ("warning=2", "warning: got 2, expected a number from 0 to 1"),
        ("trial_design=regions", "did you mean 'region'?"),
        ("trial_months=0", "trial_months: got 0, expected a whole number from 1 to 24"),
        ("lift=-1", "lift: got -1, expected a number from 0 to 5"),
        ("link=3", "link: got 3, expected a number from 0 to 2"),
        ("random_pilots=7", "random_pilots: got 7, expected a whole number from 0 to 6"),
        ("random_pilots=1.5", "random_pilots: got '1.5', expected a whole number from 0 to 6"),
        ("letters=2", "letters: got '2', expected true or false"),
        ("currency=euro", "currency: got 'euro', expected three capital letters"),
        ("preset=dmo", "did you mean 'demo'?"),
        ("moths=3", "did you mean 'months'?"),
        ("customers", "expected a setting as name=value"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_expected(text, said):
    (fault,) = faults(text)
    assert said in fault


def test_all_faults_come_at_once():
    assert len(faults("customers=0", "months=-1", "churn=2", "halo=x", "nonsense=1", "start=soon")) == 6


def test_pilots_by_lot_are_for_the_design_that_draws_customers():
    (fault,) = faults("random_pilots=2", "trial_design=region")
    assert "random_pilots: got 2, expected trial_design=individual beside it." in fault
    assert read_settings(["random_pilots=null", "trial_design=region"]).random_pilots is None


def test_a_setting_stands_once():
    assert "each setting once" in faults("seed=1", "seed=2")[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"touchpoint": "aap"}, "touchpoint is 'aap', expected onboarding, website, app"),
        ({"initiative": "no good"}, "initiative is 'no good', expected a name"),
        ({"reach": 1.2}, "reach is 1.2, expected a number from 0 to 1"),
        ({"lift_sd": -1}, "lift_sd is -1"),
        ({"expected_lift": True}, "expected_lift is True"),
        ({"fixed_cost": None}, "fixed_cost is nothing"),
        ({"fixed_costs": 1}, "did you mean 'fixed_cost'?"),
    ],
)
def test_a_bad_initiative_is_named_by_its_place(tmp_path, change, said):
    path = tmp_path / "initiatives.yaml"
    path.write_text(repr([GOOD | change]).replace("None", "null").replace("True", "true"))
    with pytest.raises(ParameterError, match="initiatives, number 1") as refused:
        offered(Settings(initiatives=str(path)))
    assert any(said in fault for fault in refused.value.faults)


@pytest.mark.parametrize("content", ["", "7", "[]", "[1, 2]", "{a: 1}", "[", "\0", repr([GOOD] * 7)])
def test_a_file_that_holds_no_initiatives_is_refused(tmp_path, content):
    path = tmp_path / "initiatives.yaml"
    path.write_text(content)
    with pytest.raises(ParameterError, match="initiatives"):
        offered(Settings(initiatives=str(path)))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="cannot be read"):
        offered(Settings(initiatives=str(tmp_path / "none.yaml")))


def test_initiatives_of_a_file_are_offered_as_they_are_stated(tmp_path):
    path = tmp_path / "initiatives.yaml"
    path.write_text(repr([GOOD]))
    (made,) = offered(Settings(initiatives=str(path)))
    assert made.stated() == {**GOOD, "driver": "app"}


def test_true_lifts_come_from_the_distribution_that_is_stated():
    scores = [
        (each.true_lift - each.expected_lift) / each.lift_sd
        for seed in range(200)
        for each in offered(Settings(seed=seed))
    ]
    assert abs(sum(scores) / len(scores)) < 0.1
    assert 0.9 < (sum(score**2 for score in scores) / len(scores)) ** 0.5 < 1.1
