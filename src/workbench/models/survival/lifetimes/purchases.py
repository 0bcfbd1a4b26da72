"""Buyers without a contract: after how long without a purchase they count as lapsed, and their spells until then."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError, ParameterError
from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.survival.lifetimes.returns import without_returns
from workbench.models.survival.lifetimes.subscriptions import Spells, validate_columns, with_attributes
from workbench.statistics.dated.calendar import months_between
from workbench.statistics.dated.records import end_of_records, instants
from workbench.statistics.horizons import DAYS_A_MONTH, span
from workbench.wording import day, number, percent, plural, sentence

USUAL = 0.95
"""So many of the pauses between a customer's purchases are shorter than the time after which they count as lapsed."""
OTHER_SHARES = (0.9, 0.975)
"""Shares by which that time is varied."""
RETURNS = 0.2
"""Where more of the lapsed come back than this, the word means little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lapse:
    """What a time of lapse makes of purchases.

    Attributes
    ----------
    spells
        From the first purchase, or the end of the burn-in for who was a customer by then, until the customer lapsed.
    days
        Without a purchase for so long a customer counts as lapsed.
    chosen
        Whether `days` was chosen from the data.
    sensitivity
        `days`, `share` of pauses that are no longer (every customer weighing the same), `lapsed` (share of customers),
        `n_lapsed`, `came_back` (share of the lapsed).
    """

    spells: Spells
    days: int
    chosen: bool
    sensitivity: pd.DataFrame

    def exhibits(self) -> Iterator[Showable]:
        """How many came back, and what another time of lapse would make of the same purchases."""
        yield self.findings()
        yield Table(
            name="lapse",
            frame=self.sensitivity,
            caption=sentence(
                "The time without a purchase after which a customer counts as lapsed, varied: the share of pauses that "
                "are shorter, of customers who ever lapsed, and of those who came back."
            ),
            people=People(count="n_lapsed", within="days"),
            columns={
                "days": Column(sentence("time without a purchase"), "days"),
                "share": Column(sentence("shorter pauses"), "share"),
                "lapsed": Column(sentence("lapsed"), "share"),
                "n_lapsed": Column(sentence("customers lapsed")),
                "came_back": Column(sentence("came back"), "share"),
            },
        )

    def findings(self) -> tuple[Finding, ...]:
        """Which share of the lapsed came back: how much the definition can bear."""
        row = self.sensitivity[self.sensitivity["days"] == self.days].iloc[0]
        if not row["n_lapsed"]:
            return ()
        return (
            Finding(
                id="lapsed_come_back",
                statement=sentence(
                    "{share} of {lapsed} lapsed customers ({days} days without a purchase) have bought again: "
                    "lapsing is more often a pause than an end."
                    if row["came_back"] > 0.5
                    else "{share} of {lapsed} lapsed customers ({days} days without a purchase) have bought again.",
                    lapsed=number(int(row["n_lapsed"])),
                    days=number(self.days),
                    share=percent(row["came_back"]),
                ),
                estimate=float(row["came_back"]),
                unit="share",
                evidence="descriptive",
                n=int(row["n_lapsed"]),
                table="lapse",
            ),
        )


def pauses(purchases: pd.DataFrame) -> pd.DataFrame:
    """Days from each day of purchase to the customer's next, `customer_id`, `day`, `pause` (missing after the last).

    Parameters
    ----------
    purchases
        `customer_id`, `day`.
    """
    days = purchases[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"], ignore_index=True)
    return days.assign(pause=-days.groupby("customer_id")["day"].diff(-1).dt.days)


def usual_pause(gaps: pd.DataFrame, share: float = USUAL) -> int:
    """Days that `share` of the pauses between purchases do not exceed, every customer weighing the same; whole weeks.

    Parameters
    ----------
    gaps
        From `pauses`.
    share
        Between 0 and 1.

    Raises
    ------
    DataError
        When nobody bought twice.
    """
    known = gaps.dropna(subset=["pause"])
    if known.empty:
        raise DataError(
            sentence("transactions: got nobody who bought on two days, so no time of lapse can be chosen; give one.")
        )
    weight = 1 / known.groupby("customer_id")["pause"].transform("size").to_numpy()
    order = np.argsort(known["pause"].to_numpy(), kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    days = known["pause"].to_numpy()[order][np.searchsorted(reached, share - 1e-12)]
    return int(np.ceil(days / 7) * 7)


def from_transactions(
    transactions: pd.DataFrame,
    *,
    lapse_days: int | None = None,
    burn_in_days: int | None = None,
    first_seen: pd.Series | None = None,
    as_of: dt.date | None = None,
    attributes: pd.DataFrame | None = None,
    today: dt.date | None = None,
) -> Lapse:
    """Spells of buying: who has not bought for `lapse_days` lapsed at the end of them.

    The first lapse of a customer counts. Who bought within the burn-in was a customer before the records began, for
    nobody knows how long: for them the clock starts at its end.

    Parameters
    ----------
    transactions
        `customer_id`, `timestamp`, `amount` (refunds negative: they are no purchases), `order_id`, `cancelled`; orders
        sent back in full are no purchases either (`returns.without_returns`).
    lapse_days
        By default what 95% of the pauses between purchases do not exceed, every customer weighing the same.
    burn_in_days
        Length of the burn-in from the first day of the records; as long as a lapse by default. 0 where the records
        begin with the customers: then nobody was one before.
    first_seen
        By customer the day on which they became one, where it is known: who did so within the records is new, however
        soon.
    as_of
        Day of the extract; by default the day after the last purchase before today.
    attributes
        `customer_id` (once each) and columns that are taken as covariates.
    today
        By default the machine's day: what is dated so or later has not happened.

    Returns
    -------
    Lapse
        Its lifetimes have `customer_before` (since before the records), `purchases_so_far` (days with a purchase
        until the clock starts) and `amount_so_far` (a day of purchase) as covariates.
    """
    validate_columns(transactions, "transactions", ["customer_id", "timestamp", "amount"])
    bought, sent_back = without_returns(transactions[transactions["customer_id"].notna()].reset_index(drop=True))
    if "cancelled" in bought.columns:
        bought = bought[~bought["cancelled"].fillna(False).astype(bool)]
    if bought.empty:
        raise DataError(sentence("transactions: got no purchases (amount above 0), expected some."))
    purchases = pd.DataFrame(
        {
            "customer_id": bought["customer_id"].to_numpy(),
            "day": instants(bought["timestamp"]).dt.normalize().to_numpy(),
            "amount": bought["amount"].to_numpy(dtype=float),
        }
    )
    first_day = purchases["day"].min()
    end, _ = end_of_records([purchases["day"]], as_of=as_of, today=today)
    later = int((purchases["day"] >= end).sum())
    purchases = purchases[purchases["day"] < end]
    if purchases.empty:
        raise DataError(sentence("transactions.timestamp: got none before {day}, expected some.", day=end.date()))
    gaps = pauses(purchases)
    chosen = lapse_days is None
    days = usual_pause(gaps) if lapse_days is None else lapse_days
    observed = (end - first_day).days
    if days * 2 >= observed:
        raise ParameterError(
            sentence(
                "lapse_days: got {days}, expected less than half of the {observed} days of records: nobody could be "
                "seen to lapse and be missed.",
                days=number(days),
                observed=number(observed),
            )
        )
    burn_in = first_day + pd.Timedelta(days=days if burn_in_days is None else burn_in_days)
    lifetimes = _spells(purchases, gaps, days, burn_in, end, _joined(first_seen, first_day))
    if lifetimes.empty:
        raise DataError(sentence("transactions: got nobody who was still buying after the burn-in, expected some."))
    tried = sorted({days, *(usual_pause(gaps, share) for share in OTHER_SHARES)})
    sensitivity = pd.DataFrame([_returns(gaps, each, end) for each in tried if each * 2 < observed])
    back = float(sensitivity.loc[sensitivity["days"] == days, "came_back"].iloc[0])
    customer_before = float(lifetimes["customer_before"].mean())
    checks: tuple[Check, ...] = (
        Check(
            name="lapse_is_no_churn",
            status="pass" if back <= RETURNS or np.isnan(back) else "warn",
            title=sentence(
                "A lapse is a long pause" if back <= RETURNS or np.isnan(back) else "Many of the lapsed bought again"
            ),
            message=sentence(
                "Buyers declare no end: {days} days without a purchase count as a lapse ({share} of pauses are "
                "shorter). {back} of the lapsed have bought again."
                if chosen
                else "Buyers declare no end: {days} days without a purchase count as a lapse. {back} of the lapsed "
                "have bought again.",
                days=number(days),
                back=percent(back),
                share=percent(USUAL),
            ),
            value=back,
            threshold=RETURNS,
        ),
        Check(
            name="customers_before_records",
            status="warn" if customer_before > 0.5 else "pass",
            title=sentence(
                "Many may be older than the records" if customer_before > 0.5 else "Customers from before the records"
            ),
            message=sentence(
                "{share} of customers bought within {burn_in} of the first record and count as customers from before: "
                "their clock starts on {day}. If they are new, say burn_in_days=0 or bring customers.first_seen."
                if customer_before > 0.5
                else "{share} of customers bought within {burn_in} of the first record and count as customers from "
                "before: their clock starts on {day}.",
                share=percent(customer_before),
                burn_in=span((burn_in - first_day).days, "day"),
                day=day(burn_in.date()),
            ),
            value=customer_before,
        ),
    )
    checks += sent_back
    if later:
        checks += (
            Check(
                name="after_the_records",
                status="warn" if as_of is None else "pass",
                title=sentence("Purchases after the end of the records"),
                message=plural(
                    "{n} purchase lies on or after {day}, when the records end, and does not count.",
                    "{n} purchases lie on or after {day}, when the records end, and do not count.",
                    later,
                    day=day(end.date()),
                ),
                value=later,
            ),
        )
    lifetimes = with_attributes(lifetimes, attributes)
    return Lapse(
        spells=Spells(frame=lifetimes, as_of=end, lapse=True, checks=checks, window=days / DAYS_A_MONTH),
        days=days,
        chosen=chosen,
        sensitivity=sensitivity,
    )


def _spells(
    purchases: pd.DataFrame,
    gaps: pd.DataFrame,
    days: int,
    burn_in: pd.Timestamp,
    end: pd.Timestamp,
    joined: pd.Series,
) -> pd.DataFrame:
    """One row a customer: the clock, and the first lapse after it starts."""
    first = gaps.groupby("customer_id")["day"].min()
    customer_before = (first < burn_in) & ~first.index.to_series().map(joined).fillna(False).astype(bool)
    begin = first.where(~customer_before, burn_in)
    begins = gaps["customer_id"].map(begin)
    # The state when the clock starts is that of the last purchase until then.
    before = gaps[gaps["day"] <= begins]
    running = gaps["customer_id"].isin(
        before.groupby("customer_id")["day"]
        .max()
        .loc[lambda last: last + pd.Timedelta(days=days) > begin[last.index]]
        .index
    )
    gap = gaps["pause"].fillna(np.inf)
    lapsed = gaps["day"] + pd.Timedelta(days=days)
    ends = lapsed[running & (gap > days) & (lapsed > begins) & (lapsed < end)]
    ends = ends.groupby(gaps["customer_id"]).min()
    known = purchases[purchases["day"] <= purchases["customer_id"].map(begin)].groupby("customer_id")
    so_far = pd.DataFrame({"purchases_so_far": known["day"].nunique(), "amount": known["amount"].sum()})
    people = gaps.loc[running & (begins < end), "customer_id"].unique()
    lifetimes = pd.DataFrame({"customer_id": people, "person": people, "begin": begin[people].to_numpy()})
    stop = ends.reindex(people).to_numpy()
    lifetimes["event"] = ~pd.isna(stop)
    lifetimes["duration"] = months_between(lifetimes["begin"], np.where(lifetimes["event"], stop, np.datetime64(end)))
    lifetimes["entry"], lifetimes["reason"] = 0.0, None
    lifetimes["customer_before"] = customer_before[people].to_numpy()
    lifetimes["purchases_so_far"] = so_far["purchases_so_far"].reindex(people).to_numpy(dtype=float)
    lifetimes["amount_so_far"] = (so_far["amount"] / so_far["purchases_so_far"]).reindex(people).to_numpy(dtype=float)
    return lifetimes


def _joined(first_seen: pd.Series | None, first_day: pd.Timestamp) -> pd.Series:
    """Who is known to have become a customer within the records."""
    if first_seen is None:
        return pd.Series(dtype=bool)
    known = instants(first_seen).dropna()
    return known[known >= first_day] >= first_day


def _returns(gaps: pd.DataFrame, days: int, end: pd.Timestamp) -> dict[str, float]:
    """Who ever lapsed by so many days, and who bought again after that."""
    pause = gaps["pause"].fillna(np.inf)
    lapsed = gaps[(pause > days) & (gaps["day"] + pd.Timedelta(days=days) < end)]
    first = lapsed.drop_duplicates("customer_id")
    known = gaps.dropna(subset=["pause"])
    shorter = (known["pause"] <= days).groupby(known["customer_id"]).mean()
    return {
        "days": days,
        "share": float(shorter.mean()),
        "lapsed": len(first) / gaps["customer_id"].nunique(),
        "n_lapsed": len(first),
        "came_back": float(first["pause"].notna().mean()) if len(first) else float("nan"),
    }
