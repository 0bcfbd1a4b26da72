"""What a customer of each arm cost: all that is recorded of one, and what is not recorded is not 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError
from workbench.wording import number, sentence


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Of one pilot.

    Attributes
    ----------
    above
        Mean cost of a customer of an arm above that of the control; no arm of which nothing is recorded.
    unknown
        Customers of an arm whose cost is not recorded, or not of all that they got; only arms that have some. Of a
        control without any recorded cost none: it got nothing.
    """

    above: Mapping[str, float]
    unknown: Mapping[str, int]


def read_costs(every: pd.DataFrame, roster: pd.DataFrame, arms: Sequence[str], control: str) -> Costs:
    """Sum over all rows of a customer, then the mean of those of whom each row has a cost.

    Parameters
    ----------
    every
        All rows of the pilot: `customer_id`, `arm`, perhaps `cost`.
    roster
        One row a customer: `customer_id`, and `arm` as it was dealt. What one got of another arm later is none of the
        cost of this one.
    arms, control
        Of the pilot.

    Raises
    ------
    DataError
        A cost below 0.
    """
    if "cost" not in every or every["cost"].isna().all():
        return Costs(above={}, unknown={})
    if (every["cost"] < 0).any():
        raise DataError(
            sentence(
                "treatments.cost: got {n} values below 0, expected what a customer cost; mend the column in "
                "dataset.yaml.",
                n=number(int((every["cost"] < 0).sum())),
            )
        )
    own = roster[["customer_id", "arm"]].merge(every[["customer_id", "arm", "cost"]], on=["customer_id", "arm"])
    paid = own.groupby("customer_id")["cost"].agg(lambda costs: costs.sum(skipna=False))
    by_arm = roster["customer_id"].map(paid).groupby(roster["arm"])
    means = {str(arm): float(mean) for arm, mean in by_arm.mean().items() if mean == mean}
    unknown = {str(arm): int(n) for arm, n in (by_arm.size() - by_arm.count()).items()}
    return Costs(
        above={arm: means[arm] - means.get(control, 0.0) for arm in arms if arm in means},
        unknown={arm: n for arm, n in unknown.items() if n and (arm != control or control in means)},
    )
