"""What a translator gets: every template for people, read from the source without running it. A leaf.

`python -m workbench.messages` writes it as a template of gettext (workbench.pot). A template counts where it is written
out: a string, `A if x else B` of such, or a name that its function gives nothing but such.
"""

import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent
# Which arguments are templates. `_` is what our pages call `sentence`.
CALLS = {"sentence": 1, "_": 1, "plural": 2}
# What stands before the words of a parameter: `# [unit] `.
COMMENT = re.compile(r"^#\s*(?:\[(.*?)\]\s*)?")

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Message:
    """A template, or a pair of them for one and for many.

    Attributes
    ----------
    place
        File and line.
    forms
        One text, or two; empty where the call's template is not written out.
    """

    place: str
    forms: tuple[str, ...]


def in_python(path: Path, root: Path = SOURCE) -> Iterator[Message]:
    """The messages of a Python file; those that are not written out have no forms.

    Parameters
    ----------
    path
        The file.
    root
        What places are told from.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    where = path.relative_to(root).as_posix()
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, Function))]:
        given = _assigned(scope)
        for node in _own(scope):
            if isinstance(node, ast.Call) and (count := CALLS.get(_called(node))):
                place = f"{where}:{node.lineno}"
                options = [_written(argument, given) for argument in node.args[:count]]
                if len(options) < count or not all(options):
                    yield Message(place, ())
                elif count == 1:
                    yield from (Message(place, (text,)) for text in options[0] if text)
                else:
                    yield from (Message(place, pair) for pair in zip(*options, strict=False))


def in_template(path: Path, root: Path = SOURCE) -> Iterator[Message]:
    """The messages of a page's template (jinja2).

    Parameters
    ----------
    path
        The file.
    root
        What places are told from.
    """
    from jinja2 import Environment
    from jinja2.ext import extract_from_ast

    tree = Environment().parse(path.read_text(encoding="utf-8"))
    for line, name, found in extract_from_ast(tree, tuple(CALLS)):
        texts = (found if isinstance(found, tuple) else (found,))[: CALLS[name]]
        forms = tuple(text for text in texts if isinstance(text, str))
        yield Message(f"{path.relative_to(root).as_posix()}:{line}", forms if len(forms) == CALLS[name] else ())


def in_notebook(path: Path, root: Path) -> Iterator[Message]:
    """The prose of a notebook, a cell each, and what is said of its parameters; the place names the cell.

    Parameters
    ----------
    path
        The file.
    root
        What places are told from.
    """
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        place = f"{path.relative_to(root).as_posix()}:{cell.get('id', '')}"
        text = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown" and text:
            yield Message(place, (text,))
        elif "parameters" in cell["metadata"].get("tags", ()):
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT and (said := COMMENT.match(token.string)):
                    words, unit = token.string[said.end() :].strip(), said.group(1)
                    yield from (Message(place, (text,)) for text in (words, unit) if text)


def all_messages(notebooks: Path | None = None) -> list[Message]:
    """Every message of the package, and of the notebooks in a folder.

    Parameters
    ----------
    notebooks
        The folder; none are read where it is None.
    """
    found = [message for path in sorted(SOURCE.rglob("*.py")) for message in in_python(path)]
    found += [message for path in sorted(SOURCE.rglob("*.j2")) for message in in_template(path)]
    if notebooks is not None:
        paths = sorted(notebooks.glob("*.ipynb"))
        found += [message for path in paths for message in in_notebook(path, notebooks.parent)]
    return found


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, Function):
            waiting[:0] = ast.iter_child_nodes(node)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="wording"), attr=name):
            return name
    return ""


def _assigned(scope: ast.AST) -> dict[str, tuple[str, ...]]:
    """The names of a function that are given nothing but texts, with all of them."""
    given: dict[str, list[ast.expr | None]] = {}
    for node in _own(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            given.setdefault(node.id, [])
    for node in _own(scope):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                given[name].append(value)
    stored = [node.id for node in _own(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    known: dict[str, tuple[str, ...]] = {}
    for name, values in given.items():
        texts = [_written(value, {}) for value in values]
        if values and all(texts) and stored.count(name) == len(values):
            known[name] = tuple(text for group in texts for text in group)
    return known


def _written(value: ast.expr | None, given: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    match value:
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.IfExp(body=first, orelse=second):
            options = _written(first, given), _written(second, given)
            return options[0] + options[1] if all(options) else ()
        case ast.Name(id=name):
            return given.get(name, ())
    return ()


def template_of(messages: list[Message]) -> str:
    """The messages as a template of gettext.

    Parameters
    ----------
    messages
        In the order in which they shall stand; those without forms are left out.
    """
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    catalogue = Catalog(project="workbench", charset="utf-8", fuzzy=False)
    for message in messages:
        if message.forms:
            path, _, line = message.place.rpartition(":")
            key = message.forms[0] if len(message.forms) == 1 else message.forms
            cell = [] if line.isdigit() else [f"cell {line}"]
            catalogue.add(key, locations=[(path, 0 if cell else int(line))], auto_comments=cell)
    text = io.BytesIO()
    write_po(text, catalogue, width=0)
    return text.getvalue().decode()


if __name__ == "__main__":
    sys.stdout.write(template_of(all_messages(Path("notebooks"))))
