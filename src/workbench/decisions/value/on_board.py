"""Who was on board when: dated spells laid on the months before the day of valuation, and what came while they were."""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.errors import ParameterError
from workbench.models.purchases.while_active import Watched
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.statistics.dated.calendar import months_between, months_later
from workbench.wording import sentence

SETTLING = 1.0
"""Months at the beginning of a spell that say nothing of the months to come of who is on board: a first order, an
onboarding call. They count for newcomers."""


def as_of(spells: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Spells as they were on an earlier day: those that had begun, followed until then.

    Who had left by then is taken as it turned out: days of grace at the end of contracts are not waited for again.

    Parameters
    ----------
    spells
        `begin`, `entry` and `duration` (months), `event`, as of a later day.
    day
        First instant that is not looked at.
    """
    reached = months_between(spells["begin"], day)
    lasted = spells["duration"].to_numpy(dtype=float)
    known = spells.assign(duration=np.minimum(lasted, reached), event=spells["event"] & (lasted <= reached))
    return known[known["duration"] > np.maximum(known["entry"], 0.0)]


def lifetimes_before(read: Lifetimes, today: dt.date, table: str) -> Lifetimes:
    """Lifetimes as they were on an earlier day.

    Parameters
    ----------
    read
        As of the end of the records.
    today
        First day that is not looked at.
    table
        What they were read from, for errors.

    Raises
    ------
    ParameterError
        A day outside the records, or lifetimes without dates.
    """
    spells = read.spells
    if spells is None:
        raise ParameterError(
            sentence(
                "today: got {day}, but {table} have durations and no dates; customers are valued as they stand in the "
                "file. Leave today open.",
                day=today,
                table=table,
            )
        )
    first, last = spells.frame["begin"].min(), spells.as_of
    if not first < pd.Timestamp(today) <= last:
        raise ParameterError(
            sentence(
                "today: got {day}, outside the records of {table}; expected a day from {first} to {last}.",
                day=today,
                table=table,
                first=(first.normalize() + pd.Timedelta(days=1)).date(),
                last=last.date(),
            )
        )
    known = as_of(spells.frame, pd.Timestamp(today))
    return replace(read, spells=replace(spells, frame=known, as_of=pd.Timestamp(today)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """Spells of all customers, on the months before the day of valuation.

    Attributes
    ----------
    today
        Day of valuation: its first instant ends the records.
    spells
        In the order of persons and begins: `person`, `begin` (instant), `began` and `ended` (months before the day,
        `ended` 0 where the spell goes on), `entry` and `duration` (tenure, months), `event`.
    persons : (n,)
        Ids, each once, sorted.
    """

    today: pd.Timestamp
    spells: pd.DataFrame
    persons: np.ndarray

    @classmethod
    def of(cls, spells: pd.DataFrame, today: pd.Timestamp) -> "Board":
        """Lay spells on the months before a day.

        Parameters
        ----------
        spells
            `person`, `begin`, `duration`, `entry`, `event`, as in `Spells.frame` of `models.survival`.
        today
            First instant of which nothing is known.
        """
        rows = spells.sort_values(["person", "begin"], kind="stable", ignore_index=True)
        began = months_between(rows["begin"], today)
        rows = rows.assign(began=began, ended=np.where(rows["event"], np.maximum(began - rows["duration"], 0.0), 0.0))
        return cls(today=today, spells=rows, persons=np.unique(rows["person"].to_numpy()))

    @property
    def row_of_spell(self) -> np.ndarray:
        """Row in `persons` of each spell."""
        return np.searchsorted(self.persons, self.spells["person"].to_numpy())

    def placed(self, events: pd.DataFrame) -> pd.DataFrame:
        """Events on board, with the place of their spell and the tenure then; those in no spell are left out.

        Parameters
        ----------
        events
            `customer_id`, `time` (instant) and what else there is of each.
        """
        ago = months_between(events["time"], self.today)
        rows = events.assign(ago=ago)[ago > 0]
        left = rows.sort_values("time", kind="stable")
        spells = self.spells[["person", "begin", "began", "ended"]].assign(spell=np.arange(len(self.spells)))
        spells = spells.sort_values("begin", kind="stable").rename(columns={"person": "customer_id", "begin": "time"})
        for each in (left, spells):
            each["time"] = each["time"].astype("datetime64[ns]")
        found = pd.merge_asof(left, spells, on="time", by="customer_id")
        found = found[found["spell"].notna() & (found["ago"] >= found["ended"])]
        return found.assign(spell=found["spell"].astype(int), tenure=found["began"] - found["ago"])

    def watched(self, placed: pd.DataFrame, since: pd.Timestamp) -> Watched:
        """Time on board and events of each person by month, without the first `SETTLING` months of spells.

        Parameters
        ----------
        placed
            From `placed`.
        since
            First instant from which events were recorded.
        """
        length = float(months_between(since, self.today))
        months = max(int(np.ceil(length - 1e-9)), 1)
        ago = np.arange(months)[::-1]  # of the end of each column
        began = np.minimum(self.spells["began"].to_numpy() - SETTLING, length)[:, None]
        time = np.clip(np.minimum(began, ago + 1) - np.maximum(self.spells["ended"].to_numpy()[:, None], ago), 0, 1)
        total = np.zeros((len(self.persons), months))
        np.add.at(total, self.row_of_spell, time)
        counted = placed[(placed["tenure"] >= SETTLING) & (placed["ago"] <= length)]
        column = months - np.ceil(counted["ago"].to_numpy() - 1e-9).astype(int).clip(1, months)
        events = np.zeros((len(self.persons), months))
        np.add.at(events, (self.row_of_spell[counted["spell"].to_numpy()], column), 1.0)
        return Watched(time=total, events=events, calendar=self.calendar(-months))

    def calendar(self, months: int) -> np.ndarray:
        """Calendar month, 1 to 12, in which the middle of each month lies: of those to come, or of those before.

        Parameters
        ----------
        months
            How many; negative: the months before the day.
        """
        middle = np.arange(min(months, 0), max(months, 0)) + 0.5
        return months_later(self.today, middle).month.to_numpy()
