"""One row per customer and cut-off: everything that was known, from all tables that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import ibis
from ibis.expr.types import Table

from workbench.errors import DataError, ParameterError
from workbench.features.attributes import NO_DATES, attributes_at, refuse_kept_out
from workbench.features.contacts import contact_features
from workbench.features.contracts import contract_features
from workbench.features.opinions import opinion_features, score_columns
from workbench.features.purchases import WINDOWS_DAYS, Block, purchase_features
from workbench.features.snapshots import EVENT_TIME, KEYS, Records, Snapshots, history, records_of
from workbench.wording import listing, sentence, shown


@dataclass(frozen=True)
class Features:
    """What `customer_features` gives.

    Attributes
    ----------
    table
        One row per (customer_id, cutoff): an ibis expression, nothing has run yet.
    kept_out
        Attributes of `customers` that are not in it because nothing says from when they hold.
    records
        First and last day of the records, by which burn-in was judged.
    """

    table: Table
    kept_out: tuple[str, ...]
    records: Records


def customer_features(
    tables: Mapping[str, Table],
    when: Snapshots,
    *,
    windows_days: Sequence[int] = WINDOWS_DAYS,
    unit: Literal["day", "week", "month"] = "week",
    scores: Sequence[str] | None = None,
    constant: Sequence[str] = (),
    valid_from: Mapping[str, str] = NO_DATES,
    attributes: Sequence[str] = (),
    records: Records | None = None,
) -> Features:
    """Features of every customer who was known before each cut-off.

    A customer is known from the first event in any table, or from `customers.first_seen` when that is earlier; it must
    lie before the cut-off.

    Parameters
    ----------
    tables
        Canonical tables by name; those of transactions, interactions, surveys, subscriptions and customers that are
        there are used. Columns as in the canonical tables; events may have `known_at`.
    windows_days
        Lengths of the windows before the cut-off.
    unit
        Of `recency` and `T`.
    scores
        Numeric columns of surveys; by default all but ids and weights.
    constant
        Attributes of `customers` that never change; see `attributes.attributes_at`.
    valid_from
        Attributes of `customers` → column with the date from which each holds; see there.
    attributes
        Attributes that the caller cannot do without: refused when they would be kept out.
    records
        First and last day of the records; by default those of the earliest and latest event, which runs a query.

    Returns
    -------
    Features
        Its table has `customer_id`, `cutoff` (date), `tenure_days` (from first known to the cut-off),
        `already_on_board` (boolean: first seen within the burn-in, so that tenure is only a lower bound), `cohort`
        (first day of the month in which the customer was first seen; missing for those already on board), and the
        columns of `purchase_features`, `contact_features`, `opinion_features`, `contract_features` and `attributes_at`.
        Counts and sums of nothing are 0; times since, means and last values of nothing are missing.

    Raises
    ------
    DataError
        No table with events, columns that are missing or of the wrong type, an attribute that cannot be given or has
        the name of a feature.
    ParameterError
        Windows or a unit that are none.
    """
    _check_windows(windows_days)
    blocks = event_blocks(tables, when, windows_days=windows_days, unit=unit, scores=scores)
    if "customers" in tables and "first_seen" in tables["customers"].columns:
        arrivals = history(tables["customers"], when, name="customers", time="first_seen")
        blocks.append(Block(arrivals.group_by(*KEYS).aggregate(known_days=arrivals.days_ago.max()), ()))
    if not blocks:
        raise DataError(
            sentence("No events: expected at least one of {tables}.", tables=listing([*EVENT_TIME, "customers"], "or"))
        )
    frame = reduce(_both, (block.table for block in blocks))
    frame = frame.fill_null({name: 0 for block in blocks for name in block.zeros})
    records = records or records_of(tables)
    frame = _cohorts(frame.rename(tenure_days="known_days"), when, records)
    kept_out: tuple[str, ...] = ()
    if "customers" in tables:
        known = attributes_at(tables["customers"], when, constant=constant, valid_from=valid_from)
        refuse_kept_out(known, attributes)
        _refuse_taken(frame, known.table)
        kept_out = known.kept_out
        frame = frame.left_join(known.table, KEYS).drop(*(f"{key}_right" for key in KEYS))
    return Features(frame, kept_out, records)


def event_blocks(
    tables: Mapping[str, Table],
    when: Snapshots,
    *,
    windows_days: Sequence[int],
    unit: Literal["day", "week", "month"],
    scores: Sequence[str] | None,
) -> list[Block]:
    """The features of each table of events that is there."""
    blocks = []
    if "transactions" in tables:
        past = history(tables["transactions"], when, name="transactions")
        blocks.append(purchase_features(past, windows_days=windows_days, unit=unit))
    if "interactions" in tables:
        past = history(tables["interactions"], when, name="interactions")
        blocks.append(contact_features(past, windows_days=windows_days))
    if "surveys" in tables:
        wanted = score_columns(tables["surveys"]) if scores is None else scores
        past = history(tables["surveys"], when, name="surveys")
        blocks.append(opinion_features(past, scores=wanted, windows_days=windows_days))
    if "subscriptions" in tables:
        blocks.append(contract_features(tables["subscriptions"], when))
    return blocks


def _check_windows(windows_days: Sequence[int]) -> None:
    wrong = [each for each in windows_days if isinstance(each, bool) or not isinstance(each, int) or each < 1]
    if wrong or len(set(windows_days)) < len(windows_days):
        raise ParameterError(
            sentence("windows_days: got {value}, expected different whole numbers of days, 1 or more.",
                     value=shown(list(windows_days)))
        )  # fmt: skip


def _refuse_taken(frame: Table, attributes: Table) -> None:
    """Refuse attributes under a name that a feature has: which of the two is meant could not be told."""
    taken = [name for name in attributes.columns if name in frame.columns and name not in KEYS]
    if taken:
        raise DataError(
            *(sentence("customers.{column}: a feature has this name; give the attribute another in dataset.yaml.",
                       column=name) for name in taken)
        )  # fmt: skip


def _both(left: Table, right: Table) -> Table:
    """The customers of either, known since the earlier of the two."""
    # A full join, because a roster made first would have every block computed twice: once for its keys.
    rows = left.outer_join(right, KEYS)
    keys = {key: ibis.coalesce(rows[key], rows[f"{key}_right"]) for key in KEYS}
    known = ibis.greatest(rows.known_days.fill_null(0), rows.known_days_right.fill_null(0))
    return rows.mutate(**keys, known_days=known).drop(*(f"{name}_right" for name in (*KEYS, "known_days")))


def _cohorts(frame: Table, when: Snapshots, records: Records) -> Table:
    """Add `already_on_board` and `cohort`."""
    first = frame.cutoff - frame.tenure_days.as_interval("D")
    on_board = first.cast("date") < ibis.date(records.first.isoformat()) + ibis.interval(days=when.burn_in_days)
    frame = frame.mutate(first_seen=first.cast("date"), already_on_board=on_board)
    # Not truncate(): DuckDB makes a timestamp of it while the expression says date.
    month = ibis.date(frame.first_seen.year(), frame.first_seen.month(), 1)
    frame = frame.mutate(cohort=frame.already_on_board.ifelse(ibis.null("date"), month)).drop("first_seen")
    return frame.relocate(*KEYS, "tenure_days", "already_on_board", "cohort")
