"""The headline of an arm: a whole sentence for each verdict and direction, with names and numbers alone to fill."""

from typing import Any

import numpy as np

from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.phrases import Scale, amount, clear
from workbench.decisions.rollout.verdict import SURE, Verdict
from workbench.wording import listing, number, p_value, percent, plural, sentence


def headline(each: Verdict, done: Evaluation, scale: Scale) -> str:
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
        "arm": each.arm,
        "label": done.ready.primary.measure.label,
        "amount": amount(each.effect.estimate, scale),
        "sure": percent(min(max(each.p_worth_it, 0.001), 0.999)),
        "unsure": percent(min(max(1 - each.p_worth_it, 0.001), 0.999)),
        "worse": listing([f"“{labels[name]}”" for name in (each.broken or each.at_risk)]),
    }
    match each.choice:
        case "roll_out":
            return _roll_out(each, names)
        case "stop":
            return _stop(each, done.ready.primary.measure.good, names)
        case "go_on":
            return _go_on(each, names)
    if each.effect.kind == "placebo":
        return _ranked(each, done.ready.pilot.design.unit, names)
    return _untold(each, names)


def _roll_out(each: Verdict, names: dict[str, str]) -> str:
    if each.priced and each.effect.estimate >= 0:
        return sentence("Roll out {arm}: it raises “{label}” by {amount}, more than it costs ({sure} sure).", **names)
    if each.priced:
        return sentence("Roll out {arm}: it lowers “{label}” by {amount}, more than it costs ({sure} sure).", **names)
    if each.effect.estimate >= 0:
        return sentence("{arm} works: it raises “{label}” by {amount} ({sure} sure).", **names)
    return sentence("{arm} works: it lowers “{label}” by {amount} ({sure} sure).", **names)


def _stop(each: Verdict, good: int, names: dict[str, str]) -> str:
    if each.broken:
        return plural(
            "Stop {arm}: {worse} gets worse by more than is allowed.",
            "Stop {arm}: {worse} get worse by more than is allowed.",
            len(each.broken),
            **names,
        )
    if not each.priced:
        return sentence("Stop {arm}: the data exclude that “{label}” gets better ({unsure} sure).", **names)
    if not clear(each.effect) or each.effect.estimate * good <= 0:
        return sentence("Stop {arm}: the data exclude an effect worth its cost ({unsure} sure).", **names)
    if each.effect.estimate >= 0:
        return sentence(
            "Stop {arm}: it raises “{label}” by {amount}, but the data exclude an effect worth its cost.", **names
        )
    return sentence(
        "Stop {arm}: it lowers “{label}” by {amount}, but the data exclude an effect worth its cost.", **names
    )


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


def _untold(each: Verdict, names: dict[str, str]) -> str:
    """Why these data cannot tell."""
    rises = each.effect.estimate >= 0
    if not np.isfinite([each.effect.lower, each.effect.upper]).any():
        return sentence(
            "{n} units cannot tell whether {arm} works: of all ways to deal them, {share} differ as much.",
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
    if each.effect.evidence != "experimental":
        if rises:
            return sentence(
                "Whether {arm} works, these data cannot tell: “{label}” is {amount} higher than among comparable "
                "customers, but chance did not decide.",
                **names,
            )
        return sentence(
            "Whether {arm} works, these data cannot tell: “{label}” is {amount} lower than among comparable "
            "customers, but chance did not decide.",
            **names,
        )
    if not clear(each.effect):
        return sentence("No effect of {arm} on “{label}” was seen, and one worth having is not excluded.", **names)
    if rises:
        return sentence("Whether {arm} is worth it, these data cannot tell: it raises “{label}” by {amount}.", **names)
    return sentence("Whether {arm} is worth it, these data cannot tell: it lowers “{label}” by {amount}.", **names)


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
