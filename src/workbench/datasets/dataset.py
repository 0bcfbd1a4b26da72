"""A dataset: reading its canonical tables, once each. DuckDB and Ibis come with the first table."""

import contextlib
import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.datasets.definitions import where as parts
from workbench.datasets.definitions.dataset import GUESS, Definition, TableDefinition
from workbench.datasets.definitions.phrases import names
from workbench.datasets.session import Held, Session
from workbench.errors import DataError, EmptyPartError
from workbench.findings import Check
from workbench.wording import plural, sentence, shown, suggestion

if TYPE_CHECKING:
    from ibis.expr.types import Table
    from pandas import Series

    from workbench.datasets.contract.opened import Loaded, Opened, Shape
    from workbench.datasets.contract.part import Part
    from workbench.statistics.dated import Recorded

Origin = Literal["data", "sample"]

SAMPLES_FOLDER = Path(__file__).parent / "samples"
SHADOWS = "shadows_sample"
"""Name of the check that says so where a dataset of the project hides a sample."""
FILE = "dataset.yaml"
HAPPENED = ("timestamp", "start", "end")
"""Columns that say when something happened."""


@dataclass(frozen=True, kw_only=True)
class Dataset(Definition):
    """A dataset: what it is, and its canonical tables.

    Reading is done once: `expr`, `load`, `check`, `profile` and `fingerprint` of one object share it, and the private
    folder in which rows are laid out for them goes with it; `find` it again to read a file that has changed.

    Attributes
    ----------
    name
        Its folder.
    origin
        `data` (the project's own) or `sample` (comes with the package).
    folder
        Where its dataset.yaml lies.
    root
        The project.
    where
        The condition on the rows that are used (`definitions.where`), as it was given; empty: all of them.
    title, description, source, licence, fictional, extracted, aliases, tables
        See `definition.Definition`.
    """

    name: str
    origin: Origin
    folder: Path
    root: Path
    where: str = ""
    _held: Held = field(default_factory=Held, init=False, repr=False, compare=False)

    def table(self, name: str) -> TableDefinition:
        """The definition of a table.

        Parameters
        ----------
        name
            Canonical name.

        Raises
        ------
        DataError
            When the dataset has no such table.
        """
        if name not in self.tables:
            near, known = suggestion(name, self.tables), names(self.tables)
            template = "dataset {dataset}: no table {table}{near} It has: {known}."
            raise DataError(sentence(template, dataset=self.name, table=shown(name), near=near, known=known))
        return self.tables[name]

    def expr(self, table: str) -> "Table":
        """A canonical table as an Ibis expression; its contract has been checked, and it is not in memory.

        Parameters
        ----------
        table
            Name of a canonical table.

        Returns
        -------
        ibis.Table
            Canonical columns first. Ids are string (row numbers int64); numbers, money and ratings float64; truths
            boolean; categories and texts string; dates date; timestamps without a zone, wall clock of the table's
            `time_zone`. Tables of events have `known_at`. An item with codes for *not applicable* is followed
            by a boolean column `<item>__not_applicable`. All tables of one object can be joined.

        Raises
        ------
        DataError
            Every violation at once: column, rule, number of rows, examples where the column is not personal.
        """
        return self._open(table).table

    def load(self, table: str) -> "Loaded":
        """A canonical table in memory, checked against its contract.

        Parameters
        ----------
        table
            Name of a canonical table.

        Returns
        -------
        Loaded
            `frame` (your own) and `checks`.

        Raises
        ------
        DataError
            As of `expr`.
        """
        from workbench.datasets.contract import opened

        with self._steady():
            return opened.load(self._open(table), self._session().connection)

    def write(self, table: str, path: Path) -> None:
        """Write a canonical table to a Parquet file, whatever its size; its contract has been checked.

        `pandas.read_parquet` gives the frame of `load`.

        Parameters
        ----------
        table
            Name of a canonical table.
        path
            Where to; a file that is there is replaced.

        Raises
        ------
        DataError
            As of `expr`.
        """
        from workbench.datasets.contract import opened

        with self._steady():
            opened.write(self._open(table), self._session().connection, path)

    def recorded(self, table: str) -> "Recorded":
        """From when and until when a table's records say what happened: of all rows, whichever part is used.

        Parameters
        ----------
        table
            Name of a canonical table with dates of what happened: `transactions`, `subscriptions`, …

        Raises
        ------
        DataError
            As of `expr`.
        """
        from workbench.statistics.dated import Recorded, end_of_records, instants

        days = []
        if self.extracted is None:
            days = [instants(column) for column in self._days(self._whole(table).table)]
        until, found = end_of_records(days, as_of=self.extracted, today=None)
        return Recorded(until=until.date(), found=found, since=self.table(table).records_since)

    def check(self, tables: Iterable[str] | None = None) -> tuple[Check, ...]:
        """What a reader must know about the tables (all by default), each alone and all together.

        Parameters
        ----------
        tables
            Names of tables; None: all.

        Raises
        ------
        DataError
            The violations of all of them.
        """
        from workbench.datasets.contract import between
        from workbench.datasets.privacy.pseudonyms import NoKeyError

        opened: list[Opened] = []
        faults: list[str] = []
        keyless: list[str] = []
        for table in self._chosen(tables):
            try:
                opened.append(self._open(table))
            except NoKeyError as error:
                keyless += error.columns
            except DataError as error:
                faults += error.faults
        if keyless:
            faults.insert(0, sentence("dataset {name}, {fault}", name=self.name, fault=NoKeyError(*keyless)))
        dealt: tuple[Check, ...] = ()
        if not faults and "treatments" in self._chosen(tables):
            try:
                dealt = self._dealt()
            except DataError as error:
                faults += error.faults
        with self._steady():
            faults += between.faults(opened, self._session().connection)
        if faults:
            raise DataError(*faults)
        told: dict[str, Check] = {}
        for each in opened:
            for check in each.checks:
                told.setdefault(check.message, check)  # what is true of all tables is told once
        with self._steady():
            beside = between.remarks(opened, self._session().connection)
        part = self._part()
        chosen = [] if part is None else [part.check(self.where)]
        return (*chosen, *told.values(), *beside, *dealt, *self._unconfirmed(), *self.shadow())

    def _dealt(self) -> "tuple[Check, ...]":
        """How customers came into the arms of treatments, and whether the rows bear that out."""
        from workbench.datasets.contract import designs

        with self._placed():
            treatments = self._open("treatments")
            by_chance = any(design.by_chance for design in treatments.definition.designs.values())
            customers = self._open("customers") if by_chance and "customers" in self.tables else None
            said = designs.remarks(treatments, customers, self._session().connection)
            # Of a part nobody wonders that it lacks an initiative.
            return tuple(check for check in said if not (self.where and check.name == designs.UNKNOWN))

    def without_rows(self, tables: Iterable[str]) -> list[str]:
        """Those of some tables of which a part of the dataset has no row; none where it is no part.

        Parameters
        ----------
        tables
            Names of tables.
        """

        def is_empty(table: str) -> bool:
            try:
                self._open(table)
            except EmptyPartError:
                return True
            except DataError:  # told by `check`, with all others
                return False
            return False

        return [table for table in tables if is_empty(table)] if self.where else []

    def shadow(self) -> tuple[Check, ...]:
        """That this dataset of the project hides a sample of its name, if so."""
        if self.origin != "data" or not (SAMPLES_FOLDER / self.name).is_dir():
            return ()
        template = "data/{name}/ is used, not the sample {name} that comes with the workbench."
        return (Check(name=SHADOWS, status="pass", message=sentence(template, name=self.name)),)

    def _unconfirmed(self) -> list[Check]:
        """A warning while drafted lines are still marked as guesses."""
        text = (self.folder / FILE).read_text("utf-8-sig")
        marked = sum(GUESS in line for line in text.splitlines())
        if not marked:
            return []
        message = plural(
            "{n} line of dataset.yaml is still marked as a guess; take the mark away once it is confirmed.",
            "{n} lines of dataset.yaml are still marked as guesses; take each mark away once it is confirmed.",
            marked,
        )
        title = sentence("Guesses that nobody has confirmed")
        return [Check(name="guesses", status="warn", message=message, value=marked, title=title)]

    def fingerprint(self, tables: Iterable[str] | None = None) -> str:
        """`sha256:…` of what the tables say (all by default).

        Equal content has an equal fingerprint wherever and in whatever format it lies; one changed cell, its order,
        unit, scale or segments another one. Titles, labels and columns that do not enter play no part. The order of
        rows counts because a study that draws rows at random depends on it; pseudonyms depend on their key.

        Parameters
        ----------
        tables
            Names of tables; None: all.
        """
        from workbench.datasets.contract import opened

        return opened.fingerprint(map(self._content, sorted(self._chosen(tables))))

    def identity(self, tables: Iterable[str]) -> dict:
        """What has to agree between runs of which one reads the other.

        Parameters
        ----------
        tables
            Names of tables.

        Returns
        -------
        dict
            `fingerprints` (of each table alone), `extracted` (the day of the extract), `time_units` and `currencies`
            (those that the tables state), `pseudonym_key` (which key replaced ids, without telling it); None or empty
            where nothing is said. Safe for strict JSON.
        """
        from workbench.datasets.contract import opened
        from workbench.datasets.privacy import pseudonyms

        names = self._chosen(tables)
        columns = [column for name in names for column in self.table(name).columns]
        replaced = any(column.personal for column in columns)
        return {
            "fingerprints": {name: opened.fingerprint([self._content(name)]) for name in names},
            "extracted": None if self.extracted is None else self.extracted.isoformat(),
            "time_units": sorted({unit for name in names if (unit := self.table(name).time_unit)}),
            "currencies": sorted({column.unit for column in columns if column.kind == "money" and column.unit}),
            "pseudonym_key": pseudonyms.key_mark(self.root) if replaced else None,
        }

    def profile(self, tables: Iterable[str] | None = None) -> dict:
        """Provenance and shape, for manifest and report: nothing of any single row.

        Parameters
        ----------
        tables
            Names of tables; None: all.

        Returns
        -------
        dict
            `title, description, source, licence, fictional, tables: {table: {rows, columns: [{name, label, unit,
            missing, not_applicable}], first, last}}`, and of a part of the data `part: {chosen, everybody}`; `missing`
            and `not_applicable` are shares of the rows (the latter where a column has such codes), `first` and `last`
            are dates where the table has any.
        """
        from workbench.datasets.contract import opened

        part = self._part()
        return {
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "licence": self.licence,
            "fictional": self.fictional,
            "tables": {name: opened.profile(self._open(name)) for name in self._chosen(tables)},
            **({} if part is None else {"part": {"chosen": part.chosen, "everybody": part.everybody}}),
        }

    def shapes(self, table: str) -> "dict[str, Shape]":
        """What may be told of the values of each column of a table: type, levels, percentiles.

        Parameters
        ----------
        table
            Name of a canonical table.

        Raises
        ------
        DataError
            As of `expr`.
        """
        from workbench.datasets.contract import opened

        with self._steady():
            return opened.shapes(self._open(table), self._session().connection)

    def close(self) -> None:
        """Let go of what was laid out; the next question reads the files anew."""
        if self._held.session is not None:
            self._held.session.connection.close()
        object.__setattr__(self, "_held", Held())

    def _chosen(self, tables: Iterable[str] | None) -> Sequence[str]:
        return list(self.tables if tables is None else dict.fromkeys(tables))

    def _session(self) -> Session:
        if self._held.session is None:
            from workbench.datasets import aliases
            from workbench.datasets.privacy import pseudonyms
            from workbench.datasets.reading import sources
            from workbench.datasets.reading.connection import Connection

            place = sources.Place(self.folder, self.root / "data" / ".samples")
            origins = [table.origin for table in self.tables.values()]
            origins += [self.aliases.origin] if self.aliases else []
            today = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)  # it is tomorrow somewhere
            connection = Connection(sources.readable(origins, place))
            with self._placed():
                one_id = aliases.read_aliases(self.aliases, connection, place)
            if one_id:
                connection.function("wb_unalias", pseudonyms.unaliasing(one_id))
            self._held.session = Session(
                connection=connection,
                place=place,
                root=self.root,
                latest=self.extracted or today,
                aliases=one_id,
                fictional=self.fictional,
            )
        return self._held.session

    def _open(self, table: str) -> "Opened":
        from workbench.datasets import door

        definition = self.table(table)
        if table not in self._held.tables:
            session = self._session()
            part = self._part()
            with self._placed(), self._steady():
                self._held.tables[table] = door.open_table(definition, session, part)
        return self._held.tables[table]

    def _whole(self, table: str) -> "Opened":
        """A table with all its rows, whichever part is used."""
        from workbench.datasets import door

        if not self.where:
            return self._open(table)
        with self._placed(), self._steady():
            return door.open_table(self.table(table), self._session())

    def _days(self, rows: "Table") -> "Iterator[Series]":
        """The days on which something happened, of each column that says so."""
        with self._steady():
            for name in HAPPENED:
                if name in rows.columns:
                    yield rows.select(day=rows[name].cast("date")).distinct().to_pandas()["day"]

    @contextlib.contextmanager
    def _steady(self) -> Iterator[None]:
        """Refuse what was read within of files that have changed meanwhile: it may be of both."""
        import duckdb

        verify = self._session().connection.files.verify
        try:
            yield
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            verify()  # that explains it
            kind = type(error).__name__.removesuffix("Exception")
            template = "dataset {name}: the rows cannot be read ({kind}); is a file damaged?"
            raise DataError(sentence(template, name=self.name, kind=kind)) from None
        verify()

    def _part(self) -> "Part | None":
        """Which rows are used; None: all of them."""
        if not self.where:
            return None
        if self._held.part is None:
            from workbench.datasets import door
            from workbench.datasets.contract import part

            tree = parts.parse(self.where)
            asked = parts.tables_of(tree, self.tables)
            with self._placed():
                whole = {name: door.open_table(self.table(name), self._session()) for name in asked}
            self._held.part = part.choose(asked, whole, self._session().connection, str(tree))
        return self._held.part

    def _content(self, table: str) -> bytes:
        """What a table says, in short; read once."""
        from workbench.datasets.contract import opened

        if table not in self._held.contents:
            part = self._part()
            said = b"" if part is None else part.normal.encode()
            with self._steady():
                self._held.contents[table] = opened.content(self._open(table), self._session().connection) + said
        return self._held.contents[table]

    @contextlib.contextmanager
    def _placed(self) -> Iterator[None]:
        """Faults that are raised within say which dataset they are of."""
        from workbench.datasets.privacy.pseudonyms import NoKeyError

        try:
            yield
        except NoKeyError:
            raise
        except DataError as error:
            place = sentence("dataset {name}", name=self.name)
            raise DataError(*(f"{place}, {fault}" for fault in error.faults)) from error.__cause__
