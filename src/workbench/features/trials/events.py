"""Events of the customers of a trial on its own clock: days since each customer's start, and what was known by then.

These are joins of a roster of one row a customer with tables that a study has in memory already, so pandas does them;
features of all customers at shared cut-offs are Ibis expressions (`features.customers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.statistics.horizons import DAYS_A_MONTH


@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """Events of the customers of a roster, one a row.

    Attributes
    ----------
    size
        Customers of the roster.
    row : (n,)
        Whose event it is: a position in the roster.
    day : (n,)
        Whole days since the start; negative before it.
    known : (n,) bool
        Whether it was known before the start. Only such events may describe the time before.
    frame
        The other columns, same rows.
    """

    size: int
    row: np.ndarray
    day: np.ndarray
    known: np.ndarray
    frame: pd.DataFrame

    def during(self, first: int, end: int) -> "Events":
        """Events from one day to before another; of days before the start only what was known by then.

        Parameters
        ----------
        first, end
            Days since the start.
        """
        chosen = (self.day >= first) & (self.day < end) & (self.known | (self.day >= 0))
        return Events(
            size=self.size,
            row=self.row[chosen],
            day=self.day[chosen],
            known=self.known[chosen],
            frame=self.frame[chosen],
        )

    def count(self, where: np.ndarray | None = None) -> np.ndarray:
        """How many (customers,).

        Parameters
        ----------
        where
            bool (n,), which of them; all where it is None.
        """
        rows = self.row if where is None else self.row[where]
        return np.bincount(rows, minlength=self.size).astype(float)

    def total(self, column: str) -> np.ndarray:
        """Sum (customers,) of a column; missing values add nothing.

        Parameters
        ----------
        column
            Its name.
        """
        values = pd.to_numeric(self.frame[column], errors="coerce").fillna(0.0).to_numpy(dtype=float)
        return np.bincount(self.row, values, minlength=self.size)

    def answered(self, column: str) -> np.ndarray:
        """How many (customers,) have a value in a column.

        Parameters
        ----------
        column
            Its name.
        """
        return self.count(self.frame[column].notna().to_numpy())


def events_of(frame: pd.DataFrame, roster: pd.DataFrame, columns: Sequence[str], *, time: str = "timestamp") -> Events:
    """Events of a table on the clock of a trial.

    Parameters
    ----------
    frame
        A canonical table of events: `customer_id`, the column `time`, perhaps `known_at`.
    roster
        `customer_id` and `start`, one row a customer.
    columns
        Of the table, as far as it has them.
    time
        When they happened.
    """
    place = pd.Index(roster["customer_id"]).get_indexer(pd.Index(frame["customer_id"]))
    happened = pd.to_datetime(frame[time])
    there = (place >= 0) & happened.notna().to_numpy()
    place, happened = place[there], happened[there]
    start = pd.to_datetime(roster["start"]).to_numpy()[place]
    known = happened if "known_at" not in frame else pd.to_datetime(frame["known_at"])[there].fillna(happened)
    return Events(
        size=len(roster),
        row=place,
        day=np.floor((happened.to_numpy() - start) / np.timedelta64(1, "D")).astype(int),
        known=known.to_numpy() < start,
        frame=frame.loc[there, [name for name in columns if name in frame]].reset_index(drop=True),
    )


def orders_of(events: Events) -> Events:
    """The first row of each order that sold something; without ids of orders, of each day of a customer that did.

    Parameters
    ----------
    events
        Transactions with `amount`, perhaps `order_id`.
    """
    key = events.frame["order_id"] if "order_id" in events.frame else pd.Series(events.day)
    frame = pd.DataFrame({"row": events.row, "key": key.to_numpy(), "day": events.day})
    sold = (events.frame["amount"] > 0).to_numpy()
    if "cancelled" in events.frame:
        sold &= (events.frame["cancelled"] != True).to_numpy(dtype=bool)  # noqa: E712 - gaps are not
    rows = frame[sold].sort_values("day", kind="stable").drop_duplicates(["row", "key"]).index.to_numpy()
    return Events(
        size=events.size,
        row=events.row[rows],
        day=events.day[rows],
        known=events.known[rows],
        frame=events.frame.iloc[rows],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Stays:
    """How long the customers of a roster stayed after their start.

    Attributes
    ----------
    there : (n,) bool
        Whether they were under contract at the start.
    days : (n,)
        From the start until they left or the records end; NaN of others.
    left : (n,) bool
        Whether that ended with leaving.
    """

    there: np.ndarray
    days: np.ndarray
    left: np.ndarray


def stays_of(subscriptions: pd.DataFrame, roster: pd.DataFrame, until: pd.Timestamp) -> Stays:
    """Contracts that follow each other without a gap are one stay.

    Parameters
    ----------
    subscriptions
        `customer_id`, `start`, `end` (missing: still running).
    roster
        `customer_id` and `start`, one row a customer.
    until
        The day after the last of the records.
    """
    rows = _contracts(subscriptions, roster).sort_values(["row", "begin"], kind="stable")
    ahead = rows.groupby("row")["end"].cummax().groupby(rows["row"]).shift()
    rows["stay"] = (ahead.isna() | (rows["begin"] > ahead)).cumsum()
    start = pd.to_datetime(roster["start"]).to_numpy()
    rows["last"] = rows.groupby("stay")["end"].transform("max")
    at = start[rows["row"].to_numpy()]
    covering = rows[((rows["begin"] <= at) & (at < rows["last"])).to_numpy()]
    last = covering.groupby("row")["last"].first()
    end = last.reindex(np.arange(len(roster))).to_numpy()
    left = ~np.isnat(end) & (end < until.to_datetime64())
    until_then = np.where(left, end, until.to_datetime64())
    days = (until_then - start) / np.timedelta64(1, "D")
    there = ~np.isnat(end) & (start < until.to_datetime64())
    return Stays(there=there, days=np.where(there, days, np.nan), left=left)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fees:
    """Contracts of the customers of a roster, one a row, on the clock of a trial.

    Attributes
    ----------
    size
        Customers of the roster.
    row : (n,)
        Whose contract it is: a position in the roster.
    begin, end : (n,)
        Days since that customer's start: its first, and the first without it (at most that of the end of the records).
    price : (n,)
        Money a day; NaN where it is not known.
    """

    size: int
    row: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    price: np.ndarray

    def during(self, first: int, end: int) -> np.ndarray:
        """What they paid (customers,) from one day to before another, day by day at the price of each contract.

        Parameters
        ----------
        first, end
            Days since the start.

        Returns
        -------
        ndarray
            0 of those without a contract; NaN where one of unknown price ran.
        """
        days = np.maximum(np.minimum(self.end, end) - np.maximum(self.begin, first), 0.0)
        return np.bincount(self.row, np.where(days > 0, days * self.price, 0.0), minlength=self.size)


def fees_of(subscriptions: pd.DataFrame, roster: pd.DataFrame, until: pd.Timestamp) -> Fees:
    """Fees of all contracts, those that began after the start among them.

    Parameters
    ----------
    subscriptions
        `customer_id`, `start`, `end` (missing: still running), `price` (a month: a twelfth of a year's 365.25 days).
    roster
        `customer_id` and `start`, one row a customer.
    until
        The day after the last of the records.
    """
    rows = _contracts(subscriptions, roster)
    start = pd.to_datetime(roster["start"]).to_numpy()[rows["row"].to_numpy()]
    last = np.minimum(rows["end"].to_numpy(), until.to_datetime64())
    begin, end = ((each - start) / np.timedelta64(1, "D") for each in (rows["begin"].to_numpy(), last))
    known = rows["begin"].notna().to_numpy()
    return Fees(
        size=len(roster),
        row=rows["row"].to_numpy()[known],
        begin=begin[known],
        end=end[known],
        price=rows["price"].to_numpy()[known] / DAYS_A_MONTH,
    )


def _contracts(subscriptions: pd.DataFrame, roster: pd.DataFrame) -> pd.DataFrame:
    """Contracts of the roster: `row` (a position in it), `begin`, `end` (far away: still running), `price` a month."""
    place = pd.Index(roster["customer_id"]).get_indexer(pd.Index(subscriptions["customer_id"]))
    price = pd.to_numeric(subscriptions["price"], errors="coerce") if "price" in subscriptions else None
    return pd.DataFrame(
        {
            "row": place,
            "begin": pd.to_datetime(subscriptions["start"]).to_numpy(),
            "end": pd.to_datetime(subscriptions["end"]).fillna(pd.Timestamp.max).to_numpy(),
            "price": np.nan if price is None else price.to_numpy(dtype=float, na_value=np.nan),
        }
    )[place >= 0]
