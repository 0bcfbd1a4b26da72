"""The groups that a run may show, decided before anything is worked out: for its tables, figures, findings and draws.

A level of a segment that too few people have is put together with others in the very tables and features that a study
gets, so that nothing which is made of them can tell them apart, in whatever study.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.findings import Check, Status
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
# Tables that tell who is on board, and the columns that say so.
DATED = {"lifetimes": ("event",), "subscriptions": ("start", "end")}
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
    alone
        By column that was looked at, the names of levels that are shown alone.
    """

    names: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    alone: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def card(self) -> dict[str, Any]:
        """For JSON beside a model: of each column the levels `alone`, and the name of the others `together` (or None).

        None of it is hidden: the names are those that the run shows.
        """
        return {
            column: {"alone": list(alone), "together": next(iter(_together(self.names.get(column, {}))), None)}
            for column, alone in self.alone.items()
        }

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
            # A table that is not about people may have a column of that name and values of its own.
            shown = shown.where(shown.notna() | values.isna(), as_levels(frame[column]))
            if known.get(None) in _together(known):
                shown = shown.mask(values.isna(), known[None])
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
            made[column] = ibis.cases(*cases, else_=own.cast("string"))
        return table.mutate(**made) if made else table

    def checks(self, asked: Iterable[str] = ()) -> tuple[Check, ...]:
        """Which attributes have small groups; empty where none has.

        Parameters
        ----------
        asked
            Columns that the run was asked to compare: of those it warns, because groups are not shown that were meant
            to be. Others are told of.
        """
        if not self.names:
            return ()
        name = "small_groups"
        status: Status = "warn" if set(asked) & set(self.names) else "pass"
        message = sentence(
            "{labels}: groups of fewer than {smallest} customers are shown together with others, never alone.",
            labels=listing([label_of(self.labels, name) for name in self.names]),
            smallest=number(SMALLEST_GROUP),
        )
        title = sentence("Small groups are shown together")
        checks: tuple[Check, ...] = (Check(name=name, status=status, message=message, title=title),)
        if single := [each for each, known in self.names.items() if len(set(known.values())) == 1]:
            status = "warn" if set(asked) & set(single) else "pass"
            message = sentence(
                "{labels}: groups are not compared. One has fewer than {smallest} customers, or as few on board, and "
                "the others would give it away.",
                labels=listing([label_of(self.labels, each) for each in single]),
                smallest=number(SMALLEST_GROUP),
            )
            title = sentence("Nothing to compare: other groups are small")
            checks += (Check(name=f"{name}_alone", status=status, message=message, title=title),)
        return checks


def decide(
    dataset: "Dataset",
    segments: Iterable[str],
    read: "Callable[[str, Sequence[str]], DataFrame | None]",
    *,
    like: Mapping[str, Any] | None = None,
) -> Groups:
    """Decide which groups a run may show.

    A group is small when fewer than ten of all people have it in a table, or fewer than ten (and not nobody) of those
    on board, who are shown beside or follow from those who left. Where a column has two groups and one of them
    is small, neither is shown: the total less the other would be it.

    Parameters
    ----------
    dataset
        Of the run.
    segments
        Columns by which its studies split; protected ones, and the plan of contracts, are looked at too.
    read
        Gives columns of a table as far as it has them, of all its rows; None where the run does not have the table.
    like
        `Groups.card` of an earlier run whose model this one uses: its groups are those that the model knows. Levels
        that are new to it belong to those that it had put together, where it had any.
    """
    import pandas as pd

    frames, columns, labels = _attributes(dataset, segments, read)
    staying = {name: _on_board(name, frame, dataset.extracted) for name, frame in frames.items()}
    dated = {name: frame for name, frame in frames.items() if name in DATED and "customer_id" in frame}
    ids = [set(frame["customer_id"][staying[name]]) for name, frame in dated.items()]
    names: dict[str, dict[Any, str]] = {}
    alone: dict[str, list[str]] = {}
    for column in dict.fromkeys(each for own in columns.values() for each in own):
        values = {name: frames[name][column] for name in frames if column in columns[name]}
        every = pd.concat(values)
        levels = as_levels(every)
        parts: list[Series] = []
        for name in values:
            own, frame = levels[name], frames[name]
            parts.append(_people(own, frame))
            if name in DATED:
                parts.append(_people(own[staying[name]], frame))
            elif name == "customers" and ids and "customer_id" in frame:
                parts.append(_people(own[frame["customer_id"].isin(set.union(*ids))], frame))
        shown = gather(pd.concat(parts, axis=1, keys=range(len(parts))).fillna(0).astype(int))
        if like and column in like:
            known, together = set(like[column]["alone"]), like[column]["together"]
            shown = {level: level if together is None or level in known else together for level in shown}
        alone[column] = sorted(level for level, name in shown.items() if level == name)
        if any(level != name for level, name in shown.items()):
            once = ~every.duplicated()
            named = zip(every[once].astype(object), levels[once], strict=True)
            names[column] = {(None if pd.isna(value) else value): shown[word] for value, word in named}
    return Groups(names=names, labels={name: labels[name] for name in names}, alone=alone)


def _attributes(
    dataset: "Dataset", segments: Iterable[str], read: "Callable[[str, Sequence[str]], DataFrame | None]"
) -> "tuple[dict[str, DataFrame], dict[str, list[str]], dict[str, str]]":
    """Tables where people stand, which of their columns tell groups of them, and what these are called."""
    designs = dataset.tables["treatments"].designs.values() if "treatments" in dataset.tables else ()
    fixed = {*READ_BY_NAME, *(column for design in designs for column in design.columns)}
    wanted = {*segments, "plan"} - fixed
    told = {
        name: [
            column.name
            for column in dataset.tables[name].columns
            if (column.name in wanted or (column.use == "protected" and column.name not in fixed)) and not column.role
        ]
        for name in PEOPLE
        if name in dataset.tables
    }
    frames: dict[str, DataFrame] = {}
    columns: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for name, own in told.items() if any(told.values()) else ():
        needed = dict.fromkeys(["customer_id", *own, *DATED.get(name, ())])
        frame = read(name, list(needed)) if own or name in DATED else None
        if frame is not None:
            frames[name] = frame.reset_index(drop=True)
            columns[name] = [column for column in own if column in frame and _groups(frame[column])]
            for column in columns[name]:
                labels.setdefault(column, dataset.tables[name].labels.get(column, column))
    return frames, columns, labels


def _groups(column: "Series") -> bool:
    """Whether values are groups: no measurements, no moments."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        return False
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return not (numeric and column.nunique() > MOST_NUMBERS)


def _people(levels: "Series", frame: "DataFrame") -> "Series":
    """How many people have each level; `levels` are of some rows of the table."""
    if "customer_id" not in frame:
        return levels.value_counts()
    told = levels.to_frame("level").assign(who=frame["customer_id"])
    return told.drop_duplicates()["level"].value_counts()


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
