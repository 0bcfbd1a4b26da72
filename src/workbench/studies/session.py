"""What a notebook talks to: parameters, tables, and the one channel for what it has to say.

In a run the values come from the runner (parameters injected by papermill, tables checked at the door and laid ready);
in JupyterLab, and under plain papermill, from the notebook itself. What is shown is the same.
"""

import inspect
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.declared import Declared
from workbench.errors import DataError, StudyError
from workbench.exhibits import Exhibit, Figure, Kept, Showable, Table, flatten
from workbench.files import write_atomic
from workbench.findings import MIME, Check, Finding, Metric, verdict
from workbench.studies.definition.calls import Earlier
from workbench.studies.inputs import INPUTS, EarlierRun, matches
from workbench.studies.kept import write_table
from workbench.studies.payloads import cell, plain, without_small_groups
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import listing, number, sentence, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from pandas import DataFrame

    from workbench.datasets import Dataset
    from workbench.datasets.contract.opened import Loaded
    from workbench.datasets.definitions.uses import Use

FOLDER_VARIABLE = "WORKBENCH_RUN_FOLDER"
TABLES_VARIABLE = "WORKBENCH_RUN_TABLES"
SHOWN_ROWS = 50
# Parameters that name columns: a column that is named there is asked for.
ASKING = ("segments", "covariates", "drivers", "features")


def start_run() -> "Run":
    """Begin a study: the first call of its notebook after the parameters.

    Returns
    -------
    Run
        Bound to the folder of the run, or a scratch run (nothing is written) inside JupyterLab.
    """
    from workbench.reporting.figures import STYLE, use_style

    if not use_style():
        os.environ["MATPLOTLIBRC"] = str(STYLE)  # read when the notebook imports matplotlib later on
    values = inspect.currentframe().f_back.f_globals
    folder = os.environ.get(FOLDER_VARIABLE)
    return Run(values, Path(folder) if folder else None)


class Run:
    """A study at work.

    Attributes
    ----------
    folder
        Folder of the run, or None in a scratch run.
    """

    def __init__(self, values: Mapping[str, Any], folder: Path | None):
        self._values = values
        self.folder = folder
        self._dataset: Dataset | None = None
        self._tables: dict[str, DataFrame] = {}
        self._samples: dict[tuple[str, str], DataFrame] = {}
        self._admitted: set[str] = set()

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

            self._dataset = find(self._values["dataset"], Project.find().root)
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

    def admit(self, *uses: "Use") -> None:
        """Let columns of these uses (`use:` in dataset.yaml) into the tables that are read from now on.

        Parameters
        ----------
        *uses
            `prediction`, `suspect`, `protected`, `cost_missed`, `cost_contacted` or `outcome`: no others stay out.
        """
        self._admitted |= set(uses)

    def table(self, name: str, *, optional: bool = False) -> "DataFrame | None":
        """A canonical table of the dataset; its contract has been checked.

        Columns whose `use:` keeps them out of most studies are there only where the study admits their use, or a
        parameter names them.

        Parameters
        ----------
        name
            A plain string: the runner reads it from the source to know which tables the study needs.
        optional
            Written out as True, the study can do without it.

        Returns
        -------
        DataFrame or None
            One copy a call, with the columns of the dataset's definition. None where it is optional and not there.
        """
        from workbench.datasets.definitions.uses import left_out

        if optional and name not in self.dataset.tables:
            return None
        if name not in self._tables:
            staged = os.environ.get(TABLES_VARIABLE)
            if self.folder is not None and staged:
                import pandas

                self._tables[name] = pandas.read_parquet(Path(staged) / f"{name}.parquet")
            else:
                loaded = self.dataset.load(name)
                self._tables[name] = loaded.frame
                self.checks(loaded.checks)
        columns, frame = self.dataset.tables[name].columns, self._tables[name]
        asked = {column for each in ASKING for column in self._values.get(each) or ()}
        return frame.drop(columns=left_out(columns, frame.columns, admitted=self._admitted, named=asked))

    def earlier(self, study: str, *, choice: str | None, optional: bool = False) -> EarlierRun | None:
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
            return None if folder is None else EarlierRun(Path(folder))
        return self._settled(Earlier(study, "choice", optional), choice)

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

    def _laid(self) -> Mapping[str, Any] | None:
        """What the runner has laid ready of earlier runs; None in a scratch run."""
        staged = os.environ.get(TABLES_VARIABLE)
        if self.folder is None or not staged:
            return None
        return json.loads((Path(staged) / INPUTS).read_text(encoding="utf-8"))

    def _settled(self, need: Earlier, choice: str) -> EarlierRun | None:
        """An earlier run for a scratch run, which may read every table of its dataset."""
        from workbench.studies import earlier
        from workbench.studies.definition.project import Project

        mine = {"where": None}
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

    def show(self, *things: Showable) -> None:
        """Show results with all that they have to say, in their own words.

        Parameters
        ----------
        *things
            Results (anything with `exhibits()`), exhibits of their own, lists of them; None is passed over.

        Raises
        ------
        StudyError
            For a thing that does not show itself, such as a bare table.
        """
        try:
            exhibits = list(flatten(things))
        except TypeError as error:
            raise StudyError(sentence("run.show: {what}.", what=error)) from None
        for together, group in groupby(exhibits, key=lambda each: isinstance(each, Check)):
            if together:
                self.checks(group)
            else:
                for exhibit in group:
                    self._show(exhibit)

    def _show(self, exhibit: Exhibit) -> None:
        match exhibit:
            case Finding():
                self.finding(exhibit)
            case Figure():
                words = {"title": exhibit.title, "alt": exhibit.alt, "caption": exhibit.caption}
                self.figure(exhibit.draw(), exhibit.name, **words)
            case Table():
                people = vars(exhibit.people) if exhibit.people else {"count": None}
                self.export(
                    exhibit.frame,
                    exhibit.name,
                    caption=exhibit.caption,
                    labels={name: column.label for name, column in exhibit.columns.items() if column.label},
                    units={name: column.unit for name, column in exhibit.columns.items() if column.unit},
                    shown=list(exhibit.columns) or None,
                    people=people["count"],
                    **{key: value for key, value in people.items() if key != "count"},
                )
            case Kept():
                self.keep(exhibit.frame, exhibit.name, declared=exhibit.declared)
            case _:
                self.metrics(exhibit)

    def finding(self, finding: Finding | Iterable[Finding]) -> None:
        """State a finding, or several; the first of a study is its headline."""
        for each in [finding] if isinstance(finding, Finding) else finding:
            _show({"kind": "finding", "finding": asdict(each)}, each.statement)

    def metrics(self, metrics: Mapping[str, Metric]) -> None:
        """Report numbers by name, for machines and for comparing runs."""
        values = {name: plain(value) for name, value in metrics.items()}
        _show({"kind": "metrics", "metrics": values}, str(values))

    def checks(self, checks: Check | Iterable[Check]) -> None:
        """Report what was tested about this run; a failed check makes the run exit with 3."""
        listed = [checks] if isinstance(checks, Check) else list(checks)
        if listed:
            text = "\n".join(f"{check.status}: {check.message}" for check in listed)
            _show({"kind": "checks", "checks": [asdict(check) for check in listed]}, text)

    def figure(self, figure: "Drawing | Axes", name: str, *, title: str, alt: str, caption: str = "") -> None:
        """Show a figure, keep it as figures/<name>.svg and close it.

        Parameters
        ----------
        figure
            A matplotlib figure, or axes of one.
        name
            Stable name within the study; a finding refers to it.
        title
            What it shows, as a sentence.
        alt
            The same for people who cannot see it: what is drawn and what can be read off.
        caption
            Source, sample and how to read it.
        """
        import matplotlib.pyplot as plt

        from workbench.reporting.figures import save_svg

        whole = getattr(figure, "figure", None) or figure
        svg = save_svg(whole)
        plt.close(whole)
        if self.folder is not None:
            write_atomic(self.folder / "figures" / f"{_file_name(name)}.svg", svg)
        payload = {"kind": "figure", "name": name, "title": title, "alt": alt, "caption": caption}
        _show(payload, alt, svg)

    def export(
        self,
        frame: "DataFrame",
        name: str,
        *,
        caption: str,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        shown: Sequence[str] | None = None,
        people: str | None,
        by: str | Sequence[str] = (),
        within: str | Sequence[str] = (),
        values: Sequence[str] | None = None,
        k: int = SMALLEST_GROUP,
    ) -> None:
        """Show a table and keep it as tables/<name>.csv for people and tables/<name>.parquet for machines.

        Small groups of people are hidden first, in all three; the caption then says how many rows are, and the files
        have a column `suppressed`.

        Parameters
        ----------
        frame
            One row a line; the index is left out.
        name
            Stable name within the study.
        caption
            One sentence: what the table says.
        labels, units
            Column headers for people, and units by column; `share` is shown as a percentage, `p` as a p-value.
        shown
            Columns for the reader of the report, all by default; the files have them all.
        people
            Column with how many people stand behind a row. None says that rows are no groups of people: single
            customers under their pseudonyms, or things of the model.
        by
            Columns that split people into groups whose counts add up. So many more groups are hidden that totals,
            here or in another table, give none away.
        within
            The other columns that tell rows apart (a horizon, an attribute): nothing adds up across them.
        values
            What is hidden with a small group: all columns but `by` and `within`, unless named here.
        k
            The smallest group that is shown.

        Raises
        ------
        StudyError
            For a name that is none of a file, or columns that are not there.
        """
        labels, units = labels or {}, units or {}
        by, within = ([names] if isinstance(names, str) else list(names) for names in (by, within))
        frame, hidden = without_small_groups(frame, people, by, within, values, k)
        caption = f"{caption} {hidden}" if hidden else caption
        self._keep(frame, name)
        frame = frame if shown is None else frame[list(shown)]
        columns = [
            {
                "name": str(column),
                "label": labels.get(column, str(column).replace("_", " ")),
                "unit": units.get(column, ""),
                "numeric": frame[column].dtype.kind in "iuf",
            }
            for column in frame.columns
        ]
        rows = [[cell(value) for value in row] for row in frame.head(SHOWN_ROWS).itertuples(index=False, name=None)]
        payload = {
            "kind": "table",
            "name": name,
            "caption": caption,
            "columns": columns,
            "rows": rows,
            "n_rows": len(frame),
        }
        _show(payload, f"{caption}\n{frame.head(SHOWN_ROWS).to_string(index=False)}")

    def keep(self, frame: "DataFrame", name: str, *, declared: Declared | None = None) -> None:
        """Keep a table for machines: none of it is shown.

        Rows of single customers (a column `customer_id`) go to private/ of the run, which only its owner reads; all
        other tables to tables/.

        Parameters
        ----------
        frame
            One row a line; the index is left out.
        name
            Stable name within the study.
        declared
            What other studies may rely on; `workbench.declared` knows it of the studies that come with the workbench.

        Raises
        ------
        StudyError
            For a name that is none of a file, or a table that breaks its declaration.
        """
        self._keep(frame, name, declared)

    def _keep(self, frame: "DataFrame", name: str, declared: Declared | None = None) -> None:
        path = _file_name(name)
        if self.folder is not None:
            write_table(self.folder, frame, path, declared)


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
        message=" ".join([origin, *(each.message for each in loaded.checks)]),
    )


def _show(payload: dict[str, Any], text: str, svg: str | None = None) -> None:
    from IPython.display import display

    from workbench.reporting.cards import card

    payload = json.loads(json.dumps(plain(payload), allow_nan=False))
    image = {} if svg is None else {"image/svg+xml": svg}
    display({MIME: payload, "text/html": card(payload, svg=svg), "text/plain": text, **image}, raw=True)


def _file_name(name: str) -> str:
    if not name.replace("_", "").replace("-", "").isalnum() or len(name) > 80:
        raise StudyError(f"the name of a table or figure has letters, digits, - and _, got {name!r}.")
    return name
