"""The words and formats that the pages of a run share: what a status, an interval or a moment is called."""

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from workbench import wording
from workbench.reporting.documents import is_number
from workbench.wording import number, p_value, percent, sentence, span

# Tone → the sign that stands before the words; colour only repeats it.
SIGNS = {"good": "✓", "warn": "!", "bad": "✕", "none": "–"}
TONES = {"pass": "good", "warn": "warn", "fail": "bad"}

# Units that say how a number is written rather than what it counts.
BARE_UNITS = {"share": percent, "p": p_value}
LARGE = 1000.0
"""From which on a number has digits before the point that nobody reads: `number` keeps them."""


def verdict_words(status: str) -> str:
    """What a verdict (`pass`, `warn`, `fail`) is called; of anything else, that there is none.

    Parameters
    ----------
    status
        Of a run.
    """
    return {
        "pass": sentence("Can be relied on"),
        "warn": sentence("Can be used with care"),
        "fail": sentence("Not to be relied on"),
    }.get(status, sentence("No verdict"))


def evidence_words() -> dict[str, tuple[str, str]]:
    """What each kind of evidence is called, and what it means."""
    return {
        "experimental": (
            sentence("Experiment"),
            sentence("groups were made by chance, so the difference may be read as an effect."),
        ),
        "associational": (
            sentence("Association"),
            sentence("seen together in the data, which does not show that one causes the other."),
        ),
        "descriptive": (sentence("Description"), sentence("what these data show, with no claim about why.")),
        "assumed": (
            sentence("Assumption"),
            sentence("follows from what was assumed, and was not measured in these data."),
        ),
    }


def quantity(value: object, unit: str = "") -> str:
    """A value with its unit, at most three significant digits; `share` is a percentage, `p` a p-value.

    Parameters
    ----------
    value
        A number; text is given back, anything else is a dash.
    unit
        A code of ours (`share`, `p`, `days`, `weeks`, `months`, `years`), or words for people.

    Examples
    --------
    >>> quantity(0.8432, "share"), quantity(35.04, "months"), quantity(None, "days"), quantity("A")
    ('84.3%', '35 months', '–', 'A')
    """
    if isinstance(value, str):
        return value
    if not is_number(value):
        return "–"
    if unit in BARE_UNITS:
        return BARE_UNITS[unit](value)
    return span(value, unit) if unit else number(value)


def estimated(value: float, width: float = math.inf) -> float:
    """A large estimate as finely as people read one: three significant digits, or a tenth of its interval.

    What was counted is whole, and stays as it is; the files have all digits.

    Parameters
    ----------
    value
        A number.
    width
        Of the interval that it is an end of.

    Examples
    --------
    >>> estimated(408295.21), estimated(2265733.4), estimated(2357), estimated(999.46), estimated(-36495667.3)
    (408000.0, 2270000.0, 2357, 999.46, -36500000.0)
    >>> estimated(1683058.2, 13419.0)
    1683000.0
    """
    if not isinstance(value, float) or value.is_integer() or abs(value) < LARGE:
        return value
    places = 2 - math.floor(math.log10(abs(value)))
    if 0 < width < math.inf:
        places = max(places, math.ceil(1 - math.log10(width)))
    return round(value, min(places, 0))


def interval(ends: object, unit: str = "", *, named: bool = False) -> str:
    """Lower and upper end in words; an end that is not known is left open.

    Parameters
    ----------
    ends
        The two of them; anything else is no interval and gives "".
    unit
        As `quantity` takes it.
    named
        Whether the unit is said too, where no estimate with its unit stands before it.

    Examples
    --------
    >>> interval([0.81, 0.85], "share"), interval([33, None], "months"), interval([None, 37]), interval(None)
    ('81% to 85%', '33 or more', 'up to 37', '')
    >>> interval([33, 37], "months", named=True), interval([33, None], "months", named=True)
    ('33 to 37 months', '33 months or more')
    >>> interval([1, 1], "months", named=True), interval([0.5, 0.5], "share")
    ('1 month', '50%')
    """
    if not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
        return ""
    low, high = ends
    if is_number(low) and is_number(high):
        low, high = (estimated(each, high - low) for each in (low, high))
    code = unit if unit in BARE_UNITS else ""
    last = unit if named else code
    if is_number(low) and is_number(high):
        if quantity(low, last) == quantity(high, last):  # never "1 to 1 month"
            return quantity(high, last)
        return sentence("{low} to {high}", low=quantity(low, code), high=quantity(high, last))
    if is_number(low):
        return sentence("{low} or more", low=quantity(low, last))
    return sentence("up to {high}", high=quantity(high, last)) if is_number(high) else ""


def moment(text: object) -> tuple[str, str]:
    """An ISO date or time as (date, time) for people, in UTC; the text itself where it is not one.

    Parameters
    ----------
    text
        Out of a manifest.

    Examples
    --------
    >>> moment("2026-11-21T22:45:43+00:00"), moment("2026-11-21"), moment(None)
    (('21 Nov 2026', '22:45 UTC'), ('21 Nov 2026', ''), ('', ''))
    """
    if not isinstance(text, str):
        return "", ""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text, ""
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return wording.day(when), f"{when:%H:%M} UTC" if len(text) > len("2026-11-21") else ""


def day(text: object) -> str:
    """The date of an ISO date or time, or a dash.

    Parameters
    ----------
    text
        Out of a manifest.

    Examples
    --------
    >>> day("2020-01-31T00:00:00"), day(None)
    ('31 Jan 2020', '–')
    """
    return moment(text)[0] or "–"


def duration(seconds: object) -> str:
    """How long something took.

    Parameters
    ----------
    seconds
        Out of a manifest; a dash stands for what is no number.

    Examples
    --------
    >>> duration(0.42), duration(12.3), duration(125), duration(7384), duration(None)
    ('0.4 s', '12 s', '2 min 5 s', '2 h 3 min', '–')
    """
    if not is_number(seconds):
        return "–"
    if seconds < 10:
        return sentence("{seconds} s", seconds=number(round(seconds, 1)))
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return sentence("{seconds} s", seconds=rest)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return sentence("{hours} h {minutes} min", hours=number(hours), minutes=minutes)
    return sentence("{minutes} min {seconds} s", minutes=minutes, seconds=rest)


def slug(name: object) -> str:
    """A name as the end of an anchor: letters, digits and hyphens.

    Parameters
    ----------
    name
        In any language.

    Examples
    --------
    >>> slug("Survival by contract & plan"), slug("生存"), slug("<>")
    ('survival-by-contract-plan', '生存', 'unnamed')
    """
    text = unicodedata.normalize("NFC", str(name)).casefold()
    return re.sub(r"[^\w]+|_+", "-", text)[:80].strip("-") or "unnamed"
