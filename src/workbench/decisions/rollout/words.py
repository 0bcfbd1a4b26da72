"""Findings of a pilot: the recommendation, each arm, money, guardrails, other outcomes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from workbench.decisions.rollout.effects import Effect
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.telling import several
from workbench.decisions.rollout.telling.phrases import Scale, amount, interval, kind, scale_of
from workbench.decisions.rollout.telling.verdicts import all_have_it, headline
from workbench.decisions.rollout.weighing.verdict import HALF, Verdict
from workbench.findings import Finding
from workbench.wording import number, plural, sentence

MOST_TOLD = 3
"""Secondary effects of which a sentence is made, a choice: all stand in the table."""


def headlines(done: Evaluation) -> Iterator[Finding]:
    """The one recommendation first; of several arms then what is found of each, the one worth most first.

    Parameters
    ----------
    done
        The evaluation.
    """
    chosen = done.recommendation
    scale = _scale(done, chosen.lead)
    if chosen.state == "alone":
        yield _verdict(chosen.lead, done, headline(chosen.lead, done, scale), action=_action(chosen.lead, done))
    else:
        beside = several.closest(chosen)
        yield replace(
            _verdict(beside or chosen.lead, done, several.recommended(done, scale), action=_recommended(done)),
            id="recommendation",
            table="outcomes" if beside is None else "arms",
        )
    for each in sorted(done.verdicts, key=lambda each: (each is not chosen.lead, *_worth_first(each))):
        if chosen.state != "alone" or each is not chosen.lead:
            yield _verdict(each, done, several.beside(each, done, _scale(done, each)))


def _recommended(done: Evaluation) -> str:
    return several.action(done) or _action(done.recommendation.lead, done)


def _scale(done: Evaluation, each: Verdict) -> Scale:
    measure = done.ready.primary.measure
    return scale_of(measure, done.ready.question.currency, done.over(measure, each.effect))


def _verdict(each: Verdict, done: Evaluation, said: str, *, action: str = "") -> Finding:
    scale = _scale(done, each)
    return Finding(
        id=f"verdict_{each.arm}",
        statement=said,
        estimate=scale.factor * each.effect.estimate,
        unit=scale.unit,
        interval=interval(each.effect, scale),
        interval_kind=kind(each.effect),
        evidence=each.effect.evidence,
        n=each.effect.n,
        table="outcomes",
        figure="primary_effect",
        action=action,
    )


def _worth_first(each: Verdict) -> tuple[float, float]:
    surely = round(each.p_worth_it, 3) if np.isfinite(each.p_worth_it) else 0.0
    return -surely, -each.good * each.effect.estimate


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
        case "roll_out" if all_have_it(done):
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
    """What a roll-out of the arm that the recommendation is about would bring, where its cost and value are known.

    Parameters
    ----------
    done
        The evaluation.
    """
    currency = done.ready.question.currency
    each = done.recommendation.lead
    value, cost = each.price.value, each.price.cost
    if each.gains is not None and value is not None and cost is not None and each.effect.evidence == "experimental":
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
        if all_have_it(done) and gain >= 0:
            said = sentence(
                "All {n} customers have {arm} already: to keep it as long again is expected to bring {gain} "
                "more than it costs.",
                **names,
            )
        elif all_have_it(done):
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
