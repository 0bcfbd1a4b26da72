"""Does a higher predicted risk mean leaving sooner? Harrell's concordance with a standard error."""

from dataclasses import dataclass

import numpy as np

CHUNK = 4_000_000
"""Pairs compared at once."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of which one is known to leave first, counted for each customer.

    Attributes
    ----------
    right, comparable (n,)
        Pairs in which the customer takes part: those ranked rightly (ties of risk count half), and all.
    """

    right: np.ndarray
    comparable: np.ndarray


def count_pairs(durations: np.ndarray, events: np.ndarray, risk: np.ndarray) -> Pairs:
    """Compare every two customers of whom one was seen to leave while the other was still there.

    Who leaves at the moment at which another is censored leaves first; two who leave at the same moment are not
    compared. Takes time with the square of the customers.

    Parameters
    ----------
    durations, events, risk (n,)
        Time observed, whether the customer left, and the prediction (higher: sooner).

    References
    ----------
    Harrell, Lee and Mark (1996).
    """
    size = len(durations)
    right, comparable = np.zeros(size), np.zeros(size)
    leavers = np.flatnonzero(events)
    step = max(1, CHUNK // max(size, 1))
    for start in range(0, len(leavers), step):
        rows = leavers[start : start + step]
        outlived = durations[rows, None] < durations[None, :]
        outlived |= (durations[rows, None] == durations[None, :]) & ~events[None, :]
        higher = (risk[rows, None] > risk[None, :]) + 0.5 * (risk[rows, None] == risk[None, :])
        agree = outlived * higher
        np.add.at(right, rows, agree.sum(axis=1))
        np.add.at(comparable, rows, outlived.sum(axis=1))
        right += agree.sum(axis=0)
        comparable += outlived.sum(axis=0)
    return Pairs(right, comparable)


def concordance(pairs: list[Pairs]) -> tuple[float, float]:
    """Share of pairs ranked rightly, and its standard error, averaged over repeats on the same customers.

    The standard error is that of a U-statistic by its linear terms (the infinitesimal jackknife): how much the share
    would vary with other customers, the predictions being given.

    Parameters
    ----------
    pairs
        One for each repeat, customers in the same order.

    Returns
    -------
    float, float
        Both NaN where no two customers can be compared.

    Examples
    --------
    >>> pairs = count_pairs(np.array([1.0, 2, 3, 4]), np.array([True, True, True, False]), np.array([9, 7, 8, 1]))
    >>> round(concordance([pairs])[0], 4)  # 5 of 6
    0.8333
    """
    shares, influences = [], []
    for repeat in pairs:
        total = repeat.comparable.sum() / 2  # each pair stands with both of its customers
        if not total:
            return float("nan"), float("nan")
        share = repeat.right.sum() / 2 / total
        shares.append(share)
        influences.append((repeat.right - share * repeat.comparable) / total)
    influence = np.mean(influences, axis=0)
    return float(np.mean(shares)), float(np.sqrt((influence**2).sum()))
