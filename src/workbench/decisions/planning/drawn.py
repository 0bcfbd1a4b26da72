"""Who is in the pilot and who gets what: drawn by lot, as the table `treatments` will have it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.planning.scheme import CONTROL, Scheme
from workbench.models.trials.planning import choose, deal

WITHIN = "drawn_within"
"""Column of the draw that holds the stratum."""
FEWEST_AN_ARM = 2.0
"""Customers of the smallest arm that a stratum must be expected to have: evaluations leave strata with fewer out."""
NOT_SAID = "–"


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """The draw.

    Attributes
    ----------
    rows
        One a customer: `customer_id`, `initiative`, `arm`, `start` and `end` (where data have dates), `drawn_within`
        (where it was drawn within strata), and the unit.
    within
        The columns that strata are made of.
    dealt
        Customers, or units, of each arm.
    strata
        How many there are.
    """

    rows: pd.DataFrame
    within: tuple[str, ...]
    dealt: pd.Series
    strata: int

    @property
    def apart(self) -> int:
        """By how many at most the two largest shares of one stratum differ."""
        if WITHIN not in self.rows:
            return int(self.dealt.max() - self.dealt.min())
        return int(pd.crosstab(self.rows[WITHIN], self.rows["arm"]).agg(np.ptp, axis=1).max())


def strata_of(rows: pd.DataFrame, columns: Sequence[str], least: float) -> np.ndarray:
    """The stratum (n,) of each customer or unit: groups of the columns, the small ones together.

    Parameters
    ----------
    rows
        With the columns.
    columns
        Of categories.
    least
        Below so many a group counts as small.

    Examples
    --------
    >>> rows = pd.DataFrame({"region": ["north"] * 3 + ["south"] * 3 + ["east", None]})
    >>> [str(each) for each in strata_of(rows, ["region"], 2)]
    ['north', 'north', 'north', 'south', 'south', 'south', '…', '…']
    """
    if not columns:
        return np.full(len(rows), "")
    parts = [rows[name].astype(object).where(rows[name].notna(), NOT_SAID).astype(str) for name in columns]
    found = pd.Series([" · ".join(each) for each in zip(*parts, strict=True)])
    sizes = found.value_counts()  # from large to small
    small = int((sizes.to_numpy() < least).sum())
    while 0 < small < len(sizes) and sizes.iloc[-small:].sum() < least:
        small += 1  # the smallest of the others joins them
    together = set(sizes.index[len(sizes) - small :])
    return found.where(~found.isin(together), "…").to_numpy()


def draw(
    eligible: pd.DataFrame,
    scheme: Scheme,
    *,
    n: int | None,
    initiative: str,
    within: Sequence[str],
    days: int | None,
    start: pd.Timestamp | None,
    seed: int,
) -> Drawn:
    """Deal the arms.

    Parameters
    ----------
    eligible
        `customer_id` and the columns that are needed, one row a customer.
    scheme
        How.
    n
        Customers of the pilot, or units; None: all.
    initiative
        Its name.
    within
        Columns of strata.
    days, start
        How long it will run, and its first day; None of data without dates.
    seed
        The same gives the same draw of the same customers.
    """
    things = eligible if scheme.unit is None else _units(eligible, scheme.unit, within)
    size = len(things) if n is None else n
    least = FEWEST_AN_ARM / scheme.smaller * len(things) / size
    stratum = strata_of(things, within, least)
    chosen = choose(stratum, size, random_seed=seed)
    things, stratum = things.iloc[chosen].reset_index(drop=True), stratum[chosen]
    arm = deal(stratum, scheme.shares, random_seed=seed + 1)
    if scheme.unit is None:
        rows = things[["customer_id"]].assign(arm=arm, stratum=stratum)
    else:
        told = pd.DataFrame({scheme.unit: things[scheme.unit], "arm": arm, "stratum": stratum})
        rows = eligible[["customer_id", scheme.unit]].merge(told, on=scheme.unit, validate="many_to_one")
    found = pd.DataFrame({"customer_id": rows["customer_id"], "initiative": initiative, "arm": rows["arm"]})
    if start is not None and days is not None:
        found["start"], found["end"] = start, start + dt.timedelta(days=days - 1)
    if within:
        found[WITHIN] = rows["stratum"]
    if scheme.unit is not None:
        found[scheme.unit] = rows[scheme.unit]
    return Drawn(
        rows=found.sort_values("customer_id", ignore_index=True),
        within=tuple(within),
        dealt=pd.Series(arm).value_counts().reindex([*scheme.arms, CONTROL], fill_value=0),
        strata=len(set(stratum)),
    )


def _units(eligible: pd.DataFrame, unit: str, within: Sequence[str]) -> pd.DataFrame:
    """One row a unit: columns of strata are the same of all its customers."""
    known = eligible[eligible[unit].notna()]
    return (
        known.groupby(unit, observed=True, sort=True)[list(within)].first().reset_index()
        if within
        else (known[[unit]].drop_duplicates().sort_values(unit, ignore_index=True))
    )
