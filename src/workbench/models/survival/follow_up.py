"""Does how long customers could be followed depend on who they are?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.evaluation.at_risk import observed_for
from workbench.evaluation.censoring import FLOOR, Followed, FollowedBy
from workbench.evaluation.horizons import span
from workbench.evaluation.product_limit import normal_quantile, survival_at
from workbench.findings import Check
from workbench.models.levels import MOST_LEVELS, as_levels, gather
from workbench.models.survival.cox import fit_cox
from workbench.models.survival.curves import Curves
from workbench.models.survival.endings import ending
from workbench.models.survival.lifetimes import require_lifetimes
from workbench.models.survival.predictions import chunks
from workbench.models.survival.standardised import apart_from_average
from workbench.wording import inline, label_of, listing, number, percent, sentence

NAME = "curve_of_all_customers"
APART = 0.03
"""A difference between the two curves of all customers beyond this is worth a warning."""
CHANCE = 0.01
"""Where follow-up depends on nothing, so many runs warn all the same, whatever the number of attributes."""
QUARTERS = 4
"""Parts of equal size that numbers are cut into."""
MOST_LOOKED_AT = 100_000
"""Of more customers than this, drawn at random, so many show whether the curves differ."""
NO_OVERLAP = 0.05
"""Of more customers than this nobody else could stand for, weights by covariates are of no use."""
FEW = 0.05
"""Up to this share of customers, groups that are not followed to a horizon are not spoken of."""


def dependent_follow_up(
    overall: Curves,
    lifetimes: pd.DataFrame,
    attributes: Iterable[str],
    horizons: Iterable[float],
    *,
    labels: Mapping[str, str] | None = None,
    random_seed: int = 0,
) -> tuple[Check, ...]:
    """Compare the curve of all customers with the average of the curves of groups, by every attribute.

    Both estimate the same share. The first needs that follow-up does not depend on who is about to leave among all
    customers, the second only within each group: where they differ by more than chance, follow-up depends on the
    attribute, and so does leaving.

    Parameters
    ----------
    overall
        The curve of all customers.
    lifetimes
        The customers of it: `customer_id`, `duration`, `event`, `entry` and `weight` where they are there.
    attributes
        Segments and covariates: categories by their levels, numbers by quarters of the customers; a missing value is a
        group of its own.
    horizons
        When curves are compared (`standardised.apart_from_average`); the largest difference counts.
    labels
        Of columns.
    random_seed
        Draws the customers where there are very many.

    Returns
    -------
    tuple of Check
        One: `warn` where the curves differ for some attribute, or no attribute could be judged; empty where there is
        none with two groups.

    References
    ----------
    The difference is tested by the influence of each customer on both curves (Reid 1981), with Bonferroni's correction.
    """
    rows = require_lifetimes(lifetimes)
    if len(rows) > MOST_LOOKED_AT:
        rows = rows.sample(MOST_LOOKED_AT, random_state=random_seed)
    horizons = sorted(horizons)
    compared, silent = {}, []
    for name in dict.fromkeys(attributes):
        groups = _groups(rows[name])
        if groups.max() == 0:
            continue
        if found := apart_from_average(rows, groups, horizons):
            compared[inline(label_of(labels, name))] = found
        else:
            silent.append(inline(label_of(labels, name)))
    if not compared and not silent:
        return ()
    if not compared:
        message = sentence(
            "Too few customers of each group are followed to any horizon, by {labels}: whether follow-up depends on "
            "who customers are cannot be told.", labels=listing(silent),
        )  # fmt: skip
        return (Check(name=NAME, status="warn", message=message, threshold=APART),)
    z = normal_quantile(1 - CHANCE / len(compared) / len(horizons))
    ordered = sorted(compared, key=lambda each: abs(compared[each].apart), reverse=True)
    clear = [each for each in ordered if abs(compared[each].apart) > max(APART, z * compared[each].error)]
    label = (clear or ordered)[0]
    found = compared[label]
    (curve,) = overall.tables.values()
    share = float(survival_at(curve, np.array([found.horizon]))[0])
    values = {
        "all": percent(share), "average": percent(float(np.clip(share - found.apart, 0, 1))), "label": label,
        "span": span(found.horizon, overall.time_unit), "count": number(len(compared)), "short": percent(found.short),
        "others": listing(clear[1:4]), **ending(overall.lapse),
    }  # fmt: skip
    template = (
        "The curve of all customers ({all} {there} after {span}) agrees with the average of the curves by group, for "
        "each of {count} attributes (farthest apart: {average} by {label})."
        if not clear
        else "After {span} the curve of all customers says {all} are {there}. But {short} of customers are in groups "
        "by {label} of which hardly anybody was followed that long, and they leave at another rate: with that, "
        "{average} would be."
        if found.short > FEW
        else "After {span} the curve of all customers says {all} are {there}, the average of the curves by {label} "
        "{average}. How long customers could be followed depends on {label}, which the curve of all cannot allow for: "
        "trust the average more."
    )
    message = sentence(template, **values)
    if len(clear) > 1:
        message += sentence(" The same goes for {others}.", **values)
    status = "warn" if clear else "pass"
    return (Check(name=NAME, status=status, message=message, value=abs(found.apart), threshold=APART),)


def _groups(column: pd.Series) -> np.ndarray:
    """A number (n,) from 0 for each group that is large enough; those of the others are put together."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > MOST_LEVELS:
        column = pd.qcut(column.astype(float), QUARTERS, labels=False, duplicates="drop")
    levels = as_levels(column)
    shown, _ = gather(levels, label="", check="")
    return pd.factorize(levels.map(shown))[0]


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
    durations = observed_for(lifetimes["duration"].to_numpy(dtype=float), since)
    left = lifetimes["event"].to_numpy().astype(bool)
    before = np.maximum(np.nextafter(durations, -np.inf), 0)
    turned = lifetimes.assign(duration=np.where(left, before, durations), event=~left, entry=0.0)
    model = fit_cox(turned, covariates)
    if not model.usable:
        return None
    # Who is lost at the end of a step was seen until then: here nothing is spread over steps.
    model = replace(model, baseline_sums=replace(model.baseline_sums, step=0.0))

    def followed(customers: pd.DataFrame, times: np.ndarray) -> Followed:
        own = np.nextafter(customers["duration"].to_numpy(dtype=float), -np.inf)
        just_before = np.nextafter(np.asarray(times, dtype=float), -np.inf)
        until = np.broadcast_to(just_before, (len(own), len(times)))
        hazard, _ = model.cumulative_hazard(customers, np.full(len(own), -np.inf), until)
        return Followed(before=model.survival_each(customers, own), at=np.exp(-hazard))

    return followed


def overlapping_weights(
    lifetimes: pd.DataFrame, covariates: Iterable[str], horizons: Iterable[float], *, time_unit: str = "month"
) -> tuple[FollowedBy | None, tuple[Check, ...]]:
    """The probabilities of `follow_up_weights`, where everybody could have been followed to the horizons.

    Where the covariates decide how long somebody can be followed (a year of signing up), hardly anybody stands for
    those who could not: their weights would be cut at a floor and say too few of them. Then weights are the same for
    all.

    Parameters
    ----------
    lifetimes, covariates
        As in `follow_up_weights`.
    horizons
        Counted from when each was first observed.
    time_unit
        Of durations and horizons.

    Returns
    -------
    FollowedBy or None, tuple of Check
        None: take weights that are the same for all; a `warn` check says so where that is for want of overlap.
    """
    followed = follow_up_weights(lifetimes, covariates)
    if followed is None:
        return None, ()
    since = lifetimes["entry"].to_numpy(dtype=float) if "entry" in lifetimes.columns else 0.0
    durations = observed_for(lifetimes["duration"].to_numpy(dtype=float), since)
    clock = lifetimes.assign(duration=durations)
    times = np.array([each for each in sorted(horizons) if each <= durations.max()])
    if not len(times):
        return followed, ()
    at = np.concatenate([followed(clock.iloc[part], times[-1:]).at for part in chunks(len(clock))])
    without = float((at < FLOOR).mean())
    if without <= NO_OVERLAP:
        return followed, ()
    message = sentence(
        "What customers are like decides how long they could be followed: for {share} of them hardly any who are like "
        "them were followed for {span}. Scores therefore take the same weights for all, which is right as long as "
        "those attributes do not decide who leaves.",
        share=percent(without), span=span(float(times[-1]), time_unit),
    )  # fmt: skip
    return None, (Check(name="follow_up_without_overlap", status="warn", message=message, value=without,
                        threshold=NO_OVERLAP),)  # fmt: skip
