"""Whoever is chosen for a bad score scores better the next time, without any pilot: how much of a rise that is.

A score is partly chance. The worst had more bad luck than others; luck does not last, and so they come back towards the
mean by one minus the reliability of the score.
"""

from dataclasses import dataclass

import numpy as np

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.wording import number, sentence

FEWEST = 20  # scores, as in `comparison`


@dataclass(frozen=True, kw_only=True, eq=False)
class Freed:
    """A change with the return to the mean taken off.

    Attributes
    ----------
    rise
        Mean change of those who were chosen.
    returned
        How much of it comes without any pilot.
    effect
        What is left.
    """

    rise: float
    returned: float
    effect: Estimate


def expected_return(scores: np.ndarray, everybody: np.ndarray, reliability: float) -> float:
    """How far the mean of those who were chosen by their scores moves the next time, with nothing done.

    Parameters
    ----------
    scores : (n,)
        Of those who were chosen.
    everybody : (m,)
        Of all who might have been, those who were among them.
    reliability
        Correlation of the score with itself the next time, from 0 to 1.

    Examples
    --------
    >>> expected_return(np.array([1.0, 2.0]), np.array([1.0, 2.0, 6.0, 7.0]), 0.5)
    1.25
    """
    return float((1 - reliability) * (everybody.mean() - scores.mean()))


def freed(
    before: np.ndarray,
    after: np.ndarray,
    everybody: np.ndarray,
    reliability: float,
    *,
    reliability_error: float = 0.0,
    confidence: float = 0.9,
) -> Freed:
    """The change of those who were chosen by a score, with the return to the mean taken off.

    Parameters
    ----------
    before, after : (n,)
        Scores of those who were chosen, and the same measured again.
    everybody : (m,)
        Scores of all who might have been chosen.
    reliability, reliability_error
        Correlation of the score with itself without a pilot, from 0 to 1, and its standard error.
    confidence
        Level of the interval, between 0 and 1.

    Raises
    ------
    DataError
        Fewer than `FEWEST` scores, or a reliability outside 0 to 1.

    References
    ----------
    Galton (1886); Barnett, van der Pols and Dobson (2005), Regression to the mean: what it is and how to deal with it,
    equation 1 without normality: the mean of the chosen is observed.
    """
    known = np.isfinite(before) & np.isfinite(after)
    before, after, everybody = before[known], after[known], everybody[np.isfinite(everybody)]
    if len(before) < FEWEST or len(everybody) < len(before) or not 0 <= reliability <= 1:
        raise DataError(
            sentence(
                "A return to the mean takes {least} customers with both scores among as many or more who might have "
                "been chosen, and a reliability from 0 to 1: got {n}, {all} and {reliability}.",
                least=number(FEWEST),
                n=number(len(before)),
                all=number(len(everybody)),
                reliability=number(reliability),
            )
        )
    middle = float(everybody.mean())
    left = after - middle - reliability * (before - middle)
    error = np.sqrt(
        left.var(ddof=1) / len(left)
        + ((1 - reliability) * everybody.std(ddof=1)) ** 2 / len(everybody)
        + ((middle - before.mean()) * reliability_error) ** 2
    )
    returned = expected_return(before, everybody, reliability)
    effect = from_error(
        float(left.mean()),
        float(error),
        confidence=confidence,
        kind="returned",
        df=len(left) - 1,
        n=len(left),
        units=len(left),
        treated=float(after.mean()),
        control=float(after.mean() - left.mean()),
    )
    return Freed(rise=float((after - before).mean()), returned=returned, effect=effect)
