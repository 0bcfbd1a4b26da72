"""What the values of a canonical table must keep, as conditions on its rows, and their breaches in words."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from workbench.datasets.definitions.canonical import TEMPORAL
from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition
from workbench.wording import listing, sentence, shown


@dataclass(frozen=True)
class Rule:
    """A condition that no row may meet.

    Attributes
    ----------
    column
        Name in the canonical table.
    rule
        Key of `RULES`.
    broken
        The condition; None where it is not one on a single row.
    details
        What the rule's sentence needs besides.
    """

    column: str
    rule: str
    broken: ir.BooleanValue | None
    details: Mapping[str, str] = field(default_factory=dict)


# What is said of a rule that is broken: "{rows} …".
RULES: Mapping[str, str] = {
    "present": "no value{examples}; expected one in every row. Complete the rows; "
    "those that are no data (notes, totals) go under skip:, and sql: can choose rows",
    "exact": "an id that is written as a decimal and too long for one{examples}; expected text or whole numbers. "
    "Beyond 2^53 (9,007,199,254,740,992) decimals are not exact, so several ids may have become one: write the file "
    "again with the ids as text",
    "unique": "an id that an earlier row has{examples}; expected one row a {what}. {advice}",
    "no_overlap": "an entry before the end of the same customer's earlier row{examples}; expected episodes that follow "
    "each other: entry is when a row begins and duration when it ends, both since the customer's start",
    "last_event": "an event before the same customer's last row{examples}; expected it in the last episode alone. If "
    "customers came back, each contract is a row of its own without customer_id, or the table is subscriptions",
    "long": "a time of more than {years} years when it counts {unit}{examples}; expected less. Write the unit that the "
    "column has under unit: (days, weeks, months or years), and list codes under missing:",
    "era": "a date outside 1900 to {last}{examples}; expected none. {codes}",
    "not_negative": "a negative value{examples}; expected 0 or more. "
    "If it is a code for a missing value, list it under missing:",
    "ordered": "{an} {column} after the {later}{examples}; expected {column} ≤ {later}{why}",
    "past": "a time in the future{examples}; expected none after {latest}. Correct the dates, or list a date that "
    "says 'none' under missing:",
    "in_scale": "a rating outside its scale{examples}; expected {low} to {high}. "
    "List codes under missing: or not_applicable:",
    "whole": "a value that is no whole number{examples}; expected {what}",
    "cancelled_positive": "a cancellation of more than 0{examples}; expected an amount of 0 or less. "
    "Check cancelled:, or the sign of amount",
    "one_currency": "another currency than {currency}{examples}; expected one currency a table. "
    "Convert amounts before they enter, or split the dataset",
    "a_number": "a value that is no number{examples}; expected a number. {hint}",
    "a_truth": "a value that is neither true nor false{examples}; {truths}",
    "a_date": "a value that is no date{examples}; expected {form}. {hint}",
    "a_timestamp": "a value that is no time{examples}; expected {form}. {hint}",
    "listed": "a value that is not listed under values:{examples}; list it there or under missing:",
    "one_type": "a value that is no number{examples}, where most values are numbers; expected one type. {hint}",
}
_WHY = {"entry": ", both from the same start"}
FIRST_YEAR, _YEARS_AHEAD = 1900, 100
_LONGEST_YEARS = 101
_A_YEAR = {"days": 365.25, "weeks": 52.1775, "months": 12, "years": 1}
# What rows that share an id may be, and what to write then. Nothing is thrown away by hand.
_ADVICE: Mapping[str, str] = {
    "customers": "If each row is a contract, the table is subscriptions, and if it is an order, transactions; where "
    "what is known of a customer has changed, say in sql: which of the rows counts",
    "lifetimes": "If the rows are episodes of one customer, map entry: (when each begins); if they are contracts of "
    "their own, leave customer_id out or make the table subscriptions",
    "surveys": "If people answered again, map this id as customer_id and leave response_id out: then each row is an "
    "answer; if an answer was sent again or corrected, say in sql: which of the rows counts",
    "initiatives": "Give each initiative a name of its own",
}


def rules(definition: TableDefinition, table: ir.Table, latest: datetime.date) -> Iterator[Rule]:
    """The rules of a table that hold row by row; those of columns that it lacks are left out.

    Parameters
    ----------
    definition
        The table, its columns with the kinds that they turned out to have.
    table
        Columns by canonical names.
    latest
        The last day on which something can have happened.
    """
    canonical = definition.canonical
    by_name = {column.name: column for column in definition.columns if column.name in table.columns}
    end = ibis.timestamp((latest + datetime.timedelta(days=1)).isoformat())
    for name, column in by_name.items():
        own, values = canonical.fields.get(name), table[name]
        if own is not None and own.required and not (own.kind == "id" and canonical.of_customers):
            yield Rule(name, "present", values.isnull())
        if own is not None and own.not_negative:
            yield Rule(name, "not_negative", values < 0)
        for first, later in canonical.ordered:
            if name == first and later in by_name:
                details = {"column": first, "later": later, "why": _WHY.get(first, "")}
                details["an"] = "an" if first[0] in "aeiou" else "a"
                yield Rule(name, "ordered", values > table[later], details)
        past = own is not None and own.past
        if past:
            yield Rule(name, "past", values.cast("timestamp") >= end, {"latest": latest.isoformat()})
        if column.kind in TEMPORAL:
            yield _era(name, values, latest, below_only=past)
        if canonical.time and name in (canonical.time, "entry") and definition.time_unit in _A_YEAR:
            yield _long(name, values, definition.time_unit)
        yield from _of_meaning(column, values)
    if {"cancelled", "amount"} <= set(by_name):
        yield Rule("amount", "cancelled_positive", table["cancelled"] & (table["amount"] > 0))


def _era(name: str, values: ir.Value, latest: datetime.date, *, below_only: bool) -> Rule:
    """Dates of another time are codes or slips. The first day of 1900 is how old programs say *none*."""
    last = min(latest.year + _YEARS_AHEAD, datetime.MAXYEAR - 1)
    broken = values.cast("timestamp") < ibis.timestamp(f"{FIRST_YEAR}-01-02")
    if not below_only:
        broken |= values.cast("timestamp") >= ibis.timestamp(f"{last + 1}-01-01")
    return Rule(name, "era", broken, {"last": str(last)})


def _long(name: str, values: ir.Value, unit: str) -> Rule:
    return Rule(name, "long", values > _LONGEST_YEARS * _A_YEAR[unit], {"years": str(_LONGEST_YEARS), "unit": unit})


def advice(table: str) -> str:
    """What to do about rows that share an id."""
    return sentence(_ADVICE[table])


def _of_meaning(column: ColumnDefinition, values: ir.Value) -> Iterator[Rule]:
    if column.kind == "rating":
        low, high = column.scale
        details = {"low": f"{low:g}", "high": f"{high:g}"}
        yield Rule(column.name, "in_scale", (values < low) | (values > high), details)
        inside = (values >= low) & (values <= high)
        yield Rule(column.name, "whole", inside & (values != values.floor()), {"what": "a point of the scale"})
    if column.weighting:
        yield Rule(column.name, "present", values.isnull())
    if column.weighting == "frequency":
        yield Rule(column.name, "whole", values != values.floor(), {"what": "how many equal rows there were"})


def details(column: ColumnDefinition) -> dict[str, str]:
    """What the sentence on an unreadable value needs."""
    if column.kind == "boolean":
        return {"truths": _truths(column)}
    if column.kind not in TEMPORAL:
        return {}
    day = "2026-10-31" if column.kind == "date" else "2026-10-31 14:05"
    return {"form": " or ".join(column.formats) or f"ISO 8601, as {day}"}


def _truths(column: ColumnDefinition) -> str:
    if not column.true_values:
        return sentence("expected 0 or 1. Name the codes under true_values: and false_values:")
    listed = listing([shown(value) for value in (*column.true_values, *column.false_values)], "or")
    return sentence("expected {listed}. Add it to true_values:, false_values: or missing:", listed=listed)
