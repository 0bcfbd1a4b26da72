"""What could happen from a moment on: worlds that differ by an intervention and share all noise.

Instead of drawing whether a customer leaves, each customer's months are weighted by the probability of still being
there. That has the same mean as drawing and far less noise (Rao–Blackwell), because nothing else in the world depends
on whether somebody has left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN, Coefficients
from workbench.simulate.engine.customers import Customers, visit
from workbench.simulate.engine.history import calendar_month
from workbench.simulate.engine.noise import Mechanism, Noise, Together
from workbench.simulate.engine.words import TOUCHPOINTS


@dataclass(frozen=True)
class Worlds:
    """Worlds side by side.

    Attributes
    ----------
    lifts
        By touchpoint: what may be added to the latent experience there, an array (variants, slots) or (variants, 1).
    picks
        Which variant of each touchpoint a world has: integers (worlds, touchpoints).
    calls
        Whether a retention call is made at the beginning, by world.
    """

    lifts: Sequence[np.ndarray]
    picks: np.ndarray
    calls: np.ndarray

    @classmethod
    def one(cls) -> "Worlds":
        """The world in which nothing is done."""
        touchpoints = len(TOUCHPOINTS)
        return cls([np.zeros((1, 1))] * touchpoints, np.zeros((1, touchpoints), dtype=int), np.zeros(1, dtype=bool))

    @classmethod
    def pilot(cls, touchpoint: int, lift: float) -> "Worlds":
        """Two worlds: nobody, and everybody, gets a lift at one touchpoint."""
        lifts = [np.zeros((1, 1))] * len(TOUCHPOINTS)
        lifts[touchpoint] = np.array([[0.0], [lift]])
        picks = np.zeros((2, len(TOUCHPOINTS)), dtype=int)
        picks[1, touchpoint] = 1
        return cls(lifts, picks, np.zeros(2, dtype=bool))

    @classmethod
    def call(cls) -> "Worlds":
        """Two worlds: nobody, and everybody, is called."""
        none = cls.one()
        return cls(none.lifts, np.repeat(none.picks, 2, axis=0), np.array([False, True]))


@dataclass(frozen=True)
class Ahead:
    """One month ahead: arrays (worlds, slots).

    Attributes
    ----------
    there
        Probability that a customer of the moment is still there at the beginning of the month.
    hazards
        By reason, a month; those that no intervention moves have no axis of worlds.
    total
        Their sum.
    cash
        Expected cash flow by kind, in money, given the past of experience and need.
    satisfaction
        After the month, of those who are there.
    """

    month: int
    there: np.ndarray
    hazards: Sequence[np.ndarray]
    total: np.ndarray
    cash: dict[str, np.ndarray]
    satisfaction: np.ndarray

    @property
    def left(self) -> np.ndarray:
        """Probability of leaving in this month, by reason: (reasons, worlds, slots)."""
        months = self.there * eq.stays(self.total)
        return np.stack([months * each for each in self.hazards])

    @property
    def staying(self) -> np.ndarray:
        """Probability of being there at the end of the month: (worlds, slots)."""
        return self.there * np.exp(-self.total)


def ahead(
    world: Coefficients,
    people: Customers,
    worlds: Worlds,
    noise: Noise | Together,
    *,
    first: int,
    months: int,
    calendar: int,
    lift_until: int | None = None,
) -> Iterator[Ahead]:
    """The months from `first` on, in each of the worlds, for those who are customers at that moment.

    Parameters
    ----------
    people
        As they are at the beginning of month `first`; left as it is.
    lift_until
        Month in which lifts end; never when left out.
    """
    plan = people.plan
    states = [
        tuple(array[k][None, :] for array in (people.latent, people.visited, people.complained, people.settled))
        for k in range(len(TOUCHPOINTS))
    ]
    there = np.where(people.active, 1.0, 0.0) * np.ones((len(worlds.picks), 1))
    satisfaction = people.satisfaction[None, :]
    unresolved = ((people.complained > first - 1 - eq.GRIEVANCE_MONTHS) & ~people.settled).sum(axis=0)[None, :]
    need_gone = people.need_gone.copy()
    fresh_call = worlds.calls[:, None] * people.call_effect(world, first)
    base = eq.standing(world, people.loyalty, people.relative_price)
    price, margin = people.price(), eq.order_margin(world, people.spends)
    use = np.stack([world.use[k][people.age] for k in range(len(TOUCHPOINTS))])
    for month in range(first, first + months):
        running = people.call(month)
        call = running if not worlds.calls.any() else np.where(
            worlds.calls[:, None] & (month < first + eq.CALL_MONTHS), fresh_call, running
        )  # fmt: skip
        hazards = eq.hazards(
            world,
            satisfaction=satisfaction,
            unresolved=unresolved,
            relative_price=people.relative_price,
            plan=plan,
            loyalty=people.loyalty,
            frailty=people.frailty,
            need_gone=need_gone,
            tenure=month - people.joined,
            call=call,
            month=month,
        )
        total = sum(hazards)
        rate = eq.purchase_rate(
            world,
            satisfaction=satisfaction,
            propensity=people.propensity,
            loyalty=people.loyalty,
            need_gone=need_gone,
            calendar_month=calendar_month(calendar, month),
        )
        stay = eq.stays(total)
        likely = use.copy()
        likely[0] = people.joined == month
        minutes = sum(likely[k] * each.minutes for k, each in enumerate(TOUCHPOINTS))
        cash = {
            "fees": there * FEE_MARGIN * price * stay,
            "purchases": there * rate * margin * stay,
            "contacts": there * -COST_PER_MINUTE * minutes * eq.stays(total, eq.VISITS_END) / eq.VISITS_END,
        }
        lifting = lift_until is None or month < lift_until
        piloted = np.where(month < people.pilot_until, people.pilot_lift, 0.0)
        adds, open_complaints = [], []
        for k in range(len(TOUCHPOINTS)):
            lift = (worlds.lifts[k] if lifting else 0.0) + np.where(people.pilot_touchpoint == k, piloted, 0.0)
            each = visit(world, people, k, month, noise, before=states[k], lift=lift)
            states[k] = (each.latent, each.visited, each.complained, each.settled)
            adds.append(each.adds(world, k, people, month))
            open_complaints.append(each.unresolved(month))
        satisfaction = base + _gather(adds, worlds.picks)
        unresolved = _gather(open_complaints, worlds.picks)
        now = Ahead(month, there, hazards, total, cash, satisfaction)
        yield now
        there = now.staying
        need_gone = need_gone | (noise.uniform(Mechanism.NEED, month) < world.need_onset)


def _gather(values: Sequence[np.ndarray], picks: np.ndarray) -> np.ndarray:
    """Sum over touchpoints, for each world with the variant that it picks."""
    # What is the same in all worlds is summed once.
    total = sum(each.astype(float) for each in values if len(each) == 1)
    for k, each in enumerate(values):
        if len(each) > 1:
            total = total + each.astype(float)[picks[:, k]]
    return np.asarray(total)
