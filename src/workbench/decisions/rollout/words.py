"""Findings of a pilot: headlines by verdict, money, guardrails, other outcomes."""

from collections.abc import Iterator

import numpy as np

from workbench.decisions.rollout.effects import Effect
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.phrases import Scale, amount, clear, interval, kind, moved, scale_of
from workbench.decisions.rollout.verdict import HALF, SURE, Verdict
from workbench.findings import Finding
from workbench.wording import listing, number, p_value, percent, plural, sentence

MOST_TOLD = 3
"""Secondary effects of which a sentence is made, a choice: all stand in the table."""


def headlines(done: Evaluation) -> Iterator[Finding]:
    """One an arm, the one worth most first.

    Parameters
    ----------
    done
        The evaluation.
    """
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    for rank, each in enumerate(sorted(done.verdicts, key=lambda verdict: -verdict.p_worth_it), start=1):
        yield Finding(
            id=f"verdict_{each.arm}",
            statement=_verdict(each, done, scale),
            estimate=scale.factor * each.effect.estimate,
            unit=scale.unit,
            interval=interval(each.effect, scale),
            interval_kind=kind(each.effect),
            evidence=each.effect.evidence,
            n=each.effect.n,
            table="outcomes",
            figure="primary_effect",
            action=_action(each),
            rank=rank if len(done.verdicts) > 1 else None,
        )


def _verdict(each: Verdict, done: Evaluation, scale: Scale) -> str:
    measure = done.ready.primary.measure
    names = {
        "arm": each.arm,
        "label": measure.label,
        "moved": moved(each.effect, measure, scale),
        "sure": percent(min(max(each.p_worth_it, 0.001), 0.999)),
        "unsure": percent(min(max(1 - each.p_worth_it, 0.001), 0.999)),
        "broken": listing([f"“{_label(done, name)}”" for name in (each.broken or each.at_risk)]),
        "weeks": plural("{n} more week", "{n} more weeks", int(np.ceil(each.weeks or 0))),
    }
    seen = clear(each.effect)
    match each.choice:
        case "roll_out" if each.priced:
            return sentence("Roll out {arm}: {moved}, more than it costs ({sure} sure).", **names)
        case "roll_out":
            return sentence("{arm} works: {moved} ({sure} sure).", **names)
        case "stop" if each.broken:
            return sentence("Stop {arm}: {broken} gets worse by more than is allowed.", **names)
        case "stop" if each.priced and seen and each.effect.estimate * measure.good > 0:
            return sentence("Stop {arm}: {moved}, but the data exclude an effect worth its cost.", **names)
        case "stop" if each.priced:
            return sentence("Stop {arm}: the data exclude an effect worth its cost ({unsure} sure).", **names)
        case "stop":
            return sentence("Stop {arm}: the data exclude that “{label}” gets better ({unsure} sure).", **names)
        case "go_on" if each.at_risk and each.p_worth_it >= SURE:
            return sentence("Go on with {arm}: {moved}, but {broken} may get worse by more than is allowed.", **names)
        case "go_on" if seen:
            return sentence("Go on with {arm}: {moved}; {weeks} would tell whether that is worth it.", **names)
        case "go_on":
            return sentence("Go on with {arm}: no effect on “{label}” was seen yet; {weeks} would tell.", **names)
    if each.effect.kind == "placebo":
        return _ranked(each, done, names)
    return _untold(each, seen, names)


def _untold(each: Verdict, seen: bool, names: dict[str, str]) -> str:
    """Why these data cannot tell."""
    if not np.isfinite([each.effect.lower, each.effect.upper]).any():
        return sentence(
            "{n} units cannot tell whether {arm} works: of all ways to deal them, {share} differ as much.",
            n=number(each.effect.units),
            share=percent(each.effect.p_value),
            **names,
        )
    if each.effect.evidence != "experimental":
        return sentence("Whether {arm} works, these data cannot tell: {moved}, but chance did not decide.", **names)
    if seen:
        return sentence("Whether {arm} is worth it, these data cannot tell: {moved}.", **names)
    return sentence("No effect of {arm} on “{label}” was seen, and one worth having is not excluded.", **names)


def _ranked(each: Verdict, done: Evaluation, names: dict[str, str]) -> str:
    """One treated unit: how many others changed as much without it."""
    ranks = {
        "unit": done.ready.pilot.design.unit,
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


def _action(each: Verdict) -> str:
    match each.choice:
        case "roll_out" if not each.priced:
            return sentence("Say what it costs and what it is worth (cost, value), and it is weighed against both.")
        case "roll_out":
            return sentence("Roll it out, and keep a small control by lot: the effect may fade.")
        case "stop":
            return sentence("Stop it, or change it and try again: more customers would not change the answer.")
        case "go_on":
            return sentence(
                "Go on as it was drawn, and decide when the weeks are over: nothing is lost by looking again."
            )
    if each.effect.kind in ("placebo", "permutation"):
        return sentence("Deal it to more units by lot: six are the fewest that can tell, twenty tell well.")
    if each.effect.evidence != "experimental":
        return sentence("Deal it by lot next time: then what is found is an effect.")
    return sentence("It takes a larger pilot, or a longer one.")


def money(done: Evaluation) -> Iterator[Finding]:
    """What a roll-out would bring, of the arms that have a price.

    Parameters
    ----------
    done
        The evaluation.
    """
    currency = done.ready.question.currency
    for each in done.verdicts:
        endless = not np.isfinite(each.effect.upper - each.effect.lower)
        if each.gains is None or each.effect.evidence != "experimental" or endless:
            continue
        (gain, loss), (half, _) = each.gains[1.0], each.gains[HALF]
        net = each.customers * (
            done.ready.primary.measure.good * (done.value or 0.0) * each.draws - done.costs.get(each.arm, 0.0)
        )
        low, high = np.quantile(net, [0.05, 0.95])
        names = {
            "arm": each.arm,
            "n": number(each.customers),
            "gain": number(abs(gain)),
            "half": number(abs(half)),
            "loss": number(loss),
            "currency": currency,
        }
        if gain >= 0:
            said = sentence(
                "Rolled out to {n} customers, {arm} would bring {gain} {currency}; to half of them, {half}. Expected "
                "loss: {loss}.",
                **names,
            )
        else:
            said = sentence(
                "Rolled out to {n} customers, {arm} would lose {gain} {currency}; to half of them, {half}.", **names
            )
        yield Finding(
            id=f"rollout_{each.arm}",
            statement=said.replace("  ", " "),
            estimate=gain,
            unit=currency,
            interval=(float(low), float(high)),
            interval_kind=sentence("{level} posterior interval", level=percent(0.9)),
            evidence="experimental",
            n=each.effect.n,
            table="decision",
        )


def guardrails(done: Evaluation) -> Iterator[Finding]:
    """Whether guardrails hold.

    Parameters
    ----------
    done
        The evaluation.
    """
    by_arm = {each.arm: each for each in done.verdicts}
    for name, margin in done.ready.question.guardrails.items():
        for each in done.of(name):
            scale = scale_of(each.measure, done.ready.question.currency)
            verdict = by_arm[each.found.arm]
            names = {"label": each.measure.label, "arm": each.found.arm, "margin": amount(margin, scale)}
            if name in verdict.broken:
                said = sentence("Guardrail broken: with {arm}, “{label}” is worse by more than {margin}.", **names)
            elif name in verdict.at_risk:
                said = sentence(
                    "Guardrail in doubt: with {arm}, “{label}” may be worse by more than {margin}.", **names
                )
            else:
                said = sentence("Guardrail kept: with {arm}, “{label}” is not worse by {margin}.", **names)
            yield _finding(f"guardrail_{each.found.arm}_{name}", said, each, scale)


def others(done: Evaluation) -> Iterator[Finding]:
    """Clear effects on secondary outcomes, after Holm.

    Parameters
    ----------
    done
        The evaluation.
    """
    level = 1 - done.ready.question.level
    found = [
        (p, each)
        for p, each in zip(done.p_holm, done.effects, strict=True)
        if np.isfinite(p) and p < level and each.found.evidence == "experimental"
    ]
    for _, each in sorted(found, key=lambda pair: pair[0])[:MOST_TOLD]:
        scale = scale_of(each.measure, done.ready.question.currency)
        names = {"arm": each.found.arm, "label": each.measure.label, "n": amount(each.found.estimate, scale)}
        if each.found.estimate > 0:
            said = sentence("{arm} also raises “{label}” by {n}.", **names)
        else:
            said = sentence("{arm} also lowers “{label}” by {n}.", **names)
        yield _finding(f"effect_{each.found.arm}_{each.measure.name}", said, each, scale)


def _finding(name: str, said: str, each: Effect, scale: Scale) -> Finding:
    return Finding(
        id=name,
        statement=said,
        estimate=scale.factor * each.found.estimate,
        unit=scale.unit,
        interval=interval(each.found, scale),
        interval_kind=kind(each.found),
        evidence=each.found.evidence,
        n=each.found.n,
        table="outcomes",
    )


def _label(done: Evaluation, name: str) -> str:
    return next(each.measure.label for each in done.effects if each.measure.name == name)
