"""Whether the first line of a file names its columns or is a row of data: somebody's row must not become names."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

ROWS = 200  # below the first line, that it is held against
_MOSTLY = 0.9  # share of a column's values that are of one kind
_YEAR = re.compile(r"(19|20)\d\d")
_NUMBER = re.compile(r"[-+]?[$€£¥]?\s?\d[\d.,' ]*\s?[%€]?")
_MOMENT = re.compile(r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?")


def is_headless(first: Sequence[str], rows: Sequence[Sequence[str]], tells: Callable[[str], bool]) -> bool:
    """Whether the first line seems to be a row of data: half of its cells are like those below them.

    A cell is like those below when it is a number or a moment as they are or has letters and digits in the same places;
    when it stands among them again, or tells a person as they do, another cell has to speak for it too.

    Parameters
    ----------
    first
        The line that should be the header.
    rows
        Rows below it, with as many cells.
    tells
        Whether a text looks like a person's.

    Examples
    --------
    >>> rows = [["A-02", "5", "North"], ["A-03", "7", "South"], ["A-04", "8", "North"]]
    >>> is_headless(["id", "months", "region"], rows, lambda text: False)
    False
    >>> is_headless(["A-01", "12", "South"], rows, lambda text: False)
    True
    """
    clear = faint = told = 0
    whole = [int(cell) for cell in first if cell.strip().isdigit() and len(cell) <= 4]
    counted = len(whole) > 2 and all(later - before == 1 for before, later in pairwise(whole))  # months 1, 2, 3 …
    for place, cell in enumerate(first):
        values = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
        if cell.strip() and values:
            told += 1
            if not (counted and cell.strip().isdigit()) and _has_form(cell.strip(), values):
                clear += 1
            elif cell.strip() in values or (tells(cell) and _most(values, tells)):
                faint += 1
    return 2 * (clear + faint) >= told and (clear >= 1 or faint >= 2 or (faint == told == 1))


def _has_form(cell: str, values: Sequence[str]) -> bool:
    """Whether a cell is of the same form as nearly all values, and no name would be."""
    if _NUMBER.fullmatch(cell):
        # Years and small whole numbers are names of columns in wide tables.
        if _YEAR.fullmatch(cell) or (cell.isdigit() and len(cell) <= 2):
            return _most(values, lambda value: _shape(value) == _shape(cell))
        return _most(values, _NUMBER.fullmatch)
    if _MOMENT.fullmatch(cell):
        return _most(values, _MOMENT.fullmatch)
    return any(each.isdigit() for each in cell) and _most(values, lambda value: _shape(value) == _shape(cell))


def _most(values: Sequence[str], kind: Callable[[str], object]) -> bool:
    return sum(bool(kind(value)) for value in values) >= _MOSTLY * len(values)


def _shape(text: str) -> str:
    """Which kind of character stands where: digits count one by one, letters together."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", text))
