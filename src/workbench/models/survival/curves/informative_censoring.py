"""Does how long customers could be followed depend on who they are?"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.models.levels import MOST_LEVELS, as_levels, lump_levels
from workbench.models.survival.curves.standardised import Apart, apart_from_average
from workbench.models.survival.curves.statements import Curves
from workbench.models.survival.lifetimes.episodes import at_start
from workbench.models.survival.lifetimes.event_words import event_words
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.statistics.horizons import span
from workbench.statistics.product_limit import normal_quantile, survival_at
from workbench.wording import inline, label_of, listing, number, percent, sentence

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


def informative_censoring(
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
    tuple of Check
        One: `warn` where the curves differ for some attribute, or no attribute could be judged; empty where there is
        none with two groups.

    References
    ----------
    The difference is tested by the influence of each customer on both curves (Reid 1981), with Bonferroni's correction.
    """
    horizons = sorted(horizons)
    compared, undecided = _compared(lifetimes, attributes, horizons, random_seed)
    compared = {inline(label_of(labels, name)): found for name, found in compared.items()}
    undecided = [inline(label_of(labels, name)) for name in undecided]
    if not compared and not undecided:
        return ()
    if not compared:
        message = sentence(
            "Too few customers of each group are followed to any horizon, by {labels}: whether follow-up depends on "
            "who customers are cannot be told.", labels=listing(undecided),
        )  # fmt: skip
        return (Check(name=NAME, status="warn", message=message, threshold=APART),)
    ordered = sorted(compared, key=lambda each: abs(compared[each].apart), reverse=True)
    clear = _clear(compared, horizons)
    label = (clear or ordered)[0]
    found = compared[label]
    (curve,) = overall.tables.values()
    share = float(survival_at(curve, np.array([found.horizon]))[0])
    values = {
        "all": percent(share), "average": percent(float(np.clip(share - found.apart, 0, 1))), "label": label,
        "span": span(found.horizon, overall.time_unit), "count": number(len(compared)), "short": percent(found.short),
        "others": listing(clear[1:4]), **event_words(overall.lapse),
    }  # fmt: skip
    template = (
        "The curve of all customers ({all} {there} after {span}) agrees with the average of the curves by {label} "
        "({average})."
        if not clear and len(compared) == 1
        else "The curve of all customers ({all} {there} after {span}) agrees with the average of the curves by group, "
        "for each of {count} attributes (farthest apart: {average} by {label})."
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
    if undecided:
        message += sentence(" Too few of some group were followed to judge {labels}.", labels=listing(undecided))
    status = "warn" if clear else "pass"
    return (Check(name=NAME, status=status, message=message, value=abs(found.apart), threshold=APART),)


def informative_attributes(
    lifetimes: pd.DataFrame, attributes: Iterable[str], horizons: Iterable[float], *, random_seed: int = 0
) -> list[str]:
    """Attributes on which follow-up and leaving clearly depend, as in `informative_censoring`."""
    horizons = sorted(horizons)
    return _clear(_compared(lifetimes, attributes, horizons, random_seed)[0], horizons)


def _compared(
    lifetimes: pd.DataFrame, attributes: Iterable[str], horizons: list[float], random_seed: int
) -> tuple[dict[str, Apart], list[str]]:
    """Attributes by how far they part the curves, and those of which that cannot be told."""
    rows = at_start(validate_lifetimes(lifetimes))
    if len(rows) > MOST_LOOKED_AT:
        rows = rows.sample(MOST_LOOKED_AT, random_state=random_seed)
    compared, undecided = {}, []
    for name in dict.fromkeys(attributes):
        groups = groups_of(rows[name])
        if groups.max() == 0:
            continue
        if found := apart_from_average(rows, groups, horizons):
            compared[name] = found
        else:
            undecided.append(name)
    return compared, undecided


def _clear(compared: dict[str, Apart], horizons: list[float]) -> list[str]:
    """Those that part the curves by more than chance, allowing for their number, the farthest apart first."""
    if not compared:
        return []
    z = normal_quantile(1 - CHANCE / len(compared) / len(horizons))
    ordered = sorted(compared, key=lambda each: abs(compared[each].apart), reverse=True)
    return [each for each in ordered if abs(compared[each].apart) > max(APART, z * compared[each].error)]


def groups_of(column: pd.Series) -> np.ndarray:
    """A number (n,) from 0 for each group that is large enough; those of the others are put together."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > MOST_LEVELS:
        column = pd.qcut(column.astype(float), QUARTERS, labels=False, duplicates="drop")
    levels = as_levels(column)
    shown, _ = lump_levels(levels, label="", check="")
    return pd.factorize(levels.map(shown))[0]
