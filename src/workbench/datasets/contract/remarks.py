"""What is no violation and must be known all the same: checks that a table brings along."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.datasets.contract.counted import Numbers
from workbench.datasets.definitions.canonical import ROW_ID
from workbench.datasets.definitions.dataset import TableDefinition
from workbench.datasets.definitions.phrases import names, rows
from workbench.datasets.definitions.uses import NOT_BY_DEFAULT
from workbench.datasets.reading.headers import names_among
from workbench.findings import Check, Status
from workbench.wording import listing, number, percent, sentence, shown


@dataclass(frozen=True)
class _Counted:
    """A table with what was counted of it.

    Attributes
    ----------
    definition
        The table.
    numbers
        Counts by name, as `door` has taken them.
    double_rows
        Rows that repeat an earlier one in every column of the file.
    replaced
        What became of personal columns: `pseudonym`, `true` (a row number) or `drop`.
    """

    definition: TableDefinition
    numbers: Numbers
    double_rows: int
    replaced: Mapping[str, str]

    def count(self, name: str) -> int:
        """How many there are of something; 0 where it was not counted."""
        return int(self.numbers.get(name) or 0)

    @property
    def left_out(self) -> int:
        """Rows that did not enter."""
        return self.count("rows") - self.count("kept")

    def became(self, fate: str) -> list[str]:
        """Personal columns by what became of them."""
        return [column.name for column in self.definition.columns if self.replaced.get(column.name) == fate]

    def warn(self, name: str, title: str, message: str, value: int | None = None) -> Check:
        """A warning about this table."""
        return Check(name=f"{self.definition.name}_{name}", status="warn", message=message, value=value, title=title)

    def note(self, name: str, message: str, value: int | None = None) -> Check:
        """What is to be known about this table and makes nothing worse."""
        return Check(name=f"{self.definition.name}_{name}", status="pass", message=message, value=value)


def remarks(
    definition: TableDefinition,
    numbers: Numbers,
    double_rows: int,
    replaced: Mapping[str, str],
    *,
    fictional: bool,
) -> tuple[Check, ...]:
    """The checks of a table.

    Parameters
    ----------
    definition
        The table.
    numbers
        Counts by name, as `door` has taken them.
    double_rows
        Rows that repeat an earlier one in every column of the file.
    replaced
        What became of personal columns: `pseudonym`, `true` (a row number) or `drop`.
    fictional
        Whether the data are made up.
    """
    table = _Counted(definition, numbers, double_rows, replaced)
    checks = [*_of_ids(table), *_of_rows(table), *_of_columns(table), *_of_aliases(table)]
    checks += [*_of_what_is_lacking(table), *_of_values(table), *_of_nameless(table)]
    if not fictional:
        return tuple(checks)
    message = sentence("The data are fictional: they show how the study works, not how customers behave.")
    title = sentence("Fictional data")
    name = f"{definition.name}_fictional"
    return (Check(name=name, status="warn", message=message, title=title, kind="always"), *checks)


def _of_ids(table: _Counted) -> Iterator[Check]:
    """What stands for a row where no column does."""
    row_id = ROW_ID.get(table.definition.name)
    if not row_id:
        return
    what = table.definition.canonical.fields[row_id].one_row_of
    if not any(column.name == row_id for column in table.definition.columns):
        template = "No column identifies a {what}: ids are row numbers, valid in this file alone."
        yield table.note("row_numbers", sentence(template, what=what))
    elif table.replaced.get(row_id) == "true":
        message = sentence("The id is personal and did not enter: ids are row numbers, valid in this file alone.")
        yield table.note("row_numbers", message)
    if n := table.count(f"missing {row_id}"):
        template = "{rows} without an id, each kept as a {what} of its own and named by its row number."
        yield table.warn("no_id", sentence("Rows without an id"), sentence(template, rows=rows(n), what=what), n)


def _of_rows(table: _Counted) -> Iterator[Check]:
    """Rows that stand twice, are left out, or are episodes."""
    name = table.definition.name
    if n := table.double_rows:
        template = (
            "{rows} equal to an earlier one in every column of the file, and kept: without an id nobody can tell "
            "whether they are the same event."
        )
        if ROW_ID.get(name) == "customer_id":
            template = (
                "{rows} equal to an earlier one in every column of the file, and kept: without an id nobody can tell "
                "whether they are the same customers."
            )
        yield table.warn("double_rows", sentence("Rows that are equal"), sentence(template, rows=rows(n)), n)
    n = table.left_out
    if n and table.definition.canonical.of_customers:
        template = "{rows} ({share}) without a customer, kept out of this table."
        message = sentence(template, rows=rows(n), share=percent(n / table.count("rows")))
        yield table.warn("no_customer", sentence("Rows without a customer left out"), message, n)
    if n and name == "surveys":
        template = "{rows} ({share}) with a weight of 0, kept out of this table: they stand for nobody."
        message = sentence(template, rows=rows(n), share=percent(n / table.count("rows")))
        yield table.warn("zero_weights", sentence("Answers with a weight of 0 left out"), message, n)
    if n := table.count("episodes"):
        kept = table.count("kept")
        template = "{rows} are episodes of {count} customers: a customer's rows follow each other."
        yield table.note("episodes", sentence(template, rows=rows(kept), count=number(kept - n)), n)


def _of_columns(table: _Counted) -> Iterator[Check]:
    """Columns that studies do not see, or that did not enter as they are."""
    if kept_back := [column for column in table.definition.columns if column.use in NOT_BY_DEFAULT]:
        told = listing([f"{shown(each.name)} ({each.use})" for each in kept_back])
        message = sentence("Studies take these only where they ask for them: {columns}.", columns=told)
        yield table.note("uses", message, len(kept_back))
    if out := table.became("drop"):
        message = sentence("Marked personal, so they did not enter: {names}.", names=names(out))
        yield table.note("personal_columns", message, len(out))
    if coded := table.became("pseudonym"):
        message = sentence("Replaced by pseudonyms (keyed hashes): {names}.", names=names(coded))
        yield table.note("pseudonyms", message, len(coded))


def _of_aliases(table: _Counted) -> Iterator[Check]:
    """One customer under several ids: known, or perhaps."""
    if table.definition.name == "customers" and (n := table.left_out):
        message = sentence("{rows} of ids that are aliases of another customer, kept out.", rows=rows(n))
        yield table.warn("aliases", sentence("Ids that are aliases"), message, n)
    elif n := table.count("aliases"):
        message = sentence("{rows} with an alias, which became the customer's own id.", rows=rows(n))
        yield table.warn("aliases", sentence("Ids that are aliases"), message, n)
    for name in table.became("pseudonym"):
        if n := table.count(f"shared {name}"):
            template = (
                "{rows} with the {column} of an earlier row under another {id}: perhaps one customer under several "
                "ids. A table of aliases: says which ids are one."
            )
            yield table.warn(
                f"shared_{name}",
                sentence("One customer under several ids?"),
                sentence(template, rows=rows(n), column=name, id="customer_id"),
                n,
            )


def _of_what_is_lacking(table: _Counted) -> Iterator[Check]:
    """What a study of such a table cannot do without."""
    definition = table.definition
    if definition.name == "lifetimes" and table.numbers.get("events") == 0:
        message = sentence("Nobody has left: event is true in no row, and no study of leaving can be run.")
        yield table.warn("no_events", sentence("Nobody has left"), message)
    if definition.name == "surveys" and not any(column.role == "outcome" for column in definition.columns):
        message = sentence("No item has role: outcome, so a study of drivers must be told which one it is.")
        yield table.warn("no_outcome", sentence("No outcome among the items"), message)


def _of_values(table: _Counted) -> Iterator[Check]:
    """Values that are allowed and seldom meant."""
    for column in table.definition.columns:
        said, lacking = table.count(f"worded {column.name}"), table.count(f"missing {column.name}")
        if said and lacking:
            template = (
                "column {column}: {rows} with the level {level}, and {n} without a value: they are shown as two "
                "groups. List it under missing: if it means that, or give it another name."
            )
            told = {"column": shown(column.name), "level": shown(sentence("not stated")), "n": number(lacking)}
            message = sentence(template, **told, rows=rows(said))
            yield table.warn(f"not_stated_{column.name}", sentence("A level is called like no value"), message, said)
    if n := table.count("zero durations"):
        template = "{rows} with a duration of 0 {unit}: ended, or last seen, at the very start."
        message = sentence(template, rows=rows(n), unit=table.definition.time_unit)
        yield table.warn("zero_durations", sentence("Durations of 0"), message, n)
    if n := table.count("never at risk"):
        message = sentence(
            "{rows} with an entry at the very time of the end, so never under observation.", rows=rows(n)
        )
        yield table.warn("never_at_risk", sentence("Rows never under observation"), message, n)
    if n := table.count("cancelled"):
        template = "{rows} of cancellations; their amounts are negative and net what was bought."
        yield table.note("cancelled", sentence(template, rows=rows(n)), n)
    if n := table.count("refunds"):
        message = sentence("{rows} with a negative amount: refunds, which net what was bought.", rows=rows(n))
        yield table.note("refunds", message, n)
    if n := table.count("zero amounts"):
        yield table.warn(
            "zero_amounts", sentence("Amounts of 0"), sentence("{rows} with an amount of 0.", rows=rows(n)), n
        )
    if n := table.count("zero prices"):
        yield table.warn("zero_prices", sentence("Prices of 0"), sentence("{rows} with a price of 0.", rows=rows(n)), n)
    if n := table.count("far ends"):
        template = (
            "{rows} with an end twenty years ahead or more: perhaps a code for no end; if so, list it under missing:. "
            "As they are they count as planned."
        )
        yield table.warn("far_ends", sentence("Ends far ahead"), sentence(template, rows=rows(n)), n)
    if n := table.count("clock zero"):
        template = "{rows} with a start on 1970-01-01, which is how a computer writes 0; if so, list it under missing:."
        yield table.warn("clock_zero", sentence("Starts on 1970-01-01"), sentence(template, rows=rows(n)), n)


def _of_nameless(table: _Counted) -> Iterator[Check]:
    """Columns without a name that hold values."""
    found = [key.split()[1] for key, value in table.numbers.items() if key.startswith("unnamed ") and value]
    if found:
        template = "Columns without a name have values and do not enter: {places}. They are called so under from:."
        places = names(sentence("column {place}", place=place) for place in found)
        yield table.warn(
            "unnamed_columns",
            sentence("Columns without a name left out"),
            sentence(template, places=places),
            len(found),
        )


def unmarked(definition: TableDefinition, looks: Mapping[str, str]) -> tuple[Check, ...]:
    """A warning of each column that enters as it is and seems to tell a person.

    Parameters
    ----------
    looks
        Why (see `privacy.looks`), by the column's name.
    definition
        The table.
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
        names = {"table": definition.name, "column": column.name, "why": _look(looks[column.name])}
        message = sentence(template, **names, ways=sentence(" or ").join(ways))
        title = sentence("A column looks personal")
        name = f"{definition.name}_looks_personal_{column.name}"
        checks.append(Check(name=name, status="warn", message=message, title=title))
    return tuple(checks)


def _look(why: str) -> str:
    """Why a column seems to tell a person (`privacy.looks`)."""
    match why:
        case "values":
            return sentence(
                "there are e-mail addresses, or numbers such as those of telephones, accounts or identity cards, in it"
            )
        case "name":
            return sentence("its name speaks of a person")
        case _:
            return sentence("nearly every row has a text of its own, as names and remarks do")


def double_headers(table: str, headers: Sequence[str]) -> tuple[Check, ...]:
    """A warning of columns that share a header, with the names by which they are reached.

    Parameters
    ----------
    table
        Name of the table.
    headers
        As they stand in the file.
    """
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
    title, name = sentence("Several columns of one name"), f"{table}_double_headers"
    return (Check(name=name, status="warn", message=message, value=len(double), title=title),)


def dates_of_a_place(definition: TableDefinition, midnights: Mapping[str, str]) -> tuple[Check, ...]:
    """A word on times with an offset that are dates of one place; see `moments.midnights_of`.

    Parameters
    ----------
    definition
        The table.
    midnights
        What midnights their times are (`moments.midnights_of`), by the column's name.
    """
    checks = []
    for name, kind in midnights.items():
        template = "{table}.{column}: all times are midnights where they were written, so they count as those days."
        if kind == "elsewhere":
            template = (
                "{table}.{column}: all times show one time of the day, as midnights of another place do, so they count "
                "as days of that place. If they are times, write time_zone:."
            )
        message = sentence(template, table=definition.name, column=name)
        status: Status = "warn" if kind == "elsewhere" else "pass"
        title = sentence("Times that are days of another place")
        checks.append(Check(name=f"{definition.name}_midnights_{name}", status=status, message=message, title=title))
    return tuple(checks)


def unread_sheets(definition: TableDefinition, unread: Sequence[str]) -> tuple[Check, ...]:
    """The sheets of a workbook that do not enter: a warning, unless dataset.yaml names those that do.

    Parameters
    ----------
    definition
        The table.
    unread
        Names of sheets.
    """
    if not unread:
        return ()
    said, given = bool(definition.origin.sheets), {"table": definition.name, "sheets": names(unread)}
    if said and len(unread) == 1:
        message = sentence("{table}: sheet {sheets} of the workbook is not read.", **given)
    elif said:
        message = sentence("{table}: the sheets {sheets} of the workbook are not read.", **given)
    elif len(unread) == 1:
        message = sentence(
            "{table}: sheet {sheets} of the workbook is not read. Write sheet: with the name of the one that is meant, "
            'a list of names, or "*" for all.',
            **given,
        )
    else:
        message = sentence(
            "{table}: the sheets {sheets} of the workbook are not read. Write sheet: with the name of the one that is "
            'meant, a list of names, or "*" for all.',
            **given,
        )
    status: Status = "pass" if said else "warn"
    title, name = sentence("Sheets that are not read"), f"{definition.name}_unread_sheets"
    return (Check(name=name, status=status, message=message, value=len(unread), title=title),)
