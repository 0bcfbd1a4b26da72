"""Small groups are not shown, and nothing that is shown gives them away."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

SMALLEST_GROUP = 10


def suppress_small_groups(
    frame: "DataFrame",
    counts: str,
    *,
    groups: Sequence[str],
    values: Sequence[str] = (),
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
        Column with the number of people.
    groups
        Columns that make the groups (the axes of the table).
    values
        Columns with figures of the group that go together with its count.
    k
        The smallest group that is shown.

    Returns
    -------
    DataFrame
        The same rows; `counts` and `values` are missing where a group is hidden, and the boolean column `suppressed`
        tells which. A group of nobody stays 0: there is no person to protect, and its absence would be seen.

    Notes
    -----
    Complementary suppression (Cox 1980) by the smallest cells, until nothing changes; it hides more than the least
    possible. A blank cell can be worked out just when it is the same in all solutions of the totals, which the null
    space of their equations tells. A line with one group that is not empty has that group as its total: a total below
    k is a small group itself and must not be shown. Two different tables of the same people are not looked at together.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"plan": ["a", "b", "c"], "n": [3, 40, 12]})
    >>> suppress_small_groups(table, "n", groups=["plan"])["n"].tolist()
    [nan, 40.0, nan]
    """
    shown = frame.copy()
    people = frame[counts].to_numpy(dtype=float)
    hidden = (people > 0) & (people < k)
    lines = [indices for axis in groups for indices in _lines(frame, [other for other in groups if other != axis])]
    while exposed := _thin(people, hidden, lines, k) or _determined(hidden, lines):
        # The smallest that is left in a line of such a cell; groups of nobody hide nothing.
        beside = {i for line in lines for i in line if exposed & set(line)}
        left = [i for i in sorted(beside) if not hidden[i] and people[i] > 0]
        if not left:
            break
        hidden[min(left, key=lambda i: people[i])] = True
    for column in (counts, *values):
        shown[column] = shown[column].astype(float).mask(hidden)
    shown["suppressed"] = hidden
    return shown


def _thin(people, hidden, lines: list[list[int]], k: int) -> set[int]:
    """Blank cells of the first line that has too few of them and others to blank."""
    for line in lines:
        inside = [i for i in line if hidden[i]]
        more = any(not hidden[i] and people[i] > 0 for i in line)
        if inside and more and (len(inside) < 2 or people[inside].sum() < k):
            return set(inside)
    return set()


def _determined(hidden, lines: list[list[int]]) -> set[int]:
    """Blank cells that the totals of all lines determine."""
    import numpy as np

    blank = np.flatnonzero(hidden)
    equations = np.array([[i in line for i in blank] for line in map(set, lines)], dtype=float)
    equations = equations[equations.any(axis=1)]
    if not len(equations):
        return set()
    _, sizes, directions = np.linalg.svd(equations)
    free = directions[int((sizes > 1e-9).sum()) :]
    moves = np.abs(free).max(axis=0, initial=0.0) > 1e-9
    return {int(i) for i in blank[~moves]}


def _lines(frame: "DataFrame", fixed: list[str]) -> list[list[int]]:
    if not fixed:
        return [list(range(len(frame)))]
    return [sorted(indices) for indices in frame.groupby(fixed, dropna=False, observed=True).indices.values()]
