"""What a predicted score says of satisfaction: later answers regressed on what earlier ones predicted.

A score is calibrated when it is given: one more of it goes with one more log-odds of a better answer. What it predicts
of a later month need not be. Lasting things that colour ratings a little (loyalty) fade less than what ratings are
about, so a predicted point stands for somewhat more than a point of satisfaction, which would make slopes on it too
steep by as much.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.persistence import Persistence
from workbench.statistics.regression import fit_regression
from workbench.wording import number, sentence

FEWEST_ANSWERS = 300
"""Answers with an earlier one of the same customer: the carry is then known to a fifth where answers tell much
of later ones, and to two fifths where little."""
SURE = 3.0
"""Standard errors of the carry above nothing: slopes divided by it are then seldom twice too steep."""


@dataclass(frozen=True, kw_only=True)
class Carry:
    """Log-odds of a better answer for one point predicted.

    Attributes
    ----------
    points
        1 where answers do not tell.
    answers
        With an earlier one of the same customer.
    error
        Standard error of `points`, clustered by customer; 0 where they are 1 because answers do not tell.
    """

    points: float
    answers: int
    error: float = 0.0

    def exhibits(self) -> Iterator[Showable]:
        """What it is, or that it cannot be told."""
        told = self.error > 0
        yield {"carry": self.points if told else None}
        message = (
            sentence(
                "A log-odds of satisfaction that earlier answers predict stands for {points} (± {error}); slopes are "
                "divided by that, and their errors hold its own.",
                points=number(self.points),
                error=number(self.error),
            )
            if told
            else sentence(
                "{answers} later answers do not tell what a predicted log-odds of satisfaction stands for: it counts "
                "as one. Slopes may be somewhat too steep.",
                answers=number(self.answers),
            )
        )
        yield Check(
            name="carry",
            status="pass" if told else "warn",
            title=sentence("Earlier answers tell of later satisfaction")
            if told
            else sentence("How far answers carry is not known"),
            message=message,
            value=self.points,
        )


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
    the working independence of Liang and Zeger (1986), whose equation 6 has its error.
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
    scores = np.zeros((len(answers.ids), columns.shape[1]))
    np.add.at(scores, np.repeat(answers.customer[rows], len(points)), columns * (reached - found.fitted)[:, None])
    error = float(np.sqrt((found.covariance @ (scores.T @ scores) @ found.covariance)[1, 1]))
    slope = float(found.estimate[1])
    if not (found.converged and slope >= SURE * error):
        return Carry(points=1.0, answers=int(rows.sum()))
    return Carry(points=slope, answers=int(rows.sum()), error=error)
