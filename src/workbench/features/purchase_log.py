"""The log of purchases as of a day: one row per customer and day, refunds netted, for models of repeat buying."""

import datetime as dt
from dataclasses import dataclass
from typing import overload

import ibis
import pandas as pd

from workbench.errors import DataError, ParameterError
from workbench.features.purchases import purchase_days
from workbench.features.snapshots import history, snapshots
from workbench.wording import sentence

NEEDED = ("customer_id", "timestamp", "known_at", "order_id", "amount", "margin")


@dataclass(frozen=True, kw_only=True)
class PurchaseLog:
    """What was bought, day by day.

    Attributes
    ----------
    days
        One row per customer and day with transactions, in the order of customers and days: `customer_id`, `day` (days
        since the first day of the records), `amount` (net, in money), `bought` (whether the day is a purchase), and
        `margin` (net, in money) where transactions have one.
    first, today
        First day of the records, and the day of valuation: what comes from that day on is not looked at.
    """

    days: pd.DataFrame
    first: dt.date
    today: dt.date

    @property
    def until(self) -> int:
        """Last day that was looked at, in days since the first."""
        return (self.today - self.first).days - 1


@overload
def purchase_log(transactions: pd.DataFrame, *, today: dt.date | None = None) -> PurchaseLog: ...


@overload
def purchase_log(transactions: None, *, today: dt.date | None = None) -> None: ...


def purchase_log(transactions: pd.DataFrame | None, *, today: dt.date | None = None) -> PurchaseLog | None:
    """Days with transactions, refunds netted as `purchases.purchase_days` says.

    Parameters
    ----------
    transactions
        `customer_id`, `timestamp`, `amount`, optionally `order_id`, `margin` and `known_at`; None where there are none.
    today
        The day of valuation; by default the day after the last transaction.

    Raises
    ------
    ParameterError
        A day outside the records.
    DataError
        No transaction.

    Examples
    --------
    >>> rows = {"customer_id": ["a", "a", "a"], "timestamp": ["2026-01-05", "2026-01-09", "2026-01-20"]}
    >>> log = purchase_log(pd.DataFrame({**rows, "amount": [10.0, 30.0, -10.0]}))
    >>> log.days[["day", "amount", "bought"]].to_numpy().tolist(), str(log.today)
    ([[0, 0.0, False], [4, 30.0, True]], '2026-01-21')
    """
    if transactions is None:
        return None
    times = pd.to_datetime(transactions["timestamp"])
    if times.notna().sum() == 0:
        raise DataError(sentence("transactions: got no row with a time; there is nothing to value."))
    first, last = times.min().date(), times.max().date()
    end = last + dt.timedelta(days=1)
    if today is not None and not first < today <= end:
        raise ParameterError(
            sentence(
                "today: got {day}, outside the records; expected a day from {first} to {last}.",
                day=today,
                first=first + dt.timedelta(days=1),
                last=end,
            )
        )
    today = today or end
    kept = transactions[[name for name in NEEDED if name in transactions]].assign(timestamp=times)
    found = purchase_days(history(ibis.memtable(kept), snapshots([today]))).to_pandas()
    money = [name for name in ("amount", "margin") if name in found]
    days = found.assign(
        day=(today - first).days - found["days_ago"].astype(int), **{name: found[name].astype(float) for name in money}
    )
    days = days.sort_values(["customer_id", "day"], ignore_index=True)
    return PurchaseLog(days=days[["customer_id", "day", *money, "bought"]], first=first, today=today)
