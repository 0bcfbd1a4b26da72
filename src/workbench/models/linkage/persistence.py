"""How long satisfaction lasts: what an answer of some months ago says of a customer today.

A customer's score is a level of their own and a part that comes and goes (autoregressive), seen with noise when they
answer. The three variances and the correlation from month to month are read off pairs of answers of the same customer;
given them, a Kalman filter has what all answers until a month say of that month, and no later one.

References
----------
Durbin, Koopman (2012), Time series analysis by state space methods, chapter 4 (filter with missing observations).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import nnls

from workbench.errors import DataError
from workbench.models.linkage.answers import Answers
from workbench.wording import number, sentence

FEWEST_PAIRS = 200
"""Pairs of answers of one customer: the error of a correlation is then .07 at most."""
GRID = np.linspace(0.3, 0.995, 140)
"""Correlations from month to month that are tried: from what is gone in a quarter to what lasts for years."""
LEAST_NOISE = 0.01
"""Share of the variance of scores that is noise at least: two answers of a day are never quite the same."""


class Remembers(Protocol):
    """What is known of a month from answers before it."""

    def filtered(self, answers: Answers, months: int) -> np.ndarray:
        """What answers (customers, months) before each month say of it; NaN before the first.

        Parameters
        ----------
        answers
            One a customer and month at most.
        months
            How many, from the first of the answers.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class Persistence:
    """The covariance of a customer's scores over time.

    Attributes
    ----------
    mean
        Of all scores.
    between, within, noise
        Variance of customers' own levels, of what comes and goes, and of what an answer adds.
    keep
        Correlation of what comes and goes from one month to the next.
    pairs
        Pairs of answers that told.
    """

    mean: float
    between: float
    within: float
    noise: float
    keep: float
    pairs: int

    def correlation(self, months: np.ndarray | float) -> np.ndarray:
        """Of satisfaction with itself so many months later.

        Parameters
        ----------
        months
            Any number of them.
        """
        total = self.between + self.within
        return (self.between + self.within * self.keep ** np.asarray(months)) / total

    def filtered(self, answers: Answers, months: int, score: np.ndarray | None = None) -> np.ndarray:
        """What answers before each month say of it.

        Parameters
        ----------
        answers
            One a customer and month at most.
        months
            How many, from the first of the answers.
        score
            Of the answers; as their ratings tell it where it is None.

        Returns
        -------
        ndarray (customers, months)
            Satisfaction expected at the beginning of the month; NaN before the first answer.
        """
        many = len(answers.ids)
        seen = np.full((months, many), np.nan)
        within = answers.month < months
        given = answers.score if score is None else score
        seen[answers.month[within], answers.customer[within]] = given[within] - self.mean
        found = np.full((many, months), np.nan)
        state = np.zeros((2, many))
        spread = np.zeros((3, many))  # variances of level and rest, and their covariance
        spread[0], spread[1] = self.between, self.within
        known = np.zeros(many, dtype=bool)
        for month in range(months):
            found[known, month] = self.mean + state[0, known] + state[1, known]
            here = np.isfinite(seen[month])
            level, rest, both = spread[:, here]
            total = level + rest + 2 * both + self.noise
            gain = np.array([level + both, rest + both]) / total
            state[:, here] += gain * (seen[month, here] - state[0, here] - state[1, here])
            spread[:, here] -= np.array([gain[0] ** 2, gain[1] ** 2, gain[0] * gain[1]]) * total
            known |= here
            state[1] *= self.keep
            spread[1] = self.keep**2 * spread[1] + (1 - self.keep**2) * self.within
            spread[2] *= self.keep
        return found


def fit_persistence(answers: Answers) -> Persistence:
    """Variances and correlation, by least squares on the covariances of pairs of answers, by their distance.

    Parameters
    ----------
    answers
        With at least `FEWEST_PAIRS` pairs of answers of the same customer.

    Raises
    ------
    DataError
        Where there are fewer.
    """
    mean = float(answers.score.mean())
    away = answers.score - mean
    size: dict[int, float] = {}
    total: dict[int, float] = {}
    step = 1
    while True:  # answers stand in the order of customers and months: pairs are rows so many apart
        same = answers.customer[step:] == answers.customer[:-step]
        if step >= len(away) or not same.any():
            break
        lags = (answers.month[step:] - answers.month[:-step])[same]
        products = (away[step:] * away[:-step])[same]
        for lag in np.unique(lags):
            size[int(lag)] = size.get(int(lag), 0.0) + float((lags == lag).sum())
            total[int(lag)] = total.get(int(lag), 0.0) + float(products[lags == lag].sum())
        step += 1
    pairs = int(sum(size.values()))
    if pairs < FEWEST_PAIRS:
        raise DataError(
            sentence(
                "surveys: {pairs} pairs of answers are of the same customer; expected {fewest} or more, to tell how "
                "long satisfaction lasts.",
                pairs=number(pairs),
                fewest=number(FEWEST_PAIRS),
            )
        )
    lag = np.array(sorted(size))
    counted = np.sqrt([size[each] for each in lag])
    covariance = np.array([total[each] / size[each] for each in lag])
    variance = float(away.var())
    best: tuple[float, float, float, float] = (np.inf, 0.0, 0.0, 0.5)
    for keep in GRID.tolist():
        columns = np.column_stack([np.ones(len(lag)), keep**lag]) * counted[:, None]
        found, distance = nnls(columns, covariance * counted)
        level, rest, off = float(found[0]), float(found[1]), float(distance)
        if off < best[0] and level + rest <= (1 - LEAST_NOISE) * variance:
            best = (off, level, rest, keep)
    if not np.isfinite(best[0]):
        raise DataError(sentence("surveys: answers of the same customer do not resemble each other as they must."))
    _, level, rest, keep = best
    return Persistence(mean=mean, between=level, within=rest, noise=variance - level - rest, keep=keep, pairs=pairs)
