"""Early warnings: rules of at most two conditions, found on earlier customers and judged on later ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Finding
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.reasons.reasons import Names
from workbench.wording import inline, number, percent, sentence, span

CUTS = (0.1, 0.25, 0.75, 0.9)
"""Quantiles at which a number becomes a condition: below the lower two, at or above the upper two."""
LEAST_SHARE = 0.02
"""Customers whom a rule must apply to: with fewer it would hardly ever warn."""
SINGLES = 30
"""Conditions that are combined in pairs: 435 pairs. Those of the highest gain by themselves."""
MOST_RULES = 5  # a choice: as many as a page can tell
LEVEL = 0.90  # as every interval of a report has it


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition:
    """One thing that is true of some customers.

    Attributes
    ----------
    feature
        What it is about.
    least, below
        A number at or above `least`, or below `below`; one of them.
    level
        A level of a category; `missing` stands for no value.
    missing
        Whether the condition is that there is no value.
    """

    feature: str
    least: float | None = None
    below: float | None = None
    level: str | None = None
    missing: bool = False

    def holds(self, features: pd.DataFrame) -> np.ndarray:
        """Of which rows (N,) it is true."""
        column = features[self.feature]
        if self.missing:
            return column.isna().to_numpy()
        if self.level is not None:
            return (column.astype(object).map(str, na_action="ignore") == self.level).to_numpy(dtype=bool)
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return values >= self.least if self.least is not None else values < self.below

    def words(self, names: Names) -> str:
        """For people."""
        label, unit = inline(names.label(self.feature)), names.units.get(self.feature, "")
        if self.missing:
            return sentence("{feature} not known", feature=label)
        if self.level is not None:
            return sentence("{feature} “{level}”", feature=label, level=self.level)
        if self.least is not None:
            return sentence("{feature} at least {value}", feature=label, value=span(self.least, unit).strip())
        return sentence("{feature} below {value}", feature=label, value=span(self.below, unit).strip())


@dataclass(frozen=True, kw_only=True, eq=False)
class EarlyWarnings:
    """Rules, judged on customers that they were not found on.

    Attributes
    ----------
    rules
        One row a rule that holds out of sample: `rule` (words), `customers`, `left` (share of them), `lift` with
        `lift_lower` and `lift_upper`, `caught` (share of all leavers) with `caught_lower` and `caught_upper`.
    found, rows
        How many rules were found, of which those that did not hold are left out; how many rows they were judged on.
    """

    rules: pd.DataFrame
    found: int
    rows: int

    def finding(self) -> Finding | None:
        """The rule that catches most."""
        if not len(self.rules):
            return None
        first = self.rules.sort_values("caught", ascending=False, kind="stable").iloc[0]
        return Finding(
            id="early_warning",
            statement=sentence(
                "Early warning: of customers with {rule}, {left} left, {lift} times the average. They were {caught} of "
                "all leavers.",
                rule=first["rule"],
                left=percent(float(first["left"])),
                lift=number(float(first["lift"]), 2),
                caught=percent(float(first["caught"])),
            ),
            estimate=float(first["lift"]),
            unit=sentence("times"),
            interval=(float(first["lift_lower"]), float(first["lift_upper"])),
            interval_kind=sentence("{level} confidence (Clopper–Pearson)", level=percent(LEVEL)),
            evidence="associational",
            n=int(first["customers"]),
            table="early_warnings",
        )

    def exhibits(self) -> Iterator[Showable]:
        """The rule that catches most, and all of them."""
        yield self.finding()
        yield {"early_warnings": len(self.rules)}
        if not len(self.rules):
            return
        yield Table(
            name="early_warnings",
            frame=self.rules,
            caption=sentence(
                "Rules found on earlier customers and judged on others. They go with leaving; they need not cause it."
            ),
            people=People(count="customers", within=["rule"]),
            columns={
                "rule": Column(sentence("Customers with")),
                "customers": Column(sentence("Customers")),
                "left": Column(sentence("Left"), "share"),
                "lift": Column(sentence("Times the average")),
                "lift_lower": Column(sentence("From")),
                "lift_upper": Column(sentence("To")),
                "caught": Column(sentence("Of all leavers"), "share"),
            },
        )


def find_early_warnings(
    customers: Customers, parts: Mapping[Part, np.ndarray], *, names: Names | None = None
) -> EarlyWarnings:
    """Look for rules in all parts but the test, and judge them there.

    Parameters
    ----------
    customers, parts
        The rows and what they are for (`slices`).
    names
        How features are called.

    Returns
    -------
    EarlyWarnings
        At most five, each with the highest gain (leavers above what the base rate expects, in standard errors of
        chance) among leavers that earlier rules have not caught. A second condition stays only where both together
        hold clearly more leavers than either alone. A rule whose lift is not above 1 on the test part, by its whole
        interval, is not given.
    """
    names = names or Names()
    earlier = customers.part(~parts["test"])
    conditions = list(_conditions(earlier.features))
    rules = _chosen(conditions, earlier)
    test = customers.part(parts["test"])
    rows = [row for rule in rules if (row := _judged(rule, test, names)) is not None]
    columns = [
        "rule",
        "customers",
        "left",
        "lift",
        "lift_lower",
        "lift_upper",
        "caught",
        "caught_lower",
        "caught_upper",
    ]
    return EarlyWarnings(rules=pd.DataFrame(rows, columns=columns), found=len(rules), rows=len(test))


def _conditions(features: pd.DataFrame) -> Iterator[Condition]:
    for name in map(str, features.columns):
        column = features[name]
        if column.isna().mean() >= LEAST_SHARE:
            yield Condition(feature=name, missing=True)
        if not pd.api.types.is_numeric_dtype(column):
            shares = column.astype(object).map(str, na_action="ignore").value_counts() / len(column)
            yield from (Condition(feature=name, level=str(level)) for level in shares.index[shares >= LEAST_SHARE])
            continue
        known = column.dropna().to_numpy(dtype=float)
        if len(known):
            cuts = np.quantile(known, CUTS)
            yield from (Condition(feature=name, below=float(cut)) for cut in np.unique(cuts[:2]))
            yield from (Condition(feature=name, least=float(cut)) for cut in np.unique(cuts[2:]))


Rule = tuple[Condition, ...]


def _chosen(conditions: list[Condition], customers: Customers) -> list[Rule]:
    left, least = customers.left, LEAST_SHARE * len(customers)
    holds = [condition.holds(customers.features) for condition in conditions]
    singles = [at for at, rows in enumerate(holds) if least <= rows.sum() < len(left)]
    singles.sort(key=lambda at: -_gain(holds[at], left, left.mean()))
    singles = singles[:SINGLES]
    candidates: list[tuple[Rule, np.ndarray]] = [((conditions[at],), holds[at]) for at in singles]
    for one, other in combinations(singles, 2):
        rows = holds[one] & holds[other]
        if conditions[one].feature == conditions[other].feature or rows.sum() < least:
            continue
        share = max(left[holds[one]].mean(), left[holds[other]].mean())
        if _lower(int(left[rows].sum()), int(rows.sum())) > share:
            candidates.append(((conditions[one], conditions[other]), rows))
    chosen: list[Rule] = []
    open_leavers = left.copy()
    while candidates and len(chosen) < MOST_RULES:
        rule, rows = max(candidates, key=lambda each: _gain(each[1], open_leavers, left.mean()))
        if _gain(rows, open_leavers, left.mean()) < stats.norm.ppf(0.999):
            break
        chosen.append(rule)
        open_leavers &= ~rows
    return chosen


def _gain(rows: np.ndarray, left: np.ndarray, rate: float) -> float:
    """How far the leavers among the rows exceed what the base rate expects, in standard errors."""
    expected = rows.sum() * rate
    return float((left[rows].sum() - expected) / np.sqrt(expected * (1 - rate))) if expected else 0.0


def _judged(rule: Rule, test: Customers, names: Names) -> dict[str, object] | None:
    rows = np.logical_and.reduce([condition.holds(test.features) for condition in rule])
    count, left, leavers = int(rows.sum()), int(test.left[rows].sum()), int(test.left.sum())
    rate = leavers / len(test)
    if not count or not leavers or _lower(left, count) <= rate:
        return None
    words = [condition.words(names) for condition in rule]
    text = sentence("{first} and {second}", first=words[0], second=words[1]) if len(words) == 2 else words[0]
    return {
        "rule": text,
        "customers": count,
        "left": left / count,
        "lift": left / count / rate,
        "lift_lower": _lower(left, count) / rate,
        "lift_upper": _upper(left, count) / rate,
        "caught": left / leavers,
        "caught_lower": _lower(left, leavers),
        "caught_upper": _upper(left, leavers),
    }


def _lower(cases: int, of: int) -> float:
    """Of a share, by Clopper and Pearson."""
    return float(stats.beta.ppf((1 - LEVEL) / 2, cases, of - cases + 1)) if cases else 0.0


def _upper(cases: int, of: int) -> float:
    return float(stats.beta.ppf((1 + LEVEL) / 2, cases + 1, of - cases)) if cases < of else 1.0
