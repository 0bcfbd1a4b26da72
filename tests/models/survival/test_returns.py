"""Orders sent back in full are no purchases."""

import numpy as np
import pandas as pd
import pytest

from workbench.models.survival.lifetimes.purchases import from_transactions
from workbench.models.survival.lifetimes.returns import without_returns

START = pd.Timestamp("2025-01-01")


def orders(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount", "order_id"])
    return frame.assign(timestamp=START + pd.to_timedelta(frame["day"], unit="D"))


def test_a_refund_belongs_to_its_order_or_to_the_last_purchase_of_its_amount():
    rows = orders(
        ("a", 0, 20.0, 1),
        ("a", 5, 30.0, 2),
        ("a", 5, 10.0, 2),
        ("a", 9, -40.0, 2),  # sent back, two lines
        ("b", 0, 20.0, 3),
        ("b", 4, -5.0, 3),  # in part
        ("c", 0, 20.0, None),
        ("c", 10, 20.0, None),
        ("c", 12, -20.0, None),  # the later one
        ("d", 0, -20.0, None),
        ("d", 3, 20.0, None),  # a refund of before the records
        ("e", 0, 20.0, 9),
        ("f", 1, -20.0, 9),  # of somebody else
        ("g", 0, 7.0, None),
        ("g", 1, 7.0, None),
        ("g", 2, -7.0, None),
        ("g", 3, -7.0, None),
    )
    kept, (check,) = without_returns(rows)
    assert list(zip(kept["customer_id"], kept["day"], strict=True)) == [
        ("a", 0),
        ("b", 0),
        ("c", 0),
        ("d", 3),
        ("e", 0),
    ]
    assert "44.4% of orders" in check.message
    without, said = without_returns(rows[rows["amount"] > 0])
    assert len(without) == (rows["amount"] > 0).sum()
    assert said == ()


@pytest.mark.parametrize("named", [True, False], ids=["by order", "by amount"])
def test_returns_change_no_lapse(named):
    """Everybody sends a tenth of the orders back some days later: lives are those of the orders kept."""
    random = np.random.default_rng(2)
    size, many = 200, 40
    day = np.cumsum(1 + random.exponential(8, (size, many)).astype(int), axis=1)
    day[:, 1:] += (np.arange(many - 1) >= random.integers(2, 35, size)[:, None]) * 1000  # then stops
    amount = random.choice([10.0, 20.0], size * many)
    rows = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(size), many),
            "day": day.ravel(),
            "order_id": np.arange(size * many),
            "amount": amount,
        }
    )
    rows = rows[rows["day"] < 360]
    back = rows[random.random(len(rows)) < 0.1]
    refunds = back.assign(day=back["day"] + 0.5, amount=-back["amount"])
    both = pd.concat([rows, refunds]).assign(timestamp=lambda all: START + pd.to_timedelta(all["day"], unit="D"))
    kept = both.drop(index=back.index)
    if not named:
        both, kept = both.drop(columns="order_id"), kept.drop(columns="order_id")
    settings = {"lapse_days": 42, "as_of": pd.Timestamp("2025-12-27").date()}
    made, right = from_transactions(both, **settings), from_transactions(kept, **settings)
    told = next(check for check in made.spells.checks if check.name == "orders_sent_back")
    assert told.value == pytest.approx(len(back) / len(rows))
    wrong = from_transactions(both[both["amount"] > 0], **settings).spells.frame
    columns = ["customer_id", "begin", "duration", "event"]
    pd.testing.assert_frame_equal(made.spells.frame[columns], right.spells.frame[columns])
    assert not wrong[columns].equals(right.spells.frame[columns])
