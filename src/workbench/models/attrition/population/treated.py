"""Label windows in which retention treatments ran: who is left out, and whose control stands for them.

What happened to a treated customer shows what contact does, not what happens without it. Where chance dealt the
treatment, its control arm had no contact and is otherwise alike: each of its customers stands for 1 / P(control) of
those who were dealt, so that the population is whole again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.attrition.population.given import Snapshots, TableDefinition
from workbench.models.attrition.population.labels import KEYS, closes
from workbench.statistics.draws import expected_shares, sound_rows
from workbench.wording import listing, number, plural, sentence, shown

OTHERS = "*"
"""In a dataset's designs: all initiatives that are not named."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Treated:
    """What treatments did to labelled rows.

    Attributes
    ----------
    out : (N,) bool
        Rows of customers who were treated during the label window.
    weights : (N,)
        How many customers each other row stands for: 1, or 1 / P(control) of customers in a control arm.
    running
        Initiatives that ran in label windows and count as no retention treatment.
    broken
        Retention initiatives said to be drawn by chance, whose arms do not look it or whose chances are not known:
        their controls stand for nobody else.
    """

    out: np.ndarray
    weights: np.ndarray
    running: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    def checks(self) -> Iterator[Check]:
        """What was left out and what stands for it, and treatments that nobody called ones."""
        out, controls = int(self.out.sum()), self.weights[~self.out & (self.weights > 1)]
        left_out = plural(
            "{n} row was left out: a retention treatment ran in its label window, which shows what contact does, not "
            "what happens without.",
            "{n} rows were left out: a retention treatment ran in their label windows, which shows what contact does, "
            "not what happens without.",
            out,
        )
        if len(controls):
            stands = plural(
                "{n} row of randomised controls stands for {all}.",
                "{n} rows of randomised controls stand for {all}.",
                len(controls),
                all=number(round(float(controls.sum()))),
            )
            title = sentence("Randomised controls stand for the treated")
            yield Check(name="treated_windows", status="pass", value=out, message=f"{left_out} {stands}", title=title)
        elif out:
            title = sentence("Treated label windows are left out")
            yield Check(name="treated_windows", status="pass", value=out, message=left_out, title=title)
        elif self.running:
            yield Check(
                name="treated_windows",
                status="warn",
                value=0,
                message=plural(
                    "{n} initiative ran in label windows: {names}. If it is meant to keep customers, name it in "
                    "`retention`: what happens with contact is not what happens without.",
                    "{n} initiatives ran in label windows, first {names}. Name those meant to keep customers in "
                    "`retention`: what happens with contact is not what happens without.",
                    len(self.running),
                    names=listing([shown(name) for name in self.running[:5]]),
                ),
                title=sentence("Treatments ran while customers were observed"),
            )
        if self.broken:
            yield Check(
                name="treated_controls",
                status="warn",
                value=len(self.broken),
                message=sentence(
                    "The arms of {names} do not look dealt by chance, or their chances are not known. So their "
                    "controls do not stand for the treated: such customers count too little.",
                    names=listing([shown(name) for name in self.broken]),
                ),
                title=sentence("Controls do not stand for the treated"),
            )


def treated_windows(
    rows: pd.DataFrame,
    when: Snapshots,
    treatments: pd.DataFrame | None,
    retention: Sequence[str],
    table: TableDefinition | None,
) -> Treated:
    """Which label windows show what happens without contact, and how many customers each stands for.

    Parameters
    ----------
    rows
        `customer_id` and `cutoff` of labelled rows.
    when
        Cut-offs and label windows.
    treatments
        `customer_id`, `initiative`, `arm`, `start`, `end`; None where there are no records.
    retention
        Initiatives that are meant to keep customers.
    table
        What is known of `treatments` beside its rows: how arms were dealt.

    Returns
    -------
    Treated
        Who is a control of one retention initiative and treated by another is out; a control of two stands for the
        product of both.
    """
    out, weights = np.zeros(len(rows), dtype=bool), np.ones(len(rows))
    running, broken = [], []
    if treatments is None or table is None or not len(treatments):
        return Treated(out=out, weights=weights)
    for name, some in treatments.groupby(treatments["initiative"].astype(str), observed=True):
        design: Any = table.designs.get(name) or table.designs.get(OTHERS)
        known = design is not None and bool(design.control)
        control = (some["arm"].astype(str) == design.control).to_numpy() if known else np.zeros(len(some), dtype=bool)
        treated = _within(rows, when, some[~control])
        if name not in retention:
            running += [str(name)] if treated.any() else []
            continue
        out |= treated
        if not control.any() or not design.by_chance or design.assignment == "staggered":
            continue
        dealt = chances_of_control(some, design)
        if dealt is None:
            broken.append(str(name))
            continue
        kept, chance = dealt
        control = (kept["arm"].astype(str) == design.control).to_numpy()
        for p in np.unique(chance[control]):
            weights[_within(rows, when, kept[control & (chance == p)])] /= p
    return Treated(out=out, weights=np.where(out, 1.0, weights), running=tuple(running), broken=tuple(broken))


def chances_of_control(some: pd.DataFrame, design: Any) -> tuple[pd.DataFrame, np.ndarray] | None:
    """Rows that chance dealt, and the chance of each to be a control; None where it is not known or not borne out.

    Parameters
    ----------
    some
        Rows of treatments of one initiative.
    design
        How its arms were dealt.

    Returns
    -------
    (rows, chance) or None
        All rows, or what each customer was dealt first where later ones were no draw (`sound_rows`).
    """
    if not set(design.columns) <= set(some):
        return None
    kept, draw = sound_rows(some, design, pd.DataFrame(index=some.index))
    if not draw.holds:
        return None
    if isinstance(design.probability, str):
        chance = 1 - pd.to_numeric(kept[design.probability], errors="coerce").to_numpy(dtype=float)
    else:
        shares = expected_shares(sorted(kept["arm"].astype(str).unique()), design) or {}
        chance = np.full(len(kept), shares.get(design.control, np.nan))
    return (kept, chance) if ((chance > 0) & (chance <= 1)).all() else None


def _within(rows: pd.DataFrame, when: Snapshots, some: pd.DataFrame) -> np.ndarray:
    """Of which rows (N,) a spell lies within the label window."""
    both = rows[KEYS].reset_index(names="row").merge(some[["customer_id", "start", "end"]], on="customer_id")
    begun = pd.to_datetime(both["start"]) < closes(both["cutoff"], when)
    ended = pd.to_datetime(both["end"]) < both["cutoff"] + pd.Timedelta(when.gap_days, unit="D")
    return rows.index.isin(both.loc[begun & ~ended, "row"])
