"""How much is read of a file: what is larger is refused before it fills the memory or takes for ever."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workbench.errors import DataError
from workbench.wording import number, sentence

if TYPE_CHECKING:
    from _csv import Reader

    import pyarrow.parquet as pq

MOST_COLUMNS = 5_000  # a survey has some hundreds; each column is looked at by itself
MOST_SHEET_ROWS = 1_048_576  # Excel has no more
MOST_SHEET_CELLS = 10_000_000  # held in memory at once, about 600 MB
MOST_UNPACKED_BYTES = 300_000_000  # of a workbook: about as many cells, read at 10 MB a second
MOST_TEXT_BYTES = 100_000_000  # of a workbook's texts, which are read whole: 2 million of them
MOST_TIMES_UNPACKED = 150  # sheets unpack to 5 to 25 times their size, what was made to fill a memory to 1,000
SMALL_BYTES = 30_000_000  # what unpacks to less does no harm
LONGEST_LINE = 1 << 24  # characters: a longer line is a file without line ends
LONGEST_NUMBER = 400  # digits: no number of 64 bits has more than 309
MOST_VALUES_A_BYTE = 200  # of a Parquet file: tables of customers have ten at most
FEW_VALUES = 10_000_000  # what holds fewer does no harm
LARGEST_FOOTER_BYTES = 1 << 26  # of a Parquet file: 600,000 pieces of columns, or 100 columns of 6 billion rows


def check_columns(count: int) -> None:
    """Whether a table of so many columns is read.

    Parameters
    ----------
    count
        How many it has.

    Raises
    ------
    DataError
        When they are too many.
    """
    if count > MOST_COLUMNS:
        template = "got {count} columns, expected at most {most}: leave out those that no study needs."
        raise DataError(sentence(template, count=number(count), most=number(MOST_COLUMNS)))


def lines(text: TextIO) -> Iterator[str]:
    """The lines of a text, none of which is longer than can be held.

    Parameters
    ----------
    text
        From its present place on.

    Raises
    ------
    DataError
        At a longer one.
    """
    place = 0
    while line := text.readline(LONGEST_LINE + 1):
        place += 1
        if len(line) > LONGEST_LINE:
            template = "line {line} has more than {most} characters; is this a file without ends of lines?"
            raise DataError(sentence(template, line=number(place), most=number(LONGEST_LINE)))
        yield line


def rows(text: TextIO, separator: str) -> "Reader":
    """The rows of a text, as Python's reader of CSV has them.

    Parameters
    ----------
    text
        From its present place on.
    separator
        Between fields.
    """
    csv.field_size_limit(LONGEST_LINE)  # by default a cell of 128 KB is an error
    return csv.reader(lines(text), delimiter=separator)


def whole(digits: str) -> int:
    """A whole number in JSON, as `json.loads` asks for it.

    Parameters
    ----------
    digits
        Its sign and digits.

    Raises
    ------
    DataError
        When there are more digits than any number of ours has.
    """
    if len(digits) > LONGEST_NUMBER:
        template = "a number has {count} digits, expected at most {most}; write it as text if it is an id."
        raise DataError(sentence(template, count=number(len(digits)), most=number(LONGEST_NUMBER)))
    return int(digits)


def check_unpacked(told: "pq.FileMetaData", size: int) -> None:
    """Whether what a Parquet file unpacks to can be held.

    Parameters
    ----------
    told
        What it says of itself.
    size
        Bytes of the file.

    Raises
    ------
    DataError
        When so few bytes hold no table of anything.
    """
    values = told.num_rows * told.num_columns
    if values > max(FEW_VALUES, MOST_VALUES_A_BYTE * size):
        template = "{rows} rows in {size} bytes: no table of anything is so dense; is this the right file?"
        raise DataError(sentence(template, rows=number(told.num_rows), size=number(size)))
    unpacked = sum(told.row_group(i).total_byte_size for i in range(told.num_row_groups))
    if unpacked > max(MOST_UNPACKED_BYTES, MOST_TIMES_UNPACKED * size):
        template = "the file unpacks to {times} times its size, as no table does; is this the right file?"
        raise DataError(sentence(template, times=number(unpacked // max(size, 1))))


def check_footer(path: Path) -> None:
    """Whether what a Parquet file says of itself can be held.

    Parameters
    ----------
    path
        The file; one that is no Parquet is told elsewhere.

    Raises
    ------
    DataError
        When it is too large.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 8, 0))
        footer = int.from_bytes(file.read(4), "little")
    if LARGEST_FOOTER_BYTES < footer < size:
        template = "a Parquet file with {size} bytes about its columns, expected at most {most}; write fewer columns."
        raise DataError(sentence(template, size=number(footer), most=number(LARGEST_FOOTER_BYTES)))
