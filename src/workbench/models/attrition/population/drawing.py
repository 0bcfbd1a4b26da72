"""Of very many customers, whose earlier features are made at all.

What is learned is learned from rows of customers drawn by lot. At the last two cut-offs, which calibrate and test, all
customers are looked at; at the ones before, nobody asks for the features of those who were not drawn, and making them
costs as much as everything else together.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.attrition.model.customers import PARTS

MOST_CUSTOMERS = 50_000
"""Customers at a cut-off, of more a sample is drawn for the earlier ones: as many rows as any fit sees of all."""
LATE = 2  # cut-offs that nobody learns from: they calibrate and test
LEARNED = 0.5  # share of customers who are learned from where they are kept apart: as many rows on either side


@dataclass(frozen=True, kw_only=True)
class Lots:
    """How customers are dealt.

    Attributes
    ----------
    random_seed
        Fixes the lots.
    apart
        Whether nobody who is learned from calibrates or is tested, though time alone keeps both apart: half of the
        customers are looked at at the earlier cut-offs, the others at those that calibrate and test. Where there are
        few cut-offs, the last alone is the test. Of a flat table customers are always apart.
    """

    random_seed: int = 0
    apart: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """Which rows are looked at.

    Attributes
    ----------
    looked : (N,) bool
        Rows whose features are made.
    whole : (N,) bool
        Those of customers who are looked at at all cut-offs; None where all rows are.
    """

    looked: np.ndarray
    whole: np.ndarray | None = None


def draw_customers(rows: pd.DataFrame, *, most: int, lots: Lots) -> Drawn:
    """Draw customers by lot where there are too many, each with all rows, so that the share of leavers stays.

    Parameters
    ----------
    rows
        `customer_id` and `cutoff` of labelled rows.
    most
        Customers that are looked at at each of the earlier cut-offs.
    lots
        How they are dealt.

    Returns
    -------
    Drawn
        All rows where no earlier cut-off has more customers, or where time does not say what each is for
        (`customers.slices`).
    """
    moments, counts = np.unique(rows["cutoff"], return_counts=True)
    by_time = len(moments) >= len(PARTS)
    earlier = counts[: -LATE if by_time else -1]
    codes, known = pd.factorize(rows["customer_id"])
    lot, share = np.random.default_rng(lots.random_seed).random(len(known))[codes], most / max(earlier, default=1)
    if lots.apart and len(moments) > 1:
        late = rows["cutoff"].to_numpy() >= moments[len(earlier)]
        return Drawn(looked=np.where(late, lot >= LEARNED, lot < min(LEARNED, share)))
    if not by_time or share >= 1:
        return Drawn(looked=np.ones(len(rows), dtype=bool))
    return Drawn(looked=(lot < share) | (rows["cutoff"].to_numpy() >= moments[-LATE]), whole=lot < share)
