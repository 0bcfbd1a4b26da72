"""The probability of leaving in the next period, learned by boosted trees from what was known when it began."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost

from workbench.errors import DataError
from workbench.models.levels import as_levels
from workbench.wording import listing, sentence

FEW_ROWS = 300_000
"""Of fewer rows one thread is used: a choice, since on a busy machine threads wait longer than they work."""


def fit_discrete_hazard(
    periods: pd.DataFrame,
    covariates: Iterable[str],
    *,
    random_seed: int,
    trees: int,
    depth: int,
) -> "DiscreteHazard":
    """Boosted trees for the hazard of a period, with the tenure at which it begins as one of the covariates.

    Parameters
    ----------
    periods
        One row a customer and period: `tenure` when it begins, `left` (in it), `exposure` (share of the period that
        counts: who was lost from sight within it counts for what was seen, as in a life table), the covariates.
    covariates
        Columns besides `tenure`: numbers, truths (missing allowed: trees learn where these go) or categories.
    random_seed
        Of the trees' sampling.
    trees, depth
        Of the ensemble; it learns slowly (rate .1), on 80% of the rows a tree.

    Raises
    ------
    DataError
        When nobody left, or a covariate is missing.

    References
    ----------
    Singer and Willett (1993); Tutz and Schmid (2016), chapter 6.
    """
    covariates = list(covariates)
    lacking = [name for name in covariates if name not in periods.columns]
    if lacking:
        raise DataError(sentence("covariates: got no column {names}.", names=listing(lacking)))
    if not periods["left"].any():
        raise DataError(sentence("periods: got nobody who left, expected some."))
    kinds = {
        name: tuple(sorted(set(as_levels(periods[name]))))
        for name in covariates
        if not (pd.api.types.is_numeric_dtype(periods[name]) or pd.api.types.is_bool_dtype(periods[name]))
    }
    left, exposure = periods["left"].to_numpy(dtype=float), periods["exposure"].to_numpy(dtype=float)
    encoded = _encode(periods, covariates, kinds)
    data = xgboost.DMatrix(encoded, label=left, weight=exposure, enable_categorical=True)
    settings = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "eta": 0.1,
        "subsample": 0.8,
        "tree_method": "hist",
        "min_child_weight": 20,
        "seed": random_seed,
        "base_score": float(np.average(left, weights=exposure)),
    }
    if len(periods) < FEW_ROWS:
        settings["nthread"] = 1  # on a busy machine threads wait for each other longer than they work
    return DiscreteHazard(booster=xgboost.train(settings, data, trees), covariates=tuple(covariates), levels=kinds)


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscreteHazard:
    """Hazards by period.

    Attributes
    ----------
    booster
        The trees.
    covariates, levels
        Columns, and the levels of those that are categories.
    """

    booster: xgboost.Booster
    covariates: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]

    def hazard(self, frame: pd.DataFrame) -> np.ndarray:
        """Probability (n,) of leaving in the period that begins at `tenure`, for those who are there then.

        Parameters
        ----------
        frame
            Covariates and `tenure`, n rows.
        """
        encoded = _encode(frame, self.covariates, self.levels)
        return self.booster.predict(xgboost.DMatrix(encoded, enable_categorical=True)).astype(float)


def _encode(frame: pd.DataFrame, covariates: Iterable[str], levels: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """What the trees see; a level that was not there when they learned is missing."""
    columns: dict[str, np.ndarray | pd.Categorical] = {"tenure": frame["tenure"].to_numpy(dtype=float)}
    for name in covariates:
        if name in levels:
            columns[name] = pd.Categorical(as_levels(frame[name]), categories=levels[name])
        else:
            columns[name] = frame[name].to_numpy(dtype=float, na_value=np.nan)
    return pd.DataFrame(columns)
