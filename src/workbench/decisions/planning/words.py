"""What a plan says: the answer, what was known before, what units cost, what a before–after shows, and the draw."""

from collections.abc import Iterator

import numpy as np

from workbench.decisions.planning.plan import Plan
from workbench.decisions.planning.scheme import CONTROL
from workbench.decisions.rollout.phrases import Scale, amount, scale_of
from workbench.findings import Check, Finding
from workbench.models.trials.planning import smallest_effect
from workbench.wording import listing, number, percent, plural, sentence

TELLING = 0.05
"""Share of the variance from which what was known before is worth a sentence, a choice: a twentieth fewer customers."""
HALF_AWAY = 0.5
"""Share of events that lie outside a customer's own unit from which that is a warning: it is hardly theirs."""


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
    worth = at.worth
    usual = found.whole.mean
    names = {
        "n": number(at.size),
        "unit": at.scheme.unit or "",
        "label": found.measure.label,
        "weeks": lasting(found.days),
        "effect": amount(smallest, own),
        "share": percent(smallest / abs(usual)) if usual else "–",
        "worth": amount(worth or 0.0, own),
        "needed": number(found.needed(worth)) if worth else "",
    }
    relative = found.measure.kind == "sum" and usual > 0
    if worth and smallest <= worth:
        sure = percent(min(float(found.chance(np.array([worth]))[0]), 0.999))
        said = (
            sentence(
                "{n} customers for {weeks} are enough to find {worth} on “{label}”, the smallest worth having ({sure} "
                "sure).",
                sure=sure,
                **names,
            )
            if at.scheme.unit is None
            else sentence(
                "{n} of “{unit}” for {weeks} are enough to find {worth} on “{label}”, the smallest worth having "
                "({sure} sure).",
                sure=sure,
                **names,
            )
        )
    elif worth:
        said = (
            sentence(
                "{n} customers for {weeks} are too few: {worth} on “{label}”, the smallest effect worth having, takes "
                "{needed}.",
                **names,
            )
            if at.scheme.unit is None
            else sentence(
                "{n} of “{unit}” for {weeks} are too few: {worth} on “{label}”, the smallest effect worth having, "
                "takes {needed}.",
                **names,
            )
        )
    elif at.scheme.unit is not None:
        said = sentence(
            "{n} of “{unit}”, dealt as wholes for {weeks}, find a change of “{label}” by {effect} four times in five.",
            **names,
        )
    elif relative:
        said = sentence(
            "{n} customers for {weeks} find a change of “{label}” by {effect} ({share}) four times in five.", **names
        )
    else:
        said = sentence("{n} customers for {weeks} find a change of “{label}” by {effect} four times in five.", **names)
    return Finding(
        id="smallest_effect",
        statement=said,
        estimate=own.factor * smallest,
        unit=own.unit,
        interval=(own.factor * low, own.factor * high),
        interval_kind=plural("one past window", "lowest and highest of {n} past windows", len(found.windows)),
        evidence="descriptive",
        n=at.size if at.scheme.unit is None else len(done.drawn.rows),
        table="needed" if worth else "smallest_effects",
        figure="power",
        action=_action(done),
    )


def _action(done: Plan) -> str:
    at, found = done.draft, done.main
    if at.worth is None:
        return sentence(
            "Say which effect is worth having (smallest_effect, or cost_per_customer): smaller ones need not be found."
        )
    if found.smallest() <= at.worth:
        return sentence("Deal it as it is drawn here, and say now which outcome decides.")
    worth = at.worth
    needed, best = min(
        ((each.needed(done.over(worth, each.days)), each) for each in done.of(found.measure.name)),
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
                "What was known before explains {share} of “{label}” between units: {n} of “{unit}” tell as much as "
                "{m} without it.",
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
    names = {
        "unit": done.draft.scheme.unit or "",
        "n": number(round(people)),
        "m": number(round(people / found.times), 2),
    }
    yield Finding(
        id="alike",
        statement=(
            sentence(
                "“{unit}” differ in size, and customers of one are alike: dealt as wholes, {n} tell as much as {m} "
                "dealt one by one.",
                **names,
            )
            if found.uneven
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
        seen.deviation * done.draft.scheme.error / np.sqrt(pair), df=max(pair - 3, 1.0), confidence=level
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
        action=sentence(
            "Keep a control by lot: of {n} such customers dealt out, {effect} is found four times in five, and nothing "
            "else explains it.",
            n=number(found.n),
            effect=amount(by_lot, own),
        ),
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
        "n": number(int(counts.sum())),
        "treated": number(treated),
        "control": number(int(counts[CONTROL])),
        "unit": at.scheme.unit or "",
        "columns": listing(list(at.within)),
    }
    if at.scheme.unit is not None:
        said = sentence(
            "The draw is made: {treated} of “{unit}” get the pilot and {control} stay as they are.", **names
        )
    elif at.within:
        said = sentence(
            "The draw is made, within groups of {columns}: {treated} customers get the pilot and {control} stay as "
            "they are.",
            **names,
        )
    else:
        said = sentence("The draw is made: {treated} customers get the pilot and {control} stay as they are.", **names)
    return Finding(
        id="draw",
        statement=said,
        estimate=int(counts.sum()),
        unit=at.scheme.unit or sentence("customers"),
        evidence="descriptive",
        n=len(done.drawn.rows),
        table="dataset_yaml",
        action=sentence(
            "Take private/assignment.csv of this run as the table treatments; the lines that dataset.yaml needs stand "
            "in a table below."
        ),
    )


def checks(done: Plan) -> Iterator[Check]:
    """Lengths that records do not hold, who answers, whether the plan holds when it is dealt, and how the draw fell.

    Parameters
    ----------
    done
        The plan.
    """
    at, found = done.draft, done.main
    if at.base.unasked:
        yield Check(
            name="plan_mode",
            status="pass",
            message=sentence(
                "These data have no pilot with a control, so the next one is planned. To evaluate one all the same, "
                "name it (initiative) and say mode=evaluate."
            ),
            title=sentence("A plan, as there is no pilot"),
        )
    if at.question.outcome is None:
        yield Check(
            name="plan_outcome",
            status="pass",
            message=sentence(
                "The plan is told for “{label}”, the first outcome of these data: nobody said which. Say outcome= now: "
                "it decides later.",
                label=at.primary.label,
            ),
            title=sentence("The primary outcome"),
        )
    if at.too_long:
        yield Check(
            name="plan_lengths",
            status="warn",
            message=sentence(
                "The records are too short to plan for {lengths}: customers are described by as long a time before. "
                "Nothing is told of it.",
                lengths=listing([lasting(each) for each in at.too_long]),
            ),
            value=len(at.too_long),
            title=sentence("Too short records for some lengths"),
        )
    if found.days is not None:
        yield Check(
            name="plan_season",
            status="pass" if len(found.windows) > 1 else "warn",
            message=plural(
                "All figures come from one past window of {weeks}: another season may vary more or less.",
                "Figures are means of {n} past windows of {weeks}; their lowest and highest are told as the interval.",
                len(found.windows),
                weeks=lasting(found.days),
            ),
            value=len(found.windows),
            title=sentence("Past windows looked at"),
        )
    if at.base.home is not None:
        away = at.base.home.elsewhere(at.base.last)
        yield Check(
            name="plan_homes",
            status="warn" if away > HALF_AWAY else "pass",
            message=sentence(
                "A customer belongs to the {unit} with most of what they did in the last year; {share} of it lies "
                "elsewhere. An effect that works only there shows up so much smaller.",
                unit=at.base.home.column,
                share=percent(away),
            ),
            value=away,
            title=sentence("Where customers are at home"),
        )
    if found.whole.answering < 1 and at.scheme.unit is None:
        yield Check(
            name="plan_response",
            status="pass",
            message=sentence(
                "“{label}” is known of {share} of customers after such a window: the plan counts on no more.",
                label=found.measure.label,
                share=percent(found.whole.answering),
            ),
            value=found.whole.answering,
            title=sentence("Of whom the outcome is known"),
        )
    yield from _rehearsed(done)
    yield Check(
        name="plan_draw",
        status="pass",
        message=sentence(
            "Arms were dealt by the seed within {n} groups, and have their shares in each, but for one customer.",
            n=number(done.drawn.strata),
        )
        if at.within
        else sentence("Arms were dealt by the seed: the same data and seed give the same draw."),
        value=done.drawn.strata,
        title=sentence("Drawn by lot"),
    )


def _rehearsed(done: Plan) -> Iterator[Check]:
    seen = done.rehearsal
    if seen is None:
        return
    names = {
        "n": number(seen.draws),
        "share": percent(seen.alarms / seen.draws),
        "wanted": percent(1 - seen.level),
        "apart": percent(abs(seen.se / seen.planned_se - 1)),
    }
    wrong = seen.p_value < 0.001
    yield Check(
        name="plan_rehearsal",
        status="warn" if wrong else "pass",
        message=(
            sentence(
                "Dealt {n} times over the latest past window, with no pilot, {share} of the estimates saw an effect; "
                "{wanted} may. Their intervals are too short here: choose another outcome.",
                **names,
            )
            if wrong
            else sentence(
                "Dealt {n} times over the latest past window, with no pilot, {share} of the estimates saw an effect "
                "({wanted} may); their standard error is within {apart} of the planned one.",
                **names,
            )
        ),
        value=seen.alarms / seen.draws,
        threshold=1 - seen.level,
        title=sentence("False alarms more often than they may")
        if wrong
        else sentence("The plan, dealt again and again"),
    )
