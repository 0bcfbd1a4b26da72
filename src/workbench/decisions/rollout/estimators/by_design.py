"""Which estimator a design calls for: the one place that maps a recorded design to a method, whatever comes of it."""

from dataclasses import replace
from typing import Any

import numpy as np

from workbench.decisions.rollout.estimators.chosen import as_known
from workbench.decisions.rollout.estimators.staying import staying
from workbench.errors import DataError
from workbench.models.trials import lot, units
from workbench.models.trials.estimates import Estimate, Sample
from workbench.statistics.horizons import DAYS_A_MONTH


def estimate(
    route: str, sample: Sample, outcome: Any, rows: np.ndarray, days: int | None, *, level: float
) -> tuple[Estimate, Estimate] | None:
    """The effect, and the same without what was known before.

    Parameters
    ----------
    route
        `lot`, `units`, `alone` (one treated unit), `waves` (of columns, which have no months: the first wave) or
        `chosen`.
    sample
        One arm beside its control.
    outcome
        Of all customers, for what a sample does not hold: ratios, time until leaving.
    rows
        bool, of all customers those of the sample.
    days
        Length of the window.
    level
        Of the interval.

    Returns
    -------
    (best, plain) or None
        None where nothing can be told; twice the same where nothing was known before.
    """
    try:
        if route == "alone" or (route == "chosen" and sample.unit is not None):
            return _changed(route, sample, outcome, rows, level)
        if route == "chosen":
            told = None
            if outcome.days is not None and days:
                told = staying(sample, outcome.days[rows], outcome.left[rows], days, level)
            return told or as_known(sample.with_values(_of_each(sample, outcome, rows)), level)
        plain = _dealt(route, replace(sample, before=None), outcome, rows, days, level)
        if sample.before is None:
            return plain, plain
        return _dealt(route, sample, outcome, rows, days, level), plain
    except DataError:
        return None


def _changed(route: str, sample: Sample, outcome: Any, rows: np.ndarray, level: float) -> tuple[Estimate, Estimate]:
    """What units that nobody dealt changed more than others, by unit; twice, as nothing else is adjusted for."""
    values = _of_each(sample, outcome, rows)
    earlier = outcome.alike[rows]
    change = sample.with_values(values - earlier if np.isfinite(earlier).any() else values)
    change = replace(change, before=None, stratum=None)
    found = units.among_placebos if route == "alone" else units.of_units
    told = found(change, confidence=level)
    return told, told


def _of_each(sample: Sample, outcome: Any, rows: np.ndarray) -> np.ndarray:
    """Outcome (n,) of each customer; of a ratio what they have of it themselves."""
    if outcome.of is None:
        return sample.values
    of = outcome.of[rows]
    return np.divide(sample.values, of, out=np.full(len(sample.values), np.nan), where=of > 0)


def _dealt(route: str, sample: Sample, outcome: Any, rows: np.ndarray, days: int | None, level: float) -> Estimate:
    if sample.unit is not None and outcome.of is not None:  # a unit's ratio of sums: it counts by its contacts
        own = _of_each(sample, outcome, rows)
        counted = replace(sample.with_values(own), frequency=outcome.of[rows])
        return replace(units.of_units(counted, confidence=level), n=int(np.isfinite(own).sum()))
    if sample.unit is not None:
        return units.of_units(sample, confidence=level)
    if outcome.of is not None:
        return lot.ratio(sample, outcome.after[rows], outcome.of[rows], confidence=level)
    if outcome.days is not None and days:
        times = outcome.days[rows] / DAYS_A_MONTH
        return lot.staying(sample, times, outcome.left[rows], days / DAYS_A_MONTH, confidence=level)
    return lot.adjusted(sample, confidence=level)
