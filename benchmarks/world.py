"""How long a simulated company takes to make, how much memory, and how both grow with it.

    .venv/bin/python benchmarks/world.py [--customers 25000 100000 400000] [--months 24]

Each size is made in a process of its own, with all cores; peak memory is the sum over its processes of their highest
(so rather too high). Each is made without (`warning=0`) and with departures that announce themselves, with the ratio of
processor time (seconds of all processes; those on the clock hang on what else the machine does) and of memory. A world
with announced departures has more in it, and should take at most a third more.
Beside it, the same months lived one customer at a time in plain Python, as a first draft of a simulator would: that
loop lives through one touchpoint and hazard only, for 2,000 customers, and is scaled up.
"""

import argparse
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BURN_IN = 36


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[25_000, 100_000, 400_000])
    parser.add_argument("--months", type=int, default=24)
    options = parser.parse_args()
    head = f"{'customers':>10}{'truth':>8}{'warning':>9}{'seconds':>10}{'CPU s':>10}{'peak GB':>10}{'rows':>12}"
    print(head + f"{'loop, s':>10}{'× CPU':>8}{'× memory':>10}")
    for customers in options.customers:
        for truth in ("true", "false"):
            settings = [f"customers={customers}", f"months={options.months}", f"truth={truth}"]
            report(customers, truth, settings, options.months)
    report(1_000, "true", ["preset=small"], 18)


def report(customers: int, truth: str, settings: list[str], months: int) -> None:
    """Without and with departures that announce themselves, and how much more the second takes."""
    before: tuple[float, float] | None = None
    for warning in ("0", "1"):
        command = [sys.executable, __file__, "--one", *settings, f"warning={warning}"]
        seconds, busy, peak, rows = map(
            float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        )
        loop = naive_loop(2_000, months) * customers / 2_000
        times = "" if before is None else f"{busy / before[0]:>8.2f}{peak / before[1]:>10.2f}"
        before = busy, peak
        measured = f"{seconds:>10.1f}{busy:>10.1f}{peak:>10.2f}{int(rows):>12,}{loop:>10.0f}"
        print(f"{customers:>10,}{truth:>8}{warning:>9}{measured}{times}", flush=True)


def one(settings: list[str]) -> None:
    """Make one company and print seconds on the clock and of the processors, peak memory in GB, and rows."""
    import os

    import pyarrow.parquet as pq

    from workbench.simulate.engine.settings import read_settings
    from workbench.simulate.world import simulate

    with tempfile.TemporaryDirectory() as folder:
        tables, known = Path(folder, "firm"), Path(folder, "known")
        tables.mkdir()
        known.mkdir()
        began = time.perf_counter()
        simulate(read_settings(settings), tables, known)
        seconds = time.perf_counter() - began
        rows = sum(pq.read_metadata(path).num_rows for path in tables.glob("*.parquet"))
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, others = (each.ru_maxrss / 1e6 for each in both)
    busy = sum(each.ru_utime + each.ru_stime for each in both)
    print(seconds, busy, own + others * len(os.sched_getaffinity(0)), rows)


def naive_loop(customers: int, months: int) -> float:
    """Seconds for customers one at a time: a visit, a grade and a hazard a month."""
    draws = random.Random(1)
    began = time.perf_counter()
    for _ in range(customers):
        satisfaction = draws.gauss(0, 1)
        for _ in range(BURN_IN + months):
            for _ in range(8):
                if draws.random() < 0.25:
                    grade = sum(draws.gauss(0, 1) > cut for cut in (-1.9, -1.2, -0.45, 0.55))
                    satisfaction += 0.1 * (grade - 3)
            if draws.random() < 1 - math.exp(-0.02 * math.exp(-0.3 * satisfaction)):
                satisfaction = draws.gauss(0, 1)
    return time.perf_counter() - began


if __name__ == "__main__":
    one(sys.argv[2:]) if sys.argv[1:2] == ["--one"] else main()
