"""Where customers are at home: the shop, or team, in which most of what they did lies, of events that say where."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

ACTIVE_DAYS = 365
"""Without contracts a customer is who was seen within a year, a choice: a year holds every season once."""
EVENTS = ("transactions", "interactions", "surveys")
NO_PLACE = ("customer_id", "order_id", "category", "product", "channel", "touchpoint", "kind")
"""Columns of events that say what, not where."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Homes:
    """One column of events.

    Attributes
    ----------
    column
        Its name.
    rows
        `customer_id`, `day`, and the column, wherever it is known.
    """

    column: str
    rows: pd.DataFrame

    def on(self, day: pd.Timestamp) -> pd.Series:
        """Each customer's own group as of a day, by `customer_id`: where most events of the year before lie.

        Parameters
        ----------
        day
            Only what lies before it counts. Of groups with as many, the latest.
        """
        counted = self._counted(day).sort_values(["events", "last"], kind="stable")
        return counted.drop_duplicates("customer_id", keep="last").set_index("customer_id")[self.column]

    def elsewhere(self, day: pd.Timestamp) -> float:
        """Share of events of the year before a day that lie in another group than the customer's own.

        Parameters
        ----------
        day
            The day.
        """
        counted = self._counted(day)
        return float(1 - counted.groupby("customer_id")["events"].max().sum() / counted["events"].sum())

    def _counted(self, day: pd.Timestamp) -> pd.DataFrame:
        """Events by customer and group, and the day of the last."""
        there = (self.rows["day"] < day) & (self.rows["day"] >= day - dt.timedelta(days=ACTIVE_DAYS))
        found = self.rows[there].groupby(["customer_id", self.column], observed=True)["day"]
        return found.agg(events="size", last="max").reset_index()


def homes_of(dataset: Any, tables: Mapping[str, pd.DataFrame | None]) -> dict[str, str]:
    """Columns of events that say where, with their table; of several tables the first that has it.

    Parameters
    ----------
    dataset
        Definitions of the tables.
    tables
        Canonical tables by name; None where the dataset has none.
    """
    found: dict[str, str] = {}
    for name in EVENTS:
        frame = tables.get(name)
        if frame is None or not {"customer_id", "timestamp"} <= set(frame):
            continue
        for column in dataset.tables[name].columns:
            if column.name in frame and column.kind in ("category", None) and column.name not in NO_PLACE:
                found.setdefault(column.name, name)
    return found


def read_homes(frame: pd.DataFrame, column: str) -> Homes:
    """Read one of them.

    Parameters
    ----------
    frame
        The table, with `customer_id`, `timestamp` and the column.
    column
        Its name.
    """
    rows = pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "day": pd.to_datetime(frame["timestamp"]).dt.normalize(),
            column: frame[column].astype(object),
        }
    )
    return Homes(column=column, rows=rows.dropna())
