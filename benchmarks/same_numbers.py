"""Whether two runs say the same numbers: results.json, and the tables where both are folders of runs.

    python benchmarks/same_numbers.py BEFORE AFTER [--renamed old=new …] [--tolerance 1e-9] [--without NAME …]

Sentences may differ, and what is only in AFTER is named and no difference. Exit code 1 where a number, a status or a
name is not the same.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

FINDING = ("estimate", "interval", "evidence", "n", "table", "figure")
CHECK = ("status", "value", "threshold", "kind")
TOLERANCE = 1e-9
"""Relative to the larger of two numbers: sums in another order."""


def numbers_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """By name what a results.json says to machines: `metric x`, `finding x estimate`, `check x status`."""
    said = {f"metric {name}": value for name, value in results["metrics"].items()}
    for kind, key, fields in (("finding", "id", FINDING), ("check", "name", CHECK)):
        for each in results[f"{kind}s"]:
            said |= {f"{kind} {each[key]} {field}": each.get(field) for field in fields}
    return said


def tables_of(run: Path) -> dict[str, Any]:
    """By name every table of a run's folder, those of single customers among them: `table x`."""
    paths = [path for folder in ("tables", "private") for path in sorted((run / folder).glob("*.parquet"))]
    return {f"table {path.stem}": pd.read_parquet(path) for path in paths}


def read(path: Path) -> dict[str, Any]:
    """All that a run says: of its folder, or of its results.json alone."""
    results = path / "results.json" if path.is_dir() else path
    return numbers_of(json.loads(results.read_text())) | (tables_of(path) if path.is_dir() else {})


def renamed(name: str, names: Mapping[str, str]) -> str:
    """A name with every part of it that has a new one."""
    return " ".join(names.get(part, part) for part in name.split(" "))


def same(before: Any, after: Any, tolerance: float) -> bool:
    """Whether two values are the same number, text, or list of such."""
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(
            same(one, other, tolerance) for one, other in zip(before, after, strict=True)
        )
    if isinstance(before, int | float) and isinstance(after, int | float):
        return before == after or math.isclose(before, after, rel_tol=tolerance, abs_tol=1e-12)
    return before == after


def unlike(before: pd.DataFrame, after: pd.DataFrame, names: Mapping[str, str], tolerance: float) -> Iterator[str]:
    """What differs between two tables, a phrase each; texts are for people and may differ."""
    before = before.rename(columns=names)
    if list(before.columns) != list(after.columns):
        yield f"columns {list(before.columns)} are now {list(after.columns)}"
    if len(before) != len(after):
        yield f"{len(before)} rows are now {len(after)}"
        return
    for column in before.columns.intersection(after.columns):
        one, other = before[column], after[column]
        if one.dtype.kind in "iufb" and other.dtype.kind in "iufb":
            apart = [
                place
                for place, pair in enumerate(zip(one.astype(float), other.astype(float), strict=True))
                if not (all(map(math.isnan, pair)) or same(*pair, tolerance))
            ]
            if apart:
                yield f"{column}: {len(apart)} rows, first {one.iloc[apart[0]]} is now {other.iloc[apart[0]]}"


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str], tolerance: float = TOLERANCE
) -> list[str]:
    """A line for each number that is gone or not the same.

    Parameters
    ----------
    before, after
        From `read`.
    names
        From old to new names of metrics, findings, checks, tables and columns.
    tolerance
        Relative.
    """
    lines = []
    for name, value in before.items():
        now = renamed(name, names)
        if now not in after:
            lines.append(f"gone: {name}")
        elif isinstance(value, pd.DataFrame):
            lines += [f"{now}: {what}" for what in unlike(value, after[now], names, tolerance)]
        elif not same(names.get(value, value) if isinstance(value, str) else value, after[now], tolerance):
            lines.append(f"{now}: {value} is now {after[now]}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--renamed", nargs="*", default=[], metavar="OLD=NEW")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="words of names that are passed over")
    options = parser.parse_args()
    before, after = (
        {name: value for name, value in read(path).items() if not set(name.split()) & set(options.without)}
        for path in (options.before, options.after)
    )
    names = dict(each.split("=", 1) for each in options.renamed)
    lines = differences(before, after, names, options.tolerance)
    known = {renamed(name, names) for name in before}
    print("\n".join([*lines, *(f"new: {name}" for name in after if name not in known)]))
    print(f"{len(before)} numbers and tables before, {len(after)} after, {len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
