"""A dataset as text for a terminal: what it is, and the shape of its tables."""

import textwrap
from collections.abc import Iterator

from workbench.datasets.catalogue import Dataset
from workbench.datasets.definition import TableDefinition
from workbench.datasets.phrases import rows
from workbench.wording import percent, sentence

_WIDTH = 110


def page(dataset: Dataset) -> str:
    """Tables, rows, range of dates, and of each column what it is and which share is missing or not applicable."""
    profile = dataset.profile()
    lines = [profile["title"]]
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
        lines += _aligned([_HEAD, *_columns(facts["columns"], dataset.table(name))])
    return "\n".join(lines)


_HEAD = ("column", "label", "missing", "not applicable", "")


def _columns(columns: list[dict], table: TableDefinition) -> Iterator[tuple[str, ...]]:
    defined = {column.name: column for column in table.columns}
    for column in columns:
        unit = f" [{column['unit']}]" if column["unit"] else ""
        known = defined.get(column["name"])
        notes = [sentence("segment")] if column["name"] in table.segments else []
        if known is not None:
            notes += [f"{known.scale[0]:g}–{known.scale[1]:g}"] if known.scale else []
            notes += [each for each in (known.role, known.touchpoint) if each]
            notes += [sentence("constant")] if known.constant else []
            notes += [sentence("holds from {column}", column=known.valid_from)] if known.valid_from else []
            notes += [sentence("pseudonym")] if known.personal else []
        shares = [_share(column["missing"]), _share(column.get("not_applicable", 0))]
        yield column["name"], column["label"] + unit, *shares, ", ".join(notes)


def _share(value: float) -> str:
    if 0.9995 <= value < 1:
        return sentence("almost all")
    return "" if not value else sentence("a few") if value < 0.0005 else percent(value)


def _aligned(lines: list[tuple[str, ...]]) -> list[str]:
    """Columns of one width each; shares to the right, and left out where no line has one."""
    kept = [i for i in range(len(_HEAD)) if i < 2 or any(line[i] for line in lines[1:])]
    widths = {i: max(len(line[i]) for line in lines) for i in kept}
    return [
        "  " + "  ".join(line[i].rjust(widths[i]) if i in (2, 3) else line[i].ljust(widths[i]) for i in kept).rstrip()
        for line in lines
    ]
