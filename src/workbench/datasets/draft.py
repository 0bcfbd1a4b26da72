"""A dataset.yaml drafted from the data itself: what can be guessed is guessed, and every guess is marked as one."""

import json
import keyword
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from workbench.datasets import guesses, mapping, persons, reading, sources
from workbench.datasets.canonical import CANONICAL
from workbench.datasets.definition import GUESS, ROWS, UNKNOWN, Origin
from workbench.datasets.guesses import GAPS, MOST_CATEGORIES, Facts
from workbench.datasets.remarks import double_headers
from workbench.datasets.workshop import Workshop
from workbench.errors import DataError
from workbench.files import write_atomic
from workbench.wording import listing, sentence, shown

NOTE = "# note:"
# Keys that a column cannot be known to have from its values alone. What else is drafted follows from them.
_GUESSED = (
    "unit:",
    "missing:",
    "not_applicable:",
    "scale:",
    "role:",
    "personal:",
    "weighting:",
    "true_values:",
    "format:",
)
_FORMATS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_DATES_TRIED = 10_000
_MADE = {"customer_id": " (rows are numbered: no column says who)", "initiative": " (one test, named after the file)"}
# No name of a column: an e-mail address, a number, a date.
_VALUES = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[0-9][0-9 .,:/()+-]*")


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
    text = draft(*paths)
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, target in brought.items():
            made.append(target)
            shutil.copyfile(path, target)
        write_atomic(folder / "dataset.yaml", text)
    except OSError as error:
        for target in made:  # no room: half a file is worse than none
            target.unlink(missing_ok=True)
        raise DataError(sentence("data/{name}/: cannot be written ({why}).", name=name, why=error.strerror)) from error
    return folder / "dataset.yaml"


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
    """What a draft says to whoever has asked for it: its lines that begin with `NOTE`."""
    return [line.strip().removeprefix(NOTE).strip() for line in text.splitlines() if line.strip().startswith(NOTE)]


def draft(*paths: Path) -> str:
    """The text of a dataset.yaml for files, one a table; lines that hold a guess end with `GUESS`.

    Parameters
    ----------
    *paths
        CSV, Parquet, Excel or JSON lines.

    Raises
    ------
    DataError
        When a file cannot be read, or two look like the same table.
    """
    first = Path(paths[0])
    lines = [f"title: {_quoted(first.stem.replace('_', ' ').capitalize())}", "description:"]
    lines += ["source:  # where the file comes from", "licence:  # who may use it", "tables:"]
    found: dict[str, str] = {}
    for path in map(Path, paths):
        _check_file(path)
        table, drafted = _table(path)
        if table in found:
            template = "{a} and {b} both look like {table}; add one, and write the other by hand (data/README.md)."
            what = table if table != UNKNOWN else sentence("no table that is known")
            raise DataError(sentence(template, a=shown(found[table]), b=shown(path.name), table=what))
        found[table] = path.name
        lines += drafted
    return "\n".join(lines) + "\n"


def _table(path: Path) -> tuple[str, list[str]]:
    """The canonical table that a file looks like, and its section."""
    try:
        origin = _origin(path)
        place = sources.Place(path.parent, path.parent)
        workshop = Workshop(sources.readable([origin], place))
    except OSError as error:
        raise DataError(
            sentence("{file}: cannot be read ({why}).", file=shown(path.name), why=error.strerror)
        ) from None
    raw = sources.open_rows(workshop, origin, place, "draft", lambda header: True)
    strange = sum(bool(_VALUES.fullmatch(header)) for header in raw.headers)
    if strange > len(raw.headers) / 2 or any("@" in header and _VALUES.fullmatch(header) for header in raw.headers):
        template = (
            "{file}: the first line looks like values, expected the names of the columns; put a line of names first."
        )
        raise DataError(sentence(template, file=shown(path.name)))
    found = [_facts(workshop, raw, i, origin.decimal) for i in range(len(raw.headers))]
    facts = [each for each in found if each is not None]
    table = guesses.table_of(facts)
    double = [check.message for check in double_headers(table or UNKNOWN, raw.given)]
    return table or UNKNOWN, list(
        _lines(path, origin, facts, table, [shown(each, longest=500)[1:-1] for each in double])
    )


def _origin(path: Path) -> Origin:
    """How a text file seems to be written."""
    files = {ROWS: (path.name,)}
    if path.suffix.lower() not in reading.CSV:
        return Origin(files=files)
    with path.open("rb") as file:
        start = file.read(1 << 20)
    encoding = "utf-8"
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
        try:
            path.read_text(encoding=encoding)
        except UnicodeDecodeError:
            encoding = "latin-1"
    first = next((line for line in start.decode(encoding, "replace").splitlines() if line.strip()), "")
    separator = max(",;\t|", key=first.count)
    decimal = "," if separator == ";" and re.search(rb"[;\n]-?\d+,\d+[;\r\n]", start) else "."
    return Origin(files=files, encoding=encoding, separator=separator, decimal=decimal)


def _facts(workshop: Workshop, raw: sources.RawTable, position: int, decimal: str) -> Facts | None:
    header, column = raw.headers[position], raw.table[f"c{position}"]
    if not header or raw.headers.count(header) > 1:
        return None  # no dataset.yaml can name it
    try:
        text = mapping.as_text(column)
    except mapping.UnsupportedType:
        return None
    workshop.view("_drafted", raw.table.select(x=text))
    rows, distinct, numbers, longest, crossed, padded, present, _, mails, personal = workshop.execute(
        "SELECT count(*), approx_count_distinct(x), "
        "count(*) FILTER (regexp_matches(replace(x, $decimal, '.'), $number)), "
        "coalesce(max(length(x)), 0), count(*) FILTER (regexp_matches(x, '^C[0-9]+$')), "
        f"count(*) FILTER (regexp_matches(x, $padded)), {persons.counts('x')} FROM _drafted",
        {"number": mapping.NUMBER, "decimal": decimal, "padded": mapping.PADDED, **persons.PATTERNS},
    )[0]
    values = workshop.execute(
        "SELECT x, count(*) AS n FROM _drafted WHERE x IS NOT NULL GROUP BY x ORDER BY n DESC, x "
        f"LIMIT {MOST_CATEGORIES}"
    )
    kind = column.type()
    form = "typed" if kind.is_timestamp() or kind.is_date() else _form(workshop)
    tells = form is None and persons.frequent(present, mails, personal)
    clock = kind.is_timestamp() or bool(form and "%H" in form) or (form == "" and longest > len("2026-10-31"))
    # Codes of a number are no names, whatever the header says.
    hidden = tells or (persons.named(header) and numbers < present)
    crossed = 0 < crossed < present / 2
    return Facts(header, rows, int(distinct), values, numbers, present, form, clock, hidden, crossed, bool(padded))


def _form(workshop: Workshop) -> str | None:
    """The one format in which nearly all values of the view are dates, by the first of them; "" is ISO."""
    forms = [form + clock for form in _FORMATS for clock in _CLOCKS]
    counts = ", ".join(f"count(try_strptime(x, '{form}'))" for form in forms)
    first = f"SELECT x FROM _drafted WHERE x IS NOT NULL LIMIT {_DATES_TRIED}"
    query = f"SELECT count(*), count(*) FILTER (regexp_matches(x, '{mapping.ISO}')), {counts} FROM ({first})"
    tried, *found = workshop.execute(query)[0]
    return next((form for form, n in zip(["", *forms], found, strict=True) if tried and n >= 0.95 * tried), None)


def _lines(path: Path, origin: Origin, facts: list[Facts], guessed: str | None, told: list[str]) -> Iterator[str]:
    table = guessed or "customers"
    own = guesses.own_columns(facts, table) if guessed else {}
    made = _made(facts, table, own, path.stem)
    rated = guesses.ratings(facts) if table == "surveys" else {}
    named: dict[str, Facts] = {}
    for each in facts:
        target = next((name for name, header in own.items() if header == each.header), None)
        if each.present or target:
            named[target or _identifier(each.header, named, set(CANONICAL[table].fields))] = each
    others = listing([name for name in guesses.CALLED if name != guessed], "or")
    if guessed is None:
        told = [sentence("which table is {file}? Nothing tells.", file=shown(path.name)), *told]
        yield f"  {UNKNOWN}:  # write which table this is: {others} (data/README.md)"
    else:
        yield f"  {table}:  {GUESS} (others: {others}, see data/README.md)"
    yield from (f"    {NOTE} {each}" for each in told)
    yield f"    file: {_quoted(path.name)}"
    if origin.encoding != "utf-8":
        yield f"    encoding: {origin.encoding}  {GUESS}"
    if origin.separator != ",":
        yield f"    separator: {_quoted(origin.separator)}"
    if origin.decimal != ".":
        yield f'    decimal: ","  {GUESS}'
    gaps = sorted({value for each in facts for value, _ in each.values if value.casefold() in GAPS})
    if gaps:
        yield f"    missing: [{', '.join(_quoted(gap) for gap in gaps)}]  {GUESS}"
    money = [name for name in (*own, *made) if CANONICAL[table].fields[name].kind == "money"]
    if money:
        evidence = guesses.currency(facts, [own[name] for name in money if name in own])
        if evidence:
            yield f"    {evidence[0]}: {_quoted(evidence[1])}  {GUESS}"
        else:
            yield "    currency:  # which? Write its code, such as EUR or USD"
    if made:
        columns = ", ".join(f"{term} AS {name}" for name, term in made.items())
        yield f"    sql: {json.dumps(f'SELECT *, {columns} FROM rows')}  {GUESS}"
    segments = guesses.segments(_splitting(named, table, own, rated)) if guessed else []
    if segments:
        yield f"    segments: {_list(segments)}  {GUESS}"
    yield "    columns:"
    for name in made:
        yield f"      {name}: {{from: {name}}}  {GUESS}{_MADE.get(name, '')}"
    if cancelled := next((each for each in facts if each.cancelled and each.header == own.get("order_id")), None):
        yield f"      cancelled: {{from: {_quoted(cancelled.header)}, starts_with: [C]}}  {GUESS}"
    for name, each in named.items():
        keys = _keys(each, name, table, name in own, rated.get(each.header))
        if name in segments and guesses.zero_for_none(each):
            keys.append('missing: ["0"]')
        mark = f"  {GUESS}" if any(key.startswith(_GUESSED) for key in keys) else ""
        yield f"      {name}: {{{', '.join(keys)}}}{mark}"
    for name in guesses.needed(table) if guessed else ():
        if name not in own and name not in made:
            yield f"      # {name}: which column? {table} cannot do without it"


def _made(facts: list[Facts], table: str, own: Mapping[str, str], title: str) -> dict[str, str]:
    """Canonical columns that the file lacks and SQL can work out from it."""
    made: dict[str, str] = {}
    if table == "transactions" and (product := guesses.product(facts)):
        terms = [f'TRY_CAST("{each.header}" AS DOUBLE)' for each in product]
        made["amount"] = f"round({terms[0]} * {terms[1]}, 2)"
    if table == "treatments":
        wanted = {"customer_id": "row_number() OVER ()", "initiative": "'" + title.replace("'", "''") + "'"}
        made = {name: term for name, term in wanted.items() if name not in own}
    taken = {each.header.casefold() for each in facts}
    return {name: term for name, term in made.items() if name not in taken}


def _splitting(
    named: Mapping[str, Facts], table: str, own: Mapping[str, str], rated: Mapping[str, object]
) -> dict[str, Facts]:
    """Columns that the draft makes categories or truths: those that may be segments."""
    if CANONICAL[table].event and table != "surveys":
        return {}
    return {
        name: each
        for name, each in named.items()
        if name not in own and each.header not in rated and each.form is None
        and not each.personal and not each.telling
        and (each.truth or guesses.is_category(each, table))
    }  # fmt: skip


def _keys(facts: Facts, name: str, table: str, own: bool, scale: tuple | None) -> list[str]:
    keys = [f"from: {_quoted(facts.header)}"]
    if facts.personal:
        return [*keys, "personal: pseudonym" if own else "personal: drop"]
    if facts.telling and not own:
        return [*keys, "personal: drop"]
    if facts.form and facts.form != "typed":
        keys.append(f"format: {_quoted(facts.form)}")
    if own:
        keys += {"duration": ["unit: months"], "weight": ["weighting: survey"]}.get(name, [])
        truth = CANONICAL[table].fields[name].kind == "boolean"
        if truth and not set(facts.texts) <= {"0", "1", "true", "false", "0.0", "1.0"}:
            yes = [text for text in facts.texts if re.search("(?i)^(y|t|1|left|churn|gone)", text)]
            no = [text for text in facts.texts if text not in yes]
            keys += [f"true_values: {_list(yes)}", f"false_values: {_list(no)}"]
        return keys
    if facts.form is not None:
        keys.append("type: timestamp" if facts.clock else "type: date")
    elif scale:
        low, high, missing, beside = scale
        keys.append(f"scale: [{low}, {high}]")
        keys += [f"missing: {_list(missing)}"] if missing else []
        keys += [f"not_applicable: {_list(beside)}"] if beside else []
        keys.append(f"role: {guesses.role(facts.header)}")
    elif facts.truth:
        keys.append("type: boolean")
    elif guesses.is_category(facts, table):
        keys.append("type: category")
    else:
        keys.append("type: number" if facts.numeric else "type: text")
    return keys


def _identifier(header: str, taken: Iterable[str], reserved: set[str]) -> str:
    name = re.sub(r"\W+", "_", header.strip().lower(), flags=re.ASCII).strip("_")[:50] or "column"
    name = f"c_{name}" if name[0].isdigit() else name
    base, n = f"{name}_" if keyword.iskeyword(name) or name in reserved else name, 1
    name = base
    folded = {each.casefold() for each in taken}
    while name.casefold() in folded:
        n += 1
        name = f"{base}_{n}"
    return name


def _list(values: list[str]) -> str:
    return f"[{', '.join(_quoted(value) for value in values)}]"


def _quoted(text: str) -> str:
    """A text as YAML takes it; JSON's quotes are YAML's."""
    return text if re.fullmatch(r"[A-Za-z][\w .-]*[\w.]", text) and ":" not in text else json.dumps(text)
