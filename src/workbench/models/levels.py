"""Groups of customers by the values of a column: worded, never too small to show, never too many to read."""

from collections.abc import Iterable

import pandas as pd

from workbench.errors import DataError
from workbench.findings import Check
from workbench.suppression import SMALLEST_GROUP, as_levels, gather
from workbench.wording import number, sentence

MOST_LEVELS = 12
"""More groups than this no reader compares."""


def lump_levels(
    column: pd.Series,
    *,
    label: str,
    check: str,
    smallest_group: int = SMALLEST_GROUP,
    most_levels: int = MOST_LEVELS,
    parts: Iterable[pd.Series] = (),
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
    parts
        Levels of parts of the customers who are shown beside (those on board): small in one is small.

    Returns
    -------
    dict, tuple of Check
        From level to shown name; a `warn` check where levels were lumped (it names none of them).

    Examples
    --------
    >>> lump_levels(pd.Series(["a"] * 30 + ["b"] * 20 + ["c"] * 2), label="Plan", check="small")[0]
    {'a': 'a', 'b': 'b (with 1 smaller)', 'c': 'b (with 1 smaller)'}
    """
    sizes = pd.DataFrame({place: part.value_counts() for place, part in enumerate([column, *parts])}).fillna(0)
    shown = gather(sizes.astype(int), k=smallest_group, most=most_levels)
    if all(level == name for level, name in shown.items()):
        return shown, ()
    crowded = len(shown) > most_levels
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


__all__ = ["MOST_LEVELS", "SMALLEST_GROUP", "as_levels", "lump_levels", "reject_measurements"]
