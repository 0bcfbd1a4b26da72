"""A dataset.yaml drafted from the data itself: what is sure is written, what is assumed marked, the rest asked."""

import glob
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from workbench.datasets.contract.remarks import double_headers
from workbench.datasets.definitions.dataset import UNKNOWN
from workbench.datasets.guessing import dates, facts, items, layout, tables
from workbench.datasets.guessing.document import NOTE, Draft, Table
from workbench.datasets.guessing.drafting import Drafting, Source
from workbench.datasets.guessing.facts import Facts
from workbench.datasets.guessing.layout import Layout
from workbench.datasets.guessing.questions import Question
from workbench.datasets.privacy import persons
from workbench.datasets.reading import sources
from workbench.datasets.reading import text as reading
from workbench.datasets.reading.connection import Connection
from workbench.errors import DataError
from workbench.files import write_atomic
from workbench.wording import listing, sentence, shown

# No name of a column: an e-mail address, a number, a date.
_VALUES = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[0-9][0-9 .,:/()+-]*")


class UnclearHeaderError(DataError):
    """The first line of a file looks like a row of data."""


def add(name: str, *paths: Path, root: Path, copy: bool = True) -> Path:
    """Make a dataset of files: a folder in data/ with the files and a drafted dataset.yaml.

    Parameters
    ----------
    name
        Of the dataset.
    *paths
        The files, one a table.
    root
        The project.
    copy
        Whether the files are copied; otherwise they must lie in the dataset's folder already.

    Returns
    -------
    Path
        The dataset.yaml.

    Raises
    ------
    DataError
        When the name is none, the file cannot be read, or something is there already: nothing is ever overwritten.
    """
    return add_draft(name, *paths, root=root, copy=copy)[0]


def add_draft(
    name: str,
    *paths: Path,
    root: Path,
    copy: bool = True,
    header: bool | None = None,
    asked: Callable[[], bool | None] = lambda: None,
    revised: Callable[[Draft], Draft] = lambda draft: draft,
) -> tuple[Path, Draft]:
    """As `add`, with the draft that was written.

    Parameters
    ----------
    revised
        What becomes of the draft before it is written: its questions may be answered.
    name
        Of the dataset.
    root
        The project's folder.
    copy
        Whether the file is copied into the dataset's folder.
    header
        As that of `drafted`.
    asked
        Asks somebody whether a first line that looks like data names the columns; None: nobody knows.
    *paths
        The files, one a table.
    """
    if not re.fullmatch(r"\w[\w-]{0,63}", name):
        raise DataError(sentence("got {name} as a dataset, expected letters, digits, _ and -.", name=shown(name)))
    folder = root / "data" / name
    if (folder / "dataset.yaml").exists():
        template = (
            "data/{name}/dataset.yaml is there already; it is not overwritten. To add a table, copy the file to "
            "data/{name}/ and write its section under tables: (data/README.md shows how)."
        )
        raise DataError(sentence(template, name=name))
    brought = {path: target for path in map(Path, paths) if (target := _target(path, folder, copy)) is not None}
    if len({target.name for target in brought.values()}) < len(brought):
        raise DataError(sentence("two of the files have one name; rename one of them."))
    try:
        first = drafted(*paths, header=header)
    except UnclearHeaderError:
        if header is not None or (answer := asked()) is None:
            raise
        first = drafted(*paths, header=answer)
    made_draft = revised(first)
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, target in brought.items():
            made.append(target)
            _copy(path, target)
        write_atomic(folder / "dataset.yaml", made_draft.text)
    except BaseException as error:
        for target in made:  # interrupted, or no room: a part is worse than nothing
            target.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise DataError(sentence("data/{name}/: cannot be written ({why}).", name=name, why=error.strerror)) from error
    return folder / "dataset.yaml", made_draft


def _copy(path: Path, target: Path) -> None:
    """Copy a file with its rights; it has its name once it is whole. Parts that a killed command left go first."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        left.unlink(missing_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # nobody else reads it meanwhile
        shutil.copyfile(path, part)
        shutil.copymode(path, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _target(path: Path, folder: Path, copy: bool) -> Path | None:
    """Where a file is to be copied; None when it lies there."""
    _check_file(path)
    target, name = folder / path.name, folder.name
    if target.exists() and target.samefile(path):
        return None
    if not copy:
        raise DataError(sentence("the file does not lie in data/{name}/; move or copy it there.", name=name))
    if target.exists():
        template = "data/{name}/{file} is there already; it is not overwritten."
        raise DataError(sentence(template, name=name, file=path.name))
    return target


def _check_file(path: Path) -> None:
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(path)):
        template = "got the address {path}, expected a file: addresses are not read, download it first."
        raise DataError(sentence(template, path=shown(str(path))))
    try:
        reading.check_file(path, path.name)
    except DataError as error:
        raise DataError(*(f"{shown(str(path), longest=300)}: {fault}" for fault in error.faults)) from error


def notes(text: str) -> list[str]:
    """What a draft says to whoever has asked for it: its lines that begin with `NOTE`.

    Parameters
    ----------
    text
        Text of a drafted dataset.yaml.
    """
    return [line.strip().removeprefix(NOTE).strip() for line in text.splitlines() if line.strip().startswith(NOTE)]


def draft(*paths: Path) -> str:
    """The text of a dataset.yaml for files; see `drafted`.

    Parameters
    ----------
    *paths
        CSV, Parquet, Excel or JSON lines, one a table.
    """
    return drafted(*paths).text


def drafted(*paths: Path, header: bool | None = None) -> Draft:
    """The draft of a dataset for files, one a table; files with the same columns are one table.

    Parameters
    ----------
    *paths
        CSV, Parquet, Excel or JSON lines.
    header
        Whether the first line of a file names its columns; None: nobody has said so, and a line that looks like a row
        of data is asked about first.

    Raises
    ------
    DataError
        When a file cannot be read, two look like the same table, or a first line looks like data.
    """
    found: dict[str, Table] = {}
    for path in map(Path, paths):
        _check_file(path)
        first = True
        for made in _tables(path, header):
            earlier = found.get(made.name)
            if earlier is None:
                found[made.name] = made
            elif not first or earlier.files[0] == path.name:
                found[next(iter(found))] = _left_out(found[next(iter(found))], made)
            elif earlier.headers == made.headers and _form(earlier) == _form(made):
                found[made.name] = replace(earlier, files=(*earlier.files, *made.files))
            else:
                template = "{a} and {b} both look like {table}; add one, and write the other by hand (data/README.md)."
                what = made.name if made.name != UNKNOWN else sentence("no table that is known")
                raise DataError(sentence(template, a=shown(earlier.files[0]), b=shown(path.name), table=what))
            first = False
    title = Path(paths[0]).stem.replace("_", " ").capitalize()
    return Draft(title, tuple(found.values()))


def _form(table: Table) -> list[str]:
    """What must be the same of two files of one table."""
    return [line for line in table.lines() if not line.strip().startswith(("file:", NOTE))]


def _left_out(table: Table, other: Table) -> Table:
    template = "Left out: {sheets}, other columns; to use them write another table with sheet: (data/README.md)."
    note = sentence(template, sheets=listing([shown(title) for title in other.layout.origin.sheets]))
    return replace(table, notes=(*table.notes, note))


def _tables(path: Path, header: bool | None) -> list[Table]:
    """The tables of a file."""
    try:
        place = sources.Place(path.parent, path.parent)
        try:
            found = layout.layouts(path, headless=header is False)
        except DataError as error:
            raise DataError(*(f"{shown(path.name)}: {fault}" for fault in error.faults)) from error
        return [_table(path, place, each, asked=header is None) for each in found]
    except OSError as error:
        raise DataError(
            sentence("{file}: cannot be read ({why}).", file=shown(path.name), why=error.strerror)
        ) from None
    except duckdb.Error as error:  # its message may quote a cell
        kind = type(error).__name__.removesuffix("Exception")
        template = "{file}: the rows cannot be read ({kind}); is the file damaged?"
        raise DataError(sentence(template, file=shown(path.name), kind=kind)) from None


def _table(path: Path, place: sources.Place, lies: Layout, *, asked: bool) -> Table:
    """The canonical table that a file looks like."""
    connection = Connection(sources.readable([lies.origin], place))
    raw = sources.open_rows(connection, lies.origin, place, "draft", lambda header: True)
    _check_names(path, raw, connection, asked=asked)
    found, lies = _measured(connection, raw, lies)
    labels = {
        raw.headers[i]: label for i, label in enumerate(lies.labels) if i < len(raw.headers) and label != raw.headers[i]
    }
    said = {each.header: f"{each.header} {labels.get(each.header, '')}".strip() for each in found}
    rated = items.ratings(found, said)
    name = tables.table_of(found, len(rated), asked=any(items.is_outcome(said[header]) for header in rated))
    rated = rated if name == "surveys" else {}
    made = Drafting(Source(path, lies, raw, connection, labels, said), found, name, rated).table()
    doubled = [check.message for check in double_headers(name or UNKNOWN, raw.given)]
    told = [shown(each, longest=500)[1:-1] for each in doubled]
    told += _nameless(raw.given)
    return replace(made, notes=(*made.notes, *told))


def _check_names(path: Path, raw: sources.RawTable, connection: Connection, *, asked: bool) -> None:
    """Refuse a first line that looks like a row: what stands there would be written to dataset.yaml and told."""
    mails = any("@" in header and _VALUES.fullmatch(header) for header in raw.headers)
    strange = sum(bool(_VALUES.fullmatch(header)) for header in raw.headers) > len(raw.headers) / 2
    if mails or (asked and (strange or sources.is_headless(raw, connection, persons.is_row))):
        template = (
            "{file}: the first line looks like a row of data, expected the names of the columns. If it is a row, say "
            "--header no (columns are then called by their places), or put a line of names first; if these are names, "
            "say --header yes."
        )
        raise UnclearHeaderError(sentence(template, file=shown(path.name)))


def _nameless(given: Sequence[str]) -> list[str]:
    places = [str(i) for i, header in enumerate(given, 1) if not header]
    if not places:
        return []
    return [
        sentence(
            'Columns without a name are called by their place ({places}), as in from: "column {first}".',
            places=listing(places),
            first=places[0],
        )
    ]


def _measured(connection: Connection, raw: sources.RawTable, lies: Layout) -> tuple[list[Facts], Layout]:
    """The facts of all columns, and how numbers are written in the file as a whole."""

    def measured(decimal: str) -> list[Facts]:
        each = (facts.measure(connection, raw, i, decimal, lies.origin.separator) for i in range(len(raw.headers)))
        return [known for known in each if known is not None]

    decimal = lies.origin.decimal
    found = measured(decimal)
    marks = {each.notation.decimal for each in found if each.notation and each.notation.decimal}
    groups = {each.notation.thousands for each in found if each.notation and each.notation.thousands}
    if len(marks) == 1 and marks != {decimal}:
        decimal = marks.pop()
        found = measured(decimal)
        groups = {each.notation.thousands for each in found if each.notation and each.notation.thousands}
    if decimal in groups and len(groups) == 1:
        decimal = "," if decimal == "." else "."
    thousands = next(iter(groups), "") if len(groups) == 1 else ""
    asked = [each.notation.question for each in found if each.notation and each.notation.question]
    questions = [*lies.questions, *{each.readings: each for each in asked}.values()]
    if len(groups) > 1 or len(marks) > 1:
        asks = sentence("How are the numbers of this file written?")
        evidence = sentence("Columns have different marks: {marks}.", marks=listing(sorted(marks | groups)))
        way = sentence(
            "Write decimal: and thousands: as they are meant, and leave out columns that are written otherwise."
        )
        questions.append(Question(asks, f"{evidence} {way}"))
    styles = {each.dates.style for each in found if each.dates and each.dates.style}
    if len(styles) == 1:
        style = styles.pop()
        found = [
            replace(each, dates=dates.like(each.dates, style)) if each.dates and each.dates.options else each
            for each in found
        ]
    origin = replace(lies.origin, decimal=decimal, thousands=thousands)
    return found, replace(lies, origin=origin, questions=tuple(questions))
