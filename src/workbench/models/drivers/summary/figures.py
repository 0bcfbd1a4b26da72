"""How the answers of a drivers' model are drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench.models.drivers.summary.headline import FACTORS
from workbench.models.drivers.summary.summarise import LIKELY, SURE, DriverSummary
from workbench.textwidth import shorten
from workbench.wording import listing, number, percent, sentence

LABEL_WIDTH = 26
CLOUD = 60
"""Draws shown for each driver on the map."""
MOST_NAMED = 6
MOST_TICKS = 15
MOST_ROWS = 20
"""Effects by segment that one figure shows."""


def _axes(rows: int) -> Axes:
    return Figure(figsize=(6.4, 1.3 + 0.36 * max(rows, 3)), layout="constrained").subplots()


def _label_rows(ax: Axes, labels) -> None:
    ax.set_yticks(range(len(labels)), [shorten(str(text), LABEL_WIDTH) for text in labels])
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)


def draw_importance(summary: DriverSummary) -> Axes:
    """Shares with intervals; the mean share of each driver's knockoff as a hollow diamond."""
    model = summary.model
    table = summary.importance_table.iloc[::-1].reset_index(drop=True)
    place = {name: d for d, name in enumerate(model.ratings.drivers)}
    floor = model.importance.knockoff.mean(0)[[place[name] for name in table["driver"]]]
    ax = _axes(len(table))
    rows = np.arange(len(table))
    sure = (table["p_above_knockoff"] >= SURE).to_numpy()
    ax.hlines(rows, table["lower"], table["upper"], color="C0", linewidth=2)
    ax.plot(table["share"][sure], rows[sure], "o", color="C0", label=sentence("share, clearly above chance"))
    ax.plot(table["share"][~sure], rows[~sure], "o", color="C0", markerfacecolor="white",
            label=sentence("share, perhaps chance"))  # fmt: skip
    ax.plot(floor, rows, "D", color="C1", markerfacecolor="none", markersize=5,
            label=sentence("what pure chance would give"))  # fmt: skip
    _label_rows(ax, table["label"])
    ax.set_xlim(0, None)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(sentence("Share of what the ratings explain"))
    ax.figure.legend(loc="outside upper left", ncols=3, fontsize="small", handletextpad=0.2, columnspacing=1)
    return ax


def describe_importance(summary: DriverSummary) -> str:
    """The same in words."""
    rows = [
        sentence("{label} {share} ({lower} to {upper})", label=row.label, share=percent(row.share),
                 lower=percent(row.lower), upper=percent(row.upper))
        for row in summary.importance_table.itertuples()
    ]  # fmt: skip
    return sentence("Shares of what is explained with intervals, largest first: {rows}.", rows=listing(rows))


def draw_map(summary: DriverSummary) -> Axes:
    """Importance against performance as clouds of draws, with the target; the order of work is numbered, and the most
    important drivers are named.
    """
    model = summary.model
    table = summary.map_table
    place = {name: d for d, name in enumerate(model.ratings.drivers)}
    kept = np.linspace(0, model.posterior.size - 1, CLOUD).astype(int)
    ax = Figure(figsize=(6.4, 5.2), layout="constrained").subplots()
    ax.axvline(summary.target, color="0.45", linewidth=1, linestyle="--")
    order = {name: place for place, name in enumerate(summary.order, start=1)}
    first = table.assign(fix=table["driver"].isin(order)).sort_values(["fix", "importance"], ascending=False)
    worth = set(first["driver"].head(len(table) if len(table) <= 8 else MOST_NAMED))
    named = []
    for row in table.itertuples():
        d = place[row.driver]
        matters = row.fix_first + row.keep_up >= LIKELY and summary.model.distinguishable
        color = "C1" if row.driver in order else "C0" if matters else "0.55"
        ax.plot(
            summary.performance[kept, d], model.importance.share[kept, d], ".", color=color, alpha=0.25, markersize=4
        )
        marker = {"C1": "s", "C0": "o"}.get(color, "^")
        ax.plot(row.performance, row.importance, marker, color=color, markeredgecolor="white", markersize=8)
        if row.driver in worth:
            label = f"{order[row.driver]} {row.label}" if row.driver in order else row.label
            named.append((row.performance, row.importance, label, color))
    ax.margins(x=0.12, y=0.1)
    ax.set_ylim(0, None)
    _names(ax, named)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(
        sentence("Performance: mean rating, 0 to 100 (dashed: target {target})", target=number(summary.target))
    )
    ax.set_ylabel(sentence("Importance: share of what is explained"))
    handles = [
        ax.plot([], [], marker, color=color, linestyle="none", label=label)[0]
        for marker, color, label in (
            ("s", "C1", sentence("order of work (numbered)")),
            ("o", "C0", sentence("matters too")), ("^", "0.55", sentence("not clear that it matters"))
        )
    ]  # fmt: skip
    ax.figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize="small", handletextpad=0.2)
    return ax


def _names(ax: Axes, named) -> None:
    """Names right of their points, pushed apart where they would touch."""
    if not named:
        return
    step = 0.05 * ax.get_ylim()[1]
    last = -np.inf
    for x, y, label, color in sorted(named, key=lambda each: each[1]):
        height = max(y, last + step)
        last = height
        ax.annotate(
            shorten(label, LABEL_WIDTH), xy=(x, y), xytext=(1.02, height),
            textcoords=("axes fraction", "data"), color="0.25" if color == "0.55" else color, va="center",
            fontsize="small", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.6, "alpha": 0.6},
        )  # fmt: skip


def describe_map(summary: DriverSummary) -> str:
    """The same in words."""
    rows = [
        sentence("{label}: performance {performance}, importance {importance}", label=row.label,
                 performance=number(row.performance), importance=percent(row.importance))
        for row in summary.map_table.itertuples()
    ]  # fmt: skip
    return sentence(
        "Clouds of draws by driver in the order of work, performance to the right, importance upwards, the target at "
        "{target}. {rows}.",
        target=number(summary.target), rows="; ".join(rows),
    )  # fmt: skip


def draw_what_if(summary: DriverSummary) -> Axes:
    """Change of the first measure with intervals, in the order of work."""
    measure = summary.changes.measures[0]
    factor = FACTORS.get(measure, 1.0)
    table = summary.what_if_table.iloc[::-1].reset_index(drop=True)
    ax = _axes(len(table))
    rows = np.arange(len(table))
    ax.axvline(0, color="0.55", linewidth=1)
    ax.hlines(rows, factor * table[f"{measure}_lower"], factor * table[f"{measure}_upper"], color="C0", linewidth=2)
    ax.plot(factor * table[measure], rows, "o", color="C0")
    _label_rows(ax, table["label"])
    ax.set_xlabel(
        {
            "nps": sentence("Change in NPS that goes with it (points)"),
            "top_box": sentence("Change in top answers that goes with it (percentage points)"),
            "mean": sentence("Change in the mean that goes with it (points of its scale)"),
        }[measure]
    )
    return ax


def describe_what_if(summary: DriverSummary) -> str:
    """The same in words."""
    measure = summary.changes.measures[0]
    factor = FACTORS.get(measure, 1.0)
    rows = [
        sentence("{label} {change} ({lower} to {upper})", label=row["label"], change=number(factor * row[measure]),
                 lower=number(factor * row[f"{measure}_lower"]), upper=number(factor * row[f"{measure}_upper"]))
        for _, row in summary.what_if_table.iterrows()
    ]  # fmt: skip
    return sentence("Changes with intervals, in the order of work: {rows}.", rows=listing(rows))


def _segment_effects(summary: DriverSummary):
    """Effects by segment of the most important drivers, so many as there is room for; the most important first."""
    table = summary.effect_table
    room = max(MOST_ROWS // len(summary.model.ratings.segments), 1)
    shown = list(summary.importance_table["driver"].head(room))
    return [(name, table[table["driver"] == name]) for name in shown]


def draw_segment_effects(summary: DriverSummary) -> Axes:
    """Effects by segment: of each segment alone (hollow, with its interval) and partially pooled (filled)."""
    blocks = _segment_effects(summary)
    ax = Figure(figsize=(6.4, 1.3 + 0.25 * sum(len(rows) + 1.4 for _, rows in blocks)), layout="constrained").subplots()
    ax.axvline(0, color="0.55", linewidth=1)
    ticks, labels, headings, place = [], [], [], 0.0
    for _, rows in blocks:
        headings.append(len(ticks))
        ticks.append(place)
        labels.append(shorten(str(rows["label"].iloc[0]), LABEL_WIDTH))
        for row in rows.itertuples():
            place += 1
            ticks.append(place)
            labels.append(shorten(str(row.segment), LABEL_WIDTH))
            if np.isfinite(row.alone):
                ax.hlines(place + 0.18, row.alone_lower, row.alone_upper, color="C1", linewidth=1)
                ax.plot(row.alone, place + 0.18, "o", color="C1", markerfacecolor="white", markersize=4.5)
            ax.hlines(place - 0.12, row.lower, row.upper, color="C0", linewidth=2)
            ax.plot(row.effect, place - 0.12, "o", color="C0", markersize=5)
        place += 1.4
    ax.set_yticks(ticks, labels)
    for heading in headings:
        ax.get_yticklabels()[heading].set_fontweight("bold")
    ax.set_ylim(place - 0.6, -0.6)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_xlabel(sentence("Effect of 10 points of 100 ({unit})", unit=summary.model.effect_unit))
    handles = [
        ax.plot([], [], "o", color="C0", label=sentence("partially pooled by the model"))[0],
        ax.plot([], [], "o", color="C1", markerfacecolor="white", label=sentence("the segment alone"))[0],
    ]
    ax.figure.legend(handles=handles, loc="outside upper left", ncols=2, fontsize="small", handletextpad=0.2)
    return ax


def describe_segment_effects(summary: DriverSummary) -> str:
    """The same in words."""
    rows = [
        sentence("{label}, {segment}: {alone} alone, {effect} pooled", label=row.label, segment=row.segment,
                 alone=number(row.alone), effect=number(row.effect))
        for _, block in _segment_effects(summary) for row in block.itertuples()
    ]  # fmt: skip
    return sentence("Effects by segment, the most important drivers first. {rows}.", rows="; ".join(rows))


def draw_predictive(summary: DriverSummary) -> Axes:
    """Observed shares of answers, over bands of what the model predicts, for everyone."""
    model = summary.model
    observed, predicted = model.predicted()
    shares = model.segment_shares
    low, high = np.quantile(np.einsum("nsk,s->nk", predicted, shares), [0.005, 0.995], axis=0)
    points = [number(float(point)) for point in model.ratings.points]
    ax = Figure(figsize=(6.4, 3.2), layout="constrained").subplots()
    places = np.arange(len(points))
    ax.bar(
        places, high - low, bottom=low, width=0.7, color="C0", alpha=0.35, label=sentence("predicted, 99 of 100 times")
    )
    ax.plot(places, np.einsum("sk,s->k", observed, shares), "o", color="C1", label=sentence("observed"))
    every = -(-len(points) // MOST_TICKS)
    ax.set_xticks(places[::every], points[::every])
    ax.set_ylim(0, None)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylabel(sentence("Share of answers"))
    ax.set_xlabel(model.ratings.outcome_label)
    ax.figure.legend(loc="outside upper left", ncols=2, fontsize="small")
    return ax
