"""A dataset as text for a terminal: what it is, and the shape of its tables."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.datasets.contract.part import PART
from workbench.datasets.dataset import Dataset
from workbench.datasets.definitions.dataset import TableDefinition
from workbench.datasets.definitions.phrases import rows
from workbench.wording import number, percent, sentence

if TYPE_CHECKING:
    from workbench.datasets.contract.opened import Shape

_WIDTH = 110  # characters: half of a wide screen


def page(dataset: Dataset) -> str:
    """Tables, rows, range of dates, and of each column type, levels or range, and shares missing or not applicable.

    Parameters
    ----------
    dataset
        The dataset; with a condition, the part of it.
    """
    profile = dataset.profile()
    checks = dataset.check()
    lines = [*(check.message for check in dataset.shadow()), profile["title"]]
    lines += [check.message for check in checks if check.name == PART]
    if profile["fictional"]:
        lines.append(sentence("Fictional: these data were made up."))
    for label in ("description", "source", "licence"):
        if profile[label]:
            lines += textwrap.wrap(f"{label}: {profile[label]}", _WIDTH, subsequent_indent="  ")
    for name, facts in profile["tables"].items():
        span = sentence(", {first} to {last}", first=facts["first"], last=facts["last"]) if facts["first"] else ""
        whole = not any(column["missing"] or column.get("not_applicable") for column in facts["columns"])
        gaps = sentence(", nothing is missing") if whole else ""
        lines += ["", sentence("{name}: {rows}{span}{gaps}", name=name, rows=rows(facts["rows"]), span=span, gaps=gaps)]
        lines += _aligned([_HEAD, *_columns(facts["columns"], dataset.table(name), dataset.shapes(name))])
        lines += ["  " + check.message for check in checks if check.name == f"{name}_no_customer"]
    if warned := sum(check.status == "warn" for check in checks):
        template = "`workbench data check {name}` tells what else is to be known ({n} in all)."
        lines += ["", sentence(template, name=dataset.name, n=warned)]
    return "\n".join(lines)


_HEAD = ("column", "label", "type", "missing", "not applicable", "")
_RIGHT = (3, 4)  # columns of numbers


def _columns(columns: list[dict], table: TableDefinition, shapes: "dict[str, Shape]") -> Iterator[tuple[str, ...]]:
    defined = {column.name: column for column in table.columns}
    for column in columns:
        unit = f" [{column['unit']}]" if column["unit"] else ""
        known = defined.get(column["name"])
        notes = [sentence("segment")] if column["name"] in table.segments else []
        if known is not None:
            notes += [f"{known.scale[0]:g}–{known.scale[1]:g}"] if known.scale else []
            notes += [each for each in (known.role, known.touchpoint, known.use) if each]
            notes += [sentence("constant")] if known.constant else []
            notes += [sentence("holds from {column}", column=known.valid_from)] if known.valid_from else []
            notes += [sentence("pseudonym")] if known.personal else []
        shares = [_share(column["missing"]), _share(column.get("not_applicable", 0))]
        shape = shapes.get(column["name"])
        yield column["name"], column["label"] + unit, _type(shape) if shape else "", *shares, ", ".join(notes)


def _type(shape: "Shape") -> str:
    if shape.levels is not None:
        return sentence("category, 1 level") if shape.levels == 1 else sentence("category, {n} levels", n=shape.levels)
    if shape.low is None or shape.high is None:
        return shape.kind
    # Rounded: the percentiles of a small table are somebody's values.
    low, high = (number(float(f"{value:.1e}")) for value in (shape.low, shape.high))
    return sentence("{kind}, mostly {low} to {high}", kind=shape.kind, low=low, high=high)


def _share(value: float) -> str:
    if 0.9995 <= value < 1:
        return sentence("almost all")
    return "" if not value else sentence("a few") if value < 0.0005 else percent(value)


def _aligned(lines: list[tuple[str, ...]]) -> list[str]:
    """Columns of one width each; shares to the right, and left out where no line has one."""
    kept = [i for i in range(len(_HEAD)) if i < 3 or any(line[i] for line in lines[1:])]
    widths = {i: max(len(line[i]) for line in lines) for i in kept}
    return [
        "  " + "  ".join(line[i].rjust(widths[i]) if i in _RIGHT else line[i].ljust(widths[i]) for i in kept).rstrip()
        for line in lines
    ]
