"""`make validation`: run what is missing, then write the page. `python -m benchmarks.validation --help`."""

import argparse
import time
from pathlib import Path

from benchmarks.validation import kept
from benchmarks.validation.estimates import judged
from benchmarks.validation.page import written
from benchmarks.validation.rows import ROWS, Row
from tests.kept_worlds import digest_of

from workbench.files import write_atomic

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation_of_returns.md"
FIRST_SEED = 1_001  # of each row; no world of development is among them


def run(row: Row, worlds: int, code: str, end: float) -> None:
    """Companies of a row that are not kept yet, until the clock is at `end`."""

    def make(seed: int) -> object:
        return row.of([f"seed={seed}", *row.settings], seed)

    there = {line["seed"] for line in kept.still_so(row.name, code, make)}
    for seed in range(FIRST_SEED, FIRST_SEED + worlds):
        if time.monotonic() > end:
            break
        if seed not in there:
            kept.add(row.name, seed, make(seed), code)
            print(f"{row.name}: {seed - FIRST_SEED + 1}", flush=True)


def main() -> None:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="benchmarks.validation", description=__doc__)
    parser.add_argument("--row", choices=names, action="append", help="only these rows")
    parser.add_argument("--worlds", type=int, help="companies of each row; all that are asked when left out")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long")
    parser.add_argument("--state", default="", help="a sentence for the page on what was measured")
    asked = parser.parse_args()
    end, code = time.monotonic() + 60 * asked.minutes, digest_of(judged)
    for row in ROWS:
        if (not asked.row or row.name in asked.row) and time.monotonic() < end:
            run(row, min(asked.worlds or row.worlds, row.worlds), code, end)
    found = {row.name: [line["result"] for line in kept.read(row.name)] for row in ROWS}
    write_atomic(PAGE, written(found, ROWS, asked.state))


if __name__ == "__main__":
    main()
