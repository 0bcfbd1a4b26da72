"""Reads the findings of a churn study as a person would, and says where they are not what its tables hold."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from workbench.wording import number, p_value, percent

EMPTY = re.compile(r"–|\bnan\b|\binf\b|None|\{|\b0 of \d|\b0 (customers|columns)", re.IGNORECASE)
"""What no sentence holds: a number that is missing, a slot that was not filled, a forecast of nobody."""
DERIVED = (
    "restricted_mean_difference_",
    "addressable_reasons",
    "change_of_rate",
    "concordance",
    "columns_left_out",
    "lapsed_come_back",
    "scenario",
    "extrapolated_difference",
)
"""Findings whose estimate is made of several cells of a table, or stands in none."""


def faults(kept) -> list[str]:
    """One sentence for each contradiction between a finding, its own numbers and the tables."""
    ids = [finding.id for finding in kept.findings]
    found = [f"{name} is said twice" for name in {name for name in ids if ids.count(name) > 1}]
    for finding in kept.findings:
        told = [*_sound(finding), *_shown(finding), *_in_its_table(finding, kept.tables)]
        for pattern, check in READERS.items():
            if re.fullmatch(pattern, finding.id):
                told += check(finding, kept)
        found += [f"{finding.id}: {each} — {finding.statement}" for each in told]
    return found


def _sound(finding) -> Iterator[str]:
    if EMPTY.search(finding.statement):
        yield "holds no number where one belongs"
    if not finding.statement.endswith((".", ")")):
        yield "is no whole sentence"
    if finding.interval is None or finding.estimate is None:
        return
    low, high = (
        -np.inf if finding.interval[0] is None else finding.interval[0],
        np.inf if finding.interval[1] is None else finding.interval[1],
    )
    if not low - 1e-9 <= finding.estimate <= high + 1e-9:
        yield f"{finding.estimate} lies outside {finding.interval}"
    if low == high and finding.unit in ("customers",):
        yield "has an interval without width"


def _shown(finding) -> Iterator[str]:
    """The sentence gives the estimate, rounded as numbers for people are, or both ends of its interval."""
    value = finding.estimate
    if value is None or finding.id == "extrapolated_difference":  # gives the two shares instead
        return
    forms = {
        number(value),
        number(value, 2),
        number(round(value)),
        number(round(value, 1)),
        percent(value),
        percent(round(value, 2)),
        p_value(value),
        number(round(100 * value)),
    }
    if finding.id == "loses_to_one_curve":  # the sentence says how much more, the estimate is the gain
        forms = {number(-value)}
    if finding.unit == "customers" and round(value) == 0:
        forms.add("fewer than one")
    ends = {percent(end) for end in finding.interval or ()}
    if len(ends) == 2 and all(end in finding.statement for end in ends):
        return
    if not any(re.search(rf"(?<![\d.,]){re.escape(form)}(?![\d]|[.,]\d)", finding.statement) for form in forms):
        yield f"does not give its estimate {value}"


def _in_its_table(finding, tables) -> Iterator[str]:
    if finding.table is None or finding.estimate is None or finding.id.startswith(DERIVED):
        return
    if finding.table not in tables:
        yield f"there is no table {finding.table}"
        return
    frames = [tables[finding.table]]
    frames += [tables["all_hazard_ratios"]] if finding.table == "hazard_ratios" else []
    cells = np.concatenate(
        [frame.select_dtypes("number").to_numpy(dtype=float, na_value=np.nan).ravel() for frame in frames]
    )
    if not np.isclose(cells, finding.estimate, rtol=1e-9, equal_nan=False).any():
        yield f"{finding.estimate} stands nowhere in the table {finding.table}"


def _groups(kept, by: str) -> pd.DataFrame:
    groups = kept.tables["groups"]
    label = kept.labels.get(by, by.replace("_", " ").capitalize()) if by else ""
    return groups[groups["segment"] == label].set_index("group")


def _group(text: str) -> str:
    return re.search(r"“(.*?)”", text)[1]


def _superlative(statement: str, word: str, values: pd.Series, group: str) -> Iterator[str]:
    others = values.drop(group).dropna()
    if (others < values[group]).any():
        yield f"{others.idxmin()} has {others.min()}, less than {values[group]} of {group}"
    if re.search(rf", the {word} of the", statement) and (others <= values[group]).any():
        yield "is a superlative that another group shares"
    if "no group" in statement and not (others == values[group]).any():
        yield "another group is said to be alike, and none is"
    count = re.search(r"of the (\d+) groups\.", statement)
    if count and int(count[1]) != len(values):
        yield f"counts {count[1]} groups of {len(values)}"


def _median(finding, kept) -> Iterator[str]:
    by = finding.id.removeprefix("median_lifetime").removeprefix("_")
    groups = _groups(kept, by)
    group = _group(finding.statement) if by else groups.index[0]
    if not np.isclose(groups.loc[group, "median"], finding.estimate):
        yield f"the median of {group} is {groups.loc[group, 'median']}"
    yield from _superlative(finding.statement, "shortest", groups["median"], group)
    if groups.loc[group, "customers"] != finding.n:
        yield f"is about {finding.n} customers, the table has {groups.loc[group, 'customers']}"


def _share(finding, kept) -> Iterator[str]:
    by = finding.id.removeprefix("survival").removeprefix("_")
    if finding.estimate is None:
        return
    groups = _groups(kept, by)
    group = _group(finding.statement) if by else groups.index[0]
    column = f"survival_{float(re.search(r'after ([\d.,]+) ', finding.statement)[1].replace(',', '')):g}"
    if not np.isclose(groups.loc[group, column], finding.estimate):
        yield f"{column} of {group} is {groups.loc[group, column]}"
    yield from _superlative(finding.statement, "fewest", groups[column], group)


def _staying(finding, kept) -> Iterator[str]:
    row = _groups(kept, "").iloc[0]
    if beside := re.search(r"after ([\d.]+) .*one curve for all says ([\d.]+)%", finding.statement):
        time, share = float(beside[1]), float(beside[2])
        led = f"{percent(finding.estimate)} of" in finding.statement
        if abs(100 * row[f"survival_{time:g}"] - share) > 0.06 or not led:
            yield f"the table has {row[f'survival_{time:g}']} after {time:g}"
        return
    told = re.findall(r"([\d.]+)% of .*? still \w+ after ([\d.]+)|, ([\d.]+)% after ([\d.]+)", finding.statement)
    for first, at, later, then in told:
        share, time = float(first or later), float(at or then)
        if abs(100 * row[f"survival_{time:g}"] - share) > 0.06:
            yield f"the table has {row[f'survival_{time:g}']} after {time:g}"
    count = re.search(r"of all ([\d,]+) customers", finding.statement)
    if count and int(count[1].replace(",", "")) != row["customers"]:
        yield f"the table has {row['customers']} customers"


def _difference(finding, kept) -> Iterator[str]:
    groups = _groups(kept, finding.id.removeprefix("restricted_mean_difference_"))
    longer, shorter = re.findall(r"“(.*?)”", finding.statement)[:2]
    gap = groups.loc[longer, "mean"] - groups.loc[shorter, "mean"]
    if not np.isclose(gap, finding.estimate) or gap <= 0:
        yield f"by the table {longer} stay {gap} longer than {shorter}"
    if ("Chance alone" in finding.statement) != (finding.interval[0] <= 0):
        yield f"says of chance what {finding.interval} does not"


def _log_rank(finding, kept) -> Iterator[str]:
    tests = kept.tables["log_rank"].set_index("segment")
    row = tests.loc[finding.id.removeprefix("log_rank_")]
    if row["p_value_holm"] != finding.estimate or finding.estimate >= 0.05:
        yield f"the test has p {row['p_value_holm']}"


def _reason(finding, kept) -> Iterator[str]:
    table = kept.tables["reasons"]
    last = table[table["horizon"] == table["horizon"].max()].set_index("reason")["incidence"]
    reason, part = _group(finding.statement), float(re.search(r"([\d.]+)% of all who", finding.statement)[1])
    if last.idxmax() != reason:
        yield f"{last.idxmax()} is more frequent"
    if abs(100 * last[reason] / last.sum() - part) > 0.06:
        yield f"{last[reason] / last.sum()} of all who left give it"


def _addressable(finding, kept) -> Iterator[str]:
    table = kept.tables["reasons"]
    last = table[table["horizon"] == table["horizon"].max()].set_index("reason")["incidence"]
    share = last[re.findall(r"“(.*?)”", finding.statement)].sum() / last.sum()
    if not np.isclose(share, finding.estimate):
        yield f"by the table it is {share}"


def _hazard_ratio(finding, kept) -> Iterator[str]:
    rows = kept.tables["all_hazard_ratios"]
    rows = rows[np.isclose(rows["hazard_ratio"], finding.estimate)]
    rows = rows[rows["covariate"] == finding.id.removeprefix("hazard_ratio_")]
    if rows.empty:
        yield "there is no such hazard ratio"
        return
    row = rows.iloc[0]
    who, than = re.search(r"with (.*?) \w+ at [\d.,]+ times .*? ones with (.*?)[.,] ", finding.statement).groups()
    if str(row["value"]) not in who or str(row["reference"]) not in than:
        yield f"the table compares {row['value']} with {row['reference']}"
    if row["p_value_holm"] >= 0.05 or (finding.interval[0] <= 1 <= finding.interval[1] and row["p_value_holm"] > 0.04):
        yield f"is not clear: p {row['p_value_holm']}, {finding.interval}"


def _next(finding, kept) -> Iterator[str]:
    everyone = kept.tables["next_quarter"].iloc[0]
    of = int(re.search(r"of ([\d,]+) customers", finding.statement)[1].replace(",", ""))
    survival = kept.tables["survival"]
    ahead = float(re.search(r"next (?:([\d.,]+) )?\w+", finding.statement)[1] or 1)
    gone = 1 - survival.loc[np.isclose(survival["horizon"], ahead, rtol=0.01), "survival"]
    if of != everyone["customers"] or of != len(gone) or of != finding.n:
        yield f"{everyone['customers']} are still there, {len(gone)} have a forecast"
    if not np.isclose(gone.sum(), finding.estimate):
        yield f"by the forecasts of all it is {gone.sum()}"
    if top := re.search(r"The ([\d,]+) riskiest account for ([\d.]+)%", finding.statement):
        most = gone.sort_values(ascending=False).iloc[: int(top[1].replace(",", ""))].sum() / gone.sum()
        if abs(100 * most - float(top[2])) > 0.06:
            yield f"by the forecasts they account for {most}"


def _changing(finding, kept) -> Iterator[str]:
    rows = kept.tables["time_varying_effects"]
    rows = rows[np.isclose(rows["early"], finding.estimate)]
    late = number(rows["late"].iloc[0], 2) if len(rows) else None
    if late is None or not re.search(rf", after [\d.,]+ \w+ {re.escape(late)} times\.", finding.statement):
        yield "the table has another ratio later on"


def _extrapolated(finding, kept) -> Iterator[str]:
    groups = kept.tables["families_by_segment"].drop_duplicates("group").set_index("group")["survival"]
    (more, long), (less, short) = re.findall(r"([\d.]+)% (?:of customers )?with “(.*?)”", finding.statement)
    for group, share in ((long, more), (short, less)):
        if abs(100 * groups[group] - float(share)) > 0.06:
            yield f"the table has {groups[group]} of {group}"
    if not np.isclose(groups[long] - groups[short], finding.estimate) or finding.estimate < 0:
        yield f"the table has {groups[long]} and {groups[short]}"


READERS = {
    r"median_lifetime(_.*)?": _median,
    r"survival(_.*)?": _share,
    "share_staying": _staying,
    r"restricted_mean_difference_.*": _difference,
    r"log_rank_.*": _log_rank,
    "first_reason": _reason,
    "addressable_reasons": _addressable,
    r"hazard_ratio_.*": _hazard_ratio,
    "next_quarter": _next,
    r"time_varying_.*": _changing,
    "extrapolated_difference": _extrapolated,
}
