import ibis
import pandas as pd

from workbench.features import snapshots
from workbench.features.contracts import contract_features, contracts_at


def spans(*rows):
    made = pd.DataFrame(rows, columns=["customer_id", "start", "end", "end_reason", "plan", "price"])
    return made.assign(start=pd.to_datetime(made.start), end=pd.to_datetime(made.end))


def features(rows, cutoff="2024-10-01"):
    found = contract_features(ibis.memtable(rows), snapshots([cutoff])).table.to_pandas()
    return found.set_index("customer_id").sort_index()


def test_an_end_that_lies_ahead_is_not_there_and_neither_is_its_reason():
    rows = spans(
        ("a", "2024-01-01", "2024-10-01", "price", "basic", 10.0),
        ("b", "2024-01-01", "2024-09-30", "price", "basic", 1.0),
    )
    found = contracts_at(ibis.memtable(rows), snapshots(["2024-10-01"])).to_pandas().set_index("customer_id")
    assert found.active["a"]
    assert pd.isna(found.end["a"])
    assert pd.isna(found.end_reason["a"])
    assert not found.active["b"]
    assert found.end_reason["b"] == "price"


def test_an_end_that_became_known_late_is_not_known_before():
    rows = spans(("a", "2024-01-01", "2024-09-01", "price", "basic", 10.0)).assign(
        end_known_at=pd.Timestamp("2024-11-01")
    )
    assert features(rows).subscriptions_active["a"] == 1
    assert features(rows, "2024-11-02").subscriptions_active["a"] == 0


def test_plan_and_price_are_those_of_the_active_contract_that_began_last():
    rows = spans(
        ("a", "2024-01-01", "2024-06-01", "change", "basic", 10.0),
        ("a", "2024-06-01", None, None, "plus", 20.0),
        ("a", "2024-10-01", None, None, "family", 30.0),
        ("b", "2024-01-01", "2024-03-01", "price", "basic", 10.0),
    )
    found = features(rows)
    assert (found.plan["a"], found.price["a"], found.days_on_plan["a"]) == ("plus", 20.0, 122)
    assert (found.subscriptions["a"], found.subscriptions_active["a"], found.subscriptions_ended["a"]) == (2, 1, 1)
    assert found.days_since_last_end["a"] == 122
    assert pd.isna(found.plan["b"])
    assert found.days_since_last_end["b"] == (pd.Timestamp("2024-10-01") - pd.Timestamp("2024-03-01")).days


def test_equal_starts_are_settled_by_price_and_plan_and_not_by_chance():
    rows = spans(
        ("a", "2024-06-01", None, None, "plus", 20.0),
        ("a", "2024-06-01", None, None, "basic", 20.0),
        ("a", "2024-06-01", None, None, "zero", None),
    )
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        assert features(rows.iloc[order]).plan["a"] == "basic"
