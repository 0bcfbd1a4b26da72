"""A pilot evaluated: window and outcomes, whether the comparison is fair, effects, guardrails, looks and verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from workbench.decisions.rollout.effects import (
    RECORDED,
    Effect,
    Followed,
    Measured,
    Samples,
    by_month,
    counted_otherwise,
    samples_of,
)
from workbench.decisions.rollout.estimators import UNEVEN
from workbench.decisions.rollout.fairness import Fairness, examine
from workbench.decisions.rollout.groups import ByGroup, Grouping, by_group, groupings
from workbench.decisions.rollout.pilot import FEWEST, Pilot, not_over
from workbench.decisions.rollout.weighing.question import Question, looks_of
from workbench.decisions.rollout.weighing.verdict import Basis, Price, Verdict, weigh
from workbench.draws import seed_of
from workbench.errors import DataError
from workbench.models.trials import looking
from workbench.models.trials.estimates import Estimate
from workbench.models.trials.units.compared import FEW_UNITS
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.statistics.multiplicity import holm
from workbench.wording import number, sentence, shown

MOST_FOLLOWED = 0.8
"""Share of each arm that a window nobody set was over for: the newest customers do not shorten it for all, and few are
left out; a choice."""
SHORTEST_WINDOW = 28
"""Days of a window nobody set, where enough customers were followed as long: four of each weekday; a choice."""
LONGEST_WINDOW = 365
"""Days of a window nobody set: a year holds every season once."""
WindowBy = Literal["asked", "planned", "followed", "waiting"]
SHORTER = 15
"""Days by which an effect may be of less than the window, a choice: half a month, as months differ in length."""
SLOWLY = 28
"""Days over which customers came into a pilot, a choice: of fewer it is not said at which rate others would."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ready:
    """A pilot whose outcomes are known to be there.

    Attributes
    ----------
    pilot, followed, question
        Who was dealt what, what is recorded of them, and what is asked.
    days
        Length of the window; None where outcomes are columns alone.
    window_by
        What made it so long: a parameter, the ends of the pilot, how long most customers were followed, or how long
        enough of them waited for their own start.
    planned_days, seen_days
        Days that the pilot was to run, by its ends, and days from its start to the end of the records: medians over
        customers. None without ends, and where nothing is dated.
    outcomes
        The primary one first, then guardrails, then the others.
    censored : (n,) bool
        Whose window is not over.
    groupings
        Groups that were named beforehand, as far as they may be told.
    untold
        Outcomes that were wanted and of which nothing can be told, and why.
    """

    pilot: Pilot
    followed: Followed
    question: Question
    days: int | None
    outcomes: tuple[Measured, ...]
    censored: np.ndarray
    groupings: tuple[Grouping, ...] = ()
    window_by: WindowBy = "asked"
    planned_days: int | None = None
    seen_days: int | None = None
    untold: tuple[tuple[Any, str], ...] = ()

    @property
    def primary(self) -> Measured:
        """By which the pilot is evaluated."""
        return self.outcomes[0]


def ready(pilot: Pilot, followed: Followed, question: Question) -> Ready:
    """Find the window and the outcomes.

    Parameters
    ----------
    pilot, followed, question
        As of `Ready`.

    Raises
    ------
    ParameterError
        An outcome that the data do not have.
    DataError
        No outcome, no window that is over, or a primary outcome of which nothing can be told.
    """
    names = [each.name for each in followed.measures]
    question.check(names)
    if not names:
        raise DataError(
            sentence(
                "treatments: got no outcome, expected columns with use: outcome, or tables of what customers did "
                "(surveys, transactions, subscriptions, interactions) and start in treatments."
            )
        )
    days, by = _window(pilot, followed, question)
    primary = question.outcome or _first(pilot, followed, days)
    reach = followed.reach()
    chosen = question.outcomes
    if chosen is None:
        chosen = [
            each.name
            for each in followed.measures
            if not getattr(each, "detail", False) or each.name == pilot.touchpoint
        ]
    order = list(dict.fromkeys([primary, *question.guardrails, *chosen]))
    found = {each.measure.name: each for each in followed.over(days or 0, order)}
    silent = {name: why for name in order[1:] if (why := _silent(found[name], pilot))}
    kept = [found[primary], *(found[name] for name in order[1:] if name not in silent)]
    question.check_sizes(found[primary].measure, {name: found[name].measure for name in question.guardrails})
    _refuse_silent({name: found[name] for name in (primary, *question.guardrails)}, pilot)
    whole = not days or pilot.route == "waves"  # by month nobody's window is cut
    censored = np.zeros(len(reach), dtype=bool) if whole else reach < (days or 0)
    return Ready(
        pilot=pilot.with_history(_history(pilot, followed, kept)),
        followed=followed,
        question=question,
        days=days,
        outcomes=tuple(kept),
        censored=censored,
        groupings=_groupings(pilot, question, found[primary]),
        window_by=by,
        planned_days=_planned_days(pilot),
        seen_days=int(np.median(reach)) if days is not None else None,
        untold=tuple((found[name].measure, why) for name, why in silent.items()),
    )


def _first(pilot: Pilot, followed: Followed, days: int | None) -> str:
    """The outcome that decides where nobody said which: the first of which there is enough."""
    names = [each.name for each in followed.measures]
    return next((each for each in names if not _silent(followed.over(days or 0, [each])[0], pilot)), names[0])


def _groupings(pilot: Pilot, question: Question, outcome: Measured) -> tuple[Grouping, ...]:
    names = list(question.likely if question.groups is None else question.groups)
    return tuple(groupings(pilot, names, outcome, asked=question.groups is not None))


def _planned_days(pilot: Pilot) -> int | None:
    """Days from start to end, both counted, as most customers have it; None where no row has an end."""
    rows = pilot.roster
    if not pilot.dated or "end" not in rows or rows["end"].isna().all():
        return None
    return int((rows["end"] - rows["start"]).dt.days.median()) + 1


def _history(pilot: Pilot, followed: Followed, outcomes: Sequence[Measured]) -> pd.DataFrame:
    """What customers did before anybody had it, by outcome; no columns where nothing is known of that."""
    if not followed.dated:
        return pd.DataFrame()
    if pilot.staged:  # before each start would be other months of each wave
        names = [each.measure.name for each in outcomes]
        outcomes = followed.at(pilot.roster["start"].min()).over(1, names)
    own = {sentence("{label} before", label=each.measure.label): each.before for each in outcomes}
    return pd.DataFrame({name: values for name, values in own.items() if np.isfinite(values).any()})


def _window(pilot: Pilot, followed: Followed, question: Question) -> tuple[int | None, WindowBy]:
    """Days from each start, and who says so: as asked; as long as the pilot ran; as long as most were followed."""
    if not followed.dated or followed.until is None:
        return None, "asked"
    reach = followed.reach()
    days = question.window_days
    by: WindowBy = "asked"
    planned = _planned_days(pilot)
    if days is None and planned is not None and _each_arm(pilot, reach >= planned):
        days, by = _whole_months(planned, pilot, reach), "planned"
    elif days is None:
        most = min(_followed_by_most(pilot, reach), LONGEST_WINDOW, planned or LONGEST_WINDOW)
        days, by = _whole_months(most, pilot, reach), "followed"
    if question.window_days is None and pilot.route == "chosen" and not pilot.control:
        waiting = _waiting_days(pilot)
        days, by = (waiting, "waiting") if waiting < days else (days, by)
    recorded = all(each.table in RECORDED for each in followed.measures)
    if not recorded and (days < 1 or not (reach >= days).any()):
        raise DataError(not_over(followed.until, pilot.roster["start"].min(), max(days, 1)))
    return days, by


def _waiting_days(pilot: Pilot) -> int:
    """Days after the first start in which enough customers still wait for theirs, and can be compared with."""
    starts = pilot.roster["start"].sort_values(ascending=False)
    return max(int((starts.iloc[min(FEWEST, len(starts)) - 1] - starts.iloc[-1]).days), 1)


def _each_arm(pilot: Pilot, there: np.ndarray) -> bool:
    """Whether each arm has enough of these customers."""
    counts = pilot.roster["arm"][there].value_counts()
    return all(counts.get(arm, 0) >= FEWEST for arm in {*pilot.arms, pilot.control} - {""})


def _followed_by_most(pilot: Pilot, reach: np.ndarray) -> int:
    """The longest window that most customers of each arm have completed; four weeks at least, where enough have."""
    own = [np.sort(reach[(pilot.roster["arm"] == arm).to_numpy()])[::-1] for arm in set(pilot.roster["arm"])]
    days = int(min(each[int(np.ceil(MOST_FOLLOWED * len(each))) - 1] for each in own))
    return SHORTEST_WINDOW if days < SHORTEST_WINDOW and _each_arm(pilot, reach >= SHORTEST_WINDOW) else days


def _whole_months(days: int, pilot: Pilot, reach: np.ndarray) -> int:
    """Starts one after the other are told by months: a window that nobody asked for is as many as somebody saw."""
    months = max(round(days / DAYS_A_MONTH), 1)
    if pilot.route != "waves" or abs(days - months * DAYS_A_MONTH) <= UNEVEN:
        return days
    while months > 1 and not (reach >= months * DAYS_A_MONTH).any():
        months -= 1
    return round(months * DAYS_A_MONTH)


def _silent(outcome: Measured, pilot: Pilot) -> str:
    """Why nothing can be told of an outcome, whatever the design: too few have it, or it is the same of everybody."""
    known = outcome.known
    counts = pilot.roster["arm"][known].value_counts()
    if any(counts.get(arm, 0) < FEWEST for arm in {*pilot.arms, pilot.control} - {""}):
        return sentence("known of fewer than {least} customers of an arm", least=number(FEWEST))
    return "" if np.ptp(outcome.after[known]) > 0 else sentence("the same of everybody")


def _refuse_silent(decisive: Mapping[str, Measured], pilot: Pilot) -> None:
    """Raise where the primary outcome or a guardrail says nothing: no verdict may be made without one of them."""
    faults = []
    for name, outcome in decisive.items():
        known = outcome.known
        counts = pilot.roster["arm"][known].value_counts()
        few = {each: int(counts.get(each, 0)) for each in (*pilot.arms, pilot.control) if each}
        least = min(few, key=lambda arm: few[arm])
        if few[least] < FEWEST:
            faults.append(
                sentence(
                    "{label} decides, as the primary outcome or a guardrail: it is known of {n} customers of {arm}, "
                    "expected {least} of each arm. Choose another outcome, a shorter window_days, or wait.",
                    label=shown(name),
                    n=number(few[least]),
                    arm=shown(least),
                    least=number(FEWEST),
                )
            )
        elif np.ptp(outcome.after[known]) == 0:
            faults.append(
                sentence(
                    "{label} decides, as the primary outcome or a guardrail: got the same value ({value}) of all {n} "
                    "customers, so no effect on it can be seen. Choose another outcome or a longer window_days.",
                    label=shown(name),
                    value=number(float(outcome.after[known][0])),
                    n=number(int(known.sum())),
                )
            )
    if faults:
        raise DataError(*faults)


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
            sequence=sequences[each.found.arm] if looks > 1 or left is not None else None,
            weeks_left=left,
        )
        for each in primaries
    )
    return Evaluation(
        ready=replace(at, untold=(*at.untold, *untold)),
        fairness=fairness,
        effects=tuple(effects),
        otherwise=counted_otherwise(samples, at.outcomes, at.days),
        months=months,
        groups=tuple(by_group(samples, at.primary, at.groupings, at.days)) if _by_group(pilot) else (),
        verdicts=verdicts,
        p_holm=_adjusted(effects, [at.primary.measure.name, *question.guardrails]),
        sequences=sequences,
        looks=looks,
        prices=prices,
        samples=samples,
    )


def _with_primary(at: Ready, effects: Sequence[Effect]) -> Ready:
    """The same by the first outcome that its design can tell, where nobody said which and it cannot tell the first."""
    told = {each.measure.name for each in effects}
    if at.question.outcome is not None or at.primary.measure.name in told:
        return at
    guarded = at.question.guardrails
    best = next((each for each in at.outcomes if each.measure.name in told and each.measure.name not in guarded), None)
    if best is None:
        return at
    others = (each for each in at.outcomes if each is not best)
    return replace(at, outcomes=(best, *others), groupings=_groupings(at.pilot, at.question, best))


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
    recorded = at.pilot.costs.get(each.found.arm, 0.0) or None  # a table of zeros says no more than an empty one
    cost = recorded if question.cost is None else question.cost
    value = None if question.value is None else abs(question.value)
    if value is None and measure.money:
        value = 1.0
    if value is not None and measure.kind in ("ratio", "staying"):
        value *= each.per_customer
    if shortened(at, each.found):
        value = None  # the cost is of the whole window
    smallest, basis = question.smallest, "stated"
    if smallest is None:
        smallest, basis = (cost / value, "cost") if value and cost is not None else (0.0, "")
    return Price(smallest=smallest, basis=cast("Basis", basis), cost=cost, value=value)


def shortened(at: Ready, found: Estimate) -> bool:
    """Whether an effect is of less than the window, as later months have nobody to compare with.

    Parameters
    ----------
    at
        What is asked of whom.
    found
        The effect.
    """
    return found.days is not None and at.days is not None and found.days < at.days - SHORTER


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
