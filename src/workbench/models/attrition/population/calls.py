"""Randomised calls: of customers whom chance let be called, how many left all the same, beside those it left alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.models.attrition.population.given import Snapshots, TableDefinition
from workbench.models.attrition.population.labels import closes
from workbench.models.attrition.population.treated import OTHERS, chances_of_control


def earlier_contacts(treatments: pd.DataFrame | None, tables: Mapping[str, TableDefinition]) -> pd.DataFrame | None:
    """What the company sent or said to customers: treatments, but for arms that got nothing.

    Parameters
    ----------
    treatments
        `customer_id`, `initiative`, `arm`, `start`; None where there are no records.
    tables
        Definitions of the dataset's tables, by name: which arms got nothing.

    Returns
    -------
    DataFrame
        `customer_id` and `timestamp`; None where there are no records.
    """
    if treatments is None or "treatments" not in tables:
        return None
    known = tables["treatments"].designs
    controls = {
        name: design.control
        for name in treatments["initiative"].astype(str).unique()
        if (design := known.get(name) or known.get(OTHERS)) is not None and design.control
    }
    had = treatments[treatments["initiative"].astype(str).map(controls) != treatments["arm"].astype(str)]
    return pd.DataFrame({"customer_id": had["customer_id"], "timestamp": pd.to_datetime(had["start"])})


def randomised_calls(
    rows: pd.DataFrame,
    when: Snapshots,
    treatments: pd.DataFrame | None,
    retention: Sequence[str],
    table: TableDefinition | None,
) -> tuple[Mapping[str, int], ...]:
    """Who was dealt a call within a label window and who none, and who of them left in it.

    A customer is seen in the last label window that was open on the day of the draw. Of initiatives whose arms do not
    look dealt by chance, whose chances differ between customers, or that were dealt to whole units, counts say nothing.

    Parameters
    ----------
    rows
        `customer_id`, `cutoff` and `left` of labelled rows, those of treated customers among them.
    when
        Cut-offs and label windows.
    treatments
        `customer_id`, `initiative`, `arm`, `start`; None where there are no records.
    retention
        Initiatives that are meant to keep customers.
    table
        What is known of `treatments` beside its rows: how arms were dealt.

    Returns
    -------
    tuple
        One mapping an initiative with `called`, `called_left`, `others` and `others_left`, each group with at least one
        customer.
    """
    if treatments is None or table is None:
        return ()
    found = []
    for name in retention:
        some = treatments[treatments["initiative"].astype(str) == name]
        design: Any = table.designs.get(name) or table.designs.get(OTHERS)
        simple = design is not None and design.control and not design.unit and design.assignment == "randomised"
        chances = chances_of_control(some, design) if simple and len(some) else None
        if chances is None or len(np.unique(chances[1])) > 1:
            continue
        some = chances[0].sort_values("start", kind="stable")
        dealt = pd.DataFrame(
            {
                "customer_id": some["customer_id"].to_numpy(),
                "start": pd.to_datetime(some["start"]).to_numpy(),
                "control": (some["arm"].astype(str) == design.control).to_numpy(),
            }
        )
        both = rows.merge(dealt.drop_duplicates("customer_id"), on="customer_id")
        opened = pd.to_datetime(both["cutoff"]) + pd.Timedelta(when.gap_days, unit="D")
        seen = both[(both["start"] >= opened) & (both["start"] < closes(both["cutoff"], when))]
        last = seen.sort_values("cutoff").drop_duplicates("customer_id", keep="last")
        left = last["left"].to_numpy(dtype=bool)
        alone = last["control"].to_numpy(dtype=bool)
        counts = {
            "called": int((~alone).sum()),
            "called_left": int((~alone & left).sum()),
            "others": int(alone.sum()),
            "others_left": int((alone & left).sum()),
        }
        if counts["called"] and counts["others"]:
            found.append(counts)
    return tuple(found)
