"""Events of customers whose leaving is seen: how often they order, or get in touch, while they are on board.

Given its rate λ an event comes at any time on board alike (Poisson), but for the season and a trend that all customers
share; λ differs between customers as Gamma(r, α). Since it is known who was on board when, nobody can have left unseen:
time after the end does not count, and a customer without events has a low rate and nothing else. Whoever comes back
keeps the rate: times of several spells add up.

References
----------
Ehrenberg (1959), The pattern of consumer purchases, for the mixture; Cameron, Trivedi (2013), Regression analysis of
count data, section 9.3, for the trend within customers.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from workbench.errors import DataError
from workbench.statistics.laplace import Sample, highest, importance_sample
from workbench.statistics.newton import Place, maximise
from workbench.wording import sentence

PRIOR_SD = 2.0
"""Of log r about 0 and of log α about the mean time on board: 90% within a factor of 27 either way."""
SEASON_SD = 0.3
"""Of a calendar month's multiple about 1, before anything is seen: Christmas is 1.3 to 1.6 in retail statistics."""
SEASONAL = 24
"""Months from which calendar months have their own rates: each has been seen twice."""
TREND_SD = 0.2
"""Of the trend of log rates a year, before anything is seen: halved or doubled in two years is at 1.7 sd."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """Customers, when they were on board, and when events came: months of the calendar, counted back from the day.

    Attributes
    ----------
    time : (n, M)
        Part of each month that the customer was on board and watched, between 0 and 1; the last column is the month
        that ends on the day of valuation.
    events : (n, M)
        How many events came then.
    calendar : (M,)
        Calendar month of each column, 1 to 12, by the day on which it begins.
    """

    time: np.ndarray
    events: np.ndarray
    calendar: np.ndarray

    @property
    def years(self) -> np.ndarray:
        """Middle of each month (M,), in years from the day: negative."""
        months = self.time.shape[1]
        return (np.arange(months) - months + 0.5) / 12

    def rows(self, chosen: np.ndarray) -> "Watched":
        """Only these customers, by number or by yes and no.

        Parameters
        ----------
        chosen
            (m,) whole numbers, or (n,) booleans.
        """
        return Watched(time=self.time[chosen], events=self.events[chosen], calendar=self.calendar)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rates:
    """Draws of what customers share.

    Attributes
    ----------
    shape, scale : (draws,)
        r, and α in months: λ, the events a month on the day of valuation at an average time of the year, is
        Gamma(r, α) over customers.
    season : (draws, 12)
        Multiples of the rate by calendar month, January first; their mean over the year is 1.
    trend : (draws,)
        By how much log rates rose a year until the day, within customers. Who is on board was not about to leave
        earlier, and may be now: rates of the past are higher than today's for that reason alone, so the trend is not
        carried on.
    sample
        With Pareto's k: not `sound`, not to be used.
    """

    shape: np.ndarray
    scale: np.ndarray
    season: np.ndarray
    trend: np.ndarray
    sample: Sample

    def customers(self, watched: Watched, random: np.random.Generator) -> np.ndarray:
        """Each customer's λ (n, draws), drawn exactly: Gamma(r + x, α + time), time weighted by season and trend.

        Parameters
        ----------
        watched
            Of these customers.
        random
            Source of random numbers, of the block of customers.
        """
        counts = watched.events.sum(axis=1, dtype=float)[:, None]
        time = watched.time @ self._weights(watched).T
        return random.gamma(self.shape + counts) / (self.scale + time)

    def multiples(self, calendar: np.ndarray) -> np.ndarray:
        """By how many times λ is the rate of months to come (draws, K).

        Parameters
        ----------
        calendar : (K,)
            Calendar month of each month from the day on.
        """
        return self.season[:, calendar - 1]

    def mean(self) -> np.ndarray:
        """Mean of λ over customers (draws,)."""
        return self.shape / self.scale

    def _weights(self, watched: Watched) -> np.ndarray:
        return self.season[:, watched.calendar - 1] * np.exp(self.trend[:, None] * watched.years)


def posterior(watched: Watched, *, draws: int, seed: int, season: np.ndarray | None = None) -> Rates:
    """Season and trend, then r and α given their means.

    Season and trend come from how each customer's own events lie in time, which does not depend on r and α: given how
    many there were, the months share them out (multinomial).

    Parameters
    ----------
    watched
        All customers, also those without events and those who have left.
    draws
        How many.
    seed
        Of the random numbers.
    season : (12,), optional
        Multiples by calendar month that are known from elsewhere; else they are learned where two years were seen.

    Raises
    ------
    DataError
        Where there is no event, or no time in which one could have come.
    """
    counts = watched.events.sum(axis=1, dtype=float)
    if not counts.any() or not watched.time.any():
        raise DataError(
            sentence(
                "Events on board: got none in the time that customers were watched, expected some; leave them out."
            )
        )
    random = np.random.default_rng(seed)
    drawn, trend = _shared(watched, draws, random, season)
    usual = np.median(drawn, axis=0)[watched.calendar - 1] * np.exp(np.median(trend) * watched.years)
    time = watched.time @ usual
    seen = time > 0
    counts, time = counts[seen], time[seen]
    values, which = np.unique(counts, return_inverse=True)
    often = np.bincount(which)
    start = np.array([0.0, np.log(max(time.sum() / counts.sum(), 1e-9))])

    def log_density(logs: np.ndarray) -> float:
        shape, scale = np.exp(logs)
        found = float(often @ (gammaln(shape + values) - gammaln(shape)))
        found += float(shape * len(time) * logs[1] - (shape + counts) @ np.log(scale + time))
        return found - 0.5 * float(np.sum(((logs - start) / PRIOR_SD) ** 2))

    sample = importance_sample(
        log_density, highest(log_density, start), draws=draws, seed=int(random.integers(1 << 31))
    )
    shape, scale = np.exp(sample.draws).T
    return Rates(shape=shape, scale=scale, season=drawn, trend=trend, sample=sample)


def _shared(
    watched: Watched, draws: int, random: np.random.Generator, known: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Season (draws, 12) and trend (draws,): normal about the maximum of the multinomial likelihood with its priors.

    Of a calendar month that was seen in one year alone, season and trend cannot be separated: where less than two
    years were seen the season is left at 1 for all draws, unless it is known from elsewhere.
    """
    seasonal = known is None and watched.time.shape[1] >= SEASONAL
    given = np.ones(12) if known is None else known
    months = np.eye(12)[watched.calendar - 1] if seasonal else np.zeros((len(watched.calendar), 0))
    columns = np.hstack([months, watched.years[:, None]])  # (M, p)
    precision = np.diag([*[SEASON_SD**-2] * months.shape[1], TREND_SD**-2])
    events = watched.events.sum(axis=1, dtype=float)
    kept = events > 0
    time, own = watched.time[kept] * given[watched.calendar - 1], events[kept]
    by_month = watched.events[kept].sum(axis=0)

    def at(place: np.ndarray) -> Place:
        weights = time * np.exp(columns @ place)
        total = np.maximum(weights.sum(axis=1), 1e-300)
        share = weights / total[:, None]
        expected = own @ share
        means = share @ columns
        information = columns.T @ (expected[:, None] * columns) - means.T @ (own[:, None] * means) + precision
        value = by_month @ (columns @ place) - own @ np.log(total) - 0.5 * place @ precision @ place
        return Place(float(value), columns.T @ (by_month - expected) - precision @ place, information)

    found = maximise(at, np.zeros(columns.shape[1]))
    drawn = random.multivariate_normal(found.estimate, found.covariance, draws, method="cholesky")
    season = np.exp(drawn[:, :-1]) if seasonal else np.tile(given, (draws, 1))
    return season / season.mean(axis=1, keepdims=True), drawn[:, -1]
