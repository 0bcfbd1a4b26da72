"""What became of customers who were on board, by months ahead: by hand, and of a base that the frail leave first."""

import numpy as np
import pandas as pd
import pytest

from workbench.decisions.roi.on_board import AVERAGE_MONTH, on_board

UNTIL = pd.Timestamp("2026-01-01")
BEGIN = pd.Timestamp("2025-01-01")  # of what is recorded


def days(months):
    return pd.to_timedelta(np.asarray(months, dtype=float) * AVERAGE_MONTH, unit="D")


def test_any_day_of_a_contract_may_have_been_the_day():
    """10 months that ended, 4 that go on, and one that ended as records began, which tells when they did."""
    start = [BEGIN, UNTIL - days(4), pd.Timestamp("2020-05-01")]
    contracts = pd.DataFrame({"start": start, "end": [BEGIN + days(10), pd.NaT, BEGIN]})
    seen = on_board(contracts, UNTIL, 12)
    assert seen.length == pytest.approx([10, 4, 0])
    rate = seen.rate(seen.length[seen.ended])
    assert rate[:5] == pytest.approx([1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5.5])  # 9.5 + 3.5, 8.5 + 2.5 … 5.5 + 0
    assert rate[5:] == pytest.approx(5 / 12.5)  # the second half of what is seen, as one
    assert seen.mean(np.array([20.0, 30.0, 99.0]))[:2] == pytest.approx([(9.5 * 20 + 3.5 * 30) / 13, 245 / 11])
    assert seen.rate(np.array([0.5, 4.0]), np.array([3.0, 2.0]))[:2] == pytest.approx([(1.5 + 2) / 13, 2 / 11])


@pytest.fixture(scope="module")
def mixed():
    """Half of all newcomers leave at .01 a month over need, the others also at .05 over service; each is replaced."""
    random = np.random.default_rng(1)
    rows = []
    for _ in range(4000):
        at = -150.0
        while at < 0:
            frail = random.random() < 0.5
            lasts = random.exponential(1 / (0.06 if frail else 0.01))
            rows.append((at, at + lasts, frail, "service" if frail and random.random() < 5 / 6 else "need"))
            at += lasts
    found = pd.DataFrame(rows, columns=["begin", "over", "frail", "end_reason"])
    found = found[found["over"] > -36]
    return found.assign(start=UNTIL + days(found["begin"]), end=(UNTIL + days(found["over"])).where(found["over"] < 0))


def test_who_is_on_board_leaves_less_and_less_and_for_other_reasons(mixed):
    seen = on_board(mixed, UNTIL, 36)
    there = mixed[mixed["over"] >= 0]
    frail = there["frail"].mean() * np.exp(-0.05 * (np.arange(36) + 0.5))
    share = frail / (frail + 1 - there["frail"].mean())
    rate = seen.rate(seen.length[seen.ended])
    assert rate[:6].mean() == pytest.approx((0.01 + 0.05 * share[:6]).mean(), rel=0.06)
    assert rate[12:18].mean() == pytest.approx((0.01 + 0.05 * share[12:18]).mean(), rel=0.1)
    told = seen.shares(mixed["end_reason"])
    assert sum(told.values()) == pytest.approx(np.ones(36))
    assert told["service"][6] == pytest.approx(0.05 * share[6] / (0.01 + 0.05 * share[6]), abs=0.04)
    assert told["service"][30] < told["service"][0] - 0.1


def test_where_nobody_has_left_so_late_reasons_are_those_of_the_last_who_did():
    contracts = pd.DataFrame(
        {
            "start": [BEGIN, BEGIN, pd.Timestamp("2020-05-01")],
            "end": [BEGIN + days(2.5), pd.NaT, BEGIN],
            "end_reason": ["price", None, "service"],
        }
    )
    assert on_board(contracts, UNTIL, 12).shares(contracts["end_reason"])["price"] == pytest.approx(np.ones(12))
    assert on_board(contracts[1:2], UNTIL, 12).shares(contracts["end_reason"][1:2]) == {}
