"""For whom, by what was known on the day of the start: contracts as they were then, attributes that never change."""

import numpy as np
import pandas as pd
import pytest
from tests.decisions.pilot_files import answered, opened, write

from workbench.errors import DataError, ParameterError

DESIGN = "{assignment: randomised, control: none}"
MORE = """\
  subscriptions:
    file: subscriptions.csv
    currency: EUR
    columns:
      customer_id: {personal: false}
      start: start
      end: end
      plan: plan
  customers:
    file: customers.csv
    columns:
      customer_id: {personal: false}
      region: {type: category%s}
      plan: {type: category}
      town: {type: category}
"""


def world(bench, *, constant=", constant: true", start="2025-03-01"):
    """400 customers; after the start half of those on `basic` go over to `gold`, where nobody was then."""
    n = np.arange(400)
    ids = [f"c{i:03}" for i in n]
    rows = pd.DataFrame(
        {"customer_id": ids, "initiative": "test", "arm": np.where(n % 2 == 0, "mail", "none"), "start": start}
    )
    plan = np.where(n % 4 < 2, "basic", "plus")
    first = pd.DataFrame({"customer_id": ids, "start": "2024-06-01", "end": None, "plan": plan})
    moved = first["plan"].eq("basic") & (n % 8 < 4)
    first.loc[moved, "end"] = "2025-04-01"
    contracts = pd.concat([first, first[moved].assign(start="2025-04-01", end=None, plan="gold")])
    day = pd.Timestamp("2025-03-20") - pd.to_timedelta(np.repeat([0, 60], 400), unit="D")
    bought = pd.DataFrame({"customer_id": ids * 2, "timestamp": day, "amount": np.tile(n % 7 + 1.0, 2)})
    last = pd.DataFrame({"customer_id": ids[:1], "timestamp": ["2025-06-30"], "amount": [1.0]})
    write(bench, rows, DESIGN, orders=pd.concat([bought, last]), more=MORE % constant)
    folder = bench.root / "data" / "made"
    contracts.to_csv(folder / "subscriptions.csv", index=False)
    people = pd.DataFrame(
        {"customer_id": ids, "region": np.where(n % 5 < 3, "north", "south"), "town": "x", "plan": "gold"}
    )
    people.to_csv(folder / "customers.csv", index=False)


def test_groups_are_of_the_contract_on_the_day_of_the_start_and_of_what_never_changes(bench):
    world(bench)
    done = answered(bench, outcome="spend", groups=["plan", "region"], window_days=60)
    told = {each.grouping.name: sorted(each.grouping.levels) for each in done.groups}
    assert told == {"plan": ["plan=basic", "plan=plus"], "region": ["region=north", "region=south"]}
    assert "plan" not in done.ready.pilot.before  # what estimates adjust for is as it was


def test_a_column_that_may_have_changed_is_refused_with_the_line_to_write(bench):
    world(bench, constant="")
    with pytest.raises(ParameterError) as refused:
        answered(bench, outcome="spend", groups=["region", "town", "shape"], window_days=60)
    assert [each for each in refused.value.faults if "constant: true under customers.region" in each]
    assert [each for each in refused.value.faults if "constant: true under customers.town" in each]
    assert [each for each in refused.value.faults if "got 'shape', expected one of 'plan'" in each]


def test_a_pilot_whose_data_were_not_brought_up_to_date_is_told_what_to_do(bench):
    world(bench, start="2025-07-01")
    with pytest.raises(DataError) as refused:
        opened(bench, outcome="spend")
    (told,) = refused.value.faults
    assert "Replace the data files" in told
    assert "move extracted: in dataset.yaml on" in told
    assert "window_days" not in told
