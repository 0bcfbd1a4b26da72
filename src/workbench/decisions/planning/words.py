"""What a plan says: the answer, what was known before, what units cost, what a before–after shows, and the draw."""

from collections.abc import Iterator

import numpy as np

from workbench.decisions.planning.plan import Plan
from workbench.decisions.planning.scheme import CONTROL
from workbench.decisions.rollout.telling.phrases import Scale, amount, scale_of
from workbench.findings import Finding
from workbench.models.trials.planning import smallest_effect
from workbench.wording import day, listing, number, percent, plural, sentence

TELLING = 0.05
"""Share of the variance from which what was known before is worth a sentence, a choice: a twentieth fewer customers."""
SURELY = 0.999
"""No plan is said to be surer than that: its own variance is an estimate."""
TWICE = 2.0
"""Times the smallest effect worth having: of such ones a pilot of the planned size rolls out four in five."""


def lasting(days: int | None) -> str:
    """A length in words: weeks where it is whole ones.

    Parameters
    ----------
    days
        None for data without dates.

    Examples
    --------
    >>> lasting(56), lasting(7), lasting(30)
    ('8 weeks', '1 week', '30 days')
    """
    if days is None:
        return sentence("one round")
    if days % 7:
        return plural("{n} day", "{n} days", days)
    return plural("{n} week", "{n} weeks", days // 7)


def scale(done: Plan, measure: object) -> Scale:
    """How an outcome is told.

    Parameters
    ----------
    done
        The plan.
    measure
        The outcome.
    """
    return scale_of(measure, done.draft.question.currency)


def headline(done: Plan) -> Finding:
    """The answer: whether so many are enough, or what they find.

    Parameters
    ----------
    done
        The plan.
    """
    found, at = done.main, done.draft
    own = scale(done, found.measure)
    smallest, (low, high) = found.smallest(), found.season
    worth, usual = at.worth, found.whole.mean
    if worth:
        return _decides(done, worth)
    names = {
        "n": number(at.size),
        "unit": at.scheme.unit or "",
        "label": found.measure.label,
        "weeks": lasting(found.days),
        "effect": amount(smallest, own),
        "share": percent(smallest / abs(usual)) if usual else "–",
    }
    if at.scheme.unit is not None:
        said = sentence(
            "{n} units (“{unit}”), dealt as wholes for {weeks}, find a change of “{label}” by {effect} four times in "
            "five.",
            **names,
        )
    elif found.measure.kind == "sum" and usual > 0:
        said = sentence(
            "{n} customers for {weeks} find a change of “{label}” by {effect} ({share}) four times in five.", **names
        )
    else:
        said = sentence("{n} customers for {weeks} find a change of “{label}” by {effect} four times in five.", **names)
    return Finding(
        id="smallest_effect",
        statement=said,
        estimate=own.factor * smallest,
        unit=sentence("{unit}, the smallest effect found", unit=own.unit),
        interval=(own.factor * low, own.factor * high),
        interval_kind=_windows(done),
        evidence="descriptive",
        n=at.size if at.scheme.unit is None else len(done.drawn.rows),
        table="smallest_effects",
        figure="power",
        action=sentence(
            "Say which effect is worth having (smallest_effect, or cost_per_customer): smaller ones need not be found."
        ),
    )


def _windows(done: Plan) -> str:
    return plural("one past window", "lowest and highest of {n} past windows", len(done.main.windows))


def _decides(done: Plan, worth: float) -> Finding:
    """Whether so many are enough for the verdict, which asks for more than an effect: for one larger than the worth."""
    at, found = done.draft, done.main
    own = scale(done, found.measure)
    chance, *by_window = (min(found.decided(TWICE * worth, worth, each)[0], SURELY) for each in (None, *found.windows))
    names = {
        "n": number(at.size),
        "unit": at.scheme.unit or "",
        "label": found.measure.label,
        "weeks": lasting(found.days),
        "sure": percent(chance),
        "twice": amount(TWICE * worth, own),
        "needed": number(done.size_for(found, worth)),
    }
    match done.enough, at.scheme.unit is None:
        case True, True:
            said = sentence(
                "{n} customers for {weeks} are enough: {sure} of pilots roll out twice the smallest effect worth "
                "having on “{label}” ({twice}).",
                **names,
            )
        case True, False:
            said = sentence(
                "{n} units (“{unit}”) for {weeks} are enough: {sure} of pilots roll out twice the smallest effect "
                "worth having on “{label}” ({twice}).",
                **names,
            )
        case False, True:
            said = sentence(
                "{n} customers for {weeks} are too few: {needed} are needed to roll out twice the smallest effect "
                "worth having on “{label}” four times in five.",
                **names,
            )
        case _:
            said = sentence(
                "{n} units (“{unit}”) for {weeks} are too few: rolling out twice the smallest effect worth having on "
                "“{label}” takes {needed}, four times in five.",
                **names,
            )
    return Finding(
        id="smallest_effect",
        statement=said,
        estimate=100 * chance,
        unit=sentence("% of pilots roll out {twice}", **names),
        interval=(100 * min(by_window), 100 * max(by_window)),
        interval_kind=_windows(done),
        evidence="descriptive",
        n=at.size if at.scheme.unit is None else len(done.drawn.rows),
        table="decisions",
        figure="power",
        action=_action(done, worth),
    )


def _action(done: Plan, worth: float) -> str:
    at, found = done.draft, done.main
    if done.enough:
        return sentence(
            "Deal it as it is drawn here ({needed} would do), and say now which outcome decides. An effect of {worth}, "
            "not larger than what is worth having, is rolled out in {wrong} of pilots.",
            needed=number(done.size_for(found, worth)),
            worth=amount(worth, scale(done, found.measure)),
            wrong=percent(found.decided(worth, worth)[0]),
        )
    needed, best = min(
        ((done.size_for(each, done.over(worth, each.days)), each) for each in done.of(found.measure.name)),
        key=lambda pair: pair[0],
    )
    if needed <= at.available and best.days is not None:
        return sentence(
            "Take {needed} for {weeks}, or look for a pilot with a larger effect.",
            needed=number(needed),
            weeks=lasting(best.days),
        )
    return sentence("There are not as many: look for a pilot with a larger effect, or an outcome that varies less.")


def saved(done: Plan) -> Iterator[Finding]:
    """What was known before, and by how many customers it stands.

    Parameters
    ----------
    done
        The plan.
    """
    found = done.main
    share = found.whole.explained
    if share < TELLING:
        return
    ends = [each.explained for each in found.windows]
    names = {
        "label": found.measure.label,
        "share": percent(share),
        "n": number(done.draft.size),
        "m": number(round(done.draft.size / (1 - share)) if share < 1 else np.inf, 2),
        "unit": done.draft.scheme.unit or "",
    }
    yield Finding(
        id="known_before",
        statement=(
            sentence(
                "What was known before explains {share} of “{label}”: {n} customers tell as much as {m} without it.",
                **names,
            )
            if done.draft.scheme.unit is None
            else sentence(
                "What was known before explains {share} of “{label}” between units: {n} units (“{unit}”) tell as much "
                "as {m} without it.",
                **names,
            )
        ),
        estimate=100 * share,
        unit=sentence("% of the variance"),
        interval=(100 * min(ends), 100 * max(ends)),
        interval_kind=plural("one past window", "lowest and highest of {n} past windows", len(ends)),
        evidence="descriptive",
        n=found.windows[0].n,
        table="smallest_effects",
    )


def alike(done: Plan) -> Iterator[Finding]:
    """What it costs that units are dealt as wholes.

    Parameters
    ----------
    done
        The plan.
    """
    found = done.main
    if not found.alike:
        return
    icc, lower, upper = found.icc
    people = len(done.drawn.rows) * found.whole.answering
    unclear = not lower > 0
    names = {
        "unit": done.draft.scheme.unit or "",
        "n": number(round(people)),
        "m": number(round(people / found.times), 2),
    }
    yield Finding(
        id="alike",
        statement=(
            sentence(
                "Units (“{unit}”) differ in size, and each counts once: dealt as wholes, {n} customers tell as much as "
                "{m} dealt one by one.",
                **names,
            )
            if found.uneven
            else sentence(
                "Customers of one “{unit}” are hardly alike, if at all: dealt as wholes, {n} may tell as much as {m} "
                "dealt one by one.",
                **names,
            )
            if unclear
            else sentence(
                "Customers of one “{unit}” are alike: dealt as wholes, {n} of them tell as much as {m} dealt one by "
                "one.",
                **names,
            )
        ),
        estimate=icc,
        unit=sentence("intraclass correlation"),
        interval=(lower, upper),
        interval_kind=sentence("{level} confidence (analysis of variance)", level=percent(done.draft.question.level)),
        evidence="descriptive",
        n=found.windows[0].n,
        table="smallest_effects",
    )


def before_after(done: Plan) -> Iterator[Finding]:
    """The answer to “chosen customers, before against after”.

    Parameters
    ----------
    done
        The plan.
    """
    seen = done.unmoved
    if seen is None:
        return
    own, found = scale(done, seen.measure), seen.highest
    level = done.draft.question.level
    pair = found.n * done.draft.scheme.pair
    by_lot = smallest_effect(
        found.left * done.draft.scheme.error / np.sqrt(pair), df=max(pair - 3, 1.0), confidence=level
    )
    names = {
        "n": number(found.n),
        "label": seen.measure.label,
        "change": amount(found.change, own),
        "signed": sentence("−{amount}", amount=amount(found.change, own))
        if found.change < 0
        else sentence("+{amount}", amount=amount(found.change, own)),
        "weeks": lasting(seen.days),
    }
    if found.upper < 0:
        said = sentence(
            "Before against after misleads: “{label}” of the {n} highest customers fell by {change} in {weeks}, "
            "without this pilot.",
            **names,
        )
    elif found.lower > 0:
        said = sentence(
            "Before against after misleads: “{label}” of the {n} highest customers rose by {change} in {weeks}, "
            "without this pilot.",
            **names,
        )
    else:
        said = sentence(
            "Before against after counts all that changes: “{label}” of the {n} highest customers changed by {signed} "
            "in {weeks}, without this pilot.",
            **names,
        )
    yield Finding(
        id="before_after",
        statement=said,
        estimate=own.factor * found.change,
        unit=own.unit,
        interval=(own.factor * found.lower, own.factor * found.upper),
        interval_kind=sentence("{level} confidence (t, paired)", level=percent(level)),
        evidence="descriptive",
        n=found.n,
        table="before_after",
        figure="before_after",
    )
    yield Finding(
        id="before_after_dealt",
        statement=sentence(
            "With a control by lot {n} such customers find a change by {effect} four times in five, and nothing else "
            "explains it.",
            n=number(found.n),
            effect=amount(by_lot, own),
        ),
        estimate=own.factor * by_lot,
        unit=sentence("{unit}, the smallest effect found", unit=own.unit),
        evidence="descriptive",
        n=found.n,
    )


def drawn(done: Plan) -> Finding:
    """Who was drawn, and what to do with it.

    Parameters
    ----------
    done
        The plan.
    """
    at, counts = done.draft, done.drawn.dealt
    treated = int(counts.drop(CONTROL).sum())
    names = {
        "treated": number(treated),
        "control": number(int(counts[CONTROL])),
        "unit": at.scheme.unit or "",
        "columns": listing(list(at.within)),
        "when": sentence("once it begins"),
    }
    if "start" in done.drawn.rows:
        first, last = (done.drawn.rows[name].iloc[0].date() for name in ("start", "end"))
        names["when"] = sentence("from {first} to {last}", first=day(first), last=day(last))
    if at.scheme.unit is not None:
        said = sentence(
            "The draw is made: {treated} units (“{unit}”) get the pilot {when}, {control} stay as they are.", **names
        )
    elif at.within:
        said = sentence(
            "The draw is made, within {columns}: {treated} customers get the pilot {when}, {control} stay as they are.",
            **names,
        )
    else:
        said = sentence(
            "The draw is made: {treated} customers get the pilot {when}, {control} stay as they are.", **names
        )
    return Finding(
        id="draw",
        statement=said,
        estimate=int(counts.sum()),
        unit=sentence("units") if at.scheme.unit else sentence("customers"),
        evidence="descriptive",
        n=len(done.drawn.rows),
    )
