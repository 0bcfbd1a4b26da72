"""Features of the dataset of a run: over the tables laid ready for it, by what may be used, tested for leaks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.findings import Check
from workbench.wording import listing, sentence, shown

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Table

    from workbench.datasets import Dataset
    from workbench.datasets.definitions.dataset import TableDefinition
    from workbench.features import Features, Snapshots

FEATURE_TABLES = ("customers", "subscriptions", "transactions", "interactions", "surveys", "usage")
"""What features are made of, each where it is there and says whose rows are when."""
CUSTOMER = "customer_id"
# DuckDB counts its own buffers only; benchmarks/features.py keeps the whole process within 6 GB with this.
MEMORY = "4GB"
# Leaks are looked for in so many customers: whether a feature sees the future does not depend on whose it is.
SAMPLED = 300
# From so many rows on a table is laid out by customer: features of a million are made by many queries, each of some
# customers who follow each other (`features.rows`), and a query skips what lies before and behind them.
MANY_ROWS = 1_000_000


def lacking(definition: "TableDefinition") -> str | None:
    """The column without which a table makes no features; None where it has all that are needed.

    Parameters
    ----------
    definition
        Of the table.
    """
    from workbench.features.snapshots import EVENT_TIME

    there = {column.name for column in definition.columns}
    needed = [CUSTOMER, *([EVENT_TIME[definition.name]] if definition.name in EVENT_TIME else [])]
    return next((name for name in needed if name not in there), None)


def usable(dataset: "Dataset") -> tuple[dict[str, "TableDefinition"], list[str]]:
    """Tables that features can be made of, and why others cannot; customers count where something dates them.

    Parameters
    ----------
    dataset
        Whose tables are looked at.
    """
    known = {name: dataset.tables[name] for name in FEATURE_TABLES if name in dataset.tables}
    missing = {name: column for name, definition in known.items() if (column := lacking(definition))}
    fit = {name: definition for name, definition in known.items() if name not in missing}
    why = [sentence("{table} has no column {column}", table=name, column=column) for name, column in missing.items()]
    people = fit.get("customers")
    if people and len(fit) == 1 and "first_seen" not in {column.name for column in people.columns}:
        return {}, [*why, sentence("{table} has no column {column}", table="customers", column="first_seen")]
    return fit, why


def connect(staged: Path) -> "Backend":
    """A DuckDB that holds little in memory and spills beside the tables that are laid ready.

    Parameters
    ----------
    staged
        Folder of the tables.
    """
    import ibis

    spill = staged / "spill"
    spill.mkdir(exist_ok=True)
    return ibis.duckdb.connect(
        memory_limit=MEMORY,
        temp_directory=str(spill),
        preserve_insertion_order=False,
        # What a query has used goes back to the system when it is done, not when the connection is closed.
        allocator_background_threads=True,
    )


def tables_of(
    dataset: "Dataset", fit: Mapping[str, "TableDefinition"], *, staged: Path, named: Iterable[str]
) -> dict[str, "Table"]:
    """The tables that features are made of, as expressions over their Parquet files.

    Parameters
    ----------
    dataset
        Of the run.
    fit
        Its tables that can be used (`usable`).
    staged
        Folder of the tables that were laid ready; what is not there yet is written.
    named
        Columns that are asked for by name: those may be suspect.
    """
    connection = connect(staged)
    made = {}
    for name, definition in fit.items():
        path = staged / f"{name}.parquet"
        if not path.exists():
            dataset.write(name, path)
        table = connection.read_parquet(_by_customer(connection, path))
        keys = {CUSTOMER, *(column.name for column in definition.columns if column.kind == "id")}
        personal = [column.name for column in definition.columns if column.personal and column.name not in keys]
        out = {*definition.kept_from("predict", named=named), *personal}
        made[name] = table.drop(*(column for column in table.columns if column in out))
    return made


def _by_customer(connection: "Backend", path: Path) -> Path:
    """A file of a table in the order of customers; a small one as it is."""
    from pyarrow.parquet import read_metadata

    if read_metadata(path).num_rows < MANY_ROWS:
        return path
    laid = path.with_stem(f"{path.stem}_by_customer")
    if not laid.exists():
        connection.read_parquet(path).order_by(CUSTOMER).to_parquet(laid)
    return laid


def leaks(made: "Features", options: Mapping[str, Any], *, random_seed: int) -> tuple[Check, ...]:
    """Whether a feature changes when the future is deleted or scrambled, for some customers.

    They are looked at as of the last cut-off that has a future.

    One window stands for all: another is the same expression with another number in it.

    Parameters
    ----------
    made
        The features.
    options
        By which they were made, from `fixed`.
    random_seed
        Draws the customers, and the values that the future is scrambled with.
    """
    import duckdb
    import ibis

    from workbench.features import customer_features, recomputation_checks

    before = [day for day in made.when.cutoffs if day <= made.records.last]
    last = replace(made.when, cutoffs=tuple(before or made.when.cutoffs)[-1:])
    few = _some_customers(made.tables)
    options = {**options, "windows_days": (max(options["windows_days"]),), "records": made.records}
    # Compiled once: that takes longer than to run it on so few.
    bare = {name: ibis.table(table.schema(), name=name) for name, table in few.items()}
    query = ibis.to_sql(customer_features(bare, last, **options).table, dialect="duckdb", pretty=False)

    def build(tables: Mapping[str, "Table"], when: "Snapshots") -> "Table":
        with duckdb.connect() as connection:
            for name, table in tables.items():
                connection.register(name, table.to_pyarrow())
            return ibis.memtable(connection.sql(query).to_arrow_table())

    return recomputation_checks(build, few, last, random_seed=random_seed)


def _some_customers(tables: Mapping[str, "Table"]) -> dict[str, "Table"]:
    """All rows of some customers, in memory; which, hangs on their ids alone."""
    import ibis

    first = tables["customers"] if "customers" in tables else next(iter(tables.values()))
    ids = first.select(CUSTOMER).filter(first[CUSTOMER].notnull()).distinct()
    ids = ids.order_by(ids[CUSTOMER].cast("string").hash(), CUSTOMER).limit(SAMPLED)
    chosen = ids.to_pyarrow().column(CUSTOMER).to_pylist()
    few = {}
    for name, table in tables.items():
        rows = table.filter(table[CUSTOMER].isin(chosen)).to_pyarrow()
        few[name] = ibis.memtable(rows, schema=table.schema())
    return few


def told(dataset: "Dataset", made: "Features") -> Check:
    """What features were made of, and what stayed out.

    Parameters
    ----------
    dataset
        They were made of.
    made
        The features.
    """
    _, why = usable(dataset)
    days = [str(day) for day in made.when.cutoffs]
    said = [sentence("Features as of {days} are made of {tables}.", days=listing(days), tables=listing(made.tables))]
    if why:
        said.append(sentence("Not used: {why}.", why=listing(why)))
    if made.kept_out:
        names = listing([shown(name) for name in made.kept_out])
        said.append(sentence("Left out, because nothing says from when they hold: {names}.", names=names))
    if aside := _aside(dataset, made):
        said.append(
            sentence(
                "No features: {names}. What is known of customers goes into a table `customers`, with `constant: true` "
                "or `valid_from:`.",
                names=listing([shown(name) for name in aside]),
            )
        )
    return Check(name="features", status="pass", message=" ".join(said), title=sentence("What features are made of"))


def _aside(dataset: "Dataset", made: "Features") -> list[str]:
    """Columns of contracts and orders that no feature reads: they say something of the customer, where nobody looks."""
    from workbench.datasets.definitions.canonical import CANONICAL

    return [
        f"{table}.{column.name}"
        for table in ("subscriptions", "transactions")
        if table in made.tables
        for column in dataset.tables[table].columns
        if column.name in made.tables[table].columns and column.name not in CANONICAL[table].fields
    ]


def fixed(tables: Mapping[str, "Table"], options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with what is found out by a query, so that features of some customers have the same columns.

    Parameters
    ----------
    tables
        By name.
    options
        Of `customer_features`, as they were asked for.
    """
    from workbench.features.usage import measures_of, periods_of
    from workbench.features.windows import WINDOWS_DAYS

    given: Sequence[str] | None = options.get("measures")
    measures = measures_of(tables["usage"]) if given is None and "usage" in tables else given
    periods: Mapping[str, float] | None = options.get("periods")
    if periods is None and measures:
        periods = periods_of(tables["usage"], measures)
    return {"windows_days": WINDOWS_DAYS, **options, "measures": measures, "periods": periods}
