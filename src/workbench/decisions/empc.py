"""Expected maximum profit of a score: what the best cut-off earns, averaged over what acceptance may be."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from workbench.decisions.offers import Offer
from workbench.errors import DataError, ParameterError
from workbench.wording import number, sentence


@dataclass(frozen=True, kw_only=True)
class MaximumProfit:
    """Of a score.

    Attributes
    ----------
    profit
        A customer of the whole base, in money.
    share
        Of customers who are then contacted.
    """

    profit: float
    share: float


def expected_maximum_profit(
    labels: np.ndarray, scores: np.ndarray, *, value: float, offer: Offer, weights: np.ndarray | None = None
) -> MaximumProfit:
    """EMPC, in closed form.

    Parameters
    ----------
    labels : (N,) bool
        Who left.
    scores : (N,)
        Higher for those more likely to leave; only their order counts.
    value
        Of a customer who stays, in money, the same for all and above the incentive.
    offer
        Its acceptance is the distribution over which the best cut-off's profit is averaged.
    weights : (N,)
        How many customers each stands for; one where it is None.

    Returns
    -------
    MaximumProfit

    Raises
    ------
    DataError
        All labels are equal.
    ParameterError
        A value that is not above the incentive.

    Notes
    -----
    Only cut-offs on the convex hull of the ROC curve can be best. On the way from one to the next, c customers who
    leave and s who stay are added, which pays where acceptance is above
    (c × contact + s × (contact + stayers_take × incentive)) / (c × (value - incentive)). Between two such bounds one
    cut-off is best, and its profit is linear in acceptance, so that the integral over a Beta density is one of
    incomplete Beta functions.

    References
    ----------
    Verbraken, Verbeke & Baesens (2013), A novel profit maximizing metric for measuring classification performance of
    customer churn prediction models, IEEE Transactions on Knowledge and Data Engineering 25.
    """
    truth = np.asarray(labels, dtype=bool)
    if not 0 < truth.sum() < len(truth):
        raise DataError(
            sentence(
                "All {rows} labels are equal; expected customers who left and customers who stayed.",
                rows=number(len(truth)),
            )
        )
    if not value > offer.incentive:
        raise ParameterError(
            sentence(
                "Got a customer's value of {value} and an incentive of {incentive}; expected a value above the "
                "incentive.",
                value=number(value),
                incentive=number(offer.incentive),
            )
        )
    counts = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=float)
    leavers, stayers = _hull(truth, np.asarray(scores, dtype=float), counts)
    step_leavers, step_stayers = np.diff(leavers), np.diff(stayers)
    cost = offer.contact + offer.stayers_take * offer.incentive
    with np.errstate(divide="ignore"):
        bounds = (step_leavers * offer.contact + step_stayers * cost) / (step_leavers * (value - offer.incentive))
    edges = np.clip(np.concatenate([[0], bounds, [1]]), 0, 1)
    alpha, beta = offer.acceptance.alpha, offer.acceptance.beta
    mass = np.diff(betainc(alpha, beta, edges))
    accepted = offer.acceptance.mean * np.diff(betainc(alpha + 1, beta, edges))
    gain = leavers * (value - offer.incentive) * accepted - (leavers * offer.contact + stayers * cost) * mass
    return MaximumProfit(
        profit=float(gain.sum() / counts.sum()), share=float((leavers + stayers) @ mass / counts.sum())
    )


def _hull(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the convex hull of the ROC curve: leavers and stayers at and above each cut-off, from nobody on."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    leavers, everybody = (np.concatenate([[0], np.cumsum(each[order])[ends]]) for each in (labels * counts, counts))
    stayers = everybody - leavers
    corners: list[int] = []
    for at in range(len(leavers)):
        while len(corners) > 1 and not _turns_right(leavers, stayers, corners[-2], corners[-1], at):
            corners.pop()
        corners.append(at)
    return leavers[corners].astype(float), stayers[corners].astype(float)


def _turns_right(y: np.ndarray, x: np.ndarray, first: int, second: int, third: int) -> bool:
    area = (x[second] - x[first]) * (y[third] - y[first]) - (y[second] - y[first]) * (x[third] - x[first])
    return bool(area < 0)
