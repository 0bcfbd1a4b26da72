"""The study as a whole: on a simulated survey, and on surveys that cannot bear it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.models.drivers.answer_sheets import draw_answers

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "driver_analysis.ipynb"
NAMES = ("da", "db", "dc")
DEFINITION = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
tables:
  surveys:
    file: surveys.csv
    segments: [segment]
    columns:
      outcome: {scale: [0, 10], role: outcome, label: Recommendation}
      segment: {}
      weight: {weighting: survey}
      da: {scale: [1, 5], not_applicable: [9], role: driver, label: Food}
      db: {scale: [1, 5], not_applicable: [9], role: driver, label: Signs}
      dc: {scale: [1, 5], not_applicable: [9], role: driver, label: Toilets}
"""
QUICK = ("-p", "imputations=2", "-p", "draws=700")


def surveys(n=1500, effects=(1.0, 0.4, 0.0)):
    rng = np.random.default_rng(1)
    frame, *_ = draw_answers(n, effects, rng, levels=11, segments=3, segment_sd=0.1, unused=0.2, missing=0.04)
    for name in NAMES:
        frame[name] = frame[name].mask(frame.pop(f"{name}__not_applicable"), 9)
    return frame.assign(outcome=frame["outcome"] - 1, weight=rng.gamma(4, 0.25, n) + 0.1)


def run(bench, frame, *arguments, definition=DEFINITION):
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True)
    frame.to_csv(folder / "surveys.csv", index=False)
    (folder / "dataset.yaml").write_text(definition)
    ended = bench.run("run", "driver_analysis", "--dataset", "trial", *arguments)
    for path in bench.reports.glob("driver_analysis/2*/results.json"):
        said = json.loads(path.read_text())
        for finding in said["findings"]:
            assert len(finding["statement"].split()) <= 25, finding
        for check in said["checks"]:
            assert len(check["message"].split()) <= 40, check
    return ended


@pytest.mark.slow
def test_a_run_says_all_that_is_promised_and_recovers_the_truth(bench):
    ended = run(bench, surveys(), *QUICK)
    (folder,) = bench.reports.glob("driver_analysis/2*")
    said = json.loads((folder / "results.json").read_text())
    assert ended.returncode == 0, ended.stderr
    metrics = said["metrics"]
    for name in NAMES:
        for what in (
            "importance",
            "unique_share",
            "p_above_knockoff",
            "p_first",
            "p_top3",
            "p_fix_first",
            "what_if_nps",
        ):
            assert np.isfinite(metrics[f"{what}_{name}"])
    assert {"nps", "nps_lower", "nps_upper"} <= set(metrics)
    assert metrics["importance_da"] > metrics["importance_db"] > metrics["importance_dc"]
    assert metrics["p_above_knockoff_da"] > 0.95 > metrics["p_above_knockoff_dc"]
    assert "Food" in said["findings"][0]["statement"]
    assert {finding["evidence"] for finding in said["findings"]} <= {"associational", "descriptive", "assumed"}
    draws = pd.read_parquet(folder / "tables" / "driver_effects.parquet")
    assert {"draw", "segment", "driver", "effect", "use"} == set(draws.columns)
    effect = draws.groupby("driver")["effect"].agg(["mean", "std"])
    assert abs(effect.loc["dc", "mean"]) < 3 * effect.loc["dc", "std"] < effect.loc["da", "mean"]


def spoilt(frame):
    """Everything at once that only the first step of the study can see."""
    return frame.assign(outcome=7, da=4, db=frame["dc"])


def test_a_survey_that_nothing_can_be_learnt_from_is_refused_with_every_fault_and_what_to_do(bench):
    ended = run(bench, spoilt(surveys(300)))
    assert ended.returncode == 2
    told = [line.removeprefix("workbench: ") for line in ended.stderr.splitlines() if line.startswith("workbench: ")]
    assert [line.partition(":")[0] for line in told] == [
        "outcome 'outcome'",
        "driver 'da'",
        "drivers 'db' and 'dc'",
        "refused",
    ]
    (folder,) = bench.reports.glob("driver_analysis/2*")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["status"], manifest["exit_code"]) == ("failed", 2)
    assert manifest["failed_cell"]["heading"] == "Answers"
    assert "got the same answer from everyone" in (folder / "report.html").read_text()
    assert not json.loads((folder / "results.json").read_text())["findings"]


BAD_INPUT = {
    "too few": (lambda frame: frame.head(20), (), "got 20 answers with an outcome, expected at least 30"),
    "one level": (lambda frame: frame.assign(outcome=7), (), "got the same answer from everyone"),
    "hardly two levels": (
        lambda frame: frame.assign(outcome=[9] * 5 + [10] * (len(frame) - 5)),
        (),
        "from nearly all of 300",
    ),
    "no outcome": (lambda frame: frame.assign(outcome=np.nan), (), "got no answer in 300 rows"),
    "constant driver": (lambda frame: frame.assign(da=4), (), "driver 'da': got the same rating from all"),
    "empty driver": (lambda frame: frame.assign(da=np.nan), (), "driver 'da': got no rating at all"),
    "unused driver": (lambda frame: frame.assign(da=9), (), "driver 'da': got no rating at all"),
    "twins": (lambda frame: frame.assign(db=frame["da"]), (), "drivers 'da' and 'db': got the same ratings"),
    "negative weight": (lambda frame: frame.assign(weight=-frame["weight"]), (), "300 rows with a negative value"),
    "weight of zero": (lambda frame: frame.assign(weight=0.0), (), "whose weight is not above 0"),
    "outcome as driver": (
        lambda frame: frame,
        ("-p", 'drivers=["da", "outcome"]'),
        "got the outcome 'outcome' among them",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_ends_with_exit_code_2_and_a_clear_message(bench, name):
    changed, arguments, told = BAD_INPUT[name]
    ended = run(bench, changed(surveys(300)), *arguments)
    assert ended.returncode == 2, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_segment_of_three_people_is_never_shown_alone(bench):
    frame = surveys(600)
    frame.loc[:2, "segment"] = "rare"
    ended = run(bench, frame, *QUICK)
    assert ended.returncode == 0, ended.stderr
    (folder,) = bench.reports.glob("driver_analysis/2*")
    for name in ("segments", "segment_effects", "outcome_level"):
        assert "rare" not in (folder / "tables" / f"{name}.csv").read_text()
    assert "rare" not in (folder / "results.json").read_text()


@pytest.mark.slow
def test_waves_and_touchpoints_of_a_survey_are_told(bench):
    frame = surveys(1200)
    frame["wave"] = np.arange(len(frame)) * 4 // len(frame) + 1
    fallen = (np.random.default_rng(2).random(len(frame)) < frame["wave"] / 6) & (frame["da"] < 6)
    frame["da"] = frame["da"].mask(fallen, (frame["da"] - 2).clip(lower=1))
    frame["place"] = np.where(np.arange(len(frame)) % 3, "shop", "app")
    extra = "      wave: {type: number}\n      touchpoint: {from: place}\n"
    ended = run(bench, frame, *QUICK, definition=DEFINITION + extra)
    assert ended.returncode == 0, ended.stderr
    (folder,) = bench.reports.glob("driver_analysis/2*")
    said = {each["id"]: each["statement"] for each in json.loads((folder / "results.json").read_text())["findings"]}
    assert "Ratings of “Food” are falling" in said["falling"]
    order = pd.read_csv(folder / "tables" / "priorities.csv").set_index("driver")
    assert order.loc["da", "trend_upper"] < 0
    assert "touchpoint" in set(pd.read_csv(folder / "tables" / "segments.csv")["by"])


@pytest.mark.slow
def test_a_sampler_that_was_not_given_time_fails_the_gate(bench):
    hurried = ("-p", "draws=100", "-p", "tune=100", "-p", "imputations=2")
    ended = run(bench, surveys(300), *hurried, "-p", "segments=[]")  # also that nothing splits people is no fault
    assert ended.returncode == 3
    assert "failed at the step" not in ended.stderr
