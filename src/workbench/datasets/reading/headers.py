"""Names of columns as a file has them: tidied, each with a name of its own, and the row in which they stand."""

import re
from collections import Counter
from collections.abc import Sequence

from workbench.wording import sentence


def tidy(header: str) -> str:
    """A header without byte-order mark and with its blanks collapsed.

    Parameters
    ----------
    header
        As it stands in the file.

    Examples
    --------
    >>> tidy(chr(0xFEFF) + " Call  Failure ")
    'Call Failure'
    """
    return " ".join(header.replace("\ufeff", "").split())


def reachable(headers: Sequence[str]) -> tuple[str, ...]:
    """Headers by which every column can be named: those that stand twice are numbered, those that are empty are placed.

    Parameters
    ----------
    headers
        As they stand in the file.

    Examples
    --------
    >>> reachable(["id", "score", "", "score"])
    ('id', 'score (1)', 'column 3', 'score (2)')
    """
    counts, taken, found = Counter(headers), set(headers), []
    for place, header in enumerate(headers, 1):
        name = header or sentence("column {place}", place=place)
        if header and counts[header] > 1:
            before = headers[:place].count(header)
            name = sentence("{header} ({n})", header=header, n=before)
        while name in taken and name != header:
            name += "'"
        taken.add(name)
        found.append(name)
    return tuple(found)


def is_unnamed(header: str) -> bool:
    """Whether a header is one that `reachable` gave a column without a name.

    Parameters
    ----------
    header
        As it stands in the file.
    """
    return bool(re.fullmatch(sentence("column {place}", place=r"\d+") + "'*", header))


def names_among(headers: Sequence[str]) -> list[str]:
    """The headers that may be told in a message: where a file has no header, its first row stands there.

    Parameters
    ----------
    headers
        As they stand in the file.

    Examples
    --------
    >>> names_among(["customer", "ada@example.org", "+44 7700 900123"])
    ['customer']
    """
    return [header for header in headers if "@" not in header and not re.search(r"\d{4}", header)]


def likely_row(rows: Sequence[Sequence[str]]) -> int:
    """The row, counted from 1, in which the header seems to stand: the first one that is about as wide as the rows are.

    Titles, notes and dates of an export stand in one or two cells above it.

    Parameters
    ----------
    rows
        The first rows of the file, blank ones included.

    Examples
    --------
    >>> likely_row([["Export of May"], [], ["id", "start", "end"], ["a", "2024-01-01", ""]])
    3
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    widest = max(filled, default=0)
    return next((i for i, count in enumerate(filled, 1) if count and count > widest / 2), 1)
