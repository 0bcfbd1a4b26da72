"""The baseline hazard of a Cox model, and how it goes on beyond the data."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.survival.lifetimes.renewals import Heaps, find_renewals
from workbench.statistics.horizons import number_of
from workbench.statistics.resolution import resolution
from workbench.statistics.risk_sets import RiskSets

TAIL_AT_RISK = 25
"""What fewer customers say about the end of the data is not continued beyond it."""
QUARTER, TWICE = 3.0, 2.0
"""Of terms shorter than these months every forecast holds whole ones, so their average does; unless anniversaries have
at least so many times their part of the hazard."""
CLOSE = 1e-9
"""A renewal that is repeated lies where it should but for rounding."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Cumulative sums over the K event times of a Cox model.

    Attributes
    ----------
    times (K,)
        Event times.
    hazard (K,)
        Cumulative hazard of a customer whose columns are all 0.
    variance (K,)
        Its variance with the coefficients given.
    means (K, p)
        Sum of the columns expected at each event times the hazard there: what uncertain coefficients multiply.
    tail
        Beyond the second of these times, the last event (with renewals the last time) at which at least `TAIL_AT_RISK`
        were at risk, all three go on as they went since the first: the few who are left would make them jump.
    renewals
        Whether what happened within the tail is repeated jump by jump, because departures heap at renewals and the tail
        is as long as their pattern; else all grow as they did on average within it.
    """

    times: np.ndarray
    hazard: np.ndarray
    variance: np.ndarray
    means: np.ndarray
    tail: tuple[float, float]
    renewals: bool = False
    step: float = 0.0
    single: np.ndarray | None = None

    @classmethod
    def of(cls, sums: RiskSets, lifetimes: pd.DataFrame, *, time_unit: str = "month") -> "Baseline":
        """Of the sums at the maximum.

        Parameters
        ----------
        lifetimes
            Of the customers of the fit, as in `validate_lifetimes`: whether their departures heap at renewals, until
            when enough were followed, and in which steps times were recorded.
        time_unit
            What they are counted in.
        sums
            From `risk_sets`, at the maximum.
        """
        made = (sums.times, sums.hazard.cumsum(), sums.hazard_variance.cumsum(), sums.mean_hazard.cumsum(axis=0))
        duration, entry = (lifetimes[name].to_numpy(dtype=float) for name in ("duration", "entry"))
        single = sums.hazard / sums.deaths
        step, heaps = resolution(duration), find_renewals(lifetimes, time_unit=time_unit)
        until = _well_followed(duration, entry)
        length = None
        if heaps is not None and (heaps.term >= number_of(QUARTER, time_unit) or _yearly(sums, heaps, time_unit)):
            length = renewal_cycle(heaps, until, time_unit)
        if length is not None:
            whole = max(np.floor(until / 3 / length), 1.0)
            return cls(*made, (until - whole * length, until), True, step, single)
        enough = sums.times[sums.at_risk >= TAIL_AT_RISK]
        until = float(enough[-1]) if len(enough) else float(duration.max(initial=0.0))
        return cls(*made, (until * 2 / 3, until), False, step, single)

    def hazard_at(self, times: np.ndarray) -> np.ndarray:
        """Cumulative hazard up to each of `times` (n,).

        Parameters
        ----------
        times
            Tenures, in the unit of the durations.
        """
        return self._sum(self.hazard, times)

    def means_at(self, times: np.ndarray) -> np.ndarray:
        """`means` up to each of `times` (n,).

        Parameters
        ----------
        times
            Tenures, in the unit of the durations.
        """
        return self._sum(self.means, times)

    def variance_between(self, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Variance (n,) of the hazard between two times (n,); of a step that counts m times it is m² times its own.

        Where nobody left between them it is that of one who might have (`single`).

        Parameters
        ----------
        since, until
            Tenures, in the unit of the durations.
        """
        variance = self._own_variance(np.minimum(since, self.tail[1]), np.minimum(until, self.tail[1]))
        beyond = np.flatnonzero(until > self.tail[1])
        if not len(beyond):
            return self._at_least_one(variance, since, until)
        start, end = self.tail
        all_since, all_until = since, until
        since, until = since[beyond], until[beyond]
        (whole, rest, share), (whole_before, rest_before, share_before) = self.beyond(until), self.beyond(since)
        often = whole + share - whole_before - share_before
        first, last, last_before = np.minimum(since, end), start + rest, start + rest_before
        points = np.column_stack([first, np.full_like(first, start), np.full_like(first, end), last, last_before])
        points.sort(axis=1)
        to = points[:, 1:]
        counts = (to > first[:, None]).astype(float) + np.where(
            to > start, often[:, None] + (to <= last[:, None]) * 1.0 - (to <= last_before[:, None]), 0.0
        )
        variance[beyond] = (counts**2 * self._own_variance(points[:, :-1], to)).sum(axis=1)
        return self._at_least_one(variance, all_since, all_until)

    def exposure(self, since: np.ndarray, until: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """How often, weighted, customers are exposed to the step of the hazard at each event time, (K,).

        Parameters
        ----------
        since (n,), until (n,), weights (n,)
            Tenures between which each is exposed.
        """
        total, often = np.zeros(len(self.times) + 1), 0.0
        within = slice(*(int(each) for each in np.searchsorted(self.times, self.tail, side="right")))

        def add(times: np.ndarray, sign: float) -> None:  # every step up to the times, and the part of the next one
            place, part = self._places(times)
            counted = np.bincount(place, weights=weights, minlength=len(total))
            partly = np.bincount(place, weights=weights * part, minlength=len(total))
            total[:] += sign * (counted.sum() - counted.cumsum() + partly)

        for times, sign in ((since, -1.0), (until, 1.0)):
            add(times, sign)
            whole, rest, share = self.beyond(times)
            often += sign * float((weights * (whole + share)).sum())
            if self.renewals and rest.any():
                add(self.tail[0] + rest, sign)
                add(np.full_like(rest, self.tail[0]), -sign)
        counted = total[:-1]
        counted[within] += often
        return counted

    def _places(self, times: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """How many event times had passed whole by each of `times`, none beyond the tail.

        Which part of the next one's step.
        """
        times = np.minimum(times, self.tail[1])
        place = np.searchsorted(self.times, times, side="right")
        if not self.step:
            return place, np.zeros(np.shape(place))
        begins = np.append(self.times, np.inf)[place] - self.step
        return place, np.clip((times - begins) / self.step, 0.0, 1.0)

    def _own_variance(self, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Between two times within the tail.

        A step whose hazard is uncertain as a whole counts with the square of the part of it that lies between them.
        """
        sums = np.append(0.0, self.variance)
        (first, begun), (last, part) = self._places(since), self._places(until)
        if not self.step:
            return sums[last] - sums[first]
        following = [sums[np.minimum(place + 1, len(sums) - 1)] for place in (first, last)]
        steps = following[0] - sums[first], following[1] - sums[last]
        across = sums[last] - following[0] + (1 - begun) ** 2 * steps[0] + part**2 * steps[1]
        return np.where(last > first, across, (part - begun) ** 2 * steps[0])

    def _at_least_one(self, variance: np.ndarray, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        if self.single is None or not len(self.single):
            return variance
        following = self.single[np.minimum(self._places(since)[0], len(self.single) - 1)]
        return np.where((variance <= 0) & (until > since), following**2, variance)

    def _within(self, values: np.ndarray, times: np.ndarray | float) -> np.ndarray:
        """A cumulative sum (K,) or (K, p) up to each of `times`, none beyond the tail."""
        sums = np.concatenate([np.zeros_like(values[:1], shape=(1, *values.shape[1:])), values])
        place, part = self._places(times)
        if not self.step:
            return sums[place]
        following = sums[np.minimum(place + 1, len(values))]
        return sums[place] + (part if values.ndim == 1 else part[..., None]) * (following - sums[place])

    def beyond(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How many whole tails lie between the end of the tail and each time.

        What of the next one (a length where renewals are repeated), and the same as a share of a tail (where they are
        not).

        Parameters
        ----------
        times
            (n,): tenures, in the unit of the durations.
        """
        over, length = np.maximum(times - self.tail[1], 0.0), self.tail[1] - self.tail[0]
        if length <= 0:
            return np.zeros_like(over), np.zeros_like(over), np.zeros_like(over)
        if not self.renewals:
            return np.zeros_like(over), np.zeros_like(over), over / length
        whole = np.floor(over / length + CLOSE)
        return whole, np.where(over > whole * length, over - whole * length + CLOSE, 0.0), np.zeros_like(over)

    def _sum(self, sums: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Cumulative sums at times, continued beyond the tail."""
        times = np.asarray(times, dtype=float)
        known = self._within(sums, times)
        if not (times > self.tail[1]).any():
            return known
        whole, rest, share = self.beyond(times)
        start = self._within(sums, self.tail[0])
        growth, part = self._within(sums, self.tail[1]) - start, self._within(sums, self.tail[0] + rest) - start
        often, again = whole + share, rest > 0
        if sums.ndim > 1:
            often, again = often[:, None], again[:, None]
        return known + often * growth + np.where(again, part, 0.0)


def renewal_cycle(heaps: Heaps, until: float, time_unit: str) -> float | None:
    """How long the pattern is that renewals repeat.

    A year, since yearly terms may hide among shorter ones (contracts of several terms, months in which all departures
    are recorded), or the term where that is longer.

    Parameters
    ----------
    heaps
        Departures at renewals.
    until
        How long enough were followed: where that is no year the term, and None where it is not even that.
    time_unit
        Of both.
    """
    year = np.ceil(number_of(12, time_unit) / heaps.term - CLOSE) * heaps.term
    for length in (max(year, heaps.term), heaps.term):
        if length <= until:
            return float(length)
    return None


def _yearly(sums: RiskSets, heaps: Heaps, time_unit: str) -> bool:
    """Whether anniversaries stand out among shorter terms."""
    year = number_of(12, time_unit)
    later = sums.times > year / 2
    at = np.abs(sums.times - np.round(sums.times / year) * year) <= heaps.near
    return bool(sums.hazard[later & at].sum() * year / heaps.term >= TWICE * sums.hazard[later].sum() > 0)


def _well_followed(durations: np.ndarray, entry: np.ndarray) -> float:
    """The last time at which at least `TAIL_AT_RISK` were at risk; the end of the data where so many never were."""
    ends = np.sort(durations)
    at_risk = np.arange(len(ends), 0, -1)
    late = np.sort(entry[entry > 0])
    at_risk = at_risk - (len(late) - np.searchsorted(late, ends, side="left"))
    enough = ends[at_risk >= TAIL_AT_RISK]
    return float(enough[-1]) if len(enough) else float(ends[-1]) if len(ends) else 0.0
