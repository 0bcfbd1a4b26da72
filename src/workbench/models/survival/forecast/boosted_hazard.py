"""The probability of leaving in the next period, learned by boosted trees from what was known when it began."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.levels import as_levels
from workbench.statistics.horizons import clean_horizons
from workbench.wording import listing, sentence

FEW_ROWS = 300_000


def fit_discrete_hazard(
    periods: pd.DataFrame,
    covariates: Iterable[str],
    *,
    random_seed: int,
    length: float = 1.0,
    trees: int = 150,
    depth: int = 4,
) -> "DiscreteHazard":
    """Boosted trees for the hazard of a period, with the tenure at which it begins as one of the covariates.

    Parameters
    ----------
    periods
        From `person_periods.person_periods`; rows count by their `exposure` where it is there.
    covariates
        Columns besides `tenure`: numbers, truths (missing allowed: trees learn where these go) or categories.
    random_seed
        Of the trees' sampling.
    length
        Of a period.
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
    model = DiscreteHazard(
        booster=None, covariates=tuple(covariates), levels=kinds, length=length,
        last_period=int(periods["period"].max()), rows=len(periods),
    )  # fmt: skip
    left, exposure = periods["left"].to_numpy(dtype=float), None
    if "exposure" in periods.columns:
        exposure = periods["exposure"].to_numpy(dtype=float)
    data = xgboost.DMatrix(model.encode(periods), label=left, weight=exposure, enable_categorical=True)
    settings = {
        "objective": "binary:logistic", "max_depth": depth, "eta": 0.1, "subsample": 0.8, "tree_method": "hist",
        "min_child_weight": 20, "seed": random_seed, "base_score": float(np.average(left, weights=exposure)),
    }  # fmt: skip
    if len(periods) < FEW_ROWS:
        settings["nthread"] = 1  # on a busy machine threads wait for each other longer than they work
    return DiscreteHazard(
        booster=xgboost.train(settings, data, trees), covariates=model.covariates, levels=kinds, length=length,
        last_period=model.last_period, rows=model.rows,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscreteHazard:
    """Hazards by period.

    Attributes
    ----------
    booster
        The trees.
    covariates, levels
        Columns, and the levels of those that are categories.
    length, last_period, rows
        Of a period, the last one seen, and how many rows were learned from.
    """

    booster: xgboost.Booster | None
    covariates: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    length: float
    last_period: int
    rows: int

    def encode(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What the trees see; a level that was not there when they learned is missing."""
        columns = {"tenure": frame["tenure"].to_numpy(dtype=float)}
        for name in self.covariates:
            if name in self.levels:
                columns[name] = pd.Categorical(as_levels(frame[name]), categories=self.levels[name])
            else:
                columns[name] = frame[name].to_numpy(dtype=float, na_value=np.nan)
        return pd.DataFrame(columns)

    def hazard(self, frame: pd.DataFrame) -> np.ndarray:
        """Probability (n,) of leaving in the period that begins at `tenure`, for those who are there then."""
        return self.booster.predict(xgboost.DMatrix(self.encode(frame), enable_categorical=True)).astype(float)

    def conditional_survival(
        self,
        frame: pd.DataFrame,
        tenure: np.ndarray,
        horizons: Iterable[float],
        *,
        scenario: Mapping[str, Iterable[float]] | None = None,
    ) -> pd.DataFrame:
        """Survival of customers on board, by horizon from now, under a scenario of what will become of covariates.

        Parameters
        ----------
        frame
            `customer_id` and the covariates as they were last known.
        tenure (n,)
            How long each has lasted.
        horizons
            Times from now; within a period the hazard is spread evenly over it. Hazards beyond the last period seen are
            those of it.
        scenario
            For covariates that will change, what is added to each in the first, second, … period ahead (the last value
            goes on). Without one they stay as they were last known, which is an assumption as well.

        Returns
        -------
        DataFrame
            `customer_id`, `horizon`, `survival`, `extrapolated`, customers in their order within each horizon.
        """
        horizons = clean_horizons(horizons)
        steps = int(np.ceil(horizons[-1] / self.length - 1e-9))
        tenure = np.asarray(tenure, dtype=float)
        survival = np.ones((steps + 1, len(frame)))
        for step in range(steps):
            then = frame.assign(tenure=np.minimum(tenure + step * self.length, self.last_period * self.length))
            for name, changes in (scenario or {}).items():
                changes = list(changes)
                then[name] = then[name] + changes[min(step, len(changes) - 1)]
            survival[step + 1] = survival[step] * (1 - self.hazard(then))
        beyond = tenure + np.array(horizons)[:, None] > (self.last_period + 1) * self.length
        return pd.DataFrame(
            {
                "customer_id": np.tile(frame["customer_id"].to_numpy(), len(horizons)),
                "horizon": np.repeat(np.array(horizons), len(frame)),
                "survival": _between(survival, np.array(horizons) / self.length).ravel(),
                "extrapolated": beyond.ravel(),
            }
        )

    def checks(self, scenario: Mapping[str, Iterable[float]] | None = None) -> tuple[Check, ...]:
        """What predictions assume about covariates to come."""
        message = (
            sentence("Predictions assume for {names} what the scenario says, and leave the others as last known.",
                     names=listing(list(scenario)))
            if scenario
            else sentence("Predictions leave every covariate as it was last known.")
        )  # fmt: skip
        return (Check(name="covariates_to_come", status="pass", message=message),)


def _between(survival: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Survival (K + 1, n) after whole periods, at any number of periods (H,): log-linear in between."""
    whole = np.minimum(np.floor(places + 1e-9).astype(int), len(survival) - 1)
    part = np.clip(places - whole, 0.0, 1.0)[:, None]
    return survival[whole] ** (1 - part) * survival[np.minimum(whole + 1, len(survival) - 1)] ** part


def landmarks(periods: pd.DataFrame, model: "DiscreteHazard") -> pd.DataFrame:
    """Expected and actual leavers by period begun: `period`, `at_risk`, `expected`, `actual`; where at least 50 were.

    For rows that the model has not seen.
    """
    share = periods["exposure"] if "exposure" in periods.columns else 1.0
    expected = 1 - (1 - model.hazard(periods)) ** share
    table = periods.assign(expected=expected).groupby("period").agg(
        at_risk=("left", "size"), expected=("expected", "sum"), actual=("left", "sum")
    )  # fmt: skip
    return table[table["at_risk"] >= 50].reset_index()
