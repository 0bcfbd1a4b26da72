"""The door: rows become a canonical table, checked against its contract, or every violation at once.

Everything is an Ibis expression; what is worked out over all rows comes from a handful of aggregates.
"""

from collections.abc import Mapping
from dataclasses import replace

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from workbench.datasets.contract import breaches, counted, episodes, extra_rows
from workbench.datasets.contract import rules as contracts
from workbench.datasets.contract.breaches import LINE, name_of
from workbench.datasets.contract.opened import Opened
from workbench.datasets.contract.part import Part
from workbench.datasets.contract.remarks import dates_of_a_place, double_headers, remarks, unmarked, unread_sheets
from workbench.datasets.definitions.canonical import ROW_ID, Kind
from workbench.datasets.definitions.column import Personal
from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition
from workbench.datasets.privacy import looks, persons, pseudonyms
from workbench.datasets.reading import sources
from workbench.datasets.reading.connection import MEMORY_VARIABLE
from workbench.datasets.reading.headers import is_unnamed, tidy
from workbench.datasets.session import Session
from workbench.datasets.values import choices, local_dates, mapping
from workbench.errors import DataError, EmptyPartError
from workbench.wording import sentence, shown


@ibis.udf.scalar.builtin(name="wb_pseudonym", signature=((dt.string,), dt.string))
def _pseudonym(value): ...


@ibis.udf.scalar.builtin(name="wb_unalias", signature=((dt.string,), dt.string))
def _unalias(value): ...


def open_table(definition: TableDefinition, session: Session, part: Part | None = None) -> Opened:
    """Read, map and check one table.

    Parameters
    ----------
    definition
        The table, as dataset.yaml has it.
    session
        What it shares with the other tables.
    part
        Whose rows enter; None: all. The contract is checked on all rows, and everything else told of those that enter.

    Raises
    ------
    DataError
        Every violation: column, rule, how many rows, and examples where the column is not personal.
    """
    place = sentence("table {table}", table=definition.name)
    try:
        return _Opening(definition, session, place, part).open()
    except duckdb.OutOfMemoryException:
        template = "{place}: does not fit in the memory that is allowed; raise {variable} (now 4GB unless set)."
        raise DataError(sentence(template, place=place, variable=MEMORY_VARIABLE)) from None
    except duckdb.Error as error:  # its message may quote a cell
        template = "{place}: the rows cannot be read ({kind}); is a file damaged?"
        kind = type(error).__name__.removesuffix("Exception")
        raise DataError(sentence(template, place=place, kind=kind)) from None


class _Opening:
    """One table on its way in."""

    def __init__(self, definition: TableDefinition, session: Session, place: str, part: Part | None = None):
        self.definition, self.session, self.place, self.part = definition, session, place, part
        self.faults: list[str] = []
        self.replaced: dict[str, Personal] = {}  # what becomes of personal columns
        self.mapped: dict[str, mapping.Mapped] = {}
        self.midnights: dict[str, str] = {}
        self.row_id = ROW_ID.get(definition.name)

    def open(self) -> Opened:
        self._settle_personal()
        raw = self._read()
        self._map(raw)
        if not self.mapped:
            raise DataError(*self.faults)
        wide = self._lay_out(raw)
        kept = self._kept(wide)
        self.looks = looks.found(self.mapped, self.basis, self.session.connection)
        ruled = list(contracts.rules(self.definition, wide, self.session.latest))
        measures = self._measures(wide, kept, ruled)
        numbers = self._aggregate(wide, measures)
        if numbers["rows"] == 0:
            raise DataError(*self.faults, sentence("{place}: the file has a header and no rows.", place=self.place))
        self._report_unreadable(numbers, raw)
        self._report_broken(wide, kept, ruled, numbers)
        if numbers["kept"] == 0:
            template = "{place}: no row has a customer."
            if self.definition.name == "surveys":
                template = "{place}: no answer has a weight above 0."
            self.faults.append(sentence(template, place=self.place))
        if self.faults:
            raise DataError(*self.faults)
        double = self._double_rows(raw) if self._whole() else 0
        if self.part is not None:
            wide, kept, numbers = self._entering_part(wide, self.part)
        table = self._canonical(wide, kept, numbers)
        numbers |= {"episodes": numbers.get("double customer_id") if self._episodes() else 0}
        numbers |= self._unnamed(raw)
        checks = remarks(self.definition, numbers, double, self.replaced, fictional=self.session.fictional)
        checks = (*checks, *dates_of_a_place(self.definition, self.midnights))
        checks = (*checks, *unmarked(self.definition, self.looks), *double_headers(self.definition.name, raw.given))
        checks = (*checks, *unread_sheets(self.definition, raw.unread))
        return Opened(self.definition, table, checks, counted.facts(self.definition, table, numbers, self.looks))

    def _entering_part(self, wide: ir.Table, part: Part) -> tuple[ir.Table, ir.BooleanValue | None, counted.Numbers]:
        """The rows that are in the part, which of them enter, and their numbers."""
        linked = "customer_id" in self.mapped and "row-number" not in wide.columns
        wide = part.of(wide, self.definition, linked=linked)
        kept = self._kept(wide)
        numbers = self._aggregate(wide, self._measures(wide, kept, []))
        if numbers["kept"] == 0:
            template = "where: {normal} leaves no row of {table}; ask for a larger part."
            raise EmptyPartError(sentence(template, normal=part.normal, table=self.definition.name))
        return wide, kept, numbers

    def _settle_personal(self) -> None:
        """What becomes of personal columns: pseudonym, row number (`true`) or out (`drop`)."""
        personal = [column for column in self.definition.columns if column.personal]
        asked = [column for column in personal if column.personal == "pseudonym" or column.kind == "id"]
        try:
            key = pseudonyms.read_key(self.session.root) if asked else None
        except DataError as error:
            raise DataError(*(f"{self.place}: {fault}" for fault in error.faults)) from None
        lacking: list[str] = []
        for column in personal:
            field = self.definition.canonical.fields.get(column.name)
            wish = column.personal
            if column not in asked or wish == "drop":
                fate: Personal = "true" if column.name == self.row_id else "drop"
            elif key is not None:
                fate = "pseudonym"
            elif wish == "pseudonym" or (field is not None and field.required):
                lacking.append(f"{self.definition.name}.{column.name}")
                fate = "drop"
            else:
                fate = "true" if column.name == self.row_id else "drop"
            self.replaced[column.name] = fate
        if key is not None and "pseudonym" in self.replaced.values():
            self.session.connection.function("wb_pseudonym", pseudonyms.replacing(key))
        if lacking:
            raise pseudonyms.NoKeyError(*lacking)

    def _whole(self) -> bool:
        """Whether double rows can only be told over all columns of the file, for no id tells rows apart."""
        fields = self.definition.canonical.fields
        return all(
            column.name not in fields or not fields[column.name].one_row_of for column in self.definition.columns
        )

    def _entering(self) -> list[ColumnDefinition]:
        return [column for column in self.definition.columns if self.replaced.get(column.name) != "drop"]

    def _read(self) -> sources.RawTable:
        wanted = {tidy(column.source) for column in self._entering()}
        wanted |= {tidy(column.currency_from) for column in self._entering() if column.currency_from}
        whole, session = self._whole(), self.session
        if self.definition.name in session.raw:
            return session.raw[self.definition.name]
        try:
            session.raw[self.definition.name] = sources.open_rows(
                session.connection,
                self.definition.origin,
                session.place,
                self.definition.name,
                lambda header: whole or header in wanted or is_unnamed(header),
            )
            return session.raw[self.definition.name]
        except DataError as error:
            raise DataError(*(f"{self.place}, {fault}" for fault in error.faults)) from error.__cause__

    def _map(self, raw: sources.RawTable) -> None:
        present: list[ColumnDefinition] = []
        lacking = sources.lacking(self.definition.columns, raw)
        headless = bool(lacking) and sources.is_headless(raw, self.session.connection, persons.is_row)
        if headless:
            lacking = sources.lacking(self.definition.columns, raw, named=False)
        for column in self.definition.columns:
            told = lacking.get(column.name, [])
            self.faults += [f"{self.place}, {fault}" for fault in told]
            if not told and column in self._entering():
                present += self._choices(column, raw) if column.split else [column]
        if lacking:
            self.faults += [f"{self.place}, {each}" for each in sources.elsewhere(self.definition, raw)]
        if headless:
            template = "{place}: the first line looks like a row of data; if it is, write header: 0 and from: column 1."
            self.faults.append(sentence(template, place=self.place))
        kinds = self._kinds(raw, [column for column in present if column.kind is None])
        bases: dict[str, mapping.Basis] = {}
        definitions: dict[str, ColumnDefinition] = {}
        for column in present:
            definitions[column.name] = replace(column, kind=column.kind or kinds[column.name])
            try:
                bases[column.name] = mapping.basis(
                    raw.column(column.source),
                    definitions[column.name],
                    self.definition.origin,
                    time_zone=self.definition.time_zone,
                    midnights=self._midnights(raw, definitions[column.name]),
                )
            except mapping.UnsupportedTypeError as error:
                template = "{place}, {column}: the type {type} is not supported yet; leave the column out."
                self.faults.append(sentence(template, place=self.place, column=name_of(column), type=error))
        bases = self._set_out(raw, bases)
        for name, basis in bases.items():
            declared = self._declared(name)
            self.mapped[name] = mapping.map_column(basis, definitions[name], declared=declared)
        settled = [each.definition for each in self.mapped.values()]
        rest = [column for column in self.definition.columns if column.name not in self.mapped]
        order = [column.name for column in self.definition.columns]
        columns = sorted([*settled, *rest], key=lambda column: order.index(column.name))
        self.definition = replace(self.definition, columns=tuple(columns))

    def _choices(self, column: ColumnDefinition, raw: sources.RawTable) -> list[ColumnDefinition]:
        """The columns of a question with several choices, in its place."""
        columns = list(self.definition.columns)
        others = [each.name for each in columns if each is not column]
        try:
            found = choices.expand(column, raw.column(column.source), others, self.session.connection)
        except DataError as error:
            self.faults += [f"{self.place}, {fault}" for fault in error.faults]
            return []
        place = columns.index(column)
        self.definition = replace(self.definition, columns=(*columns[:place], *found, *columns[place + 1 :]))
        return found

    def _midnights(self, raw: sources.RawTable, column: ColumnDefinition) -> str:
        """Whether the times of a column are dates of one place; see `moments.midnights_of`."""
        kind = local_dates.kind_of(raw.column(column.source), column, self.definition, self.session.connection)
        self.midnights |= {column.name: kind} if kind else {}
        return kind

    def _declared(self, name: str) -> bool:
        return any(column.kind is not None for column in self.definition.columns if column.name == name)

    def _set_out(self, raw: sources.RawTable, bases: Mapping[str, mapping.Basis]) -> dict[str, mapping.Basis]:
        """The same, as columns of a view: so each is worked out once, however often it is used."""
        columns: dict[str, ir.Value] = {}
        for name, basis in bases.items():
            columns[f"text-{name}"] = basis.text
            if basis.read is not None:
                columns[f"read-{name}"] = basis.read
            if currency := next(each.currency_from for each in self.definition.columns if each.name == name):
                columns[f"currency-{name}"] = mapping.as_text(raw.column(currency))
        name = f"_basis_{self.definition.name}"
        self.session.connection.view(name, raw.table.select(**columns) if columns else raw.table)
        self.basis = self.session.connection.backend.table(name)
        return {
            name: mapping.Basis(
                self.basis[f"text-{name}"],
                None if basis.read is None else self.basis[f"read-{name}"],
                basis.is_number,
            )
            for name, basis in bases.items()
        }

    def _unnamed(self, raw: sources.RawTable) -> counted.Numbers:
        """Values in columns without a name that do not enter, by the column's place."""
        mapped = {tidy(column.source) for column in self.definition.columns}
        counts: dict[str, ir.Scalar] = {}
        for place, (given, header) in enumerate(zip(raw.given, raw.headers, strict=True), 1):
            if not given and header not in mapped and not self.definition.origin.sql:
                values = raw.column(header)
                counts[f"unnamed {place}"] = (values.nullif("") if values.type().is_string() else values).count()
        return self._aggregate(raw.table, counts) if counts else {}

    def _kinds(self, raw: sources.RawTable, columns: list[ColumnDefinition]) -> dict[str, Kind]:
        counts: dict[str, ir.Scalar] = {}
        readable = []
        for i, column in enumerate(columns):
            try:
                counts[f"n{i}"], counts[f"p{i}"] = mapping.undeclared(
                    raw.column(column.source), column, self.definition.origin
                )
                readable.append((i, column))
            except mapping.UnsupportedTypeError:
                continue  # told when it is mapped
        found = self._aggregate(raw.table, counts) if counts else {}
        kinds: dict[str, Kind] = {
            column.name: mapping.kind_of(raw.column(column.source).type(), found[f"n{i}"], found[f"p{i}"])
            for i, column in readable
        }
        pseudonymous: dict[str, Kind] = {name: "id" for name, fate in self.replaced.items() if fate == "pseudonym"}
        undecided: dict[str, Kind] = {column.name: "category" for column in columns}
        return undecided | kinds | pseudonymous

    def _lay_out(self, raw: sources.RawTable) -> ir.Table:
        """Canonical columns and, under names that no column can have, what is asked about each row."""
        columns: dict[str, ir.Value] = {}
        canonical = self.definition.canonical
        if self.row_id and self.row_id not in self.mapped:
            columns[self.row_id] = ibis.row_number() + 1
        elif self.row_id and self.replaced.get(self.row_id) == "true":
            columns["row-number"] = ibis.row_number() + 1
        for name, mapped in self.mapped.items():
            value = mapped.value
            if name == "customer_id" and self.session.aliases:
                columns["one-id"] = _unalias(value)
                columns["is-alias"] = (columns["one-id"] != value).fill_null(False)
                value = columns["one-id"] if canonical.name != "customers" else value
            if self.replaced.get(name) == "pseudonym":
                value = _pseudonym(value)
            columns[name] = value
            if mapped.definition.companion:
                columns[mapped.definition.companion] = mapped.not_applicable
            if mapped.unreadable is not None:
                columns[f"bad-{name}"] = mapped.unreadable
            if mapped.definition.currency_from:
                columns[f"currency-{name}"] = self.basis[f"currency-{name}"]
        event = columns.get(canonical.event) if canonical.event else None
        if event is not None:
            known = columns.get("known_at")
            columns["known_at"] = event if known is None else ibis.coalesce(known, event)
        wide = self.basis.select(**columns)
        if "pseudonym" not in self.replaced.values() and not self.session.aliases:
            return wide  # reading twice costs less than writing once
        return self.session.connection.keep(f"_rows_{self.definition.name}", wide)

    def _kept(self, wide: ir.Table) -> ir.BooleanValue | None:
        """Which rows enter; None: all of them."""
        canonical = self.definition.canonical
        if canonical.of_customers and "customer_id" in wide.columns:
            return wide["customer_id"].notnull()
        if canonical.name == "customers" and "is-alias" in wide.columns:
            return ~wide["is-alias"]
        if "weight" in self.mapped and canonical.name == "surveys":
            return wide["weight"].isnull() | (wide["weight"] != 0)  # a weight of 0 stands for nobody
        return None

    def _measures(
        self, wide: ir.Table, kept: ir.BooleanValue | None, ruled: list[contracts.Rule]
    ) -> dict[str, ir.Scalar]:
        def count(condition: ir.BooleanValue) -> ir.Scalar:
            return (condition if kept is None else condition & kept).sum().fill_null(0)

        measures = {"rows": wide.count(), "kept": wide.count() if kept is None else kept.sum().fill_null(0)}
        for i, rule in enumerate(ruled):
            broken = rule.broken
            if rule.rule == "present" and f"bad-{rule.column}" in wide.columns:
                broken &= ~wide[f"bad-{rule.column}"]  # told as unreadable, not as absent
            measures[f"rule {i}"] = count(broken)
        fields = self.definition.canonical.fields
        for name, mapped in self.mapped.items():
            values = wide[name]
            measures[f"missing {name}"] = count(values.isnull())
            if mapped.definition.companion:
                measures[f"beside {name}"] = count(wide[mapped.definition.companion])
            if mapped.unreadable is not None:
                measures[f"bad {name}"] = wide[f"bad-{name}"].sum().fill_null(0)
            if name in fields and fields[name].one_row_of:
                measures[f"double {name}"] = values.count(where=kept) - values.nunique(where=kept)
            if self.replaced.get(name) == "pseudonym" and name not in fields and self._one_row_a_customer():
                measures[f"shared {name}"] = values.count(where=kept) - values.nunique(where=kept)
        for name in self.definition.canonical.span:
            if name in self.mapped:
                measures[f"first {name}"] = wide[name].min(where=kept).cast("string")
                measures[f"last {name}"] = wide[name].max(where=kept).cast("string")
        for name, condition in counted.notable(self.definition, wide, self.session.latest):
            measures[name] = count(condition)
        return measures

    def _episodes(self) -> bool:
        """Whether a customer may have several rows, which follow each other."""
        return self.definition.name == "lifetimes" and {"customer_id", "entry", "event"} <= set(self.mapped)

    def _one_row_a_customer(self) -> bool:
        field = self.definition.canonical.fields.get("customer_id")
        return "customer_id" in self.mapped and field is not None and bool(field.one_row_of)

    def _aggregate(self, table: ir.Table, measures: Mapping[str, ir.Scalar]) -> counted.Numbers:
        named = {f"m{i}": measure for i, measure in enumerate(measures.values())}
        connection = self.session.connection
        (row,) = connection.execute(connection.sql(table.aggregate(**named)))
        return dict(zip(measures, row, strict=True))

    def _report_unreadable(self, numbers: counted.Numbers, raw: sources.RawTable) -> None:
        connection = self.session.connection
        theirs: frozenset[str] = frozenset()
        if any(numbers.get(f"bad {name}") for name in self.mapped):
            told, theirs = extra_rows.second_headers(self.mapped, numbers, self.basis, raw, connection)
            self.faults += [f"{self.place}: {told}"] if told else []
        if told := extra_rows.totals(self.mapped, int(numbers["rows"]), self.basis, raw, connection):
            self.faults.append(f"{self.place}: {told}")
        for name, mapped in self.mapped.items():
            if (count := numbers.get(f"bad {name}")) and name not in theirs:
                found = self.basis.mutate(**{LINE: ibis.row_number()}).filter(mapped.unreadable)
                details = contracts.details(mapped.definition)
                if numbers[f"missing {name}"] < numbers["kept"]:
                    details["mixed"] = "some values can be read"
                rule = contracts.Rule(name, mapped.rule, mapped.unreadable, details)
                self._report(rule, int(count), found, found[f"text-{name}"])

    def _report_broken(
        self, wide: ir.Table, kept: ir.BooleanValue | None, ruled: list[contracts.Rule], numbers: counted.Numbers
    ) -> None:
        broken: list[tuple[contracts.Rule, int, ir.Table, ir.Value | None]] = []
        numbered = wide.mutate(**{LINE: ibis.row_number()})
        entering = numbered if kept is None else numbered.filter(kept)
        for rule in ruled:
            if count := numbers[f"rule {ruled.index(rule)}"]:
                met = rule.broken
                if rule.rule == "present" and f"bad-{rule.column}" in entering.columns:
                    met &= ~entering[f"bad-{rule.column}"]
                found = entering.filter(met)
                broken.append((rule, int(count), found, None if rule.rule == "present" else found[rule.column]))
        for name in self.mapped:
            if count := numbers.get(f"double {name}"):
                if self._episodes():
                    continue
                field = self.definition.canonical.fields[name]
                earlier = ibis.row_number().over(group_by=name, order_by=LINE)
                again = entering.filter(entering[name].notnull()).mutate(earlier=earlier).filter(ibis._.earlier > 0)
                rule = contracts.Rule(
                    name, "unique", None, {"what": field.one_row_of, "advice": contracts.advice(self.definition.name)}
                )
                broken.append((rule, int(count), again, again[name]))
            if f"currency-{name}" in wide.columns:
                broken += self._mixed(entering, name)
        if self._episodes() and numbers.get("double customer_id"):
            for rule, rows in episodes.broken(entering):
                if count := self._aggregate(rows, {"n": rows.count()})["n"]:
                    broken.append((rule, int(count), rows, None))
        order, ranks = list(self.mapped), list(contracts.RULES)
        for each in sorted(broken, key=lambda each: (order.index(each[0].column), ranks.index(each[0].rule))):
            self._report(*each)

    def _mixed(self, entering: ir.Table, name: str) -> list[tuple[contracts.Rule, int, ir.Table, ir.Value]]:
        """Currencies other than the declared one (or, without one, the most frequent)."""
        present = entering.filter(entering[name].notnull())
        counts = present.group_by(x=f"currency-{name}").aggregate(n=ibis._.count())
        connection = self.session.connection
        found = connection.execute(connection.sql(counts.order_by(ibis.desc("n"), "x")))
        column = self.mapped[name].definition
        currency = column.unit or (found[0][0] if found else "")
        if not column.unit:
            columns = [replace(each, unit=currency) if each.name == name else each for each in self.definition.columns]
            self.definition = replace(self.definition, columns=tuple(columns))
        count = sum(n for value, n in found if value != currency)
        if not count:
            return []
        code = present[f"currency-{name}"]
        others = present.filter((code != currency) | code.isnull())
        rule = contracts.Rule(name, "one_currency", None, {"currency": shown(currency)})
        return [(rule, count, others, others[f"currency-{name}"])]

    def _report(self, rule: contracts.Rule, count: int, found: ir.Table, value: ir.Value | None) -> None:
        """Note a violation; see `breaches.describe`."""
        told = breaches.describe(rule, count, found, value, self.definition, self.looks, self.session.connection)
        self.faults.append(f"{self.place}, {told}")

    def _double_rows(self, raw: sources.RawTable) -> int:
        columns = ", ".join(f'"{name}"' for name in raw.table.columns)
        # 64 bits: a chance of 1 in 400,000 that two of ten million different rows count as equal.
        query = f"SELECT count(*) - count(DISTINCT hash({columns})) FROM ({self.session.connection.sql(raw.table)})"
        return int(self.session.connection.execute(query)[0][0])

    def _canonical(self, wide: ir.Table, kept: ir.BooleanValue | None, numbers: counted.Numbers) -> ir.Table:
        names = [name for name in wide.columns if "-" not in name]
        fields = list(self.definition.canonical.fields)
        names.sort(key=lambda name: fields.index(name) if name in fields else len(fields))
        columns = {name: wide[name] for name in names}
        for column in self.definition.columns:
            if column.low_is_good and column.scale and column.name in columns:
                columns[column.name] = sum(column.scale) - wide[column.name]
        if self.row_id and "row-number" in wide.columns:
            columns[self.row_id] = wide["row-number"]
        elif self.row_id and numbers.get(f"missing {self.row_id}"):
            # Nobody is left out for want of an id, and results can be matched by it all the same.
            columns[self.row_id] = wide[self.row_id].coalesce("row " + (ibis.row_number() + 1).cast("string"))
        return (wide if kept is None else wide.filter(kept)).select(**columns)
