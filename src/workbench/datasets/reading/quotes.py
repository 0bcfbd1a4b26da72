"""Rows that a stray quotation mark has swallowed: read as a part of one cell, they pass for text.

Text of several lines is allowed in a cell. It is no text where each of its lines would be a whole row, had the marks
not been there: with as many fields as the header, and numbers and dates where the column has them. In a table of words
alone, lines of text have the commas by chance: there, fields begin as they do in other rows (not with a blank, as words
behind a comma do in a sentence), and are mostly such as their columns have.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

SAMPLE_ROWS = 1_000  # rows from which it is learned which columns hold numbers and dates
_KNOWN = 0.5  # share of values that stand elsewhere in their column, from which they are levels
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
    known = [row for _, row in sample if len(row) == width and not any(map(_several, row))]
    places = _data_places(known, width)
    words = None if places else _Words.of(known, width)
    for end, row in chain(sample, rows):
        for place, cell in enumerate(row):
            if _several(cell):
                lines = _as_rows(row, place, separator)
                if _are_rows(lines, width, places) and (words is None or words.has(lines, place)):
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


@dataclass(frozen=True)
class _Words:
    """How the fields of a table of words alone look: whether they begin with a blank, and which levels a column has."""

    padded: bool
    levels: Mapping[int, frozenset[str]]

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], width: int) -> "_Words":
        behind = [field for row in rows for field in row[1:] if field]
        columns = [[row[place].strip() for row in rows if row[place].strip()] for place in range(width)]
        return cls(
            padded=sum(field[0].isspace() for field in behind) > len(behind) / 2,
            levels={
                place: frozenset(values)
                for place, values in enumerate(columns)
                if values and len(set(values)) <= len(values) * (1 - _KNOWN)
            },
        )

    def has(self, lines: list[list[str]], place: int) -> bool:
        """Whether the lines of a cell, which stands in a column, may be rows of this table."""
        last = len(lines) - 1
        # Of the first and the last line, what does not come from the cell is like other rows in any case.
        own = [
            (column, field)
            for at, line in enumerate(lines)
            for column, field in enumerate(line)
            if (at > 0 or column >= place) and (at < last or column <= place)
        ]
        if not self.padded and any(field[:1].isspace() for column, field in own if column):
            return False
        told = [field.strip() in self.levels[column] for column, field in own if column in self.levels]
        return sum(told) >= len(told) * _KNOWN


def _data_places(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Columns of numbers, dates and ids with digits."""
    found = []
    for place in range(width):
        values = [row[place].strip() for row in rows if row[place].strip()]
        if values and sum(bool(DATUM.fullmatch(value)) for value in values) >= _MOSTLY * len(values):
            found.append(place)
    return found
