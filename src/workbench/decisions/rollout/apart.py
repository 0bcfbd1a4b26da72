"""Where chance did not decide: whether treated and others moved side by side before, and what if they did not after."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from scipy import stats

from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.phrases import amount, scale_of
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check
from workbench.models.trials.event_study import MAGNITUDES, EventStudy
from workbench.wording import number, p_value, sentence

PARTED = 0.05
"""p-value below which trends are said to part before the start: the usual level, as a miss costs more than an alarm."""


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """Of customers whom nobody dealt: tests of the time before, the event study, and what the effect bears.

    Parameters
    ----------
    done
        The evaluation.
    """
    yield from _without_control(done)
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
    if not own:
        yield Check(
            name="pilot_trends",
            status="warn",
            message=sentence(
                "“{label}” has no time before the start, so trends cannot be compared: its interval allows for unseen "
                "causes that matter as much as all known ones.",
                label=primary.label,
            ),
            title=sentence("No time before to compare"),
        )
    if studies:
        yield _table(studies, done)
    if own:
        yield Figure(
            name="event_study",
            draw=lambda: _draw(own, done),
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


def _without_control(done: Evaluation) -> Iterator[Showable]:
    """Nobody to compare with: always a warning, and the return to the mean in figures where its rule is known."""
    alone = done.samples.before_after
    if alone is None:
        return
    yield Check(
        name="pilot_design",
        status="warn",
        message=sentence(
            "There is no control: what is found is the change against the time before, and season, trend, chance or "
            "anything else that began then may be behind it. Deal a control by lot next time."
        ),
        title=sentence("No control"),
    )
    primary = done.ready.primary
    scale = scale_of(primary.measure, done.ready.question.currency)
    if alone.score is None:
        yield Check(
            name="pilot_return",
            status="warn",
            message=sentence(
                "It is not said by which score customers were chosen. Whoever is chosen for bad figures has better "
                "ones the next time, without any pilot: write score: and reliability: under design:."
            ),
            title=sentence("Return to the mean not known"),
        )
        return
    found, most = alone.returned(primary), alone.returned(primary, reliability=0.0)
    if found is None:
        yield Check(
            name="pilot_return",
            status="warn",
            message=sentence(
                "How reliable the score is, nobody says: up to {n} of the change may be a return to the mean. Write "
                "reliability: under design:.",
                n=amount(0.0 if most is None else most.returned, scale),
            ),
            title=sentence("Return to the mean not known"),
        )
        return
    yield Check(
        name="pilot_return",
        status="pass",
        message=sentence(
            "Chosen by a score of reliability {reliability}, customers would move by {n} without any pilot (return to "
            "the mean). Of their change by {rise} that is taken off.",
            reliability=number(alone.reliability),
            n=amount(found.returned, scale),
            rise=amount(found.rise, scale),
        ),
        value=scale.factor * found.returned,
        title=sentence("Return to the mean taken off"),
    )
    yield {"return_to_mean": scale.factor * found.returned}


def _check(arm: str, study: EventStudy, done: Evaluation) -> Check:
    p, names = study.placebo_p(), {"arm": arm, "label": done.ready.primary.measure.label}
    bears = study.breakdown(done.ready.question.level)
    if not np.isfinite(p):
        return Check(
            name=f"pilot_trends_{arm}",
            status="warn",
            message=sentence(
                "The records hold one period before {arm}: whether “{label}” moved side by side cannot be seen.",
                **names,
            ),
            title=sentence("Too little time before"),
        )
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
    said = sentence(
        "“{label}” of customers with {arm} and of others moved side by side before the start (p {p}). What is found "
        "bears trends that part {bears} times as fast as the most before.",
        p=p_value(p),
        bears=number(bears, 2),
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


def _table(studies: Mapping[tuple[str, str], tuple[Any, EventStudy]], done: Evaluation) -> Table:
    level, rows = done.ready.question.level, []
    for (arm, name), (measure, study) in studies.items():
        scale = scale_of(measure, done.ready.question.currency)
        factor = scale.factor * (study.after if measure.kind == "sum" else 1)
        for what, found in _assumed(study, level):
            rows.append(
                {
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
            )
    return Table(
        name="trends",
        frame=pd.DataFrame(rows),
        caption=sentence(
            "What is found, by how far trends may part after the start; a start one period too early should find "
            "nothing."
        ),
        people=People(count="customers", within=["arm", "outcome", "label", "assumed", "unit"]),
        columns={
            **({"arm": Column(sentence("Arm"))} if len({arm for arm, _ in studies}) > 1 else {}),
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

    yield sentence("go on side by side"), interval(study.change)
    for magnitude in MAGNITUDES:
        bounds = study.bounded(level, magnitude)
        if bounds is not None:
            said = sentence("part by {n} times the largest step before", n=number(magnitude))
            yield said, (sum(bounds) / 2, *bounds)
    line = study.trend_goes_on(level)
    if line is not None:
        yield sentence("go on parting as on average before"), line
    if study.before > 1:
        earlier = np.zeros(len(study.gaps))
        earlier[: study.before - 1] = -1 / (study.before - 1)
        earlier[study.before - 1] = 1.0
        yield sentence("placebo: a start one period too early"), interval(earlier)


def _draw(studies: Mapping[str, EventStudy], done: Evaluation) -> Axes:
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
