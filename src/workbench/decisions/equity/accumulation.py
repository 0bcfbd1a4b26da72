"""Blocks of customers added up: what each is worth over all draws, and what all are worth in each draw.

Two passes, with two independent draws of customers' natures at the same parameters. The first says what is expected of
each customer and where in each draw the borders of tiers lie; the second is held against these. A block is forgotten
once it is added: memory grows with customers, and with draws, and never with both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.value.business import Business, Kind, Money, Plan

LEVEL = 0.90
"""As every interval of a report has it."""
BORDERS_OF = 20_000
"""Customers of whom the borders of tiers in each draw are found: shares are then known to 0.3 points."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Customers:
    """What is known of each customer, over all draws.

    Attributes
    ----------
    alive : (n,)
        Share of draws in which the customer is active.
    staying : (n,)
        Chance to be still there after a quarter.
    spend, spend_lower, spend_upper : (n,)
        Mean amount of an order, and its 90% interval.
    orders, orders_lower, orders_upper : (n, H)
        Expected orders within each horizon, and the 90% interval of what is expected given the customer's nature.
    value, lower, upper : (n, H)
        The same of value.
    """

    alive: np.ndarray
    staying: np.ndarray
    spend: np.ndarray
    spend_lower: np.ndarray
    spend_upper: np.ndarray
    orders: np.ndarray
    orders_lower: np.ndarray
    orders_upper: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstPass:
    """What the first draw of natures says.

    Attributes
    ----------
    alive : (n,)
        Share of draws in which the customer is active.
    value : (n, H)
        Expected of each customer; the same for customers of whom the same is known.
    totals : (draws, H)
        Of all customers.
    sample : (s, draws)
        Value of some customers in each draw within the last horizon: where borders of tiers are found.
    """

    alive: np.ndarray
    value: np.ndarray
    totals: np.ndarray
    sample: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class SecondPass:
    """What the second draw of natures says.

    Attributes
    ----------
    customers
        Each of them.
    groups
        (G rows) Each group: `grouping`, `group` and `customers`; the first is everybody.
    totals : (G, draws, H)
        Value of each group.
    orders : (G, draws, H)
        Orders of each group, given natures.
    alive, spend, at_risk : (G, draws)
        How many of each group are active, the sum of what an order of each customer is of, and what of the group's
        value within the last horizon goes in the next quarter with those who leave.
    customers_by_month : (draws, months, cells)
        Expected number still there at the end of each month.
    flows : kind → (draws, months, cells)
        Cash of each month, not discounted.
    tiers : (n, T)
        Share of draws in which each customer is in each tier.
    """

    customers: Customers
    groups: pd.DataFrame
    totals: np.ndarray
    orders: np.ndarray
    alive: np.ndarray
    spend: np.ndarray
    at_risk: np.ndarray
    customers_by_month: np.ndarray
    flows: Mapping[Kind, np.ndarray]
    tiers: np.ndarray


def first_pass(business: Business, *, rate: float, horizons: np.ndarray, money: Money) -> FirstPass:
    """Go through all customers once.

    Parameters
    ----------
    business
        Whose customers.
    rate
        Effective a year.
    horizons : (H,)
        Months; the last is the one by which customers are compared.
    money
        Margins and costs.
    """
    size, draws = len(business.customers), business.draws
    plan = Plan(rate=rate, horizons=horizons, months=1, cells=np.zeros(size, dtype=int), money=money, round=0)
    alive, value, totals = np.zeros((size, 1)), np.zeros((size, len(horizons))), np.zeros((draws, len(horizons)))
    # Evenly spread over customers in the order of their ids, so that neither blocks nor the order of rows matter.
    places = np.unique(np.linspace(0, size - 1, min(size, BORDERS_OF)).astype(int))
    chosen = np.argsort(np.asarray(business.customers), kind="stable")[places]
    seat = np.full(size, -1)
    seat[chosen] = np.arange(len(chosen))
    sample = np.empty((len(chosen), draws), dtype=np.float32)
    for block in business.blocks(plan):
        alive[block.rows, 0] = block.active.mean(axis=1)
        value[block.rows] = block.value.mean(axis=1)
        totals += block.value.sum(axis=0)
        mine = seat[block.rows]
        sample[mine[mine >= 0]] = block.value[mine >= 0, :, -1]
    same = alike_mean(business, np.hstack([alive, value]))
    return FirstPass(alive=same[:, 0], value=same[:, 1:], totals=totals, sample=sample)


def second_pass(
    business: Business,
    *,
    rate: float,
    horizons: np.ndarray,
    money: Money,
    months: int,
    cells: np.ndarray,
    groupings: pd.DataFrame,
    borders: np.ndarray,
) -> SecondPass:
    """Go through all customers again, with other natures.

    Parameters
    ----------
    business, rate, horizons, money
        As in the first pass.
    months
        For so many the flows are given.
    cells : (n,)
        Cell of each customer.
    groupings
        (n rows) A column of text for each way to group customers.
    borders : (draws, T - 1)
        Values within the last horizon that a customer must reach for each tier but the lowest, falling.
    """
    size, draws, width = len(business.customers), business.draws, len(horizons)
    plan = Plan(rate=rate, horizons=horizons, months=months, cells=cells, money=money, round=1)
    members, groups = _members(groupings)
    each = Customers(
        **{name: np.zeros(size) for name in ("alive", "staying", "spend", "spend_lower", "spend_upper")},
        **{name: np.zeros((size, width)) for name in ("orders", "orders_lower", "orders_upper")},
        **{name: np.zeros((size, width)) for name in ("value", "lower", "upper")},
    )
    totals, orders = (np.zeros((len(groups), draws, width)) for _ in range(2))
    alive, spend, at_risk = (np.zeros((len(groups), draws)) for _ in range(3))
    tiers = np.zeros((size, borders.shape[1] + 1))
    there = np.zeros((draws, months, plan.number_of_cells))
    flows: dict[Kind, np.ndarray] = {}
    for block in business.blocks(plan):
        rows = block.rows
        each.alive[rows], each.staying[rows] = block.active.mean(axis=1), block.staying.mean(axis=1)
        each.spend[rows], each.orders[rows] = block.spend.mean(axis=1), block.orders.mean(axis=1)
        each.spend_lower[rows], each.spend_upper[rows] = ends(block.spend, axis=1)
        each.orders_lower[rows], each.orders_upper[rows] = ends(block.orders, axis=1)
        each.value[rows] = block.value.mean(axis=1)
        each.lower[rows], each.upper[rows] = ends(block.value, axis=1)
        inside = (members[rows][:, :, None] == np.arange(members.max() + 1)).any(axis=1).astype(float).T
        for h in range(width):
            totals[:, :, h] += inside @ block.value[:, :, h]
            orders[:, :, h] += inside @ block.orders[:, :, h]
        alive += inside @ block.active
        spend += inside @ block.spend
        at_risk += inside @ (block.value[:, :, -1] * (block.active - block.staying))
        for place in range(borders.shape[1] + 1):
            reached = block.value[:, :, -1, None] >= borders
            tiers[rows, place] = (reached.shape[2] - reached.sum(axis=2) == place).mean(axis=1)
        there += block.customers
        for kind, flow in block.flows.items():
            flows[kind] = flows.get(kind, 0.0) + flow
    return SecondPass(
        customers=each,
        groups=groups,
        totals=totals,
        orders=orders,
        alive=alive,
        spend=spend,
        at_risk=at_risk,
        customers_by_month=there,
        flows=flows,
        tiers=tiers,
    )


def ends(values: np.ndarray, axis: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the 90% interval over draws; missing where a value is.

    Parameters
    ----------
    values
        Draws along the axis.
    axis
        Which.

    Examples
    --------
    >>> [round(float(each), 9) for each in ends(np.arange(101.0))]
    [5.0, 95.0]
    """
    last = values.shape[axis] - 1
    places = [(1 - LEVEL) / 2 * last, (1 + LEVEL) / 2 * last]
    around = sorted({int(np.floor(place)) for place in places} | {int(np.ceil(place)) for place in places})
    sorted_ = np.moveaxis(np.partition(values, around, axis=axis), axis, 0)
    found = []
    for place in places:
        low = int(np.floor(place))
        high = min(low + 1, last)
        found.append(sorted_[low] + (place - low) * (sorted_[high] - sorted_[low]))
    return found[0], found[1]


def alike_mean(business: Business, value: np.ndarray) -> np.ndarray:
    """Mean (n, H) over customers of whom the same is known, where the business can tell."""
    codes = getattr(business, "alike", None)
    if codes is None:
        return value
    counts = np.bincount(codes)
    sums = np.stack([np.bincount(codes, column) for column in value.T], axis=1)
    return (sums / counts[:, None])[codes]


def _members(groupings: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Number (n, groupings + 1) of each group that a customer is in, and what the groups are."""
    codes, rows = [np.zeros(len(groupings), dtype=int)], [{"grouping": "all", "group": "all", "customers": 0}]
    rows[0]["customers"] = len(groupings)
    for name in groupings:
        found, values = pd.factorize(groupings[name].astype(str), sort=True)
        codes.append(found + len(rows))
        counts = np.bincount(found, minlength=len(values))
        rows += [
            {"grouping": name, "group": str(value), "customers": int(count)}
            for value, count in zip(values, counts, strict=True)
        ]
    return np.stack(codes, axis=1), pd.DataFrame(rows)
