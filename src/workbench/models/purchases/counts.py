"""How many purchases each customer makes within a time, as chances, and how good these were.

P(Y = y | history) is P(active) times the chances of a newcomer whose parameters the history has moved: λ ~ Gamma(r + kx
+ j, α + T), p ~ Beta(a, b + occasions), μ ~ Gamma(s, β + T).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numba
import numpy as np

from workbench.models.purchases.families import Family
from workbench.models.purchases.histories import Histories
from workbench.models.purchases.likelihood import ANY_TIME, AT_PURCHASE, NEVER
from workbench.models.purchases.quadrature import decaying

ROWS = 2_000
"""Histories at once: some 100 chances of four models each are 6 MB."""
SPREADS = 8.0
"""Standard deviations above the mean at which counts end: what is beyond adds less than 10⁻⁶ to a score."""
LEAST = 1e-12
"""A chance below this counts as this: one customer whom a model holds for impossible must not decide alone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """How a forecast of counts stood beside what was counted, customer by customer.

    Attributes
    ----------
    log : (n,)
        Log chance of the count.
    crps : (n,)
        Continuous ranked probability score, in purchases.
    below, upto : (n,)
        P(Y < y) and P(Y ≤ y): a number drawn between them is uniform where the forecast is right (randomised PIT).
    mean : (n,)
        Expected purchases.
    any : (n,)
        P(Y > 0).

    References
    ----------
    Gneiting, Raftery (2007), section 4.2; Czado, Gneiting, Held (2009), Predictive model assessment for count data.
    """

    log: np.ndarray
    crps: np.ndarray
    below: np.ndarray
    upto: np.ndarray
    mean: np.ndarray
    any: np.ndarray


def log_chances(
    families: Sequence[Family],
    parameters: Sequence[np.ndarray],
    histories: Histories,
    horizon: float,
    later: np.ndarray,
) -> np.ndarray:
    """Log chance (n, models) of what each customer bought.

    Parameters
    ----------
    families, parameters
        Of each model.
    histories
        n rows.
    horizon
        In the unit of time.
    later : (n,)
        Purchases within it.
    """
    found = np.empty((len(histories), len(families)))
    for rows, counts in _cumulative(families, parameters, histories, horizon, later):
        chance = np.diff(counts, axis=2, prepend=0.0)[:, np.arange(len(rows)), later[rows]]
        found[rows] = np.log(np.maximum(chance, LEAST)).T
    return found


def scores(
    families: Sequence[Family],
    parameters: Sequence[np.ndarray],
    weights: Sequence[float],
    histories: Histories,
    horizon: float,
    later: np.ndarray,
) -> Scores:
    """Scores of models together, each with its weight.

    Parameters
    ----------
    families, parameters, weights
        Of each model.
    histories, horizon, later
        As of `log_chances`.
    """
    found = np.empty((6, len(histories)))
    for rows, counts in _cumulative(families, parameters, histories, horizon, later):
        mixed = np.tensordot(np.asarray(weights, dtype=float), counts, axes=1)
        each, own = np.arange(len(rows)), later[rows]
        upto, below = mixed[each, own], np.where(own > 0, mixed[each, own - 1], 0.0)
        reached = np.arange(mixed.shape[1]) >= own[:, None]
        crps = ((mixed - reached) ** 2).sum(axis=1)
        mean = (1 - mixed).sum(axis=1)
        found[:, rows] = np.log(np.maximum(upto - below, LEAST)), crps, below, upto, mean, 1 - mixed[:, 0]
    return Scores(log=found[0], crps=found[1], below=found[2], upto=found[3], mean=found[4], any=found[5])


def moments(
    families: Sequence[Family], parameters: Sequence[np.ndarray], histories: Histories, horizon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (models, n) of what each customer buys, independent of others given parameters.

    Parameters
    ----------
    families, parameters, histories, horizon
        As of `log_chances`.
    """
    shape = (len(families), len(histories))
    mean, variance = np.zeros(shape), np.zeros(shape)
    nothing = np.zeros(len(histories), dtype=int)
    for rows, counts in _cumulative(families, parameters, histories, horizon, nothing):
        above = 1 - counts
        own = above.sum(axis=2)
        mean[:, rows] = own
        variance[:, rows] = above @ (2 * np.arange(counts.shape[2]) + 1.0) - own**2
    return mean, variance


def _cumulative(
    families: Sequence[Family],
    parameters: Sequence[np.ndarray],
    histories: Histories,
    horizon: float,
    later: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Customers (m,) and P(Y ≤ 0, 1, …) of each model (models, m, counts), a chunk of customers at a time."""
    pace = (histories.frequency + 1) / np.maximum(histories.observed, horizon / 10)
    usual = pace * horizon
    most = np.maximum(later, np.ceil(usual + SPREADS * np.sqrt(usual + usual**2 / (histories.frequency + 1))))
    order = np.argsort(most, kind="stable")
    for rows in np.array_split(order, -(-len(order) // ROWS)):
        few, which = histories.rows(rows).collapsed()
        longest = int(most[rows].max()) + 5
        found = [_of(*each, few, horizon, longest) for each in zip(families, parameters, strict=True)]
        yield rows, np.stack(found)[:, which]


def _of(family: Family, parameters: np.ndarray, histories: Histories, horizon: float, most: int) -> np.ndarray:
    """P(Y ≤ 0 … most) (n, most + 1)."""
    place = np.asarray(parameters, dtype=float)
    kind = AT_PURCHASE if family.at_purchases else ANY_TIME if family.leaving == "any time" else NEVER
    until = histories.observed
    if kind == ANY_TIME:
        beta = place[3] + until
        times, logs = decaying(np.full(len(histories), horizon), np.minimum(place[1] + until, beta))
        leaves = np.exp(logs + np.log(place[2] / beta)[:, None] - (place[2] + 1) * np.log1p(times / beta[:, None]))
    else:
        times, leaves = np.empty((len(histories), 0)), np.empty((len(histories), 0))
    waiting = family.waiting(place, histories)
    behind = np.exp(waiting - np.logaddexp.reduce(waiting, axis=0)).T
    occasions = histories.frequency + (family.leaving == "after any")
    events = place[0] + histories.frequency * family.stages
    out = np.zeros((len(histories), most + 1))
    there = family.active(place, histories)
    _fill(kind, family.stages, place, there, behind, events, until, occasions, horizon, times, leaves, out)
    return np.minimum(np.cumsum(out, axis=1), 1.0)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _bought(stages, passed, shape, scale, horizon, weight, out):
    """Add chances × weight of counts while active: stages are negative binomial, k of them a purchase."""
    log_stay = -shape * np.log1p(horizon / scale)
    odds = horizon / (scale + horizon)
    chance = weight * np.exp(log_stay)
    for n in range(len(out) * stages):
        count = (passed + n) // stages
        if count < len(out):
            out[count] += chance
        chance *= (shape + n) / (n + 1.0) * odds


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _fill(kind, stages, parameters, there, behind, events, until, occasions, horizon, times, leaves, out):
    """Chances of 0, 1, … purchases (n, counts)."""
    alone = np.empty(out.shape[1])
    for i in range(len(there)):
        alone[:] = 0.0
        scale = parameters[1] + until[i]
        stays = (1.0 + horizon / (parameters[3] + until[i])) ** -parameters[2] if kind == ANY_TIME else 1.0
        for j in range(stages):
            shape = events[i] + j
            _bought(stages, j, shape, scale, horizon, stays * behind[i, j], alone)
            for node in range(times.shape[1]):
                _bought(stages, j, shape, scale, times[i, node], leaves[i, node] * behind[i, j], alone)
        if kind == AT_PURCHASE:
            a, b = parameters[2], parameters[3] + occasions[i]
            stayed, left, at_least = 1.0, 0.0, 1.0
            for y in range(len(alone)):
                own = alone[y]
                alone[y] = stayed * own + left * at_least
                at_least -= own
                left = stayed * a / (a + b + y)
                stayed *= (b + y) / (a + b + y)
        for y in range(len(alone)):
            out[i, y] = there[i] * alone[y]
        out[i, 0] += 1.0 - there[i]
