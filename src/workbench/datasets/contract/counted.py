"""What is counted of a canonical table beside its violations: what must be known, and the facts of its page."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

import ibis
import ibis.expr.types as ir

from workbench.datasets.definitions.dataset import TableDefinition
from workbench.wording import sentence

# Numbers (and days as text) that DuckDB has counted, by what was counted; its rows carry no types.
Numbers = dict[str, Any]
_FAR_YEARS = 20  # an end that far ahead is no plan but a code
_CLOCK_ZERO = "1970-01-01"  # what a computer makes of 0


class TableFacts(TypedDict):
    """What is known of an open table; see `Opened.facts`."""

    rows: int
    missing: dict[str, int]
    not_applicable: dict[str, int]
    looks: frozenset[str]
    first: str | None
    last: str | None


def notable(
    definition: TableDefinition, wide: ir.Table, latest: datetime.date
) -> Iterator[tuple[str, ir.BooleanValue]]:
    """What is no violation and must be known: counted here, said by `remarks`.

    Parameters
    ----------
    definition
        The table, as dataset.yaml has it.
    wide
        Canonical columns, before any row is left out.
    latest
        The last day on which something can have happened.
    """
    has = set(wide.columns)
    for column in definition.columns:
        if column.kind == "category" and column.name in has:
            yield f"worded {column.name}", wide[column.name].strip() == sentence("not stated")
    if "duration" in has and definition.name == "lifetimes":
        yield "zero durations", wide["duration"] == 0
        if "entry" in has:
            yield "never at risk", wide["entry"] == wide["duration"]
    if "event" in has and definition.name == "lifetimes":
        yield "events", wide["event"]
    if definition.name == "transactions":
        cancelled = wide["cancelled"].fill_null(False) if "cancelled" in has else ibis.literal(False)
        yield "cancelled", cancelled
        yield "refunds", (wide["amount"] < 0) & ~cancelled
        yield "zero amounts", wide["amount"] == 0
    if "price" in has and definition.name == "subscriptions":
        yield "zero prices", wide["price"] == 0
    if "is-alias" in has:
        yield "aliases", wide["is-alias"]
    if "end" in has.intersection(definition.canonical.span):
        yield "far ends", wide["end"] >= ibis.date(f"{latest.year + _FAR_YEARS}-01-01")
    if "start" in has.intersection(definition.canonical.span):
        yield "clock zero", wide["start"] == ibis.date(_CLOCK_ZERO)


def facts(definition: TableDefinition, table: ir.Table, numbers: Numbers, looks: Mapping[str, str]) -> TableFacts:
    """See `Opened.facts`.

    Parameters
    ----------
    definition
        The table, as dataset.yaml has it.
    table
        The canonical table.
    numbers
        Counts by name, as `door` has taken them.
    looks
        Why columns seem to tell a person, by name.
    """

    def days(which: str) -> list[str]:
        return [str(day)[:10] for name in definition.canonical.span if (day := numbers.get(f"{which} {name}"))]

    return {
        "rows": int(numbers["kept"]),
        "missing": {name: int(numbers.get(f"missing {name}", 0)) for name in table.columns},
        "not_applicable": {
            name: int(numbers[f"beside {name}"]) for name in table.columns if f"beside {name}" in numbers
        },
        "looks": frozenset(looks),
        "first": min(days("first"), default=None),
        "last": max(days("last"), default=None),
    }
