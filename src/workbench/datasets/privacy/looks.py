"""Which columns seem to tell a person, by the first rows of a table on its way in."""

from collections.abc import Mapping

import ibis.expr.types as ir

from workbench.datasets.definitions.canonical import NUMERIC, TEMPORAL
from workbench.datasets.privacy import persons
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import mapping


def found(mapped: Mapping[str, mapping.Mapped], basis: ir.Table, connection: Connection) -> dict[str, str]:
    """Why columns that enter unmarked seem to tell a person (`values`, `name` or `unlike`).

    Parameters
    ----------
    mapped
        Columns by their canonical names.
    basis
        The columns of the view in which texts stand.
    connection
        Where rows are laid out.
    """
    texts: dict[str, ir.Value] = {}
    for name, each in mapped.items():
        column = each.definition
        if not (column.personal or column.kind in ("boolean", "rating", "money")):
            texts[name] = mapping.as_text(each.text)
    if not texts:
        return {}
    columns = {f"x{i}": text for i, text in enumerate(texts.values())}
    sample = connection.sql(basis.select(**columns).limit(persons.SAMPLE_ROWS))
    written = [mapped[name].definition.kind in ("category", "text") for name in texts]
    counts = ", ".join(
        f"{persons.counts(column)}, {persons.amounts(column) if asked else 0}"
        for column, asked in zip(columns, written, strict=True)
    )
    values = {**persons.PATTERNS, **({"amount": persons.AMOUNT} if any(written) else {})}
    (row,) = connection.execute(f"SELECT {counts} FROM ({sample})", values)
    looks: dict[str, str] = {}
    for i, name in enumerate(texts):
        column = mapped[name].definition
        present, distinct, mails, numbers, amounts = row[5 * i : 5 * i + 5]
        if amounts > present / 2:
            continue  # money tells nobody
        if column.kind not in TEMPORAL and persons.frequent(present, mails, numbers):
            looks[name] = "values"
        elif column.kind not in NUMERIC and persons.named(column.name, column.source):
            looks[name] = "name"
        elif column.kind in ("category", "text") and persons.telling(present, distinct):
            looks[name] = "unlike"
    return looks
