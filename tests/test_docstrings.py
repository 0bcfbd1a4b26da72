"""What a public function is given is said in its docstring, parameter by parameter, room by room."""

import ast
import re

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "workbench"
INCOMPLETE = {
    "decisions",
}
"""Rooms some of whose functions do not name every parameter yet. It only shrinks."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def room_of(path):
    """A family of models is a room of its own."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[: 2 if parts[0] == "models" else 1])


ROOMS = sorted({room_of(path) for path in SOURCE.rglob("*.py")} - {"__init__", "models.__init__"})


def public(tree, prefix=""):
    """Public functions of a module and methods of its public classes, each with its name."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node, f"{prefix}{node.name}.")
        elif isinstance(node, Function) and not node.name.startswith("_") and ast.get_docstring(node):
            yield f"{prefix}{node.name}", node


def parameters(function):
    """Names of a function's parameters, but for a command's parsed options: the parser says what they are."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    every = [each for each in every if each and not (each.annotation and "Namespace" in ast.unparse(each.annotation))]
    return [each.arg for each in every if each.arg not in ("self", "cls") and not each.arg.startswith("_")]


def named(docstring):
    """Names at the left edge of the section of parameters, without their shapes and types."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n---+\n|\Z)", docstring + "\n", re.MULTILINE | re.DOTALL)
    heads = [line for line in section[1].splitlines() if line[:1].strip()] if section else []
    return {name for head in heads for name in re.findall(r"\w+", re.sub(r"\(.*?\)", "", head.split(":")[0]))}


def unnamed(room):
    """What a room's docstrings do not name: place and parameters."""
    for path in sorted(SOURCE.rglob("*.py")):
        if room_of(path) == room:
            for name, function in public(ast.parse(path.read_text())):
                known = named(ast.get_docstring(function))
                if missing := [each for each in parameters(function) if each not in known]:
                    yield f"{path.relative_to(SOURCE)} {name}: {', '.join(missing)}"


def test_names_are_found_with_their_shapes_and_a_word_of_the_text_is_none():
    text = "What.\n\nParameters\n----------\na (n,), *b\n    Of c.\nd : int\n\nReturns\n-------\ne\n    Of f."
    assert named(text) == {"a", "b", "d"}
    (function,) = ast.parse("def f(self, a, /, *b, _c, d=1, o: argparse.Namespace, **e):\n    'It.'").body
    assert parameters(function) == ["a", "d", "b", "e"]


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_name_every_parameter(room):
    missing = list(unnamed(room))
    if room in INCOMPLETE:
        assert missing, f"{room} is complete: take it out of INCOMPLETE"
    else:
        assert not missing, "\n".join(missing)


def test_rooms_that_are_incomplete_are_rooms():
    assert set(ROOMS) >= INCOMPLETE
