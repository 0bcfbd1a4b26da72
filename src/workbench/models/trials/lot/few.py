"""Outcomes with few events: an arm without any has no error of its own, and yet nobody knows its share."""

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate, from_error

FEW_EVENTS = 5
"""Of an arm, or customers without: below, the normal interval of a share does not hold (the rule of Cochran 1954)."""


def of_few(found: Estimate, share: np.ndarray, size: np.ndarray, weight: np.ndarray) -> Estimate:
    """The difference of shares, with two customers put into each arm, one with and one without the event.

    Parameters
    ----------
    found
        The difference; it is returned as it is where no arm has fewer than `FEW_EVENTS` of either.
    share, size
        (strata, 2): of the control and of the treated; sizes are those that their errors are worth.
    weight
        (strata,): share of customers. Each stratum gets its share of the two, so that the interval is about what the
        strata say and not about arms that are made of other strata.

    References
    ----------
    Agresti and Caffo (2000), of one stratum; more strata are added up as in post-stratification.
    """
    return of_few_amounts(found, share, share, size, weight, (1.0, 1.0))


def of_few_amounts(
    found: Estimate,
    share: np.ndarray,
    amount: np.ndarray,
    size: np.ndarray,
    weight: np.ndarray,
    each: tuple[float, float],
) -> Estimate:
    """The difference of what few events come to, with two customers put into each arm, one of them with the event.

    Parameters
    ----------
    found, share, size, weight
        As of `of_few`.
    amount : (strata, 2)
        What the events come to for a customer, 0 for those without.
    each
        Mean and mean square of what one event comes to, in all arms together: few say nothing of how arms differ in it.
    """
    if min(_events(share, size, weight).min(), _events(1 - share, size, weight).min()) >= FEW_EVENTS:
        return found
    own, (mean, square) = weight[:, None], each
    held, come = ((have * size + own * one) / (size + 2 * own) for have, one in ((share, 1.0), (amount, mean)))
    spare = np.maximum(size + 2 * own - (1 - own), 1.0)  # each further level costs a customer
    error = float((own**2 * held * (square - mean**2 * held) / spare).sum()) ** 0.5
    moved = weight @ (come - amount)
    return from_error(
        found.estimate,
        error,
        confidence=found.confidence,
        kind="shares",
        centre=found.estimate + float(moved[1] - moved[0]),
        n=found.n,
        units=found.units,
        treated=found.treated,
        control=found.control,
        influence=found.influence,
    )


def _events(share: np.ndarray, size: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(2,): how many events an arm's share is worth, which are its events where there is one stratum."""
    square = (weight[:, None] ** 2 * share / size).sum(axis=0)
    return np.divide((weight @ share) ** 2, square, out=np.zeros(2), where=square > 0)
