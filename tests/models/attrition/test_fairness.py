"""How groups fare, against counts by hand; protected traits are read and never learned from."""

import numpy as np
import pandas as pd
import pytest
from tests.models.attrition.worlds import drawn

from workbench.datasets.definitions.column import ColumnDefinition
from workbench.exhibits import flatten
from workbench.models.attrition import read_population, read_traits
from workbench.models.attrition.fairness import compare_groups
from workbench.models.attrition.model.customers import labelled_customers
from workbench.models.attrition.traits import Trait


def trait(groups, name="sex", **options):
    return Trait(name=name, label=name.capitalize(), protected=True, groups=pd.Series(groups), **options)


def world(size=4000):
    frame = drawn(size)
    customers = labelled_customers(frame.drop(columns="risk"), label="left", customer="customer_id")
    return customers, frame["risk"].to_numpy(), np.random.default_rng(5).choice(["a", "b"], size)


def checks(found):
    return {each.name: each for each in flatten(found) if hasattr(each, "status")}


def test_groups_that_fare_alike_pass():
    customers, risk, groups = world()
    chosen = (risk > np.quantile(risk, 0.9)).astype(float)
    found = compare_groups(customers, risk, [trait(groups)], selected=chosen, random_seed=1)
    by_hand = pd.DataFrame({"group": groups, "left": customers.left, "risk": risk, "chosen": chosen}).groupby("group")
    table = found.frame.set_index("group")
    assert table["share"].to_dict() == pytest.approx(by_hand["left"].mean().to_dict())
    assert table["selected"].to_dict() == pytest.approx(by_hand["chosen"].mean().to_dict())
    assert table["ratio"].to_dict() == pytest.approx((by_hand["left"].sum() / by_hand["risk"].sum()).to_dict())
    assert (table["sure_lower"] < table["ratio_lower"]).all()
    assert {name: each.status for name, each in checks(found).items()} == {
        "fairness_selection": "pass",
        "fairness_calibration": "pass",
    }
    assert "protected_groups" in [getattr(each, "name", "") for each in flatten(found)]


def test_a_group_whose_risks_are_too_low_and_that_is_passed_over_is_named():
    customers, risk, groups = world()
    told = np.where(groups == "b", risk / 2, risk)
    chosen = ((told > np.quantile(told, 0.9)) & ((groups == "a") | (np.arange(4000) % 4 == 0))).astype(float)
    compared = compare_groups(customers, told, [trait(groups)], selected=chosen, random_seed=1)
    assert compared.frame.set_index("group").loc["b", "ratio"] == pytest.approx(2, abs=0.2)
    found = checks(compared)
    assert found["fairness_calibration"].status == "warn"
    assert "b (Sex)" in found["fairness_calibration"].message
    assert found["fairness_selection"].status == "warn"
    assert "“b” are contacted less than four fifths as often as “a”" in found["fairness_selection"].message


def test_small_groups_are_in_no_sentence():
    customers, risk, groups = world()
    groups[:8] = "few"
    chosen = np.where(groups == "few", 0.0, 0.1)
    found = compare_groups(customers, risk, [trait(groups)], selected=chosen, random_seed=1)
    assert "few" not in " ".join(each.message for each in checks(found).values())
    assert "few" not in found.gaps()[["least", "most"]].to_numpy()


def test_where_nothing_is_protected_the_report_says_so():
    customers, risk, _ = world(400)
    found = checks(compare_groups(customers, risk, [], selected=risk, random_seed=1))
    assert found["fairness"].kind == "always"


class Table:
    designs = {}  # noqa: RUF012
    segments = ("plan",)
    columns = (
        ColumnDefinition(name="plan", source="plan", label="Plan"),
        ColumnDefinition(name="age", source="age", label="Age", use="protected"),
        ColumnDefinition(name="name", source="name", label="Name", use="protected"),
        ColumnDefinition(name="gap", source="gap", label="Gap"),
    )


def test_traits_are_segments_and_what_is_protected():
    frame = drawn(800).drop(columns=["risk", "customer_id"]).rename(columns={"left": "event"})
    population = read_population({"lifetimes": Table()}, ("lifetimes", frame), None)
    ages = np.random.default_rng(1).integers(18, 90, 800)
    rows = frame.assign(age=ages, name=[f"n{place}" for place in range(800)])
    plan, age = read_traits({"lifetimes": Table()}, population, customers=None, lifetimes=rows)
    assert (plan.name, plan.protected, age.name, age.protected) == ("plan", False, "age", True)
    assert age.groups.nunique() == 4  # quarters; names of people are no groups
    assert plan.of(population.customers.ids[:5]).fillna("?").tolist() == [
        each if isinstance(each, str) else "not known" for each in frame["plan"][:5]
    ]
    assert "age" not in population.customers.features
