"""What the company tried out: a randomised pilot, a pilot for volunteers, and retention calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from workbench.simulate.engine.coefficients import Coefficients
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.equations import CALL_MONTHS
from workbench.simulate.engine.initiatives import Initiative
from workbench.simulate.engine.noise import Mechanism, Noise

PILOT_MONTHS = 6
RANDOMISED_START = 6
VOLUNTARY_START = 12
CALLS_EVERY = 6
CALL = "retention_call"
CALL_COST = 8.0


@dataclass(frozen=True)
class Enrolment:
    """Customers who entered a trial at the beginning of a month.

    Attributes
    ----------
    name
        Of the initiative.
    kind
        `pilot` or `call`.
    randomised
        Whether chance decided about the arm.
    slot, treated, cost
        Who, in which arm, at which cost.
    before
        Their state at that moment, as if nothing had been decided yet; None unless it was asked for.
    """

    name: str
    kind: str
    randomised: bool
    start: int
    until: int
    slot: np.ndarray
    treated: np.ndarray
    cost: np.ndarray
    touchpoint: int = 0
    lift: float = 0.0
    before: Customers | None = None


@dataclass(frozen=True)
class Trials:
    """The programme of trials; when they take place does not depend on how long the records are.

    Attributes
    ----------
    initiatives
        The first is piloted at random, the second among volunteers.
    keep
        Whether each enrolment keeps the state before it.
    """

    initiatives: Sequence[Initiative]
    keep: bool = field(default=False)

    def enrol(self, world: Coefficients, people: Customers, month: int, noise: Noise) -> list[Enrolment]:
        """Set up what begins in this month, and change the state of those who are treated."""
        made = []
        if month == RANDOMISED_START:
            made.append(
                self._pilot(people, self.initiatives[0], month, noise, likely=0.5, offered=0.4, randomised=True)
            )
        if month == VOLUNTARY_START and len(self.initiatives) > 1:
            # Volunteers are the loyal and the content: who would have stayed anyway.
            likely = expit(
                world.uptake_base
                + world.uptake_loyalty * people.loyalty
                + world.uptake_satisfaction * people.satisfaction
            )
            made.append(
                self._pilot(people, self.initiatives[1], month, noise, likely=likely, offered=0.6, randomised=False)
            )
        if month > 0 and month % CALLS_EVERY == 0:
            made.append(self._calls(world, people, month, noise))
        return made

    def _pilot(
        self,
        people: Customers,
        initiative: Initiative,
        month: int,
        noise: Noise,
        *,
        likely: np.ndarray | float,
        offered: float,
        randomised: bool,
    ) -> Enrolment:
        chosen, arm, _, _ = noise.pieces(Mechanism.TRIAL, month, 1)
        slot = np.flatnonzero(people.active & (chosen < offered))
        treated = (arm < likely)[slot]
        before = people.copy() if self.keep else None
        on = slot[treated]
        until = month + PILOT_MONTHS
        people.pilot_touchpoint[on], people.pilot_lift[on] = initiative.touchpoint, initiative.true_lift
        people.pilot_until[on] = until
        return Enrolment(
            name=initiative.name,
            kind="pilot",
            randomised=randomised,
            start=month,
            until=until,
            slot=slot,
            treated=treated,
            cost=np.where(treated, initiative.cost_per_customer, 0.0),
            touchpoint=initiative.touchpoint,
            lift=initiative.true_lift,
            before=before,
        )

    def _calls(self, world: Coefficients, people: Customers, month: int, noise: Noise) -> Enrolment:
        chosen, arm, _, _ = noise.pieces(Mechanism.TRIAL, month, 2)
        slot = np.flatnonzero(people.active & (chosen < 0.2))
        treated = (arm < 0.5)[slot]
        before = people.copy() if self.keep else None
        on = slot[treated]
        people.call_log[on] = people.call_effect(world, month)[on]
        people.call_until[on] = month + CALL_MONTHS
        return Enrolment(
            name=CALL,
            kind="call",
            randomised=True,
            start=month,
            until=month + CALL_MONTHS,
            slot=slot,
            treated=treated,
            cost=np.where(treated, CALL_COST, 0.0),
            before=before,
        )
