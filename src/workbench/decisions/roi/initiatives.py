"""Initiatives: what they are expected to do to an experience, for whom, from when on, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.wording import number, sentence, shown

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
        risen = np.clip(since / self.ramp_months, 0, 1) if self.ramp_months else (since > 0).astype(float)
        left = 0.5 ** (np.maximum(since, 0) / self.half_life_months)
        return risen * left

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
        The canonical table `initiatives`; one listed twice counts once.
    drivers
        Items of the survey whose effects are known.

    Raises
    ------
    DataError
        All faults at once: unknown drivers, negative costs, shares beyond 1, lifts beyond the scale, one name for two.
    """
    rows = table.drop_duplicates()
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
        costs = [each.fixed_cost, each.cost_per_customer, getattr(each, "cost_per_month", 0.0)]
        if not all(np.nan_to_num(cost) >= 0 for cost in costs):
            faults.append(sentence("initiatives: {name}: got a negative cost.", name=name))
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


def _rows(table: pd.DataFrame) -> list[Any]:
    """Rows whose columns are attributes."""
    return list(table.itertuples())


def _given(row: Any, name: str, default: float) -> float:
    value = getattr(row, name, default)
    return default if pd.isna(value) else float(value)
