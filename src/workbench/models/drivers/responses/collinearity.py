"""Drivers whose ratings say nearly the same: named, for no model can separate their effects."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.findings import Check
from workbench.wording import listing, number, sentence

ALIKE = 0.98
"""Correlation of two drivers' ratings from which they are taken for one."""
FEWEST_PAIRS = 10
MOST_NAMED = 5


def collinear_drivers(
    values: np.ndarray, weights: np.ndarray, drivers: Sequence[str], labels: Mapping[str, str]
) -> tuple[Check, ...]:
    """A `warn` check that names pairs of drivers with |r| ≥ .98 among those who rated both; nothing without such pairs.

    Parameters
    ----------
    values
        (n, D): ratings, NaN where there is none.
    weights
        (n,).
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
            if r >= ALIKE:
                largest = max(largest, float(r))
                names = (labels[drivers[place]] for place in (first, second))
                found.append(sentence("“{first}” and “{second}”", **dict(zip(("first", "second"), names, strict=True))))
    if not found:
        return ()
    more = len(found) - MOST_NAMED
    return (
        Check(
            name="near_identical_drivers",
            status="warn",
            value=largest,
            threshold=ALIKE,
            message=sentence(
                "Nearly the same ratings: {pairs}{more} (correlation up to {r}). Their single effects and shares "
                "cannot be separated; leave one of each pair out of drivers, or combine them in one item.",
                pairs="; ".join(found[:MOST_NAMED]) if len(found) > 1 else listing(found),
                more=sentence("; and {count} more pairs", count=more) if more > 0 else "",
                r=number(largest, 3),
            ),
        ),
    )
