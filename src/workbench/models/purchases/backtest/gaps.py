"""How regular gaps between purchases are, whatever the pace of each customer."""

import numpy as np
import pandas as pd

from workbench.models.purchases.backtest.records import PurchaseRecord

FEWEST = 30
"""Pairs of gaps below which regularity is not told: its error is then a third."""


def clumpiness(record: PurchaseRecord) -> tuple[float, float]:
    """Regularity k of gaps and its standard error: 1 by chance (Poisson), more if regular, less if in bursts.

    Of two gaps of a customer, one after the other, the first is a share M of both; whatever the customer's pace, M is
    Beta(k, k) if gaps are Gamma(k). One pair a customer, the last.

    Parameters
    ----------
    record
        Of purchases.

    Returns
    -------
    k, error
        NaN with fewer than `FEWEST` customers of three purchases.

    References
    ----------
    Wheat, Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing Research
    27(1), equation 5.
    """
    log = pd.DataFrame({"customer": record.customers, "day": record.days}).drop_duplicates()
    log = log.sort_values(["customer", "day"])
    gap = log.groupby("customer")["day"].diff()
    before = gap.groupby(log["customer"]).shift()
    pairs = pd.DataFrame({"customer": log["customer"], "first": before, "both": before + gap}).dropna()
    last = pairs.drop_duplicates("customer", keep="last")
    if len(last) < FEWEST:
        return np.nan, np.nan
    square = ((last["first"] / last["both"] - 0.5) ** 2).to_numpy(float)
    variance = float(square.mean())
    # k = (1 - 4v) / 8v, so that dk/dv = -1 / 8v²
    error = float(square.std(ddof=1)) / np.sqrt(len(square)) / (8 * variance**2)
    return (1 - 4 * variance) / (8 * variance), float(error)
