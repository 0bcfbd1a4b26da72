"""What in a log of orders would make value wrong without anybody noticing."""

from collections.abc import Iterator

import pandas as pd

from workbench.decisions.value.buyers import Buyers
from workbench.findings import Check
from workbench.wording import number, percent, plural, sentence

MOST_COPIED = 0.02
"""Share of orders all of whose rows stand twice: chance repeats a few of a thousand, a double export all."""
LARGEST_PART = 0.1
"""Of all money in one row from which on it decides the total: the largest of real shops has .3% (online retail)."""
MOST_ORDERS = 100
"""Orders of one customer on a day: no person places more; a marketplace, a till or a test does."""


def order_checks(transactions: pd.DataFrame, buyers: Buyers) -> Iterator[Check]:
    """Copied orders, whole days in one, one amount above all, and customers who gave back more than they bought.

    Parameters
    ----------
    transactions
        Rows as they came.
    buyers
        What was made of them.
    """
    yield _copied(transactions)
    yield _crowded(transactions)
    yield _outweighed(transactions)
    yield _given_back(buyers)


def _copied(rows: pd.DataFrame) -> Check:
    order = [name for name in ("customer_id", "order_id", "timestamp") if name in rows]
    row = pd.util.hash_pandas_object(rows, index=False)
    times = row.map(row.value_counts())
    whole = times.groupby(pd.util.hash_pandas_object(rows[order], index=False)).min()
    share = float((whole > 1).mean()) if len(whole) else 0.0
    if share > MOST_COPIED:
        title = sentence("Orders stand twice in the data")
        message = sentence(
            "{share} of orders stand twice, row by row, and count twice. If the file was exported or loaded twice, "
            "remove the copies (in dataset.yaml: sql with SELECT DISTINCT).",
            share=percent(share),
        )
    else:
        title = sentence("No order stands twice")
        message = sentence("{share} of orders stand twice, row by row, as chance has it.", share=percent(share))
    return Check(
        name="duplicated_orders",
        status="warn" if share > MOST_COPIED else "pass",
        title=title,
        message=message,
        value=share,
        threshold=MOST_COPIED,
    )


def _crowded(rows: pd.DataFrame) -> Check:
    days = pd.to_datetime(rows["timestamp"]).dt.normalize()
    orders = rows["order_id"] if "order_id" in rows else pd.Series(range(len(rows)), index=rows.index)
    most = int(orders.groupby([rows["customer_id"], days], observed=True).nunique().max())
    crowded = most > MOST_ORDERS
    return Check(
        name="orders_in_a_day",
        status="warn" if crowded else "pass",
        title=sentence("One customer orders hundreds of times a day")
        if crowded
        else sentence("No customer orders too often a day"),
        message=sentence(
            "One customer placed {n} orders in a day, which is no person: a till, a marketplace or a test. They count "
            "as one purchase of their sum; leave such customers out (--where).",
            n=number(most),
        )
        if crowded
        else plural(
            "The most on one day of one customer is {n} order; orders of a day count as one purchase.",
            "The most on one day of one customer are {n} orders; orders of a day count as one purchase.",
            most,
        ),
        value=most,
        threshold=MOST_ORDERS,
    )


def _outweighed(rows: pd.DataFrame) -> Check:
    """Whether one row is a large part of all money; how large is a customer's own affair, and not told."""
    amounts = rows["amount"].astype(float).abs()
    outweighs = bool(amounts.max() > LARGEST_PART * amounts.sum())
    return Check(
        name="one_amount",
        status="warn" if outweighs else "pass",
        title=sentence("One amount outweighs the others") if outweighs else sentence("No amount outweighs the others"),
        message=sentence(
            "One amount is more than {share} of all money: value is then what it says of its customer. Look whether it "
            "is true (a decimal point, another currency), or leave the customer out (--where).",
            share=percent(LARGEST_PART),
        )
        if outweighs
        else sentence("No single amount is more than {share} of all money.", share=percent(LARGEST_PART)),
        threshold=LARGEST_PART,
    )


def _given_back(buyers: Buyers) -> Check:
    below = int((buyers.kept < 0).sum())
    return Check(
        name="refunds_beyond_purchases",
        status="pass",
        title=sentence("What was given back is netted"),
        message=plural(
            "Refunds are netted with their orders. {n} customer left less than nothing; it is in the totals, and the "
            "spend model has only purchases above 0.",
            "Refunds are netted with their orders. {n} customers left less than nothing; they are in the totals, and "
            "the spend model has only purchases above 0.",
            below,
        ),
        value=below,
    )
