import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DataError
from workbench.models.levels import as_levels, lump_levels, reject_measurements


def shown(sizes, **options):
    column = pd.Series([level for level, size in sizes.items() for _ in range(size)])
    return lump_levels(column, label="Plan", check="small_groups_plan", **options)


def test_small_groups_are_gathered_and_the_check_reveals_none_of_them():
    names, (check,) = shown({"a": 40, "b": 30, "secret": 6, "rare": 7})
    assert names == {"a": "a", "b": "b", "secret": "2 smaller groups", "rare": "2 smaller groups"}
    assert check.status == "warn"
    assert not any(word in check.message for word in ("secret", "rare", "6", "7", "13"))


def test_a_lone_small_group_is_not_left_to_be_worked_out_from_the_total():
    names, _ = shown({"a": 40, "b": 30, "c": 2})
    assert names == {"a": "a", "b": "b (with 1 smaller)", "c": "b (with 1 smaller)"}


def test_of_many_levels_the_largest_eleven_stay():
    names, (check,) = shown({f"l{place:02}": 60 - place for place in range(20)})
    assert sum(level == name for level, name in names.items()) == 11
    assert names["l19"] == "9 smaller groups"
    assert "more than 12" in check.message


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(1, 30), min_size=1, max_size=20))
def test_no_shown_group_is_small_unless_all_together_are(sizes):
    names, _ = shown(sizes)
    totals = pd.Series(sizes).groupby(names).sum()
    assert totals.min() >= min(10, sum(sizes.values()))
    assert len(totals) <= 12


def test_missing_values_are_a_group_of_their_own():
    assert as_levels(pd.Series(["x", None, float("nan")], dtype=object)).tolist() == ["x", "not stated", "not stated"]
    assert as_levels(pd.Series(["x", None], dtype="category")).tolist() == ["x", "not stated"]


def test_a_level_that_is_called_like_no_value_is_no_missing_value():
    """Also where it is worded twice: by the run and by a model."""
    once = as_levels(pd.Series(["x", None, "not stated"], dtype=object))
    assert once.tolist() == ["x", "not stated", "not stated (an answer)"]
    assert as_levels(once.mask([False, True, False])).tolist() == once.tolist()


def test_a_measured_number_is_no_segment():
    with pytest.raises(DataError, match="segment 'age': got a number with 50 different values, expected at most 12"):
        reject_measurements(pd.Series(range(50)), "age")
    reject_measurements(pd.Series([1, 2, 3] * 10), "tier")
