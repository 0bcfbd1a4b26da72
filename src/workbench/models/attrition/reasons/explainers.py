"""What each feature adds to a customer's log-odds of leaving, against the active customers, in every refit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from workbench.models.attrition.model.baselines import Baseline, BaseRate, Logistic, SingleFeature
from workbench.models.attrition.model.fitting import CORES, BoostedModel
from workbench.models.attrition.trees.ensemble import read_ensemble
from workbench.models.attrition.trees.shapley import TreeShapley

BACKGROUND = 10_000
"""Customers that a feature's usual values are taken from; more cost hardly anything and change nothing."""
TINY = 1e-6
"""Log-odds this near the usual ones get the slope of the curve there instead of a quotient of two zeros."""


class Explainer(Protocol):
    """Shapley values of a forecast."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        ...

    def values(self, features: pd.DataFrame) -> Iterator[tuple[np.ndarray, float]]:
        """By refit: values (N, F) of calibrated log-odds, and the log-odds of nobody in particular."""
        ...


@dataclass(frozen=True, eq=False)
class BoostedExplainer:
    """Exact interventional Shapley values of every refit of a boosted model.

    Calibration multiplies log-odds and adds to them, so the values of calibrated log-odds are multiples and still add
    up.
    """

    model: BoostedModel
    tables: tuple[TreeShapley, ...]

    @classmethod
    def against(cls, model: BoostedModel, background: pd.DataFrame) -> "BoostedExplainer":
        """Tabulate against active customers.

        Parameters
        ----------
        model
            The model.
        background
            Customers whose values a feature takes when it is left out; at least 10,000 where there are so many.
        """
        rows = model.encoding.rows(background)
        return cls(model, tuple(TreeShapley.interventional(read_ensemble(each), rows) for each in model.boosters))

    @property
    def features(self) -> tuple[str, ...]:
        """In the order of the model."""
        return tuple(self.model.encoding.levels)

    def values(self, features: pd.DataFrame) -> Iterator[tuple[np.ndarray, float]]:
        """One pair a refit."""
        rows, calibration = self.model.encoding.rows(features), self.model.calibration
        for table in self.tables:
            scaled = table.scaled(calibration.slope)
            yield scaled.values(rows, threads=CORES), calibration.level + scaled.base


@dataclass(frozen=True, eq=False)
class AdditiveExplainer:
    """Shapley values of a forecast in which features add up: each one's part less its mean in the background.

    There is one fit only, so nothing is said of what refits share.
    """

    forecast: Logistic | SingleFeature | BaseRate
    background: pd.DataFrame

    @property
    def features(self) -> tuple[str, ...]:
        """In the order of the background."""
        return tuple(str(name) for name in self.background.columns)

    def values(self, features: pd.DataFrame) -> Iterator[tuple[np.ndarray, float]]:
        """One pair."""
        parts, usual = self._parts(features), self._parts(self.background).mean(0)
        margin = logit(self.forecast.probability(features[:1]))[0] if len(features) else 0.0
        base = margin - (parts[:1] - usual).sum()
        yield parts - usual, float(base)

    def _parts(self, features: pd.DataFrame) -> np.ndarray:
        found = np.zeros((len(features), len(self.features)))
        if isinstance(self.forecast, Logistic):
            found[:] = self.forecast.parts(features)
        elif isinstance(self.forecast, SingleFeature):
            found[:, self.features.index(self.forecast.column)] = logit(self.forecast.probability(features))
        return found


def explainer_of(forecast: BoostedModel | Baseline, background: pd.DataFrame, *, random_seed: int) -> Explainer | None:
    """What explains a forecast against active customers; None where it is of a kind that has no explanation here.

    Parameters
    ----------
    forecast
        That is used.
    background
        Active customers: of many, `BACKGROUND` are drawn.
    random_seed
        Fixes which.
    """
    if len(background) > BACKGROUND:
        background = background.sample(BACKGROUND, random_state=random_seed)
    background = background.reset_index(drop=True)
    if isinstance(forecast, BoostedModel):
        return BoostedExplainer.against(forecast, background)
    if isinstance(forecast, Logistic | SingleFeature | BaseRate):
        return AdditiveExplainer(forecast, background)
    return None


def probability_points(values: np.ndarray, base: float) -> np.ndarray:
    """Values of log-odds as points of probability, which add up to how far the risk lies from the usual one.

    Parameters
    ----------
    values : (N, F)
        Of log-odds.
    base
        Log-odds of nobody in particular.

    Returns
    -------
    ndarray (N, F)
        φ × (p - p₀) / (m - m₀), with m = base + Σφ and p its probability.

    Examples
    --------
    >>> probability_points(np.array([[1.0, 1.0]]), -2.0).round(3).tolist()
    [[0.19, 0.19]]
    """
    away = values.sum(1)
    usual = expit(base)
    near = np.abs(away) < TINY
    slope = np.where(near, usual * (1 - usual), (expit(base + away) - usual) / np.where(near, 1, away))
    return values * slope[:, None]
