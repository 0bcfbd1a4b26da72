"""What is kept of each company, in the repository, so that a row of an hour or more is run by whoever has one.

A file a row, a line a company: its seed, a digest of the code that made it, and its result to five digits. Where the
code has changed since, two of the companies are made again: come out as they were, all are kept, and otherwise none.
"""

import json
from collections.abc import Callable, Iterable
from math import isclose
from pathlib import Path
from typing import Any

from workbench.files import write_atomic

FOLDER = Path(__file__).parent / "kept"
DIGITS = 5
SAME = 2e-4  # of numbers of five digits, made on another machine

Line = dict[str, Any]


def read(row: str, folder: Path = FOLDER) -> list[Line]:
    """Lines of a row in the order of seeds, one a seed: the last that was written."""
    path = _path(row, folder)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for _, line in sorted({line["seed"]: line for line in lines}.items())]


def add(row: str, seed: int, result: object, code: str, folder: Path = FOLDER) -> None:
    """One company more; others may add to the same row meanwhile."""
    path = _path(row, folder)
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps({"seed": seed, "code": code, "result": rounded(result)}) + "\n")


def still_so(row: str, code: str, make: Callable[[int], object], folder: Path = FOLDER) -> list[Line]:
    """What is kept of a row and is of this code, or comes out alike with it; the rest is dropped.

    Parameters
    ----------
    row
        Its name.
    code
        Digest of the code as it is.
    make
        The result of a seed.
    folder
        Where rows are kept.

    Returns
    -------
    list of dict
        Lines, all of them of this code.
    """
    lines = read(row, folder)
    older = [line for line in lines if line["code"] != code]
    if not older:
        return lines
    alike = all(same(rounded(make(line["seed"])), line["result"]) for line in (older[0], older[-1]))
    lines = [{**line, "code": code} for line in lines if alike or line["code"] == code]
    write_atomic(_path(row, folder), "".join(json.dumps(line) + "\n" for line in lines))
    return lines


def rounded(value: Any) -> Any:
    """With numbers to `DIGITS` digits.

    Examples
    --------
    >>> rounded({"npv": [1234.5678, None], "warns": True})
    {'npv': [1234.6, None], 'warns': True}
    """
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, Iterable):
        return [rounded(each) for each in value]
    return float(f"{float(value):.{DIGITS}g}")


def same(one: Any, other: Any) -> bool:
    """Whether two results are alike, numbers within `SAME` of each other.

    Examples
    --------
    >>> same({"npv": [1234.6, None]}, {"npv": [1234.7, None]}), same([1.0], [1.1])
    (True, False)
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    return one == other


def _path(row: str, folder: Path) -> Path:
    return folder / f"{row.replace(',', '').replace(' ', '_')}.jsonl"
