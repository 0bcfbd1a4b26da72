"""What a user may get wrong, by the command line: a clear message before anything runs, or a stated remedy (slow)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "churn_survival.ipynb"
HEAD = "title: Trial\nsource: drawn at random\nlicence: none\nfictional: true\n"
LIFETIMES = """tables:
  lifetimes:
    file: rows.csv
    segments: [plan]
    columns:
      customer_id: id
      duration: {unit: months}
      event: {true_values: ["1"], false_values: ["0"]}
      plan: {}
"""
SUBSCRIPTIONS = """extracted: 2026-01-01
tables:
  subscriptions:
    file: rows.csv
    columns: {customer_id: id, start: start, end: end}
"""


def lifetimes(size=300):
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": [f"c{place}" for place in range(size)],
            "duration": random.exponential(15, size).clip(0.1, 50).round(1),
            "event": (random.random(size) < 0.6).astype(int),
            "plan": random.choice(["a", "b", "c"], size),
        }
    )


def put(bench, rows, yaml):
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True)
    rows.to_csv(folder / "rows.csv", index=False)
    (folder / "dataset.yaml").write_text(HEAD + yaml)


def run(bench, rows, yaml, *options):
    put(bench, rows, yaml)
    ended = bench.run("run", "churn_survival", "--dataset", "trial", "-p", "repeats=1", "-p", "folds=2", *options)
    (path,) = bench.reports.glob("churn_survival/2*/results.json")
    return ended.returncode, json.loads(path.read_text())


FIVE = [True] * 5 + [False] * 295
REFUSED = {
    "negative durations": (
        lambda rows: rows.assign(duration=np.where(FIVE, -2.0, rows["duration"])),
        LIFETIMES,
        "5 rows with a negative",
    ),
    "an id twice": (lambda rows: pd.concat([rows, rows.head(2)]), LIFETIMES, "2 rows with an id that an earlier"),
    "events before entry": (
        lambda rows: rows.assign(entry=np.where(FIVE, rows["duration"] + 1, 0.0)),
        LIFETIMES + "      entry: {}\n",
        "5 rows with an entry after the duration",
    ),
    "an end before its start": (
        lambda rows: rows.assign(start="2024-01-01", end=np.where(FIVE, "2023-01-01", "2025-01-01")),
        SUBSCRIPTIONS,
        "5 rows with a start after the end",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_before_anything_runs(bench, case):
    change, yaml, said = REFUSED[case]
    put(bench, change(lifetimes()), yaml)
    ended = bench.run("run", "churn_survival", "--dataset", "trial")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert not list(bench.reports.glob("churn_survival/2*"))


def test_what_is_known_only_at_the_end_is_named_and_left_out_and_nothing_is_made_of_it(bench):
    random = np.random.default_rng(2)
    rows = lifetimes()
    went = rows["event"].astype(bool) ^ (random.random(300) < 0.03)
    rows = rows.assign(
        total=(rows["duration"] * 20 + random.normal(0, 4, 300)).round(1), outcome=np.where(went, "cancelled", "kept")
    )
    yaml = LIFETIMES + "      total: {type: number, label: Total charges}\n      outcome: {label: Last contact}\n"
    code, said = run(bench, rows, yaml)
    checks = {check["name"]: check for check in said["checks"]}
    assert code == 0  # plans are noise here, which is an answer
    assert {"hindsight_total", "hindsight_outcome"} <= set(checks)
    assert "known only at the end: Last contact and Total charges" in checks["covariates_of_the_end"]["message"]
    ids = [finding["id"] for finding in said["findings"]]
    assert ids[0] == "columns_left_out"
    ids = set(ids)
    assert not {"hazard_ratio_total", "hazard_ratio_outcome"} & ids


def test_where_nobody_of_a_segment_left_it_is_said_and_no_ratio_given(bench):
    rows = lifetimes()
    code, said = run(bench, rows.assign(event=rows["event"].where(rows["plan"] != "c", 0)), LIFETIMES)
    checks = {check["name"]: check for check in said["checks"]}
    assert code == 0
    assert "nobody with “c” left" in checks["separation_plan"]["message"]


def test_a_horizon_beyond_the_data_is_said_to_be_one(bench):
    code, said = run(bench, lifetimes(), LIFETIMES, "-p", "horizons=[12,500]")
    checks = {check["name"]: check for check in said["checks"]}
    assert code == 0
    assert "The data do not reach horizon 500" in checks["horizons_within_data"]["message"]
    assert "km_survival_500" not in said["metrics"]


def test_pure_noise_is_an_answer_not_a_failure(bench):
    """Nothing tells customers apart: exit 0, a warning, and predictions are those of one curve; weights are none."""
    random = np.random.default_rng(21)
    rows = lifetimes(600).assign(**{f"noise_{place}": random.normal(size=600) for place in range(10)})
    rows["event"] = 1 - (rows["duration"] >= 30)
    rows["duration"] = rows["duration"].clip(upper=30)
    rows["weight"] = random.uniform(0.5, 2.0, 600)
    yaml = LIFETIMES + "      weight: {weighting: survey}\n" + "".join(f"      noise_{at}: {{}}\n" for at in range(10))
    code, results = run(bench, rows, yaml)
    status = {check["name"]: check["status"] for check in results["checks"]}
    assert code == 0
    assert status["model_used"] == status["weights"] == status["ranks_better_than_guessing"] == "warn"
    told = [finding["id"] for finding in results["findings"]]
    assert "loses_to_one_curve" not in told[1:]
    (path,) = bench.reports.glob("churn_survival/2*/private/survival.parquet")
    table = pd.read_parquet(path)
    assert len(table)
    (path,) = bench.reports.glob("churn_survival/2*/tables/all_hazard_ratios.parquet")
    assert "weight" not in set(pd.read_parquet(path)["covariate"])
