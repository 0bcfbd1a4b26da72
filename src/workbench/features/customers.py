"""One row per customer and cut-off: everything that was known, from all tables that are there."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import ibis
from ibis.expr.types import Table

from workbench.errors import DataError, ParameterError
from workbench.features.attributes import NO_DATES, attributes_at, changes_of, refuse_kept_out
from workbench.features.contacts import contact_features
from workbench.features.contracts import contract_features, subscribed
from workbench.features.opinions import opinion_features, score_columns
from workbench.features.outcomes import Unseen, cancellations_after, purchases_after
from workbench.features.purchases import Block, buyers, purchase_features
from workbench.features.rows import features_of_rows
from workbench.features.snapshots import EVENT_TIME, KEYS, Records, Snapshots, history, records_of
from workbench.features.usage import measures_of, periods_of, usage_features
from workbench.features.windows import WINDOWS_DAYS
from workbench.wording import listing, sentence, shown

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame

# So many rows are handed over at once: 60 numbers of each are 50 MB.
ROWS = 100_000
# Columns that the frame has of itself.
RESERVED = (*KEYS, "tenure_days", "already_on_board", "cohort", "known_days", "first_seen")


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
        First and last day of the records, by which burn-in was told.
    renamed
        Names that two tables have, as they are called here: the table stands in front (`customers_plan`).
    tables, when
        What it was made of.
    again
        Makes the same of other snapshots, and with `among` of some customers.
    """

    table: Table
    kept_out: tuple[str, ...]
    records: Records
    renamed: Mapping[str, str]
    tables: Mapping[str, Table]
    when: Snapshots
    again: "Callable[..., Features]" = field(repr=False)

    def arrow(self) -> "pa.Table":
        """All rows in memory, as Arrow."""
        return self.table.to_pyarrow()

    def frame(self) -> "DataFrame":
        """All rows in memory, as pandas."""
        return self.table.to_pandas()

    def of(self, rows: "DataFrame") -> "DataFrame":
        """Features of some customers in memory, those of others are not made; see `rows.features_of_rows`.

        Parameters
        ----------
        rows
            `customer_id` and `cutoff` (datetime), each once.
        """
        return features_of_rows(lambda when, among: self.again(when, among=among).table, self.when, rows)

    def write(self, path: Path) -> None:
        """All rows to a Parquet file, cut-off by cut-off: memory does not grow with their number.

        Parameters
        ----------
        path
            Of the file; one that is there is replaced.
        """
        from pyarrow.dataset import dataset
        from pyarrow.parquet import ParquetWriter

        schema = self.table.schema().to_pyarrow()
        with TemporaryDirectory(dir=Path(path).parent) as spare, ParquetWriter(path, schema) as writer:
            for cutoff in self.when.cutoffs:
                part = Path(spare) / f"{cutoff}.parquet"
                self.again(replace(self.when, cutoffs=(cutoff,))).table.to_parquet(part)
                for batch in dataset(part).to_batches(batch_size=ROWS, batch_readahead=1, fragment_readahead=1):
                    writer.write_batch(batch.cast(schema))

    def buyers(self, *, within_days: int) -> Table:
        """Who bought something in the last days before each cut-off; see `purchases.buyers`.

        Parameters
        ----------
        within_days
            How many days.
        """
        return buyers(history(self.tables["transactions"], self.when, name="transactions"), within_days=within_days)

    def subscribed(self) -> Table:
        """Who has a subscription at each cut-off; see `contracts.subscribed`."""
        return subscribed(self.tables["subscriptions"], self.when)

    def purchases_after(self, roster: Table | None = None, *, horizon: Unseen = "refuse") -> Table:
        """What each customer buys in the label window; see `outcomes.purchases_after`.

        Parameters
        ----------
        roster
            Rows (customer_id, cutoff) to label; by default all that there are.
        horizon
            What to do with cut-offs whose window reaches beyond the records: "refuse" or "mark".
        """
        roster, bought = self.table if roster is None else roster, self.tables["transactions"]
        return purchases_after(roster, bought, self.when, records=self.records, horizon=horizon)

    def cancellations_after(self, roster: Table | None = None, *, horizon: Unseen = "refuse") -> Table:
        """Who ends a subscription in the label window; see `outcomes.cancellations_after`.

        Parameters
        ----------
        roster
            Rows (customer_id, cutoff) to label; by default all that there are.
        horizon
            What to do with cut-offs whose window reaches beyond the records: "refuse" or "mark".
        """
        roster, held = self.table if roster is None else roster, self.tables["subscriptions"]
        return cancellations_after(roster, held, self.when, records=self.records, horizon=horizon)


def customer_features(
    tables: Mapping[str, Table],
    when: Snapshots,
    *,
    windows_days: Sequence[int] = WINDOWS_DAYS,
    unit: Literal["day", "week", "month"] = "week",
    scores: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    periods: Mapping[str, float] | None = None,
    constant: Sequence[str] = (),
    valid_from: Mapping[str, str] = NO_DATES,
    attributes: Sequence[str] = (),
    records: Records | None = None,
    among: Table | None = None,
) -> Features:
    """Features of every customer who was known before each cut-off.

    A customer is known from the first event in any table, or from `customers.first_seen` when that is earlier; it must
    lie before the cut-off.

    Parameters
    ----------
    tables
        Canonical tables by name; those of transactions, interactions, surveys, subscriptions, usage and customers that
        are there are used. Columns as in the canonical tables; events may have `known_at`.
    windows_days
        Lengths of the windows before the cut-off.
    unit
        Of `recency` and `T`.
    scores
        Numeric columns of surveys; by default all but ids and weights.
    measures
        Of usage, a column each; by default all that it has, which runs a query.
    periods
        Of usage: measure -> days that one row counts (see `usage.usage_features`); where measures are found out, by
        default those that show in the days of their rows, which runs a query.
    constant
        Attributes of `customers` that never change; see `attributes.attributes_at`.
    valid_from
        Attributes of `customers` → column with the date from which each holds; see there.
    attributes
        Attributes that the caller cannot do without: refused when they would be kept out.
    records
        First and last day of the records; by default those of the earliest and latest event, which runs a query.
    among
        Customers (customer_id) whose features are made; by default those of all.
    when
        The cut-offs, from `snapshots`.

    Returns
    -------
    Features
        Its table has `customer_id`, `cutoff` (date), `tenure_days` (from first known to the cut-off),
        `already_on_board` (boolean: first seen within the burn-in, so that tenure is only a lower bound), `cohort`
        (first day of the month in which the customer was first seen; missing for those active already), and the
        columns of `purchase_features`, `contact_features`, `opinion_features`, `contract_features`, `usage_features`,
        `changes_of` and `attributes_at`; a name that two of them have stands behind that of its table, in both.
        Counts and sums of nothing are 0; times since, means and last values of nothing are missing.

    Raises
    ------
    DataError
        No table with events, columns that are missing or of the wrong type, an attribute that cannot be given.
    ParameterError
        Windows or a unit that are none.
    """
    _check_windows(windows_days)
    if measures is None and "usage" in tables:
        measures = measures_of(tables["usage"])
        periods = periods_of(tables["usage"], measures) if periods is None else periods
    everybody = tables
    if among is not None:
        tables = {name: table.semi_join(among, "customer_id") for name, table in tables.items()}
    blocks = event_blocks(
        tables,
        when,
        windows_days=windows_days,
        unit=unit,
        scores=scores,
        measures=measures,
        periods=periods,
        everybody=everybody,
    )
    people = tables.get("customers")
    if people is not None:
        if "first_seen" in people.columns:
            arrivals = history(people, when, name="customers", time="first_seen")
            known = arrivals.group_by(*KEYS).aggregate(known_days=arrivals.days_ago.max())
            blocks["customers"] = Block(known, ())
        if "valid_from" in people.columns:
            changes = changes_of(people, when, windows_days=windows_days)
            blocks["changes"] = Block(changes.table.drop("known_days"), changes.zeros)
    if not blocks.keys() - {"changes"}:
        raise DataError(
            sentence("No events: expected at least one of {tables}.", tables=listing([*EVENT_TIME, "customers"], "or"))
        )
    given: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()
    if people is not None:
        known = attributes_at(people, when, constant=constant, valid_from=valid_from)
        refuse_kept_out(known, attributes)
        kept_out = known.kept_out
        given = tuple(name for name in known.table.columns if name not in KEYS)
    renamed = _apart({**{name: _own(block.table) for name, block in blocks.items()}, "customers": given})
    blocks = {name: _renamed(block, renamed, name) for name, block in blocks.items()}
    changed = blocks.pop("changes", None)
    frame = reduce(_both, (block.table for block in blocks.values()))
    records = records or records_of(everybody)
    if changed is not None:
        frame = frame.left_join(changed.table, KEYS).drop(*(f"{key}_right" for key in KEYS))
        blocks["changes"] = changed
    frame = frame.fill_null({name: 0 for block in blocks.values() for name in block.zeros})
    frame = _cohorts(frame.rename(tenure_days="known_days"), when, records)
    if given:
        own = known.table.rename({renamed.get(("customers", name), name): name for name in given})
        frame = frame.left_join(own, KEYS).drop(*(f"{key}_right" for key in KEYS))
    names = {new: f"{table}.{name}" for (table, name), new in renamed.items()}
    again = partial(
        customer_features,
        everybody,
        windows_days=windows_days,
        unit=unit,
        scores=scores,
        measures=measures,
        periods=periods,
        constant=constant,
        valid_from=valid_from,
        attributes=attributes,
        records=records,
    )
    return Features(frame, kept_out, records, names, everybody, when, again)


def event_blocks(
    tables: Mapping[str, Table],
    when: Snapshots,
    *,
    windows_days: Sequence[int],
    unit: Literal["day", "week", "month"],
    scores: Sequence[str] | None,
    measures: Sequence[str] | None = None,
    periods: Mapping[str, float] | None = None,
    everybody: Mapping[str, Table] | None = None,
) -> dict[str, Block]:
    """The features of each table of events that is there, by its name.

    Parameters
    ----------
    tables, when, windows_days, unit, scores, measures, periods
        As in `customer_features`.
    everybody
        The tables of all customers, where `tables` are of some.
    """
    blocks = {}
    if "transactions" in tables:
        past = history(tables["transactions"], when, name="transactions")
        blocks["transactions"] = purchase_features(past, windows_days=windows_days, unit=unit)
    if "interactions" in tables:
        past = history(tables["interactions"], when, name="interactions")
        blocks["interactions"] = contact_features(past, windows_days=windows_days)
    if "surveys" in tables:
        wanted = score_columns(tables["surveys"]) if scores is None else scores
        past = history(tables["surveys"], when, name="surveys")
        blocks["surveys"] = opinion_features(past, scores=wanted, windows_days=windows_days)
    if "subscriptions" in tables:
        blocks["subscriptions"] = contract_features(tables["subscriptions"], when, windows_days=windows_days)
    if "usage" in tables:
        wanted = measures_of(tables["usage"]) if measures is None else measures
        past = history(tables["usage"], when, name="usage")
        all_past = past if everybody is None else history(everybody["usage"], when, name="usage")
        blocks["usage"] = usage_features(
            past, measures=wanted, windows_days=windows_days, periods=periods or {}, everybody=all_past
        )
    return blocks


def _check_windows(windows_days: Sequence[int]) -> None:
    wrong = [each for each in windows_days if isinstance(each, bool) or not isinstance(each, int) or each < 1]
    if wrong or len(set(windows_days)) < len(windows_days):
        raise ParameterError(
            sentence(
                "windows_days: got {value}, expected different whole numbers of days, 1 or more.",
                value=shown(list(windows_days)),
            )
        )


def _own(block: Table) -> tuple[str, ...]:
    return tuple(name for name in block.columns if name not in (*KEYS, "known_days"))


def _apart(columns: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
    """New names for those that two tables have, or that the frame has of itself: the table stands in front."""
    held = Counter([*RESERVED, *(name for names in columns.values() for name in names)])
    renamed: dict[tuple[str, str], str] = {}
    taken = {name for name, times in held.items() if times == 1} | set(RESERVED)
    for table, names in columns.items():
        for name in names:
            if held[name] > 1:
                new = f"{table}_{name}"
                while new in taken:
                    new = f"{table}_{new}"
                taken.add(new)
                renamed[table, name] = new
    return renamed


def _renamed(block: Block, renamed: Mapping[tuple[str, str], str], table: str) -> Block:
    names = {name: renamed.get((table, name), name) for name in _own(block.table)}
    changed = {new: name for name, new in names.items() if new != name}
    return Block(block.table.rename(changed), tuple(names[name] for name in block.zeros))


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
