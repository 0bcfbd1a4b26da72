"""What is no violation and must be known all the same: checks that a table brings along."""

from collections import Counter
from collections.abc import Mapping, Sequence

from workbench.datasets.definitions.canonical import ROW_ID
from workbench.datasets.definitions.dataset import TableDefinition
from workbench.datasets.definitions.phrases import names, rows
from workbench.datasets.definitions.uses import NOT_BY_DEFAULT
from workbench.datasets.reading.headers import names_among
from workbench.findings import Check
from workbench.wording import listing, number, percent, sentence, shown

# Why a column seems to tell a person.
LOOKS: Mapping[str, str] = {
    "values": "there are e-mail addresses, or numbers such as those of telephones, accounts or identity cards, in it",
    "name": "its name speaks of a person",
    "unlike": "nearly every row has a text of its own, as names and remarks do",
}


def remarks(
    definition: TableDefinition,
    numbers: Mapping[str, object],
    double_rows: int,
    replaced: Mapping[str, str],
    *,
    fictional: bool,
) -> tuple[Check, ...]:
    """The checks of a table.

    Parameters
    ----------
    numbers
        Counts by name, as `door` has taken them.
    double_rows
        Rows that repeat an earlier one in every column of the file.
    replaced
        What became of personal columns: `pseudonym`, `true` (a row number) or `drop`.
    """
    checks: list[Check] = []

    def say(name: str, message: str, value: int | None = None, status: str = "warn", **more: str) -> None:
        checks.append(Check(name=f"{definition.name}_{name}", status=status, message=message, value=value, **more))

    def count(name: str, template: str, key: str, **more: str) -> None:
        if value := int(numbers.get(key) or 0):
            say(name, sentence(template, rows=rows(value), **more), value)

    canonical, row_id = definition.canonical, ROW_ID.get(definition.name)
    mapped = {column.name for column in definition.columns}
    if fictional:
        message = sentence("The data are fictional: they show how the study works, not how customers behave.")
        say("fictional", message, title=sentence("Fictional data"), kind="always")
    if row_id:
        what = canonical.fields[row_id].one_row_of
        if row_id not in mapped:
            template = "No column identifies a {what}: ids are row numbers, valid in this file alone."
            say("row_numbers", sentence(template, what=what), status="pass")
        elif replaced.get(row_id) == "true":
            template = "The id is personal and did not enter: ids are row numbers, valid in this file alone."
            say("row_numbers", sentence(template), status="pass")
        count(
            "no_id",
            "{rows} without an id, each kept as a {what} of its own and named by its row number.",
            f"missing {row_id}",
            what=what,
        )
    if double_rows:
        same = sentence("the same customers") if row_id == "customer_id" else sentence("the same event")
        template = (
            "{rows} equal to an earlier one in every column of the file, and kept: "
            "without an id nobody can tell whether they are {same}."
        )
        say("double_rows", sentence(template, rows=rows(double_rows), same=same), double_rows)
    if canonical.of_customers and (without := int(numbers["rows"]) - int(numbers["kept"])):
        share = percent(without / int(numbers["rows"]))
        template = "{rows} ({share}) without a customer, kept out of this table."
        say("no_customer", sentence(template, rows=rows(without), share=share), without)
    if canonical.name == "surveys" and (idle := int(numbers["rows"]) - int(numbers["kept"])):
        share = percent(idle / int(numbers["rows"]))
        template = "{rows} ({share}) with a weight of 0, kept out of this table: they stand for nobody."
        say("zero_weights", sentence(template, rows=rows(idle), share=share), idle)
    if kept_back := [column for column in definition.columns if column.use in NOT_BY_DEFAULT]:
        told = listing([sentence("{name} ({use})", name=shown(each.name), use=each.use) for each in kept_back])
        message = sentence("Studies take these only where they ask for them: {columns}.", columns=told)
        say("uses", message, len(kept_back), "pass")
    if double := int(numbers.get("episodes") or 0):
        template = "{rows} are episodes of {count} customers: a customer's rows follow each other."
        count_rows = int(numbers["kept"])
        message = sentence(template, rows=rows(count_rows), count=number(count_rows - double))
        say("episodes", message, double, "pass")
    if out := [column.name for column in definition.columns if replaced.get(column.name) == "drop"]:
        say(
            "personal_columns", sentence("Marked personal, so they did not enter: {names}.", names=names(out)), len(out)
        )
    coded = [column.name for column in definition.columns if replaced.get(column.name) == "pseudonym"]
    if coded:
        message = sentence("Replaced by pseudonyms (keyed hashes): {names}.", names=names(coded))
        say("pseudonyms", message, len(coded), "pass")
    if canonical.name == "customers" and (aliases := int(numbers["rows"]) - int(numbers["kept"])):
        template = "{rows} of ids that are aliases of another customer, kept out."
        say("aliases", sentence(template, rows=rows(aliases)), aliases)
    else:
        count("aliases", "{rows} with an alias, which became the customer's own id.", "aliases")
    for name in coded:
        template = (
            "{rows} with the {column} of an earlier row under another {id}: perhaps one customer under several ids. "
            "A table of aliases: says which ids are one."
        )
        count(f"shared_{name}", template, f"shared {name}", column=name, id="customer_id")
    template = "{rows} with a duration of 0 {unit}: ended, or last seen, at the very start."
    count("zero_durations", template, "zero durations", unit=definition.time_unit)
    template = "{rows} with an entry at the very time of the end, so never under observation."
    count("never_at_risk", template, "never at risk")
    if canonical.name == "lifetimes" and numbers.get("events") == 0:
        say("no_events", sentence("Nobody has left: event is true in no row, and no study of leaving can be run."))
    if canonical.name == "surveys" and not any(column.role == "outcome" for column in definition.columns):
        say("no_outcome", sentence("No item has role: outcome, so a study of drivers must be told which one it is."))
    count("cancelled", "{rows} of cancellations; their amounts are negative and net what was bought.", "cancelled")
    count("refunds", "{rows} with a negative amount: refunds, which net what was bought.", "refunds")
    count("zero_amounts", "{rows} with an amount of 0.", "zero amounts")
    count("zero_prices", "{rows} with a price of 0.", "zero prices")
    template = (
        "{rows} with an end twenty years ahead or more: perhaps a code for no end; if so, list it under missing:. "
        "As they are they count as planned."
    )
    count("far_ends", template, "far ends")
    template = "{rows} with a start on 1970-01-01, which is how a computer writes 0; if so, list it under missing:."
    count("clock_zero", template, "clock zero")
    unnamed = {key.split()[1]: int(value) for key, value in numbers.items() if key.startswith("unnamed ") and value}
    if unnamed:
        template = "Columns without a name have values and do not enter: {places}. They are called so under from:."
        places = names(sentence("column {place}", place=place) for place in unnamed)
        say("unnamed_columns", sentence(template, places=places), len(unnamed))
    return tuple(checks)


def unmarked(definition: TableDefinition, looks: Mapping[str, str]) -> tuple[Check, ...]:
    """A warning of each column that enters as it is and seems to tell a person.

    Parameters
    ----------
    looks
        Why (key of `LOOKS`), by the column's name.
    """
    checks = []
    for column in definition.columns:
        if column.name not in looks or column.impersonal:
            continue
        field = definition.canonical.fields.get(column.name)
        replaceable, needed = column.kind in ("id", "text", "category"), field is not None and field.required
        ways = ["personal: pseudonym"] * replaceable + ["personal: drop"] * (not needed)
        template = (
            "{table}.{column} enters unmarked and looks personal: {why}. Mark it {ways}, "
            "or personal: false if it tells nobody."
        )
        names = {"table": definition.name, "column": column.name, "why": sentence(LOOKS[looks[column.name]])}
        message = sentence(template, **names, ways=sentence(" or ").join(ways))
        checks.append(Check(name=f"{definition.name}_looks_personal_{column.name}", status="warn", message=message))
    return tuple(checks)


def double_headers(table: str, headers: Sequence[str]) -> tuple[Check, ...]:
    """A warning of columns that share a header, with the names by which they are reached."""
    double = {header: count for header, count in Counter(headers).items() if count > 1 and header}
    if not double:
        return ()
    told = names_among(list(double))
    which = ", ".join(f"{name} ({double[name]} times)" for name in map(str, told)) or sentence("several times")
    template = (
        "{table}: the header has a name more than once: {which}. Such columns are called by their order, as in "
        'from: "name (2)".'
    )
    message = sentence(template, table=table, which=which)
    return (Check(name=f"{table}_double_headers", status="warn", message=message, value=len(double)),)


def dates_of_a_place(definition: TableDefinition, midnights: Mapping[str, str]) -> tuple[Check, ...]:
    """A word on times with an offset that are dates of one place; see `moments.midnights_of`."""
    checks = []
    for name, kind in midnights.items():
        template = "{table}.{column}: all times are midnights where they were written, so they count as those days."
        if kind == "elsewhere":
            template = (
                "{table}.{column}: all times show one time of the day, as midnights of another place do, so they count "
                "as days of that place. If they are times, write time_zone:."
            )
        message = sentence(template, table=definition.name, column=name)
        status = "warn" if kind == "elsewhere" else "pass"
        checks.append(Check(name=f"{definition.name}_midnights_{name}", status=status, message=message))
    return tuple(checks)


def unread_sheets(definition: TableDefinition, unread: Sequence[str]) -> tuple[Check, ...]:
    """The sheets of a workbook that do not enter: a warning, unless dataset.yaml names those that do."""
    if not unread:
        return ()
    said = bool(definition.origin.sheets)
    template = "{table}: {sheets} of the workbook are not read."
    if len(unread) == 1:
        template = "{table}: {sheets} of the workbook is not read."
    if not said:
        template += ' Write sheet: with the name of the one that is meant, a list of names, or "*" for all.'
    sheets = sentence("sheet {names}" if len(unread) == 1 else "the sheets {names}", names=names(unread))
    message = sentence(template, table=definition.name, sheets=sheets)
    status = "pass" if said else "warn"
    return (Check(name=f"{definition.name}_unread_sheets", status=status, message=message, value=len(unread)),)
