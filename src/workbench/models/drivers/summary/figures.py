"""How a summarised drivers' model is drawn, and what each figure shows in words."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench.models.drivers.summary.tables import LIKELY, SURE, SummaryTables
from workbench.models.drivers.summary.words import FACTORS
from workbench.textwidth import shorten
from workbench.wording import listing, number, percent, sentence

LABEL_WIDTH = 26  # letters beside a figure of the page's width
CLOUD = 60
"""Draws shown for each driver on the map."""
MOST_ON_MAP = 6
"""Drivers named on a map that has more than `ALL_ON_MAP`, beside those in the order of work."""
ALL_ON_MAP = 8  # names that fit one under the other
MOST_ROWS = 20
"""Effects by segment that one figure shows."""

Records = list[dict[Any, Any]]


def records(table: pd.DataFrame) -> Records:
    """Rows as dictionaries.

    Parameters
    ----------
    table
        Any.
    """
    return table.to_dict("records")


def _axes(rows: int) -> Axes:
    return Figure(figsize=(6.4, 1.3 + 0.36 * max(rows, 3)), layout="constrained").subplots()


def _legend(ax: Axes, columns: int, handles: Sequence[Any] | None = None) -> None:
    drawn = {} if handles is None else {"handles": handles}
    whole = ax.get_figure(root=True)
    assert whole is not None
    whole.legend(loc="outside upper left", ncols=columns, fontsize="small", handletextpad=0.2, columnspacing=1, **drawn)


def _label_rows(ax: Axes, labels: Iterable[object]) -> None:
    names = [shorten(str(text), LABEL_WIDTH) for text in labels]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)


def draw_importance(summary: SummaryTables) -> Axes:
    """Shares with intervals; the mean share of each driver's knockoff as a hollow diamond.

    Parameters
    ----------
    summary
        A summarised model.
    """
    model = summary.model
    table = summary.importance_table.iloc[::-1].reset_index(drop=True)
    place = {name: d for d, name in enumerate(model.ratings.drivers)}
    floor = model.importance.knockoff.mean(0)[[place[name] for name in table["driver"]]]
    ax = _axes(len(table))
    rows = np.arange(len(table))
    sure = (table["p_above_knockoff"] >= SURE).to_numpy()
    share = table["share"].to_numpy()
    ax.hlines(rows, table["lower"].to_numpy(), table["upper"].to_numpy(), color="C0", linewidth=2)
    ax.plot(share[sure], rows[sure], "o", color="C0", label=sentence("share, clearly above chance"))
    label = sentence("share, perhaps chance")
    ax.plot(share[~sure], rows[~sure], "o", color="C0", markerfacecolor="white", label=label)
    label = sentence("what pure chance would give")
    ax.plot(floor, rows, "D", color="C1", markerfacecolor="none", markersize=5, label=label)
    _label_rows(ax, table["label"])
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(sentence("Share of what the ratings explain"))
    _legend(ax, 2)
    return ax


def describe_importance(summary: SummaryTables) -> str:
    """The same in words.

    Parameters
    ----------
    summary
        A summarised model.
    """
    rows = [
        sentence(
            "{label} {share} ({lower} to {upper})",
            label=row["label"],
            share=percent(row["share"]),
            lower=percent(row["lower"]),
            upper=percent(row["upper"]),
        )
        for row in records(summary.importance_table)
    ]
    return sentence("Shares of what is explained with intervals, largest first: {rows}.", rows=listing(rows))


def draw_map(summary: SummaryTables) -> Axes:
    """Importance against performance as clouds of draws, with the target.

    The order of work is numbered, and the most important drivers are named.

    Parameters
    ----------
    summary
        A summarised model.
    """
    model, table = summary.model, summary.map_table
    place = {name: d for d, name in enumerate(model.ratings.drivers)}
    kept = np.linspace(0, model.posterior.size - 1, CLOUD).astype(int)
    ax = Figure(figsize=(6.4, 5.2), layout="constrained").subplots()
    ax.axvline(summary.target, color="0.45", linewidth=1, linestyle="--")
    order = {name: place for place, name in enumerate(summary.order, start=1)}
    first = table.assign(fix=table["driver"].isin(order)).sort_values(["fix", "importance"], ascending=False)
    worth = set(first["driver"].head(len(table) if len(table) <= ALL_ON_MAP else MOST_ON_MAP))
    named, drawn = [], set()
    for row in records(table):
        name, d = row["driver"], place[row["driver"]]
        matters = row["fix_first"] + row["keep_up"] >= LIKELY and summary.tells
        color = "C1" if name in order else "C0" if matters else "0.55"
        cloud = (summary.performance[kept, d], model.importance.share[kept, d])
        ax.plot(*cloud, ".", color=color, alpha=0.25, markersize=4)
        drawn.add(color)
        marker = {"C1": "s", "C0": "o"}.get(color, "^")
        at = (row["performance"], row["importance"])
        ax.plot(*at, marker, color=color, markeredgecolor="white", markersize=8)
        if name in worth:
            named.append((*at, f"{order[name]} {row['label']}" if name in order else row["label"], color))
    ax.margins(x=0.12, y=0.1)
    ax.set_ylim(bottom=0)
    _names(ax, named)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    target = number(summary.target)
    ax.set_xlabel(sentence("Performance: mean rating, 0 to 100 (dashed: target {target})", target=target))
    ax.set_ylabel(sentence("Importance: share of what is explained"))
    marks = (
        ("s", "C1", sentence("order of work (numbered)")),
        ("o", "C0", sentence("matters too")),
        ("^", "0.55", sentence("not clear that it matters")),
    )
    _legend(
        ax, 3, [ax.plot([], [], mark, color=color, label=label)[0] for mark, color, label in marks if color in drawn]
    )
    return ax


def _names(ax: Axes, named: Sequence[tuple[float, float, str, str]]) -> None:
    """Names right of their points, pushed away from each other where they would touch."""
    step, last = 0.05 * ax.get_ylim()[1], -np.inf
    for x, y, label, color in sorted(named, key=lambda each: each[1]):
        last = max(y, last + step)
        ax.annotate(
            shorten(label, LABEL_WIDTH),
            xy=(x, y),
            xytext=(1.02, last),
            textcoords=("axes fraction", "data"),
            color="0.25" if color == "0.55" else color,
            va="center",
            fontsize="small",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.6, "alpha": 0.6},
        )


def describe_map(summary: SummaryTables) -> str:
    """The same in words.

    Parameters
    ----------
    summary
        A summarised model.
    """
    rows = [
        sentence(
            "{label}: performance {performance}, importance {importance}",
            label=row["label"],
            performance=number(row["performance"]),
            importance=percent(row["importance"]),
        )
        for row in records(summary.map_table)
    ]
    return sentence(
        "Clouds of draws by driver, performance to the right, importance upwards, the target at {target}. {rows}.",
        target=number(summary.target),
        rows="; ".join(rows),
    )


def draw_what_if(summary: SummaryTables) -> Axes:
    """Change of the first measure with intervals, in the order of work.

    Parameters
    ----------
    summary
        A summarised model.
    """
    measure = summary.measure
    factor = FACTORS.get(measure, 1.0)
    table = summary.what_if_table.iloc[::-1].reset_index(drop=True)
    ax = _axes(len(table))
    rows = np.arange(len(table))
    lower, middle, upper = (
        factor * table[name].to_numpy() for name in (f"{measure}_lower", measure, f"{measure}_upper")
    )
    ax.axvline(0, color="0.55", linewidth=1)
    ax.hlines(rows, lower, upper, color="C0", linewidth=2)
    ax.plot(middle, rows, "o", color="C0")
    _label_rows(ax, table["label"])
    if measure == "nps":
        label = sentence("Change in NPS that goes with it (points)")
    elif measure == "top_box":
        label = sentence("Change in top answers that goes with it (percentage points)")
    else:
        label = sentence("Change in the mean that goes with it (points of its scale)")
    ax.set_xlabel(label)
    return ax


def describe_what_if(summary: SummaryTables) -> str:
    """The same in words.

    Parameters
    ----------
    summary
        A summarised model.
    """
    measure = summary.measure
    factor = FACTORS.get(measure, 1.0)
    rows = [
        sentence(
            "{label} {change} ({lower} to {upper})",
            label=row["label"],
            change=number(factor * row[measure]),
            lower=number(factor * row[f"{measure}_lower"]),
            upper=number(factor * row[f"{measure}_upper"]),
        )
        for row in records(summary.what_if_table)
    ]
    return sentence("Changes with intervals, in the order of work: {rows}.", rows=listing(rows))


def _segment_effects(summary: SummaryTables) -> list[Records]:
    """Effects by segment of the most important drivers, so many as there is room for; the most important first."""
    table = summary.effect_table
    room = max(MOST_ROWS // len(summary.model.ratings.segments), 1)
    drawn = [table[(table["driver"] == name) & table["n"].notna()] for name in summary.importance_table["driver"]]
    return [records(each) for each in drawn if len(each)][:room]


def draw_segment_effects(summary: SummaryTables) -> Axes:
    """Effects by segment: of each segment alone (hollow, with its interval) and partially pooled (filled).

    Parameters
    ----------
    summary
        A summarised model.
    """
    blocks = _segment_effects(summary)
    height = 1.3 + 0.25 * sum(len(rows) + 1.4 for rows in blocks)
    ax = Figure(figsize=(6.4, height), layout="constrained").subplots()
    ax.axvline(0, color="0.55", linewidth=1)
    ticks: list[float] = []
    labels: list[str] = []
    headings: list[int] = []
    place = 0.0
    for rows in blocks:
        headings.append(len(ticks))
        ticks.append(place)
        labels.append(shorten(str(rows[0]["label"]), LABEL_WIDTH))
        for row in rows:
            place += 1
            ticks.append(place)
            labels.append(shorten(str(row["segment"]), LABEL_WIDTH))
            if np.isfinite(row["alone"]):
                ax.hlines(place + 0.18, row["alone_lower"], row["alone_upper"], color="C1", linewidth=1)
                ax.plot(row["alone"], place + 0.18, "o", color="C1", markerfacecolor="white", markersize=4.5)
            ax.hlines(place - 0.12, row["lower"], row["upper"], color="C0", linewidth=2)
            ax.plot(row["effect"], place - 0.12, "o", color="C0", markersize=5)
        place += 1.4
    ax.set_yticks(ticks, labels)
    for heading in headings:
        ax.get_yticklabels()[heading].set_fontweight("bold")
    ax.set_ylim(place - 0.6, -0.6)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_xlabel(sentence("Effect of 10 points of 100 ({unit})", unit=summary.model.effect_unit))
    pooled = ax.plot([], [], "o", color="C0", label=sentence("partially pooled by the model"))
    alone = ax.plot([], [], "o", color="C1", markerfacecolor="white", label=sentence("the segment alone"))
    _legend(ax, 2, [*pooled, *alone])
    return ax


def describe_segment_effects(summary: SummaryTables) -> str:
    """The same in words.

    Parameters
    ----------
    summary
        A summarised model.
    """
    rows = [
        sentence(
            "{label}, {segment}: {alone} alone, {effect} pooled",
            label=row["label"],
            segment=row["segment"],
            alone=number(row["alone"]),
            effect=number(row["effect"]),
        )
        for block in _segment_effects(summary)
        for row in block
    ]
    return sentence("Effects by segment, the most important drivers first. {rows}.", rows="; ".join(rows))
