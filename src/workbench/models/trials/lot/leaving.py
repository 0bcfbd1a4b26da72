"""Effects on staying: the difference of shares still there, and of the mean time there within a horizon."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate
from workbench.models.trials.estimates.sample import FEWEST, Sample
from workbench.models.trials.lot.adjusted import adjusted, strata_of
from workbench.statistics.product_limit import restricted_mean_influence, survival_influence
from workbench.wording import number, sentence

Moved = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, np.ndarray]]


def staying(
    sample: Sample, times: np.ndarray, events: np.ndarray, horizon: float, *, confidence: float = 0.9
) -> Estimate:
    """The difference of the shares that are still there after a horizon (Kaplan–Meier within arm and stratum).

    Parameters
    ----------
    sample
        Its values are passed over.
    times : (n,) float
        How long each was followed since the start, in the unit of `horizon`; not a number of those who were gone.
    events : (n,) bool
        Whether that ended with leaving; otherwise the records ended.
    horizon
        When to look.
    confidence
        Level of the interval, between 0 and 1.

    Raises
    ------
    DataError
        The sample says why no effect can be told, or an arm was not followed for so long.

    References
    ----------
    Andersen, Klein and Rosthøj (2003): pseudo-values, here those of the infinitesimal jackknife, may be compared and
    regressed like outcomes without censoring; without `before` the error is Greenwood's.
    """
    return _compared(sample, times, events, horizon, _share_at(horizon), confidence)


def still_there(sample: Sample, times: np.ndarray, events: np.ndarray, horizon: float) -> np.ndarray:
    """What each customer (n,) adds to the share that is still there: pseudo-values, whose means are Kaplan–Meier's.

    Parameters
    ----------
    sample, times, events, horizon
        As of `staying`.

    Returns
    -------
    ndarray
        Not a number of those whose arm was not followed for so long in their stratum, or has nobody beside it.
    """
    times, events = np.asarray(times, dtype=float), np.asarray(events, dtype=bool)
    return _of_each(replace(sample, unit=None).with_values(times), times, events, horizon, _share_at(horizon))


def restricted_mean(
    sample: Sample, times: np.ndarray, events: np.ndarray, horizon: float, *, confidence: float = 0.9
) -> Estimate:
    """The difference of the mean times that customers are there within a horizon.

    Parameters
    ----------
    sample, times, events, horizon, confidence
        As of `staying`.

    Raises
    ------
    DataError
        As of `staying`.

    References
    ----------
    Royston and Parmar (2013); pseudo-values as of `staying`.
    """

    def moved(own_times: np.ndarray, own_events: np.ndarray, often: np.ndarray) -> tuple[float, np.ndarray]:
        return restricted_mean_influence(own_times, own_events, horizon, weights=often)

    return _compared(sample, times, events, horizon, moved, confidence)


def _share_at(horizon: float) -> Moved:
    def moved(times: np.ndarray, events: np.ndarray, often: np.ndarray) -> tuple[float, np.ndarray]:
        return survival_influence(times, events, horizon, weights=often)

    return moved


def _of_each(people: Sample, times: np.ndarray, events: np.ndarray, horizon: float, moved: Moved) -> np.ndarray:
    """Pseudo-values (n,) of those with a time, within arm and stratum."""
    values = np.full(len(times), np.nan)
    if not people.seen.any():
        return values
    kept, strata = strata_of(people)
    code = np.where(kept, 2 * strata + people.treated, -1)
    for cell in range(int(code.max()) + 1):
        own = code == cell
        if (times[own] >= horizon).any() or events[own].all():
            often = people.counts[own]
            level, influence = moved(times[own], events[own], often)
            values[own] = level + often.sum() * influence / often
    return values


def _compared(
    sample: Sample, times: np.ndarray, events: np.ndarray, horizon: float, moved: Moved, confidence: float
) -> Estimate:
    times, events = np.asarray(times, dtype=float), np.asarray(events, dtype=bool)
    gone = np.where(np.isfinite(times), (events & (times <= horizon)).astype(float), np.nan)
    people = replace(sample, unit=None).with_values(gone)
    people.usable()
    values = _of_each(people, times, events, horizon, moved)
    if min((np.isfinite(values) & (sample.treated == arm)).sum() for arm in (True, False)) < FEWEST:
        raise DataError(
            sentence(
                "An arm was not followed for {horizon} months: choose a shorter window, or wait.",
                horizon=number(horizon),
            )
        )
    return adjusted(people.with_values(values), confidence=confidence)
