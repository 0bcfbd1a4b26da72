"""Sentences and numbers for people: a leaf, and the only place where a value becomes text for a reader.

A template is the key of its translation, so it is written out where it is used: `workbench.messages` collects the
catalogue from the source, and a test holds every call to that. `WORKBENCH_LANGUAGE` chooses the language of everything
that is written for people; what machines read (results.json, tables) keeps its names and numbers.
"""

import difflib
import gettext
import math
import os
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from babel import Locale

LANGUAGE_VARIABLE = "WORKBENCH_LANGUAGE"
CATALOGUES_VARIABLE = "WORKBENCH_CATALOGUES"
"""A folder of catalogues (`<language>/LC_MESSAGES/workbench.mo`) to be used instead of ours, for whoever translates."""

SOURCE_LANGUAGE = "en"
MOST_DIGITS = 15  # that any decimal fraction has the same of when it is read again: more would be noise of binary ones
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LENGTHS: tuple[Literal["long"], Literal["short"]] = ("long", "short")
TIMES = ("hour", "day", "week", "month", "quarter", "year")
"""Units of time, of which Babel knows the plurals in every language; in the singular or, with an s, in the plural."""


def language() -> str:
    """The language that people are written to in: `en`, `zh_CN`; English where none is chosen or the code is none."""
    return _known(os.environ.get(LANGUAGE_VARIABLE) or SOURCE_LANGUAGE)


def sentence(template: str, /, **values: object) -> str:
    """Fill a sentence's template.

    Parameters
    ----------
    template
        A whole sentence, written out in the call (or one of two, `A if x else B`, or a name given such in the same
        function): it is the key of its translation.
    **values
        What its fields stand for.

    Examples
    --------
    >>> sentence("Half of {who} leave within {months} months.", who="customers on plan A", months=number(35.04))
    'Half of customers on plan A leave within 35 months.'
    """
    # gettext has the catalogue's own header under the empty text.
    return _catalogue(language()).gettext(template).format(**values) if template else ""


def plural(one: str, many: str, n: float, /, **values: object) -> str:
    """Fill the template that goes with a count; `{n}` is the count, in the form of `number`.

    Parameters
    ----------
    one, many
        Templates as `sentence` takes them, for one and for any other number; a language may have more forms.
    n
        The count.
    **values
        What the other fields stand for.

    Examples
    --------
    >>> [plural("{n} customer left.", "{n} customers left.", n) for n in (1, 1200)]
    ['1 customer left.', '1,200 customers left.']
    """
    chosen = n if isinstance(n, int) else 1 if n == 1 else 2
    return _catalogue(language()).ngettext(one, many, chosen).format(**{"n": number(n), **values})


def narrative(source: str) -> str:
    """The prose of a notebook's cell in the language of the reader; the cell's whole text is the key.

    Parameters
    ----------
    source
        The cell's text.
    """
    key = source.strip()
    return _catalogue(language()).gettext(key) if key else source


def number(value: float | None, digits: int = 3) -> str:
    """A number with at most `digits` significant digits, thousands grouped; whole numbers keep all their digits.

    Parameters
    ----------
    value
        A dash stands for None and for what is not finite.
    digits
        How many at most.

    Examples
    --------
    >>> number(0.56689), number(12345.6), number(7043), number(-0.00012345), number(None), number(35.0)
    ('0.567', '12,346', '7,043', '-0.000123', '–', '35')
    >>> number(3.5312e-10), number(1.5e20)
    ('3.53 × 10⁻¹⁰', '1.5 × 10²⁰')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value != 0 and not 1e-5 <= abs(value) < 1e15:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{number(float(mantissa), digits)} × 10{str(int(exponent)).translate(RAISED)}"
    return _grouped(_rounded(value, digits))


def as_finely(value: float, low: float, high: float) -> float:
    """A number rounded to where its interval tells values apart: ten steps or more between the ends.

    Rounded to significant digits an end may cross the estimate: 1.05 and 1.01 would both be told as 1.

    Parameters
    ----------
    value
        The estimate, or one of the ends.
    low, high
        Ends of the interval.

    Examples
    --------
    >>> as_finely(1.0052, 0.962, 1.0433), as_finely(9.24e-6, -0.051, 0.054), as_finely(1046.4, 900.0, 1200.0)
    (1.005, 0.0, 1046.0)
    >>> as_finely(0.5, 0.5, 0.5)
    0.5
    """
    width = high - low
    if not 0 < width < math.inf or not math.isfinite(value):
        return value
    return round(value, max(math.ceil(1 - math.log10(width)), 0)) + 0.0  # no -0


def between(low: float, high: float) -> str:
    """An interval in words, both ends as finely as it is wide; empty where an end is not known.

    Parameters
    ----------
    low, high
        Its ends.

    Examples
    --------
    >>> between(0.9621, 1.0433), between(-0.00093, 0.0047), between(float("nan"), 1.0)
    ('0.962 to 1.043', '-0.0009 to 0.0047', '')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    ends = [number(as_finely(each, low, high), MOST_DIGITS) for each in (low, high)]
    return sentence("{low} to {high}", low=ends[0], high=ends[1])


def percent(share: float | None) -> str:
    """A share between 0 and 1 as a percentage with one decimal at most.

    Parameters
    ----------
    share
        A dash stands for None and for what is not finite.

    Examples
    --------
    >>> percent(0.8432), percent(0.5), percent(None)
    ('84.3%', '50%', '–')
    """
    if share is None or not math.isfinite(share):
        return "–"
    text = _grouped(f"{share * 100:.1f}".rstrip("0").rstrip("."))
    # Where the sign stands is the language's: 84.3%, 84,3 %, %84,3.
    pattern = "0%" if language() == SOURCE_LANGUAGE else _locale(language()).percent_formats[None].pattern
    return pattern.replace("#,##", "").replace("0", text, 1)


def span(value: float | None, unit: str) -> str:
    """A length of time in words.

    Parameters
    ----------
    value
        How many.
    unit
        One of `TIMES`, or with an s; any other is put behind the number as it is.

    Examples
    --------
    >>> span(35.04, "months"), span(1, "month"), span(2.5, "visit"), span(None, "months")
    ('35 months', '1 month', '2.5 visit', '–')
    """
    text, one = number(value), unit.removesuffix("s")
    if value is None or text == "–":
        return text
    if one not in TIMES:
        return f"{text} {unit}"
    if language() == SOURCE_LANGUAGE:
        return f"{text} {one}" if value == 1 else f"{text} {one}s"
    from babel.units import format_unit

    rounded, name = Decimal(_rounded(value, 3).replace(",", "")), f"duration-{one}"
    # Where a language has one form alone, Babel knows it as the short one.
    long, short = (format_unit(rounded, name, length, locale=_locale(language())) for length in LENGTHS)
    return short if name in long else long


def units(unit: str) -> str:
    """A unit of time in the plural, as in the head of a table; any other unit as it is.

    Parameters
    ----------
    unit
        Its name in the singular or in the plural.

    Examples
    --------
    >>> units("month"), units("years"), units("visit")
    ('months', 'years', 'visit')
    """
    one = unit.removesuffix("s")
    if one not in TIMES:
        return unit
    if language() == SOURCE_LANGUAGE:
        return f"{one}s"
    from babel.units import get_unit_name

    names = (get_unit_name(f"duration-{one}", length, _locale(language())) for length in LENGTHS)
    return next(filter(None, names), f"{one}s")


def day(when: date | None) -> str:
    """A date.

    Parameters
    ----------
    when
        A dash stands for None.

    Examples
    --------
    >>> day(date(2026, 11, 21)), day(None)
    ('21 Nov 2026', '–')
    """
    if when is None:
        return "–"
    if language() == SOURCE_LANGUAGE:
        return f"{when.day} {MONTHS[when.month - 1]} {when.year}"
    from babel.dates import format_date

    return format_date(when, locale=_locale(language()))


def month(when: date) -> str:
    """A month that begins on a day: by its name where that is the first.

    Parameters
    ----------
    when
        Its first day.

    Examples
    --------
    >>> month(date(2026, 11, 1)), month(date(2026, 11, 15))
    ('Nov 2026', 'the month from 15 Nov 2026')
    """
    if when.day != 1:
        return sentence("the month from {day}", day=day(when))
    if language() == SOURCE_LANGUAGE:
        return f"{MONTHS[when.month - 1]} {when.year}"
    from babel.dates import format_date

    return format_date(when, "MMM y", locale=_locale(language()))


def p_value(value: float | None) -> str:
    """A p-value with two significant digits, none below 0.001.

    Parameters
    ----------
    value
        Between 0 and 1; a dash stands for None.

    Examples
    --------
    >>> p_value(0.0321), p_value(1e-9), p_value(None)
    ('0.032', '< 0.001', '–')
    """
    return "< 0.001" if value is not None and value < 0.001 else number(value, 2)


def listing(items: Iterable[object], last: Literal["and", "or"] = "and") -> str:
    """Items in one phrase.

    Parameters
    ----------
    items
        In the order in which they shall stand.
    last
        The word before the last one.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    words = [str(item) for item in items]
    if language() != SOURCE_LANGUAGE:
        from babel.lists import format_list

        return format_list(words, style="or" if last == "or" else "standard", locale=_locale(language()))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def first_of(items: Iterable[object], most: int = 3) -> str:
    """The first items in one phrase, and how many more there are.

    Parameters
    ----------
    items
        In the order in which they shall stand.
    most
        How many are named.

    Examples
    --------
    >>> first_of("ab"), first_of("abcd"), first_of("abcdef", most=2)
    ('a and b', 'a, b, c and 1 more', 'a, b and 4 more')
    """
    words = [str(item) for item in items]
    left = len(words) - most
    if left <= 0:
        return listing(words)
    return plural("{named} and {n} more", "{named} and {n} more", left, named=", ".join(words[:most]))


def shown(value: object, *, longest: int = 60) -> str:
    r"""A value from outside as it may stand in a message: one line, shortened, text in quotes, its controls escaped.

    Parameters
    ----------
    value
        Of any type.
    longest
        Characters that are shown.

    Examples
    --------
    >>> shown("a" * 100, longest=8), shown("new\nline"), shown(-1.0), shown([1, "a"]), shown(None)
    ("'aaaaaaa…'", "'new\\nline'", '-1', "[1, 'a']", 'nothing')
    """
    if value is None:
        return sentence("nothing")
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return repr(text) if isinstance(value, str) else text


def suggestion(got: object, known: Iterable[str]) -> str:
    """The known name nearest to what was written, as the end of a sentence; a full stop when none is near.

    Parameters
    ----------
    got
        What was written.
    known
        Names that would be right.

    Examples
    --------
    >>> suggestion("Durations", ["duration", "event"]), suggestion("x", ["duration"])
    ("; did you mean 'duration'?", '.')
    """
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(str(got).casefold(), folded, n=1)
    return sentence("; did you mean {name}?", name=shown(folded[near[0]])) if near else "."


def inert(value: object) -> object:
    """A cell of CSV that a spreadsheet does not run: text that begins like a formula gets an apostrophe in front.

    Numbers stay as they are, also where they are text.

    Parameters
    ----------
    value
        Of any type; only text is changed.

    Examples
    --------
    >>> [inert(value) for value in ("=1+1", "＝1+1", "-2.5", "@cmd", "plain", -3, None)]
    ["'=1+1", "'＝1+1", '-2.5', "'@cmd", 'plain', -3, None]
    """
    if not isinstance(value, str):
        return value
    # Spreadsheets read marks of full width like narrow ones, and pass over blanks, ends of lines and what is not seen.
    seen = "".join(mark for mark in value[:20] if unicodedata.category(mark) != "Cf")
    begins = unicodedata.normalize("NFKC", seen).lstrip()
    if not (begins.startswith(("=", "+", "-", "@")) or value.startswith(("\t", "\r", "\n"))):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def label_of(labels: Mapping[str, str] | None, column: str) -> str:
    """The label of a column, or its name in words where it has none.

    Parameters
    ----------
    labels
        By column; None: there are none.
    column
        Its name in the table.
    """
    return (labels or {}).get(column) or column.replace("_", " ")


def inline(label: str) -> str:
    """A label as it stands inside a sentence: a capital at its start only where more follow (an abbreviation).

    Parameters
    ----------
    label
        As it stands by itself.

    Examples
    --------
    >>> inline("Payment method"), inline("NPS group"), inline("A few answers weigh heavily")
    ('payment method', 'NPS group', 'a few answers weigh heavily')
    """
    return (
        label[:1].lower() + label[1:] if label[1:2].islower() or (label[:2] == "A " and label[2:4].islower()) else label
    )


@cache
def _known(code: str) -> str:
    """The code of a language in Babel's form, or English. Babel takes 0.1 s to wake up: not for English."""
    if code == SOURCE_LANGUAGE:
        return code
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(code.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return SOURCE_LANGUAGE


@cache
def _locale(code: str) -> "Locale":
    from babel import Locale

    return Locale.parse(code)


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    folder = os.environ.get(CATALOGUES_VARIABLE) or Path(__file__).parent / "catalogues"
    return gettext.translation("workbench", folder, languages=[code], fallback=True)


def _rounded(value: float, digits: int) -> str:
    """A number as English writes it."""
    if value == 0 or float(value).is_integer() or abs(value) >= 10**digits:
        return f"{value:,.0f}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _grouped(text: str) -> str:
    """A number as English writes it in the signs of the language."""
    if language() == SOURCE_LANGUAGE:
        return text
    from babel.numbers import format_decimal

    plain = text.replace(",", "")
    decimals = len(f"{plain}.".split(".")[1])
    pattern = ("#,##0" if "," in text else "0") + ("." + "0" * decimals if decimals else "")
    return format_decimal(Decimal(plain), format=pattern, locale=_locale(language()))
