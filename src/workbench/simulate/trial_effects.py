"""What trials did: all customers who entered one treated, against none of them treated, by month since its start.

A study sees a part of that: those who were there, those who answered, those whom chance treated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from scipy.special import expit

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.futures import Ahead, Worlds, ahead
from workbench.simulate.engine.noise import AT_ONCE, Noise, Together
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.trials import Enrolment
from workbench.simulate.population import CASH

TRIAL_MONTHS = 6  # of the summary, and of the effects of single contacts
EFFECT_MONTHS = 12  # since the start; a pilot may be over by then
GROUPS = ("enrolled", "treated")
_TRIAL_CUSTOMERS = 16_384  # a trial in a smaller world is repeated until it has had so many

# Differences between the two worlds, summed over customers; the last three also as sums since the start.
_FLOWS = ("cash", "orders", "minutes")
DIFFERENCES = ("staying", *_FLOWS, *(f"{flow}_so_far" for flow in _FLOWS))
# Means of those who are still there, and of those of them who answer: differences of ratios of sums.
MEANS = ("satisfaction", "nps", "satisfaction_respondents", "nps_respondents")
_SUMS = 2 * (2 + len(MEANS))  # in both worlds: those there, those answering, and what each mean is the ratio of


@dataclass
class Moments:
    """Sums over the customers of a group, by month, with their Monte-Carlo covariance.

    Attributes
    ----------
    customers
        How many.
    total
        (months, quantities).
    covariance
        (months, quantities, quantities).
    """

    customers: int
    total: np.ndarray
    covariance: np.ndarray

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.customers + other.customers, self.total + other.total, self.covariance + other.covariance)

    def effects(self) -> dict[str, np.ndarray]:
        """By name: the effect by month (per customer, or of a mean) and, as `…_error`, its standard error."""
        n, found = max(self.customers, 1), {}
        for place, name in enumerate(DIFFERENCES):
            found[name] = self.total[:, place] / n
            found[f"{name}_error"] = np.sqrt(np.maximum(self.covariance[:, place, place], 0)) / n
        first, size = len(DIFFERENCES), _SUMS // 2
        for place, name in enumerate(MEANS):
            whole, part = place // 2, 2 + place
            slope, means = np.zeros_like(self.total), []
            for world, sign in ((0, -1.0), (1, 1.0)):
                below, above = first + world * size + whole, first + world * size + part
                mean = self.total[:, above] / np.maximum(self.total[:, below], 1e-12)
                slope[:, above] = sign / np.maximum(self.total[:, below], 1e-12)
                slope[:, below] = -mean * slope[:, above]
                means.append(mean)
            found[name] = means[1] - means[0]
            variance = np.einsum("mi,mij,mj->m", slope, self.covariance, slope)
            found[f"{name}_error"] = np.sqrt(np.maximum(variance, 0))
        return found


@dataclass
class TrialEffect:
    """What one arm of a trial does, summed over the customers enrolled.

    Attributes
    ----------
    initiative, arm, randomised, start
        Of which trial.
    enrolled
        How many customers.
    gain, error
        (2,): effect on the probability of still being there after `TRIAL_MONTHS`, and on the cash flow until then (cost
        not counted), with the Monte-Carlo variance of both sums.
    moments
        By group of `GROUPS`: the months one after the other.
    """

    initiative: str
    arm: str
    randomised: bool
    start: int
    enrolled: int
    gain: np.ndarray
    error: np.ndarray
    moments: dict[str, Moments] = field(default_factory=dict)

    def __add__(self, other: "TrialEffect") -> "TrialEffect":
        return TrialEffect(
            self.initiative,
            self.arm,
            self.randomised,
            self.start,
            self.enrolled + other.enrolled,
            self.gain + other.gain,
            self.error + other.error,
            {group: each + other.moments[group] for group, each in self.moments.items()},
        )

    def to_dict(self) -> dict:
        """The summary that goes to truth.json."""
        n = max(self.enrolled, 1)
        mean, error = self.gain / n, np.sqrt(self.error) / n
        return {
            "initiative": self.initiative,
            "arm": self.arm,
            "randomised": self.randomised,
            "start_month": self.start,
            "months": TRIAL_MONTHS,
            "enrolled": self.enrolled,
            "stay_effect": float(mean[0]),
            "stay_effect_error": float(error[0]),
            "cash_effect": float(mean[1]),
            "cash_effect_error": float(error[1]),
        }


def trial_effects(
    settings: Settings, world: Coefficients, each: Enrolment, noise: Noise, arm: int = 1
) -> tuple[TrialEffect, np.ndarray]:
    """Effect of an arm on those enrolled, from its start: all in this arm against none treated.

    Parameters
    ----------
    settings
        Of the world.
    world
        Its coefficients.
    each
        Who was enrolled, and how they were before.
    noise
        Where chance comes from.
    arm
        Which of its arms.

    Returns
    -------
    effect
        Summed over customers.
    array of shape (2, slots)
        Of each customer, enrolled or not: on the probability of still being there after `TRIAL_MONTHS`, and on the cash
        flow until then, cost not counted.
    """
    assert each.before is not None
    people = each.before
    worlds = Worlds.contact(arm) if each.kind == "call" else Worlds.pilot(each.touchpoint, each.lift)
    total, squares = np.zeros((2, 2, len(people)))
    replicates = max(2, _TRIAL_CUSTOMERS // settings.customers)
    samples = {"enrolled": _Sample(each.slot), "treated": _Sample(each.slot[each.arm == arm])}
    at_once = max(1, AT_ONCE // len(people))
    for first in range(0, replicates, at_once):
        drawn = range(first, min(first + at_once, replicates))
        many = people.repeated(len(drawn))
        cash, so_far = np.zeros((2, len(many))), np.zeros((len(_FLOWS), len(many)))
        futures = ahead(
            world,
            many,
            worlds,
            Together(tuple(noise.again(1 + replicate) for replicate in drawn)),
            first=each.start,
            months=EFFECT_MONTHS,
            calendar=settings.first_day.month,
            lift_until=each.until,
        )
        for step, month in enumerate(futures):
            quantities = _quantities(world, many, month, so_far)
            for replicate in np.split(quantities, len(drawn), axis=1):
                for sample in samples.values():
                    sample.add(step, replicate)
            if step < TRIAL_MONTHS:
                cash += np.asarray(sum(month.cash[kind] for kind in CASH))
            if step == TRIAL_MONTHS - 1:
                gains = np.stack([month.staying[1] - month.staying[0], cash[1] - cash[0]])
                for gain in np.split(gains, len(drawn), axis=1):
                    total += gain
                    squares += gain**2
    mean = total / replicates
    error = np.maximum(squares / replicates - mean**2, 0)
    effect = TrialEffect(
        each.name,
        each.arms[arm],
        each.randomised,
        each.start,
        each.slot.size,
        np.take(mean, each.slot, axis=1).sum(axis=1),
        np.take(error, each.slot, axis=1).sum(axis=1) / (replicates - 1),
        {group: sample.moments(replicates) for group, sample in samples.items()},
    )
    return effect, mean


def _quantities(world: Coefficients, people: Customers, month: Ahead, so_far: np.ndarray) -> np.ndarray:
    """(quantities, slots) of one month; `so_far` of `_FLOWS` is brought up to date."""
    cash = np.asarray(sum(month.cash[kind] for kind in CASH))
    flows = np.stack([np.diff(each, axis=0)[0] for each in (cash, month.orders, month.minutes)])
    so_far += flows
    satisfaction = np.broadcast_to(month.satisfaction, month.staying.shape)
    answering = month.staying * eq.reply_probability(world, satisfaction, people.loyalty)
    content = 1 + expit(satisfaction - world.content_cuts[:, None, None]).sum(axis=0)
    promoting = 100 * eq.net_promoter(world, satisfaction)
    sums = np.stack(
        [
            month.staying,
            answering,
            month.staying * content,
            month.staying * promoting,
            answering * content,
            answering * promoting,
        ]
    )
    return np.concatenate([np.diff(month.staying, axis=0), flows, so_far, sums[:, 0], sums[:, 1]])


class _Sample:
    """Quantities of a group of customers over replicates of the future."""

    def __init__(self, slot: np.ndarray):
        quantities = len(DIFFERENCES) + _SUMS
        self._slot = slot
        self._sum = np.zeros((EFFECT_MONTHS, quantities, slot.size))
        self._products = np.zeros((EFFECT_MONTHS, quantities, quantities))

    def add(self, step: int, quantities: np.ndarray) -> None:
        """One month of one replicate."""
        here = quantities[:, self._slot]
        self._sum[step] += here
        self._products[step] += here @ here.T

    def moments(self, replicates: int) -> Moments:
        """Sums of the customers' means, with the covariance that the replicates tell."""
        mean = self._sum / replicates
        between = np.stack([each @ each.T for each in mean])
        covariance = (self._products / replicates - between) / (replicates - 1)
        return Moments(self._slot.size, mean.sum(axis=2), covariance)


def effects_table(effects: Sequence[TrialEffect]) -> pa.Table:
    """The truth about trials by month since start, all starts of an arm together.

    Parameters
    ----------
    effects
        Of all starts and arms.

    Returns
    -------
    table
        Columns initiative, arm, group (enrolled, or those of them who got it), customers, month (1 … 12) and, each with
        its standard error of simulation: staying (probability), cash, orders and contact minutes of the month and
        `…_so_far` (a customer enrolled), satisfaction (1 to 5) and nps (points) of those still there at its end, and
        of those of them who would answer.
    """
    together: dict[tuple[str, str, str], Moments] = {}
    for each in effects:
        for group, moments in each.moments.items():
            key = (each.initiative, each.arm, group)
            together[key] = together[key] + moments if key in together else moments
    parts = [
        pa.table(
            {
                "initiative": [initiative] * EFFECT_MONTHS,
                "arm": [arm] * EFFECT_MONTHS,
                "group": [group] * EFFECT_MONTHS,
                "customers": np.full(EFFECT_MONTHS, moments.customers),
                "month": np.arange(1, EFFECT_MONTHS + 1),
                **moments.effects(),
            }
        )
        for (initiative, arm, group), moments in together.items()
    ]
    return pa.concat_tables(parts)


def contact_effects(each: Enrolment, arm: int, by_customer: np.ndarray, customer_ids: pa.Array) -> pa.Table:
    """What a contact does to each customer whom chance could have drawn for it.

    Parameters
    ----------
    arm
        Which contact.
    by_customer
        As `trial_effects` gives it.
    customer_ids
        Of the active customers, in the order of their slots.
    each
        Who was enrolled, and how they were before.

    Returns
    -------
    table
        Columns customer_id, start_month, contact, drawn (into the trial), contacted (in this way), stay_effect
        (probability) and cash_effect (money) over six months.
    """
    assert each.before is not None
    slots, there = len(each.before), np.flatnonzero(each.before.active)
    drawn, contacted = np.zeros((2, slots), dtype=bool)
    drawn[each.slot] = True
    contacted[each.slot[each.arm == arm]] = True
    return pa.table(
        {
            "customer_id": customer_ids,
            "start_month": np.full(there.size, each.start),
            "contact": [each.arms[arm] if len(each.arms) > 2 else "call"] * there.size,
            "drawn": drawn[there],
            "contacted": contacted[there],
            "stay_effect": by_customer[0][there],
            "cash_effect": by_customer[1][there],
        }
    )
