"""What each customer was dealt first: what came later was no chance's doing, and takes nobody out of the first arm."""

from dataclasses import dataclass

import pandas as pd

from workbench.statistics.draws.drawn import DrawCheck, Drawn, check_draw, read_draw

CROSSED = 0.02
"""Share of an arm who had another arm later, or were in two at once, a choice: an effect is diluted by as much."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstDealt:
    """Rows of one initiative, one a customer.

    Attributes
    ----------
    rows
        The first of each customer; who was in two arms at once is left out.
    twice
        Customers who were in two arms at once.
    crossed
        Customers of the control who had another arm later.
    changed
        Customers of other arms who were in another one later, be it the control.
    """

    rows: pd.DataFrame
    twice: int
    crossed: int
    changed: int

    def moved(self, control: str) -> float:
        """The largest share of an arm who had another later, or were in two at once.

        Parameters
        ----------
        control
            The arm that others are compared with.
        """
        waiting = int((self.rows["arm"] == control).sum())
        others = len(self.rows) - waiting
        shares = (self.crossed / max(waiting, 1), self.changed / max(others, 1))
        return max(shares) + self.twice / max(len(self.rows) + self.twice, 1)


def first_dealt(rows: pd.DataFrame, control: str) -> FirstDealt:
    """The first assignment of each customer, by which all are compared whatever came later (intention to treat).

    Parameters
    ----------
    rows
        Of `treatments`, of one initiative: `customer_id`, `arm`, perhaps `start`.
    control
        The arm that others are compared with; empty where there is none.

    References
    ----------
    Hollis and Campbell (1999), What is meant by intention to treat analysis? BMJ 319.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "b", "a"], "arm": ["mail", "none", "none"], "start": [1, 1, 2]})
    >>> found = first_dealt(rows, "none")
    >>> list(found.rows["arm"]), found.twice, found.crossed, found.changed
    (['mail', 'none'], 0, 0, 1)
    """
    if "start" in rows:
        rows = rows.sort_values("start", kind="stable")
    key = ["customer_id", "start"] if "start" in rows else ["customer_id"]
    both = rows.groupby(key, dropna=False)["arm"].transform("nunique") > 1
    twice = set(rows.loc[both, "customer_id"])
    rows = rows[~rows["customer_id"].isin(twice)]
    first = rows.drop_duplicates("customer_id")
    dealt = rows["customer_id"].map(first.set_index("customer_id")["arm"])
    later = rows["customer_id"][rows["arm"] != dealt].unique()
    crossed = int(first["customer_id"].isin(later)[first["arm"] == control].sum()) if control else 0
    return FirstDealt(rows=first, twice=len(twice), crossed=crossed, changed=len(later) - crossed)


def sound_rows(rows: pd.DataFrame, design: Drawn, before: pd.DataFrame) -> tuple[pd.DataFrame, DrawCheck]:
    """Rows by which a draw is told, and what it looks like: all of them, or what each customer was dealt first.

    Parameters
    ----------
    rows, design, before
        As of `read_draw`.

    Returns
    -------
    rows, check
        All rows where nothing contradicts them (each start may be a draw of its own), or the first ones do not mend it.
    """
    found = check_draw(read_draw(rows, design, before), design)
    first = first_dealt(rows, design.control).rows
    if found.holds or len(first) == len(rows) or first["arm"].nunique() < 2:
        return rows, found
    again = check_draw(read_draw(first, design, before.loc[first.index]), design)
    return (first, again) if again.holds else (rows, found)
