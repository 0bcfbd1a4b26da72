"""What could happen from a moment on: worlds that differ by an intervention and share all noise.

Instead of drawing whether a customer leaves, each customer's months are weighted by the probability of still being
there. That has the same mean as drawing and far less noise (Rao–Blackwell), because nothing else in the world depends
on whether somebody has left.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import COST_PER_MINUTE, FEE_MARGIN, Coefficients
from workbench.simulate.engine.customers import Customers, visit
from workbench.simulate.engine.history import calendar_month
from workbench.simulate.engine.intentions import Passage
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
    contacts
        Which contact is made at the beginning, by world: 0 none, 1 a retention call, 2 a letter.
    """

    lifts: Sequence[np.ndarray]
    picks: np.ndarray
    contacts: np.ndarray

    @classmethod
    def one(cls) -> "Worlds":
        """The world in which nothing is done."""
        touchpoints = len(TOUCHPOINTS)
        return cls([np.zeros((1, 1))] * touchpoints, np.zeros((1, touchpoints), dtype=int), np.zeros(1, dtype=int))

    @classmethod
    def pilot(cls, touchpoint: int, lift: float) -> "Worlds":
        """Two worlds: nobody, and everybody, gets a lift at one touchpoint.

        Parameters
        ----------
        touchpoint
            Its place in `words.TOUCHPOINTS`.
        lift
            On the latent scale of the experience.
        """
        lifts = [np.zeros((1, 1))] * len(TOUCHPOINTS)
        lifts[touchpoint] = np.array([[0.0], [lift]])
        picks = np.zeros((2, len(TOUCHPOINTS)), dtype=int)
        picks[1, touchpoint] = 1
        return cls(lifts, picks, np.zeros(2, dtype=int))

    @classmethod
    def contact(cls, kind: int) -> "Worlds":
        """Two worlds: nobody, and everybody, is contacted, by a call (1) or a letter (2).

        Parameters
        ----------
        kind
            Which contact.
        """
        none = cls.one()
        return cls(none.lifts, np.repeat(none.picks, 2, axis=0), np.array([0, kind]))


@dataclass(frozen=True)
class Ahead:
    """One month ahead: arrays (worlds, slots), to be read before the next month is asked for.

    Attributes
    ----------
    cash
        Expected cash flow by kind, in money, given the past of experience and need.
    order_margin
        Expected margin of one order, in money, by slot.
    satisfaction
        After the month, of those who are there.
    """

    month: int
    cash: dict[str, np.ndarray]
    order_margin: np.ndarray
    satisfaction: np.ndarray
    _left: Callable[[], Sequence[np.ndarray]]
    _staying: Callable[[], np.ndarray]

    @property
    def staying(self) -> np.ndarray:
        """Probability that a customer of the moment is still there at the end of the month."""
        return self._staying()

    @property
    def left(self) -> np.ndarray:
        """Probability of leaving in this month, by reason: (reasons, worlds, slots)."""
        return np.stack(np.broadcast_arrays(*self._left()))

    @property
    def orders(self) -> np.ndarray:
        """Expected number of orders."""
        return self.cash["purchases"] / self.order_margin

    @property
    def minutes(self) -> np.ndarray:
        """Expected minutes of contacts, of the company's time."""
        return self.cash["contacts"] / -COST_PER_MINUTE


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
    world
        Its coefficients.
    worlds
        That are lived side by side.
    noise
        Where chance comes from.
    first
        The month that begins.
    months
        How many are lived.
    calendar
        Calendar month (1–12) of month 0.
    """
    plan = people.plan
    states = [
        tuple(array[k][None, :] for array in (people.latent, people.visited, people.complained, people.settled))
        for k in range(len(TOUCHPOINTS))
    ]
    there = np.where(people.active, 1.0, 0.0) * np.ones((len(worlds.picks), 1))
    passage = Passage(people.intention, there) if world.warning else None
    satisfaction = people.satisfaction[None, :]
    unresolved = people.unresolved(first - 1)[None, :]
    need_gone = people.need_gone.copy()
    contacted = worlds.contacts[:, None] > 0
    effects = np.stack([np.zeros(len(people)), people.call_effect(world, first), people.letter_effect(world)])
    fresh_call = effects[worlds.contacts]
    base = eq.standing(world, people.loyalty, people.relative_price)
    price, margin = people.price(), eq.order_margin(world, people.spends)
    use = np.stack([world.use[k][people.age] for k in range(len(TOUCHPOINTS))])
    gathered = Gathering(worlds.picks, [len(each) for each in worlds.lifts])
    for month in range(first, first + months):
        call = people.call(month)
        if contacted.any():
            call = np.where(contacted & (month < first + eq.CALL_MONTHS), fresh_call, call)
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
        rate = eq.purchase_rate(
            world,
            satisfaction=satisfaction,
            propensity=people.propensity,
            loyalty=people.loyalty,
            need_gone=need_gone,
            calendar_month=calendar_month(calendar, month),
        )
        likely = use.copy()
        likely[0] = people.joined == month
        minutes = np.asarray(sum(likely[k] * each.minutes for k, each in enumerate(TOUCHPOINTS)))
        if passage:
            passage.month(world, hazards, call + eq.anniversary(world, month - people.joined))
            cash, staying, left = _announced(passage, price, rate * margin, minutes), passage.staying, passage.left
        else:
            total = np.asarray(sum(hazards))
            cash = _unannounced(there, total, price, rate, margin, minutes)
            left = partial(_leavers, there, hazards, total)
            there = there * np.exp(-total)
            staying = partial(np.asarray, there)
        lifting = lift_until is None or month < lift_until
        piloted = np.where(month < people.pilot_until, people.pilot_lift, 0.0)
        adds, open_complaints = [], []
        for k in range(len(TOUCHPOINTS)):
            lift = (worlds.lifts[k] if lifting else 0.0) + np.where(people.pilot_touchpoint == k, piloted, 0.0)
            each = visit(world, people, k, month, noise, before=states[k], lift=lift)
            states[k] = (each.latent, each.visited, each.complained, each.settled)
            adds.append(each.adds(world, k, people, month))
            open_complaints.append(each.unresolved(month))
        satisfaction = base + gathered(adds)
        unresolved = gathered(open_complaints)
        yield Ahead(month, cash, margin, satisfaction, left, staying)
        need_gone = need_gone | (noise.uniform(Mechanism.NEED, month) < world.need_onset)


def _unannounced(
    there: np.ndarray,
    total: np.ndarray,
    price: np.ndarray,
    rate: np.ndarray,
    margin: np.ndarray,
    minutes: np.ndarray,
) -> dict[str, np.ndarray]:
    """Expected cash flow by kind in a world without intentions to leave."""
    return {
        "fees": there * FEE_MARGIN * price * eq.stays(total),
        "purchases": there * rate * margin * eq.stays(total),
        "contacts": there * -COST_PER_MINUTE * minutes * eq.stays(total, eq.VISITS_END) / eq.VISITS_END,
    }


def _announced(passage: Passage, price: np.ndarray, ordered: np.ndarray, minutes: np.ndarray) -> dict[str, np.ndarray]:
    """The same in a world with intentions; `ordered` is the margin of a whole month without one."""
    return {
        "fees": passage.lasting * (FEE_MARGIN * price),
        "purchases": passage.ordering * ordered,
        "contacts": passage.visiting * (minutes * (-COST_PER_MINUTE / eq.VISITS_END)),
    }


def _leavers(there: np.ndarray, hazards: Sequence[np.ndarray], total: np.ndarray) -> list[np.ndarray]:
    """Probability of leaving by reason, in a world without intentions."""
    months = there * eq.stays(total)
    return [months * each for each in hazards]


class Gathering:
    """Sums over touchpoints, for each world with the variant that it picks.

    Worlds that have picked alike so far share their sum so far: what is the same in all of them is summed once.

    Parameters
    ----------
    picks
        As in `Worlds`.
    variants
        How many there are, by touchpoint.
    """

    def __init__(self, picks: np.ndarray, variants: Sequence[int]):
        self._steps: list[tuple[int, np.ndarray, np.ndarray]] = []
        so_far = np.zeros(len(picks), dtype=int)
        for k, several in enumerate(variants):
            if several > 1:
                pairs, following = np.unique(np.stack([so_far, picks[:, k]]), axis=1, return_inverse=True)
                self._steps.append((k, pairs[0], pairs[1]))
                so_far = following.ravel()
        self._worlds = so_far

    def __call__(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """The sums, (worlds, slots); values of a touchpoint are (variants, slots)."""
        total = np.asarray(sum(each.astype(float) for each in values if len(each) == 1))
        total = np.broadcast_to(total, (1, values[0].shape[-1]))
        for k, before, picked in self._steps:
            total = total[before] + values[k].astype(float)[picked]
        return total[self._worlds]
