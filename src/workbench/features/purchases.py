"""What customers bought before the cut-off: recency, frequency and money, and behaviour over windows."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import ibis
from ibis.expr.types import Table

from workbench.errors import ParameterError
from workbench.features.exact import DIGITS, as_float, exact, greatest_by
from workbench.features.snapshots import KEYS, require
from workbench.features.windows import WINDOWS_DAYS, against_habit, gaps, over_windows
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import sentence, shown

UNIT_DAYS = {"day": 1, "week": 7, "month": DAYS_A_MONTH}


class Block(NamedTuple):
    """Features of one kind: a table with one row per (customer_id, cutoff) for customers who have such events.

    `table` also has `known_days`, the days from the customer's first such event to the cut-off; `zeros` names the
    columns that are 0, and not missing, for everybody else.
    """

    table: Table
    zeros: tuple[str, ...]


def purchase_days(history: Table, *, period_days: int = 1) -> Table:
    """One row per customer, cut-off and day with transactions, refunds netted.

    A refund (a negative amount) counts on the day of its order when it carries an `order_id` that the same customer
    bought under; otherwise on the day of the customer's last purchase before it of just its amount, if no refund came
    in between; and on its own day where there is none. A day is a purchase when something was bought and not all of it
    given back: its net amount is positive, or nothing on it is a refund (a free order, amount 0, is a purchase).
    Refunds known only after the cut-off are not in `history`, so they change nothing.

    Parameters
    ----------
    history
        `snapshots.history` of transactions: `amount`, optionally `order_id` and `margin`.
    period_days
        Blocks of so many days, counted back from the cut-off, stand as one day (7: purchases of one week together).

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff`, `days_ago`, `amount` (net, decimal), `bought` (boolean) and, if it was there, `margin`.
    """
    require(history, "transactions", ["amount", "days_ago", *KEYS])
    columns = {"amount": exact(history.amount), "is_refund": history.amount < 0}
    if "margin" in history.columns:
        columns["margin"] = exact(history.margin)
    if "order_id" in history.columns:
        lines = _refunds_on_their_orders(history.select(*KEYS, "order_id", "days_ago", **columns))
    else:
        lines = history.select(*KEYS, "days_ago", **columns)
        lines = _refunds_on_their_amounts(lines.filter(~lines.is_refund), lines.filter(lines.is_refund))
    lines = lines.filter(lines.amount.notnull())
    if period_days > 1:
        lines = lines.mutate(days_ago=(lines.days_ago - 1) // period_days * period_days + 1)
    # Back to 64 bits, in which a day's total has room as well: sums over days are twice as fast.
    sums = {name: lines[name].sum().cast(DIGITS) for name in ("amount", "margin") if name in lines.columns}
    days = lines.group_by(*KEYS, "days_ago").aggregate(
        **sums, sold=(~lines.is_refund).any(), refunded=lines.is_refund.any()
    )
    return days.mutate(bought=days.sold & ((days.amount > 0) | ~days.refunded)).drop("sold", "refunded")


def buyers(history: Table, *, within_days: int) -> Table:
    """Who bought something in the last days before each cut-off and kept it: `customer_id` and `cutoff`, once each.

    Parameters
    ----------
    history
        `snapshots.history` of transactions.
    within_days
        How many days.
    """
    days = purchase_days(history)
    return days.filter(days.bought, days.days_ago <= within_days).select(*KEYS).distinct()


def _refunds_on_their_orders(lines: Table) -> Table:
    order = (*KEYS, "order_id")
    refunds, bought = lines.filter(lines.is_refund), lines.filter(~lines.is_refund)
    # Only orders that have a refund are looked up: orders are as many as purchases, refunds are few.
    wanted = refunds.filter(refunds.order_id.notnull()).select(*order).distinct()
    orders = bought.semi_join(wanted, order)
    orders = orders.group_by(*order).aggregate(ordered_days_ago=orders.days_ago.max())
    placed = refunds.left_join(orders, order).drop(*(f"{name}_right" for name in order))
    kept = [name for name in lines.columns if name != "order_id"]
    known = placed.filter(placed.ordered_days_ago.notnull())
    known = known.mutate(days_ago=known.ordered_days_ago).select(kept)
    loose = placed.filter(placed.ordered_days_ago.isnull()).select(kept)
    return known.union(_refunds_on_their_amounts(bought.select(kept), loose))


def _refunds_on_their_amounts(bought: Table, refunds: Table) -> Table:
    """Purchases, and refunds on the day of the purchase of their amount that stands just before them."""
    names = list(bought.columns)
    sized = refunds.mutate(size=-refunds.amount, opens=ibis.literal(-1, "int8"))
    open_ = bought.mutate(size=bought.amount, opens=ibis.literal(1, "int8"))
    # Only purchases of an amount that somebody was given back are looked up.
    open_ = open_.semi_join(sized.select(*KEYS, "size").distinct(), (*KEYS, "size"))
    both = sized.union(open_.select(sized.columns))
    order = ibis.window(group_by=[*KEYS, "size"], order_by=[both.days_ago.desc(), both.opens.desc()])
    both = both.mutate(before=both.opens.lag().over(order), then=both.days_ago.lag().over(order))
    back = both.filter(both.opens == -1)
    back = back.mutate(days_ago=(back.before == 1).fill_null(False).ifelse(back.then, back.days_ago))
    return bought.union(back.select(names))


def rfm(history: Table, *, unit: Literal["day", "week", "month"] = "week", period_days: int = 1) -> Table:
    """Recency, frequency and money of each customer in the convention of Fader and Hardie.

    All purchases of one day are one transaction. Then

    - `frequency` is the number of *repeat* transactions: days with a purchase, less the first;
    - `recency` is the time from the first to the last purchase (0 without a repeat), *not* the time since the last;
    - `T` is the time from the first purchase to the last day that could be observed, the day before the cut-off: a
      calibration period that ends on 1997-09-30 is the cut-off 1997-10-01;
    - `monetary_value` is the mean net amount of the repeat transactions (the first is left out), 0 without a repeat.

    Refunds are netted as `purchase_days` says. Refunds that belong to no known order and leave their day negative are
    taken off all purchases of the customer in proportion, so that purchases add up to what was kept. Customers who kept
    no purchase are left out.

    Nothing is rounded. The published CDNOW summary states recency and T in weeks, days divided by 7, and money, all
    rounded to two decimals.

    Parameters
    ----------
    history
        `snapshots.history` of transactions.
    unit
        Of `recency` and `T`; a month is 30.44 days.
    period_days
        Count purchases per block of so many days instead of per day.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff`, `frequency` (integer), `recency`, `T`, `monetary_value` (floats).

    References
    ----------
    Fader, Hardie, Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), section 3 and the CDNOW
    data; Fader, Hardie (2013), The Gamma-Gamma model of monetary value, for `monetary_value`.
    """
    if unit not in UNIT_DAYS:
        raise ParameterError(sentence("unit: got {value}, expected 'day', 'week' or 'month'.", value=shown(unit)))
    if period_days < 1:
        raise ParameterError(
            sentence("period_days: got {value}, expected a whole number of days, 1 or more.", value=shown(period_days))
        )
    days = purchase_days(history, period_days=period_days)
    found = _rfm(days.group_by(*KEYS).aggregate(**_rfm_sums(days)), unit)
    return found.filter(found.frequency.notnull()).select(*KEYS, "frequency", "recency", "T", "monetary_value")


def _rfm_sums(days: Table) -> dict:
    return {
        "purchases": days.count(where=days.bought),
        "first_purchase": greatest_by(days.days_ago, days.amount, where=days.bought),
        "days_since_last_purchase": days.days_ago.min(where=days.bought),
        "gross": as_float(days.amount.sum(where=days.bought), empty=0.0),
        "unplaced_refunds": as_float(-days.amount.sum(where=~days.bought), empty=0.0),
    }


def _rfm(sums: Table, unit: str) -> Table:
    """Add the four columns to sums per customer; `first_purchase`, `gross` and `unplaced_refunds` have then served."""
    repeats = sums.purchases - 1
    first = sums.first_purchase
    kept = (1 - sums.unplaced_refunds / sums.gross.nullif(0)).clip(lower=0).fill_null(1.0)
    mean = (sums.gross - as_float(first["value"])) / repeats.nullif(0).cast("float64")
    bought = sums.purchases > 0
    return sums.mutate(
        frequency=bought.ifelse(repeats, ibis.null("int64")),
        recency=(first["order"] - sums.days_since_last_purchase).cast("float64") / UNIT_DAYS[unit],
        T=(first["order"] - 1).cast("float64") / UNIT_DAYS[unit],
        monetary_value=bought.ifelse((mean * kept).fill_null(0.0), ibis.null("float64")),
    ).drop("first_purchase", "gross", "unplaced_refunds")


def purchase_features(
    history: Table, *, windows_days: Sequence[int] = WINDOWS_DAYS, unit: Literal["day", "week", "month"] = "week"
) -> Block:
    """RFM, purchases over windows and variety of categories.

    Parameters
    ----------
    history
        `snapshots.history` of transactions: `amount`, and any of `order_id`, `margin`, `category`.
    windows_days
        Lengths of the windows before the cut-off.
    unit
        Of `recency` and `T`.

    Returns
    -------
    Block
        `purchases` (days with a purchase), `amount` (net), `frequency`, `recency`, `T`, `monetary_value`,
        `days_since_last_purchase`; of `purchases` and `amount` what `windows.over_windows` and `against_habit` give;
        `purchases_usual_gap_days` and `purchases_gap_ratio`; with a column `margin` its sums `margin` and
        `margin_{w}d`; with a column `category` the number of different ones, `categories` and `categories_{w}d`.
    """
    days = purchase_days(history)
    sums = {"known_days": days.days_ago.max(), **_rfm_sums(days)}
    zeros = {"purchases": days.count(where=days.bought)}
    for column in ("amount", "margin"):
        if column in days.columns:
            zeros[column] = as_float(days[column].sum(), empty=0.0)
    zeros |= over_windows("purchases", days.days_ago, None, windows_days=windows_days, where=days.bought)
    zeros |= over_windows("amount", days.days_ago, days.amount, windows_days=windows_days)
    for window in windows_days:
        if "margin" in days.columns:
            zeros[f"margin_{window}d"] = as_float(days.margin.sum(where=days.days_ago <= window), empty=0.0)
    sums["first_bought"] = days.days_ago.max(where=days.bought)
    table = _rfm(days.group_by(*KEYS).aggregate(**{**sums, **zeros}), unit)
    habit = {
        key: value
        for name in ("purchases", "amount")
        for key, value in against_habit(table, name, windows_days=windows_days)
    }
    last = table.days_since_last_purchase
    habit |= gaps("purchases", first=table.first_bought, last=last, occasions=table.purchases)
    block = Block(table.mutate(**habit).drop("first_bought"), tuple(zeros))
    if "category" in history.columns:
        bought = history.filter(history.amount >= 0)
        block = joined(block, variety(bought, "category", "categories", windows_days=windows_days))
    return block


def variety(history: Table, column: str, plural: str, *, windows_days: Sequence[int] = WINDOWS_DAYS) -> Block:
    """How many different values of a column a customer has, ever before the cut-off and in each window.

    Parameters
    ----------
    history
        `snapshots.history` of any events.
    column
        Whose values are counted.
    plural
        What the features are called.
    windows_days
        Lengths of the windows before the cut-off.

    Returns
    -------
    Block
        `{plural}` and `{plural}_{w}d`; rows without a value count for nothing.
    """
    rows = history.filter(history[column].notnull())
    # The day on which each value was last seen answers all windows at once.
    last = rows.group_by(*KEYS, value=rows[column]).aggregate(last=rows.days_ago.min(), first=rows.days_ago.max())
    counts = {plural: last.count()}
    counts |= {f"{plural}_{window}d": last.count(where=last["last"] <= window) for window in windows_days}
    return Block(last.group_by(*KEYS).aggregate(known_days=last["first"].max(), **counts), tuple(counts))


def joined(block: Block, more: Block) -> Block:
    """Columns of both, for the customers of the first.

    Parameters
    ----------
    block
        Decides whose rows there are.
    more
        Its counts are 0 for a customer whom it does not have.
    """
    extra = more.table.drop("known_days")
    table = block.table.left_join(extra, KEYS).drop(*(f"{key}_right" for key in KEYS))
    return Block(table.fill_null(dict.fromkeys(more.zeros, 0)), block.zeros + more.zeros)
