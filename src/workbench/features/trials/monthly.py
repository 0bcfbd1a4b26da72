"""Outcomes of the customers of a trial by calendar month, whoever had it when: what panels are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

LAST_DAY = 28
"""No month begins later: each has a day of that number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Monthly:
    """Outcomes by month.

    Attributes
    ----------
    edges : (months + 1,)
        First day of each month, and the day after the last.
    values
        By outcome (n, months): sums of a month, means of the answers in it; of staying whether those who were there
        when it began were when it ended. Not a number of those of whom nothing is known, and before a customer came.
    """

    edges: pd.DatetimeIndex
    values: Mapping[str, np.ndarray]

    def share_on(self, begin: np.ndarray, over: np.ndarray) -> np.ndarray:
        """Which share (rows, months) of each month lies from one day to before another.

        Parameters
        ----------
        begin, over
            datetime64 (rows,): first day, and the day after the last; not a time where there is none.
        """
        low, high = self.edges[:-1].to_numpy(), self.edges[1:].to_numpy()
        both = np.minimum(over[:, None], high) - np.maximum(begin[:, None], low)
        share = both / (high - low)
        return np.clip(np.nan_to_num(share, nan=0.0), 0.0, 1.0)


def month_edges(starts: pd.Series, first: pd.Timestamp, until: pd.Timestamp, most: int) -> pd.DatetimeIndex:
    """First days of whole months within the records, on the day of the month on which most starts lie.

    Parameters
    ----------
    starts
        Of the trial.
    first, until
        First day of the records, and the day after the last.
    most
        Months before the earliest start, at most.

    Examples
    --------
    >>> starts = pd.Series(pd.to_datetime(["2026-03-15", "2026-03-15", "2026-05-02"]))
    >>> [str(each.date()) for each in month_edges(starts, pd.Timestamp("2026-01-20"), pd.Timestamp("2026-05-20"), 12)]
    ['2026-02-15', '2026-03-15', '2026-04-15', '2026-05-15']
    """
    anchor = min(int(starts.dt.day.mode().iloc[0]), LAST_DAY)
    earliest = starts.min()
    origin = earliest.normalize() - pd.DateOffset(days=earliest.day - anchor)
    if origin > earliest:
        origin -= pd.DateOffset(months=1)
    before = [origin - pd.DateOffset(months=k) for k in range(most, 0, -1)]
    after = []
    edge = origin
    while edge <= until:
        after.append(edge)
        edge = origin + pd.DateOffset(months=len(after))
    return pd.DatetimeIndex([each for each in (*before, *after) if first <= each])
