"""Dates and times as people write them."""

import re
from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from workbench.datasets.definitions.column import ISO_FORMAT, NUMBER_FORMATS
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values.numerals import NUMBER

_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_OFFSET = r"([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)"
ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}{_OFFSET}?)?$"
ISO_WITH_OFFSET = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}{_OFFSET}$"
MIDNIGHT_WITH_OFFSET = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]00:00(:00(\.0+)?)?{_OFFSET}$"
_PLAIN = dt.Timestamp(scale=6)
# What months are called, by the English abbreviation; English, German, French, Spanish, Italian, Portuguese, Dutch.
_MONTHS = {
    "Jan": "january|januar|jänner|janvier|janv|enero|ene|gennaio|gen|janeiro|januari",
    "Feb": "february|februar|feber|février|févr|fevrier|fevr|febrero|febbraio|fevereiro|fev|februari",
    "Mar": "march|märz|maerz|mär|mrz|mars|marzo|março|marco|maart|mrt",
    "Apr": "april|avril|avr|abril|abr|aprile",
    "May": "mai|mayo|maggio|mag|maio|mei",
    "Jun": "june|juni|juin|junio|giugno|giu|junho",
    "Jul": "july|juli|juillet|juil|julio|luglio|lug|julho",
    "Aug": "august|août|aout|agosto|ago|augustus",
    "Sep": "september|septembre|sept|septiembre|settembre|set|setembro",
    "Oct": "october|oktober|okt|octobre|octubre|ottobre|ott|outubro|out",
    "Nov": "november|novembre|noviembre|novembro",
    "Dec": "december|dezember|dez|décembre|déc|decembre|diciembre|dic|dicembre|dezembro",
}
_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%d %b %Y",
    "%d. %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %y",
    "%Y-%m",
    "%m/%Y",
    "%b %Y",
    "%b-%y",
    "%Y年%m月%d日",
    "%Y年%m月",
    "%Y-%m-%d",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
# What numbers of each kind are when they are dates of our time (1954 to 2119).
_NUMBERS = {"excel": (20_000, 80_000), "epoch": (1e8, 4.7e9), "epoch_ms": (1e11, 4.7e12)}
_FEWEST_DAYS = 2  # one time of one day is a time
_FARTHEST = 253_402_300_799  # seconds: the end of 9999
_IN_ENGLISH = {english: rf"(?i)\b({names}|{english})\b\.?" for english, names in _MONTHS.items()}


_MOMENT, _INSTANT = dt.Timestamp(scale=6), dt.Timestamp(timezone="UTC", scale=6)


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.Array(dt.string)), _MOMENT))
def _try_strptime(text, formats): ...


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, _INSTANT), _MOMENT))
def wall_clock(zone, instant):
    """What a clock on the wall shows in a zone.

    Parameters
    ----------
    zone
        A name of the IANA time zone database.
    instant
        A moment in UTC.
    """


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), _MOMENT))
def _at_microsecond(count): ...


@ibis.udf.scalar.builtin(name="to_timestamp", signature=((dt.float64,), _INSTANT))
def _instant(seconds): ...


def read(text: ir.StringValue, formats: Sequence[str], time_zone: str, midnights: str = "") -> ir.TimestampValue:
    """What texts say; missing where they are no time.

    Parameters
    ----------
    formats
        See `ColumnDefinition.formats`.
    time_zone
        Whose wall clock is wanted, and is shown where no offset stands.
    midnights
        See `midnights_of`.
    text
        Values as text.
    """
    if formats and formats != (ISO_FORMAT,):
        found = [_number(text, form, time_zone) for form in formats if form in NUMBER_FORMATS]
        written = [form for form in formats if "%" in form]
        found += [read(text, (), time_zone)] if ISO_FORMAT in formats else []
        if written:
            found.append(_try_strptime(text, _array(written)))
        if named := [form.replace("%B", "%b") for form in written if "%b" in form or "%B" in form]:
            found.append(_try_strptime(in_english(text), _array(named)))
        return ibis.coalesce(*found) if len(found) > 1 else found[0]
    here = ibis.ifelse(text.re_search(ISO), text.try_cast(_PLAIN), ibis.null(_PLAIN))
    if midnights == "written":
        return ibis.ifelse(text.re_search(MIDNIGHT_WITH_OFFSET), text.substr(0, 10).try_cast(_PLAIN), here)
    moment = wall_clock(time_zone, text.try_cast(dt.Timestamp(timezone="UTC", scale=6)))
    moment = nearest_midnight(moment) if midnights == "elsewhere" else moment
    return ibis.ifelse(text.re_search(ISO_WITH_OFFSET), moment, here)


def nearest_midnight(moment: ir.TimestampValue) -> ir.TimestampValue:
    """The midnight that is nearest: that of a place whose clock is up to twelve hours off.

    Parameters
    ----------
    moment
        A moment, wall clock.
    """
    return (moment + ibis.interval(hours=12)).truncate("D").cast(_PLAIN)


def midnights_of(clocks: Sequence[int], days: int, *, written: bool, zone_said: bool) -> str:
    """Whether times with an offset are dates: midnights of one place.

    Parameters
    ----------
    clocks
        The different seconds of the day that the times show on the table's wall clock; none where they are many.
    days
        How many different days they show.
    written
        Whether all show midnight as they are written, whatever their offset.
    zone_said
        Whether dataset.yaml says the zone: then its clock decides.

    Returns
    -------
    str
        `written`: the day as it is written; `elsewhere`: the nearest midnight, for all show one time of the day (or
        two, an hour apart, in summer and in winter); empty: neither.
    """
    if written:
        return "written"
    seconds = sorted(clocks)
    if zone_said or days < _FEWEST_DAYS or not seconds or len(seconds) > 2 or seconds == [0]:
        return ""
    noon = 43_200
    whole = all(second % 900 == 0 and second != noon for second in seconds)
    first, last = seconds[0], seconds[-1]
    one_place = (last < noon or first > noon) and last - first in (0, 3600)
    around = first == 0 and last == 82_800  # midnight in summer, an hour before it in winter
    return "elsewhere" if whole and (one_place or around) else ""


def forms_that_fit(connection: Connection, texts: Sequence[str]) -> list[str]:
    """The values of `format:` with which all of some texts are dates from 1900 to 2199; several mean that one must ask.

    Parameters
    ----------
    connection
        Where they are tried.
    texts
        A few thousand at most.
    """
    values = list(dict.fromkeys(texts))
    if not values:
        return []
    found = [word for word, (low, high) in _NUMBERS.items() if all(_between(text, low, high) for text in values)]
    forms = [day + clock for day in _DAYS for clock in _CLOCKS if not clock or "%d" in day]
    fits = "count(*) FILTER (year(try_strptime({x}, '{form}')) BETWEEN 1900 AND 2199)"
    counts = ", ".join(fits.format(x="e" if "%b" in form else "x", form=form) for form in forms)
    english = [translated(text) for text in values]
    query = f"SELECT {counts} FROM (SELECT unnest($values) AS x, unnest($english) AS e)"
    (row,) = connection.execute(query, {"values": values, "english": english})
    return found + [form for form, count in zip(forms, row, strict=True) if count == len(values)]


def _between(text: str, low: float, high: float) -> bool:
    return bool(re.search(NUMBER, text)) and low <= float(text) <= high


def translated(text: str) -> str:
    """A text with its months as English abbreviations, whatever language they are in.

    Parameters
    ----------
    text
        One date as written.

    Examples
    --------
    >>> translated("5. März 2024"), translated("5 août 2024"), translated("May")
    ('5. Mar 2024', '5 Aug 2024', 'May')
    """
    for english, pattern in _IN_ENGLISH.items():
        text = re.sub(pattern, english, text)
    return text


def in_english(text: ir.StringValue) -> ir.StringValue:
    """The same for a column.

    Parameters
    ----------
    text
        Dates as written.
    """
    for english, pattern in _IN_ENGLISH.items():
        text = text.re_replace(pattern, english)
    return text


def _array(forms: Sequence[str]) -> ir.ArrayValue:
    return ibis.array([ibis.literal(form) for form in forms])


def _number(text: ir.StringValue, form: str, time_zone: str) -> ir.TimestampValue:
    """Times that are counted in a number: Excel's days are a wall clock, seconds since 1970 are instants."""
    count = ibis.ifelse(text.re_search(NUMBER), text.try_cast("float64"), ibis.null("float64"))
    seconds = {"excel": (count - 25_569) * 86_400, "epoch": count, "epoch_ms": count / 1000}[form]
    seconds = ibis.ifelse(seconds.between(-_FARTHEST, _FARTHEST), seconds, ibis.null("float64"))
    if form == "excel":  # a share of a day is not exact: it is meant to the second
        return _at_microsecond((seconds.round() * 1_000_000).cast("int64"))
    return wall_clock(time_zone, _instant(seconds))
