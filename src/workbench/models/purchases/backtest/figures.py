"""How validations of purchase forecasts are drawn."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench.wording import sentence

BINS = 10
"""Of the histogram of the randomised PIT: a tenth of customers each where the forecast is right."""


def tracking(weekly: pd.DataFrame, cut: float) -> Figure:
    """Cumulative and weekly repeat purchases.

    Parameters
    ----------
    weekly
        `week`, `actual`, `expected`.
    cut
        Week after which was forecast.
    """
    drawing = Figure(figsize=(7.4, 3.2), layout="constrained")
    for ax, cumulative in zip(drawing.subplots(1, 2), (True, False), strict=True):
        for name, style in (("actual", {"color": "0.25"}), ("expected", {"color": "C0"})):
            values = weekly[name].cumsum() if cumulative else weekly[name]
            label = sentence("Actual") if name == "actual" else sentence("Expected")
            ax.plot(weekly["week"], values, label=label, linewidth=1.4, **style)
        ax.axvline(cut, color="0.6", linestyle="--", linewidth=1)
        ax.set_xlabel(sentence("Week"))
        ax.set_ylim(bottom=0)
        ax.set_title(
            sentence("Repeat purchases so far") if cumulative else sentence("Repeat purchases in the week"), loc="left"
        )
    drawing.axes[0].legend(frameon=False)
    return drawing


def calibration(pit: np.ndarray, activity: pd.DataFrame) -> Figure:
    """Histogram of the randomised PIT, and who bought by the chance of being active.

    Parameters
    ----------
    pit : (n,)
        Between 0 and 1.
    activity
        `alive`, `expected`, `bought`: means by group.
    """
    drawing = Figure(figsize=(7.4, 3.2), layout="constrained")
    left, right = drawing.subplots(1, 2)
    left.hist(pit, bins=BINS, range=(0, 1), weights=np.full(len(pit), 1 / len(pit)), color="C0", edgecolor="white")
    left.axhline(1 / BINS, color="0.4", linestyle="--", linewidth=1)
    left.set_xlabel(sentence("Place of the count in its forecast"))
    left.set_ylabel(sentence("Customers"))
    right.plot(activity["alive"], activity["bought"], "o", color="0.25", label=sentence("Bought"))
    # No line between: whoever never bought again is likely to be active and unlikely to buy.
    right.plot(
        activity["alive"],
        activity["expected"],
        "o",
        color="C0",
        label=sentence("Expected to buy"),
        markerfacecolor="none",
        markersize=9,
    )
    right.set_xlabel(sentence("Chance of being active"))
    right.set_ylim(0, 1)
    right.xaxis.set_major_formatter(PercentFormatter(1))
    right.legend(frameon=False)
    for ax in (left, right):
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    return drawing
