"""`make validation`: run what is missing, then write the page. `python -m benchmarks.validation --help`."""

import argparse
import json
import time
from pathlib import Path

from benchmarks.validation.estimates import judged
from benchmarks.validation.page import written
from benchmarks.validation.rows import ROWS, Results, Row
from tests.kept_worlds import FOLDER, digest_of

from workbench.files import write_atomic

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation_of_returns.md"
FIRST_SEED = 1_001  # of each row; no world of development is among them


def world(row: Row, seed: int) -> dict:
    """One result, made where it is not kept yet."""
    path = _home(row) / f"{seed}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        found = row.of([f"seed={seed}", *row.settings], seed)
        write_atomic(path, json.dumps(found, default=float))
    return json.loads(path.read_text())


def kept(row: Row) -> Results:
    """Results that are there, in the order of seeds."""
    return [json.loads(path.read_text()) for path in sorted(_home(row).glob("*.json"))]


def _home(row: Row) -> Path:
    return FOLDER / "validation" / digest_of(judged) / row.name.replace(" ", "_").replace(",", "")


def main() -> None:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="benchmarks.validation", description=__doc__)
    parser.add_argument("--row", choices=names, action="append", help="only these rows")
    parser.add_argument("--worlds", type=int, help="companies of each row; all that are asked when left out")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long")
    parser.add_argument("--state", default="", help="a sentence for the page on what was measured")
    asked = parser.parse_args()
    end = time.monotonic() + 60 * asked.minutes
    for row in ROWS:
        if asked.row and row.name not in asked.row:
            continue
        for seed in range(FIRST_SEED, FIRST_SEED + min(asked.worlds or row.worlds, row.worlds)):
            if time.monotonic() > end:
                break
            world(row, seed)
            print(f"{row.name}: {seed - FIRST_SEED + 1}", flush=True)
    write_atomic(PAGE, written({row.name: kept(row) for row in ROWS}, ROWS, asked.state))


if __name__ == "__main__":
    main()
