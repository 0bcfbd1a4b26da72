"""The study as a whole, on data that bear less than it asks for."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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
def test_the_curves_are_told_where_no_model_could_be_fitted(bench):
    code, said = results(bench, world().assign(event=False))
    assert code == 3
    assert [finding["id"] for finding in said["findings"]] == ["survival", "share_staying"]
    assert [check["name"] for check in said["checks"] if check["status"] == "fail"] == ["cox_convergence"]
    assert "concordance" not in said["metrics"]


@pytest.mark.slow
def test_a_horizon_beyond_the_longest_life_of_those_who_all_left_is_left_out(bench):
    code, said = results(bench, world())
    assert code == 0
    assert "km_survival_60" not in said["metrics"]
    assert said["metrics"]["calibration_error_12"] < 0.05
