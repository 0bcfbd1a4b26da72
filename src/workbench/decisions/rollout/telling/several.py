"""Several arms: the one recommendation of a pilot, what is said of each arm beside it, and of two of them."""

from dataclasses import replace
from typing import Any

import numpy as np

from workbench.decisions.rollout.telling.phrases import Scale, amount
from workbench.decisions.rollout.telling.verdicts import called, share, untold
from workbench.decisions.rollout.weighing.arms import Recommendation
from workbench.decisions.rollout.weighing.verdict import Verdict
from workbench.wording import listing, number, plural, sentence


def recommended(done: Any, scale: Scale) -> str:
    """The headline of a pilot with several arms.

    Parameters
    ----------
    done
        The evaluation, of a recommendation that is not about one arm alone.
    scale
        How the primary outcome is told.
    """
    chosen: Recommendation = done.recommendation
    lead, pilot = chosen.lead, done.ready.pilot
    names = {
        "arm": called(pilot, lead.arm),
        "pilot": pilot.initiative,
        "label": done.ready.primary.measure.label,
        "sure": share(min([lead.p_worth_it, *(each.p_worth_it for each in chosen.rivals)])),
        "worth": share(lead.p_worth_it),
    }
    match chosen.state:
        case "best":
            return _best(chosen, scale, names)
        case "one_of":
            return _one_of(chosen, names)
    return _none(chosen, len(done.verdicts), names)


def closest(chosen: Recommendation) -> Verdict | None:
    """The lead beside the arm that comes closest to it; None where none can be compared.

    Parameters
    ----------
    chosen
        The recommendation.
    """
    return min(chosen.rivals, key=lambda each: each.p_worth_it, default=None)


def _best(chosen: Recommendation, scale: Scale, names: dict[str, str]) -> str:
    beside = closest(chosen)
    assert beside is not None
    others = len(chosen.rivals) > 1
    names["rival"] = sentence("{arm}, the next best", arm=beside.against) if others else beside.against
    names["against"] = beside.against
    names["amount"] = amount(beside.effect.estimate, scale)
    higher, better = beside.effect.estimate >= 0, beside.effect.estimate * beside.good >= 0
    if not chosen.lead.price.basis and not beside.price.basis:
        if higher:
            return sentence("{arm} works best: “{label}” is {amount} higher than with {rival} ({sure} sure).", **names)
        return sentence("{arm} works best: “{label}” is {amount} lower than with {rival} ({sure} sure).", **names)
    match better, higher:
        case True, True:
            return sentence(
                "Roll out {arm}: it is worth having, and “{label}” is {amount} higher than with {rival} ({sure} sure).",
                **names,
            )
        case True, False:
            return sentence(
                "Roll out {arm}: it is worth having, and “{label}” is {amount} lower than with {rival} ({sure} sure).",
                **names,
            )
        case False, True:
            return sentence(
                "Roll out {arm}: with {against} “{label}” is {amount} lower, but not by what it costs more "
                "({sure} sure).",
                **names,
            )
    return sentence(
        "Roll out {arm}: with {against} “{label}” is {amount} higher, but not by what it costs more ({sure} sure).",
        **names,
    )


def _one_of(chosen: Recommendation, names: dict[str, str]) -> str:
    names["rivals"] = listing(chosen.untold, last="or")
    if chosen.cheaper:
        return sentence(
            "Roll out {arm}: it is worth having ({worth} sure) and costs less than {rivals}, from which these data "
            "cannot tell it.",
            **names,
        )
    if not chosen.lead.price.basis:
        return sentence(
            "{arm} works ({worth} sure) and seems best, but these data cannot tell it from {rivals}.", **names
        )
    return sentence(
        "Roll out {arm}: it is worth having ({worth} sure) and seems best, but these data cannot tell it from "
        "{rivals}.",
        **names,
    )


def _none(chosen: Recommendation, arms: int, names: dict[str, str]) -> str:
    lead = chosen.lead
    names |= {"plain": lead.arm, "n": number(arms)}
    match lead.choice:
        case "stop":
            return sentence("Stop {pilot}: none of its {n} arms is worth having.", **names)
        case "go_on" if lead.weeks is not None:
            return plural(
                "Go on with {pilot} for {n} week: no arm is known to be worth having yet, {plain} seems best.",
                "Go on with {pilot} for {n} weeks: no arm is known to be worth having yet, {plain} seems best.",
                int(np.ceil(lead.weeks)),
                **{name: text for name, text in names.items() if name != "n"},
            )
        case "go_on":
            return sentence(
                "Go on with {pilot}: {plain} seems best ({worth} sure that it is worth having), but what must not get "
                "worse may do.",
                **names,
            )
    return sentence(
        "These data cannot tell whether an arm of {pilot} is worth having; {plain} seems best ({worth} sure that it "
        "is).",
        **names,
    )


def action(done: Any) -> str:
    """What to do about it; empty where that is the same as of one arm.

    Parameters
    ----------
    done
        The evaluation.
    """
    chosen: Recommendation = done.recommendation
    lead = chosen.lead
    names = {"pilot": done.ready.pilot.initiative}
    if chosen.state in ("best", "one_of") and not lead.price.basis:
        return sentence(
            "Record what each arm costs (cost in treatments) and say value_per_unit: then arms are weighed."
        )
    beside = closest(chosen)
    if chosen.state == "one_of" and beside is not None and beside.needed is not None:
        return sentence(
            "Roll out {arm}, and keep a small control by lot; it takes a pilot of about {n} customers with one of the "
            "two to tell it from {rival}.",
            arm=lead.arm,
            rival=beside.against,
            n=number(float(f"{beside.needed:.2g}")),
        )
    if chosen.state == "none" and lead.choice == "stop":
        return sentence(
            "Stop {pilot}, or change its arms and try again: more customers would not change the answer.", **names
        )
    if chosen.state == "none" and lead.choice == "go_on" and lead.weeks is not None:
        return sentence("Keep all arms as they were drawn until then: they are each other's comparison.")
    return ""


def beside(each: Verdict, done: Any, scale: Scale) -> str:
    """What is found of one arm of several: no recommendation.

    Parameters
    ----------
    each
        Its verdict.
    done
        The evaluation.
    scale
        How the primary outcome is told.
    """
    labels = {one.measure.name: one.measure.label for one in done.effects}
    rises = each.effect.estimate >= 0
    names = {
        "arm": each.arm,
        "label": done.ready.primary.measure.label,
        "amount": amount(each.effect.estimate, scale),
        "smallest": amount(each.price.smallest, replace(scale, days=None)),
        "sure": share(each.p_worth_it),
        "unsure": share(1 - each.p_worth_it),
        "worse": listing([f"“{labels[name]}”" for name in each.broken]),
    }
    match each.choice, each.price.basis, rises:
        case "roll_out", "cost", True:
            return sentence("{arm} raises “{label}” by {amount}, worth more than it costs ({sure} sure).", **names)
        case "roll_out", "cost", False:
            return sentence("{arm} lowers “{label}” by {amount}, worth more than it costs ({sure} sure).", **names)
        case "roll_out", "stated", True:
            return sentence(
                "{arm} raises “{label}” by {amount}, more than the {smallest} asked for ({sure} sure).", **names
            )
        case "roll_out", "stated", False:
            return sentence(
                "{arm} lowers “{label}” by {amount}, more than the {smallest} asked for ({sure} sure).", **names
            )
        case "roll_out", _, True:
            return sentence("{arm} raises “{label}” by {amount} ({sure} sure).", **names)
        case "roll_out", _, False:
            return sentence("{arm} lowers “{label}” by {amount} ({sure} sure).", **names)
        case "stop", _, _ if each.broken:
            return plural(
                "{arm} is not to be had: {worse} gets worse by more than is allowed.",
                "{arm} is not to be had: {worse} get worse by more than is allowed.",
                len(each.broken),
                **names,
            )
        case "stop", _, True:
            return sentence("{arm} is not worth having ({unsure} sure): it raises “{label}” by {amount}.", **names)
        case "stop", _, False:
            return sentence("{arm} is not worth having ({unsure} sure): it lowers “{label}” by {amount}.", **names)
    return untold(each, done, names)
