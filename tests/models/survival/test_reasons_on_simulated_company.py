"""Survival, reasons and hazard ratios of a simulated company are those of its truth, which no study can read (slow)."""

import numpy as np
import pandas as pd
import pytest
from tests.benches import Bench

from workbench import datasets
from workbench.models.survival.cox.cause_specific import fit_cause_specific
from workbench.models.survival.curves.aalen_johansen import competing_risks
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.engine.words import PLANS, REASON_LABELS
from workbench.simulate.world import add, read_truth

pytestmark = pytest.mark.slow
MONTHS = [12, 24, 36, 60]
SURE = 0.999
"""Level of intervals of which all of some dozens have to hold the truth."""


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    (root / "data").mkdir()
    bench = Bench(root)
    add("firm", read_settings(["customers=8000", "months=36", "seed=5", "trials=false", "warning=0"]), bench.root)
    newcomers = pd.read_parquet(bench.root / "data" / ".truth" / "firm" / "newcomers.parquet")
    return datasets.find("firm", bench.root), newcomers, read_truth("firm", bench.root)


@pytest.fixture(scope="module")
def lifetimes(company):
    source, _, _ = company
    return source.load("lifetimes").frame


def test_incidence_by_reason_is_that_of_the_truth(company, lifetimes):
    _, newcomers, _ = company
    truth = newcomers[newcomers["segment"] == "all"].set_index("month")
    found = competing_risks(lifetimes, confidence=SURE).at(MONTHS)
    assert len(found) == len(REASON_LABELS) * len(MONTHS)
    names = {label: name for name, label in REASON_LABELS.items()}
    for row in found.itertuples():
        expected = truth.loc[int(row.horizon), f"incidence_{names[row.reason]}"]
        assert row.lower <= expected <= row.upper, (row.reason, row.horizon)


@pytest.mark.parametrize("segment", ["plan", "region", "age_group"])
def test_survival_by_segment_is_that_of_the_truth(company, lifetimes, segment):
    _, newcomers, _ = company
    truth = newcomers[newcomers["segment"] == segment].set_index(["value", "month"])["survival"]
    found = kaplan_meier(lifetimes, by=segment, confidence=SURE).at(MONTHS)
    assert len(found) == len(truth.index.unique("value")) * len(MONTHS)
    for row in found.itertuples():
        assert row.lower <= truth[row.group, int(row.horizon)] <= row.upper, (row.group, row.horizon)


def test_contracts_and_lifetimes_tell_of_the_same_customers_and_nobody_falls_out(company, lifetimes):
    source, newcomers, _ = company
    rows = source.load("subscriptions").frame
    dated = read_lifetimes("subscriptions", rows, as_of=source.extracted)
    check = next(check for check in dated.checks if check.name == "customers_left_out")
    assert (check.status, check.value) == ("pass", 0)
    assert len(dated.frame) == len(lifetimes)
    assert dated.frame["event"].sum() == lifetimes["event"].sum()
    truth = newcomers[newcomers["segment"] == "all"].set_index("month")["survival"]
    for row in kaplan_meier(dated.frame, confidence=SURE).at(MONTHS).itertuples():
        assert row.lower <= truth[int(row.horizon)] <= row.upper


def test_structural_hazard_ratios_are_recovered_where_nothing_unseen_moves_the_hazard(company, lifetimes):
    """Unpaid bills depend on the plan alone; what moves the other reasons is felt and in no table."""
    _, _, truth = company
    assert truth["structural"]["frailty"] == 0
    effect = dict(zip(PLANS, truth["structural"]["plan_on_involuntary"], strict=True))
    model = fit_cause_specific(lifetimes, ["plan"], confidence=0.99).models[REASON_LABELS["involuntary"]]
    table = model.hazard_ratios()
    assert len(table) == 2
    for row in table.itertuples():
        assert row.lower <= np.exp(effect[row.value] - effect[row.reference]) <= row.upper, row.value


def test_each_customers_incidences_average_to_those_of_the_truth_by_plan(company, lifetimes):
    _, newcomers, _ = company
    truth = newcomers[newcomers["segment"] == "plan"].set_index(["value", "month"])
    model = fit_cause_specific(lifetimes, ["plan"])
    for plan in PLANS:
        who = pd.DataFrame({"customer_id": [0], "plan": [plan]})
        told = model.incidence(who, np.zeros(1), [12, 24]).set_index("horizon")
        for month in (12, 24):
            assert told.loc[month, "survival"] == pytest.approx(truth.loc[(plan, month), "survival"], abs=0.02)
            for name, label in REASON_LABELS.items():
                expected = truth.loc[(plan, month), f"incidence_{name}"]
                assert told.loc[month, f"incidence_{label}"] == pytest.approx(expected, abs=0.015), (plan, month, name)
