"""Trials too large for memory: differences and CUPED from sums that the database makes in one pass."""

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import FEWEST
from workbench.wording import listing, number, sentence

SOME = 10_000  # rows whose mean is near enough to that of all for their sums to lose nothing


def from_sums(
    table: Table,
    outcomes: Sequence[str],
    *,
    arm: str = "arm",
    control: str,
    before: Mapping[str, str] | None = None,
    strata: Sequence[str] = (),
    confidence: float = 0.9,
) -> dict[tuple[str, str], Estimate]:
    """Effects of all arms on all outcomes, each less what the time before predicts, from one pass over the rows.

    Parameters
    ----------
    table
        A row for each customer: the arm, outcomes and columns of the time before; null where an outcome was not seen.
    outcomes
        Columns of numbers.
    arm, control
        The column of the arm, and the arm that others are compared with.
    before
        By outcome the column of the time before, without nulls; outcomes that are not named are not adjusted.
    strata
        Columns within which arms were dealt; a stratum with fewer than two customers of either arm is left out.
    confidence
        Level of the intervals, between 0 and 1.

    Returns
    -------
    dict
        By arm and outcome; the same as `difference` and `cuped` of one column, but for influences.

    Raises
    ------
    DataError
        The control is not there; an arm has fewer than 20 customers with an outcome; a column is not of numbers, or has
        values that are not numbers; a column of the time before has gaps.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), section 3.1.
    """
    before = {} if before is None else dict(before)
    cells = _cells(table, outcomes, arm, before, strata)
    if control not in set(cells["arm"]):
        raise DataError(
            sentence(
                "The control {control} is not in the column {column}, which has: {arms}.",
                control=control,
                column=arm,
                arms=listing(sorted(set(cells["arm"].astype(str)))),
            )
        )
    found = {}
    for name in [each for each in cells["arm"].unique() if each != control]:
        pair = cells[cells["arm"].isin([name, control])]
        for place, outcome in enumerate(outcomes):
            keys = ["n", "y", "yy", *(["x", "xx", "xy"] if outcome in before else [])]
            own = pair[["stratum", *(f"{key}_{place}" for key in keys)]].set_axis(["stratum", *keys], axis=1)
            own = own.assign(treated=(pair["arm"] == name).to_numpy())
            found[str(name), outcome] = _told(own, outcome, confidence)
    return found


def _cells(
    table: Table, outcomes: Sequence[str], arm: str, before: Mapping[str, str], strata: Sequence[str]
) -> pd.DataFrame:
    """Of each arm within each stratum: counts, means, variances and covariances of all outcomes.

    Plain sums take a third of the time of the database's own variances. Values are taken less what is about their
    mean, so that nothing is lost where they are large and differ little.
    """
    named = list(dict.fromkeys([*outcomes, *before.values()]))
    some = table.select(named).limit(SOME)
    means = some.aggregate([some[name].cast("float64").mean().name(name) for name in named]).execute()
    middle = {name: float(value) if np.isfinite(value) else 0.0 for name, value in means.iloc[0].items()}
    away: dict[str, Any] = {}
    for place, outcome in enumerate(outcomes):
        away[f"y{place}"] = table[outcome].cast("float64") - middle[outcome]
        if (earlier := before.get(outcome)) is not None:
            known = table[earlier].cast("float64") - middle[earlier]
            away[f"x{place}"] = ibis.ifelse(table[outcome].notnull(), known, ibis.null("float64"))
    rows, sums = table.select(arm, *strata, **away), dict[str, Any]()
    for place, outcome in enumerate(outcomes):
        y = rows[f"y{place}"]
        sums |= {f"n_{place}": y.count(), f"y_{place}": y.sum(), f"yy_{place}": (y * y).sum()}
        if outcome in before:
            x = rows[f"x{place}"]
            sums |= {f"m_{place}": x.count(), f"x_{place}": x.sum()}
            sums |= {f"xx_{place}": (x * x).sum(), f"xy_{place}": (x * y).sum()}
    cells = rows.group_by(arm, *strata).aggregate(**sums).execute()
    for place, outcome in enumerate(outcomes):
        _centre(cells, place, middle, outcome, before.get(outcome))
    stratum = cells[list(strata)].astype(str).agg("|".join, axis=1) if strata else ""
    return cells.rename(columns={arm: "arm"}).assign(stratum=stratum).dropna(subset=["arm"])


def _centre(cells: pd.DataFrame, place: int, middle: Mapping[str, float], outcome: str, earlier: str | None) -> None:
    """Sums made means, variances and covariances, in place."""
    keys = ["y"] if earlier is None else ["y", "x"]
    n = cells[f"n_{place}"].astype(float).where(lambda size: size > 0)
    sums = {key: cells[f"{key}_{place}"].astype(float) for key in keys}
    for one, two in (("y", "y"), ("x", "x"), ("x", "y")):
        if one in keys and two in keys:
            name = f"{one}{two}_{place}"
            cells[name] = (cells[name].astype(float) - sums[one] * sums[two] / n) / (n - 1).where(lambda left: left > 0)
    if earlier is not None and (lacking := int((cells[f"n_{place}"] - cells[f"m_{place}"]).sum())):
        raise DataError(
            sentence(
                "{column}: {n} customers have {outcome} and nothing here, expected a number of the time before of each "
                "of them.",
                column=earlier,
                n=number(lacking),
                outcome=outcome,
            )
        )
    for key in keys:
        cells[f"{key}_{place}"] = sums[key] / n + middle[outcome if key == "y" or earlier is None else earlier]


def _told(cells: pd.DataFrame, outcome: str, confidence: float) -> Estimate:
    arms = [cells[cells["treated"] == arm].set_index("stratum").drop(columns="treated") for arm in (False, True)]
    both = arms[0].index[arms[0]["n"] >= 2].intersection(arms[1].index[arms[1]["n"] >= 2])
    arms = [each.loc[both].astype(float) for each in arms]
    people = [float(each["n"].sum()) for each in arms]
    if min(people) < FEWEST:
        raise DataError(
            sentence(
                "Too few to compare: {treated} treated customers and {control} of the control have the outcome, "
                "expected {least} of each.",
                treated=number(people[1]),
                control=number(people[0]),
                least=number(FEWEST),
            )
        )
    if not np.isfinite(arms[0].to_numpy()).all() or not np.isfinite(arms[1].to_numpy()).all():
        raise DataError(
            sentence(
                "{outcome}, or its column of the time before, has values that are not numbers: write nothing there.",
                outcome=outcome,
            )
        )
    weight = (arms[0]["n"] + arms[1]["n"]) / sum(people)
    slope = _slope(arms) if "x" in arms[0] else 0.0
    means, square = [], []
    adjusts = "x" in arms[0]
    middle = (arms[0]["n"] * arms[0]["x"] + arms[1]["n"] * arms[1]["x"]) / (weight * sum(people)) if adjusts else weight
    for each in arms:
        mean, variance = each["y"], each["yy"]
        if adjusts:
            mean = mean - slope * (each["x"] - middle)  # strata keep their own levels
            variance = variance - 2 * slope * each["xy"] + slope**2 * each["xx"]
        means.append(float((weight * mean).sum()))
        square.append(float((weight**2 * variance / each["n"]).sum()))
    total = sum(square)
    spare = [n - len(weight) for n in people]
    return from_error(
        means[1] - means[0],
        total**0.5,
        confidence=confidence,
        kind="robust",
        df=total**2 / sum(v**2 / d for v, d in zip(square, spare, strict=True)) if total > 0 else np.inf,
        n=int(sum(people)),
        units=int(sum(people)),
        treated=means[1],
        control=means[0],
    ).named(outcome=outcome)


def _slope(arms: list[pd.DataFrame]) -> float:
    """Of the outcome on the time before, within strata, both arms together."""
    above = below = 0.0
    for each in arms:
        above += float(((each["n"] - 1) * each["xy"]).sum())
        below += float(((each["n"] - 1) * each["xx"]).sum())
    between = arms[0]["n"] * arms[1]["n"] / (arms[0]["n"] + arms[1]["n"])
    apart = arms[1]["x"] - arms[0]["x"]
    above += float((between * apart * (arms[1]["y"] - arms[0]["y"])).sum())
    below += float((between * apart**2).sum())
    return above / below if below > 0 else 0.0
