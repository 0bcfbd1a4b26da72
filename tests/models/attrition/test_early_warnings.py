"""Early warnings: planted rules are found, chance is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.exhibits import flatten
from workbench.models.attrition.model.customers import labelled_customers, slices
from workbench.models.attrition.reasons.early_warnings import Condition, find_early_warnings
from workbench.models.attrition.reasons.reasons import Names


def world(planted, size=8000):
    random = np.random.default_rng(1)
    frame = pd.DataFrame({f"x{place}": random.normal(size=size) for place in range(8)})
    frame["plan"] = random.choice(["basic", "pro"], size)
    frame["fall"] = random.normal(size=size)
    both = (frame["fall"] < np.quantile(frame["fall"], 0.25)) & (frame["plan"] == "basic")
    frame["left"] = (random.random(size) < np.where(both & planted, 0.5, 0.05)).astype(int)
    frame["customer_id"] = np.arange(size)
    customers = labelled_customers(frame, label="left", customer="customer_id")
    return customers, slices(customers, random_seed=1)


def test_a_planted_rule_of_two_conditions_is_found_and_evaluated_on_others():
    found = find_early_warnings(*world(True), names=Names(labels={"fall": "Change of use"}, units={"fall": "points"}))
    first = found.rules.iloc[0]
    assert first["rule"].startswith(("change of use below -0.6", "plan “basic” and change of use below -0.6"))
    assert "“basic”" in first["rule"]
    rate = 0.05 + 0.45 / 8
    assert first["lift_lower"] < 0.5 / rate < first["lift_upper"]
    assert first["caught_lower"] < 0.5 / 8 / rate < first["caught_upper"]
    shown = list(flatten(found))
    assert shown[0].evidence == "associational"
    assert "Early warning: of customers with" in shown[0].statement


def test_rows_that_stand_for_several_customers_count_as_often():
    """Copies of rows instead of weights give the same rules and shares; their intervals would be too narrow."""
    customers, parts = world(True)
    times = np.random.default_rng(2).choice([1, 2], len(customers), p=[0.7, 0.3])
    weighted = find_early_warnings(customers.weighted(times.astype(float)), parts).rules
    at = np.repeat(np.arange(len(customers)), times)
    features = customers.features.iloc[at].reset_index(drop=True)
    twice = replace(customers, features=features, left=customers.left[at], ids=at, weights=np.ones(len(at)))
    copied = find_early_warnings(twice, {part: rows[at] for part, rows in parts.items()}).rules
    assert len(weighted)
    both = weighted.merge(copied, on="rule", suffixes=("", "_copied"))
    assert len(both)
    for name in ("customers", "left", "lift", "caught"):
        assert both[name].tolist() == pytest.approx(both[f"{name}_copied"].tolist())
    width, narrow = (both[f"lift_upper{end}"] - both[f"lift_lower{end}"] for end in ("", "_copied"))
    assert (width > narrow).all()


def test_chance_gives_no_rules():
    found = find_early_warnings(*world(False))
    assert len(found.rules) == 0
    assert found.finding() is None
    assert list(flatten(found)) == [{"early_warnings": 0}]


@pytest.mark.parametrize(
    ("condition", "rows", "words"),
    [
        (Condition(feature="a", least=2.0), [False, True, False], "a at least 2"),
        (Condition(feature="a", below=2.0), [True, False, False], "a below 2"),
        (Condition(feature="a", missing=True), [False, False, True], "a not known"),
        (Condition(feature="b", level="x"), [True, False, False], "b “x”"),
    ],
)
def test_conditions(condition, rows, words):
    frame = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": ["x", "y", None]})
    assert condition.holds(frame).tolist() == rows
    assert condition.words(Names()) == words
