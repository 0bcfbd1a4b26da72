"""Inter-purchase times: how long until a customer buys again."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from workbench.models.descriptive.sample_comparison import SampleComparison
from workbench.statistics.product_limit import product_limit, survival_at
from workbench.wording import listing, number, sentence

LONGEST_DAYS = 180
"""As far as the curves are drawn."""


def last_days(transactions: pd.DataFrame, days: int) -> pd.DataFrame:
    """The transactions of the last days of a table, its last day included.

    Parameters
    ----------
    transactions
        With `timestamp`.
    days
        How many days.
    """
    day = transactions["timestamp"].dt.normalize()
    return transactions[day > day.max() - np.timedelta64(days, "D")]


def purchase_gaps(transactions: pd.DataFrame) -> pd.DataFrame:
    """Time from each day on which a customer bought to the next one, or to the last day of the table.

    Parameters
    ----------
    transactions
        `customer_id`, `timestamp`, `amount`. Rows above 0 are purchases: a refund does not undo that the customer came
        back. Several on a day are one.

    Returns
    -------
    DataFrame
        `customer_id`, `gap_days` and `again`: False where the customer had not bought again when the table ends. Rows
        of the last day are left out, since nothing could follow them.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-01-01", "2026-01-04", "2026-01-04", "2026-01-11"])
    >>> bought = pd.DataFrame({"customer_id": [1, 1, 1, 2], "timestamp": days, "amount": [5.0, 2.0, 3.0, 4.0]})
    >>> purchase_gaps(bought)[["gap_days", "again"]].values.tolist()
    [[3, True], [7, False]]
    """
    bought = transactions[transactions["amount"] > 0]
    days = pd.DataFrame({"customer_id": bought["customer_id"], "day": bought["timestamp"].dt.normalize()})
    days = days.drop_duplicates().sort_values(["customer_id", "day"], ignore_index=True)
    following = days.groupby("customer_id")["day"].shift(-1)
    again = following.notna()
    end = transactions["timestamp"].max().normalize()
    gaps = pd.DataFrame(
        {
            "customer_id": days["customer_id"],
            "gap_days": (following.where(again, end) - days["day"]).dt.days,
            "again": again,
        }
    )
    return gaps[gaps["gap_days"] > 0].reset_index(drop=True)


def repurchase(
    transactions: Mapping[str, pd.DataFrame], *, days: int = 365, within: Iterable[int] = (30, 90), margin: float
) -> SampleComparison:
    """Share of purchases that are followed by another within some days, by data set.

    The time to the next purchase is cut short by the end of the table for the last purchase of each customer, which
    Kaplan and Meier's curve allows for; gaps that were seen to end alone would look too short.

    Parameters
    ----------
    transactions
        Tables by data set, the tested one first: `customer_id`, `timestamp`, `amount`.
    days
        Length of the time looked at, at the end of each table.
    within
        Days after a purchase.
    margin
        As of `SampleComparison`.
    """
    gaps = {name: purchase_gaps(last_days(table, days)) for name, table in transactions.items()}
    curves = {name: product_limit(each["gap_days"].to_numpy(), each["again"].to_numpy()) for name, each in gaps.items()}
    grid = np.arange(0, min(LONGEST_DAYS, days) + 1)
    bought_again = {name: (grid, 1 - survival_at(curve, grid)) for name, curve in curves.items()}
    within = list(within)
    shares = {name: 1 - survival_at(curve, np.array(within)) for name, curve in curves.items()}
    sizes = listing([f"{name} {number(len(each))}" for name, each in gaps.items()])
    template = (
        "Purchases of the last {days} days ({sizes}), each with the time to the customer's next; frequent buyers count "
        "as often as they buy."
    )
    return SampleComparison(
        name="purchase_gaps",
        topic=sentence("Share of purchases followed by another"),
        shares=pd.DataFrame(shares, index=[sentence("within {days} days", days=day) for day in within]),
        margin=margin,
        note=sentence(template, days=number(days), sizes=sizes),
        n=int(next(iter(gaps.values()))["customer_id"].nunique()),
        curves=bought_again,
        axis=(sentence("Days after a purchase"), sentence("Bought again")),
        ticks=np.arange(0, grid[-1] + 1, 30).tolist(),
    )
