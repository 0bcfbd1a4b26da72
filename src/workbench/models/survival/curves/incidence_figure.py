"""How shares gone by reason are drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench.models.survival.curves.aalen_johansen import Incidences
from workbench.models.survival.curves.figures import label_ends, time_ticks, to_be_drawn
from workbench.statistics.horizons import time_axis
from workbench.wording import sentence

MOST_REASONS = 5
"""Reasons with a colour of their own: more cannot be distinguished in a stack (a convention)."""


def draw_reasons(incidences: Incidences, ax: Axes | None = None) -> Axes:
    """Draw `Incidences`: the most frequent reason lowest, at most five and the others together.

    Parameters
    ----------
    incidences
        A `competing_risks.Incidences`.
    ax
        Where to draw; a new figure where it is None.
    """
    table = incidences.table
    enough = (table["at_risk"] >= incidences.smallest_group).to_numpy()
    last = int(np.flatnonzero(enough)[-1]) + 1
    time = table["time"].to_numpy()[:last]
    reasons = list(incidences.leavers.index)
    layers = {reason: table[reason]["incidence"].to_numpy()[:last] for reason in reasons[:MOST_REASONS]}
    if len(reasons) > MOST_REASONS:
        layers[sentence("other reasons")] = sum(
            table[reason]["incidence"].to_numpy()[:last] for reason in reasons[MOST_REASONS:]
        )
    if ax is None:
        ax = Figure(figsize=(6.2, 3.6), layout="constrained").subplots()
    drawn = to_be_drawn(time)
    time, layers = time[drawn], {reason: share[drawn] for reason, share in layers.items()}
    floor, ends = np.zeros(time.size), {}
    for place, (reason, share) in enumerate(layers.items()):
        ax.fill_between(time, floor, floor + share, step="post", color=f"C{place}", alpha=0.75, linewidth=0)
        ends[reason] = float(floor[-1] + share[-1] / 2)
        floor = floor + share
    ax.set_xlim(0, time[-1] or 1)
    ax.set_ylim(0, max(0.1, min(1.0, np.ceil(floor[-1] * 10 + 0.5) / 10)))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xticks(time_ticks(time[-1], incidences.time_unit))
    ax.set_ylabel(sentence("Customers gone, by reason"))
    ax.set_xlabel(time_axis(incidences.time_unit))
    label_ends(ax, ends, dict.fromkeys(ends, time[-1]))
    return ax
