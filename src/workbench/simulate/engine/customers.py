"""The state of the customers in a block of slots, how newcomers join, and what a visit to a touchpoint does.

A slot holds one customer at a time: whoever leaves is followed, at the beginning of the next month, by somebody new.
The company began `BURN_IN` months before its records, and grew for `STAGGER` of them; since then the number of active
customers is the same. Those months are lived through and left no record.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import gammaincinv, ndtri

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import (
    AGE_SHARE,
    ENQUIRIES_SD,
    JOINED_SHARE,
    LIST_PRICE,
    LOGINS,
    LOGINS_SD,
    PLAN_SHARE,
    REGION_SHARE,
    Coefficients,
)
from workbench.simulate.engine.noise import Mechanism, Noise, Together
from workbench.simulate.engine.words import ONBOARDING, TOUCHPOINTS

BURN_IN = 60  # months before the records, after which the mix of tenures has settled
LETTER = 0.5  # strength of a letter, as a share of a call's
STAGGER = 48  # the first customers of the slots join within so many months


@dataclass
class Customers:
    """Arrays whose last axis is slots.

    Attributes
    ----------
    active
        Whether there is a customer; their number (`generation`) counts those that the slot has had.
    joined
        Month, 0 being the first of the records.
    latent, visited, complained, settled
        By touchpoint: latent experience of the last visit, its month, the month of the last complaint, and whether that
        was resolved.
    pilot_touchpoint, pilot_lift, pilot_until
        What a pilot adds to the experience at one touchpoint, until which month.
    call_log, call_until
        Log hazard ratio of the last retention call or letter, and until which month it works.
    habit, asks
        Logarithms of usual logins in a month, and of how much more than others the customer asks.
    intention
        To leave: 0 for none, or 1 + the position of its reason (see `intentions`).
    """

    active: np.ndarray
    generation: np.ndarray
    joined: np.ndarray
    plan: np.ndarray
    region: np.ndarray
    age: np.ndarray
    via: np.ndarray
    loyalty: np.ndarray
    frailty: np.ndarray
    propensity: np.ndarray
    spends: np.ndarray
    relative_price: np.ndarray
    quality: np.ndarray
    personal: np.ndarray
    call_taste: np.ndarray
    need_gone: np.ndarray
    satisfaction: np.ndarray
    latent: np.ndarray
    visited: np.ndarray
    complained: np.ndarray
    settled: np.ndarray
    pilot_touchpoint: np.ndarray
    pilot_lift: np.ndarray
    pilot_until: np.ndarray
    call_log: np.ndarray
    call_until: np.ndarray
    letter_taste: np.ndarray
    habit: np.ndarray
    asks: np.ndarray
    intention: np.ndarray

    @classmethod
    def none(cls, size: int) -> "Customers":
        """Empty slots.

        Parameters
        ----------
        size
            How many.
        """
        touchpoints = len(TOUCHPOINTS)
        integers = {
            "generation",
            "joined",
            "plan",
            "region",
            "age",
            "via",
            "visited",
            "complained",
            "pilot_touchpoint",
            "pilot_until",
            "call_until",
            "intention",
        }
        by_touchpoint = {"personal", "latent", "visited", "complained", "settled"}
        made = {}
        for each in fields(cls):
            kind = bool if each.name in ("active", "need_gone", "settled") else int if each.name in integers else float
            made[each.name] = np.zeros((touchpoints, size) if each.name in by_touchpoint else size, dtype=kind)
        made["generation"] -= 1
        return cls(**made)

    def copy(self) -> "Customers":
        """The same customers, in arrays of their own."""
        return Customers(**{each.name: getattr(self, each.name).copy() for each in fields(self)})

    def repeated(self, times: int) -> "Customers":
        """The same customers several times, one block after the other.

        Parameters
        ----------
        times
            How often.
        """
        return Customers(**{each.name: np.tile(getattr(self, each.name), times) for each in fields(self)})

    def part(self, slots: slice) -> "Customers":
        """Those in some of the slots; arrays are shared.

        Parameters
        ----------
        slots
            Which.
        """
        return Customers(**{each.name: getattr(self, each.name)[..., slots] for each in fields(self)})

    def __len__(self) -> int:
        return self.active.size

    def relevant(self, month: int) -> np.ndarray:
        """Whether a touchpoint was used lately: (touchpoints, slots).

        Parameters
        ----------
        month
            Counted from the first month of the records.
        """
        return self.visited > month - eq.RECALL_MONTHS

    def price(self) -> np.ndarray:
        """Monthly price, in money, to the cent."""
        return np.round(LIST_PRICE[self.plan] * np.exp(self.relative_price), 2)

    def call_effect(self, world: Coefficients, month: int) -> np.ndarray:
        """Log hazard ratio that a retention call would have: it differs by tenure, plan and what nobody sees.

        Parameters
        ----------
        world
            Its coefficients.
        month
            Counted from the first month of the records.
        """
        new = month - self.joined < 12
        return world.call_base + world.call_new * new + world.call_premium * (self.plan == 2) + self.call_taste

    def letter_effect(self, world: Coefficients) -> np.ndarray:
        """Log hazard ratio that a letter would have: weaker than a call, and good for those whom a call disturbs.

        Parameters
        ----------
        world
            Its coefficients.
        """
        return LETTER * world.call_base - LETTER * world.call_premium * (self.plan == 2) + self.letter_taste

    def unresolved(self, month: int) -> np.ndarray:
        """Complaints of the last months, up to `month`, that are not resolved.

        Parameters
        ----------
        month
            Counted from the first month of the records.
        """
        return ((self.complained > month - eq.GRIEVANCE_MONTHS) & ~self.settled).sum(axis=0)

    def call(self, month: int) -> np.ndarray:
        """Log hazard ratio of a retention call or letter that still works; 0 otherwise.

        Parameters
        ----------
        month
            Counted from the first month of the records.
        """
        return np.where(month < self.call_until, self.call_log, 0.0)


def join(world: Coefficients, people: Customers, where: np.ndarray, month: int, noise: Noise) -> None:
    """New customers in the slots `where`, as they are on their first day.

    Parameters
    ----------
    world
        Its coefficients.
    people
        Customers by slot; changed in place.
    where
        (slots,): in which slots somebody joins.
    month
        Counted from the first month of the records.
    noise
        Where chance comes from.
    """
    at = np.flatnonzero(where)
    if not at.size:
        return
    attributes = noise.pieces(Mechanism.ATTRIBUTES, month)[:, at]
    plan = _pick(PLAN_SHARE, attributes[0])
    traits = [noise.normal(Mechanism.TRAITS, month, sub, slots=at) for sub in range(6)]
    # Traits that a world without intentions, or without letters, has no use for are not worth their noise.
    silent = np.zeros(at.size)
    of_intentions = (10, 11) if world.warning else ()
    habit, asks = [noise.normal(Mechanism.TRAITS, month, sub, slots=at) for sub in of_intentions] or (silent, silent)
    letter = noise.normal(Mechanism.TRAITS, month, 12, slots=at) if world.letters else silent
    fresh: dict[str, np.ndarray | float] = {
        "active": True,
        "generation": people.generation[at] + 1,
        "joined": month,
        "plan": plan,
        "region": _pick(REGION_SHARE, attributes[1]),
        "age": _pick(AGE_SHARE, attributes[2]),
        "via": _pick(JOINED_SHARE, attributes[3]),
        "loyalty": traits[0],
        "propensity": world.propensity_sd * traits[1],
        "spends": world.spends_sd * traits[2],
        "relative_price": _relative_price(plan, traits[3]),
        "quality": world.quality_sd * traits[4],
        "call_taste": world.call_sd * traits[5],
        "frailty": _frailty(world, noise, month, at),
        "need_gone": False,
        "pilot_lift": 0.0,
        "pilot_until": eq.LONG_AGO,
        "call_log": 0.0,
        "call_until": eq.LONG_AGO,
        "letter_taste": LETTER * world.call_sd * letter,
        "habit": np.log(LOGINS) + LOGINS_SD * habit,
        "asks": ENQUIRIES_SD * asks,
        "intention": 0,
    }
    for name, values in fresh.items():
        getattr(people, name)[at] = values
    quarters = [noise.pieces(Mechanism.TRAITS, month, sub) for sub in (8, 9)]
    for k in range(len(TOUCHPOINTS)):
        people.personal[k, at] = world.person_sd * ndtri(quarters[k // 4][k % 4][at])
    people.latent[:, at] = 0.0
    people.settled[:, at] = False
    people.visited[:, at] = eq.LONG_AGO
    people.complained[:, at] = eq.LONG_AGO
    people.satisfaction[at] = eq.standing(world, people.loyalty[at], people.relative_price[at])


def _relative_price(plan: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """Log of price over list price: half pay the list price, others got something off; prices end in .49 or .99."""
    wished = LIST_PRICE[plan] * np.exp(0.16 * np.minimum(luck, 0))
    return np.log((np.ceil(wished * 2) / 2 - 0.01) / LIST_PRICE[plan])


def _pick(shares: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.cumsum(shares)[:-1], uniform)


def _frailty(world: Coefficients, noise: Noise, month: int, at: np.ndarray) -> np.ndarray | float:
    """Gamma with mean 1; in a world without it, 1."""
    if world.frailty == 0:
        return 1.0
    shape = 1 / world.frailty
    return np.maximum(gammaincinv(shape, noise.uniform(Mechanism.TRAITS, month, 7)[at]) / shape, 1e-12)


@dataclass
class Visits:
    """What one month did at one touchpoint. Axes before the last are worlds that differ by an intervention.

    Attributes
    ----------
    used, when
        Who used it, and when in the month (a part of it).
    latent, visited, complained, settled
        The state after the month, as in `Customers`.
    grades
        Of the experience (`latent`).
    complaint
        Of those who used it.
    """

    used: np.ndarray
    when: np.ndarray
    latent: np.ndarray
    visited: np.ndarray
    complained: np.ndarray
    settled: np.ndarray
    grades: np.ndarray
    complaint: np.ndarray

    def adds(self, world: Coefficients, k: int, people: Customers, month: int) -> np.ndarray:
        """What the touchpoint adds to satisfaction after this month.

        Parameters
        ----------
        world
            Its coefficients.
        k
            The touchpoint.
        people
            Customers by slot.
        month
            Counted from the first month of the records.
        """
        relevant = self.visited > month - eq.RECALL_MONTHS
        felt = np.where(relevant, eq.impression(world, k, people.plan, self.grades, month), 0.0)
        felt = felt + eq.use(world, k, relevant, people.age, month - people.joined)
        return felt + eq.grievance(world, self.unresolved(month), self.lately(month) & self.settled)

    def lately(self, month: int) -> np.ndarray:
        """Who complained within the months that a complaint works.

        Parameters
        ----------
        month
            Counted from the first month of the records.
        """
        return self.complained > month - eq.GRIEVANCE_MONTHS

    def unresolved(self, month: int) -> np.ndarray:
        """Whose complaint of the last months is not resolved.

        Parameters
        ----------
        month
            Counted from the first month of the records.
        """
        return self.lately(month) & ~self.settled


def visit(
    world: Coefficients,
    people: Customers,
    k: int,
    month: int,
    noise: Noise | Together,
    *,
    before: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    lift: np.ndarray | float,
    until: np.ndarray | float = 1.0,
) -> Visits:
    """Touchpoint `k` in one month.

    Parameters
    ----------
    before
        `latent`, `visited`, `complained`, `settled` at the beginning of the month, with or without leading axes.
    lift
        What initiatives add to the latent experience, broadcastable against `before`.
    until
        Part of the month after which a customer is gone.
    world
        Its coefficients.
    people
        Customers by slot.
    k
        The touchpoint.
    month
        Counted from the first month of the records.
    noise
        Where chance comes from.
    """
    latent, visited, complained, settled = before
    use, luck, when, upset = noise.pieces(Mechanism.TOUCH, month, k)
    calmed = noise.pieces(Mechanism.CONTACT, month, k)[0]
    when = when * eq.VISITS_END
    likely = np.where(people.joined == month, 1.0, 0.0) if k == ONBOARDING else world.use[k][people.age]
    used = people.active & (use < likely) & (when < until)
    at = np.flatnonzero(used)  # most customers use few touchpoints in a month
    lived = (
        world.level[k]
        + world.level_by_region[k][people.region[at]]
        + world.level_by_plan[k][people.plan[at]]
        + people.quality[at]
        + people.personal[k, at]
        + world.visit_sd * ndtri(luck[at])
    )
    shape = np.broadcast_shapes(np.shape(latent), np.shape(lift))
    latent = np.broadcast_to(latent, shape).copy()
    latent[..., at] = lived + np.broadcast_to(lift, shape)[..., at]
    grades = eq.grade(latent)
    complaint = np.zeros(shape, dtype=bool)
    complaint[..., at] = upset[at] < eq.complaint_probability(world, grades[..., at])
    return Visits(
        used=used,
        when=when,
        latent=latent,
        visited=np.where(used, month, visited),
        complained=np.where(complaint, month, complained),
        settled=np.where(complaint, calmed < world.resolution, settled),
        grades=grades,
        complaint=complaint,
    )
