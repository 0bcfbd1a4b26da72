"""Within what chance dealt arms: strata, starts and chances, as the design says them; small ones taken together."""

import numpy as np
import pandas as pd

from workbench.models.trials.lot.strata import FEWEST_AN_ARM
from workbench.statistics.draws import FEWEST_A_DRAW, Drawn

UNLIKELY = 10.0
"""Customers of an arm that are expected: a stratum with fewer than two of them was not dealt with that chance."""
CALENDAR = ("D", "W", "M", "Q", "Y")
"""Bands of starts, the finest first."""
SMALL = "…"
"""What small strata are called together."""


def strata_of(rows: pd.DataFrame, design: Drawn) -> np.ndarray:
    """Within what (n,) chance dealt the arms: they are compared with others there alone.

    Parameters
    ----------
    rows
        Of `treatments`, of one initiative, as far as they are `comparable`, with the columns that the design names.
    design
        How it was dealt. Strata of customers that are too small to have two of each arm are taken together where it
        says that they had the same chance: then arms are made of the same strata, but for chance. Where it does not,
        or where so large a stratum without an arm was not dealt with that chance, they stay alone, and compare nobody.
    """
    apart = [np.full(len(rows), "")]
    if isinstance(design.probability, str):
        apart.append(rows[design.probability].astype(str).to_numpy())
    bands = start_bands(rows, design)
    if bands is not None:
        apart.append(bands[0])
    outer = _joined(apart)
    if not design.strata:
        return outer
    inner = _joined([rows[name].astype(str).to_numpy() for name in design.strata])
    if design.probability is not None and not design.unit:
        for each in np.unique(outer):
            own = outer == each
            inner[own] = _small_together(inner[own], rows["arm"].to_numpy()[own])
    return _joined([inner, outer])


def start_bands(rows: pd.DataFrame, design: Drawn) -> tuple[np.ndarray, str] | None:
    """The start of each (n,) by which it is compared, and by what starts are taken together.

    Parameters
    ----------
    rows, design
        As of `strata_of`.

    Returns
    -------
    (bands, by) or None
        `by` is "D" where each start is a draw of its own, else the finest calendar unit with `FEWEST_A_DRAW` customers
        a band: "W", "M", "Q" or "Y". Bands too small for two of each arm go with the one before. None where nothing is
        dated, or starts are what was dealt.
    """
    if design.assignment == "staggered" or "start" not in rows or not len(rows):
        return None
    starts = pd.to_datetime(rows["start"])
    for by in CALENDAR:
        bands = starts.astype(str) if by == "D" else starts.dt.to_period(by).dt.start_time.astype(str)
        if bands.nunique() <= len(rows) / FEWEST_A_DRAW:
            break
    counts = pd.crosstab(bands.to_numpy(), rows["arm"].to_numpy())  # in the order of time
    begins = ~_too_small(counts)
    if not begins[0] and begins.any():
        begins[np.argmax(begins)] = False  # the first go with the one after
    begins[0] = True
    names = counts.index.to_numpy()[begins][np.cumsum(begins) - 1]
    return names[counts.index.get_indexer(pd.Index(bands))].astype(str), by


def _small_together(strata: np.ndarray, arms: np.ndarray) -> np.ndarray:
    counts = pd.crosstab(strata, arms)
    small = _too_small(counts)
    if not small.any():
        return strata
    for place in np.argsort(counts.sum(axis=1).to_numpy(), kind="stable"):  # until both are there
        if counts[small].sum().min() >= FEWEST_AN_ARM:
            break
        small[place] = True
    return np.where(pd.Index(strata).isin(counts.index[small]), SMALL, strata)


def _too_small(counts: pd.DataFrame) -> np.ndarray:
    """Rows in which fewer than two of an arm are expected, or are by chance."""
    expected = counts.sum(axis=1).to_numpy() * float(counts.sum().min() / counts.to_numpy().sum())
    few = counts.min(axis=1).to_numpy() < FEWEST_AN_ARM
    return (expected < FEWEST_AN_ARM) | (few & (expected < UNLIKELY))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.array(["|".join(own for own in each if own) for each in zip(*parts, strict=True)], dtype=object)
