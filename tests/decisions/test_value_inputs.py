"""What a valuation is given: money, rate and plan are refused with every fault at once."""

import numpy as np
import pytest

from workbench.decisions import value
from workbench.errors import ParameterError


def plan(rate):
    return value.Plan(rate=rate, horizons=np.array([12.0]), months=12, cells=np.zeros(1, int), money=value.Money())


def test_shares_and_costs_out_of_range_are_refused_together():
    with pytest.raises(ParameterError) as caught:
        value.Money(margin=35, margin_by_category={"Fuel": -0.1}, contact_minute=-1, acquisition=float("inf"))
    assert len(caught.value.faults) == 4
    assert "margin: got 35, expected a share of the amount between 0 and 1" in caught.value.faults[0]


def test_rate_is_effective_a_year_and_an_infinite_one_leaves_nothing():
    assert plan(0.10).discount ** 12 == pytest.approx(1 / 1.10)
    assert plan(0.0).discount == 1
    assert plan(np.inf).discount == 0
    with pytest.raises(ParameterError, match=r"rate: got -0\.1"):
        plan(-0.1)
