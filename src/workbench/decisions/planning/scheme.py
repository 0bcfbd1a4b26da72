"""What is planned: the arms, what is dealt, within what, and for how long."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.errors import ParameterError
from workbench.models.trials.planning import share_error
from workbench.wording import listing, number, sentence, shown

WEEKS = (4, 8, 13, 26)
"""For how long plans are told, a choice: a month, two, a quarter, half a year."""
CONTROL = "control"
FEWEST_UNITS = 4
"""Dealt as wholes: with two an arm there are six ways to deal them, and no test at 10% can find anything."""
MOST_WEEKS = 520  # ten years


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How a pilot would be dealt.

    Attributes
    ----------
    arms
        What is tried, beside the control.
    treated
        Share of customers (or units) who get any of it.
    strata
        Columns of customers within whose groups it is drawn; None: the segments of the dataset.
    unit
        Column of customers whose groups are dealt as wholes (a region, a shop, a team); None: customers.
    units
        How many of them; None: all.
    weeks
        For how long.
    start
        Its first day; None: the day after the records end.
    """

    arms: Sequence[str] = ("pilot",)
    treated: float = 0.5
    strata: Sequence[str] | None = None
    unit: str | None = None
    units: int | None = None
    weeks: Sequence[int] = WEEKS
    start: dt.date | None = None

    def __post_init__(self) -> None:
        faults = []
        if not self.arms or len({*self.arms, CONTROL}) <= len(self.arms) or not all(self.arms):
            faults.append(
                sentence(
                    "parameter arms: got {got}, expected one or more different names, none of them {control}, which "
                    "there is always.",
                    got=listing([shown(arm) for arm in self.arms]) or sentence("an empty list"),
                    control=shown(CONTROL),
                )
            )
        wrong = [each for each in self.weeks if not 1 <= each <= MOST_WEEKS]
        if wrong or not self.weeks:
            faults.append(
                sentence(
                    "parameter weeks: got {got}, expected one or more numbers of weeks from 1 to {most}.",
                    got=listing([number(each) for each in wrong]) or sentence("an empty list"),
                    most=number(MOST_WEEKS),
                )
            )
        if self.units is not None and self.unit is None:
            faults.append(
                sentence(
                    "parameter planned_units: got {n} and no unit, expected the column of customers whose groups are "
                    "dealt as wholes.",
                    n=number(self.units),
                )
            )
        if faults:
            raise ParameterError(*faults)

    @property
    def shares(self) -> Mapping[str, float]:
        """Of each arm, the control among them."""
        return {**dict.fromkeys(self.arms, self.treated / len(self.arms)), CONTROL: 1 - self.treated}

    @property
    def pair(self) -> float:
        """Share of all who are in one arm or in the control."""
        return self.treated / len(self.arms) + 1 - self.treated

    @property
    def smaller(self) -> float:
        """Share of the smallest arm."""
        return min(self.shares.values())

    @property
    def error(self) -> float:
        """Standard error of an effect, in standard deviations, times the root of one arm and the control together."""
        return share_error(self.share)

    @property
    def share(self) -> float:
        """Share of the treated among one arm and the control together."""
        return self.treated / len(self.arms) / self.pair
