"""Use before customers leave: how far it fades, and how well that foresees who goes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.models.descriptive.sample_comparison import SampleComparison
from workbench.statistics.ranking import auc
from workbench.wording import listing, number, sentence

PERIOD_DAYS = 28  # of purchases; usage is counted by calendar months
LAPSE_PERIODS = 2  # without a purchase: lapsed, as in the literature on grocers (56 days)
FEWEST_PERIODS, MOST_PERIODS = 4, 13
"""Periods of a customer's own that are looked at: the last against those before, about a year at most."""
HALVED = 0.5  # of the usual use: the fall that the table counts, chosen because it is easily said


def fading_use(counts: np.ndarray, gone: np.ndarray) -> pd.DataFrame:
    """The last period's use against a customer's own habit, at every period in which that can be told.

    Parameters
    ----------
    counts
        float (customers, periods): use in each period; NaN before the first and after the last of a customer.
    gone
        bool (customers, periods): whether a customer who is there when the period begins leaves soon.

    Returns
    -------
    DataFrame
        One row a customer and period from the fifth of their own on: `ratio` of the last period before to the mean of
        those before it, and `left`.

    Examples
    --------
    >>> fading_use(np.array([[4.0, 4.0, 4.0, 1.0, 0.0]]), np.array([[False] * 4 + [True]]))["ratio"].tolist()
    [0.25]
    """
    parts = []
    for period in range(FEWEST_PERIODS, counts.shape[1]):
        there = ~np.isnan(counts[:, period])
        past = counts[there, max(0, period - MOST_PERIODS) : period]
        known = ~np.isnan(past[:, -FEWEST_PERIODS:]).any(axis=1)
        earlier = past[known, :-1]
        habit = np.nansum(earlier, axis=1) / np.maximum((~np.isnan(earlier)).sum(axis=1), 1)
        used = habit > 0
        ratio = past[known, -1][used] / habit[used]
        parts.append(pd.DataFrame({"ratio": ratio, "left": gone[there, period][known][used]}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"ratio": [], "left": []})


def fading_of_usage(usage: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Of a table `usage` with a row a month, beside contracts with their ends: who leaves within the month.

    Parameters
    ----------
    usage
        `customer_id`, `timestamp`, `value`.
    contracts
        `customer_id` and `end`, missing where a contract is running.
    """
    month = usage["timestamp"].dt.to_period("M")
    counts = usage.assign(month=month).pivot_table(index="customer_id", columns="month", values="value", aggfunc="sum")
    ends = pd.to_datetime(contracts.groupby("customer_id")["end"].max()).reindex(counts.index).dt.to_period("M")
    gone = np.stack([(ends == each).to_numpy() for each in counts.columns], axis=1)
    return fading_use(counts.to_numpy(dtype=float), gone)


def fading_of_purchases(transactions: pd.DataFrame) -> pd.DataFrame:
    """Of purchases, counted every four weeks: who buys nothing in the next eight.

    Parameters
    ----------
    transactions
        `customer_id`, `timestamp`, `amount`. Customers count until they have lapsed, from their first purchase on.
    """
    bought = transactions[transactions["amount"] > 0]
    period = (bought["timestamp"] - bought["timestamp"].min()).dt.days // PERIOD_DAYS
    whole = int((bought["timestamp"].max() - bought["timestamp"].min()).days // PERIOD_DAYS)
    table = bought.assign(period=period)[period < whole].groupby(["customer_id", "period"]).size().unstack(fill_value=0)
    counts = table.reindex(columns=range(whole), fill_value=0).to_numpy(dtype=float)
    first = (counts > 0).argmax(axis=1)
    counts = np.where(np.arange(whole) < first[:, None], np.nan, counts)
    bought_in = np.nan_to_num(counts) > 0
    ahead = sum(np.pad(bought_in, ((0, 0), (0, step)))[:, step:] for step in range(LAPSE_PERIODS))
    recent = sum(np.pad(bought_in, ((0, 0), (step, 0)))[:, :whole] for step in range(1, 1 + LAPSE_PERIODS))
    counts = np.where((np.asarray(recent) == 0) & (np.arange(whole) > first[:, None]), np.nan, counts)
    return fading_use(counts[:, : whole - LAPSE_PERIODS + 1], np.asarray(ahead) == 0)


def use_before_leaving(
    transactions: Mapping[str, pd.DataFrame],
    usage: pd.DataFrame | None,
    contracts: pd.DataFrame | None,
    *,
    margin: float,
) -> SampleComparison | None:
    """How use fades before customers leave, by data set, and how well that foresees who goes.

    Parameters
    ----------
    transactions
        By data set, the tested one first. Of samples, buying is what they have of use, and not buying what they have of
        leaving.
    usage, contracts
        Of the tested data set, as of `fading_of_usage`; where it has none there is nothing to compare.
    margin
        As of `SampleComparison`.
    """
    if usage is None or contracts is None:
        return None
    tested, *samples = transactions
    found = {tested: fading_of_usage(usage, contracts)}
    found |= {name: fading_of_purchases(transactions[name]) for name in samples}
    if any(each["left"].nunique() < 2 for each in found.values()):
        return None
    shares = {
        name: [
            auc(-each["ratio"].to_numpy(), each["left"].to_numpy(dtype=bool)),
            float((each["ratio"] < HALVED)[each["left"].astype(bool)].mean()),
            float((each["ratio"] < HALVED)[~each["left"].astype(bool)].mean()),
        ]
        for name, each in found.items()
    }
    rows = [
        sentence("pairs in which the leaver's use faded more"),
        sentence("leavers whose use had halved"),
        sentence("stayers whose use had halved"),
    ]
    sizes = listing([f"{name} {number(int(each['left'].sum()))}" for name, each in found.items()])
    return SampleComparison(
        name="use_before_leaving",
        topic=sentence("Use before customers leave"),
        shares=pd.DataFrame(shares, index=rows),
        margin=margin,
        note=sentence(
            "The last month of use against a customer's own months before. Leaving: the contract ends in the month; "
            "of samples, no purchase in the next eight weeks. Leavers seen: {sizes}. Guessing gets half of the pairs.",
            sizes=sizes,
        ),
        n=int(usage["customer_id"].nunique()),
    )
