"""Purchase histories of customers, as far as models of repeat buying look at them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.wording import number, plural, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Histories:
    """Frequency, recency and time observed, one row a customer or, collapsed, one for all equal customers.

    Attributes
    ----------
    frequency : (n,)
        Number of repeat purchases x, the first left out.
    recency : (n,)
        Time from the first to the last purchase, t_x; 0 without a repeat.
    observed : (n,)
        Time from the first purchase to the end of observation, T.
    weights : (n,)
        Number of customers that the row stands for.
    log_gaps : (n,)
        Sum of the logarithms of the gaps between purchases: what regular buying is told from. 0 where not known.

    References
    ----------
    Fader, Hardie, Lee (2005), section 3, for the convention.
    """

    frequency: np.ndarray
    recency: np.ndarray
    observed: np.ndarray
    weights: np.ndarray
    log_gaps: np.ndarray

    @classmethod
    def of(
        cls,
        frequency: np.ndarray,
        recency: np.ndarray,
        observed: np.ndarray,
        log_gaps: np.ndarray | None = None,
    ) -> "Histories":
        """Histories of customers, checked.

        Parameters
        ----------
        frequency, recency, observed : (n,)
            As the attributes.
        log_gaps : (n,), optional
            Needed only where more than one Erlang stage is fitted.

        Raises
        ------
        DataError
            Where no such history can be; with all faults at once.
        """
        x, last, until = (np.asarray(each, dtype=float) for each in (frequency, recency, observed))
        gaps = np.zeros(len(x)) if log_gaps is None else np.asarray(log_gaps, dtype=float)
        found = _faults(x, last, until, gaps)
        if found:
            raise DataError(*found)
        return cls(frequency=x, recency=last, observed=until, weights=np.ones(len(x)), log_gaps=gaps)

    @cached_property
    def distinct(self) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies that occur (m,), and which of them each row has (n,): gamma functions are computed once each."""
        values, which = np.unique(self.frequency, return_inverse=True)
        return values, which

    def __len__(self) -> int:
        return len(self.frequency)

    def collapsed(self) -> tuple["Histories", np.ndarray]:
        """Equal customers counted once, and the row (n,) that each of ours has become.

        The likelihood knows nothing else of them: 23,570 customers of CDNOW are 8,685 rows.

        Examples
        --------
        >>> few, rows = Histories.of([1, 0, 1], [2.0, 0.0, 2.0], [5.0, 5.0, 5.0]).collapsed()
        >>> len(few), few.weights.tolist(), rows.tolist()
        (2, [2.0, 1.0], [0, 1, 0])
        """
        key = np.zeros(len(self), dtype=np.int64)
        for column in (self.frequency, self.recency, self.observed):
            codes, values = pd.factorize(column)
            key = key * len(values) + codes
        rows, keys = pd.factorize(key)
        weights = np.bincount(rows, self.weights, len(keys))
        gaps = np.bincount(rows, self.weights * self.log_gaps, len(keys)) / weights
        first = np.full(len(keys), len(self))
        np.minimum.at(first, rows, np.arange(len(self)))
        return replace(self.rows(first), weights=weights, log_gaps=gaps), rows

    def rows(self, chosen: np.ndarray) -> "Histories":
        """Only these rows, by number or by yes and no.

        Parameters
        ----------
        chosen
            (m,) whole numbers, or (n,) booleans.
        """
        return Histories(
            frequency=self.frequency[chosen],
            recency=self.recency[chosen],
            observed=self.observed[chosen],
            weights=self.weights[chosen],
            log_gaps=self.log_gaps[chosen],
        )

    @classmethod
    def newcomer(cls) -> "Histories":
        """One customer in the moment of the first purchase."""
        return cls.of(np.zeros(1), np.zeros(1), np.zeros(1))


def _faults(x: np.ndarray, last: np.ndarray, until: np.ndarray, gaps: np.ndarray) -> list[str]:
    if not len(x) == len(last) == len(until) == len(gaps):
        return [sentence("Purchase histories: columns of different lengths; give one value a customer in each.")]
    if not len(x):
        return [sentence("Purchase histories: no customer; take a later cut-off or another part of the data.")]
    faults = []
    known = np.isfinite(x) & np.isfinite(last) & np.isfinite(until) & np.isfinite(gaps)
    if (absent := int((~known).sum())) > 0:
        faults.append(
            plural(
                "Purchase histories: {n} customer has a missing or infinite value; leave such rows out.",
                "Purchase histories: {n} customers have a missing or infinite value; leave such rows out.",
                absent,
            )
        )
    counts = (x >= 0) & (x == np.floor(x))
    if (wrong := int((known & ~counts).sum())) > 0:
        faults.append(
            plural(
                "Frequency: {n} customer has no whole number of repeat purchases; count days with a purchase less one.",
                "Frequency: {n} customers have no whole number of repeat purchases; count days with a purchase "
                "less one.",
                wrong,
            )
        )
    ordered = (last >= 0) & (last <= until) & ((x > 0) == (last > 0))
    if (wrong := int((known & counts & ~ordered).sum())) > 0:
        faults.append(
            plural(
                "Recency: {n} customer breaks 0 ≤ recency ≤ T, with 0 just where nothing was bought again; "
                "recency is the time from the first purchase to the last, not since the last.",
                "Recency: {n} customers break 0 ≤ recency ≤ T, with 0 just where nothing was bought again; "
                "recency is the time from the first purchase to the last, not since the last.",
                wrong,
            )
        )
    return faults


def from_log(
    customers: np.ndarray, days: np.ndarray, until: float, unit: float = 1.0
) -> tuple[np.ndarray, Histories, np.ndarray]:
    """Histories at a date, and what was bought after it, from a log of purchases.

    Parameters
    ----------
    customers : (n,)
        Whose purchase it was.
    days : (n,)
        On which day, a whole number; refunds are netted before (`features.purchases`). Several on one day are one.
    until
        Last day of the histories.
    unit
        Days in the unit of time of what is given back (7: weeks).

    Returns
    -------
    customers : (m,)
        Who had bought by then, in order.
    histories : Histories
        Theirs, m rows, with the logarithms of gaps.
    later : (m,)
        On how many days each of them bought after that date.

    Raises
    ------
    DataError
        Where nobody had bought by then.

    Examples
    --------
    >>> who, found, later = from_log(np.array([7, 7, 7, 8, 7]), np.array([0, 0, 14, 7, 30]), until=21, unit=7)
    >>> who.tolist(), found.frequency.tolist(), found.recency.tolist(), found.observed.tolist(), later.tolist()
    ([7, 8], [1.0, 0.0], [2.0, 0.0], [3.0, 2.0], [1, 0])
    """
    log = pd.DataFrame({"customer": customers, "day": days}).drop_duplicates().sort_values(["customer", "day"])
    known = log[log["day"] <= until]
    if known.empty:
        raise DataError(
            sentence(
                "Purchases: none until day {until}, the first is on day {first}; take a later cut-off.",
                until=number(until),
                first=number(float(log["day"].min())) if len(log) else "–",
            )
        )
    gap = known.groupby("customer")["day"].diff() / unit
    known = known.assign(log_gap=np.log(gap).fillna(0.0))
    found = known.groupby("customer").agg(
        first=("day", "min"), last=("day", "max"), bought=("day", "size"), log_gaps=("log_gap", "sum")
    )
    later = log.loc[log["day"] > until, "customer"].value_counts().reindex(found.index, fill_value=0)
    histories = Histories.of(
        found["bought"].to_numpy() - 1,
        (found["last"] - found["first"]).to_numpy() / unit,
        (until - found["first"]).to_numpy() / unit,
        found["log_gaps"].to_numpy(),
    )
    return found.index.to_numpy(), histories, later.to_numpy()
