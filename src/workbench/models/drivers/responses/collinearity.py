"""Drivers whose ratings say nearly the same: named, for no model can separate their effects."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.findings import Check
from workbench.wording import number, plural, sentence

COLLINEAR = 0.98
"""Correlation of two drivers' ratings from which they are taken for one. Ours: a variance inflation factor of 25."""
FEWEST_PAIRS = 10
"""People who rated both, below whom nothing is said: a small group."""
MOST_NAMED = 3
"""Pairs that the sentence names."""


def collinear_drivers(
    values: np.ndarray, weights: np.ndarray, drivers: Sequence[str], labels: Mapping[str, str]
) -> tuple[Check, ...]:
    """A `warn` check that names pairs of drivers with |r| ≥ .98 among those who rated both; nothing without such pairs.

    Parameters
    ----------
    values
        (n, D): ratings, NaN where there is none.
    weights
        (n,): how much each row counts.
    drivers, labels
        Names of the drivers and what they are called.
    """
    found, largest = [], 0.0
    for first in range(len(drivers)):
        for second in range(first + 1, len(drivers)):
            both = np.isfinite(values[:, first]) & np.isfinite(values[:, second])
            if both.sum() < FEWEST_PAIRS:
                continue
            covariance = np.cov(values[both][:, [first, second]], rowvar=False, aweights=weights[both])
            scale = np.sqrt(covariance[0, 0] * covariance[1, 1])
            r = abs(covariance[0, 1]) / scale if scale > 0 else 0.0
            if r >= COLLINEAR:
                largest = max(largest, float(r))
                names = {"first": labels[drivers[first]], "second": labels[drivers[second]]}
                found.append(sentence("“{first}” and “{second}”", **names))
    if not found:
        return ()
    left = len(found) - MOST_NAMED
    pairs = "; ".join(found[:MOST_NAMED])
    if left > 0:
        pairs = plural("{pairs}; and {n} more pair", "{pairs}; and {n} more pairs", left, pairs=pairs)
    return (
        Check(
            name="near_identical_drivers",
            title=sentence("Drivers with nearly the same ratings"),
            status="warn",
            value=largest,
            threshold=COLLINEAR,
            message=sentence(
                "Nearly the same ratings: {pairs} (correlation up to {r}). We can't separate their effects: leave one "
                "of each pair out of drivers, or combine them.",
                pairs=pairs,
                r=number(largest, 3),
            ),
        ),
    )
