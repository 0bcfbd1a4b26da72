"""What a reader must know of a verdict: windows not over, which way is better, what is kept, how often one looked."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from workbench.decisions.rollout.dealt import gaps
from workbench.decisions.rollout.evaluation import Evaluation, weeks_left
from workbench.decisions.rollout.opening import SHORTEST_WINDOW
from workbench.decisions.rollout.pilot import Pilot
from workbench.findings import Check
from workbench.wording import listing, number, plural, sentence, shown

MOST_UNTOLD = 4
"""Outcomes that are left out by name for one reason, a choice."""


def checks(done: Evaluation) -> Iterator[Check]:
    """Windows that are not over, how the primary outcome was chosen, and how often the pilot was looked at.

    Parameters
    ----------
    done
        The evaluation.
    """
    at = done.ready
    yield from _windows(done)
    yield from _compared(done)
    costs = {} if at.question.cost is not None else _partly_known(at.pilot)
    yield from gaps(at.pilot.without_unit, at.pilot.design.unit, costs, len(at.pilot.roster))
    yield from _running(done)
    yield from _direction(done)
    yield from _asked_too_little(done)
    yield from _revenue(done)
    if at.question.outcome is None:
        yield Check(
            name="pilot_outcome",
            status="pass",
            message=sentence(
                "“{label}” decides, as the first outcome that these data can tell: nobody said which. Say outcome= "
                "before you look at others.",
                label=at.primary.measure.label,
            ),
            title=sentence("The primary outcome"),
        )
    if at.untold:
        yield _left_out(at.untold)
    yield Check(
        name="pilot_looks",
        status="pass",
        message=plural(
            "The pilot was looked at once, with data to one day. Deleted runs are not counted.",
            "The pilot was looked at {n} times, with data to as many days: intervals that hold at any number of looks "
            "stand beside the fixed ones. Deleted runs are not counted.",
            done.looks,
        ),
        value=done.looks,
        title=sentence("How often the pilot was looked at"),
    )


def _left_out(outcomes: Sequence[tuple[Any, str]]) -> Check:
    """Outcomes of which nothing is told, by reason.

    Parameters
    ----------
    outcomes
        Their measures, and why.
    """
    whys: dict[str, list[str]] = {}
    for measure, why in outcomes:
        whys.setdefault(why, []).append(sentence("“{label}”", label=measure.label))
    told = [
        sentence("{labels} ({why})", labels=listing(own[:MOST_UNTOLD] + ["…"] * (len(own) > MOST_UNTOLD)), why=why)
        for why, own in whys.items()
    ]
    return Check(
        name="pilot_untold",
        status="pass",
        message=sentence("Left out, as nothing can be told of them: {outcomes}.", outcomes="; ".join(told)),
        title=sentence("Outcomes left out"),
    )


def _partly_known(pilot: Pilot) -> dict[str, int]:
    """Customers without a cost, of arms some of whose customers have one: what the others cost nobody knows."""
    return {arm: n for arm, n in pilot.unpriced.items() if arm in pilot.costs or arm == pilot.control}


def _compared(done: Evaluation) -> Iterator[Check]:
    """Customers with an outcome who had nobody of the other arm beside them, where chance dealt customers."""
    pilot, known = done.ready.pilot, done.ready.primary.known
    if pilot.route != "lot":
        return
    arms = pilot.roster["arm"]
    for each in done.of(done.ready.primary.measure.name):
        told = int((known & arms.isin([each.found.arm, pilot.control]).to_numpy()).sum())
        alone = told - each.found.n
        if alone > 0:
            yield Check(
                name="pilot_compared",
                status="warn",
                message=sentence(
                    "{n} of {all} customers are in strata or starts without two of each arm and tell nothing of {arm}: "
                    "the effect is that on the others, and so is every gain.",
                    n=number(alone),
                    all=number(told),
                    arm=shown(each.found.arm),
                ),
                value=alone / told,
                title=sentence("Customers with nobody beside them"),
            )


def _windows(done: Evaluation) -> Iterator[Check]:
    """Whose window is not over, how long it is where nobody set it, and of which effects it is not the whole."""
    at = done.ready
    left, names = int(at.censored.sum()), {"all": number(len(at.censored))}
    title = sentence("Windows that are not over")
    if at.window_by == "followed":
        short = (at.days or 0) < min(SHORTEST_WINDOW, at.planned_days or SHORTEST_WINDOW)
        yield Check(
            name="pilot_windows",
            status="warn" if short or left > len(at.censored) / 2 else "pass",
            message=plural(
                "Nobody set window_days: it is {n} day, as long as most customers of each arm were followed. {left} "
                "of {all} are left out, not counted as 0: theirs is not over.",
                "Nobody set window_days: it is {n} days, as long as most customers of each arm were followed. {left} "
                "of {all} are left out, not counted as 0: theirs is not over.",
                at.days or 0,
                left=number(left),
                **names,
            ),
            value=left,
            title=sentence("A short window") if short else title,
        )
    elif at.window_by == "waiting":
        yield Check(
            name="pilot_windows",
            status="pass",
            message=plural(
                "Nobody set window_days: it is {n} day, as long as enough customers still waited for their own start.",
                "Nobody set window_days: it is {n} days, as long as enough customers still waited for their own start.",
                at.days or 0,
            ),
            value=left,
            title=sentence("As long as others wait"),
        )
    elif left:
        yield Check(
            name="pilot_windows",
            status="warn" if left > len(at.censored) / 2 else "pass",
            message=plural(
                "{n} customer of {all} has a window that is not over: left out, not counted as 0.",
                "{n} customers of {all} have a window that is not over: left out, not counted as 0.",
                left,
                **names,
            ),
            value=left,
            title=title,
        )
    for each in done.effects:
        if each.days is not None and each.measure is at.primary.measure:
            yield Check(
                name=f"pilot_covered_{each.found.arm}",
                status="warn",
                message=sentence(
                    "“{label}” is told of {days} days since the start, not of all {all} of the window: by whole "
                    "months, and as long as somebody was without it. No cost is weighed against it.",
                    label=each.measure.label,
                    days=number(each.days),
                    all=number(at.days or 0),
                ),
                value=each.days,
                threshold=at.days,
                title=sentence("Not the whole window"),
            )


def _running(done: Evaluation) -> Iterator[Check]:
    """Whether the pilot was over; until then a verdict takes an interval that holds at any number of looks."""
    left, days = weeks_left(done.ready), done.ready.seen_days
    if left is None or days is None:
        return
    yield Check(
        name="pilot_running",
        status="warn",
        message=plural(
            "The pilot runs on for {weeks} weeks; {n} day of it was seen. Until its end only what holds at any number "
            "of looks decides.",
            "The pilot runs on for {weeks} weeks; {n} days of it were seen. Until its end only what holds at any "
            "number of looks decides.",
            days,
            weeks=number(int(np.ceil(left))),
        ),
        value=days,
        title=sentence("The pilot is not over"),
    )


def _direction(done: Evaluation) -> Iterator[Check]:
    """Which way is better, where more was taken for it and a verdict hangs on that."""
    at = done.ready
    decisive = {at.primary.measure.name, *at.question.guardrails}
    unsaid = [
        each.measure for each in at.outcomes if each.measure.name in decisive and getattr(each.measure, "unsaid", False)
    ]
    if (at.question.value or 0.0) < 0:  # that says it of the primary one
        unsaid = [each for each in unsaid if each is not at.primary.measure]
    if not unsaid:
        return
    names = {each.name for each in unsaid if not each.money}  # more money is better, unless it is a cost
    decided = any(
        (at.primary.measure.name in names and each.choice in ("roll_out", "stop") and not each.broken)
        or names & {*each.broken, *each.at_risk}
        for each in done.verdicts
    )
    yield Check(
        name="pilot_direction",
        status="warn" if decided else "pass",
        message=sentence(
            "More of {names} is taken as better: nobody said. Where less is, write direction: low_is_good into its "
            "column of dataset.yaml; else high_is_good.",
            names=listing([f"“{each.label}”" for each in unsaid]),
        ),
        title=sentence("Which way is better"),
    )


def _asked_too_little(done: Evaluation) -> Iterator[Check]:
    """Whether the smallest effect that was asked for does not pay its cost."""
    asked = done.ready.question.smallest
    short = [arm for arm, price in done.prices.items() if asked is not None and price.basis == "cost"]
    if not short:
        return
    yield Check(
        name="pilot_smallest",
        status="warn",
        message=sentence(
            "smallest_effect={asked} does not pay what {arms} costs: the smallest effect worth having is the one that "
            "does.",
            asked=number(asked),
            arms=listing(short),
        ),
        title=sentence("Asked for less than it costs"),
    )


def _revenue(done: Evaluation) -> Iterator[Check]:
    """Whether money that came in is taken for money that is kept."""
    at = done.ready
    measure = at.primary.measure
    if not measure.money or at.question.value is not None or measure.name in ("margin", "cash"):
        return
    if not any(price.cost is not None for price in done.prices.values()):
        return
    yield Check(
        name="pilot_margin",
        status="warn",
        message=sentence(
            "Each unit of “{label}” counts as gained in full: nobody said what of it is kept. With a margin of 30% say "
            "value_per_unit=0.3; the verdict may turn.",
            label=measure.label,
        ),
        title=sentence("Revenue stands for profit"),
    )
