"""What customers will order, of several models at once: each has as many draws as its weight says.

Draw d of everything is of model `models[d]` with parameters common to all customers, and customers' natures are drawn
exactly given these (`drawing`). So what a total varies by over draws holds what is not known of customers, of
parameters and of the model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.draws import DRAWS, seed_of
from workbench.errors import ParameterError
from workbench.models.purchases.covariates import own_time
from workbench.models.purchases.drawing import Natures, natures
from workbench.models.purchases.families import Family
from workbench.models.purchases.fitting import posterior
from workbench.models.purchases.histories import Histories
from workbench.models.purchases.monthly import add_months, present_orders
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import number, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """One model with what the data say of it.

    Attributes
    ----------
    family
        The model.
    weight
        By stacking; all weights add up to 1.
    parameters : (n, p)
        Its posterior, equally weighted draws.
    k
        Pareto's k of their importance weights.
    sound
        Whether the draws may be used.
    """

    family: Family
    weight: float
    parameters: np.ndarray
    k: float
    sound: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Orders:
    """What a block of customers will order, in every draw, given each customer's nature in it.

    Attributes
    ----------
    rows : (m,)
        Which customers, by their row in the histories.
    active : bool (m, draws)
        Whether still a customer.
    rate, p, mu : (m, draws)
        Stages a unit of time while active; chance of leaving after an order; rate of leaving at any time.
    passed : uint8 (m, draws)
        Erlang stages that lie behind since the last order.
    stages
        k.
    step
        Length of a month in the unit of time.
    """

    rows: np.ndarray
    active: np.ndarray
    rate: np.ndarray
    p: np.ndarray
    mu: np.ndarray
    passed: np.ndarray
    stages: int
    step: float

    def within(self, horizons: Sequence[float], rate: float = 0.0) -> np.ndarray:
        """Orders (m, draws, H) expected within horizons, discounted from the end of their month; 0 of who has left.

        Parameters
        ----------
        horizons : (H,)
            Whole months, or infinite where the rate is positive.
        rate
            Effective a year; 0 counts orders.

        Raises
        ------
        ParameterError
            For a negative rate, part of a month, or an infinite horizon without a rate.
        """
        wanted = np.asarray(horizons, dtype=float)
        whole = (wanted >= 1) & (np.isinf(wanted) | (wanted == np.floor(wanted)))
        if not rate >= 0 or not whole.all() or (np.isinf(wanted).any() and rate == 0):
            raise ParameterError(
                sentence(
                    "Expected orders: got horizons up to {horizon} months and a rate of {rate} a year; expected whole "
                    "months, a rate of at least 0, and a positive one where the horizon is infinite.",
                    horizon=number(float(wanted.max())),
                    rate=number(rate),
                )
            )
        if np.isinf(rate):
            return np.zeros((*self.rate.shape, len(wanted)))
        discount = float(np.log1p(rate)) / 12
        return present_orders(*self._nature(discount, wanted))

    def by_month(
        self, months: int, worth: np.ndarray | None = None, cells: np.ndarray | None = None, count: int = 1
    ) -> np.ndarray:
        """Sums (draws, months, cells) over customers of what is expected in each month, not discounted.

        Parameters
        ----------
        months
            How many.
        worth : (m, draws) or (m, 1), optional
            What an order of each counts: spend, or spend × margin. 1 by default.
        cells : (m,), optional
            Cell of each customer, from 0.
        count
            Number of cells.
        """
        out = np.zeros((count, self.rate.shape[1], months))
        codes = np.zeros(len(self.rows), dtype=np.int64) if cells is None else np.asarray(cells, dtype=np.int64)
        each = np.ones((1, 1)) if worth is None else np.ascontiguousarray(worth, dtype=float)
        add_months(*self._nature(each, codes, out))
        return out.transpose(1, 2, 0)

    def _nature(self, *more: Any) -> tuple[Any, ...]:
        return self.active, self.rate, self.p, self.mu, self.passed, self.stages, self.step, *more


@dataclass(frozen=True, kw_only=True, eq=False)
class PurchaseForecast:
    """Models of repeat buying, weighted and fitted: what `decisions.value` joins with spend.

    Attributes
    ----------
    histories
        Of all customers until today, one row each.
    members
        Models with a weight above 0.
    models : (draws,)
        Which member each draw is of.
    unit_days
        Days in the unit of time of the histories.
    seed
        Of customers' natures.
    pace : (n,), optional
        How many times as fast the time of each customer runs, by what is known of them; parameters are of one at 1.

    Examples
    --------
    A second draw of natures at the same parameters is `orders.blocks(again=1)`, block for block and draw for draw.
    """

    histories: Histories
    members: tuple[Member, ...]
    models: np.ndarray
    unit_days: float
    seed: int
    pace: np.ndarray | None = None

    @property
    def draws(self) -> int:
        """How many."""
        return len(self.models)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the members."""
        return tuple(member.family.name for member in self.members)

    def blocks(self, *, again: int = 0) -> Iterator[Orders]:
        """Customers in blocks of up to `drawing.BLOCK`, each customer once.

        Parameters
        ----------
        again
            0 for the first draw of natures; 1, 2, … for independent ones at the same parameters.
        """
        yield from self._drawn(self.histories, f"natures {again}")

    def newcomers(self, *, again: int = 0) -> Orders:
        """One customer (1, draws) in the moment of the first purchase, another in each draw.

        Parameters
        ----------
        again
            As of `blocks`.
        """
        return next(self._drawn(Histories.newcomer(), f"newcomers {again}"))

    def totals(self, horizon: float) -> np.ndarray:
        """Purchases (draws,) of all customers together up to a horizon, drawn as they may come.

        Parameters
        ----------
        horizon
            Finite, in the unit of time of the histories.
        """
        found = np.zeros(self.draws)
        columns, streams = self._streams(self.histories, "counts")
        for own, stream in zip(columns, streams, strict=True):
            for part in stream:
                found[own] += part.purchases(horizon).sum(axis=0)
        return found

    def _drawn(self, histories: Histories, what: str) -> Iterator[Orders]:
        columns, streams = self._streams(histories, what)
        for parts in zip(*streams, strict=True):
            yield self._together(parts, columns)

    def _streams(self, histories: Histories, what: str) -> tuple[list[np.ndarray], list[Iterator[Natures]]]:
        """Which draws each member has, and natures of its own."""
        pace = self.pace if histories is self.histories else None
        known = histories if pace is None else own_time(histories, pace)
        columns = [np.flatnonzero(self.models == place) for place in range(len(self.members))]
        streams = [
            natures(
                member.family,
                member.parameters[np.arange(len(own)) % len(member.parameters)],
                known,
                seed=seed_of(self.seed, f"{what} {member.family.name}"),
            )
            for member, own in zip(self.members, columns, strict=True)
        ]
        return columns, streams if pace is None else [_in_common_time(each, pace) for each in streams]

    def _together(self, parts: Sequence[Natures], columns: list[np.ndarray]) -> Orders:
        shape = (len(parts[0].rows), self.draws)
        active, passed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.uint8)
        rate, p, mu = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for part, own in zip(parts, columns, strict=True):
            active[:, own], passed[:, own], rate[:, own] = part.active, part.passed, part.rate
            (mu if part.family.leaving == "any time" else p)[:, own] = part.leaving
        return Orders(
            rows=parts[0].rows,
            active=active,
            rate=rate,
            p=p,
            mu=mu,
            passed=passed,
            stages=self.members[0].family.stages,
            step=DAYS_A_MONTH / self.unit_days,
        )


def _in_common_time(parts: Iterator[Natures], pace: np.ndarray) -> Iterator[Natures]:
    """Natures of customers with a time of their own, in the time of the calendar."""
    for part in parts:
        own = pace[part.rows][:, None]
        by_time = part.family.leaving == "any time"
        yield replace(part, rate=part.rate * own, leaving=part.leaving * own if by_time else part.leaving)


def allotted(weights: Sequence[float], draws: int, seed: int) -> np.ndarray:
    """Which model each draw (draws,) is of: as many as its weight says, by largest remainder, in random order.

    Parameters
    ----------
    weights
        Adding up to 1.
    draws
        How many.
    seed
        Of the order.

    Examples
    --------
    >>> np.bincount(allotted([0.5, 0.301, 0.199], 10, seed=1)).tolist()
    [5, 3, 2]
    """
    exact = np.asarray(weights) * draws
    counts = np.floor(exact).astype(int)
    short = draws - counts.sum()
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


def of_weights(
    histories: Histories,
    families: Sequence[Family],
    weights: Sequence[float],
    *,
    unit_days: float,
    seed: int,
    draws: int = DRAWS,
    pace: np.ndarray | None = None,
) -> PurchaseForecast:
    """Models with known weights, fitted on all data.

    Parameters
    ----------
    histories
        Of all customers until today.
    families
        With the same number of stages.
    weights
        Adding up to 1; models without a draw are left out.
    unit_days
        Days in the unit of time of the histories.
    seed
        Of the random numbers.
    draws
        How many.
    pace : (n,), optional
        How many times as fast the time of each customer runs.
    """
    known = histories if pace is None else own_time(histories, pace)
    models = allotted(weights, draws, seed_of(seed, "models"))
    members = []
    for place, (family, weight) in enumerate(zip(families, weights, strict=True)):
        count = int((models == place).sum())
        if not count:
            continue
        parameters, sample = posterior(family, known, draws=draws, seed=seed_of(seed, family.name))
        members.append(Member(family=family, weight=weight, parameters=parameters, k=sample.k, sound=sample.sound))
    kept = np.unique(models)
    return PurchaseForecast(
        histories=histories,
        members=tuple(members),
        models=np.searchsorted(kept, models),
        unit_days=unit_days,
        seed=seed,
        pace=pace,
    )
