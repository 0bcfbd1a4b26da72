"""What becomes of customers by tenure: a life table of the period, drawn by the Bayesian bootstrap.

In a life table of a period newcomers go through the months of tenure that customers of today go through side by side:
how many leave, what those on board pay and order, month of tenure by month of tenure. Nothing is assumed of how
leaving, fees and orders hang together, since each month looks at those who are still there. It takes for granted that
customers who join now will be like those who joined before.

References
----------
Preston, Heuveline, Guillot (2001), Demography, chapter 3, for life tables of a period; Rubin (1981), The Bayesian
bootstrap, Annals of Statistics 9(1): each draw weighs customers anew, whole customers, so that what hangs together in
a customer does so in the draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

ENOUGH = 25
"""Customers followed at a tenure, below which a month is not looked at for itself (as curves of survival are)."""
TAIL = 1 / 3
"""Last part of the tenure observed whose rates go on beyond it, as hazards of `churn_survival` do."""
YEAR = 12
"""Months of tenure from which a trend over tenure is told."""
ROUNDS = 15
"""Of Newton's method, in one parameter: six are enough for any data tried."""
TREND_SD = 0.2
"""Of the trend of log rates a year, before anything is seen, as in `models.purchases.while_active`."""
CHUNK = 5_000
"""Customers weighed at once: 400 draws of them take 16 MB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """Spells by tenure.

    Attributes
    ----------
    person : (n,)
        Row of the customer (0 …) whose spell it is: a customer is weighed as a whole.
    entry, duration : (n,)
        Tenure from which and to which the spell was followed, in months.
    event : (n,)
        Whether the customer left then.
    """

    person: np.ndarray
    entry: np.ndarray
    duration: np.ndarray
    event: np.ndarray

    def rows(self, chosen: np.ndarray) -> "Followed":
        """Only these spells (by yes and no), persons numbered anew."""
        return Followed(
            person=np.unique(self.person[chosen], return_inverse=True)[1],
            entry=self.entry[chosen],
            duration=self.duration[chosen],
            event=self.event[chosen],
        )

    def time(self, months: int, since: np.ndarray | None = None) -> np.ndarray:
        """Part of each month of tenure that was followed, (n, months).

        Parameters
        ----------
        months
            How many.
        since : (n,), optional
            Tenure from which something else was recorded too: later than `entry`.
        """
        begin = np.arange(months)
        entry = self.entry if since is None else np.maximum(self.entry, since)
        return np.clip(np.minimum(self.duration[:, None], begin + 1) - np.maximum(entry[:, None], begin), 0, 1)

    @property
    def observed(self) -> int:
        """Whole months of tenure until which enough customers were followed, at least 1."""
        months = int(np.ceil(self.duration.max(initial=1.0)))
        enough = (self.time(months) > 0).sum(axis=0) >= ENOUGH
        return max(int(np.argmin(enough)) if not enough.all() else months, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class LifeTable:
    """Draws by month of tenure.

    Attributes
    ----------
    hazard : (draws, T)
        Of leaving, a month, in each month of tenure.
    cash : kind → (draws, T)
        Of a month on board, in each month of tenure.
    tail : (draws,)
        Hazard beyond: that of the last third of T.
    beyond : kind → (draws,)
        Cash of a month on board beyond.
    seen
        Months of tenure that were observed; 0: all T.
    """

    hazard: np.ndarray
    cash: Mapping[str, np.ndarray]
    tail: np.ndarray
    beyond: Mapping[str, np.ndarray]
    seen: int = 0

    @property
    def observed(self) -> int:
        """Months of tenure that were observed."""
        return self.seen or self.hazard.shape[1]

    def hazards(self, months: int) -> np.ndarray:
        """Hazard of so many months of tenure (draws, months), carried on beyond those observed."""
        return _carried(self.hazard, self.tail, months)

    def flow(self, kind: str, months: int) -> np.ndarray:
        """Cash of a month on board (draws, months)."""
        return _carried(self.cash[kind], self.beyond[kind], months)

    def lasting(self, months: int) -> tuple[np.ndarray, np.ndarray]:
        """Of a newcomer (draws, months): time expected on board in each month, and chance to be there at its end."""
        hazard = self.hazards(months)
        end = np.exp(-np.cumsum(hazard, axis=1))
        begin = np.hstack([np.ones((len(end), 1)), end[:, :-1]])
        return begin * within(hazard), end


def within(hazard: np.ndarray) -> np.ndarray:
    """Time on board within a month of a constant hazard, of who begins it."""
    small = np.maximum(hazard, 1e-12)
    return -np.expm1(-small) / small


def life_table(
    followed: Followed, amounts: Mapping[str, tuple[np.ndarray, np.ndarray]], *, draws: int, seed: int
) -> LifeTable:
    """Draw a life table.

    Parameters
    ----------
    followed
        Spells.
    amounts
        By kind of cash: what came of each spell in each month of tenure (n, T), and for how much of that month it was
        recorded (n, T).
    draws
        How many.
    seed
        Of the random numbers.
    """
    months = followed.observed
    random = np.random.default_rng(seed)
    time = followed.time(months)
    left = np.zeros_like(time)
    gone = followed.event & (followed.duration <= months)
    place = np.clip(np.ceil(followed.duration[gone]).astype(int) - 1, 0, months - 1)
    left[np.flatnonzero(gone), place] = 1.0
    columns = [left, time] + [each[:, :months] for pair in amounts.values() for each in pair]
    stacked = np.hstack(columns)
    persons = int(followed.person.max()) + 1
    by_person = np.zeros((persons, stacked.shape[1]))
    np.add.at(by_person, followed.person, stacked)
    total = np.zeros((draws, stacked.shape[1]))
    for first in range(0, persons, CHUNK):
        part = by_person[first : first + CHUNK]
        total += random.standard_exponential((draws, len(part))) @ part
    parts = np.split(total, len(columns), axis=1)
    tail = slice(months - max(int(np.ceil(months * TAIL)), 1), months)
    rates = [_rate(over, under, tail) for over, under in zip(parts[::2], parts[1::2], strict=True)]
    names = list(amounts)
    return LifeTable(
        hazard=rates[0][0],
        tail=rates[0][1],
        cash={name: each for name, (each, _) in zip(names, rates[1:], strict=True)},
        beyond={name: each for name, (_, each) in zip(names, rates[1:], strict=True)},
    )


def tenure_trend(rates: np.ndarray, time: np.ndarray, *, first: int) -> np.ndarray:
    """By how much the logarithm of a rate changes with a year of tenure (draws,), among those who are on board.

    Parameters
    ----------
    rates : (draws, T)
        By month of tenure.
    time : (T,)
        Months on board that each was counted in.
    first
        Month of tenure with which it begins.
    """
    count, weight = rates[:, first:] * time[first:], time[first:]
    if len(weight) < YEAR or not count.any():
        return np.zeros(len(rates))
    years = np.arange(len(weight)) / 12
    years = years - (weight @ years) / weight.sum()
    found = np.zeros(len(rates))
    for _ in range(ROUNDS):
        each = weight * np.exp(np.outer(found, years))
        level = count.sum(axis=1) / each.sum(axis=1)
        expected = each * level[:, None]
        mean = (expected @ years) / expected.sum(axis=1)
        gradient = count @ years - expected @ years - found / TREND_SD**2
        curvature = expected @ years**2 - expected.sum(axis=1) * mean**2 + TREND_SD**-2
        found = found + np.clip(gradient / curvature, -1.0, 1.0)
    return found


def _rate(over: np.ndarray, under: np.ndarray, tail: slice) -> tuple[np.ndarray, np.ndarray]:
    """Of each month, and of the tail; a month in which nothing was recorded has the rate of all."""
    whole = over.sum(axis=1) / np.maximum(under.sum(axis=1), 1e-300)
    each = np.divide(over, under, out=np.repeat(whole[:, None], over.shape[1], axis=1), where=under > 0)
    last = under[:, tail].sum(axis=1)
    beyond = np.divide(over[:, tail].sum(axis=1), last, out=whole.copy(), where=last > 0)
    return each, beyond


def _carried(rates: np.ndarray, beyond: np.ndarray, months: int) -> np.ndarray:
    more = max(months - rates.shape[1], 0)
    return np.hstack([rates[:, :months], np.repeat(beyond[:, None], more, axis=1)])
