"""How dates are written: the formats that fit all of a column's values, and those that fit equally well.

A format is put together from the look of the values; how many of all rows it fits decides, never which is tried first.
"""

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.datasets.guessing import gaps
from workbench.datasets.guessing.questions import Question, Reading
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values import mapping
from workbench.wording import listing, number, percent, sentence

_NEARLY_ALL = 0.95  # of the values: the rest may be slips, of which `data check` then speaks
_BOTH = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
_MOST_LOOKS = 6  # notations in one column; with more it is a text
_MOST_WORDS = 3  # different words among dates, as codes for none; with more it is a text
_CLOCK = re.compile(
    r"(?P<gap>T|,? +)(?P<h>\d{1,2}):\d{2}(?P<s>:\d{2}(?P<f>\.\d{1,9})?)?"
    r"(?P<p>( ?)[AaPp]\.?[Mm]\.?)?(?P<z> ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)
_MONTH = r"(?P<n>[A-Za-zÀ-ÿ]{3,10})\.?"
_THREE = re.compile(r"(?P<a>\d{1,4})(?P<s>[./ -])(?P<b>\d{1,2})(?P=s)(?P<c>\d{4}|\d{1,2})(?P<rest>\D.*)?")
_CHINESE = re.compile(r"\d{4}(?P<s> ?)年 ?\d{1,2} ?月(?P<d> ?\d{1,2} ?[日号])?(?P<rest>.*)")
_NAMED = (
    (
        re.compile(rf"\d{{1,2}}(?P<s1>[ ./-]+){_MONTH}(?P<s2>[ ,./-]+)(?P<y>\d{{4}}|\d{{2}})(?P<rest>\D.*)?"),
        "%d{s1}{n}{s2}{y}",
    ),
    (
        re.compile(rf"{_MONTH}(?P<s1>[ .-]+)\d{{1,2}}(?P<s2>,? +|[-/.])(?P<y>\d{{4}}|\d{{2}})(?P<rest>\D.*)?"),
        "{n}{s1}%d{s2}{y}",
    ),
    (re.compile(rf"{_MONTH}(?P<s1>[ ,./'-]+)(?P<y>\d{{4}}|\d{{2}})(?P<rest>)"), "{n}{s1}{y}"),
    (re.compile(rf"(?P<y>\d{{4}})(?P<s1>[ ./-]+){_MONTH}(?P<s2>[ ./-]+)\d{{1,2}}(?P<rest>\D.*)?"), "{y}{s1}{n}{s2}%d"),
)
_MONTHS = {
    datetime.date(2024, month, 1).strftime(form).casefold(): form for month in range(1, 13) for form in ("%B", "%b")
}
# Days since 1899-12-30 from 1954 to 2064, seconds and milliseconds since 1970 from 1982 to 2096.
_EXCEL, _EPOCH, _EPOCH_MS = (20_000, 60_000), (4e8, 4e9), (4e11, 4e12)


@dataclass(frozen=True)
class Dates:
    """How a column writes dates.

    Attributes
    ----------
    formats
        As `format:` takes them; none for ISO and for columns of dates.
    clock
        Whether there is a time of day.
    typed
        Whether the column holds dates, and no text.
    assumed
        Whether the formats are likely and not certain (a number that is a day, years of two digits).
    question
        What must be answered first.
    codes
        Texts that stand for no date (9999-12-31 …) with their counts.
    style
        The order of day, month and year where it was certain ("%d%m"), else "".
    options
        The formats of each reading of the question.
    read
        Values that could be read, beside gaps and codes, and how many there are.
    """

    formats: tuple[str, ...] = ()
    clock: bool = False
    typed: bool = False
    assumed: bool = False
    question: Question | None = None
    codes: tuple[tuple[str, int], ...] = ()
    style: str = ""
    options: tuple[tuple[str, ...], ...] = ()
    read: tuple[int, int] = (0, 0)

    @property
    def numeric(self) -> bool:
        """Whether its days are written as one number."""
        return self.formats in (("excel",), ("epoch",), ("epoch_ms",), ("%Y%m%d",), ("%Y%m",))


def typed(kind, values: list[tuple[str, int]]) -> Dates:
    """Of a column that holds dates or times.

    Parameters
    ----------
    kind
        Kind of the column.
    values
        The first values, for their time of day.
    """
    clock = bool(kind.is_timestamp() and any(len(text) > 10 and text[10:].strip(" T0:.") != "" for text, _ in values))
    return Dates(clock=clock, typed=True, codes=gaps.of_dates(values, []))


def find(connection: Connection, values: list[tuple[str, int]], *, numbers: bool, temporal: bool) -> Dates | None:
    """How the texts of the view `_drafted` write dates; None where they are none.

    Parameters
    ----------
    values
        The most frequent, with their counts.
    numbers
        Whether all values are plain numbers.
    temporal
        Whether the column's name speaks of a time.
    connection
        Where rows are laid out.
    """
    told = [(text, count) for text, count in values if not gaps.is_gap(text)]
    if numbers:
        return _numbers(connection, told, temporal)
    words = [(text, count) for text, count in told if not re.search(r"\d", text)]
    dated = [(text, count) for text, count in told if (text, count) not in words]
    if not dated or len(words) > _MOST_WORDS:
        return None
    found = _of_texts(connection, dated, [text for text, _ in words], temporal)
    return found and replace(found, codes=(*found.codes, *words))


def _of_texts(connection: Connection, told: list[tuple[str, int]], words: list[str], temporal: bool) -> Dates | None:
    said = [(text, count) for text, count in told if not gaps.NULL_DAY.fullmatch(text)]
    looks: Counter[tuple[str, ...]] = Counter()
    for text, count in said:
        looks[_formats(text)] += count
    total = sum(looks.values())
    if not total or looks.pop((), 0) > (1 - _NEARLY_ALL) * total:
        return _unreadable(said) if temporal else None
    kept = [look for look, count in looks.most_common(_MOST_LOOKS) if count >= 0.002 * total]
    if all(look == ("",) for look in kept):
        return _iso(connection, said, told)
    combined = [_BOTH if look == ("",) else look for look in kept]
    return _settled(connection, combined, told, words)


def _formats(text: str) -> tuple[str, ...]:
    """The formats in which one text may be a date; ("",) is ISO, () is none."""
    if re.search(mapping.ISO, text):
        return ("",)
    for pattern, find in ((_THREE, _of_three), (_CHINESE, _of_chinese)):
        if found := pattern.fullmatch(text):
            return _timed(find(found), found["rest"] or "")
    for pattern, template in _NAMED:
        found = pattern.fullmatch(text)
        if found and (month := _MONTHS.get(found["n"].casefold())):
            if month == "%B" and found["n"].casefold() == "may":
                month = "%b"
            parts = found.groupdict()
            parts |= {
                "n": month + ("." if f"{found['n']}." in text else ""),
                "y": "%Y" if len(found["y"]) == 4 else "%y",
            }
            if parts["n"].endswith(".") and parts["s1"].startswith("."):
                parts["s1"] = parts["s1"][1:]
            return _timed([template.format(**parts)], found["rest"] or "")
    if found := re.fullmatch(r"\d{4}([-/.])\d{1,2}", text):
        return (f"%Y{found[1]}%m",)
    if found := re.fullmatch(r"\d{1,2}([-/.])\d{4}", text):
        return (f"%m{found[1]}%Y",)
    if found := re.fullmatch(r"(19|20)\d{6}(?P<rest>\D.*)", text):
        return _timed(["%Y%m%d"], found["rest"])
    return ()


def _of_three(found: re.Match) -> list[str]:
    mark, first, second, third = found["s"], found["a"], found["b"], found["c"]
    if len(first) == 4:
        return [f"%Y{mark}%m{mark}%d"] if len(third) < 3 else []
    if len(first) == 3:
        return []
    del second
    if len(third) == 4:
        return [f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y"]
    return [f"%d{mark}%m{mark}%y", f"%m{mark}%d{mark}%y", f"%y{mark}%m{mark}%d"]


def _of_chinese(found: re.Match) -> list[str]:
    text = found.string[: len(found.string) - len(found["rest"])]
    form = "%Y" + re.sub(r"\d+", "%m", text[4:], count=1)
    return [re.sub(r"(?<=月)( ?)\d+", r"\1%d", form)]


def _timed(days: Sequence[str], rest: str) -> tuple[str, ...]:
    if not rest.strip():
        return tuple(days)
    found = _CLOCK.fullmatch(rest)
    if not found:
        return ()
    hour = "%I" if found["p"] else "%H"
    seconds = "" if not found["s"] else ":%S" if not found["f"] else ":%S.%f"
    half = "" if not found["p"] else found["p"].replace(found["p"].strip(), "%p")
    if found["p"] and "." in found["p"]:
        return ()
    return tuple(f"{day}{found['gap']}{hour}:%M{seconds}{half}{found['z'] or ''}" for day in days)


def _iso(connection: Connection, said: list[tuple[str, int]], told: list[tuple[str, int]]) -> Dates:
    (rows, valid, clock, midnights, offset, zulu) = connection.execute(
        "SELECT count(*), count(TRY_CAST(substr(x, 1, 10) AS DATE)), count(*) FILTER (regexp_matches(x, '[T ][0-9]')), "
        "count(*) FILTER (regexp_matches(x, '[T ]00:00(:00(\\.0+)?)?([+-][0-9:]+)?$')), "
        "count(*) FILTER (regexp_matches(x, '[+-][0-9]{2}(:?[0-9]{2})?$') AND length(x) > 12), "
        "count(*) FILTER (regexp_matches(x, '(Z|[+]00:?00)$')) "
        "FROM _drafted WHERE x IS NOT NULL"
    )[0]
    codes = gaps.of_dates(told, [])
    read = (int(valid), int(rows))
    if offset and clock and midnights == clock and offset > zulu:
        # Midnights of a place are its days; turned to UTC they would be a day earlier.
        tails = connection.execute(
            "SELECT DISTINCT substr(x, 11) FROM _drafted WHERE regexp_matches(x, '[T ]00:00') ORDER BY 1"
        )
        forms = tuple(f"%Y-%m-%d{tail}" for (tail,) in tails)
        return Dates(forms + (("%Y-%m-%d",) if clock < rows else ()), codes=codes, read=read)
    if zulu and zulu == clock and (question := _shifted(connection)):
        return Dates(clock=False, codes=codes, question=question, read=read)
    return Dates(clock=bool(clock) and midnights < clock, codes=codes, read=read)


def _shifted(connection: Connection) -> Question | None:
    """Whether times in UTC are the midnights of some other place."""
    hours = connection.execute(
        "SELECT substr(x, 12, 2), count(*) FROM _drafted WHERE x IS NOT NULL AND substr(x, 15, 2) = '00' "
        "GROUP BY 1 ORDER BY 2 DESC"
    )
    whole = sum(count for _, count in hours)
    rows = connection.execute("SELECT count(*) FROM _drafted WHERE length(x) > 12")[0][0]
    found = sorted(hour for hour, _ in hours)
    close = len(found) == 1 or (len(found) == 2 and abs(int(found[0]) - int(found[1])) in (1, 23))
    if whole < rows or rows < 5 or not close or "00" in found:
        return None
    evidence = (
        "All {n} times are {hours} in UTC: midnight in some other place, whose day is the next or the one before."
    )
    hours_said = listing([f"{hour}:00" for hour in found], "or")
    asks = sentence("In which time zone are these days?")
    form = sentence(
        "Write time_zone: (such as Europe/Berlin or Asia/Shanghai) on the table, and take the question away."
    )
    return Question(asks, f"{sentence(evidence, n=number(rows), hours=hours_said)} {form}")


def _numbers(connection: Connection, told: list[tuple[str, int]], temporal: bool) -> Dates | None:
    """Days written as one number: 20240305, 45201, 1709596800."""
    if not temporal and not any(re.fullmatch(r"(19|20)\d{6}", text) for text, _ in told):
        return None
    low, high, rows, days, months = connection.execute(
        "SELECT min(TRY_CAST(x AS DOUBLE)), max(TRY_CAST(x AS DOUBLE)), count(*), "
        "count(*) FILTER (regexp_full_match(x, '(19|20)[0-9]{6}') AND try_strptime(x, '%Y%m%d') IS NOT NULL), "
        "count(*) FILTER (regexp_full_match(x, '(19|20)[0-9]{2}(0[1-9]|1[0-2])')) FROM _drafted WHERE x IS NOT NULL"
    )[0]
    if not rows:
        return None
    if days >= _NEARLY_ALL * rows and (temporal or rows >= 3):
        return Dates(("%Y%m%d",), codes=gaps.of_dates(told, ["%Y%m%d"]), read=(days, rows))
    if not temporal:
        return None
    if months == rows and high - low < 10_000:
        return Dates(("%Y%m",), assumed=True, read=(months, rows))
    for form, (least, most), day in (
        ("excel", _EXCEL, datetime.timedelta(days=1)),
        ("epoch", _EPOCH, datetime.timedelta(seconds=1)),
        ("epoch_ms", _EPOCH_MS, datetime.timedelta(milliseconds=1)),
    ):
        inside, beyond = connection.execute(
            "SELECT count(*) FILTER (n BETWEEN $least AND $most), count(*) FILTER (n % 86400 <> 0) "
            "FROM (SELECT TRY_CAST(x AS DOUBLE) AS n FROM _drafted WHERE x IS NOT NULL)",
            {"least": least, "most": most},
        )[0]
        if inside < _NEARLY_ALL * rows:
            continue
        start = datetime.datetime(1899, 12, 30) if form == "excel" else datetime.datetime(1970, 1, 1)
        codes = tuple(
            (text, count)
            for text, count in told
            if not least <= float(text) <= most and (float(text) <= 0 or float(text) >= 2_958_465)
        )
        latest = start + float(high) * day if not codes else None
        if latest is not None and latest.year > datetime.date.today().year + gaps.LONGEST_YEARS:
            continue
        clock = any("." in text for text, _ in told) if form == "excel" else beyond > 0
        return Dates((form,), clock=clock, assumed=True, codes=codes, read=(inside, rows))
    return None


def _settled(
    connection: Connection, looks: list[tuple[str, ...]], told: list[tuple[str, int]], words: list[str]
) -> Dates | None:
    """The readings of all looks together, counted over all rows."""
    readings = list(dict.fromkeys(_consistent(looks)))
    asked = ", ".join("count({0}), min({0}), max({0})".format(f"try_strptime(x, {_sql(forms)})") for forms in readings)
    codes = gaps.of_dates(told, [form for look in looks for form in look])
    nulls = [text for text, _ in told if gaps.NULL_DAY.fullmatch(text)]
    leave = ", ".join(_literal(text) for text in [*nulls, *words, *(text for text, _ in codes)]) or "''"
    query = f"SELECT count(*), {asked} FROM _drafted WHERE regexp_matches(x, '[0-9]') AND x NOT IN ({leave})"
    row = connection.execute(query)[0]
    rows, found = row[0], [row[1 + 3 * i : 4 + 3 * i] for i in range(len(readings))]
    if not rows:
        return None
    most = max(count for count, *_ in found)
    if most < _NEARLY_ALL * rows:
        return _contradicted(readings, found, rows, codes)
    best = [i for i, (count, *_) in enumerate(found) if count == most]
    best = [i for i in best if not _unlikely(found[i][1:])] or best
    best = [i for i in best if not _ahead(readings[i], found, best, i)] or best
    forms = readings[best[0]]
    clock = any("%H" in form or "%I" in form for form in forms)
    assumed = any("%y" in form for form in forms)
    alike = [i for i in best if i == best[0] or _differ(connection, readings[best[0]], readings[i])]
    close = [i for i, (count, *_) in enumerate(found) if i not in alike and count >= 0.9 * rows and most < rows]
    if _BOTH in looks and any(look != _BOTH and len(look) > 1 for look in looks):
        return Dates(
            forms, clock=clock, codes=codes, question=_mixed([*alike, *close], readings, found), read=(most, rows)
        )
    if len(alike) + len(close) == 1:
        style = _style(forms[-1]) if any(len(look) > 1 for look in looks) else ""
        return Dates(forms, clock=clock, assumed=assumed, codes=codes, style=style, read=(most, rows))
    first = next((i for i in alike if _style(readings[i][-1]) == "%d%m%Y"), None)
    if first is not None and not close and all(re.fullmatch(r"%[dm]\.%[dm]\.%[yY].*", readings[i][-1]) for i in alike):
        # Between points the day comes first wherever such dates are written.
        return Dates(readings[first], clock=clock, assumed=True, codes=codes, read=(most, rows))
    open_ones = [*alike, *close]
    question, options = _which(open_ones, readings, found, rows), tuple(readings[i] for i in open_ones)
    return Dates(forms, clock=clock, codes=codes, question=question, options=options, read=(most, rows))


def _mixed(best: list[int], readings: list[tuple[str, ...]], found: list[tuple]) -> Question:
    asks = sentence("Were days and months swapped in this column?")
    evidence = sentence(
        "Some cells are dates (2026-10-31), others texts in another order: a spreadsheet that took some for dates may "
        "have read the day as the month. Compare a few with their source before you answer."
    )
    return Question(asks, evidence, tuple(_reading(readings[i], found[i]) for i in best))


def like(dates: Dates, style: str) -> Dates:
    """The same with its question answered by the order that other columns of the file have for certain.

    Parameters
    ----------
    dates
        How the column writes dates.
    style
        Order of day, month and year in other columns of the file.
    """
    fits = [forms for forms in dates.options if _style(forms[-1]) == style]
    return replace(dates, formats=fits[0], assumed=True, question=None, options=()) if len(fits) == 1 else dates


def _consistent(looks: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """One format for each look: those that put day and month in the same order together."""
    free = [look for look in looks if len(look) > 1 and look != _BOTH]
    fixed = [form for look in looks if look not in free for form in look]
    if not free:
        return [tuple(dict.fromkeys(fixed))]
    styles = list(dict.fromkeys(_style(form) for look in free for form in look))
    found = []
    for style in styles:
        chosen = [form for look in free for form in look if _style(form) == style]
        if len(chosen) == len(free):
            found.append(tuple(dict.fromkeys([*fixed, *chosen])))
    return found or [tuple(dict.fromkeys([*fixed, *each])) for each in itertools.islice(itertools.product(*free), 9)]


def _style(form: str) -> str:
    return "".join(part for part in re.findall(r"%[a-zA-Z]", form.replace("%y", "%Y")) if part in ("%d", "%m", "%Y"))


def _unlikely(span: tuple) -> bool:
    first, last = span
    return first is None or first.year < 1900 or last.year > datetime.date.today().year + 100


def _ahead(forms: tuple[str, ...], found: list[tuple], best: list[int], i: int) -> bool:
    """Whether years of two digits that come first lead beyond today, and another reading does not."""
    today = datetime.datetime.now()
    past = any(found[other][2] <= today for other in best if other != i)
    return any(form.startswith("%y") for form in forms) and found[i][2] > today and past


def _differ(connection: Connection, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    read = [f"try_strptime(x, {_sql(forms)})" for forms in (one, other)]
    query = f"SELECT count(*) FROM _drafted WHERE {read[0]} IS DISTINCT FROM {read[1]}"
    return connection.execute(query)[0][0] > 0


def _which(best: list[int], readings: list[tuple[str, ...]], found: list[tuple], rows: int) -> Question:
    asks = sentence("In which order are these dates written?")
    told = ", ".join(f"{number(found[i][0])} {readings[i][-1]}" for i in best)
    evidence = sentence("Of {all} dates these fit: {told}.", all=number(rows), told=told)
    if {found[i][0] for i in best} == {rows}:
        evidence = sentence("All {all} dates fit each of the readings.", all=number(rows))
    return Question(asks, evidence, tuple(_reading(readings[i], found[i]) for i in best))


def _reading(forms: tuple[str, ...], found: tuple) -> Reading:
    span = {"first": str(found[1])[:10], "last": str(found[2])[:10]}
    match _style(forms[-1]):
        case "%d%m%Y":
            means = sentence("the day comes first, from {first} to {last}", **span)
        case "%m%d%Y":
            means = sentence("the month comes first, from {first} to {last}", **span)
        case "%Y%m%d":
            means = sentence("the year comes first, from {first} to {last}", **span)
        case _:
            means = sentence("from {first} to {last}", **span)
    return Reading((f"format: {_yaml(forms)}",), means)


def _contradicted(readings: list[tuple[str, ...]], found: list[tuple], rows: int, codes: tuple) -> Dates | None:
    best = sorted(range(len(readings)), key=lambda i: -found[i][0])[:3]
    if found[best[0]][0] < rows / 2:
        return None
    asks = sentence("How are these dates written?")
    told = listing([f"{number(found[i][0])} ({percent(found[i][0] / rows)}) {readings[i][-1]}" for i in best])
    evidence = sentence("No order fits all {rows}: of them fit {told}.", rows=number(rows), told=told)
    both = tuple(dict.fromkeys(form for i in best for form in readings[i]))
    means = sentence("each date is read by the first format that fits it, which may take a day for a month")
    readings_ = (*(_reading(readings[i], found[i]) for i in best), Reading((f"format: {_yaml(both)}",), means))
    return Dates(
        readings[best[0]], codes=codes, question=Question(asks, evidence, readings_), read=(found[best[0]][0], rows)
    )


def _unreadable(said: list[tuple[str, int]]) -> Dates | None:
    """Dates by their look that no format reads, such as names of months in another language."""
    total = sum(count for _, count in said)
    like = sum(
        count for text, count in said if re.fullmatch(r"\d{1,2}\.? ?(de )?[^\W\d_]{3,12}\.?,? ?(de )?\d{2,4}", text)
    )
    if not total or like < _NEARLY_ALL * total:
        return None
    asks = sentence("How are these dates written?")
    evidence = sentence(
        "They name months in words that format: does not know. Write them as 2026-10-31 in the file, "
        "then take the question away."
    )
    return Dates(question=Question(asks, evidence))


def _sql(forms: tuple[str, ...]) -> str:
    return "[" + ", ".join(_literal(form) for form in forms) + "]"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _yaml(forms: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{form}"' for form in forms)
    return listed if len(forms) == 1 else f"[{listed}]"
