"""Months as a calendar counts them: whole ones, and the part of the current one."""

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

type Instants = pd.Series | pd.Index | np.ndarray | pd.Timestamp | np.datetime64 | dt.date | str
"""Dates or instants, one or many."""

FINEST = 2.0**30
"""Parts of a month are whole multiples of its inverse (2 milliseconds), so that differences of times are exact: who is
followed for three months from a day on is so to the last bit."""


def months_between(begin: Instants, end: Instants) -> np.ndarray:
    """Calendar months from each `begin` to each `end`, in whole months plus the part of the current one.

    A month after a day that the later month does not have is the last day of that month: 31 January, 28 February, 31
    March. The part of the current month is relative to its own length, so a renewal after n months lies at n exactly,
    whatever the lengths of the months and leap days in between.

    Parameters
    ----------
    begin, end
        Dates or instants, single or as many as each other; a missing one gives NaN.

    Returns
    -------
    ndarray of float
        Months; below 0 where `end` lies before `begin`. The time never falls as `end` moves on.

    Examples
    --------
    >>> months_between(pd.Series(pd.to_datetime(["2024-01-31"] * 3)), pd.Timestamp("2024-02-29")).tolist()
    [1.0, 1.0, 1.0]
    >>> ends = pd.Series(pd.to_datetime(["2025-02-28", "2025-03-15", "2028-02-29"]))
    >>> months_between(pd.Timestamp("2024-02-29"), ends).round(3).tolist()
    [12.0, 12.517, 48.0]
    """
    begin, end = np.broadcast_arrays(_instants(begin), _instants(end))
    missing = np.isnat(begin) | np.isnat(end)
    begin, end = (np.where(missing, np.datetime64(0, "ns"), each) for each in (begin, end))
    whole = (end.astype("datetime64[M]") - begin.astype("datetime64[M]")).astype(np.int64)
    whole = whole - (_mark(begin, whole) > end)
    last, following = _mark(begin, whole), _mark(begin, whole + 1)
    part = (end - last).astype(float) / (following - last).astype(float)
    return np.where(missing, np.nan, whole + np.round(part * FINEST) / FINEST)


def months_later(begin: Instants, months: ArrayLike) -> pd.DatetimeIndex:
    """The instants at which so many calendar months are over, to the second: the inverse of `months_between`.

    Parameters
    ----------
    begin
        Dates or instants, single or as many as `months`.
    months
        Calendar months, whole or in parts.

    Examples
    --------
    >>> months_later(pd.Timestamp("2024-01-31"), [1.0, 1.5]).astype(str).tolist()
    ['2024-02-29 00:00:00', '2024-03-15 12:00:00']
    """
    begin, months = np.broadcast_arrays(_instants(begin), np.asarray(months, dtype=float))
    whole = np.floor(months).astype(np.int64)
    last, following = _mark(begin, whole), _mark(begin, whole + 1)
    part = ((following - last).astype(float) * (months - whole)).round().astype("timedelta64[ns]")
    return pd.DatetimeIndex(last + part).round("s")


def _instants(dates: Instants) -> np.ndarray:
    """Dates of any kind as nanoseconds without a zone."""
    if isinstance(dates, pd.Series | pd.Index | np.ndarray):
        return np.asarray(dates).astype("datetime64[ns]")
    return np.asarray(pd.Timestamp(dates).to_datetime64()).astype("datetime64[ns]")


def _mark(begin: np.ndarray, months: np.ndarray) -> np.ndarray:
    """The day and time of day of `begin`, so many calendar months later."""
    month = begin.astype("datetime64[M]")
    since = begin - month.astype("datetime64[ns]")
    target = month + months.astype("timedelta64[M]")
    longest = ((target + np.timedelta64(1, "M")).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(
        np.int64
    )
    day = since.astype("timedelta64[D]").astype(np.int64)
    time = since - day.astype("timedelta64[D]")
    day = np.minimum(day, longest - 1)
    return target.astype("datetime64[ns]") + day.astype("timedelta64[D]") + time
