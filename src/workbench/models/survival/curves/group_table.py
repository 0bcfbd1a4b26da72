"""One table of all groups of all segments: how many stay, for how long, and how they differ from all the others."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from workbench.exhibits import Column, People, Table
from workbench.models.survival.curves.curves import Curves
from workbench.statistics.horizons import clean_horizons, span, times, units
from workbench.statistics.product_limit import normal_quantile, survival_at
from workbench.wording import sentence


def group_table(curves: Sequence[Curves], horizons: Iterable[float]) -> pd.DataFrame:
    """All customers and the groups of each segment.

    Parameters
    ----------
    curves
        Of all customers, and by segment; the order is kept.
    horizons
        When to look.

    Returns
    -------
    DataFrame
        `segment`, `group`, `customers`, `left`, `survival_<h>` (missing where a group is not shown at the horizon),
        `median`, `median_lower`, `median_upper` (missing where not reached), `mean` (restricted to the common horizon
        of the segment), `gain` (by how much that is longer than in the segment's largest group), `gain_lower`,
        `gain_upper` (Wald, each for itself).
    """
    horizons = clean_horizons(horizons)
    return pd.concat([_rows(each, horizons) for each in curves], ignore_index=True)


def _rows(curves: Curves, horizons: tuple[float, ...]) -> pd.DataFrame:
    groups = curves.groups
    at = np.array(horizons)
    survival = np.array([survival_at(table, at) for table in curves.tables.values()])
    if curves.start:
        survival[:, at <= curves.start] = np.nan
    survival[~curves.shown(at)] = np.nan
    rows = pd.DataFrame(
        {
            "segment": curves.label or "",
            "group": groups["group"],
            "customers": groups["customers"],
            "left": groups["events"],
            **{f"survival_{horizon:g}": survival[:, place] for place, horizon in enumerate(horizons)},
        }
    )
    median = curves.median().set_index("group").loc[groups["group"]]
    for name, column in (("median", "median"), ("median_lower", "lower"), ("median_upper", "upper")):
        rows[name] = median[column].to_numpy(dtype=float, na_value=np.nan)
    return rows.assign(**_means(curves, horizons, groups["group"]))


def _means(curves: Curves, horizons: tuple[float, ...], groups: pd.Series) -> dict[str, np.ndarray]:
    until = curves.common_horizon(horizons)
    nothing = np.full(len(groups), np.nan)
    if until is None:
        return dict.fromkeys(("mean", "gain", "gain_lower", "gain_upper"), nothing)
    means = curves.restricted_mean(until).set_index("group").reindex(groups)
    mean, error = means["restricted_mean"].to_numpy(), means["standard_error"].to_numpy()
    gain = mean - mean[0]
    half = normal_quantile(curves.confidence) * np.hypot(error, error[0])
    own = np.arange(len(groups)) == 0  # the largest, with which the others are compared
    return {
        "mean": mean,
        "gain": np.where(own, np.nan, gain),
        "gain_lower": np.where(own, np.nan, gain - half),
        "gain_upper": np.where(own, np.nan, gain + half),
    }


def groups_exhibit(curves: Sequence[Curves], horizons: Iterable[float]) -> Table:
    """`group_table` as a report shows it.

    Parameters
    ----------
    curves, horizons
        As in `group_table`; the first curves say which unit and words are used.
    """
    horizons = clean_horizons(horizons)
    lapse, time_unit = curves[0].lapse, curves[0].time_unit
    there = "still buying after {span}" if lapse else "still there after {span}"
    shares = {
        f"survival_{horizon:g}": Column(sentence(there, span=span(horizon, time_unit)), "share") for horizon in horizons
    }
    template = (
        "Customers still buying after {times} by group, when half have lapsed, and the mean time within the last of "
        "these times: longer than in the segment's largest group by so much (intervals in the file; – where the data "
        "do not reach)."
        if lapse
        else "Customers still there after {times} by group, when half have left, and the mean time within the last of "
        "these times: longer than in the segment's largest group by so much (intervals in the file; – where the data "
        "do not reach)."
    )
    return Table(
        name="groups",
        frame=group_table(curves, horizons),
        caption=sentence(template, times=times(horizons, time_unit)),
        people=People(count="customers", by="group", within="segment"),
        columns={
            "segment": Column(sentence("segment")),
            "group": Column(sentence("group")),
            "customers": Column(sentence("customers")),
            **shares,
            "median": Column(sentence("half lapsed after" if lapse else "half left after"), units(time_unit)),
            "mean": Column(sentence("mean time"), units(time_unit)),
            "gain": Column(sentence("longer"), units(time_unit)),
        },
    )
