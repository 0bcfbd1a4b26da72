"""How likely each customer is to leave soon: given their state, and given all that the best observer has seen.

The first is what is true. The second is what can be known, and no forecast does better (see `engine.observer`).
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import BURN_IN, Customers
from workbench.simulate.engine.history import Month
from workbench.simulate.engine.intentions import STATES, Leaving
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.observer import Observer
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import REASONS
from workbench.simulate.records import Book, month_starts

DAYS = (7, 30, 60, 90)  # horizons, from the first day of a month
MOST_MONTHS = 4  # that 90 days may reach into
VIEWS = ("state", "observer")
NO_INTENTION = "none"


def foresee(
    world: Coefficients, people: Customers, shares: Sequence[np.ndarray], month: int, lengths: Sequence[int]
) -> np.ndarray:
    """Probability of leaving within each of the horizons, from the beginning of a month.

    What a customer has lived through is taken as it is; tenure, calls that end and needs that may end go on.

    Parameters
    ----------
    people
        At the beginning of the month.
    shares
        Probability of each state of last month's intention: (views, slots) each.
    month
        The month that begins.
    lengths
        Days of this month and of those after it, as many as the longest horizon needs.
    world
        Its coefficients.

    Returns
    -------
    array of shape (views, horizons, reasons, slots)
    """
    found = np.zeros((len(shares[0]), len(DAYS), len(REASONS), len(people)))
    need, passed = people.need_gone.astype(float), 0
    for step, length in enumerate(lengths):
        tenure = month + step - people.joined
        call = people.call(month + step)
        usual = eq.hazards(
            world,
            satisfaction=people.satisfaction,
            unresolved=people.unresolved(month - 1),
            relative_price=people.relative_price,
            plan=people.plan,
            loyalty=people.loyalty,
            frailty=people.frailty,
            # As much as the mean hazard of those whose need may have ended.
            need_gone=np.log1p(need * np.expm1(world.need_on_need_hazard)) / world.need_on_need_hazard,
            tenure=tenure,
            call=call,
            month=month + step,
        )
        leaving = Leaving.of(world, usual, call + eq.anniversary(world, tenure))
        parts = [float(np.clip((days - passed) / length, 0, 1)) for days in DAYS]
        for part in sorted({part for part in parts if part}):
            left = np.stack(leaving.left(shares, part), axis=1)
            for place, each in enumerate(parts):
                if each == part:
                    found[:, place] += left
        passed += length
        if passed >= DAYS[-1]:
            break
        shares = leaving.turn(leaving.survive(shares))
        need = need + (1 - need) * world.need_onset
    return found


def leaving_table(
    world: Coefficients,
    people: Customers,
    belief: Sequence[np.ndarray],
    month: int,
    lengths: Sequence[int],
    customer_ids: pa.Array,
) -> pa.Table:
    """The rows of one month of the truth about leaving.

    Parameters
    ----------
    people
        At the beginning of the month.
    belief
        Of the best observer: probability of each state, by slot.
    month, lengths
        As for `foresee`.
    customer_ids
        Of the active customers, in the order of their slots.
    world
        Its coefficients.

    Returns
    -------
    table
        Columns customer_id, month, intention (none or a reason) and, of both views and all horizons, the probability of
        leaving (`state_30`) and the same by reason (`state_30_price`).
    """
    there = np.flatnonzero(people.active)
    shares = [np.stack([people.intention == state, belief[state]]).astype(float) for state in range(STATES)]
    found = foresee(world, people, shares, month, lengths)[..., there].astype(np.float32)
    names = pa.array([NO_INTENTION, *REASONS])
    columns = {
        "customer_id": customer_ids,
        "month": pa.array(np.full(there.size, month), pa.int16()),
        "intention": names.take(pa.array(people.intention[there])),
    }
    for view, by_horizon in zip(VIEWS, found, strict=True):
        for days, by_reason in zip(DAYS, by_horizon, strict=True):
            columns[f"{view}_{days}"] = pa.array(by_reason.sum(axis=0))
            for reason, values in zip(REASONS, by_reason, strict=True):
                columns[f"{view}_{days}_{reason}"] = pa.array(values)
    return pa.table(columns)


class Foresight:
    """The truth about leaving, of one block of slots, gathered month by month.

    Parameters
    ----------
    settings, world
        Of the world.
    book
        The records of the block, which know the numbers of customers.
    noise
        Of the block.
    """

    def __init__(self, settings: Settings, world: Coefficients, book: Book, noise: Noise):
        self._world, self._book, self._months = world, book, settings.months
        starts = month_starts(settings.first_day, settings.months)[BURN_IN:]
        self._lengths = np.diff(starts).astype(int)
        self._observer = Observer(world, noise.size, calendar=settings.first_day.month, behaviour=True)
        self._parts: list[pa.Table] = []

    def add(self, happened: Month) -> None:
        """Foresee what comes after the first day of a month, then see it.

        Parameters
        ----------
        happened
            The month after that of the last call.
        """
        self._observer.meet(happened.joined)
        if happened.start is not None:
            self._foresee(happened.start, happened.month)
        self._observer.see(happened)

    def table(self, people: Customers) -> pa.Table:
        """All months, and the first day after the records, on which those `people` are there who are active then.

        Parameters
        ----------
        people
            Customers by slot, after the last month.
        """
        self._foresee(people, self._months)
        return pa.concat_tables(self._parts)

    def _foresee(self, people: Customers, month: int) -> None:
        ids = self._book.customer_ids(np.flatnonzero(people.active), people)
        lengths = self._lengths[month : month + MOST_MONTHS].tolist()
        self._parts.append(leaving_table(self._world, people, self._observer.shares, month, lengths, ids))
