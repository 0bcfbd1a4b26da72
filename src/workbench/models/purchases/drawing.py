"""What each customer will do, drawn exactly from the posterior, block by block.

Given parameters everything is conjugate: whether a customer is active, λ (gamma), p (beta) or μ (gamma). Parameters are
common to all customers within a draw, so that totals vary as they should. Blocks are of a fixed size with
random numbers of their own and customers stand in the order of their histories: neither memory nor the number of
cores nor the order of rows changes what comes out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
from scipy.special import gammainc

from workbench.errors import ParameterError
from workbench.models.purchases.families import Family
from workbench.models.purchases.histories import Histories
from workbench.models.purchases.likelihood import ANY_TIME, AT_PURCHASE, NEVER
from workbench.wording import number, sentence

BLOCK = 5_000
"""Customers drawn at once: 200 draws of them take 8 MB an array."""
NOTHING = 1e-10
"""Where the largest chance of another purchase is below this, the sum over purchases ends."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Natures:
    """Who is active and how they buy and leave: one block of customers, all draws.

    Attributes
    ----------
    family
        The model.
    rows : (n,)
        Which customers, by their row.
    active : (n, draws)
        Whether still a customer.
    rate : (n, draws)
        λ of the Erlang stages; 0 of whoever has left.
    leaving : (n, draws)
        p or μ; 0 where nobody leaves, and of whoever has left.
    passed : (n, draws)
        Erlang stages that lie behind since the last purchase.
    random
        Numbers of this block.
    """

    family: Family
    rows: np.ndarray
    active: np.ndarray
    rate: np.ndarray
    leaving: np.ndarray
    passed: np.ndarray
    random: np.random.Generator

    def purchases(self, horizon: float) -> np.ndarray:
        """Numbers of purchases (n, draws) up to a finite horizon, drawn.

        Parameters
        ----------
        horizon
            From the end of observation, in the unit of time of the histories.
        """
        time = np.full(self.rate.shape, float(horizon))
        if self.family.leaving == "any time":
            with np.errstate(divide="ignore"):
                time = np.minimum(time, self.random.exponential(size=time.shape) / self.leaving)
        bought = (self.passed + self.random.poisson(self.rate * time)) // self.family.stages
        if self.family.leaving in ("after a repeat", "after any"):
            until = self.random.geometric(np.clip(self.leaving, 1e-12, 1.0))
            bought = np.minimum(bought, until)
        return np.where(self.active, bought, 0)

    def discounted(self, horizon: float, rate: float) -> np.ndarray:
        """Purchases (n, draws) expected up to a horizon, discounted by e^(-rate × time), given each customer's nature.

        Parameters
        ----------
        horizon
            In the unit of time; may be infinite where the rate is positive.
        rate
            Continuous, per unit of time.

        Notes
        -----
        With one stage λ / (λp + δ) × (1 - e^(-(λp + δ)h)), or λ / (μ + δ) × …; with more a sum over purchases, the n-th
        of which comes after nk - j stages and finds the customer there with probability (1-p)^(n-1).
        """
        if not (horizon >= 0 and rate >= 0 and (np.isfinite(horizon) or rate > 0)):
            raise ParameterError(
                sentence(
                    "Discounted purchases: got a horizon of {horizon} and a rate of {rate}; expected both at least 0, "
                    "and a positive rate where the horizon is infinite.",
                    horizon=number(horizon),
                    rate=number(rate),
                )
            )
        if horizon == 0 or np.isinf(rate):
            return np.zeros(self.rate.shape)
        by_time = self.family.leaving == "any time"
        fall = rate + (self.leaving if by_time else 0.0)
        p = 0.0 if by_time else self.leaving
        if self.family.stages == 1:
            total = self.rate * p + fall
            with np.errstate(invalid="ignore", divide="ignore"):
                span = np.where(total > 0, -np.expm1(-total * horizon) / total, horizon)
            found = self.rate * span
        else:
            found = self._by_purchase(horizon, fall, p)
        return np.where(self.active, found, 0.0)

    def _by_purchase(self, horizon: float, fall: np.ndarray | float, p: np.ndarray | float) -> np.ndarray:
        each = np.where(self.active, self.rate, 1.0)
        each = each / (each + fall)
        stages = self.family.stages
        if np.isinf(horizon):
            return each ** (stages - self.passed.astype(float)) / (1 - (1 - p) * each**stages)
        found = np.zeros(self.rate.shape)
        needed = stages - self.passed.astype(float)
        chance = each**needed
        while True:
            term = chance * gammainc(needed, (self.rate + fall) * horizon)
            found += term
            if not (np.where(self.active, term, 0.0) > NOTHING).any():
                return found
            chance, needed = chance * (1 - p) * each**stages, needed + stages


def natures(family: Family, parameters: np.ndarray, histories: Histories, *, seed: int) -> Iterator[Natures]:
    """Each customer's nature, in blocks.

    Parameters
    ----------
    family
        The model.
    parameters : (draws, p)
        From its posterior; one row repeated for what the parameters alone say.
    histories
        Of customers, not collapsed.
    seed
        Of the random numbers.

    Yields
    ------
    Natures
        Of up to `BLOCK` customers.

    References
    ----------
    Ma, Liu (2007) for the Pareto/NBD: λ | active ~ Gamma(r + x, α + T), μ | active ~ Gamma(s, β + T).
    """
    order = np.lexsort((histories.observed, histories.recency, histories.frequency))
    blocks = np.array_split(order, -(-len(order) // BLOCK))
    seeds = np.random.SeedSequence(seed).spawn(len(blocks))
    for rows, own in zip(blocks, seeds, strict=True):
        yield _block(family, parameters, histories.rows(rows), rows, np.random.default_rng(own))


def _block(
    family: Family, parameters: np.ndarray, histories: Histories, rows: np.ndarray, random: np.random.Generator
) -> Natures:
    few, which = histories.collapsed()
    shape = (len(rows), len(parameters))
    chance = np.column_stack([family.active(place, few) for place in parameters])
    waiting = np.ones((family.stages - 1, len(few), len(parameters)))
    for draw, place in enumerate(parameters if family.stages > 1 else ()):
        logs = family.waiting(place, few)
        waiting[:, :, draw] = np.cumsum(np.exp(logs - np.logaddexp.reduce(logs, axis=0)), axis=0)[:-1]
    active, passed = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.uint8)
    rate, leaving = np.zeros(shape), np.zeros(shape)
    kind = AT_PURCHASE if family.at_purchases else ANY_TIME if family.leaving == "any time" else NEVER
    occasions = histories.frequency + (family.leaving == "after any")
    events = histories.frequency * family.stages
    _drawn(
        random,
        kind,
        parameters,
        chance,
        waiting,
        which,
        events,
        occasions,
        histories.observed,
        active,
        passed,
        rate,
        leaving,
    )
    return Natures(family=family, rows=rows, active=active, rate=rate, leaving=leaving, passed=passed, random=random)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _drawn(random, kind, parameters, chance, waiting, which, events, occasions, until, active, passed, rate, leaving):
    """Fill the last four (n, draws): of whoever has left nothing but that is drawn."""
    for i in range(len(which)):
        for d in range(len(parameters)):
            if random.random() >= chance[which[i], d]:
                continue
            active[i, d] = True
            if len(waiting):
                place = random.random()
                for j in range(len(waiting)):
                    passed[i, d] += place > waiting[j, which[i], d]
            shape = parameters[d, 0] + events[i] + passed[i, d]
            rate[i, d] = random.standard_gamma(shape) / (parameters[d, 1] + until[i])
            if kind == AT_PURCHASE:
                leaving[i, d] = random.beta(parameters[d, 2], parameters[d, 3] + occasions[i])
            elif kind == ANY_TIME:
                leaving[i, d] = random.standard_gamma(parameters[d, 2]) / (parameters[d, 3] + until[i])
