"""Scores of one forecast of a yes/no outcome; every one of them with weights, so that rows can be resampled.

Rows with equal probabilities are taken in no order: where a capacity ends among them, each counts in part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import expit

from workbench.errors import DataError
from workbench.statistics.newton import Place, maximise
from workbench.statistics.regression import fit_regression
from workbench.wording import number, sentence

BINS = 10
"""Quantiles of the forecast over which the calibration error is taken."""
CERTAIN = 1e-9
"""Probabilities are kept this far from 0 and 1 where their logarithm is taken."""
HALF = 0.5  # the cut-off of "accuracy" wherever it is told
LONGEST_STEP = 2.0
"""Of a level on the log-odds scale: Newton's first steps from rare outcomes are too long."""

MEASURES = (
    "roc_auc",
    "average_precision",
    "brier",
    "log_loss",
    "calibration_slope",
    "calibration_intercept",
    "ece",
    "accuracy",
    "precision_at_capacity",
    "caught_at_capacity",
    "lift_at_capacity",
)
"""What `Forecast.scores` has, in this order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Probabilities of rows that the model has not seen, and what became of them.

    Attributes
    ----------
    labels : (N,) bool
        Whether it happened.
    probabilities : (N,)
        What was forecast, from 0 to 1.
    """

    labels: np.ndarray
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        probabilities, labels = np.asarray(self.probabilities, dtype=float), np.asarray(self.labels, dtype=bool)
        object.__setattr__(self, "probabilities", probabilities)
        object.__setattr__(self, "labels", labels)
        wrong = int((~((probabilities >= 0) & (probabilities <= 1))).sum())
        if wrong or labels.shape != probabilities.shape:
            raise DataError(
                sentence(
                    "Got {labels} labels and {rows} probabilities, {wrong} of them missing or outside 0 and 1; "
                    "expected one probability for each label.",
                    labels=number(len(labels)),
                    rows=number(len(probabilities)),
                    wrong=number(wrong),
                )
            )

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(-self.probabilities, kind="stable")

    @cached_property
    def _ties(self) -> np.ndarray:
        """Where each run of equal probabilities begins, the highest first."""
        return np.flatnonzero(np.diff(self.probabilities[self._order], prepend=np.inf))

    @cached_property
    def _logit(self) -> np.ndarray:
        p = np.clip(self.probabilities, CERTAIN, 1 - CERTAIN)
        return np.log(p) - np.log1p(-p)

    @cached_property
    def _line(self) -> np.ndarray | None:
        """Level and slope of all rows, from which those of resampled rows are a step away; None without a maximum."""
        rows = np.ones(len(self.labels))
        if not (np.ptp(self._logit) > 0 and 0 < self.labels.sum() < len(rows)):
            return None
        line = np.array(logistic_line(self._logit, self.labels, rows))
        return line if np.isfinite(line).all() else None

    @cached_property
    def _level(self) -> float:
        """The intercept of all rows; 0 without a maximum."""
        level = _intercept(self._logit, self.labels, np.ones(len(self.labels)), 0.0)
        return level if np.isfinite(level) else 0.0

    @cached_property
    def _bins(self) -> np.ndarray:
        edges = np.quantile(self.probabilities, np.linspace(0, 1, BINS + 1)[1:-1])
        return np.searchsorted(np.unique(edges), self.probabilities, side="left")

    def scores(self, weights: np.ndarray | None = None, *, capacity: float | None = None) -> dict[str, float]:
        """All `MEASURES`.

        Parameters
        ----------
        weights : (N,)
            How often each row counts; once where it is None.
        capacity
            How many rows can be acted on, as a number of rows of this table (weights included); without it the
            measures at a capacity are NaN.

        Returns
        -------
        dict
            By name. `roc_auc`, `average_precision` as scikit-learn has them; `brier`, `log_loss`: means, smaller is
            better; `calibration_slope` (below 1: too extreme) and `calibration_intercept` (log-odds by which forecasts
            are too low, the slope held at 1); `ece`: mean distance between forecast and share over ten quantiles, which
            even a perfect forecast does not bring to 0 in a sample; `accuracy`: the share called rightly where a
            probability of a half counts as yes, which says nothing without the share of the more frequent outcome; of
            the `capacity` rows with the highest
            probabilities: `precision_at_capacity`, the share of those to whom it happens that is `caught_at_capacity`,
            and `lift_at_capacity`. NaN where it cannot be said (one outcome only).

        Examples
        --------
        >>> found = Forecast(labels=[0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8]).scores(capacity=1)
        >>> found["roc_auc"], round(found["average_precision"], 4), found["lift_at_capacity"]
        (0.75, 0.8333, 2.0)
        """
        w = np.ones(len(self.labels)) if weights is None else np.asarray(weights, dtype=float)
        yes, total = self._runs(w)
        return {
            **_ranking(yes, total),
            "brier": float(np.average((self.probabilities - self.labels) ** 2, weights=w)),
            "log_loss": float(np.average(np.logaddexp(0, np.where(self.labels, -1, 1) * self._logit), weights=w)),
            "calibration_slope": _slope(self._logit, self.labels, w, self._line),
            "calibration_intercept": _intercept(self._logit, self.labels, w, self._level),
            "ece": self._ece(w),
            "accuracy": float(np.average((self.probabilities >= HALF) == self.labels, weights=w)),
            **_at_capacity(yes, total, capacity),
        }

    def roc_auc(self, weights: np.ndarray | None = None) -> float:
        """That one of the scores alone, which is quick.

        Parameters
        ----------
        weights : (N,)
            How often each row counts; once where it is None.
        """
        return _ranking(*self._runs(np.ones(len(self.labels)) if weights is None else weights))["roc_auc"]

    def _runs(self, weights: np.ndarray) -> np.ndarray:
        """Weight of cases and of all (2, runs) in runs of equal probability, the highest first."""
        both = np.array([weights * self.labels, weights])[:, self._order]
        return np.add.reduceat(both, self._ties, axis=1)

    def _ece(self, weights: np.ndarray) -> float:
        gaps = np.bincount(self._bins, weights * (self.probabilities - self.labels), minlength=1)
        return float(np.abs(gaps).sum() / weights.sum())

    def reliability(self) -> pd.DataFrame:
        """By quantile of the forecast: `forecast` (mean), `share` (of rows to which it happened) and `rows`."""
        frame = pd.DataFrame({"bin": self._bins, "forecast": self.probabilities, "share": self.labels.astype(float)})
        found = frame.groupby("bin").agg(forecast=("forecast", "mean"), share=("share", "mean"), rows=("share", "size"))
        return found.reset_index(drop=True)

    def caught(self) -> pd.DataFrame:
        """Share of cases caught (`caught`) by share of rows acted on (`acted_on`), highest probabilities first."""
        rows = np.ones(len(self.labels))
        yes, total = self._runs(rows)
        acted_on = np.concatenate([[0], np.cumsum(total)]) / max(total.sum(), 1)
        return pd.DataFrame({"acted_on": acted_on, "caught": np.concatenate([[0], np.cumsum(yes)]) / max(yes.sum(), 1)})


def _ranking(yes: np.ndarray, total: np.ndarray) -> Mapping[str, float]:
    """From the weight of cases and of all in runs of equal probability, the highest first."""
    no = total - yes
    if not (yes.sum() > 0 and no.sum() > 0):
        return {"roc_auc": np.nan, "average_precision": np.nan}
    below = no.sum() - np.cumsum(no)
    reached, acted_on = np.cumsum(yes), np.cumsum(total)
    precision = np.divide(reached, acted_on, out=np.zeros_like(reached), where=acted_on > 0)
    return {
        "roc_auc": float(yes @ (below + no / 2) / (yes.sum() * no.sum())),
        "average_precision": float(yes @ precision / yes.sum()),
    }


def _at_capacity(yes: np.ndarray, total: np.ndarray, capacity: float | None) -> Mapping[str, float]:
    names = MEASURES[-3:]
    cases, rows = yes.sum(), total.sum()
    if capacity is None or capacity <= 0 or not cases:
        return dict.fromkeys(names, np.nan)
    before = np.cumsum(total) - total
    part = np.clip(np.divide(capacity - before, total, out=np.zeros_like(total), where=total > 0), 0, 1)
    reached, acted_on = float(yes @ part), min(capacity, rows)
    precision = float(reached / acted_on)
    return dict(zip(names, (precision, float(reached / cases), float(precision * rows / cases)), strict=True))


def _slope(logit: np.ndarray, labels: np.ndarray, weights: np.ndarray, start: np.ndarray | None) -> float:
    """Of a logistic regression of the labels on the forecast log-odds."""
    if not np.ptp(logit) > 0 or not 0 < weights @ labels < weights.sum():
        return np.nan
    return logistic_line(logit, labels, weights, start)[1]


def _intercept(logit: np.ndarray, labels: np.ndarray, weights: np.ndarray, start: float) -> float:
    if not 0 < weights @ labels < weights.sum():
        return np.nan

    def at(level: np.ndarray) -> Place:
        linear = logit + level[0]
        p = expit(linear)
        height = weights @ (labels * linear - np.logaddexp(0, linear))
        return Place(float(height), np.array([weights @ (labels - p)]), np.array([[weights @ (p * (1 - p))]]))

    found = maximise(at, np.array([start]), largest_step=LONGEST_STEP)
    return float(found.estimate[0]) if found.converged else np.nan


def logistic_line(
    logit: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, start: np.ndarray | None = None
) -> tuple[float, float]:
    """Level and slope of labels on log-odds, by maximum likelihood.

    Parameters
    ----------
    logit : (N,)
        Log-odds, not all equal.
    labels : (N,) bool
        Whether it happened; both must occur.
    weights : (N,)
        How often each row counts.
    start : (2,)
        Level and slope from which to begin.

    Returns
    -------
    tuple of float
        Level and slope; NaN where the log-odds separate the labels, so that there is no maximum.
    """
    design = np.column_stack([np.ones(len(logit)), logit])
    found = fit_regression(design, labels, family="logistic", weights=weights, start=start)
    if not found.converged:
        return np.nan, np.nan
    return float(found.estimate[0]), float(found.estimate[1])
