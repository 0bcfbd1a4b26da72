"""What customers of the decision date are worth to the company: as it is, and with initiatives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa

from workbench.errors import RunError
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.futures import Worlds, ahead
from workbench.simulate.engine.initiatives import Initiative
from workbench.simulate.engine.noise import AT_ONCE, Mechanism, Noise, Together
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import TOUCHPOINTS
from workbench.simulate.population import ANNUAL_RATE, CASH, discount
from workbench.wording import sentence

VALUE_MONTHS = 36  # from the decision date, the end of the records
UNDONE_MONTHS = (12, 36)  # horizons of what single customers are worth if nothing is done
TOLERANCE = 0.02  # Monte-Carlo error of a value, as a share of its cost
FEW = 500  # customers: of a smaller company the same effort is spent, and the error, which is told, is larger
MOST_SLOTS = 131_072  # slots are alike: of a larger company so many are valued, and scaled up
_MOST = 100_000  # replicates


def subsets_of(initiatives: Sequence[Initiative]) -> np.ndarray:
    """Which initiatives each subset has: (subsets, initiatives), the first has none.

    Parameters
    ----------
    initiatives
        On offer.
    """
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


@dataclass(frozen=True)
class Undone:
    """What each customer brings if nothing is done, from the end of the records on.

    Attributes
    ----------
    value, error
        (horizons, slots): expected discounted cash flow within each of `UNDONE_MONTHS`, in money, and the standard
        error of its simulation.
    """

    value: np.ndarray
    error: np.ndarray

    def table(self, there: np.ndarray, customer_ids: pa.Array) -> pa.Table:
        """Columns customer_id and, by horizon, `value_12` and `value_12_error`, of the slots `there`.

        Parameters
        ----------
        there
            Slots of the active customers.
        customer_ids
            Their ids, in the same order.
        """
        columns: dict[str, pa.Array] = {"customer_id": customer_ids}
        for months, value, error in zip(UNDONE_MONTHS, self.value, self.error, strict=True):
            columns |= {f"value_{months}": pa.array(value[there]), f"value_{months}_error": pa.array(error[there])}
        return pa.table(columns)


def value_ahead(
    settings: Settings, world: Coefficients, people: Customers, noise: Noise, initiatives: Sequence[Initiative]
) -> tuple[Value, Undone]:
    """What each subset of initiatives brings from the customers of one block, from the end of the records on.

    Replicates of the future are added until the error of each subset's gain is within this block's share of
    `TOLERANCE`, which holds from `FEW` customers on. A single replicate bounds that error by the second moment of
    customers' gains.

    Parameters
    ----------
    settings
        Of the world.
    world
        Its coefficients.
    people
        Customers by slot, at the end of the records.
    noise
        Where chance comes from.
    initiatives
        On offer.

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
    at_once = max(1, AT_ONCE // len(people))  # a large company is worked out in parts
    many, reached_many = people.repeated(at_once), np.tile(reached, at_once)
    parts = [slice(first, min(first + AT_ONCE, len(many))) for first in range(0, len(many), AT_ONCE)]
    worlds = [_worlds(initiatives, reached_many[:, part], subsets) for part in parts]
    total, squares = np.zeros((2, len(subsets), len(people)))
    flows = np.zeros((len(subsets), VALUE_MONTHS))
    undone = np.zeros((2, len(UNDONE_MONTHS), len(people)))  # sums and sums of squares over replicates
    for done in range(at_once, _MOST + at_once, at_once):
        gain = np.zeros((len(subsets), len(many)))
        present = np.zeros((len(UNDONE_MONTHS), len(many)))
        for part, here in zip(parts, worlds, strict=True):
            size = (part.stop - part.start) // at_once
            replicates = Together(tuple(noise.part(part.start, size).again(done - each) for each in range(at_once)))
            for step, cash in enumerate(_cash(settings, world, many.part(part), here, replicates)):
                flows[:, step] += cash.sum(axis=1)
                gain[:, part] += weights[step] * (cash - cash[:1])
                present[:, part] += _within(step) * (weights[step] * cash[0])
        by_replicate = gain.reshape(len(subsets), at_once, len(people))
        total += by_replicate.sum(axis=1)
        squares += (by_replicate**2).sum(axis=1)
        undone += _moments(present.reshape(len(UNDONE_MONTHS), at_once, len(people)))
        variance = squares / done - (total / done) ** 2 if done > 1 else squares
        error = np.maximum(variance, 0).sum(axis=1) / max(done - 1, 1)
        if (error <= allowed).all():
            mean = total / done
            value = Value(
                flows / done,
                error,
                np.stack([mean.sum(axis=1), (mean**2).sum(axis=1)]),
                (reached & people.active).sum(axis=1),
                int(people.active.sum()),
                done,
            )
            if done == 1:  # one future does not tell how far apart futures are
                another = _present(settings, world, people, noise.again(2))[:, None]
                return value, Undone(undone[0], _errors(undone + _moments(another), 2) * 2**0.5)
            return value, Undone(undone[0] / done, _errors(undone, done))
    template = "the value of the initiatives is still uncertain after {n} replicates: their costs are too small."
    raise RunError(sentence(template, n=_MOST))


def _cash(
    settings: Settings, world: Coefficients, people: Customers, worlds: Worlds, noise: Noise | Together
) -> Iterator[np.ndarray]:
    """Expected cash flow, (worlds, slots), of one month after the other from the decision date on."""
    futures = ahead(
        world,
        people,
        worlds,
        noise,
        first=settings.months,
        months=VALUE_MONTHS,
        calendar=settings.first_day.month,
    )
    for each in futures:
        yield np.asarray(sum(each.cash[kind] for kind in CASH))


def _present(settings: Settings, world: Coefficients, people: Customers, noise: Noise) -> np.ndarray:
    """Present value within each horizon, (horizons, slots), of one future in which nothing is done."""
    flows = _cash(settings, world, people, Worlds.one(), noise)
    weights = discount(VALUE_MONTHS)
    return np.asarray(sum(_within(step) * (weights[step] * cash[0]) for step, cash in enumerate(flows)))


def _within(step: int) -> np.ndarray:
    """(horizons, 1): which of `UNDONE_MONTHS` a month is part of, the first being 0."""
    return np.array(UNDONE_MONTHS)[:, None] > step


def _moments(by_replicate: np.ndarray) -> np.ndarray:
    """(2, horizons, slots): sums and sums of squares over replicates, the second axis."""
    return np.stack([by_replicate.sum(axis=1), (by_replicate**2).sum(axis=1)])


def _errors(moments: np.ndarray, replicates: int) -> np.ndarray:
    """Standard error of the mean of so many replicates."""
    variance = moments[1] / replicates - (moments[0] / replicates) ** 2
    return np.sqrt(np.maximum(variance, 0) / (replicates - 1))


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
    settings
        Of the world.
    value
        Of all blocks together.
    initiatives
        On offer.

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
        variance = value.gains[1] / value.customers - mean**2
        error = error + scale**2 * value.customers * variance * (1 - 1 / scale)
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
