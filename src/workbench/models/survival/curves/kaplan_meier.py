"""Kaplan–Meier: what share of customers is still there after a time, for all or by segment."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.models.levels import SMALLEST_GROUP, as_levels, lump_levels, reject_measurements
from workbench.models.survival.curves.curves import Curves
from workbench.models.survival.lifetimes.episodes import customers_in, each_once, has_episodes
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes, weights_of
from workbench.statistics.product_limit import enough_from, product_limit
from workbench.wording import label_of, number, sentence


def kaplan_meier(
    lifetimes: pd.DataFrame,
    *,
    by: str | None = None,
    confidence: float = 0.9,
    time_unit: str = "month",
    labels: Mapping[str, str] | None = None,
    smallest_group: int = SMALLEST_GROUP,
    lapse: bool = False,
    rounded: float = 0.0,
) -> Curves:
    """Kaplan–Meier curves of all customers, or of each group of a segment.

    Parameters
    ----------
    lifetimes
        One row a customer, or episodes (see there): `customer_id`, `duration` (in `time_unit`), `event`, the column
        `by`, and `entry` where some were customers before the records: they are at risk from then on. A curve then
        begins where at least `smallest_group` are at risk, and is about those who had lasted until there. With a column
        `weight` (of a survey) curves are weighted, and bands allow for it.
    by
        Segment. Missing values are a group of their own ("not stated").
    confidence
        Level of every interval.
    time_unit, labels
        What durations are counted in, and labels of columns.
    smallest_group
        Groups with fewer customers are shown together with others, and no estimate that rests on fewer customers is
        shown or compared.
    lapse
        Whether customers lapse instead of leaving: what it is called.
    rounded
        To multiples of what durations were rounded (`renewals.find_rounding`): intervals allow for it.

    Raises
    ------
    DataError
        When the table breaks its contract, or holds fewer customers than may be shown.

    Examples
    --------
    >>> two = pd.DataFrame({"customer_id": range(40), "duration": [1, 2, 2, 4] * 10, "event": [1, 1, 0, 1] * 10})
    >>> kaplan_meier(two).at([1, 3])[["horizon", "survival"]].round(3).values.tolist()
    [[1.0, 0.75], [3.0, 0.5]]
    """
    lifetimes = validate_lifetimes(lifetimes, [by] if by else [])
    several = has_episodes(lifetimes)
    if (customers_in(lifetimes) if several else len(lifetimes)) < smallest_group:
        raise DataError(
            sentence(
                "lifetimes: got fewer than {smallest} customers, expected more: so small a group is not shown.",
                smallest=number(smallest_group),
            )
        )
    checks: tuple[Check, ...] = ()
    groups = pd.Series(sentence("all customers"), index=lifetimes.index)
    if by:
        reject_measurements(lifetimes[by], by)
        levels = as_levels(lifetimes[by])
        shown, checks = lump_levels(
            each_once(lifetimes, levels) if several else levels,
            label=label_of(labels, by),
            check=f"small_groups_{by}",
            smallest_group=smallest_group,
        )
        groups = levels.map(shown)
        if groups.nunique() == 1:
            checks += (_one_group(by, labels),)
    sizes = (each_once(lifetimes, groups) if several else groups).value_counts()
    order = sizes.index[np.lexsort((sizes.index, -sizes.to_numpy()))]
    members = {group: (groups == group).to_numpy() for group in order}
    # Curves that are compared begin together, where each has enough: they are about those who had lasted until there.
    start = max(_start(lifetimes[member], smallest_group) for member in members.values())
    tables = {group: _curve(lifetimes[member], confidence, start) for group, member in members.items()}
    tables = {group: table for group, table in tables.items() if table is not None}
    return Curves(
        frame=pd.concat(tables, names=["group"]).reset_index("group").reset_index(drop=True),
        by=by,
        label=label_of(labels, by) if by else None,
        time_unit=time_unit,
        confidence=confidence,
        smallest_group=smallest_group,
        lapse=lapse,
        checks=checks,
        rounded=rounded,
        sizes={group: int(sizes[group]) for group in tables},
        start=start,
    )


def _start(lifetimes: pd.DataFrame, smallest_group: int) -> float:
    entry = entry_of(lifetimes)
    return 0.0 if entry is None else enough_from(lifetimes["duration"].to_numpy(), entry, smallest_group)


def _curve(lifetimes: pd.DataFrame, confidence: float, start: float) -> pd.DataFrame | None:
    """The curve of those who had lasted until its start; None where nobody had."""
    entry = entry_of(lifetimes)
    if entry is None and not start:
        return product_limit(
            lifetimes["duration"].to_numpy(),
            lifetimes["event"].to_numpy(),
            weights=weights_of(lifetimes),
            confidence=confidence,
        )
    entry = np.zeros(len(lifetimes)) if entry is None else entry
    lasted = (lifetimes["duration"] > start).to_numpy() if start else np.ones(len(lifetimes), dtype=bool)
    if not lasted.any():
        return None
    lifetimes, entry = lifetimes[lasted], np.where(entry[lasted] <= start, 0.0, entry[lasted])
    return product_limit(
        lifetimes["duration"].to_numpy(),
        lifetimes["event"].to_numpy(),
        entry=entry,
        weights=weights_of(lifetimes),
        confidence=confidence,
    )


def _one_group(by: str, labels: Mapping[str, str] | None) -> Check:
    return Check(
        name=f"one_group_{by}",
        status="warn",
        title=sentence("Nothing to compare: a single group"),
        message=sentence(
            "{label} has a single group in these data, so nothing is compared by it.", label=label_of(labels, by)
        ),
    )
