"""Concentration of revenue against its closed forms."""

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.models.descriptive.concentration import concentration, customer_revenue, lorenz, top_share


def test_equal_customers_bring_equal_shares():
    assert top_share(np.full(50, 3.0), [0.08, 0.2, 1]) == pytest.approx([0.08, 0.2, 1])


@pytest.mark.parametrize("shape", [1.5, 3.0])
def test_pareto_amounts_have_the_paretian_lorenz_curve(shape):
    """L(p) = 1 − (1 − p)^(1 − 1/α) (Kleiber and Kotz 2003, section 3.2)."""
    quantiles = (1 - (np.arange(200_000) + 0.5) / 200_000) ** (-1 / shape)
    for top in (0.08, 0.2):
        assert top_share(quantiles, top) == pytest.approx(top ** (1 - 1 / shape), abs=0.01)


def test_the_lorenz_curve_is_convex_and_below_the_diagonal():
    customers, total = lorenz(np.random.default_rng(1).gamma(0.5, size=300))
    assert (np.diff(total, 2) >= -1e-12).all()
    assert (total <= customers + 1e-12).all()
    assert (total[0], total[-1]) == (0, 1)


@pytest.mark.parametrize("amounts", [[], [0, 0], [-1, 3]])
def test_amounts_that_have_no_shares_are_refused(amounts):
    with pytest.raises(DataError, match="at least 0"):
        lorenz(amounts)


def test_refunds_are_taken_off_and_customers_without_revenue_left_out():
    frame = pd.DataFrame({"customer_id": ["a", "a", "b", "b"], "amount": [9.0, -4.0, 5.0, -5.0]})
    assert customer_revenue(frame).to_dict() == {"a": 5.0}


def bought(amounts, day):
    return pd.DataFrame({"customer_id": range(len(amounts)), "timestamp": pd.Timestamp(day), "amount": amounts})


def test_only_the_last_days_count():
    early = bought([90.0] * 20, "2025-01-01").assign(customer_id=range(100, 120))
    frame = pd.concat([early, bought([3.0] * 10 + [1.0] * 10, "2026-06-30 20:00")])
    made = concentration({"own": frame, "other": frame}, days=30, tops=[0.5], margin=0.1)
    assert made.shares.loc["top 50%"].tolist() == pytest.approx([0.75, 0.75])
    assert made.n == 20
    x, y = made.curves["own"]
    assert (x[1], y[1], y[-1]) == pytest.approx((0.5, 0.75, 1))  # half of twenty: fewer are not shown


def test_the_revenue_of_a_handful_of_top_customers_is_not_shown():
    many, few = bought([1.0] * 200, "2026-06-30"), bought([1.0] * 100, "2026-06-30")
    with pytest.raises(DataError, match=r"few: got 100 customers .* at least 125"):
        concentration({"many": many, "few": few}, margin=0.1)
