"""Initiatives: what they are expected to do to an experience, for whom, from when on, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.wording import listing, number, sentence, shown

NEEDED = ("initiative", "driver", "expected_lift", "lift_sd", "reach", "fixed_cost", "cost_per_customer")
"""Columns without which no return is known."""
LARGEST_LIFT = 4.0
"""Standard deviations of an experience: who is worst off would then be better off than nearly all others are today."""


@dataclass(frozen=True, kw_only=True)
class Initiative:
    """One thing that could be done.

    Attributes
    ----------
    name
        Its own.
    driver
        Item of the survey that it acts on.
    lift, lift_sd
        What it is expected to add to the experience there, in standard deviations of it between visits, and how unsure
        that is.
    reach
        Share of customers whom it reaches.
    fixed_cost, cost_per_customer, cost_per_month
        In money: once; once for each customer reached; each month from the start on.
    start
        Months from now until it begins.
    ramp_months
        Months until it works fully, evenly.
    half_life_months
        Months after which half of its effect is left; infinite: it lasts.
    """

    name: str
    driver: str
    lift: float
    lift_sd: float
    reach: float
    fixed_cost: float
    cost_per_customer: float
    cost_per_month: float = 0.0
    start: int = 0
    ramp_months: float = 0.0
    half_life_months: float = np.inf

    def strength(self, months: int) -> np.ndarray:
        """Share of its lift (months,) that it has at the middle of each month.

        Parameters
        ----------
        months
            How many.
        """
        since = np.arange(months) + 0.5 - self.start
        return (since > 0) * self.strength_after(since)

    def strength_after(self, since: np.ndarray) -> np.ndarray:
        """Share of its lift that it has some time after its start, in the same shape.

        Parameters
        ----------
        since
            Months; before the start counts as at it.
        """
        since = np.maximum(since, 0.0)
        risen = np.clip(since / self.ramp_months, 0, 1) if self.ramp_months else np.ones_like(since)
        return np.asarray(risen * 0.5 ** (since / self.half_life_months))

    def spending(self, customers: float, months: int, discount: float) -> np.ndarray:
        """Present value (months,) of what is spent in each month: once when it begins, and at the end of each after.

        Parameters
        ----------
        customers
            How many there are now.
        months
            For how many it is counted; what begins later is not.
        discount
            Worth now of 1 that comes in a month.
        """
        month = np.arange(months)
        once = (month == self.start) * (self.fixed_cost + self.cost_per_customer * self.reach * customers)
        running = (month >= self.start) * self.cost_per_month
        return np.asarray(once * discount**month + running * discount ** (month + 1))


def read_initiatives(table: pd.DataFrame, drivers: Sequence[str]) -> tuple[Initiative, ...]:
    """Initiatives of a dataset.

    Parameters
    ----------
    table
        The canonical table `initiatives`; one listed twice counts once. Spaces around a name are not part of it.
    drivers
        Items of the survey whose effects are known.

    Raises
    ------
    DataError
        All faults at once: no such column, unknown drivers, costs that are missing or below 0, times below 0, shares
        beyond 1, lifts beyond the scale, one name for two.
    """
    lacking = [name for name in NEEDED if name not in table]
    if lacking:
        template = "initiatives: no column {names}; expected one: map it under initiatives in dataset.yaml."
        raise DataError(sentence(template, names=listing(lacking)))
    rows = table.assign(initiative=table["initiative"].astype(str).str.split().str.join(" ")).drop_duplicates()
    faults: list[str] = []
    known = set(drivers)
    for each in _rows(rows):
        name = shown(str(each.initiative))
        if each.driver not in known:
            template = "initiatives: {name}: got the driver {driver}, expected an item whose effect is known."
            faults.append(sentence(template, name=name, driver=shown(str(each.driver))))
        if not 0 <= each.reach <= 1:
            template = "initiatives: {name}: got a reach of {reach}, expected a share between 0 and 1."
            faults.append(sentence(template, name=name, reach=number(each.reach)))
        if not abs(each.expected_lift) <= LARGEST_LIFT or not 0 <= each.lift_sd <= LARGEST_LIFT:
            template = "initiatives: {name}: got a lift of {lift} ± {sd} standard deviations, beyond any scale."
            faults.append(sentence(template, name=name, lift=number(each.expected_lift), sd=number(each.lift_sd)))
        faults += _costs(each, name) + _times(each, name)
    twice = rows.loc[rows["initiative"].duplicated(), "initiative"].unique()
    faults += [sentence("initiatives: {name}: two rows of this name differ.", name=shown(str(name))) for name in twice]
    if faults:
        raise DataError(*faults)
    return tuple(
        Initiative(
            name=str(each.initiative),
            driver=str(each.driver),
            lift=float(each.expected_lift),
            lift_sd=float(each.lift_sd),
            reach=float(each.reach),
            fixed_cost=float(each.fixed_cost),
            cost_per_customer=float(each.cost_per_customer),
            cost_per_month=_given(each, "cost_per_month", 0.0),
            start=int(_given(each, "start", 0.0)),
            ramp_months=_given(each, "ramp_months", 0.0),
            half_life_months=_given(each, "half_life_months", np.inf),
        )
        for each in _rows(rows)
    )


def _costs(each: Any, name: str) -> list[str]:
    """Faults of what an initiative costs: what is blank is not known to be nothing."""
    costs = {
        "fixed_cost": each.fixed_cost,
        "cost_per_customer": each.cost_per_customer,
        "cost_per_month": _given(each, "cost_per_month", 0.0),
    }
    template = "initiatives: {name}: got {cost} as {column}, expected a cost of 0 or more."
    return [
        sentence(template, name=name, cost=_said(cost), column=column)
        for column, cost in costs.items()
        if not 0 <= cost < np.inf
    ]


def _times(each: Any, name: str) -> list[str]:
    """Faults of when an initiative works."""
    faults = []
    half_life = _given(each, "half_life_months", np.inf)
    if not half_life > 0:
        template = "initiatives: {name}: got a half-life of {months} months, expected more than 0, or none: it lasts."
        faults.append(sentence(template, name=name, months=number(half_life)))
    for column in ("start", "ramp_months"):
        months = _given(each, column, 0.0)
        if not 0 <= months < np.inf:
            template = "initiatives: {name}: got {months} months as {column}, expected 0 or more."
            faults.append(sentence(template, name=name, months=number(months), column=column))
    return faults


def _said(cost: float) -> str:
    return sentence("nothing") if pd.isna(cost) else number(float(cost))


def _rows(table: pd.DataFrame) -> list[Any]:
    """Rows whose columns are attributes."""
    return list(table.itertuples())


def _given(row: Any, name: str, default: float) -> float:
    value = getattr(row, name, default)
    return default if pd.isna(value) else float(value)
