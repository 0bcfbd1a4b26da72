"""Offers that not everybody takes: what taking does, after what the offer does; bounds where chance did not decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.rollout.effects import Effect, Measured
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.telling.phrases import amount, interval, kind, scale_of
from workbench.errors import DataError, ParameterError
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.trials.estimates import Estimate, kind_in_words
from workbench.models.trials.offered import bounds_of_taking, effect_of_taking
from workbench.wording import number, percent, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """What taking did to one outcome.

    Attributes
    ----------
    offer
        The effect of the offer.
    found
        That of taking: on those whom the offer moved to take, or bounds for everybody.
    shares
        Who took with the offer, and without.
    """

    offer: Effect
    found: Estimate
    shares: tuple[float, float]


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """Where it is said who took what was offered: the effect of taking, second to that of the offer.

    Parameters
    ----------
    done
        The evaluation.
    """
    asked = done.ready.question.taken
    if asked is None:
        return
    told = list(effects_of_taking(done))
    if not told:
        yield Check(
            name="pilot_taking",
            status="warn",
            message=sentence(
                "Of taking nothing can be told: the offer moved nobody to take it, or no outcome has ends that are "
                "known. The effect of the offer stands."
            ),
            title=sentence("Nothing told of taking"),
        )
        return
    primary = done.ready.primary.measure
    yield from (_finding(each, done) for each in told if each.offer.measure is primary)
    yield _table(told, done)
    found: dict[str, float | None] = {}
    for each in told:
        name = f"effect_{each.offer.found.arm}_{each.offer.measure.name}_taking"
        ends = [end if np.isfinite(end) else None for end in (each.found.lower, each.found.upper)]
        found |= {name: each.found.estimate, f"{name}_lower": ends[0], f"{name}_upper": ends[1]}
    yield found


def effects_of_taking(done: Evaluation) -> Iterator[Taken]:
    """Of every outcome but taking itself, ratios, and what is told by month.

    Parameters
    ----------
    done
        The evaluation.
    """
    samples, at = done.samples, done.ready
    (took,) = at.followed.over(at.days or 0, [str(at.question.taken)])
    outcomes = {each.measure.name: each for each in at.outcomes}
    for effect in done.effects:
        outcome = outcomes[effect.measure.name]
        by_month = samples.waves is not None and bool(np.isfinite(outcome.before).any())
        if effect.measure.name == at.question.taken or outcome.of is not None or by_month:
            continue
        sample, rows = samples.sample(outcome, effect.found.arm), samples.pair(effect.found.arm)
        taken = took.after[rows]
        known = np.isfinite(taken)
        shares = tuple(float(taken[known & (sample.treated == arm)].mean()) for arm in (True, False))
        try:
            if done.fairness.experimental:
                found = effect_of_taking(sample, taken, confidence=samples.level)
            else:
                ends = _ends(outcome, at.followed)
                if ends is None:
                    continue
                by_who = _taken_by_choice(sample, taken)
                found = bounds_of_taking(by_who, taken, least=ends[0], most=ends[1], confidence=samples.level)
        except (DataError, ParameterError):
            continue
        names = {"arm": effect.found.arm, "outcome": effect.measure.name, "evidence": effect.found.evidence}
        yield Taken(offer=effect, found=found.named(**names), shares=(shares[0], shares[1]))


def _taken_by_choice(sample: Any, taken: np.ndarray) -> Any:
    """Where no chance decided: who took beside who did not."""
    values = np.where(np.isfinite(taken), sample.values, np.nan)
    return type(sample)(values=values, treated=np.nan_to_num(taken) > 0)


def _ends(outcome: Measured, followed: Any) -> tuple[float, float] | None:
    """What an outcome can be at least and at most, where that is known."""
    if outcome.measure.kind in ("share", "staying"):
        return 0.0, 1.0
    if outcome.measure.column == outcome.measure.name:
        ends: tuple[float, float] | None = followed.scales.get(outcome.measure.column)
        return ends
    return None


def _finding(each: Taken, done: Evaluation) -> Finding:
    found, measure = each.found, each.offer.measure
    scale = scale_of(measure, done.ready.question.currency)
    names = {
        "arm": found.arm,
        "label": measure.label,
        "n": amount(found.estimate, scale),
        "with": percent(each.shares[0]),
        "without": percent(each.shares[1]),
    }
    if found.kind == "bounds":
        low, high = (number(scale.factor * end) for end in (found.lower, found.upper))
        said = sentence(
            "Whatever makes customers take {arm}: taking changes “{label}” by {low} to {high} ({unit}).",
            low=low,
            high=high,
            unit=scale.unit,
            **names,
        )
    elif found.estimate >= 0:
        said = sentence(
            "Taking {arm} raises “{label}” by {n} among those whom the offer moves ({with} took it, {without} without "
            "it).",
            **names,
        )
    else:
        said = sentence(
            "Taking {arm} lowers “{label}” by {n} among those whom the offer moves ({with} took it, {without} without "
            "it).",
            **names,
        )
    return Finding(
        id=f"taking_{found.arm}",
        statement=said,
        estimate=scale.factor * found.estimate,
        unit=scale.unit,
        interval=interval(found, scale),
        interval_kind=kind(found),
        evidence=found.evidence,
        n=found.n,
        table="taking",
    )


def _table(told: list[Taken], done: Evaluation) -> Table:
    rows = []
    for each in told:
        scale = scale_of(each.offer.measure, done.ready.question.currency)
        ends = [scale.factor * end if np.isfinite(end) else np.nan for end in (each.found.lower, each.found.upper)]
        rows.append(
            {
                "arm": each.found.arm,
                "outcome": each.offer.measure.name,
                "label": each.offer.measure.label,
                "unit": scale.unit,
                "offer": scale.factor * each.offer.found.estimate,
                "taking": scale.factor * each.found.estimate,
                "lower": ends[0],
                "upper": ends[1],
                "took": each.shares[0],
                "took_without": each.shares[1],
                "interval": kind_in_words(each.found.kind, each.found.confidence),
                "customers": each.found.n,
            }
        )
    return Table(
        name="taking",
        frame=pd.DataFrame(rows),
        caption=sentence(
            "The effect of the offer, and that of taking it on those whom the offer moves to take it; where chance did "
            "not decide, bounds of what taking does to everybody."
        ),
        people=People(count="customers", within=["arm", "outcome", "label", "unit", "interval"]),
        columns={
            "arm": Column(sentence("Arm")),
            "label": Column(sentence("Outcome")),
            "unit": Column(sentence("Unit")),
            "offer": Column(sentence("Offer")),
            "taking": Column(sentence("Taking")),
            "lower": Column(sentence("Lower")),
            "upper": Column(sentence("Upper")),
            "took": Column(sentence("Took it"), "share"),
            "took_without": Column(sentence("Took it without the offer"), "share"),
            "customers": Column(sentence("Customers")),
        },
    )
