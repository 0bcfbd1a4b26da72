"""dataset.yaml → frozen definitions. Strict: an unknown key is a fault, and all faults of a file are told at once.

Nothing is read here but the YAML itself, so that listing datasets costs milliseconds.
"""

import codecs
import keyword
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from workbench.datasets import strict_yaml
from workbench.datasets.canonical import CANONICAL, NOT_YET, TIME_UNITS, CanonicalTable, Kind
from workbench.datasets.phrases import names
from workbench.errors import DataError
from workbench.wording import listing, sentence, shown, suggestion

_TOP_KEYS = ("title", "description", "source", "licence", "fictional", "tables")
_TABLE_KEYS = ("file", "sample", "encoding", "separator", "decimal", "missing", "segments", "columns")
_COLUMN_KEYS = ("from", "label", "unit", "type", "values", "true_values", "false_values", "missing", "personal")
_TYPES = ("number", "category", "boolean")


@dataclass(frozen=True, kw_only=True)
class ColumnDefinition:
    """One column that enters a canonical table.

    Attributes
    ----------
    name
        Name in the canonical table.
    source
        Name in the file, blanks collapsed.
    label, unit
        For people; the label falls back to the name, the unit to nothing.
    kind
        `id`, `number`, `boolean` or `category`; None: numbers if all its values are, categories otherwise.
    values
        What each value of the file becomes; empty when values stay as they are, else every value must be listed.
    true_values, false_values
        Values of the file that a boolean column reads as true and as false.
    missing
        Values of the file that say that there is none (an empty cell always does).
    personal
        Tells a person: does not enter (an id is replaced by a row number).
    """

    name: str
    source: str
    label: str
    unit: str = ""
    kind: Kind | None = None
    values: Mapping[str, str] = MappingProxyType({})
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True, kw_only=True)
class TableDefinition:
    """How one file becomes one canonical table.

    Attributes
    ----------
    name
        Canonical name (`lifetimes`).
    columns
        In canonical order: the table's own columns first, then the others as written.
    segments
        Names of columns by which studies split.
    time_unit
        Unit of the table's times, one of days, weeks, months, years.
    file, sample
        Where the rows are: a file beside dataset.yaml, or a sample in an installed package; one of the two.
    encoding, separator, decimal
        How a CSV file is written.
    """

    name: str
    columns: tuple[ColumnDefinition, ...]
    segments: tuple[str, ...]
    time_unit: str
    file: str | None = None
    sample: str | None = None
    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."

    @property
    def labels(self) -> dict[str, str]:
        """Label of each column by its name."""
        return {column.name: column.label for column in self.columns}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The content of a dataset.yaml."""

    title: str
    description: str = ""
    source: str = ""
    licence: str = ""
    fictional: bool = False
    tables: Mapping[str, TableDefinition]


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
        With every fault of the file: key, what was found, what was expected.
    """
    inner = inside(path.parent, path.name)
    try:
        if inner is None:
            raise strict_yaml.YamlError(sentence("got a link that leads out of its folder, expected a file."))
        if not inner.is_file():
            raise strict_yaml.YamlError(sentence("got no regular file."))
        tree, faults = strict_yaml.load(inner.read_bytes())
    except strict_yaml.YamlError as error:
        raise DataError(f"{place}: {error}") from error
    except OSError as error:
        raise DataError(sentence("{place}: cannot be read ({why}).", place=place, why=error.strerror)) from error
    definition = _definition(_Section(tree, "", _TOP_KEYS, faults), path.parent)
    if faults:
        raise DataError(*(f"{place}: {fault}" for fault in faults))
    return definition


def inside(folder: Path, name: str) -> Path | None:
    """Where `name` in `folder` really lies, links followed; None when that is not inside the folder."""
    if "\0" in name:
        return None
    home = Path(os.path.realpath(folder))
    target = Path(os.path.realpath(home / name))
    return target if target != home and target.is_relative_to(home) else None


class _Section:
    """A mapping of the file and its place; what it is asked for and lacks, or has too much, becomes a fault."""

    def __init__(self, tree: strict_yaml.Tree, place: str, known: tuple[str, ...] | None, faults: list[str]):
        self.place, self.faults = place, faults
        if not isinstance(tree, dict):
            self.fault("", got=shown(tree), expected=sentence("a mapping (name: value)"))
            tree = {}
        self.tree = tree
        for key in tree if known is not None else ():
            if key not in known:
                near = suggestion(key, known)
                if near == ".":
                    near = sentence("; expected {known}.", known=listing(known, "or"))
                faults.append(sentence("{at}: unknown key{near}", at=self.at(key), near=near))

    def at(self, key: str) -> str:
        return f"{self.place}.{key}".strip(".") or sentence("the file")

    def fault(self, key: str, *, got: str, expected: str) -> None:
        at = self.at(key)
        self.faults.append(sentence("{at}: got {got}, expected {expected}.", at=at, got=got, expected=expected))

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.tree.get(key)
        if value is None and not required:
            return default
        folded = " ".join(value.split()) if isinstance(value, str) else ""
        if not folded and (required or not isinstance(value, str)):
            self.fault(key, got=shown(value), expected=sentence("a text"))
        return folded

    def truth(self, key: str) -> bool:
        value = self.tree.get(key)
        if value not in (None, "true", "false"):
            self.fault(key, got=shown(value), expected="true or false")
        return value == "true"

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.tree.get(key)
        items = [] if value is None else value if isinstance(value, list) else [value]
        if any(isinstance(item, dict | list) for item in items):
            self.fault(key, got=shown(value), expected=sentence("a list of values"))
            return ()
        return tuple(dict.fromkeys((item or "").strip() for item in items))

    def pairs(self, key: str) -> Mapping[str, str]:
        value = self.tree.get(key)
        if value is None:
            return MappingProxyType({})
        if not isinstance(value, dict) or any(not isinstance(new, str) or not new.strip() for new in value.values()):
            self.fault(key, got=shown(value), expected=sentence("a mapping of values of the file to texts"))
            return MappingProxyType({})
        return MappingProxyType({old.strip(): new.strip() for old, new in value.items()})


def _definition(top: _Section, folder: Path) -> Definition:
    tables = {}
    given = _Section(top.tree.get("tables"), "tables", None, top.faults)
    for name, tree in given.tree.items():
        canonical = CANONICAL.get(name)
        if canonical is not None:
            tables[name] = _table(_Section(tree, given.at(name), _TABLE_KEYS, top.faults), canonical, folder)
        elif name in NOT_YET:
            template = "{at}: not supported yet; this version reads {known}."
            top.faults.append(sentence(template, at=given.at(name), known=names(CANONICAL)))
        else:
            near = suggestion(name, [*CANONICAL, *NOT_YET])
            near = near if near != "." else sentence("; expected {known}.", known=listing([*CANONICAL], "or"))
            top.faults.append(sentence("{at}: no canonical table{near}", at=given.at(name), near=near))
    if not given.tree and isinstance(top.tree.get("tables"), dict):
        given.fault("", got=sentence("no table"), expected=listing([*CANONICAL], "or"))
    return Definition(
        title=top.text("title", required=True),
        description=top.text("description"),
        source=top.text("source"),
        licence=top.text("licence"),
        fictional=top.truth("fictional"),
        tables=MappingProxyType(tables),
    )


def _table(section: _Section, canonical: CanonicalTable, folder: Path) -> TableDefinition:
    missing = section.texts("missing")
    segments = section.texts("segments")
    columns: dict[str, ColumnDefinition] = {}
    given = _Section(section.tree.get("columns"), section.at("columns"), None, section.faults)
    for target, tree in given.tree.items():
        columns[target] = _column(target, tree, given, canonical, missing, target in segments)
    for target, field in canonical.fields.items():
        if field.required and target not in columns and given.tree:
            near = suggestion(target, [column for column in columns if column not in canonical.fields])
            template = "{at}: missing, and {table} needs it{near}"
            given.faults.append(sentence(template, at=given.at(target), table=canonical.name, near=near))
    time = columns.get(canonical.time)
    if time and time.unit not in TIME_UNITS:
        given.fault(f"{time.name}.unit", got=shown(time.unit or None), expected=listing(TIME_UNITS, "or"))
    for column in columns.values():
        if time and column.name == "entry" and column.unit not in ("", time.unit):
            expected = sentence("the unit of {time} ({unit})", time=time.name, unit=shown(time.unit))
            given.fault("entry.unit", got=shown(column.unit), expected=expected)
    _check_segments(section, segments, columns, canonical)
    file, sample = _origin(section, folder)
    own = [key for key in canonical.fields if key in columns]
    ordered = [*own, *(key for key in columns if key not in own)]
    return TableDefinition(
        name=canonical.name,
        columns=tuple(columns[key] for key in ordered),
        segments=segments,
        time_unit=time.unit if time else "",
        file=file,
        sample=sample,
        **_format(section),
    )


def _column(
    name: str,
    tree: strict_yaml.Tree,
    given: _Section,
    canonical: CanonicalTable,
    missing: tuple[str, ...],
    segment: bool,
) -> ColumnDefinition:
    # `age: AGE` and `age:` are short for `age: {from: AGE}` and `age: {from: age}`.
    tree = {} if tree is None else {"from": tree} if isinstance(tree, str) else tree
    section = _Section(tree, given.at(name), _COLUMN_KEYS, given.faults)
    if not name.isidentifier() or keyword.iskeyword(name) or len(name) > 64:
        expected = sentence("a name of letters, digits and _ (the file's own name goes under from)")
        section.fault("", got=shown(name), expected=expected)
    field = canonical.fields.get(name)
    values = section.pairs("values")
    true_values, false_values = section.texts("true_values"), section.texts("false_values")
    declared = section.text("type")
    if declared and declared not in _TYPES:
        section.fault("type", got=shown(declared), expected=listing(_TYPES, "or"))
    kind: Kind | None = declared if declared in _TYPES else None
    if field is not None:
        if declared and declared != field.kind:
            section.fault("type", got=shown(declared), expected=sentence("{kind} (or nothing)", kind=field.kind))
        kind = field.kind
    elif kind is None:
        kind = "boolean" if true_values or false_values else "category" if values or segment else None
    if bool(true_values) != bool(false_values):
        lacking = "false_values" if true_values else "true_values"
        section.fault(lacking, got=sentence("nothing"), expected=sentence("its values: the two go together"))
    if true_values and kind != "boolean":
        section.fault("true_values", got=sentence("a column of type {kind}", kind=kind), expected="type: boolean")
    for both in set(true_values) & set(false_values):
        section.fault("false_values", got=shown(both), expected=sentence("values that are not among true_values"))
    if values and kind not in (None, "category"):
        section.fault("values", got=sentence("a column of type {kind}", kind=kind), expected="type: category")
    personal = section.truth("personal")
    if personal and field is not None and field.required:
        expected = sentence("false: {table} cannot do without {name}", table=canonical.name, name=name)
        section.fault("personal", got="true", expected=expected)
    unit = section.text("unit")
    if name == canonical.time and f"{unit}s" in TIME_UNITS:
        unit = f"{unit}s"
    return ColumnDefinition(
        name=name,
        source=section.text("from", name),
        label=section.text("label", name.replace("_", " ").capitalize()),
        unit=unit,
        kind=kind,
        values=values,
        true_values=true_values,
        false_values=false_values,
        missing=(*missing, *section.texts("missing")),
        personal=personal,
    )


def _check_segments(
    section: _Section, segments: tuple[str, ...], columns: Mapping[str, ColumnDefinition], canonical: CanonicalTable
) -> None:
    usable = [key for key in columns if key not in canonical.fields]
    for segment in segments:
        if segment not in usable:
            why = sentence("{name}, which is no column to split by", name=shown(segment))
            section.faults.append(f"{section.at('segments')}: {why}{suggestion(segment, usable)}")
        elif columns[segment].personal:
            section.fault("segments", got=shown(segment), expected=sentence("columns that are not personal"))
        elif columns[segment].kind == "number":
            expected = sentence("columns of type category or boolean")
            section.fault("segments", got=sentence("{name}, a number", name=shown(segment)), expected=expected)


def _origin(section: _Section, folder: Path) -> tuple[str | None, str | None]:
    file, sample = section.tree.get("file"), section.text("sample") or None
    if (file is None) == (sample is None):
        got = sentence("neither") if file is None else sentence("both")
        section.fault("file", got=got, expected=sentence("either file (beside dataset.yaml) or sample"))
    elif file is not None and (not isinstance(file, str) or not file.strip() or inside(folder, file) is None):
        section.fault("file", got=shown(file), expected=sentence("a file in the dataset's own folder"))
    return (file if isinstance(file, str) else None), sample


def _format(section: _Section) -> dict[str, str]:
    encoding = section.text("encoding", "utf-8")
    separator = section.tree.get("separator") or ","
    decimal = section.text("decimal", ".")
    try:
        usable = codecs.lookup(encoding)._is_text_encoding  # what str.encode itself asks: zip and rot13 are none
    except (LookupError, ValueError):
        usable = False
    if not usable:
        expected = sentence("an encoding such as utf-8, latin-1 or cp1252")
        section.fault("encoding", got=shown(encoding), expected=expected)
    if not isinstance(separator, str) or len(separator) != 1 or not separator.isascii() or separator in '"\r\n\0':
        expected = sentence('one character, such as "," or ";" or "\\t"')
        section.fault("separator", got=shown(separator), expected=expected)
    if decimal not in (".", ","):
        section.fault("decimal", got=shown(decimal), expected=sentence('"." or ","'))
    return {"encoding": encoding, "separator": str(separator), "decimal": decimal}
