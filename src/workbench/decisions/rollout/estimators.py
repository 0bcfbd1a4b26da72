"""Which estimator a design calls for: the one place that maps a recorded design to a method, whatever comes of it."""

from typing import Any

import numpy as np

from workbench.models.trials import comparison
from workbench.models.trials.estimates import Estimate, Sample
from workbench.models.trials.estimates.estimate import from_error


def estimate(
    route: str, sample: Sample, outcome: Any, rows: np.ndarray, *, level: float
) -> tuple[Estimate, Estimate] | None:
    """The effect, and the same without what was known before.

    Parameters
    ----------
    route
        `lot`, `units`, `chosen`.
    sample
        One arm beside its control.
    outcome
        Of all customers, for what a sample does not hold: ratios, time until leaving.
    rows
        bool, of all customers those of the sample.
    level
        Of the interval.
    """
    strata = sample.stratum if sample.stratum is not None else np.full(len(sample.values), "")
    seen = sample.seen
    unit = None if sample.unit is None else sample.unit[seen]
    found = comparison.of_means(sample.values[seen], sample.treated[seen], strata[seen], unit)
    if found is None:
        return None
    made = from_error(
        found.estimate,
        found.error,
        confidence=level,
        kind="units" if unit is not None else "robust",
        df=found.degrees,
        n=found.n_treated + found.n_control,
        units=len(set(unit)) if unit is not None else found.n_treated + found.n_control,
        treated=found.treated,
        control=found.control,
    )
    return made, made
