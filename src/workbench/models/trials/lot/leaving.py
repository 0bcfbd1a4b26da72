"""Effects on staying: the difference of shares still there, and of the mean time there within a horizon."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate
from workbench.models.trials.estimates.sample import FEWEST, Sample
from workbench.models.trials.lot.adjusted import adjusted
from workbench.models.trials.lot.few import of_few, of_few_amounts
from workbench.models.trials.lot.strata import strata_of
from workbench.statistics.at_risk import at_risk
from workbench.statistics.product_limit import restricted_mean_influence, survival_influence
from workbench.wording import number, sentence

Values = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Pseudo-values of the customers of an arm and stratum, from times, events and frequencies."""


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
        When to look: whoever leaves then, when the window is over, is still there.
    confidence
        Level of the interval, between 0 and 1.

    Raises
    ------
    DataError
        The sample says why no effect can be told, or an arm was not followed for so long.

    References
    ----------
    Andersen, Klein and Rosthøj (2003): pseudo-values, here those of the infinitesimal jackknife, may be compared and
    regressed like outcomes without censoring; without `before` the error is Greenwood's. Where everybody was followed
    it is `adjusted` of who is still there. With few leavers it is Agresti and Caffo's (2000) of shares of as many
    customers as the error is worth (Dorey and Korn 1987, Effective sample sizes for confidence intervals for survival
    probabilities), with the hazards of all arms, as an arm without leavers has none.
    """
    times, events = _until(times, events, horizon)
    people = _followed(sample, times, events, horizon, _share_at(horizon))
    found = adjusted(people, confidence=confidence)
    share, worth, weight = _shares(people, times, events, horizon)
    return of_few(found, share, worth, weight)


def _shares(
    people: Sample, times: np.ndarray, events: np.ndarray, horizon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share (strata, 2) that is still there, customers that its error is worth, and each stratum's share of them.

    Parameters
    ----------
    people
        Its values are pseudo-values of being still there.
    times, events, horizon
        As of `staying`.
    """
    kept, strata = strata_of(people)
    code = (2 * strata + people.treated)[kept]
    often, values = people.counts[kept], people.values[kept]
    size = np.bincount(code, often, 2 * (int(strata.max()) + 1))
    share = np.clip(np.bincount(code, often * values, len(size)) / size, 0.0, 1.0).reshape(-1, 2)
    followed = np.isin(values, (0.0, 1.0)).all()
    worth = size if followed else _worth(times[kept], events[kept], often, code, horizon)
    return share, worth.reshape(-1, 2), size.reshape(-1, 2).sum(axis=1) / size.sum()


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
    times, events = _until(times, events, horizon)
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
    Royston and Parmar (2013); pseudo-values as of `staying`. With few leavers it is Agresti and Caffo's, as there: one
    customer who leaves is put into each arm, and one who stays; who leaves loses what leavers of all arms do.
    """

    def values(own_times: np.ndarray, own_events: np.ndarray, often: np.ndarray) -> np.ndarray:
        level, influence = restricted_mean_influence(own_times, own_events, horizon, weights=often)
        return level + often.sum() * influence / often

    times, events = _until(times, events, horizon)
    people = _followed(sample, times, events, horizon, values)
    found = adjusted(people, confidence=confidence)
    there = people.with_values(_of_each(people, times, events, horizon, _share_at(horizon)))
    share, worth, weight = _shares(there, times, events, horizon)
    lost = 1 - _shares(people.with_values(people.values / horizon), times, events, horizon)[0]
    each = _loss(times[there.seen], events[there.seen], there.counts[there.seen], horizon)
    return of_few_amounts(found, 1 - share, -horizon * lost, worth, weight, each)


def _loss(times: np.ndarray, events: np.ndarray, often: np.ndarray, horizon: float) -> tuple[float, float]:
    """Mean, negative, and mean square of the time within the horizon that leavers lose, by the hazards of all.

    Where nobody left as if any moment were as likely.
    """
    moments, place = np.unique(times[events], return_inverse=True)
    if not len(moments):
        return -horizon / 2, horizon**2 / 3
    hazard = np.bincount(place, often[events], len(moments)) / at_risk(times, moments, weights=often)
    gone = hazard * np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])
    lost = horizon - moments
    return -float(gone @ lost / gone.sum()), float(gone @ lost**2 / gone.sum())


def _share_at(horizon: float) -> Values:
    def values(times: np.ndarray, events: np.ndarray, often: np.ndarray) -> np.ndarray:
        if (events | (times >= horizon)).all():  # nobody was lost from sight: yes or no, to the last digit
            return 1.0 - events
        level, influence = survival_influence(times, events, horizon, weights=often)
        return level + often.sum() * influence / often

    return values


def _until(times: np.ndarray, events: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and events as far as the window goes: whoever leaves at its end or later was there all the time."""
    times = np.asarray(times, dtype=float)
    return np.minimum(times, horizon), np.asarray(events, dtype=bool) & (times < horizon)


def _of_each(people: Sample, times: np.ndarray, events: np.ndarray, horizon: float, values: Values) -> np.ndarray:
    """Pseudo-values (n,) of those with a time, within arm and stratum."""
    found = np.full(len(times), np.nan)
    if not people.seen.any():
        return found
    kept, strata = strata_of(people)
    code = np.where(kept, 2 * strata + people.treated, -1)
    for cell in range(int(code.max()) + 1):
        own = code == cell
        if (times[own] >= horizon).any() or events[own].all():
            found[own] = values(times[own], events[own], people.counts[own])
    return found


def _followed(sample: Sample, times: np.ndarray, events: np.ndarray, horizon: float, values: Values) -> Sample:
    """The sample with pseudo-values."""
    people = replace(sample, unit=None).with_values(np.where(np.isfinite(times), events.astype(float), np.nan))
    people.usable()
    found = _of_each(people, times, events, horizon, values)
    if min((np.isfinite(found) & (sample.treated == arm)).sum() for arm in (True, False)) < FEWEST:
        raise DataError(
            sentence(
                "An arm was not followed for {horizon} months: choose a shorter window, or wait.",
                horizon=number(horizon),
            )
        )
    return people.with_values(found)


def _worth(times: np.ndarray, events: np.ndarray, often: np.ndarray, code: np.ndarray, horizon: float) -> np.ndarray:
    """(cells,): customers followed to the end that the error of each cell's survival is worth, by the hazards of all.

    Where nobody left it is those who were followed to the end.
    """
    cells = int(code.max()) + 1
    moments, place = np.unique(times[events], return_inverse=True)
    if not len(moments):
        return np.maximum(np.bincount(code, often * (times >= horizon), cells), 1.0)
    left = np.bincount(place, often[events], len(moments))
    hazard = left / at_risk(times, moments, weights=often)
    hazard = np.minimum(hazard, 1 - 1 / len(times))
    stays = float(np.prod(1 - hazard))
    found = np.empty(cells)
    for cell in range(cells):
        own = code == cell
        exposed = np.maximum(at_risk(times[own], moments, weights=often[own]), 1.0)
        found[cell] = (1 - stays) / (stays * (hazard / (1 - hazard) / exposed).sum())
    return found
