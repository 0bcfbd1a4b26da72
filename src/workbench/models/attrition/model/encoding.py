"""Features as numbers that the trees can read: text becomes codes that are fixed when the model is fitted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xgboost

from workbench.errors import DataError
from workbench.wording import sentence, shown

MOST_LEVELS = 50
"""Levels of a category that have a code, the most frequent ones; rarer ones are read as missing."""
CHUNK = 50_000
"""Rows forecast together: 180 features of so many, with indicators of what is missing in double precision, take 100 MB,
and what is made of them a few times as much."""


def in_chunks(features: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Rows by turns, so that what is made of them takes memory for some only.

    Parameters
    ----------
    features
        One row a customer.
    """
    for start in range(0, max(len(features), 1), CHUNK):
        yield features.iloc[start : start + CHUNK]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How columns become numbers.

    Attributes
    ----------
    levels
        By column in the order of the model: the levels of a category in the order of their codes, None of a number.
    """

    levels: Mapping[str, tuple[str, ...] | None]

    @classmethod
    def of(cls, features: pd.DataFrame) -> "Encoding":
        """Learned from training rows: numbers and booleans stay numbers, everything else is a category.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        return cls(levels={str(name): _levels(features[name]) for name in features.columns})

    @property
    def kinds(self) -> list[str]:
        """XGBoost's types of features: `q` numbers, `c` categories."""
        return ["q" if levels is None else "c" for levels in self.levels.values()]

    def rows(self, features: pd.DataFrame) -> np.ndarray:
        """Rows (N, features) of float32 for the trees, NaN where missing or never seen.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.

        Raises
        ------
        DataError
            Columns that are not there, or text or infinite values where the model knows a number: all of them. Other
            columns, and the order, do not matter.
        """
        self.refuse(features)
        found = np.empty((len(features), len(self.levels)), dtype=np.float32)
        for at, (name, known) in enumerate(self.levels.items()):
            if known is None:
                found[:, at] = features[name].to_numpy(dtype=np.float32, na_value=np.nan)
            else:
                codes = pd.Categorical(_text(features[name]), categories=list(known)).codes
                found[:, at] = np.where(codes < 0, np.nan, codes)
        return found

    def refuse(self, features: pd.DataFrame) -> None:
        """Say all that is wrong with rows that the trees would be given.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.

        Raises
        ------
        DataError
            As `rows` has it.
        """
        faults = [fault for name, known in self.levels.items() if (fault := _fault(features, name, known))]
        if faults:
            raise DataError(*faults)

    def column(self, features: pd.DataFrame, name: str) -> np.ndarray:
        """One feature of rows (N,) as the trees see it: of a million customers all at once take as much as the data.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        name
            Of the feature.
        """
        return Encoding(levels={name: self.levels[name]}).rows(features[[name]])[:, 0]

    def unseen(self, features: pd.DataFrame) -> dict[str, int]:
        """By category, how many rows have a level that the model does not know; it is read as missing.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        found = {}
        for name, known in self.levels.items():
            if known is not None:
                text = _text(features[name])
                found[name] = int((text.notna() & ~text.isin(known)).sum())
        return {name: count for name, count in found.items() if count}

    def matrix(
        self, rows: np.ndarray, left: np.ndarray | None = None, weights: np.ndarray | None = None
    ) -> xgboost.DMatrix:
        """Rows of `rows()` as XGBoost takes them.

        Parameters
        ----------
        rows
            Of `rows()` (N, features).
        left
            Who left (N,).
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        return xgboost.DMatrix(rows, left, weight=weights, feature_types=self.kinds, enable_categorical=True, nthread=1)

    def card(self) -> dict[str, Any]:
        """The same for JSON."""
        return {name: None if levels is None else list(levels) for name, levels in self.levels.items()}


def _levels(column: pd.Series) -> tuple[str, ...] | None:
    if pd.api.types.is_numeric_dtype(column):
        return None
    counts = _text(column).value_counts()
    return tuple(sorted(counts.index[:MOST_LEVELS]))


def _text(column: pd.Series) -> pd.Series:
    return column.astype(object).map(str, na_action="ignore")


def _fault(features: pd.DataFrame, name: str, known: tuple[str, ...] | None) -> str | None:
    if name not in features.columns:
        return sentence("Feature {name}: not there, and the model needs it.", name=shown(name))
    if known is None and not pd.api.types.is_numeric_dtype(features[name]):
        return sentence("Feature {name}: got text, the model knows it as a number.", name=shown(name))
    if known is None and np.isinf(features[name].to_numpy(dtype=float, na_value=np.nan)).any():
        return sentence("Feature {name}: infinite values; expected numbers or missing.", name=shown(name))
    return None
