"""When answers were given: the column `wave`, else the quarters of `timestamp`."""

import re

import numpy as np
import pandas as pd

from workbench.statistics.horizons import DAYS_A_YEAR


def waves_of(table: pd.DataFrame) -> tuple[np.ndarray | None, np.ndarray, str]:
    """When each row was answered, by wave.

    Waves without dates are taken to follow each other at equal distances, in the order of their names and numbers.

    Parameters
    ----------
    table
        With `wave` or `timestamp`, or neither.

    Returns
    -------
    wave
        Int (n,): place of each row's wave, -1 without one; None where the table has neither column.
    when
        (W,): when each wave was.
    unit
        Of `when`: `year` or `wave`; empty without waves.
    """
    times = pd.to_datetime(table["timestamp"]) if "timestamp" in table.columns else None
    if times is not None and times.notna().sum() == 0:
        times = None
    if "wave" in table.columns:
        words = table["wave"].astype(str).where(table["wave"].notna())
        values = sorted(words.dropna().unique(), key=_natural)
        wave = pd.Categorical(words, categories=values, ordered=True).codes
        if times is None:
            return wave, np.arange(len(values), dtype=float), "wave"
    elif times is not None:
        quarters = times.dt.to_period("Q")
        wave = pd.Categorical(quarters, categories=np.sort(quarters.dropna().unique()), ordered=True).codes
    else:
        return None, np.zeros(0), ""
    assert times is not None  # there are quarters, or waves with dates
    years = (times - times.min()).dt.total_seconds().to_numpy() / (DAYS_A_YEAR * 86400)
    when = np.array([np.nanmean(years[wave == place]) for place in range(wave.max() + 1)])
    return wave, when, "year"


def _natural(name: str) -> list[tuple[bool, float, str]]:
    """Key by which wave 2 stands before wave 10."""
    parts = re.split(r"(\d+(?:\.\d+)?)", name)
    return [(False, float(part), "") if place % 2 else (True, 0.0, part) for place, part in enumerate(parts)]
