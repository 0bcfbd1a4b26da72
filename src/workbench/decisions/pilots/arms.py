"""The pilots of a dataset: who was in which arm from when on, and what they answered before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from workbench.models.linkage import Answers
from workbench.models.trials.by_lot import MOST_ALONE, alone
from workbench.models.trials.lifts import Rated
from workbench.models.trials.within import strata_of
from workbench.statistics.draws import DrawCheck, comparable, known_before, sound_rows
from workbench.statistics.horizons import DAYS_A_MONTH

FEWEST_UNITS = 10
"""An arm, where whole units were dealt: with fewer, weights of units do not tell how far chance set the arms apart."""

Reason = Literal["control", "one_arm", "later", "undated", "few", "drifted"]


class DatasetDefinition(Protocol):
    """What is known of a dataset beside its rows."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Definitions of its tables by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Arms:
    """One pilot.

    Attributes
    ----------
    initiative
        Its name.
    rows
        Of `treatments`: `customer_id`, `start`, perhaps `end`, `unit`; one a customer.
    treated : (n,) bool
        Whether a row is not the control's.
    strata : (n,)
        Within which chance dealt them; all alike where it did not.
    by_lot
        Whether chance dealt the arms, and nothing contradicts it.
    draw
        What the draw looks like; how far the arms lay apart in what was known before.
    """

    initiative: str
    rows: pd.DataFrame
    treated: np.ndarray
    strata: np.ndarray
    by_lot: bool
    draw: DrawCheck

    @property
    def counts(self) -> tuple[int, int]:
        """Customers treated, and in the control."""
        return int(self.treated.sum()), int((~self.treated).sum())

    @property
    def weights(self) -> np.ndarray:
        """For how many of its arm each customer (n,) stands: 1 over its share of the stratum, 0 in one of one arm."""
        share = pd.Series(self.treated).groupby(self.strata).transform("mean").to_numpy(dtype=float)
        return np.where((share > 0) & (share < 1), 1 / np.where(self.treated, share, 1 - share), 0.0)

    def window(self, until: pd.Timestamp) -> float:
        """Months from the first start until the pilot or the records end.

        Parameters
        ----------
        until
            The day after the last that is recorded.
        """
        first = self.rows["start"].min()
        last = until
        if "end" in self.rows and self.rows["end"].notna().any():
            last = min(until, (self.rows["end"].fillna(until) - self.rows["start"] + first).max())
        return (last - first).days / DAYS_A_MONTH

    def rated(self, answers: Answers, driver: str) -> Rated:
        """Ratings of a touchpoint by these customers, before and after; those after a pilot's end do not count.

        Parameters
        ----------
        answers
            Of the surveys.
        driver
            The touchpoint.
        """
        place = pd.Series(np.arange(len(self.rows)), index=self.rows["customer_id"].to_numpy())
        row = place.reindex(answers.ids[answers.customer]).to_numpy()
        rating = answers.ratings[:, answers.drivers.index(driver)]
        when = pd.Series(answers.timestamp)
        known = np.isfinite(row) & np.isfinite(rating)
        row = np.where(known, row, 0).astype(int)
        weight = self.weights[row]
        known &= weight > 0
        start = self.rows["start"].to_numpy()[row]
        if "end" in self.rows:
            end = self.rows["end"].to_numpy()[row]
            known &= pd.isna(end) | (when.to_numpy() < end)
        months = (when.to_numpy() - start) / np.timedelta64(1, "D") / DAYS_A_MONTH
        return Rated(
            unit=self.rows["unit"].to_numpy(dtype=object)[row][known].astype(str),
            treated=self.treated[row][known],
            months=months[known],
            rating=rating[known],
            weight=weight[known],
        )


def read_arms(
    dataset: DatasetDefinition,
    treatments: pd.DataFrame,
    customers: pd.DataFrame | None,
    names: Sequence[str],
    until: pd.Timestamp,
) -> Iterator[Arms | tuple[str, Reason]]:
    """The pilots of these initiatives, or why one teaches nothing.

    Parameters
    ----------
    dataset
        Definitions of its tables: the designs of treatments.
    treatments, customers
        The canonical tables; None where there are none.
    names
        Of initiatives.
    until
        The day after the last that is recorded.
    """
    definition = dataset.tables["treatments"]
    people = dataset.tables["customers"].columns if customers is not None else ()
    rows, before = known_before(treatments, definition.columns, definition.designs, customers, people)
    for name in names:
        own = (rows["initiative"] == name).to_numpy()
        if not own.any():
            continue
        design = definition.design_of(name)
        arms = set(rows.loc[own, "arm"].dropna())
        if "start" not in rows or rows.loc[own, "start"].isna().all():
            yield name, "undated"
        elif rows.loc[own, "start"].min() >= until:
            yield name, "later"
        elif len(arms) == 1:
            yield name, "one_arm"
        elif design.control not in arms:
            yield name, "control"
        else:
            yield _arms(name, rows[own], before[own], design)


def _arms(name: str, rows: pd.DataFrame, before: pd.DataFrame, design: Any) -> Arms:
    rows, draw = sound_rows(rows, design, before)
    unit = rows[design.unit] if design.unit else rows["customer_id"]
    enough = not design.unit or unit.groupby(rows["arm"]).nunique().min() >= FEWEST_UNITS
    by_lot = bool(design.by_chance and draw.holds and enough and alone(rows, design) <= MOST_ALONE)
    kept = comparable(rows, design) if by_lot else np.ones(len(rows), dtype=bool)
    chosen = rows.assign(unit=unit if enough else rows["customer_id"])[kept & rows["start"].notna().to_numpy()]
    chosen = chosen.assign(stratum=strata_of(chosen, design) if by_lot else "")
    chosen = chosen.sort_values("start", kind="stable").drop_duplicates("customer_id").reset_index(drop=True)
    return Arms(
        initiative=name,
        rows=chosen,
        treated=(chosen["arm"] != design.control).to_numpy(),
        strata=chosen["stratum"].to_numpy(dtype=str),
        by_lot=by_lot,
        draw=draw,
    )
