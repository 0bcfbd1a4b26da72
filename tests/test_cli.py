"""The command line answers quickly, refuses with one clear message each, and says what it did."""

import json
import os
import subprocess
import sys

import pytest

from tests.benches import code
from workbench.cli import main
from workbench.studies.manifest import create_run, write_manifest

HEAVY = (
    "pymc",
    "shap",
    "xgboost",
    "lifelines",
    "papermill",
    "nbformat",
    "pandas",
    "numpy",
    "matplotlib",
    "pydantic",
    "babel",
)


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["runs"], ["runs", "--json"], ["data", "list"]])
def test_light_answers_import_nothing_heavy(bench, arguments):
    bench.study("small", "1")
    program = (
        "import sys, workbench.cli\n"
        "try: code = workbench.cli.main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=bench.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


def test_list_shows_studies_with_their_question_and_names_what_is_none(bench):
    bench.study("small", "1")
    (bench.root / "notebooks" / "scrap.ipynb").write_text("{}")
    done = bench.run("list")
    assert done.returncode == 0
    assert done.stdout.split() == ["small", "What", "does", "small", "do?"]
    assert "scrap.ipynb" in done.stderr


def test_describe_shows_everything_about_the_parameters(bench):
    bench.study("small", "1", parameters="seed: int = 1  # [] fixes draws\nhorizon: float = 12  # [months] how far")
    shown = bench.run("describe", "small").stdout
    for part in ("What does small do?", "horizon: float = 12.0", "[months] how far", "Tables needed: none"):
        assert part in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "smal"], "did you mean 'small'"),
        (["run", "../small"], "unknown study"),
        (["run", "small", "-p", "sed=1"], "did you mean 'seed'"),
        (["run", "small", "-p", "seed=x"], "got 'x'"),
        (["run", "small", "-p", "seed"], "name=value"),
        (["run", "small", "-p", "a\nimport os=1"], "unknown parameter"),
        (["run", "small", "--timeout", "0"], "--timeout"),
        (["run", "small", "--timeout", "nan"], "--timeout"),
        (["run", "small", "--params", "none.yaml"], "No such file"),
        (["run", "small", "--dataset", "x"], "unknown parameter 'dataset'"),
        (["run", "reads", "--dataset", "nowhere"], "nowhere"),
        (["run", "reads", "--dataset", "../../etc"], "etc"),
        (["rerun", "nothing"], "unknown run"),
        (["rerun", "../../x"], "not a run"),
        (["report", "x/latest"], "not a run"),
        (["describe", "x"], "unknown study"),
        (["run", "elsewhere/small.ipynb"], "unknown study"),
        (["run", "small", "nowhere"], "unknown parameter 'dataset'"),
        (["run", "telco_study", "telco", "mobi"], "got 'mobi' beside the dataset 'telco'"),
        (["run", "telco_study", "--dataset", "telco", "mobi"], "got 'mobi' beside the dataset 'telco'"),
        (["run", "telco_study", "seed=x"], "got 'x'"),
        (["run", "telco_study", "--datset", "telco"], "unrecognized arguments"),
        (["data", "list", "telco"], "unrecognized arguments"),
        (["run", "telco_study", "people.csv"], "data add NAME --from people.csv"),
        (["data", "check", "people.csv"], "data add NAME --from people.csv"),
        (["run", "telco_study", "-p", "segments=contract"], "did you mean -p 'segments=[\"contract\"]'?"),
        (["runs", "--study", "smal"], "did you mean 'small'"),
        (["run", "small", "--params", "a.yaml", "--params", "b.yaml"], "expected one"),
        (["run", "telco_study", "-p", 'segments=["event"]'], "unknown column 'event'"),
        (["run", "telco_study", "-p", 'segments=["contract", "contract"]'], "more than once"),
        (["run", "telco_study", "-p", 'segments=["contrakt"]', "-p", "sed=1"], "did you mean 'contract'"),
        (["new", "../x"], "expected a name"),
        (["new", "small"], "already"),
        (["nonsense"], "invalid choice"),
        ([], "required"),
        (["run"], "required"),
    ],
)
def test_what_is_refused_exits_with_two_and_leaves_nothing(bench, arguments, said):
    bench.study("small", "1")
    bench.study(
        "reads", "run = workbench.start_run()\nrun.table('lifetimes')", parameters='seed: int = 1\ndataset: str = "x"'
    )
    bench.study(
        "telco_study",
        "run = workbench.start_run()\nrun.table('lifetimes')",
        parameters='seed: int = 1\ndataset: str = "telco"\nsegments: list[str] | None = None',
    )
    (bench.root / "people.csv").write_text("a,b\n1,2\n")
    done = bench.run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert all(line.startswith("workbench: ") for line in done.stderr.splitlines()), done.stderr
    assert done.stdout == ""
    assert not bench.reports.exists()


def test_debug_shows_the_traceback(bench):
    assert "Traceback" in bench.run("run", "none", "--debug").stderr


def test_outside_a_project_the_next_step_is_named(bench, tmp_path):
    done = bench.run("list", cwd=tmp_path)
    assert done.returncode == 2
    assert "notebooks/" in done.stderr


def test_it_works_from_any_folder_of_the_project(bench):
    bench.study("small", "1")
    inner = bench.root / "data" / "deep"
    inner.mkdir()
    assert "small" in bench.run("list", cwd=inner).stdout


def test_runs_lists_newest_first_and_goes_on_past_a_bad_one(bench):
    folders = []
    for status in ("succeeded", "failed", "running"):
        folder, log = create_run(bench.reports, {"study": "small", "status": "running", "exit_code": None})
        known = json.loads((folder / "manifest.json").read_text())
        write_manifest(folder, {**known, "status": status})
        log.close()
        folders.append(folder)
    (folders[0] / "manifest.json").write_text('{"run_id": "20')
    done = bench.run("runs")
    assert done.returncode == 0
    for folder, word in zip(folders, ("unreadable", "failed", "failed"), strict=True):
        (line,) = [line for line in done.stdout.splitlines() if folder.name in line]
        assert word in line


def test_a_list_of_runs_needs_no_right_to_write(bench):
    folder, log = create_run(bench.reports, {"study": "small", "status": "running", "exit_code": None})
    log.close()
    (bench.reports / "index.html").mkdir()  # so that neither the index nor anything else of it can be written
    done = bench.run("runs")
    assert done.returncode == 0
    assert "failed" in done.stdout
    assert folder.name in done.stdout


def test_check_only_leaves_no_run(bench):
    bench.study("small", "1")
    done = bench.run("run", "small", "--check")
    assert done.returncode == 0
    assert "fit to run" in done.stdout
    assert not bench.reports.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["run", "small", "telco"],
        ["run", "notebooks/small.ipynb", "--dataset", "data/telco"],
        ["run", "small.ipynb", "data/telco/dataset.yaml", "seed=2"],
        ["run", "small", "seed=2", "telco"],
    ],
)
def test_words_in_the_wrong_place_are_understood(bench, words):
    bench.study(
        "small",
        "run = workbench.start_run()\nrun.table('lifetimes')",
        parameters='seed: int = 1\ndataset: str = "nowhere"',
    )
    bench.dataset("telco")
    done = bench.run(*words)
    assert done.returncode == 0, done.stderr
    (run,) = bench.runs()
    assert run["dataset"] == "telco"
    assert run["parameters"]["seed"] == (2 if "seed=2" in words else 1)


def test_a_dataset_that_hides_a_sample_says_so_each_time(bench):
    bench.study(
        "small",
        "run = workbench.start_run()\nrun.table('lifetimes')",
        parameters='seed: int = 1\ndataset: str = "telco"',
    )
    said = "data/telco/ is used, not the sample telco"
    assert said not in bench.run("run", "small", "--check").stdout
    bench.dataset("telco")
    assert said in bench.run("data", "check", "telco").stdout
    assert said in bench.run("data", "show", "telco").stdout
    assert said in bench.run("run", "small", "--check").stdout
    done = bench.run("run", "small")
    assert said in done.stderr
    (run,) = bench.runs()
    results = json.loads((bench.folder(run) / "results.json").read_text())
    assert any(said in check["message"] for check in results["checks"])


def test_the_latest_run_of_all_is_repeated_by_that_word(bench):
    bench.study("first", "1")
    bench.study("second", "1")
    assert bench.run("run", "first").returncode == 0
    assert bench.run("run", "second").returncode == 0
    assert bench.run("rerun", "latest", "seed=7").returncode == 0
    assert bench.run("rerun", "first/latest").returncode == 0
    newest, before, *_ = bench.runs()
    assert (newest["study"], before["study"], before["parameters"]["seed"]) == ("first", "second", 7)


def test_check_runs_what_is_tagged_input_and_keeps_nothing(bench):
    wrong = "from workbench.errors import DataError\nraise DataError('surveys: got no outcome, expected one.')"
    bench.study("refuses", code(wrong, "input"), "1 / 0")
    done = bench.run("run", "refuses", "--check")
    assert (done.returncode, done.stdout) == (2, "")
    assert "surveys: got no outcome" in done.stderr
    said = "run = workbench.start_run()\nrun.checks(workbench.Check(name='a', status='{}', message='Half is blank.'))"
    bench.study("warns", code(said.format("warn"), "input"), "1 / 0")
    done = bench.run("run", "warns", "--check")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "warn: Half is blank.")
    bench.study("fails", code(said.format("fail"), "input"))
    assert bench.run("run", "fails", "--check").returncode == 3
    bench.study("breaks", code("1 / 0", "input"))
    done = bench.run("run", "breaks", "--check")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert not bench.reports.exists()


def test_a_new_study_is_listed_at_once_and_described(bench):
    assert bench.run("new", "my_question").returncode == 0
    assert "my_question" in bench.run("list").stdout
    assert "horizon" in bench.run("describe", "my_question").stdout


def test_a_pipe_that_closes_early_is_no_error(bench):
    bench.study("small", "1")
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m workbench.cli list | true; exit ${{PIPESTATUS[0]}}"],
        cwd=bench.root,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr


def test_a_new_study_runs_as_it_is_and_ends_with_how_to_make_its_report(bench):
    bench.run("new", "my_question")
    done = bench.run("run", "my_question")
    assert done.returncode == 0, done.stderr
    assert "1,037 of 7,043 customers left within 12 months." in done.stderr  # counted in the sample telco by hand
    notebook = json.loads((bench.root / "notebooks" / "my_question.ipynb").read_text())
    assert notebook["metadata"]["kernelspec"]["display_name"] == "Workbench"
    assert "run.show(" in "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "workbench run my_question" in "".join(notebook["cells"][-1]["source"])


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_jupyterlab_starts_as_root_too(bench, monkeypatch, user, allowed):
    became = []
    monkeypatch.chdir(bench.root)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "execv", lambda path, command: became.append(command))
    assert main(["lab"]) == 0
    assert ("--allow-root" in became[0]) is allowed
