"""What is measured of a pilot: its window, its cost, its units, and of how many customers an effect is."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions import pilot_files

RANDOMISED = "{assignment: randomised, control: none}"


def people(n, share=0.5, seed=0, **columns):
    """Customers of a pilot, half of them dealt `mail`."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(n) < round(n * share))
    names = [f"c{i:05d}" for i in range(n)]
    rows = pd.DataFrame({"customer_id": names, "initiative": "test", "arm": np.where(treated, "mail", "none")})
    return rows.assign(**columns), treated, rng


def weekly(rows, first, last, amount):
    """An order a week of each customer."""
    days = pd.date_range(first, last, freq="7D")
    frame = rows[["customer_id"]].assign(amount=amount).merge(pd.DataFrame({"timestamp": days}), how="cross")
    return frame[["customer_id", "timestamp", "amount"]]


def test_a_pilot_that_still_runs_says_how_long_it_was_to_run_and_what_was_seen(bench):
    rows, treated, rng = people(200, start="2024-03-01", end="2024-05-29")
    orders = weekly(rows, "2024-01-05", "2024-03-29", rng.normal(30, 5, 200) + treated)
    pilot_files.write(bench, rows, RANDOMISED, orders=orders)
    at = pilot_files.opened(bench, outcome="spend")
    assert (at.planned_days, at.seen_days, at.days) == (90, 29, 29)
    pilot_files.write(bench, rows.drop(columns="end"), RANDOMISED, orders=orders)
    at = pilot_files.opened(bench, outcome="spend")
    assert (at.planned_days, at.seen_days) == (None, 29)


def test_an_effect_on_a_contact_says_how_many_contacts_a_customer_of_the_control_has(bench):
    rows, treated, rng = people(1000, start="2024-06-01", end="2024-06-30")
    calls = rows[np.arange(1000) % 5 == 0].assign(timestamp="2024-06-15")
    calls = calls.assign(resolved_first_contact=rng.random(200) < 0.5)[
        ["customer_id", "timestamp", "resolved_first_contact"]
    ]
    last = calls.iloc[[0]].assign(timestamp="2024-07-31")
    kinds = "{personal: false}", "{type: timestamp}", "{type: boolean}"
    columns = "".join(f"      {name}: {kind}\n" for name, kind in zip(calls, kinds, strict=True))
    more = f"  interactions:\n    file: interactions.csv\n    columns:\n{columns}"
    pilot_files.write(bench, rows, RANDOMISED, more=more)
    pd.concat([calls, last]).to_csv(bench.root / "data" / "made" / "interactions.csv", index=False)
    found = {each.measure.name: each for each in pilot_files.answered(bench, outcome="resolved").effects}
    assert found["resolved"].per_customer == pytest.approx((np.arange(1000) % 5 == 0)[~treated].mean())
    assert found["contacts"].per_customer == 1.0
    assert found["contacts"].days is None
