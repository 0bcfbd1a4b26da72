"""Findings of a pilot: headlines by verdict, money, guardrails, other outcomes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.decisions.rollout.effects import Effect
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.phrases import Scale, amount, clear, interval, kind, scale_of
from workbench.decisions.rollout.weighing.verdict import HALF, SURE, Verdict
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
    for rank, each in enumerate(sorted(done.verdicts, key=_worth_first), start=1):
        scale = scale_of(measure, done.ready.question.currency, done.over(measure, each.effect))
        yield Finding(
            id=f"verdict_{each.arm}",
            statement=headline(each, done, scale),
            estimate=scale.factor * each.effect.estimate,
            unit=scale.unit,
            interval=interval(each.effect, scale),
            interval_kind=kind(each.effect),
            evidence=each.effect.evidence,
            n=each.effect.n,
            table="outcomes",
            figure="primary_effect",
            action=_action(each, done),
            rank=rank if len(done.verdicts) > 1 else None,
        )


def _worth_first(each: Verdict) -> float:
    return -each.p_worth_it if np.isfinite(each.p_worth_it) else 0.0


def _action(each: Verdict, done: Evaluation) -> str:
    contradicted = done.ready.pilot.contradicted
    if contradicted == "sizes":
        return sentence("Find out which customers got lost, or mend probability: in dataset.yaml, and run it again.")
    if contradicted:
        return sentence("Find out how the arms came about, and deal the next pilot by lot.")
    match each.choice:
        case "roll_out" if not each.price.basis and each.effect.days is not None:
            return sentence(
                "Say window_days={n}, all of which is seen, and what {arm} costs in as long.",
                n=str(each.effect.days),
                arm=each.arm,
            )
        case "roll_out" if not each.price.basis:
            return sentence(
                "Say what a customer costs and what a unit is worth (cost_per_customer, value_per_unit), and {arm} is "
                "weighed against both.",
                arm=each.arm,
            )
        case "roll_out" if _all_have_it(done):
            return sentence("Keep it, and take it from a few by lot: the effect may fade.")
        case "roll_out":
            return sentence("Roll out {arm}, and keep a small control by lot: the effect may fade.", arm=each.arm)
        case "stop":
            return sentence(
                "Stop {arm}, or change it and try again: more customers would not change the answer.", arm=each.arm
            )
        case "go_on" if each.weeks is None:
            return sentence("Go on with {arm} as it was drawn until its guardrails are clear.", arm=each.arm)
        case "go_on":
            return plural(
                "Go on with {arm} as it was drawn, and decide in {n} week.",
                "Go on with {arm} as it was drawn, and decide in {n} weeks.",
                int(np.ceil(each.weeks or 0)),
                arm=each.arm,
            )
    return _next_pilot(each)


def _next_pilot(each: Verdict) -> str:
    """What a pilot would take that can tell."""
    if each.effect.kind in ("placebo", "permutation"):
        return sentence("Deal it to more units by lot: six are the fewest that can tell, twenty tell well.")
    if each.effect.evidence != "experimental":
        return sentence("Deal it by lot next time: then what is found is an effect.")
    if each.needed is None:
        return sentence("To tell it takes far more customers than the pilot of {arm} had.", arm=each.arm)
    if each.needed <= each.effect.n:  # one look would have told, several do not yet
        return sentence("Deal {arm} to more customers: what holds at any number of looks takes more.", arm=each.arm)
    return sentence(
        "If {arm} does what it seems to, a pilot of about {n} customers tells; mode=plan draws it.",
        arm=each.arm,
        n=number(float(f"{each.needed:.2g}")),
    )


def money(done: Evaluation) -> Iterator[Finding]:
    """What a roll-out would bring, of the arms whose cost and value are known.

    Parameters
    ----------
    done
        The evaluation.
    """
    currency = done.ready.question.currency
    for each in done.verdicts:
        value, cost = each.price.value, each.price.cost
        if each.gains is None or value is None or cost is None or each.effect.evidence != "experimental":
            continue
        gain, half = each.gains[1.0][0], each.gains[HALF][0]
        low, high = sorted(
            each.customers * (each.good * value * end - cost) for end in (each.effect.lower, each.effect.upper)
        )
        names = {
            "arm": each.arm,
            "n": number(each.customers),
            "gain": _money(abs(gain), currency),
            "half": _money(abs(half), ""),
        }
        if _all_have_it(done) and gain >= 0:
            said = sentence(
                "All {n} customers have {arm} already: to keep it as long again is expected to bring {gain} "
                "more than it costs.",
                **names,
            )
        elif _all_have_it(done):
            said = sentence(
                "All {n} customers have {arm} already: to keep it as long again is expected to lose {gain}.",
                **names,
            )
        elif gain >= 0:
            said = sentence(
                "Rolled out to {n} customers, {arm} is expected to bring {gain} more than it costs; to half "
                "of them, {half}.",
                **names,
            )
        else:
            said = sentence(
                "Rolled out to {n} customers, {arm} is expected to lose {gain}; to half of them, {half}.",
                **names,
            )
        yield Finding(
            id=f"rollout_{each.arm}",
            statement=said,
            estimate=gain,
            unit=currency,
            interval=(low if np.isfinite(low) else None, high if np.isfinite(high) else None),
            interval_kind=kind(each.effect),
            evidence="experimental",
            n=each.effect.n,
            table="decision",
        )


def _all_have_it(done: Evaluation) -> bool:
    """Whether there is nobody left to roll it out to: all of them got it, one after the other."""
    pilot = done.ready.pilot
    return not pilot.control and pilot.route == "waves" and done.ready.question.customers is None


def _money(value: float, currency: str) -> str:
    """An expectation, to three digits: as finely as the estimate beside it is told."""
    told = number(float(f"{value:.3g}"))
    return sentence("{n} {currency}", n=told, currency=currency) if currency else told


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
            scale = scale_of(each.measure, done.ready.question.currency, done.over(each.measure, each.found))
            verdict = by_arm[each.found.arm]
            names = {"label": each.measure.label, "arm": each.found.arm, "margin": amount(margin, scale)}
            if name in verdict.broken:
                said = sentence("Guardrail broken: with {arm}, “{label}” is worse by more than {margin}.", **names)
            elif name in verdict.at_risk:
                said = sentence(
                    "Guardrail in doubt: with {arm}, “{label}” may be worse by more than {margin}.", **names
                )
            else:
                said = sentence("Guardrail kept: with {arm}, “{label}” is at most {margin} worse.", **names)
            yield _finding(f"guardrail_{each.found.arm}_{name}", said, each, scale)


def others(done: Evaluation) -> Iterator[Finding]:
    """Clear effects on secondary outcomes, after Holm: on leaving first, as others go on only with those who stay.

    Parameters
    ----------
    done
        The evaluation.
    """
    level = 1 - done.ready.question.level
    found = [
        (each.measure.kind != "staying", p, each)
        for p, each in zip(done.p_holm, done.effects, strict=True)
        if np.isfinite(p)
        and p < level
        and each.found.evidence == "experimental"
        and each.measure.name != done.ready.question.taken  # whom the offer moved to take it gained nothing by that
    ]
    for _, _, each in sorted(found, key=lambda one: one[:2])[:MOST_TOLD]:
        scale = scale_of(each.measure, done.ready.question.currency, done.over(each.measure, each.found))
        names = {"arm": each.found.arm, "label": each.measure.label, "n": amount(each.found.estimate, scale)}
        if each.found.estimate > 0:
            said = sentence("Besides, {arm} raises “{label}” by {n}.", **names)
        else:
            said = sentence("Besides, {arm} lowers “{label}” by {n}.", **names)
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
        "sure": _share(each.p_worth_it),
        "unsure": _share(1 - each.p_worth_it),
        "smallest": amount(each.price.smallest, replace(scale, days=None)),
        "worse": listing([f"“{labels[name]}”" for name in (each.broken or each.at_risk)]),
    }
    match each.choice:
        case "roll_out":
            return _roll_out(each, names, kept=_all_have_it(done))
        case "stop":
            return _stop(each, names)
        case "go_on":
            return _go_on(each, names)
    if against := done.ready.pilot.contradicted:
        return _contradicted(against, each.arm)
    if each.effect.kind == "placebo":
        return _ranked(each, done.ready.pilot.design.unit, names)
    return _untold(each, names)


def _share(probability: float) -> str:
    """A probability, never told as sure; a dash where chance did not decide."""
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
