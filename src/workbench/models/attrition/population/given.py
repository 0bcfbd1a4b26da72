"""What a population is read from: definitions of tables, and features at cut-offs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd


class ColumnDefinition(Protocol):
    """What is known of a column beside its values."""

    @property
    def name(self) -> str:
        """In the table."""

    @property
    def label(self) -> str:
        """For people."""

    @property
    def unit(self) -> str:
        """Empty where it has none."""

    @property
    def kind(self) -> str | None:
        """Of its values: `money`, `number`, …; None: open."""

    @property
    def use(self) -> str:
        """What it may be used for; empty where nothing is said."""


class TableDefinition(Protocol):
    """What is known of a table beside its rows."""

    @property
    def columns(self) -> Sequence[ColumnDefinition]:
        """Its columns."""

    @property
    def segments(self) -> Sequence[str]:
        """Columns that customers are grouped by."""

    @property
    def designs(self) -> Mapping[str, Any]:
        """Of treatments, by initiative: `control` is the arm that got nothing."""


class Snapshots(Protocol):
    """Cut-offs and their label windows, as `workbench.features` has them."""

    cutoffs: Any
    gap_days: Any
    horizon_days: Any


class Featured(Protocol):
    """Features at cut-offs, as `workbench.features` makes them."""

    when: Any

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Features of some customers at their cut-offs, in their order.

        Parameters
        ----------
        rows
            `customer_id` and `cutoff`.
        """
        ...

    def buyers(self, *, within_days: int) -> Any:
        """Who bought something in the last days before each cut-off.

        Parameters
        ----------
        within_days
            How many days.
        """
        ...

    def subscribed(self) -> Any:
        """Who has a subscription at each cut-off."""
        ...

    def purchases_after(self, roster: Any, *, horizon: Any) -> Any:
        """What customers buy in the label window.

        Parameters
        ----------
        roster
            Whose.
        horizon
            What to do with cut-offs whose window reaches beyond the records.
        """
        ...

    def cancellations_after(self, roster: Any, *, horizon: Any) -> Any:
        """Who ends a subscription in the label window.

        Parameters
        ----------
        roster
            Of these.
        horizon
            What to do with cut-offs whose window reaches beyond the records.
        """
        ...
