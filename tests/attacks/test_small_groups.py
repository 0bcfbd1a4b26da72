"""No small group is recovered from what a run leaves: each way of `ways` on the artifacts of random companies' runs.

Companies are made with levels of one to nine people, plans that nearly all have left or that are young, and touchpoints
where hardly anybody of a group has been. Four runs are made in `make test`, sixty by the slow one.
"""

import pytest

from tests.attacks.companies import company
from tests.attacks.scene import run
from tests.attacks.ways import WAYS

FINE = [3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0]
STUDIES = {
    "churn_survival": ("lifetimes", {"horizons": FINE}),
    "driver_analysis": ("surveys", {"draws": 50, "tune": 50, "imputations": 2}),
    "attrition_risk": ("lifetimes", {"budget": 1, "refits": 2}),
    "clv_roi": ("orders", {"draws": 100}),
}
FAST = [("churn_survival", 1), ("driver_analysis", 2), ("attrition_risk", 3), ("clv_roi", 4)]
SLOW = [(study, seed) for seed in range(5, 20) for study in STUDIES][: 60 - len(FAST)]


def recovered(root, study, seed, monkeypatch):
    kind, parameters = STUDIES[study]
    made = company(root, seed, kind)
    left = run(root, study, monkeypatch, **parameters)
    found = {name: list(attack(left, made)) for name, attack in WAYS.items()}
    return {name: what for name, what in found.items() if what}


@pytest.mark.parametrize(("study", "seed"), FAST)
def test_no_way_recovers_a_small_group(study, seed, tmp_path, monkeypatch, record_property):
    record_property("attempts", len(WAYS))
    assert recovered(tmp_path, study, seed, monkeypatch) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("study", "seed"), SLOW)
def test_no_way_recovers_a_small_group_of_many_companies(study, seed, tmp_path, monkeypatch, record_property):
    record_property("attempts", len(WAYS))
    assert recovered(tmp_path, study, seed, monkeypatch) == {}
