"""What initiatives are worth to the company, with its own customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa

from workbench.errors import RunError
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.futures import Worlds, ahead
from workbench.simulate.engine.initiatives import Initiative
from workbench.simulate.engine.noise import Mechanism, Noise, Together
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import TOUCHPOINTS
from workbench.simulate.population import ANNUAL_RATE, CASH, discount
from workbench.wording import sentence

VALUE_MONTHS = 36  # from the decision date, the end of the records
TOLERANCE = 0.02  # Monte-Carlo error of a value, as a share of its cost
FEW = 500  # customers: of a smaller company the same effort is spent, and the error, which is told, is larger
MOST_SLOTS = 131_072  # slots are alike: of a larger company so many are valued, and scaled up
_AT_ONCE = 2_048  # slots: replicates of a small company are worked out together
_MOST = 100_000  # replicates


def subsets_of(initiatives: Sequence[Initiative]) -> np.ndarray:
    """Which initiatives each subset has: (subsets, initiatives), the first has none."""
    return np.array(list(product([False, True], repeat=len(initiatives))))


@dataclass
class Value:
    """What subsets of initiatives bring, summed over customers.

    Attributes
    ----------
    flows
        (subsets, months): expected cash flow, in money.
    error
        (subsets,): Monte-Carlo variance of the discounted gain over doing nothing.
    gains
        (2, subsets): sum and sum of squares of customers' discounted gains.
    reached
        (initiatives,): customers reached.
    """

    flows: np.ndarray
    error: np.ndarray
    gains: np.ndarray
    reached: np.ndarray
    customers: int
    replicates: int

    def __add__(self, other: "Value") -> "Value":
        return Value(
            self.flows + other.flows,
            self.error + other.error,
            self.gains + other.gains,
            self.reached + other.reached,
            self.customers + other.customers,
            max(self.replicates, other.replicates),
        )


def value_ahead(
    settings: Settings, world: Coefficients, people: Customers, noise: Noise, initiatives: Sequence[Initiative]
) -> Value:
    """What each subset of initiatives brings from the customers of one block, from the end of the records on.

    Replicates of the future are added until the error of each subset's gain is within this block's share of
    `TOLERANCE`, which holds from `FEW` customers on. A single replicate bounds that error by the second moment of
    customers' gains.

    Raises
    ------
    RunError
        When the tolerance is out of reach, since hardly anything is spent.
    """
    subsets = subsets_of(initiatives)
    reached = np.array([noise.uniform(Mechanism.REACH, 0, i) < each.reach for i, each in enumerate(initiatives)])
    weights = discount(VALUE_MONTHS)
    costs = np.array(
        [each.fixed_cost + each.cost_per_customer * each.reach * settings.customers for each in initiatives]
    )
    # An empty or free subset has no cost to measure the error by.
    spent = np.where(subsets @ costs > 0, subsets @ costs, np.inf)
    allowed = len(people) / settings.customers * (0.9 * TOLERANCE * spent) ** 2
    allowed = allowed * max(1.0, FEW / settings.customers)
    if settings.customers > MOST_SLOTS:  # who is valued adds to the error: room is left for that
        allowed = allowed * MOST_SLOTS / settings.customers / 4
    at_once = max(1, _AT_ONCE // len(people))
    many = people.repeated(at_once)
    worlds = _worlds(initiatives, np.tile(reached, at_once), subsets)
    total, squares = np.zeros((2, len(subsets), len(people)))
    flows = np.zeros((len(subsets), VALUE_MONTHS))
    for done in range(at_once, _MOST + at_once, at_once):
        gain = np.zeros((len(subsets), len(many)))
        replicates = Together(tuple(noise.again(done - each) for each in range(at_once)))
        futures = ahead(
            world,
            many,
            worlds,
            replicates,
            first=settings.months,
            months=VALUE_MONTHS,
            calendar=settings.first_day.month,
        )
        for step, each in enumerate(futures):
            cash = np.asarray(sum(each.cash[kind] for kind in CASH))
            flows[:, step] += cash.sum(axis=1)
            gain += weights[step] * (cash - cash[:1])
        by_replicate = gain.reshape(len(subsets), at_once, len(people))
        total += by_replicate.sum(axis=1)
        squares += (by_replicate**2).sum(axis=1)
        spread = squares / done - (total / done) ** 2 if done > 1 else squares
        error = np.maximum(spread, 0).sum(axis=1) / max(done - 1, 1)
        if (error <= allowed).all():
            mean = total / done
            return Value(
                flows / done,
                error,
                np.stack([mean.sum(axis=1), (mean**2).sum(axis=1)]),
                (reached & people.active).sum(axis=1),
                int(people.active.sum()),
                done,
            )
    template = "the value of the initiatives is still uncertain after {n} replicates: their costs are too small."
    raise RunError(sentence(template, n=_MOST))


def _worlds(initiatives: Sequence[Initiative], reached: np.ndarray, subsets: np.ndarray) -> Worlds:
    """A touchpoint has a variant for each subset of the initiatives that act on it."""
    lifts, picks = [], np.zeros((len(subsets), len(TOUCHPOINTS)), dtype=int)
    for k in range(len(TOUCHPOINTS)):
        here = [i for i, each in enumerate(initiatives) if each.touchpoint == k]
        variants = np.zeros((2 ** len(here), reached.shape[1]))
        for place, i in enumerate(here):
            with_it = (np.arange(len(variants)) >> place) & 1
            variants += with_it[:, None] * initiatives[i].true_lift * reached[i]
            picks[:, k] += subsets[:, i].astype(int) << place
        lifts.append(variants)
    return Worlds(lifts, picks, np.zeros(len(subsets), dtype=int))


def worth(settings: Settings, value: Value, initiatives: Sequence[Initiative], slots: int) -> tuple[dict, pa.Table]:
    """The truth about initiatives: net present values of all subsets, and the monthly gains that they are made of.

    Parameters
    ----------
    slots
        How many were valued.

    Returns
    -------
    dict
        `single`: each initiative with its true lift, customers reached and cost; `subsets`: each with its net present
        value, Monte-Carlo error and cost, in money; and what they refer to.
    table
        initiatives (names joined by +), month (1 … 36 from the decision date), gain over doing nothing, in money.
    """
    subsets, scale = subsets_of(initiatives), settings.customers / slots
    costs = np.array([each.fixed_cost for each in initiatives]) + scale * value.reached * np.array(
        [each.cost_per_customer for each in initiatives]
    )
    gains = scale * (value.flows - value.flows[:1])
    error = scale**2 * value.error
    if scale > 1:  # not all customers were valued, so who was adds to the error
        mean = value.gains[0] / value.customers
        spread = value.gains[1] / value.customers - mean**2
        error = error + scale**2 * value.customers * spread * (1 - 1 / scale)
    names = [[each.name for each, chosen in zip(initiatives, row, strict=True) if chosen] for row in subsets]
    listed = [
        {
            "initiatives": chosen,
            "npv": float(gain @ discount(VALUE_MONTHS) - cost),
            "monte_carlo_error": float(np.sqrt(each)),
            "cost": float(cost),
        }
        for chosen, gain, each, cost in zip(names, gains, error, subsets @ costs, strict=True)
    ]
    truth = {
        "decision_month": settings.months,
        "horizon_months": VALUE_MONTHS,
        "annual_rate": ANNUAL_RATE,
        "replicates": value.replicates,
        "customers": round(scale * value.customers),
        "single": [
            {**each.stated(), "true_lift": each.true_lift, "reached": round(scale * float(n)), "cost": float(cost)}
            for each, n, cost in zip(initiatives, value.reached, costs, strict=True)
        ],
        "subsets": listed,
    }
    flows = pa.table(
        {
            "initiatives": [" + ".join(chosen) or "none" for chosen in names for _ in range(VALUE_MONTHS)],
            "month": np.tile(np.arange(1, VALUE_MONTHS + 1), len(names)),
            "gain": gains.ravel(),
        }
    )
    return truth, flows
