"""How a pilot went over time: month by month where starts differ, and what is doubtful without a control."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.rollout.estimators import course
from workbench.decisions.rollout.evaluation import Evaluation
from workbench.decisions.rollout.telling.phrases import Scale, amount, clear, interval, kind, scale_of
from workbench.exhibits import Column, Figure, Kept, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.trials.estimates import Estimate
from workbench.wording import number, sentence, shown


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """What lasts of starts one after the other, and doubts without a control.

    Parameters
    ----------
    done
        The evaluation.
    """
    yield from _by_month(done)
    yield from _without_control(done)


def _by_month(done: Evaluation) -> Iterator[Showable]:
    """Of starts one after the other: what lasts, the course of the primary outcome, and all outcomes in a table."""
    rows = list(_rows(done))
    if not rows:
        return
    measure = done.ready.primary.measure
    own = [each for each in rows if each["measure"] is measure]
    yield from _lasting(done, own)
    yield _table(done, rows)
    yield _kept(rows)
    if any(each["clock"] == "start" for each in own):
        yield Figure(
            name="course",
            draw=lambda: _draw(done, own),
            title=sentence("Month by month: “{label}”", label=measure.label),
            alt=sentence("The effect on {label} in each month since the start, with intervals.", label=measure.label),
            caption=sentence(
                "Effect in each month since the start, with intervals, against customers who are not in it yet, or "
                "never."
            ),
        )


def _rows(done: Evaluation) -> Iterator[Mapping[str, Any]]:
    waves = done.samples.waves
    if waves is None:
        return
    for outcome in done.ready.outcomes:
        if outcome.measure.name not in waves.monthly.values or outcome.measure.kind == "staying":
            continue
        for arm in done.ready.pilot.arms:
            found = waves.imputed(outcome.measure, arm)
            for row in course(found) if found is not None else ():
                yield {"arm": arm, "measure": outcome.measure, **row}
            beside = waves.beside(outcome.measure, arm)
            if found is not None and beside is not None:
                yield {"arm": arm, "measure": outcome.measure, "clock": "dummy", "month": None, "found": beside}


def _lasting(done: Evaluation, rows: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """What was left after the end, of the primary outcome."""
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    for arm in done.ready.pilot.arms:
        found = {each["clock"]: each["found"] for each in rows if each["arm"] == arm and each["month"] is None}
        if "on" not in found or "after" not in found:
            continue
        on, after = found["on"], found["after"]
        names = {"arm": arm, "on": _signed(on, scale), "after": _signed(after, scale)}
        if clear(after):
            said = sentence("It lasts: {on} a month while {arm} was on, {after} in the months after its end.", **names)
        elif clear(on):
            said = sentence("It fades: {on} a month while {arm} was on, {after} in the months after its end.", **names)
        else:
            continue
        yield Finding(
            id=f"after_{arm}",
            statement=said,
            estimate=scale.factor * after.estimate,
            unit=scale.unit,
            interval=interval(after, scale),
            interval_kind=kind(after),
            evidence="experimental" if done.fairness.experimental else "associational",
            n=after.n,
            table="lasting",
            figure="course",
        )


def _signed(found: Estimate, scale: Scale) -> str:
    told = amount(found.estimate, scale)
    return sentence("{n} less", n=told) if found.estimate < 0 else sentence("{n} more", n=told)


def _with_sign(value: float, scale: Scale) -> str:
    told = number(abs(scale.factor * value))
    return sentence("−{n}", n=told) if value < 0 else sentence("+{n}", n=told)


def _kept(rows: list[Mapping[str, Any]]) -> Kept:
    """Every month since each start and each end, of all outcomes in their units."""
    names = ("estimate", "se", "lower", "upper", "n", "units")
    frame = pd.DataFrame(
        {
            "arm": each["arm"],
            "outcome": each["measure"].name,
            "clock": each["clock"],
            "month": each["month"],
            **{name: getattr(each["found"], name) for name in names},
        }
        for each in rows
    )
    return Kept(name="course", frame=frame.astype({"month": "Int64"}))


def _table(done: Evaluation, rows: list[Mapping[str, Any]]) -> Table:
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for each in rows:
        if each["month"] is not None:
            continue
        measure, found = each["measure"], each["found"]
        scale = scale_of(measure, done.ready.question.currency)
        names = {"arm": each["arm"], "outcome": measure.name, "label": measure.label, "unit": scale.unit}
        line = lines.setdefault((each["arm"], measure.name), {**names, "customers": found.n})
        told = {"": found.estimate, "_lower": found.lower, "_upper": found.upper}
        line |= {f"{each['clock']}{end}": scale.factor * value for end, value in told.items()}
    columns = [f"{clock}{end}" for clock in ("on", "after", "dummy") for end in ("", "_lower", "_upper")]
    frame = pd.DataFrame(list(lines.values()))
    frame = frame.reindex(columns=["arm", "outcome", "label", "unit", *columns, "customers"])
    return Table(
        name="lasting",
        frame=frame,
        caption=sentence(
            "Effects on a month while it was on, and after its end. Beside them the usual regression with one dummy: "
            "it is misled where an effect lasts beyond the end."
        ),
        people=People(count="customers", within=["arm", "outcome", "label", "unit"]),
        columns={
            **({"arm": Column(sentence("Arm"))} if frame["arm"].nunique() > 1 else {}),
            "label": Column(sentence("Outcome")),
            "unit": Column(sentence("Unit")),
            "on": Column(sentence("While on")),
            "on_lower": Column(sentence("Lower")),
            "on_upper": Column(sentence("Upper")),
            "after": Column(sentence("After")),
            "after_lower": Column(sentence("Lower")),
            "after_upper": Column(sentence("Upper")),
            "dummy": Column(sentence("One dummy")),
        },
    )


def _draw(done: Evaluation, rows: list[Mapping[str, Any]]) -> Axes:
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    ax = Drawing(figsize=(6.2, 3.0), layout="constrained").subplots()
    arms = list(done.ready.pilot.arms)
    for place, arm in enumerate(arms):
        own = [each["found"] for each in rows if each["arm"] == arm and each["clock"] == "start"]
        if not own:
            continue
        months = np.array([each.month for each in own]) + 0.1 * (place - (len(arms) - 1) / 2)
        values = scale.factor * np.array([[each.estimate, each.lower, each.upper] for each in own])
        (line,) = ax.plot(months, values[:, 0], "o-", markersize=4, label=arm)
        ax.vlines(months, values[:, 1], values[:, 2], color=line.get_color(), linewidth=1.6)
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.set_xlabel(sentence("Month since the start"))
    ax.set_ylabel(sentence("Effect ({unit})", unit=scale.unit))
    if len(arms) > 1:
        ax.legend(frameon=False, fontsize=8)
    return ax


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
    if alone.score is None and done.ready.pilot.design.score:
        yield Check(
            name="pilot_return",
            status="warn",
            message=sentence(
                "Customers were chosen by {score}: unusual figures come back towards the mean without any pilot. Say "
                "outcome=, the outcome that it measures, and that is taken off.",
                score=shown(done.ready.pilot.design.score),
            ),
            title=sentence("Return to the mean not taken off"),
        )
        return
    if alone.score is None:
        yield Check(
            name="pilot_return",
            status="warn",
            message=sentence(
                "It is not said by which score customers were chosen. Whoever is chosen for unusually low or high "
                "figures has more usual ones the next time, without any pilot: write score: and reliability: under "
                "design:."
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
            "Chosen by a score of reliability {reliability}, customers would have changed by {returned} {unit} without "
            "any pilot (return to the mean). They changed by {rise}; the rest, {left}, is told.",
            reliability=number(alone.reliability),
            returned=_with_sign(found.returned, scale),
            rise=_with_sign(found.rise, scale),
            left=_with_sign(found.effect.estimate, scale),
            unit=scale.unit,
        ),
        value=scale.factor * found.returned,
        title=sentence("Return to the mean taken off"),
    )
    yield {"return_to_mean": scale.factor * found.returned}
