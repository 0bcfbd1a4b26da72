"""Landmark models: Cox's model of what was last known, renewed every quarter of a life, predictions from today's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.models.survival.cox.cause_specific import CauseSpecific, fit_cause_specific
from workbench.models.survival.cox.design import build_design
from workbench.models.survival.cox.model import CoxModel, fit_cox
from workbench.models.survival.cox.predictions import Predictions
from workbench.models.survival.forecast.boosted_hazard import DiscreteHazard, fit_discrete_hazard
from workbench.models.survival.lifetimes.covariate_histories import COUNTED, HISTORY_LABELS, SINCE
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.models.survival.lifetimes.timelines import Timeline

WINDOW = 3.0
"""Months for which covariates are left as they were when each window began."""
SCORE = "score_of_trees"
TREES, DEPTH, PARTS = 100, 3, 3
"""Shallow and few: a quarter has little to learn from (Friedman 2001); parts as in `Wolpert` (1992) stacking."""
LONG_AGO = 12.0
"""Months beyond which it makes no difference how long ago something was."""
HARDLY = 0.01
"""Whether somebody ever said something is no covariate where nearly all did, or nearly nobody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LandmarkCovariates:
    """What was known about customers over time, as covariates of a moment.

    Attributes
    ----------
    histories
        Those of `histories.covariate_histories`, sorted.
    fill_values
        What stands for a value that nobody knows yet: 0 for counts, else the mean of those known in the training.
    indicators
        Names of which it is a covariate of its own whether anything is known (`<name>_known`).
    trees
        Boosted trees whose log odds of leaving within a window are the covariate `SCORE`; none where it is None.
    """

    histories: Mapping[str, Timeline]
    fill_values: Mapping[str, float]
    indicators: tuple[str, ...]
    trees: DiscreteHazard | None = None

    @property
    def known(self) -> list[str]:
        """Columns that `attach` adds, without the score."""
        return [*self.histories, *(f"{name}_known" for name in self.indicators)]

    @property
    def covariates(self) -> list[str]:
        """Columns that `attach` adds."""
        return [*self.known, *([SCORE] if self.trees else [])]

    def attach(self, frame: pd.DataFrame, tenure: np.ndarray) -> pd.DataFrame:
        """Customers with what was known of them just before a tenure (n,); columns that are there already stay.

        Parameters
        ----------
        frame
            `customer_id` and what stays the same, n rows.
        tenure
            In months.
        """
        tenure = np.asarray(tenure, dtype=float)
        rows = frame[["customer_id"]].assign(tenure=tenure).reset_index(drop=True)
        columns = {}
        for name, history in self.histories.items():
            if name in frame.columns:
                continue
            values = _values(rows, history, name)
            if name in self.indicators:
                columns[f"{name}_known"] = np.isfinite(values).astype(float)
            columns[name] = np.where(np.isfinite(values), values, self.fill_values[name])
        frame = frame.assign(**columns)
        if self.trees and SCORE not in frame.columns:
            frame = frame.assign(**{SCORE: log_odds(self.trees.hazard(frame.assign(tenure=tenure)))})
        return frame


def landmark_windows(lifetimes: pd.DataFrame, covariates: Iterable[str], *, length: float = WINDOW) -> pd.DataFrame:
    """One row for each customer and window of `length` of their life, as long as they were observed in it.

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `entry`, `reason` where it is known, the covariates.
    covariates
        Columns to keep.
    length
        Of a window, in the unit of the durations.

    Returns
    -------
    DataFrame
        `customer_id` (repeated), `entry` and `duration` (begin and end of the row), `event` and `reason` (at its end),
        the covariates.

    References
    ----------
    van Houwelingen and Putter (2012), chapter 7: landmarks whose windows do not overlap.

    Examples
    --------
    >>> lifetimes = pd.DataFrame({"customer_id": ["a"], "duration": [4.0], "event": [True], "entry": [1.0]})
    >>> landmark_windows(lifetimes, [])[["entry", "duration", "event"]].values.tolist()
    [[1.0, 3.0, False], [3.0, 4.0, True]]
    """
    covariates = list(covariates)
    lifetimes = validate_lifetimes(lifetimes, covariates)
    entry, duration = lifetimes["entry"].to_numpy(), lifetimes["duration"].to_numpy()
    first = np.floor(entry / length + 1e-9).astype(int)
    last = np.maximum(np.ceil(duration / length - 1e-9).astype(int), first + 1)
    count = last - first
    row = np.repeat(np.arange(len(lifetimes)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + first[row]
    kept = [name for name in ("reason",) if name in lifetimes.columns]
    frame = lifetimes[["customer_id", *kept, *covariates]].iloc[row].reset_index(drop=True)
    final = place == last[row] - 1
    made = frame.assign(
        entry=np.maximum(entry[row], place * length),
        duration=np.where(final, duration[row], (place + 1) * length),
        event=lifetimes["event"].to_numpy()[row] & final,
    )
    if not kept:
        return made
    reason = made["reason"].to_numpy(dtype=object, copy=True)
    reason[~made["event"].to_numpy(dtype=bool)] = None
    return made.assign(reason=reason)


def learn_landmark_covariates(rows: pd.DataFrame, histories: Mapping[str, pd.DataFrame]) -> LandmarkCovariates:
    """What stands for values not known, from rows of `landmark_windows`.

    Parameters
    ----------
    rows
        Whose `entry` is when a window begins.
    histories
        By covariate, from `histories.covariate_histories`.
    """
    begun = rows[["customer_id"]].assign(tenure=rows["entry"].to_numpy(dtype=float)).reset_index(drop=True)
    fill_values, indicators = {}, []
    timelines = {name: Timeline(history, name) for name, history in histories.items()}
    for name, history in timelines.items():
        values = _values(begun, history, name)
        known = np.isfinite(values)
        fill_values[name] = 0.0 if name in COUNTED or not known.any() else float(values[known].mean())
        if name not in COUNTED and HARDLY < known.mean() < 1 - HARDLY:
            indicators.append(name)
    return LandmarkCovariates(histories=timelines, fill_values=fill_values, indicators=tuple(indicators))


def _values(rows: pd.DataFrame, history: Timeline, name: str) -> np.ndarray:
    """What was last known at the tenure of each row; of `SINCE` how long ago it was, at most a year."""
    tenure = rows["tenure"].to_numpy()
    values = history.before(rows["customer_id"], tenure)
    return np.minimum(tenure - values, LONG_AGO) if name.startswith(SINCE) else values


@dataclass(frozen=True, eq=False)
class LandmarkCox(Predictions):
    """A model whose covariates are what is known when a forecast begins; they stay so from then on.

    Attributes
    ----------
    model
        Fitted to rows of `landmark_windows`.
    landmark
        What it takes in.
    """

    model: CoxModel
    landmark: LandmarkCovariates

    @property
    def last_time(self) -> float:
        """End of observation."""
        return self.model.last_time

    @property
    def time_unit(self) -> str:
        """What times are counted in."""
        return self.model.time_unit

    @property
    def taken_as_given(self) -> bool:
        """As in `Predictions`."""
        return self.landmark.trees is not None

    @property
    def step(self) -> float:
        """In which times were recorded; 0 where they are exact."""
        return self.model.step

    def log_relative_hazard(self, frame: pd.DataFrame, tenure: np.ndarray) -> np.ndarray:
        """As in `Predictions`, by what was known then.

        Parameters
        ----------
        frame, tenure
            As in `Predictions`; covariates that are known over time may be absent.
        """
        return self.model.log_relative_hazard(self.landmark.attach(frame, tenure), tenure)

    def cumulative_hazard(
        self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, *, variance: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As in `Predictions`, by what was known at `since`.

        Parameters
        ----------
        frame, since, until, variance
            As in `Predictions`; covariates that are known over time may be absent.
        """
        known = self.landmark.attach(frame, np.maximum(since, 0.0))
        return self.model.cumulative_hazard(known, since, until, variance=variance)

    def variance_of_sum(self, frame: pd.DataFrame, since: np.ndarray, until: np.ndarray, weights: np.ndarray) -> float:
        """As in `Predictions`, by what was known at `since`.

        Parameters
        ----------
        frame, since, until, weights
            As in `Predictions`; covariates that are known over time may be absent.
        """
        return self.model.variance_of_sum(self.landmark.attach(frame, since), since, until, weights)


def fit_landmark_cox(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    histories: Mapping[str, pd.DataFrame],
    *,
    confidence: float = 0.9,
    labels: Mapping[str, str] | None = None,
    length: float = WINDOW,
) -> LandmarkCox | None:
    """Cox's model with covariates renewed every quarter of a customer's life; None where none is new, or it fails.

    Parameters
    ----------
    lifetimes
        In months, as they were known on the day on which a forecast begins.
    covariates
        Columns that stay the same.
    histories
        From `histories.covariate_histories`; what became known later than a row begins does not enter.
    length
        Months for which covariates are left as they were when a window began: how far a forecast reaches.
    confidence
        Level of the intervals.
    labels
        By column what it is called for people; its name where it is None.
    """
    prepared = _prepared(lifetimes, covariates, histories, length)
    if prepared is None:
        return None
    rows, landmark = prepared
    if not rows["event"].any():
        return None
    columns, labels = [*covariates, *landmark.covariates], {**HISTORY_LABELS, **(labels or {})}
    design = build_design(rows, rows["event"].to_numpy(), columns, labels=labels)  # given, ratios alone are not fitted
    model = fit_cox(rows, columns, confidence=confidence, time_unit="month", design=design)
    return LandmarkCox(model, landmark) if model.usable else None


def fit_landmark_boosted(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    histories: Mapping[str, pd.DataFrame],
    *,
    random_seed: int,
    confidence: float = 0.9,
    length: float = WINDOW,
) -> LandmarkCox | None:
    """The same with one covariate: what boosted trees make of all that is known when a window begins.

    In the fit each customer is scored by trees that had not seen them (three parts), so that the coefficient of the
    score says how far trees can be trusted: below 1 they are held back, as recalibration does. Predictions take trees
    fitted to everybody. Intervals are given the score: what is uncertain about the trees themselves is not in them.

    Parameters
    ----------
    lifetimes, covariates, histories, confidence, length
        As in `fit_landmark_cox`.
    random_seed
        Of the trees' sampling and of the parts.

    References
    ----------
    Wolpert (1992), stacked generalisation, with a single learner.
    """
    covariates = list(covariates)
    prepared = _prepared(lifetimes, covariates, histories, length)
    if prepared is None or not prepared[0]["event"].any():
        return None
    rows, landmark = prepared
    columns = [*covariates, *landmark.covariates]
    exposure = np.where(rows["event"], 1.0, np.minimum((rows["duration"] - rows["entry"]) / length, 1.0))
    periods = rows.assign(left=rows["event"], tenure=rows["entry"], exposure=exposure)
    customer = np.cumsum(rows["starts"].to_numpy()) - 1
    part = np.random.default_rng(random_seed).integers(0, PARTS, int(customer[-1]) + 1)[customer]
    settings = {"random_seed": random_seed, "trees": TREES, "depth": DEPTH}
    score = np.zeros(len(rows))
    for place in range(PARTS):
        others = periods[part != place]
        if not others["left"].any():
            return None
        trees = fit_discrete_hazard(others, columns, **settings)
        score[part == place] = log_odds(trees.hazard(periods[part == place]))
    landmark = replace(landmark, trees=fit_discrete_hazard(periods, columns, **settings))
    rows = rows.assign(**{SCORE: score})
    design = build_design(rows, rows["event"].to_numpy(), [SCORE])
    model = fit_cox(rows, [SCORE], confidence=confidence, time_unit="month", design=design)
    return LandmarkCox(model, landmark) if model.usable else None


def log_odds(share: np.ndarray) -> np.ndarray:
    """Of probabilities, kept away from 0 and 1.

    Parameters
    ----------
    share
        Of any shape.
    """
    share = np.clip(share, 1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def fit_landmark_cause_specific(
    lifetimes: pd.DataFrame, covariates: Iterable[str], histories: Mapping[str, pd.DataFrame]
) -> CauseSpecific | None:
    """The same for each reason.

    Parameters
    ----------
    lifetimes, covariates, histories
        As in `fit_landmark_cox`, with `reason`.
    """
    prepared = _prepared(lifetimes, covariates, histories)
    if prepared is None:
        return None
    rows, landmark = prepared
    fitted = fit_cause_specific(rows, [*covariates, *landmark.covariates], time_unit="month")
    models = {
        reason: LandmarkCox(model, landmark) for reason, model in fitted.models.items() if isinstance(model, CoxModel)
    }
    return replace(fitted, models=models)


def _prepared(
    lifetimes: pd.DataFrame,
    covariates: Iterable[str],
    histories: Mapping[str, pd.DataFrame],
    length: float = WINDOW,
) -> tuple[pd.DataFrame, LandmarkCovariates] | None:
    if not histories:
        return None
    rows = landmark_windows(lifetimes, covariates, length=length)
    landmark = learn_landmark_covariates(rows, histories)
    rows = landmark.attach(rows, rows["entry"].to_numpy())
    starts = rows["customer_id"].ne(rows["customer_id"].shift())  # rows of a customer follow each other
    return rows.assign(customer_id=np.arange(len(rows)), starts=starts), landmark
