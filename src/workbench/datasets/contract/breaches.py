"""A rule that some rows break, in words: with examples, or with the places of rows where values may tell a person."""

from collections import Counter
from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from workbench.datasets.contract import hints
from workbench.datasets.contract import rules as contracts
from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition
from workbench.datasets.definitions.phrases import examples, rows
from workbench.datasets.privacy import persons, plain_values
from workbench.datasets.reading.connection import Connection
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import listing, number, sentence, shown

_MOST_EXAMPLES, _MOST_LINES = 4, 3  # enough to see what is meant, and still one line
_MOST_READ = 1000  # rows among which examples are sought: a rare kind of value shows, and memory stays small
LINE = "row-of-file"  # no column can have this name


def describe(
    rule: contracts.Rule,
    count: int,
    found: ir.Table,
    value: ir.Value | None,
    definition: TableDefinition,
    looks: Mapping[str, str],
    connection: Connection,
) -> str:
    """A violation in words.

    Parameters
    ----------
    rule, count
        What is broken, and by how many rows.
    found
        Those rows, numbered from 0 in `LINE`.
    value
        What may be shown of them; None: there is nothing to show.
    definition
        Of the table.
    looks
        Columns that seem to tell a person: no value of them is shown, nor of ids or of what is marked personal.
    connection
        Where rows are laid out.
    """
    names = (rule.column, rule.details.get("later") if rule.rule == "ordered" else None)
    columns = [each for name in names for each in definition.columns if each.name == name]
    asked = {"n": found[LINE]} | ({} if value is None else {"x": _plain(value)})
    asked |= {"y": _plain(found[rule.details["later"]])} if rule.rule == "ordered" else {}
    given = connection.execute(connection.sql(found.select(**asked).order_by("n").limit(_MOST_READ)))
    values = tuple(dict.fromkeys(_pair(row[1:]) for row in given if row[1:]))[:_MOST_EXAMPLES]
    closed = any(
        each.personal or each.kind == "id" or each.name in looks or persons.named(each.name, each.source)
        for each in columns
    )
    details = dict(rule.details)
    got = ""
    lines = [number(line + 1) for line, *_ in given[:_MOST_LINES]] + ["…"] * (count > _MOST_LINES)
    below = ", ".join(lines) if _one_file(definition) else ""
    if values and not closed and all(_may_be_shown(value, given) for value in values):
        got = sentence(" (got {examples})", examples=examples(values))
    elif values and not closed:
        shapes = listing(list(dict.fromkeys(plain_values.shape(str(value)) for value in values)))
        template = " (row {lines} below the header: {shapes})" if below else " (got {shapes})"
        got = sentence(template, lines=below, shapes=shapes)
    elif below:
        got = sentence(" (row {lines} below the header)", lines=below)
    if rule.rule in contracts.WITH_HINT:
        texts = [row[1] for row in given if row[1:] and isinstance(row[1], str)]
        declared = rule.rule != "one_type"
        details["hint"] = hints.of_unreadable(
            columns[0], texts, definition.origin, connection, declared=declared, mixed="mixed" in rule.details
        )
    if rule.rule == "era":
        often = [value for value, _ in Counter(row[1] for row in given).most_common(_MOST_EXAMPLES)]
        details["codes"] = hints.of_dates_of_another_time(columns[0], often if got.startswith(" (got") else [])
    text = contracts.RULES[rule.rule]({"examples": got, **details})
    return sentence("{column}: {rows} with {rule}.", column=name_of(columns[0]), rows=rows(count), rule=text)


def _may_be_shown(value: object, given: Sequence[tuple]) -> bool:
    """A number, a moment or a word for none; and what so many rows have that it is of no single person."""
    if not isinstance(value, str) or all(plain_values.harmless(part) for part in value.split(" > ")):
        return True
    return sum(row[1] == value for row in given) >= SMALLEST_GROUP and not persons.valued(value, shared=True)


def _plain(value: ir.Value) -> ir.Value:
    """Times as text: Python knows none of other ages."""
    return value.cast("string") if value.type().is_temporal() else value


def _one_file(definition: TableDefinition) -> bool:
    """Whether a row's number is that of a line: the rows are those of one file, as they stand there."""
    files = list(definition.origin.files.values())
    return not definition.origin.sql and len(files) == 1 and len(files[0]) == 1


def _pair(values: tuple) -> object:
    """What is shown of one row: a value, or the two that should be in order."""
    if len(values) < 2:
        return values[0]
    first, later = (value if isinstance(value, str) else number(value, 6) for value in values)
    return sentence("{first} > {later}", first=first, later=later)


def name_of(column: ColumnDefinition) -> str:
    """A column, and its name in the file where that is another.

    Parameters
    ----------
    column
        A column as dataset.yaml defines it.
    """
    if column.source == column.name:
        return sentence("column {name}", name=column.name)
    return sentence("column {name} (from {source})", name=column.name, source=shown(column.source))
