"""A model whose predictions are recalibrated on customers that an earlier fit of it had not seen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.recalibration import HeldOut, Recalibration, as_pairs
from workbench.models.survival.cox.predictions import Predictions, chunks
from workbench.models.survival.lifetimes.table import weights_of
from workbench.statistics.at_risk import begins, observed_for
from workbench.statistics.horizons import clean_horizons

FOLDS = 5
"""Of customers predicted by models that have not seen them (Hastie, Tibshirani and Friedman 2009, 7.10)."""


@dataclass(frozen=True, eq=False)
class Recalibrated(Predictions):
    """Predictions of a model, each customer's hazard multiplied by a factor of their own.

    The same factor at all times and for all reasons, so that survival stays monotone and within [0, 1], and incidences
    still sum to 1 with it.

    Attributes
    ----------
    model
        Any model of `predictions`.
    recalibration
        Anchored to it (`Recalibration.anchored`); its uncertainty enters the intervals.
    """

    model: Predictions
    recalibration: Recalibration

    @property
    def last_time(self) -> float:
        """End of observation."""
        return self.model.last_time

    @property
    def time_unit(self) -> str:
        """What times are counted in."""
        return self.model.time_unit

    def log_relative_hazard(self, frame: pd.DataFrame, tenure: np.ndarray) -> np.ndarray:
        """As in `Predictions`, recalibrated.

        Parameters
        ----------
        frame, tenure
            As in `Predictions`.
        """
        relative = self.model.log_relative_hazard(frame, tenure)
        return relative + self.recalibration.log_factor(finite(relative))

    @property
    def taken_as_given(self) -> bool:
        """As in `Predictions`."""
        return self.model.taken_as_given

    @property
    def step(self) -> float:
        """In which times were recorded; 0 where they are exact."""
        return self.model.step

    def cumulative_hazard(
        self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, *, variance: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As in `Predictions`; what is uncertain about the factor is independent of the fit.

        Parameters
        ----------
        frame, since, until, variance
            As in `Predictions`.
        """
        hazard, variances = self.model.cumulative_hazard(frame, since, until, variance=variance)
        factor, directions = self._factor(frame, np.maximum(since, 0.0))
        hazard = hazard * factor[:, None]
        if not variance:
            return hazard, variances
        own = np.einsum("np,pq,nq->n", directions, self.covariance, directions)
        return hazard, variances * factor[:, None] ** 2 + hazard**2 * own[:, None]

    def variance_of_sum(self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, weights: np.ndarray) -> float:
        """As in `Predictions`.

        Parameters
        ----------
        frame, since, until, weights
            As in `Predictions`.
        """
        factor, directions = self._factor(frame, since)
        hazard = self.model.cumulative_hazard(frame, since, np.asarray(until)[:, None])[0][:, 0] * factor
        pull = (weights * hazard) @ directions
        return self.model.variance_of_sum(frame, since, until, weights * factor) + float(pull @ self.covariance @ pull)

    @property
    def covariance(self) -> np.ndarray:
        """Of level and slope, (2, 2)."""
        return np.array(self.recalibration.covariance)

    def _factor(self, frame: pd.DataFrame, tenure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Factor (n,) and how its log depends on level and slope, (n, 2)."""
        relative = finite(self.model.log_relative_hazard(frame, tenure))
        directions = np.column_stack([np.ones(len(relative)), relative - self.recalibration.centre])
        return np.exp(self.recalibration.log_factor(relative)), directions


def recalibrated(
    model: Predictions, recalibration: Recalibration, held_out: HeldOut, rows: pd.DataFrame
) -> Predictions:
    """A model with a recalibration that an earlier fit was found to need; the model itself where it needs none.

    Parameters
    ----------
    held_out, rows
        What the earlier fit predicted, and the customers (`entry`: tenure when the forecast begins; `duration`), in the
        same order: their expected number of leavers after recalibration is what this fit is brought to.
    model
        Fitted to all that is known.
    recalibration
        That the earlier fit was found to need.
    """
    if recalibration.leaves_all:
        return model
    again = held_out_of(model, rows, ())
    total = float((held_out.hazard * np.exp(recalibration.log_factor(held_out.relative))).sum())
    return Recalibrated(model, recalibration.anchored(again.relative, again.hazard, total))


def at_level(model: Predictions, ratio: float, variance: float) -> Recalibrated:
    """A model of which all hazards are multiplied by one factor more.

    Parameters
    ----------
    ratio, variance
        The factor, and the variance of its log.
    model
        Recalibrated already, or not.
    """
    inner, known = (model.model, model.recalibration) if isinstance(model, Recalibrated) else (model, Recalibration())
    covariance = np.array(known.covariance)
    covariance[0, 0] += variance
    moved = replace(known, level=known.level + float(np.log(ratio)), covariance=as_pairs(covariance))
    return Recalibrated(inner, moved)


def held_out_of(model: Predictions, rows: pd.DataFrame, horizons: Iterable[float]) -> HeldOut:
    """What a model says of customers from their `entry` on, beside what became of them.

    Parameters
    ----------
    rows
        `customer_id`, `entry` (0 where it is not there), `duration`, `event`, covariates; usable by the model.
    horizons
        Times from the entry.
    model
        Fitted without these customers, or without this time.
    """
    entry = rows["entry"].to_numpy(dtype=float) if "entry" in rows.columns else np.zeros(len(rows))
    duration = rows["duration"].to_numpy(dtype=float)
    horizons = clean_horizons(horizons) if horizons else ()
    left = rows["event"].to_numpy().astype(bool)
    hazards, relative, jumps = [], [], []
    for part in chunks(len(rows)):
        frame, since = rows.iloc[part], begins(entry[part])
        until = np.column_stack([duration[part], entry[part][:, None] + np.array(horizons).reshape(1, -1)])
        hazards.append(model.cumulative_hazard(frame, since, until)[0])
        relative.append(finite(model.log_relative_hazard(frame, entry[part])))
        jump = np.zeros(len(frame))
        gone = left[part]
        if gone.any():  # by what was known when the forecast began, like all the rest
            ends = duration[part][gone]
            earlier = np.maximum(ends - model.step if model.step else np.nextafter(ends, -np.inf), entry[part][gone])
            earlier[ends <= 0] = -np.inf
            before = model.cumulative_hazard(frame[gone], since[gone], earlier[:, None])[0][:, 0]
            jump[gone] = hazards[-1][gone, 0] - before
        jumps.append(jump)
    hazard = np.concatenate(hazards) if hazards else np.zeros((0, 1 + len(horizons)))
    return HeldOut(
        durations=observed_for(duration, entry),
        events=left,
        hazard=hazard[:, 0],
        relative=np.concatenate(relative) if relative else np.zeros(0),
        horizons=horizons,
        at=hazard[:, 1:],
        jump=np.concatenate(jumps) if jumps else np.zeros(0),
        stands=weights_of(rows),
    )


def out_of_fold(
    fit: Callable[[pd.DataFrame], Predictions],
    rows: pd.DataFrame,
    horizons: Iterable[float],
    *,
    random_seed: int,
    folds: int = FOLDS,
    parts: int | None = None,
) -> tuple[HeldOut, pd.DataFrame] | None:
    """What models fitted without them say of customers; None where no fit worked.

    Parameters
    ----------
    fit, rows
        As in `workbench.evaluation.validation.cross_validate`.
    folds, parts
        Parts that customers are assigned to, and how many of them are predicted; all where it is None.
    horizons
        Times from the entry.
    random_seed
        Of the draw that assigns customers to parts.

    Returns
    -------
    HeldOut, DataFrame
        And the customers in its order.
    """
    random = np.random.default_rng(random_seed)
    events = rows["event"].to_numpy().astype(bool)
    fold = np.empty(len(rows), dtype=int)
    for kind in (True, False):
        dealt = random.permutation(np.flatnonzero(events == kind))
        fold[dealt] = np.arange(len(dealt)) % folds
    parts_held_out = []
    for place in range(folds if parts is None else parts):
        try:
            model = fit(rows[fold != place])
        except DataError:  # `cross_validate` counts such fits
            continue
        there = rows[fold == place]
        parts_held_out.append((held_out_of(model, there, horizons), there))
    if not parts_held_out:
        return None
    first = parts_held_out[0][0]
    joined = {
        name: np.concatenate([getattr(each, name) for each, _ in parts_held_out])
        for name in ("durations", "events", "hazard", "relative", "at", "jump")
    }
    there = pd.concat([there for _, there in parts_held_out])
    return HeldOut(horizons=first.horizons, stands=weights_of(there), **joined), there


def finite(relative: np.ndarray) -> np.ndarray:
    """Log relative hazards with 0 for those who are said never to leave: whatever their factor, it stays so.

    Parameters
    ----------
    relative
        (n,): may be minus infinity.
    """
    return np.where(np.isfinite(relative), relative, 0.0)
