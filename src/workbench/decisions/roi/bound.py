"""How far unseen causes could be behind it: intervals from end to end, and the confounder that would undo a return."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.decisions.roi.chain import Chain
from workbench.decisions.roi.result import LEVEL
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.models.linkage.slopes import Mark
from workbench.wording import sentence

HALVINGS = 12
"""Of the share of the slopes that would have to be unseen: it is then known to a quarter of a thousandth."""
SCEPTICAL_LIFT = 0.5
"""Of what is stated: initiatives that were tried brought about half of what was hoped for where others looked into it
(a choice; regression to the mean of whatever looks best)."""
WEAKEST, STRONGEST = 0.05, 0.6
"""Correlations of a confounder with satisfaction that the curve spans: attributes seldom reach the last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bound:
    """Initiatives under doubt about causes.

    Attributes
    ----------
    table
        One row an initiative: its interval as stated, and spanning both ends; the share of the slopes that would have
        to be unseen for its mean net present value to vanish (None: it is a loss as it is; 1: nothing undoes it); its
        mean net present value in the sceptical scenario.
    curve
        Of the initiative that brings most: correlation of a confounder with satisfaction, and the rate ratio of
        leaving for a standard deviation of it, that together undo the return.
    marks
        What is seen, by the same two measures.
    leading
        That initiative's name; empty where its return is none.
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    marks: tuple[Mark, ...]
    leading: str

    def exhibits(self) -> Iterator[Showable]:
        """Numbers, the table, and the curve."""
        for row in self.table.itertuples():
            yield {
                f"npv_{row.initiative}_widened_lower": row.widened_lower,
                f"npv_{row.initiative}_widened_upper": row.widened_upper,
                f"unseen_to_vanish_{row.initiative}": None if pd.isna(row.unseen) else row.unseen,
                f"npv_{row.initiative}_sceptical": row.sceptical,
            }
        yield Table(
            name="bound",
            frame=self.table,
            caption=sentence(
                "What unseen causes could change: intervals that span effects and slopes within and between customers, "
                "the share of the slopes that would have to be unseen for the return to vanish, and half the lift "
                "within customers."
            ),
            people=None,
            columns={
                "initiative": Column(sentence("Initiative")),
                "lower": Column(sentence("From")),
                "upper": Column(sentence("To")),
                "widened_lower": Column(sentence("Widened from")),
                "widened_upper": Column(sentence("Widened to")),
                "unseen": Column(sentence("Unseen for it to vanish"), "share"),
                "sceptical": Column(sentence("Sceptical")),
            },
        )
        if self.leading:
            yield Figure(
                name="confounder",
                draw=self.draw,
                title=sentence("How strong a confounder would undo the return of {name}", name=self.leading),
                alt=sentence("A curve of the effects on leaving that would undo the return, by correlation."),
                caption=sentence(
                    "Above the curve an unseen cause would undo the return; points are causes that are seen."
                ),
            )

    def draw(self) -> Axes:
        """The curve and the marks."""
        ax = Drawing(figsize=(6.2, 3.6), layout="constrained").subplots()
        ax.plot(self.curve["correlation"], self.curve["ratio"])
        for mark in self.marks:
            ax.plot(mark.correlation, mark.ratio, "o", color="0.3")
            ax.annotate(mark.title, (mark.correlation, mark.ratio), xytext=(5, 4), textcoords="offset points")
        ax.set_yscale("log")
        ax.set_xlabel(sentence("Correlation with satisfaction"))
        ax.set_ylabel(sentence("Rate of leaving for a standard deviation of it, times"))
        return ax


def bound_of(chain: Chain, ends: tuple[Chain, Chain], marks: tuple[Mark, ...], deviation: float) -> Bound:
    """Work it out.

    Parameters
    ----------
    chain
        As it is.
    ends
        The chain as if effects and slopes were those within, and those between, customers.
    marks
        What is seen of other causes of leaving.
    deviation
        Standard deviation of satisfaction as slopes and marks go by it: what earlier answers tell varies less than
        answers do.

    Notes
    -----
    A cause that is left out adds γ ρ / σ to a slope, where γ is its log rate for a standard deviation of its own, ρ its
    correlation with satisfaction and σ the standard deviation of satisfaction (bias of an omitted variable).

    References
    ----------
    Cinelli, Hazlett (2020), Making sense of sensitivity: extending omitted variable bias, Journal of the Royal
    Statistical Society B 82(1), section 4.4: benchmarks by what is seen.
    """
    stated = chain.returns()
    npvs = [stated.npv, *(end.returns().npv for end in ends)]
    levels = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    lower, upper = (np.array([np.quantile(npv, level, axis=1) for npv in npvs]) for level in levels)
    unseen = _unseen(chain, stated.npv.mean(axis=1))
    half = {name: SCEPTICAL_LIFT * lift for name, lift in chain.lifts.items()}
    sceptical = replace(ends[0], lifts=half).returns().npv.mean(axis=1)
    table = pd.DataFrame(
        {
            "initiative": [each.name for each in chain.initiatives],
            "lower": lower[0],
            "upper": upper[0],
            "widened_lower": lower.min(axis=0),
            "widened_upper": upper.max(axis=0),
            "unseen": unseen,
            "sceptical": sceptical,
        }
    )
    best = int(np.argmax(stated.npv.mean(axis=1))) if len(table) else 0
    curve, leading = pd.DataFrame({"correlation": [], "ratio": []}), ""
    if len(table) and np.isfinite(unseen[best]) and chain.link.leaving:
        leading = str(table["initiative"][best])
        correlation = np.linspace(WEAKEST, STRONGEST, 56)
        added = unseen[best] * _slope(chain) * deviation
        curve = pd.DataFrame({"correlation": correlation, "ratio": np.exp(added / correlation)})
    return Bound(table=table, curve=curve, marks=marks, leading=leading)


def _slope(chain: Chain) -> float:
    """Fall of the log rate of leaving for a log-odds of satisfaction, over reasons by how many leave for them."""
    learnt = {reason: rate.mean() for reason, rate in chain.base.hazards.items() if reason in chain.link.leaving}
    total = sum(learnt.values())
    if total <= 0:
        return 0.0
    return float(sum(-chain.link.leaving[reason].mean() * rate for reason, rate in learnt.items()) / total)


def _unseen(chain: Chain, npv: np.ndarray) -> np.ndarray:
    """Share of all slopes that brings each mean net present value to nothing: NaN where it is a loss, 1 at no cost."""
    low, high = np.zeros(len(npv)), np.ones(len(npv))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        for place, each in enumerate(chain.initiatives):
            left = 1 - middle[place]
            link = replace(
                chain.link,
                leaving={reason: left * slope for reason, slope in chain.link.leaving.items()},
                orders=left * chain.link.orders,
            )
            gained = replace(chain, initiatives=(each,), link=link).returns().npv.mean()
            low[place], high[place] = (middle[place], high[place]) if gained > 0 else (low[place], middle[place])
    return np.where(npv > 0, (low + high) / 2, np.nan)
