"""A pilot planned: the window and the outcomes, what it would find, what a before–after would show, and the draw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.planning.base import Base
from workbench.decisions.planning.chosen import Unmoved, unmoved
from workbench.decisions.planning.drawn import FEWEST_AN_ARM, Drawn, draw, strata_of
from workbench.decisions.planning.prospects import Prospect, prospect, scaled
from workbench.decisions.planning.rehearsal import Rehearsal, rehearse
from workbench.decisions.planning.scheme import FEWEST_UNITS, Scheme
from workbench.decisions.planning.windows import Window, of_customers, of_units, starts_of, window
from workbench.decisions.rollout.pilot import FEWEST
from workbench.decisions.rollout.weighing.question import Question
from workbench.draws import seed_of
from workbench.errors import DataError, ParameterError, WorkbenchError
from workbench.wording import listing, number, plural, sentence, shown, suggestion

MAIN_DAYS = 56
"""Eight weeks, a choice: of several lengths the one nearest to it is told and drawn."""
MOST_GROUPS = 50
"""Of a column that strata are made of, a choice: more are a number or a name rather than groups."""
NAME = "pilot"


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A plan whose question can be answered.

    Attributes
    ----------
    base, followed, question, scheme
        The customers, their records, what is asked, and how it would be dealt.
    initiative
        Its name.
    outcomes
        Measures, the primary one first.
    main
        Days over which it is told; None of data without dates.
    lengths, too_long
        Days of all lengths that records hold twice, and of those that were asked for and they do not.
    size, available
        Customers of the pilot (or units), and how many there are.
    within
        Columns of strata.
    """

    base: Base
    followed: Any
    question: Question
    scheme: Scheme
    initiative: str
    outcomes: tuple[Any, ...]
    main: int | None
    lengths: tuple[int | None, ...]
    too_long: tuple[int, ...]
    size: int
    available: int
    within: tuple[str, ...]

    @property
    def primary(self) -> Any:
        """By which the pilot will be evaluated."""
        return self.outcomes[0]

    @property
    def worth(self) -> float | None:
        """The smallest effect worth having over the main length; None where nothing is said."""
        asked = self.question
        if asked.smallest:
            return asked.smallest
        value = asked.value if asked.value is not None else (1.0 if self.primary.money else None)
        return asked.cost / value if asked.cost and value and value > 0 else None


def draft(base: Base, followed: Any, question: Question, scheme: Scheme) -> Draft:
    """Find out what can be planned.

    Parameters
    ----------
    base, followed, question, scheme
        As of `Draft`.

    Raises
    ------
    ParameterError
        With all that does not fit the data.
    DataError
        No outcome, or records too short for any window.
    """
    names = [each.name for each in followed.measures]
    if not names:
        raise DataError(
            sentence(
                "Nothing to plan from: got no outcome, expected tables of what customers did (transactions, surveys, "
                "subscriptions, interactions) or columns with use: outcome."
            )
        )
    question.check(names)
    within = tuple(scheme.strata if scheme.strata is not None else () if scheme.unit else base.segments)
    if scheme.unit is not None and scheme.unit in base.places and scheme.unit not in base.roster and base.dated:
        base = base.housed(scheme.unit)
    faults = [*_names(base), *_columns(base, scheme, within), *_start(base, followed, scheme)]
    if faults:
        raise ParameterError(*faults)
    available = len(base.roster)
    if scheme.unit is not None:
        available = int(base.roster[scheme.unit].nunique())
    asked = scheme.units if scheme.unit else question.planned
    if faults := list(_sizes(base, scheme, question, asked, available)):
        raise ParameterError(*faults)
    main, lengths, too_long = _lengths(base, followed, question, scheme)
    primary = question.outcome or names[0]
    chosen = question.outcomes
    if chosen is None:
        chosen = [each.name for each in followed.measures if not each.detail]
    order = list(dict.fromkeys([primary, *question.guardrails, *chosen]))
    by_name = {each.name: each for each in followed.measures}
    return Draft(
        base=base,
        followed=followed,
        question=question,
        scheme=scheme,
        initiative=base.initiative or NAME,
        outcomes=tuple(by_name[name] for name in order),
        main=main,
        lengths=lengths,
        too_long=too_long,
        size=available if asked is None else asked,
        available=available,
        within=within,
    )


def _names(base: Base) -> Iterator[str]:
    if (base.initiative or NAME) in base.initiatives:
        yield sentence(
            "parameter initiative: got {name}, which treatments have already; expected a name of its own for what is "
            "planned, or mode=evaluate.",
            name=shown(base.initiative or NAME),
        )


def _columns(base: Base, scheme: Scheme, within: Sequence[str]) -> Iterator[str]:
    """Columns of strata and of the unit: there, and groups."""
    usable = [
        each.name
        for each in base.columns
        if each.name in base.roster and each.kind in ("category", "boolean", None) and each.name != "customer_id"
    ]
    places = list(dict.fromkeys([*usable, *base.places])) if base.dated else usable
    asked = {"strata": (list(within), usable), "unit": ([scheme.unit] if scheme.unit else [], places)}
    for key, (names, known) in asked.items():
        for name in names:
            if name not in known:
                words = {
                    "name": shown(name),
                    "known": listing(known) or sentence("there is none"),
                    "near": suggestion(name, known),
                }
                yield (
                    sentence(
                        "parameter strata: got {name}, expected a column of customers with groups: {known}{near}",
                        **words,
                    )
                    if key == "strata"
                    else sentence(
                        "parameter unit: got {name}, expected a column with groups, of customers or of what they did: "
                        "{known}{near}",
                        **words,
                    )
                )
            elif key == "strata" and (groups := int(base.roster[name].nunique())) > MOST_GROUPS:
                yield sentence(
                    "parameter strata: {name} has {n} values, expected at most {most}: within so many groups nobody "
                    "is compared.",
                    name=shown(name),
                    n=number(groups),
                    most=number(MOST_GROUPS),
                )
            elif key == "strata" and scheme.unit in places and scheme.unit != name:
                values = base.roster.groupby(scheme.unit, observed=True)[name].nunique()
                if (mixed := int((values > 1).sum())) > 0:
                    yield sentence(
                        "parameter strata: {name} differs among customers of one {unit} in {n} of them, expected one "
                        "value each: whole units are dealt.",
                        name=shown(name),
                        unit=scheme.unit,
                        n=number(mixed),
                    )


def _start(base: Base, followed: Any, scheme: Scheme) -> Iterator[str]:
    if scheme.start is not None and base.dated and pd.Timestamp(scheme.start) < followed.until:
        yield sentence(
            "parameter pilot_start: got {got}, expected {first} or later: a pilot that is planned begins after the "
            "records end.",
            got=scheme.start.isoformat(),
            first=followed.until.date().isoformat(),
        )


def _sizes(base: Base, scheme: Scheme, question: Question, asked: int | None, available: int) -> Iterator[str]:
    if scheme.unit is not None:
        if question.planned is not None:
            yield sentence(
                "parameter planned_customers: got {n} beside unit {unit}, expected planned_units: whole units are "
                "dealt.",
                n=number(question.planned),
                unit=shown(scheme.unit),
            )
        size = available if asked is None else asked
        if available < FEWEST_UNITS or size < FEWEST_UNITS:
            yield sentence(
                "parameter unit: got {n} groups of {unit}, expected at least {least}: with fewer no effect can be "
                "parted from what the units have of their own. Deal customers, or smaller units.",
                n=number(min(size, available)),
                unit=shown(scheme.unit),
                least=number(FEWEST_UNITS),
            )
        elif min(scheme.shares.values()) * size < 2 - 1e-9:
            yield sentence(
                "parameter planned_units: got {n}, of which an arm has fewer than two; expected at least {least}.",
                n=number(size),
                least=number(int(np.ceil(2 / scheme.smaller))),
            )
        elif size > available:
            yield sentence(
                "parameter planned_units: got {n}, expected at most {most}: so many groups {unit} has.",
                n=number(size),
                most=number(available),
                unit=shown(scheme.unit),
            )
        return
    size = available if asked is None else asked
    least = int(np.ceil(FEWEST / scheme.smaller))
    if size > available:
        yield sentence(
            "parameter planned_customers: got {n}, expected at most {most}: so many customers there are.",
            n=number(size),
            most=number(available),
        )
    elif size < least:
        yield sentence(
            "parameter planned_customers: got {n}, expected at least {least}: an arm of fewer than {arm} is not "
            "evaluated.",
            n=number(size),
            least=number(least),
            arm=number(FEWEST),
        )


def _lengths(
    base: Base, followed: Any, question: Question, scheme: Scheme
) -> tuple[int | None, tuple[int | None, ...], tuple[int, ...]]:
    """The main length, all that records hold, and those that they do not."""
    if not base.dated:
        return None, (None,), ()
    wanted = question.window_days
    asked = sorted({7 * each for each in scheme.weeks} | ({wanted} if wanted is not None else set()))
    fits = [each for each in asked if starts_of(followed, each)]
    held = (followed.until - followed.first).days if followed.first is not None else 0
    if not fits or (wanted is not None and wanted not in fits):
        raise DataError(
            sentence(
                "The records hold {days}: got a window of {wanted}, expected at most half of them, for customers are "
                "described by as long a time before. Choose a shorter {parameter}.",
                days=plural("{n} day", "{n} days", held),
                wanted=plural("{n} day", "{n} days", wanted or min(asked)),
                parameter="window_days" if wanted is not None else "weeks",
            )
        )
    main = wanted or min(fits, key=lambda each: abs(np.log(each / MAIN_DAYS)))
    return main, tuple(fits), tuple(each for each in asked if each not in fits)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A pilot planned.

    Attributes
    ----------
    draft
        What was asked.
    prospects
        What it would find: the primary outcome first, within it the lengths from short to long.
    starts
        First days of the past windows of the main length, the latest first.
    unmoved
        What a before–after shows though nothing was done; None where no outcome is known before.
    rehearsal
        The plan put to the test on the primary outcome; None where nothing can be estimated.
    drawn
        Who gets what.
    """

    draft: Draft
    prospects: tuple[Prospect, ...]
    starts: tuple[pd.Timestamp, ...]
    unmoved: Unmoved | None
    rehearsal: Rehearsal | None
    drawn: Drawn

    def of(self, name: str) -> list[Prospect]:
        """One outcome over all lengths.

        Parameters
        ----------
        name
            Of the outcome.
        """
        return [each for each in self.prospects if each.measure.name == name]

    @property
    def main(self) -> Prospect:
        """The primary outcome over the main length."""
        return next(each for each in self.of(self.draft.primary.name) if each.days == self.draft.main)

    @property
    def enough(self) -> bool:
        """Whether so many roll out an effect twice the smallest worth having four times in five; not where none is."""
        worth = self.draft.worth
        return worth is not None and self.size_for(self.main, worth) <= self.draft.size

    def size_for(self, found: Prospect, worth: float) -> float:
        """How many customers (or units) roll out an effect twice the smallest worth having; as many as are evaluated.

        Parameters
        ----------
        found
            The primary outcome over one length.
        worth
            The smallest effect worth having over that length.
        """
        scheme = self.draft.scheme
        least = FEWEST_UNITS if scheme.unit is not None else np.ceil(FEWEST / scheme.smaller)
        return max(found.needed_to_decide(worth), float(least))

    def over(self, effect: float, days: int | None) -> float:
        """An effect over the main length as one over another length.

        Parameters
        ----------
        effect
            On the primary outcome.
        days
            The other length.
        """
        return scaled(effect, self.draft.primary, days, self.draft.main)

    def exhibits(self) -> Any:
        """The answer, what it rests on, and who gets what."""
        from workbench.decisions.planning.report import exhibits

        yield from exhibits(self)


def plan(at: Draft) -> Plan:
    """Answer it.

    Parameters
    ----------
    at
        What is asked.

    Raises
    ------
    DataError
        The primary outcome cannot be planned for.
    """
    names = [each.name for each in at.outcomes]
    found: dict[tuple[str, int | None], Prospect] = {}
    latest: dict[int | None, Window] = {}
    starts: dict[int | None, tuple[Any, ...]] = {}
    for days in at.lengths:
        begun = [None] if days is None else starts_of(at.followed, days)
        windows = [window(at.base, at.followed, start, days, names) for start in begun]
        windows = [each for each in windows if len(each.roster) >= 2 * FEWEST]
        if windows:
            latest[days] = windows[0]
        starts[days] = tuple(each.start for each in windows if each.start is not None)
        for measure in at.outcomes:
            made = _prospect(at, measure, days, windows)
            if made is not None:
                found[measure.name, days] = made
    _refuse_silent(at, found)
    main = found[at.primary.name, at.main]
    recent = latest[at.main]
    seed = seed_of(at.question.seed, f"draw of {at.initiative}")
    start = None if at.main is None else pd.Timestamp(at.scheme.start or at.followed.until)
    return Plan(
        draft=at,
        prospects=tuple(found[name, days] for name in names for days in at.lengths if (name, days) in found),
        starts=starts[at.main],
        unmoved=unmoved(at.base, at.followed, recent, names, at.question.planned, level=at.question.level),
        rehearsal=rehearse(recent, main, _strata(at, recent), seed=seed_of(at.question.seed, "rehearsal")),
        drawn=draw(
            at.base.roster,
            at.scheme,
            n=at.size,
            initiative=at.initiative,
            within=at.within,
            days=at.main,
            start=start,
            seed=seed,
        ),
    )


def _strata(at: Draft, past: Window) -> np.ndarray:
    """Strata of the customers of a past window, made as those of the draw will be."""
    size = min(at.size, len(past.roster))
    return strata_of(past.roster, at.within, FEWEST_AN_ARM / at.scheme.smaller * len(past.roster) / size)


def _prospect(at: Draft, measure: Any, days: int | None, windows: Sequence[Window]) -> Prospect | None:
    apart, alike = [], []
    for each in windows:
        if at.scheme.unit is not None:
            if (both := of_units(each, measure.name, at.scheme, at.size)) is not None:
                apart.append(both[0])
                alike.append(both[1])
        elif (one := of_customers(each, measure.name, at.scheme, at.size, _strata(at, each))) is not None:
            apart.append(one)
    return prospect(measure, days, apart, alike, size=at.size, scheme=at.scheme, level=at.question.level)


def _refuse_silent(at: Draft, found: Mapping[tuple[str, int | None], Prospect]) -> None:
    """Raise where the primary outcome tells nothing, or too few would have it."""
    primary = found.get((at.primary.name, at.main))
    label = shown(at.primary.name)
    if primary is None:
        fault: WorkbenchError = DataError(
            sentence(
                "The primary outcome {label} is the same of all customers in all past windows, or known of too few: "
                "no effect on it could be seen. Choose another outcome or a longer window_days.",
                label=label,
            )
        )
        raise fault
    answering = primary.whole.answering
    if at.scheme.unit is None and at.size * answering * at.scheme.smaller < FEWEST:
        raise ParameterError(
            sentence(
                "parameter planned_customers: got {n}, of whom {label} would be known of {known} in the smallest arm; "
                "expected at least {least} customers, for {arm} there.",
                n=number(at.size),
                label=label,
                known=number(int(at.size * answering * at.scheme.smaller)),
                least=number(int(np.ceil(FEWEST / (answering * at.scheme.smaller)))),
                arm=number(FEWEST),
            )
        )
