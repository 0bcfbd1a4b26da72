"""Boosted trees: settings, a seeded search on later customers, and refits on resampled ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xgboost

from workbench.errors import ParameterError
from workbench.models.attrition.model.encoding import Encoding
from workbench.wording import listing, sentence, shown

MOST_ROUNDS = 1500  # a choice: early stopping ends nearly all fits before
PATIENCE = 50
"""Rounds without a better log loss on the later slice after which boosting stops."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of XGBoost; names are its own.

    The defaults are slow and shallow: on the sample `telco` they beat logistic regression, which XGBoost's own defaults
    do not.
    """

    max_depth: int = 4
    eta: float = 0.02
    min_child_weight: float = 5.0
    subsample: float = 0.7
    colsample_bytree: float = 0.5
    reg_lambda: float = 5.0
    rounds: int = 400

    def parameters(self, random_seed: int, threads: int) -> dict[str, Any]:
        """As `xgboost.train` takes them. Classes are not reweighted: probabilities are wanted, not a ranking alone."""
        chosen = {name: value for name, value in asdict(self).items() if name != "rounds"}
        fixed = {"objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "verbosity": 0}
        return {**chosen, **fixed, "seed": random_seed, "nthread": threads}


@dataclass(frozen=True, kw_only=True, eq=False)
class Booster:
    """Trains with one encoding and one set of constraints.

    Attributes
    ----------
    encoding
        How features become numbers.
    monotone
        By feature: 1 where the risk may only rise with it, -1 where it may only fall.
    threads
        How many work at once; the model is the same.
    """

    encoding: Encoding
    monotone: Mapping[str, int] = field(default_factory=dict)
    threads: int = 1

    def __post_init__(self) -> None:
        numbers = [name for name, levels in self.encoding.levels.items() if levels is None]
        wrong = [name for name, sign in self.monotone.items() if name not in numbers or sign not in (-1, 1)]
        if wrong:
            raise ParameterError(
                sentence(
                    "Monotone constraints: {wrong}; expected numeric features with 1 (risk may only rise) or -1.",
                    wrong=listing([shown(name) for name in wrong]),
                )
            )

    def train(
        self,
        rows: np.ndarray,
        left: np.ndarray,
        settings: Settings,
        *,
        random_seed: int,
        weights: np.ndarray | None = None,
        later: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> xgboost.Booster:
        """One model of rows (N, features) and who left (N,).

        Parameters
        ----------
        rows, left
            To learn from; `weights` (N,) is how often each counts.
        settings
            Of the trees.
        random_seed
            Fixes which rows and columns each tree sees.
        later
            Rows and labels on which boosting stops once they are forecast no better; without them it runs for
            `settings.rounds`.
        """
        parameters = settings.parameters(random_seed, self.threads)
        if self.monotone:
            signs = [self.monotone.get(name, 0) for name in self.encoding.levels]
            parameters["monotone_constraints"] = tuple(signs)
        matrix = self.encoding.matrix(rows, left, weights)
        if later is None:
            return xgboost.train(parameters, matrix, settings.rounds)
        found = xgboost.train(
            parameters, matrix, MOST_ROUNDS, evals=[(self.encoding.matrix(*later), "later")],
            early_stopping_rounds=PATIENCE, verbose_eval=False,
        )  # fmt: skip
        return found[: found.best_iteration + 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What was tried.

    Attributes
    ----------
    tried
        One row each: the settings, `rounds` at which boosting stopped, and `log_loss` on the later slice.
    best
        The settings with the least.
    """

    tried: pd.DataFrame
    best: Settings


def search(
    booster: Booster,
    train: tuple[np.ndarray, np.ndarray],
    later: tuple[np.ndarray, np.ndarray],
    *,
    budget: int,
    random_seed: int,
) -> Search:
    """Try settings and keep those that forecast later customers best.

    Parameters
    ----------
    booster
        Trains.
    train, later
        Rows and labels to learn from, and those to stop and choose by.
    budget
        How many settings are tried; the first are the defaults.
    random_seed
        Fixes which.
    """
    random = np.random.default_rng(random_seed)
    tried = []
    for attempt in range(max(budget, 1)):
        settings = Settings() if not attempt else _drawn(random)
        found = booster.train(*train, settings, random_seed=random_seed, later=later)
        p = np.clip(found.predict(booster.encoding.matrix(later[0])), 1e-9, 1 - 1e-9)
        loss = -float(np.mean(np.where(later[1], np.log(p), np.log1p(-p))))
        tried.append({**asdict(settings), "rounds": found.num_boosted_rounds(), "log_loss": loss})
    best = min(tried, key=lambda each: each["log_loss"])
    chosen = {name: value for name, value in best.items() if name != "log_loss"}
    return Search(tried=pd.DataFrame(tried), best=Settings(**chosen))


def _drawn(random: np.random.Generator) -> Settings:
    return Settings(
        max_depth=int(random.integers(2, 7)),
        eta=float(np.exp(random.uniform(np.log(0.015), np.log(0.1)))),
        min_child_weight=float(np.exp(random.uniform(0, np.log(50)))),
        subsample=float(random.uniform(0.5, 1)),
        colsample_bytree=float(random.uniform(0.3, 1)),
        reg_lambda=float(np.exp(random.uniform(0, np.log(30)))),
    )


def refit(
    booster: Booster,
    rows: np.ndarray,
    left: np.ndarray,
    customers: np.ndarray,
    settings: Settings,
    *,
    refits: int,
    random_seed: int,
) -> list[xgboost.Booster]:
    """Models of resampled customers (with all their rows), for a mean that hangs on no single draw.

    Parameters
    ----------
    booster
        Trains.
    rows, left, customers
        (N, features), (N,), (N,): to learn from, and whose row each is.
    settings
        Of the trees, with the number of rounds.
    refits
        How many; 1 is a single model of all customers.
    random_seed
        Fixes the draws.
    """
    codes, known = pd.factorize(customers)
    random = np.random.default_rng(random_seed)
    found = []
    for place in range(refits):
        weights = None
        if refits > 1:
            weights = np.bincount(random.integers(0, len(known), len(known)), minlength=len(known))[codes]
        seen = slice(None) if weights is None else weights > 0
        counted = None if weights is None else weights[seen].astype(float)
        found.append(booster.train(rows[seen], left[seen], settings, random_seed=random_seed + place, weights=counted))
    return found
