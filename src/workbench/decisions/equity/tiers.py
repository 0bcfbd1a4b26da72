"""Tiers by value: who is in which, how surely, who stands at a border, and RFM scores beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import ParameterError
from workbench.wording import listing, number, sentence

SHARES = (0.08, 0.17, 0.25, 0.50)
"""Of customers, the most valuable first: the usual pyramid of customer value (issue 17)."""
SCORES = 5
"""Classes of an RFM score, 5 the best."""
SURE = 0.5
"""A customer whose tier has at most this probability stands at a border: another is as likely as not."""


def tier_names(count: int) -> list[str]:
    """Names of tiers, the most valuable first.

    Parameters
    ----------
    count
        How many; four have names of their own.
    """
    if count == len(SHARES):
        return [sentence("Diamond"), sentence("Gold"), sentence("Silver"), sentence("Bronze")]
    return [sentence("Tier {place}", place=number(place + 1)) for place in range(count)]


def checked(shares: Sequence[float]) -> np.ndarray:
    """Shares of customers in each tier.

    Parameters
    ----------
    shares
        The most valuable first.

    Raises
    ------
    ParameterError
        Fewer than two, one that is not positive, or a sum other than 1.
    """
    found = np.asarray(shares, dtype=float)
    if len(found) < 2 or not (found > 0).all() or abs(found.sum() - 1) > 1e-9:
        raise ParameterError(
            sentence(
                "tier_shares: got {shares}, expected at least two positive shares of customers that add up to 1, the "
                "most valuable first.",
                shares=listing([number(float(share)) for share in found]),
            )
        )
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Tiers:
    """Who is in which tier.

    Attributes
    ----------
    names
        The most valuable first.
    place : (n,)
        Tier of each customer by expected value; equal values are in one tier.
    probability : (n, T)
        Share of draws in which the customer is in each tier.
    """

    names: Sequence[str]
    place: np.ndarray
    probability: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Probability (n,) of the customer's own tier."""
        return self.probability[np.arange(len(self.place)), self.place]

    @property
    def above(self) -> np.ndarray:
        """Probability (n,) of any better tier."""
        known = np.arange(self.probability.shape[1]) < self.place[:, None]
        return (self.probability * known).sum(axis=1)

    @property
    def below(self) -> np.ndarray:
        """Probability (n,) of any worse tier."""
        known = np.arange(self.probability.shape[1]) > self.place[:, None]
        return (self.probability * known).sum(axis=1)


def place_of(value: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Tier (n,) of each customer by value, 0 the best; equal values share their middle rank, so they share a tier.

    Parameters
    ----------
    value : (n,)
        Expected.
    shares : (T,)
        Of customers.

    Examples
    --------
    >>> place_of(np.array([9.0, 1, 1, 1, 5, 1, 1, 1, 1, 1]), np.array([0.1, 0.1, 0.8])).tolist()
    [0, 2, 2, 2, 1, 2, 2, 2, 2, 2]
    """
    return np.searchsorted(np.cumsum(shares)[:-1], _middle(-value), side="left")


def borders_of(sample: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Value (draws, T - 1) that a customer must reach for each tier but the lowest, in each draw.

    Parameters
    ----------
    sample : (s, draws)
        Values of some customers.
    shares : (T,)
        Of customers.
    """
    ordered = np.sort(sample, axis=0)
    count = len(ordered)
    places = np.clip(np.floor(count * (1 - np.cumsum(shares)[:-1]) + 1e-9).astype(int), 0, count - 1)
    borders = ordered[places].T.astype(float)
    # Who has left is worth nothing and in no tier but the lowest, however few others there are.
    return np.maximum(borders, np.finfo(np.float32).tiny)


def rfm_scores(recency: np.ndarray, frequency: np.ndarray, money: np.ndarray) -> np.ndarray:
    """Scores (n, 3) from 1 to 5 by fifths of customers, 5 the best; equal values get the same score.

    Parameters
    ----------
    recency : (n,)
        Time since the last purchase: less is better.
    frequency : (n,)
        Purchases.
    money : (n,)
        Mean amount.

    References
    ----------
    Hughes (1994), Strategic Database Marketing; ties by middle ranks, so that a score never depends on the order of
    rows and equal customers are never split.

    Examples
    --------
    >>> rfm_scores(np.array([1.0, 9.0]), np.array([1, 1]), np.array([5.0, 2.0])).tolist()
    [[4, 3, 4], [2, 3, 2]]
    """
    ranks = [_middle(each) for each in (-np.asarray(recency, dtype=float), frequency, money)]
    return np.stack([np.minimum((rank * SCORES).astype(int) + 1, SCORES) for rank in ranks], axis=1)


def _middle(values: np.ndarray) -> np.ndarray:
    """Share of others below each (n,), equal ones counted half: strictly between 0 and 1."""
    from scipy.stats import rankdata

    return (rankdata(values) - 0.5) / len(values)
