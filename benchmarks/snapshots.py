"""`python benchmarks/snapshots.py`: features of every customer at six cut-offs, of all kinds of tables.

The measurement is a process of its own; its peak memory is what the operating system says when it has ended. Wanted of
a million customers, at least 60 features and 6 cut-offs: 5 minutes and 6 GB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CUTOFFS = [f"2025-{month:02d}-01" for month in range(6, 12)]
WINDOWS_DAYS = (30,)
SECONDS, MEMORY_GB = 300, 6
# Two years: so many rows a customer, at times that hash spreads evenly.
TABLES = {
    "transactions": (10, "timestamp", "round(2 + (h % 9000) / 100.0, 2) as amount, 'c' || (h % 12) as category"),
    "interactions": (
        4,
        "timestamp",
        "h % 5 = 0 as complaint, ['contact', 'enquiry', 'reminder'][(1 + h % 3)::bigint] as kind",
    ),
    "surveys": (2, "timestamp", "(h % 10 + 1)::double as csat"),
    "usage": (24, "timestamp", "'logins' as measure, (h % 30)::double as value"),
    "subscriptions": (
        1,
        "start",
        "null::timestamp as \"end\", ['basic', 'plus'][(1 + h % 2)::bigint] as plan, 9.5 as price",
    ),
}
GENERATE = """
copy (
    with rows as (select range as n, hash(range + {salt}) as h from range({customers} * {each}))
    select 'c' || lpad((n % {customers})::varchar, 8, '0') as customer_id,
           timestamp '2024-01-01' + to_seconds((h % (730 * 86400))::bigint) as {time}, {columns}
    from rows
) to '{path}' (format parquet, row_group_size 500000)
"""


def generate(customers: int, folder: Path) -> None:
    import duckdb

    with duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(folder / "spill")}) as connection:
        for salt, (name, (each, when, columns)) in enumerate(TABLES.items()):
            path = folder / f"{name}.parquet"
            connection.execute(
                GENERATE.format(customers=customers, each=each, salt=salt * 7919, time=when, columns=columns, path=path)
            )


def ours(source: str) -> None:
    """What `run.features` does, written to a file."""
    from workbench.features import customer_features, snapshots
    from workbench.studies.featured import connect

    folder = Path(source)
    connection = connect(folder)
    tables = {name: connection.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    made = customer_features(tables, snapshots(CUTOFFS), windows_days=WINDOWS_DAYS)
    made.write(folder / "made.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the data goes (a million: 1 GB)")
    arguments = parser.parse_args()
    if arguments.one:
        ours(arguments.one)
        return
    import duckdb

    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        generate(arguments.customers, Path(folder))
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, __file__, "--one", folder])
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"ended with {process.returncode}")
        made = duckdb.sql(f"select * from '{folder}/made.parquet'")
        cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6
        size = f"{arguments.customers:,} customers, {len(made.columns)} columns, {len(CUTOFFS)} cut-offs"
        print(f"{size}: {len(made):,} rows in {seconds:.0f} s, {cpu:.0f} s of CPU, {peak:.2f} GB")
        print(f"wanted of a million: at most {SECONDS} s and {MEMORY_GB} GB")


if __name__ == "__main__":
    main()
