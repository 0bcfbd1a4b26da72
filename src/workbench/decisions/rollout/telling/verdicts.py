"""What the data say of one arm, and what to do with it: one whole sentence by verdict."""

from dataclasses import replace
from typing import Any

import numpy as np

from workbench.decisions.rollout.telling.phrases import Scale, amount, clear
from workbench.decisions.rollout.weighing.verdict import SURE, Verdict
from workbench.wording import listing, number, p_value, percent, plural, sentence


def headline(each: Verdict, done: Any, scale: Scale) -> str:
    """What to do with an arm, and why.

    Parameters
    ----------
    each
        The verdict.
    done
        The evaluation.
    scale
        How the primary outcome is told.
    """
    labels = {one.measure.name: one.measure.label for one in done.effects}
    names = {
        "arm": called(done.ready.pilot, each.arm),
        "label": done.ready.primary.measure.label,
        "amount": amount(each.effect.estimate, scale),
        "sure": share(each.p_worth_it),
        "unsure": share(1 - each.p_worth_it),
        "smallest": amount(each.price.smallest, replace(scale, days=None)),
        "worse": listing([f"“{labels[name]}”" for name in (each.broken or each.at_risk)]),
    }
    match each.choice:
        case "roll_out":
            return _roll_out(each, names, kept=all_have_it(done))
        case "stop":
            return _stop(each, names)
        case "go_on":
            return _go_on(each, names)
    return untold(each, done, names)


def untold(each: Verdict, done: Any, names: dict[str, Any]) -> str:
    """Why nothing can be told of an arm.

    Parameters
    ----------
    each
        Its verdict.
    done
        The evaluation.
    names
        `arm`, `label` and `amount` in words.
    """
    if against := done.ready.pilot.contradicted:
        return _contradicted(against, names["arm"])
    if each.effect.kind == "placebo":
        return _ranked(each, done.ready.pilot.design.unit, names)
    return _untold(each, names)


def called(pilot: Any, arm: str) -> str:
    """What is rolled out, by the name of the pilot and of the arm.

    Parameters
    ----------
    pilot
        Whose it is.
    arm
        Which.
    """
    if pilot.initiative == arm:
        return arm
    return sentence("{pilot} ({arm})", pilot=pilot.initiative, arm=arm)


def all_have_it(done: Any) -> bool:
    """Whether there is nobody left to roll it out to: all of them got it, one after the other.

    Parameters
    ----------
    done
        The evaluation.
    """
    pilot = done.ready.pilot
    alone = not pilot.control and len(pilot.arms) == 1  # of several arms not everybody has the one
    return alone and pilot.route == "waves" and done.ready.question.customers is None


def share(probability: float) -> str:
    """A probability, never told as sure; a dash where chance did not decide.

    Parameters
    ----------
    probability
        Between 0 and 1.
    """
    return percent(float(np.clip(probability, 0.001, 0.999))) if np.isfinite(probability) else "–"


def _roll_out(each: Verdict, names: dict[str, str], *, kept: bool) -> str:
    rises = each.effect.estimate >= 0
    if kept and each.price.basis:
        if rises:
            return sentence("Keep {arm}: it raises “{label}” by {amount}, worth having ({sure} sure).", **names)
        return sentence("Keep {arm}: it lowers “{label}” by {amount}, worth having ({sure} sure).", **names)
    match each.price.basis, rises:
        case "cost", True:
            return sentence(
                "Roll out {arm}: it raises “{label}” by {amount}, worth more than it costs ({sure} sure).", **names
            )
        case "cost", False:
            return sentence(
                "Roll out {arm}: it lowers “{label}” by {amount}, worth more than it costs ({sure} sure).", **names
            )
        case "stated", True:
            return sentence(
                "Roll out {arm}: it raises “{label}” by {amount}, more than the {smallest} asked for ({sure} sure).",
                **names,
            )
        case "stated", False:
            return sentence(
                "Roll out {arm}: it lowers “{label}” by {amount}, more than the {smallest} asked for ({sure} sure).",
                **names,
            )
        case _, True:
            return sentence("It works: {arm} raises “{label}” by {amount} ({sure} sure).", **names)
    return sentence("It works: {arm} lowers “{label}” by {amount} ({sure} sure).", **names)


def _stop(each: Verdict, names: dict[str, str]) -> str:
    if each.broken:
        return plural(
            "Stop {arm}: {worse} gets worse by more than is allowed.",
            "Stop {arm}: {worse} get worse by more than is allowed.",
            len(each.broken),
            **names,
        )
    rises, harms = each.effect.estimate >= 0, each.effect.estimate * each.good <= 0
    if harms and clear(each.effect):
        if rises:
            return sentence("Stop {arm}: it raises “{label}” by {amount}, which is worse than without it.", **names)
        return sentence("Stop {arm}: it lowers “{label}” by {amount}, which is worse than without it.", **names)
    match each.price.basis, harms or not clear(each.effect):
        case "", _:
            return sentence("Stop {arm}: the data exclude that “{label}” gets better ({unsure} sure).", **names)
        case "cost", True:
            return sentence("Stop {arm}: the data exclude an effect worth its cost ({unsure} sure).", **names)
        case "stated", True:
            return sentence(
                "Stop {arm}: the data exclude an effect of {smallest}, which was asked for ({unsure} sure).", **names
            )
    if rises:
        return sentence("Stop {arm}: it raises “{label}” by {amount}, but surely less than is worth having.", **names)
    return sentence("Stop {arm}: it lowers “{label}” by {amount}, but surely less than is worth having.", **names)


def _go_on(each: Verdict, names: dict[str, str]) -> str:
    rises, weeks = each.effect.estimate >= 0, int(np.ceil(each.weeks or 0))
    if each.at_risk and each.p_worth_it >= SURE:
        if rises:
            return sentence(
                "Go on with {arm}: it raises “{label}” by {amount}, but {worse} may get worse by more than is allowed.",
                **names,
            )
        return sentence(
            "Go on with {arm}: it lowers “{label}” by {amount}, but {worse} may get worse by more than is allowed.",
            **names,
        )
    if each.running:
        return _still_running(each, weeks, names)
    if not clear(each.effect):
        return plural(
            "Go on with {arm}: no effect on “{label}” was seen yet; {n} more week would tell.",
            "Go on with {arm}: no effect on “{label}” was seen yet; {n} more weeks would tell.",
            weeks,
            **names,
        )
    if rises:
        return plural(
            "Go on with {arm}: it raises “{label}” by {amount}; {n} more week would tell whether that is worth it.",
            "Go on with {arm}: it raises “{label}” by {amount}; {n} more weeks would tell whether that is worth it.",
            weeks,
            **names,
        )
    return plural(
        "Go on with {arm}: it lowers “{label}” by {amount}; {n} more week would tell whether that is worth it.",
        "Go on with {arm}: it lowers “{label}” by {amount}; {n} more weeks would tell whether that is worth it.",
        weeks,
        **names,
    )


def _still_running(each: Verdict, weeks: int, names: dict[str, str]) -> str:
    """Of a pilot that is not over, and of which nothing can be said for good yet."""
    if not clear(each.effect):
        return plural(
            "Go on with {arm} to its end in {n} week: no effect on “{label}” was seen yet.",
            "Go on with {arm} to its end in {n} weeks: no effect on “{label}” was seen yet.",
            weeks,
            **names,
        )
    if each.effect.estimate >= 0:
        return plural(
            "Go on with {arm} to its end in {n} week: so far it raises “{label}” by {amount}.",
            "Go on with {arm} to its end in {n} weeks: so far it raises “{label}” by {amount}.",
            weeks,
            **names,
        )
    return plural(
        "Go on with {arm} to its end in {n} week: so far it lowers “{label}” by {amount}.",
        "Go on with {arm} to its end in {n} weeks: so far it lowers “{label}” by {amount}.",
        weeks,
        **names,
    )


def _contradicted(against: str, arm: str) -> str:
    """What speaks against a draw that was to decide."""
    match against:
        case "sizes":
            return sentence(
                "Nothing may be concluded of {arm}: the draw was not carried out as planned, customers of an arm got "
                "lost.",
                arm=arm,
            )
        case "before":
            return sentence(
                "Nothing may be concluded of {arm}: the arms differed before the start by more than chance deals.",
                arm=arm,
            )
    return sentence("Nothing may be concluded of {arm}: units are in more than one arm.", arm=arm)


def _untold(each: Verdict, names: dict[str, str]) -> str:
    """Why these data cannot tell."""
    rises = each.effect.estimate >= 0
    if not np.isfinite([each.effect.lower, each.effect.upper]).any():
        return sentence(
            "{n} units cannot tell whether {arm} works: with so few, {share} of all possible deals differ as much.",
            n=number(each.effect.units),
            share=percent(each.effect.p_value),
            **names,
        )
    if each.effect.kind in ("autoregressive", "returned"):
        if rises:
            return sentence(
                "Without a control nobody can tell whether {arm} works: “{label}” is {amount} higher than expected "
                "from before.",
                **names,
            )
        return sentence(
            "Without a control nobody can tell whether {arm} works: “{label}” is {amount} lower than expected from "
            "before.",
            **names,
        )
    if each.effect.kind == "bounded":
        if rises:
            return sentence(
                "Whether {arm} works, these data cannot tell: “{label}” changed by {amount} more than among others, "
                "but chance did not decide.",
                **names,
            )
        return sentence(
            "Whether {arm} works, these data cannot tell: “{label}” changed by {amount} less than among others, but "
            "chance did not decide.",
            **names,
        )
    if each.effect.evidence != "experimental":
        if rises:
            return sentence(
                "These data cannot tell whether {arm} works: “{label}” is {amount} higher than among comparable "
                "customers, but chance did not decide.",
                **names,
            )
        return sentence(
            "These data cannot tell whether {arm} works: “{label}” is {amount} lower than among comparable "
            "customers, but chance did not decide.",
            **names,
        )
    if not clear(each.effect):
        return sentence("No effect of {arm} on “{label}” was seen, and one worth having is not excluded.", **names)
    if rises:
        return sentence("These data cannot tell whether {arm} is worth it: it raises “{label}” by {amount}.", **names)
    return sentence("These data cannot tell whether {arm} is worth it: it lowers “{label}” by {amount}.", **names)


def _ranked(each: Verdict, unit: str, names: dict[str, Any]) -> str:
    """One treated unit: how many others changed as much without it."""
    ranks = {
        "unit": unit,
        "rank": number(round(each.effect.p_value * each.effect.units)),
        "all": number(each.effect.units),
        "p": p_value(each.effect.p_value),
    }
    if each.effect.p_value > 1 - each.effect.confidence:
        return sentence(
            "One {unit} cannot tell whether {arm} works: its change in “{label}” ranks {rank} of {all} (p {p}).",
            **ranks,
            **names,
        )
    return sentence(
        "“{label}” of the only {unit} with {arm} changed more than elsewhere: rank {rank} of {all} (p {p}).",
        **ranks,
        **names,
    )
