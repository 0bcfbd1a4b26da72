"""Findings of a pilot: headlines by verdict, money, guardrails, other outcomes."""

from collections.abc import Iterator

import numpy as np

from workbench.decisions.rollout.effects import Effect
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.headline import headline
from workbench.decisions.rollout.phrases import Scale, amount, interval, kind, scale_of
from workbench.decisions.rollout.verdict import HALF, Verdict
from workbench.findings import Finding
from workbench.wording import number, percent, sentence

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
            statement=headline(each, done, scale),
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
