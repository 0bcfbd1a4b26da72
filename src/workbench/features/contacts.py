"""How customers were in touch before the cut-off: contacts, complaints and whether they were resolved."""

from collections.abc import Sequence

import ibis
from ibis.expr.types import BooleanColumn, Table

from workbench.features.exact import as_float, exact, greatest_by
from workbench.features.purchases import Block, joined, variety
from workbench.features.snapshots import KEYS, instant, known_at, require
from workbench.features.windows import WINDOWS_DAYS, against_habit, gaps, over_windows

# Kinds of contact that are counted apart, by what several of them are called; complaints have their own column.
KINDS = {"enquiries": "enquiry", "reminders": "reminder"}


def contact_features(history: Table, *, windows_days: Sequence[int] = WINDOWS_DAYS) -> Block:
    """Contacts over windows, complaints and their resolution, variety of channels and touchpoints.

    A complaint is resolved when its `resolved_at` (and `resolved_known_at`, if there) lies before the cut-off; without
    that column, when `resolved_first_contact` is true. An answer that is missing counts as neither resolved nor open.

    Parameters
    ----------
    history
        `snapshots.history` of interactions; the columns `complaint`, `resolved_first_contact` (booleans),
        `resolved_at`, `minutes`, `channel` and `touchpoint` are used when they are there.
    windows_days
        Lengths of the windows before the cut-off.

    Returns
    -------
    Block
        `contacts`, `days_since_last_contact` and the same of `complaints`, each with what `windows.over_windows` and
        `against_habit` give, its `_usual_gap_days` and `_gap_ratio`; `minutes` and `minutes_{w}d`;
        `complaints_resolved`, `complaints_open`, `last_complaint_resolved` (1, 0 or missing; of several at one instant
        an open one counts); `first_contact_resolution` (share of the contacts with an answer); with a column `kind`
        `enquiries` and `reminders`, likewise over windows and against habit; `channels`, `touchpoints` and the same by
        window.
    """
    require(history, "interactions", ["timestamp", "days_ago", *KEYS])
    rows = history.mutate(spent=exact(history.minutes)) if "minutes" in history.columns else history
    zeros = {"contacts": rows.count()}
    others = {
        "known_days": rows.days_ago.max(),
        "days_since_last_contact": rows.days_ago.min(),
        "contact_days": rows.days_ago.nunique(),
    }
    zeros |= over_windows("contacts", rows.days_ago, None, windows_days=windows_days)
    if "spent" in rows.columns:
        zeros["minutes"] = as_float(rows.spent.sum(), empty=0.0)
    if "resolved_first_contact" in rows.columns:
        others["first_contact_resolution"] = rows.resolved_first_contact.cast("float64").mean()
    if "complaint" in rows.columns:
        more_zeros, more = _complaints(rows, windows_days)
        zeros, others = zeros | more_zeros, others | more
    for name, kind in KINDS.items() if "kind" in rows.columns else ():
        here = (rows.kind == kind).fill_null(False)
        zeros[name] = rows.count(where=here)
        zeros |= over_windows(name, rows.days_ago, None, windows_days=windows_days, where=here)
    for window in windows_days:
        inside = rows.days_ago <= window
        if "spent" in rows.columns:
            zeros[f"minutes_{window}d"] = as_float(rows.spent.sum(where=inside), empty=0.0)
    table = rows.group_by(*KEYS).aggregate(**others, **zeros)
    table = _habits(table, windows_days)
    if "last_complaint" in table.columns:
        outcome = table.last_complaint["value"]
        table = table.mutate(last_complaint_resolved=(outcome >= 0).ifelse(1 - outcome, ibis.null("int64")))
        table = table.drop("last_complaint")
    block = Block(table, tuple(zeros))
    for column, plural in (("channel", "channels"), ("touchpoint", "touchpoints")):
        if column in history.columns:
            block = joined(block, variety(history, column, plural, windows_days=windows_days))
    return block


def _habits(table: Table, windows_days: Sequence[int]) -> Table:
    """Contacts and complaints beside what is usual for the customer."""
    counted = [name for name in ("contacts", *KINDS) if name in table.columns]
    habit = {key: value for name in counted for key, value in against_habit(table, name, windows_days=windows_days)}
    last = table.days_since_last_contact
    habit |= gaps("contacts", first=table.known_days, last=last, occasions=table.contact_days)
    if "complaints" in table.columns:
        habit |= dict(against_habit(table, "complaints", windows_days=windows_days))
        first, last = table.first_complaint, table.days_since_last_complaint
        habit |= gaps("complaints", first=first, last=last, occasions=table.complaint_days)
    helpers = [name for name in ("contact_days", "first_complaint", "complaint_days") if name in table.columns]
    return table.mutate(**habit).drop(*helpers)


def _complaints(rows: Table, windows_days: Sequence[int]) -> tuple[dict, dict]:
    resolved = _resolved(rows)
    known = resolved.notnull()
    # 1 open, 0 resolved, -1 not known: the greatest of several at one instant is an open one.
    outcome = ibis.cases((resolved, 0), (~resolved, 1), else_=-1).cast("int64")
    zeros = {
        "complaints": rows.count(where=rows.complaint),
        "complaints_resolved": rows.count(where=rows.complaint & known & resolved),
        "complaints_open": rows.count(where=rows.complaint & known & ~resolved),
        **over_windows("complaints", rows.days_ago, None, windows_days=windows_days, where=rows.complaint),
    }
    others = {
        "days_since_last_complaint": rows.days_ago.min(where=rows.complaint),
        "last_complaint": greatest_by(rows.timestamp, outcome, where=rows.complaint),
        "first_complaint": rows.days_ago.max(where=rows.complaint),
        "complaint_days": rows.days_ago.nunique(where=rows.complaint),
    }
    return zeros, others


def _resolved(rows: Table) -> BooleanColumn:
    if "resolved_at" in rows.columns:
        known = known_at(rows, time="resolved_at", known="resolved_known_at") < instant(rows)
        return ((rows.resolved_at.cast("timestamp") < instant(rows)) & known).fill_null(False)
    if "resolved_first_contact" in rows.columns:
        return rows.resolved_first_contact
    return ibis.null("boolean")
