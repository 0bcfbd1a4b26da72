"""A smooth calibration curve: what was observed of customers with a given prediction, without groups."""

import numpy as np

from workbench.evaluation.censoring import FLOOR, CensoringSurvival
from workbench.statistics.at_risk import gone_by, there_at
from workbench.statistics.regression import fit_regression
from workbench.statistics.splines import KNOTS_AT, spline_terms

RIDGE = 1e-4
"""Penalty of the calibration curve, times the weight of all: keeps it finite where predictions separate outcomes."""
FEW = 6
"""Of so few different predictions each has a share of its own: a curve of four knots has no more."""


def observed_shares(
    durations: np.ndarray,
    events: np.ndarray,
    survival: np.ndarray,
    horizon: float,
    censoring: CensoringSurvival,
    *,
    stands: np.ndarray | None = None,
) -> np.ndarray | None:
    """Share still there at `horizon` that was observed among customers with each one's prediction, (n,).

    A logistic regression of having left on a restricted cubic spline (four knots) of the prediction's complementary
    log-log, of the customers whose outcome is known, each weighted by the inverse probability of being followed.

    Parameters
    ----------
    durations, events, survival (n,)
        Time observed, whether the customer left, predicted share still there.
    censoring
        Probabilities of being followed; with one time, the horizon.
    stands (n,)
        For how many each customer stands; 1 where it is None.
    horizon
        In the unit of the durations.

    Returns
    -------
    ndarray or None
        None where all outcomes that are known are the same, or the curve has not converged.

    References
    ----------
    Austin, Harrell and van Klaveren (2020), with weights for a regression on time; Gerds, Andersen and Kattan (2014).
    """
    left, stayed = gone_by(durations, events, horizon), there_at(durations, events, horizon)
    weights = left / np.maximum(censoring.before, FLOOR) + stayed / np.maximum(censoring.at[:, 0], FLOOR)
    weights = weights if stands is None else weights * stands
    if not left.any() or not stayed.any():
        return None
    levels, place = np.unique(survival, return_inverse=True)
    if len(levels) <= FEW:
        total = np.bincount(place, weights=weights)
        return np.bincount(place, weights=weights * stayed)[place] / np.where(total > 0, total, np.nan)[place]
    gone = np.clip(1 - survival, 1e-6, 1 - 1e-6)
    x = np.log(-np.log1p(-gone))
    knots = np.unique(np.quantile(x, KNOTS_AT))
    columns = np.column_stack([np.ones_like(x), (x - x.mean()) / (x.std() or 1.0), spline_terms(x, knots.tolist())])
    fit = fit_regression(
        columns, left.astype(float), family="logistic", weights=weights, ridge=RIDGE * float(weights.sum())
    )
    return 1 - fit.fitted if fit.converged else None


def calibration_distances(
    observed: np.ndarray, survival: np.ndarray, stands: np.ndarray | None = None
) -> tuple[float, float, float]:
    """ICI, E50 and E90: mean, median and 90% quantile over customers of how far predictions are off.

    They include what chance adds to the observed curve, so they are above 0 for a perfect model too.

    Parameters
    ----------
    observed
        (n,): from `observed_shares`; missing ones are passed over.
    survival
        (n,): predicted shares still there.
    stands
        (n,): for how many each customer stands; 1 where it is None.
    """
    off = np.abs(observed - survival)
    known = np.isfinite(off)
    if stands is None:
        off = off[known]
        return float(off.mean()), float(np.quantile(off, 0.5)), float(np.quantile(off, 0.9))
    off, stands = off[known], stands[known]
    half, most = (float(np.quantile(off, share, weights=stands, method="inverted_cdf")) for share in (0.5, 0.9))
    return float(np.average(off, weights=stands)), half, most
