"""Attempts by the real command that no room's own tests make: rows of a killed reader, old outputs, a lost index."""

import csv
import io
import json
import signal
import subprocess
from contextlib import suppress

import pandas as pd
import pytest

from tests.benches import code, markdown, notebook
from workbench.findings import MIME
from workbench.studies.kept import write_table

CANARY = "Zebulon-Quistgaard"
MARKS = "\x1b]0;owned\x07\u202etxt.exe\x9b31m"
OBEYED = ("\x1b", "\x07", "\u202e", "\x9b")
DEFINITION = """
title: People
tables:
  customers:
    file: people.csv
    columns:
      customer_id: {from: id, personal: pseudonym}
      name: {personal: drop}
      plan: {type: category}
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=["kill", "sigterm", "sighup"])
def test_a_reader_that_is_killed_leaves_no_row_in_clear(bench, tmp_path, how, record_property):
    """At five moments, one of them before it reads and one at its end; what is left goes at the next command."""
    folder, left = bench.root / "data" / "people", tmp_path / "temporary"
    folder.mkdir()
    left.mkdir()
    rows = "".join(f"mail{n}@{CANARY}.org,{CANARY} {n},plan {n % 3}\n" for n in range(150_000))
    (folder / "people.csv").write_text("id,name,plan\n" + rows)
    (folder / "dataset.yaml").write_text(DEFINITION)
    env = {"TMPDIR": str(left), "WORKBENCH_PSEUDONYM_KEY": "9f4c1d7e02ab5836c7d1e94fa0b26835", "TMP": str(left)}
    moments = (0.4, 0.7, 1.0, 1.4, 1.9)
    record_property("attempts", len(moments))
    for moment in moments:
        process = bench.start("data", "check", "people", env=env)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.send_signal(how)
        _, stderr = process.communicate(timeout=60)
        assert CANARY not in stderr
        assert "Traceback" not in stderr
        for path in [each for each in left.rglob("*") if each.is_file()]:
            assert CANARY.encode() not in path.read_bytes(), path
    bench.run("list", env=env)
    assert not [each for each in left.iterdir() if each.name.startswith("wb-")]


def test_a_bundle_of_before_is_no_finding_of_this_run(bench):
    """In an old output of a step, in a raw cell, and in text: findings are what this run says."""
    bundle = {MIME: {"kind": "metrics", "metrics": {"invented": 1}}}
    step = code("run = workbench.start_run()\nrun.metrics({'true': 2})")
    step |= {"outputs": [{"output_type": "display_data", "data": bundle, "metadata": {}}], "execution_count": 7}
    raw = {"cell_type": "raw", "metadata": {}, "source": json.dumps(bundle)}
    parameters = code("seed: int = 1  # fixes every draw", "parameters")
    cells = [markdown("# Old\n\nWhat was said before?"), code("import workbench"), parameters, raw, step]
    (bench.root / "notebooks" / "old.ipynb").write_text(json.dumps(notebook(*cells)))
    done = bench.run("run", "old")
    assert done.returncode == 0, done.stderr
    (manifest,) = bench.runs()
    assert json.loads((bench.folder(manifest) / "results.json").read_text())["metrics"] == {"true": 2}


def test_a_list_of_runs_makes_the_index_that_a_kill_has_left_behind(bench):
    """Killed between manifest and index: the page knows nothing of the run until anybody asks for the list."""
    bench.study("small", "run = workbench.start_run()", imports="import workbench")
    assert bench.run("run", "small").returncode == 0
    before = {path: path.read_bytes() for path in bench.reports.iterdir() if path.is_file()}
    assert bench.run("run", "small").returncode == 0
    newest = bench.runs()[0]["run_id"]
    for path, content in before.items():
        path.write_bytes(content)
    assert newest not in (bench.reports / "index.html").read_text()
    assert newest in bench.run("runs").stdout
    assert newest in (bench.reports / "index.html").read_text()


def test_no_terminal_obeys_what_comes_from_data(bench, record_property):
    """Control characters in a title, a finding, a failure, a file's name, a header and a cell."""
    step = f"run.finding(workbench.Finding(id='f', statement={MARKS!r}, estimate=1.0, evidence='descriptive'))"
    bench.study("odd", "run = workbench.start_run()", step, f"print({MARKS!r})\nraise ValueError({MARKS!r})")
    path = bench.root / "notebooks" / "odd.ipynb"
    content = json.loads(path.read_text())
    content["cells"][0]["source"] = f"# Odd {MARKS}\n\nWhat is it {MARKS}?"
    path.write_text(json.dumps(content))
    folder = bench.root / "data" / "shop"
    folder.mkdir()
    text = io.StringIO()
    csv.writer(text).writerows([["customer_id", f"plan {MARKS}"], ["a", MARKS], ["b", "x"]])
    (folder / f"x{MARKS}.csv").write_text(text.getvalue())
    source = folder / f"x{MARKS}.csv"
    commands = [
        ("list",),
        ("describe", "odd"),
        ("run", "odd"),
        ("runs",),
        ("data", "add", "mine", "--from", str(source)),
        ("data", "list"),
        ("data", "show", "mine"),
        ("data", "check", "mine"),
        ("data", "show", MARKS),
        ("run", f"odd{MARKS}"),
    ]
    record_property("attempts", len(commands) + 1)
    for command in commands:
        done = bench.run(*command)
        assert done.returncode in (0, 1, 2), (command, done.stderr)
        assert not [mark for mark in OBEYED if mark in done.stdout + done.stderr], (command, done.stdout, done.stderr)
    (manifest,) = bench.runs()
    assert not [mark for mark in OBEYED if mark in (bench.folder(manifest) / "log.txt").read_text()]


@pytest.mark.parametrize(
    "cell", ["=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", "\n=1+1", "\r=1", "\t=1", " =1+1", "\ufeff=1"]
)
def test_no_cell_of_a_table_is_a_formula(tmp_path, cell):
    write_table(tmp_path, pd.DataFrame({"level": [cell, "plain", "-2.5"]}), "levels")
    with (tmp_path / "tables" / "levels.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row[0] for row in csv.reader(file)] == ["level", f"'{cell}", "plain", "-2.5"]
