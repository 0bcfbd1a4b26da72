"""What is shown of arms: each beside every other, and what is said of each."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.telling.phrases import amount, scale_of
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check
from workbench.models.trials.estimates import kind_in_words
from workbench.statistics.multiplicity import holm
from workbench.wording import number, sentence

TOLD = 0.01
"""Share of its effect by which a picked arm must look too good for that to be said, a choice: of less nobody learns."""


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """What a reader must know of a pick among arms, and each two of them beside each other; nothing of one arm.

    Parameters
    ----------
    done
        The evaluation.
    """
    yield from checks(done)
    if done.between:
        yield _table(done)


def metrics(done: Evaluation) -> dict[str, float | None]:
    """Numbers by name: each arm less those that stand after it in order.

    Parameters
    ----------
    done
        The evaluation.
    """
    found: dict[str, float | None] = {}
    outcome = done.ready.primary.measure.name
    for one, other in combinations(done.ready.pilot.arms, 2):
        if (one, other) not in done.between:
            continue
        each = done.between[one, other]
        pair = f"{one}_against_{other}"
        ends = {"": each.effect.estimate, "_lower": each.effect.lower, "_upper": each.effect.upper}
        for end, value in (ends | {"_se": each.effect.se}).items():
            found[f"effect_{pair}_{outcome}{end}"] = value if np.isfinite(value) else None
        found[f"p_better_{pair}"] = each.p_worth_it if np.isfinite(each.p_worth_it) else None
        found[f"expected_gain_{pair}"] = None if each.gains is None else each.gains[1.0][0]
    if done.recommendation.optimism is not None:
        found["winners_curse"] = done.recommendation.optimism
    return found


def checks(done: Evaluation) -> Iterator[Check]:
    """How much too good a picked arm looks, and costs that could not be weighed.

    Parameters
    ----------
    done
        The evaluation.
    """
    chosen = done.recommendation
    if chosen.state not in ("best", "one_of"):
        return
    measure = done.ready.primary.measure
    if chosen.optimism is not None and chosen.optimism > TOLD * abs(chosen.lead.effect.estimate):
        yield Check(
            name="pilot_picked",
            status="pass",
            message=sentence(
                "Of {n} arms the one that looks best is picked, so on average it looks better than it is: if effects "
                "are as they seem, by {amount}. Nothing is taken off for that.",
                n=number(len(done.verdicts)),
                amount=amount(chosen.optimism, scale_of(measure, done.ready.question.currency)),
            ),
            value=chosen.optimism,
            title=sentence("Picked as the best"),
        )
    compared = [each for each in chosen.rivals if not each.price.basis]
    names = {"arm": chosen.lead.arm, "label": measure.label}
    costs = {each.against: (done.prices[each.arm].cost, done.prices[each.against].cost) for each in compared}
    unknown = [arm for arm, (own, other) in costs.items() if (own is None) != (other is None)]
    dearer = [arm for arm, (own, other) in costs.items() if own is not None and other is not None and own > other]
    if unknown:
        message = sentence(
            "What a customer costs is recorded of one of {arm} and {other} only: they are compared without their "
            "costs. Record both in treatments.",
            other=unknown[0],
            **names,
        )
    elif dearer:
        message = sentence(
            "{arm} costs more than {other}, and nobody said what a unit of “{label}” is worth: they are compared "
            "without their costs. Say value_per_unit.",
            other=dearer[0],
            **names,
        )
    else:
        return
    yield Check(
        name="pilot_arm_costs",
        status="warn",
        message=message,
        title=sentence("Arms compared without their costs"),
    )


def _table(done: Evaluation) -> Table:
    measure = done.ready.primary.measure
    currency = done.ready.question.currency
    scale = scale_of(measure, currency)
    better = [
        max((done.between[pair], done.between[pair[::-1]]), key=lambda each: each.p_worth_it)
        for pair in combinations(done.ready.pilot.arms, 2)
        if pair in done.between
    ]
    better.sort(key=lambda each: (each.arm != done.recommendation.lead.arm, -each.p_worth_it))
    p = holm(np.array([each.effect.p_value for each in better]))
    frame = pd.DataFrame(
        [
            {
                "arm": each.arm,
                "against": each.against,
                "effect": scale.factor * each.effect.estimate,
                "lower": scale.factor * each.effect.lower,
                "upper": scale.factor * each.effect.upper,
                "smallest": scale.factor * each.good * each.price.smallest,
                "p_better": each.p_worth_it,
                "gain_full": np.nan if each.gains is None else each.gains[1.0][0],
                "p_holm": p_holm,
                "interval": kind_in_words(each.effect.kind, each.effect.confidence),
                "customers": each.effect.n,
            }
            for each, p_holm in zip(better, p, strict=True)
        ]
    ).replace([np.inf, -np.inf], np.nan)
    weighed = any(each.price.basis for each in better)
    return Table(
        name="arms",
        frame=frame.round({"gain_full": 0}),
        caption=sentence(
            "Arms beside each other on “{label}” ({unit}): how much more the one does, from where on that pays "
            "what it costs more, and how surely it is better after costs; p-values of no difference by Holm.",
            label=measure.label,
            unit=scale.unit,
        )
        if weighed
        else sentence(
            "Arms beside each other on “{label}” ({unit}): how much more the one does, and how surely it is better; "
            "no cost is weighed. p-values of no difference by Holm.",
            label=measure.label,
            unit=scale.unit,
        ),
        people=People(count="customers", within=["arm", "against", "interval"]),
        columns={
            "arm": Column(sentence("Arm")),
            "against": Column(sentence("Against")),
            "effect": Column(sentence("Difference")),
            "lower": Column(sentence("Lower")),
            "upper": Column(sentence("Upper")),
            **({"smallest": Column(sentence("Pays from"))} if weighed else {}),
            "p_better": Column(sentence("Better"), "share"),
            **({"gain_full": Column(sentence("Gain, full"), currency)} if weighed else {}),
            "p_holm": Column(sentence("p (Holm)"), "p"),
            "customers": Column(sentence("Customers")),
        },
    )


def decision(done: Evaluation) -> Table:
    """What is said of each arm, in numbers.

    Parameters
    ----------
    done
        The evaluation.
    """
    alone = len(done.verdicts) == 1
    names = {
        "roll_out": sentence("roll out") if alone else sentence("worth having"),
        "go_on": sentence("go on"),
        "stop": sentence("stop") if alone else sentence("not worth having"),
        "cannot_tell": sentence("cannot tell"),
    }
    rows = []
    for each in done.verdicts:
        gains = each.gains or {}
        rows.append(
            {
                "arm": each.arm,
                "verdict": names[each.choice],
                "p_worth_it": each.p_worth_it,
                "smallest": scale_of(done.ready.primary.measure, "").factor * each.price.smallest,
                "gain_full": gains.get(1.0, (np.nan, np.nan))[0],
                "loss_full": gains.get(1.0, (np.nan, np.nan))[1],
                "gain_half": gains.get(0.5, (np.nan, np.nan))[0],
                "loss_half": gains.get(0.5, (np.nan, np.nan))[1],
                "weeks": np.nan if each.weeks is None else each.weeks,
                "customers": each.customers,
            }
        )
    currency = done.ready.question.currency
    priced = {
        "gain_full": Column(sentence("Gain, full"), currency),
        "loss_full": Column(sentence("Loss, full"), currency),
        "gain_half": Column(sentence("Gain, half"), currency),
        "loss_half": Column(sentence("Loss, half"), currency),
    }
    return Table(
        name="decision",
        frame=pd.DataFrame(rows).round({name: 0 for name in priced}),
        caption=sentence(
            "What to do. Gains are expected, of all customers who would get it; losses are what is expected where it "
            "does not pay."
        )
        if alone
        else sentence(
            "What is said of each arm by itself; the first finding says which is recommended. Of several arms that are "
            "just not worth having, one is rolled out by chance more often than of one. Gains are expected, of all "
            "customers who would get it; losses are what is expected where it does not pay."
        ),
        people=None,
        columns={
            **({"arm": Column(sentence("Arm"))} if len(rows) > 1 else {}),
            "verdict": Column(sentence("Verdict")),
            "p_worth_it": Column(sentence("Worth having"), "share"),
            "smallest": Column(sentence("Smallest worth having")),
            **(priced if any(each.gains for each in done.verdicts) else {}),
            "weeks": Column(sentence("Weeks still needed")),
        },
    )
