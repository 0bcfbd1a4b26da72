"""The choice of a forecast where there are no dates: every customer is evaluated by forecasts of the other customers.

One part of a file kept for a test leaves most of its customers unused, and forecasts that differ by little are not
distinguished. So customers are divided by lot into five parts; each is evaluated by forecasts that were fitted and
calibrated on the other four. All customers decide, and none was learned from by what evaluates it.

Nobody is kept back for calibration either: log-odds of all customers by forecasts of the others are at hand, and a line
of two parameters is learned from them. It fits the trees of all customers because those of the folds have their
settings. These are searched once: a choice among a few, made by a sixth of the customers, flatters by less than shows.
"""

from collections.abc import Callable, Mapping

import numpy as np

from workbench.models.attrition.model.baselines import Baseline
from workbench.models.attrition.model.calibration import Calibration, calibrate
from workbench.models.attrition.model.choice import Choice, chosen_among, fit_simpler
from workbench.models.attrition.model.customers import Customers, Part, lots, slices
from workbench.models.attrition.model.fitting import MOST_ROWS, BoostedModel
from workbench.models.attrition.model.survival_run import SurvivalRun

FOLDS = 5
"""Four fifths to learn from differ little from all, and five fits are affordable: the usual number."""


Fit = Callable[[Customers, Mapping[Part, np.ndarray]], BoostedModel]


def choose_cross_fitted(
    customers: Customers,
    fit: Fit,
    *,
    random_seed: int,
    capacity: float | None = None,
    survival: SurvivalRun | None = None,
    most_rows: int = MOST_ROWS,
) -> tuple[Choice, Mapping[str, Baseline], Calibration]:
    """Evaluate forecasts of all customers, each by models of the others, and keep the simplest that is not beaten.

    Parameters
    ----------
    customers
        One row each, without dates.
    fit
        Fits boosted trees to customers and their slices, with settings that are the same for all.
    random_seed
        Fixes how customers are divided, and the draws behind intervals.
    capacity
        How many customers can be contacted.
    survival
        The last survival run, of which is only said why it is not compared.
    most_rows
        So many rows simpler forecasts are fitted on at most, of customers drawn by lot.

    Returns
    -------
    tuple of Choice, Mapping and Calibration
        The choice, whose test part is all customers; the simpler forecasts fitted to all of them; and the calibration
        of boosted trees that are.
    """

    def simpler(some: Customers) -> dict[str, Baseline]:
        return fit_simpler(some.part(some.drawn(most_rows, random_seed=random_seed)))

    fold = np.floor(lots(customers, random_seed=random_seed) * FOLDS).astype(int)
    whole = simpler(customers)
    found = {name: np.empty(len(customers)) for name in (*whole, "boosted")}
    log_odds = np.empty(len(customers))
    for place in range(FOLDS):
        held_out, others = fold == place, customers.part(fold != place)
        parts = slices(others, random_seed=random_seed + 1 + place, without=("calibrate", "test"))
        features = customers.features[held_out]
        log_odds[held_out] = fit(others, parts).margins(features).mean(0)
        for name, each in simpler(others).items():
            found[name][held_out] = each.probability(features)
    for place in range(FOLDS):
        held_out = fold == place
        line = _calibrated(log_odds[~held_out], customers.part(~held_out))
        found["boosted"][held_out] = line.risk(line.line(log_odds[held_out]))
    chosen = chosen_among(
        customers, found, random_seed=random_seed, capacity=capacity, out_of_time=False, folds=FOLDS, survival=survival
    )
    return chosen, whole, _calibrated(log_odds, customers)


def _calibrated(log_odds: np.ndarray, customers: Customers) -> Calibration:
    return calibrate(log_odds, customers) or Calibration()
