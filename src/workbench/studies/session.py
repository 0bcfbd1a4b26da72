"""What a notebook talks to: parameters, tables, features and earlier runs, and the channel for what it has to say.

In a run the values come from the runner (parameters injected by papermill, tables checked at the door and laid ready);
in JupyterLab, and under plain papermill, from the notebook itself. What is shown is the same.
"""

import inspect
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, overload

from workbench.errors import RUN_VARIABLE, DataError, ParameterError, StudyError
from workbench.exhibits import Saved
from workbench.files import strict_json
from workbench.findings import Check, verdict
from workbench.studies.channel import Channel
from workbench.studies.definition import secret
from workbench.studies.definition.calls import Earlier
from workbench.studies.inputs import DATED, GROUPS, INPUTS, RECORDED, EarlierRun, matches
from workbench.studies.small_groups.decided import Groups, decide
from workbench.wording import listing, number, sentence, shown

if TYPE_CHECKING:
    from ibis.expr.types import Table as Expression
    from pandas import DataFrame

    from workbench.datasets import Dataset
    from workbench.datasets.contract.opened import Loaded
    from workbench.datasets.definitions.uses import Use
    from workbench.features import Features, Recorded, Snapshots

FOLDER_VARIABLE = RUN_VARIABLE
TABLES_VARIABLE = secret.FOLDER_VARIABLE
# Parameters that name columns: a column that is named there is asked for.
ASKING = ("segments", "covariates", "drivers", "features")
MOST_KEPT = 500_000
"""Rows of a table that is kept after it was read; a larger one is read again, for beside what the study holds of it
there is no room: a million customers with eight columns of text are 300 MB, read in a second."""


def start_run(*, where: str = "") -> "Run":
    """Begin a study: the first call of its notebook after the parameters.

    Parameters
    ----------
    where
        In a scratch run, a condition that chooses a part of the dataset; on the command line it is `--where`.

    Returns
    -------
    Run
        Bound to the folder of the run, or a scratch run (nothing is written) inside JupyterLab.
    """
    from workbench.reporting.figures import STYLE, use_style

    if not use_style():
        os.environ["MATPLOTLIBRC"] = str(STYLE)  # read when the notebook imports matplotlib later on
    frame = inspect.currentframe()
    values = frame.f_back.f_globals if frame and frame.f_back else {}
    folder = os.environ.get(FOLDER_VARIABLE)
    return Run(values, Path(folder) if folder else None, where=where)


class Run(Channel):
    """A study at work.

    Attributes
    ----------
    folder
        Folder of the run, or None in a scratch run.
    """

    def __init__(self, values: Mapping[str, Any], folder: Path | None, *, where: str = ""):
        if where and folder is not None:
            template = "start_run(where=…) is for scratch runs: give {where} on the command line, as --where."
            raise ParameterError(sentence(template, where=shown(where)))
        super().__init__(folder)
        self._where = where
        self._values = values
        self._dataset: Dataset | None = None
        self._tables: dict[str, DataFrame] = {}
        self._loads: dict[str, Loaded] = {}
        self._samples: dict[tuple[str, str], DataFrame] = {}
        self._admitted: set[str] = set()
        self._expressions: dict[str, Expression] | None = None
        self._featured = 0
        self._groups: Groups | None = None
        self._like: EarlierRun | None = None
        self._spare: TemporaryDirectory[str] | None = None

    @property
    def seed(self) -> int:
        """The parameter `seed`, to be handed to whatever draws random numbers."""
        return self._values["seed"]

    @property
    def dataset(self) -> "Dataset":
        """The dataset that the parameter `dataset` names."""
        if self._dataset is None:
            from workbench.datasets import find
            from workbench.studies.definition.project import Project

            self._dataset = find(self._values["dataset"], Project.find().root, where=self._where)
        return self._dataset

    @property
    def segments(self) -> list[str]:
        """Columns that customers are grouped by: the parameter `segments`, or those of the dataset when it is None."""
        chosen = self._values.get("segments")
        if chosen is not None:
            return list(chosen)
        return list(dict.fromkeys(name for table in self.dataset.tables.values() for name in table.segments))

    def one_of(self, *names: str, choice: str | None) -> "tuple[str, DataFrame]":
        """The first of several canonical tables that the dataset has: its name and its rows.

        Parameters
        ----------
        names
            Plain strings, the preferred first: the runner reads them from the source.
        choice
            A parameter of the study, by its name: the table to take, or None.
        """
        from workbench.studies.definition.calls import Choice

        name = Choice(names, "").settle(choice, self.dataset.tables)
        if name is None:
            wanted = names if choice is None else (choice,)
            has = listing(list(self.dataset.tables)) or "no table"
            raise StudyError(f"this study needs the table {listing(wanted, 'or')}; the dataset has {has}.")
        return name, self.table(name)

    def recorded(self, name: str) -> "Recorded | None":
        """From when and until when the records of a table say what happened: of all rows, not those of a part alone.

        Parameters
        ----------
        name
            Of a table that says when customers were there; None of any other.
        """
        from workbench.features import Recorded

        if name not in DATED:
            return None
        if staged := self._laid_tables():
            return Recorded.of(json.loads((staged / RECORDED).read_text(encoding="utf-8"))[name])
        return self.dataset.recorded(name)

    def admit(self, *uses: "Use") -> None:
        """Let columns of these uses (`use:` in dataset.yaml) into the tables that are read from now on.

        Parameters
        ----------
        *uses
            `prediction`, `suspect`, `protected`, `cost_missed`, `cost_contacted` or `outcome`: no others stay out.
        """
        self._admitted |= set(uses)

    @overload
    def table(self, name: str) -> "DataFrame": ...

    @overload
    def table(self, name: str, *, optional: bool) -> "DataFrame | None": ...

    def table(self, name: str, *, optional: bool = False) -> "DataFrame | None":
        """A canonical table of the dataset; its contract has been checked.

        Columns whose `use:` keeps them out of most studies are there only where the study admits their use, or a
        parameter names them.

        Parameters
        ----------
        name
            A plain string: the runner reads it from the source to know which tables the study needs.
        optional
            Written out as True, the study can do without it, or without its rows in a part of the dataset.

        Returns
        -------
        DataFrame or None
            One copy a call, with the columns of the dataset's definition. None where it is optional and not there.
        """
        from workbench.datasets.definitions.uses import left_out

        if optional and not self._has_rows(name):
            return None
        columns, frame = self.dataset.tables[name].columns, self._rows(name)
        asked = self._asked()
        frame = frame.drop(columns=left_out(columns, frame.columns, admitted=self._admitted, named=asked))
        return self._shown_groups().applied(frame)

    def _rows(self, name: str) -> "DataFrame":
        """A table as it stands in the dataset, read once unless it is large."""
        if name not in self._tables:
            if staged := self._laid_tables():
                import pandas

                frame = pandas.read_parquet(staged / f"{name}.parquet")
                if len(frame) > MOST_KEPT:
                    return frame
                self._tables[name] = frame
            else:
                self._tables[name] = self._loaded(name).frame
                self.checks(self._loaded(name).checks)
        return self._tables[name]

    def _loaded(self, name: str) -> "Loaded":
        """A table of a scratch run as its dataset gives it, read once."""
        if name not in self._loads:
            self._loads[name] = self.dataset.load(name)
        return self._loads[name]

    def _shown_groups(self) -> Groups:
        """Which groups the run may show: decided once, when the first table or feature is asked for."""
        if self._groups is None:
            asked = self.segments if "segments" in self._values else []
            like = None if self._like is None else self._like.groups()
            self._groups = decide(self.dataset, self.segments, self._columns_of, like=like)
            self.checks(self._groups.checks(asked))
        return self._groups

    def _columns_of(self, name: str, columns: "Sequence[str]") -> "DataFrame | None":
        """Columns of a table as far as it has them, which is not asked for by that; None where it cannot be read."""
        if staged := self._laid_tables():
            import pandas
            from pyarrow import parquet

            path = staged / f"{name}.parquet"
            if not path.is_file():
                return None  # the study does not read it
            there = set(parquet.read_schema(path).names)
            return pandas.read_parquet(path, columns=[column for column in columns if column in there])
        try:
            frame = self._loaded(name).frame
        except (DataError, ParameterError):
            return None  # told where the study asks for it
        return frame[[column for column in columns if column in frame]]

    def _save(self, saved: Saved) -> None:
        """Beside a model which groups it knows: a run that uses it on other data has the same."""
        card = strict_json(self._shown_groups().card()).encode()
        super()._save(replace(saved, files={**saved.files, GROUPS: card}))

    def _laid_tables(self) -> Path | None:
        """The folder of the tables that were laid ready; None in a scratch run."""
        staged = os.environ.get(TABLES_VARIABLE)
        return Path(staged) if self.folder is not None and staged else None

    def features(
        self,
        when: "Snapshots | None",
        *,
        attributes: Sequence[str] = (),
        leaks: bool = True,
        optional: bool = False,
        **options: Any,
    ) -> "Features | None":
        """What was known of every customer at cut-offs, of all tables of the dataset that say whose rows are when.

        Nothing runs before rows are asked for (`.arrow()`, `.frame()`, `.write(path)`); `.table` is an Ibis expression
        over the tables that were laid ready for the run, `.tables` are those.

        Parameters
        ----------
        when
            Cut-offs: `workbench.features.snapshots(…)`; None, where the study can do without, makes no features.
        attributes
            Attributes of `customers` that the study cannot do without.
        leaks
            Whether the features of some customers are made again without the future, which ends as two checks.
        optional
            Written out as True, the study can do without features.
        **options
            `windows_days`, `unit`, `scores`, `measures`, `records`, as `workbench.features.customer_features` has them.

        Returns
        -------
        Features or None
            Columns whose `use:` forbids predictions, and personal ones, are in none of them. None where there are none
            and they are optional.

        Raises
        ------
        DataError
            When no table can serve, or an attribute cannot be given.
        """
        from workbench.features import customer_features
        from workbench.studies import featured

        fit, why = featured.usable(self.dataset)
        fit = {name: definition for name, definition in fit.items() if self._has_rows(name)}
        if optional and (when is None or not fit):
            return None
        if when is None:
            raise ParameterError(sentence("Features need a cut-off; got none."))
        if not fit:
            template = "features need a table that says whose rows are when{why}."
            raise DataError(sentence(template, why=f" ({listing(why)})" if why else ""))
        asked = {*attributes, *self._asked()}
        if self._expressions is None:
            staged = self._laid_tables()
            if staged is None:
                self._spare = TemporaryDirectory(prefix="wb-")  # as long as the run lives, and nobody else reads it
                staged = Path(self._spare.name)
            self._expressions = featured.tables_of(self.dataset, fit, staged=staged, named=asked)
        tables = {name: self._shown_groups().expressed(table) for name, table in self._expressions.items()}
        people = self.dataset.tables.get("customers")
        if people is not None and "customers" in tables:
            there = set(tables["customers"].columns)
            options["constant"] = [name for name in people.constant if name in there]
            options["valid_from"] = {name: date for name, date in people.valid_from.items() if name in there}
        options = featured.fixed(tables, {"attributes": attributes, **options})
        made = customer_features(tables, when, **options)
        checks = [featured.told(self.dataset, made)]
        if leaks:
            known = {name: value for name, value in options.items() if name != "records"}
            checks += featured.leaks(made, known, random_seed=self.seed)
        self._featured += 1
        times = f"_{self._featured}" if self._featured > 1 else ""
        self.checks(replace(check, name=check.name + times) for check in checks)
        return made

    def earlier(
        self, study: str, *, choice: str | None, optional: bool = False, other_data: bool = False
    ) -> EarlierRun | None:
        """An earlier run of another study.

        Whether it may stand under this run was settled before: it is of the same data, succeeded, and its verdict is
        not *fail*.

        Parameters
        ----------
        study
            A plain string: the runner reads it from the source.
        choice
            A parameter of the study, by its name: a run id, a unique prefix of one, `latest` (the newest good run on
            the same tables), or None.
        optional
            Written out as True, a `latest` that finds none counts as None.
        other_data
            Written out as True, the run may be of other data: its model is used on those of this one.

        Returns
        -------
        EarlierRun or None
            None where the run goes without.

        Raises
        ------
        ParameterError
            Inside JupyterLab, where a run contradicts this one: before a kernel starts, elsewhere.
        """
        if choice is None:
            return None
        if (laid := self._laid()) is not None:
            folder = laid["earlier"].get(study)
            found = None if folder is None else EarlierRun(Path(folder))
        else:
            found = self._settled(Earlier(study, "choice", optional, other_data=other_data), choice)
        if other_data:
            self._like = found
        return found

    def previous(self, study: str, *, where: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """The manifests of all earlier runs of a study, newest first, whatever became of them.

        Parameters
        ----------
        study
            A plain string: the runner reads it from the source.
        where
            Values that they have, by names of the manifest (`status`, `verdict`, `dataset`) or of parameters.
        """
        if (laid := self._laid()) is not None:
            found = laid["previous"][study]
        else:
            from workbench.studies.definition.project import Project
            from workbench.studies.manifest import read_runs

            found = read_runs(Project.find().earlier_reports, study)
        return [manifest for manifest in found if matches(manifest, where or {})]

    def _has_rows(self, name: str) -> bool:
        """Whether the dataset has a table, and the part of it that the run is about any row of it."""
        if name not in self.dataset.tables:
            return False
        if staged := self._laid_tables():
            return (staged / f"{name}.parquet").is_file()
        return not self.dataset.without_rows([name])

    def _asked(self) -> set[str]:
        """Columns that a parameter asks for; a notebook may call something else by the name of one."""
        values = [self._values.get(name) for name in ASKING]
        return {column for value in values if isinstance(value, list) for column in value if isinstance(column, str)}

    def _laid(self) -> Mapping[str, Any] | None:
        """What the runner has laid ready of earlier runs; None in a scratch run."""
        staged = self._laid_tables()
        return None if staged is None else json.loads((staged / INPUTS).read_text(encoding="utf-8"))

    def _settled(self, need: Earlier, choice: str) -> EarlierRun | None:
        """An earlier run for a scratch run, which may read every table of its dataset."""
        from workbench.studies import earlier
        from workbench.studies.definition.project import Project

        mine: dict[str, Any] = {"where": None}
        if "dataset" in self._values:
            mine |= {"dataset": self.dataset.name, **self.dataset.identity(self.dataset.tables)}
        found = earlier.settle(Project.find(), [need], {need.parameter: choice}, mine)
        self.checks(earlier.checks([need], found))
        return EarlierRun(found[0].folder) if found else None

    def sample(self, dataset: str, table: str) -> "DataFrame":
        """A table of a sample that comes with the workbench, to lay the dataset of the run beside it.

        Where it is from and what there is to know about it is shown as one check.
        The manifest speaks of the run's own dataset alone.

        Parameters
        ----------
        dataset
            Name of the sample (`cdnow`).
        table
            One of its canonical tables.

        Raises
        ------
        DataError
            When there is none of that name, or it has no such table; and when the project has a dataset of that name:
            its own data enter by the parameter `dataset` alone, so that a run says whose data it is about.
        """
        key = (dataset, table)
        if key not in self._samples:
            from workbench.datasets import find
            from workbench.studies.definition.project import Project

            source = find(dataset, Project.find().root)
            if source.origin != "sample":
                template = (
                    "{name} is a dataset of the project, expected a sample that comes with the workbench; a run's own "
                    "data enter by its parameter dataset."
                )
                raise DataError(sentence(template, name=shown(dataset)))
            loaded = source.load(table)
            self._samples[key] = loaded.frame
            self.checks(_origin_of(source, table, loaded))
        return self._samples[key].copy()


def _origin_of(source: "Dataset", table: str, loaded: "Loaded") -> Check:
    """Where a sample is from and what there is to know about it, as one check: names of checks are those of the run."""
    origin = sentence(
        "The sample {name} ({table}, {rows} rows) comes from {source}.",
        name=source.name,
        table=table,
        rows=number(len(loaded.frame)),
        source=source.source,
    )
    return Check(
        name=f"sample_{source.name}_{table}",
        # What there is to know about a sample is told; it is no warning about this run.
        status="fail" if verdict(loaded.checks) == "fail" else "pass",
        title=sentence("Sample {name}", name=source.name),
        message=" ".join([origin, *(each.message for each in loaded.checks)]),
    )
