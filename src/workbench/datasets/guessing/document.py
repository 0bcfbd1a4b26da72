"""The draft of a dataset as a document: tables, their keys and columns, and the questions that are open in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workbench.datasets.definitions.dataset import GUESS, UNKNOWN
from workbench.datasets.guessing import columns
from workbench.datasets.guessing.columns import Column
from workbench.datasets.guessing.layout import Layout
from workbench.datasets.guessing.questions import Question, Reading
from workbench.datasets.guessing.vocabulary.names import NAMES
from workbench.datasets.guessing.yaml_text import listed, quoted
from workbench.wording import listing

NOTE = "# note:"
MADE = {"customer_id": " (rows are numbered: no column says who)", "initiative": " (one test, named after the file)"}


@dataclass(frozen=True)
class Table:
    """The draft of one table.

    Attributes
    ----------
    name
        Its canonical name, or `UNKNOWN`.
    files
        The files whose rows it has.
    layout
        How they lie there.
    headers
        The names of their columns.
    notes
        What is to be known.
    keys
        Its keys, each with whether it holds an assumption.
    made
        Canonical columns that SQL works out.
    columns
        The others.
    lacking
        Columns that it cannot do without and that were not found.
    questions
        What must be answered first.
    """

    name: str
    files: tuple[str, ...]
    layout: Layout
    headers: tuple[str, ...]
    notes: tuple[str, ...]
    keys: tuple[tuple[str, bool], ...]
    made: tuple[str, ...]
    columns: tuple[Column, ...]
    lacking: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    def lines(self) -> Iterator[str]:
        """Its section in dataset.yaml."""
        others = listing([name for name in NAMES if name != self.name], "or")
        if self.name == UNKNOWN:
            yield f"  {UNKNOWN}:  # write which table this is: {others} (data/README.md)"
        else:
            yield f"  {self.name}:  {GUESS} (others: {others}, see data/README.md)"
        yield from (f"    {NOTE} {each}" for each in self.notes)
        yield f"    file: {quoted(self.files[0]) if len(self.files) == 1 else listed(self.files)}"
        yield from (f"    {key}{f'  {GUESS}' if assumed else ''}" for key, assumed in self.keys)
        if waiting := [each for each in self.questions if each.waits]:
            yield from columns.waiting_lines(waiting, "    ")
        yield "    columns:"
        for name in self.made:
            yield f"      {name}: {{from: {name}}}  {GUESS}{MADE.get(name, '')}"
        for each in self.columns:
            yield from columns.line(each, self.shared, GUESS)
        for name in self.lacking:
            yield f"      # {name}: which column? {self.name} cannot do without it"


@dataclass(frozen=True)
class Draft:
    """The draft of a dataset: its tables and its title."""

    title: str
    tables: tuple[Table, ...]

    @property
    def text(self) -> str:
        """The dataset.yaml."""
        lines = [f"title: {quoted(self.title)}", "description:"]
        lines += ["source:  # where the file comes from", "licence:  # who may use it", "tables:"]
        return "\n".join([*lines, *(line for table in self.tables for line in table.lines())]) + "\n"


def _split_by_what_all_take(table: Table) -> Table:
    """A table whose segments are columns that every study may take."""
    import yaml

    out = {each.name for each in table.columns if columns.kept_back(each)}
    keys = []
    for key, assumed in table.keys:
        if out and key.startswith("segments:"):
            left = [name for name in yaml.load(key, yaml.BaseLoader)["segments"] if name not in out]  # noqa: S506 - texts alone
            keys += [(f"segments: {listed(left)}", assumed)] if left else []
        else:
            keys.append((key, assumed))
    return replace(table, keys=tuple(keys))


def answered(draft: Draft, question: Question, reading: Reading) -> Draft:
    """A draft with a question answered wherever it is asked.

    Parameters
    ----------
    draft
        What was drafted.
    question
        The question.
    reading
        The reading that was chosen.
    """

    def settled(column: Column) -> Column:
        if question not in column.questions:
            return column
        rest = tuple(each for each in column.questions if each != question)
        missing = [key for key in reading.keys if key.startswith("missing: ")]
        keys = [key for key in reading.keys if not key.startswith("missing: ")]
        own = tuple(
            key for key in column.keys if key.partition(":")[0] not in {each.partition(":")[0] for each in keys}
        )
        column = replace(column, questions=rest, keys=(*keys, *own))
        return replace(column, missing=tuple(columns.codes(missing[0]))) if missing else column

    def of(table: Table) -> Table:
        made = replace(table, columns=tuple(map(settled, table.columns)))
        if question in made.questions:
            keys = (*made.keys, *((key, False) for key in reading.keys))
            made = replace(made, keys=keys, questions=tuple(each for each in made.questions if each != question))
        return _split_by_what_all_take(made)

    return replace(draft, tables=tuple(map(of, draft.tables)))
