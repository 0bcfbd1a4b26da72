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
        (["pass", "warn"], "warn", "Can be used with care"),
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
    assert [point["href"] for point in report["banner"]["failed"]] == ["#check-rows-3"]
    assert [len(group) for group in report["checks"].values()] == [1, 2, 9]


def test_the_head_names_two_warnings_by_their_titles_and_counts_the_others(run, folder):
    warned = [
        {"name": f"w_{n}", "status": "warn", "message": "A long sentence.", "title": f"Title {n}"} for n in range(4)
    ]
    quiet = {"name": "dates", "status": "warn", "message": "No dates.", "title": "Undated data", "kind": "always"}
    run.results["checks"] = [*warned, quiet, {"name": "old_style", "status": "pass", "message": "Fine."}]
    banner = collect(run.write(folder))["banner"]
    assert [point["text"] for point in banner["points"]] == ["Title 0", "Title 1"]
    assert banner["more"] == "2 more to mind"
    assert [point["text"] for point in banner["always"]] == ["Undated data"]


def test_what_data_of_this_kind_always_carry_makes_no_verdict_worse(run, folder):
    quiet = {"name": "dates", "status": "warn", "message": "No dates.", "title": "Undated data", "kind": "always"}
    run.results["checks"] = [quiet]
    run.manifest["verdict"] = "pass"
    banner = collect(run.write(folder))["banner"]
    assert (banner["tone"], banner["words"], banner["points"]) == ("good", "Can be relied on", [])
    assert banner["always"][0]["href"] == "#check-dates"


def test_the_sheet_for_a_board_stands_alone_in_two_hundred_words(run, folder):
    long = {**run.results["findings"][0], "statement": " ".join(["word"] * 30)}  # the longest that a study says is 25
    run.results["findings"] = [{**long, "id": f"f{n}"} for n in range(8)]
    view = collect(run.write(folder))
    board, banner = view["board"], view["banner"]
    assert 3 <= len(board["findings"]) <= 5
    said = [f"{each['statement']} {each['interval']}" for each in board["findings"]]
    on_top = [view["title"], view["question"], banner["words"], banner["detail"], banner["more"]]
    on_top += [point["text"] for point in (*banner["points"], *banner["always"])]
    heads = "What to do next What not to conclude"
    assert len(" ".join([*on_top, *said, heads, *board["next"], *board["not"]]).split()) <= 200
    assert board["not"][0].startswith("These numbers say what happened")


def test_what_can_be_done_is_told_with_its_finding_and_on_the_first_sheet(run, folder):
    run.results["findings"][1]["action"] = (
        "Marketing could try a yearly contract; a trial would have to show its effect."
    )
    report = collect(run.write(folder))
    assert report["findings"][1]["action"].startswith("Marketing could")
    assert report["board"]["next"] == [report["findings"][1]["action"]]


def test_how_intervals_were_made_is_told_once_below(run, folder):
    report = collect(run.write(folder))
    assert report["findings"][0]["interval_short"] == "90% confidence"
    (note,) = report["interval_notes"]
    assert note["kind"] == "90% confidence, log-log"
    assert note["findings"][0]["number"] == "35 months (33 to 37)"


def test_beside_an_experiment_nothing_is_said_to_tell_no_why(run, folder):
    run.results["findings"][1]["evidence"] = "experimental"
    assert not [each for each in collect(run.write(folder))["board"]["not"] if "happened, not why" in each]


def test_a_damaged_results_file_is_never_relied_on(run, folder):
    run.write(folder)
    (folder / "results.json").write_text('{"study": "churn')
    assert collect(folder)["banner"]["tone"] == "bad"


def test_refused_data_are_no_fault_of_a_step(run, folder):
    run.stop_at("model = fit_cox", "failed")
    run.manifest["exit_code"] = 2
    report = collect(run.write(folder))
    assert report["banner"]["words"] == "This run was REFUSED at the step “Drivers of the hazard”"
    assert report["banner"]["detail"] == "Nothing was concluded."
    assert report["failure"]["advice"][0].startswith("Nothing is broken: mend what the message names")


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


def test_what_findings_rest_on_is_said_in_full_once(run, folder):
    below = {"study": "churn", "run_id": "20260101-000000-abcdef", "warnings": [{"title": "Few people"}]}
    for finding in run.results["findings"]:
        finding["rests_on"] = [below]
    first, *others = [finding["rests"] for finding in collect(run.write(folder))["findings"]]
    assert first == ["Rests on churn 20260101-000000-abcdef, which warns of: Few people."]
    assert others == [["Rests on earlier runs that warn, as said above."]] * 2
