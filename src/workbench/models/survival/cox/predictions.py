"""From hazards to what a customer is told: survival, also of those who have lasted so far, with intervals."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.survival.cox.baseline import Baseline
from workbench.statistics.horizons import clean_horizons, span
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import sentence

CHUNK = 50_000
"""Customers predicted at once."""


@dataclass(frozen=True, eq=False)
class Episode:
    """An episode of tenure, from after `start` to `end`, in which each customer's columns stay the same.

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
    """Predictions of a model with `baseline_sums`, `covariance`, `last_time`, `time_unit` and `episodes`."""

    if TYPE_CHECKING:  # what each model has, as a field or as a property

        @property
        def baseline_sums(self) -> Baseline:
            """The baseline hazard."""

        @property
        def covariance(self) -> np.ndarray:
            """Of the coefficients (p, p)."""

        @property
        def last_time(self) -> float:
            """End of observation."""

        @property
        def time_unit(self) -> str:
            """What times are counted in."""

    def episodes(self, frame: pd.DataFrame) -> list[Episode]:
        """The customers of `frame` as the model sees them, by episode of tenure.

        Parameters
        ----------
        frame
            `customer_id` and the covariates, without missing numbers.
        """
        raise NotImplementedError

    def log_relative_hazard(self, frame: pd.DataFrame, tenure: np.ndarray) -> np.ndarray:
        """Log (n,) of each one's hazard at a tenure (n,) against the baseline; minus infinity where nobody leaves.

        Parameters
        ----------
        frame
            `customer_id` and the covariates, without missing numbers.
        tenure
            In the unit of the durations.
        """
        values = np.zeros(len(frame))
        for each in self.episodes(frame):
            there = (tenure >= each.start) & (tenure < each.end)
            values[there] = each.log_hazard[there]
        return values

    @property
    def taken_as_given(self) -> bool:
        """Whether part of the model (trees) counts as known for certain in its intervals."""
        return False

    @property
    def step(self) -> float:
        """In which times were recorded; 0 where they are exact."""
        return self.baseline_sums.step

    def cumulative_hazard(
        self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, *, variance: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Hazard that each customer is exposed to from tenure `since` to `until`, and its variance.

        Parameters
        ----------
        since (n,), until (n, K)
            Tenures; beyond the data hazards are extrapolated (`Baseline`). From minus infinity on (`at_risk.begins`)
            who leaves at time 0 counts as well, from 0 on not: who has lasted 0 has not left then.
        frame
            `customer_id` and the covariates, without missing numbers.
        variance
            Whether the variance is wanted.

        Returns
        -------
        ndarray (n, K), ndarray (n, K)
            `exp(x b) (H(until) - H(since))`; variance of Andersen and Gill (1982) with Breslow's form of the second
            term, `exp(2 x b) (A + q' V q)` with `q = x (H(until) - H(since)) - Q`, NaN where it was not asked for.
        """
        total, variances = np.zeros(until.shape), np.full(until.shape, 0.0 if variance else np.nan)
        pulls = np.zeros((*until.shape, len(self.covariance) if variance else 0))
        baseline = self.baseline_sums
        for each in self.episodes(frame):
            first = np.clip(since, each.start, each.end)
            with np.errstate(over="ignore"):
                ratio = np.exp(each.log_hazard)
            before = baseline.hazard_at(first)
            means_before = baseline.means_at(first)
            for place in range(until.shape[1]):
                last = np.clip(until[:, place], each.start, each.end)
                hazard = baseline.hazard_at(last) - before
                total[:, place] += ratio * hazard
                if variance:
                    pull = each.columns * hazard[:, None] - (baseline.means_at(last) - means_before)
                    pulls[:, place] += ratio[:, None] * pull
                    variances[:, place] += ratio**2 * baseline.variance_between(first, last)
        if variance:
            variances += np.einsum("nkp,pq,nkq->nk", pulls, self.covariance, pulls, optimize=True)
        return total, variances

    def variance_of_sum(self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, weights: np.ndarray) -> float:
        """Variance of the weighted sum of the hazards that customers are exposed to from `since` to `until`, all (n,).

        Customers share coefficients and baseline, so their errors do not cancel.

        Parameters
        ----------
        frame, since, until
            As in `cumulative_hazard`, with one `until` for each.
        weights
            How much each counts.
        """
        baseline = self.baseline_sums
        pull, variances = np.zeros(len(self.covariance)), 0.0
        for each in self.episodes(frame):
            first, last = np.clip(since, each.start, each.end), np.clip(until, each.start, each.end)
            with np.errstate(over="ignore"):
                share = weights * np.exp(each.log_hazard)
            hazard = baseline.hazard_at(last) - baseline.hazard_at(first)
            means = baseline.means_at(last) - baseline.means_at(first)
            pull += share @ (each.columns * hazard[:, None] - means)
            exposed = baseline.exposure(first, last, share)
            variances += float((exposed**2 * np.diff(baseline.variance, prepend=0.0)).sum())
        return variances + float(pull @ self.covariance @ pull)

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
        """Share still there at a time of each customer's own (n,).

        Parameters
        ----------
        frame
            `customer_id` and the covariates, without missing numbers.
        times
            Tenures, in the unit of the durations.
        """
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

        Parameters
        ----------
        frame
            `customer_id` and the covariates, n rows, without missing numbers.
        tenure
            (n,): how long each has lasted, in the unit of the durations.
        horizons
            From now, in the same unit.
        confidence
            Level of the intervals.

        Returns
        -------
        DataFrame
            `customer_id`, `horizon`, `survival`, `lower`, `upper` (interval of the probability, on the log-log scale;
            where nobody left in such an episode of life by the rule of three, Hanley and Lippman-Hand 1983),
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
            # Where nobody left: the rule of three, of a standard error that is that of one leaver.
            most = np.where(hazard > 0, hazard * np.exp(half), -np.log((1 - confidence) / 2) * np.sqrt(variance))
            for target, value in ((survival, hazard), (lower, most), (upper, hazard * np.exp(-half))):
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

        Parameters
        ----------
        frame, tenure, confidence
            As in `conditional_survival`.
        within
            Time that counts, from now, in the unit of the durations.
        steps
            Of the integral.

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
    """Consecutive slices of at most `size` rows.

    Parameters
    ----------
    count
        How many rows there are.
    size
        Rows that are in memory at once.
    """
    return (slice(start, start + size) for start in range(0, count, size))
