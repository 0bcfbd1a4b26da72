"""ARCHITECTURE.md tells the truth about who imports whom."""

import ast
import re

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "src" / "workbench"
LEAVES = {"errors", "findings", "exhibits", "wording", "textwidth", "files", "suppression"}


def rooms():
    block = re.search(r"```\n(cli -> .*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.DOTALL)[1]
    pairs = [line.split("->") for line in block.strip().splitlines()]
    return {room.strip(): {name.strip() for name in allowed.split(",") if name.strip()} for room, allowed in pairs}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "workbench":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("workbench."))
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: imports are absolute"


def test_every_room_is_on_the_map():
    found = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert found - {"__init__", "__pycache__"} == set(rooms())


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_room_imports_only_what_the_map_allows(room):
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else sorted((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        extra = set(imports(path)) - rooms()[room] - LEAVES - {room}
        assert not extra, f"{path.relative_to(PACKAGE)} imports {extra}"


def test_modules_stay_readable():
    long = {path.name: count for path in PACKAGE.rglob("*.py") if (count := len(path.read_text().splitlines())) > 500}
    assert not long, "split these at their seams"


@pytest.mark.parametrize(("room", "other"), [("drivers", "survival"), ("survival", "drivers")])
def test_families_of_models_do_not_know_each_other(room, other):
    for path in (PACKAGE / "models" / room).glob("*.py"):
        assert f"workbench.models.{other}" not in path.read_text(), path
