"""How far off the value of all customers may be, and where that comes from: four parts that add up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.decisions.value.business import ForecastErrors
from workbench.statistics.rolling_origins import next_errors
from workbench.wording import sentence

PARTS = ("nature", "parameters", "model", "forecasts")
FEWEST_ORIGINS = 3
"""Earlier forecasts from which on their spread says something: of fewer an interval is as wide as anything."""
WIDTH = 1.645
"""Half of a normal's 90% interval in standard deviations: the variance of heavy tails is told by their interval."""


def part_names() -> dict[str, str]:
    """The four parts for people."""
    return {
        "nature": sentence("Customers themselves"),
        "parameters": sentence("Numbers in the model"),
        "model": sentence("Which model"),
        "forecasts": sentence("Earlier forecasts missed"),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Doubts:
    """Of one total.

    Attributes
    ----------
    total
        Expected, in money.
    variances
        By part, in money squared.
    multiplier : (draws,)
        What each draw is multiplied by so that totals hold the errors of earlier forecasts as well.
    """

    total: float
    variances: Mapping[str, float]
    multiplier: np.ndarray

    @property
    def shares(self) -> dict[str, float]:
        """Of the sum of all variances, by part."""
        whole = sum(self.variances.values())
        return {name: (value / whole if whole > 0 else 0.0) for name, value in self.variances.items()}


def doubts_of(
    first: np.ndarray,
    second: np.ndarray,
    models: np.ndarray,
    errors: ForecastErrors | None,
    months: float,
    *,
    seed: int,
) -> Doubts:
    """Where the doubt about a total comes from.

    Parameters
    ----------
    first, second : (draws,)
        The total in two independent draws of natures at the same parameters.
    models : (draws,)
        Which model each draw is of.
    errors
        Of earlier forecasts of the total; None where they are not known.
    months
        How far ahead the total lies, as `reach` counts it.
    seed
        Of the order in which errors go with draws.

    Notes
    -----
    Natures: half the mean squared difference of the two draws. Parameters: variance within models, less that. Model:
    variance of the models' means, each by its draws. Earlier forecasts: log errors about 0 (a bias is an error too) as
    those of a level that wanders, which grow with the square root of time. Where times overlap, `next_errors` says how
    surely they tell the next; where each counts in full, Student's t with one degree less than there are of them.
    Their variance, relative to the total, is that of a normal whose 90% interval is as wide.

    Examples
    --------
    >>> flat = np.zeros(4)
    >>> doubts_of(flat + [1, -1, 1, -1], flat + [1, -1, 1, -1], np.zeros(4, int), None, 12, seed=1).variances["nature"]
    0.0
    """
    both = (first + second) / 2
    total = float(both.mean())
    nature = float(np.mean((first - second) ** 2) / 2)
    within = between = 0.0
    for model in np.unique(models):
        mine = second[models == model]
        share = len(mine) / len(second)
        within += share * float(mine.var())
        between += share * float((both[models == model].mean() - total) ** 2)
    logs = _log_errors(errors, months, len(second), seed)
    return Doubts(
        total=total,
        variances={
            "nature": nature,
            "parameters": max(within - nature, 0.0),
            "model": between,
            "forecasts": (total * float(np.quantile(logs, 0.95)) / WIDTH) ** 2,
        },
        multiplier=np.exp(logs),
    )


def _log_errors(errors: ForecastErrors | None, months: float, draws: int, seed: int) -> np.ndarray:
    """Quantiles of the error in random order: no draw of them is left to chance."""
    if errors is None or len(errors.logs) < FEWEST_ORIGINS:
        return np.zeros(draws)
    from scipy.stats import t

    scale = float(np.sqrt(np.mean(errors.logs**2) * months / errors.months))
    places = (np.arange(draws) + 0.5) / draws
    if errors.starts is None:
        quantiles = t.ppf(places, len(errors.logs) - 1)
    else:
        quantiles = next_errors(errors.starts, errors.months, places)
    return scale * np.random.default_rng(seed).permutation(quantiles)


def reach(flow: np.ndarray, discount: float, beyond: float) -> float:
    """How far ahead (months) a total lies: as far as a level flow of which a wandering level is as uncertain.

    Parameters
    ----------
    flow : (months,)
        Of each month, not discounted.
    discount
        Worth now of 1 at the end of this month.
    beyond
        Present value of what comes later: it falls by the same factor from month to month.

    Notes
    -----
    If the level of all flows walks at random, with variance t at time t, then a sum with weights w has the variance
    ∫∫ w(s) w(t) min(s, t) = ∫ S(u)², S(u) being the share that comes after u. A level flow until h has h / 3.

    Examples
    --------
    >>> round(reach(np.ones(24), 1.0, 0.0), 6)
    24.0
    """
    present = np.maximum(flow, 0.0) * discount ** np.arange(1, len(flow) + 1)
    whole = present.sum() + beyond
    if not whole > 0:
        return 0.0
    later = np.append(whole, whole - np.cumsum(present)) / whole
    squared = float(np.sum(later[:-1] ** 2 + later[:-1] * later[1:] + later[1:] ** 2))
    if beyond > 0:
        factor = beyond / (beyond + max(present[-1], 1e-300))
        squared += (beyond / whole) ** 2 * (1 + factor + factor**2) / (1 - factor**2) if factor < 1 else np.inf
    return squared


def halving_loss(flow: np.ndarray, discount: float, beyond: float) -> float | None:
    """Share of customers who would have to leave each month on top of those expected for the value to be half.

    Parameters
    ----------
    flow, discount, beyond
        As of `reach`.

    Returns
    -------
    float or None
        Of those there; None where even half of them a month would not do.

    Examples
    --------
    >>> round(halving_loss(np.full(600, 1.0), 1 / 1.01, 1 / 1.01**600 / 0.01), 4)  # 100 becomes 50: 1 - 1.01 × 50 / 51
    0.0098
    """
    from scipy.optimize import brentq

    times = np.arange(1, len(flow) + 1)
    present = flow * discount**times
    whole = present.sum() + beyond
    factor = beyond / (beyond + max(present[-1], 1e-300)) if beyond > 0 else 0.0

    def left(loss: float) -> float:
        keep = 1 - loss
        tail = present[-1] * keep ** len(flow) * factor * keep / (1 - factor * keep) if beyond > 0 else 0.0
        return float(present @ keep**times + tail - whole / 2)

    return float(brentq(left, 0.0, 0.5)) if whole > 0 and left(0.5) < 0 else None
