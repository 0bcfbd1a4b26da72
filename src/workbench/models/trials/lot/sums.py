"""Trials too large for memory: differences and CUPED from sums that the database makes in one pass."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import FEWEST
from workbench.wording import listing, number, sentence


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
        values that are not numbers.

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
    sums: dict[str, Any] = {}
    for place, outcome in enumerate(outcomes):
        y = table[outcome].cast("float64")
        sums |= {f"n_{place}": y.count(), f"y_{place}": y.mean(), f"yy_{place}": y.var(how="sample")}
        if outcome in before:
            x, there = table[before[outcome]].cast("float64"), y.notnull()
            sums |= {
                f"x_{place}": x.mean(where=there),
                f"xx_{place}": x.var(how="sample", where=there),
                f"xy_{place}": x.cov(y, how="sample", where=there),
            }
    cells = table.group_by(arm, *strata).aggregate(**sums).execute()
    stratum = cells[list(strata)].astype(str).agg("|".join, axis=1) if strata else ""
    return cells.rename(columns={arm: "arm"}).assign(stratum=stratum).dropna(subset=["arm"])


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
