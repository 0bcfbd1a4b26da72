"""Rows that a stray quotation mark has swallowed: read as a part of one cell, they pass for text.

Text of several lines is allowed in a cell. It is no text where each of its lines would be a whole row, had the marks
not been there: with as many fields as the header, and numbers and dates where the column has them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

SAMPLE_ROWS = 1_000  # rows from which it is learned which columns hold numbers and dates
_MOSTLY = 0.9  # share of a column's values from which it is one of numbers and dates
_CLEAR_FIELDS = 4  # commas that many lines have in the right number by chance, in a table without numbers
_CLEAR_LINES = 4  # likewise, lines one after another
_ENDS = re.compile(r"\r\n|\n|\r")
DATUM = re.compile(r"[^\w\s]{0,4}\s?\d[\d\s.,:/+%€$£¥年月日TZ-]*[A-Za-z%€万元]{0,4}|[A-Za-z_-]{0,6}\d+[\w-]*")
"""A number, an amount, a moment or an id with digits: what no column is called."""


@dataclass(frozen=True)
class Swallowed:
    """Lines that are in one cell.

    Attributes
    ----------
    first, last
        Numbers of the lines in which the mark opens and closes.
    """

    first: int
    last: int


def swallowed(rows: Iterable[tuple[int, Sequence[str]]], width: int, separator: str) -> Iterator[Swallowed]:
    """Cells that hold rows.

    Parameters
    ----------
    rows
        The rows below the header, each with the number of the line that it ends in.
    width
        Fields of the header.
    separator
        Between fields.
    """
    if width < 2:
        return  # every line of text is a row of one field
    rows = iter(rows)
    sample = list(islice(rows, SAMPLE_ROWS))
    places = _data_places([row for _, row in sample if len(row) == width and not any(map(_several, row))], width)
    for end, row in chain(sample, rows):
        for place, cell in enumerate(row):
            if _several(cell):
                lines = _as_rows(row, place, separator)
                if _are_rows(lines, width, places):
                    yield Swallowed(end - len(lines) + 1, end)
                    break


def _several(cell: str) -> bool:
    return "\n" in cell or "\r" in cell


def _as_rows(row: Sequence[str], place: int, separator: str) -> list[list[str]]:
    """The rows that would stand in the file without the marks around one cell."""
    parts = [part.split(separator) for part in _ENDS.split(row[place])]
    if place == len(row) - 1 and parts[-1] == [""]:
        parts.pop()  # a mark that is never closed takes the end of the file with it
    parts[0] = [*row[:place], *parts[0]]
    parts[-1] = [*parts[-1], *row[place + 1 :]]
    return parts


def _are_rows(lines: list[list[str]], width: int, places: Sequence[int]) -> bool:
    if len(lines) < 2 or any(len(line) != width for line in lines):
        return False
    if not places:
        return width >= _CLEAR_FIELDS or len(lines) >= _CLEAR_LINES
    return all(not line[place].strip() or DATUM.fullmatch(line[place].strip()) for line in lines for place in places)


def _data_places(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Columns of numbers, dates and ids with digits."""
    found = []
    for place in range(width):
        values = [row[place].strip() for row in rows if row[place].strip()]
        if values and sum(bool(DATUM.fullmatch(value)) for value in values) >= _MOSTLY * len(values):
            found.append(place)
    return found
