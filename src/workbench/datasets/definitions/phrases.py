"""Small pieces of the sentences that the door says."""

from collections.abc import Iterable

from workbench.wording import listing, number, sentence, shown


def examples(values: Iterable[object], most: int = 3) -> str:
    """The first few distinct values.

    Parameters
    ----------
    values
        All values.
    most
        How many at most.

    Examples
    --------
    >>> examples(["x", "x", "y", "z", "w"])
    "'x', 'y', 'z', …"
    """
    distinct = list(dict.fromkeys(shown(value) for value in values))
    return ", ".join(distinct[:most] + ["…"] * (len(distinct) > most))


def rows(count: int) -> str:
    """A count of rows.

    Parameters
    ----------
    count
        How many.

    Examples
    --------
    >>> rows(1), rows(7043)
    ('1 row', '7,043 rows')
    """
    return sentence("1 row") if count == 1 else sentence("{count} rows", count=number(count))


def names(items: Iterable[str]) -> str:
    """Names in quotes, in one phrase.

    Parameters
    ----------
    items
        The names.
    """
    return listing([shown(item) for item in items])
