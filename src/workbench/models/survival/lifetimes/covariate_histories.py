"""What became known of customers over time: satisfaction, contacts, complaints, purchases, changes of price."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.survival.lifetimes.calendar import months_between
from workbench.models.survival.lifetimes.subscriptions import Spells
from workbench.wording import listing, sentence

LATELY = 3.0
"""Months over which contacts, complaints and purchases are counted."""
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
        `customer_id`, `timestamp`, `known_at`, `amount`: purchases of the last three months (use), and
        when the last one was.
    subscriptions
        `customer_id`, `start`, `price`: by which share the price has changed since the spell began, where it has.

    Returns
    -------
    dict of DataFrame
        By covariate `customer_id` (of the spell), `time` (tenure in months), `value`; for `last_known`.
    """
    made: dict[str, pd.DataFrame] = {}
    if surveys is not None and {"customer_id", "timestamp"} <= set(surveys.columns):
        for score in scores:
            made[score] = _on_clock(spells, surveys.assign(value=surveys[score]))
    if interactions is not None:
        made["contacts_lately"] = _lately(spells, interactions.assign(value=1.0))
        if "complaint" in interactions.columns:
            complained = interactions["complaint"].map(lambda value: value is True or value == 1).astype(bool)
            made["complaints_lately"] = _lately(spells, interactions[complained].assign(value=1.0))
    if transactions is not None and {"customer_id", "timestamp", "amount"} <= set(transactions.columns):
        bought = transactions[transactions["amount"] > 0]
        made["purchases_lately"] = _lately(spells, bought.assign(value=1.0))
        last = _on_clock(spells, bought.assign(value=1.0))
        made[f"{SINCE}purchase"] = last.assign(value=last["time"])
    if subscriptions is not None and {"customer_id", "start", "price"} <= set(subscriptions.columns):
        made["price_change"] = _price_change(spells, subscriptions)
    return {name: history for name, history in made.items() if len(history)}


def _on_clock(spells: Spells, events: pd.DataFrame) -> pd.DataFrame:
    """Events of each customer by tenure at which they became known."""
    known = events["known_at"].fillna(events["timestamp"]) if "known_at" in events.columns else events["timestamp"]
    rows = events.assign(known=pd.to_datetime(known)).dropna(subset=["customer_id", "known", "value"])
    begin = spells.frame[["customer_id", "person", "begin"]].rename(columns={"customer_id": "spell"})
    rows = rows[["customer_id", "known", "value"]].merge(begin, left_on="customer_id", right_on="person")
    time = months_between(rows["begin"], rows["known"])
    made = pd.DataFrame({"customer_id": rows["spell"], "time": time, "value": rows["value"].astype(float)})
    return made.sort_values("time", kind="stable", ignore_index=True)


def _lately(spells: Spells, events: pd.DataFrame) -> pd.DataFrame:
    """Sum of `value` over the last three months: each event adds when it becomes known and takes away later."""
    made = _on_clock(spells, events)
    over = made.assign(time=made["time"] + LATELY, value=-made["value"])
    both = pd.concat([made, over]).sort_values("time", kind="stable", ignore_index=True)
    sums = both.groupby("customer_id")["value"].cumsum()
    return both.assign(value=sums.where(sums.abs() > 1e-9, 0.0))


def _price_change(spells: Spells, subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Price of the subscription last begun against that at the start of the spell, less 1; empty where none changed."""
    priced = subscriptions.assign(timestamp=subscriptions["start"], value=subscriptions["price"])
    made = _on_clock(spells, priced.drop(columns="known_at", errors="ignore"))
    made = made[made["time"] >= 0]
    first = made.groupby("customer_id")["value"].transform("first")
    made = made.assign(value=np.where(first > 0, made["value"] / first - 1, 0.0))
    return made if (made["value"].abs() > 1e-9).any() else made.iloc[:0]


def last_known(rows: pd.DataFrame, history: pd.DataFrame, name: str) -> np.ndarray:
    """The last value of each row's customer that was known before the row's `tenure`; missing where there is none.

    Parameters
    ----------
    rows
        `customer_id` and `tenure`, in the unit of the history's times.
    history
        `customer_id`, `time` (tenure at which a value became known) and `value`.
    name
        Of the covariate, for a fault.

    Returns
    -------
    ndarray (len(rows),)

    Raises
    ------
    DataError
        When the history lacks a column.
    """
    lacking = [column for column in ("customer_id", "time", "value") if column not in history.columns]
    if lacking:
        raise DataError(
            sentence(
                "history of {name!r}: got no column {columns}, expected customer_id, time and value.",
                name=name,
                columns=listing(lacking),
            )
        )
    known = history.dropna(subset=["customer_id", "time"]).sort_values("time", kind="stable")
    wanted = rows[["customer_id", "tenure"]].reset_index(names="place").sort_values("tenure", kind="stable")
    found = pd.merge_asof(
        wanted.astype({"tenure": float}),
        known[["customer_id", "time", "value"]].astype({"time": float}),
        left_on="tenure",
        right_on="time",
        by="customer_id",
        allow_exact_matches=False,
    )
    return found.sort_values("place")["value"].to_numpy()
