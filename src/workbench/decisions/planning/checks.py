"""What is to be minded of a plan: its lengths, seasons, who answers, whether it holds when dealt, how the draw fell."""

from collections.abc import Iterator

from workbench.decisions.planning.plan import Plan
from workbench.decisions.planning.words import lasting
from workbench.findings import Check
from workbench.wording import listing, number, percent, plural, sentence

HALF_AWAY = 0.5
"""Share of events that lie outside a customer's own unit from which that is a warning: it is hardly theirs."""


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
    if at.base.left:
        yield Check(
            name="plan_control",
            status="warn",
            kind="mind",
            message=sentence(
                "Planned from the control of the earlier pilot, and drawn from it: {n} customers to whom nothing was "
                "done. The {left} others have an outcome that the pilot may have moved.",
                n=number(len(at.base.roster)),
                left=number(at.base.left),
            ),
            value=at.base.left,
            title=sentence("Planned from the old control"),
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
    if at.question.window_days is None and len(at.lengths) > 1:
        yield Check(
            name="plan_length",
            status="pass",
            message=sentence(
                "The plan is told and the draw made for {main}, of {lengths}: nobody chose. Say weeks= or window_days= "
                "with one length for another.",
                main=lasting(at.main),
                lengths=listing([lasting(each) for each in at.lengths]),
            ),
            title=sentence("For how long it is planned"),
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
        "most": percent(seen.most / seen.draws),
        "apart": percent(abs(seen.se / seen.planned_se - 1)),
    }
    wrong = not seen.holds
    yield Check(
        name="plan_rehearsal",
        status="warn" if wrong else "pass",
        message=(
            sentence(
                "Dealt {n} times over the latest past window, with no pilot, {share} of the estimates saw an effect; "
                "{wanted} may, {most} by chance in so few. Their intervals are too short here: choose another outcome.",
                **names,
            )
            if wrong
            else sentence(
                "Dealt {n} times over the latest past window, with no pilot, {share} of the estimates saw an effect "
                "({wanted} may, up to {most} by chance in so few); their standard error is within {apart} of the "
                "planned one.",
                **names,
            )
        ),
        value=seen.alarms / seen.draws,
        threshold=seen.most / seen.draws,
        title=sentence("False alarms more often than they may")
        if wrong
        else sentence("The plan, dealt again and again"),
    )
