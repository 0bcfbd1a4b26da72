"""A pilot whose outcomes are known to be there: how long its window is, and of what something can be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.decisions.rollout.effects import (
    RECORDED,
    Followed,
    Measured,
)
from workbench.decisions.rollout.estimators import UNEVEN
from workbench.decisions.rollout.groups import Grouping, groupings
from workbench.decisions.rollout.pilot import FEWEST, FEWEST_WAITING, Pilot, not_over
from workbench.decisions.rollout.weighing.question import Question
from workbench.errors import DataError
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import number, sentence, shown

MOST_FOLLOWED = 0.8
"""Share of each arm that a window nobody set was over for: the newest customers do not shorten it for all, and few are
left out; a choice."""
SHORTEST_WINDOW = 28
"""Days of a window nobody set, where enough customers were followed as long: four of each weekday; a choice."""
LONGEST_WINDOW = 365
"""Days of a window nobody set: a year holds every season once."""
WindowBy = Literal["asked", "planned", "followed", "waiting"]


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

    def deciding_by(self, outcome: Measured) -> "Ready":
        """The same by another primary outcome.

        Parameters
        ----------
        outcome
            One of them.
        """
        others = (each for each in self.outcomes if each is not outcome)
        groupings = _groupings(self.pilot, self.question, outcome)
        return replace(self, outcomes=(outcome, *others), groupings=groupings)


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
    """Days after the first start in which enough customers still wait for theirs, and can be compared with.

    Of whole units: after the start of the last of enough of them, in which as many still wait.
    """
    starts = pilot.roster["start"].sort_values().to_numpy()
    first, last = starts[0], starts[-min(FEWEST, len(starts))]
    if pilot.unit is not None:
        wholes = pilot.roster.groupby("unit")["start"].min().sort_values().to_numpy()
        first, last = wholes[FEWEST_WAITING - 1], min(last, wholes[-FEWEST_WAITING])
    return max(int((last - first) / np.timedelta64(1, "D")), 1)


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
