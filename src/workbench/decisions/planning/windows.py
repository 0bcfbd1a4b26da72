"""Outcomes over past windows, in which this pilot was not: how far customers lie apart, season by season."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.planning.base import Base
from workbench.decisions.planning.scheme import Scheme
from workbench.models.trials.planning import Clustering, Variation, clustering, variation
from workbench.statistics.draws import design_matrix

MOST_WINDOWS = 4
"""Of one length, the latest, a choice: of a quarter that is a year, and each costs a pass over the records."""
UNITS_A_COLUMN = 10
"""Units for each column that is adjusted for, as the estimate of a pilot of units does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A stretch of time and its customers.

    Attributes
    ----------
    days, start
        Its length and first day; None of data without dates.
    roster
        The customers of its first day.
    outcomes
        By name.
    matrix : (n, k)
        What was known of each before, as numbers.
    """

    days: int | None
    start: pd.Timestamp | None
    roster: pd.DataFrame
    outcomes: Mapping[str, Any]
    matrix: np.ndarray

    def before(self, name: str) -> np.ndarray:
        """What was known before, (n, k), the outcome's own history first, as an evaluation will have it.

        Parameters
        ----------
        name
            Of the outcome.
        """
        own, _ = design_matrix(pd.DataFrame({"before": self.outcomes[name].before}))
        return np.column_stack([own, self.matrix])

    def values(self, name: str) -> np.ndarray:
        """One value (n,) a customer; of a ratio each customer's own.

        Parameters
        ----------
        name
            Of the outcome.
        """
        outcome = self.outcomes[name]
        if outcome.of is None:
            return outcome.after
        return np.divide(outcome.after, outcome.of, out=np.full(len(outcome.after), np.nan), where=outcome.of > 0)


def starts_of(followed: Any, days: int) -> list[pd.Timestamp]:
    """First days of past windows one after the other, the latest first, each with as long a time before it.

    Parameters
    ----------
    followed
        The records.
    days
        Length of a window.
    """
    found, first = [], followed.first
    for place in range(1, MOST_WINDOWS + 1):
        start = followed.until - dt.timedelta(days=days * place)
        if first is None or (start - first).days < days:
            break
        found.append(start)
    return found


def window(base: Base, followed: Any, start: pd.Timestamp | None, days: int | None, names: Sequence[str]) -> Window:
    """Look at one.

    Parameters
    ----------
    base, followed
        Customers and their records.
    start, days
        None for data without dates.
    names
        Of outcomes.
    """
    roster = base.roster if start is None else base.on(start)
    records = followed if start is None else followed.of(roster)
    matrix, _ = design_matrix(base.before(roster))
    outcomes = {each.measure.name: each for each in records.over(days or 0, names)}
    return Window(days=days, start=start, roster=roster, outcomes=outcomes, matrix=matrix)


def of_customers(at: Window, name: str, scheme: Scheme, size: float, stratum: np.ndarray | None) -> Variation | None:
    """How far customers lie apart.

    Parameters
    ----------
    at
        The window.
    name
        Of the outcome.
    scheme
        How it would be dealt.
    size
        Customers of the pilot.
    stratum : (n,)
        Within which.
    """
    outcome = at.outcomes[name]
    known = np.isfinite(outcome.after).mean() if len(outcome.after) else 0.0
    return variation(
        outcome.after,
        of=outcome.of,
        before=at.before(name),
        stratum=stratum,
        smaller_arm=size * float(known) * scheme.smaller,
    )


def of_units(at: Window, name: str, scheme: Scheme, size: int) -> tuple[Variation, Clustering] | None:
    """How far means of units lie apart, and how alike customers of one are.

    Parameters
    ----------
    at
        The window.
    name
        Of the outcome.
    scheme
        How it would be dealt: its `unit`.
    size
        Units of the pilot: so many of what was known before can be adjusted for.
    """
    assert scheme.unit is not None
    values, unit = at.values(name), at.roster[scheme.unit].astype(object).to_numpy()
    unit = np.array([None if pd.isna(each) else str(each) for each in unit], dtype=object)
    alike = clustering(values, unit)
    if alike is None:
        return None
    seen = np.isfinite(values) & (unit != None)  # noqa: E711 - elementwise
    code = np.unique(unit[seen].astype(str), return_inverse=True)[1]
    count = np.bincount(code)
    known = at.before(name)[seen]
    before = np.zeros((len(count), known.shape[1]))
    for place, column in enumerate(known.T):
        before[:, place] = np.bincount(code, column) / count
    means = np.bincount(code, values[seen]) / count
    bears = max(int((min(size, len(means)) - 2) / UNITS_A_COLUMN), 0)
    apart = variation(means, before=before[:, :bears], smaller_arm=np.inf)
    if apart is None:
        return None
    whole = Variation(
        mean=apart.mean,
        variance=alike.variance,
        left=alike.variance * (1 - apart.explained),
        answering=float(np.isfinite(values).mean()),
        n=int(seen.sum()),
        columns=apart.columns,
    )
    return whole, alike
