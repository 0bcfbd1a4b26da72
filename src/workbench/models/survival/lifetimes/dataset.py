"""Lifetimes of a dataset: what its definition says of columns, units and dates goes with them."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.models.levels import MOST_LEVELS, as_levels, lump_levels
from workbench.models.survival.lifetimes.episodes import each_once, has_episodes
from workbench.models.survival.lifetimes.read import Lifetimes, read_lifetimes
from workbench.models.survival.lifetimes.table import entry_of
from workbench.models.survival.lifetimes.trials import Trials
from workbench.wording import label_of


class ColumnDefinition(Protocol):
    """What is known of a column beside its values."""

    @property
    def name(self) -> str:
        """In the table."""

    @property
    def label(self) -> str:
        """For people."""

    @property
    def constant(self) -> bool:
        """Whether it never changes."""

    @property
    def role(self) -> str:
        """`outcome` of a score of satisfaction."""

    @property
    def weighting(self) -> str:
        """What kind of weight it is; empty of other columns."""


class TableDefinition(Protocol):
    """What is known of a canonical table beside its rows."""

    @property
    def columns(self) -> Sequence[ColumnDefinition]:
        """In the order of the table."""

    @property
    def segments(self) -> Sequence[str]:
        """Columns by which studies split."""

    @property
    def time_unit(self) -> str:
        """Unit of its times; empty where it has none."""

    @property
    def records_since(self) -> dt.date | None:
        """The day from which ends were recorded, where it is said."""


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its tables' rows."""

    @property
    def tables(self) -> Mapping[str, TableDefinition]:
        """By canonical name."""

    @property
    def extracted(self) -> dt.date | None:
        """Day of the extract, where it is said."""


def lifetimes_of_dataset(
    dataset: DatasetDefinition,
    source: tuple[str, pd.DataFrame],
    *,
    customers: pd.DataFrame | None = None,
    segments: Iterable[str] | None = None,
    covariates: Iterable[str] | None = None,
    confidence: float = 0.9,
    records_since: dt.date | None = None,
    lapse_days: int | None = None,
    burn_in_days: int | None = None,
    grace_days: int | None = None,
    trials: Trials | None = None,
) -> Lifetimes:
    """Read lifetimes from a table of a dataset, with what the dataset's definition says of it.

    Parameters
    ----------
    dataset
        Its definition: labels, units, which columns never change, which are segments, when it was extracted.
    source
        Name (`lifetimes`, `subscriptions` or `transactions`) and rows of the table.
    customers
        Attributes by `customer_id`; None where there are none.
    segments
        Columns whose groups are compared; where it is None those of the dataset, and the plan of subscriptions.
    covariates
        Columns that models take into account; where it is None all that may explain who leaves.
    confidence
        Level of the intervals of whatever is made of the lifetimes, between 0.5 and 1.
    records_since, lapse_days, burn_in_days, grace_days, trials
        As in `read_lifetimes`; `records_since` is that of the definition where it is None.

    Returns
    -------
    Lifetimes
        With `segments`, `chosen`, `constant`, `scores` and `confidence` filled in.

    Raises
    ------
    DataError
        As `read_lifetimes`.
    """
    table, rows = source
    tables = dataset.tables
    attributes = tables["customers"].columns if customers is not None else ()
    columns = (*tables[table].columns, *attributes)
    lifetimes = read_lifetimes(
        table,
        rows,
        customers=customers,
        constant=[column.name for column in attributes if column.constant],
        labels={column.name: column.label for column in columns},
        time_unit=tables[table].time_unit,
        as_of=dataset.extracted,
        records_since=records_since or tables[table].records_since,
        lapse_days=lapse_days,
        burn_in_days=burn_in_days,
        grace_days=grace_days,
        trials=trials,
        weighting=next((column.weighting for column in tables[table].columns if column.name == "weight"), ""),
    )
    asked = tables["surveys"].columns if "surveys" in tables else ()
    of_dataset = [name for each in tables.values() for name in each.segments]
    found = replace(
        lifetimes,
        labels={**{column.name: column.label for column in asked}, **lifetimes.labels},
        segments=lifetimes.known_segments(of_dataset, segments),
        chosen=None if covariates is None else tuple(covariates),
        named=frozenset([*(covariates or ()), *(segments or ())]),
        constant=frozenset(column.name for column in columns if column.constant),
        scores=tuple(column.name for column in asked if column.role == "outcome"),
        confidence=confidence,
    )
    return _without_few_on_board(found)


def _without_few_on_board(lifetimes: Lifetimes) -> Lifetimes:
    """The same with groups put together of which so few are on board that a forecast of these is of single customers.

    So are those of which so many are never followed at one time, because they came into the records one by one. Curves,
    tests, models and forecasts then have the same groups: what one shows, another does not give away.
    """
    rows = lifetimes.frame
    several = has_episodes(rows)
    for segment in lifetimes.segments:
        if pd.api.types.is_numeric_dtype(rows[segment]) and rows[segment].nunique() > MOST_LEVELS:
            continue  # refused later on
        levels = as_levels(rows[segment])
        there = ~rows["event"].fillna(False).astype(bool)
        if several:
            there &= rows["duration"] == rows.groupby("customer_id")["duration"].transform("max")
        counted, label = each_once(rows, levels) if several else levels, label_of(lifetimes.labels, segment)
        alone, _ = lump_levels(counted, label=label, check="")
        parts = [levels[there], _at_one_time(levels, rows)]
        shown, checks = lump_levels(counted, label=label, check=f"few_on_board_{segment}", parts=parts)
        if shown == alone:
            continue
        named = levels.map(shown)
        # A missing value that keeps its own name stays missing: who reads it next words it.
        rows = rows.assign(**{segment: named.mask(rows[segment].isna() & (named == levels))})
        spells = None if lifetimes.spells is None else replace(lifetimes.spells, frame=rows)
        lifetimes = replace(lifetimes, frame=rows, spells=spells, checks=(*lifetimes.checks, *checks))
    return lifetimes


def _at_one_time(levels: pd.Series, lifetimes: pd.DataFrame) -> pd.Series:
    """Of each level the rows that are followed when most of it are; all where everyone was followed from the start."""
    entry = entry_of(lifetimes)
    if entry is None:
        return levels
    duration = lifetimes["duration"].to_numpy()
    followed = np.zeros(len(levels), dtype=bool)
    for own in levels.groupby(levels).indices.values():
        came, went = np.sort(entry[own]), np.sort(duration[own])
        there = np.searchsorted(came, came, side="right") - np.searchsorted(went, came, side="right")
        most = came[there.argmax()]
        followed[own] = (entry[own] <= most) & (duration[own] > most)
    return levels[followed]
