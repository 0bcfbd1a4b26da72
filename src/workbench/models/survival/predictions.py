"""From hazards to what a customer is told: survival, also of those who have lasted so far, with intervals."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.horizons import clean_horizons, span
from workbench.evaluation.product_limit import normal_quantile
from workbench.models.survival.risk_sets import RiskSets
from workbench.wording import sentence

CHUNK = 50_000
"""Customers predicted at once."""
TAIL_AT_RISK = 25
"""What fewer customers say about the end of the data is not continued beyond it."""


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
        Beyond the second of these times, the last at which at least `TAIL_AT_RISK` were at risk, all three go on as
        they went on average since the first: the few who are left would make them jump.
    step
        In which times were recorded (`workbench.evaluation.resolution`): what happened in a step is spread evenly over
        it, since nobody knows more. 0 where times are exact: then all three jump at event times.
    """

    times: np.ndarray
    hazard: np.ndarray
    variance: np.ndarray
    means: np.ndarray
    tail: tuple[float, float]
    step: float = 0.0

    @classmethod
    def of(cls, sums: RiskSets, end: float, step: float = 0.0) -> "Baseline":
        """Of the sums at the maximum."""
        enough = sums.times[sums.at_risk >= TAIL_AT_RISK]
        until = float(enough[-1]) if len(enough) else end
        return cls(
            sums.times,
            sums.hazard.cumsum(),
            sums.hazard_variance.cumsum(),
            sums.mean_hazard.cumsum(axis=0),
            (until * 2 / 3, until),
            step,
        )

    def hazard_at(self, times: np.ndarray) -> np.ndarray:
        """Cumulative hazard up to each of `times` (n,)."""
        return self._extended(self._within(self.hazard, times), self.hazard, times, power=1)

    def spread_at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variance and means up to each of `times` (n,)."""
        return (
            self._extended(self._within(self.variance, times, power=2), self.variance, times, power=2),
            self._extended(self._within(self.means, times), self.means, times, power=1),
        )

    def places(self, times: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """How many event times had passed whole by each of `times`, and which part of the next one's step."""
        place = np.searchsorted(self.times, times, side="right")
        if not self.step:
            return place, np.zeros(np.shape(place))
        begins = np.append(self.times, np.inf)[place] - self.step
        return place, np.clip((times - begins) / self.step, 0.0, 1.0)

    def _within(self, values: np.ndarray, times: np.ndarray | float, power: int = 1) -> np.ndarray:
        """A cumulative sum (K,) or (K, p) up to each of `times`, none beyond the tail; a variance grows with the square
        within a step, whose hazard is uncertain as a whole."""
        sums = np.concatenate([np.zeros_like(values[:1], shape=(1, *values.shape[1:])), values])
        place, part = self.places(np.minimum(times, self.tail[1]))
        if not self.step:
            return sums[place]
        following, part = sums[np.minimum(place + 1, len(values))], part**power
        return sums[place] + (part if values.ndim == 1 else part[..., None]) * (following - sums[place])

    def _extended(self, known: np.ndarray, values: np.ndarray, times: np.ndarray, power: int) -> np.ndarray:
        """`known`, and beyond the tail the growth within it, continued; a variance grows with the square."""
        over = np.maximum(times - self.tail[1], 0.0)
        if not over.any() or self.tail[1] <= self.tail[0]:
            return known
        growth = self._within(values, self.tail[1]) - self._within(values, self.tail[0])
        share = over / (self.tail[1] - self.tail[0])
        factor = share if power == 1 else 2 * share + share**2
        return known + (factor * growth if np.ndim(growth) == 0 else factor[:, None] * growth)


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch of tenure, from after `start` to `end`, in which each customer's columns stay the same.

    Attributes
    ----------
    columns (n, p), log_hazard (n,)
        As the model sees the customers there; minus infinity where nobody leaves.
    """

    columns: np.ndarray
    log_hazard: np.ndarray
    start: float
    end: float


class Predictions:
    """Predictions of a model with `baseline_sums`, `covariance`, `last_time`, `time_unit` and `stretches`."""

    def stretches(self, frame: pd.DataFrame) -> list[Stretch]:
        """The customers of `frame` as the model sees them, by stretch of tenure."""
        raise NotImplementedError

    def log_relative_hazard(self, frame: pd.DataFrame, tenure: np.ndarray) -> np.ndarray:
        """Log (n,) of each one's hazard at a tenure (n,) against the baseline; minus infinity where nobody leaves."""
        values = np.zeros(len(frame))
        for each in self.stretches(frame):
            there = (tenure >= each.start) & (tenure < each.end)
            values[there] = each.log_hazard[there]
        return values

    @property
    def step(self) -> float:
        """In which times were recorded; 0 where they are exact."""
        return self.baseline_sums.step

    def cumulative_hazard(
        self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, *, variance: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Hazard that each customer is exposed to from tenure `since` to `until`, and its variance.

        Parameters
        ----------
        since (n,), until (n, K)
            Tenures; beyond the data hazards are extrapolated (`Baseline`). From minus infinity on (`at_risk.begins`)
            who leaves at time 0 counts as well, from 0 on not: who has lasted 0 has not left then.

        Returns
        -------
        ndarray (n, K), ndarray (n, K) or None
            `exp(x b) (H(until) - H(since))`; variance of Andersen and Gill (1982) with Breslow's form of the second
            term, `exp(2 x b) (A + q' V q)` with `q = x (H(until) - H(since)) - Q`.
        """
        total, spread = np.zeros(until.shape), np.zeros(until.shape)
        pulls = np.zeros((*until.shape, len(self.covariance))) if variance else None
        baseline = self.baseline_sums
        for each in self.stretches(frame):
            first = np.clip(since, each.start, each.end)
            with np.errstate(over="ignore"):
                ratio = np.exp(each.log_hazard)
            before = baseline.hazard_at(first)
            spread_before = baseline.spread_at(first) if variance else None
            for place in range(until.shape[1]):
                last = np.clip(until[:, place], each.start, each.end)
                hazard = baseline.hazard_at(last) - before
                total[:, place] += ratio * hazard
                if variance:
                    own, means = baseline.spread_at(last)
                    pull = each.columns * hazard[:, None] - (means - spread_before[1])
                    pulls[:, place] += ratio[:, None] * pull
                    spread[:, place] += ratio**2 * (own - spread_before[0])
        if variance:
            spread += np.einsum("nkp,pq,nkq->nk", pulls, self.covariance, pulls, optimize=True)
        return total, spread if variance else None

    def spread_of_sum(self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, weights: np.ndarray) -> float:
        """Variance of the weighted sum of the hazards that customers are exposed to from `since` to `until`, all (n,).

        Customers share coefficients and baseline, so their errors do not cancel.
        """
        baseline = self.baseline_sums
        pull, spread = np.zeros(len(self.covariance)), 0.0
        for each in self.stretches(frame):
            first, last = np.clip(since, each.start, each.end), np.clip(until, each.start, each.end)
            with np.errstate(over="ignore"):
                share = weights * np.exp(each.log_hazard)
            hazard = baseline.hazard_at(last) - baseline.hazard_at(first)
            means = baseline.spread_at(last)[1] - baseline.spread_at(first)[1]
            pull += share @ (each.columns * hazard[:, None] - means)
            exposed, partly = np.zeros(len(baseline.times) + 1), np.zeros(len(baseline.times) + 1)
            for time, sign in ((first, 1.0), (last, -1.0)):
                place, part = baseline.places(time)
                np.add.at(exposed, place, sign * share)
                np.add.at(partly, place, -sign * share * part)
            exposed = (exposed.cumsum() + partly)[:-1]
            spread += float((exposed**2 * np.diff(baseline.variance, prepend=0.0)).sum())
        return spread + float(pull @ self.covariance @ pull)

    def predict_survival(
        self, frame: pd.DataFrame, times: Iterable[float], *, tenure: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Predicted share still there.

        Parameters
        ----------
        frame
            `customer_id` and the covariates, without missing numbers.
        times
            Within the time observed, from the first moment on.
        tenure (n,)
            How long each has lasted so far (minus infinity: followed from the first moment): `times` count from there,
            and predictions are for those who have. Where they reach beyond the data, hazards go on as in the last
            third of it: an extrapolation.

        Returns
        -------
        DataFrame
            One row a customer (index `customer_id`), one column a time (ascending).

        Raises
        ------
        DataError
            When a time lies beyond the data, or a covariate cannot be encoded.
        """
        times = clean_horizons(times)
        if times[-1] > self.last_time and tenure is None:
            raise DataError(
                sentence(
                    "times: got {time}, expected at most {last}, where the data end; nothing is extrapolated.",
                    time=span(times[-1], self.time_unit),
                    last=span(self.last_time, self.time_unit),
                )
            )
        since = np.full(len(frame), -np.inf) if tenure is None else np.asarray(tenure, dtype=float)
        until = np.maximum(since, 0.0)[:, None] + np.array(times)
        parts = [
            np.exp(-self.cumulative_hazard(frame.iloc[rows], since[rows], until[rows])[0])
            for rows in chunks(len(frame))
        ]
        survival = np.concatenate(parts) if parts else np.zeros((0, len(times)))
        index = pd.Index(frame["customer_id"], name="customer_id")
        return pd.DataFrame(survival, index=index, columns=pd.Index(times, name="horizon"))

    def survival_each(self, frame: pd.DataFrame, times: np.ndarray) -> np.ndarray:
        """Share still there at a time of each customer's own (n,)."""
        until = np.asarray(times, dtype=float)[:, None]
        parts = [
            np.exp(-self.cumulative_hazard(frame.iloc[rows], np.full(len(until[rows]), -np.inf), until[rows])[0][:, 0])
            for rows in chunks(len(frame))
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def conditional_survival(
        self, frame: pd.DataFrame, tenure: np.ndarray, horizons: Iterable[float], *, confidence: float = 0.9
    ) -> pd.DataFrame:
        """Survival of customers who have lasted for `tenure`, by horizon from now.

        Returns
        -------
        DataFrame
            `customer_id`, `horizon`, `survival`, `lower`, `upper` (interval of the probability, on the log-log scale),
            `extrapolated` (whether `tenure + horizon` lies beyond the data: then hazards go on as in their last third),
            customers in their order within each horizon.
        """
        horizons = clean_horizons(horizons)
        tenure = np.asarray(tenure, dtype=float)
        survival, lower, upper = (np.full((len(frame), len(horizons)), np.nan) for _ in range(3))
        z = normal_quantile(confidence)
        for rows in chunks(len(frame)):
            until = tenure[rows][:, None] + np.array(horizons)
            hazard, variance = self.cumulative_hazard(frame.iloc[rows], tenure[rows], until, variance=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                half = z * np.sqrt(variance) / hazard
            half = np.where(hazard > 0, half, 0.0)
            for target, value in ((survival, hazard), (lower, hazard * np.exp(half)), (upper, hazard * np.exp(-half))):
                target[rows] = np.exp(-value)
        return pd.DataFrame(
            {
                "customer_id": np.tile(frame["customer_id"].to_numpy(), len(horizons)),
                "horizon": np.repeat(np.array(horizons), len(frame)),
                "survival": survival.T.ravel(),
                "lower": lower.T.ravel(),
                "upper": upper.T.ravel(),
                "extrapolated": (tenure + np.array(horizons)[:, None] > self.last_time).ravel(),
            }
        )

    def expected_remaining(
        self, frame: pd.DataFrame, tenure: np.ndarray, within: float, *, confidence: float = 0.9, steps: int = 60
    ) -> pd.DataFrame:
        """Expected time still to come within the next `within`, for customers who have lasted for `tenure`.

        The area under conditional survival, by the trapezoidal rule on `steps` steps; the interval is the area under
        the ends of survival's, which move together.

        Returns
        -------
        DataFrame
            `customer_id`, `remaining`, `lower`, `upper`, `extrapolated` (as in `conditional_survival`).
        """
        grid = np.linspace(0, within, steps + 1)[1:]
        long = self.conditional_survival(frame, tenure, grid, confidence=confidence)
        result = {"customer_id": frame["customer_id"].to_numpy()}
        for name, column in (("remaining", "survival"), ("lower", "lower"), ("upper", "upper")):
            curve = long[column].to_numpy().reshape(steps, len(frame))
            curve = np.vstack([np.ones(len(frame)), curve])
            result[name] = np.trapezoid(curve, dx=within / steps, axis=0)
        result["extrapolated"] = tenure + within > self.last_time
        return pd.DataFrame(result)


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """Consecutive slices of at most `size` rows."""
    return (slice(start, start + size) for start in range(0, count, size))
