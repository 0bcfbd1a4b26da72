"""What a comparison of before and after shows of customers to whom nothing was done.

Whoever is chosen for a high value before has one that is high in part by chance, and comes back towards the mean
(Galton 1886); and everybody moves with trend and season. No number of customers takes either away.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, kw_only=True)
class Change:
    """Customers before and after a day on which nothing was done.

    Attributes
    ----------
    n
        How many.
    before, after
        Their means.
    change, lower, upper
        Mean change and its interval (Student's t, paired).
    deviation
        Of the change of one customer.
    left
        Deviation of the value after among these very customers, less what the value before explains of it.
    """

    n: int
    before: float
    after: float
    change: float
    lower: float
    upper: float
    deviation: float
    left: float


def change_of_chosen(
    before: np.ndarray, after: np.ndarray, n: int | None = None, *, highest: bool = True, confidence: float = 0.9
) -> Change | None:
    """The change of the customers with the highest (or lowest) value before.

    Parameters
    ----------
    before, after : (customers,) float
        The outcome in windows of one length; not a number where it was not seen.
    n
        How many are chosen; all where it is None.
    highest
        Whether those with the highest value are, or those with the lowest.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Change or None
        None where fewer than three have both.

    Examples
    --------
    Of a score that is half chance (reliability 0.5) the highest 100 of 1,000 fall back by half of their lead.

    >>> random = np.random.default_rng(1)
    >>> steady = random.normal(size=100_000)
    >>> one, two = (steady + random.normal(size=100_000) for _ in range(2))
    >>> found = change_of_chosen(one, two, 10_000)
    >>> round(found.after / found.before, 1)
    0.5
    """
    both = np.isfinite(before) & np.isfinite(after)
    one, two = before[both], after[both]
    if n is not None and n < len(one):
        order = np.argsort(-one if highest else one, kind="stable")[:n]
        one, two = one[order], two[order]
    if len(one) < 3:
        return None
    apart = two - one
    deviation = float(apart.std(ddof=1))
    reach = float(stats.t.ppf((1 + confidence) / 2, len(one) - 1)) * deviation / len(one) ** 0.5
    change = float(apart.mean())
    lead = one - one.mean()
    slope = float(lead @ two / (lead @ lead)) if lead.any() else 0.0
    rest = two - two.mean() - slope * lead
    return Change(
        n=len(one),
        before=float(one.mean()),
        after=float(two.mean()),
        change=change,
        lower=change - reach,
        upper=change + reach,
        deviation=deviation,
        left=float(np.sqrt(rest @ rest / (len(rest) - 2))),
    )
