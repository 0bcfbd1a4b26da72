"""How a file is laid out: encoding, separator, row of the header, rows that are no data, sheets that go together."""

import codecs
import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.datasets.definitions.origin import ALL_SHEETS, ROWS, Origin
from workbench.datasets.definitions.phrases import names
from workbench.datasets.guessing.questions import Question, Reading
from workbench.datasets.guessing.vocabulary.words import ABOUT, TOTALS
from workbench.datasets.reading import encodings
from workbench.datasets.reading import text as reading
from workbench.datasets.reading.cells import FIRST_ROWS, Sheet, read_sheets
from workbench.datasets.reading.headers import likely_row, tidy
from workbench.datasets.reading.quotes import DATUM
from workbench.wording import listing, sentence

_SEPARATORS = ",;\t|"
_MOST_HEADER_ROWS = 3  # merged headers of workbooks have two or three
_LAST_ROWS = 3  # among which a total stands, if there is one
_TAIL_BYTES = 1 << 16  # in which the last rows of a file stand
_DECIMAL_COMMA = re.compile(r"-?\d+,(\d{1,2}|\d{4,})|-?\d{1,3}(\.\d{3})+,\d+|-?0,\d+")

type Rows = Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True)
class Layout:
    """How one table lies in a file.

    Attributes
    ----------
    origin
        As dataset.yaml says it.
    assumed
        Keys of it that hold an assumption.
    notes
        What is to be known of it.
    questions
        What must be answered first.
    labels
        What a second row of names says of the columns, in their order.
    """

    origin: Origin
    assumed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    labels: tuple[str, ...] = ()


def layouts(path: Path, *, headless: bool = False) -> list[Layout]:
    """The tables of a file: one, unless a workbook has sheets of several kinds; the largest comes first.

    Parameters
    ----------
    path
        The file.
    headless
        Whether somebody has said that no line names the columns.
    """
    files = {ROWS: (path.name,)}
    suffix = path.suffix.lower()
    if suffix in reading.CSV:
        found = [_of_text(path, Origin(files=files))]
    elif suffix in reading.EXCEL:
        found = _of_workbook(path, Origin(files=files))
    else:
        return [Layout(Origin(files=files))]
    return [_without_names(each) for each in found] if headless else found


def _without_names(lies: Layout) -> Layout:
    """The same where every line is of data, from the first on."""
    below = tuple(n for n in lies.origin.skip if n < 0)
    return replace(lies, origin=replace(lies.origin, header=0, skip=below), notes=(), labels=())


def _of_text(path: Path, origin: Origin) -> Layout:
    encoding, others = encodings.guess(path)
    with path.open("rb") as file:
        start = file.read(1 << 18)
    text = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)(errors="replace").decode(
        start
    )
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    said = re.fullmatch(r'"?sep=(.)"?\s*', lines[0], flags=re.IGNORECASE) if lines else None
    lines = lines[1:] if said else lines
    separator = said[1] if said else _separator(lines)
    head = _numbered(csv.reader(lines[:-1] if len(start) == 1 << 18 else lines, delimiter=separator), FIRST_ROWS)
    header = likely_row([row for _, row in _filled_up(head)])
    first = min((n for n, _ in head), default=1)
    body = [(n, row) for n, row in head if n > header]
    skip = [*_header_rows(body), *_total_rows(_tail(path, encoding, separator), body)]
    assumed = {"encoding", "header", "skip", "decimal"}
    cells = [cell.strip() for _, row in body for cell in row]
    decimal = "," if separator != "," and any(map(_DECIMAL_COMMA.fullmatch, cells)) else "."
    if decimal == "," and any(re.fullmatch(r"-?\d+\.(\d{1,2}|\d{4,})", cell) for cell in cells):
        decimal = "."  # both stand there: columns tell
    made = replace(
        origin,
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        header=1 if header == first else header,
        skip=tuple(skip),
    )
    questions = []
    if others:
        questions.append(_which_encoding(path, made, others))
    return Layout(made, frozenset(assumed), tuple(_said_rows(made, header)), tuple(questions), _labels(body, skip))


def _separator(lines: Sequence[str]) -> str:
    """The mark that cuts most rows into as many fields."""

    def score(mark: str) -> tuple[bool, int, float]:
        sizes = Counter(len(row) for row in csv.reader(lines[:60], delimiter=mark) if any(row))
        sizes = Counter({size: count for size, count in sizes.items() if size > 1})
        if not sizes:
            return False, 0, 0.0
        size, count = sizes.most_common(1)[0]
        share = count / max(1, sum(bool(line.strip()) for line in lines[:60]))
        return share >= 0.6, size if share >= 0.6 else 0, share

    try:
        return max(_SEPARATORS, key=score)
    except csv.Error:
        return ","


def _numbered(rows: Iterable[Sequence[str]], most: int) -> Rows:
    try:
        return [(n, row) for n, row in enumerate(itertools.islice(rows, most), 1) if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


def _filled_up(head: Rows) -> Rows:
    """The same with blank rows between."""
    known = dict(head)
    return [(n, known.get(n, [])) for n in range(1, max(known, default=0) + 1)]


def _tail(path: Path, encoding: str, separator: str) -> Rows:
    """The last rows of a long file, numbered from −1 backwards."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL_BYTES) // 4 * 4)
        text = codecs.getincrementaldecoder(encoding)(errors="ignore").decode(file.read())
    rows = [
        row
        for row in csv.reader(text.splitlines(keepends=True)[-40:], delimiter=separator)
        if any(cell.strip() for cell in row)
    ]
    return [(-i, row) for i, row in enumerate(reversed(rows[-_LAST_ROWS:]), 1)]


def _datum(cell: str) -> bool:
    return bool(DATUM.fullmatch(cell.strip()))


def _header_rows(body: Rows) -> list[int]:
    """Rows right below the header that are none of data: where all others have numbers and dates they have words."""
    first, later = body[:_MOST_HEADER_ROWS], body[1:]
    found: list[int] = []
    for i, (number, row) in enumerate(first):
        rest = [cells for _, cells in later[i:]]
        places = []
        for place in range(len(row)):
            values = [cells[place].strip() for cells in rest if len(cells) > place and cells[place].strip()]
            others = values[max(0, _MOST_HEADER_ROWS - i - 1) :] or values
            if len(others) >= 2 and sum(map(_datum, others)) >= 0.9 * len(others):
                places.append(place)
        told = [row[place].strip() for place in places if row[place].strip()]
        if "ImportId" in " ".join(row) or (len(told) >= 2 and not any(map(_datum, told))):
            found.append(number)
        else:
            break
    return found


def _labels(body: Rows, skip: Sequence[int]) -> tuple[str, ...]:
    return next(
        (tuple(tidy(cell) for cell in row) for n, row in body if n in skip and "ImportId" not in " ".join(row)), ()
    )


def _total_rows(tail: Rows, body: Rows) -> list[int]:
    """Rows at the end that add the others up, or say something below the table."""
    usual = {cell.strip().casefold() for _, row in body for cell in row}
    width = max((len(row) for _, row in body), default=0)
    filled = sorted(sum(bool(cell.strip()) for cell in row) for _, row in body)
    found = []
    for number, row in tail:
        cells = [cell.strip() for cell in row if cell.strip()]
        words = [cell.casefold().rstrip(" :：") for cell in cells if not _datum(cell)]
        total = any(
            (word in TOTALS or re.match(r"(grand )?total\b|合计|总计|summe\b", word)) and word not in usual
            for word in words[:2]
        )
        note = (
            width >= 3
            and len(cells) == 1
            and filled
            and filled[len(filled) // 2] >= 3
            and not _datum(cells[0])
            and len(row) == width
        )
        if (total and len(cells) < max(filled, default=1)) or (total and len(words) == 1) or note:
            found.append(number)
        else:
            break
    return found


def _said_rows(origin: Origin, header: int) -> list[str]:
    said = []
    if origin.header > 1:
        said.append(
            sentence(
                "The names of the columns are taken from row {row}; what stands above is left out.", row=str(header)
            )
        )
    below = [n for n in origin.skip if n > 0]
    if below:
        template = "Below the names stand more rows of names ({rows}): they are left out."
        if len(below) == 1:
            template = "Below the names stands a second row of names ({rows}): it is left out."
        said.append(sentence(template, rows=listing([str(n) for n in below])))
    if last := [n for n in origin.skip if n < 0]:
        template = "The last row adds the others up, or is a note: it is left out."
        if len(last) > 1:
            template = "The last {n} rows add the others up, or are notes: they are left out."
        said.append(sentence(template, n=str(len(last))))
    return said


def _which_encoding(path: Path, origin: Origin, others: Sequence[str]) -> Question:
    readings = []
    for name in (origin.encoding, *others):
        with path.open("rb") as file:
            text = codecs.getincrementaldecoder(name)(errors="replace").decode(file.read(1 << 16))
        headers = [tidy(cell) for cell in next(csv.reader(text.splitlines(), delimiter=origin.separator), [])]
        odd = [header for header in headers if not header.isascii() and "@" not in header][:3]
        readings.append(
            Reading(
                (f"encoding: {name}",),
                sentence("the header reads {names}", names=names(odd)) if odd else sentence("as it stands"),
            )
        )
    return Question(sentence("In which encoding is this file?"), sentence("Its bytes fit several."), tuple(readings))


def _of_workbook(path: Path, origin: Origin) -> list[Layout]:
    sheets = read_sheets(path, replace(origin, sheets=(ALL_SHEETS,)))
    groups: dict[tuple[str, ...], list[tuple[Sheet, Origin]]] = {}
    for sheet in sheets:
        rows: Rows = [(n, row) for n, row in enumerate(sheet.cells, 1) if any(row)]
        header = likely_row(sheet.cells[:FIRST_ROWS])
        first = min((n for n, _ in rows), default=1)
        body = [(n, row) for n, row in rows if n > header]
        tail = [(-i, row) for i, (_, row) in enumerate(reversed(body[-_LAST_ROWS:]), 1)]
        skip = tuple([*_header_rows(body[:FIRST_ROWS]), *_total_rows(tail, body[:-_LAST_ROWS] or body)])
        made = replace(origin, header=1 if header == first else header, skip=skip)
        named = tuple(sorted(tidy(cell) for cell in sheet.cells[header - 1] if cell))
        groups.setdefault(named, []).append((sheet, made))
    ranked = sorted(groups.values(), key=_size, reverse=True)
    about = [group for group in ranked if _is_about(group)]
    real = [group for group in ranked if group not in about] or ranked[:1]
    found = []
    for group in real:
        made = group[0][1]
        labels = _labels([(n, row) for n, row in enumerate(group[0][0].cells, 1)], made.skip)
        forms = {(each.header, each.skip) for _, each in group}
        titles = [sheet.title for sheet, _ in group]
        notes = _said_rows(made, made.header)
        questions = []
        if len(group) == len(sheets) > 1:
            listed: tuple[str, ...] = (ALL_SHEETS,)
        elif len(sheets) == 1:
            listed = ()
        else:
            listed = tuple(titles)
        if len(group) > 1:
            notes.append(
                sentence(
                    "The sheets {names} have the same columns: their rows are read one after another.",
                    names=names(titles),
                )
            )
        if len(forms) > 1:
            evidence = sentence("The sheets {names} have the same columns in other rows.", names=names(titles))
            asks = sentence(
                "In which rows do names and totals stand? Write header: and skip: so that they fit all sheets, "
                "or one sheet under sheet:."
            )
            questions.append(Question(asks, evidence))
        left = [sheet.title for other in about if other is not group for sheet, _ in other]
        if left and group is real[0]:
            notes.append(sentence("Left out, for they tell of the data: {names}.", names=names(left)))
        found.append(
            Layout(
                replace(made, sheets=listed),
                frozenset({"sheet", "header", "skip"}),
                tuple(notes),
                tuple(questions),
                labels,
            )
        )
    return found


def _size(group: Sequence[tuple[Sheet, Origin]]) -> int:
    return sum(len(sheet.cells) * len(sheet.headers) for sheet, _ in group)


def _is_about(group: Sequence[tuple[Sheet, Origin]]) -> bool:
    titles = [sheet.title.casefold().replace("_", " ").strip() for sheet, _ in group]
    return all(any(title == word or title.startswith((f"{word} ", f"{word}s")) for word in ABOUT) for title in titles)
