"""What is shown of effects by group: whether they differ, a table with both estimates, a figure."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.rollout.evaluation import Evaluation, good_of
from workbench.decisions.rollout.groups import ByGroup
from workbench.decisions.rollout.telling.phrases import scale_of
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.trials.estimates import kind_in_words
from workbench.wording import label_of, listing, number, p_value, sentence

FOUND = 0.05
"""p-value, after Holm over all groupings and arms, below which groups are said to differ."""
MOST_DRAWN = 3
"""Groupings in the figure, a choice: those whose groups differ most; all stand in the table."""


def findings(done: Evaluation) -> Iterator[Finding]:
    """For whom it works: each arm and grouping that differs; or one sentence that none does.

    Parameters
    ----------
    done
        The evaluation.
    """
    apart = [each for each in done.groups if each.p_holm < FOUND]
    for each in apart:
        yield _differ(each, done)
    if done.groups and not apart:
        yield _alike(min(done.groups, key=lambda each: each.p_value), done)


def _alike(each: ByGroup, done: Evaluation) -> Finding:
    """That no groups are seen to differ, with the two of all that lie furthest apart."""
    scale = scale_of(done.ready.primary.measure, done.ready.question.currency)
    effects = each.effects
    means = np.array([one.estimate for one in effects])
    high, low = int(means.argmax()), int(means.argmin())
    drawn = each.shrunk.draws(done.ready.question.draws, random_seed=done.ready.question.seed)
    lower, upper = np.quantile(scale.factor * (drawn[:, high] - drawn[:, low]), _ends(done.ready.question.level))
    names = {
        "high": _in_words(effects[high].group),
        "low": _in_words(effects[low].group),
        "n": number(scale.factor * (means[high] - means[low])),
        "unit": scale.unit,
    }
    if done.ready.question.groups is None:
        said = sentence(
            "No group is seen to gain more than others: {high} and {low} differ most, by {n} {unit}.", **names
        )
    else:
        said = sentence(
            "No group named beforehand is seen to gain more than others: {high} and {low} differ most, by {n} {unit}.",
            **names,
        )
    return Finding(
        id="groups_alike",
        statement=said,
        estimate=scale.factor * float(means[high] - means[low]),
        unit=scale.unit,
        interval=(float(lower), float(upper)),
        interval_kind=kind_in_words("posterior", done.ready.question.level),
        evidence=effects[high].evidence,
        n=effects[high].n,
        table="groups",
    )


def _in_words(group: str) -> str:
    """`age_group=18 to 30` as it stands in a sentence: age group 18 to 30."""
    parts = [each.partition("=") for each in re.split(r", (?=\w+=)", group)]
    return listing([f"{label_of(None, name)} {level}" for name, _, level in parts])


def _ends(level: float) -> list[float]:
    return [(1 - level) / 2, (1 + level) / 2]


def _differ(each: ByGroup, done: Evaluation) -> Finding:
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    found = sorted(each.effects, key=lambda one: -measure.good * one.estimate)
    best, least = found[0], found[-1]
    names = {
        "arm": each.arm,
        "label": measure.label,
        "best": _in_words(best.group),
        "least": _in_words(least.group),
        "more": number(scale.factor * best.estimate),
        "less": number(scale.factor * least.estimate),
        "unit": scale.unit,
        "p": p_value(each.p_holm),
    }
    if best.evidence == "experimental":
        said = sentence(
            "“{label}” moves most with {arm} where {best} ({more} {unit}), least where {least} ({less}; p {p}).",
            **names,
        )
    else:
        said = sentence(
            "“{label}” lies furthest from comparable customers where {best} ({more} {unit}), least where {least} "
            "({less}; p {p}).",
            **names,
        )
    return Finding(
        id=f"groups_{each.arm}_{each.grouping.name}",
        statement=said,
        estimate=scale.factor * best.estimate,
        unit=scale.unit,
        interval=(scale.factor * best.lower, scale.factor * best.upper),
        interval_kind=kind_in_words(best.kind, best.confidence),
        evidence=best.evidence,
        n=best.n,
        table="groups",
        figure="groups",
    )


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """Groups that stand together, the table and the figure.

    Parameters
    ----------
    done
        The evaluation.
    """
    lumped = [each for each in done.ready.groupings if each.lumped]
    if lumped:
        names = listing([f"{each.name} ({number(each.lumped)})" for each in lumped])
        yield Check(
            name="pilot_small_groups",
            status="pass",
            message=sentence(
                "Groups with too few customers of an arm stand together as others, by column: {names}.", names=names
            ),
            title=sentence("Small groups stand together"),
        )
    if done.groups:
        yield _table(done)
        yield _figure(done)


def _table(done: Evaluation) -> Table:
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    smallest = {each.arm: each.price.smallest for each in done.verdicts}
    good = good_of(done.ready)
    rows = []
    for each in done.groups:
        worth = 1 - each.shrunk.below(smallest[each.arm]) if good > 0 else each.shrunk.below(-smallest[each.arm])
        for own, found, p_worth_it in zip(each.alone, each.effects, worth, strict=True):
            rows.append(
                {
                    "arm": each.arm,
                    "grouping": each.grouping.name,
                    "group": found.group,
                    "effect": scale.factor * found.estimate,
                    "lower": scale.factor * found.lower,
                    "upper": scale.factor * found.upper,
                    "alone": scale.factor * own.found.estimate,
                    "alone_lower": scale.factor * own.found.lower,
                    "alone_upper": scale.factor * own.found.upper,
                    "p_worth_it": float(p_worth_it),
                    "p_differ": each.p_holm,
                    "customers": found.n,
                }
            )
    return Table(
        name="groups",
        frame=pd.DataFrame(rows),
        caption=sentence(
            "Effects on “{label}” by groups that were named beforehand ({unit}): drawn towards each other as far as "
            "chance explains their differences, and beside it what each group says alone.",
            label=measure.label,
            unit=scale.unit,
        ),
        people=People(count="customers", by=["group"], within=["arm", "grouping", "p_differ"]),
        columns={
            **({"arm": Column(sentence("Arm"))} if len({each["arm"] for each in rows}) > 1 else {}),
            "group": Column(sentence("Group")),
            "effect": Column(sentence("Effect")),
            "lower": Column(sentence("Lower")),
            "upper": Column(sentence("Upper")),
            "alone": Column(sentence("Alone")),
            "p_worth_it": Column(sentence("Worth having"), "share"),
            "p_differ": Column(sentence("Groups alike"), "p"),
            "customers": Column(sentence("Customers")),
        },
    )


def _figure(done: Evaluation) -> Figure:
    label = done.ready.primary.measure.label
    return Figure(
        name="groups",
        draw=lambda: _draw(done),
        title=sentence("For whom: effects on “{label}” by group", label=label),
        alt=sentence(
            "The effect on {label} of each arm in each group with its interval, and beside it what the group says "
            "alone.",
            label=label,
        ),
        caption=sentence("With intervals; hollow: what each group says alone; dashed: everybody."),
    )


def _draw(done: Evaluation) -> Drawing:
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    by_name: dict[str, list[ByGroup]] = {}
    for each in sorted(done.groups, key=lambda one: one.p_value):
        by_name.setdefault(each.grouping.name, []).append(each)
    chosen = list(by_name.values())[:MOST_DRAWN]
    arms = list(done.ready.pilot.arms)
    whole = {each.found.arm: each.found.estimate for each in done.of(measure.name)}
    labels = [_levels(each) for each in chosen]
    heights = [len(each) for each in labels]
    drawing = Drawing(figsize=(6.6, 0.7 + (0.2 + 0.18 * len(arms)) * sum(heights)), layout="constrained")
    panes = drawing.subplots(
        len(chosen), len(arms), squeeze=False, sharex=True, sharey="row", gridspec_kw={"height_ratios": heights}
    )
    for row, (group, levels) in enumerate(zip(chosen, labels, strict=True)):
        for column, arm in enumerate(arms):
            ax = panes[row, column]
            ax.axvline(0, color="0.6", linewidth=0.8)
            if arm in whole:
                ax.axvline(scale.factor * whole[arm], color="0.3", linewidth=0.9, linestyle="--")
            for each in group:
                if each.arm == arm:
                    _pane(ax, each, levels, scale.factor)
            ax.set_yticks(np.arange(len(levels)), levels)
            ax.set_ylim(len(levels) - 0.5, -0.5)
            if row == 0:
                ax.set_title(arm, fontsize=9)
    drawing.supxlabel(sentence("Effect ({unit})", unit=scale.unit), fontsize=9)
    return drawing


def _levels(group: list[ByGroup]) -> list[str]:
    return sorted({found.group for each in group for found in each.effects})


def _pane(ax: Axes, each: ByGroup, levels: list[str], factor: float) -> None:
    for own, found in zip(each.alone, each.effects, strict=True):
        place = levels.index(found.group)
        ax.hlines(place, factor * found.lower, factor * found.upper, color="C0", linewidth=1.8)
        ax.plot(factor * found.estimate, place, "o", color="C0")
        ax.plot(factor * own.found.estimate, place, "o", color="C0", markerfacecolor="none", markersize=8)
