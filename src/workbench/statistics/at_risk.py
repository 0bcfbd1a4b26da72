"""Who is at risk, gone and still there at a time: the conventions of every estimate, stated once.

1. At risk at `t` is who has `entry < t <= duration`. Who was followed from the first day (`entry` 0) is at risk at time
   0 as well, so somebody may leave there.
2. Where some leave and others are lost from sight at the same time, leaving comes first: the others were at risk then.
3. Gone by a horizon `h` is who left at `duration <= h`.
4. Still there at `h` is who was followed beyond it, and who was lost from sight at exactly `h`: the records end with
   that moment, and they had not left in it.
5. A probability of being followed to `t` is that of not being lost from sight before `t` (left limit), since whoever is
   lost at `t` was seen there.

With 2 to 5 the weights of those gone and still there add up to all customers, ties or not.

References
----------
Kalbfleisch and Prentice (2002), section 1.4; Gill and Johansen (1990) for the left limit.
"""

import numpy as np

DIGITS = 9
"""Differences of times are rounded to so many digits, so that equal times stay equal."""


def gone_by(durations: np.ndarray, events: np.ndarray, times: np.ndarray | float) -> np.ndarray:
    """Whether each is known to have left by a time.

    Parameters
    ----------
    durations, events
        Time observed, whether the customer left at its end; shapes that broadcast with `times`.
    times
        At which it is asked, in the unit of `durations`.

    Examples
    --------
    >>> gone_by(np.array([1.0, 2, 2]), np.array([True, True, False]), 2).tolist()
    [True, True, False]
    """
    return events & (durations <= times)


def there_at(durations: np.ndarray, events: np.ndarray, times: np.ndarray | float) -> np.ndarray:
    """Whether each is known to be still there at a time; neither gone nor there is who was lost from sight before.

    Parameters
    ----------
    durations, events
        As in `gone_by`.
    times
        At which it is asked, in the unit of `durations`.

    Examples
    --------
    >>> there_at(np.array([1.0, 2, 2, 3]), np.array([False, True, False, True]), 2).tolist()
    [False, False, True, True]
    """
    return (durations > times) | ((durations == times) & ~events)


def at_risk(
    durations: np.ndarray,
    times: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """How many, or how much weight, are at risk at each of K times.

    Parameters
    ----------
    durations (n,), entry (n,)
        Times until which and from which each was observed; from the start where `entry` is None.
    weights (n,)
        For how many each stands; 1, and whole numbers as a result, where it is None.
    times (K,)
        At which it is asked, in the unit of `durations`.

    Examples
    --------
    >>> at_risk(np.array([0.0, 2, 3]), np.array([0.0, 1, 2, 3]), entry=np.array([0.0, 1, 0])).tolist()
    [2, 1, 2, 1]
    """
    everybody = len(durations) if weights is None else weights.sum()
    entered = everybody if entry is None else _before(begins(entry), times, weights)
    return entered - _before(durations, times, weights)


def begins(entry: np.ndarray) -> np.ndarray:
    """Entries (n,) with minus infinity for those who were there from the first day, and so at time 0.

    Parameters
    ----------
    entry
        (n,): times from which each was observed; 0: from the first day.
    """
    entry = np.asarray(entry, dtype=float)
    return np.where(entry > 0, entry, -np.inf)


def observed_for(durations: np.ndarray, entry: np.ndarray | float) -> np.ndarray:
    """How long each was observed, (n,): equal where it is but for the rounding of the two.

    Parameters
    ----------
    durations, entry
        (n,): times until which and from which each was observed, in one unit.
    """
    return np.round(durations - entry, DIGITS)


def _before(values: np.ndarray, times: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """How many, or how much weight, of the values lie before each of the times."""
    if weights is None:
        return np.searchsorted(np.sort(values), times, side="left")
    order = np.argsort(values, kind="stable")
    return np.append(0.0, weights[order].cumsum())[np.searchsorted(values[order], times, side="left")]
