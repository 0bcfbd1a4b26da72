"""The order of work: what is to be gained and how sure that is; whom it concerns and whether it gets worse."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from workbench.models.drivers.effects.performance import mean_ratings, scores_of
from workbench.models.drivers.responses.ratings import RATED, Ratings
from workbench.models.drivers.responses.waves import waves_of
from workbench.wording import sentence

FEWEST_WAVES = 3
"""Waves from which a line can be told from its scatter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trend:
    """How ratings move over time.

    Attributes
    ----------
    slope, error
        (D,): points of 100 per `unit` of time and its standard error; NaN where there is none.
    freedom
        (D,): degrees of freedom of the error; infinite where it comes from the answers and not from how waves scatter.
    unit
        `year`, or `wave` where waves have no dates; "" without either.
    """

    slope: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    unit: str

    @property
    def p_falling(self) -> np.ndarray:
        """(D,): probability that the rating falls (flat prior)."""
        return t.cdf(-self.slope / self.error, self.freedom)

    def reach(self, level: float) -> np.ndarray:
        """(D,): half the width of an interval.

        Parameters
        ----------
        level
            Of the interval.
        """
        return t.ppf((1 + level) / 2, self.freedom) * self.error


def trend_of(ratings: Ratings) -> Trend:
    """Straight line through the mean ratings of waves: the column `wave`, else the quarters of `timestamp`.

    Parameters
    ----------
    ratings
        The answers. At least three waves with 10 ratings are needed.

    Notes
    -----
    Weighted least squares with each wave's own error. Waves differ by more than the chance of who answered (season,
    mode, field work): where they lie further from the line than their errors explain, the slope's error is widened by
    as much (Birge 1932) and has as few degrees of freedom as there are waves beyond two.
    """
    count = len(ratings.drivers)
    wave, when, unit = waves_of(ratings.table)
    slope, error, freedom = np.full((3, count), np.nan)
    if wave is None or len(when) < FEWEST_WAVES:
        return Trend(slope=slope, error=error, freedom=freedom, unit="")
    found = [mean_ratings(ratings, wave == place) for place in range(len(when))]
    means, errors = (np.array([each[part] for each in found]) for part in range(2))
    for place in range(count):
        known = np.isfinite(means[:, place])
        if known.sum() >= FEWEST_WAVES:
            slope[place], error[place], freedom[place] = line(when[known], means[known, place], errors[known, place])
    return Trend(slope=slope, error=error, freedom=freedom, unit=unit)


def line(x: np.ndarray, y: np.ndarray, errors: np.ndarray) -> tuple[float, float, float]:
    """Slope of a straight line through points with errors, its standard error and its degrees of freedom.

    Parameters
    ----------
    x, y, errors
        (n,): points, and standard errors of y.
    """
    weights = errors**-2.0
    away = x - np.average(x, weights=weights)
    scale = np.sum(weights * away**2)
    slope = np.sum(weights * away * y) / scale
    left = y - np.average(y, weights=weights) - slope * away
    freedom = len(x) - 2
    excess = float(np.sum(weights * left**2) / freedom)
    return float(slope), float(np.sqrt(max(excess, 1.0) / scale)), freedom if excess > 1 else np.inf


def priority_table(
    ratings: Ratings, *, impact: np.ndarray, certainty: np.ndarray, target: float, confidence: float
) -> pd.DataFrame:
    """Drivers in the order of work.

    Parameters
    ----------
    ratings
        The answers.
    impact
        (D,): change of the outcome's first measure that raising each driver goes with.
    certainty
        (D,): probability that a driver matters.
    target
        Performance aimed at, from 0 to 100.
    confidence
        Level of the trend's interval.

    Returns
    -------
    DataFrame
        `driver`, `label`, `impact`, `certainty`, `score` (impact × certainty, the largest 100), `affected` (weighted
        share of those who rated it whose rating lies below the target), `trend` (points of 100, per unit of time of
        `trend_of`; missing without dates or waves), its ends and `p_falling`.
    """
    trend = trend_of(ratings)
    reach = trend.reach(confidence)
    affected = np.zeros(len(ratings.drivers))
    for place in range(len(affected)):
        rated = ratings.state[:, place] == RATED
        affected[place] = np.average(scores_of(ratings, place)[rated] < target, weights=ratings.weights[rated])
    score = np.maximum(impact, 0) * certainty
    table = pd.DataFrame(
        {
            "driver": ratings.drivers,
            "label": [ratings.labels[name] for name in ratings.drivers],
            "impact": impact,
            "certainty": certainty,
            "score": 100 * score / max(score.max(), 1e-12),
            "affected": affected,
            "trend": trend.slope,
            "trend_lower": trend.slope - reach,
            "trend_upper": trend.slope + reach,
            "p_falling": trend.p_falling,
        }
    )
    table.attrs["unit"] = sentence("points a year") if trend.unit == "year" else sentence("points a wave")
    return table.sort_values("score", ascending=False, kind="stable").reset_index(drop=True)
