"""The study as a whole: on a simulated survey, and on surveys that cannot bear it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.models.answer_sheets import draw_answers

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
    frame, *_ = draw_answers(n, effects, rng, levels=11, segments=3, segment_sd=0.1, unused=0.2, blank=0.04)
    for name in NAMES:
        frame[name] = frame[name].mask(frame.pop(f"{name}__not_applicable"), 9)
    return frame.assign(outcome=frame["outcome"] - 1, weight=rng.gamma(4, 0.25, n) + 0.1)


def run(bench, frame, *arguments):
    shutil.copy(NOTEBOOK, bench.root / "notebooks")
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True)
    frame.to_csv(folder / "surveys.csv", index=False)
    (folder / "dataset.yaml").write_text(DEFINITION)
    return bench.run("run", "driver_analysis", "--dataset", "trial", *arguments)


@pytest.mark.slow
def test_a_run_says_all_that_is_promised_and_recovers_the_truth(bench):
    ended = run(bench, surveys(), *QUICK)
    (folder,) = bench.reports.glob("driver_analysis/2*")
    said = json.loads((folder / "results.json").read_text())
    assert ended.returncode == 0, ended.stderr
    metrics = said["metrics"]
    for name in NAMES:
        for what in ("importance", "unique_share", "p_above_knockoff", "p_top3", "p_fix_first", "what_if_nps"):
            assert np.isfinite(metrics[f"{what}_{name}"])
    assert {"nps", "nps_lower", "nps_upper"} <= set(metrics)
    assert metrics["importance_da"] > metrics["importance_db"] > metrics["importance_dc"]
    assert metrics["p_above_knockoff_da"] > 0.95 > metrics["p_above_knockoff_dc"]
    assert "Food" in said["findings"][0]["statement"]
    assert {finding["evidence"] for finding in said["findings"]} <= {"associational", "descriptive"}
    draws = pd.read_parquet(folder / "tables" / "driver_effects.parquet")
    assert {"chain", "draw", "segment", "driver", "effect"} <= set(draws.columns)
    effect = draws.groupby("driver")["effect"].agg(["mean", "std"])
    assert abs(effect.loc["dc", "mean"]) < 3 * effect.loc["dc", "std"] < effect.loc["da", "mean"]


@pytest.mark.slow
def test_a_survey_that_nothing_can_be_learnt_from_is_told_in_words(bench):
    ended = run(bench, surveys().assign(outcome=7))
    assert ended.returncode != 0
    assert "got the same answer from everyone" in ended.stderr


@pytest.mark.slow
def test_a_sampler_that_was_not_given_time_fails_the_gate(bench):
    ended = run(bench, surveys(300), "-p", "draws=100", "-p", "tune=100", "-p", "imputations=2")
    assert ended.returncode == 3
