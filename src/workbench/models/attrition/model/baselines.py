"""What a boosted model must beat: the base rate, the best single feature, logistic regression."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from workbench.models.attrition.model.encoding import Encoding, in_chunks
from workbench.statistics.ranking import auc
from workbench.statistics.regression import fit_regression

BINS = 20
"""Quantiles into which a single number is cut; a category has its levels."""


class Baseline(Protocol):
    """A forecast that is fitted to customers and then says probabilities."""

    def fit(self, features: pd.DataFrame, left: np.ndarray, weights: np.ndarray | None = None) -> "Baseline":
        """Learn from rows, who left (N,), and how many customers each row stands for (N,).

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        left
            Who left (N,).
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        ...

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Of leaving (N,).

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        ...


@runtime_checkable
class Recalibrated(Protocol):
    """A forecast whose log-odds can be stretched and shifted."""

    def recalibrate(self, level: float, slope: float) -> None:
        """Log-odds become `level + slope * log-odds`.

        Parameters
        ----------
        level
            Added to the log-odds.
        slope
            By which they are multiplied.
        """
        ...


@dataclass
class BaseRate:
    """The same for all: the share of those who left."""

    rate: float = 0.0

    def fit(self, features: pd.DataFrame, left: np.ndarray, weights: np.ndarray | None = None) -> "BaseRate":
        """Take the share.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        left
            Who left (N,).
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        self.rate = float(np.average(left, weights=weights))
        return self

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """The share, for each row.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        return np.full(len(features), self.rate)


@dataclass
class SingleFeature:
    """The share of leavers by the one column that ranks training customers best: quantiles of a number, or levels."""

    column: str = ""
    levels: tuple[str, ...] | None = None
    edges: np.ndarray = field(default_factory=lambda: np.array([]))
    shares: np.ndarray = field(default_factory=lambda: np.array([]))

    def fit(self, features: pd.DataFrame, left: np.ndarray, weights: np.ndarray | None = None) -> "SingleFeature":
        """Look at each column by itself.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        left
            Who left (N,).
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        weights = np.ones(len(left)) if weights is None else weights
        best = -1.0
        for name in features.columns:
            tried = SingleFeature(column=str(name))
            tried._learn(features[[name]], left, weights)
            found = auc(tried.probability(features), left)
            if found > best:
                best, chosen = found, tried
        self.__dict__.update(chosen.__dict__)
        return self

    def _learn(self, features: pd.DataFrame, left: np.ndarray, weights: np.ndarray) -> None:
        encoding = Encoding.of(features)
        self.levels = encoding.levels[self.column]
        values = encoding.rows(features)[:, 0]
        if self.levels is None:
            known = values[~np.isnan(values)]
            self.edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else known
        cells = self._cells(values)
        size = (len(self.edges) + 1 if self.levels is None else len(self.levels)) + 1
        # One customer of average risk in each cell keeps small ones from certainty.
        gone, all_of_them = np.bincount(cells, left * weights, size), np.bincount(cells, weights, size)
        self.shares = (gone + np.average(left, weights=weights)) / (all_of_them + 1)

    def _cells(self, values: np.ndarray) -> np.ndarray:
        """Cell of each value; 0 is for missing ones."""
        inside = np.searchsorted(self.edges, values, side="left") if self.levels is None else np.nan_to_num(values)
        return np.where(np.isnan(values), 0, inside + 1).astype(int)

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """The share of leavers in the cell of each row's value.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        values = Encoding(levels={self.column: self.levels}).rows(features)[:, 0]
        return self.shares[self._cells(values)]

    def recalibrate(self, level: float, slope: float) -> None:
        """Log-odds of each cell become `level + slope * log-odds`.

        Parameters
        ----------
        level
            Added to the log-odds.
        slope
            By which they are multiplied.
        """
        self.shares = expit(level + slope * logit(self.shares))


@dataclass
class Logistic:
    """Logistic regression with a ridge penalty of 1 on standardised columns, categories as indicators.

    Missing numbers take the median and an indicator of their own.
    """

    encoding: Encoding | None = None
    medians: np.ndarray = field(default_factory=lambda: np.array([]))
    gaps: np.ndarray = field(default_factory=lambda: np.array([]))
    means: np.ndarray = field(default_factory=lambda: np.array([]))
    sds: np.ndarray = field(default_factory=lambda: np.array([]))
    coefficients: np.ndarray = field(default_factory=lambda: np.array([]))

    def fit(self, features: pd.DataFrame, left: np.ndarray, weights: np.ndarray | None = None) -> "Logistic":
        """Maximise the penalised likelihood.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        left
            Who left (N,).
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        self.encoding = Encoding.of(features)
        rows = self.encoding.rows(features)
        with np.errstate(all="ignore"):
            self.medians = np.array([np.median(known) if len(known := each[~np.isnan(each)]) else 0 for each in rows.T])
        self.gaps = np.isnan(rows).any(0)
        wide = self._wide(rows)
        self.means, self.sds = wide.mean(0), wide.std(0)
        self.sds[self.sds == 0] = 1
        self.coefficients = ridge_logistic((wide - self.means) / self.sds, left, penalty=1.0, weights=weights)
        return self

    def _wide(self, rows: np.ndarray) -> np.ndarray:
        assert self.encoding is not None
        columns = []
        for at, levels in enumerate(self.encoding.levels.values()):
            values, missing = rows[:, at], np.isnan(rows[:, at])
            if levels is None:
                columns.append(np.where(missing, self.medians[at], values))
                if self.gaps[at]:
                    columns.append(missing.astype(float))
            else:
                columns += [(values == code).astype(float) for code in range(len(levels))]
        return np.column_stack(columns).astype(float)

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Of leaving (N,).

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        assert self.encoding is not None
        found = []
        for part in in_chunks(features):
            wide = (self._wide(self.encoding.rows(part)) - self.means) / self.sds
            found.append(expit(self.coefficients[0] + wide @ self.coefficients[1:]))
        return np.concatenate(found)

    def recalibrate(self, level: float, slope: float) -> None:
        """Log-odds become `level + slope * log-odds`.

        Parameters
        ----------
        level
            Added to the log-odds.
        slope
            By which they are multiplied.
        """
        self.coefficients = self.coefficients * slope
        self.coefficients[0] += level

    def parts(self, features: pd.DataFrame) -> np.ndarray:
        """What each feature adds to the log-odds (N, features), its indicators together.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        assert self.encoding is not None
        wide = (self._wide(self.encoding.rows(features)) - self.means) / self.sds * self.coefficients[1:]
        widths = [
            1 + int(self.gaps[at]) if levels is None else len(levels)
            for at, levels in enumerate(self.encoding.levels.values())
        ]
        ends = np.cumsum([0, *widths])
        return np.column_stack([wide[:, low:high].sum(1) for low, high in pairwise(ends)])


def ridge_logistic(
    columns: np.ndarray, left: np.ndarray, *, penalty: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """Intercept and coefficients (1 + P,) that minimise the log loss plus half the penalty times their squares.

    Parameters
    ----------
    columns : (N, P)
        Standardised.
    left : (N,) bool
        Who left.
    penalty
        Of the squared coefficients; the intercept has none. It is 1 / C of scikit-learn.
    weights : (N,)
        How often each row counts; once where it is None.
    """
    design = np.column_stack([np.ones(len(columns)), columns])
    return fit_regression(design, left.astype(float), family="logistic", weights=weights, ridge=penalty).estimate
