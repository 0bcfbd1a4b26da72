"""The boosted model: settings searched on later customers, refits of resampled ones, calibration on the next slice."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost
from scipy.special import expit

from workbench.evaluation.binary.scores import logistic_line
from workbench.models.attrition.model.boosting import Booster, Rows, Search, Settings, refit, search
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.model.encoding import Encoding

REFITS = 10
"""Single fits agree on a customer's first reason in 83 of 100 cases, means of five in 95 (sample `telco`)."""
BUDGET = 12
"""Settings tried."""
FEWEST_TO_CALIBRATE = 30
"""Leavers; with fewer the slope's standard error exceeds what calibration could mend, so probabilities stay."""
MOST_ROWS = 50_000
"""Rows that are searched and fitted on; of more, a seeded sample of customers is taken."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Log-odds become `level + slope * log-odds`."""

    level: float = 0.0
    slope: float = 1.0


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
        """Log-odds (refits, N) of each refit, calibrated; their mean is the model's."""
        matrix = self.encoding.matrix(self.encoding.rows(features))
        found = np.array([booster.predict(matrix, output_margin=True) for booster in self.boosters], dtype=float)
        return self.calibration.level + self.calibration.slope * found

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Of leaving (N,)."""
        return expit(self.margins(features).mean(0))


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
    most_rows: int = MOST_ROWS,
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
    most_rows
        Rows that are fitted on at most; calibration sees all of its part.

    Returns
    -------
    BoostedModel
    """
    parts = {**parts, "train": _sample(customers, parts["train"], most_rows, random_seed)}
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
    """The model with its two parameters of calibration learned from customers that it has not seen."""
    cases = int(later.left.sum())
    if min(cases, len(later) - cases) < FEWEST_TO_CALIBRATE:
        return model
    raw = (model.margins(later.features).mean(0) - model.calibration.level) / model.calibration.slope
    level, slope = logistic_line(raw, later.left, later.weights)
    if not slope > 0:  # the ranking did not hold at all: probabilities are left to be judged as they are
        return model
    return BoostedModel(
        encoding=model.encoding, boosters=model.boosters, calibration=Calibration(level=level, slope=slope),
        searched=model.searched, rows=model.rows,
    )  # fmt: skip


def _rows(encoding: Encoding, customers: Customers, rows: np.ndarray) -> Rows:
    return Rows(encoding.rows(customers.features[rows]), customers.left[rows], customers.weights[rows])


def _sample(customers: Customers, rows: np.ndarray, most: int, random_seed: int) -> np.ndarray:
    """Of too many rows those of customers drawn by chance; the base rate stays what it is."""
    if rows.sum() <= most:
        return rows
    codes, known = pd.factorize(customers.ids)
    lot = np.random.default_rng(random_seed).random(len(known))[codes]
    return rows & (lot <= np.partition(lot[rows], most - 1)[most - 1])
