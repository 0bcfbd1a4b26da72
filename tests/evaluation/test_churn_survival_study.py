"""The study as a whole, on data that bear less than it asks for."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.models.survival.test_covariate_histories import company  # noqa: F401
from tests.models.survival.test_lapse import world as buyers
from tests.models.survival.test_spells import world as subscribers

from workbench.models.survival.forecast.draws import read_draws

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "churn_survival.ipynb"
DEFINITION = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
tables:
  lifetimes:
    file: lifetimes.csv
    segments: [plan]
    columns:
      duration: {unit: months}
      event: {true_values: ["True"], false_values: ["False"]}
      plan: {}
      use: {type: number}
"""


def results(bench, lifetimes):
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True)
    lifetimes.to_csv(folder / "lifetimes.csv", index=False)
    (folder / "dataset.yaml").write_text(DEFINITION)
    ended = bench.run("run", "churn_survival", "--dataset", "trial", "-p", "horizons=[12,60]", "-p", "repeats=1")
    (path,) = bench.reports.glob("churn_survival/2*/results.json")
    return ended.returncode, json.loads(path.read_text())


def world(size=300):
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "duration": random.exponential(18, size).clip(max=50).round(1),
            "event": True,
            "plan": random.choice(["a", "b"], size),
            "use": random.normal(size=size).round(3),
        }
    )


@pytest.mark.slow
def test_a_number_unknown_of_all_who_left_is_said_first_and_left_out(bench):
    rows = world().assign(event=np.arange(300) % 2 == 0)
    code, said = results(bench, rows.assign(use=rows["use"].mask(rows["event"])))
    assert code == 0
    ids = [finding["id"] for finding in said["findings"]]
    assert ids[0] == "columns_left_out"
    assert {"share_staying", "next_quarter"} <= set(ids)
    assert (
        "whether it is filled in gives away who has gone"
        in {check["name"]: check["message"] for check in said["checks"]}["hindsight_use"]
    )


@pytest.mark.slow
def test_where_nobody_left_the_study_refuses(bench):
    code, said = results(bench, world().assign(event=False))
    assert code == 2
    assert not said["findings"]


@pytest.mark.slow
def test_a_horizon_beyond_the_longest_life_of_those_who_all_left_is_left_out(bench):
    code, said = results(bench, world())
    assert code == 0
    assert "km_survival_60" not in said["metrics"]
    assert said["metrics"]["calibration_error_12"] < 0.05


SUBSCRIPTIONS = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
extracted: 2026-01-01
tables:
  subscriptions:
    file: subscriptions.csv
    columns:
      customer_id: {}
      start: {}
      end: {}
      end_reason: {}
      plan: {}
      price: {currency: EUR}
  customers:
    file: customers.csv
    segments: [region]
    columns:
      customer_id: {}
      region: {constant: true}
"""
TRANSACTIONS = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
tables:
  transactions:
    file: transactions.csv
    columns:
      customer_id: {}
      timestamp: {}
      amount: {currency: EUR}
"""


def run(bench, definition, tables, *options):
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "dataset.yaml").write_text(definition)
    ended = bench.run("run", "churn_survival", "--dataset", "trial", *options)
    (path,) = bench.reports.glob("churn_survival/2*/results.json")
    return ended, path.parent, json.loads(path.read_text())


@pytest.mark.slow
def test_subscriptions_with_reasons_are_foretold_out_of_time_and_everybody_on_board_from_then_on(bench):
    rows = subscribers(1500)
    random = np.random.default_rng(2)
    customers = pd.DataFrame({"customer_id": rows["customer_id"], "region": random.choice(["n", "s"], len(rows))})
    ended, folder, said = run(bench, SUBSCRIPTIONS, {"subscriptions": rows, "customers": customers})
    assert ended.returncode == 0
    found = {finding["id"]: finding for finding in said["findings"]}
    assert {"first_reason", "addressable_reasons", "forecast_and_actual", "next_quarter", "concordance"} <= set(found)
    checks = {check["name"]: check["status"] for check in said["checks"]}
    assert checks["out_of_time"] == checks["forecast_and_actual"] == "pass"
    metrics = said["metrics"]
    assert {
        "median_lifetime",
        "uno_c",
        "integrated_brier",
        "integrated_brier_km",
        "ici_3",
        "incidence_price_12",
    } <= set(metrics)
    assert metrics["integrated_brier"] < metrics["integrated_brier_km"]
    forecast = pd.read_parquet(folder / "private" / "survival.parquet")
    assert set(forecast["customer_id"]) == set(rows.loc[rows["end"].isna(), "customer_id"])
    assert sorted(forecast["horizon"].unique()) == [1, 3, 6, 12, 24]
    total = forecast.filter(like="incidence_").sum(axis=1) + forecast["survival"]
    assert total.to_numpy() == pytest.approx(np.ones(len(forecast)))
    assert (forecast["lower"] <= forecast["upper"]).all()
    page = (folder / "report.html").read_text()
    assert not any(customer in page for customer in rows["customer_id"].head(50))


@pytest.mark.slow
def test_buyers_lapse_and_how_many_come_back_is_said(bench):
    ended, _, said = run(bench, TRANSACTIONS, {"transactions": buyers(300)})
    assert ended.returncode == 0
    found = {finding["id"]: finding for finding in said["findings"]}
    assert "lapsed_come_back" in found
    assert "lapse" in found["next_quarter"]["statement"]
    assert {"lapse_is_no_churn", "customers_before_records"} <= {check["name"] for check in said["checks"]}


@pytest.mark.slow
def test_a_dataset_without_lifetimes_of_any_kind_is_refused_before_anything_runs(bench):
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    refused = bench.run("run", "churn_survival", "--dataset", "mobi")
    assert refused.returncode == 2
    assert "one of the tables subscriptions, lifetimes or transactions" in refused.stderr


SURVEYS = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
extracted: 2026-01-01
tables:
  subscriptions:
    file: subscriptions.csv
    columns:
      customer_id: {}
      start: {}
      end: {}
      end_reason: {}
  surveys:
    file: surveys.csv
    columns:
      customer_id: {}
      timestamp: {}
      csat: {role: outcome, type: number, label: Satisfaction}
"""


@pytest.mark.slow
def test_what_was_last_known_makes_the_exports_and_a_scenario_is_told_from_the_command_line(bench, company):  # noqa: F811
    spells, surveys = company
    lifetimes = spells.frame
    end = lifetimes["begin"] + pd.to_timedelta(lifetimes["duration"] * 365.25 / 12, unit="D")
    why = np.where(np.arange(len(lifetimes)) % 3, "price", "need")
    rows = pd.DataFrame(
        {
            "customer_id": lifetimes["customer_id"],
            "start": lifetimes["begin"].dt.normalize(),
            "end": end.dt.normalize().where(lifetimes["event"]),
            "end_reason": np.where(lifetimes["event"], why, None),
        }
    )
    tables = {"subscriptions": rows, "surveys": surveys[surveys["timestamp"] >= "2022-06-01"]}
    ended, folder, said = run(bench, SURVEYS, tables, "-p", 'scenario={"csat": [1]}')
    assert ended.returncode == 0, ended.stderr
    checks = {check["name"]: check for check in said["checks"]}
    assert "last known" in checks["model_used"]["message"]
    assert {"recalibration", "covariates_to_come"} <= set(checks)
    found = {finding["id"]: finding for finding in said["findings"]}
    assert found["scenario"]["interval"][1] < 0
    assert "satisfaction (+1 from now on)" in found["scenario"]["statement"]
    survival = pd.read_parquet(folder / "private" / "survival.parquet")
    total = survival.filter(like="incidence_").sum(axis=1) + survival["survival"]
    assert total.to_numpy() == pytest.approx(np.ones(len(survival)))
    homes = {"draws": "tables", "customers": "private"}
    kept = [pd.read_parquet(folder / home / f"survival_{name}.parquet") for name, home in homes.items()]
    drawn = read_draws(*kept)
    wide = survival.pivot(index="customer_id", columns="horizon", values="survival").loc[drawn.customers.index]
    horizons = [1, 3, 6, 12, 24]
    off = np.median(drawn.conditional_survival(horizons), axis=0) - wide.to_numpy()
    within = ~drawn.extrapolated(horizons)  # beyond the data draws go on by families of curves, the table as it went
    assert within.mean() > 0.4
    assert np.abs(off[within]).mean() < 0.01
