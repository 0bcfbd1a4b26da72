"""The study on the sample cdnow: its numbers, its first sentence, and what it leaves."""

import json
import shutil

import pandas as pd
import pytest
from tests.conftest import ROOT

WANTED = [
    "bgnbd_r",
    "bgnbd_alpha",
    "bgnbd_a",
    "bgnbd_b",
    "holdout_transactions",
    "holdout_transactions_lower",
    "holdout_transactions_upper",
    "holdout_transactions_actual",
    "holdout_revenue_error",
    "holdout_crps",
    "holdout_crps_nbd",
    "top_decile_capture",
    "base_value",
    "base_value_lower",
    "base_value_upper",
    "newcomer_value",
    "newcomer_value_lower",
    "newcomer_value_upper",
    "model_share_of_variance",
    "extrapolated_share",
    "pareto_k",
]


def test_the_study_on_cdnow(bench):
    shutil.copy(ROOT / "notebooks" / "clv_roi.ipynb", bench.root / "notebooks")
    ended = bench.run("run", "clv_roi", "--dataset", "cdnow", "-p", "draws=200", "-p", "acquisition_cost=30")
    assert ended.returncode == 0, ended.stderr
    (path,) = bench.reports.glob("clv_roi/2*/results.json")
    said = json.loads(path.read_text())
    metrics = said["metrics"]
    assert set(WANTED) <= set(metrics)
    assert sum(value for name, value in metrics.items() if name.startswith("weight_")) == pytest.approx(1)
    assert said["findings"][0]["id"] == "base_value"
    assert "of revenue" in said["findings"][0]["statement"]  # CDNOW has no margin
    assert metrics["base_value_lower"] < metrics["base_value"] < metrics["base_value_upper"]
    assert metrics["holdout_transactions_lower"] < 1882 < metrics["holdout_transactions_upper"]
    assert metrics["payback_months"] <= 2  # a first order is of some 36
    checks = {check["name"]: check["status"] for check in said["checks"]}
    assert checks["margin_known"] == "warn"
    assert checks["leaving_visible"] == "pass"
    assert "fail" not in checks.values()
    run = path.parent
    found = {each["id"]: each for each in said["findings"]}
    tables = {
        name: pd.read_csv(run / "tables" / f"{name}.csv") for name in ("value_by_group", "tiers", "equity_change")
    }
    groups = tables["value_by_group"].set_index("group")
    assert found["base_value"]["estimate"] == pytest.approx(groups.loc["all", "value"])
    assert found["base_value"]["interval"] == pytest.approx(groups.loc["all", ["lower", "upper"]].tolist())
    assert found["who_carries"]["estimate"] == pytest.approx(groups.loc["Diamond", "share"])
    assert found["value_at_risk"]["estimate"] == pytest.approx(tables["tiers"]["at_risk"].sum())
    assert found["tier_borders"]["estimate"] == tables["tiers"][["rising", "falling"]].sum().sum()
    assert found["equity_change"]["estimate"] == pytest.approx(tables["equity_change"]["change"].sum())
    horizons = pd.read_csv(run / "tables" / "value_by_horizon.csv", dtype={"months": str}).set_index("months")
    assert horizons["value"].tolist() == pytest.approx([metrics[f"base_value_{name}"] for name in horizons.index])
    by_both = pd.read_csv(run / "tables" / "value_by_group_and_horizon.csv", dtype={"months": str})
    own = by_both[(by_both["grouping"] == "all") & (by_both["months"] == "12")].iloc[0]
    assert (own["value"], own["orders"]) == pytest.approx(tuple(horizons.loc["12", ["value", "orders"]]))
    private = pd.read_parquet(run / "private" / "customer_value.parquet")
    assert len(private) == 2357
    assert private["value:lifetime"].sum() == pytest.approx(metrics["base_value"], rel=0.1)
    draws = pd.read_parquet(run / "tables" / "value_draws.parquet")
    cells = pd.read_parquet(run / "tables" / "value_cells.parquet")
    assert set(draws["cell"]) == set(cells["cell"])
    assert len(draws) == 200 * 60 * len(cells)

    ended = bench.run("run", "clv_roi", "--dataset", "cdnow", "-p", "rate=8", "-p", "horizons=[0.01]")
    assert ended.returncode == 2
    assert "rate: got 8, expected an effective rate a year between 0 and 1" in ended.stderr
    assert "horizons: got" in ended.stderr
    assert "Traceback" not in ended.stderr
