"""The division of rows put to the test: sound ones pass, planted faults are found."""

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.exhibits import flatten
from workbench.models.attrition.leak_battery import LeakBattery, examine, population_stability
from workbench.models.attrition.model.customers import judge_customers, slices


def battery(frame, *, shuffles=6, **options):
    customers = judge_customers(frame.drop(columns="risk"), label="left", customer="customer_id", **options)
    return examine(customers, slices(customers, random_seed=1), random_seed=1, shuffles=shuffles)


def statuses(found):
    return {check.name: check.status for check in found.checks()}


@pytest.fixture(scope="module")
def sound():
    return battery(drawn(4000), shuffles=20)


def test_sound_rows_pass(sound):
    assert set(statuses(sound).values()) == {"pass"}
    assert sound.adversarial_auc == pytest.approx(0.5, abs=0.04)
    assert abs(sound.shuffled_auc.mean() - 0.5) < 3 * sound.shuffled_error
    assert len([each for each in flatten(sound)]) == 6


def test_duplicates_on_both_sides_are_found():
    frame = drawn(3000)
    twice = pd.concat([frame, frame[:600].assign(customer_id=np.arange(3000, 3600))], ignore_index=True)
    assert statuses(battery(twice))["leak_overlap"] == "fail"
    same_customer = pd.concat([frame, frame[:600]], ignore_index=True)
    same_customer["cutoff"] = np.repeat([1, 2], [3000, 600])
    assert statuses(battery(same_customer, snapshot="cutoff"))["leak_overlap"] == "pass"


def test_coincidence_among_few_levels_is_no_overlap():
    frame = drawn(3000)[["plan", "colour", "left", "customer_id", "risk"]]
    assert statuses(battery(frame))["leak_overlap"] == "pass"


def test_a_drifting_feature_is_named():
    frame = drawn(6000, snapshots=4)
    frame["gap"] += 30 * (frame["cutoff"] == frame["cutoff"].max())
    found = battery(frame, snapshot="cutoff")
    assert statuses(found)["population_stability"] == "warn"
    assert statuses(found)["adversarial_validation"] == "warn"
    assert found.stability.loc[0, "feature"] == "gap"
    assert "gap" in found.checks()[1].message


def test_shuffled_labels_that_are_learned_fail():
    found = LeakBattery(
        overlap=0.0, stability=pd.DataFrame({"feature": ["a"], "label": ["a"], "stability": [0.1]}),
        adversarial_auc=0.5, shuffled_auc=np.random.default_rng(1).normal(0.56, 0.02, 20),
    )  # fmt: skip
    assert statuses(found)["label_shuffles"] == "fail"


def test_population_stability_by_hand():
    before = np.repeat([0.0, 1.0], [600, 400])
    after = np.repeat([0.0, 1.0, np.nan], [300, 600, 100])
    p, q = np.array([600.5, 400.5, 0.5]) / 1001.5, np.array([300.5, 600.5, 100.5]) / 1001.5
    assert population_stability(before, after, category=True) == pytest.approx(((q - p) * np.log(q / p)).sum())
