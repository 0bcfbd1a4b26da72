"""Leavers month by month of the calendar beside those to be expected.

With whether there is a season, and since when a rate has changed.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import xlogy
from scipy.stats import chi2

from workbench.models.survival.cox.predictions import Predictions
from workbench.models.survival.lifetimes.subscriptions import Spells
from workbench.statistics.dated.calendar import months_between, months_later
from workbench.statistics.horizons import DAYS_A_MONTH, DAYS_A_YEAR
from workbench.statistics.regression import fit_regression

MOST_MONTHS = 60
"""Five years: a season further back says little of this one."""
ENOUGH_MONTHS = 24
"""A season is known from two years on: in one it cannot be told from a change."""
ENOUGH_LEAVERS = 100
"""Fewer, and four waves are fitted to chance (25 leavers each)."""
LEVEL = 0.01
"""Of the test whether there is a season."""
SIMULATED = 4000
"""Draws of no change: a p-value of 0.001 rests on four of them."""
WAVES = 2
"""A year and half a year."""


def by_month(standard: Predictions, spells: Spells, until: pd.Timestamp) -> pd.DataFrame:
    """Leavers of each whole month before a day, latest last.

    Parameters
    ----------
    standard
        What is to be expected of customers of a tenure and with their attributes.
    spells
        Their lifetimes; what happened after `until` does not count.
    until
        Day on which the last month ends.

    Returns
    -------
    DataFrame
        `begin`, `observed` (leavers), `expected`; from the first month in which somebody was at risk, at most 60.
    """
    rows = spells.frame
    entry, duration = (rows[name].to_numpy(dtype=float) for name in ("entry", "duration"))
    event = rows["event"].to_numpy(dtype=bool)
    first = months_later(rows["begin"], entry).min()
    count = int(min(float(np.floor(months_between(first, until) + 1e-9)), MOST_MONTHS))
    begins = months_later(until, [-float(place) for place in range(count, -1, -1)])
    then = months_between(rows["begin"], begins[0]) if count else np.zeros(len(rows))
    told = []
    for begin, end in pairwise(begins):
        now = months_between(rows["begin"], end)
        since, last = np.maximum(then, entry), np.minimum(now, duration)
        there = last > since
        observed = int((event & (duration > then) & (duration <= now)).sum())
        hazard = standard.cumulative_hazard(rows[there], since[there], last[there][:, None])[0]
        told.append((begin, observed, float(hazard.sum())))
        then = now
    return pd.DataFrame(told, columns=["begin", "observed", "expected"])


@dataclass(frozen=True, kw_only=True, eq=False)
class Season:
    """How leaving moves with the time of the year.

    Attributes
    ----------
    known
        Whether there are two years from which to tell.
    clear
        Whether there is a season.
    effects (2 WAVES,), covariance
        Of the log rate: sine and cosine of a year and of half a year; 0 where no season is clear.
    converged
        Whether the model of the season has a maximum; where it has none, no season is clear.
    """

    known: bool
    clear: bool
    effects: np.ndarray
    covariance: np.ndarray
    converged: bool = True

    @classmethod
    def none(cls, *, known: bool) -> "Season":
        """No season is clear.

        Parameters
        ----------
        known
            Whether the records are long enough to tell a season.
        """
        size = 2 * WAVES
        return cls(known=known, clear=False, effects=np.zeros(size), covariance=np.zeros((size, size)))

    def factor(self, begin: pd.Timestamp, months: float) -> tuple[float, float]:
        """How many times as many leave as in an average month, from a day on for so many months.

        And the variance of its log.

        Parameters
        ----------
        begin
            The day.
        months
            How long.
        """
        if not self.clear:
            return 1.0, 0.0
        days = begin + pd.to_timedelta(np.linspace(0, months * DAYS_A_MONTH, 50), unit="D")
        waves = _waves(pd.Series(days))
        each = np.exp(waves @ self.effects)
        pull = (each[:, None] * waves).sum(axis=0) / each.sum()
        return float(each.mean()), float(pull @ self.covariance @ pull)


def find_season(months: pd.DataFrame) -> Season:
    """A yearly season by a Poisson regression of monthly leavers with the expected ones as offset.

    None is clear where a likelihood ratio test shows none at 1%.

    Parameters
    ----------
    months
        From `by_month`.
    """
    none = Season.none(known=len(months) >= ENOUGH_MONTHS)
    months = months[months["expected"] > 0]
    left, expected = months["observed"].to_numpy(dtype=float), months["expected"].to_numpy(dtype=float)
    if len(months) < ENOUGH_MONTHS or left.sum() < ENOUGH_LEAVERS:
        return none
    middle = months["begin"] + pd.Timedelta("15D")
    columns = np.column_stack([np.ones(len(months)), _waves(middle)])
    fit = fit_regression(columns, left, family="poisson", exposure=expected)
    if not fit.converged:
        return replace(none, converged=False)
    estimate, rate = fit.estimate, fit.fitted
    even = expected * left.sum() / expected.sum()
    gain = 2 * float((left * np.log(rate / even) - rate + even).sum())
    # Months that vary more than by chance for other reasons need more to show a season.
    dispersion = max(float(((left - rate) ** 2 / rate).sum() / max(len(left) - len(estimate), 1)), 1.0)
    if chi2.sf(gain / dispersion, 2 * WAVES) > LEVEL:
        return none
    return Season(known=True, clear=True, effects=estimate[1:], covariance=dispersion * fit.covariance[1:, 1:])


def change_point(months: pd.DataFrame) -> tuple[pd.Timestamp, float, int]:
    """Since when the rate has been another one.

    Begin of the months after the change, how many times as many left in them as expected, and how many.

    Parameters
    ----------
    months
        `begin`, `observed`, `expected` of the period in which a change is known to have happened.

    References
    ----------
    The change point of a Poisson sequence by maximum likelihood (Hinkley 1970).
    """
    left, expected = months["observed"].to_numpy(dtype=float), np.maximum(months["expected"].to_numpy(), 1e-9)

    def fit(part: slice) -> float:
        own = left[part].sum()
        return own * np.log(own / expected[part].sum()) if own else 0.0

    best = max(range(len(months)), key=lambda place: fit(slice(place)) + fit(slice(place, None)))
    own = left[best:].sum()
    return months["begin"].iloc[best], float(max(own, 0.5) / expected[best:].sum()), int(own)


def chance_of_change(months: pd.DataFrame) -> float:
    """How often months without a change would show as clear a change point as these do.

    By simulation, their sum given, so that a level that is off is none.

    Parameters
    ----------
    months
        As in `change_point`; at least two of them.
    """
    left, expected = months["observed"].to_numpy(dtype=float), months["expected"].to_numpy(dtype=float)
    if len(months) < 2 or not left.sum() or (expected <= 0).any():
        return 1.0
    share = expected / expected.sum()
    drawn = np.random.default_rng(0).multinomial(int(left.sum()), share, size=SIMULATED)
    before = share.cumsum()[:-1]

    def clearest(counts: np.ndarray) -> np.ndarray:
        total, first = counts.sum(axis=1, keepdims=True), counts.cumsum(axis=1)[:, :-1]
        gain = xlogy(first, first / (total * before)) + xlogy(total - first, (total - first) / (total * (1 - before)))
        return gain.max(axis=1)

    return float((1 + (clearest(drawn) >= clearest(left[None, :])[0] - 1e-9).sum()) / (SIMULATED + 1))


def _waves(days: pd.Series) -> np.ndarray:
    angle = 2 * np.pi * days.dt.dayofyear.to_numpy(dtype=float) / DAYS_A_YEAR
    return np.column_stack([wave(count * angle) for count in range(1, WAVES + 1) for wave in (np.sin, np.cos)])
