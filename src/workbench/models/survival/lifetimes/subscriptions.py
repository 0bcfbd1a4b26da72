"""From dated records to lifetimes: spells as a subscriber, and what was known of them on an earlier day."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError, ParameterError
from workbench.findings import Check
from workbench.models.survival.lifetimes.grace import chosen_grace, decided_until, returns_check, vary_grace
from workbench.models.survival.lifetimes.trials import Trials, with_trials
from workbench.statistics.dated.calendar import months_between, months_later
from workbench.statistics.dated.records import (
    end_of_records,
    instants,
    paid_periods,
    planned_ends,
    records_begin,
    spell_numbers,
)
from workbench.wording import listing, number, percent, sentence

FEW_LEFT_OUT = 0.01
"""More left out than this share is worth a warning."""

LAPSES_AHEAD = 3.0
"""Months for which what was last known of purchases says who lapses."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spells:
    """Lifetimes with dates.

    Attributes
    ----------
    frame
        `customer_id` (each once; later spells of a customer have a number after their id), `person` (the customer's own
        id), `begin` (date at which the clock starts), `duration` and `entry` (months), `event`, `reason`, covariates
        that were known when the clock started.
    as_of
        The first instant of this day is the end of observation.
    lapse
        Whether the end is a lapse in buying instead of one that somebody declared.
    checks
        What was put together, left out or assumed.
    window
        Months without a purchase after which a customer counts as lapsed; None without a lapse. Who lapses within them
        has bought for the last time already; beyond them lapsing hangs on purchases to come, and nothing is forecast.
    grace
        What several grace periods make of subscriptions (`grace.vary_grace`); None where buyers lapse.
    """

    frame: pd.DataFrame
    as_of: pd.Timestamp
    lapse: bool
    checks: tuple[Check, ...]
    window: float | None = None
    grace: pd.DataFrame | None = None

    @property
    def covariates(self) -> list[str]:
        """Columns that may explain who leaves."""
        own = ("customer_id", "person", "begin", "duration", "entry", "event", "reason", "weight")
        return [column for column in self.frame.columns if column not in own]

    def contracts(self) -> pd.DataFrame:
        """Begin and end of each spell as instants: `person`, `begin`, `end`, `event`.

        The end of those still there is that of the records.
        """
        rows = self.frame
        end = months_later(rows["begin"], rows["duration"])
        return rows[["person", "begin", "event"]].assign(end=end.to_numpy())

    def until(self, day: pd.Timestamp) -> pd.DataFrame:
        """Lifetimes as they were known on a day: nothing that happened from then on.

        Parameters
        ----------
        day
            The first instant of which nothing is known.
        """
        rows = self.frame
        known = months_between(rows["begin"], day)
        rows = rows[(known > 0) & (known > rows["entry"])]
        known = months_between(rows["begin"], day)
        # An end is the first day without: on its morning somebody is gone. That a day brought no purchase is known at
        # its end.
        over = rows["event"] & ((rows["duration"] < known) if self.lapse else (rows["duration"] <= known))
        reasons = [why if ended else None for why, ended in zip(rows["reason"], over, strict=True)]
        return rows.assign(
            event=over,
            duration=np.minimum(rows["duration"], known),
            reason=pd.Series(reasons, index=rows.index, dtype=object),
        )

    def after(self, day: pd.Timestamp) -> pd.DataFrame:
        """Who was active on `day`, with their tenure then as `entry`, and what became of them.

        `duration - entry` is the time from `day` on in calendar months: the same for all who are still there.

        Parameters
        ----------
        day
            Its first instant counts.
        """
        rows = self.frame
        tenure = months_between(rows["begin"], day)
        there = (tenure >= rows["entry"]) & (tenure > 0)
        there &= (rows["duration"] >= tenure) if self.lapse else (rows["duration"] > tenure)
        rows = rows[there]
        # The month of a life and the month from the day on have different lengths where they straddle months: counted
        # back from the end, both are calendar months, and all who are still there are followed for the same time.
        since = months_between(day, months_later(rows["begin"], rows["duration"]))
        return rows.assign(entry=np.clip(rows["duration"] - since, 0.0, rows["duration"]))

    def active(self) -> pd.DataFrame:
        """Who is active at the end of the records, with their tenure as `duration`."""
        return self.frame[~self.frame["event"]]

    def cutoff(self, wanted: dt.date | None = None) -> pd.Timestamp:
        """The day at which training ends and the test begins.

        By default a quarter of the time observed before the end, at most twelve months and at least one; of lapses at
        most three, or the time that makes one.

        Parameters
        ----------
        wanted
            The reader's choice.

        Raises
        ------
        ParameterError
            When the day that is wanted leaves nothing to learn from or to test.
        """
        first = months_later(self.frame["begin"], self.frame["entry"]).min()
        if wanted is None:
            observed = float(months_between(first, self.as_of))
            back = float(np.round(np.clip(observed / 4, 1.0, 12.0)))  # whole months: ends may heap
            back = back if self.window is None else min(back, self.window, LAPSES_AHEAD)
            return months_later(self.as_of, [-back])[0].normalize()
        day = pd.Timestamp(wanted)
        if not first < day < self.as_of:
            raise ParameterError(
                sentence(
                    "cutoff: got {day}, expected a day after {first} and before {last}, within the records.",
                    day=day.date(),
                    first=first.date(),
                    last=self.as_of.date(),
                )
            )
        if self.window is not None and months_between(day, self.as_of) > self.window + 1:
            latest = months_later(self.as_of, [-self.window])[0].normalize()
            raise ParameterError(
                sentence(
                    "cutoff: got {day}, expected {latest} or later: lapses can be forecast no further ahead than the "
                    "time without a purchase that makes one.",
                    day=day.date(),
                    latest=latest.date(),
                )
            )
        return day


def from_subscriptions(
    subscriptions: pd.DataFrame,
    *,
    as_of: dt.date | None = None,
    records_since: dt.date | None = None,
    attributes: pd.DataFrame | None = None,
    grace_days: int | None = None,
    trials: Trials | None = None,
    today: dt.date | None = None,
) -> Spells:
    """Spells of subscription: what overlaps, or follows within `grace_days`, is one spell of its customer.

    Parameters
    ----------
    subscriptions
        `customer_id`, `start`, `end` (missing: still running), `end_reason`, `plan`, `price`; other columns are taken
        as covariates. Of a spell they are those of its first subscription, known when it began; the reason is that of
        the last.
    as_of
        Day of the extract: who has not ended by its first instant is still there (an `end` is the first day without).
        By default the day after the last one before today on which somebody began or left. Later ends are planned:
        such contracts are running.
    records_since
        From when ends were recorded: who began earlier is at risk from then on only. Where it is None it is found from
        the pattern of begins and ends (`statistics.dated.records_begin`).
    attributes
        `customer_id` (once each) and columns that are taken as covariates.
    grace_days
        See above; where it is None, 30 or, where more than a fifth of those who left come back later than that, as long
        as the customers' own pauses call for (`grace.chosen_grace`).
    trials
        What is made of free trials (`trials.with_trials`).
    today
        By default the machine's day.

    Raises
    ------
    DataError
        Columns that are missing, starts that are missing, ends before their start, nobody left over.
    """
    validate_columns(subscriptions, "subscriptions", ["customer_id", "start", "end"])
    rows = subscriptions[subscriptions["customer_id"].notna()].copy()
    rows["start"], rows["end"] = instants(rows["start"]), instants(rows["end"])
    wrong = int((rows["end"] < rows["start"]).sum())
    faults = []
    if lacking := int(rows["start"].isna().sum()):
        faults.append(
            sentence("subscriptions.start: got {rows} rows without a date, expected one in each.", rows=number(lacking))
        )
    if wrong:
        faults.append(
            sentence(
                "subscriptions.end: got {rows} rows that end before they start, expected start ≤ end; correct the "
                "dates.",
                rows=number(wrong),
            )
        )
    if rows.empty:
        faults.append(sentence("subscriptions: got no rows, expected at least one customer."))
    if faults:
        raise DataError(*faults)
    until, found = end_of_records((rows["start"], rows["end"]), as_of=as_of, today=today)
    checks: list[Check] = []
    left_out: dict[str, int] = {}
    left_out[sentence("rows without a customer")] = int(subscriptions["customer_id"].isna().sum())
    future = rows["start"] >= until
    left_out[sentence("subscriptions that begin after the records end")] = int(future.sum())
    rows = rows[~future]
    if rows.empty:
        raise DataError(sentence("subscriptions.start: got none before {day}, expected some.", day=until.date()))
    rows = rows.sort_values(["customer_id", "start", "end"], kind="stable", na_position="last", ignore_index=True)
    until, paid = paid_periods(rows, until)
    checks += paid or planned_ends(rows["start"], rows["end"], until, found=found)
    rows, never, said = with_trials(rows, trials)
    if rows.empty:
        raise DataError(sentence("subscriptions: got no contract that is paid, expected some; include trials."))
    left_out[
        sentence("customers who never paid") if trials == "exclude" else sentence("customers without a free trial")
    ] = never
    checks += said
    varied = vary_grace(rows, until, grace_days)
    days = chosen_grace(varied) if grace_days is None else grace_days
    decided = decided_until(rows, until, days)
    checks += returns_check(varied, days, chosen=grace_days is None, decided=decided if decided < until else None)
    until = decided
    lifetimes = _spells(rows, until, days)
    since = pd.Timestamp(records_since) if records_since is not None else records_begin(lifetimes, until)
    if since is not None:
        lifetimes["entry"] = np.maximum(months_between(lifetimes["begin"], since), 0.0)
        before = (lifetimes["duration"] <= lifetimes["entry"]) & (lifetimes["entry"] > 0)
        left_out[sentence("spells that were over before ends were recorded")] = int(before.sum())
        lifetimes = lifetimes[~before]
        if lifetimes.empty:
            raise DataError(
                sentence(
                    "subscriptions: got nobody who was still there on {day}, from which ends are recorded, "
                    "expected some; "
                    "say an earlier records_since.",
                    day=since.date(),
                )
            )
        inferred = records_since is None
        checks.append(
            Check(
                name="records_begin",
                status="warn" if inferred else "pass",
                title=sentence("Start of the records is assumed" if inferred else "Start of the records"),
                message=sentence(
                    "Almost no ends are recorded before {day}, so {share} of customers, who had begun earlier, count "
                    "only from that day. Confirm or correct it by records_since."
                    if inferred
                    else "Ends are recorded from {day} on: {share} of customers had begun before and count from then "
                    "on.",
                    day=since.date(),
                    share=percent(float((lifetimes["entry"] > 0).mean())),
                ),
                value=float((lifetimes["entry"] > 0).mean()),
            )
        )
    checks.append(everybody_counts(len(lifetimes), left_out))
    lifetimes = with_attributes(lifetimes.drop(columns="spell"), attributes)
    return Spells(frame=lifetimes.reset_index(drop=True), as_of=until, lapse=False, checks=tuple(checks), grace=varied)


def _spells(rows: pd.DataFrame, end_of_records: pd.Timestamp, grace_days: int) -> pd.DataFrame:
    """One row a spell of contracts sorted by customer and start; `spell` counts those of a customer."""
    rows = rows.reset_index(drop=True)
    rows["_ended"] = rows["end"].fillna(pd.Timestamp.max.floor("D"))
    rows["spell"] = spell_numbers(rows, grace_days)
    begins = ~rows.duplicated(["customer_id", "spell"])
    final = rows.loc[rows.groupby(["customer_id", "spell"])["_ended"].idxmax().to_numpy()]
    end = final["_ended"].to_numpy()
    lifetimes = rows[begins].drop(columns=["_ended", "end", "end_reason"], errors="ignore").reset_index(drop=True)
    lifetimes = lifetimes.rename(columns={"start": "begin", "customer_id": "person"})
    stop = np.minimum(end, np.datetime64(end_of_records))
    event = end <= np.datetime64(end_of_records)
    reason = final["end_reason"].to_numpy() if "end_reason" in final.columns else np.full(len(final), None)
    lifetimes["duration"] = months_between(lifetimes["begin"], stop)
    lifetimes["event"], lifetimes["entry"] = event, 0.0
    lifetimes["reason"] = [why if ended else None for why, ended in zip(reason, event, strict=True)]
    again = lifetimes["spell"] > 1
    ids = lifetimes["person"].astype(str)
    lifetimes["customer_id"] = lifetimes["person"].where(~again, ids + " (" + lifetimes["spell"].astype(str) + ")")
    lifetimes = lifetimes[lifetimes["begin"] < end_of_records].reset_index(drop=True)  # others tell of pauses alone
    return lifetimes[["customer_id", *(name for name in lifetimes.columns if name != "customer_id")]]


def everybody_counts(kept: int, left_out: Mapping[str, int]) -> Check:
    """How many do not count, and why; a warning where they are more than `FEW_LEFT_OUT`.

    Parameters
    ----------
    kept
        How many count.
    left_out
        How many do not, by reason in words.
    """
    reasons = {reason: count for reason, count in left_out.items() if count}
    lost = sum(reasons.values())
    share = lost / (kept + lost) if lost else 0.0
    said = listing([f"{number(count)} {reason}" for reason, count in reasons.items()])
    message = (
        sentence("{kept} count; {share} are left out: {said}.", kept=number(kept), share=percent(share), said=said)
        if lost
        else sentence("Nobody in the table is left out: all {kept} count.", kept=number(kept))
    )
    return Check(
        name="customers_left_out",
        status="warn" if share > FEW_LEFT_OUT else "pass",
        title=sentence("Many customers are left out" if share > FEW_LEFT_OUT else "Who is left out"),
        message=message,
        value=share,
        threshold=FEW_LEFT_OUT,
    )


def with_attributes(lifetimes: pd.DataFrame, attributes: pd.DataFrame | None) -> pd.DataFrame:
    """Attributes of the customers beside their spells; those of a name that is taken stay out.

    Parameters
    ----------
    lifetimes
        Spells, with `person`.
    attributes
        `customer_id` and columns; None where there are none.
    """
    if attributes is None:
        return lifetimes
    free = [name for name in attributes.columns if name == "customer_id" or name not in lifetimes.columns]
    known = attributes[free].drop_duplicates("customer_id").rename(columns={"customer_id": "person"})
    return lifetimes.merge(known, on="person", how="left")


def validate_columns(frame: pd.DataFrame, name: str, columns: Iterable[str]) -> None:
    """Reject a table that lacks columns.

    Parameters
    ----------
    frame, name
        The table, and what it is called.
    columns
        That must be there.

    Raises
    ------
    DataError
        One sentence for each that is not.
    """
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise DataError(
            *(
                sentence(
                    "{table}.{column}: got no such column, expected it; map it in dataset.yaml.",
                    table=name,
                    column=column,
                )
                for column in lacking
            )
        )
