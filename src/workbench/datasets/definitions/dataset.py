"""dataset.yaml → frozen definitions. Strict: an unknown key is a fault, and all faults of a file are told at once.

Nothing is read here but the YAML itself, so that listing datasets costs milliseconds.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from workbench.datasets.definitions import strict_yaml
from workbench.datasets.definitions.canonical import CANONICAL, NUMERIC, TEMPORAL, TIME_UNITS, CanonicalTable
from workbench.datasets.definitions.column import KEYS, ColumnDefinition, read_column
from workbench.datasets.definitions.design import NOT_SAID, OTHERS, Design, check_columns, read_designs
from workbench.datasets.definitions.origin import ORIGIN_KEYS, Origin, inside, read_origin
from workbench.datasets.definitions.section import Faults, Section
from workbench.datasets.definitions.uses import NOT_BY_DEFAULT, Purpose, Use, kept_from
from workbench.errors import DataError
from workbench.wording import listing, sentence, shown, suggestion

__all__ = ["Aliases", "ColumnDefinition", "Definition", "TableDefinition", "read_definition"]

_TOP_KEYS = ("title", "description", "source", "licence", "fictional", "time_zone", "extracted", "aliases", "tables")
_TABLE_KEYS = (
    *ORIGIN_KEYS,
    "time_zone",
    "currency",
    "currency_from",
    "missing",
    "segments",
    "records_since",
    "design",
    "question",
    "columns",
)
_WITH_ENDS = ("subscriptions",)  # tables of which it matters from when ends were recorded
_WITH_ARMS = "treatments"
_ALIAS_KEYS = ("file", "sheet", "header", "skip", "encoding", "separator", "id", "customer_id")
GUESS = "# guess: confirm"  # how a drafted line ends that holds a guess
UNKNOWN = "which_table"  # what a draft calls a table that it does not recognise


@dataclass(frozen=True, kw_only=True)
class TableDefinition:
    """How rows become one canonical table.

    Attributes
    ----------
    name
        Canonical name (`lifetimes`).
    columns
        In canonical order: the table's own columns first, then the others as written.
    segments
        Names of columns by which studies split.
    time_unit
        Unit of the table's times, one of days, weeks, months, years; empty where it has none.
    time_zone
        Whose wall clock its timestamps show.
    zone_said
        Whether dataset.yaml says it.
    records_since
        Of subscriptions: the day from which ends were recorded; None where it is not said.
    designs
        Of treatments: how customers came into the arms, by initiative; `design.OTHERS` stands for all others.
    questions
        What must be answered before the table is used.
    origin
        Where the rows are.
    """

    name: str
    columns: tuple[ColumnDefinition, ...]
    segments: tuple[str, ...]
    time_unit: str
    time_zone: str = "UTC"
    zone_said: bool = False
    records_since: datetime.date | None = None
    designs: Mapping[str, Design] = MappingProxyType({})
    questions: tuple[str, ...] = ()
    origin: Origin

    @property
    def labels(self) -> dict[str, str]:
        """Label of each column by its name."""
        return {column.name: column.label for column in self.columns}

    @property
    def constant(self) -> tuple[str, ...]:
        """Attributes that never change."""
        return tuple(column.name for column in self.columns if column.constant)

    @property
    def valid_from(self) -> dict[str, str]:
        """The column with the date from which an attribute holds, by the attribute's name."""
        return {column.name: column.valid_from for column in self.columns if column.valid_from}

    def design_of(self, initiative: str) -> Design:
        """How customers came into the arms of an initiative; unknown where nothing is said.

        Parameters
        ----------
        initiative
            Name of an initiative.
        """
        return self.designs.get(initiative) or self.designs.get(OTHERS) or NOT_SAID

    def kept_from(self, purpose: Purpose, *, named: Iterable[str] = ()) -> dict[str, Use]:
        """The columns that no model may take for a purpose, with the use that forbids it; see `uses.kept_from`.

        Parameters
        ----------
        purpose
            What the model is for.
        named
            Columns that the study asks for by name.
        """
        return kept_from(self.columns, purpose, named=named)

    @property
    def canonical(self) -> CanonicalTable:
        """The table that it maps to."""
        return CANONICAL[self.name]


@dataclass(frozen=True, kw_only=True)
class Aliases:
    """A table of ids that mean a customer who has another id: `id` → `customer_id`."""

    origin: Origin
    id: str
    customer_id: str


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The content of a dataset.yaml.

    Attributes
    ----------
    extracted
        The day of the extract: nothing in the data is later.
    aliases
        One customer under several ids.
    """

    title: str
    description: str = ""
    source: str = ""
    licence: str = ""
    fictional: bool = False
    extracted: datetime.date | None = None
    aliases: Aliases | None = None
    tables: Mapping[str, TableDefinition]


class DefinitionError(DataError):
    """A dataset.yaml with faults.

    Attributes
    ----------
    definition
        What it says all the same, where its rows can be read; otherwise None.
    """

    def __init__(self, *faults: str, definition: Definition | None):
        super().__init__(*faults)
        self.definition = definition


def read_definition(path: Path, place: str) -> Definition:
    """Read and check a dataset.yaml.

    Parameters
    ----------
    path
        The file.
    place
        How messages call it (relative to the project).

    Raises
    ------
    DataError
        With every fault of the file: key, what was found, what was expected. A `DefinitionError` where it is a mapping.
    """
    inner = inside(path.parent, path.name)
    try:
        if inner is None:
            raise strict_yaml.YamlError(sentence("got a link that leads out of its folder, expected a file."))
        if not inner.is_file():
            raise strict_yaml.YamlError(sentence("got no regular file."))
        tree, faults = strict_yaml.load(inner.read_bytes())
        if not isinstance(tree, dict):
            template = "the file: got {got}, expected a mapping (name: value); data/README.md shows how to write it."
            raise strict_yaml.YamlError(sentence(template, got=shown(tree)))
    except strict_yaml.YamlError as error:
        raise DataError(f"{place}: {error}") from error
    except OSError as error:
        raise DataError(sentence("{place}: cannot be read ({why}).", place=place, why=error.strerror)) from error
    faults = Faults(faults)
    definition = _definition(Section(tree, "", _TOP_KEYS, faults), path.parent)
    if faults:
        usable = definition if faults.mild.issuperset(faults) else None
        raise DefinitionError(*(f"{place}: {fault}" for fault in faults), definition=usable)
    return definition


def _definition(top: Section, folder: Path) -> Definition:
    tables = {}
    time_zone = top.time_zone("time_zone")
    given = Section(top.tree.get("tables"), "tables", None, top.faults)
    for name, tree in given.tree.items():
        canonical = CANONICAL.get(name)
        if canonical is not None:
            section = Section(tree, given.at(name), _TABLE_KEYS, top.faults)
            tables[name] = _table(section, canonical, folder, time_zone)
        else:
            _unknown_table(name, tree, given)
    if _WITH_ARMS in tables:
        known = [column for name in (_WITH_ARMS, "customers") if name in tables for column in tables[name].columns]
        section = Section(given.tree[_WITH_ARMS], given.at(_WITH_ARMS), None, top.faults)
        check_columns(tables[_WITH_ARMS].designs, known, section)
    if not given.tree and isinstance(top.tree.get("tables"), dict):
        given.fault("", got=sentence("no table"), expected=listing([*CANONICAL], "or"))
    return Definition(
        title=top.text("title", required=True),
        description=top.text("description"),
        source=top.text("source"),
        licence=top.text("licence"),
        fictional=top.truth("fictional"),
        extracted=top.day("extracted"),
        aliases=_aliases(top, folder) if top.tree.get("aliases") is not None else None,
        tables=MappingProxyType(tables),
    )


def _unknown_table(name: str, tree: strict_yaml.Tree, given: Section) -> None:
    known, near = listing([*CANONICAL], "or"), suggestion(name, CANONICAL)
    if name == UNKNOWN:
        template = (
            "{at}: which table is this? Write its name in this place: {known} (data/README.md says what each is)."
        )
        given.faults.append(sentence(template, at=given.at(name), known=known))
    else:
        near = near if near != "." else sentence("; expected {known}.", known=known)
        given.faults.append(sentence("{at}: no canonical table{near}", at=given.at(name), near=near))
    # Whatever table is meant, some keys are known in none.
    section = Section(tree, given.at(name), _TABLE_KEYS, given.faults)
    section.questions()
    columns = section.tree.get("columns")
    for column, keys in columns.items() if isinstance(columns, dict) else ():
        if isinstance(keys, dict):
            Section(keys, f"{section.at('columns')}.{column}", KEYS, given.faults)


def _aliases(top: Section, folder: Path) -> Aliases:
    section = Section(top.tree["aliases"], "aliases", _ALIAS_KEYS, top.faults)
    origin = read_origin(section, folder)
    return Aliases(
        origin=origin, id=section.text("id", required=True), customer_id=section.text("customer_id", "customer_id")
    )


def _table(section: Section, canonical: CanonicalTable, folder: Path, time_zone: str) -> TableDefinition:
    missing, segments = section.texts("missing"), section.texts("segments")
    currency, currency_from = section.currency("currency"), section.text("currency_from")
    columns: dict[str, ColumnDefinition] = {}
    given = Section(section.tree.get("columns"), section.at("columns"), None, section.faults)
    for target, tree in given.tree.items():
        columns[target] = read_column(
            target,
            tree,
            given,
            canonical,
            missing=missing,
            segment=target in segments,
            currency=currency,
            currency_from=currency_from,
        )
    for target, field in canonical.fields.items():
        if field.required and target not in columns and given.tree:
            near = suggestion(target, [column for column in columns if column not in canonical.fields])
            template = "{at}: missing, and {table} needs it{near}"
            told = sentence(template, at=given.at(target), table=canonical.name, near=near)
            if target == "initiative":  # a file of one pilot seldom says its name in each row
                way = (
                    "Where the file is of one pilot, write sql: \"SELECT *, 'NAME' AS initiative FROM rows\" in the "
                    "table, and initiative: initiative here."
                )
                told = f"{told} {sentence(way)}"
            given.faults.append(told)
    time = columns.get(canonical.time)
    if time and time.unit not in TIME_UNITS:
        given.fault(f"{time.name}.unit", got=shown(time.unit or None), expected=listing(TIME_UNITS, "or"))
    for column in columns.values():
        if time and column.name == "entry" and column.unit not in ("", time.unit):
            expected = sentence("the unit of {time} ({unit})", time=time.name, unit=shown(time.unit))
            given.fault("entry.unit", got=shown(column.unit), expected=expected)
        if column.valid_from and (column.valid_from not in columns or columns[column.valid_from].kind not in TEMPORAL):
            expected = sentence("a column of type date or timestamp that is mapped here")
            given.fault(f"{column.name}.valid_from", got=shown(column.valid_from), expected=expected)
    _check_currencies(section, given, columns)
    segments = _check_segments(section, segments, columns, canonical)
    records_since = section.day("records_since")
    if records_since is not None and canonical.name not in _WITH_ENDS:
        expected = sentence("no such key: it is for {tables}", tables=listing(_WITH_ENDS))
        section.fault("records_since", got=shown(str(records_since)), expected=expected)
    if section.tree.get("design") is not None and canonical.name != _WITH_ARMS:
        section.fault(
            "design", got=shown(canonical.name), expected=sentence("no such key: it is for {tables}", tables=_WITH_ARMS)
        )
    own = [key for key in canonical.fields if key in columns]
    ordered = [*own, *(key for key in columns if key not in own)]
    zone = section.time_zone("time_zone") or time_zone
    return TableDefinition(
        name=canonical.name,
        columns=tuple(columns[key] for key in ordered),
        segments=segments,
        time_unit=time.unit if time else "",
        time_zone=zone or "UTC",
        zone_said=bool(zone),
        records_since=records_since,
        designs=read_designs(section) if canonical.name == _WITH_ARMS else MappingProxyType({}),
        questions=section.questions(),
        origin=read_origin(section, folder),
    )


def _check_currencies(section: Section, given: Section, columns: Mapping[str, ColumnDefinition]) -> None:
    money = [column for column in columns.values() if column.kind == "money"]
    lacking = [column.name for column in money if not column.unit and not column.currency_from]
    wrong = section.tree.get("currency") or any(
        isinstance(keys := given.tree[name], dict) and keys.get("currency") for name in lacking
    )
    if lacking and not wrong:
        template = "the currency of {columns}, such as EUR (or currency_from: the column that holds it)"
        expected = sentence(template, columns=listing(lacking))
        section.fault("currency", got=sentence("nothing"), expected=expected, mild=True)
    found = {column.unit: column.name for column in columns.values() if column.kind == "money" and column.unit}
    if len(found) > 1:
        listed = listing([f"{name} ({currency})" for currency, name in found.items()])
        given.fault("", got=sentence("several currencies: {listed}", listed=listed), expected=sentence("one a table"))


def _check_segments(
    section: Section, segments: tuple[str, ...], columns: Mapping[str, ColumnDefinition], canonical: CanonicalTable
) -> tuple[str, ...]:
    """The segments that are ones; the others are faults."""
    usable = [key for key in columns if key not in canonical.fields or canonical.fields[key].attribute]
    fit: list[str] = []
    for segment in segments:
        if segment not in usable:
            why = sentence("{name}, which is no column to split by", name=shown(segment))
            section.faults.note_mild(f"{section.at('segments')}: {why}{suggestion(segment, usable)}")
        elif columns[segment].use in NOT_BY_DEFAULT:
            got = sentence("{name} ({use})", name=shown(segment), use=columns[segment].use)
            expected = sentence("columns that every study may take; name this one by its parameter segments")
            section.fault("segments", got=got, expected=expected, mild=True)
        elif columns[segment].personal:
            expected = sentence("columns that are not personal")
            section.fault("segments", got=shown(segment), expected=expected, mild=True)
        elif columns[segment].kind in (*NUMERIC, *TEMPORAL, "text"):
            kind = columns[segment].kind
            noun = sentence("a number") if kind in NUMERIC else sentence("a {kind}", kind=kind)
            got = sentence("{name}, {noun}", name=shown(segment), noun=noun)
            section.fault("segments", got=got, expected=sentence("columns of type category or boolean"), mild=True)
        else:
            fit.append(segment)
    return tuple(fit)
