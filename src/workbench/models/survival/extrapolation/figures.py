"""How curves beyond the data are drawn."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench.models.survival.curves.figures import label_ends, time_ticks
from workbench.models.survival.extrapolation.by_segment import GroupExtrapolation
from workbench.models.survival.extrapolation.overall import Extrapolation
from workbench.statistics.horizons import time_axis
from workbench.wording import sentence


def draw_extrapolation(extrapolation: Extrapolation, ax: Axes | None = None) -> Axes:
    """Draw an `Extrapolation`: what was observed solid, the best family dashed, the range of all families shaded.

    Parameters
    ----------
    extrapolation
        A `extrapolation.Extrapolation`.
    ax
        Where to draw; a new figure where it is None.
    """
    if ax is None:
        ax = Figure(figsize=(6.2, 3.6), layout="constrained").subplots()
    observed, curves = extrapolation.observed, extrapolation.curves
    families = curves[list(extrapolation.table.loc[extrapolation.table["counts"], "family"])]
    ax.step(observed["time"], observed["survival"], where="post", color="C0")
    if extrapolation.trusted:
        ax.fill_between(curves["time"], families.min(axis=1), families.max(axis=1), color="0.6", alpha=0.3, linewidth=0)
        ax.plot(curves["time"], curves[extrapolation.best], color="C0", linestyle=(0, (4, 3)))
    ax.axvline(extrapolation.reach, color="0.55", linewidth=1)
    ax.annotate(
        sentence("beyond the data"),
        xy=(extrapolation.reach, 1.0),
        xytext=(4, -4),
        textcoords="offset points",
        va="top",
        ha="left",
        fontsize="small",
        color="0.4",
    )
    ax.set_xlim(0, extrapolation.until)
    ax.set_ylim(0, 1.01)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xticks(time_ticks(extrapolation.until, extrapolation.time_unit))
    ax.set_ylabel(sentence("Customers still buying" if extrapolation.lapse else "Customers still there"))
    ax.set_xlabel(time_axis(extrapolation.time_unit))
    return ax


def draw_groups(extrapolation: GroupExtrapolation, ax: Axes | None = None) -> Axes:
    """Draw a `GroupExtrapolation`: each group's observed curve solid, then dashed and shaded by the range of families.

    Parameters
    ----------
    extrapolation
        A `group_extrapolation.GroupExtrapolation`.
    ax
        Where to draw; a new figure where it is None.
    """
    if ax is None:
        ax = Figure(figsize=(6.2, 3.6), layout="constrained").subplots()
    any_one = next(iter(extrapolation.groups.values()))
    ends = {}
    for place, (group, each) in enumerate(extrapolation.groups.items()):
        color, families = f"C{place}", each.curves[list(each.table.loc[each.table["counts"], "family"])]
        ax.step(each.observed["time"], each.observed["survival"], where="post", color=color)
        if not each.trusted:
            ends[group] = float(each.observed["survival"].iloc[-1])
            continue
        ax.fill_between(
            each.curves["time"], families.min(axis=1), families.max(axis=1), color=color, alpha=0.15, linewidth=0
        )
        ax.plot(each.curves["time"], each.curves[each.best], color=color, linestyle=(0, (4, 3)))
        ax.plot([each.reach], [float(each.curves[each.best].iloc[0])], "|", color=color, markersize=10)
        ends[group] = float(each.curves[each.best].iloc[-1])
    ax.set_xlim(0, extrapolation.until)
    ax.set_ylim(0, 1.01)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xticks(time_ticks(extrapolation.until, any_one.time_unit))
    ax.set_ylabel(sentence("Customers still buying" if any_one.lapse else "Customers still there"))
    ax.set_xlabel(sentence("{axis} (dashed: beyond the data, an assumption)", axis=time_axis(any_one.time_unit)))
    label_ends(ax, ends, dict.fromkeys(ends, extrapolation.until))
    return ax
