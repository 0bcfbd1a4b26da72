"""The groups that a run may show, decided before anything is worked out: for its tables, figures, findings and draws.

A level of a segment that too few people have is put together with others in the very tables and features that a study
gets, so that nothing which is made of them can tell them apart, in whatever study.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.findings import Check
from workbench.suppression import SMALLEST_GROUP, as_levels, gather
from workbench.wording import label_of, listing, number, sentence

if TYPE_CHECKING:
    from ibis.expr.types import Table as Expression
    from pandas import DataFrame, Series

    from workbench.datasets import Dataset

MOST_NUMBERS = 12
"""A number with more values than this is a measurement and no group (more groups no reader compares)."""
# Where people and their attributes stand, those who know most of them first.
PEOPLE = ("customers", "lifetimes", "subscriptions", "surveys")
# What the workbench itself reads by name: who looks after whom, and dates.
READ_BY_NAME = frozenset({"customer_id", "team", "opt_out", "first_seen"})


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Which values of which columns are shown together.

    Attributes
    ----------
    names
        By column, from a value as it stands in the table (None: missing) to the name that it is shown under; of
        columns alone of which some level is small.
    labels
        What these columns are called.
    """

    names: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def applied(self, frame: "DataFrame") -> "DataFrame":
        """The table with small groups put together; such columns are words then.

        Parameters
        ----------
        frame
            Of the dataset.
        """
        for column in [name for name in self.names if name in frame]:
            known = self.names[column]
            values = frame[column].astype(object)
            shown = values.map({value: name for value, name in known.items() if value is not None})
            missing = known[None] if known.get(None) in _together(known) else None
            if missing is not None:
                shown = shown.mask(values.isna(), missing)
            frame = frame.assign(**{column: shown})
        return frame

    def expressed(self, table: "Expression") -> "Expression":
        """The same of a table that features are made of.

        Parameters
        ----------
        table
            An expression.
        """
        import ibis

        made = {}
        for column in [name for name in self.names if name in table.columns]:
            known, own = self.names[column], table[column]
            together = {
                name: [value for value in known if value is not None and known[value] == name]
                for name in dict.fromkeys(known.values())
            }
            cases = [(own.isin(values), ibis.literal(name)) for name, values in together.items() if values]
            if known.get(None) in _together(known):
                cases.append((own.isnull(), ibis.literal(known[None])))
            made[column] = ibis.cases(*cases)
        return table.mutate(**made) if made else table

    def checks(self) -> tuple[Check, ...]:
        """Which attributes have small groups; empty where none has."""
        if not self.names:
            return ()
        message = sentence(
            "{labels}: groups of fewer than {smallest} customers are shown together with others, never alone.",
            labels=listing([label_of(self.labels, name) for name in self.names]),
            smallest=number(SMALLEST_GROUP),
        )
        title = sentence("Small groups are shown together")
        return (Check(name="small_groups", status="warn", message=message, title=title),)


def decide(
    dataset: "Dataset", segments: Iterable[str], there: Iterable[str], read: "Callable[[str], DataFrame]"
) -> Groups:
    """Decide which groups a run may show.

    A group is small when fewer than ten of all people have it in a table, or fewer than ten (and not nobody) of those
    on board, who are shown beside.

    Parameters
    ----------
    dataset
        Of the run.
    segments
        Columns by which its studies split; protected ones, and the plan of contracts, are looked at too.
    there
        Tables that can be read.
    read
        Gives the rows of one.
    """
    import pandas as pd

    tables = {name: dataset.tables[name] for name in PEOPLE if name in dataset.tables and name in set(there)}
    designs = dataset.tables["treatments"].designs.values() if "treatments" in dataset.tables else ()
    fixed = {*READ_BY_NAME, *(column for design in designs for column in design.columns)}
    wanted = {*segments, "plan"} - fixed
    columns = {
        name: [
            column.name
            for column in table.columns
            if (column.name in wanted or (column.use == "protected" and column.name not in fixed)) and not column.role
        ]
        for name, table in tables.items()
    }
    if not any(columns.values()):
        return Groups()
    frames = {name: read(name) for name in tables if columns[name] or name in ("lifetimes", "subscriptions")}
    staying = {name: _on_board(name, frame, dataset.extracted) for name, frame in frames.items()}
    ids = [
        set(frame["customer_id"][staying[name]])
        for name, frame in frames.items()
        if "customer_id" in frame and name in ("lifetimes", "subscriptions")
    ]
    names: dict[str, dict[Any, str]] = {}
    labels: dict[str, str] = {}
    for column in dict.fromkeys(each for own in columns.values() for each in own):
        parts: list[Series] = []
        values: list[Series] = []
        for name, frame in frames.items():
            if column not in columns[name] or column not in frame or not _groups(frame[column]):
                continue
            parts.append(_people(frame, column))
            values.append(frame[column])
            if name in ("lifetimes", "subscriptions"):
                parts.append(_people(frame[staying[name]], column))
            elif name == "customers" and ids:
                parts.append(_people(frame[frame["customer_id"].isin(set.union(*ids))], column))
            labels.setdefault(column, tables[name].labels.get(column, column))
        if not parts:
            continue
        sizes = pd.concat(parts, axis=1, keys=range(len(parts))).fillna(0).astype(int)
        shown = gather(sizes)
        if any(level != name for level, name in shown.items()):
            every = pd.concat(values).drop_duplicates()
            words = as_levels(every)
            names[column] = {
                (None if pd.isna(value) else value): shown[word]
                for value, word in zip(every.astype(object), words, strict=True)
            }
    return Groups(names=names, labels={name: labels[name] for name in names})


def _groups(column: "Series") -> bool:
    """Whether values are groups: no measurements, no moments."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        return False
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return not (numeric and column.nunique() > MOST_NUMBERS)


def _people(frame: "DataFrame", column: str) -> "Series":
    """How many people have each level."""
    if "customer_id" in frame:
        frame = frame.drop_duplicates(["customer_id", column])
    return as_levels(frame[column]).value_counts()


def _on_board(table: str, frame: "DataFrame", extracted: Any) -> "Series":
    """Which rows are of people who have not left."""
    import pandas as pd

    if table == "lifetimes":
        return ~frame["event"].fillna(False).astype(bool)
    if table == "subscriptions":
        end = frame["end"] if "end" in frame else pd.Series(pd.NaT, index=frame.index)
        last = pd.Timestamp(extracted) if extracted else pd.to_datetime(frame["start"]).max()
        return end.isna() | (pd.to_datetime(end) > last)
    return pd.Series(True, index=frame.index)


def _together(known: Mapping[Any, str]) -> set[str]:
    """Names that several values have."""
    names = list(known.values())
    return {name for name in names if names.count(name) > 1}
