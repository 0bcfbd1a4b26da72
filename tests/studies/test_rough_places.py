"""Clocks that are put back, neighbours that shadow the package, daemons, and notebooks that never stop talking."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

import nbformat
import pytest

import workbench
from tests.benches import code, markdown, notebook
from workbench.reporting.body import read_body
from workbench.reporting.index import index_page
from workbench.reporting.results import Anchors
from workbench.studies import manifest as manifests
from workbench.studies.execution.recorder import Recorder

FIRST = datetime(2030, 1, 1, 12, tzinfo=UTC)


def born(reports, monkeypatch, moment):
    monkeypatch.setattr(manifests, "now", lambda: moment)
    folder, log = manifests.create_run(reports, {"study": "s", "status": "running", "exit_code": None})
    log.close()
    return folder


@pytest.mark.parametrize("back", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_the_latest_run_is_the_last_one_whatever_the_clock_says(tmp_path, monkeypatch, back):
    born(tmp_path, monkeypatch, FIRST)
    last = born(tmp_path, monkeypatch, FIRST - back)
    assert manifests.resolve_run(tmp_path, "latest") == last
    assert manifests.resolve_run(tmp_path, "s/latest") == last
    known = manifests.read_runs(tmp_path)
    assert known[0]["run_id"] == last.name
    known[0]["started"], known[1]["started"] = (FIRST - back).isoformat(), FIRST.isoformat()
    page = index_page(tmp_path, known)
    assert page.index(last.name) < page.index(known[1]["run_id"])
    # A clock that is right is what ids are told by.
    assert born(tmp_path, monkeypatch, FIRST + timedelta(days=1)).name.startswith("20300102-120000-")


@pytest.mark.parametrize("name", ["99999999-999999-abcdef", "99991231-235959-abcdef", "mine"])
def test_folders_of_other_names_make_no_run_odd(tmp_path, monkeypatch, name):
    (tmp_path / "s" / name).mkdir(parents=True)
    assert born(tmp_path, monkeypatch, FIRST).name.startswith("20300101-120000-")


def test_steps_last_as_long_as_they_do(tmp_path):
    """A clock that is put back by an hour in the middle of a step makes it no shorter."""
    cells = [markdown("# A"), code("1"), code("2")]
    for cell in cells:
        cell["metadata"]["papermill"] = {"status": "pending"}
    made = nbformat.from_dict(notebook(*cells))
    made.metadata["papermill"] = nbformat.from_dict({})
    recorder = Recorder(made, tmp_path / "n.ipynb", {}, lambda index, heading: None, (), tmp_path)
    clock = iter(FIRST - timedelta(hours=place) for place in range(20))
    recorder.now = lambda: next(clock)
    recorder.notebook_start()
    for index in (1, 2):
        recorder.cell_start(made.cells[index], index)
        recorder.cell_replied(made.cells[index], index, {"content": {"status": "ok"}})
        recorder.cell_complete(made.cells[index], index)
    recorder.notebook_complete()
    times = [made.cells[index].metadata.papermill for index in (1, 2)] + [made.metadata.papermill]
    for each in times:
        assert 0 <= each["duration"] < 10
        assert each["start_time"] <= each["end_time"]


@pytest.mark.parametrize("content", ["raise SystemExit(3)", "Finding = 3"])
def test_a_neighbour_of_the_notebook_does_not_shadow_the_package(bench, content):
    (bench.root / "notebooks" / "workbench.py").write_text(content)
    bench.study("plain", "run = workbench.start_run()\nworkbench.Finding\nfrom workbench.statistics import newton")
    done = bench.run("run", "plain")
    assert done.returncode == 0, done.stderr


def test_a_daemon_that_ends_by_itself_is_heard(bench):
    """It speaks once the last step is over; Python would not wait for it."""
    say = "run.checks(workbench.Check(name='late', status='fail', message='The chains disagree.'))"
    step = f"import threading, time\ndef say():\n    time.sleep(2)\n    {say}\n"
    step += "threading.Thread(target=say, daemon=True).start()"
    bench.study("quiet", "run = workbench.start_run()", step)
    assert bench.run("run", "quiet").returncode == 3
    (known,) = bench.runs()
    checks = json.loads((bench.folder(known) / "results.json").read_text())["checks"]
    assert {"late", "said_and_shown"} <= {each["name"] for each in checks if each["status"] == "fail"}
    assert not any(each["name"] == "failed_beside_the_steps" for each in checks)


def page(outputs, tmp_path):
    cell = {**code("talk()"), "outputs": outputs}
    return read_body(
        notebook(markdown("# A"), cell), tmp_path, title="A", question="", complete=True, anchors=Anchors()
    )


def test_thousands_of_displays_make_no_large_page(tmp_path):
    """What is left out is counted, and stands in the notebook."""
    outputs = [{"output_type": "display_data", "data": {"text/html": f"<b>{i}</b>"}} for i in range(30_000)]
    body = page(outputs, tmp_path)
    assert sum(block["kind"] == "html" for block in body.blocks) == 100
    assert [b["what"] for b in body.blocks if b["kind"] == "hidden"] == [
        "29,900 more outputs of this step are in notebook.ipynb."
    ]


def test_large_displays_make_no_large_page(tmp_path):
    outputs = [{"output_type": "display_data", "data": {"image/png": "A" * 1_000_000}} for _ in range(20)]
    body = page(outputs, tmp_path)
    assert sum(block["kind"] == "figure" for block in body.blocks) == 4


def test_streams_in_many_pieces_are_one_text(tmp_path):
    """Lines on both streams in turn: 300,000 pieces in the notebook."""
    outputs = [
        {"output_type": "stream", "name": name, "text": f"line {i}\n"}
        for i in range(100_000)
        for name in ("stdout", "stderr")
    ]
    body = page(outputs, tmp_path)
    assert [each["stream"] for each in body.diagnostics] == ["stdout", "stderr"]
    assert all(len(each["text"]) < 21_000 and "in notebook.ipynb" in each["text"] for each in body.diagnostics)


def test_no_path_of_a_failed_run_tells_where_somebody_works(bench):
    """Not of the project, the package, the environment or the home: a user's name stands in each."""
    step = "import os, pandas\nfrom workbench import suppression\nprint(os.path.expanduser('~/mine/x.csv'))\n"
    step += "print(run.folder)\nsuppression.as_levels(pandas)"
    bench.study("fails", "run = workbench.start_run()", step)
    home = bench.root.parent / "home" / "ada"
    home.mkdir(parents=True)
    done = bench.run("run", "fails", env={"HOME": str(home)})
    assert done.returncode == 1
    (known,) = bench.runs()
    folder = bench.folder(known)
    places = [str(bench.root), str(home), os.path.dirname(os.path.dirname(workbench.__file__)), sys.prefix]
    for name in ("log.txt", "report.html", "notebook.ipynb", "manifest.json", "results.json"):
        text = (folder / name).read_text()
        assert not any(place in text for place in places), name
    assert "workbench/suppression.py" in (folder / "log.txt").read_text()
    assert "~/mine/x.csv" in (folder / "notebook.ipynb").read_text()


def test_a_kernel_that_does_not_come_up_says_why(bench, tmp_path):
    (tmp_path / "odd" / "ipykernel").mkdir(parents=True)
    (tmp_path / "odd" / "ipykernel" / "__init__.py").write_text("raise ImportError('this ipykernel is odd')")
    bench.study("plain", "1")
    paths = os.pathsep.join([str(tmp_path / "odd"), os.path.dirname(os.path.dirname(workbench.__file__))])
    done = bench.run("run", "plain", env={"PYTHONPATH": paths})
    assert done.returncode == 1
    assert "this ipykernel is odd" in bench.runs()[0]["reason"]
