"""Customers who order and may leave unseen: models of repeat buying × spend, drawn together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from workbench.decisions.value.business import QUARTER, Block, ForecastErrors, Kind, Newcomers, Plan
from workbench.decisions.value.buyers import WEEK, Buyers, buyers_of
from workbench.draws import seed_of
from workbench.errors import DataError
from workbench.exhibits import Showable
from workbench.models import spend
from workbench.models.purchases.forecast import Orders, PurchaseForecast
from workbench.models.purchases.newcomers import laid_out
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.statistics.laplace import Sample

PACES = 8
"""Equal parts of customers, by how fast they buy, that newcomers are taken to be of."""
LEAST_DAYS = 90
"""Of records before an earlier day of valuation: a quarter, as `features.schedule` has it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdersBusiness:
    """The business of orders alone, as `business.Business` has it.

    Attributes
    ----------
    buyers
        As of the day of valuation.
    days
        The log that they were read from.
    until
        Last day that was looked at, in days since the records began.
    forecast
        Of their purchases.
    spends : (draws, 3)
        Parameters of the spend model.
    spend_sample
        How they were sampled.
    kept_share : (draws,)
        What of an order's amount is kept.
    seed
        Of all random numbers.
    shown
        Exhibits: its models and checks.
    """

    kind: ClassVar[Literal["orders"]] = "orders"
    buyers: Buyers
    groups: pd.DataFrame
    days: pd.DataFrame
    until: int
    forecast: PurchaseForecast
    spends: np.ndarray
    spend_sample: Sample
    kept_share: np.ndarray
    contribution: bool
    seed: int
    errors: ForecastErrors | None = None
    lifetime: bool = True
    shown: tuple[Showable, ...] = ()

    @property
    def customers(self) -> np.ndarray:
        """Pseudonyms (n,)."""
        return self.buyers.customers

    @property
    def draws(self) -> int:
        """How many."""
        return self.forecast.draws

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models."""
        return self.forecast.names

    @property
    def models(self) -> np.ndarray:
        """Which model each draw (draws,) is of."""
        return self.forecast.models

    @property
    def observed(self) -> float:
        """Months since the first customer first bought."""
        return float(self.buyers.histories.observed.max()) * WEEK / DAYS_A_MONTH

    @cached_property
    def alike(self) -> np.ndarray:
        """Code (n,) of customers of whom the same is known: their value is the same."""
        known = self.buyers.histories
        columns = [known.frequency, known.recency, known.observed, self.buyers.paid, self.buyers.mean]
        columns.append(self.buyers.own.share)
        if self.forecast.pace is not None:
            columns.append(self.forecast.pace)
        return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()

    @property
    def rfm(self) -> pd.DataFrame:
        """`recency` (months since the last purchase), `frequency` (purchase days) and `money` (mean amount paid)."""
        known = self.buyers.histories
        since = (known.observed - known.recency) * WEEK / DAYS_A_MONTH
        return pd.DataFrame({"recency": since, "frequency": self.buyers.bought, "money": self.buyers.mean})

    def blocks(self, plan: Plan) -> Iterator[Block]:
        """Customers in blocks, all draws."""
        streams = np.random.SeedSequence(seed_of(self.seed, f"spend {plan.round}"))
        counted = np.isfinite(plan.horizons)
        for block in self.forecast.blocks(again=plan.round):
            random = np.random.default_rng(streams.spawn(1)[0])
            rows = block.rows
            amount = spend.draw_means(self.spends, self.buyers.paid[rows], self.buyers.mean[rows], random)
            worth = amount * self.kept_share * self._own(rows, random)
            present = block.within(np.where(counted | (plan.rate > 0), plan.horizons, 1.0).tolist(), plan.rate)
            present[:, :, ~counted & (plan.rate == 0)] = np.nan
            if not self.lifetime:
                present[:, :, ~counted] = np.nan
            orders = np.full_like(present, np.nan)
            orders[:, :, counted] = block.within(plan.horizons[counted].tolist())
            keep, first = staying(block, 1), block.within([1])[:, :, 0]
            cells, count = plan.cells[rows], plan.number_of_cells
            with np.errstate(divide="ignore", invalid="ignore"):
                there = np.where(first > 0, keep / first, 0.0)
            flows: dict[Kind, np.ndarray] = {"orders": block.by_month(plan.months, worth, cells, count)}
            yield Block(
                rows=rows,
                active=block.active,
                staying=staying(block, QUARTER),
                orders=orders,
                spend=amount,
                value=present * worth[:, :, None],
                customers=block.by_month(plan.months, there, cells, count),
                flows=flows,
            )

    def _own(self, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Margin (m, draws) of customers beside that of all, as surely as it is known."""
        share, error = self.buyers.own.share[rows, None], self.buyers.own.error[rows, None]
        if not error.any():
            return np.asarray(share)
        return np.asarray(share + error * random.standard_normal((len(rows), self.draws)))

    def newcomers(self, plan: Plan) -> Newcomers | None:
        """What the mean newcomer brings; None where the mean spend of customers is infinite."""
        p, q, scale = self.spends.T
        if (q <= spend.gamma_gamma.INFINITE_MEAN).any():
            return None
        worth = p * scale / (q - 1) * self.kept_share
        lifetime = np.isinf(plan.horizons)
        told = ~lifetime | (self.lifetime and plan.rate > 0)
        value = np.full((self.draws, len(lifetime)), np.nan)
        value[:, told] = 1
        flow = np.zeros((self.draws, plan.months))
        flow[:, 0] = 1
        paces = np.ones(1)
        if self.forecast.pace is not None:
            paces = np.quantile(self.forecast.pace, (np.arange(PACES) + 0.5) / PACES)
        for pace in paces:
            people, weights = laid_out(self.forecast, DAYS_A_MONTH / WEEK * float(pace))
            each = people.within(plan.horizons[told].tolist(), plan.rate) * weights[:, :, None]
            value[:, told] += each.sum(axis=0) / len(paces)
            flow += people.by_month(plan.months, weights)[:, :, 0] / len(paces)
        return Newcomers(value=value * worth[:, None], flow=flow * worth[:, None])

    @property
    def comparable(self) -> "OrdersBusiness":
        """Itself: of customers of any day the same is known."""
        return self

    def before(self, months: int) -> "OrdersBusiness | None":
        """The business so many months earlier, with the parameters of now."""
        until = self.until - round(months * DAYS_A_MONTH)
        if until < LEAST_DAYS:
            return None
        try:
            buyers = buyers_of(self.days, until)
        except DataError:
            return None
        there = pd.Index(self.customers).isin(buyers.customers)
        pace = None if self.forecast.pace is None else self.forecast.pace[there]
        forecast = replace(self.forecast, histories=buyers.histories, pace=pace)
        groups = self.groups.loc[there].reset_index(drop=True)
        return replace(self, buyers=buyers, groups=groups, until=until, forecast=forecast, shown=())

    def exhibits(self) -> Iterable[Showable]:
        """Its models and checks."""
        return self.shown


def staying(block: Orders, months: int) -> np.ndarray:
    """Chance (m, draws) to be still a customer after so many months.

    With regular gaps (more than one Erlang stage) as if gaps were irregular and as long.
    """
    fall = block.rate / block.stages * block.p + block.mu
    return np.where(block.active, np.exp(-fall * block.step * months), 0.0)
