"""Groups of customers by the values of a column: worded, never too small to show, never too many to read."""

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.wording import number, sentence

SMALLEST_GROUP = 10
"""Fewer customers than this are never shown as a group of their own."""
MOST_LEVELS = 12
"""More groups than this no reader compares."""


def as_levels(column: pd.Series) -> pd.Series:
    """Values as words: yes and no for booleans, "not stated" for a missing one.

    Parameters
    ----------
    column
        Booleans, numbers or texts, with missing ones.

    Examples
    --------
    >>> as_levels(pd.Series([True, None, False], dtype="boolean")).tolist()
    ['yes', 'not stated', 'no']
    >>> as_levels(pd.Series([1.0, 2.5])).tolist()
    ['1', '2.5']
    """
    codes, values = pd.factorize(column)  # each value is worded once
    if pd.api.types.is_bool_dtype(column):
        words = [sentence("yes") if value else sentence("no") for value in values]
    elif pd.api.types.is_numeric_dtype(column):
        words = [number(float(value), digits=12) for value in values]
    else:
        words = [str(value).strip() for value in values]
    named = np.array([*words, sentence("not stated")], dtype=object)  # the code of a missing value is -1
    return pd.Series(named[codes], index=column.index, name=column.name, dtype=object)


def lump_levels(
    column: pd.Series,
    *,
    label: str,
    check: str,
    smallest_group: int = SMALLEST_GROUP,
    most_levels: int = MOST_LEVELS,
) -> tuple[dict[str, str], tuple[Check, ...]]:
    """Which level is shown under which name, the largest first.

    Levels with fewer than `smallest_group` customers, and those beyond the `most_levels - 1` largest, are shown
    together. Should these still be too few, the next smallest joins them, so that nobody can work out a small group
    from the total and the others.

    Parameters
    ----------
    column
        Levels from `as_levels`.
    label, check
        What the column is called in words, and the name of the check.
    smallest_group
        Customers that a group needs to be shown.
    most_levels
        Groups that are shown at most, the one of others among them.

    Returns
    -------
    dict, tuple of Check
        From level to shown name; a `warn` check where levels were lumped (it names none of them).

    Examples
    --------
    >>> lump_levels(pd.Series(["a"] * 30 + ["b"] * 20 + ["c"] * 2), label="Plan", check="small")[0]
    {'a': 'a', 'b': 'b (with 1 smaller)', 'c': 'b (with 1 smaller)'}
    """
    sizes = column.value_counts()
    sizes = sizes.iloc[np.lexsort((sizes.index, -sizes.to_numpy()))]  # ties by name, so that row order is irrelevant
    kept = int((sizes >= smallest_group).sum())
    crowded = len(sizes) > most_levels
    if crowded:
        kept = min(kept, most_levels - 1)
    while 0 < kept < len(sizes) and sizes.iloc[kept:].sum() < smallest_group:
        kept -= 1
    if kept == len(sizes):
        return {level: level for level in sizes.index}, ()
    others = number(len(sizes) - kept)
    if not crowded and sizes.iloc[kept] >= smallest_group:  # a host took in what was too small
        others = number(len(sizes) - kept - 1)
        together = sentence("{level} (with {others} smaller)", level=sizes.index[kept], others=others)
    else:
        together = sentence("{others} smaller groups", others=others)
    shown = {level: level if place < kept else together for place, level in enumerate(sizes.index)}
    reason = sentence(
        "{label} has more than {most} groups; the smaller ones are shown together."
        if crowded
        else "{label}: groups of fewer than {smallest} customers are shown together with others, never alone.",
        label=label,
        most=number(most_levels),
        smallest=number(smallest_group),
    )
    title = sentence("Small groups are shown together")
    return shown, (Check(name=check, status="warn", message=reason, title=title),)


def reject_measurements(column: pd.Series, name: str) -> None:
    """A measured number makes no segment.

    Parameters
    ----------
    column
        What the segment is made of.
    name
        Of the column, for the message.

    Raises
    ------
    DataError
        When a numeric column has more than `MOST_LEVELS` different values.
    """
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > MOST_LEVELS:
        raise DataError(
            sentence(
                "segment {name!r}: got a number with {values} different values, expected at most {most} groups; cut it "
                "into classes in dataset.yaml, or use it as a covariate.",
                name=name,
                values=number(int(column.nunique())),
                most=MOST_LEVELS,
            )
        )
