"""Odd and hostile files beside studies: one line each, nothing of them repeated, and nothing waits or ends for them."""

import json
import os

import pytest

from tests.benches import code, markdown, notebook
from workbench.errors import ParameterError, StudyError
from workbench.studies.definition.notebook import read_study
from workbench.studies.definition.parameter_file import read_parameter_file
from workbench.studies.definition.project import Project


@pytest.mark.parametrize(
    "content",
    [
        "root:x:0:0:hunter2:/root\ndaemon: [\n",
        "- hunter2\n- hunter3\n",
        "hunter2\n",
        "a: &a [hunter2]\nb: *a\n",
        '{"hunter2": ',
        "hunter2: 1\nhunter2: 2\n",
        "[" * 100_000,
        "a: !!timestamp hunter2",
        "a: !!int ''",
        "a: !!bool hunter2",
    ],
    ids=["passwd", "list", "text", "alias", "json", "twice", "deep", "moment", "number", "truth"],
)
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_file_of_parameters_that_is_none_is_not_repeated(tmp_path, content, suffix):
    path = tmp_path / f"p{suffix}"
    path.write_text(content)
    with pytest.raises(ParameterError) as caught:
        read_parameter_file(path)
    said = str(caught.value)
    assert "--params" in said
    if content.startswith("hunter2: 1"):
        return  # a name that stands twice is named: it is one of parameters
    assert "hunter" not in said


@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "large"])
def test_what_is_no_file_is_refused_at_once(tmp_path, kind):
    path = tmp_path / "p.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        with open(path, "wb") as file:
            file.truncate(1_000_000_000)
    else:
        path.symlink_to(kind)
    with pytest.raises(ParameterError, match=r"is no file|is larger than"):
        read_parameter_file(path)
    path.rename(tmp_path / "odd.ipynb")
    with pytest.raises(StudyError, match="cannot be read"):
        read_study(tmp_path / "odd.ipynb")


def odd(change):
    cells = [markdown("# Odd\n\nWhat is odd? This."), code("seed: int = 1  # fixes", "parameters"), code("1")]
    made = notebook(*cells)
    change(made)
    return json.dumps(made)


ODD = {
    "deep": "[" * 100_000,
    "cells of text": odd(lambda made: made.update(cells=["a", 1, None])),
    "tags of numbers": odd(lambda made: made["cells"][1]["metadata"].update(tags=3)),
    "tags of nothing": odd(lambda made: made["cells"][1]["metadata"].update(tags=None)),
    "metadata of text": odd(lambda made: made["cells"][1].update(metadata="x")),
    "no type": odd(lambda made: made["cells"][1].pop("cell_type")),
    "source of numbers": odd(lambda made: made["cells"][2].update(source=[1, 2])),
    "unary signs": odd(lambda made: made["cells"][2].update(source="-" * 100_000 + "1")),
    "brackets": odd(lambda made: made["cells"][2].update(source="(" * 50_000)),
    "default of signs": odd(lambda made: made["cells"][1].update(source="seed: int = " + "-" * 100_000 + "1")),
    "not UTF-8": b"\xff\xfe",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_notebook_is_one_fault(tmp_path, name):
    path = tmp_path / "odd.ipynb"
    path.write_bytes(ODD[name] if isinstance(ODD[name], bytes) else ODD[name].encode())
    with pytest.raises(StudyError):
        read_study(path)


def test_a_list_of_studies_goes_on_behind_odd_notebooks(bench):
    bench.study("good", "1")
    for place, content in enumerate(ODD.values()):
        path = bench.root / "notebooks" / f"odd{place}.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    surrogate = odd(lambda made: made["cells"][0].update(source="# \ud800\n\nWhat? \ud800 This."))
    (bench.root / "notebooks" / "marks.ipynb").write_text(surrogate)
    os.mkfifo(bench.root / "notebooks" / "pipe.ipynb")
    done = bench.run("list")
    assert done.returncode == 0
    assert "good" in done.stdout
    assert done.stderr.count("not a study") == len(ODD) + 1
    assert "internal error" not in done.stderr


def test_many_parameters_are_read_at_once(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("".join(f"name{place}: 1\n" for place in range(20_000)))
    assert len(read_parameter_file(path)) == 20_000


@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "nowhere"])
def test_a_lock_that_is_no_file_is_none(tmp_path, kind):
    lock = tmp_path / "requirements.lock"
    os.mkfifo(lock) if kind == "pipe" else lock.symlink_to(kind)
    assert Project(tmp_path).lock_hash() is None


@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "nowhere", "folder"])
def test_a_dataset_that_is_no_file_is_one_fault(bench, kind):
    bench.dataset("good")
    for place in ("odd/dataset.yaml", "rows/rows.csv"):
        path = bench.root / "data" / place
        path.parent.mkdir()
        os.mkfifo(path) if kind == "pipe" else path.mkdir() if kind == "folder" else path.symlink_to(kind)
    text = (bench.root / "data" / "good" / "dataset.yaml").read_text()
    (bench.root / "data" / "rows" / "dataset.yaml").write_text(text.replace("people.csv", "rows.csv"))
    listed = bench.run("data", "list")
    assert listed.returncode == 0
    assert "good" in listed.stdout
    for name in ("odd", "rows"):
        done = bench.run("data", "check", name)
        assert done.returncode == 2, done.stderr
        assert "internal error" not in done.stderr
