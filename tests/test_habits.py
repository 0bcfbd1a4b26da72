"""What holds for whoever works on the notebooks and the repository."""

import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def filter_command():
    """What `make setup` lets git clean notebooks with."""
    return re.search(r'git config filter.nbstripout.clean "\$\(BIN\)/python (-m nbstripout[^"]*)"', makefile())[
        1
    ].split()


def makefile():
    return (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_in_our_kernel_and_ends_with_how_to_make_its_report(path):
    notebook = json.loads(path.read_text())
    assert notebook["metadata"]["kernelspec"] == {
        "display_name": "Workbench",
        "language": "python",
        "name": "workbench",
    }
    last = notebook["cells"][-1]
    assert last["metadata"]["tags"] == ["lab"]
    command = "workbench score" if path.stem == "attrition_scores" else f"workbench run {path.stem}"
    assert command in "".join(last["source"])


def test_a_saved_run_leaves_no_outputs_in_git(tmp_path):
    """And a notebook that was saved without a run stays as it is to the byte."""
    for path in NOTEBOOKS:
        saved = path.read_text()
        notebook = json.loads(saved)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["execution_count"] = 3
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["c1\n"]}]
        run = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        command = [sys.executable, *filter_command()]
        assert subprocess.run(command, input=run, capture_output=True, text=True, check=True).stdout == saved
    assert "notebooks/*.ipynb filter=nbstripout" in (ROOT / ".gitattributes").read_text()


@pytest.mark.skipif(not shutil.which("make"), reason="make is missing")
@pytest.mark.parametrize("checkout", [True, False])
def test_setting_up_sets_the_filter_in_a_checkout_and_passes_without_one(tmp_path, checkout):
    (tmp_path / "Makefile").write_text(makefile())
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml", ".venv/.complete"):
        (tmp_path / name).touch()
    if checkout:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    env = {"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent), "HOME": str(tmp_path)}
    done = subprocess.run(["make", "setup"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    config = (tmp_path / ".git/config").read_text() if checkout else ""
    assert ("nbstripout" in config) is checkout


def test_what_a_commit_checks_is_what_lint_checks():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for repo in hooks for hook in repo["hooks"]] == ["make lint"]
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile(), re.MULTILINE)[1]
    assert all(tool in lint for tool in ("ruff check", "ruff format --check", "mypy"))
    assert all(line in (ROOT / ".ci" / "run").read_text() for line in ("make lint", "make test COVER="))


def test_types_are_checked_of_the_whole_package():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"] == ["workbench"]


def test_formatting_is_left_to_ruff_but_for_a_few_places():
    files = [path for folder in ("src", "tests", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py")]
    assert sum(path.read_text().count("  # fmt: skip\n") for path in files) <= 40


def test_ids_are_looked_up_by_hash():
    """`np.isin` compares every text with every other: a million ids against a million would take days."""
    of_ids = re.compile(r"np\.isin\([^\n]*(customer_id|people[,) ]|person|ids\b|customers|strata|index)")
    for path in sorted((ROOT / "src").rglob("*.py")):
        assert not of_ids.search(path.read_text()), f"{path.relative_to(ROOT)}: pd.Index(values).isin(known)"
