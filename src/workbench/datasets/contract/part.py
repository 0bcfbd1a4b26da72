"""A part of a dataset: which customers (or answers) a condition chooses, and the rows that they bring along."""

import datetime
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from workbench.datasets.contract.opened import Opened
from workbench.datasets.definitions import where
from workbench.datasets.definitions.canonical import NUMERIC, TEMPORAL
from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition
from workbench.datasets.definitions.phrases import names
from workbench.datasets.definitions.where import Comparison, Junction, Literal, Negation, Tree
from workbench.datasets.reading.connection import Connection
from workbench.errors import ParameterError
from workbench.findings import Check
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import listing, number, sentence, shown, suggestion

PART = "part"
"""Name of the check that says which part of a dataset is used."""
ANSWERS = "surveys"  # a table whose rows are chosen one by one
_CHOSEN = "_part"
_COMPARE: Mapping[str, Callable[[ir.Value, ir.Value], ir.BooleanValue]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MOST_LEVELS = 1000  # of a column that a condition names; with more it is no group


@dataclass(frozen=True)
class Part:
    """What a condition leaves of a dataset.

    Attributes
    ----------
    normal
        The condition in its one notation.
    trees
        What the rows of each table that it names must meet.
    rowwise
        Tables of which single rows are chosen: answers, and rows that no customer connects.
    customers
        The chosen `customer_id`; None where rows alone are chosen.
    chosen, everybody
        How many customers (or rows) there are in it, and in all.
    of_extract
        Columns of the condition that say how customers were on the day of the extract, not when anything happened.
    """

    normal: str
    trees: Mapping[str, Tree]
    rowwise: tuple[str, ...]
    customers: ir.Table | None
    chosen: int
    everybody: int
    of_extract: tuple[str, ...] = ()

    def of(self, table: ir.Table, definition: TableDefinition, *, linked: bool) -> ir.Table:
        """The rows of a table that are in the part.

        Parameters
        ----------
        table
            Columns by canonical names, before ratings are turned.
        definition
            With the kinds that the columns turned out to have.
        linked
            Whether its `customer_id` is one that other tables know.

        Raises
        ------
        ParameterError
            When nothing tells which of its rows are in the part.
        """
        if definition.name in self.rowwise:
            return table.filter(condition(self.trees[definition.name], _values(table, definition, turned=False)))
        if definition.canonical.name == "initiatives":
            return table
        if self.customers is None or not linked:
            template = "where: chooses {what}, and nothing tells which rows of {table} belong to them: {lacking}."
            lacking = self.rowwise[0] if self.customers is None else definition.name
            what = sentence("customers") if self.customers is not None else sentence("rows of {table}", table=lacking)
            missing = sentence("{table} has no customer_id", table=lacking)
            raise ParameterError(sentence(template, what=what, table=definition.name, lacking=missing))
        return table.filter(table["customer_id"].isin(self.customers["customer_id"]))

    def check(self, text: str) -> Check:
        """What the part is, for the report.

        Parameters
        ----------
        text
            The condition, as it was given.
        """
        message = sentence(
            "A part of the dataset: {where} ({chosen} of {everybody}).",
            where=text,
            chosen=number(self.chosen),
            everybody=number(self.everybody),
        )
        if self.of_extract:
            template = (
                "{columns}: as known on the day of the extract, so who has changed since is chosen by the last value."
            )
            message += " " + sentence(template, columns=listing(self.of_extract))
        title = sentence("A part of the dataset")
        return Check(name=PART, status="pass", message=message, value=self.chosen, title=title, kind="always")


def choose(asked: Mapping[str, Tree], opened: Mapping[str, Opened], connection: Connection, normal: str) -> Part:
    """The part of a dataset.

    Parameters
    ----------
    asked
        See `tables_of`.
    opened
        Those tables, whole.
    normal
        The condition in its one notation.
    connection
        Where rows are laid out.

    Raises
    ------
    ParameterError
        Every comparison that does not fit its column: one that may tell a person, another type, a value that no row
        has. A part of nobody, or of fewer than ten, with the count.
    """
    faults = [fault for table, tree in asked.items() for fault in _faults(tree, opened[table], connection)]
    if faults:
        raise ParameterError(*faults)
    rowwise = tuple(name for name in asked if name == ANSWERS or not linked(opened[name]))
    ids: list[ir.Table] = []
    rows: list[tuple[ir.Table, ir.Table]] = []
    for name, tree in asked.items():
        table = opened[name].table
        met = table.filter(condition(tree, _values(table, opened[name].definition, turned=True)))
        rows.append((met, table))
        if linked(opened[name]):
            ids.append(met.filter(met["customer_id"].notnull()).select("customer_id").distinct())
    customers = None
    if ids:
        customers = connection.keep(_CHOSEN, reduce(lambda one, other: one.semi_join(other, "customer_id"), ids))
    if customers is None or rowwise:
        met, table = rows[next(i for i, name in enumerate(asked) if name in rowwise)]
        what = sentence("rows of {table}", table=rowwise[0])
    else:
        met, table = customers, opened[next(iter(asked))].table.select("customer_id").distinct()
        what = sentence("customers")
    ((chosen, everybody),) = connection.execute(
        f"SELECT (SELECT count(*) FROM ({connection.sql(met)})), (SELECT count(*) FROM ({connection.sql(table)}))"
    )
    if not chosen:
        template = "where: {normal} leaves nobody of {everybody} {what}; `workbench data show` tells what columns hold."
        raise ParameterError(sentence(template, normal=normal, everybody=number(everybody), what=what))
    if chosen < SMALLEST_GROUP:
        template = (
            "where: {normal} leaves {chosen} of {everybody} {what}, expected {least} or more; ask for a larger part."
        )
        counts = {"chosen": number(chosen), "everybody": number(everybody), "least": number(SMALLEST_GROUP)}
        raise ParameterError(sentence(template, normal=normal, what=what, **counts))
    return Part(normal, dict(asked), rowwise, customers, int(chosen), int(everybody), _of_extract(asked, opened))


def linked(opened: Opened) -> bool:
    """Whether a table has ids of customers that other tables know: none that are numbers of its rows.

    Parameters
    ----------
    opened
        The open table.
    """
    table = opened.table
    return "customer_id" in table.columns and table["customer_id"].type().is_string()


def condition(tree: Tree, values: Mapping[str, tuple[ColumnDefinition, ir.Value]]) -> ir.BooleanValue:
    """A tree as a condition on rows; a comparison with a missing value is not met.

    Parameters
    ----------
    values
        Definition and expression of each column.
    tree
        A parsed condition.
    """
    match tree:
        case Negation(of=inner):
            return ~condition(inner, values)
        case Junction(word=word, of=inner):
            return reduce(operator.and_ if word == "and" else operator.or_, [condition(each, values) for each in inner])
    column, value = values[tree.column]
    if tree.operator == "missing":
        return value.isnull()
    if tree.operator == "true":
        return value.fill_null(False)
    if column.kind == "timestamp":
        value = value.cast("date")  # until a day is until its evening
    literals = [_literal(each) for each in tree.values]
    if tree.operator == "in":
        return value.isin(literals).fill_null(False)
    return _COMPARE[tree.operator](value, literals[0]).fill_null(False)


def _literal(value: Literal) -> ir.Value:
    return ibis.date(value.isoformat()) if isinstance(value, datetime.date) else ibis.literal(value)


def _values(
    table: ir.Table, definition: TableDefinition, *, turned: bool
) -> dict[str, tuple[ColumnDefinition, ir.Value]]:
    """The columns that can be asked for; ratings whose lowest point is the best as studies see them."""
    found = {}
    for column in definition.columns:
        if column.name in table.columns:
            value = table[column.name]
            if column.low_is_good and column.scale and not turned:
                value = sum(column.scale) - value
            found[column.name] = (column, value)
    return found


def _faults(tree: Tree, opened: Opened, connection: Connection) -> Iterator[str]:
    """What is wrong with the comparisons of one table."""
    columns = {column.name: column for column in opened.definition.columns}
    looks = opened.facts["looks"]
    for asked in where.comparisons(tree):
        column, at = columns.get(asked.column), where.at(asked)
        if column is None:
            near = suggestion(asked.column, columns)
            yield sentence("{at}no column {column}{near}", at=at, column=shown(asked.column), near=near)
        elif where.tells_customers(column) or (column.name in looks and not column.impersonal):
            template = "{at}{column} tells single customers, expected a column that groups of them share."
            yield sentence(template, at=at, column=shown(asked.column))
        elif fault := _wrong_type(asked, column):
            yield sentence("{at}{column} is {fault}.", at=at, column=shown(asked.column), fault=fault)
        elif column.kind == "category" and asked.operator in ("=", "!=", "in"):
            yield from _unknown_values(asked, opened, connection)


def _wrong_type(asked: Comparison, column: ColumnDefinition) -> str:
    """How a comparison does not fit the kind of its column; "" where it does."""
    kind, told = (
        column.kind or "",
        {"kind": column.kind or "", "got": listing([where.written(v) for v in asked.values])},
    )
    if asked.operator == "missing":
        return ""
    if asked.operator == "true":
        return (
            "" if kind == "boolean" else sentence("a column of type {kind}: compare it (=, <, in, is missing)", **told)
        )
    if kind == "boolean":
        fits, form = all(isinstance(v, bool) for v in asked.values), sentence("true or false")
    elif kind in NUMERIC:
        fits = all(isinstance(v, float) for v in asked.values)
        form = sentence("a number, without quotes")
    elif kind in TEMPORAL:
        fits, form = all(isinstance(v, datetime.date) for v in asked.values), sentence("a date such as 2024-01-01")
    else:
        fits, form = all(isinstance(v, str) for v in asked.values), sentence("a text in quotes")
    if not fits:
        return sentence("a column of type {kind}: got {got}, expected {form}", form=form, **told)
    if kind not in (*NUMERIC, *TEMPORAL) and asked.operator not in ("=", "!=", "in"):
        return sentence(
            "a column of type {kind}: got {operator}, expected =, != or in", operator=asked.operator, **told
        )
    return ""


def _unknown_values(asked: Comparison, opened: Opened, connection: Connection) -> Iterator[str]:
    values = opened.table[asked.column]
    found = opened.table.filter(values.notnull()).group_by(x=values).aggregate(n=ibis._.count()).limit(_MOST_LEVELS)
    levels = {value: count for value, count in connection.execute(connection.sql(found))}
    often = [value for value, count in levels.items() if count >= SMALLEST_GROUP]  # of others none is quoted
    for value in asked.values:
        if value not in levels and len(levels) < _MOST_LEVELS:
            near = suggestion(value, often)
            if near == ".":
                near = sentence("; there are {known}.", known=names(sorted(often)[:12])) if often else near
            yield sentence(
                "{at}{column} has no value {value}{near}",
                at=where.at(asked),
                column=shown(asked.column),
                value=shown(value),
                near=near,
            )


def _of_extract(asked: Mapping[str, Tree], opened: Mapping[str, Opened]) -> tuple[str, ...]:
    """Attributes in the condition that nothing dates."""
    found = []
    for name, tree in asked.items():
        definition = opened[name].definition
        columns = {column.name: column for column in definition.columns}
        for each in where.comparisons(tree):
            column, field = columns[each.column], definition.canonical.fields.get(each.column)
            attribute = definition.canonical.attributes and (field is None or field.attribute)
            if name == "customers" and attribute and column.validity == "as of extract":
                found.append(each.column)
    return tuple(dict.fromkeys(found))
