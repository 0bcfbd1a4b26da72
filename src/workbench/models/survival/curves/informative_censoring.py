"""Informative censoring: whether how long customers could be followed depends on who they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.findings import Check, Status
from workbench.models.levels import MOST_LEVELS, as_levels, lump_levels
from workbench.models.survival.curves.curves import Curves
from workbench.models.survival.curves.standardised import Apart, apart_from_average
from workbench.models.survival.curves.statements import Average
from workbench.models.survival.lifetimes.episodes import at_start
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import span
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import inline, label_of, listing, number, percent, plural, sentence

NAME = "curve_of_all_customers"
APART = 0.03
"""A difference between the two curves of all customers beyond this is worth a warning."""
CHANCE = 0.01
"""Where follow-up depends on nothing, so many runs warn all the same, whatever the number of attributes."""
QUARTERS = 4
"""Parts of equal size that numbers are cut into."""
MOST_LOOKED_AT = 20_000
"""Of more customers than this, drawn at random, so many show whether the curves differ."""
FEW = 0.05
"""Up to this share of customers, groups that are not followed to a horizon are not spoken of."""
MOST_NAMED = 3
"""Attributes that a check names; it counts the others."""


@dataclass(frozen=True, kw_only=True)
class Censoring:
    """Whether follow-up depends on who customers are, and what allows for it.

    Attributes
    ----------
    checks
        One: `warn` where the curves differ for some attribute, or no attribute could be tested; empty where there is
        none with two groups.
    average
        The average over the groups of the attribute that parts the curves farthest; None where none clearly does.
    """

    checks: tuple[Check, ...] = ()
    average: Average | None = None


def informative_censoring(
    overall: Curves,
    lifetimes: pd.DataFrame,
    attributes: Iterable[str],
    horizons: Iterable[float],
    *,
    labels: Mapping[str, str] | None = None,
    random_seed: int = 0,
) -> Censoring:
    """Compare the curve of all customers with the average of the curves of groups, by every attribute.

    Both estimate the same share. The first needs that follow-up does not depend on who is about to leave among all
    customers, the second only within each group: where they differ by more than chance, follow-up depends on the
    attribute, and so does leaving.

    Parameters
    ----------
    overall
        The curve of all customers.
    lifetimes
        The customers of it: `customer_id`, `duration`, `event`, `entry` and `weight` where they are there; of episodes
        the attributes of each customer's first count.
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
    Censoring
        The check, and the average to lead with where follow-up clearly depends on an attribute.

    References
    ----------
    The difference is tested by the influence of each customer on both curves (Reid 1981), with Bonferroni's correction.
    """
    horizons = sorted(horizons)
    found, untested = _compared(lifetimes, attributes, horizons, random_seed)
    compared = {inline(label_of(labels, name)): each for name, each in found.items()}
    without = _some([inline(label_of(labels, name)) for name in untested])
    if not compared and not untested:
        return Censoring()
    if not compared:
        message = sentence(
            "Too few customers of each group are followed to say whether follow-up depends on {labels}.", labels=without
        )
        return Censoring(
            checks=(
                Check(
                    name=NAME,
                    status="warn",
                    title=sentence("Too few to test follow-up"),
                    message=message,
                    threshold=APART,
                ),
            )
        )
    ordered = sorted(compared, key=lambda each: abs(compared[each].apart), reverse=True)
    clear = _clear(compared, horizons)
    label = (clear or ordered)[0]
    farthest = compared[label]
    parts = [_agreement(overall, label, farthest, count=len(compared), clear=bool(clear))]
    if len(clear) > 1:
        parts.append(sentence("The same goes for {others}.", others=_some(clear[1:])))
    if untested:
        parts.append(sentence("Too few are followed to test {labels}.", labels=without))
    status: Status = "warn" if clear else "pass"
    check = Check(
        name=NAME,
        status=status,
        title=sentence(
            "Follow-up depends on attributes" if clear else "No clear dependence of follow-up on attributes"
        ),
        message=" ".join(parts),
        value=abs(farthest.apart),
        threshold=APART,
    )
    return Censoring(checks=(check,), average=_average(overall, label, farthest) if clear else None)


def _average(overall: Curves, label: str, farthest: Apart) -> Average:
    """The average of the curves by an attribute, as a share of all customers."""
    share = float(np.clip(overall.share_at(farthest.horizon) - farthest.apart, 0, 1))
    half = normal_quantile(overall.confidence) * farthest.average_error
    interval = (max(share - half, 0.0), min(share + half, 1.0))
    return Average(label=label, horizon=farthest.horizon, share=share, interval=interval)


def _agreement(overall: Curves, label: str, farthest: Apart, *, count: int, clear: bool) -> str:
    """What the curve of all customers says beside the average of those by an attribute."""
    share = overall.share_at(farthest.horizon)
    if not clear and count == 1:
        template = (
            "The curve of all customers ({all} still buying after {span}) agrees with the average of the curves by "
            "{label} ({average})."
            if overall.lapse
            else "The curve of all customers ({all} still there after {span}) agrees with the average of the curves by "
            "{label} ({average})."
        )
    elif not clear:
        template = (
            "The curve of all customers ({all} still buying after {span}) agrees with the average of curves by group, "
            "for each of {count} attributes (farthest apart: {average} by {label})."
            if overall.lapse
            else "The curve of all customers ({all} still there after {span}) agrees with the average of curves by "
            "group, for each of {count} attributes (farthest apart: {average} by {label})."
        )
    elif farthest.short > FEW:
        template = (
            "By one curve {all} are still buying after {span}; allowing for {label}, {average}. Hardly anybody in the "
            "groups of {short} of customers was followed that long."
            if overall.lapse
            else "By one curve {all} are still there after {span}; allowing for {label}, {average}. Hardly anybody in "
            "the groups of {short} of customers was followed that long."
        )
    else:
        template = (
            "By one curve {all} are still buying after {span}; allowing for {label}, {average}. Follow-up depends on "
            "{label}: trust the second number more."
            if overall.lapse
            else "By one curve {all} are still there after {span}; allowing for {label}, {average}. Follow-up "
            "depends on {label}: trust the second number more."
        )
    return sentence(
        template,
        all=percent(share),
        span=span(farthest.horizon, overall.time_unit),
        label=label,
        average=percent(float(np.clip(share - farthest.apart, 0, 1))),
        count=number(count),
        short=percent(farthest.short),
    )


def _some(labels: Sequence[str]) -> str:
    """A few labels in words, and how many others."""
    rest = len(labels) - MOST_NAMED
    if rest <= 0:
        return listing(labels)
    return listing([*labels[:MOST_NAMED], plural("{n} other", "{n} others", rest)])


def informative_attributes(
    lifetimes: pd.DataFrame, attributes: Iterable[str], horizons: Iterable[float], *, random_seed: int = 0
) -> list[str]:
    """Attributes on which follow-up and leaving clearly depend.

    Parameters
    ----------
    lifetimes, attributes, horizons, random_seed
        As in `informative_censoring`.
    """
    horizons = sorted(horizons)
    return _clear(_compared(lifetimes, attributes, horizons, random_seed)[0], horizons)


def _compared(
    lifetimes: pd.DataFrame, attributes: Iterable[str], horizons: list[float], random_seed: int
) -> tuple[dict[str, Apart], list[str]]:
    """Attributes by how far they part the curves, and those that cannot be tested."""
    rows = at_start(validate_lifetimes(lifetimes))
    if len(rows) > MOST_LOOKED_AT:
        rows = rows.sample(MOST_LOOKED_AT, random_state=random_seed)
    compared: dict[str, Apart] = {}
    untested: list[str] = []
    for name in dict.fromkeys(attributes):
        groups = groups_of(rows[name])
        if groups.max() == 0:
            continue
        if found := apart_from_average(rows, groups, horizons):
            compared[name] = found
        else:
            untested.append(name)
    return compared, untested


def _clear(compared: dict[str, Apart], horizons: list[float]) -> list[str]:
    """Those that part the curves by more than chance, allowing for their number, the farthest apart first."""
    if not compared:
        return []
    z = normal_quantile(1 - CHANCE / len(compared) / len(horizons))
    ordered = sorted(compared, key=lambda each: abs(compared[each].apart), reverse=True)
    return [each for each in ordered if abs(compared[each].apart) > max(APART, z * compared[each].error)]


def groups_of(column: pd.Series) -> np.ndarray:
    """A number (n,) from 0 for each group that is large enough; those of the others are put together.

    Parameters
    ----------
    column
        An attribute: of a number with many values quarters of the customers are the groups.
    """
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > MOST_LEVELS:
        column = pd.qcut(column.astype(float), QUARTERS, labels=False, duplicates="drop")
    levels = as_levels(column)
    shown, _ = lump_levels(levels, label="", check="")
    return pd.factorize(levels.map(shown))[0]
