"""A run speaks of one state of its data: files that are replaced meanwhile refuse it, and nothing laid out stays."""

import os

import pandas as pd
import pytest

from workbench import datasets
from workbench.datasets.reading import sources
from workbench.errors import DataError
from workbench.files import private_folder
from workbench.studies.definition.project import Project
from workbench.studies.execution.progress import Progress
from workbench.studies.plan import make_plan
from workbench.studies.runner import run_study

YAML = """\
title: People
tables:
  lifetimes:
    file: {file}
    columns:
      customer_id: {{from: customer_id, personal: false}}
      duration: {{unit: months}}
      event: event
"""


def people(months):
    rows = {"customer_id": [f"c{i}" for i in range(30)], "duration": [months] * 30, "event": [0, 1] * 15}
    return pd.DataFrame(rows)


def write(folder, name, months):
    """Put a file in place of another, as programs do that write whole files."""
    part = folder / f"part-{name}"
    people(months).to_parquet(part) if name.endswith("parquet") else people(months).to_csv(part, index=False)
    os.replace(part, folder / name)


@pytest.fixture(params=["rows.parquet", "rows.csv"])
def dataset(bench, request):
    folder = bench.root / "data" / "people"
    folder.mkdir()
    (folder / "dataset.yaml").write_text(YAML.format(file=request.param))
    write(folder, request.param, 5)
    return folder, request.param


def replaced(folder, name):
    write(folder, name, 7)


def changed(folder, name):
    with open(folder / name, "ab") as file:
        file.write(b"\n")


def gone(folder, name):
    (folder / name).unlink()


def rewritten(folder, name):
    """In place, of the same size, and with its time set back."""
    known = (folder / name).stat()
    write(folder, f"other-{name}", 7)
    content = (folder / f"other-{name}").read_bytes()
    assert len(content) == known.st_size
    (folder / name).write_bytes(content)
    os.utime(folder / name, ns=(known.st_atime_ns, known.st_mtime_ns))
    (folder / f"other-{name}").unlink()


@pytest.mark.parametrize("happens", [replaced, changed, gone, rewritten])
@pytest.mark.parametrize("look", ["load", "write", "fingerprint"])
def test_two_looks_at_a_file_speak_of_one_state_of_it(bench, dataset, happens, look, tmp_path):
    """CSV is laid out at the first look; Parquet is read where it lies, and refused once it is another file."""
    folder, name = dataset
    source = datasets.find("people", bench.root)
    source.check()
    happens(folder, name)

    def looked():
        if look == "fingerprint":
            return source.fingerprint()
        if look == "write":
            source.write("lifetimes", tmp_path / "laid.parquet")
            return pd.read_parquet(tmp_path / "laid.parquet")["duration"]
        return source.load("lifetimes").frame["duration"]

    if name.endswith("parquet"):
        with pytest.raises(DataError, match="was replaced or changed while it was read"):
            looked()
    elif look == "fingerprint":
        write(folder, name, 5)
        assert looked() == datasets.find("people", bench.root).fingerprint()
    else:
        assert looked().eq(5).all()


def test_a_file_that_is_replaced_while_it_is_laid_out_is_refused(bench, dataset, monkeypatch):
    folder, name = dataset
    laid = sources._stage

    def slowly(*given):
        made = laid(*given)
        write(folder, name, 7)
        return made

    monkeypatch.setattr(sources, "_stage", slowly)
    source = datasets.find("people", bench.root)
    if name.endswith("csv"):
        with pytest.raises(DataError, match="was replaced or changed while it was read"):
            source.load("lifetimes")


def test_a_run_whose_file_is_replaced_before_its_tables_are_laid_ready(bench, dataset):
    """Its numbers are of the data that its manifest tells of, or there are none."""
    folder, name = dataset
    step = "run = workbench.start_run()\nrun.metrics({'months': float(run.table('lifetimes')['duration'].max())})"
    bench.study("count", step, parameters='seed: int = 1\ndataset: str = "people"')
    project = Project(bench.root)
    plan = make_plan(project, "count")
    write(folder, name, 7)
    done = run_study(project, plan, progress=Progress("count"))
    if name.endswith("parquet"):
        assert (done["status"], done["exit_code"]) == ("failed", 2)
        assert "was replaced or changed while it was read" in done["reason"]
    else:
        assert (done["status"], done["key_metric"]["value"]) == ("succeeded", 5)
        write(folder, name, 5)
        assert done["fingerprint"] == datasets.find("people", bench.root).fingerprint(["lifetimes"])


def test_a_part_and_the_whole_are_of_one_reading(bench, dataset, monkeypatch):
    """Who is chosen is asked of the same rows that are then chosen from."""
    read = []
    opened = sources.open_rows
    monkeypatch.setattr(sources, "open_rows", lambda *given: read.append(given[3]) or opened(*given))
    source = datasets.find("people", bench.root, where="duration > 1")
    assert len(source.load("lifetimes").frame) == 30
    assert read == ["lifetimes"]


@pytest.mark.parametrize("command", [("list",), ("data", "list"), ("runs", "--json")])
def test_what_a_dead_runner_had_laid_ready_goes_at_the_next_command(bench, tmp_path, command):
    """A runner that is killed before its kernel starts has no guard yet: its folder is held by a lock alone."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    left, lock = private_folder("wb-run-", scratch)
    (left / "lifetimes.parquet").write_text("ids")
    used, held = private_folder("wb-run-", scratch)
    lock.close()
    assert bench.run(*command, env={"TMPDIR": str(scratch)}).returncode == 0
    assert not left.exists()
    assert used.exists()
    held.close()


def test_a_rehearsal_leaves_nothing(bench, tmp_path, dataset):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    step = {"cell_type": "code", "metadata": {"tags": ["input"]}, "outputs": [], "execution_count": None}
    step["source"] = "run = workbench.start_run()\nrun.table('lifetimes')"
    bench.study("count", step, parameters='seed: int = 1\ndataset: str = "people"')
    done = bench.run("run", "count", "--check", env={"TMPDIR": str(scratch)})
    assert done.returncode == 0, done.stderr
    assert list(scratch.iterdir()) == []
