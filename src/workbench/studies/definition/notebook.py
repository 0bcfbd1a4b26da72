"""What a study is: read from its notebook alone, without running it and without any import that costs time."""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.errors import ParameterError, StudyError
from workbench.files import read_regular
from workbench.studies.definition.calls import Calls, Choice, Earlier, parse, read_calls
from workbench.studies.definition.parameters import IMPORTED, Parameter, annotation_type, default_value, unknown
from workbench.studies.definition.secret import Secret
from workbench.wording import narrative, shown

LARGEST_BYTES = 100_000_000  # a notebook with the figures of a long run has some megabytes
SECRET_NAME = re.compile(
    r"(?i)(^|_)(password|passwd|passphrase|pwd|secret|api_?key|(access|auth|api)_?token)$|密码|密钥|口令"
)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Study:
    """A notebook that can be run.

    Attributes
    ----------
    name
        The notebook's file name without its ending.
    title, question
        The first heading, and the first sentence after it.
    parameters
        By name, in the order of the parameters cell.
    calls
        What the notebook reads: tables, earlier runs, features.
    """

    name: str
    path: Path
    title: str
    question: str
    parameters: Mapping[str, Parameter]
    calls: Calls
    notebook: Mapping[str, Any] = field(repr=False)

    @property
    def tables(self) -> tuple[str, ...]:
        """Canonical tables that the notebook cannot do without."""
        return self.calls.tables

    @property
    def optional(self) -> tuple[str, ...]:
        """Those that it reads where they are there: `run.table("customers", optional=True)`."""
        return self.calls.optional

    @property
    def choice(self) -> Choice | None:
        """Those of which it reads one, if there are such."""
        return self.calls.choice

    @property
    def earlier(self) -> tuple[Earlier, ...]:
        """Earlier runs that it reads."""
        return self.calls.earlier

    @property
    def reads_tables(self) -> bool:
        """Whether it needs a dataset."""
        return bool(self.tables or self.optional or self.choice or self.calls.features)

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """For each cell the heading that it stands under."""
        return headings(self.notebook["cells"])

    def checked(self) -> "Study":
        """Return the study itself, once its defaults have been found to fit their own types."""
        faults = []
        for parameter in self.parameters.values():
            try:
                parameter.from_data(parameter.default)
            except ParameterError as error:
                faults += [f"{self.path.name}: the default of {fault}" for fault in error.faults]
        if faults:
            raise StudyError(*faults)
        return self


def find_study(notebooks: Path, name: str) -> Study:
    """The study called `name`.

    Parameters
    ----------
    notebooks
        The folder of the studies.
    name
        As it was typed.

    Raises
    ------
    StudyError
        If there is none (with the nearest name that is there), or its notebook breaks the contract.
    """
    path = notebooks / f"{name}.ipynb"
    if not NAME.fullmatch(name) or not path.is_file():
        known = [path.stem for path in study_paths(notebooks)]
        raise StudyError(unknown("study", name, known, "`workbench list` shows what there is"))
    if path.resolve().parent != notebooks.resolve():
        raise StudyError(f"study {name!r} is a link that leads out of notebooks/; put the notebook itself there.")
    return read_study(path)


def study_paths(notebooks: Path) -> list[Path]:
    """Notebooks of the project, by name.

    Parameters
    ----------
    notebooks
        The folder of the studies.
    """
    return sorted(path for path in notebooks.glob("*.ipynb") if not path.name.startswith("."))


def read_study(path: Path) -> Study:
    """Read a notebook; StudyError names everything in it that breaks the contract of a study.

    Parameters
    ----------
    path
        Of the notebook.
    """
    try:
        return _read(path)
    except OSError as error:
        raise StudyError(f"{path.name} cannot be read: {error.strerror}.") from None
    # Whatever stands in a file called .ipynb: a list of studies goes on behind it.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        template = "{place} is not a notebook of format 4; open it in JupyterLab and save it again."
        raise StudyError(template.format(place=path.name)) from None


def _read(path: Path) -> Study:
    place = path.name
    notebook = json.loads(read_regular(path, LARGEST_BYTES))
    cells = [{**cell, "source": _told(cell)} for cell in notebook["cells"]]
    tags = [cell.get("metadata", {}).get("tags", []) for cell in cells]
    faults: list[str] = []
    if not NAME.fullmatch(path.stem):
        faults.append("a study's name has letters, digits, - and _ and starts with a letter; rename the notebook")
    title, question = _title_and_question(cells)
    if not title or not question:
        faults.append("the first markdown cell has to start with a heading (the title) and a sentence (the question)")
    marked = [index for index, cell_tags in enumerate(tags) if "parameters" in cell_tags]
    parameters: dict[str, Parameter] = {}
    if len(marked) != 1:
        faults.append(f"expected one cell tagged 'parameters', got {len(marked)}")
    else:
        above = "\n".join(cell["source"] for cell in cells[: marked[0]] if cell["cell_type"] == "code")
        parameters = _parameters(cells[marked[0]]["source"], above, faults)
        if "seed" not in parameters:
            faults.append("the parameters cell needs `seed: int = …`, so that a run can be repeated")
    calls = read_calls([cell["source"] for cell in cells if cell["cell_type"] == "code"], faults)
    faults += _undeclared(calls, parameters)
    if faults:
        raise StudyError(*(f"{place}: {fault}." for fault in faults))
    return Study(path.stem, path, title, question, parameters, calls, {**notebook, "cells": cells})


def _undeclared(calls: Calls, parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """Parameters that calls need and the parameters cell lacks."""
    reads = [*calls.tables, *calls.optional, *(calls.choice.tables if calls.choice else ())]
    reads += ["features"] if calls.features else []
    if reads and "dataset" not in parameters:
        yield f'it reads {", ".join(reads)}, so the parameters cell needs `dataset: str = "…"`'
    if calls.choice and calls.choice.parameter not in parameters:
        yield f"run.one_of chooses by {calls.choice.parameter!r}, which the parameters cell does not declare"
    for each in calls.earlier:
        if each.parameter not in parameters:
            yield (
                f"run.earlier chooses by {each.parameter!r}, which the parameters cell does not declare: "
                f'`{each.parameter}: str | None = "latest"`'
            )
        elif not parameters[each.parameter].takes_text:
            yield f"parameter {each.parameter} names a run, so it has to be `str | None`"


def read_parameters(source: str) -> list[Parameter]:
    """The parameters that a cell declares; StudyError names every line that declares none.

    Parameters
    ----------
    source
        Of the parameters cell.
    """
    faults: list[str] = []
    parameters = _parameters(source, None, faults)
    if faults:
        raise StudyError(*faults)
    return list(parameters.values())


def headings(cells: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """For each cell the text of the last markdown heading at or before it.

    Parameters
    ----------
    cells
        Of the notebook, as JSON.
    """
    found, current = [], ""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for line in _text(cell["source"]).splitlines():
                if match := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
                    current = _plain(match[1])
        found.append(current)
    return tuple(found)


def is_code(cell: Mapping[str, Any]) -> bool:
    """Whether a cell is one that a kernel executes.

    Parameters
    ----------
    cell
        As JSON.
    """
    return cell["cell_type"] == "code" and bool(_text(cell["source"]).strip())


def _told(cell: Mapping[str, Any]) -> str:
    """A cell's text; prose in the language of the reader, so that a run is in one language throughout."""
    text = _text(cell["source"])
    return narrative(text) if cell["cell_type"] == "markdown" else text


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _plain(markdown: str) -> str:
    """Inline markdown as the text that a reader sees."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"[*`]|\b_|_\b", "", markdown)).strip()


def _title_and_question(cells: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    first = next((cell["source"] for cell in cells if cell["cell_type"] == "markdown"), "")
    match = re.match(r"\s*#\s+(?P<title>[^\n]+)\s*(?P<body>.*)", first, re.DOTALL)
    if not match:
        return "", ""
    paragraph = " ".join(match["body"].strip().partition("\n\n")[0].split())
    sentence = re.match(r".+?([.?!](?=\s|$)|[。？！])", paragraph)
    return _plain(match["title"]), _plain(sentence[0] if sentence else "")


def _parameters(source: str, above: str | None, faults: list[str]) -> dict[str, Parameter]:
    try:
        body = ast.parse(source).body
        comments = {
            token.start[0]: token.string.lstrip("# ").rstrip()
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        }
    except (SyntaxError, tokenize.TokenError) as error:
        faults.append(f"the parameters cell is not Python: {error}")
        return {}
    parameters: dict[str, Parameter] = {}
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                pass
            case _:
                found = shown(ast.unparse(statement))
                expected = "only annotated assignments, as in `horizon: int = 12  # [months] how far`"
                faults.append(f"line {statement.lineno} of the parameters cell is {found}; expected {expected}")
                continue
        try:
            kind = annotation_type(annotation)
        except (ValueError, TypeError, SyntaxError) as error:
            faults.append(f"parameter {name}: {error}")
            kind = None
        try:
            default = default_value(value)
        except (ValueError, TypeError, SyntaxError):
            faults.append(f"parameter {name}: the default {shown(ast.unparse(value))} is no plain value; write it out")
            default = None
        if name in parameters:
            faults.append(f"parameter {name} is declared twice")
        if SECRET_NAME.search(name) and kind is str:
            faults.append(f"parameter {name} sounds secret and would be written down; declare it `Secret`")
        if "Secret" in ast.unparse(annotation) and kind is not None and (fault := _not_secret(kind, default)):
            faults.append(f"parameter {name}: {fault}")
        comment = comments.get(statement.end_lineno or statement.lineno, "")
        matched = re.match(r"(?:\[(.*?)\]\s*)?(.*)", comment, re.DOTALL)
        unit, text = matched.groups() if matched else (None, comment)
        parameters[name] = Parameter(name, ast.unparse(annotation), kind, default, narrative(text), unit or "")
    used = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    missing = sorted((used & IMPORTED) - _imported(above)) if above is not None else []
    if missing:
        faults.append(f"the parameters cell uses {', '.join(missing)}, which the cell above it has to import")
    must: Mapping[str, type] = {"dataset": str, "seed": int}
    for name, wanted in must.items():
        if name in parameters and parameters[name].type is not None and not parameters[name].is_a(wanted):
            faults.append(f"parameter {name} is {parameters[name].annotation}, expected {wanted.__name__}")
    return parameters


def _not_secret(kind: Any, default: Any) -> str:
    """Why a secret that is declared so would be none."""
    if kind not in (Secret, Secret | None):
        return "a secret stands alone, `Secret` or `Secret | None`, in no list, mapping or bound"
    return "what stands in a notebook is no secret: leave the default empty" if default else ""


def _imported(source: str) -> set[str]:
    tree = parse(source)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)] if tree else []
    return {alias.asname or alias.name for node in found for alias in node.names}
