"""Customers by when they came: whether one model fits all, and whether some came before the records began."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.purchases.backtest.records import WEEK, PurchaseRecord
from workbench.models.purchases.backtest.selection import LEAST_BUYERS
from workbench.models.purchases.expectations import expected_purchases
from workbench.models.purchases.families import bg_nbd
from workbench.models.purchases.fitting import mode
from workbench.models.purchases.histories import Histories

MOST = 4
"""Cohorts of equal size that are compared: quarters of those who came."""
YEAR = 52.18
"""Weeks."""
SHARE = 1 / 6
"""Of the record, the longest span in which first appearances are counted: two spans are then a third of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohorts:
    """One model a cohort.

    Attributes
    ----------
    yearly : (cohorts,)
        Repeat purchases in a year of a newcomer of each, the earliest first.
    gain
        How much higher the log-likelihood is than of one model for all.
    needed
        What further parameters must gain by the Bayesian information criterion.
    """

    yearly: np.ndarray
    gain: float
    needed: float


def cohorts(record: PurchaseRecord) -> Cohorts | None:
    """Fit customers by when they came, and all together (BG/NBD).

    Parameters
    ----------
    record
        Of purchases.

    Returns
    -------
    Cohorts or None
        None where not two cohorts have enough repeat buyers.
    """
    histories = record.histories
    order = np.argsort(-histories.observed, kind="stable")
    for count in range(MOST, 1, -1):
        parts = [histories.rows(rows) for rows in np.array_split(order, count)]
        if all((part.frequency > 0).sum() >= LEAST_BUYERS for part in parts):
            break
    else:
        return None
    family = bg_nbd()
    few = [part.collapsed()[0] for part in parts]
    modes = [mode(family, part) for part in few]
    whole = histories.collapsed()[0]
    together = family.log_likelihood(mode(family, whole), whole)
    gain = sum(family.log_likelihood(*each) for each in zip(modes, few, strict=True)) - together
    more = len(family.parameters) * (count - 1)
    one = Histories.newcomer()
    return Cohorts(
        yearly=np.array([float(expected_purchases(family, each, one, YEAR)[0]) for each in modes]),
        gain=gain,
        needed=more / 2 * float(np.log(len(histories))),
    )


def first_seen(record: PurchaseRecord) -> tuple[int, int, int]:
    """Customers who first appear in the first span of the record and in the next, and the days of a span.

    Whoever was a customer before is seen within a usual gap or two, so that the first span would be crowded.

    Parameters
    ----------
    record
        Of purchases.
    """
    log = pd.DataFrame({"customer": record.customers, "day": record.days}).drop_duplicates()
    log = log.sort_values(["customer", "day"])
    gap = log.groupby("customer")["day"].diff().median()
    days = int(np.clip(gap if np.isfinite(gap) else WEEK, WEEK, max(record.length * SHARE, WEEK)))
    first = log.groupby("customer")["day"].min() - record.first
    return int((first < days).sum()), int(((first >= days) & (first < 2 * days)).sum()), days
