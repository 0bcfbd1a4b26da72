"""Trials too large for memory: differences and CUPED from sums that the database makes in one pass."""

from collections.abc import Mapping, Sequence
from math import comb, prod
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import FEWEST
from workbench.models.trials.lot.adjusted import NIL
from workbench.models.trials.lot.error import Error, error_of
from workbench.models.trials.lot.few import of_few
from workbench.models.trials.lot.strata import compared
from workbench.wording import listing, number, sentence

Power = tuple[int, int]
"""Of the outcome, and of the time before."""

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
        Columns within which arms were dealt. Small strata are taken together or left out as of `adjusted`, and so is
        who is of none.
    confidence
        Level of the intervals, between 0 and 1.

    Returns
    -------
    dict
        By arm and outcome; the same as `difference` and `cuped` of one column, but for influences: skewed outcomes of
        unequal arms and few events are told as there. `n` counts whom the effect is told of.

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
    cells, middle = _cells(table, outcomes, arm, before, strata)
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
        treated, stratum = (pair["arm"] == name).to_numpy(), np.unique(pair["stratum"], return_inverse=True)[1]
        for place, outcome in enumerate(outcomes):
            sums = {}
            for power in _powers(outcome in before):
                sums[power] = np.zeros((int(stratum.max()) + 1, 2))
                np.add.at(sums[power], (stratum, treated.astype(int)), pair[_name(power, place)].to_numpy(dtype=float))
            yes_or_no = outcome not in before and not pair[f"between_{place}"].to_numpy(dtype=float).sum() > 0
            told = _told(sums, outcome, middle[outcome], yes_or_no, confidence)
            found[str(name), outcome] = told.named(outcome=outcome)
    return found


def _powers(adjusts: bool) -> list[Power]:
    """Of outcome and time before whose products are summed: up to the third, by which skewness is known."""
    return [(one, two) for one in range(4) for two in range(4 - one if adjusts else 1)]


def _name(power: Power, place: int) -> str:
    return f"sum_{power[0]}_{power[1]}_{place}"


def _cells(
    table: Table, outcomes: Sequence[str], arm: str, before: Mapping[str, str], strata: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Of each arm within each stratum: sums of products of outcomes and their time before, and what was taken off.

    Plain sums take a third of the time of the database's own variances. Values are taken less what is about their
    mean, so that nothing is lost where they are large and differ little.
    """
    named = list(dict.fromkeys([*outcomes, *before.values()]))
    some = table.select(named).limit(SOME)
    means = some.aggregate([some[name].cast("float64").mean().name(name) for name in named]).execute()
    middle = {name: float(value) if np.isfinite(value) else 0.0 for name, value in means.iloc[0].items()}
    away: dict[str, Any] = {}
    for place, outcome in enumerate(outcomes):
        y = table[outcome].cast("float64")
        away |= {f"y{place}": y - middle[outcome], f"b{place}": (y * (y - 1)).abs()}
        if (earlier := before.get(outcome)) is not None:
            known = table[earlier].cast("float64") - middle[earlier]
            away[f"x{place}"] = ibis.ifelse(table[outcome].notnull(), known, ibis.null("float64"))
    rows, sums = table.select(arm, *strata, **away), dict[str, Any]()
    for place, outcome in enumerate(outcomes):
        sums[f"between_{place}"] = rows[f"b{place}"].sum()
        if outcome in before:
            sums[f"known_{place}"] = rows[f"x{place}"].count()
        for one, two in _powers(outcome in before):
            factors = [rows[f"y{place}"]] * one + [rows[f"x{place}"]] * two if two else [rows[f"y{place}"]] * one
            product = prod(factors[1:], start=factors[0]).sum() if factors else rows[f"y{place}"].count()
            sums[_name((one, two), place)] = product
    cells = rows.group_by(arm, *strata).aggregate(**sums).execute().dropna(subset=[arm, *strata])
    for place, outcome in enumerate(outcomes):
        lacking = int((cells[_name((0, 0), place)] - cells[f"known_{place}"]).sum()) if outcome in before else 0
        if lacking:
            raise DataError(
                sentence(
                    "{column}: {n} customers have {outcome} and nothing here, expected a number of the time before of "
                    "each of them.",
                    column=before[outcome],
                    n=number(lacking),
                    outcome=outcome,
                )
            )
    stratum = cells[list(strata)].astype(str).agg("|".join, axis=1) if strata else ""
    return cells.rename(columns={arm: "arm"}).fillna(0.0).assign(stratum=stratum), middle


def _told(sums: dict[Power, np.ndarray], outcome: str, middle: float, yes_or_no: bool, confidence: float) -> Estimate:
    """The effect, of sums (strata, 2) of the control and of the arm."""
    people = sums[0, 0].sum(axis=0)
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
    if not all(np.isfinite(each).all() for each in sums.values()):
        raise DataError(
            sentence(
                "{outcome}, or its column of the time before, has values that are not numbers: write nothing there.",
                outcome=outcome,
            )
        )
    code = compared(sums[0, 0])
    together = np.eye(int(code.max()) + 1)[:, code[code >= 0]]
    cells = {power: together @ each[code >= 0] for power, each in sums.items()}
    n = cells[0, 0]
    weight = n.sum(axis=1) / n.sum()
    about = _about_means(cells)
    level, slope = cells[1, 0] / n, 0.0
    if (0, 1) in cells:
        slope = _slope(cells, about)
        earlier = cells[0, 1] / n
        level = level - slope * (earlier - (cells[0, 1].sum(axis=1) / n.sum(axis=1))[:, None])
    left = {
        power: sum(comb(power, k) * (-slope) ** k * about[power - k, k] for k in range(power + 1) if slope or not k)
        for power in (2, 3)
    }
    error = _error(weight, n, left[2] * n / (n - 1), left[3] * (n / (n - 1)) ** 1.5)
    means = weight @ level + middle
    found = from_error(
        float(means[1] - means[0]),
        error.variance**0.5,
        confidence=confidence,
        kind=error.kind,
        df=error.df,
        skew=error.skew,
        n=int(n.sum()),
        units=int(n.sum()),
        treated=float(means[1]),
        control=float(means[0]),
    )
    return of_few(found, level + middle, n, weight) if yes_or_no else found


def _error(weight: np.ndarray, n: np.ndarray, square: np.ndarray, cube: np.ndarray) -> Error:
    """Of squares and cubes (strata, 2) of residuals (HC2)."""
    pull = weight[:, None] / n * np.array([-1.0, 1.0])
    variance = (pull**2 * square).sum(axis=0)
    alike = [n * (each.sum(axis=1) / n.sum(axis=1))[:, None] for each in (square, cube)]
    together, third = (float((pull**power * each).sum()) for power, each in zip((2, 3), alike, strict=True))
    own, total = float((pull**3 * cube).sum()), float(variance.sum())
    skew = own / total**1.5 if total > 0 else 0.0
    lean = third / together**1.5 if together > 0 else 0.0
    return error_of(variance, skew, (together, lean), n.sum(axis=0), len(weight))


def _about_means(sums: Mapping[Power, np.ndarray]) -> dict[Power, np.ndarray]:
    """Sums of products of what values lie away from the means of their own cell."""
    n = sums[0, 0]
    means = (sums[1, 0] / n, sums[0, 1] / n if (0, 1) in sums else np.zeros_like(n))
    return {
        (one, two): sum(
            comb(one, i) * comb(two, j) * (-means[0]) ** (one - i) * (-means[1]) ** (two - j) * sums[i, j]
            for i in range(one + 1)
            for j in range(two + 1)
        )
        for one, two in sums
    }


def _slope(sums: Mapping[Power, np.ndarray], about: Mapping[Power, np.ndarray]) -> float:
    """Of the outcome on the time before, within strata, both arms together."""
    n = sums[0, 0]
    between = n[:, 0] * n[:, 1] / n.sum(axis=1)
    apart = [sums[power][:, 1] / n[:, 1] - sums[power][:, 0] / n[:, 0] for power in ((1, 0), (0, 1))]
    above = float(about[1, 1].sum() + between @ (apart[0] * apart[1]))
    below = float(about[0, 2].sum() + between @ apart[1] ** 2)
    whole = float(sums[0, 2].sum() - sums[0, 1].sum() ** 2 / n.sum())
    return above / below if below > NIL * whole else 0.0
