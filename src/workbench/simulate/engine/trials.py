"""What the company tried out: a pilot of the design that is set, a pilot for volunteers, and retention calls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from workbench.simulate.engine.coefficients import AGE_SHARE, PLAN_SHARE, Coefficients
from workbench.simulate.engine.customers import Customers
from workbench.simulate.engine.equations import CALL_MONTHS, RECALL_MONTHS
from workbench.simulate.engine.initiatives import Initiative
from workbench.simulate.engine.noise import Mechanism, Noise
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import REGIONS

FIRST_START = 6  # months of history before the first pilot
CALLS_EVERY = 6  # months between rounds of calls
CALL = "retention_call"
LETTER_COST = 0.5  # money
WAVES, WAVES_APART = 4, 2  # of a staggered pilot; a fifth part of its customers never gets it
CONTROL, TREATMENT = "control", "treatment"
CONTACTS = ("call", "letter")  # arms of the retention call where there are letters


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
    start, until
        Months in which it begins, and in which it is over.
    arms
        Their names; the first is the control.
    slot, arm, cost
        Who, in which arm (a position in `arms`), at which cost.
    before
        The state of all customers at that moment, as if nothing had been decided yet; None unless it was asked for.
    recorded
        Whether it has rows in the records; what was dealt out earlier has them already.
    begins
        Of what is dealt out now and begins later: in which month, by customer. Then nothing begins now.
    """

    name: str
    kind: str
    randomised: bool
    start: int
    until: int
    arms: tuple[str, ...]
    slot: np.ndarray
    arm: np.ndarray
    cost: np.ndarray
    touchpoint: int = 0
    lift: float = 0.0
    before: Customers | None = None
    recorded: bool = True
    begins: np.ndarray | None = None

    @property
    def treated(self) -> np.ndarray:
        """Who is not in the control."""
        return self.arm > 0


@dataclass(frozen=True)
class Trials:
    """The programme of trials; when they take place does not depend on how long the records are.

    Attributes
    ----------
    settings
        Of the world.
    initiatives
        The first is piloted as `settings.trial_design` has it (or several at a time, each among customers of its own),
        the next, when that is over, among volunteers.
    keep
        Whether each enrolment keeps the state before it.
    """

    settings: Settings
    initiatives: Sequence[Initiative]
    keep: bool = False

    def enrol(self, world: Coefficients, people: Customers, month: int, noise: Noise) -> list[Enrolment]:
        """Set up what begins in this month, and change the state of those who are treated.

        Parameters
        ----------
        world
            Its coefficients.
        people
            Customers by slot; changed in place.
        month
            Counted from the first month of the records.
        noise
            Where chance comes from.
        """
        design, made = self.settings.trial_design, []
        piloted = piloted_initiatives(self.settings, world, self.initiatives)
        if design == "staggered":
            made += self._waves(people, piloted[0], month, noise)
        elif month == FIRST_START:
            first = designed(self.settings, piloted)
            arms: dict[str, tuple[float, np.ndarray | float, bool]] = {
                "individual": (min(0.4, 0.96 / max(len(first), 1)), 0.5, True),
                "region": (1.0, np.isin(people.region, treated_regions(self.settings)), True),
                "volunteers": (0.6, _willing(world, people), False),
            }
            share, likely, randomised = arms[design]
            for place, each in enumerate(first):
                offered = (place * share, (place + 1) * share)
                made.append(self._pilot(people, each, month, noise, likely, offered, randomised=randomised))
        if month == second_start(self.settings):
            for each in piloted[max(len(designed(self.settings, piloted)), 1) :][:1]:
                willing = _willing(world, people)
                made.append(self._pilot(people, each, month, noise, willing, (0.0, 0.6), randomised=False))
        if month > 0 and month % CALLS_EVERY == 0:
            made.append(self._calls(world, people, month, noise))
        return made

    def _pilot(
        self,
        people: Customers,
        initiative: Initiative,
        month: int,
        noise: Noise,
        likely: np.ndarray | float,
        offered: tuple[float, float],
        *,
        randomised: bool,
    ) -> Enrolment:
        chosen, arm, _, _ = noise.pieces(Mechanism.TRIAL, month, 1)
        slot = np.flatnonzero(people.active & (offered[0] <= chosen) & (chosen < offered[1]))
        return self._entered(people, initiative, month, slot, (arm < likely)[slot], randomised=randomised)

    def _waves(self, people: Customers, initiative: Initiative, month: int, noise: Noise) -> list[Enrolment]:
        """Dealt out at the first start, to all waves at once and for the money of all; then wave by wave.

        Who never gets it is the control, from the first start on. Who has left before their wave has rows nevertheless.
        """
        chosen, turn, _, _ = noise.pieces(Mechanism.TRIAL, FIRST_START, 1)
        turn = np.floor((WAVES + 1) * turn)
        offered = people.active & (people.joined <= FIRST_START) & (chosen < 0.6)
        wave, between = divmod(month - FIRST_START, WAVES_APART)
        made = []
        if month == FIRST_START:
            slot = np.flatnonzero(offered)
            treated = turn[slot] < WAVES
            dealt = Enrolment(
                name=initiative.name,
                kind="pilot",
                randomised=True,
                start=month,
                until=month + self.settings.trial_months,
                arms=(CONTROL, TREATMENT),
                slot=slot,
                arm=treated.astype(int),
                cost=np.where(treated, initiative.cost_per_customer, 0.0),
                begins=np.where(treated, FIRST_START + WAVES_APART * turn[slot], FIRST_START).astype(int),
            )
            made.append(dealt)
        if not between and 0 <= wave < WAVES:
            slot = np.flatnonzero(offered & ((turn == wave) | ((turn == WAVES) & (wave == 0))))
            begun = self._entered(people, initiative, month, slot, (turn < WAVES)[slot], randomised=True)
            made.append(replace(begun, recorded=False, cost=np.zeros(slot.size)))
        return made

    def _entered(
        self,
        people: Customers,
        initiative: Initiative,
        month: int,
        slot: np.ndarray,
        treated: np.ndarray,
        *,
        randomised: bool,
    ) -> Enrolment:
        before = people.copy() if self.keep else None
        on, until = slot[treated], month + self.settings.trial_months
        people.pilot_touchpoint[on], people.pilot_lift[on] = initiative.touchpoint, initiative.true_lift
        people.pilot_until[on] = until
        return Enrolment(
            name=initiative.name,
            kind="pilot",
            randomised=randomised,
            start=month,
            until=until,
            arms=(CONTROL, TREATMENT),
            slot=slot,
            arm=treated.astype(int),
            cost=np.where(treated, initiative.cost_per_customer, 0.0),
            touchpoint=initiative.touchpoint,
            lift=initiative.true_lift,
            before=before,
        )

    def _calls(self, world: Coefficients, people: Customers, month: int, noise: Noise) -> Enrolment:
        chosen, luck, _, _ = noise.pieces(Mechanism.TRIAL, month, 2)
        arms: tuple[str, ...] = (CONTROL, *CONTACTS) if self.settings.letters else (CONTROL, TREATMENT)
        share = 0.5 if self.settings.letters else 0.2
        slot = np.flatnonzero(people.active & (chosen < share))
        # The first part of what chance says is the call, the last the control.
        part = np.floor(len(arms) * luck[slot]).astype(int)
        arm = np.where(part < len(arms) - 1, part + 1, 0)
        before = people.copy() if self.keep else None
        effects = np.stack([np.zeros(len(people)), people.call_effect(world, month), people.letter_effect(world)])
        on = slot[arm > 0]
        people.call_log[on] = effects[arm[arm > 0], on]
        people.call_until[on] = month + CALL_MONTHS
        return Enrolment(
            name=CALL,
            kind="call",
            randomised=True,
            start=month,
            until=month + CALL_MONTHS,
            arms=arms,
            slot=slot,
            arm=arm,
            cost=np.array([0.0, self.settings.call_cost, LETTER_COST])[arm],
            before=before,
        )


def second_start(settings: Settings) -> int:
    """The month in which the pilot among volunteers begins: when the first one is over for everybody.

    Parameters
    ----------
    settings
        Of the world.
    """
    waiting = WAVES_APART * WAVES if settings.trial_design == "staggered" else 0
    return FIRST_START + settings.trial_months + waiting


def treated_regions(settings: Settings) -> np.ndarray:
    """The regions in which a pilot by region takes place, drawn by lot: positions in `words.REGIONS`.

    Parameters
    ----------
    settings
        Of the world.
    """
    return np.random.default_rng([settings.seed, 20_261_130]).permutation(len(REGIONS))[: len(REGIONS) // 2]


def piloted_initiatives(
    settings: Settings, world: Coefficients, initiatives: Sequence[Initiative]
) -> Sequence[Initiative]:
    """The initiatives in the order of pilots: as offered or, where lifts are set, where most hangs on them first.

    Parameters
    ----------
    settings
        Of the world.
    world
        Its coefficients.
    initiatives
        On offer.
    """
    if settings.lift is None:
        return initiatives

    def matters(each: Initiative) -> float:
        used = 1 - (1 - world.use[each.touchpoint] @ AGE_SHARE) ** RECALL_MONTHS
        return float(used * (world.weights[each.touchpoint] @ PLAN_SHARE))

    return sorted(initiatives, key=matters, reverse=True)


def designed(settings: Settings, piloted: Sequence[Initiative]) -> Sequence[Initiative]:
    """Those whose pilot is the one that `settings.trial_design` is about.

    Parameters
    ----------
    settings
        Of the world.
    piloted
        As `piloted_initiatives` has them.
    """
    return piloted[: 1 if settings.random_pilots is None else settings.random_pilots]


def _willing(world: Coefficients, people: Customers) -> np.ndarray:
    """Probability of volunteering: the loyal and the content, who would have stayed anyway."""
    return expit(
        world.uptake_base + world.uptake_loyalty * people.loyalty + world.uptake_satisfaction * people.satisfaction
    )
