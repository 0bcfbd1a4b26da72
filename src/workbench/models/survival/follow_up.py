"""Does how long customers could be followed depend on who they are?"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from workbench.evaluation.censoring import Followed, FollowedBy
from workbench.evaluation.horizons import span
from workbench.evaluation.product_limit import survival_at
from workbench.findings import Check
from workbench.models.survival.cox import fit_cox
from workbench.models.survival.curves import Curves
from workbench.models.survival.endings import ending
from workbench.wording import inline, percent, sentence

APART = 0.03
"""A difference between the two curves of all customers beyond this is worth a warning."""


def dependent_follow_up(overall: Curves, segment: Curves, horizons: Iterable[float]) -> tuple[Check, ...]:
    """Compare the curve of all customers with the average of the curves of a segment's groups, weighted by their size.

    Both estimate the same share. The first needs that follow-up does not depend on who is about to leave among all
    customers, the second only within each group: where they differ, follow-up depends on the segment.

    Parameters
    ----------
    overall, segment
        Curves of the same customers, all together and by group.
    horizons
        Compared are those that every group reaches, the one with the largest difference counts.

    Returns
    -------
    tuple of Check
        Empty where there is one group only.
    """
    if len(segment.tables) < 2:
        return ()
    groups = segment.groups
    times = np.array([horizon for horizon in sorted(horizons) if horizon <= groups["reach"].min()])
    label = inline(segment.label)
    if not len(times):
        message = sentence("No horizon is reached by every group of {label}, so whether follow-up depends on it cannot "
                           "be told.", label=label)  # fmt: skip
        return (Check(name="curve_of_all_customers", status="warn", message=message, threshold=APART),)
    (all_customers,) = (survival_at(table, times) for table in overall.tables.values())
    standardised = np.average(
        [survival_at(table, times) for table in segment.tables.values()], axis=0, weights=groups["customers"]
    )
    worst = int(np.abs(all_customers - standardised).argmax())
    apart = float(abs(all_customers - standardised)[worst])
    values = {
        "all": percent(all_customers[worst]), "average": percent(standardised[worst]), "label": label,
        "span": span(times[worst], overall.time_unit), **ending(overall.lapse),
    }  # fmt: skip
    return (
        Check(
            name="curve_of_all_customers",
            status="pass" if apart <= APART else "warn",
            message=sentence(
                "The curve of all customers ({all} {there} after {span}) agrees with the average of the curves by "
                "{label} ({average}).",
                **values,
            )
            if apart <= APART
            else sentence(
                "After {span} the curve of all customers says {all} are {there}, the average of the curves by "
                "{label} {average}: how long customers could be followed depends on {label}, which the curve of all "
                "cannot allow for; trust the curves by segment more.",
                **values,
            ),
            value=apart,
            threshold=APART,
        ),
    )


def follow_up_weights(lifetimes: pd.DataFrame, covariates: Iterable[str]) -> FollowedBy | None:
    """Probabilities of being followed that depend on covariates: Cox's model of the end of observation.

    Customers who left are censored for it an instant before, so that who was censored when others left was still
    followed then. Time counts from when each was first observed.

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `entry` and covariates.
    covariates
        What being followed may depend on.

    Returns
    -------
    FollowedBy or None
        For `workbench.evaluation.survival`, whose customers already have durations on that clock. None where the model
        is not usable, for instance because everyone left: then use weights that are the same for all.
    """
    since = lifetimes["entry"].to_numpy(dtype=float) if "entry" in lifetimes.columns else 0.0
    durations = lifetimes["duration"].to_numpy(dtype=float) - since
    left = lifetimes["event"].to_numpy().astype(bool)
    before = np.maximum(np.nextafter(durations, -np.inf), 0)
    turned = lifetimes.assign(duration=np.where(left, before, durations), event=~left, entry=0.0)
    model = fit_cox(turned, covariates)
    if not model.usable:
        return None

    def followed(customers: pd.DataFrame, times: np.ndarray) -> Followed:
        own = np.nextafter(customers["duration"].to_numpy(dtype=float), -np.inf)
        until = np.broadcast_to(np.asarray(times, dtype=float), (len(own), len(times)))
        hazard, _ = model.cumulative_hazard(customers, np.zeros(len(own)), until)
        return Followed(before=model.survival_each(customers, own), at=np.exp(-hazard))

    return followed
