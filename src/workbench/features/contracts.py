"""What customers were subscribed to at the cut-off."""

from collections.abc import Sequence

import ibis
from ibis.expr.types import BooleanValue, Table, Value

from workbench.features.purchases import Block
from workbench.features.snapshots import KEYS, Snapshots, at_cutoffs, history, instant, known_at, require
from workbench.features.windows import WINDOWS_DAYS, gaps, over_windows


def contracts_at(subscriptions: Table, when: Snapshots) -> Table:
    """Subscriptions that had begun before the cut-off, as they looked then: an end that lay ahead is not there.

    A row is known from its `known_at`, by default its `start`. Its end, and with it `end_reason`, is known when `end`
    lies before the cut-off and so does `end_known_at`, where there is one; a notice that was given before the cut-off
    for a later end is an interaction, not an end.

    Parameters
    ----------
    subscriptions
        `customer_id`, `start`, `end` (missing: still running), and any of `end_reason`, `known_at`, `end_known_at`.
    when
        The cut-offs.

    Returns
    -------
    ibis Table
        The columns of `subscriptions` with `end` and `end_reason` missing where not known yet, `cutoff`, `days_ago` (of
        the start) and `active` (boolean).
    """
    require(subscriptions, "subscriptions", ["customer_id", "start", "end"], times=["start", "end", "end_known_at"])
    rows = history(subscriptions, when, name="subscriptions", time="start")
    cutoff = instant(rows)
    ended = (rows.end.cast("timestamp") < cutoff) & (known_at(rows, time="end", known="end_known_at") < cutoff)
    rows = rows.mutate(active=~ended.fill_null(False))
    masked = {
        name: rows.active.ifelse(ibis.null(rows[name].type()), rows[name])
        for name in ("end", "end_reason")
        if name in rows.columns
    }
    return rows.mutate(**masked)


def subscribed(subscriptions: Table, when: Snapshots) -> Table:
    """Who has a subscription at each cut-off: `customer_id` and `cutoff`, once each.

    Of each, one began before the cut-off, and one runs on its day: the same, or one that follows it at once. `end` is
    the first day without, so who ends on the day of the cut-off has left.

    Parameters
    ----------
    subscriptions
        As in `contracts_at`.
    when
        The cut-offs.
    """
    known = contracts_at(subscriptions, when)
    known = known.filter(known.active).select(*KEYS).distinct()
    rows = at_cutoffs(subscriptions.select("customer_id", "start", "end"), when)
    running = rows.filter(runs_on(rows, rows.cutoff)).select(*KEYS).distinct()
    return known.semi_join(running, KEYS)


def runs_on(rows: Table, day: Value) -> BooleanValue:
    """Whether a subscription runs on a day: begun by its first instant and not ended (`end` is the first day without).

    Parameters
    ----------
    rows
        `start`, `end` (missing: still running).
    day
        A date of each row.
    """
    instant = day.cast("timestamp")
    return (rows.start.cast("timestamp") <= instant) & (rows.end.isnull() | (rows.end.cast("timestamp") > instant))


def contract_features(subscriptions: Table, when: Snapshots, *, windows_days: Sequence[int] = WINDOWS_DAYS) -> Block:
    """Whether a customer is subscribed at the cut-off, to what, and for how long.

    Parameters
    ----------
    subscriptions
        As in `contracts_at`, with `plan` and `price` where they are known.
    when
        The cut-offs.
    windows_days
        Lengths of the windows before the cut-off.

    Returns
    -------
    Block
        `subscriptions` (begun before the cut-off) with what `windows.over_windows` gives,
        `subscriptions_usual_gap_days` and `subscriptions_gap_ratio` (of their starts), `subscriptions_active`,
        `subscriptions_ended`, `subscriptions_ended_{w}d`, `days_since_last_end`; of the active one that began last
        (among equals the dearest, then the first plan in the alphabet): `days_on_plan`, `plan`, `price` when those
        columns are there, and `price_before`: of the subscription that began last before it.
    """
    rows = contracts_at(subscriptions, when)
    zeros = {
        "subscriptions": rows.count(),
        "subscriptions_active": rows.count(where=rows.active),
        "subscriptions_ended": rows.count(where=~rows.active),
    }
    end = rows.end.date() if rows.end.type().is_timestamp() else rows.end
    since_end = rows.cutoff.delta(end, unit="day").min()
    zeros |= over_windows("subscriptions", rows.days_ago, None, windows_days=windows_days)
    for window in windows_days:
        lately = ~rows.active & (rows.cutoff.delta(end, unit="day") <= window)
        zeros[f"subscriptions_ended_{window}d"] = rows.count(where=lately)
    table = rows.group_by(*KEYS).aggregate(
        known_days=rows.days_ago.max(),
        days_since_last_end=since_end,
        last_start=rows.days_ago.min(),
        start_days=rows.days_ago.nunique(),
        **zeros,
    )
    first, last, occasions = table.known_days, table.last_start, table.start_days
    table = table.mutate(**gaps("subscriptions", first=first, last=last, occasions=occasions))
    table = table.drop("last_start", "start_days")
    if "price" in rows.columns:
        begun = ibis.window(group_by=KEYS, order_by=[rows.start, rows.price.asc(nulls_first=True)])
        rows = rows.mutate(price_before=rows.price.lag().over(begun))
    active = rows.filter(rows.active)
    order = [active.start.desc()]
    if "price" in rows.columns:
        order.append(active.price.desc(nulls_first=False))
    if "plan" in rows.columns:
        order.append(active.plan.asc(nulls_first=False))
    current = active.mutate(place=ibis.row_number().over(group_by=KEYS, order_by=order))
    current = current.filter(current.place == 0)
    kept = {name: current[name] for name in ("plan", "price", "price_before") if name in current.columns}
    current = current.select(*KEYS, days_on_plan=current.days_ago, **kept)
    table = table.left_join(current, KEYS).drop(*(f"{key}_right" for key in KEYS))
    return Block(table, tuple(zeros))
