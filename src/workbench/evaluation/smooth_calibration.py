"""A smooth calibration curve: what was observed of customers with a given prediction, without groups."""

import numpy as np

from workbench.evaluation.censoring import FLOOR, CensoringSurvival
from workbench.statistics.at_risk import gone_by, there_at

KNOTS = (0.05, 0.35, 0.65, 0.95)
FEW = 6
"""Up to so many different predictions each is judged for itself."""


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

    Returns
    -------
    ndarray or None
        None where all outcomes that are known are the same.

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
    columns = _spline(np.log(-np.log1p(-gone)))
    return 1 - _logistic(columns, left.astype(float), weights)


def calibration_distances(
    observed: np.ndarray, survival: np.ndarray, stands: np.ndarray | None = None
) -> tuple[float, float, float]:
    """ICI, E50 and E90: mean, median and 90% quantile over customers of how far predictions are off.

    They include what chance adds to the observed curve, so they are above 0 for a perfect model too.
    """
    off = np.abs(observed - survival)
    known = np.isfinite(off)
    if stands is None:
        off = off[known]
        return float(off.mean()), float(np.quantile(off, 0.5)), float(np.quantile(off, 0.9))
    off, stands = off[known], stands[known]
    ends = (np.quantile(off, share, weights=stands, method="inverted_cdf") for share in (0.5, 0.9))
    return float(np.average(off, weights=stands)), *(float(each) for each in ends)


def _spline(x: np.ndarray) -> np.ndarray:
    """Columns of a restricted cubic spline: 1, x and as many bends as there are knots less two (Harrell 2015, 2.23)."""
    knots = np.unique(np.quantile(x, KNOTS))
    columns = [np.ones_like(x), (x - x.mean()) / (x.std() or 1.0)]
    if len(knots) < 3:
        return np.column_stack(columns)

    def cube(knot: float) -> np.ndarray:
        return np.maximum(x - knot, 0) ** 3

    last, before = knots[-1], knots[-2]
    for knot in knots[:-2]:
        spline_term = (
            cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before)
        )
        columns.append(spline_term / (last - knots[0]) ** 2)
    return np.column_stack(columns)


def _logistic(columns: np.ndarray, left: np.ndarray, weights: np.ndarray, rounds: int = 25) -> np.ndarray:
    """Fitted probabilities of a weighted logistic regression by Newton's method, lightly held towards 0."""
    ridge = np.eye(columns.shape[1]) * 1e-4 * weights.sum()
    ridge[0, 0] = 0
    coefficients = np.zeros(columns.shape[1])
    coefficients[0] = np.log(np.average(left, weights=weights) / np.average(1 - left, weights=weights))
    for _ in range(rounds):
        share = 1 / (1 + np.exp(-np.clip(columns @ coefficients, -30, 30)))
        information = (columns * (weights * share * (1 - share))[:, None]).T @ columns + ridge
        step = np.linalg.solve(information, columns.T @ (weights * (left - share)) - ridge @ coefficients)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-8:
            break
    return 1 / (1 + np.exp(-np.clip(columns @ coefficients, -30, 30)))
