"""`python benchmarks/checks.py`: `data check` of generated transactions, beside the same checks by hand in pandas.

Every measurement is a process of its own; its peak memory is what the operating system says when it has ended.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 20
MEMORY = "4GB"
THREADS = 2

# What real records have: rows without a customer, refunds, cancelled orders, rows that repeat an earlier one.
GENERATE = """
copy (
    with drawn as (
        select range as number, hash(if(range % 1000 = 999, range - 1, range)) as h from range({rows})
    )
    select
        if(h % 50 = 0, null, 'c' || lpad((h % 100003)::varchar, 8, '0')) as customer,
        if(h % 100 < 2, 'C', '') || (h % 9999991)::varchar as "order",
        timestamp '2024-01-01' + to_seconds((h % 63072000)::bigint) as bought_at,
        round(2 + (h % 10007) / 100.0, 2) * if(h % 100 < 4, -1, 1) as amount,
        'category ' || (h % 12)::varchar as category
    from drawn
) to '{path}' ({options})
"""
DEFINITION = """
title: Generated transactions
extracted: 2026-01-01
tables:
  transactions:
    file: rows.{suffix}
    currency: EUR
    columns:
      customer_id: customer
      order_id: order
      timestamp: bought_at
      amount: amount
      category: category
      cancelled: {{from: order, starts_with: [C]}}
"""


def generate(rows: int, root: Path, suffix: str) -> None:
    import duckdb

    folder = root / "data" / "many"
    folder.mkdir(parents=True)
    (root / "notebooks").mkdir()
    options = "format csv, header" if suffix == "csv" else "format parquet, row_group_size 500000"
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS}) as connection:
        connection.execute(GENERATE.format(rows=rows, path=folder / f"rows.{suffix}", options=options))
    (folder / "dataset.yaml").write_text(DEFINITION.format(suffix=suffix))


def ours() -> None:
    """What a user types."""
    from workbench.cli import main

    raise SystemExit(main(["data", "check", "many"]))


def plain() -> None:
    """The same checks, as one would write them in a notebook."""
    import pandas as pd

    (path,) = Path("data/many").glob("rows.*")
    if path.suffix == ".csv":
        rows = pd.read_csv(
            path, dtype={"customer": str, "order": str, "category": str}, keep_default_na=False, na_values=[""]
        )
    else:
        rows = pd.read_parquet(path)
    broken = {}
    twice = int(rows.duplicated().sum())
    time_ = pd.to_datetime(rows["bought_at"], errors="coerce")
    broken["timestamp no time"] = int((time_.isna() & rows["bought_at"].notna()).sum())
    amount = pd.to_numeric(rows["amount"], errors="coerce")
    broken["amount no number"] = int((amount.isna() & rows["amount"].notna()).sum())
    nobody = rows["customer"].isna()
    kept, time_, amount = rows[~nobody], time_[~nobody], amount[~nobody]
    broken["timestamp absent"] = int(time_.isna().sum())
    broken["amount absent"] = int(amount.isna().sum())
    broken["timestamp in the future"] = int((time_ >= pd.Timestamp("2026-01-02")).sum())
    cancelled = kept["order"].str.startswith("C").fillna(False).astype(bool)
    broken["cancelled, and more than 0"] = int((cancelled & (amount > 0)).sum())
    told = {
        "repeat an earlier one": twice,
        "have no customer": int(nobody.sum()),
        "are cancellations": int(cancelled.sum()),
        "have a negative amount": int(((amount < 0) & ~cancelled).sum()),
        "have an amount of 0": int((amount == 0).sum()),
    }
    shares = {name: float(kept[name].isna().mean()) for name in kept}
    faults = [f"{count} rows: {what}" for what, count in broken.items() if count]
    print("\n".join([*faults, *(f"warn: {count:,} rows {what}" for what, count in told.items() if count)]))
    print(f"transactions: {len(kept):,} rows, {time_.min()} to {time_.max()}, missing {shares}")
    raise SystemExit(2 if faults else 0)


def measure(what: str, root: Path) -> tuple[float, float, float, str]:
    """Seconds, CPU seconds and peak gigabytes of one process, and what it said."""
    started = time.perf_counter()
    with (root / "said.txt").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, __file__, "--one", what],
            cwd=root,
            stdout=said,
            env={**os.environ, "WORKBENCH_MEMORY_LIMIT": MEMORY},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(f"{what} ended with {process.returncode}: {text}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6, text


def counts(text: str) -> list[int]:
    """The numbers of rows that are told, as the two sides word them differently."""
    import re

    return sorted(int(found.replace(",", "")) for found in re.findall(r"([\d,]+) rows", text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--folder", type=Path, default=None, help="where the data goes (10 million as CSV: 0.6 GB)")
    arguments = parser.parse_args()
    if arguments.one:
        {"ours": ours, "pandas": plain}[arguments.one]()
    for millions in arguments.millions:
        for suffix in ("parquet", "csv"):
            with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                root = Path(folder)
                generate(millions * 1_000_000, root, suffix)
                size = (root / "data" / "many" / f"rows.{suffix}").stat().st_size / 1e6
                print(f"{millions} million transactions, {size:,.0f} MB of {suffix}", flush=True)
                said = {}
                for what in ("ours", "pandas"):
                    seconds, cpu, peak, said[what] = measure(what, root)
                    wanted = f"  wanted: at most {SECONDS} s for 10 million" if what == "ours" else ""
                    print(f"  {what:<8}{seconds:8.1f} s{cpu:8.1f} s of CPU{peak:8.2f} GB{wanted}", flush=True)
                if counts(said["ours"]) != counts(said["pandas"]):
                    raise SystemExit(f"the two do not count the same:\n{said['ours']}\n{said['pandas']}")


if __name__ == "__main__":
    main()
