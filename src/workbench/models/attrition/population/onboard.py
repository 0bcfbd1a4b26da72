"""Customers at one cut-off, to be scored by a forecast that was made before."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.attrition.population.given import Featured, TableDefinition
from workbench.models.attrition.population.labels import KEYS, labelled
from workbench.models.attrition.population.treated import Treated, treated_windows
from workbench.wording import sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Onboard:
    """Customers at one cut-off, to be scored by a forecast that was made before.

    Attributes
    ----------
    features, ids
        One row a customer.
    left : (N,) bool
        Who left within the label window; None where it is not over.
    active : (N,) bool
        Who is still there to be contacted: all at a cut-off; of a flat table those who had not left.
    cutoff
        As of which day they are known; None of a flat table.
    treated
        Who was in a retention treatment within the label window, and whom controls stand for; None of a flat table.
    """

    features: pd.DataFrame
    ids: np.ndarray
    left: np.ndarray | None
    active: np.ndarray
    cutoff: dt.date | None = None
    treated: Treated | None = None


def read_onboard(
    chosen: tuple[str, pd.DataFrame],
    made: Featured | None,
    *,
    treatments: pd.DataFrame | None = None,
    retention: Sequence[str] = (),
    table: TableDefinition | None = None,
) -> Onboard:
    """Customers at the one cut-off of their features, or of a flat table.

    Parameters
    ----------
    chosen
        The table that says who left, and its rows.
    made
        Features at one cut-off; None of a flat table.
    treatments, table
        Who was in which initiative, when, and what is known of that table; None where there are no records.
    retention
        Initiatives that are meant to keep customers, as the forecast was made with.

    Raises
    ------
    DataError
        Nobody is a customer on that day.
    """
    source, rows = chosen
    if made is None:
        frame = rows.reset_index(drop=True)
        if "customer_id" not in frame:
            frame = frame.assign(customer_id=np.arange(len(frame)))
        gone = frame.pop("event").to_numpy(dtype=bool)
        return Onboard(features=frame, ids=frame.pop("customer_id").to_numpy(), left=gone, active=~gone)
    there = labelled(source, made)
    if not len(there):
        raise DataError(sentence("Nobody is a customer on {day}: there is no one to score.", day=made.when.cutoffs[-1]))
    left = None if there["left"].isna().any() else there["left"].to_numpy(dtype=bool)
    return Onboard(
        features=made.of(there[KEYS]),
        ids=there["customer_id"].to_numpy(),
        left=left,
        active=np.ones(len(there), dtype=bool),
        cutoff=made.when.cutoffs[-1],
        treated=treated_windows(there[KEYS], made.when, treatments, retention, table),
    )
