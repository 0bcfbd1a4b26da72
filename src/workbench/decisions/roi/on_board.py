"""What became of customers who were on board on a day, so many months later: what today's customers will do.

Rates over all who ever were customers are too high for those of today: newcomers and whoever was soon to go count among
them, while those who are on board have stayed so far. The longer ahead, the fewer are left whom anything drives away,
so reasons shift too: to those that come over everybody alike.

Any day of a contract may have been the day. While a contract of D months runs, D − h of its days (in months) have h
more months ahead, and if it ends, one of them ends h later. So the rate h months ahead is the number of ends after more
than h months over the sum of D − h, and likewise for whatever else happens on board. Only months in which leaving was
recorded count, and no more of them than are looked ahead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

AVERAGE_MONTH = 30.4375
"""Days: a year of 365.25 over twelve."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OnBoard:
    """Contracts in the months that count.

    Attributes
    ----------
    begin : (n,)
        Days on which they are first seen, as dates.
    length : (n,)
        Months that they are seen for; 0: not at all.
    ended : (n,) bool
        Whether they ended before the day of valuation.
    months
        That are looked ahead.
    """

    begin: pd.Series
    length: np.ndarray
    ended: np.ndarray
    months: int

    def rate(self, after: np.ndarray, amount: np.ndarray | float = 1.0) -> np.ndarray:
        """What happens a customer and month (months,), by months ahead.

        Parameters
        ----------
        after : (m,)
            Months on board, since `begin`, after which something happened.
        amount : (m,)
            How much of it.
        """
        whole, rest, many = *_parts(after, self.months), np.broadcast_to(amount, after.shape)
        passed = _later(np.bincount(whole, many, self.months + 1))
        return self._smooth(passed + np.bincount(whole, many * rest, self.months + 1)[:-1])

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean (months,) over those who are still there, by months ahead.

        Parameters
        ----------
        values : (n,)
            One a contract.
        """
        return self._smooth(self._days(values))

    def shares(self, reasons: pd.Series) -> Mapping[str, np.ndarray]:
        """Shares (months,) of those who leave, by reason.

        Parameters
        ----------
        reasons : (n,)
            Of each contract; of those that have not ended it does not count.
        """
        named = reasons.to_numpy()
        names = sorted(set(named[self.ended]))
        if not names:
            return {}
        rates = np.array([self.rate(self.length[self.ended & (named == name)]) for name in names])
        total = rates.sum(axis=0)
        known = np.maximum.accumulate(np.where(total > 0, np.arange(self.months), 0))  # the last with a leaver
        return {str(name): rate[known] / total[known] for name, rate in zip(names, rates, strict=True)}

    def _days(self, values: np.ndarray) -> np.ndarray:
        """Days (months,), in months, on which contracts have that much ahead: values times D - h over each month h."""
        whole, rest = _parts(self.length, self.months)
        many, long = (_later(np.bincount(whole, each, self.months + 1)) for each in (values, values * self.length))
        partly = np.bincount(whole, values * rest**2 / 2, self.months + 1)[:-1]
        return long - many * (np.arange(self.months) + 0.5) + partly

    def _smooth(self, happened: np.ndarray) -> np.ndarray:
        """Over the months of those who could; the second half of what is seen as one, for few tell of it."""
        exposed = self._days(np.ones(len(self.length)))
        half = min(int(np.ceil(self.length.max(initial=0.0) / 2)), self.months - 1)
        found = np.zeros(self.months)
        found[:half] = happened[:half] / exposed[:half]
        later = exposed[half:].sum()
        found[half:] = happened[half:].sum() / later if later > 0 else 0.0
        return found


def on_board(subscriptions: pd.DataFrame, until: pd.Timestamp, months: int) -> OnBoard:
    """Contracts as they are seen in the months that count.

    Parameters
    ----------
    subscriptions
        `start`, `end` (first day without; empty: still there).
    until
        The day of valuation.
    months
        That are looked ahead.
    """
    start, end = pd.to_datetime(subscriptions["start"]), pd.to_datetime(subscriptions["end"])
    ended = (end < until).to_numpy()
    first = until - pd.DateOffset(months=months)
    if ended.any():  # before the first end, contracts that had ended are not among the records
        first = max(first, end[ended].min().to_period("M").to_timestamp())
    begin = start.where(start > first, first)
    length = (end.where(end < until, until) - begin).dt.total_seconds().to_numpy() / 86_400 / AVERAGE_MONTH
    return OnBoard(begin=begin, length=np.maximum(length, 0.0), ended=ended & (length > 0), months=months)


def _parts(length: np.ndarray, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole months, as many as are looked ahead at most, and what is left of the next."""
    whole = np.minimum(np.floor(length), months).astype(int)
    return whole, np.where(whole < months, length - whole, 0.0)


def _later(by_month: np.ndarray) -> np.ndarray:
    """Sums (months,) over all later months of numbers (months + 1,)."""
    return np.cumsum(by_month[::-1])[::-1][1:]
