"""How probable it was that a customer would still be followed: the weights that make up for those who were not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.product_limit import product_limit, survival_at

LEAST_FOLLOWED = 0.1
"""Where a smaller share would still be followed, weights grow beyond use."""
FEWEST_AT_RISK = 50
"""Scores end where fewer customers than this are still followed."""
FLOOR = 0.05
"""A customer whose probability of being followed is smaller than this weighs as if it were this."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Probability of still being followed.

    Attributes
    ----------
    before (n,)
        Just before each customer's own time.
    at (n, K)
        At each of K times.
    """

    before: np.ndarray
    at: np.ndarray


FollowedBy = Callable[[pd.DataFrame, np.ndarray], Followed]
"""From customers (`duration`, `event`, covariates) and times to their probabilities; see `marginal` and
`workbench.models.survival.follow_up.follow_up_model`."""


def followed_curve(durations: np.ndarray, events: np.ndarray) -> pd.DataFrame:
    """Kaplan–Meier of being followed, as a table of `product_limit`.

    Who is censored when others leave was still followed then: the share falls by `c / (n - d)`.
    """
    table = product_limit(durations, events)
    staying = (table["at_risk"] - table["events"]).clip(lower=1)
    return table.assign(survival=(1 - table["censored"] / staying).cumprod())


def marginal(durations: np.ndarray, events: np.ndarray) -> FollowedBy:
    """The same probability for all customers: censoring must not depend on who they are.

    Parameters
    ----------
    durations, events
        Of the customers on whom it is estimated.
    """
    curve = followed_curve(durations, events)

    def followed(customers: pd.DataFrame, times: np.ndarray) -> Followed:
        own = customers["duration"].to_numpy(dtype=float)
        at = survival_at(curve, np.asarray(times, dtype=float))
        return Followed(
            before=survival_at(curve, np.nextafter(own, -np.inf)), at=np.broadcast_to(at, (len(own), len(at)))
        )

    return followed


def safe_until(durations: np.ndarray, events: np.ndarray) -> float:
    """The last time at which at least 50 are at risk and at least a tenth would still be followed; 0 without one.

    Beyond it a score rests on few customers with large weights.
    """
    curve = followed_curve(durations, events)
    safe = (curve["at_risk"] >= FEWEST_AT_RISK) & (curve["survival"] >= LEAST_FOLLOWED)
    unsafe = np.flatnonzero(~safe.to_numpy())
    times = curve["time"].to_numpy()
    last = len(times) if not len(unsafe) else int(unsafe[0])
    return float(times[last - 1]) if last else 0.0
