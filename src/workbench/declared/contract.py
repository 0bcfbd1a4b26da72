"""What a study promises of a table that others read, and what in a table breaks the promise."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.wording import listing, number, sentence, shown

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Kind = Literal["id", "text", "number", "whole", "truth"]
CUSTOMER = "customer_id"
DRAW = "draw"
# Shares are sums of floats; those of thousands of terms differ from 1 by less.
ROUNDING = 1e-6
_FAMILY = re.compile(r"<\w+>$")
# Of files without ids the row number is the id.
_DTYPES: Mapping[Kind, str] = {"id": "OTUSiu", "text": "OTUS", "number": "fiu", "whole": "iu", "truth": "b"}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column, or a family of columns that share a beginning.

    Attributes
    ----------
    kind
        What its values are.
    about
        What it says, in one sentence without its full stop.
    unit
        Of its values; `time` is the time unit of the data.
    lowest, highest
        Bounds, both inclusive; None where there is none.
    missing
        Whether a value may be missing.
    """

    kind: Kind
    about: str
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None
    missing: bool = False


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A table that a study writes for others.

    Attributes
    ----------
    name
        Of the table.
    about
        What a row is and where it comes from.
    columns
        By name; `incidence_<reason>` stands for all columns that begin so, of which there may be none.
    key
        Columns that tell rows apart; a family's name stands for none.
    draws
        What one draw is, where the table has them: `draw` counts from 0 without a gap. Draws of tables of one run
        belong together; those of two runs are paired as independent.
    follows
        Tables of earlier runs (`churn_survival.survival_draws`) of whose draw i draw i of this one was made.
    shares
        Columns (or families) that sum to 1 in every row.
    version
        Raised when what it says changes: tables written before are refused.
    """

    name: str
    about: str
    columns: Mapping[str, Field]
    key: tuple[str, ...]
    draws: str = ""
    follows: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    version: int = 1

    @property
    def private(self) -> bool:
        """Whether its rows are single customers."""
        return CUSTOMER in self.columns

    def to_data(self) -> dict[str, Any]:
        """As plain data, for the file that holds the table."""
        return asdict(self)

    @property
    def mark(self) -> str:
        """A mark of what it promises: two declarations that promise the same have the same."""
        promised = {**self.to_data(), "about": "", "draws": bool(self.draws)}
        promised["columns"] = {name: {**column, "about": ""} for name, column in self.to_data()["columns"].items()}
        return hashlib.sha256(json.dumps(promised, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Declared":
        """What `to_data` gave.

        Parameters
        ----------
        data
            As JSON gave it.
        """
        columns = {name: Field(**column) for name, column in data["columns"].items()}
        listed = {name: tuple(data[name]) for name in ("key", "shares", "follows") if name in data}
        return cls(**{**data, "columns": columns, **listed})


def faults(declared: Declared, frame: "DataFrame") -> list[str]:
    """What in a table breaks its declaration: a sentence each.

    Parameters
    ----------
    declared
        What is promised.
    frame
        The table.
    """
    found: list[str] = []
    known = {name: _members(name, frame) for name in declared.columns}
    lacking = [name for name, members in known.items() if not members and not _FAMILY.search(name)]
    if lacking:
        found.append(sentence("{table}: got no column {names}.", table=declared.name, names=listing(lacking)))
    extra = [name for name in map(str, frame.columns) if name not in {each for some in known.values() for each in some}]
    if extra:
        names = listing([shown(name) for name in extra])
        found.append(sentence("{table}: {names}: no such column is declared.", table=declared.name, names=names))
    for name, column in declared.columns.items():
        for each in known[name]:
            found += _broken(f"{declared.name}.{each}", column, frame[each])
    if lacking:
        return found
    key = [name for name in declared.key if name in frame]
    if key and (twice := int(frame.duplicated(key).sum())):
        template = "{table}: {count} rows have the {key} of another row."
        found.append(sentence(template, table=declared.name, count=number(twice), key=listing(key)))
    if declared.draws and len(frame) and not found:
        drawn = sorted(frame[DRAW].unique())
        if drawn != list(range(len(drawn))):
            found.append(sentence("{table}: draws do not count from 0 without a gap.", table=declared.name))
    if declared.shares and not found:
        parts = [each for name in declared.shares for each in _members(name, frame)]
        off = int(((frame[parts].sum(axis=1) - 1).abs() > ROUNDING).sum())
        if off:
            template = "{table}: in {count} rows {names} do not sum to 1."
            found.append(sentence(template, table=declared.name, count=number(off), names=listing(declared.shares)))
    return found


def _members(name: str, frame: "DataFrame") -> list[str]:
    """The columns of a table that a declared name stands for."""
    beginning = _FAMILY.sub("", name)
    if beginning == name:
        return [name] if name in frame.columns else []
    return [each for each in map(str, frame.columns) if each.startswith(beginning)]


def _broken(place: str, column: Field, values: "Series") -> Iterator[str]:
    """What in a column breaks what is declared of it."""
    if column.missing and values.isna().all():
        return  # a column without any value has any type
    if values.dtype.kind not in _DTYPES[column.kind]:
        template = "{place}: got {got}, expected {kind}."
        yield sentence(template, place=place, got=str(values.dtype), kind=column.kind)
        return
    if not column.missing and (empty := int(values.isna().sum())):
        yield sentence("{place}: {count} values are missing.", place=place, count=number(empty))
    for bound, beyond in ((column.lowest, values.lt), (column.highest, values.gt)):
        if bound is not None and (count := int(beyond(bound).sum())):
            template = "{place}: {count} values lie beyond {bound}."
            yield sentence(template, place=place, count=number(count), bound=number(bound))
