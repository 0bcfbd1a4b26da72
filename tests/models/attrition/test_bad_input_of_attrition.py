"""What attrition_risk refuses: one message that names the place and, by the real command, exit code 2, no traceback."""

import datetime as dt
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

from workbench.errors import WorkbenchError

NOTEBOOK = ROOT / "notebooks" / "attrition_risk.ipynb"

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
    "nobody left": (FLAT, flat(leavers=0), {}, "same outcome"),
    "fewer than 50 leavers": (FLAT, flat(leavers=30), {}, "30 customers left"),
    "a label that is a feature": (FLAT, flat().assign(other=lambda each: 2 * each["left"]), {}, "copy of the label"),
    "infinite values": (FLAT, flat().assign(other=np.where(np.arange(400) == 7, "inf", "1")), {}, "other"),
    "no feature says anything": (FLAT, flat().assign(months=3, use=1, other=""), {}, "say"),
    "a team that is no column": (FLAT, flat(), {"team": "shop"}, "parameter team: unknown column 'shop'"),
    "a value that is no column": (FLAT, flat(), {"value_column": "worth"}, "value_column: 'worth': no such feature"),
    "a policy without dates": (FLAT, flat(), {"most_contacts": 1}, "most_contacts: a flat table has no dates"),
    "no such initiative": (DATED, dated(), {"retention": ["call"]}, "retention: 'call': no such"),
    "snapshots before the data": (DATED, dated(), {"first_cutoff": dt.date(2001, 1, 1)}, "2001"),
    "snapshots after the data": (DATED, dated(), {"today": dt.date(2040, 1, 1)}, "2040"),
    "a horizon longer than the data": (DATED, dated(), {"window_days": 4000}, "4,000"),
}


BY_COMMAND = ("nobody left", "a team that is no column", "snapshots before the data")
"""One of data, one of a parameter, one of dates: what is refused differs, what becomes of it does not."""


def put(bench, yaml, frame):
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "customers.csv", index=False)
    (folder / "dataset.yaml").write_text(yaml)


def run_cells(**parameters):
    """The code of the notebook one cell after the other, in this process."""
    values = {"__name__": "study"}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"<cell {cell['id']}>", "exec"), values)
            if "parameters" in cell["metadata"].get("tags", []):
                values |= parameters


@pytest.mark.parametrize("case", [case for case in REFUSED if case not in BY_COMMAND])
def test_what_cannot_be_forecast_is_refused_by_the_cells_of_the_study(bench, monkeypatch, case):
    yaml, frame, options, expected = REFUSED[case]
    put(bench, yaml, frame)
    monkeypatch.chdir(bench.root)
    with pytest.raises(WorkbenchError) as refused:
        run_cells(dataset="trial", budget=1, refits=2, **options)
    assert expected in str(refused.value)


@pytest.mark.parametrize("case", BY_COMMAND)
def test_what_is_refused_is_told_by_the_command_in_one_message(bench, case):
    yaml, frame, options, expected = REFUSED[case]
    put(bench, yaml, frame)
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    asked = {"budget": 1, "refits": 2, **options}
    typed = [part for name, value in asked.items() for part in ("-p", f"{name}={value}")]
    ended = bench.run("run", "attrition_risk", "--dataset", "trial", *typed, seconds=600)
    assert ended.returncode == 2, (ended.returncode, ended.stdout[-2000:], ended.stderr)
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr
