import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.table import covariates_of, validate_lifetimes

GOOD = pd.DataFrame(
    {"customer_id": [1, 2, 3], "duration": [0, 2, 5], "event": [True, False, True], "plan": list("abc")}
)


@pytest.mark.parametrize("event", [[1, 0, 1], [1.0, 0.0, 1.0], [True, False, True]])
def test_events_may_be_bools_or_noughts_and_ones(event):
    assert validate_lifetimes(GOOD.assign(event=event))["event"].tolist() == [True, False, True]


def test_nullable_types_are_taken():
    assert validate_lifetimes(GOOD.convert_dtypes())["duration"].tolist() == [0, 2, 5]


def test_all_faults_are_told_at_once():
    bad = GOOD.assign(
        duration=[-1, np.nan, np.inf], event=["yes", "no", "yes"], customer_id=[7, 7, None], entry=[0, 1, 2]
    )
    with pytest.raises(DataError) as caught:
        validate_lifetimes(bad)
    text = str(caught.value)
    assert len(caught.value.faults) == 4  # whether id 7 has two episodes cannot be told without their times
    assert "lifetimes.duration: got 3 rows of 3 with something else, expected a finite number of at least 0" in text
    assert "lifetimes.event: got 3 rows of 3" in text
    assert "lifetimes.entry: got 1 rows" in text


def test_missing_columns_are_all_named():
    with pytest.raises(DataError) as caught:
        validate_lifetimes(GOOD[["duration"]], ["region"])
    assert [fault.split("'")[1] for fault in caught.value.faults] == ["customer_id", "event", "region"]


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match="got no rows"):
        validate_lifetimes(GOOD.iloc[:0])


def test_texts_that_look_like_numbers_are_none():
    with pytest.raises(DataError, match=r"lifetimes\.duration: got 3 rows"):
        validate_lifetimes(GOOD.assign(duration=["1", "2", "3"]))


def test_covariates_are_the_columns_without_a_role():
    assert covariates_of(GOOD.assign(entry=0, reason=None)) == ["plan"]


def test_lifetimes_of_which_none_has_ended_are_refused():
    rows = pd.DataFrame({"customer_id": range(30), "duration": 5.0, "event": False})
    with pytest.raises(DataError, match=r"lifetimes\.event: got 30 customers of whom nobody left"):
        read_lifetimes("lifetimes", rows, time_unit="month")
    contracts = pd.DataFrame({"customer_id": range(30), "start": pd.Timestamp("2024-01-01"), "end": pd.NaT})
    with pytest.raises(DataError, match=r"subscriptions\.end: got 30 customers of whom nobody left"):
        read_lifetimes("subscriptions", contracts, as_of=dt.date(2025, 1, 1))
