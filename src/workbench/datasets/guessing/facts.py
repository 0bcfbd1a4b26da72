"""What is known of a column of a file: counted once, over all its rows."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from workbench.datasets.guessing import dates, notation
from workbench.datasets.guessing.dates import Dates
from workbench.datasets.guessing.gaps import is_gap
from workbench.datasets.guessing.notation import Notation
from workbench.datasets.guessing.vocabulary.names import TEMPORAL, plain
from workbench.datasets.privacy import persons
from workbench.datasets.reading import sources
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import mapping, moments

# Beyond so many distinct values a text is no category.
MOST_CATEGORIES = 50
_MOST_VALUES = 150
_CODES = (99, 999, 9999, 99999, 999999, -1, -9, -99, -999, -9999, -99999)


@dataclass(frozen=True)
class Facts:
    """A column.

    Attributes
    ----------
    header, position
        Its name, and its place in the file from 0.
    rows, present, distinct, numbers
        Rows, those with a value, different values, values that are numbers.
    values
        The most frequent values with their counts.
    dates
        How its dates are written; None for what holds no dates.
    notation
        How its numbers are written; None where they are plain.
    lowest, highest
        Of its numbers, codes for missing values (-99, 999 …) left out; None without numbers.
    personal
        Whether it seems to tell a person.
    cancelled
        Whether some of its values begin with a C, as cancelled invoices do.
    padded
        Whether some of its values are digits with zeros in front, as codes are and numbers are not.
    """

    header: str
    position: int
    rows: int
    distinct: int
    values: list[tuple[str, int]]
    numbers: int
    present: int
    dates: Dates | None = None
    notation: Notation | None = None
    lowest: float | None = None
    highest: float | None = None
    personal: bool = False
    cancelled: bool = False
    padded: bool = False
    called: str = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "called", plain(self.header))

    @property
    def numeric(self) -> bool:
        """Whether all values but the usual words for a gap are numbers, and none has zeros in front."""
        return self.digits and not self.padded

    @cached_property
    def digits(self) -> bool:
        """Whether all values but the usual words for a gap are written as numbers."""
        if self.notation:
            return self.notation.numeric
        gaps = sum(count for value, count in self.values if is_gap(value))
        return 0 < self.numbers == self.present - gaps

    @cached_property
    def texts(self) -> list[str]:
        """The most frequent values that are no word for a gap."""
        return [value for value, _ in self.values if not is_gap(value)]

    @property
    def counts(self) -> dict[str, int]:
        """How often each of the most frequent values stands."""
        return dict(self.values)

    @property
    def complete(self) -> bool:
        """Whether `values` has all values."""
        return self.distinct <= len(self.values)

    @property
    def clock(self) -> bool:
        """Whether its dates have a time of day."""
        return self.dates is not None and self.dates.clock

    @property
    def telling(self) -> bool:
        """Whether nearly every row has a text of its own, as names and free remarks are: those tell a person."""
        return persons.telling(self.present, self.distinct) and not self.digits and self.dates is None

    @property
    def truth(self) -> bool:
        """Whether all values are 0 and 1, or true and false."""
        return bool(self.texts) and {value.casefold() for value in self.texts} <= {"0", "1", "true", "false"}

    @property
    def unique(self) -> float:
        """Different values among those present, as a share."""
        return self.distinct / self.present if self.present else 0.0


def measure(connection: Connection, raw: sources.RawTable, position: int, decimal: str, separator: str) -> Facts | None:
    """The facts of one column; None where no dataset.yaml can name it, or its type is none of ours.

    Parameters
    ----------
    connection
        Where rows are laid out.
    raw
        The rows as they were read, with their headers.
    position
        Of the column, from 0.
    decimal
        Mark of decimals.
    separator
        Mark between the fields of the file.
    """
    header, column = raw.headers[position], raw.table[f"c{position}"]
    if not header or raw.headers.count(header) > 1:
        return None
    try:
        text = mapping.as_text(column)
    except mapping.UnsupportedTypeError:
        return None
    connection.view("_drafted", raw.table.select(x=text))
    plain_number = "replace(x, $decimal, '.')" if decimal != "." else "x"
    number = f"CASE WHEN regexp_matches({plain_number}, $number) THEN TRY_CAST({plain_number} AS DOUBLE) END"
    codes = ", ".join(map(str, _CODES))
    rows, numbers, low, high, crossed, padded, present, distinct, mails, personal = connection.execute(
        f"SELECT count(*), count(n), min(n) FILTER (n NOT IN ({codes})), max(n) FILTER (n NOT IN ({codes})), "
        "count(*) FILTER (regexp_matches(x, '^C[0-9]+$')), "
        f"count(*) FILTER (regexp_matches(x, $padded)), {persons.counts('x')} "
        f"FROM (SELECT x, {number} AS n FROM _drafted)",
        {"number": mapping.NUMBER, "padded": mapping.PADDED, **persons.PATTERNS}
        | ({"decimal": decimal} if decimal != "." else {}),
    )[0]
    values = connection.execute(
        f"SELECT x, count(*) AS n FROM _drafted WHERE x IS NOT NULL GROUP BY x ORDER BY n DESC, x LIMIT {_MOST_VALUES}"
    )
    kind = column.type()
    speaks = bool(TEMPORAL.search(header) or TEMPORAL.search(plain(header)))
    found = dates.typed(kind, values) if kind.is_timestamp() or kind.is_date() else None
    if found is None:
        if speaks and kind.is_string() and any(moments.translated(value) != value for value, _ in values[:20]):
            # Months in any language are read by the format of English ones.
            connection.view("_drafted", raw.table.select(x=moments.in_english(text)))
            values = [(moments.translated(value), count) for value, count in values]
        found = dates.find(connection, values, numbers=numbers == present, temporal=speaks)
    written = None
    if found is None and numbers < present:
        written = notation.find(connection, values, decimal)
    elif found is None and decimal == "." and kind.is_string() and any("." in text for text, _ in values):
        written = notation.of_points(connection, separator=separator)
    dressed = written is not None and written.dressed
    tells = found is None and not dressed and persons.frequent(present, mails, personal)
    # Codes of a number are no names, whatever the header says.
    hidden = tells or (persons.named(header) and numbers < present and found is None and not dressed)
    return Facts(
        header,
        position,
        rows,
        distinct,
        values,
        numbers,
        present,
        found,
        written,
        low,
        high,
        hidden,
        0 < crossed < present / 2,
        bool(padded),
    )


def of_number(text: str) -> float | None:
    """A plain number; None for anything else.

    Parameters
    ----------
    text
        A value as text.
    """
    return float(text) if re.search(mapping.NUMBER, text) else None
