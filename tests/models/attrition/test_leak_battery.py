"""The division of rows put to the test: sound ones pass, planted faults are found."""

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.exhibits import flatten
from workbench.models.attrition.adversary import Adversarial
from workbench.models.attrition.leak_battery import LeakBattery, examine
from workbench.models.attrition.model.baselines import Logistic
from workbench.models.attrition.model.customers import labelled_customers, slices
from workbench.models.attrition.stability import between_snapshots, chance_of, drifts, index_of, population_stability


def battery(frame, *, shuffles=6, **options):
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id", **options)
    return examine(customers, slices(customers, random_seed=1), random_seed=1, shuffles=shuffles)


def statuses(found):
    return {check.name: check.status for check in found.checks()}


@pytest.fixture(scope="module")
def sound():
    return battery(drawn(4000), shuffles=20)


def test_sound_rows_pass(sound):
    assert set(statuses(sound).values()) == {"pass"}
    assert sound.adversarial.auc == pytest.approx(0.5, abs=0.04)
    assert abs(sound.shuffled_auc.mean() - 0.5) < 3 * sound.shuffled_error
    assert len([each for each in flatten(sound)]) == 6


def test_duplicates_on_both_sides_are_found():
    frame = drawn(3000)
    twice = pd.concat([frame, frame[:600].assign(customer_id=np.arange(3000, 3600))], ignore_index=True)
    assert statuses(battery(twice))["leak_overlap"] == "fail"  # ids say that they are different customers
    unnamed = battery(twice, numbered=True)
    assert statuses(unnamed)["leak_overlap"] == "pass"  # copies stay on one side
    twice["cutoff"] = np.repeat([1, 2], [3000, 600])
    assert statuses(battery(twice, snapshot="cutoff"))["leak_overlap"] == "fail"
    same_customer = pd.concat([frame, frame[:600]], ignore_index=True)
    same_customer["cutoff"] = np.repeat([1, 2], [3000, 600])
    assert statuses(battery(same_customer, snapshot="cutoff"))["leak_overlap"] == "pass"


def test_coincidence_among_few_levels_is_no_overlap():
    frame = drawn(3000)[["plan", "colour", "left", "customer_id", "risk"]]
    assert statuses(battery(frame))["leak_overlap"] == "pass"


def test_a_fine_feature_beside_coarse_ones_is_no_overlap_either():
    """Contracts of two prices whose tenure in days is all that is known: whoever joined together has equal rows."""
    frame = drawn(4000, snapshots=4)[["plan", "left", "customer_id", "cutoff", "risk"]]
    frame["tenure"] = np.random.default_rng(5).integers(0, 300, len(frame))
    found = battery(frame, snapshot="cutoff")
    assert found.overlap > 0.5
    assert statuses(found)["leak_overlap"] == "pass"
    assert "by coincidence" in found.checks()[0].message


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
        overlap=0.0,
        copies=False,
        stability=pd.DataFrame({"feature": ["a"], "label": ["a"], "stability": [0.1], "drifts": [False]}),
        snapshots=pd.DataFrame(),
        adversarial=Adversarial(auc=0.5, telling=(), rest_auc=None, ranking=None),
        shuffled_auc=np.random.default_rng(1).normal(0.56, 0.02, 20),
    )
    assert statuses(found)["label_shuffles"] == "fail"


def test_population_stability_by_hand():
    before = np.repeat([0.0, 1.0], [600, 400])
    after = np.repeat([0.0, 1.0, np.nan], [300, 600, 100])
    p, q = np.array([600.5, 400.5, 0.5]) / 1001.5, np.array([300.5, 600.5, 100.5]) / 1001.5
    assert population_stability(before, after, levels=2) == pytest.approx(((q - p) * np.log(q / p)).sum())


def trending(size=9000, snapshots=6):
    """A tenure that is the time since the records began for most, and a season that comes back each second time."""
    frame = drawn(size, snapshots=snapshots)
    at = np.arange(size) % snapshots
    random = np.random.default_rng(2)
    frame["tenure"] = np.where(random.random(size) < 0.8, 100.0 + 28 * at, random.integers(1, 100, size))
    frame["season"] = random.normal(size=size) + 2.0 * (at % 2)
    return frame


def fitted(frame, **options):
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id", snapshot="cutoff")
    parts = slices(customers, random_seed=1)
    learned = parts["train"] | parts["stop"]
    forecast = Logistic().fit(customers.features[learned], customers.left[learned])
    return examine(customers, parts, random_seed=1, shuffles=2, forecast=forecast, **options)


def test_a_trend_that_goes_on_tells_the_date_but_is_no_drift_and_costs_nothing():
    found = fitted(trending(), labels={"tenure": "Tenure"})
    assert found.adversarial.auc > 0.9
    assert found.adversarial.telling[0] == "Tenure"
    assert found.adversarial.rest_auc < found.adversarial.auc - 0.05
    assert statuses(found)["adversarial_validation"] == "pass"
    assert "first by tenure" in found.adversarial.check().message
    assert statuses(found)["population_stability"] == "pass"
    worst = found.stability.set_index("feature")
    assert worst.loc["season", "usual"] > 0.25  # seasons come and go among the training snapshots too
    assert len(found.snapshots) == 6
    assert set(found.snapshots["feature"]) <= {"tenure", "season"}


def test_a_change_that_costs_ranking_is_told():
    frame = trending()
    last = frame["cutoff"] == frame["cutoff"].max()
    frame.loc[last, "usage"] = -frame.loc[last, "usage"] - 3
    found = fitted(frame)
    assert statuses(found)["population_stability"] == "warn"
    assert found.adversarial.loses
    assert statuses(found)["adversarial_validation"] == "warn"
    assert "ranks them worse" in found.adversarial.check().message


def test_beside_what_snapshots_differ_by_themselves():
    random = np.random.default_rng(3)
    steady, when = random.normal(size=4000), np.repeat(np.arange(4), 1000)
    edges = np.quantile(steady, np.linspace(0.1, 0.9, 9))
    own = between_snapshots(steady + 0.5 * when, when, edges)
    assert own[0] > own[1]  # the ends of a trend lie farthest from the rest
    assert between_snapshots(steady, when, edges).max() < 0.05
    assert not len(between_snapshots(steady, None, edges))
    assert drifts(np.array([0.5, 0.5]), np.array([0.1, 0.4]), np.zeros(2)).tolist() == [True, False]


@pytest.mark.parametrize(("cells", "rows"), [(60, 300), (60, 150), (30, 150), (12, 40), (4, 40)])
def test_few_rows_of_the_same_customers_seldom_drift(cells, rows):
    """By size alone up to 80 features in 100 would: 150 rows in 60 cells make an index of .39 of nothing."""
    random = np.random.default_rng(1)
    shares = random.dirichlet(np.full(cells, 3.0))
    index, chance = np.empty(300), np.empty(300)
    for at in range(300):
        counts = random.multinomial(9000, shares), random.multinomial(rows, shares)
        index[at], chance[at] = index_of(*counts), chance_of(*counts, features=1)
    assert drifts(index, np.zeros(300), chance).mean() < 0.07
    before, now = random.multinomial(9000, shares), np.zeros(cells, dtype=int)
    now[shares.argmin()] = rows  # another population altogether
    found = drifts(*(np.array([each]) for each in (index_of(before, now), 0.0, chance_of(before, now, features=1))))
    assert found.tolist() == [True]
