"""What each feature adds to a customer's log-odds of leaving, against the active customers, in every refit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from workbench.models.attrition.model.baselines import Baseline, BaseRate, Logistic, SingleFeature
from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.model.fitting import CORES, REFITS, BoostedModel
from workbench.models.attrition.trees.ensemble import read_ensemble
from workbench.models.attrition.trees.interactions import shapley_interactions
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
        """By refit: values (N, F) of calibrated log-odds, and the log-odds of nobody in particular.

        Parameters
        ----------
        features
            One row a customer to explain.
        """
        ...

    def risk(self, log_odds: np.ndarray) -> np.ndarray:
        """Probabilities of these log-odds.

        Parameters
        ----------
        log_odds
            Log-odds (N,).
        """
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
        """One pair a refit.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        rows, calibration = self.model.encoding.rows(features), self.model.calibration
        for table in self.tables:
            scaled = table.scaled(calibration.slope)
            yield scaled.values(rows, threads=CORES), calibration.level + scaled.base

    def risk(self, log_odds: np.ndarray) -> np.ndarray:
        """Probabilities of calibrated log-odds, bent where the calibration is.

        Parameters
        ----------
        log_odds
            Log-odds (N,).
        """
        return self.model.calibration.risk(log_odds)

    def interactions(self, features: pd.DataFrame, background: pd.DataFrame) -> Iterator[np.ndarray]:
        """By refit: mean size (F, F) of what two features add together beyond what each adds alone, in log-odds.

        Parameters
        ----------
        features
            Customers over whom the mean is taken.
        background
            Customers whose values a feature takes when it is left out.
        """
        rows, others = self.model.encoding.rows(features), self.model.encoding.rows(background)
        for booster in self.model.boosters:
            found = shapley_interactions(read_ensemble(booster), others, rows)
            yield np.abs(self.model.calibration.slope * found).mean(0)


@dataclass(frozen=True, eq=False)
class AdditiveExplainer:
    """Shapley values of a forecast in which features add up: each one's part less its mean in the background.

    Refits on resampled customers, where there are any, are moved so that their mean is the forecast: they tell what is
    shared. Without them there is one fit, and nothing is said of that.
    """

    forecast: Logistic | SingleFeature | BaseRate
    background: pd.DataFrame
    refits: tuple[Logistic, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """In the order of the background."""
        return tuple(str(name) for name in self.background.columns)

    def values(self, features: pd.DataFrame) -> Iterator[tuple[np.ndarray, float]]:
        """One pair a refit; one where there are none.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        values = self._values(self.forecast, features)
        margin = logit(self.forecast.probability(features[:1]))[0] if len(features) else 0.0
        base = float(margin - values[:1].sum())
        drawn = [self._values(each, features) for each in self.refits]
        moved = values - np.mean(drawn, axis=0) if drawn else None
        if moved is None:
            yield values, base
        else:
            yield from ((each + moved, base) for each in drawn)

    def risk(self, log_odds: np.ndarray) -> np.ndarray:
        """Probabilities of these log-odds.

        Parameters
        ----------
        log_odds
            Log-odds (N,).
        """
        return expit(log_odds)

    def _values(self, forecast: Logistic | SingleFeature | BaseRate, features: pd.DataFrame) -> np.ndarray:
        return self._parts(forecast, features) - self._parts(forecast, self.background).mean(0)

    def _parts(self, forecast: Logistic | SingleFeature | BaseRate, features: pd.DataFrame) -> np.ndarray:
        found = np.zeros((len(features), len(self.features)))
        if isinstance(forecast, Logistic):
            found[:] = forecast.parts(features)
        elif isinstance(forecast, SingleFeature):
            found[:, self.features.index(forecast.column)] = logit(forecast.probability(features))
        return found


def explainer_of(
    forecast: BoostedModel | Baseline,
    background: pd.DataFrame,
    *,
    random_seed: int,
    learned: Customers | None = None,
) -> Explainer | None:
    """What explains a forecast against active customers; None where it is of a kind that has no explanation here.

    Parameters
    ----------
    forecast
        That is used.
    background
        Active customers: of many, `BACKGROUND` are drawn.
    random_seed
        Fixes which, and refits.
    learned
        What the forecast was fitted to; with it logistic regression is refitted on resampled customers, as boosted
        trees are.
    """
    if len(background) > BACKGROUND:
        background = background.sample(BACKGROUND, random_state=random_seed)
    background = background.reset_index(drop=True)
    if isinstance(forecast, BoostedModel):
        return BoostedExplainer.against(forecast, background)
    if isinstance(forecast, Logistic | SingleFeature | BaseRate):
        again = isinstance(forecast, Logistic)
        refits = _refits(learned, random_seed) if again and learned is not None else ()
        return AdditiveExplainer(forecast, background, refits)
    return None


def _refits(learned: Customers, random_seed: int) -> tuple[Logistic, ...]:
    """Logistic regressions of resampled customers."""
    codes, known = pd.factorize(learned.ids)
    random = np.random.default_rng(random_seed)
    found = []
    for _ in range(REFITS):
        times = np.bincount(random.integers(0, len(known), len(known)), minlength=len(known))[codes]
        some = learned.part(times > 0)
        found.append(Logistic().fit(some.features, some.left, some.weights * times[times > 0]))
    return tuple(found)


def probability_points(values: np.ndarray, base: float, risk: Callable[[np.ndarray], np.ndarray] = expit) -> np.ndarray:
    """Values of log-odds as points of probability, which add up to how far the risk lies from the usual one.

    Parameters
    ----------
    values : (N, F)
        Of log-odds.
    base
        Log-odds of nobody in particular.
    risk
        Makes probabilities of log-odds.

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
    near = np.abs(away) < TINY
    away = np.where(near, TINY, away)
    slope = (risk(base + away) - risk(np.full(len(away), base))) / away
    return values * slope[:, None]
