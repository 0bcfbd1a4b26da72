"""How survival curves are drawn."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from workbench.models.survival.curves.curves import MOST_DRAWN, Curves
from workbench.statistics.horizons import time_axis
from workbench.textwidth import shorten, wrap
from workbench.wording import number, sentence

LABEL_WIDTH = 16
"""Characters of a label before it is broken into lines: on a phone a figure is 350 pixels wide."""
_PARTS = 400
"""Of the time axis, of which a curve has at most one point each: finer than a phone's pixels."""


def draw_curves(curves: Curves, horizons: Iterable[float], ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw `Curves`: at most six, each as far as enough customers are followed.

    Parameters
    ----------
    curves
        A `curves.Curves`.
    horizons
        By which the groups farthest apart are found.
    ax
        Where to draw; a new figure where it is None.
    title
        Text over the axes, broken into lines; none where it is None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    drawn = _drawn(curves, horizons)
    tables = {group: table for group, table in curves.tables.items() if group in drawn and curves.any_shown(group)}
    if ax is None:
        # Not by pyplot: that would show the figure a second time in a notebook.
        figure = Figure(figsize=(6.2, 3.6 + 0.2 * len(tables)), layout="constrained")
        ax = figure.subplots()
    ends_at = curves.groups.set_index("group")["reach"]
    reach = {group: min(ends_at[group], table["time"].iloc[-1]) for group, table in tables.items()}
    band = 0.18 if len(tables) <= 3 else 0.1
    ends, last = {}, {}
    for place, (group, table) in enumerate(tables.items()):
        shown = curves.shown(table["time"])[list(curves.tables).index(group)]
        steps = drawn_steps(table[["time", "survival", "lower", "upper"]], shown, reach[group])
        color = f"C{place}"
        ax.fill_between(
            steps["time"], steps["lower"], steps["upper"], step="post", color=color, alpha=band, linewidth=0
        )
        ax.step(steps["time"], steps["survival"], where="post", color=color)
        ends[group], last[group] = float(steps["survival"].iloc[-1]), float(steps["time"].iloc[-1])

    longest = max(last.values(), default=0.0)
    ax.set_xlim(0, longest or 1)
    ax.set_ylim(0, 1.01)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xticks(time_ticks(longest, curves.time_unit))
    ax.set_ylabel(sentence("Customers still buying" if curves.lapse else "Customers still there"))
    ax.set_xlabel(time_axis(curves.time_unit))
    if title:
        ax.set_title("\n".join(wrap(title, 56)), loc="left")
    if curves.by:
        label_ends(ax, ends, last)
    _numbers_at_risk(ax, tables, reach, curves)
    return ax


def drawn_steps(table: pd.DataFrame, shown: np.ndarray, reach: float) -> pd.DataFrame:
    """Points of a step curve: nothing is drawn from the last step before one that is not shown to the next that is.

    A line over hidden steps would be level where the curve falls.

    Parameters
    ----------
    table
        `time` (ascending) and what is drawn at it.
    shown
        Of each row, whether it may be.
    reach
        The last time at which the curve is known.

    Returns
    -------
    pandas.DataFrame
        The same columns; all but `time` are missing where a gap begins. The last row says where the line ends.
    """
    known = (table["time"] <= reach).to_numpy()
    table, shown = table[known], np.asarray(shown)[known]
    points, hidden = table[shown], table["time"].to_numpy()[~shown]
    points = points[to_be_drawn(points["time"].to_numpy())]
    pieces = []
    for at, until in zip(points["time"], [*points["time"].iloc[1:], np.inf], strict=True):
        own = points[points["time"] == at]
        pieces.append(own)
        broken = bool(((hidden > at) & (hidden < until)).any())
        if broken and np.isfinite(until):
            pieces.append(own.assign(**{name: np.nan for name in own if name != "time"}))
        elif not broken and not np.isfinite(until):
            pieces.append(own.assign(time=reach))
    return pd.concat(pieces, ignore_index=True)


def to_be_drawn(time: np.ndarray) -> np.ndarray:
    """Which of many steps to draw: the last in each of so many parts of the axis that nobody sees the difference.

    Parameters
    ----------
    time
        Ascending.

    Returns
    -------
    array of bool
        The first and the last are always drawn.
    """
    drawn = np.append(np.diff(np.floor(_PARTS * time / (time[-1] or 1))) > 0, True)
    drawn[0] = True
    return drawn


def time_ticks(longest: float, time_unit: str) -> list[float]:
    """At most seven round times; months by the year where they span years.

    Parameters
    ----------
    longest
        Where the axis ends, in `time_unit`.
    time_unit
        Unit of the axis.
    """
    if time_unit == "month" and longest >= 24:
        step = 12 * int(np.ceil(longest / 12 / 6))
        return [float(tick) for tick in np.arange(0, longest + 1e-9, step)]
    ticks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(0, longest or 1)
    return [float(tick) for tick in ticks if 0 <= tick <= (longest or 1)]


def _drawn(curves: Curves, horizons: Iterable[float]) -> list[str]:
    """The group of the headline, the two that lie farthest apart, and the largest others."""
    groups = list(curves.tables)
    extremes = (curves.headline_group(horizons), *curves.extremes(horizons))
    others = [group for group in groups if group not in extremes]
    return [*dict.fromkeys(extremes), *others[: MOST_DRAWN - len(set(extremes))]]


def label_ends(ax: Axes, ends: dict[str, float], reach: dict[str, float]) -> None:
    """Each curve's name right of the axes at the height of its end, pushed apart where two would touch.

    Parameters
    ----------
    ax
        With the curves.
    ends
        Height at which each curve ends, by group.
    reach
        Time at which each curve ends, by group.
    """
    labels = {group: wrap(group, LABEL_WIDTH, most=3) for group in ends}
    order = sorted(ends, key=lambda group: ends[group])
    top = ax.get_ylim()[1]
    sizes = [0.068 * len(labels[group]) + 0.015 for group in order]  # in shares of the axis
    centres = _apart([ends[group] / top for group in order], sizes)
    heights = dict(zip(order, centres, strict=True))
    for place, group in enumerate(ends):
        ax.annotate(
            "\n".join(labels[group]),
            xy=(reach[group], ends[group]),
            xytext=(1.035, heights[group]),
            textcoords="axes fraction",
            color=f"C{place}",
            fontweight="bold",
            va="center",
            ha="left",
            linespacing=1.05,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": f"C{place}",
                "linewidth": 0.7,
                "alpha": 0.7,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _apart(wanted: list[float], sizes: list[float]) -> list[float]:
    """Centres nearest to those wanted (ascending) at which things of these sizes do not overlap, kept within [0, 1].

    Things that would touch form a block around the mean of their wishes (least squares under an order: pool adjacent
    violators).

    Examples
    --------
    >>> [round(centre, 3) for centre in _apart([0.2, 0.5, 0.5], [0.1, 0.1, 0.1])]
    [0.2, 0.45, 0.55]
    """
    offsets = np.cumsum(sizes) - np.array(sizes) / 2  # centres if all were stacked from 0
    blocks: list[list[float]] = []  # sum of wishes relative to the stack, count
    for wish, offset in zip(wanted, offsets, strict=True):
        blocks.append([wish - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    shift = np.repeat([total / count for total, count in blocks], [int(count) for _, count in blocks])
    centres = offsets + np.clip(shift, 0, max(1.03 - float(np.sum(sizes)), 0))
    return [float(centre) for centre in centres]


def _numbers_at_risk(ax: Axes, tables: dict, reach: dict[str, float], curves: Curves) -> None:
    """Rows under the axis: how many are still followed at each tick; few are not counted out (`followed`)."""
    ticks = [tick for tick in ax.get_xticks() if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]]
    line = 15.0  # points between rows
    top = -46.0
    ax.annotate(
        sentence("Customers still followed"),
        xy=(0, 0),
        xytext=(0, top),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize="small",
    )
    followed = curves.followed(ticks)
    for place, group in enumerate(tables):
        color = f"C{place}" if curves.by else "black"
        if curves.by:  # named, not by colour alone
            ax.annotate(
                shorten(group, LABEL_WIDTH + 2),
                xy=(1.035, 0),
                xytext=(9, top - line * (place + 1)),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="left",
                va="center",
                fontsize="small",
                color=color,
            )
        for tick, count in followed.loc[group].items():
            text = "–" if pd.isna(count) else number(int(count))
            ax.annotate(
                text,
                xy=(tick, 0),
                xytext=(0, top - line * (place + 1)),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize="small",
                color=color,
            )


def draw_hazard_ratios(
    ratios: pd.DataFrame, ax: Axes | None = None, *, title: str | None = None, lapse: bool = False
) -> Axes:
    """Draw hazard ratios with their intervals, on a log axis.

    Parameters
    ----------
    ratios
        `label`, `value`, `reference`, `hazard_ratio`, `lower`, `upper`, the first on top.
    ax, title
        As in `draw_curves`.
    lapse
        Whether leaving is a lapse in buying.

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = ratios.iloc[::-1]
    if ax is None:
        ax = Figure(figsize=(6.2, 1.2 + 0.42 * max(len(table), 2)), layout="constrained").subplots()
    rows = np.arange(len(table))
    ax.axvline(1, color="0.55", linewidth=1)
    ax.hlines(rows, table["lower"], table["upper"], color="C0", linewidth=2)
    ax.plot(table["hazard_ratio"], rows, "o", color="C0", markersize=6)
    ax.set_xscale("log")
    names = [
        "\n".join(
            shorten(line, 34)
            for line in (f"{row.label}: {row.value}", sentence("against {reference}", reference=row.reference))
        )
        for row in table.itertuples()
    ]
    ax.set_yticks(rows, names, fontsize="small")
    ax.grid(axis="y", visible=False)
    ax.set_ylim(-0.6, max(len(table), 1) - 0.4)
    if len(table):
        low, high = min(table["lower"].min(), 0.9), max(table["upper"].max(), 1.1)
        ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
        ax.set_xlim(low / 1.1, high * 1.1)
    template = (
        "Rate of lapsing against the reference (1 = the same)"
        if lapse
        else "Rate of leaving against the reference (1 = the same)"
    )
    ax.set_xlabel(sentence(template))
    if title:
        ax.set_title("\n".join(wrap(title, 56)), loc="left")
    return ax
