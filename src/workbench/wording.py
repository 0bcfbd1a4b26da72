"""Sentences and numbers for people: a leaf, and the only place where a value becomes text for a reader."""

import difflib
import gettext
import math
from collections.abc import Iterable, Mapping, Sequence

CATALOGUE = gettext.translation("workbench", fallback=True)


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def sentence(template: str, /, **values: object) -> str:
    """Fill a sentence's template; the template is the key of its translation.

    Examples
    --------
    >>> sentence("Half of {who} leave within {months} months.", who="customers on plan A", months=number(35.04))
    'Half of customers on plan A leave within 35 months.'
    """
    return CATALOGUE.gettext(template).format(**values)


def number(value: float | None, digits: int = 3) -> str:
    """A number with at most `digits` significant digits, thousands grouped; whole numbers keep all their digits.

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
    if value == 0 or float(value).is_integer() or abs(value) >= 10**digits:
        return f"{value:,.0f}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None) -> str:
    """A share between 0 and 1 as a percentage with one decimal at most.

    Examples
    --------
    >>> percent(0.8432), percent(0.5), percent(None)
    ('84.3%', '50%', '–')
    """
    if share is None or not math.isfinite(share):
        return "–"
    return f"{share * 100:.1f}".rstrip("0").rstrip(".") + "%"


def p_value(value: float | None) -> str:
    """A p-value with two significant digits, none below 0.001.

    Examples
    --------
    >>> p_value(0.0321), p_value(1e-9), p_value(None)
    ('0.032', '< 0.001', '–')
    """
    return "< 0.001" if value is not None and value < 0.001 else number(value, 2)


def listing(items: Sequence[str], last: str = "and") -> str:
    """Items in one phrase.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    items = [str(item) for item in items]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def shown(value: object, *, longest: int = 60) -> str:
    """A value from outside as it may stand in a message: one line, shortened, text in quotes with its controls escaped.

    Examples
    --------
    >>> shown("a" * 100, longest=8), shown("new\\nline"), shown(-1.0), shown([1, "a"]), shown(None)
    ("'aaaaaaa…'", "'new\\\\nline'", '-1', "[1, 'a']", 'nothing')
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

    Examples
    --------
    >>> [inert(value) for value in ("=1+1", "-2.5", "@cmd", "plain", -3, None)]
    ["'=1+1", '-2.5', "'@cmd", 'plain', -3, None]
    """
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def label_of(labels: Mapping[str, str] | None, column: str) -> str:
    """The label of a column, or its name in words where it has none."""
    return (labels or {}).get(column) or column.replace("_", " ")


def inline(label: str) -> str:
    """A label as it stands inside a sentence: a capital at its start only where more follow (an abbreviation).

    Examples
    --------
    >>> inline("Payment method"), inline("NPS group")
    ('payment method', 'NPS group')
    """
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
