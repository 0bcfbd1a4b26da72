"""Who could be in a pilot: the customers of any day, as records up to that day have them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from workbench.decisions.planning.homes import ACTIVE_DAYS, EVENTS, Homes, homes_of, read_homes
from workbench.errors import DataError
from workbench.statistics.dated import end_of_records, instants
from workbench.statistics.draws import known_before
from workbench.wording import sentence


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its rows."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Definitions of its tables by name."""
        ...

    @property
    def extracted(self) -> dt.date | None:
        """Day of the extract, where it is said."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Base:
    """Customers, and when they were.

    Attributes
    ----------
    roster
        Those of the last day of the records, as `on` gives them; of data without dates all of them.
    contracts
        `customer_id`, `start`, `end`; None where there are none.
    seen
        `customer_id` and `day` of whatever is recorded; None where nothing is dated.
    people, columns
        The table `customers` and the definitions of its columns; None where there is none.
    initiatives
        Names that treatments have already.
    segments
        Columns of customers by which the dataset is split.
    initiative
        Name of what is planned; None where nobody said it.
    places
        Columns of events that say where (a shop, a team), each with its table: customers have the group in which most
        of what they did lies.
    home
        The one by which a pilot would be dealt; None where it is a column of customers, or customers are dealt.
    extracted
        Day of the extract; None where it is not said.
    unasked
        Whether nobody asked for a plan: there is nothing that could be evaluated.
    recorded
        Of data without dates, whose outcomes are columns of treatments: what was known before.
    later
        Of such data: the columns of treatments that an evaluation of the next pilot will need.
    left
        Of such data: rows of treatments that are not planned from, as they were no control.
    """

    roster: pd.DataFrame
    contracts: pd.DataFrame | None
    seen: pd.DataFrame | None
    people: pd.DataFrame | None
    columns: Sequence[Any] = ()
    initiatives: frozenset[str] = frozenset()
    segments: tuple[str, ...] = ()
    recorded: pd.DataFrame | None = None
    later: Sequence[Any] = ()
    left: int = 0
    initiative: str | None = None
    unasked: bool = False
    places: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    home: Homes | None = None
    extracted: dt.date | None = None

    @property
    def dated(self) -> bool:
        """Whether it is known when customers were."""
        return self.contracts is not None or self.seen is not None

    def on(self, day: pd.Timestamp) -> pd.DataFrame:
        """The customers of a day: `customer_id`, `start` (that day), and their columns.

        Parameters
        ----------
        day
            Under contract on it; without contracts seen in the year before it.
        """
        if self.contracts is not None:
            rows = self.contracts
            there = (rows["start"] <= day) & (rows["end"].isna() | (rows["end"] > day))
        else:
            assert self.seen is not None
            rows = self.seen
            there = (rows["day"] < day) & (rows["day"] >= day - dt.timedelta(days=ACTIVE_DAYS))
        ids = np.sort(rows.loc[there, "customer_id"].unique())
        found = _with_people(pd.DataFrame({"customer_id": ids, "start": day}), self.people)
        if self.home is not None:
            found[self.home.column] = self.home.on(day).reindex(found["customer_id"]).to_numpy()
        return found

    def housed(self, column: str) -> "Base":
        """The same customers, each at home in a group of a column of events.

        Parameters
        ----------
        column
            One of `places`.
        """
        found = replace(self, home=read_homes(self.places[column], column))
        return replace(found, roster=found.on(self.last))

    @property
    def last(self) -> pd.Timestamp:
        """The first day that records say nothing of, as far as customers are in them; later ends are planned."""
        days = [] if self.seen is None else [self.seen["day"]]
        if self.contracts is not None:
            days += [self.contracts[name] for name in ("start", "end")]
        return end_of_records(map(instants, days), as_of=self.extracted, today=None)[0]

    def before(self, roster: pd.DataFrame) -> pd.DataFrame:
        """What was known of customers of a roster, same rows, as an evaluation will have it.

        Parameters
        ----------
        roster
            As `on` gives it.
        """
        if self.recorded is not None:
            return self.recorded
        bare = roster[[name for name in ("customer_id", "start") if name in roster]]
        return known_before(bare, (), {}, self.people, self.columns)[1]


def read_base(
    dataset: DatasetDefinition, tables: Mapping[str, pd.DataFrame | None], *, initiative: str | None = None
) -> Base:
    """Find the customers.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    tables
        Canonical tables by name; None where the dataset has none.
    initiative
        Name of what is planned; None where nobody said it.

    Raises
    ------
    DataError
        There is nothing that a plan could be made from.
    """
    people, treatments = tables.get("customers"), tables.get("treatments")
    columns = dataset.tables["customers"].columns if people is not None else ()
    segments = tuple(dataset.tables["customers"].segments) if people is not None else ()
    taken = frozenset() if treatments is None else frozenset(treatments["initiative"].dropna().astype(str))
    contracts = tables.get("subscriptions")
    if contracts is not None:
        contracts = contracts[["customer_id", "start", "end"]].assign(
            **{name: pd.to_datetime(contracts[name]) for name in ("start", "end")}
        )
    seen = _seen(tables)
    shared: dict[str, Any] = {
        "people": people,
        "columns": columns,
        "initiatives": taken,
        "segments": segments,
        "initiative": initiative,
        "extracted": dataset.extracted,
        "places": {column: tables[name] for column, name in homes_of(dataset, tables).items()},
    }
    found = Base(roster=pd.DataFrame(), contracts=contracts, seen=seen, **shared)
    if found.dated:
        return replace(found, roster=found.on(found.last))
    rows, before, later = _recorded(dataset, treatments, people, columns)
    left = len(treatments) - len(rows) if treatments is not None and later else 0
    return Base(roster=rows, contracts=None, seen=None, recorded=before, later=later, left=left, **shared)


def _seen(tables: Mapping[str, pd.DataFrame | None]) -> pd.DataFrame | None:
    """Days on which something of a customer was recorded."""
    found = []
    for name in EVENTS:
        frame = tables.get(name)
        if frame is not None and {"customer_id", "timestamp"} <= set(frame) and len(frame):
            day = pd.to_datetime(frame["timestamp"]).dt.normalize()
            found.append(pd.DataFrame({"customer_id": frame["customer_id"], "day": day}).dropna().drop_duplicates())
    return pd.concat(found, ignore_index=True).drop_duplicates() if found else None


def _recorded(
    dataset: DatasetDefinition, treatments: pd.DataFrame | None, people: pd.DataFrame | None, columns: Sequence[Any]
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Any, ...]]:
    """Customers of data without dates, whose outcomes are columns of their own or of an earlier trial's control."""
    if treatments is not None:
        definition = dataset.tables["treatments"]
        controls = {each.control for each in definition.designs.values()} - {""}
        own = treatments[treatments["arm"].astype(str).isin(controls)] if controls else treatments
        if any(each.use == "outcome" and each.name in own for each in definition.columns) and len(own):
            rows = own.drop_duplicates("customer_id").reset_index(drop=True)
            rows = rows.drop(columns=["start", "end"], errors="ignore")
            later = tuple(each for each in definition.columns if each.use in ("before", "outcome"))
            return *known_before(rows, definition.columns, {}, people, columns), later
    if people is not None and any(each.use == "outcome" for each in columns):
        rows = people.drop_duplicates("customer_id").reset_index(drop=True)
        return rows, known_before(rows[["customer_id"]], (), {}, people, columns)[1], ()
    raise DataError(
        sentence(
            "Nothing to plan from: a pilot is planned from what customers did (transactions, subscriptions, surveys, "
            "interactions), or from columns with use: outcome. The dataset has neither. A pilot that has been is "
            "evaluated from the table treatments: a file with customer, arm and outcome is that, not customers."
        )
    )


def _with_people(rows: pd.DataFrame, people: pd.DataFrame | None) -> pd.DataFrame:
    if people is None:
        return rows
    lent = people.drop_duplicates("customer_id").set_index("customer_id")
    lent = lent[[name for name in lent if name not in rows]].reindex(rows["customer_id"]).set_axis(rows.index)
    return rows.join(lent)
