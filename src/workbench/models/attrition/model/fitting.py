"""The boosted model: settings searched on later customers, refits of resampled ones, calibration on the next slice."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xgboost

from workbench.models.attrition.model.boosting import Booster, Rows, Search, Settings, refit, search
from workbench.models.attrition.model.calibration import Calibration, calibrate
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.model.encoding import Encoding, in_chunks

REFITS = 20
"""Single fits agree on the first reason of 83 customers in 100, means of five of 88 to 94, ten 92 to 96 (`telco`)."""
BUDGET = 8
"""Settings tried, as many as the study does."""
CORES = os.cpu_count() or 1  # forecasts of many rows use all of them
MOST_ROWS = 50_000
"""Rows that are searched and fitted on; of more, a seeded sample of customers is taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BoostedModel:
    """The mean margin of several boosted models, calibrated.

    Attributes
    ----------
    encoding
        How features become numbers.
    boosters
        The refits.
    calibration
        Of their mean margin.
    searched
        What was tried.
    rows
        How many rows the refits were drawn from.
    """

    encoding: Encoding
    boosters: tuple[xgboost.Booster, ...]
    calibration: Calibration
    searched: Search
    rows: int

    def margins(self, features: pd.DataFrame) -> np.ndarray:
        """Log-odds (refits, N) of each refit, on the line of calibration; their mean is the model's.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        for booster in self.boosters:
            booster.set_param({"nthread": CORES})  # forecasts do not depend on it
        found = []
        for part in in_chunks(features):
            matrix = self.encoding.matrix(self.encoding.rows(part))
            found.append(np.array([each.predict(matrix, output_margin=True) for each in self.boosters], dtype=float))
        return self.calibration.line(np.concatenate(found, axis=1))

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Of leaving (N,).

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        return self.calibration.risk(self.margins(features).mean(0))


def fit_boosted(
    customers: Customers,
    parts: Mapping[Part, np.ndarray],
    *,
    random_seed: int,
    budget: int = BUDGET,
    refits: int = REFITS,
    settings: Settings | None = None,
    monotone: Mapping[str, int] | None = None,
    threads: int = 1,
) -> BoostedModel:
    """Search, refit, calibrate; the test part is not looked at.

    Parameters
    ----------
    customers, parts
        The rows and what they are for (`slices`).
    random_seed
        Fixes everything.
    budget
        How many settings are tried.
    refits
        How many models of resampled customers are averaged.
    settings
        Taken as they are where given: nothing is searched, and boosting runs for their number of rounds.
    monotone
        By feature: 1 where the risk may only rise with it, -1 where it may only fall.
    threads
        How many work at once; scores are the same.

    Returns
    -------
    BoostedModel
    """
    encoding = Encoding.of(customers.features[parts["train"] | parts["stop"]])
    booster = Booster(encoding=encoding, monotone=monotone or {}, threads=threads)
    later = _rows(encoding, customers, parts["stop"])
    if settings is None:
        searched = search(
            booster, _rows(encoding, customers, parts["train"]), later, budget=budget, random_seed=random_seed
        )
    else:
        searched = Search(tried=pd.DataFrame(), best=settings)
    learned = parts["train"] | parts["stop"]
    rows = _rows(encoding, customers, learned)
    boosters = refit(booster, rows, customers.ids[learned], searched.best, refits=refits, random_seed=random_seed)
    plain = BoostedModel(
        encoding=encoding, boosters=tuple(boosters), calibration=Calibration(), searched=searched, rows=len(rows.left)
    )
    return calibrated(plain, customers.part(parts["calibrate"]))


def calibrated(model: BoostedModel, later: Customers) -> BoostedModel:
    """The model with its calibration learned from customers that it has not seen.

    Parameters
    ----------
    model
        As fitted; a calibration that it has is forgotten.
    later
        Those customers; with too few leavers among them it stays as it was.
    """
    plain = replace(model, calibration=Calibration())
    found = calibrate(plain.margins(later.features).mean(0), later)
    return model if found is None else replace(model, calibration=found)


def _rows(encoding: Encoding, customers: Customers, rows: np.ndarray) -> Rows:
    return Rows(encoding.rows(customers.features[rows]), customers.left[rows], customers.weights[rows])


def learned_sample(
    customers: Customers, parts: Mapping[Part, np.ndarray], *, random_seed: int, most_rows: int = MOST_ROWS
) -> Mapping[Part, np.ndarray]:
    """The parts, of which those that are searched and fitted on hold at most so many rows: of customers drawn by lot.

    Whoever is drawn is in with all rows, so that the share of leavers stays what it is; calibration and the test see
    everybody.

    Parameters
    ----------
    customers, parts
        The rows and what they are for (`slices`).
    random_seed
        Fixes the lots.
    most_rows
        Of `train` and `stop` together.
    """
    learned = parts["train"] | parts["stop"]
    if learned.sum() <= most_rows:
        return parts
    kept = customers.drawn(most_rows, random_seed=random_seed, among=learned)
    return {**parts, "train": parts["train"] & kept, "stop": parts["stop"] & kept}
