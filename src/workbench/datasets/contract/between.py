"""What tables say about each other: what one names and another does not know, and money that does not add up."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import ibis

from workbench.datasets.reading.connection import Connection
from workbench.findings import Check
from workbench.wording import listing, number, plural, sentence, shown, suggestion

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
    return (*checks, *_several_currencies(opened))


def _several_currencies(opened: "Sequence[Opened]") -> Iterator[Check]:
    """A warning where amounts of two tables cannot be added up."""
    found: dict[str, list[str]] = {}
    for each in opened:
        for unit in {column.unit for column in each.definition.columns if column.kind == "money" and column.unit}:
            found.setdefault(unit, []).append(each.definition.name)
    if len(found) > 1:
        listed = listing([f"{unit} ({listing(tables)})" for unit, tables in sorted(found.items())])
        yield Check(
            name="several_currencies",
            status="warn",
            value=len(found),
            message=sentence(
                "Money is in several currencies: {listed}. A study that adds them up refuses them: convert amounts "
                "before they enter, or by scale: in dataset.yaml.",
                listed=listed,
            ),
            title=sentence("Money in several currencies"),
        )


def faults(opened: "Sequence[Opened]", connection: Connection) -> Iterator[str]:
    """Initiatives that act on an item that the surveys do not have, or at another touchpoint than its own.

    Parameters
    ----------
    opened
        The open tables.
    connection
        Where rows are laid out.
    """
    by_name = {each.definition.name: each for each in opened}
    if not {"initiatives", "surveys"} <= set(by_name):
        return
    items = {each.name: each for each in by_name["surveys"].definition.columns if each.kind == "rating"}
    table = by_name["initiatives"].table
    if "driver" not in table.columns or not items:
        return
    place = table.touchpoint if "touchpoint" in table.columns else ibis.null("string")
    rows = table.select("initiative", "driver", place=place).order_by("initiative", "driver", "place")
    for name, driver, touchpoint in connection.execute(connection.sql(rows)):
        item = items.get(driver)
        if driver is not None and item is None:
            template = "initiatives: {name}: got the driver {driver}; expected an item of the surveys: {known}{meant}"
            yield sentence(
                template,
                name=shown(name),
                driver=shown(driver),
                known=listing([shown(each) for each in items][:20]),
                meant=suggestion(driver, items),
            )
        elif item is not None and touchpoint is not None and item.touchpoint and item.touchpoint != touchpoint:
            template = (
                "initiatives: {name}: got the touchpoint {touchpoint} beside the driver {driver}, which is rated of "
                "{own}; expected the same."
            )
            yield sentence(
                template,
                name=shown(name),
                touchpoint=shown(touchpoint),
                driver=shown(driver),
                own=shown(item.touchpoint),
            )
