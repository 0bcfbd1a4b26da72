"""How evaluations are drawn."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench.evaluation.survival_evaluation import Evaluation
from workbench.statistics.horizons import span
from workbench.textwidth import wrap
from workbench.wording import sentence

MOST_HORIZONS = 4
"""More than four series of points lie on each other."""


def draw_calibration(evaluation: Evaluation, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw the calibration of an `Evaluation`, at most four horizons.

    Parameters
    ----------
    evaluation
        A `workbench.evaluation.validation.Evaluation`.
    ax, title
        Where to draw (a new figure where it is None) and the text over it (none where it is None).

    Returns
    -------
    matplotlib.axes.Axes
    """
    if ax is None:
        ax = Figure(figsize=(5.2, 4.9), layout="constrained").subplots()
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=1)
    by_horizon = list(evaluation.calibration.groupby("horizon"))
    step = max(1, -(-len(by_horizon) // MOST_HORIZONS))
    shown = by_horizon[::-1][::step][::-1]  # the last horizon always
    for place, (_, rows) in enumerate(shown):
        color = f"C{place}"
        ax.vlines(rows["predicted"], rows["lower"], rows["upper"], color=color, linewidth=1.2, alpha=0.7)
        ax.plot(
            rows["predicted"],
            rows["observed"],
            marker="os^D"[place],
            color=color,
            linestyle="",
            markersize=6,
            label=span(float(rows["horizon"].iloc[0]), evaluation.time_unit),
        )
    ax.set_xlim(0, 1.02)
    ax.set_ylim(0, 1.02)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
        axis.set_ticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel(sentence("Predicted not lapsed") if evaluation.lapse else sentence("Predicted still there"))
    ax.set_ylabel(sentence("Observed not lapsed") if evaluation.lapse else sentence("Observed still there"))
    # Curves of several horizons cross: names at their ends would lie on each other.
    if shown:
        ax.legend(loc="upper left", frameon=False)
    if title:
        ax.set_title("\n".join(wrap(title, 56)), loc="left")
    return ax
