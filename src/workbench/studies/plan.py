"""Everything that is settled before a kernel starts: which study, on which data, with which values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.errors import ParameterError, WorkbenchError
from workbench.findings import Check
from workbench.studies.definition import Study, find_study
from workbench.studies.parameters import coerce, unknown
from workbench.studies.project import Project
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
    source, checks
        Where the tables are, checked at the door, and what the door has to say about them.
    data, fingerprint
        Where the tables come from, for the manifest; None for a study without tables.
    """

    study: Study
    given: Mapping[str, Any]
    dataset: str | None = None
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
    if not study.tables:
        if faults:
            raise ParameterError(*faults)
        return Plan(study, given)

    chosen = given.get("dataset", study.parameters["dataset"].default)
    source = _find_dataset(project, study, chosen, given, faults)
    if faults or source is None:
        raise ParameterError(*faults)
    checks = source.check(study.tables)
    return Plan(
        study,
        given,
        dataset=chosen,
        source=source,
        checks=checks,
        data=source.profile(study.tables),
        fingerprint=source.fingerprint(study.tables),
    )


def _find_dataset(
    project: Project, study: Study, name: str, given: Mapping[str, Any], faults: list[str]
) -> "Dataset | None":
    from workbench import datasets

    try:
        source = datasets.find(name, project.root)
    except WorkbenchError as error:
        faults += error.faults
        return None
    for table in study.tables:
        if table not in source.tables:
            has = ", ".join(source.tables) or "no table"
            faults.append(f"study {study.name} needs the table {table!r}; dataset {name!r} has {has}.")
    known = _choosable(source, study.tables)
    for parameter in study.parameters.values():
        named = given.get(parameter.name)
        if not named or not (parameter.unit == COLUMN_UNIT or parameter.name == "segments"):
            continue
        columns = [named] if isinstance(named, str) else list(named)
        otherwise = f"dataset {name!r} has {', '.join(known) or 'none'}"
        faults += [
            f"parameter {parameter.name}: {unknown('column', column, known, otherwise)}"
            for column in dict.fromkeys(columns)
            if column not in known
        ]
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            faults.append(
                f"parameter {parameter.name}: got {listing(twice)} more than once, expected each column once."
            )
    return source


def _choosable(source: "Dataset", tables: Iterable[str]) -> list[str]:
    """Columns that a parameter may name: those beside a table's own, which are its outcome, times and ids."""
    from workbench.datasets.canonical import CANONICAL

    return [
        column.name
        for table in tables
        if table in source.tables
        for column in source.tables[table].columns
        if not column.personal and column.name not in CANONICAL[table].fields
    ]
