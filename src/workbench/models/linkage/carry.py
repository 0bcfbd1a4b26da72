"""What a predicted score says of satisfaction: later answers regressed on what earlier ones predicted.

A score is calibrated when it is given: one more of it goes with one more log-odds of a better answer. What it predicts
of a later month need not be. Lasting things that colour ratings a little (loyalty) fade less than what ratings are
about, so a predicted point stands for somewhat more than a point of satisfaction, which would make slopes on it too
steep by as much. Nor need a point stand for as much everywhere: who rates low and is still there has some reason to be,
and the best ratings hide how good it was, so points among the dissatisfied stand for less than points at the top. Those
who leave are among the former, so their slopes go by a curve.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.persistence import Persistence
from workbench.statistics.regression import fit_regression
from workbench.statistics.splines import knots_of, spline_terms
from workbench.wording import number, sentence

FEWEST_ANSWERS = 300
"""Answers with an earlier one of the same customer: the carry is then known to a fifth where answers tell much
of later ones, and to two fifths where little."""
SURE = 3.0
"""Standard errors of the carry above nothing: slopes divided by it are then seldom twice too steep."""
STEPS = 40
"""Between the outer knots, in each of which the curve must rise: a dozen for each piece."""


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
    knots
        Of the curve; empty: a point stands for as much everywhere.
    curve, covariance : (k - 1,), (k - 1, k - 1)
        Coefficients of the line and of the terms of a restricted cubic spline, and how sure they are.
    """

    points: float
    answers: int
    error: float = 0.0
    knots: tuple[float, ...] = ()
    curve: np.ndarray = field(default_factory=lambda: np.zeros(0))
    covariance: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def told(self, predicted: np.ndarray) -> np.ndarray:
        """Log-odds (n,) of a better answer that predictions stand for; their zero means nothing.

        Parameters
        ----------
        predicted : (n,)
            From earlier answers.
        """
        return _terms(predicted, self.knots) @ self.curve if self.knots else self.points * predicted

    def doubt(self, predicted: np.ndarray) -> float:
        """Standard error of what a point stands for among some, as a share of it.

        Parameters
        ----------
        predicted : (n,)
            Of those whom a slope is about.
        """
        if not self.knots or not len(predicted):
            return self.error / self.points
        step = (self.knots[-1] - self.knots[0]) / STEPS
        ends = (_terms(predicted + sign * step / 2, self.knots).mean(axis=0) for sign in (1, -1))
        rise = np.subtract(*ends)
        return float(np.sqrt(rise @ self.covariance @ rise) / (rise @ self.curve))

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
    given, predicted, customer = answers.outcome[rows], known[rows], answers.customer[rows]
    line = _logits(given, predicted[:, None] - predicted.mean(), customer)
    if line is None or line[0][0] < SURE * np.sqrt(line[1][0, 0]):
        return Carry(points=1.0, answers=int(rows.sum()))
    slope, error = float(line[0][0]), float(np.sqrt(line[1][0, 0]))
    knots = knots_of(predicted)
    bent = _logits(given, _terms(predicted, knots), customer) if knots else None
    along = np.linspace(knots[0], knots[-1], STEPS + 1) if knots else np.zeros(0)
    if bent is None or (np.diff(_terms(along, knots) @ bent[0]) <= 0).any():
        return Carry(points=slope, answers=int(rows.sum()), error=error)
    return Carry(points=slope, answers=int(rows.sum()), error=error, knots=knots, curve=bent[0], covariance=bent[1])


def _terms(predicted: np.ndarray, knots: Sequence[float]) -> np.ndarray:
    """The line and the columns (n, k - 1) of its curve."""
    return np.column_stack([predicted, spline_terms(predicted, knots)])


def _logits(given: np.ndarray, columns: np.ndarray, customer: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients of stacked logits and their covariance, clustered by customer; None without a maximum."""
    points = np.unique(given)[1:]
    reached = (given[:, None] >= points).astype(float).ravel()
    cuts = np.tile(np.eye(len(points))[:, 1:], (len(given), 1))
    design = np.column_stack([np.ones(len(reached)), np.repeat(columns, len(points), axis=0), cuts])
    found = fit_regression(design, reached, family="logistic")
    if not found.converged:
        return None
    own = design * (reached - found.fitted)[:, None]
    scores = np.zeros((int(customer.max()) + 1, design.shape[1]))
    np.add.at(scores, customer, own.reshape(len(given), len(points), -1).sum(axis=1))
    asked = slice(1, 1 + columns.shape[1])
    return found.estimate[asked], (found.covariance @ (scores.T @ scores) @ found.covariance)[asked, asked]
