"""Log-rank tests of whether the groups of a segment leave at the same rate."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import chi2

from workbench.findings import Finding
from workbench.models.levels import SMALLEST_GROUP, as_levels, lump_levels, reject_measurements
from workbench.models.survival.lifetimes.episodes import customers_in, each_once, has_episodes
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes, weights_of
from workbench.statistics.at_risk import at_risk as count_at_risk
from workbench.statistics.multiplicity import holm
from workbench.statistics.risk_sets import risk_sets, score_residuals
from workbench.wording import inline, label_of, p_value, sentence

SMALL = 0.001
"""Below it a p-value is said to be smaller, and no more."""
LEVEL = 0.05
"""Of tests after Holm's correction: the usual one."""


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
        One row a customer: `customer_id`, `duration`, `event`, `entry` where some were observed late, the segments.
        With a column `weight` (of a survey) the test is the robust score test of Cox's model, which is weighted.
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
        segment has fewer than two groups still followed when the first customer left. Degrees of freedom are those
        groups less one.

    References
    ----------
    Mantel (1966); Holm (1979); Lin and Wei (1989) and Binder (1992), for weights.
    """
    lifetimes = validate_lifetimes(lifetimes, segments)
    several, count = has_episodes(lifetimes), customers_in(lifetimes)
    rows = []
    for segment in dict.fromkeys(segments):
        reject_measurements(lifetimes[segment], segment)
        label = label_of(labels, segment)
        levels = as_levels(lifetimes[segment])
        counted = each_once(lifetimes, levels) if several else levels
        shown, _ = lump_levels(counted, label=label, check=segment, smallest_group=smallest_group)
        groups = levels.map(shown)
        row: dict[str, object] = {"segment": segment, "label": label, "groups": groups.nunique(), "customers": count}
        if groups.nunique() > 1 and lifetimes["event"].any():
            # A group that was followed until before the first event could not have lost anybody: it is not compared.
            first = lifetimes["duration"][lifetimes["event"]].min()
            exposed = groups.isin(groups[lifetimes["duration"] >= first].unique())
            if groups[exposed].nunique() > 1:
                weights = weights_of(lifetimes)
                weights = None if weights is None else weights[exposed.to_numpy()]
                row |= _tested(lifetimes[exposed], groups[exposed].to_numpy(), weights)
        rows.append(row)
    types = {"statistic": "Float64", "degrees_of_freedom": "Int64", "p_value": "Float64", "p_value_holm": "Float64"}
    columns = ["segment", "label", "groups", "customers", *types]
    table = pd.DataFrame(rows, columns=columns).astype(types)
    tested = table["p_value"].notna()
    table.loc[tested, "p_value_holm"] = holm(table.loc[tested, "p_value"].to_numpy(dtype=float))
    return table


def _tested(lifetimes: pd.DataFrame, groups: np.ndarray, weights: np.ndarray | None) -> dict[str, float | int]:
    """Observed less expected leavers of each group, squared in the metric of their hypergeometric covariance.

    With weights the metric is that of what each customer adds to it.
    """
    durations, events = lifetimes["duration"].to_numpy(), lifetimes["event"].to_numpy()
    entry = entry_of(lifetimes)
    names = np.unique(groups)
    if weights is not None:
        people = pd.factorize(lifetimes["customer_id"])[0]
        return _weighted(durations, events, entry, groups, names, weights, people)
    times, place = np.unique(durations[events], return_inverse=True)
    at_risk, left = np.zeros((len(names), len(times))), np.zeros((len(names), len(times)))
    for row, name in enumerate(names):
        member = groups == name
        at_risk[row] = count_at_risk(durations[member], times, entry=None if entry is None else entry[member])
        left[row] = np.bincount(place[member[events]], minlength=len(times))
    all_left, everyone = left.sum(axis=0), at_risk.sum(axis=0)
    share = at_risk / everyone
    variance = all_left * (everyone - all_left) / np.maximum(everyone - 1, 1)
    score = (left - share * all_left).sum(axis=1)[1:]
    covariance = np.diag((share * variance).sum(axis=1)) - (share * variance) @ share.T
    statistic = float(score @ np.linalg.pinv(covariance[1:, 1:]) @ score)
    freedom = len(names) - 1
    return {"statistic": statistic, "degrees_of_freedom": freedom, "p_value": float(chi2.sf(statistic, freedom))}


def _weighted(
    durations: np.ndarray,
    events: np.ndarray,
    entry: np.ndarray | None,
    groups: np.ndarray,
    names: np.ndarray,
    weights: np.ndarray,
    people: np.ndarray,
) -> dict[str, float | int]:
    columns = (groups[:, None] == names[1:]).astype(float)
    alike = np.zeros(len(names) - 1)
    sums = risk_sets(durations, events, columns, alike, entry=entry, scaled=False, weights=weights)
    each = score_residuals(sums, durations, events, columns, alike, entry=entry, weights=weights)
    each = np.column_stack(
        [np.bincount(people, weights=column) for column in each.T]
    )  # episodes of one customer add up
    score = each.sum(axis=0)
    statistic = float(score @ np.linalg.pinv(each.T @ each) @ score)
    freedom = len(names) - 1
    return {"statistic": statistic, "degrees_of_freedom": freedom, "p_value": float(chi2.sf(statistic, freedom))}


def caption_of_tests(*, lapse: bool = False) -> str:
    """What the table of tests says.

    Parameters
    ----------
    lapse
        Whether customers lapse instead of leaving.
    """
    return sentence(
        "Log-rank tests of whether the groups of a segment lapse at the same rate."
        if lapse
        else "Log-rank tests of whether the groups of a segment leave at the same rate."
    )


def different(tests: pd.DataFrame, level: float = LEVEL) -> list[str]:
    """Segments whose groups leave at different rates, after Holm's correction.

    Parameters
    ----------
    tests
        From `log_rank`.
    level
        Of the tests.
    """
    return tests["segment"][(tests["p_value_holm"] < level).fillna(False)].tolist()


def differing_segments(
    tests: pd.DataFrame, besides: Collection[str] = (), *, lapse: bool = False
) -> tuple[Finding, ...]:
    """A finding for each `different` segment that is not among `besides`, of which the difference itself is a finding.

    Parameters
    ----------
    tests
        From `log_rank`, exported under that name.
    besides
        Segments to pass over.
    lapse
        Whether customers lapse instead of leaving.
    """
    return tuple(
        Finding(
            id=f"log_rank_{row['segment']}",
            statement=sentence(
                "Customers lapse at different rates by {label} (log-rank test: p {p}), but the data do not show which "
                "group goes on longer."
                if lapse
                else "Customers leave at different rates by {label} (log-rank test: p {p}), but the data do not show "
                "which group stays longer.",
                label=inline(row["label"]),
                p=p_value(row["p_value_holm"]) if row["p_value_holm"] < SMALL else f"= {p_value(row['p_value_holm'])}",
            ),
            estimate=float(row["p_value_holm"]),
            unit="p",
            evidence="associational",
            n=int(row["customers"]),
            table="log_rank",
        )
        for row in tests.to_dict("records")
        if row["segment"] in different(tests) and row["segment"] not in besides
    )
