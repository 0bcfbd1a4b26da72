import json
import shlex

import pytest

from workbench.errors import StudyError
from workbench.reporting.collect import collect


def test_findings_keep_their_order_and_own_their_figures_once(run, folder):
    report = collect(run.write(folder))
    assert [finding["id"] for finding in report["findings"]] == ["median_lifetime", "fibre", "loyal"]
    assert [finding["figure"] and finding["figure"]["name"] for finding in report["findings"]] == [
        "survival",
        "hazards",
        None,
    ]
    assert report["findings"][2]["links"][0]["href"] == "#figure-survival"
    assert [block["name"] for block in report["blocks"] if block["kind"] == "figure"] == ["calibration"]


def test_the_narrative_only_points_at_what_stands_above(run, folder):
    pointers = [(b["what"], b["href"]) for b in collect(run.write(folder))["blocks"] if b["kind"] == "pointer"]
    assert pointers == [
        ("Figure", "#figure-survival"),
        ("Finding", "#finding-median-lifetime"),
        ("Finding", "#finding-loyal"),
        ("Figure", "#figure-hazards"),
        ("Finding", "#finding-fibre"),
        ("Checks", "#trust"),
    ]


def test_a_share_is_told_as_a_percentage(run, folder):
    loyal = collect(run.write(folder))["findings"][2]
    assert (loyal["estimate"], loyal["interval"]) == ("66.4%", "65.1% to 67.7%")


@pytest.mark.parametrize(
    ("statuses", "tone", "words"),
    [
        ([], "none", "Nothing was checked"),
        (["pass"], "good", "Can be relied on"),
        (["pass", "warn"], "warn", "Read the warnings first"),
        (["pass", "warn", "fail"], "bad", "Not to be relied on"),
        (["pass", "unheard of"], "bad", "Not to be relied on"),
    ],
)
def test_the_worst_check_decides_the_banner(run, folder, statuses, tone, words):
    run.results["checks"] = [
        {"name": f"c{i}", "status": s, "message": s, "value": None, "threshold": None} for i, s in enumerate(statuses)
    ]
    run.manifest["verdict"] = None
    banner = collect(run.write(folder))["banner"]
    assert (banner["tone"], banner["words"]) == (tone, words)


def test_a_verdict_of_the_manifest_is_never_softened(run, folder):
    run.results["checks"] = run.results["checks"][:3]
    run.manifest["verdict"] = "fail"
    assert collect(run.write(folder))["banner"]["tone"] == "bad"


def test_failed_checks_stand_in_the_banner_and_first(run, folder):
    run.results["checks"][3]["status"] = "fail"
    report = collect(run.write(folder))
    assert report["banner"]["points"][0]["href"] == "#check-rows-3"
    assert [len(group) for group in report["checks"].values()] == [1, 2, 9]


def test_a_damaged_results_file_is_never_relied_on(run, folder):
    run.write(folder)
    (folder / "results.json").write_text('{"study": "churn')
    assert collect(folder)["banner"]["tone"] == "bad"


def test_a_failed_run_says_where_and_what_to_do(run, folder):
    run.stop_at("model = fit_cox", "failed")
    report = collect(run.write(folder))
    assert report["banner"]["words"] == "This run FAILED at the step “Drivers of the hazard”"
    assert report["failure"]["summary"] == "DataError: column 'contract' has 1 value, expected 2 or more"
    assert "\x1b" not in report["failure"]["traceback"]
    assert report["failure"]["command"] == "workbench rerun 20261121-224543-3f9a2c"
    assert [block["kind"] for block in report["blocks"]][-1] == "stop"
    assert report["limits"]


def test_an_interrupted_run_says_that_nothing_is_known_to_be_wrong(run, folder):
    run.stop_at("model = fit_cox", "interrupted")
    report = collect(run.write(folder))
    assert "INTERRUPTED at the step “Drivers of the hazard”" in report["banner"]["words"]
    assert report["failure"]["reason"] == "Stopped by Ctrl-C."
    assert "Nothing is known to be wrong" in report["failure"]["advice"][0]


def test_the_commands_give_back_every_value_to_a_shell(run, folder):
    run.manifest["parameters"] |= {
        "label": 'it\'s; rm -rf $HOME `x` \n"ü"',
        "flag": True,
        "empty": None,
        "when": "2026-01-31",
    }
    commands = collect(run.write(folder))["commands"]
    assert shlex.split(commands["rerun"]) == ["workbench", "rerun", "20261121-224543-3f9a2c"]
    assert shlex.split(commands["run"]) == [
        "workbench",
        "run",
        "churn_survival",
        "--dataset",
        "telco",
        "-p",
        "horizons=[12,24,60,72]",
        "-p",
        'label=it\'s; rm -rf $HOME `x` \n"ü"',
        "-p",
        "flag=true",
        "-p",
        "empty=null",
        "-p",
        "when=2026-01-31",
    ]


def test_a_parameter_is_changed_only_if_it_differs_from_its_default(run, folder):
    run.manifest["parameters"]["seed"] = True  # equal to 1 in Python, not in JSON
    changed = [row["name"] for row in collect(run.write(folder))["parameters"] if row["changed"]]
    assert changed == ["horizons", "label", "seed"]


def test_unknown_and_missing_fields_of_the_manifest_are_tolerated(run, folder):
    run.write(folder)
    (folder / "manifest.json").write_text(
        json.dumps({"run_id": "r", "later": {"x": 1}, "data": 3, "parameters": [], "cells": 5})
    )
    report = collect(folder)
    assert report["title"] == "r"
    assert report["banner"]["words"] == "This run has not ended"


@pytest.mark.parametrize("content", [None, "", '{"run_id": ', "[]", '{"run_id": 3}', "[" * 100_000])
def test_a_folder_without_a_manifest_is_refused(folder, content):
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "manifest.json").write_text(content)
    with pytest.raises(StudyError, match=r"got no readable manifest\.json"):
        collect(folder)


def test_the_report_is_plain_data(run, folder):
    report = collect(run.write(folder))
    assert json.loads(json.dumps(report))["title"] == "Churn survival"
