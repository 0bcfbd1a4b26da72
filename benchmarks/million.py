"""`python benchmarks/million.py`: a study of attrition at size, from raw tables to its report, and scores by its model.

A company is simulated, `workbench run attrition_risk` learns from six cut-offs and lists the customers of today, and
`workbench score` scores them again by the model that was kept. Of every step the seconds of the clock and of the
processor, and the most memory that all processes of the command held at once, looked at five times a second.

First, of a tenth of the customers, how the rows that are looked at come by their features, beside what one would write:
features of everybody at all cut-offs in one table, and of it the rows that are wanted.
"""

import argparse
import datetime as dt
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import psutil

ROOT = Path(__file__).parents[1]
WORKBENCH = Path(sys.executable).with_name("workbench")
FIRST = dt.date(2024, 6, 25)  # six label windows of a month before 2025-01-01
MINUTES, SCORE_SECONDS, MEMORY_GB = 15, 90, 8
EVERY = 0.2  # [s] between looks at the processes


class Watched:
    """A command whose processes are looked at while it runs."""

    def __init__(self, *command: str, folder: Path) -> None:
        self.spent: dict[int, float] = {}
        self.peak = 0.0
        self.lines: list[str] = []
        self.started = self.last = time.perf_counter()
        self.before = 0.0
        self.step = "start"
        process = subprocess.Popen(
            [str(WORKBENCH), *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        reader = threading.Thread(target=self._read, args=(process,))
        reader.start()
        while process.poll() is None:
            self._look(process.pid)
            time.sleep(EVERY)
        reader.join()
        self._tell("end")
        self.seconds = time.perf_counter() - self.started
        if process.returncode not in (0, 1):  # 1: the verdict is that it fails, and the report is there
            raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{''.join(self.lines)}")
        size = f"at most {self.peak:.1f} GB"
        print(f"{' '.join(command[:2]):34}{self.seconds:7.0f} s{self.cpu:7.0f} s of CPU, {size}", flush=True)

    @property
    def cpu(self) -> float:
        return sum(self.spent.values())

    def _look(self, pid: int) -> None:
        held = 0
        try:
            whole = [parent := psutil.Process(pid), *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for each in whole:
            try:
                times = each.cpu_times()
                self.spent[each.pid] = times.user + times.system
                held += each.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        self.peak = max(self.peak, held / 1e9)

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self.lines.append(line)
            if " step " in line:
                self._tell(line.split("  ")[-1].strip())

    def _tell(self, following: str) -> None:
        now, spent = time.perf_counter(), self.cpu
        wall, cpu = now - self.last, spent - self.before
        print(f"  {self.step:32}{wall:7.0f} s{cpu:7.0f} s of CPU, {self.peak:.1f} GB so far", flush=True)
        self.last, self.before, self.step = now, spent, following


def project(folder: Path, customers: int) -> Path:
    """A project with the studies and a simulated company `big`."""
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    (folder / "data").mkdir()
    Watched("data", "add", "big", "--simulate", f"customers={customers}", "months=24", "truth=false", folder=folder)
    return folder


def scale(folder: Path, customers: int) -> None:
    """From raw tables to the report, and scores by the model."""
    project(folder, customers)
    done = Watched(
        "run", "attrition_risk", "--dataset", "big", "-p", "source=subscriptions", "-p", f"first_cutoff={FIRST}",
        folder=folder,
    )  # fmt: skip
    print(f"wanted of a million on two free cores: {MINUTES} minutes, {MEMORY_GB} GB")
    run = next(line.strip() for line in reversed(done.lines) if line.startswith("reports/"))
    Watched("score", run, "--dataset", "big", folder=folder)
    print(f"wanted of a million, features given: {SCORE_SECONDS} s")


def two_ways(folder: Path, customers: int) -> None:
    """Features of the rows that are looked at, made of nobody else, and taken from the table of everybody."""
    from workbench import datasets
    from workbench.features import customer_features, schedule
    from workbench.models.attrition.population.drawing import MOST_CUSTOMERS, Lots, draw_customers
    from workbench.models.attrition.population.labels import labelled
    from workbench.studies import featured

    source = datasets.find("big", project(folder, customers))
    staged = folder / "staged"
    staged.mkdir()
    fit, _ = featured.usable(source)
    tables = featured.tables_of(source, fit, staged=staged, named=())
    when = schedule("subscriptions", source.load("subscriptions").frame, first=FIRST)
    constant = [name for name in source.tables["customers"].constant if name in tables["customers"].columns]
    options = featured.fixed(tables, {"windows_days": (30, 90), "constant": constant})
    made = customer_features(tables, when.when, records=when.records, **options)
    there = labelled("subscriptions", made)
    drawn = draw_customers(there, most=min(MOST_CUSTOMERS, customers // 2), lots=Lots())
    rows = there.loc[drawn.looked, ["customer_id", "cutoff"]].reset_index(drop=True)

    def plain() -> pd.DataFrame:
        frame = made.frame()
        frame["cutoff"] = pd.to_datetime(frame["cutoff"])
        return rows.merge(frame, on=["customer_id", "cutoff"])

    ours, found = seconds(lambda: made.of(rows))
    theirs, expected = seconds(plain)
    for name in found.select_dtypes("number"):
        np.testing.assert_array_equal(found[name].to_numpy(np.float32), expected[name].to_numpy(np.float32))
    print(f"features of {len(rows):,} of {len(there):,} rows: {ours:.0f} s of CPU", flush=True)
    print(f"of all, in one table, the same rows taken: {theirs:.0f} s of CPU, {theirs / ours:.1f} times", flush=True)
    print(f"both are equal in single precision; at most {peak():.1f} GB", flush=True)


def seconds(work: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    started = time.process_time()
    found = work()
    print(f"  {time.process_time() - started:.0f} s of CPU, {peak():.1f} GB so far", flush=True)
    return time.process_time() - started, found


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--customers", type=int, default=1_000_000)
    asked.add_argument("--folder", type=Path, default=None, help="where the data goes (a million: 2 GB)")
    asked.add_argument("--only", choices=["ways", "scale"], default=None)
    given = asked.parse_args()
    if given.only != "scale":
        with TemporaryDirectory(dir=given.folder) as folder:
            two_ways(Path(folder), given.customers // 10)
    if given.only != "ways":
        with TemporaryDirectory(dir=given.folder) as folder:
            scale(Path(folder), given.customers)


if __name__ == "__main__":
    main()
