"""Labels: what customers did in the horizon after the cut-off."""

import datetime as dt
from typing import Literal

import ibis
from ibis.expr.types import Table

from workbench.errors import DataError, ParameterError
from workbench.features.contracts import runs_on, subscribed
from workbench.features.exact import as_float, exact
from workbench.features.snapshots import KEYS, Records, Snapshots, future, require
from workbench.wording import sentence, shown

Unseen = Literal["refuse", "mark"]


def unseen(when: Snapshots, records: Records, *, horizon: Unseen = "refuse") -> tuple[dt.date, ...]:
    """The cut-offs whose label window reaches beyond the records: what happened there is not known yet.

    Parameters
    ----------
    when
        The cut-offs, with a horizon.
    records
        First and last day of the records.
    horizon
        What to do where there are some: "refuse", or "mark" (they are returned).

    Raises
    ------
    DataError
        There are some and `horizon` is "refuse": a customer would count as gone because the extract ends.
    """
    if horizon not in ("refuse", "mark"):
        raise ParameterError(sentence("horizon: got {value}, expected 'refuse' or 'mark'.", value=shown(horizon)))
    after = records.last + dt.timedelta(days=1)
    beyond = tuple(cutoff for cutoff in when.cutoffs if when.window_end(cutoff) > after)
    if beyond and horizon == "refuse":
        latest = after - dt.timedelta(days=when.days_to_end)
        raise DataError(
            *(
                sentence(
                    "Cut-off {cutoff}: its labels need records through {needed}, got records through {last}; the "
                    "latest cut-off that works is {latest}. Take that, a shorter horizon, or ask for unseen "
                    "labels to be marked.",
                    cutoff=cutoff,
                    last=records.last,
                    latest=latest,
                    needed=when.window_end(cutoff) - dt.timedelta(days=1),
                )
                for cutoff in beyond
            )
        )
    return beyond


def purchases_after(
    roster: Table, transactions: Table, when: Snapshots, *, records: Records, horizon: Unseen = "refuse"
) -> Table:
    """What each customer of the roster buys in the label window.

    Parameters
    ----------
    roster
        Rows (customer_id, cutoff) to label: the table of `customer_features`.
    transactions
        All of them; only those in the window are looked at. Refunds lower the amount on their own day.
    records
        First and last day of the records, `Features.records`.
    horizon
        What to do with cut-offs whose window reaches beyond the records: "refuse", or "mark" (`label_unseen` is true
        and the labels are missing).
    when
        The cut-offs, with a horizon.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff`, `label_purchases` (days on which something was bought), `label_amount` (net),
        `label_lapsed` (boolean: no purchase in the window), `label_unseen`.

    Raises
    ------
    DataError
        A cut-off whose window reaches beyond the records, unless they are to be marked.
    """
    require(transactions, "transactions", ["amount"])
    beyond = unseen(when, records, horizon=horizon)
    rows = future(transactions, when, name="transactions")
    day = rows.timestamp.date() if rows.timestamp.type().is_timestamp() else rows.timestamp
    days = rows.group_by(*KEYS, day=day).aggregate(amount=exact(rows.amount).sum(), bought=(rows.amount >= 0).any())
    sums = days.group_by(*KEYS).aggregate(
        label_purchases=days.count(where=days.bought), label_amount=as_float(days.amount.sum(), empty=0.0)
    )
    table = roster.select(*KEYS).left_join(sums, KEYS).drop(*(f"{key}_right" for key in KEYS))
    table = table.fill_null({"label_purchases": 0, "label_amount": 0.0})
    return _marked(table.mutate(label_lapsed=table.label_purchases == 0), beyond)


def cancellations_after(
    roster: Table, subscriptions: Table, when: Snapshots, *, records: Records, horizon: Unseen = "refuse"
) -> Table:
    """Whether each customer of the roster who is subscribed at the cut-off ends the last subscription in the window.

    An `end` is the first day without, so who leaves in a window of w days from D on has D < end ≤ D + w. A customer has
    left when every subscription that was active at the cut-off has ended by the end of the window and none, old or
    new, runs on the day after it. Missing for customers without an active subscription at the cut-off, and for those
    who had left before the window began (within the gap): there was no one left to forecast.

    Parameters
    ----------
    roster, records, horizon
        As in `purchases_after`. `records.last` is the last day on which an end would have been recorded.
    subscriptions
        All of them, with `start` and `end` (missing: still running).
    when
        The cut-offs, with a horizon.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff`, `label_cancelled` (boolean or missing), `label_unseen`.
    """
    beyond = unseen(when, records, horizon=horizon)
    active = subscribed(subscriptions, when)
    # Joined on the customer: whether anything of theirs runs on the first day of the window, and on the first after it.
    spans = subscriptions.select("customer_id", "start", "end")
    rows = active.join(spans, "customer_id")
    opens = rows.cutoff + ibis.interval(days=when.gap_days)
    closes = rows.cutoff + ibis.interval(days=when.days_to_end)
    ends = rows.group_by(*KEYS).aggregate(at_open=runs_on(rows, opens).any(), at_close=runs_on(rows, closes).any())
    ends = ends.mutate(label_cancelled=ends.at_open.ifelse(~ends.at_close, ibis.null("boolean")))
    ends = ends.drop("at_open", "at_close")
    table = roster.select(*KEYS).left_join(ends, KEYS).drop(*(f"{key}_right" for key in KEYS))
    return _marked(table, beyond)


def _marked(table: Table, beyond: tuple[dt.date, ...]) -> Table:
    if not beyond:
        return table.mutate(label_unseen=ibis.literal(False))
    table = table.mutate(label_unseen=table.cutoff.isin([ibis.date(day.isoformat()) for day in beyond]))
    labels = [name for name in table.columns if name.startswith("label_") and name != "label_unseen"]
    return table.mutate(
        **{name: table.label_unseen.ifelse(ibis.null(table[name].type()), table[name]) for name in labels}
    )
