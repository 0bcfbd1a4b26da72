"""Rows that are no data: second headers below the first, totals at the end. Told with the line to write."""

import re
from collections.abc import Mapping

import ibis.expr.types as ir

from workbench.datasets.definitions.canonical import TEMPORAL
from workbench.datasets.reading.connection import Connection
from workbench.datasets.reading.sources import RawTable
from workbench.datasets.values.mapping import Mapped
from workbench.wording import listing, number, sentence

_MOST_HEADERS = 3  # rows: Qualtrics writes two below the header, and none writes more
_LAST = 3  # rows among which a total stands, if there is one
_IMPORT_ID = '{"ImportId"'  # what Qualtrics writes in a third header row
_TOTAL = re.compile(
    r"(?i)(grand[ -]?|sub[ -]?)?totals?:?|(gesamt|zwischen)?summe:?|gesamt(ergebnis)?:?|sum:?|somme:?|suma:?|totaal:?|"
    r"totale:?|合计[:：]?|总计[:：]?|小计[:：]?|總計[:：]?|合計[:：]?"
)


def second_headers(
    mapped: Mapping[str, Mapped], numbers: Mapping[str, object], basis: ir.Table, raw: RawTable, connection: Connection
) -> tuple[str, frozenset[str]]:
    """What is said of header rows below the first, and the columns whose unreadable values are theirs.

    They are there when every column of numbers, times and truths that has a text has none it can read in the first
    rows, and in these alone.

    Parameters
    ----------
    numbers
        How many unreadable values each column has (`bad <column>`).
    basis
        The columns as they are laid out (`text-<column>`).
    mapped
        Columns by their canonical names.
    raw
        The rows as they were read, with their headers.
    connection
        Where rows are laid out.
    """
    if not raw.header_row:
        return "", frozenset()
    first = basis.limit(_MOST_HEADERS)
    kinds = (*TEMPORAL, "number", "money", "rating", "boolean")
    typed = [name for name, each in mapped.items() if each.definition.kind in kinds and each.unreadable is not None]
    asked = {f"b{i}": mapped[name].unreadable for i, name in enumerate(typed)}
    texts = {f"t{i}": first[f"text-{name}"].cast("string") for i, name in enumerate(mapped)}
    rows = connection.execute(connection.sql(first.select(**asked, **texts)))
    bad = [row[: len(typed)] for row in rows]
    imported = [any(str(cell).startswith(_IMPORT_ID) for cell in row[len(typed) :]) for row in rows]
    count = max((i for i, each in enumerate(imported, 1) if each), default=0)
    if not count:
        while count < len(bad) and len(typed) > 1 and all(bad[count]):
            count += 1
    if not count or count == len(rows) < _MOST_HEADERS:
        return "", frozenset()
    theirs = frozenset(
        name for i, name in enumerate(typed) if numbers.get(f"bad {name}") == sum(bool(row[i]) for row in bad[:count])
    )
    if not any(imported) and len(theirs) < 2:
        return "", frozenset()
    lines = [raw.header_row + i for i in range(1, count + 1)]
    one = (
        "row {lines} of the file holds no value in any column of numbers, times or truths: a second header row? {what}"
    )
    many = "rows {lines} of the file hold no value in any column of numbers, times or truths: more header rows? {what}"
    what = sentence("If so, write skip: {lines}.", lines=lines)
    return sentence(one if count == 1 else many, lines=listing([number(line) for line in lines]), what=what), theirs


def totals(mapped: Mapping[str, Mapped], rows: int, basis: ir.Table, raw: RawTable, connection: Connection) -> str:
    """What is said of a last row that is a sum of the others: an id, a time or a first column that says so.

    Parameters
    ----------
    mapped
        Columns by their canonical names.
    rows
        How many rows there are.
    basis
        Columns as text, one row a row of the file.
    raw
        The rows as they were read, with their headers.
    connection
        Where rows are laid out.
    """
    if not raw.header_row or not rows:
        return ""
    telling = [
        name for i, (name, each) in enumerate(mapped.items()) if not i or each.definition.kind in ("id", *TEMPORAL)
    ]
    if not telling:
        return ""
    columns = {f"x{i}": basis[f"text-{name}"].cast("string") for i, name in enumerate(telling)}
    last = basis.select(**columns).limit(_LAST, offset=max(rows - _LAST, 0))
    found = connection.execute(connection.sql(last))
    for back, row in enumerate(reversed(found), 1):
        if any(cell is not None and _TOTAL.fullmatch(cell.strip()) for cell in row):
            template = "row {back} from the end of the file seems to be a total; if so, write skip: [-{back}]."
            one = "the last row of the file seems to be a total; if so, write skip: [-1]."
            return sentence(one if back == 1 else template, back=back)
    return ""
