"""One arm beside its control, a row for each customer: what estimators take."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.errors import DataError
from workbench.wording import number, sentence

FEWEST = 20
"""Customers an arm below which no effect is told: as in `comparison`, an interval would not hold its level."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One arm beside its control.

    Attributes
    ----------
    values : (n,) float
        The outcome; not a number where it was not seen.
    treated : (n,) bool
        Who was dealt the arm, whatever was taken.
    stratum : (n,) or None
        Within which arms were dealt; None: in one draw.
    unit : (n,) or None
        What was dealt as a whole (shop, team, household); None: the customer.
    before : (n, k) float or None
        Numbers known before the start, without gaps (`statistics.draws.design_matrix`).
    frequency : (n,) or None
        How many customers a row stands for, whole numbers; 1 where it is None.
    """

    values: np.ndarray
    treated: np.ndarray
    stratum: np.ndarray | None = None
    unit: np.ndarray | None = None
    before: np.ndarray | None = None
    frequency: np.ndarray | None = None

    def with_values(self, values: np.ndarray) -> "Sample":
        """The same customers with another outcome.

        Parameters
        ----------
        values : (n,) float
            The outcome.
        """
        return replace(self, values=np.asarray(values, dtype=float))

    def part(self, rows: np.ndarray) -> "Sample":
        """Some of the customers.

        Parameters
        ----------
        rows : (n,) bool, or places
            Which.
        """
        cut: dict[str, Any] = {name: None if (own := getattr(self, name)) is None else own[rows] for name in _COLUMNS}
        return replace(self, **cut)

    @property
    def seen(self) -> np.ndarray:
        """(n,) bool: rows with an outcome, of a known unit and stratum."""
        found = np.isfinite(self.values)
        for own in (self.stratum, self.unit):
            if own is not None:
                found &= ~_missing(own)
        return found

    @property
    def counts(self) -> np.ndarray:
        """(n,): how many customers each row stands for."""
        return np.ones(len(self.values)) if self.frequency is None else np.asarray(self.frequency, dtype=float)

    def fault(self, *, fewest: int = FEWEST) -> str:
        """Why no effect can be told of it, in a sentence; empty where one can.

        Parameters
        ----------
        fewest
            Customers with an outcome that each arm needs; of units each arm needs two.
        """
        seen = self.seen
        treated, counts = self.treated[seen], self.counts[seen]
        people = [int(counts[treated].sum()), int(counts[~treated].sum())]
        names = {"treated": number(people[0]), "control": number(people[1])}
        if not min(people):
            return sentence(
                "Nobody to compare: {treated} treated customers and {control} of the control have the outcome.", **names
            )
        if self.unit is not None:
            units = [len(set(self.unit[seen][treated == arm])) for arm in (True, False)]
            if min(units) < 2:
                return sentence(
                    "One unit an arm is no comparison: got {treated} treated and {control} control units, expected two "
                    "of each.",
                    treated=number(units[0]),
                    control=number(units[1]),
                )
        elif min(people) < fewest:
            return sentence(
                "Too few to compare: {treated} treated customers and {control} of the control have the outcome, "
                "expected {least} of each.",
                least=number(fewest),
                **names,
            )
        values = self.values[seen]
        if np.ptp(values) == 0 and values[0] not in (0.0, 1.0):
            return sentence("Every customer has the same outcome: no effect can be told from chance.")
        return ""

    def usable(self, *, fewest: int = FEWEST) -> "Sample":
        """The rows with an outcome.

        Parameters
        ----------
        fewest
            As of `fault`.

        Raises
        ------
        DataError
            `fault` says why no effect can be told.
        """
        if fault := self.fault(fewest=fewest):
            raise DataError(fault)
        return self.part(self.seen)


_COLUMNS = ("values", "treated", "stratum", "unit", "before", "frequency")


def _missing(values: np.ndarray) -> np.ndarray:
    """Gaps of labels: None and not a number."""
    return np.asarray(values != values) | np.asarray(values == None)  # noqa: E711 - elementwise
