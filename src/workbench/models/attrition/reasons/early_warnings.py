"""Early warnings: rules of at most two conditions, found on earlier customers and evaluated on later ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Finding
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.reasons.reasons import Names
from workbench.suppression import SMALLEST_GROUP
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
        """Of which rows (N,) it is true.

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        column = features[self.feature]
        if self.missing:
            return column.isna().to_numpy()
        if self.level is not None:
            return (column.astype(object).map(str, na_action="ignore") == self.level).to_numpy(dtype=bool)
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return values >= self.least if self.least is not None else values < self.below

    def words(self, names: Names) -> str:
        """For people.

        Parameters
        ----------
        names
            How features are called.
        """
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
    """Rules, evaluated on customers that they were not found on.

    Attributes
    ----------
    rules
        One row a rule that holds out of sample: `rule` (words), `customers`, `left` (share of them), `lift` with
        `lift_lower` and `lift_upper`, `caught` (share of all leavers) with `caught_lower` and `caught_upper`.
    found, rows
        How many rules were found, of which those that did not hold are left out; how many rows they were evaluated on.
    """

    rules: pd.DataFrame
    found: int
    rows: int

    def finding(self) -> Finding | None:
        """The rule that catches most, of those that enough customers meet; None where no rule does."""
        rules = self.rules[self.rules["customers"] >= SMALLEST_GROUP]
        if not len(rules):
            return None
        first = rules.sort_values("caught", ascending=False, kind="stable").iloc[0]
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
                "Rules found on some customers and tested on {n} others. They go with leaving; they need not cause it.",
                n=number(self.rows),
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
    """Look for rules in all parts but the test, and evaluate them there.

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
    conditions = list(_conditions(earlier))
    rules = _chosen(conditions, earlier)
    test = customers.part(parts["test"])
    rows = [row for rule in rules if (row := _evaluated(rule, test, names)) is not None]
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


def _conditions(customers: Customers) -> Iterator[Condition]:
    weights = customers.weights
    for name in map(str, customers.features.columns):
        column = customers.features[name]
        there = column.notna().to_numpy()
        if weights[~there].sum() >= LEAST_SHARE * weights.sum():
            yield Condition(feature=name, missing=True)
        if not pd.api.types.is_numeric_dtype(column):
            text = column[there].astype(object).map(str)
            shares = pd.Series(weights[there]).groupby(text.to_numpy()).sum() / weights.sum()
            yield from (Condition(feature=name, level=str(level)) for level in shares.index[shares >= LEAST_SHARE])
        elif there.any():
            known = column[there].to_numpy(dtype=float)
            cuts = np.quantile(known, CUTS, weights=weights[there], method="inverted_cdf")
            yield from (Condition(feature=name, below=float(cut)) for cut in np.unique(cuts[:2]))
            yield from (Condition(feature=name, least=float(cut)) for cut in np.unique(cuts[2:]))


Rule = tuple[Condition, ...]


class Counted(NamedTuple):
    """Some customers: how many they stand for, how many of them left, and of how many rows each counts for one."""

    all: float
    left: float
    rows: float

    @classmethod
    def of(cls, there: np.ndarray, left: np.ndarray, weights: np.ndarray) -> "Counted":
        """Of rows (N,) that are meant.

        Rows of unequal weight tell as much as (Σw)² / Σw² of equal weight (Kish 1965).

        Parameters
        ----------
        there
            Which rows (N,) are meant.
        left
            Who left (N,).
        weights
            How many customers each row (N,) stands for; one where it is None.
        """
        own = weights[there]
        squares = float((own**2).sum())
        return cls(float(own.sum()), float(own[left[there]].sum()), float(own.sum() ** 2 / squares) if squares else 0.0)

    @property
    def share(self) -> float:
        """Who left."""
        return self.left / self.all if self.all else 0.0

    def lower(self) -> float:
        """Of the share, by Clopper and Pearson."""
        cases = self.share * self.rows
        return float(stats.beta.ppf((1 - LEVEL) / 2, cases, self.rows - cases + 1)) if cases else 0.0

    def upper(self) -> float:
        """Of the share, likewise."""
        cases = self.share * self.rows
        return float(stats.beta.ppf((1 + LEVEL) / 2, cases + 1, self.rows - cases)) if cases < self.rows else 1.0


def _chosen(conditions: list[Condition], customers: Customers) -> list[Rule]:
    left, weights = customers.left, customers.weights
    least, rate = LEAST_SHARE * weights.sum(), float(np.average(left, weights=weights))

    def counted(rows: np.ndarray, leavers: np.ndarray = left) -> Counted:
        return Counted.of(rows, leavers, weights)

    holds = [condition.holds(customers.features) for condition in conditions]
    singles = [at for at, rows in enumerate(holds) if least <= weights[rows].sum() and not rows.all()]
    singles.sort(key=lambda at: -_gain(counted(holds[at]), rate))
    singles = singles[:SINGLES]
    candidates: list[tuple[Rule, np.ndarray]] = [((conditions[at],), holds[at]) for at in singles]
    for one, other in combinations(singles, 2):
        rows = holds[one] & holds[other]
        if conditions[one].feature == conditions[other].feature or weights[rows].sum() < least:
            continue
        if counted(rows).lower() > max(counted(holds[one]).share, counted(holds[other]).share):
            candidates.append(((conditions[one], conditions[other]), rows))
    chosen: list[Rule] = []
    open_leavers = left.copy()
    while candidates and len(chosen) < MOST_RULES:
        rule, rows = max(candidates, key=lambda each: _gain(counted(each[1], open_leavers), rate))
        if _gain(counted(rows, open_leavers), rate) < stats.norm.ppf(0.999):
            break
        chosen.append(rule)
        open_leavers &= ~rows
    return chosen


def _gain(counted: Counted, rate: float) -> float:
    """How far the leavers among the rows exceed what the base rate expects, in standard errors."""
    error = np.sqrt(rate * (1 - rate) / counted.rows) if counted.rows else np.inf
    return float((counted.share - rate) / error)


def _evaluated(rule: Rule, test: Customers, names: Names) -> dict[str, object] | None:
    rows = np.logical_and.reduce([condition.holds(test.features) for condition in rule])
    everybody = np.ones(len(test), dtype=bool)
    met, all_of_them = (Counted.of(each, test.left, test.weights) for each in (rows, everybody))
    caught = Counted.of(test.left, rows, test.weights)  # of the leavers, those whom it met
    if not met.all or not all_of_them.left or met.lower() <= all_of_them.share:
        return None
    words = [condition.words(names) for condition in rule]
    text = sentence("{first} and {second}", first=words[0], second=words[1]) if len(words) == 2 else words[0]
    return {
        "rule": text,
        "customers": round(met.all),
        "left": met.share,
        "lift": met.share / all_of_them.share,
        "lift_lower": met.lower() / all_of_them.share,
        "lift_upper": met.upper() / all_of_them.share,
        "caught": caught.share,
        "caught_lower": caught.lower(),
        "caught_upper": caught.upper(),
    }
