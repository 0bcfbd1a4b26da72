"""Boosted trees: settings, a seeded search on later customers, and refits on resampled ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xgboost

from workbench.errors import ParameterError
from workbench.models.attrition.model.encoding import Encoding
from workbench.wording import listing, sentence, shown

MOST_ROUNDS = 1500  # a choice: early stopping ends nearly all fits before
CLEARLY = 1.0
"""Standard errors by which settings must beat the defaults on later customers, for the best of many is best by chance:
the rule of one standard error (Breiman and others 1984, 3.4.3)."""
PATIENCE = 50
"""Rounds without a better log loss on the later slice after which boosting stops."""
FEWEST_COLUMNS = 4
"""Columns that a tree sees at least, one for each level of the defaults: half of three columns is one, and trees of a
single column know no interaction."""
STAYERS = 10
"""Stayers a leaver that one fit sees, drawn by lot and weighted back: k of them tell k / (k + 1) of what all do (Ury
1975), and as every refit draws others, their mean loses nothing that can be measured."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of XGBoost; names are its own.

    The defaults are slow and shallow: on the sample `telco` they beat logistic regression, which XGBoost's own defaults
    do not. Steps of .05 forecast as well as steps of .02 once refits are averaged, in 40% of the rounds.
    """

    max_depth: int = 4
    eta: float = 0.05
    min_child_weight: float = 5.0
    subsample: float = 0.7
    colsample_bytree: float = 0.5
    reg_lambda: float = 5.0
    rounds: int = 160

    def parameters(self, random_seed: int, threads: int) -> dict[str, Any]:
        """As `xgboost.train` takes them. Classes are not reweighted: probabilities are wanted, not a ranking alone.

        Parameters
        ----------
        random_seed
            Fixes which rows and columns each tree sees.
        threads
            How many work at once.
        """
        chosen = {name: value for name, value in asdict(self).items() if name != "rounds"}
        fixed = {"objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "verbosity": 0}
        return {**chosen, **fixed, "seed": random_seed, "nthread": threads}


class Rows(NamedTuple):
    """Rows as the trees take them (N, features), who left (N,), and how many customers each stands for (N,)."""

    rows: np.ndarray
    left: np.ndarray
    weights: np.ndarray

    def seen(self, times: np.ndarray, random: np.random.Generator) -> "Rows":
        """Rows drawn so many times each (N,), thinned.

        Parameters
        ----------
        times
            How often each row (N,) counts.
        random
            Draws.
        """
        times = thinned(times, self.left, random)
        there = times > 0
        return Rows(self.rows[there], self.left[there], (times * self.weights)[there])


def thinned(times: np.ndarray, left: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How often each row counts (N,) where all leavers are seen, and `STAYERS` a leaver who stand for the others.

    Parameters
    ----------
    times : (N,)
        How often each would count.
    left : (N,) bool
        Who left.
    random
        Draws.

    References
    ----------
    Ury (1975), Efficiency of case-control studies with multiple controls per case, Biometrics 31.
    """
    share = STAYERS * times[left].sum() / max(times[~left].sum(), 1.0)
    return times if share >= 1 else np.where(left, times, times * (random.random(len(times)) < share) / share)


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
    ) -> xgboost.Booster:
        """One model of rows (N, features) and who left (N,), for `settings.rounds`.

        Parameters
        ----------
        rows, left
            To learn from; `weights` (N,) is how often each counts.
        settings
            Of the trees.
        random_seed
            Fixes which rows and columns each tree sees.
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        found = self.matrix(Rows(rows, left, np.ones(len(left)) if weights is None else weights))
        return self.boost(found, settings, random_seed=random_seed)

    def matrix(self, rows: Rows) -> xgboost.DMatrix:
        """Rows as XGBoost takes them.

        Parameters
        ----------
        rows
            With who left, and weights.
        """
        return self.encoding.matrix(rows.rows, rows.left, rows.weights)

    def boost(
        self, matrix: xgboost.DMatrix, settings: Settings, *, random_seed: int, later: xgboost.DMatrix | None = None
    ) -> xgboost.Booster:
        """One model of a matrix, which may serve for many.

        Parameters
        ----------
        matrix
            To learn from.
        settings
            Of the trees.
        random_seed
            Fixes which rows and columns each tree sees.
        later
            Rows on which boosting stops once they are forecast no better; without them it runs for
            `settings.rounds`.
        """
        parameters = settings.parameters(random_seed, self.threads)
        seen = min(1.0, (FEWEST_COLUMNS + 0.01) / len(self.encoding.levels))  # XGBoost rounds down
        parameters["colsample_bytree"] = max(settings.colsample_bytree, seen)
        if self.monotone:
            signs = [self.monotone.get(name, 0) for name in self.encoding.levels]
            parameters["monotone_constraints"] = tuple(signs)
        if later is None:
            return xgboost.train(parameters, matrix, settings.rounds)
        found = xgboost.train(
            parameters,
            matrix,
            MOST_ROUNDS,
            evals=[(later, "later")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        return found[: found.best_iteration + 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What was tried.

    Attributes
    ----------
    tried
        One row each: the settings, `rounds` at which boosting stopped, and `log_loss` on the later slice.
    best
        The defaults, or the settings with the least where that is less by a standard error.
    """

    tried: pd.DataFrame
    best: Settings


def search(
    booster: Booster,
    train: Rows,
    later: Rows,
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
        To learn from, and to stop and choose by.
    budget
        How many settings are tried; the first are the defaults.
    random_seed
        Fixes which.
    """
    random = np.random.default_rng(random_seed)
    # One draw for all: settings are compared on the same rows, and these are binned once.
    matrix = booster.matrix(train.seen(np.ones(len(train.left)), random))
    ahead = booster.matrix(later)
    tried, losses = [], []
    for attempt in range(max(budget, 1)):
        settings = Settings() if not attempt else _drawn(random)
        found = booster.boost(matrix, settings, random_seed=random_seed, later=ahead)
        p = np.clip(found.predict(ahead), 1e-9, 1 - 1e-9)
        losses.append(-np.where(later.left, np.log(p), np.log1p(-p)))
        loss = float(np.average(losses[-1], weights=later.weights))
        tried.append({**asdict(settings), "rounds": found.num_boosted_rounds(), "log_loss": loss})
    place = min(range(len(tried)), key=lambda each: tried[each]["log_loss"])
    best = tried[place] if _clearly_less(losses[place], losses[0], later.weights) else tried[0]
    chosen = {name: value for name, value in best.items() if name != "log_loss"}
    return Search(tried=pd.DataFrame(tried), best=Settings(**chosen))


def _clearly_less(losses: np.ndarray, others: np.ndarray, weights: np.ndarray) -> bool:
    """Whether losses (N,) are lower than others of the same rows by more than their standard error, in pairs."""
    gain = others - losses
    mean = np.average(gain, weights=weights)
    error = np.sqrt(np.sum(weights**2 * (gain - mean) ** 2)) / weights.sum()
    return bool(mean > CLEARLY * error)


def _drawn(random: np.random.Generator) -> Settings:
    return Settings(
        max_depth=int(random.integers(2, 7)),
        min_child_weight=float(np.exp(random.uniform(0, np.log(50)))),
        subsample=float(random.uniform(0.5, 1)),
        colsample_bytree=float(random.uniform(0.3, 1)),
        reg_lambda=float(np.exp(random.uniform(0, np.log(30)))),
    )


def refit(
    booster: Booster,
    learned: Rows,
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
    learned
        To learn from.
    customers : (N,)
        Whose row each is.
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
        seen = learned
        if refits > 1:
            drawn = np.bincount(random.integers(0, len(known), len(known)), minlength=len(known))[codes]
            seen = learned.seen(drawn.astype(float), random)
        found.append(booster.boost(booster.matrix(seen), settings, random_seed=random_seed + place))
    return found
