"""ARCHITECTURE.md tells the truth about who imports whom."""

import ast
import re
from graphlib import TopologicalSorter

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "src" / "workbench"
LEAVES = {
    "declared",
    "draws",
    "errors",
    "findings",
    "exhibits",
    "wording",
    "messages",
    "terminal",
    "textwidth",
    "files",
    "suppression",
    "memory",
    "pace",
}


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


def test_no_folder_holds_more_than_a_reader_can_take_in():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    full = {
        str(folder): len(found)
        for folder in folders
        if len(found := set(folder.glob("*.py")) - {folder / "__init__.py"}) > 15
    }
    assert not full, "give these sub-rooms"


FAMILIES = sorted(path.name for path in (PACKAGE / "models").iterdir() if (path / "__init__.py").exists())


@pytest.mark.parametrize("family", FAMILIES)
def test_families_of_models_do_not_know_each_other(family):
    others = [f"workbench.models.{other}" for other in FAMILIES if other != family]
    assert others
    for path in (PACKAGE / "models" / family).rglob("*.py"):
        assert not [other for other in others if re.search(rf"{re.escape(other)}\b", path.read_text())], path


def sub_rooms(house):
    """Which sub-rooms of a room import which others: {sub-room: those it imports}, the room itself as ``""``."""
    prefix = "workbench." + ".".join(house.relative_to(PACKAGE).parts) + "."
    arrows = {}
    for path in house.rglob("*.py"):
        parts = path.relative_to(house).parts
        mine = arrows.setdefault(parts[0] if len(parts) > 1 else "", set())
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(prefix):
                rest = node.module.removeprefix(prefix[:-1]).lstrip(".")
                names = [rest.split(".")[0]] if rest else [alias.name for alias in node.names]
                mine |= {name if (house / name).is_dir() else "" for name in names}
    return {room: found - {room} for room, found in arrows.items()}


HOUSES = [
    path for path in PACKAGE.rglob("*") if path.is_dir() and list(path.glob("*/__init__.py")) and path.name != "models"
]


@pytest.mark.parametrize("house", HOUSES, ids=lambda path: path.name)
def test_data_flow_one_way_through_sub_rooms(house):
    list(TopologicalSorter(sub_rooms(house)).static_order())  # raises CycleError where two rooms know each other


def questions():
    section = (ROOT / "ARCHITECTURE.md").read_text().partition("## Ten questions")[2]
    rows = re.findall(r"^\| (.+\?) \| (.+) \|$", section, re.MULTILINE)
    return {question: re.findall(r"`([\w/]+(?:\.py)?)`", answer) for question, answer in rows}


@pytest.mark.parametrize("question", questions())
def test_a_question_is_answered_by_a_file_that_is_there(question):
    paths = questions()[question]
    assert paths
    for path in paths:
        assert (PACKAGE / path).exists() or (ROOT / path).exists(), path


def test_there_are_ten_questions_and_the_map_or_a_name_leads_to_each_answer():
    """Without the table of answers: a word of the question stands in the path or in the room's row."""
    assert len(questions()) >= 10
    overview = (ROOT / "ARCHITECTURE.md").read_text().partition("## Ten questions")[0].casefold()
    for question, paths in questions().items():
        words = {word[:6] for word in re.findall(r"[a-z]{5,}", question.casefold())} - {"where", "which", "there"}
        room = paths[0].removesuffix(".py").split("/")
        rows = [
            line for line in overview.splitlines() if any(f"`{name}`" in line or f".{name}`" in line for name in room)
        ]
        text = " ".join([paths[0], *rows, *re.findall(r"^## .*", overview, re.MULTILINE)]).casefold()
        assert any(word in text for word in words), f"{question}: nothing on the map leads to {paths[0]}"
