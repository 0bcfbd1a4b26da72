"""What is declared for pip, conda and the lock is one set."""

import json
import re
import subprocess
import tomllib

import yaml

import workbench
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


# What conda calls a package with an extra.
CONDA = {"ibis-framework[duckdb]": "ibis-duckdb"}


def normal(requirement):
    name, bounds = re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", requirement.replace(" ", "")).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), bounds


def test_environment_yml_is_in_step_with_pyproject():
    dependencies = PROJECT["project"]["dependencies"]
    for name, conda in CONDA.items():
        dependencies = [each.replace(name, conda) for each in dependencies]
    declared = {normal(each) for each in dependencies}
    declared |= {("python", PROJECT["project"]["requires-python"]), ("pip", "")}
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert {normal(each) for each in listed if isinstance(each, str)} == declared


def locked(name):
    """The packages of a lock, each of which has to have its hashes."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    return {normal(block.split("==")[0])[0]: block.split()[0] for block in blocks}


def test_every_declared_package_is_locked_with_a_hash():
    extras = dict(PROJECT["project"]["optional-dependencies"])
    heavy = extras.pop("spark")
    declared = [*PROJECT["project"]["dependencies"], *(each for extra in extras.values() for each in extra)]
    names = {normal(re.sub(r"[=<>;\[].*", "", each))[0] for each in declared}
    assert names <= set(locked("requirements.lock"))
    assert not {normal(re.sub(r"[=<>;\[].*", "", each))[0] for each in heavy} & set(locked("requirements.lock"))


def test_the_lock_with_spark_is_the_other_and_spark():
    plain, spark = locked("requirements.lock"), locked("requirements-spark.lock")
    assert plain.items() <= spark.items()
    assert "pyspark" in spark


def test_the_uv_that_sets_up_is_the_locked_one():
    version = re.search(r"^uv==([0-9.]+)", (ROOT / "requirements-uv.lock").read_text(), re.MULTILINE)[1]
    assert f"uv=={version}" in PROJECT["project"]["optional-dependencies"]["dev"]
    assert f"\nuv=={version} " in (ROOT / "requirements.lock").read_text()


def test_the_version_is_told_once():
    assert PROJECT["project"]["version"] == workbench.__version__


def test_notebooks_are_kept_without_output():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                assert not cell["outputs"], path.name
                assert cell["execution_count"] is None, path.name


def test_make_alone_lists_its_targets():
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in ("setup", "demo", "test", "test-all", "bench", "lint", "lock", "lab"):
        assert f"make {target} " in listed
