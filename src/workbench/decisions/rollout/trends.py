"""Customers whom nobody dealt: did they move side by side before, and what if they did not go on so."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from scipy import stats

from workbench.decisions.rollout.effects import Measured
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.telling.phrases import Scale, scale_of
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check
from workbench.models.trials.event_study import MAGNITUDES, EventStudy
from workbench.models.trials.head_start import HeadStart
from workbench.wording import number, p_value, sentence

PARTED = 0.05
"""p-value below which trends are said to part before the start: the usual level, as a miss costs more than an alarm."""


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """Tests of the time before, the event study, the head start of who stays, and what the effect bears.

    Parameters
    ----------
    done
        The evaluation.
    """
    chosen, at = done.samples.chosen, done.ready
    if chosen is None or not at.days:
        return
    studies = {
        (arm, outcome.measure.name): (outcome.measure, found[0])
        for outcome in at.outcomes
        for arm in at.pilot.arms
        if outcome.measure.table not in ("treatments", "customers")
        and (found := chosen.study(outcome.measure, arm, at.days)) is not None
    }
    primary = at.primary.measure
    own = {arm: study for (arm, name), (_, study) in studies.items() if name == primary.name}
    for arm, study in own.items():
        yield _check(arm, study, done)
        yield {f"breakdown_{arm}": study.breakdown(done.ready.question.level)}
    heads = list(_heads(done))
    ahead = [each for each in heads if each[1].measure is primary]
    for arm, _, head in ahead:
        yield _head_check(arm, head, done)
    if not own and not ahead:
        yield Check(
            name="pilot_trends",
            status="warn",
            message=sentence(
                "“{label}” has no time before the start, so trends cannot be compared: of a yes or no the interval "
                "holds whatever made customers choose, of others what matters as much as all that is known.",
                label=primary.label,
            ),
            title=sentence("No time before to compare"),
        )
    rows = sorted(
        [*_of_heads(heads, done), *_of_studies(studies, done)], key=lambda each: each["outcome"] != primary.name
    )
    if rows:
        yield _table(rows)
    if own:
        yield Figure(
            name="event_study",
            draw=lambda: _draw_trends(own, done),
            title=sentence("Side by side before? “{label}”", label=primary.label),
            alt=sentence(
                "How far treated customers and others lie apart in {label}, period by period, against the last period "
                "before the start.",
                label=primary.label,
            ),
            caption=sentence(
                "Treated less others, against the last period before the start, with intervals. What is not flat "
                "before the start need not be the pilot after it."
            ),
        )


def _check(arm: str, study: EventStudy, done: Evaluation) -> Check:
    p, names = study.placebo_p(), {"arm": arm, "label": done.ready.primary.measure.label}
    bears = study.breakdown(done.ready.question.level)
    if not np.isfinite(p):
        one = study.before < 2
        said = (
            sentence(
                "The records hold one period before {arm}: whether “{label}” moved side by side cannot be seen.",
                **names,
            )
            if one
            else sentence(
                "So few started with {arm}, or waited, as wholes that it cannot be tested whether “{label}” moved side "
                "by side before; the interval bears trends that part by as much as they seem to have.",
                **names,
            )
        )
        title = sentence("Too little time before") if one else sentence("Too few units to test trends")
        return Check(name=f"pilot_trends_{arm}", status="warn", message=said, title=title)
    if p < PARTED:
        said = sentence(
            "“{label}” of customers with {arm} and of others parted before the start already (p {p}); the interval "
            "bears trends that go on parting by as much.",
            p=p_value(p),
            **names,
        )
        return Check(
            name=f"pilot_trends_{arm}",
            status="warn",
            message=said,
            value=p,
            threshold=PARTED,
            title=sentence("Trends parted before the start"),
        )
    names = {"p": p_value(p), "bears": number(bears, 2), **names}
    if bears > 0:
        said = sentence(
            "“{label}” of customers with {arm} and of others moved side by side before the start (p {p}). What is "
            "found bears trends that part {bears} times as fast as the most before.",
            **names,
        )
    else:
        said = sentence(
            "“{label}” of customers with {arm} and of others moved side by side before the start (p {p}), as far as "
            "can be seen.",
            **names,
        )
    return Check(
        name=f"pilot_trends_{arm}",
        status="pass",
        message=said,
        value=p,
        threshold=PARTED,
        title=sentence("Side by side before the start"),
    )


def _heads(done: Evaluation) -> Iterator[tuple[str, Measured, HeadStart]]:
    """Of staying, by arm."""
    for outcome in done.ready.outcomes:
        for arm in done.ready.pilot.arms:
            found = done.samples.head_start(outcome, arm, done.ready.days)
            if found is not None:
                yield arm, outcome, found


def _head_check(arm: str, found: HeadStart, done: Evaluation) -> Check:
    scale = scale_of(done.ready.primary.measure, done.ready.question.currency)
    names = {
        "arm": arm,
        "ratio": number(round(found.ratio, 2)),
        "gone": _signed(found.gone.estimate, scale),
        "lasting": _signed(found.lasting.estimate, scale),
        "unit": scale.unit,
    }
    return Check(
        name=f"pilot_trends_{arm}",
        status="warn",
        message=sentence(
            "Nobody leaves before the start, but in the first month, too early for a pilot, customers with {arm} left "
            "{ratio} times as often. If that lasts, {lasting} {unit} is left for it; if it goes, {gone}.",
            **names,
        ),
        value=found.ratio,
        title=sentence("A head start in the first month"),
    )


def _signed(value: float, scale: Scale) -> str:
    told = number(abs(scale.factor * value))
    return sentence("−{n}", n=told) if value < 0 else sentence("+{n}", n=told)


def _of_heads(heads: list[tuple[str, Measured, HeadStart]], done: Evaluation) -> Iterator[dict[str, Any]]:
    level = done.ready.question.level
    for arm, outcome, found in heads:
        scale = scale_of(outcome.measure, done.ready.question.currency)
        for what, one in (
            (sentence("head start of the first month gone"), found.gone),
            (sentence("head start of the first month lasts"), found.lasting),
        ):
            low, high = one.interval(level)
            yield {
                "arm": arm,
                "outcome": outcome.measure.name,
                "label": outcome.measure.label,
                "assumed": what,
                "unit": scale.unit,
                "effect": scale.factor * one.estimate,
                "lower": scale.factor * low,
                "upper": scale.factor * high,
                "customers": int((one.influence != 0).sum()),
            }


def _of_studies(
    studies: Mapping[tuple[str, str], tuple[Any, EventStudy]], done: Evaluation
) -> Iterator[dict[str, Any]]:
    level = done.ready.question.level
    for (arm, name), (measure, study) in studies.items():
        scale = scale_of(measure, done.ready.question.currency)
        factor = scale.factor * (study.after if measure.kind == "sum" else 1)
        for what, found in _assumed(study, level):
            yield {
                "arm": arm,
                "outcome": name,
                "label": measure.label,
                "assumed": what,
                "unit": scale.unit,
                "effect": factor * found[0],
                "lower": factor * found[1],
                "upper": factor * found[2],
                "customers": study.n,
            }


def _table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        name="trends",
        frame=pd.DataFrame(rows),
        caption=sentence(
            "What is found if trends go on side by side, and how far it may lie from that if they part after the "
            "start; the report tells the interval of one step. A start one period too early should find nothing."
        ),
        people=People(count="customers", within=["arm", "outcome", "label", "assumed", "unit"]),
        columns={
            **({"arm": Column(sentence("Arm"))} if len({each["arm"] for each in rows}) > 1 else {}),
            "label": Column(sentence("Outcome")),
            "assumed": Column(sentence("Trends")),
            "unit": Column(sentence("Unit")),
            "effect": Column(sentence("Difference")),
            "lower": Column(sentence("Lower")),
            "upper": Column(sentence("Upper")),
        },
    )


def _assumed(study: EventStudy, level: float) -> Iterator[tuple[str, tuple[float, float, float]]]:
    reach = float(stats.norm.ppf((1 + level) / 2))

    def interval(weights: np.ndarray) -> tuple[float, float, float]:
        estimate, influence = study.combined(weights)
        error = float(np.sqrt((influence**2).sum()))
        return estimate, estimate - reach * error, estimate + reach * error

    side_by_side = interval(study.change)
    estimate = side_by_side[0]
    yield sentence("go on side by side"), side_by_side
    for magnitude in MAGNITUDES:
        bounds = study.bounded(level, magnitude)
        if bounds is not None:
            said = sentence("part by {n} times the largest step before", n=number(magnitude))
            yield said, (estimate, *bounds)
    line = study.trend_goes_on(level)
    if line is not None:
        yield sentence("go on parting as on average before"), line
    if study.before > 1:
        earlier = np.zeros(len(study.gaps))
        earlier[: study.before - 1] = -1 / (study.before - 1)
        earlier[study.before - 1] = 1.0
        yield sentence("placebo: a start one period too early"), interval(earlier)


def _draw_trends(studies: Mapping[str, EventStudy], done: Evaluation) -> Axes:
    scale = scale_of(done.ready.primary.measure, done.ready.question.currency)
    reach = float(stats.norm.ppf((1 + done.ready.question.level) / 2))
    ax = Drawing(figsize=(6.2, 3.0), layout="constrained").subplots()
    for place, (arm, study) in enumerate(studies.items()):
        gaps, errors = (scale.factor * each for each in study.since_last())
        when = np.arange(len(gaps)) - study.before + 0.08 * (place - (len(studies) - 1) / 2)
        (line,) = ax.plot(when, gaps, "o-", markersize=4, label=arm)
        ax.vlines(when, gaps - reach * errors, gaps + reach * errors, color=line.get_color(), linewidth=1.6)
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.axvline(-0.5, color="0.3", linewidth=0.9, linestyle="--")
    ax.set_xlabel(sentence("Periods since the start"))
    ax.set_ylabel(sentence("Treated less others ({unit})", unit=scale.unit))
    if len(studies) > 1:
        ax.legend(frameon=False, fontsize=8)
    return ax
