"""What attrition_risk refuses, by the real command: one message that names the place, exit code 2, no traceback."""

import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

FLAT = """title: Trial
tables:
  lifetimes:
    file: customers.csv
    columns: {duration: {from: months, unit: months}, event: left, use: {type: number}, other: {type: number}}
"""
DATED = """title: Trial
tables:
  subscriptions:
    file: customers.csv
    columns: {customer_id: id, start: start, end: end}
"""


def flat(size=400, leavers=100):
    random = np.random.default_rng(1)
    left = (np.arange(size) < leavers).astype(int)
    use = random.normal(size=size).round(4)
    return pd.DataFrame({"months": random.integers(1, 60, size), "left": left, "use": use, "other": use[::-1]})


def dated(size=300):
    random = np.random.default_rng(1)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 700, size), unit="D")
    end = pd.Series(start + pd.to_timedelta(np.ceil(random.exponential(700, size)), unit="D"))
    ids = [f"c{place}" for place in range(size)]
    return pd.DataFrame({"id": ids, "start": start, "end": end.where(end < "2025-06-01")})


REFUSED = {
    "nobody left": (FLAT, flat(leavers=0), (), "same outcome"),
    "fewer than 50 leavers": (FLAT, flat(leavers=30), (), "30 customers left"),
    "a label that is a feature": (FLAT, flat().assign(other=lambda each: 2 * each["left"]), (), "copy of the label"),
    "infinite values": (FLAT, flat().assign(other=np.where(np.arange(400) == 7, "inf", "1")), (), "other"),
    "no feature says anything": (FLAT, flat().assign(months=3, use=1, other=""), (), "say"),
    "a team that is no column": (FLAT, flat(), ("team=shop",), "parameter team: unknown column 'shop'"),
    "a value that is no column": (FLAT, flat(), ("value_column=worth",), "value_column: 'worth': no such feature"),
    "a policy without dates": (FLAT, flat(), ("most_contacts=1",), "most_contacts: a flat table has no dates"),
    "no such initiative": (DATED, dated(), ('retention=["call"]',), "retention: 'call': no such"),
    "snapshots before the data": (DATED, dated(), ("first_cutoff=2001-01-01",), "2001"),
    "snapshots after the data": (DATED, dated(), ("today=2040-01-01",), "2040"),
    "a horizon longer than the data": (DATED, dated(), ("window_days=4000",), "4,000"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_forecast_is_refused_in_one_message(bench, case):
    yaml, frame, options, expected = REFUSED[case]
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "customers.csv", index=False)
    (folder / "dataset.yaml").write_text(yaml)
    shutil.copy(ROOT / "notebooks" / "attrition_risk.ipynb", bench.root / "notebooks")
    asked = [each for option in ("budget=1", "refits=2", *options) for each in ("-p", option)]
    ended = bench.run("run", "attrition_risk", "--dataset", "trial", *asked, seconds=600)
    assert ended.returncode == 2, (ended.returncode, ended.stdout[-2000:], ended.stderr)
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr
