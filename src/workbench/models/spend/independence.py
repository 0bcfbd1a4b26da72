"""Whether customers who buy more often spend more or less each time: the gamma–gamma model says they do not."""

import numpy as np
from scipy.stats import norm, rankdata

from workbench.findings import Check
from workbench.models.spend.gamma_gamma import Spending
from workbench.wording import number, sentence

LARGEST = 0.2
"""Rank correlation of spend and frequency beyond which value is wrong by more than a few percent; CDNOW has .1."""
FEWEST = 30
"""Customers below which a correlation is not told: its interval is then wider than .6."""
LEVEL = 0.9
"""Of its interval."""


def correlation(spending: Spending) -> tuple[float, float, float]:
    """Spearman's correlation of the number of purchases and their mean amount, with its 90% interval.

    Parameters
    ----------
    spending
        Of customers with purchases of a positive amount.

    Returns
    -------
    estimate, lower, upper
        NaN where there are too few customers, or all bought equally often.

    References
    ----------
    Bonett, Wright (2000), Sample size requirements for estimating Pearson, Kendall and Spearman correlations,
    Psychometrika 65(1), for the interval.
    """
    n = len(spending.mean)
    if n < FEWEST or np.ptp(spending.purchases) == 0 or np.ptp(spending.mean) == 0:
        return np.nan, np.nan, np.nan
    found = float(np.corrcoef(rankdata(spending.purchases), rankdata(spending.mean))[0, 1])
    reach = float(norm.ppf((1 + LEVEL) / 2)) * np.sqrt((1 + found**2 / 2) / (n - 3))
    middle = np.arctanh(np.clip(found, -1 + 1e-12, 1 - 1e-12))
    return found, float(np.tanh(middle - reach)), float(np.tanh(middle + reach))


def independence_check(spending: Spending) -> Check:
    """Whether spend a purchase moves with how often customers buy.

    Parameters
    ----------
    spending
        Of customers with purchases of a positive amount.
    """
    found, low, high = correlation(spending)
    if not np.isfinite(found):
        return Check(
            name="spend_independent",
            status="pass",
            title=sentence("Too few customers to compare spend"),
            message=sentence("Too few customers to tell whether spend moves with how often they buy."),
        )
    moves = bool(abs(found) > LARGEST)
    words = {"rho": number(found, 2), "low": number(low, 2), "high": number(high, 2)}
    if moves and found > 0:
        message = sentence(
            "Customers who buy more often spend more each time (rank correlation {rho}, 90% interval {low} to {high}): "
            "the value of the best customers is too low.",
            **words,
        )
    elif moves:
        message = sentence(
            "Customers who buy more often spend less each time (rank correlation {rho}, 90% interval {low} to {high}): "
            "the value of the best customers is too high.",
            **words,
        )
    else:
        message = sentence(
            "Spend a purchase hardly moves with how often customers buy (rank correlation {rho}, 90% interval {low} to "
            "{high}).",
            **words,
        )
    return Check(
        name="spend_independent",
        status="warn" if moves else "pass",
        title=sentence("Spend moves with frequency") if moves else sentence("Spend does not move with frequency"),
        message=message,
        value=found,
        threshold=LARGEST,
    )
