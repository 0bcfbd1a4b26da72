"""What is asked of a survival study is judged before anything is fitted."""

import datetime as dt

import pandas as pd
import pytest

from workbench.errors import ParameterError
from workbench.models.survival.lifetimes.read import read_lifetimes
from workbench.models.survival.lifetimes.requests import validate_request


@pytest.fixture
def lifetimes():
    days = pd.date_range("2023-01-01", periods=24, freq="MS")
    rows = pd.DataFrame({"customer_id": [f"c{i}" for i in range(24)], "start": days, "price": 10.0, "plan": "a"})
    rows["end"] = [day + pd.DateOffset(months=6) if place % 2 else pd.NaT for place, day in enumerate(days)]
    return read_lifetimes("subscriptions", rows, as_of=dt.date(2025, 7, 1))


def test_what_fits_is_not_refused(lifetimes):
    validate_request(lifetimes, cutoff=dt.date(2024, 12, 31), scenario={"csat": [1], "price": [-1]}, histories=["csat"])
    validate_request(lifetimes)


def test_a_cutoff_outside_the_records_and_unknown_names_are_refused_at_once(lifetimes):
    with pytest.raises(ParameterError) as error:
        validate_request(lifetimes, cutoff=dt.date(2031, 1, 1), scenario={"csta": [1], "plan": [1]}, histories=["csat"])
    cutoff, misspelt, words = error.value.faults
    assert "cutoff: got 2031-01-01" in cutoff
    assert "did you mean 'csat'?" in misspelt
    assert "got 'plan', expected a number that is known of customers: price and csat" in words
