"""Proportional odds: whether a driver's effect is the same at every cut of the outcome, and which effects are freed.

Partial proportional odds: Peterson, Harrell (1990); the question: Brant (1990). Above all the cuts that the outcome's
measure counts are asked.

The Net Promoter Score counts answers above 6 and above 8, a top box those above the last cut alone. A driver that
decides between 9 and 10 has an effect on average over all cuts, and none on that score. A score test asks for every
driver whether its effects at the measure's cuts, and between, below and above them, differ; the clearest is freed, and
the others are asked again, until none is clear.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.linalg import helmert
from scipy.stats import chi2

from workbench.findings import Check
from workbench.models.drivers.ordinal.derivatives import curvature, scores
from workbench.models.drivers.ordinal.laplace import LaplaceFit, fit_laplace, one_thread
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment, subset
from workbench.models.drivers.responses.columns import Columns
from workbench.models.drivers.responses.survey_design import Design
from workbench.wording import listing, number, sentence

MOST_NAMED = 2
"""Drivers that the sentence names."""
SURE = 0.01
"""Ours. Probability at which, all drivers taken together, one is freed although its effect is the same at every cut."""
MOST_ROWS = 20_000
"""More answers than this are represented by so many drawn at random: differences that these do not show are small."""


def cut_blocks(scores: np.ndarray) -> np.ndarray:
    """(K − 1, B): how effects may differ by cut, from the scores (K,) that a measure gives the levels.

    Every cut that the measure counts is a block of its own, and so are those below, between and above. On average over
    the measure's cuts nothing is added, so that a coefficient remains the effect on the measure.

    Parameters
    ----------
    scores
        (K,): what the measure counts each level as, the lowest level first.

    Examples
    --------
    Levels 0 to 4, of which the last is the top box: the lower cuts may have another effect than the last.

    >>> cut_blocks(np.array([0.0, 0, 0, 0, 1])).tolist()
    [[1.0], [1.0], [1.0], [0.0]]
    """
    counted = np.flatnonzero(np.diff(scores))
    cuts = len(scores) - 1
    columns = []
    if len(counted) > 1:
        among = np.zeros((cuts, len(counted) - 1))
        among[counted] = helmert(len(counted)).T
        columns.append(among)
    ends = [-1, *counted, cuts]
    for low, high in pairwise(ends):
        if high - low > 1:
            run = np.zeros((cuts, 1))
            run[low + 1 : high] = 1
            columns.append(run)
    return np.column_stack(columns) if columns and len(counted) else np.zeros((cuts, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class ProportionalOdds:
    """What was found.

    Attributes
    ----------
    by_cut
        Int64 (P,): columns whose effects differ by cut.
    blocks
        (K − 1, B), see `cut_blocks`.
    p
        (C,): p-value of each column of ratings or levels when it was last asked; NaN of others.
    checked
        Whether it could be asked at all: not where the outcome has two levels, or effects are not linear.
    """

    by_cut: np.ndarray
    blocks: np.ndarray
    p: np.ndarray
    checked: bool

    @property
    def cut_effects(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What `rows_of` takes."""
        return (self.by_cut, self.blocks) if len(self.by_cut) else None

    def check(self, table: pd.DataFrame, measure: str) -> tuple[Check, ...]:
        """What is said: of drivers whose effects were freed with their change of the measure before and after.

        Parameters
        ----------
        table
            `label`, `before` and `after`, in the unit in which the measure is told; of drivers alone.
        measure
            The outcome's first measure: `nps`, `top_box` or `mean`.
        """
        if not self.checked:
            return ()
        lowest = float(np.nanmin(self.p))
        if table.empty:
            message = (
                sentence("No driver's effect clearly differs between the answers that the Net Promoter Score counts.")
                if measure == "nps"
                else sentence("No driver's effect clearly differs between the top answer and the others.")
                if measure == "top_box"
                else sentence("No driver's effect clearly differs along the scale of the outcome.")
            )
            return (Check(name="proportional_odds", status="pass", value=lowest, message=message),)
        template = (
            "“{label}” ({after} NPS points; {before} with one effect)"
            if measure == "nps"
            else "“{label}” ({after} percentage points of top answers; {before} with one effect)"
            if measure == "top_box"
            else "“{label}” ({after} points on average; {before} with one effect)"
        )
        told = [
            sentence(
                template,
                label=row["label"],
                before=number(row["before"], 2),
                after=number(row["after"], 2),
            )
            for row in table.head(MOST_NAMED).to_dict("records")
        ]
        message = sentence(
            "Raising {drivers} goes with certain answers more than with others: effects differ along the scale in the "
            "model.",
            drivers=listing(told),
        )
        title = sentence("Drivers that go with certain answers only")
        return (Check(name="proportional_odds", status="warn", value=lowest, message=message, title=title),)


@one_thread
def proportional_odds(
    rows: Rows, columns: Columns, prior: Prior, measure: np.ndarray, *, drivers: int, adjusts: bool, random_seed: int
) -> ProportionalOdds:
    """Ask every driver.

    Parameters
    ----------
    rows
        One completed data set.
    columns, prior
        What the columns are, and what is believed of them.
    measure
        (K,): scores that the outcome's first measure gives the levels.
    drivers
        How many the columns belong to.
    adjusts
        Whether scores vary as the design says (weights, customers), not as the likelihood believes.
    random_seed
        For the answers drawn where there are many.
    """
    blocks = cut_blocks(measure)
    # Levels too: held to one effect, they would push what differs between groups into the drivers' effects.
    asked = np.flatnonzero(columns.rating | columns.level)
    p = np.full(len(columns.driver), np.nan)
    nothing = np.zeros(0, dtype=np.int64)
    if columns.shape != "linear" or not blocks.shape[1]:
        return ProportionalOdds(by_cut=nothing, blocks=blocks, p=p, checked=False)
    if len(rows.levels) > MOST_ROWS:
        kept = np.zeros(len(rows.levels), dtype=bool)
        kept[np.random.default_rng(random_seed).choice(len(kept), MOST_ROWS, replace=False)] = True
        rows = subset(rows, kept)
    mode = fit_laplace(rows, prior, drivers=drivers)
    by_cut = nothing
    while len(by_cut) < len(asked):
        left = np.setdiff1d(asked, by_cut)
        p[left] = _p_values(mode, by_cut, left, blocks, adjusts)
        clearest = left[p[left].argmin()]
        if p[clearest] > SURE / len(asked):
            break
        by_cut = np.append(by_cut, clearest)
        mode = fit_laplace(
            replace(rows, by_cut=by_cut, blocks=blocks),
            prior,
            drivers=drivers,
            start=np.append(mode.parameters, np.zeros(blocks.shape[1])),
            fixed=(mode.segment_effect, mode.segment_level),
        )
    return ProportionalOdds(by_cut=by_cut, blocks=blocks, p=p, checked=True)


def _p_values(mode: LaplaceFit, by_cut: np.ndarray, left: np.ndarray, blocks: np.ndarray, adjusts: bool) -> np.ndarray:
    """Score tests of further columns, each freed alone, at the mode without them (Rao 1948; robust: Boos 1992)."""
    wide = replace(mode.rows, by_cut=np.concatenate([by_cut, left]), blocks=blocks)
    size, first = blocks.shape[1], len(mode.parameters)
    point = by_segment(wide, np.append(mode.parameters, np.zeros(len(left) * size)))
    maps = wide.maps
    information = np.einsum("sla,slm,smb->ab", maps, curvature(wide, *point), maps, optimize=True)
    each = scores(wide, *point) * wide.weights[:, None]
    each = np.concatenate([each[wide.starts[s] : wide.starts[s + 1]] @ local for s, local in enumerate(maps)])
    guess = np.linalg.solve(mode.precision, information[:first, first:])
    left_over = each[:, first:] - each[:, :first] @ guess
    # At the mode scores add up to what the prior pulls back, which is no evidence.
    total = each[:, first:].sum(0)
    if adjusts:
        varies = (wide.design or Design()).variance(left_over)
    else:
        varies = information[first:, first:] - information[first:, :first] @ guess
    found = []
    for place in range(len(left)):
        own = slice(place * size, (place + 1) * size)
        found.append(chi2.sf(total[own] @ np.linalg.solve(varies[own, own], total[own]), size))
    return np.array(found)
