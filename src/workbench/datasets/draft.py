"""A dataset.yaml drafted from the data itself: what can be guessed is guessed, and every guess is marked as one."""

import json
import keyword
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.datasets import mapping, reading, sources
from workbench.datasets.canonical import CANONICAL
from workbench.datasets.definition import ROWS, Origin
from workbench.datasets.workshop import Workshop
from workbench.errors import DataError
from workbench.files import write_atomic
from workbench.wording import listing, sentence, shown

GUESS = "# guess: confirm"
# Beyond so many distinct values a text is no category.
_MOST_CATEGORIES = 50
_FORMATS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_NOT_APPLICABLE, _MISSING = {6.0}, {0.0, 11.0, 9.0, 99.0, 999.0, -1.0, -9.0, -99.0, -999.0}
_SCALES = ((1, 5), (0, 10), (1, 7), (1, 10))
_GAPS = ("na", "n/a", "null", "none", "nan", "blank", "-", "?", "unknown")
_PERSONAL_NAMES = re.compile(
    r"(?i)(^|[^a-z])(e?-?mail|phone|mobile|tel(ephone)?|first_?name|last_?name|sur_?name|full_?name|name|address|street|"
    r"birth(day|date)?|dob|ssn|passport|iban|id_?card|identity)([^a-z]|$)"
)
_PERSONAL_VALUES = r"^[^@\s]+@[^@\s]+\.[^@\s]+$|^\+?[0-9][0-9 ()/-]{8,18}[0-9]$"
# Canonical columns by what a file often calls them, the table that they speak for first.
_CALLED: dict[str, dict[str, str]] = {
    "transactions": {
        "customer_id": r"(customer|client|user|household|member|account)[ _]?(id|no|number)?$",
        "order_id": r"(order|invoice|basket|receipt|transaction)[ _]?(id|no|number)?$",
        "timestamp": r"(timestamp|(order|invoice|transaction|purchase)[ _]?(date|time(stamp)?)|date|time)$",
        "amount": r"(amount|sales([ _]value)?|revenue|total([ _](price|amount))?|spend)$",
        "category": r"(category|department)$",
    },
    "lifetimes": {
        "customer_id": r"(customer|client|user|member|employee|account)[ _]?(id|no|number)?$",
        "duration": r"(duration|tenure|stag|time|lifetime|months|subscription[ _]length)$",
        "event": r"(event|churn(ed)?|left|cancelled)$",
    },
    "surveys": {
        "response_id": r"(response|resp|answer|record)[ _]?(id|no|num|number)?$|id$",
        "customer_id": r"(customer|client|user|member|account)[ _]?(id|no|number)?$",
        "weight": r"weight$",
    },
    "customers": {"customer_id": r"(customer|client|user|household|member|account)[ _]?(id|no|number)?$|id$"},
}


@dataclass(frozen=True)
class _Facts:
    """What is known of a column of the file."""

    header: str
    rows: int
    distinct: int
    values: list[tuple[str, int]]
    numbers: int
    present: int
    form: str | None
    clock: bool
    personal: bool
    cancelled: bool

    @property
    def numeric(self) -> bool:
        """Whether all values but the usual words for a gap are numbers."""
        gaps = sum(count for value, count in self.values if value.casefold() in _GAPS)
        return 0 < self.numbers == self.present - gaps


def add(name: str, path: Path, root: Path, *, copy: bool = True) -> Path:
    """Make a dataset of a file: a folder in data/ with the file and a drafted dataset.yaml.

    Parameters
    ----------
    name
        Of the dataset.
    path
        The file.
    root
        The project.
    copy
        Whether the file is copied; otherwise it must lie in the dataset's folder already.

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
    folder, path = root / "data" / name, Path(path)
    target = folder / path.name
    if (folder / "dataset.yaml").exists():
        raise DataError(sentence("data/{name}/dataset.yaml is there already; it is not overwritten.", name=name))
    inplace = target.exists() and path.exists() and target.samefile(path)
    if not copy and not inplace:
        template = "the file does not lie in data/{name}/; move or copy it there."
        raise DataError(sentence(template, name=name))
    if target.exists() and not inplace:
        raise DataError(
            sentence("data/{name}/{file} is there already; it is not overwritten.", name=name, file=path.name)
        )
    text = draft(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not inplace:
            shutil.copyfile(path, target)
        write_atomic(folder / "dataset.yaml", text)
    except OSError as error:
        raise DataError(sentence("data/{name}/: cannot be written ({why}).", name=name, why=error.strerror)) from error
    return folder / "dataset.yaml"


def draft(path: Path) -> str:
    """The text of a dataset.yaml for a file; lines that are guesses end with `GUESS`.

    Parameters
    ----------
    path
        CSV, Parquet, Excel or JSON lines.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    path = Path(path)
    try:
        reading.check_file(path, path.name)
        origin = _origin(path)
        place = sources.Place(path.parent, path.parent)
        workshop = Workshop(sources.readable([origin], place))
        raw = sources.open_rows(workshop, origin, place, "draft", lambda header: True)
    except DataError as error:
        raise DataError(*(f"{shown(path.name)}: {fault}" for fault in error.faults)) from error
    found = [_facts(workshop, raw, i, origin.decimal) for i in range(len(raw.headers))]
    facts = [each for each in found if each is not None]
    return "\n".join(_lines(path, origin, facts)) + "\n"


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


def _facts(workshop: Workshop, raw: sources.RawTable, position: int, decimal: str) -> _Facts | None:
    header, column = raw.headers[position], raw.table[f"c{position}"]
    if not header or raw.headers.count(header) > 1:
        return None  # no dataset.yaml can name it
    try:
        text = mapping.as_text(column)
    except mapping.UnsupportedType:
        return None
    workshop.view("_drafted", raw.table.select(x=text))
    rows, present, distinct, numbers, personal, longest, crossed = workshop.execute(
        "SELECT count(*), count(x), approx_count_distinct(x), "
        "count(*) FILTER (regexp_matches(replace(x, $decimal, '.'), $number)), "
        "count(*) FILTER (regexp_matches(x, $personal)), "
        "coalesce(max(length(x)), 0), count(*) FILTER (regexp_matches(x, '^C[0-9]+$')) FROM _drafted",
        {"number": mapping.NUMBER, "decimal": decimal, "personal": _PERSONAL_VALUES},
    )[0]
    values = workshop.execute(
        "SELECT x, count(*) AS n FROM _drafted WHERE x IS NOT NULL GROUP BY x ORDER BY n DESC, x "
        f"LIMIT {_MOST_CATEGORIES}"
    )
    kind = column.type()
    form = "typed" if kind.is_timestamp() or kind.is_date() else _form(workshop, present)
    looks_personal = bool(_PERSONAL_NAMES.search(header)) or (present and personal > present / 2 and form is None)
    clock = kind.is_timestamp() or bool(form and "%H" in form) or (form == "" and longest > len("2026-10-31"))
    # Codes of a number are no names, whatever the header says; phone numbers may be all digits.
    hidden = bool(looks_personal) and (numbers < present or (personal > present / 2 and distinct > rows / 2))
    return _Facts(header, rows, int(distinct), values, numbers, present, form, clock, hidden, 0 < crossed < present / 2)


def _form(workshop: Workshop, present: int) -> str | None:
    """The one format in which nearly all values of the view are dates; "" is ISO."""
    if not present:
        return None
    forms = [form + clock for form in _FORMATS for clock in _CLOCKS]
    counts = ", ".join(f"count(try_strptime(x, '{form}'))" for form in forms)
    found = workshop.execute(f"SELECT count(*) FILTER (regexp_matches(x, '{mapping.ISO}')), {counts} FROM _drafted")[0]
    for form, count in zip(["", *forms], found, strict=True):
        if count >= 0.95 * present:
            return form
    return None


def _lines(path: Path, origin: Origin, facts: list[_Facts]) -> Iterator[str]:
    table = _table(facts)
    yield f"title: {_quoted(path.stem.replace('_', ' ').capitalize())}"
    yield "description:"
    yield "source:  # where the file comes from"
    yield "licence:  # who may use it"
    yield "tables:"
    others = listing([name for name in _CALLED if name != table], "or")
    yield f"  {table}:  {GUESS} (others: {others}, see data/README.md)"
    yield f"    file: {_quoted(path.name)}"
    if origin.encoding != "utf-8":
        yield f"    encoding: {origin.encoding}  {GUESS}"
    if origin.separator != ",":
        yield f"    separator: {_quoted(origin.separator)}  {GUESS}"
    if origin.decimal != ".":
        yield f'    decimal: ","  {GUESS}'
    gaps = sorted({value for each in facts for value, _ in each.values if value.casefold() in _GAPS})
    if gaps:
        yield f"    missing: [{', '.join(_quoted(gap) for gap in gaps)}]  {GUESS}"
    if table == "transactions":
        yield f"    currency: EUR  {GUESS}"
    own = _own(facts, table)
    if table == "transactions" and (product := _product(facts)):
        terms = [f'TRY_CAST("{each.header}" AS DOUBLE)' for each in product]
        yield f"    sql: {json.dumps(f'SELECT *, {terms[0]} * {terms[1]} AS amount FROM rows')}  {GUESS}"
        own["amount"] = "amount"
    yield "    columns:"
    if own.get("amount") == "amount" and all(each.header != "amount" for each in facts):
        yield f"      amount: {{from: amount}}  {GUESS}"
    if cancelled := next((each for each in facts if each.cancelled and each.header == own.get("order_id")), None):
        yield f"      cancelled: {{from: {_quoted(cancelled.header)}, starts_with: [C]}}  {GUESS}"
    taken: set[str] = set()
    for each in facts:
        target = next((name for name, header in own.items() if header == each.header), None)
        name = target or _identifier(each.header, taken, set(_CALLED[table]))
        taken.add(name.casefold())
        keys = _keys(each, name, table, target is not None)
        yield f"      {name}: {{{', '.join(keys)}}}  {GUESS}"
    for name in _needed(table):
        if name not in own:
            yield f"      # {name}: which column? {table} cannot do without it"


def _needed(table: str) -> list[str]:
    return [name for name, field in CANONICAL[table].fields.items() if field.required]


def _own(facts: list[_Facts], table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, pattern in _CALLED[table].items():
        for each in facts:
            fits = re.search(rf"(?i)^({pattern})", each.header)
            if fits and each.header not in found.values() and name not in found and _may_be(each, name):
                found[name] = each.header
    return found


def _may_be(facts: _Facts, name: str) -> bool:
    if name in ("duration", "amount", "weight"):
        return facts.numeric
    if name == "timestamp":
        return facts.form is not None
    if name == "event":
        return facts.distinct <= 3
    return name != "response_id" or facts.distinct > 0.9 * facts.rows


def _table(facts: list[_Facts]) -> str:
    """The canonical table that the columns look like."""
    for table in ("transactions", "lifetimes"):
        if table == "transactions" and _product(facts):
            return table
        if set(_needed(table)) <= set(_own(facts, table)):
            return table
    rated = sum(_scale(each) is not None for each in facts)
    if rated >= 2 or "customer_id" not in _own(facts, "customers"):
        return "surveys"
    return "customers"


def _product(facts: list[_Facts]) -> tuple[_Facts, _Facts] | None:
    """Quantity and price of lines of orders that have no amount."""
    own = _own(facts, "transactions")
    found = [next((each for each in facts if re.search(pattern, each.header) and each.numeric), None)
             for pattern in (r"(?i)^(quantity|qty|units)$", r"(?i)^(unit[ _]?)?price$")]  # fmt: skip
    if {"customer_id", "timestamp"} <= set(own) and "amount" not in own and all(found):
        return found[0], found[1]
    return None


def _scale(facts: _Facts) -> tuple[int, int, list[str], list[str]] | None:
    """Lowest and highest point, codes for missing, codes for not applicable: of what looks like a rating."""
    texts = [value for value, _ in facts.values if value.casefold() not in _GAPS]
    if not 4 <= len(texts) <= 14 or facts.distinct > 14 or not all(re.search(r"^-?\d+(\.0)?$", text) for text in texts):
        return None
    numbers = {float(text): text for text in texts}
    for low, high in _SCALES:
        outside = {number: text for number, text in numbers.items() if not low <= number <= high}
        points = len(numbers) - len(outside)
        if points < max(3, (high - low + 1) * 0.7) or set(outside) - _MISSING - _NOT_APPLICABLE:
            continue
        beside = [text for number, text in outside.items() if number in _NOT_APPLICABLE and high == 5]
        missing = [text for text in outside.values() if text not in beside]
        return low, high, missing, beside
    return None


def _keys(facts: _Facts, name: str, table: str, own: bool) -> list[str]:
    keys = [f"from: {_quoted(facts.header)}"]
    if facts.personal:
        return [*keys, "personal: pseudonym" if own else "personal: drop"]
    if facts.form and facts.form != "typed":
        keys.append(f"format: {_quoted(facts.form)}")
    if own:
        keys += {"duration": ["unit: months"], "weight": ["weighting: survey"]}.get(name, [])
        if name == "event" and not {value for value, _ in facts.values} <= {"0", "1", "true", "false", "0.0", "1.0"}:
            yes = [value for value, _ in facts.values if re.search("(?i)^(y|t|1|left|churn|gone)", value)]
            no = [value for value, _ in facts.values if value not in yes]
            keys += [f"true_values: {_list(yes)}", f"false_values: {_list(no)}"]
        return keys
    scale = _scale(facts) if table == "surveys" else None
    if facts.form is not None:
        keys.append("type: timestamp" if facts.clock else "type: date")
    elif scale:
        low, high, missing, beside = scale
        keys.append(f"scale: [{low}, {high}]")
        keys += [f"missing: {_list(missing)}"] if missing else []
        keys += [f"not_applicable: {_list(beside)}"] if beside else []
    elif facts.values and {value for value, _ in facts.values} <= {"0", "1", "true", "false"}:
        keys.append("type: boolean")
    elif facts.numeric:
        keys.append("type: number")
    else:
        keys.append("type: category" if facts.distinct <= _MOST_CATEGORIES else "type: text")
    return keys


def _identifier(header: str, taken: set[str], reserved: set[str]) -> str:
    name = re.sub(r"\W+", "_", header.strip().lower(), flags=re.ASCII).strip("_")[:50] or "column"
    name = f"c_{name}" if name[0].isdigit() else name
    base, n = f"{name}_" if keyword.iskeyword(name) or name in reserved else name, 1
    name = base
    while name.casefold() in taken:
        n += 1
        name = f"{base}_{n}"
    return name


def _list(values: list[str]) -> str:
    return f"[{', '.join(_quoted(value) for value in values)}]"


def _quoted(text: str) -> str:
    """A text as YAML takes it; JSON's quotes are YAML's."""
    return text if re.fullmatch(r"[A-Za-z][\w .-]*[\w.]", text) and ":" not in text else json.dumps(text)
