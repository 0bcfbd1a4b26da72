"""What the chain takes of a base: cash of the time on board, reasons with blanks, and all doubts of totals."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.decisions.roi.experience import base_of

DRAWS, MONTHS = 400, 60
UNTIL = pd.Timestamp("2026-01-01")


def worth_of(hazard=0.02, scale=0.0, discount=1.0):
    """1,000 customers at one hazard who bring 3 by orders and 2 by fees for each month that they are there."""
    alive = 1000 * np.exp(-hazard * np.arange(MONTHS + 1))
    there = (alive[:-1] - alive[1:]) / hazard if hazard else np.full(MONTHS, 1000.0)
    tiled = np.tile(there, (DRAWS, 1))[:, :, None]
    normal = np.random.default_rng(1).permutation(np.linspace(-1.6, 1.6, DRAWS))
    return SimpleNamespace(
        second=SimpleNamespace(
            alive=np.full((1, DRAWS), 1000.0),
            customers_by_month=np.tile(alive[1:], (DRAWS, 1))[:, :, None],
            flows={"orders": 3 * tiled, "fees": 2 * tiled},
        ),
        horizons=np.array([24.0, 12.0, 60.0, np.inf]),
        doubts=[None, None, SimpleNamespace(multiplier=np.exp(scale * normal)), None],
        flow=5 * there,
        discount=discount,
        assumptions=SimpleNamespace(money=SimpleNamespace(currency="EUR")),
    )


def contracts(**reasons):
    named = [None if name == "blank" else name for name, many in reasons.items() for _ in range(many)]
    end = UNTIL - pd.DateOffset(days=40)
    return pd.DataFrame({"start": end - pd.DateOffset(years=1), "end": end, "end_reason": named})


def value(base):
    return (base.customers * (base.orders + base.other)) @ base.discount ** np.arange(1, MONTHS + 1)


@pytest.mark.parametrize("hazard", [0.02, 0.05])
def test_customers_times_what_each_brings_is_the_cash_of_the_base(hazard):
    worth = worth_of(hazard)
    found = base_of(worth, contracts(service=1), DRAWS, UNTIL)
    assert value(found) == pytest.approx(worth.flow.sum())
    assert found.orders == pytest.approx(3.0, rel=hazard**2)
    assert found.other == pytest.approx(2.0, rel=hazard**2)


def test_blank_reasons_are_nobodys():
    """30 over service, 20 over price, 50 blank, at a hazard of .02: .006 over service."""
    found = base_of(worth_of(), contracts(service=30, price=20, blank=50), DRAWS, UNTIL).hazards
    assert found["service"] == pytest.approx(0.006)
    assert found["price"] == pytest.approx(0.004)
    assert found["no reason given"] == pytest.approx(0.01)
    assert base_of(worth_of(), contracts(blank=50), DRAWS, UNTIL).hazards["no reason given"] == pytest.approx(0.02)
    untold = contracts(blank=50).drop(columns="end_reason")
    assert base_of(worth_of(), untold, DRAWS, UNTIL).hazards["no reason given"] == pytest.approx(0.02)


@pytest.mark.parametrize(("hazard", "discount"), [(0.0, 1.0), (0.02, 1.1 ** (-1 / 12))])
def test_errors_of_earlier_forecasts_widen_what_customers_bring_as_they_widen_the_base(hazard, discount):
    """The total within five years is off by as much, draw by draw, nothing is known worse now, and the mean stays."""
    worth = worth_of(hazard, scale=0.05, discount=discount)
    found = base_of(worth, contracts(service=1), DRAWS, UNTIL)
    sure = base_of(worth_of(hazard, discount=discount), contracts(service=1), DRAWS, UNTIL)
    logs = np.log(worth.doubts[2].multiplier)
    assert np.log(value(found) / value(sure)) == pytest.approx(logs, abs=0.003)
    assert value(found).mean() == pytest.approx(value(sure).mean())
    by_month = np.log(found.orders / sure.orders).std(axis=0)
    assert by_month[14] == pytest.approx(by_month[59] / 2, rel=0.01)  # the root of 15 months over 60
