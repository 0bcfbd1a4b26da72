"""Log-rank tests: do the groups of a segment leave at the same rate?"""

from collections.abc import Mapping, Sequence

import pandas as pd
from lifelines.statistics import multivariate_logrank_test

from workbench.evaluation.multiplicity import holm
from workbench.models.levels import SMALLEST_GROUP, as_levels, gather, refuse_measurements
from workbench.models.lifetimes import label_of, require_lifetimes


def log_rank(
    lifetimes: pd.DataFrame,
    segments: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    smallest_group: int = SMALLEST_GROUP,
) -> pd.DataFrame:
    """One log-rank test a segment, adjusted for their number.

    Parameters
    ----------
    lifetimes
        One row a customer: `customer_id`, `duration`, `event` and the segments.
    segments
        Columns.
    labels
        Labels of columns.
    smallest_group
        Smaller groups are gathered as in `kaplan_meier`.

    Returns
    -------
    DataFrame
        `segment`, `label`, `groups`, `customers`, `statistic` (chi squared), `degrees_of_freedom`, `p_value`,
        `p_value_holm` (adjusted over the segments that could be tested). The last four are missing (`<NA>`) where a
        segment has one group or nobody left.

    References
    ----------
    Mantel (1966); Holm (1979).
    """
    lifetimes = require_lifetimes(lifetimes, segments)
    rows = []
    for segment in dict.fromkeys(segments):
        refuse_measurements(lifetimes[segment], segment)
        label = label_of(labels, segment)
        levels = as_levels(lifetimes[segment])
        shown, _ = gather(levels, label=label, check=segment, smallest_group=smallest_group)
        groups = levels.map(shown)
        row = {"segment": segment, "label": label, "groups": groups.nunique(), "customers": len(groups)}
        if row["groups"] > 1 and lifetimes["event"].any():
            test = multivariate_logrank_test(lifetimes["duration"], groups, lifetimes["event"])
            row |= {
                "statistic": float(test.test_statistic),
                "degrees_of_freedom": row["groups"] - 1,
                "p_value": float(test.p_value),
            }
        rows.append(row)
    types = {"statistic": "Float64", "degrees_of_freedom": "Int64", "p_value": "Float64", "p_value_holm": "Float64"}
    columns = ["segment", "label", "groups", "customers", *types]
    table = pd.DataFrame(rows, columns=columns).astype(types)
    tested = table["p_value"].notna()
    table.loc[tested, "p_value_holm"] = holm(table.loc[tested, "p_value"].to_numpy(dtype=float))
    return table
