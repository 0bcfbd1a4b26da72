"""An answer with several choices in one cell → one boolean column for each choice."""

import re
from collections.abc import Iterable
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from workbench.datasets.definitions.dataset import ColumnDefinition
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import mapping
from workbench.errors import DataError
from workbench.wording import number, sentence, shown

MOST_CHOICES = 40  # of one question: with more it is a free text


def expand(
    column: ColumnDefinition, values: ir.Value, taken: Iterable[str], connection: Connection
) -> list[ColumnDefinition]:
    """The columns that a column with `split:` becomes, the most frequent choice first.

    Parameters
    ----------
    column
        With its mark.
    values
        As they stand in the file.
    taken
        Names of columns that there are already.
    connection
        Where rows are laid out.

    Raises
    ------
    DataError
        When there are more choices than a question has: the cells are texts. No choice is quoted.
    """
    cells = mapping.as_text(values).name("x").as_table()
    cells = cells.filter(cells["x"].notnull()).group_by("x").aggregate(n=ibis._.count()).order_by("x")
    counts: dict[str, int] = {}
    for cell, n in connection.execute(connection.sql(cells)):
        if cell in column.missing or cell in column.not_applicable:
            continue
        for choice in dict.fromkeys(part.strip() for part in cell.split(column.split)):
            if choice:
                counts[choice] = counts.get(choice, 0) + n
    if len(counts) > MOST_CHOICES:
        template = (
            "column {column}: {count} different choices between {mark}, expected at most {most}; is split: right?"
        )
        what = {"count": number(len(counts)), "mark": shown(column.split), "most": MOST_CHOICES}
        raise DataError(sentence(template, column=column.name, **what))
    names = set(taken)
    found: list[ColumnDefinition] = []
    for choice in sorted(counts, key=lambda each: (-counts[each], each)):
        stem = re.sub(r"\W+", "_", choice.casefold()).strip("_")[:40] or sentence("choice")
        name = base = f"{column.name}_{stem}"
        n = 1
        while name in names:
            n += 1
            name = f"{base}_{n}"
        names.add(name)
        label = sentence("{label}: {choice}", label=column.label, choice=choice)
        found.append(replace(column, name=name, label=label, true_values=(choice,)))
    return found
