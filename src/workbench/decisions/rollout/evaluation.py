"""A pilot evaluated: window and outcomes, whether the comparison is fair, effects, guardrails, looks and verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, cast

import numpy as np
import pandas as pd

from workbench.decisions.rollout.effects import (
    RECORDED,
    Effect,
    Measured,
    Samples,
    by_month,
    samples_of,
)
from workbench.decisions.rollout.estimators import counted_otherwise
from workbench.decisions.rollout.fairness import Fairness, examine
from workbench.decisions.rollout.groups import ByGroup, by_group
from workbench.decisions.rollout.opening import Ready
from workbench.decisions.rollout.pilot import Pilot
from workbench.decisions.rollout.weighing.arms import Recommendation, both_ways, recommend, winners_curse
from workbench.decisions.rollout.weighing.question import Question, looks_of
from workbench.decisions.rollout.weighing.verdict import Basis, Price, Verdict, weigh
from workbench.draws import seed_of
from workbench.errors import DataError
from workbench.models.trials import looking
from workbench.models.trials.estimates import Estimate
from workbench.models.trials.units.compared import FEW_UNITS
from workbench.statistics.multiplicity import holm
from workbench.wording import sentence, shown

SLOWLY = 28
"""Days over which customers came into a pilot, a choice: of fewer it is not said at which rate others would."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """A pilot evaluated.

    Attributes
    ----------
    ready
        What was asked of whom.
    fairness
        Whether the comparison is fair.
    effects
        Of the window, of all arms: the primary outcome first, then guardrails, then the others.
    otherwise
        By arm and outcome: the same counted in another way, which decides nothing.
    months
        By month since the start.
    groups
        On the primary outcome, by arm and by groups that were named beforehand.
    verdicts
        One an arm.
    between
        By arm and the arm that it is beside, seen from either: the difference, weighed after what it costs more. Empty
        of one arm, and where chance did not decide.
    recommendation
        The one thing to do.
    p_holm
        Of secondary effects, by Holm over all of them, in the order of `effects`; NaN of primary and guardrails.
    sequences
        Intervals of primary effects that hold at any number of looks, by arm.
    looks
        How often the pilot was looked at, this run included.
    prices
        What an effect must be worth, by arm.
    samples
        What effects are made of; of starts one after the other with their months.
    """

    ready: Ready
    fairness: Fairness
    effects: tuple[Effect, ...]
    otherwise: Mapping[tuple[str, str], tuple[Effect, ...]]
    months: tuple[Effect, ...]
    groups: tuple[ByGroup, ...]
    verdicts: tuple[Verdict, ...]
    between: Mapping[tuple[str, str], Verdict]
    recommendation: Recommendation
    p_holm: np.ndarray
    sequences: Mapping[str, Estimate]
    looks: int
    prices: Mapping[str, Price]
    samples: Samples

    def over(self, measure: Any, found: Estimate) -> int | None:
        """Over how long an effect is counted, in days; None of columns, and of what is answered and not counted.

        Parameters
        ----------
        measure
            The outcome.
        found
            The effect on it.
        """
        counted = measure.kind in ("sum", "share", "staying") and measure.table not in (*RECORDED, "surveys")
        return (found.days or self.ready.days) if counted else None

    def of(self, outcome: str) -> list[Effect]:
        """Effects on one outcome.

        Parameters
        ----------
        outcome
            Its name.
        """
        return [each for each in self.effects if each.measure.name == outcome]

    def exhibits(self) -> Any:
        """Headlines, fairness, money, other outcomes, tables and figures."""
        from workbench.decisions.rollout.report import exhibits

        yield from exhibits(self)


def evaluate(at: Ready, previous: Sequence[Mapping[str, Any]], dataset: str, run: str) -> Evaluation:
    """Evaluate a pilot.

    Parameters
    ----------
    at
        What is asked of whom.
    previous
        Manifests of all runs of this study.
    dataset, run
        Its name and the id of this run, by which earlier looks are known.
    """
    pilot, question = at.pilot, at.question
    names = [each.measure.name for each in at.outcomes]
    named = question.outcome is not None or len(at.followed.measures) == 1
    samples = samples_of(pilot, question.level, at.followed, at.outcomes, named=named)
    effects = [
        found
        for outcome in at.outcomes
        for arm in pilot.arms
        if (found := samples.effect(outcome, arm, at.days)) is not None
    ]
    at = _with_primary(at, effects)
    effects.sort(key=lambda each: each.measure is not at.primary.measure)
    fairness = examine(pilot, at.followed, at.outcomes, at.primary, at.days, samples.waves)
    months = tuple(by_month(samples, at.followed, names, at.days or 0))
    primaries = [each for each in effects if each.measure is at.primary.measure]
    if not primaries:
        raise DataError(
            sentence(
                "The primary outcome {label} cannot be told: {why}. Choose another outcome, a shorter window_days, or "
                "bring the rows of those who did not get it.",
                label=shown(at.primary.measure.name),
                why=_why_untold(at.primary, samples),
            )
        )
    told = {each.measure.name for each in effects}
    untold = [(each.measure, _why_untold(each, samples)) for each in at.outcomes if each.measure.name not in told]
    first = at.followed.measures[0].name if question.outcome else at.primary.measure.name
    prices = {each.found.arm: _price(at, each) for each in primaries}
    sequences = {each.found.arm: _sequence(each.found, question, at) for each in primaries}
    looks = looks_of(previous, run, dataset, pilot.initiative, at.primary.measure.name, first)
    left = weeks_left(at)
    often = looks > 1 or left is not None
    verdicts = tuple(
        weigh(
            each.found,
            good=good_of(at),
            price=prices[each.found.arm],
            customers=question.customers or len(pilot.roster),
            weeks_so_far=_weeks(at),
            fair=fairness.experimental,
            broken=tuple(_guarded(effects, question, each.found.arm, surely=True)),
            at_risk=tuple(_guarded(effects, question, each.found.arm, surely=False)),
            draws=question.draws,
            seed=seed_of(question.seed, f"effect of {each.found.arm}"),
            sequence=sequences[each.found.arm] if often else None,
            weeks_left=left,
        )
        for each in primaries
    )
    between = _between(at, samples, verdicts, often=often) if fairness.experimental else {}
    return Evaluation(
        ready=replace(at, untold=(*at.untold, *untold)),
        fairness=fairness,
        effects=tuple(effects),
        otherwise=counted_otherwise(samples, at.outcomes, at.days),
        months=months,
        groups=tuple(by_group(samples, at.primary, at.groupings, at.days)) if _by_group(pilot) else (),
        verdicts=verdicts,
        between=between,
        recommendation=recommend(verdicts, between, optimism=_optimism(at, samples, verdicts) if between else None),
        p_holm=_adjusted(effects, [at.primary.measure.name, *question.guardrails]),
        sequences=sequences,
        looks=looks,
        prices=prices,
        samples=samples,
    )


def _between(
    at: Ready, samples: Samples, verdicts: Sequence[Verdict], *, often: bool
) -> dict[tuple[str, str], Verdict]:
    """Each two arms beside each other on the primary outcome, as far as their design can compare them."""
    found: dict[tuple[str, str], Verdict] = {}
    for one, other in combinations(verdicts, 2):
        apart = samples.between(at.primary, one.effect, other.effect, at.days)
        if apart is None or not np.isfinite(apart.se):
            continue
        found |= both_ways(
            one,
            other,
            apart,
            sequence=_sequence(apart, at.question, at) if often else None,
            draws=at.question.draws,
            seed=seed_of(at.question.seed, f"{one.arm} against {other.arm}"),
        )
    return found


def _optimism(at: Ready, samples: Samples, verdicts: Sequence[Verdict]) -> float | None:
    own = [samples.among_all(each.effect) for each in verdicts]
    return winners_curse(verdicts, own, draws=at.question.draws, seed=seed_of(at.question.seed, "best arm"))


def _with_primary(at: Ready, effects: Sequence[Effect]) -> Ready:
    """The same by the first outcome that its design can tell, where nobody said which and it cannot tell the first."""
    told = {each.measure.name for each in effects}
    if at.question.outcome is not None or at.primary.measure.name in told:
        return at
    guarded = at.question.guardrails
    best = next((each for each in at.outcomes if each.measure.name in told and each.measure.name not in guarded), None)
    if best is None:
        return at
    return at.deciding_by(best)


def _why_untold(outcome: Measured, samples: Samples) -> str:
    """Why a design cannot tell an outcome of which there is enough."""
    if samples.before_after is not None:
        if samples.before_after.score is not None and outcome.measure.name != samples.before_after.primary:
            return sentence("customers were chosen by a score, and nobody knows how far these come back by themselves")
        return sentence("no time before the start tells what to expect")
    if samples.waves is not None or not samples.pilot.control:
        return sentence("while the window of a start ran, too few were still without it")
    return sentence("there are too few to compare")


def _by_group(pilot: Pilot) -> bool:
    """Whether groups may be drawn together by their errors: bounds, ranks and few units are wider than these say."""
    if pilot.route in ("chosen", "before_after", "alone"):
        return False
    return pilot.unit is None or len(set(pilot.unit)) >= FEW_UNITS


def good_of(at: Ready) -> int:
    """1 where more of the primary outcome is better, −1 where less is: as known, or by the sign of a unit's value.

    Parameters
    ----------
    at
        What is asked of whom.
    """
    measure = at.primary.measure
    return -1 if measure.unsaid and (at.question.value or 0.0) < 0 else measure.good


def _price(at: Ready, each: Effect) -> Price:
    """What an effect must be worth to a customer, who costs: of contacts and contracts as many as a customer has."""
    question, measure = at.question, at.primary.measure
    costs = at.pilot.costs
    recorded = costs.get(each.found.arm) if any(costs.values()) else None  # all zeros say no more than nothing does
    cost = recorded if question.cost is None else question.cost
    value = None if question.value is None else abs(question.value)
    if value is None and measure.money:
        value = 1.0
    if value is not None and measure.kind in ("ratio", "staying"):
        value *= each.per_customer
    if each.days is not None:
        value = None  # the cost is of the whole window
    smallest, basis = (0.0, "") if question.smallest is None else (question.smallest, "stated")
    if value and cost is not None and (question.smallest is None or cost / value > question.smallest):
        smallest, basis = cost / value, "cost"  # what does not pay its cost is not worth having, whatever was asked for
    return Price(smallest=smallest, basis=cast("Basis", basis), cost=cost, value=value)


def _guarded(effects: Sequence[Effect], question: Question, arm: str, *, surely: bool) -> list[str]:
    """Guardrails that got worse by more than is allowed, for sure or perhaps; of an unknown one perhaps."""
    known = {each.measure.name for each in effects if each.found.arm == arm}
    found = [] if surely else [name for name in question.guardrails if name not in known]
    for each in effects:
        if each.found.arm != arm or each.measure.name not in question.guardrails:
            continue
        margin, good = question.guardrails[each.measure.name], each.measure.good
        ends = sorted((good * each.found.lower, good * each.found.upper))
        if (ends[1] < -margin) if surely else (ends[0] < -margin <= ends[1]):
            found.append(each.measure.name)
    return found


def _adjusted(effects: Sequence[Effect], first: Sequence[str]) -> np.ndarray:
    found = np.full(len(effects), np.nan)
    others = np.array([each.measure.name not in first for each in effects], dtype=bool)
    p = np.array([each.found.p_value for each in effects], dtype=float)
    told = others & np.isfinite(p)
    if told.any():
        found[told] = holm(p[told])
    return found


def _sequence(found: Estimate, question: Question, at: Ready) -> Estimate:
    planned = None
    if question.planned:
        planned = found.se * float(np.sqrt(found.n / question.planned))
    return looking.any_time(found, planned=planned)


def _weeks(at: Ready) -> float | None:
    """For how long customers came into the pilot; None where that was too short to go on with, or nothing is dated."""
    if at.days is None or at.followed.until is None:
        return None
    starts = at.pilot.roster["start"]
    came = (starts.max() - starts.min()).days
    return came / 7 if came >= SLOWLY else None


def weeks_left(at: Ready) -> float | None:
    """Weeks until the pilot ends, of one that was not over when the records ended; None where it was, or nobody knows.

    Parameters
    ----------
    at
        What is asked of whom.
    """
    ends = at.pilot.roster.get("end")
    if ends is None or ends.isna().all() or at.followed.until is None:
        return None
    left = (pd.Timestamp(ends.median()) - at.followed.until).days + 1
    return left / 7 if left > 0 else None
