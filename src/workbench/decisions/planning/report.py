"""What is shown of a plan, in the order in which it is read."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.planning import words
from workbench.decisions.planning.checks import checks
from workbench.decisions.planning.lines import lines
from workbench.decisions.planning.plan import Plan
from workbench.decisions.planning.words import lasting, scale
from workbench.decisions.rollout.telling.phrases import amount
from workbench.decisions.rollout.weighing.question import DRAW
from workbench.exhibits import Column, Figure, Kept, People, Showable, Table
from workbench.models.trials.planning import POWER
from workbench.wording import day, number, percent, sentence

SHARES = (0.01, 0.02, 0.05, 0.10, 0.20)
"""Effects, as shares of the usual level, of which it is told how many customers they take, a choice."""
TIMES = (0.0, 1.0, 1.5, 2.0, 3.0)
"""True effects of which it is told how pilots end, in smallest ones worth having, a choice."""
REACH = 2.0  # smallest effects that a power curve goes on for


def exhibits(done: Plan) -> Iterator[Showable]:
    """All of it.

    Parameters
    ----------
    done
        The plan.
    """
    yield words.headline(done)
    yield words.before_after(done)
    yield words.saved(done)
    yield words.alike(done)
    yield words.drawn(done)
    yield checks(done)
    yield _curves(done)
    yield _decisions(done)
    yield _needed(done)
    yield _smallest(done)
    if done.unmoved is not None:
        yield _moved(done)
        yield _unmoved(done)
    if done.starts:
        yield _seasons(done)
    yield lines(done)
    yield metrics(done)
    yield Kept(name=DRAW, frame=done.drawn.rows)


def metrics(done: Plan) -> dict[str, float | int | None]:
    """Numbers by name.

    Parameters
    ----------
    done
        The plan.
    """
    at = done.draft
    found: dict[str, float | int | None] = {
        "smallest_effect": _finite(done.main.smallest()),
        "planned": at.size,
        "available": at.available,
        "window_days": at.main,
    }
    for each in done.prospects:
        if each.days == at.main:
            name = each.measure.name
            found |= {
                f"smallest_effect_{name}": _finite(each.smallest()),
                f"smallest_effect_{name}_plain": _finite(each.smallest(plain=True)),
                f"variance_reduction_{name}": each.whole.explained,
                f"answering_{name}": each.whole.answering,
            }
            if each.alike:
                found |= {f"icc_{name}": each.icc[0], f"design_effect_{name}": each.times}
        if each.days is not None:
            found[f"smallest_effect_{each.measure.name}_{each.days}_days"] = _finite(each.smallest())
    if at.worth is not None:
        found["smallest_effect_worth_having"] = at.worth
        found["needed"] = _finite(done.size_for(done.main, at.worth))
        for name, times in (("", 1.0), ("_twice", 2.0)):
            found[f"rolled_out_of{name}_worth_having"] = done.main.decided(times * at.worth, at.worth)[0]
    if done.unmoved is not None:
        found |= {
            "before_after_change": done.unmoved.highest.change,
            "before_after_back_to_the_mean": done.unmoved.returned[0],
            "before_after_change_of_all": done.unmoved.everybody.change,
            "window_before_explains": done.unmoved.explained,
        }
    if done.rehearsal is not None:
        found["false_alarms"] = done.rehearsal.alarms / done.rehearsal.draws
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _smallest(done: Plan) -> Table:
    rows = []
    for each in done.prospects:
        own = scale(done, each.measure)
        low, high = each.season
        usual = each.whole.mean
        rows.append(
            {
                "outcome": each.measure.name,
                "label": each.measure.label,
                "lasting": lasting(each.days),
                "days": np.nan if each.days is None else each.days,
                "unit": own.unit,
                "usual": own.factor * usual,
                "smallest": own.factor * each.smallest(),
                "share": each.smallest() / usual if each.measure.kind == "sum" and usual > 0 else np.nan,
                "lowest": own.factor * low,
                "highest": own.factor * high,
                "plain": own.factor * each.smallest(plain=True),
                "explained": each.whole.explained,
                "answering": each.whole.answering,
                "icc": each.icc[0],
                "design_effect": each.times if each.alike else np.nan,
                "windows": len(each.windows),
                "customers": each.windows[0].n,
            }
        )
    columns = {
        "label": Column(sentence("Outcome")),
        "lasting": Column(sentence("For")),
        "unit": Column(sentence("Unit")),
        "usual": Column(sentence("Usual level")),
        "smallest": Column(sentence("Smallest effect found")),
        "share": Column(sentence("Of the usual level"), "share"),
        "plain": Column(sentence("Unadjusted")),
        "explained": Column(sentence("Known before"), "share"),
        "answering": Column(sentence("Answering"), "share"),
        "icc": Column(sentence("Intraclass correlation")),
        "design_effect": Column(sentence("Design effect")),
    }
    frame = pd.DataFrame(rows)
    kept = {name: each for name, each in columns.items() if frame[name].notna().any()}
    if frame["answering"].eq(1).all():
        kept.pop("answering", None)
    if done.draft.scheme.unit is None:
        caption = sentence(
            "The smallest effect that {n} customers find four times in five, by outcome and length.",
            n=number(done.draft.size),
        )
    else:
        caption = sentence(
            "The smallest effect that {n} units (“{unit}”) find four times in five, by outcome and length.",
            n=number(done.draft.size),
            unit=done.draft.scheme.unit,
        )
    return Table(
        name="smallest_effects",
        frame=frame,
        caption=caption,
        people=People(count="customers", within=["outcome", "label", "lasting", "days", "unit"]),
        columns=kept,
    )


def _effects_asked(done: Plan) -> list[float]:
    """Over the main length: the one that is worth having, and shares of the usual level."""
    usual = abs(done.main.whole.mean)
    found = [share * usual for share in SHARES if usual > 0]
    if not found:
        found = [factor * done.main.smallest() for factor in (0.5, 1.0, 1.5, 2.0)]
    if done.draft.worth:
        found.append(done.draft.worth)
    return sorted(found)


def _needed(done: Plan) -> Table:
    main, own = done.main, scale(done, done.main.measure)
    rows = []
    for effect in _effects_asked(done):
        row: dict[str, Any] = {
            "effect": own.factor * effect,
            "share": effect / main.whole.mean if main.whole.mean > 0 else np.nan,
            "worth": sentence("worth having") if effect == done.draft.worth else "",
        }
        for each in done.of(main.measure.name):
            row[f"for_{each.days or 0}_days"] = each.needed(done.over(effect, each.days))
        rows.append(row)
    frame = pd.DataFrame(rows)
    columns = {
        "effect": Column(sentence("Effect in {weeks}", weeks=lasting(main.days)), own.unit),
        "share": Column(sentence("Of the usual level"), "share"),
        "worth": Column(" "),
    }
    if not frame["worth"].any():
        columns.pop("worth")
    if frame["share"].isna().all():
        columns.pop("share")
    for each in done.of(main.measure.name):
        columns[f"for_{each.days or 0}_days"] = Column(lasting(each.days))
    names = {"label": main.measure.label, "n": number(done.draft.available), "unit": done.draft.scheme.unit or ""}
    if done.draft.scheme.unit is None:
        caption = sentence(
            "Customers that it takes to find an effect on “{label}” four times in five, all arms together, by how long "
            "the pilot runs. There are {n}.",
            **names,
        )
    else:
        caption = sentence(
            "How many units (“{unit}”) it takes to find an effect on “{label}” four times in five, by how long the "
            "pilot runs. There are {n}.",
            **names,
        )
    return Table(name="needed", frame=frame, caption=caption, people=None, columns=columns)


def _decisions(done: Plan) -> Table | None:
    """How pilots end, by the true effect; None where it is not said which is worth having."""
    worth, main = done.draft.worth, done.main
    if not worth:
        return None
    own = scale(done, main.measure)
    rows = []
    for times in TIMES:
        roll_out, stop = main.decided(times * worth, worth)
        rows.append(
            {
                "effect": own.factor * times * worth,
                "times": times,
                "roll_out": roll_out,
                "stop": stop,
                "open": max(1 - roll_out - stop, 0.0),
            }
        )
    names = {
        "n": number(done.draft.size),
        "unit": done.draft.scheme.unit or "",
        "weeks": lasting(main.days),
        "label": main.measure.label,
        "worth": amount(worth, own),
    }
    return Table(
        name="decisions",
        frame=pd.DataFrame(rows),
        caption=sentence(
            "How pilots of {n} customers for {weeks} end, by the true effect on “{label}”: the verdict asks whether it "
            "is larger than {worth}.",
            **names,
        )
        if done.draft.scheme.unit is None
        else sentence(
            "How pilots of {n} units (“{unit}”) for {weeks} end, by the true effect on “{label}”: the verdict asks "
            "whether it is larger than {worth}.",
            **names,
        ),
        people=None,
        columns={
            "effect": Column(sentence("True effect"), own.unit),
            "times": Column(sentence("Times the smallest worth having")),
            "roll_out": Column(sentence("Roll out"), "share"),
            "stop": Column(sentence("Stop"), "share"),
            "open": Column(sentence("Go on, or cannot tell"), "share"),
        },
    )


def _curves(done: Plan) -> Figure:
    names = {"label": done.main.measure.label, "n": number(done.draft.size)}
    return Figure(
        name="power",
        draw=lambda: _draw_curves(done),
        title=(
            sentence("How surely {n} customers find an effect on “{label}”", **names)
            if done.draft.scheme.unit is None
            else sentence(
                "How surely {n} units (“{unit}”) find an effect on “{label}”", unit=done.draft.scheme.unit, **names
            )
        ),
        alt=sentence(
            "Curves of the probability that an effect on {label} is found, rising with its size, one for each length "
            "of the pilot; a line at four times in five.",
            label=done.main.measure.label,
        ),
        caption=sentence(
            "How often the pilot would find an effect of this size, were it the true one. Dots: the smallest effect "
            "that is found four times in five. Where there is none, {alarms} of pilots seem to find one.",
            alarms=percent(1 - done.draft.question.level),
        ),
    )


def _draw_curves(done: Plan) -> Axes:
    main, own = done.main, scale(done, done.main.measure)
    told = done.of(main.measure.name)
    relative = main.measure.kind == "sum" and main.whole.mean > 0
    ax = Drawing(figsize=(6.2, 3.4), layout="constrained").subplots()
    # Each length in its own share of the usual level where effects add up with time, so that lengths can be compared.
    ends = [each.smallest() / each.whole.mean if relative else each.smallest() for each in told]
    reach = REACH * max(ends[told.index(main)], min(ends))
    worth = (done.draft.worth or 0.0) / (main.whole.mean if relative else 1.0)
    reach = max(reach, TIMES[-1] * worth)  # as far as pilots are rolled out
    places = np.linspace(0, reach, 121)
    for each, end in zip(told, ends, strict=True):
        chance = each.chance(places * (each.whole.mean if relative else 1.0))
        shown = 100 * places if relative else own.factor * places
        (line,) = ax.plot(shown, 100 * chance, label=lasting(each.days), linewidth=2.4 if each is main else 1.4)
        if end <= reach:
            ax.plot([(100 if relative else own.factor) * end], [100 * POWER], "o", color=line.get_color(), markersize=5)
    if done.draft.worth:
        ended = [main.decided(each * (main.whole.mean if relative else 1.0), done.draft.worth)[0] for each in places]
        axis = (100 if relative else own.factor) * places
        ax.plot(axis, 100 * np.array(ended), "--", color="0.3", label=sentence("Rolled out"), linewidth=1.4)
    ax.axhline(100 * POWER, color="0.5", linestyle="--", linewidth=0.9)
    if done.draft.worth:
        at = done.draft.worth * (100 / main.whole.mean if relative else own.factor)
        if at <= (100 if relative else own.factor) * reach:
            ax.axvline(at, color="0.3", linestyle=":", linewidth=1.1)
            ax.annotate(sentence("worth having"), (at, 4), xytext=(3, 0), textcoords="offset points", fontsize=8)
    ax.set_xlim(0, (100 if relative else own.factor) * reach)
    ax.set_ylim(0, 102)
    ax.set_ylabel(sentence("Found, of 100 pilots"))
    ax.set_xlabel(
        sentence("True effect on “{label}” (% of the usual level)", label=main.measure.label)
        if relative
        else sentence("True effect on “{label}” ({unit})", label=main.measure.label, unit=own.unit)
    )
    if len(told) > 1 or done.draft.worth:
        ax.legend(frameon=False, fontsize=9, loc="lower right")
    return ax


def _groups(done: Plan) -> list[tuple[str, Any, float]]:
    seen = done.unmoved
    assert seen is not None
    return [
        (sentence("The {n} highest before", n=number(seen.highest.n)), seen.highest, seen.returned[0]),
        (sentence("The {n} lowest before", n=number(seen.lowest.n)), seen.lowest, seen.returned[1]),
        (sentence("All customers"), seen.everybody, 0.0),
    ]


def _unmoved(done: Plan) -> Table:
    seen = done.unmoved
    assert seen is not None
    own = scale(done, seen.measure)
    rows = [
        {
            "who": who,
            "before": own.factor * each.before,
            "after": own.factor * each.after,
            "change": own.factor * each.change,
            "lower": own.factor * each.lower,
            "upper": own.factor * each.upper,
            "share": each.change / each.before if each.before > 0 else np.nan,
            "returned": own.factor * returned,
            "customers": each.n,
        }
        for who, each, returned in _groups(done)
    ]
    return Table(
        name="before_after",
        frame=pd.DataFrame(rows),
        caption=sentence(
            "In {weeks} before {day} and in as many after it, without this pilot: “{label}” ({unit}).",
            label=seen.measure.label,
            unit=own.unit,
            weeks=lasting(seen.days),
            day=day(seen.start.date()),
        ),
        people=People(count="customers", within=["who"]),
        columns={
            "who": Column(sentence("Who")),
            "before": Column(sentence("Before")),
            "after": Column(sentence("After")),
            "change": Column(sentence("Change")),
            "lower": Column(sentence("Lower")),
            "upper": Column(sentence("Upper")),
            "share": Column(sentence("In per cent"), "share"),
            "returned": Column(sentence("Back to the mean")),
            "customers": Column(sentence("Customers")),
        },
    )


def _moved(done: Plan) -> Figure:
    seen = done.unmoved
    assert seen is not None
    return Figure(
        name="before_after",
        draw=lambda: _draw_moved(done),
        title=sentence("“{label}” before and after a day on which this pilot did not begin", label=seen.measure.label),
        alt=sentence(
            "Mean {label} of the customers with the highest value before, of those with the lowest and of all, before "
            "and after a day on which this pilot did not begin.",
            label=seen.measure.label,
        ),
        caption=sentence(
            "A before–after counts all of this as an effect: chosen customers come back to the mean, and everybody "
            "moves with trend and season. More customers take none of it away; a control does."
        ),
    )


def _draw_moved(done: Plan) -> Axes:
    seen = done.unmoved
    assert seen is not None
    own = scale(done, seen.measure)
    ax = Drawing(figsize=(6.2, 2.8), layout="constrained").subplots()
    for who, each, _ in _groups(done):
        values = own.factor * np.array([each.before, each.after])
        (line,) = ax.plot([0, 1], values, "o-")
        ax.annotate(
            who,
            (1, values[1]),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=line.get_color(),
        )
    ax.set_xticks([0, 1], [sentence("Before"), sentence("After")])
    ax.set_xlim(-0.15, 1.75)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.set_ylabel(own.unit)
    return ax


def _seasons(done: Plan) -> Table:
    main, own = done.main, scale(done, done.main.measure)
    rows = [
        {
            "start": day(start.date()),
            "usual": own.factor * each.mean,
            "deviation": own.factor * float(np.sqrt(each.variance)),
            "explained": each.explained,
            "answering": each.answering,
            "smallest": own.factor * main.smallest(each),
            "customers": each.n,
        }
        for start, each in zip(done.starts, main.windows, strict=False)
    ]
    frame = pd.DataFrame(rows).iloc[::-1].reset_index(drop=True)
    return Table(
        name="seasons",
        frame=frame,
        caption=sentence(
            "Past windows of {weeks}: how “{label}” ({unit}) moves by itself, how far customers lie apart, and what "
            "the pilot would have found.",
            label=main.measure.label,
            unit=own.unit,
            weeks=lasting(main.days),
        ),
        people=People(count="customers", within=["start"]),
        columns={
            "start": Column(sentence("From")),
            "usual": Column(sentence("Usual level")),
            "deviation": Column(sentence("Standard deviation")),
            "explained": Column(sentence("Known before"), "share"),
            "smallest": Column(sentence("Smallest effect found")),
            "customers": Column(sentence("Customers")),
        },
    )
