"""Staying of volunteers: no time before, but a head start in the first month, in the estimate and in words."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.pilot_files import answered, write

from workbench.decisions.rollout.report import metrics

CONTRACTS = (
    "  subscriptions:\n    file: subscriptions.csv\n    columns:\n      customer_id: {personal: false}\n"
    "      start: start\n      end: end\nextracted: 2025-01-31\n"
)


def contracts_of(bench, leaving, days):
    """A pilot on the first of July among so many a kind, of whom these shares leave in a month, for so many days."""
    rng = np.random.default_rng(7)
    member = np.arange(4000) < 2000
    people = [f"c{each:04}" for each in range(4000)]
    rows = pd.DataFrame({"customer_id": people, "initiative": "test", "arm": np.where(member, "club", "none")})
    lasts = np.ceil(rng.exponential(30.4 / np.where(member, *leaving)))
    end = pd.Timestamp("2024-07-01") + pd.to_timedelta(np.minimum(lasts, 9999), unit="D")
    contracts = pd.DataFrame({"customer_id": people, "start": "2023-01-01", "end": end.where(end < "2025-01-31")})
    write(bench, rows.assign(start="2024-07-01"), "{assignment: volunteers, control: none}", more=CONTRACTS)
    contracts.to_csv(bench.root / "data" / "made" / "subscriptions.csv", index=False, date_format="%Y-%m-%d")
    return answered(bench, outcome="staying", window_days=days, cost=6.0, value=400.0)


def test_staying_of_volunteers_is_told_with_the_head_start_that_they_had(bench):
    """Members leave at 3% a month and others at 5%, for reasons of their own: the club keeps nobody."""
    done = contracts_of(bench, (0.03, 0.05), 183)
    (found,) = [each.found for each in done.effects]
    assert (found.kind, found.evidence) == ("head_start", "associational")
    assert found.estimate == pytest.approx(np.exp(-0.18) - np.exp(-0.30), abs=0.03)  # and yet nothing was done
    assert found.lower < 0 < found.upper
    assert found.upper - found.lower < 0.25
    assert done.verdicts[0].choice == "cannot_tell"
    told = metrics(done)  # its error knows nothing of who volunteers, so no probability and no gain are made of it
    assert told["p_worth_it_club"] is told["expected_gain_club"] is told["weeks_needed_club"] is None
    shown = list(done.exhibits())
    (check,) = [each for each in shown if getattr(each, "name", "") == "pilot_trends_club"]
    assert check.status == "warn"
    assert check.value == pytest.approx(0.6, abs=0.15)
    assert "in the first month" in check.message
    table = next(each.frame for each in shown if getattr(each, "name", "") == "trends").set_index("assumed")
    lasts = table.loc["head start of the first month lasts"]
    assert lasts["lower"] < 0 < lasts["upper"]
    assert table.loc["head start of the first month gone", "effect"] == pytest.approx(100 * found.estimate)


def test_where_hardly_anybody_leaves_staying_is_bounded_by_what_is_possible(bench):
    done = contracts_of(bench, (0.002, 0.004), 183)
    (found,) = [each.found for each in done.effects]
    assert found.kind == "bounds"
    (check,) = [each for each in done.exhibits() if getattr(each, "name", "") == "pilot_trends"]
    assert "no time before the start" in check.message
