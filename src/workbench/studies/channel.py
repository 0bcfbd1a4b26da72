"""The one channel for what a notebook has to say: shown for its reader, and as plain data that the runner collects."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.declared import Declared
from workbench.declared.contract import CUSTOMER
from workbench.errors import StudyError
from workbench.exhibits import Exhibit, Figure, Kept, Lines, People, Samples, Saved, Showable, Table, flatten
from workbench.files import write_atomic
from workbench.findings import MIME, Check, Finding, Metric
from workbench.memory import give_back
from workbench.studies.definition import secret
from workbench.studies.execution.journal import write_down
from workbench.studies.execution.secrets import redact, redacted_frame
from workbench.studies.kept import write_lines, write_model, write_samples, write_table
from workbench.studies.payloads import cell, plain, without_small_groups
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from pandas import DataFrame

SHOWN_ROWS = 50  # of a table in the report; the files have all


class Channel:
    """What a study says.

    Attributes
    ----------
    folder
        Folder of the run, or None in a scratch run, in which nothing is written.
    """

    def __init__(self, folder: Path | None):
        self.folder = folder

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
                self.checks([each for each in group if isinstance(each, Check)])
            else:
                for exhibit in group:
                    self._show(exhibit)
        give_back()  # what was worked out for it

    def _show(self, exhibit: Exhibit) -> None:
        match exhibit:
            case Finding():
                self.finding(exhibit)
            case Figure():
                words = {"title": exhibit.title, "alt": exhibit.alt, "caption": exhibit.caption}
                self.figure(exhibit.draw(), exhibit.name, **words)
            case Table():
                people = exhibit.people
                self.export(
                    exhibit.frame,
                    exhibit.name,
                    caption=exhibit.caption,
                    labels={name: column.label for name, column in exhibit.columns.items() if column.label},
                    units={name: column.unit for name, column in exhibit.columns.items() if column.unit},
                    shown=list(exhibit.columns) or None,
                    people=people.count if people else None,
                    by=people.by if people else (),
                    within=people.within if people else (),
                    values=people.values if people else None,
                )
            case Kept():
                self.keep(exhibit.frame, exhibit.name, declared=exhibit.declared, people=exhibit.people)
            case Samples():
                if self.folder is not None:
                    write_samples(self.folder, replace(exhibit, name=_file_name(exhibit.name)))
            case Check():
                self.checks(exhibit)
            case Saved():
                self._save(exhibit)
            case Lines():
                self._lines(exhibit)
            case _:
                self.metrics(exhibit)

    def _save(self, saved: Saved) -> None:
        if self.folder is not None:
            write_model(self.folder, saved)

    def _lines(self, lines: Lines) -> None:
        text = redact(lines.text, secret.hidden())
        if self.folder is not None:
            write_lines(self.folder, _file_name(lines.name), text)
        _show({"kind": "lines", "name": lines.name, "caption": lines.caption, "text": text}, text)

    def finding(self, finding: Finding | Iterable[Finding]) -> None:
        """State a finding, or several; the first of a study is its headline.

        Parameters
        ----------
        finding
            In the order in which they shall stand.
        """
        for each in [finding] if isinstance(finding, Finding) else finding:
            _show({"kind": "finding", "finding": asdict(each)}, each.statement)

    def metrics(self, metrics: Mapping[str, Metric]) -> None:
        """Report numbers by name, for machines and for comparing runs.

        Parameters
        ----------
        metrics
            By name, which is used once in a study; None: not known.
        """
        values = {name: plain(value) for name, value in metrics.items()}
        _show({"kind": "metrics", "metrics": values}, str(values))

    def checks(self, checks: Check | Iterable[Check]) -> None:
        """Report what was tested about this run; a failed check makes the run exit with 3.

        Parameters
        ----------
        checks
            In the order in which they shall stand.
        """
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

        whole: Any = getattr(figure, "figure", None) or figure
        if secret.hidden():
            for text in whole.findobj(match=lambda each: hasattr(each, "set_text")):
                text.set_text(redact(text.get_text(), secret.hidden()))
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
            Column with how many people stand behind a row. None says that rows are no groups of people: things of
            the model. Rows of single customers are shown to nobody: `keep` them.
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
            For a name that is none of a file, columns that are not there, or rows of single customers.
        """
        if CUSTOMER in frame.columns:
            template = (
                "table {name}: got a column customer_id, rows of single customers; expected groups of them. `run.keep` "
                "writes such rows to private/ of the run, and no report shows them."
            )
            raise StudyError(sentence(template, name=name))
        frame = redacted_frame(frame, secret.hidden())
        labels, units = labels or {}, units or {}
        by, within = ([names] if isinstance(names, str) else list(names) for names in (by, within))
        frame, hidden = without_small_groups(frame, people, by, within, values, k)
        caption = f"{caption} {hidden}" if hidden else caption
        self._keep(frame, name, people=None if people is None else People(count=people, by=by, within=within))
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

    def keep(
        self, frame: "DataFrame", name: str, *, declared: Declared | None = None, people: People | None = None
    ) -> None:
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
        people
            Who stands behind its rows: small groups are hidden as by `export`. None: rows are no groups of people.

        Raises
        ------
        StudyError
            For a name that is none of a file, or a table that breaks its declaration.
        """
        if people is not None:
            by, within = ([names] if isinstance(names, str) else list(names) for names in (people.by, people.within))
            frame, _ = without_small_groups(frame, people.count, by, within, people.values, SMALLEST_GROUP)
            people = People(count=people.count, by=by, within=within)
        self._keep(redacted_frame(frame, secret.hidden()), name, declared, people)

    def _keep(
        self, frame: "DataFrame", name: str, declared: Declared | None = None, people: People | None = None
    ) -> None:
        path = _file_name(name)
        if self.folder is not None:
            write_table(self.folder, frame, path, declared, people)


def _show(payload: dict[str, Any], text: str, svg: str | None = None) -> None:
    from IPython.display import display

    from workbench.reporting.cards import card

    payload = write_down(json.loads(json.dumps(plain(payload), allow_nan=False)))
    image = {} if svg is None else {"image/svg+xml": svg}
    display({MIME: payload, "text/html": card(payload, svg=svg), "text/plain": text, **image}, raw=True)


def _file_name(name: str) -> str:
    if not name.replace("_", "").replace("-", "").isalnum() or len(name) > 80:
        raise StudyError(f"the name of a table or figure has letters, digits, - and _, got {name!r}.")
    return name
