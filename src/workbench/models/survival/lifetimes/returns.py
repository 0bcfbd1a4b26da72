"""Orders that were sent back in full: no purchases."""

import numpy as np
import pandas as pd

from workbench.findings import Check
from workbench.wording import percent, sentence

CENT = 0.005
"""Half of the smallest amount: below it an order is paid back in full, whatever sums of floats leave over."""


def without_returns(transactions: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Purchases that were kept at least in part.

    A refund belongs to the order of its `order_id` where the same customer bought under it. Another belongs to the
    customer's last purchase before it of just its amount, if that has no refund yet. An order is sent back when its
    refunds reach what was paid for it.

    Parameters
    ----------
    transactions
        `customer_id`, `timestamp`, `amount` (refunds negative) and, where it is there, `order_id`.

    Returns
    -------
    DataFrame, tuple of Check
        The rows with an amount above 0 that are left; and how many orders were sent back, empty where none was.
    """
    bought = transactions[transactions["amount"] > 0]
    refunds = transactions[transactions["amount"] < 0]
    if refunds.empty:
        return bought, ()
    gone = pd.Series(False, index=bought.index)
    orders = len(bought)
    if "order_id" in transactions.columns:
        key = ["customer_id", "order_id"]
        known = bought["order_id"].notna()
        orders = int(bought.loc[known, key].drop_duplicates().shape[0] + (~known).sum())
        paid = bought[known].groupby(key)["amount"].sum()
        ordered = refunds["order_id"].notna().to_numpy() & pd.MultiIndex.from_frame(refunds[key]).isin(paid.index)
        back = refunds[ordered].groupby(key)["amount"].sum().reindex(paid.index, fill_value=0.0)
        whole = paid.index[(paid + back <= CENT).to_numpy()]
        gone |= known & pd.MultiIndex.from_frame(bought[key]).isin(whole)
        refunds = refunds[~ordered]
    gone.loc[_matched(bought[~gone], refunds)] = True
    if not gone.any():
        return bought, ()
    lost = bought[gone]
    count = len(lost)
    if "order_id" in lost.columns:
        named = lost["order_id"].notna()
        count = int(lost.loc[named, ["customer_id", "order_id"]].drop_duplicates().shape[0] + (~named).sum())
    message = sentence(
        "{share} of orders were sent back in full and are no purchases. A refund belongs to the order of its order_id, "
        "or to the customer's last purchase of the same amount.",
        share=percent(count / orders),
    )
    check = Check(name="orders_sent_back", status="pass", message=message, value=count / orders)
    return bought[~gone], (check,)


def _matched(bought: pd.DataFrame, refunds: pd.DataFrame) -> pd.Index:
    """Purchases each of which has a refund of its amount: like brackets, the last one open is closed first."""
    if refunds.empty:
        return bought.index[:0]
    rows = pd.concat([bought.assign(opens=1), refunds.assign(opens=-1)])
    rows = rows.assign(cents=(rows["amount"].abs() * 100).round())
    rows = rows[rows["cents"].groupby([rows["customer_id"], rows["cents"]]).transform("size") > 1]
    rows = rows.sort_values(["timestamp", "opens"], ascending=[True, False], kind="stable")
    found: list = []
    while len(rows):  # pairs that stand side by side go, and those around them come together
        follows = rows.groupby(["customer_id", "cents"])["opens"].shift(-1)
        first = ((rows["opens"] == 1) & (follows == -1)).to_numpy()
        if not first.any():
            break
        found.append(rows.index[first])
        second = rows.assign(pair=first).groupby(["customer_id", "cents"])["pair"].shift(fill_value=False).to_numpy()
        rows = rows[~(first | second.astype(bool))]
    return pd.Index(np.concatenate(found)) if found else bought.index[:0]
