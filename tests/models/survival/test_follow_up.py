import numpy as np
import pandas as pd

from workbench.models.survival.follow_up import dependent_follow_up
from workbench.models.survival.kaplan_meier import kaplan_meier


def check_of(cut):
    """Two plans, of which the one that leaves soon is followed up to `cut`, the other up to 60."""
    random = np.random.default_rng(1)
    soon = np.arange(4000) % 2 == 0
    life, followed = random.exponential(np.where(soon, 10, 80)), random.uniform(0, np.where(soon, cut, 60))
    lifetimes = pd.DataFrame(
        {
            "customer_id": range(4000),
            "duration": np.minimum(life, followed),
            "event": life <= followed,
            "plan": np.where(soon, "a", "b"),
        }
    )
    return dependent_follow_up(kaplan_meier(lifetimes), kaplan_meier(lifetimes, by="plan"), [6, 12, 24])


def test_follow_up_that_depends_on_the_segment_is_noticed():
    (check,) = check_of(14)
    assert check.status == "warn"
    assert "depends on plan" in check.message


def test_follow_up_that_is_alike_raises_no_doubt():
    assert [check.status for check in check_of(60)] == ["pass"]


def test_without_groups_there_is_nothing_to_compare():
    one = pd.DataFrame({"customer_id": range(20), "duration": 5.0, "event": [True, False] * 10, "plan": "a"})
    assert dependent_follow_up(kaplan_meier(one), kaplan_meier(one, by="plan"), [3]) == ()
