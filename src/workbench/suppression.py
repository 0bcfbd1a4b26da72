"""Small groups are not shown, and nothing that is shown gives them away. A leaf: one rule for all tables for people.

Groups by an attribute are decided before anything is worked out (`gather`); what is small in a table all the same
(a group at a touchpoint) is hidden in it, with so many others that totals do not tell (`suppress_small_groups`).
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.wording import number, sentence

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame, Series

SMALLEST_GROUP = 10  # people: the usual minimum cell of statistical offices (Hundepool and others 2012)
SUPPRESSED = "suppressed"


def as_levels(column: "Series") -> "Series":
    """Values as words: yes and no for booleans, "not stated" for a missing one, apart from an answer of that name.

    Parameters
    ----------
    column
        Booleans, numbers or texts, with missing ones.

    Examples
    --------
    >>> import pandas as pd
    >>> as_levels(pd.Series([True, None, False], dtype="boolean")).tolist()
    ['yes', 'not stated', 'no']
    >>> as_levels(pd.Series([1.0, 2.5])).tolist()
    ['1', '2.5']
    >>> as_levels(pd.Series(["not stated", None])).tolist()
    ['not stated (an answer)', 'not stated']
    """
    import numpy as np
    import pandas as pd

    codes, values = pd.factorize(column)  # each value is worded once
    if pd.api.types.is_bool_dtype(column):
        words = [sentence("yes") if value else sentence("no") for value in values]
    elif pd.api.types.is_numeric_dtype(column):
        words = [number(float(value), digits=12) for value in values]
    else:
        words = [str(value).strip() for value in values]
    missing = sentence("not stated")
    words = [sentence("{level} (an answer)", level=word) if word == missing else word for word in words]
    named = np.array([*words, missing], dtype=object)  # the code of a missing value is -1
    return pd.Series(named[codes], index=column.index, name=column.name, dtype=object)


def apart(name: str, levels: Iterable[str]) -> str:
    """A name for levels that are put together, which none of them has.

    Parameters
    ----------
    name
        The usual one.
    levels
        Names of all levels.

    Examples
    --------
    >>> apart("others", ["a", "others"])
    'others (together)'
    """
    taken = set(levels)
    while name in taken:
        name = sentence("{level} (together)", level=name)
    return name


def gather(sizes: "DataFrame", *, k: int = SMALLEST_GROUP, most: int | None = None) -> dict[str, str]:
    """Under which name each level of an attribute is shown.

    Levels that are small (fewer than `k` people, and not nobody) among everybody or in any part are shown together.
    Should these be too few still, the smallest of the others joins them, so that no small one is the rest of a total:
    all of them, where nothing else hides it. So whatever is worked out from numbers that are shown (everybody less
    those who left) is of as many people as these.

    Parameters
    ----------
    sizes
        People by level (rows) among everybody (first column) and in parts that are shown beside: those on board.
    k
        The smallest group that is shown.
    most
        Groups that are shown at most, the one of others among them.

    Returns
    -------
    dict
        From level to name, the largest first.

    Examples
    --------
    >>> import pandas as pd
    >>> gather(pd.DataFrame({"all": [30, 20, 2]}, index=["a", "b", "c"]))
    {'a': 'a', 'b': 'b (with 1 smaller)', 'c': 'b (with 1 smaller)'}
    >>> gather(pd.DataFrame({"all": [83, 90, 60], "on board": [3, 50, 30]}, index=["a", "b", "c"]))
    {'b': 'b', 'c': 'c (with 1 smaller)', 'a': 'c (with 1 smaller)'}
    >>> gather(pd.DataFrame({"all": [83, 90], "on board": [3, 50]}, index=["a", "b"]))
    {'b': 'b (with 1 smaller)', 'a': 'b (with 1 smaller)'}
    >>> gather(pd.DataFrame({"all": [20, 9, 8]}, index=["2 smaller groups", "c", "d"]))["c"]
    '2 smaller groups (together)'
    """
    import numpy as np

    counts = sizes.to_numpy()
    small = ((counts > 0) & (counts < k)).any(axis=1)
    order = np.lexsort((sizes.index, -counts[:, 0], small))  # ties by name, so that the order of rows is irrelevant
    levels, counts, small = [str(sizes.index[place]) for place in order], counts[order], small[order]
    kept = int((~small).sum())
    crowded = most is not None and len(levels) > most
    if most is not None and crowded:
        kept = min(kept, most - 1)
    while 0 < kept < len(levels) and any(0 < rest < k for rest in counts[kept:].sum(axis=0)):
        kept -= 1
    if kept == len(levels):
        return {level: level for level in levels}
    if not crowded and not small[kept]:  # a host took in what was too small
        others = number(len(levels) - kept - 1)
        together = sentence("{level} (with {others} smaller)", level=levels[kept], others=others)
    else:
        together = sentence("{others} smaller groups", others=number(len(levels) - kept))
    together = apart(together, levels)
    return {level: level if place < kept else together for place, level in enumerate(levels)}


def suppress_small_groups(
    frame: "DataFrame",
    counts: str,
    *,
    groups: Sequence[str],
    within: Sequence[str] = (),
    values: Sequence[str] | None = None,
    k: int = SMALLEST_GROUP,
) -> "DataFrame":
    """Blank the cells of groups that are too small, and as many others as it takes that totals do not give them away.

    A table of counts by one or more attributes may be shown beside its totals (over all, or over the values of one
    attribute). A single blank cell could be worked out from the total of its line, so every line (the cells that share
    the values of all attributes but one) ends with no blank cell or with several, of k people or more together; and no
    blank cell can be worked out from all those totals taken together.

    Parameters
    ----------
    frame
        One row a group.
    counts
        Column with the number of people; missing where a group is hidden already.
    groups
        Columns that split people into groups, whose counts add up to totals (the axes of the table). Without any, rows
        overlap and only those of fewer than `k` people are hidden.
    within
        Columns of which each value (a horizon, an attribute) has a table of its own: nothing adds up across them.
    values
        Columns that are hidden together with the count; all but `groups` and `within` by default.
    k
        The smallest group that is shown.

    Returns
    -------
    DataFrame
        The same rows; `counts` and `values` are missing where a group is hidden (whole numbers are then Int64), and the
        boolean column `suppressed` tells which. A group of nobody stays 0: there is no person to protect; it is blank
        only where all others beside a small group are blank, which would follow from it.

    Notes
    -----
    Complementary suppression (Cox 1980) by the smallest cells, until nothing changes; it hides more than the least
    possible. A blank cell can be worked out just when it is the same in all solutions of the totals: when its unit
    vector lies in the row space of their equations. A line with one group that is not empty has that group as its
    total: a total below k is a small group itself and must not be shown. Two different tables of the same people are
    not looked at together.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"plan": ["a", "b", "c"], "n": [3, 40, 12]})
    >>> suppress_small_groups(table, "n", groups=["plan"])["n"].tolist()
    [<NA>, 40, <NA>]
    """
    shown = frame.copy()
    people = frame[counts].to_numpy(dtype=float, na_value=float("nan"))
    lines = [
        line for axis in groups for line in _lines(frame, [*within, *(other for other in groups if other != axis)])
    ]
    hidden = hidden_cells(people, lines, k=k)
    kept = {*groups, *within}
    for column in [counts, *([name for name in frame if name not in kept] if values is None else values)]:
        shown[column] = _blanked(shown[column], hidden)
    shown[SUPPRESSED] = hidden
    return shown


def hidden_cells(people: "Iterable[float]", lines: Sequence[Sequence[int]], *, k: int = SMALLEST_GROUP) -> "ndarray":
    """Which cells of a table must be blank.

    Parameters
    ----------
    people
        How many stand behind each cell; NaN: blank already.
    lines
        Positions of cells whose total is known.
    k
        The smallest cell that is shown.

    Returns
    -------
    ndarray of bool
        By position.

    Examples
    --------
    >>> hidden_cells([3, 40, 12], [[0, 1, 2]]).tolist()
    [True, False, True]
    """
    import numpy as np

    people = np.asarray(people, dtype=float)
    hidden = np.isnan(people) | ((people > 0) & (people < k))
    while exposed := _thin(people, hidden, lines, k) or _determined(hidden, lines):
        # The smallest that is left in a line of such a cell; groups of nobody hide nothing.
        beside = {i for line in lines for i in line if exposed & set(line)}
        left = [i for i in sorted(beside) if not hidden[i] and people[i] > 0]
        if not left and any(not people[i] >= k for i in exposed):
            left = [i for i in sorted(beside) if not hidden[i]]  # nobody is in them, which tells who is in the others
        if not left:
            break
        hidden[min(left, key=lambda i: people[i])] = True
    return hidden


def _blanked(values: "Series", hidden: "ndarray") -> "Series":
    """Missing where hidden; what has no sign for missing takes pandas' type that has one."""
    from pandas.api.types import pandas_dtype

    nullable = {"i": "Int64", "u": "UInt64", "b": "boolean"}.get(values.dtype.kind)
    if hidden.any() and nullable and values.dtype.name == values.dtype.name.lower():
        values = values.astype(pandas_dtype(nullable))
    return values.mask(hidden) if hidden.any() else values


def _thin(people: "ndarray", hidden: "ndarray", lines: Sequence[Sequence[int]], k: int) -> set[int]:
    """Blank cells of the first line that has too few of them and others to blank."""
    for line in lines:
        inside = [i for i in line if hidden[i]]
        more = any(not hidden[i] and people[i] > 0 for i in line)
        if inside and more and (len(inside) < 2 or people[inside].sum() < k):
            return set(inside)
    return set()


def _determined(hidden: "ndarray", lines: Sequence[Sequence[int]]) -> set[int]:
    """Blank cells that the totals of all lines determine."""
    import numpy as np

    blank = np.flatnonzero(hidden)
    if not lines:
        return set()
    equations = np.array([[i in line for i in blank] for line in map(set, lines)], dtype=float)
    equations = equations[equations.any(axis=1)]
    if not len(equations):
        return set()
    _, sizes, directions = np.linalg.svd(equations, full_matrices=False)
    # What the totals say of a cell is its projection on their rows: all of it, or less.
    told = (directions[sizes > 1e-9] ** 2).sum(axis=0)
    return {int(i) for i in blank[told > 1 - 1e-9]}


def _lines(frame: "DataFrame", fixed: list[str]) -> list[list[int]]:
    if not fixed:
        return [list(range(len(frame)))]
    return [sorted(indices) for indices in frame.groupby(fixed, dropna=False, observed=True).indices.values()]
