"""Everything that is settled before a kernel starts: which study, on which data, with which values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.errors import ParameterError, WorkbenchError
from workbench.findings import Check
from workbench.studies.definition.notebook import Study, find_study
from workbench.studies.definition.parameters import coerce, unknown
from workbench.studies.definition.project import Project
from workbench.wording import listing

if TYPE_CHECKING:
    from workbench.datasets import Dataset

COLUMN_UNIT = "column"


@dataclass(frozen=True)
class Plan:
    """A study with all its values and checked tables, ready to be run.

    Attributes
    ----------
    given
        Values that differ from the notebook's defaults by name, as Python objects.
    tables
        Those that the notebook will read.
    source, checks
        Where the tables are, checked at the door, and what the door has to say about them.
    data, fingerprint
        Where the tables come from, for the manifest; None for a study without tables.
    """

    study: Study
    given: Mapping[str, Any]
    dataset: str | None = None
    tables: tuple[str, ...] = ()
    source: "Dataset | None" = field(default=None, repr=False)
    checks: tuple[Check, ...] = ()
    data: Mapping[str, Any] | None = None
    fingerprint: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """All values as plain JSON data."""
        known = self.study.parameters
        return {name: known[name].to_data(self.given.get(name, known[name].default)) for name in known}


def make_plan(
    project: Project,
    name: str,
    texts: Iterable[str] = (),
    values: Mapping[str, Any] | None = None,
    dataset: str | None = None,
) -> Plan:
    """Check everything that a run needs.

    Parameters
    ----------
    name
        The study.
    texts
        `name=value` as on the command line; they win over `values`.
    values
        Plain data from a parameter file or an earlier run.
    dataset
        Short for the text `dataset=…`.

    Raises
    ------
    WorkbenchError
        With every fault of names, parameters and columns at once; then with every fault of the data.
    """
    study = find_study(project.notebooks, name).checked()
    texts = [*texts, *([f"dataset={dataset}"] if dataset is not None else [])]
    given, faults = coerce(study.name, study.parameters, texts, values)
    if not study.reads_tables:
        if faults:
            raise ParameterError(*faults)
        return Plan(study, given)

    chosen = given.get("dataset", study.parameters["dataset"].default)
    source, tables = _find_dataset(project, study, chosen, given, faults)
    if faults or source is None:
        raise ParameterError(*faults)
    checks = source.check(tables)
    return Plan(
        study,
        given,
        dataset=chosen,
        tables=tables,
        source=source,
        checks=checks,
        data=source.profile(tables),
        fingerprint=source.fingerprint(tables),
    )


def _find_dataset(
    project: Project, study: Study, name: str, given: Mapping[str, Any], faults: list[str]
) -> "tuple[Dataset | None, tuple[str, ...]]":
    """The dataset, and those of its tables that the study will read."""
    from workbench import datasets

    try:
        source = datasets.find(name, project.root)
    except WorkbenchError as error:
        faults += error.faults
        return None, ()
    has = f"dataset {name!r} has {', '.join(source.tables) or 'no table'}."
    for table in study.tables:
        if table not in source.tables:
            faults.append(f"study {study.name} needs the table {table!r}; {has}")
    tables = [*study.tables, *(table for table in study.optional if table in source.tables)]
    if study.choice is not None:
        wanted = given.get(study.choice.parameter, study.parameters[study.choice.parameter].default)
        table = study.choice.settle(wanted, source.tables)
        if table is not None:
            tables.append(table)
        elif wanted is not None:
            faults.append(f"study {study.name} is asked to read the table {wanted!r}; {has}")
        else:
            faults.append(f"study {study.name} needs one of the tables {listing(study.choice.tables, 'or')}; {has}")
    tables = tuple(dict.fromkeys(tables))
    known = _choosable(source, tables)
    # Columns of choices are known by their beginning until the rows are read.
    choices = [f"{column.name}_" for table in tables if table in source.tables
               for column in source.tables[table].columns if column.split]  # fmt: skip
    for parameter in study.parameters.values():
        named = given.get(parameter.name)
        if not named or not (parameter.unit == COLUMN_UNIT or parameter.name == "segments"):
            continue
        columns = [named] if isinstance(named, str) else list(named)
        otherwise = f"dataset {name!r} has {', '.join(known) or 'none'}"
        faults += [
            f"parameter {parameter.name}: {unknown('column', column, known, otherwise)}"
            for column in dict.fromkeys(columns)
            if column not in known and not column.startswith(tuple(choices))
        ]
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            faults.append(
                f"parameter {parameter.name}: got {listing(twice)} more than once, expected each column once."
            )
    return source, tables


def _choosable(source: "Dataset", tables: Iterable[str]) -> list[str]:
    """Columns that a parameter may name: those beside a table's own, which are its outcome, times and ids."""
    from workbench.datasets.definitions.canonical import CANONICAL

    return [
        column.name
        for table in tables
        if table in source.tables
        for column in source.tables[table].columns
        if not (column.personal or column.split or column.name in CANONICAL[table].fields)
    ]
