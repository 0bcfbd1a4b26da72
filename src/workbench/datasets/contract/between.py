"""What tables say about each other: ids that one has and another does not know."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from workbench.datasets.reading.connection import Connection
from workbench.findings import Check
from workbench.wording import number, plural, sentence

if TYPE_CHECKING:
    from workbench.datasets.contract.opened import Opened

# Whose ids a column refers to.
_KNOWN_BY = {"customer_id": "customers", "initiative": "initiatives"}


def remarks(opened: "Sequence[Opened]", connection: Connection) -> tuple[Check, ...]:
    """Orphan ids: rows whose customer or initiative is not in the table of those, where the dataset has one.

    Parameters
    ----------
    opened
        The open tables.
    connection
        Where rows are laid out.
    """
    by_name = {each.definition.name: each for each in opened}
    checks = []
    for each in opened:
        for column, parent in _KNOWN_BY.items():
            if parent not in by_name or parent == each.definition.name or column not in each.table.columns:
                continue
            child, known = each.table, by_name[parent].table
            if child[column].type() != known[column].type():
                continue  # row numbers: valid in their own table alone
            orphans = child.filter(child[column].notnull()).anti_join(known, column).group_by(column)
            counted = orphans.aggregate(n=ibis._.count())
            found = counted.aggregate(rows=counted.n.sum().fill_null(0), ids=counted.count())
            ((count, ids),) = connection.execute(connection.sql(found))
            if not count:
                continue
            message = plural(
                "In {n} row of {child} the {column} is not in {parent}.",
                "In {n} rows of {child} the {column} is not in {parent} ({ids} different).",
                int(count),
                child=each.definition.name,
                column=column,
                parent=parent,
                ids=number(int(ids)),
            )
            name, title = f"{each.definition.name}_orphans_{column}", sentence("Ids that another table lacks")
            checks.append(Check(name=name, status="warn", message=message, value=int(count), title=title))
    return tuple(checks)
