"""Customers under contract, who may order as well: leaving is seen, so nobody is taken to have left unseen.

Survival comes from an earlier run of `churn_survival`, or from tenure alone; orders and contacts are a gamma–Poisson
while on board; fees are those of the contract. A model of unseen leaving fitted to the orders would count leaving
twice. Draw d of survival stands beside draw d of orders: both were fitted apart, and given what was seen of a customer
their errors are taken as independent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from workbench.decisions.value.business import QUARTER, Block, ForecastErrors, Kind, Money, Newcomers, Plan
from workbench.decisions.value.life_table import LifeTable
from workbench.decisions.value.staying import YEAR, ByTenure, Staying, monthly, time_on_board
from workbench.draws import seed_of
from workbench.exhibits import Showable
from workbench.findings import Check
from workbench.models.purchases.while_active import SEASONAL, Rates, Watched
from workbench.models.spend.gamma_gamma import draw_means, mean_spend_check
from workbench.statistics.laplace import LARGEST_K
from workbench.wording import number, sentence

BLOCK = 100
"""Customers valued at once: 400 draws of 60 months of them take 19 MB an array."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ordering:
    """Orders of customers on board.

    Attributes
    ----------
    rates
        How often.
    ageing : (draws,)
        By how much log rates of those on board change with a year of tenure.
    watched
        Of the customers of today, in their order.
    spend : (draws, 3)
        Of the gamma–gamma model of what an order brings.
    orders, mean : (n,)
        How many orders of a positive amount each customer has placed, and their mean, in money.
    kept : (draws,)
        What all orders brought over what the spend model says that they would.
    spend_k
        Pareto's k of the draws of `spend`.
    """

    rates: Rates
    ageing: np.ndarray
    watched: Watched
    spend: np.ndarray
    orders: np.ndarray
    mean: np.ndarray
    kept: np.ndarray
    spend_k: float = 0.0

    def checks(self) -> Iterator[Showable]:
        """Whether draws may be used, mean spend is finite, and the season was seen twice."""
        yield mean_spend_check(self.spend)
        worst = max(self.rates.sample.k, self.spend_k)
        yield Check(
            name="orders_on_board_draws",
            status="pass" if worst <= LARGEST_K else "fail",
            title=sentence("Draws of orders may be used")
            if worst <= LARGEST_K
            else sentence("Draws of orders are not sound"),
            message=sentence("Pareto's k of the importance weights is at most {k}.", k=number(worst)),
            value=worst,
            threshold=LARGEST_K,
        )
        months = len(self.watched.calendar)
        twice = months >= SEASONAL
        message = (
            sentence("Orders of {n} months show each month of the year at least twice.", n=number(months))
            if twice
            else sentence(
                "Orders of {n} months show no month of the year twice: its season is taken to be flat, which misstates "
                "single months, and the first year where the records are one-sided.",
                n=number(months),
            )
        )
        yield Check(
            name="season_seen_twice",
            status="pass" if twice else "warn",
            title=sentence("The season was seen twice") if twice else sentence("The season was not seen twice"),
            message=message,
            value=months,
            threshold=SEASONAL,
        )

    def multiples(self, calendar: np.ndarray) -> np.ndarray:
        """By how many times the rates of months to come are today's (draws, K).

        Parameters
        ----------
        calendar : (K,)
            Calendar month of each.
        """
        ahead = (np.arange(len(calendar)) + 0.5) / 12
        return self.rates.multiples(calendar) * np.exp(self.ageing[:, None] * ahead)

    def natures(self, rows: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Orders a month and what an order brings, (draws, m) each."""
        rate = self.rates.customers(self.watched.rows(rows), random)
        spend = draw_means(self.spend, self.orders[rows], self.mean[rows], random)
        return rate.T, spend.T


@dataclass(frozen=True, kw_only=True, eq=False)
class Contacting:
    """Contacts of customers on board.

    Attributes
    ----------
    rates
        How often.
    watched
        Of the customers of today, in their order.
    minutes : (draws,)
        Mean length of a contact.
    """

    rates: Rates
    watched: Watched
    minutes: np.ndarray

    def natures(self, rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Minutes a month (draws, m)."""
        return self.rates.customers(self.watched.rows(rows), random).T * self.minutes[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Subscribers:
    """The business.

    Attributes
    ----------
    kind, customers, groups, draws, names, models, observed, lifetime, contribution, errors
        As in `Business`. Customers are those on board on the day of valuation.
    staying
        Their chances to stay, in their order.
    fee : (n,)
        Money a month.
    ordering, contacting
        None where there is none.
    calendar : (K,)
        Calendar month of each month to come, from the day on; goes round.
    tables
        Life tables of newcomers: of all under "", and by group (`group_by`) under the group's name.
    group_by
        Column of `groups` whose groups have life tables of their own; empty where there is none.
    by_tenure
        Chances to stay by tenure and group alone, which are known of customers of earlier days too.
    earlier
        The business as it was so many months earlier, with the parameters of now; None where contracts have no dates.
    shown
        Checks, findings and tables of how it was fitted.
    seed
        Of the natures of customers.
    """

    kind: Literal["contracts", "subscribers"]
    customers: np.ndarray
    groups: pd.DataFrame
    draws: int
    names: tuple[str, ...]
    models: np.ndarray
    observed: float
    lifetime: bool
    contribution: bool
    errors: ForecastErrors | None
    staying: Staying
    fee: np.ndarray | None
    ordering: Ordering | None
    contacting: Contacting | None
    calendar: np.ndarray
    tables: Mapping[str, LifeTable]
    group_by: str
    by_tenure: ByTenure
    earlier: Callable[["Subscribers", int], "Subscribers | None"] | None
    shown: tuple[Showable, ...]
    seed: int

    def blocks(self, plan: Plan) -> Iterator[Block]:
        """Customers in blocks; see `Business.blocks`."""
        order = np.argsort(self.customers, kind="stable")
        parts = np.array_split(order, max(-(-len(order) // BLOCK), 1))
        seeds = np.random.SeedSequence([seed_of(self.seed, "natures"), plan.round]).spawn(len(parts))
        for rows, own in zip(parts, seeds, strict=True):
            yield self._block(plan, rows, np.random.default_rng(own))

    def _block(self, plan: Plan, rows: np.ndarray, random: np.random.Generator) -> Block:
        months = _months(plan)
        chances = self.staying.until(rows, months)
        there = time_on_board(chances)
        shape = (self.draws, len(rows))
        orders, spend = np.zeros((*shape, len(plan.horizons))), np.zeros(shape)
        streams: dict[Kind, tuple[np.ndarray, np.ndarray]] = {}
        if self.ordering is not None:
            rate, spend = self.ordering.natures(rows, random)
            multiple = self.ordering.multiples(self._calendar(months))
            orders = rate[:, :, None] * _within(plan, chances, there, multiple, 1.0)
            streams["orders"] = (rate * spend * self.ordering.kept[:, None], multiple)
        steady = np.ones((self.draws, months))
        if self.fee is not None:
            streams["fees"] = (np.broadcast_to(self.fee[rows] * plan.money.fee_margin, shape), steady)
        if self.contacting is not None and plan.money.contact_minute:
            rate = self.contacting.natures(rows, random)
            multiple = self.contacting.rates.multiples(self._calendar(months))
            streams["contacts"] = (-plan.money.contact_minute * rate, multiple)
        if plan.money.retention:
            streams["retention"] = (np.full(shape, -plan.money.retention), steady)
        value = np.zeros((*shape, len(plan.horizons)))
        customers = np.zeros((self.draws, plan.months, plan.number_of_cells))
        flows: dict[Kind, np.ndarray] = {kind: np.zeros_like(customers) for kind in streams}
        cells = plan.cells[rows]
        for cell in np.unique(cells):
            customers[:, :, cell] = chances[:, cells == cell, 1 : plan.months + 1].sum(axis=1)
        for kind, (amount, multiple) in streams.items():
            value += amount[:, :, None] * _within(plan, chances, there, multiple, plan.discount)
            for cell in np.unique(cells):
                own = cells == cell
                flow = np.einsum("dmk,dm->dk", there[:, own, : plan.months], amount[:, own])
                flows[kind][:, :, cell] = flow * multiple[:, : plan.months]
        return Block(
            rows=rows,
            active=np.ones(shape[::-1], dtype=bool),
            staying=chances[:, :, min(QUARTER, months)].T,
            orders=orders.transpose(1, 0, 2),
            spend=spend.T,
            value=value.transpose(1, 0, 2),
            customers=customers,
            flows=flows,
        )

    def newcomers(self, plan: Plan, group: str = "") -> Newcomers | None:
        """What the mean newcomer brings; see `Business.newcomers`.

        Parameters
        ----------
        plan
            Rate, horizons and money.
        group
            Of `group_by`; of all where it is empty.
        """
        table = self.tables.get(group)
        if table is None:
            return None
        months = _months(plan)
        there, end = table.lasting(months)
        cost = {"fees": plan.money.fee_margin, "orders": 1.0, "contacts": -plan.money.contact_minute}
        a_month = np.full_like(there, -plan.money.retention)
        for kind in table.cash:
            a_month += cost[kind] * table.flow(kind, months)
        flow = there * a_month
        grown = np.cumsum(flow * plan.discount ** np.arange(1, months + 1), axis=1)
        value = np.empty((self.draws, len(plan.horizons)))
        for place, horizon in enumerate(plan.horizons):
            if np.isfinite(horizon):
                value[:, place] = grown[:, int(horizon) - 1] if horizon >= 1 else 0.0
            else:
                after = forever(end[:, -1], np.exp(-table.tail), plan.discount, months)
                value[:, place] = grown[:, -1] + after * a_month[:, -YEAR:].mean(axis=1)
        return Newcomers(value=value, flow=flow[:, : plan.months])

    def newcomers_by_group(self, plan: Plan) -> dict[str, Newcomers]:
        """The same of each group that has a life table of its own; none where there is one for all.

        Parameters
        ----------
        plan
            As of `newcomers`.
        """
        found = {name: self.newcomers(plan, name) for name in self.tables if name}
        return {name: each for name, each in found.items() if each is not None}

    def outcomes(self, money: Money, months: int, round: int = 0) -> np.ndarray:
        """What customers bring within so many months (draws,), not discounted, as it would come by chance.

        Unlike value, which is what is expected given natures, it has the chance of who leaves when and of single
        orders and contacts: what came is one draw of it.

        Parameters
        ----------
        money
            Margins and costs.
        months
            From the day of valuation.
        round
            Another has other natures and other chance, at the same parameters.
        """
        total = np.zeros(self.draws)
        order = np.argsort(self.customers, kind="stable")
        parts = np.array_split(order, max(-(-len(order) // BLOCK), 1))
        seeds = np.random.SeedSequence([seed_of(self.seed, "outcomes"), months, round]).spawn(len(parts))
        for rows, own in zip(parts, seeds, strict=True):
            random = np.random.default_rng(own)
            lasted = _lasting(self.staying.until(rows, months), random)
            total -= money.retention * lasted.sum(axis=1)
            if self.fee is not None:
                total += money.fee_margin * lasted @ self.fee[rows]
            if self.ordering is not None:
                rate, spend = self.ordering.natures(rows, random)
                passed = _passed(self.ordering.multiples(self._calendar(months)), lasted)
                shape = self.ordering.spend[:, :1]
                amount = random.gamma(shape * random.poisson(rate * passed)) * spend / shape
                total += self.ordering.kept * amount.sum(axis=1)
            if self.contacting is not None and money.contact_minute:
                passed = _passed(self.contacting.rates.multiples(self._calendar(months)), lasted)
                minutes = self.contacting.minutes[:, None]
                rate = self.contacting.natures(rows, random) / np.maximum(minutes, 1e-300)
                contacts = random.poisson(rate * passed) * minutes
                total -= money.contact_minute * contacts.sum(axis=1)
        return total

    @property
    def comparable(self) -> "Subscribers":
        """The same by tenure and group alone, as customers of an earlier day are valued by `before`."""
        return self if self.staying is self.by_tenure else replace(self, staying=self.by_tenure)

    def before(self, months: int) -> "Subscribers | None":
        """The business so many months earlier: see `Business.before`. Who stays goes by tenure and group."""
        return None if self.earlier is None else self.earlier(self, months)

    def exhibits(self) -> Iterable[Showable]:
        """How it was fitted, and checks."""
        yield self.shown

    def _calendar(self, months: int) -> np.ndarray:
        return np.resize(self.calendar, months)


def _lasting(chances: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Months (draws, m) that customers last, by chances at the end of each month (draws, m, k + 1); at most k."""
    fate = random.random(chances.shape[:2])[:, :, None]
    whole = (chances > fate).sum(axis=2) - 1
    last = chances.shape[2] - 1
    begin = np.take_along_axis(chances, np.minimum(whole, last)[:, :, None], axis=2)
    end = np.take_along_axis(chances, np.minimum(whole + 1, last)[:, :, None], axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.log(begin / fate) / np.log(begin / end)
    return np.minimum(whole + np.where(whole < last, np.clip(part[:, :, 0], 0, 1), 0.0), last)


def _passed(multiple: np.ndarray, lasted: np.ndarray) -> np.ndarray:
    """Months on board (draws, m), each counted as often as its season and trend say: `multiple` is (draws, k)."""
    grown = np.hstack([np.zeros((len(multiple), 1)), np.cumsum(multiple, axis=1)])
    place = np.minimum(np.floor(lasted).astype(int), multiple.shape[1] - 1)
    draw = np.arange(len(multiple))[:, None]
    return grown[draw, place] + (lasted - place) * multiple[draw, place]


def _months(plan: Plan) -> int:
    """For which months flows are worked out: as far as finite horizons reach."""
    finite = [each for each in plan.horizons if np.isfinite(each)]
    return int(np.ceil(max([plan.months, *finite])))


def _within(plan: Plan, chances: np.ndarray, there: np.ndarray, multiple: np.ndarray, discount: float) -> np.ndarray:
    """Discounted months on board within each horizon (draws, m, H), each month counted so many times."""
    months = there.shape[2]
    grown = np.cumsum(there * (multiple * discount ** np.arange(1, months + 1))[:, None, :], axis=2)
    found = np.zeros((*there.shape[:2], len(plan.horizons)))
    for place, horizon in enumerate(plan.horizons):
        if np.isfinite(horizon):
            found[:, :, place] = grown[:, :, int(horizon) - 1] if horizon >= 1 else 0.0
            continue
        stay = monthly(chances)
        usual = multiple[:, -YEAR:].mean(axis=1)[:, None]
        found[:, :, place] = grown[:, :, -1] + usual * forever(chances[:, :, -1], stay, discount, months)
    return found


def forever(chance: np.ndarray, stay: np.ndarray, discount: float, months: int) -> np.ndarray:
    """Discounted months on board after so many months, of customers who stay another month with the same chance.

    Parameters
    ----------
    chance
        To be there after those months.
    stay
        To stay another month.
    discount
        Worth now of 1 in a month.
    months
        After which it begins.

    Returns
    -------
    ndarray
        NaN where it is endless: nobody leaves and nothing is discounted.
    """
    hazard = np.maximum(-np.log(np.maximum(stay, 1e-300)), 1e-12)
    mean = -np.expm1(-hazard) / hazard
    left = 1 - discount * stay
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > 1e-9, chance * mean * discount ** (months + 1) / left, np.nan)
