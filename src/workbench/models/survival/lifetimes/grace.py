"""After how long a pause between contracts counts as having left, and what another choice would give."""

import numpy as np
import pandas as pd

from workbench.exhibits import Column, People, Table
from workbench.findings import Check, Status
from workbench.statistics.dated.records import DAY, GRACE_DAYS
from workbench.wording import day, number, percent, sentence

SHARES = (0.5, 0.8, 0.9, 0.95, 0.975, 1.0)
"""Of the pauses after which customers came back, those by whose length the grace period is varied."""
FEWEST = 10
"""Fewer pauses than this choose nothing."""
GAP_DAYS = 1
"""A contract that begins so soon after another ended continues it: that is no pause."""
FEW_RESUMED = 0.05
"""Where no more of those who end come back within the grace period than this, the last ends count at once."""
RETURNS = 0.2
"""Where more of those who had left come back than this, leaving is no end."""


def pauses_between(rows: pd.DataFrame) -> pd.Series:
    """Days from the end of all that a customer had until the next contract begins; of rows that continue or overlap, 0.

    Parameters
    ----------
    rows
        `customer_id`, `start`, `end` (missing: running), sorted by customer and start.
    """
    ended = rows["end"].fillna(pd.Timestamp.max.floor("D"))
    previous = ended.groupby(rows["customer_id"]).cummax().groupby(rows["customer_id"]).shift()
    return ((rows["start"] - previous).dt.total_seconds() / DAY).dropna().clip(lower=0.0)


def vary_grace(rows: pd.DataFrame, until: pd.Timestamp, wanted: int | None) -> pd.DataFrame:
    """What several grace periods make of the same contracts.

    Parameters
    ----------
    rows
        As in `pauses_between`.
    until
        End of the records.
    wanted
        A grace period that is to be among them.

    Returns
    -------
    DataFrame
        `days`, `lifetimes` (of customers, anew after each longer pause), `ended` (of them), `came_back` (share of
        those ended after which the customer came back later). Ascending; a month, whole weeks that shares of the
        pauses do not exceed, and `wanted`.
    """
    pauses = pauses_between(rows).to_numpy()
    longer = pauses[pauses > GRACE_DAYS]
    observed = (until - rows["start"].min()).days
    weeks = np.ceil(np.quantile(longer, SHARES) / 7) if len(longer) >= FEWEST else ()
    tried = {GRACE_DAYS, *(int(each) * 7 for each in weeks)}
    tried = {each for each in tried if each * 2 < observed or each == GRACE_DAYS}
    if wanted is not None:
        tried.add(wanted)
    last = rows["end"].isna().groupby(rows["customer_id"]).any()
    final = rows.groupby("customer_id")["end"].max()
    over = int((~last & (final <= until)).sum())
    made = []
    for days in sorted(tried):
        again = int((pauses > days).sum())
        ended = over + again
        made.append((days, len(final) + again, ended, again / ended if ended else 0.0))
    return pd.DataFrame(made, columns=["days", "lifetimes", "ended", "came_back"])


def decided_until(rows: pd.DataFrame, until: pd.Timestamp, days: int) -> pd.Timestamp:
    """The day until which it is known who has left: who ended later may still come back within the grace period.

    Where hardly anybody who ends comes back within it that is the end of the records; otherwise `days` earlier, since
    to count the last ends as departures would show too many of late.

    Parameters
    ----------
    rows, until, days
        As in `vary_grace`, and the grace period.
    """
    pauses = pauses_between(rows)
    resumed = int(((pauses > GAP_DAYS) & (pauses <= days)).sum())
    running = rows["end"].isna().groupby(rows["customer_id"]).any()
    final = rows.groupby("customer_id")["end"].max()[~running]
    earlier = until - pd.Timedelta(days=days)
    over = int((pauses > days).sum()) + int((final <= earlier).sum())
    open_ends = bool(((final > earlier) & (final <= until)).any())
    enough = earlier > rows["start"].min()
    return earlier if enough and open_ends and resumed > FEW_RESUMED * (resumed + over) else until


def chosen_grace(table: pd.DataFrame) -> int:
    """The shortest grace period after which at most a fifth of those who had left came back; else that with fewest.

    Parameters
    ----------
    table
        From `vary_grace`.
    """
    enough = table[table["came_back"] <= RETURNS]
    return int((enough if len(enough) else table.sort_values("came_back", kind="stable"))["days"].iloc[0])


def returns_check(
    table: pd.DataFrame, days: int, *, chosen: bool, decided: pd.Timestamp | None = None
) -> tuple[Check, ...]:
    """How many came back after the grace period; empty where nobody did and no longer period than a month was needed.

    Parameters
    ----------
    table
        From `vary_grace`.
    days, chosen
        The grace period, and whether the data chose it.
    decided
        The day on which follow-up ends, where that is before the records do.
    """
    row = table[table["days"] == days].iloc[0]
    usual = table[table["days"] == GRACE_DAYS].iloc[0]
    longer = chosen and days > GRACE_DAYS
    if not row["came_back"] and not longer and decided is None:
        return ()
    back = float(row["came_back"])
    parts = []
    if longer:
        parts.append(
            sentence(
                "Pauses of up to {days} days are no departure: {share} of ended contracts resumed after {usual} days.",
                days=number(days),
                share=percent(usual["came_back"]),
                usual=number(GRACE_DAYS),
            )
        )
    if back:
        template = "{share} of {ended} who had left came back; each time counts."
        parts.append(sentence(template, share=percent(back), ended=number(int(row["ended"]))))
    if decided is not None:
        template = "Follow-up ends {days} days early, on {day}."
        parts.append(sentence(template, days=number(days), day=day(decided.date())))
    if back > RETURNS:
        parts.append(sentence("Consider a longer grace_days."))
    status: Status = "warn" if back > RETURNS or longer else "pass"
    return (
        Check(
            name="came_back",
            status=status,
            title=sentence("Coming back after leaving"),
            message=" ".join(parts),
            value=back,
            threshold=RETURNS,
        ),
    )


def grace_exhibit(table: pd.DataFrame) -> Table:
    """`vary_grace` as a report shows it.

    Parameters
    ----------
    table
        From `vary_grace`.
    """
    return Table(
        name="grace",
        frame=table,
        caption=sentence(
            "The pause up to which a customer had not left, varied: lifetimes, those of them that ended, and the share "
            "of these after which the customer came back."
        ),
        people=People(count="ended", within="days"),
        columns={
            "days": Column(sentence("longest pause"), "days"),
            "lifetimes": Column(sentence("lifetimes")),
            "ended": Column(sentence("ended")),
            "came_back": Column(sentence("came back"), "share"),
        },
    )
