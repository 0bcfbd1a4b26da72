"""How wrong earlier forecasts of the total were: the same forecast from days that lie behind (rolling origins)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.stats import t as student

from workbench.models.purchases.backtest.records import WEEK, PurchaseRecord
from workbench.models.purchases.backtest.selection import LEAST_BUYERS
from workbench.models.purchases.counts import moments
from workbench.models.purchases.families import Family
from workbench.models.purchases.fitting import mode
from workbench.pace import paced
from workbench.statistics.horizons import DAYS_A_MONTH

ORIGINS = 6
"""Days from which is forecast: five degrees of freedom; more would overlap almost wholly."""
FEWEST = 3
"""Below this many a spread says nothing."""
EARLIEST = 1 / 3
"""Of the record lies before the first origin: with less most customers have hardly been seen."""


COLUMNS = ["day", "customers", "forecast", "actual", "log_error", "spread"]
MONEY = ["money_forecast", "money_actual", "money_log_error", "money_spread"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices:
    """What purchases of customers bring, as known on a day, and what came in money after it.

    Attributes
    ----------
    mean : (n,)
        Expected of a purchase, in money.
    single, level : (n,)
        Variance of a single purchase about the customer's mean, and of that mean, in money squared.
    came
        Brought by all of them in the days after.
    """

    mean: np.ndarray
    single: np.ndarray
    level: np.ndarray
    came: float


class Priced(Protocol):
    """Prices of all customers known by a day, in their order; None where they cannot be told."""

    def __call__(self, day: int, ahead: int) -> Prices | None:
        """As of a day, with what came in so many days after it."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Origins:
    """Earlier forecasts of the total and what came.

    Attributes
    ----------
    table
        One row an origin: `day`, `customers`, `forecast`, `actual`, `log_error` (log of actual over forecast) and
        `spread` (relative standard deviation that chance alone brings, parameters given); the last four in money too
        (`money_forecast` …), missing where there are no prices.
    days
        How far each forecast reached.
    """

    table: pd.DataFrame
    days: int

    @property
    def in_money(self) -> "Origins":
        """The same forecasts, of money in place of purchases; those without prices are left out."""
        money = self.table[[*COLUMNS[:2], *MONEY]].set_axis(COLUMNS, axis=1).dropna()
        return Origins(table=money, days=self.days)

    @property
    def enough(self) -> bool:
        """Whether there are enough to tell a spread."""
        return len(self.table) >= FEWEST

    @property
    def months(self) -> float:
        """How far each forecast reached."""
        return self.days / DAYS_A_MONTH

    @property
    def logs(self) -> np.ndarray:
        """Log errors (k,), smaller by what customers' natures bring by chance: that is drawn for itself.

        What was not known of parameters and models stays in: with more data there is less of it in draws, and not less
        of it in what models leave out.
        """
        errors = self.table["log_error"].to_numpy(float)
        square = float(np.mean(errors**2)) if len(errors) else 0.0
        chance = float(np.mean(self.table["spread"].to_numpy(float) ** 2)) if len(errors) else 0.0
        return errors * np.sqrt(max(1 - chance / square, 0.0)) if square else errors

    def drawn(self, months: float, draws: int, *, seed: int) -> np.ndarray:
        """Log errors (draws,) of a forecast so far ahead: Student t with one degree of freedom less than origins.

        About 0, not about the mean error: that too few were forecast does not say that it will be so again. The scale
        grows with the square root of time, as of a random walk. Quantiles evenly spread, in random order: the ends of
        intervals then have no noise of sampling. 0 where there are too few origins. Each counts in full, though their
        times overlap: 90% intervals of a level that walks at random hold about 82% of them. With `next_errors`, which
        allows for that, the forecast of the sample of CDNOW would be known to 38%.

        Parameters
        ----------
        months
            Finite.
        draws
            How many.
        seed
            Of their order.
        """
        if not self.enough:
            return np.zeros(draws)
        scale = np.sqrt(np.mean(self.logs**2) * months / self.months)
        places = (np.arange(draws) + 0.5) / draws
        return np.random.default_rng(seed).permutation(scale * student.ppf(places, len(self.table) - 1))


def roll(
    record: PurchaseRecord, families: tuple[Family, ...], weights: np.ndarray, priced: Priced | None = None
) -> Origins:
    """Forecast half a record's length ahead from days between a third and a half of it.

    The last origin is the hold-out that weights come from.

    Parameters
    ----------
    record
        Until today.
    families, weights
        As they are used today.
    priced
        What purchases bring; without it nothing is said of money.
    """
    ahead = record.length // 2
    first, last = record.first + round(record.length * EARLIEST), record.until - ahead
    days = sorted({int(day) for day in np.linspace(first, last, ORIGINS)})
    rows = [_one(record, day, ahead, families, weights, priced) for day in paced(days)]
    return Origins(table=pd.DataFrame([row for row in rows if row], columns=[*COLUMNS, *MONEY]), days=ahead)


def _one(
    record: PurchaseRecord,
    day: int,
    ahead: int,
    families: tuple[Family, ...],
    weights: np.ndarray,
    priced: Priced | None,
) -> tuple[float, ...] | None:
    past = record.earlier(day)
    if not len(past.days) or (past.histories.frequency > 0).sum() < LEAST_BUYERS:
        return None
    histories, actual = past.histories, int(record.later(day, ahead).sum())
    if not actual:
        return None
    modes = [mode(family, histories) for family in families]
    mean, variance = (weights @ each for each in moments(families, modes, histories, ahead / WEEK))
    prices = priced(day, ahead) if priced else None
    return (
        day,
        len(histories),
        *_compared(float(mean.sum()), actual, float(variance.sum())),
        *(_in_money(mean, variance, prices) if prices else [np.nan] * len(MONEY)),
    )


def _in_money(mean: np.ndarray, variance: np.ndarray, prices: Prices) -> tuple[float, ...]:
    each = variance * prices.mean**2 + mean * prices.single + (mean**2 + variance) * prices.level
    return _compared(float(mean @ prices.mean), prices.came, float(each.sum()))


def _compared(forecast: float, actual: float, variance: float) -> tuple[float, ...]:
    if not min(forecast, actual) > 0:
        return (np.nan,) * len(MONEY)
    return forecast, actual, float(np.log(actual / forecast)), float(np.sqrt(variance)) / forecast
