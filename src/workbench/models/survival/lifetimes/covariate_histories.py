"""What became known of customers over time: satisfaction, contacts, complaints, purchases, changes of price.

Features at cut-offs (`workbench.features`) say the same as of a day that is one for all customers; here each customer
has a clock, and every moment of it may be asked for. What counts as a contact, a complaint or a purchase is the same in
both, and a test holds them to it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

import numpy as np
import pandas as pd

from workbench.models.survival.lifetimes.subscriptions import Spells
from workbench.statistics.dated.calendar import months_between

LATELY = 3.0
"""Months over which contacts, complaints and purchases are counted, from the day on which they happened."""
MILLIONTHS = 1e6
"""In which amounts are added, so that what is given back adds up to nothing."""
COUNTED = ("contacts_lately", "complaints_lately", "purchases_lately", "price_change")
"""Names of which nothing known means 0."""
SINCE = "months_since_"
"""Names of which the value is when something happened last."""
HISTORY_LABELS = {
    "months_since_purchase": "Months since the last purchase",
    "contacts_lately": "Contacts in the last 3 months",
    "complaints_lately": "Complaints in the last 3 months",
    "purchases_lately": "Purchases in the last 3 months",
    "price_change": "Change of price since the start",
}


def covariate_histories(
    spells: Spells,
    *,
    surveys: pd.DataFrame | None = None,
    scores: Iterable[str] = (),
    interactions: pd.DataFrame | None = None,
    transactions: pd.DataFrame | None = None,
    subscriptions: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """What became known of customers over time, on the clock of their spells.

    Parameters
    ----------
    spells
        With their clocks.
    surveys, scores
        `customer_id`, `timestamp`, `known_at`, and the columns that measure satisfaction: the last answer counts.
    interactions
        `customer_id`, `timestamp`, `known_at`, `complaint`: contacts and complaints of the last three months.
    transactions
        `customer_id`, `timestamp`, `known_at`, `amount`, `order_id`: days with a purchase in the last three months
        (use), and when the last one was. What was given back is none from when that became known.
    subscriptions
        `customer_id`, `start`, `price`: by which share the price has changed since the spell began, where it has.

    Returns
    -------
    dict of DataFrame
        By covariate `customer_id` (of the spell), `time` (tenure in months), `value`; for `Timeline`.
    """
    made: dict[str, pd.DataFrame] = {}
    if surveys is not None and {"customer_id", "timestamp"} <= set(surveys.columns):
        for score in scores:
            made[score] = _newest(_on_clock(spells, surveys.assign(value=surveys[score])))
    if interactions is not None:
        made["contacts_lately"] = _lately(spells, interactions.assign(value=1.0))
        if "complaint" in interactions.columns:
            complained = interactions["complaint"].map(lambda value: value is True or value == 1).astype(bool)
            made["complaints_lately"] = _lately(spells, interactions[complained].assign(value=1.0))
    if transactions is not None and {"customer_id", "timestamp", "amount"} <= set(transactions.columns):
        days = _purchase_days(transactions)
        made["purchases_lately"] = _lately(spells, days)
        made[f"{SINCE}purchase"] = _last_kept(_on_clock(spells, days))
    if subscriptions is not None and {"customer_id", "start", "price"} <= set(subscriptions.columns):
        made["price_change"] = _price_change(spells, subscriptions)
    return {name: history for name, history in made.items() if len(history)}


def _on_clock(spells: Spells, events: pd.DataFrame) -> pd.DataFrame:
    """Events of each customer by tenure at which they became known (`time`), and of the day they happened (`day`)."""
    rows = events.assign(known=_known(events)).dropna(subset=["customer_id", "known", "value"])
    begin = spells.frame[["customer_id", "person", "begin"]].rename(columns={"customer_id": "spell"})
    rows = rows[["customer_id", "timestamp", "known", "value"]]
    rows = rows.merge(begin, left_on="customer_id", right_on="person")
    made = pd.DataFrame(
        {
            "customer_id": rows["spell"],
            "time": months_between(rows["begin"], rows["known"]),
            "day": months_between(rows["begin"], pd.to_datetime(rows["timestamp"]).dt.normalize()),
            "happened": pd.to_datetime(rows["timestamp"]),
            "value": rows["value"].astype(float),
        }
    )
    return made.sort_values("time", kind="stable", ignore_index=True)


def _known(events: pd.DataFrame) -> pd.Series:
    """When each event became known: its `known_at`, by default its time."""
    known = events["known_at"].fillna(events["timestamp"]) if "known_at" in events.columns else events["timestamp"]
    return pd.to_datetime(known)


def _newest(made: pd.DataFrame) -> pd.DataFrame:
    """Without answers that became known after a later one; of several at one instant the lowest counts."""
    made = made.sort_values(["time", "happened", "value"], ascending=[True, True, False], ignore_index=True)
    return made[made["happened"] >= made.groupby("customer_id")["happened"].cummax()]


def _lately(spells: Spells, events: pd.DataFrame) -> pd.DataFrame:
    """Sum of `value` over the last three months: each event adds once it is known, until its day is so long ago."""
    made = _on_clock(spells, events)
    over = made["day"] + LATELY
    made, over = made[made["time"] < over], over[made["time"] < over]
    both = pd.concat([made, made.assign(time=over, value=-made["value"])])
    both = both.sort_values("time", kind="stable", ignore_index=True)
    sums = both.groupby("customer_id")["value"].cumsum()
    return both.assign(value=sums.where(sums.abs() > 1e-9, 0.0))


def _purchase_days(transactions: pd.DataFrame) -> pd.DataFrame:
    """When a day of a customer became one with a purchase (`value` 1), and when no longer (-1): refunds are netted.

    The rule is that of `workbench.features.purchases.purchase_days`: a refund counts on the day of its order, else on
    that of the purchase of its amount just before it, else on its own; what is left of the day makes it one or not.
    """
    rows = transactions.dropna(subset=["customer_id", "timestamp", "amount"]).reset_index(drop=True)
    day = pd.to_datetime(rows["timestamp"]).dt.normalize()
    amount = (rows["amount"].astype(float) * MILLIONTHS).round()
    rows = rows.assign(known=_known(rows), day=day, amount=amount, refund=amount < 0)
    rows = _on_day_of_purchase(rows).sort_values("known", kind="stable", ignore_index=True)
    of_day = rows.groupby(["customer_id", "day"])
    sold = (~rows["refund"]).groupby([rows["customer_id"], rows["day"]]).cummax()
    bought = (sold & ((of_day["amount"].cumsum() > 0) | ~of_day["refund"].cummax())).astype(float)
    rows = rows.assign(timestamp=rows["day"], known_at=rows["known"], bought=bought)
    rows = rows.drop_duplicates(["customer_id", "day", "known"], keep="last")
    before = rows.groupby(["customer_id", "day"])["bought"].shift(fill_value=0.0)
    rows = rows.assign(value=rows["bought"] - before)
    return rows.loc[rows["value"] != 0, ["customer_id", "timestamp", "known_at", "value"]]


def _on_day_of_purchase(rows: pd.DataFrame) -> pd.DataFrame:
    """Refunds on the day of what they give back, as far as that can be told."""
    if not rows["refund"].any():
        return rows
    loose = rows["refund"].copy()
    if "order_id" in rows.columns:
        order = ["customer_id", "order_id"]
        first = rows[~rows["refund"]].groupby(order)["day"].min().rename("ordered").reset_index()
        ordered = rows[order].merge(first, on=order, how="left")["ordered"].where(rows["refund"])
        rows = rows.assign(day=ordered.fillna(rows["day"]))
        loose &= ordered.isna()
    open_ = rows[~rows["refund"] | loose].sort_values(["day", "refund"], kind="stable")
    before = open_.groupby(["customer_id", open_["amount"].abs()])[["day", "refund"]].shift()
    matched = open_.index[open_["refund"] & (before["refund"] == False)]  # noqa: E712 - missing is not False
    rows.loc[matched, "day"] = before.loc[matched, "day"]
    return rows


def _last_kept(made: pd.DataFrame) -> pd.DataFrame:
    """The day of the last purchase as known at each moment; missing where none was kept."""
    value = made.groupby("customer_id")["day"].cummax()
    given_back = made["customer_id"].isin(made.loc[made["value"] < 0, "customer_id"])
    for _, rows in made[given_back].groupby("customer_id"):
        days: list[float] = []
        for place, day, change in zip(rows.index, rows["day"], rows["value"], strict=True):
            if change > 0:
                insort(days, day)
            else:
                del days[bisect_left(days, day)]
            value[place] = days[-1] if days else np.nan
    return made.assign(value=value)


def _price_change(spells: Spells, subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Price of the subscription last begun against that at the start of the spell, less 1; empty where none changed."""
    priced = subscriptions.assign(timestamp=subscriptions["start"], value=subscriptions["price"])
    made = _on_clock(spells, priced.drop(columns="known_at", errors="ignore"))
    made = made[made["time"] >= 0]
    first = made.groupby("customer_id")["value"].transform("first")
    made = made.assign(value=np.where(first > 0, made["value"] / first - 1, 0.0))
    return made if (made["value"].abs() > 1e-9).any() else made.iloc[:0]
