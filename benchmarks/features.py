"""`python benchmarks/features.py`: snapshot features of generated transactions, beside the same in pandas.

Every measurement is a process of its own; its peak memory is what the operating system says when it has ended.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CUTOFF = "2025-08-01"
WINDOWS_DAYS = (7, 30, 90, 180)
MEMORY_GB = 6
# DuckDB counts its own buffers only; the rest is room for Python, Arrow and what the allocator keeps.
DUCKDB_MEMORY = "4GB"
THREADS = 2

# Two years of orders in the order in which they came: 100 a customer, 12 categories; 3% are refunds of a
# whole earlier order of the same customer.
GENERATE = """
copy (
    with numbered as (
        select range as number, hash(range + 2000000011) % 100 < 3 as refund from range({rows})
    ), drawn as (
        select *, case when refund then greatest(number - 1000, 0) else number end as bought from numbered
    )
    select
        'c' || lpad((hash(bought) % {customers})::varchar, 8, '0') as customer_id,
        'o' || bought::varchar as order_id,
        timestamp '2024-01-01' + to_seconds((number * (730 * 86400.0 / {rows}))::bigint) as timestamp,
        round(2 + exp(3 + (hash(bought + 1000000007) % 1000) / 500.0), 2) * if(refund, -1, 1) as amount,
        'category ' || (hash(number + 7) % 12)::varchar as category
    from drawn
) to '{path}' (format parquet, row_group_size 500000)
"""


def generate(rows: int, path: Path) -> None:
    import duckdb

    with duckdb.connect(
        config={"memory_limit": DUCKDB_MEMORY, "threads": THREADS, "temp_directory": str(path.parent / "spill")}
    ) as connection:
        connection.execute(GENERATE.format(rows=rows, customers=max(rows // 100, 1), path=path))


def ours(source: str, target: str) -> None:
    """What a user of the workbench runs, on a connection with bounded memory."""
    import ibis

    from workbench.features import customer_features, snapshots

    with tempfile.TemporaryDirectory(dir=Path(target).parent) as spill:
        connection = ibis.duckdb.connect(
            memory_limit=DUCKDB_MEMORY, threads=THREADS, temp_directory=spill, preserve_insertion_order=False
        )
        tables = {"transactions": connection.read_parquet(source)}
        made = customer_features(tables, snapshots([CUTOFF], burn_in_days=90), windows_days=WINDOWS_DAYS)
        connection.to_parquet(made.table, target)


def plain(source: str, target: str) -> None:
    """The same columns in pandas, as one would write them."""
    import numpy as np
    import pandas as pd

    rows = pd.read_parquet(source)
    cutoff, begins = pd.Timestamp(CUTOFF), rows.timestamp.min().normalize()
    rows = rows[rows.timestamp < cutoff]
    rows = rows.assign(days_ago=(cutoff - rows.timestamp.dt.normalize()).dt.days)
    refund = rows.amount < 0
    key = ["customer_id", "order_id"]
    refunds = rows[refund]
    orders = rows[~refund].merge(refunds[key].drop_duplicates(), on=key)
    orders = orders.groupby(key).days_ago.max().rename("ordered").reset_index()
    placed = refunds.merge(orders, on=key, how="left")
    loose = placed[placed.ordered.isna()]  # of no known order: on the day of the purchase of its amount just before it
    sizes = ["customer_id", "size"]
    back = loose[["customer_id", "days_ago"]].assign(size=-loose.amount, opens=-1, row=loose.index)
    open_ = rows[~refund].assign(size=rows.amount, opens=1, row=-1).merge(back[sizes].drop_duplicates(), on=sizes)
    both = pd.concat([back, open_[back.columns]])
    both = both.sort_values(["days_ago", "opens"], ascending=False, kind="stable")
    before = both.groupby(sizes)[["days_ago", "opens"]].shift()
    found = (both.opens == -1) & (before.opens == 1)
    placed.loc[both.row[found], "ordered"] = before.days_ago[found].to_numpy()
    placed["days_ago"] = placed.ordered.fillna(placed.days_ago).astype(rows.days_ago.dtype)
    lines = pd.concat([rows[~refund], placed])[["customer_id", "days_ago", "amount"]]
    lines["refund"] = lines.amount < 0
    days = lines.groupby(["customer_id", "days_ago"]).agg(
        amount=("amount", "sum"), lines=("refund", "size"), refunds=("refund", "sum")
    )
    days = days.reset_index()
    net = days.amount.round(6)
    days["bought"] = (days.lines > days.refunds) & ((net > 0) | (days.refunds == 0))
    everyone = days.groupby("customer_id")
    result = pd.DataFrame({"tenure_days": everyone.days_ago.max(), "amount": everyone.amount.sum()})
    first = cutoff - pd.to_timedelta(result.tenure_days, unit="D")
    result["already_on_board"] = first < begins + pd.to_timedelta(90, unit="D")
    result["cohort"] = first.dt.to_period("M").dt.start_time.mask(result.already_on_board)
    kept = days[days.bought].sort_values("days_ago")
    grouped = kept.groupby("customer_id")
    oldest, newest, gross = grouped.days_ago.max(), grouped.days_ago.min(), grouped.amount.sum()
    result["purchases"] = grouped.size().reindex(result.index, fill_value=0)
    result["days_since_last_purchase"] = newest
    result["frequency"] = grouped.size() - 1
    result["recency"], result["T"] = (oldest - newest) / 7, (oldest - 1) / 7
    unplaced = -days[~days.bought].groupby("customer_id").amount.sum()
    share = (1 - (unplaced / gross).reindex(gross.index).fillna(0)).clip(lower=0)
    mean = (gross - grouped.amount.last()) / result.frequency.where(result.frequency > 0)
    result["monetary_value"] = (mean * share).fillna(0).where(result.frequency.notna())
    for window in WINDOWS_DAYS:
        inside = days[days.days_ago <= window]
        weight = ((window + 1) - 2 * inside.days_ago) * inside.amount
        result[f"purchases_{window}d"] = inside.groupby("customer_id").bought.sum()
        result[f"amount_{window}d"] = inside.groupby("customer_id").amount.sum()
        slope = weight.groupby(inside.customer_id).sum() / (window * (window**2 - 1) / 6)
        result[f"amount_trend_{window}d"] = slope
    last = rows[rows.amount >= 0].groupby(["customer_id", "category"]).days_ago.min().reset_index()
    result["categories"] = last.groupby("customer_id").size()
    for window in WINDOWS_DAYS:
        result[f"categories_{window}d"] = last[last.days_ago <= window].groupby("customer_id").size()
    zeros = [name for name in result if name[-1] == "d" and np.issubdtype(result[name].dtype, np.number)]
    result[[*zeros, "categories"]] = result[[*zeros, "categories"]].fillna(0)
    result.reset_index().to_parquet(target)


def measure(what: str, source: Path, target: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak gigabytes of one process."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--one", what, str(source), str(target)])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{what} ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def compare(ours: Path, plain: Path) -> None:
    """Both sides answer the same: the time of a wrong answer is worth nothing."""
    import numpy as np
    import pandas as pd

    left, right = (pd.read_parquet(path).set_index("customer_id").sort_index() for path in (ours, plain))
    names = [name for name in right if name in left]
    absent = set(right) - set(left)  # ours has more: changes, and amounts and gaps against habit
    if absent or len(left) != len(right):
        raise SystemExit(f"not the same features: {sorted(absent)}, {len(left)} and {len(right)} customers")
    for name in names:
        if name == "cohort":
            same = left[name].astype("datetime64[s]").equals(right[name].astype("datetime64[s]"))
        else:
            same = np.allclose(
                left[name].astype(float), right[name].astype(float), rtol=1e-9, atol=1e-6, equal_nan=True
            )
        if not same:
            raise SystemExit(f"{name} differs between the two")
    print(f"{len(names)} features of {len(left):,} customers agree", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10, 100], help="sizes of ours")
    parser.add_argument("--pandas", type=int, nargs="*", default=[1, 10], help="sizes of pandas")
    parser.add_argument("--folder", type=Path, default=None, help="where the data goes (100 millions: 2.5 GB)")
    arguments = parser.parse_args()
    if arguments.one:
        what, source, target = arguments.one
        {"ours": ours, "pandas": plain}[what](source, target)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for millions in sorted({*arguments.millions, *arguments.pandas}):
            source = Path(folder) / f"{millions}.parquet"
            generate(millions * 1_000_000, source)
            print(f"{millions} million transactions, {source.stat().st_size / 1e6:,.0f} MB of Parquet", flush=True)
            sides = {"ours": millions in arguments.millions, "pandas": millions in arguments.pandas}
            for what in (what for what, wanted in sides.items() if wanted):
                seconds, cpu, peak = measure(what, source, Path(folder) / f"{what}.parquet")
                wanted = f"  wanted: at most {MEMORY_GB} GB" if what == "ours" else ""
                print(f"  {what:<8}{seconds:8.1f} s{cpu:8.1f} s of CPU{peak:8.2f} GB{wanted}", flush=True)
            if all(sides.values()):
                compare(Path(folder) / "ours.parquet", Path(folder) / "pandas.parquet")
            source.unlink()


if __name__ == "__main__":
    main()
