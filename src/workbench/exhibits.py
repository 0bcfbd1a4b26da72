"""What a result shows of itself: findings, checks and numbers, figures and tables that carry their own words. A leaf.

A result has `exhibits()`, in reading order; `run.show(result)` shows them. So a notebook says which results a study
has, and never how their columns are called.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from workbench.declared import Declared
from workbench.findings import Check, Finding

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from numpy import ndarray
    from pandas import DataFrame

Metrics = Mapping[str, float | int | None]


@dataclass(frozen=True)
class Column:
    """How a column is headed.

    Attributes
    ----------
    label
        Its header; the column's name in words where it is empty.
    unit
        `share` is shown as a percentage, `p` as a p-value; anything else stands beside the label.
    """

    label: str = ""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class People:
    """Who stands behind the rows of a table, so that small groups can be hidden.

    Attributes
    ----------
    count
        Column with how many people stand behind a row.
    by
        Columns that split people into groups whose counts add up.
    within
        The other columns that tell rows apart: nothing adds up across them.
    values
        What is hidden with a small group; all columns but `by` and `within` where it is None.
    """

    count: str
    by: Sequence[str] = ()
    within: Sequence[str] = ()
    values: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of the report, and of tables/.

    Attributes
    ----------
    name
        Stable within the study.
    frame
        One row a line.
    caption
        One sentence: what the table says.
    people
        Who stands behind its rows; None says that rows are no groups of people. It has no default.
    columns
        Those that the reader sees, in order; all under their own names where it is empty. The files have them all.
    """

    name: str
    frame: "DataFrame"
    caption: str
    people: People | None
    columns: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """A figure of the report, drawn when it is shown.

    Attributes
    ----------
    name
        Stable within the study.
    draw
        Gives axes or a figure of matplotlib.
    title, alt, caption
        What it shows, the same for people who cannot see it, and how to read it.
    """

    name: str
    draw: "Callable[[], Axes | Drawing]"
    title: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """A table for machines and other studies: kept and never shown; rows of single customers lie in private/.

    Attributes
    ----------
    name
        Stable within the study.
    frame
        One row a line.
    declared
        What other studies may rely on; None where `workbench.declared` knows it, or nobody may.
    people
        Who stands behind its rows, so that small groups are hidden in it too; None where they are no groups of people.
    """

    name: str
    frame: "DataFrame"
    declared: Declared | None = None
    people: People | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """What was sampled of a posterior, whole: kept for whoever examines it with ArviZ, and never shown.

    Attributes
    ----------
    name
        Stable within the study.
    variables
        Arrays (chain, draw, …) by name.
    dimensions
        Names of the dimensions after chain and draw, by the variable's name.
    labels
        What stands along a dimension, by its name; counted where it is not there.
    """

    name: str
    variables: "Mapping[str, ndarray]"
    dimensions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Saved:
    """Files of a fitted model, for model/ of the run: kept and never shown. None holds a row of a single customer.

    Attributes
    ----------
    files
        Content by name.
    """

    files: Mapping[str, bytes]


@runtime_checkable
class Result(Protocol):
    """What can be shown as a whole."""

    def exhibits(self) -> "Iterable[Showable]":
        """Its findings, checks, metrics, figures and tables in reading order; empty where it has nothing to say."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """Lines of a file that somebody takes over as they stand: shown, and kept as private/<name>.yaml.

    Attributes
    ----------
    name
        Stable within the study.
    text
        The lines.
    caption
        What they are, and where they go.
    """

    name: str
    text: str
    caption: str


Exhibit = Finding | Check | Metrics | Figure | Table | Kept | Samples | Saved | Lines
Showable = Exhibit | Result | None | Iterable["Showable"]


def flatten(things: Showable) -> Iterator[Exhibit]:
    """The exhibits of results, and of lists of them, in order; None is nothing.

    Parameters
    ----------
    things
        Results, exhibits, lists of them (also nested), or None.

    Raises
    ------
    TypeError
        Of a thing that has no `exhibits()`: its type.

    Examples
    --------
    >>> passed = Check(name="a", status="pass", message="Fine.")
    >>> list(flatten([passed, None, [{"n": 3}, []]])) == [passed, {"n": 3}]
    True
    """
    match things:
        case None:
            return
        case Finding() | Check() | Figure() | Table() | Kept() | Samples() | Saved() | Lines() | Mapping():
            yield things
        case Result():
            yield from flatten(things.exhibits())
        case _ if isinstance(things, Iterable) and not isinstance(things, str | bytes) and not _is_frame(things):
            for thing in things:
                yield from flatten(thing)
        case _:
            raise TypeError(f"got a {type(things).__name__}, expected something that shows itself (`exhibits()`)")


def _is_frame(thing: Any) -> bool:
    """Whether it is a bare table: going through one gives its columns' names."""
    return hasattr(thing, "columns") or hasattr(thing, "dtype")
