"""Intercepts, scale and cut points, set so that a world's marginals are where its draw aims.

A calibration sample of its own lives through the burn-in; its noise is another replicate, so it has no customer in
common with the records, and its size does not depend on theirs: the same seed has the same coefficients at every size.
"""

from collections import deque
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from workbench.simulate.engine import equations as eq
from workbench.simulate.engine.coefficients import Aims, Coefficients, draw, scaled
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.history import Month, live
from workbench.simulate.engine.intentions import Leaving, order_factor
from workbench.simulate.engine.noise import Noise
from workbench.simulate.engine.observer import Observer
from workbench.simulate.engine.settings import Settings

SAMPLE = 3_072  # marginals are then known to about a point
REPLICATE = 1 << 20  # far from those of the truth
_NOBODY_LEAVES = -60.0  # a log hazard at which nobody leaves in any world
_ROUNDS = 3  # intercepts no longer move after
_SETTLED = -12  # from this month on the burn-in is taken to have forgotten its beginning


def world_of(settings: Settings) -> Coefficients:
    """The calibrated coefficients of a world.

    Parameters
    ----------
    settings
        Of the world.
    """
    return _calibrated(_Draw(*draw(settings), settings.seed, settings.first_day.month))


@dataclass(frozen=True, eq=False)
class _Draw:
    """All that a calibration hangs on; draws are equal by value, which arrays alone are not."""

    world: Coefficients
    aims: Aims
    seed: int
    calendar: int

    def _values(self) -> tuple:
        drawn = [*vars(self.world).values(), *vars(self.aims).values()]
        values = (each.tobytes() if isinstance(each, np.ndarray) else each for each in drawn)
        return (self.seed, self.calendar, *values)

    def __hash__(self) -> int:
        return hash(self._values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Draw) and self._values() == other._values()


@lru_cache(maxsize=64)
def _calibrated(drawn: _Draw) -> Coefficients:
    """Companies that differ in size alone share one calibration."""
    world, aims, calendar = drawn.world, drawn.aims, drawn.calendar
    noise = Noise(drawn.seed, 0, SAMPLE, REPLICATE)
    world = replace(world, hazard_base=np.full(4, _NOBODY_LEAVES))
    people = _last(world, noise, calendar)
    world = replace(world, usual=_usual(world, people))
    people = _last(world, noise, calendar)
    # The standard deviation is that of the part which touchpoints make: loyalty and price come on top.
    touched = people.satisfaction - eq.standing(world, people.loyalty, people.relative_price)
    world = scaled(world, world.touchpoint_sd / float(touched.std()))
    world = replace(world, hazard_base=np.log(aims.churn_by_reason))
    for _ in range(_ROUNDS):
        hazards, mean_satisfaction, rates = _marginals(world, noise, calendar)
        world = replace(
            world,
            hazard_base=world.hazard_base + np.log(aims.churn_by_reason / hazards),
            satisfaction_base=world.satisfaction_base - mean_satisfaction,
            purchase_base=world.purchase_base + float(np.log(aims.purchases / rates)),
        )
    people = _last(world, noise, calendar)
    satisfaction, loyalty = people.satisfaction, people.loyalty

    def answered(base: float) -> float:
        return float(eq.reply_probability(replace(world, reply_base=base), satisfaction, loyalty).mean())

    world = replace(world, reply_base=brentq(lambda base: answered(base) - aims.response, -20, 20))
    weight = eq.reply_probability(world, satisfaction, loyalty)
    return replace(
        world,
        recommend_cuts=_cuts(aims.recommend, satisfaction, weight),
        content_cuts=_cuts(aims.content, satisfaction, weight),
        ease_cuts=_cuts(aims.ease, satisfaction, weight),
    )


def _usual(world: Coefficients, people: Customers) -> np.ndarray:
    """What experience at each touchpoint brings on average to those who have used it."""
    grades, used = eq.grade(people.latent), people.visited > eq.LONG_AGO
    return np.array(
        [np.average(eq.impression(world, k, people.plan, grades[k], 0), weights=used[k]) for k in range(len(grades))]
    )


def _last(world: Coefficients, noise: Noise, calendar: int) -> Customers:
    return deque(live(world, noise, 0, calendar=calendar, surveys=False), maxlen=1)[0].people


def _marginals(world: Coefficients, noise: Noise, calendar: int) -> tuple[np.ndarray, float, float]:
    """Mean hazards by reason, satisfaction and order rate (of an ordinary month) of active customers."""
    hazards, satisfaction, rates, customers = np.zeros(4), 0.0, 0.0, 0
    observer = Observer(world, noise.size, calendar=calendar, behaviour=False)
    for month in live(world, noise, 0, calendar=calendar, surveys=False):
        if world.warning:
            observer.meet(month.joined)
        if month.month >= _SETTLED:
            on = month.people.active
            hazards += _hazards(world, month, observer)[:, on].sum(axis=1)
            satisfaction += float(month.people.satisfaction[on].sum())
            rate = eq.purchase_rate(
                world,
                satisfaction=month.begun[on],
                propensity=month.people.propensity[on],
                loyalty=month.people.loyalty[on],
                need_gone=month.people.need_gone[on],
                calendar_month=1,
            )
            if world.warning:
                rate = rate * (order_factor(world) @ np.stack(observer.turn(month)))[on]
            rates += float(rate.sum())
            customers += int(on.sum())
        if world.warning:
            observer.see(month)
    return hazards / customers, satisfaction / customers, rates / customers


def _hazards(world: Coefficients, month: Month, observer: Observer) -> np.ndarray:
    """(reasons, slots): of leaving within the month. Intentions are averaged over, which is far less noisy."""
    if not world.warning:
        return month.hazards
    return np.stack(Leaving.of(world, month.usual, month.pull).left(observer.shares))


def _cuts(shares: np.ndarray, satisfaction: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Cut points with which those who answer give the answers in these shares."""
    below = np.cumsum(shares)[:-1]

    def excess(cut: float, share: float) -> float:
        return float(np.average(expit(cut - satisfaction), weights=weight)) - share

    return np.array([brentq(excess, -60, 60, args=(share,)) for share in below])
