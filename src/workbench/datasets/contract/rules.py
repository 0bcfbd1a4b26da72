"""What the values of a canonical table must keep, as conditions on its rows, and their breaches in words."""

import datetime
from collections.abc import Callable, Iterator, Mapping
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


# What is said of a rule that is broken ("{rows} with …"), in the order in which a column's violations are told.
RULES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "present": lambda said: sentence(
        "no value{examples}; expected one in every row. Complete the rows; "
        "those that are no data (notes, totals) go under skip:, and sql: can choose rows",
        **said,
    ),
    "exact": lambda said: sentence(
        "an id that is written as a decimal and too long for one{examples}; expected text or whole numbers. "
        "Beyond 2^53 (9,007,199,254,740,992) decimals are not exact, so several ids may have become one: write the "
        "file again with the ids as text",
        **said,
    ),
    "unique": lambda said: sentence(
        "an id that an earlier row has{examples}; expected one row for each {what}. {advice}", **said
    ),
    "no_overlap": lambda said: sentence(
        "an entry before the end of the same customer's earlier row{examples}; expected episodes that follow "
        "each other: entry is when a row begins and duration when it ends, both since the customer's start",
        **said,
    ),
    "last_event": lambda said: sentence(
        "an event before the same customer's last row{examples}; expected it in the last episode alone. If "
        "customers came back, each contract is a row of its own without customer_id, or the table is subscriptions",
        **said,
    ),
    "long": lambda said: sentence(
        "a time of more than {years} years when it counts {unit}{examples}; expected less. Write the unit that the "
        "column has under unit: (days, weeks, months or years), and list codes under missing:",
        **said,
    ),
    "era": lambda said: sentence("a date outside 1900 to {last}{examples}; expected none. {codes}", **said),
    "not_negative": lambda said: sentence(
        "a negative value{examples}; expected 0 or more. If it is a code for a missing value, list it under missing:",
        **said,
    ),
    "share": lambda said: sentence(
        "a share below 0 or above 1{examples}; expected 0 to 1. Percentages become shares by scale: 0.01", **said
    ),
    "ordered": lambda said: sentence(
        "{an} {column} after the {later}{examples}; expected {column} ≤ {later}{why}", **said
    ),
    "past": lambda said: sentence(
        "a time in the future{examples}; expected none after {latest}. Correct the dates, or list a date that "
        "says 'none' under missing:",
        **said,
    ),
    "in_scale": lambda said: sentence(
        "a rating outside its scale{examples}; expected {low} to {high}. List codes under missing: or not_applicable:",
        **said,
    ),
    "whole": lambda said: sentence("a value that is no whole number{examples}; expected {what}", **said),
    "cancelled_positive": lambda said: sentence(
        "a cancellation of more than 0{examples}; expected an amount of 0 or less. "
        "Check cancelled:, or the sign of amount",
        **said,
    ),
    "one_currency": lambda said: sentence(
        "another currency than {currency}{examples}; expected one currency a table. "
        "Convert amounts before they enter, or split the dataset",
        **said,
    ),
    "a_number": lambda said: sentence("a value that is no number{examples}; expected a number. {hint}", **said),
    "a_truth": lambda said: sentence("a value that is neither true nor false{examples}; {truths}", **said),
    "a_date": lambda said: sentence("a value that is no date{examples}; expected {form}. {hint}", **said),
    "a_timestamp": lambda said: sentence("a value that is no time{examples}; expected {form}. {hint}", **said),
    "listed": lambda said: sentence(
        "a value that is not listed under values:{examples}; list it there or under missing:", **said
    ),
    "one_type": lambda said: sentence(
        "a value that is no number{examples}, where most values are numbers; expected one type. {hint}", **said
    ),
}
# Those whose sentence ends with what to write so that the values can be read.
WITH_HINT = ("a_number", "a_date", "a_timestamp", "one_type")
FIRST_YEAR = 1900  # no customer, order or answer is older; 1900-01-01 is how old programs say none
_YEARS_AHEAD = 100  # after the extract: contracts end earlier, 2999 and 9999 are codes
_LONGEST_YEARS = 101  # longer than any customer stays, and still a unit wrong by 7 shows
_A_YEAR = {"days": 365.25, "weeks": 52.1775, "months": 12, "years": 1}
# What rows that share an id may be, and what to write then. Nothing is thrown away by hand.
_ADVICE: Mapping[str, Callable[[], str]] = {
    "customers": lambda: sentence(
        "If each row is a contract, the table is subscriptions, and if it is an order, transactions; where "
        "what is known of a customer has changed, say in sql: which of the rows counts"
    ),
    "lifetimes": lambda: sentence(
        "If the rows are episodes of one customer, map entry: (when each begins); if they are contracts of "
        "their own, leave customer_id out or make the table subscriptions"
    ),
    "surveys": lambda: sentence(
        "If people answered again, map this id as customer_id and leave response_id out: then each row is an "
        "answer; if an answer was sent again or corrected, say in sql: which of the rows counts"
    ),
    "initiatives": lambda: sentence("Give each initiative a name of its own"),
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
        if own is not None and own.share:
            yield Rule(name, "share", (values < 0) | (values > 1))
        for first, later in canonical.ordered:
            if name == first and later in by_name:
                details = {
                    "column": first,
                    "later": later,
                    "why": sentence(", both from the same start") if first == "entry" else "",
                }
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
    """What to do about rows that share an id.

    Parameters
    ----------
    table
        Name of a canonical table.
    """
    return _ADVICE[table]()


def _of_meaning(column: ColumnDefinition, values: ir.Value) -> Iterator[Rule]:
    if column.kind == "rating" and column.scale:
        low, high = column.scale
        details = {"low": f"{low:g}", "high": f"{high:g}"}
        yield Rule(column.name, "in_scale", (values < low) | (values > high), details)
        inside = (values >= low) & (values <= high)
        yield Rule(
            column.name, "whole", inside & (values != values.floor()), {"what": sentence("a point of the scale")}
        )
    if column.weighting:
        yield Rule(column.name, "present", values.isnull())
    if column.weighting == "frequency":
        yield Rule(column.name, "whole", values != values.floor(), {"what": sentence("how many equal rows there were")})


def details(column: ColumnDefinition) -> dict[str, str]:
    """What the sentence on an unreadable value needs.

    Parameters
    ----------
    column
        As dataset.yaml defines it.
    """
    if column.kind == "boolean":
        return {"truths": _truths(column)}
    if column.kind not in TEMPORAL:
        return {}
    day = "2026-10-31" if column.kind == "date" else "2026-10-31 14:05"
    return {"form": listing(column.formats, "or") or sentence("ISO 8601, as {day}", day=day)}


def _truths(column: ColumnDefinition) -> str:
    if not column.true_values:
        return sentence("expected 0 or 1. Name the codes under true_values: and false_values:")
    listed = listing([shown(value) for value in (*column.true_values, *column.false_values)], "or")
    return sentence("expected {listed}. Add it to true_values:, false_values: or missing:", listed=listed)
