"""Everything that is settled before a kernel starts: which study, on which data, with which values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.errors import ParameterError, WorkbenchError
from workbench.findings import Check
from workbench.studies import earlier
from workbench.studies.definition.notebook import Study, find_study
from workbench.studies.definition.parameters import coerce, unknown
from workbench.studies.definition.project import Project
from workbench.studies.definition.secret import Given
from workbench.studies.earlier import Input
from workbench.studies.featured import FEATURE_TABLES, usable
from workbench.wording import listing, sentence, shown

if TYPE_CHECKING:
    from workbench.datasets import Dataset
    from workbench.datasets.definitions.canonical import CanonicalTable
    from workbench.datasets.definitions.uses import Purpose

COLUMN_UNIT = "column"


@dataclass(frozen=True)
class Plan:
    """A study with all its values and checked tables, ready to be run.

    Attributes
    ----------
    given
        Values that differ from the notebook's defaults by name, as Python objects.
    where
        The condition that chooses a part of the dataset; None: all of it.
    tables
        Those that the notebook will read.
    source, checks
        Where the tables are, checked at the door, and what the door has to say about them.
    data, fingerprint
        Where the tables come from, for the manifest; None for a study without tables.
    identity
        What has to agree between runs of which one reads the other (`Dataset.identity`).
    inputs
        Earlier runs that it reads.
    """

    study: Study
    given: Mapping[str, Any]
    dataset: str | None = None
    where: str | None = None
    tables: tuple[str, ...] = ()
    source: "Dataset | None" = field(default=None, repr=False)
    checks: tuple[Check, ...] = ()
    data: Mapping[str, Any] | None = None
    fingerprint: str | None = None
    identity: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """All values as plain JSON data, without secrets."""
        known = {name: each for name, each in self.study.parameters.items() if not each.is_secret}
        return {name: each.to_data(self.given.get(name, each.default)) for name, each in known.items()}

    @property
    def secrets(self) -> dict[str, str]:
        """Secrets that were given, by the names of their parameters."""
        known = self.study.parameters
        return {name: str(value) for name, value in self.given.items() if known[name].is_secret and value}

    @property
    def injected(self) -> dict[str, Any]:
        """Values for the notebook; a secret by its name alone."""
        return {**self.given, **{name: Given(name) for name in self.secrets}}


def make_plan(
    project: Project,
    name: str,
    texts: Iterable[str] = (),
    values: Mapping[str, Any] | None = None,
    dataset: str | None = None,
    where: str | None = None,
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
    where
        A condition that chooses a part of the dataset (`datasets.definitions.where`).
    project
        Where studies, data and reports are.

    Raises
    ------
    WorkbenchError
        With every fault of names, parameters and columns at once; then with every fault of the data.
    """
    study = find_study(project.notebooks, name).checked()
    texts = [*texts, *([f"dataset={dataset}"] if dataset is not None else [])]
    given, faults = coerce(study.name, study.parameters, texts, values)
    source: Dataset | None = None
    tables: tuple[str, ...] = ()
    chosen = _value(study, given, "dataset") if "dataset" in study.parameters else None
    if study.reads_tables:
        source, tables = _find_dataset(project, study, chosen, given, faults, where=where or "")
    elif where:
        faults.append(f"where: study {study.name} reads no table, so there is no part to choose.")
    if faults:
        raise ParameterError(*faults)
    plan = Plan(study, given, dataset=chosen, where=where or None)
    if source is not None:
        tables, without = _in_part(study, source, tables)
        plan = replace(
            plan,
            tables=tables,
            source=source,
            checks=(*source.check(tables), *without),
            data=source.profile(tables),
            fingerprint=source.fingerprint(tables),
            identity=source.identity(tables),
        )
    return _with_earlier(project, plan)


def _with_earlier(project: Project, plan: Plan) -> Plan:
    """The plan with the runs that it reads; the parameters that chose them then name them."""
    # A default may find no run; one that was asked for may not.
    needs = [
        replace(need, optional=need.optional and plan.given.get(need.parameter) is None) for need in plan.study.earlier
    ]
    if not needs:
        return plan
    choices = {need.parameter: _value(plan.study, plan.given, need.parameter) for need in needs}
    mine = {"dataset": plan.dataset, "where": plan.where, **plan.identity}
    inputs = earlier.settle(project, needs, choices, mine)
    found = dict.fromkeys(choices) | {each.need.parameter: each.run_id for each in inputs}
    checks = (*plan.checks, *earlier.checks(needs, inputs))
    return replace(plan, given={**plan.given, **found}, inputs=tuple(inputs), checks=checks)


def _value(study: Study, given: Mapping[str, Any], name: str) -> Any:
    return given.get(name, study.parameters[name].default)


def _find_dataset(
    project: Project, study: Study, name: Any, given: Mapping[str, Any], faults: list[str], *, where: str = ""
) -> "tuple[Dataset | None, tuple[str, ...]]":
    """The dataset, and those of its tables that the study will read."""
    from workbench import datasets

    try:
        source = datasets.find(name, project.root, where=where)
    except WorkbenchError as error:
        faults += error.faults
        return None, ()
    tables = _tables_read(study, source, name, given, faults)
    _validate_columns(study, source, name, tables, given, faults)
    return source, tables


def _tables_read(
    study: Study, source: "Dataset", name: str, given: Mapping[str, Any], faults: list[str]
) -> tuple[str, ...]:
    """Tables of the dataset that the study will read; those that it lacks are faults."""
    known = f"dataset {name!r} has {', '.join(source.tables) or 'no table'}"
    has = f"{known}."
    for table in study.tables:
        if table not in source.tables:
            faults.append(f"study {study.name} needs the table {table!r}; {has}")
    tables = [*study.tables, *(table for table in study.optional if table in source.tables)]
    if study.calls.features:
        fit, why = usable(source)
        tables += fit
        if not fit and not study.calls.features_optional:
            reasons = f" ({listing(why)})" if why else ""
            faults.append(f"study {study.name} makes features of {listing(FEATURE_TABLES, 'or')}; {known}{reasons}.")
    if study.choice is not None:
        wanted = given.get(study.choice.parameter, study.parameters[study.choice.parameter].default)
        chosen = study.choice.settle(wanted, source.tables)
        if chosen is not None:
            tables.append(chosen)
        elif wanted is not None:
            faults.append(f"study {study.name} is asked to read the table {wanted!r}; {has}")
        else:
            faults.append(f"study {study.name} needs one of the tables {listing(study.choice.tables, 'or')}; {has}")
    return tuple(dict.fromkeys(tables))


def _in_part(study: Study, source: "Dataset", tables: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Check, ...]]:
    """Tables of which the part has rows, and what the study does without; one that it needs stays, to be refused."""
    needed = {*study.tables, *(study.choice.tables if study.choice else ())}
    empty = source.without_rows(table for table in tables if table not in needed)
    left = tuple(table for table in tables if table not in empty)
    if not empty or (study.calls.features and not study.calls.features_optional and not {*left} & {*FEATURE_TABLES}):
        return tables, ()
    message = sentence("This part has no row of {tables}: the study does without.", tables=listing(empty))
    return left, (Check(name="tables_without_rows", status="pass", message=message),)


def _validate_columns(
    study: Study, source: "Dataset", name: str, tables: Iterable[str], given: Mapping[str, Any], faults: list[str]
) -> None:
    """Find the faults of parameters that name columns."""
    tables = tuple(tables)
    known = _choosable(source, tables)
    # Columns of choices are known by their beginning until the rows are read.
    choices = [
        f"{column.name}_"
        for table in tables
        if table in source.tables
        for column in source.tables[table].columns
        if column.split
    ]
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
        if parameter.name != "segments":
            faults += _misused(source, tables, parameter.name, columns)
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            faults.append(
                f"parameter {parameter.name}: got {listing(twice)} more than once, expected each column once."
            )


def _misused(source: "Dataset", tables: Iterable[str], parameter: str, columns: Iterable[str]) -> Iterator[str]:
    """Columns that a parameter names although their use keeps them out of such models, a fault each."""
    from workbench.datasets.definitions.uses import why

    purpose: Purpose = "predict" if parameter == "features" else "explain"
    for table in tables:
        if table in source.tables:
            kept = source.tables[table].kept_from(purpose, named=columns)
            for column in dict.fromkeys(columns):
                if column in kept:
                    template = "parameter {parameter}: {column} is {why} (use: {use} in dataset.yaml); take it out."
                    yield sentence(
                        template, parameter=parameter, column=shown(column), why=why(kept[column]), use=kept[column]
                    )


def _choosable(source: "Dataset", tables: Iterable[str]) -> list[str]:
    """Columns that a parameter may name: attributes, and those beside a table's own: its outcome, times and ids."""
    from workbench.datasets.definitions.canonical import CANONICAL

    return [
        column.name
        for table in tables
        if table in source.tables
        for column in source.tables[table].columns
        if not (column.personal or column.split or _has_a_part(CANONICAL[table], column.name))
    ]


def _has_a_part(canonical: "CanonicalTable", name: str) -> bool:
    """Whether a column is a table's own and no attribute of customers, such as their team."""
    field = canonical.fields.get(name)
    return field is not None and not field.attribute
