"""How far revenue comes from few customers: the Lorenz curve, read from its upper end."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.descriptive.purchase_gaps import last_days
from workbench.models.descriptive.sample_comparison import SampleComparison
from workbench.models.levels import SMALLEST_GROUP
from workbench.wording import listing, number, percent, sentence


def customer_revenue(transactions: pd.DataFrame) -> pd.Series:
    """Revenue of each customer, refunds taken off, of those who brought any.

    Parameters
    ----------
    transactions
        `customer_id` and `amount`, refunds negative.
    """
    revenue = transactions.groupby("customer_id")["amount"].sum()
    return revenue[revenue > 0]


def lorenz(amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lorenz curve: share of customers, those with the smallest amounts first, and the share of the total they bring.

    Parameters
    ----------
    amounts
        One number a customer, at least 0, not all 0.

    Returns
    -------
    customers, total
        From (0, 0) to (1, 1), ascending.

    References
    ----------
    Lorenz (1905), "Methods of measuring the concentration of wealth".

    Examples
    --------
    >>> customers, total = lorenz([3, 1])
    >>> customers.tolist(), total.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.25, 1.0])
    """
    amounts = np.sort(np.asarray(amounts, dtype=float))
    if not len(amounts) or amounts[0] < 0 or amounts[-1] <= 0:
        raise DataError(sentence("amounts: expected numbers of at least 0, and one above 0."))
    total = np.append(0.0, amounts.cumsum())
    return np.linspace(0, 1, len(total)), total / total[-1]


def top_share(amounts: np.ndarray, share: Sequence[float] | np.ndarray) -> np.ndarray:
    """What the customers with the largest amounts bring of the total; fractions of a customer count in part.

    Parameters
    ----------
    amounts
        One number a customer, at least 0, not all 0.
    share
        Shares of customers.

    Examples
    --------
    >>> top_share([6, 2, 1, 1], [0.25, 0.5, 0.75]).round(3).tolist()
    [0.6, 0.8, 0.9]
    """
    customers, total = lorenz(amounts)
    return np.asarray(1 - np.interp(1 - np.asarray(share, dtype=float), customers, total))


def concentration(
    transactions: Mapping[str, pd.DataFrame],
    *,
    days: int = 365,
    tops: Iterable[float] = (0.08, 0.20),
    margin: float,
) -> SampleComparison:
    """Share of revenue that the top customers of each data set bring, in its last days.

    Parameters
    ----------
    transactions
        Tables by data set, the tested one first: `customer_id`, `timestamp`, `amount`.
    days
        Length of the time looked at, the same for all: the longer it is, the less is concentrated.
    tops
        Shares of customers.
    margin
        As of `SampleComparison`.

    Raises
    ------
    DataError
        When the smallest top of a data set is fewer customers than may be shown.
    """
    tops = list(tops)
    revenue = {name: customer_revenue(last_days(table, days)).to_numpy() for name, table in transactions.items()}
    template = (
        "{name}: got {n} customers with revenue in the last {days} days, expected at least {least}: the top "
        "ones would be too few to be shown."
    )
    faults = [
        sentence(template, name=name, n=number(len(each)), days=number(days), least=number(SMALLEST_GROUP / min(tops)))
        for name, each in revenue.items()
        if len(each) * min(tops) < SMALLEST_GROUP
    ]
    if faults:
        raise DataError(*faults)
    shares = {name: top_share(each, tops).tolist() for name, each in revenue.items()}
    sizes = listing([f"{name} {number(len(each))}" for name, each in revenue.items()])
    template = (
        "Purchases of the last {days} days, refunds taken off, of customers who brought revenue in them ({sizes})."
    )
    return SampleComparison(
        name="concentration",
        topic=sentence("Share of revenue that the top customers bring"),
        shares=pd.DataFrame(shares, index=[sentence("top {share}", share=percent(top)) for top in tops]),
        margin=margin,
        note=sentence(template, days=number(days), sizes=sizes),
        n=len(next(iter(revenue.values()))),
        curves={name: _curve(each) for name, each in revenue.items()},
        axis=(sentence("Share of customers, those who spend most first"), sentence("Share of revenue")),
        shares_on_x=True,
    )


def _curve(amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`top_share` from 0 to 1; what fewer customers bring than may be shown is passed over."""
    grid = np.linspace(0, 1, 201)
    grid = grid[(grid == 0) | (grid * len(amounts) >= SMALLEST_GROUP)]
    return grid, top_share(amounts, grid)
