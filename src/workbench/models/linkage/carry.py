"""What a predicted score says of satisfaction: later answers regressed on what earlier ones predicted.

A score is calibrated when it is given: one more of it goes with one more log-odds of a better answer. What it predicts
of a later month need not be. Lasting things that colour ratings a little (loyalty) fade less than what ratings are
about, so a predicted point stands for somewhat more than a point of satisfaction, which would make slopes on it too
steep by as much.
"""

from dataclasses import dataclass

import numpy as np

from workbench.models.linkage.answers import Answers
from workbench.models.linkage.persistence import Persistence
from workbench.statistics.regression import fit_regression

FEWEST_ANSWERS = 300
"""Answers with an earlier one of the same customer: the carry is then known to about a tenth."""


@dataclass(frozen=True, kw_only=True)
class Carry:
    """Log-odds of a better answer for one point predicted.

    Attributes
    ----------
    points
        1 where too few answers tell.
    answers
        How many told.
    """

    points: float
    answers: int


def fit_carry(answers: Answers, persistence: Persistence) -> Carry:
    """Cumulative logits of later answers on the prediction, one slope over all cuts (proportional odds).

    Parameters
    ----------
    answers
        With their outcome.
    persistence
        That predicts them.

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, equation 2.3; the slope over stacked cuts is consistent, with
    the working independence of Liang and Zeger (1986).
    """
    known = persistence.filtered(answers, int(answers.month.max()) + 1)[answers.customer, answers.month]
    rows = np.isfinite(known) & np.isfinite(answers.outcome)
    if rows.sum() < FEWEST_ANSWERS:
        return Carry(points=1.0, answers=int(rows.sum()))
    given, predicted = answers.outcome[rows], known[rows] - known[rows].mean()
    points = np.unique(given)[1:]
    reached = (given[:, None] >= points).astype(float).ravel()
    cuts = np.tile(np.eye(len(points))[:, 1:], (len(given), 1))
    columns = np.column_stack([np.ones(len(reached)), np.repeat(predicted, len(points)), cuts])
    found = fit_regression(columns, reached, family="logistic")
    return Carry(points=float(found.estimate[1]), answers=int(rows.sum()))
