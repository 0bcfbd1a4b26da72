"""Small pieces of the sentences that the door says: near misses, counts, and values made safe to show."""

import difflib
from collections.abc import Iterable

from workbench.wording import listing, number, sentence

LONGEST_SHOWN = 60


def shown(value: object) -> str:
    """A value in quotes, shortened, with control characters escaped, so that no value can pose as our own words.

    Examples
    --------
    >>> shown("a" * 100) == repr("a" * 59 + "…"), shown(chr(27) + "[2J"), shown(-1.0), shown(None)
    (True, "'\\\\x1b[2J'", '-1', 'nothing')
    """
    if value is None:
        return sentence("nothing")
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, dict | list):
        return sentence("a mapping") if isinstance(value, dict) else sentence("a list")
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return repr(text) if isinstance(value, str) else text


def examples(values: Iterable[object], most: int = 3) -> str:
    """The first few distinct values.

    Examples
    --------
    >>> examples(["x", "x", "y", "z", "w"])
    "'x', 'y', 'z', …"
    """
    distinct = list(dict.fromkeys(shown(value) for value in values))
    return ", ".join(distinct[:most] + ["…"] * (len(distinct) > most))


def rows(count: int) -> str:
    """A count of rows.

    Examples
    --------
    >>> rows(1), rows(7043)
    ('1 row', '7,043 rows')
    """
    return sentence("1 row") if count == 1 else sentence("{count} rows", count=number(count))


def names(items: Iterable[str]) -> str:
    """Names in quotes, in one phrase."""
    return listing([shown(item) for item in items])


def suggestion(got: str, known: Iterable[str]) -> str:
    """The known name that is nearest to what was written, as the end of a sentence; empty when none is near.

    Examples
    --------
    >>> suggestion("Durations", ["duration", "event"]), suggestion("x", ["duration"])
    ("; did you mean 'duration'?", '.')
    """
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(got.casefold(), folded, n=1)
    return sentence("; did you mean {name}?", name=shown(folded[near[0]])) if near else "."
