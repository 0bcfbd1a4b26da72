"""What a user of clv_roi may get wrong, by the command line: a clear message, or a remedy that is told (slow)."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
HEAD = "title: Trial\nsource: drawn at random\nlicence: none\nfictional: true\n"
ORDERS = """tables:
  transactions:
    file: orders.csv
    columns: {customer_id: id, timestamp: when, amount: {unit: USD}}
"""
CONTRACTS = """extracted: 2026-01-01
tables:
  subscriptions:
    file: contracts.csv
    columns: {customer_id: id, start: start, end: end, price: {unit: USD}}
"""
EUROS = """  subscriptions:
    file: contracts.csv
    columns: {customer_id: id, start: start, end: end, price: {unit: EUR}}
"""


def orders(customers=150, days=500, seed=1):
    """Customers who come all the time, buy about monthly and leave after about a year."""
    random = np.random.default_rng(seed)
    begin = random.integers(0, days - 60, customers)
    count = random.poisson(np.minimum(random.exponential(365, customers), days - 1 - begin) / 30)
    place = np.repeat(np.arange(customers), count + 1)
    first = np.concatenate([[0], np.cumsum(count + 1)[:-1]])
    gap = random.exponential(30, len(place))
    gap[first] = 0
    since = np.cumsum(gap) - np.repeat(np.cumsum(gap)[first], count + 1)
    when = pd.Timestamp("2024-06-01") + pd.to_timedelta(np.floor(begin[place] + since), unit="D")
    frame = pd.DataFrame({"id": [f"c{each}" for each in place], "when": when, "amount": random.gamma(5, 8, len(place))})
    return frame[frame["when"] < "2025-10-15"].round({"amount": 2})


def contracts(customers=300, seed=1):
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 1000, customers), unit="D")
    end = start + pd.to_timedelta(np.ceil(random.exponential(900, customers)), unit="D")
    ids = [f"c{each}" for each in range(customers)]
    frame = pd.DataFrame({"id": ids, "start": start, "end": pd.Series(end), "price": 30.0})
    return frame.assign(end=frame["end"].where(frame["end"] < "2026-01-01"))


def put(bench, yaml, **tables):
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "dataset.yaml").write_text(HEAD + yaml)
    for name in ("clv_roi", "churn_survival"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", bench.root / "notebooks")


def run(bench, *options):
    asked = [each for option in ("draws=100", *options) for each in ("-p", option)]
    return bench.run("run", "clv_roi", "--dataset", "trial", *asked)


def said(bench):
    path = sorted(bench.reports.glob("clv_roi/2*/results.json"))[-1]
    found = json.loads(path.read_text())
    return found, {check["name"]: check for check in found["checks"]}


PLAIN = orders()
FIRST = PLAIN.drop_duplicates("id")
REFUSED = {
    "no repeat buyer": (FIRST, (), "no customer bought again"),
    "all new": (FIRST.assign(when="2025-10-14"), (), "no customer bought again"),
    "cut-off before the data": (PLAIN, ("today=2020-01-01",), "2020"),
    "cut-off after the data": (PLAIN, ("today=2040-01-01",), "2040"),
    "zero spend": (PLAIN.assign(amount=0.0), (), "has a positive amount"),
    "refunds beyond purchases": (pd.concat([PLAIN, FIRST.assign(amount=-9999.0)]), (), "nothing to value"),
    "a negative rate": (PLAIN, ("rate=-0.1",), "rate: got -0.1, expected an effective rate"),
    "a rate above 1": (PLAIN, ("rate=8",), "rate: got 8, expected an effective rate"),
    "no horizon": (PLAIN, ("horizons=[]",), "horizons: got"),
    "shares that are none": (PLAIN, ("tier_shares=[0.5,0.6]",), "tier_shares"),
    "a margin in percent": (PLAIN, ("margin=35",), "margin"),
    "a category that there is not": (PLAIN, ("margin_by_category={fuel: 0.1}",), "margin_by_category"),
    "no such run": (PLAIN, ("survival_run=20200101-000000-000000",), "survival_run"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_valued_is_refused_in_one_message(bench, case):
    frame, options, expected = REFUSED[case]
    put(bench, ORDERS, orders=frame)
    ended = run(bench, *options)
    assert ended.returncode == 2, ended.stderr
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr


def test_several_currencies_are_refused(bench):
    put(bench, CONTRACTS.partition("tables")[0] + ORDERS + EUROS, orders=PLAIN, contracts=contracts())
    ended = run(bench)
    assert ended.returncode == 2
    assert "currency: got amounts in EUR and USD" in ended.stderr


def test_copies_tills_and_orders_without_a_margin_are_told(bench):
    till = pd.DataFrame({"id": "till", "when": "2025-02-01", "amount": np.arange(1, 10_001) / 100})
    put(bench, ORDERS, orders=pd.concat([PLAIN, PLAIN, till]))
    ended = run(bench)
    assert ended.returncode == 0, ended.stderr
    found, checks = said(bench)
    assert checks["duplicated_orders"]["status"] == "warn"
    assert checks["orders_in_a_day"]["status"] == "warn"
    assert checks["margin_known"]["status"] == "warn"
    assert "of revenue" in found["findings"][0]["statement"]


def test_an_earlier_run_of_other_data_is_refused_and_horizons_beyond_it_are_carried_on(bench):
    put(bench, CONTRACTS, contracts=contracts())
    ended = bench.run("run", "churn_survival", "--dataset", "trial", "-p", "repeats=1", "-p", "folds=2")
    assert ended.returncode == 0, ended.stderr
    ended = run(bench, "horizons=[1, 30]")
    assert ended.returncode == 0, ended.stderr
    found, checks = said(bench)
    assert checks["staying_from"]["message"].startswith("How long customers stay comes from draws of an earlier run")
    assert "later everybody's rate of leaving" in checks["staying_from"]["message"]
    assert found["metrics"]["base_value_12"] < found["metrics"]["base_value_360"]
    put(bench, CONTRACTS, contracts=contracts(seed=2))
    (known,) = bench.reports.glob("churn_survival/2*")
    ended = run(bench, f"survival_run={known.name}")
    assert ended.returncode == 2
    assert "survival_run" in ended.stderr
    assert "Traceback" not in ended.stderr
