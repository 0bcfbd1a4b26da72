"""Forecasts of the same rows evaluated together: intervals over customers, and differences in pairs.

A customer may stand in several rows (snapshots), so customers are drawn, with all their rows. All forecasts are scored
on the same draws: a difference is much surer than either score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.binary.resampling import draw_from
from workbench.evaluation.binary.scores import MEASURES, Forecast
from workbench.wording import number, sentence

RESAMPLES = 400
"""Enough for a 90% interval whose ends move by a fifth of a standard error."""
LEVEL = 0.90
"""Of all intervals of the house, so that those of two studies can be laid side by side: a convention."""
SMALLER_IS_BETTER = frozenset({"brier", "log_loss", "ece"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Scores of several forecasts of the same rows, with what resampled customers give.

    Attributes
    ----------
    forecasts
        By name.
    values : (forecasts, measures)
        Their scores, in the order of `scores.MEASURES`.
    draws : (R, forecasts, measures)
        The same of customers drawn with replacement.
    level
        Of all intervals.
    rows, customers, cases
        How many stand behind the scores; cases are the rows to which it happened.
    capacity
        How many rows can be acted on.
    """

    forecasts: Mapping[str, Forecast]
    values: np.ndarray
    draws: np.ndarray
    level: float
    rows: int
    customers: int
    cases: int
    capacity: float | None

    def score(self, name: str, measure: str) -> float:
        """One score of one forecast.

        Parameters
        ----------
        name
            Of the forecast.
        measure
            One of `MEASURES`.
        """
        return float(self.values[self._at(name), MEASURES.index(measure)])

    def interval(self, name: str, measure: str) -> tuple[float, float]:
        """Percentile interval of one forecast's score.

        Parameters
        ----------
        name, measure
            As in `score`.
        """
        return self._ends(self.draws[:, self._at(name), MEASURES.index(measure)])

    def difference(self, name: str, other: str, measure: str) -> tuple[float, float, float]:
        """By how much the score of `name` is above that of `other`, with the interval of the paired difference.

        Parameters
        ----------
        name, other
            Of two forecasts.
        measure
            One of `MEASURES`.
        """
        both = [self.draws[:, self._at(each), MEASURES.index(measure)] for each in (name, other)]
        value = self.score(name, measure) - self.score(other, measure)
        return value, *self._ends(both[0] - both[1])

    def beats(self, name: str, other: str, measure: str) -> bool:
        """Whether the whole interval of the paired difference lies on the better side.

        Parameters
        ----------
        name, other, measure
            As in `difference`.
        """
        _, low, high = self.difference(name, other, measure)
        return high < 0 if measure in SMALLER_IS_BETTER else low > 0

    def table(self, measures: Sequence[str] = MEASURES) -> pd.DataFrame:
        """`forecast`, `measure`, `value`, `lower`, `upper`: one row for each forecast and measure.

        Parameters
        ----------
        measures
            Which of `MEASURES`, in the order in which they shall stand.
        """
        rows = [
            (name, measure, self.score(name, measure), *self.interval(name, measure))
            for name in self.forecasts
            for measure in measures
        ]
        return pd.DataFrame(rows, columns=["forecast", "measure", "value", "lower", "upper"])

    def differences(self, name: str, measures: Sequence[str]) -> pd.DataFrame:
        """Of one forecast to each other: `compared_with`, `measure`, `difference`, `lower`, `upper`.

        Parameters
        ----------
        name
            Of the forecast that the others are compared with.
        measures
            Which of `MEASURES`, in the order in which they shall stand.
        """
        rows = [
            (other, measure, *self.difference(name, other, measure))
            for other in self.forecasts
            if other != name
            for measure in measures
        ]
        return pd.DataFrame(rows, columns=["compared_with", "measure", "difference", "lower", "upper"])

    def _at(self, name: str) -> int:
        return list(self.forecasts).index(name)

    def _ends(self, draws: np.ndarray) -> tuple[float, float]:
        known = draws[np.isfinite(draws)]
        if not len(known):
            return np.nan, np.nan
        low, high = np.quantile(known, [(1 - self.level) / 2, (1 + self.level) / 2])
        return float(low), float(high)


def evaluate(
    labels: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
    customers: np.ndarray,
    *,
    random_seed: int,
    capacity: float | None = None,
    weights: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Evaluation:
    """Score forecasts of rows that no model has seen.

    Parameters
    ----------
    labels : (N,) bool
        Whether it happened.
    probabilities
        By name of the forecast, (N,) from 0 to 1.
    customers : (N,)
        Whose row it is.
    random_seed
        Fixes the draws.
    capacity
        How many rows can be acted on, of as many as the weights say there are.
    weights : (N,)
        How many customers each row stands for; one where it is None.
    resamples
        How often customers are drawn.
    level
        Of all intervals.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        All labels are equal.
    """
    truth = np.asarray(labels, dtype=bool)
    if not 0 < truth.sum() < len(truth):
        raise DataError(
            sentence(
                "All {rows} labels are equal; expected both outcomes, so that forecasts can be evaluated.",
                rows=number(len(truth)),
            )
        )
    forecasts = {name: Forecast(labels=truth, probabilities=each) for name, each in probabilities.items()}
    stood_for = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=float)
    values = np.array([list(each.scores(stood_for, capacity=capacity).values()) for each in forecasts.values()])
    codes, known = pd.factorize(np.asarray(customers))
    random, all_of_them = np.random.default_rng(random_seed), len(known)
    some = draw_from(all_of_them, random)
    chosen = np.zeros(all_of_them, dtype=bool)
    chosen[some.places] = True
    there = chosen[codes]
    codes, known = pd.factorize(codes[there])
    few = stood_for[there]
    seen = {
        name: Forecast(labels=truth[there], probabilities=each.probabilities[there]) for name, each in forecasts.items()
    }
    draws = np.empty((resamples, len(forecasts), len(MEASURES)))
    for draw in draws:
        times = np.bincount(random.integers(0, len(known), len(known)), minlength=len(known))[codes] * few
        part = None if capacity is None else capacity * times.sum() / stood_for.sum()
        for at, forecast in enumerate(seen.values()):
            draw[at] = list(forecast.scores(times, capacity=part).values())
    return Evaluation(
        forecasts=forecasts,
        values=values,
        draws=some.of_all(draws, values),
        level=level,
        rows=len(truth),
        customers=all_of_them,
        cases=int(truth.sum()),
        capacity=capacity,
    )
