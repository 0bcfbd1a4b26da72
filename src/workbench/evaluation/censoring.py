"""How probable it was that a customer would still be followed: the weights that make up for those who were not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.statistics.at_risk import at_risk
from workbench.statistics.product_limit import survival_before

LEAST_FOLLOWED = 0.1
"""Where a smaller share would still be followed, weights grow beyond use."""
FEWEST_AT_RISK = 50
"""Scores end where fewer customers than this are still followed."""
FLOOR = 0.05
"""A customer whose probability of being followed is smaller than this weighs as if it were this."""


@dataclass(frozen=True, eq=False)
class CensoringSurvival:
    """Probability of still being followed, that is of not having been lost from sight earlier (`at_risk`, rule 5).

    Attributes
    ----------
    before (n,)
        Just before each customer's own time.
    at (n, K)
        Just before each of K times: who is lost from sight at a horizon was seen there.
    """

    before: np.ndarray
    at: np.ndarray


CensoringModel = Callable[[pd.DataFrame, np.ndarray], CensoringSurvival]
"""From customers (`duration`, `event`, covariates) and times to their probabilities; see `marginal` and
`workbench.models.survival.forecast.censoring_weights.fit_censoring`."""


def censoring_curve(durations: np.ndarray, events: np.ndarray, weights: np.ndarray | None = None) -> pd.DataFrame:
    """Kaplan–Meier of being followed: `time`, `at_risk` (customers), `survival` (share followed beyond it).

    Who is censored when others leave was still followed then: the share falls by `c / (n - d)`.

    Parameters
    ----------
    durations, events
        (n,): time observed, and whether the customer left at its end.
    weights
        (n,): for how many each stands; 1 where it is None.
    """
    time, place = np.unique(np.append(durations, 0.0), return_inverse=True)
    place = place[:-1]
    here = at_risk(durations, time, weights=weights)
    stands = np.ones(len(durations)) if weights is None else weights
    left, lost = (np.bincount(place, weights=stands * each, minlength=len(time)) for each in (events, ~events))
    staying = here - left
    share = np.divide(lost, staying, out=np.zeros_like(lost), where=staying > 1e-12 * stands.sum())
    return pd.DataFrame(
        {"time": time, "at_risk": at_risk(durations, time), "survival": np.cumprod(1 - np.clip(share, 0, 1))}
    )


def marginal(durations: np.ndarray, events: np.ndarray, weights: np.ndarray | None = None) -> CensoringModel:
    """The same probability for all customers: censoring must not depend on who they are.

    Parameters
    ----------
    durations, events, weights
        Of the customers on whom it is estimated; for how many each stands.
    """
    curve = censoring_curve(durations, events, weights)

    def censoring(customers: pd.DataFrame, times: np.ndarray) -> CensoringSurvival:
        own = customers["duration"].to_numpy(dtype=float)
        at = survival_before(curve, np.asarray(times, dtype=float))
        return CensoringSurvival(before=survival_before(curve, own), at=np.broadcast_to(at, (len(own), len(at))))

    return censoring


def safe_until(durations: np.ndarray, events: np.ndarray) -> float:
    """The last time at which at least 50 are at risk and at least a tenth would still be followed; 0 without one.

    Beyond it a score rests on few customers with large weights.

    Parameters
    ----------
    durations, events
        (n,): time observed, and whether the customer left at its end.
    """
    curve = censoring_curve(durations, events)
    before = np.append(1.0, curve["survival"].to_numpy()[:-1])
    safe = (curve["at_risk"] >= FEWEST_AT_RISK) & (before >= LEAST_FOLLOWED)
    unsafe = np.flatnonzero(~safe.to_numpy())
    times = curve["time"].to_numpy()
    last = len(times) if not len(unsafe) else int(unsafe[0])
    return float(times[last - 1]) if last else 0.0
