"""A simulated company says how its trials were dealt, and its rows bear that out."""

import pytest

from workbench import datasets
from workbench.simulate.engine.settings import Settings
from workbench.simulate.world import simulate


@pytest.mark.parametrize(
    ("design", "more", "judged"),
    [
        ("individual", {}, 2),
        ("region", {"letters": True}, 2),
        ("staggered", {"months": 20}, 2),
        ("volunteers", {}, 1),
    ],
)
def test_what_was_drawn_looks_drawn_and_volunteers_are_not_judged(tmp_path, design, more, judged):
    settings = Settings(customers=1500, seed=3, truth=False, trial_design=design, **{"months": 15, **more})
    (tmp_path / "data" / "made").mkdir(parents=True)
    simulate(settings, tmp_path / "data" / "made")
    checks = datasets.find("made", tmp_path).check(["treatments", "customers"])
    found = [check for check in checks if check.name.startswith("treatments_d")]
    assert [check.status for check in found] == ["pass"] * judged, found
