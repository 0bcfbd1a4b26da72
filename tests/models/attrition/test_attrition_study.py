"""The study on the sample telco: its numbers, its first sentence, and what its kind of data always carries."""

import json
import shutil

import pandas as pd
from tests.conftest import ROOT


def test_the_study_on_telco_and_its_model_on_the_same_customers(bench):
    for name in ("attrition_risk", "attrition_scores"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", bench.root / "notebooks")
    ended = bench.run("run", "attrition_risk", "--dataset", "telco", "-p", "budget=1", "-p", "refits=3")
    assert ended.returncode == 0, ended.stderr
    (path,) = bench.reports.glob("attrition_risk/2*/results.json")
    said = json.loads(path.read_text())
    assert said["findings"][0]["id"] == "forecast"
    metrics = said["metrics"]
    wanted = ["roc_auc", "roc_auc_logistic", "average_precision", "brier", "brier_baseline", "brier_logistic",
              "calibration_slope", "ece", "lift_at_capacity", "caught_at_capacity", "profit_at_best",
              "profit_at_best_lower", "profit_at_best_upper", "profit_random", "profit_by_risk", "empc",
              "reason_agreement", "adversarial_auc"]  # fmt: skip
    assert set(wanted) <= set(metrics)
    assert 0.83 < metrics["roc_auc_logistic"] < 0.86  # of a quarter of the customers; .8455 in ten folds
    assert metrics["profit_at_best"] > metrics["profit_random"]
    checks = {check["name"]: check for check in said["checks"]}
    assert checks["out_of_time"]["kind"] == "always"
    assert checks["label_shuffles"]["status"] == "pass"
    assert not [name for name, check in checks.items() if check["status"] == "fail"]
    figures = {figure.stem for figure in (path.parent / "figures").glob("*.svg")}
    assert {"leavers_caught", "calibration", "importance", "profit_curve"} <= figures
    run = path.parent
    assert (run / "model" / "card.json").is_file()
    targets = pd.read_csv(run / "private" / "target_list.csv")
    assert targets["expected_profit"].is_monotonic_decreasing
    assert targets["recommended"].sum() == 200

    ended = bench.run("score", f"attrition_risk/{run.name}", "--dataset", "telco")
    assert ended.returncode == 0, ended.stderr
    (path,) = bench.reports.glob("attrition_scores/2*/results.json")
    metrics = json.loads(path.read_text())["metrics"]
    assert metrics["customers_scored"] == len(targets)
    assert metrics["worst_stability"] < 0.1
    manifest = json.loads((path.parent / "manifest.json").read_text())
    assert [each["run_id"] for each in manifest["inputs"]] == [run.name]
    scores = pd.read_parquet(path.parent / "private" / "scores.parquet").set_index("customer_id")["probability"]
    assert (scores - targets.set_index("customer_id")["probability"]).abs().max() < 1e-5

    card = run / "model" / "card.json"
    kept = card.read_text()
    card.write_text(kept + "\n")
    ended = bench.run("score", f"attrition_risk/{run.name}", "--dataset", "telco")
    assert ended.returncode == 2
    assert "model/card.json has been changed since the run ended" in ended.stderr
    card.write_text(kept)

    bench.dataset("others")
    ended = bench.run("score", f"attrition_risk/{run.name}", "--dataset", "others")
    assert ended.returncode == 2
    assert "not there, and the model needs it" in ended.stderr
    assert "Traceback" not in ended.stderr
