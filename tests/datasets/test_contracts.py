import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets.contracts import RULES, violations

GOOD = {"customer_id": ["a", "b", "c"], "duration": [1.0, 2.0, 0.0], "event": [True, False, True]}


def found(unreadable=None, **columns):
    frame = pd.DataFrame({**GOOD, **columns})
    return {(v.column, v.rule): (v.n_rows, v.examples) for v in violations("lifetimes", frame, unreadable or {})}


def test_a_table_that_keeps_its_contract_has_no_violation():
    assert found() == {}
    assert found(entry=[0.0, 2.0, np.nan], reason=["price", None, None], age=[1.0, -1.0, np.nan]) == {}


def test_every_rule_is_told_with_its_rows_at_once():
    assert found(
        customer_id=["a", "a", "a"],
        duration=[-1.0, np.nan, 3.0],
        event=[True, None, False],
        entry=[-2.0, 0.0, 4.0],
    ) == {
        ("customer_id", "unique"): (2, ("a",)),
        ("duration", "not_negative"): (1, (-1.0,)),
        ("duration", "present"): (1, ()),
        ("event", "present"): (1, ()),
        ("entry", "not_negative"): (1, (-2.0,)),
        ("entry", "entry_by_duration"): (1, (4.0,)),
    }


def test_ids_may_be_missing_but_not_double():
    assert found(customer_id=["a", None, None]) == {}


def test_a_value_that_was_told_as_unreadable_is_not_told_as_absent():
    unreadable = {"duration": np.array([False, True, False])}
    assert found(unreadable, duration=[np.nan, np.nan, 1.0]) == {("duration", "present"): (1, ())}
    assert found(unreadable, duration=[1.0, np.nan, 1.0]) == {}


def test_a_column_too_few_hides_no_other_fault():
    frame = pd.DataFrame({"customer_id": ["a", "a"], "entry": [-1.0, 0.0]})
    assert {v.rule for v in violations("lifetimes", frame, {})} == {"unique", "not_negative"}


@settings(deadline=None, max_examples=50)  # a busy machine is no fault
@given(
    st.lists(
        st.tuples(st.floats(-1, 2) | st.none(), st.booleans() | st.none(), st.floats(-1, 2) | st.none()), min_size=1
    )
)
def test_a_table_passes_exactly_when_every_row_keeps_the_rules(rows):
    duration, event, entry = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            "customer_id": range(len(rows)),
            "duration": np.array(duration, dtype=float),
            "event": pd.Series(event, dtype=object),
            "entry": np.array(entry, dtype=float),
        }
    )
    kept = all(d is not None and d >= 0 and e is not None and (t is None or (t >= 0 and t <= d)) for d, e, t in rows)
    told = violations("lifetimes", frame, {})
    assert (told == []) is kept
    assert {violation.rule for violation in told} <= set(RULES)
