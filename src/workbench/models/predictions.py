"""From hazards to what a customer is told: survival, also of those who have lasted so far, with intervals."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.horizons import clean_horizons, span
from workbench.evaluation.product_limit import normal_quantile
from workbench.models.risk_sets import RiskSets
from workbench.wording import sentence

CHUNK = 50_000
"""Customers predicted at once."""


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
    """

    times: np.ndarray
    hazard: np.ndarray
    variance: np.ndarray
    means: np.ndarray

    @classmethod
    def of(cls, sums: RiskSets) -> "Baseline":
        """Of the sums at the maximum."""
        return cls(sums.times, sums.hazard.cumsum(), sums.hazard_variance.cumsum(), sums.mean_hazard.cumsum(axis=0))

    def hazard_at(self, times: np.ndarray) -> np.ndarray:
        """Cumulative hazard up to each of `times` (n,)."""
        return np.append(0.0, self.hazard)[np.searchsorted(self.times, times, side="right")]

    def spread_at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variance and means up to each of `times` (n,)."""
        place = np.searchsorted(self.times, times, side="right")
        return np.append(0.0, self.variance)[place], np.vstack([np.zeros(self.means.shape[1]), self.means])[place]


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

    def cumulative_hazard(
        self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, *, variance: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Hazard that each customer is exposed to from tenure `since` to `until`, and its variance.

        Parameters
        ----------
        since (n,), until (n, K)
            Tenures; beyond the data the hazard is taken as 0, so ask for none there.

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

    def predict_survival(
        self, frame: pd.DataFrame, times: Iterable[float], *, tenure: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Predicted share still there.

        Parameters
        ----------
        frame
            `customer_id` and the covariates, without missing numbers.
        times
            Within the time observed.
        tenure (n,)
            How long each has lasted so far: `times` count from there, and predictions are for those who have. Beyond
            the data the last value known is kept.

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
        since = np.zeros(len(frame)) if tenure is None else np.asarray(tenure, dtype=float)
        parts = [
            np.exp(-self.cumulative_hazard(frame.iloc[rows], since[rows], since[rows][:, None] + np.array(times))[0])
            for rows in chunks(len(frame))
        ]
        survival = np.concatenate(parts) if parts else np.zeros((0, len(times)))
        index = pd.Index(frame["customer_id"], name="customer_id")
        return pd.DataFrame(survival, index=index, columns=pd.Index(times, name="horizon"))

    def survival_each(self, frame: pd.DataFrame, times: np.ndarray) -> np.ndarray:
        """Share still there at a time of each customer's own (n,)."""
        until = np.asarray(times, dtype=float)[:, None]
        parts = [
            np.exp(-self.cumulative_hazard(frame.iloc[rows], np.zeros(len(until[rows])), until[rows])[0][:, 0])
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
            `customer_id`, `horizon`, `survival`, `lower`, `upper` (interval of the probability, on the log-log scale;
            missing where `tenure + horizon` lies beyond the data: nothing is extrapolated), customers in their order
            within each horizon.
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
            known = until <= self.last_time
            for target, value in ((survival, hazard), (lower, hazard * np.exp(half)), (upper, hazard * np.exp(-half))):
                target[rows] = np.where(known, np.exp(-value), np.nan)
        return pd.DataFrame(
            {
                "customer_id": np.tile(frame["customer_id"].to_numpy(), len(horizons)),
                "horizon": np.repeat(np.array(horizons), len(frame)),
                "survival": survival.T.ravel(),
                "lower": lower.T.ravel(),
                "upper": upper.T.ravel(),
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
            `customer_id`, `remaining`, `lower`, `upper`; missing where `tenure + within` lies beyond the data.
        """
        grid = np.linspace(0, within, steps + 1)[1:]
        long = self.conditional_survival(frame, tenure, grid, confidence=confidence)
        result = {"customer_id": frame["customer_id"].to_numpy()}
        for name, column in (("remaining", "survival"), ("lower", "lower"), ("upper", "upper")):
            curve = long[column].to_numpy().reshape(steps, len(frame))
            curve = np.vstack([np.ones(len(frame)), curve])
            result[name] = np.trapezoid(curve, dx=within / steps, axis=0)
        return pd.DataFrame(result)


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """Consecutive slices of at most `size` rows."""
    return (slice(start, start + size) for start in range(0, count, size))
