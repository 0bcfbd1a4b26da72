"""Start–stop lifetimes: several rows a customer, each an episode in which covariates stay the same.

An episode is at risk from its `entry` to its `duration`; curves, tests and Cox's model take episodes as they are, since
whoever is at risk at a time is so in one row. Counts are of customers, not of rows.
"""

from collections.abc import Callable

import pandas as pd

from workbench.wording import number, sentence


def has_episodes(rows: pd.DataFrame) -> bool:
    """Whether a customer has more than one row.

    Parameters
    ----------
    rows
        Lifetimes, with `customer_id` where it is there.
    """
    return "customer_id" in rows.columns and bool(rows["customer_id"].duplicated().any())


def faults_of_episodes(rows: pd.DataFrame) -> list[str]:
    """What is wrong with rows of which several are one customer's, a sentence each; empty where they are episodes.

    Parameters
    ----------
    rows
        `customer_id`, `duration`, `event` and, where it is there, `entry`.
    """
    again = int(rows["customer_id"].duplicated().sum())
    if "entry" not in rows.columns:
        return [
            sentence(
                "lifetimes.customer_id: got {rows} rows whose id stands there before, expected one row a customer, or "
                "episodes: several rows with entry and duration (from when until when), event true in the last alone. "
                "Map the column that says when an episode begins to entry.",
                rows=number(again),
            )
        ]
    ordered = rows.sort_values(["customer_id", "entry", "duration"], kind="stable")
    follows = ordered["customer_id"].duplicated().to_numpy()
    before = ordered["duration"].shift().to_numpy()
    ended = ordered["event"].shift(fill_value=0).to_numpy().astype(bool)
    overlap = int((follows & (ordered["entry"].to_numpy() < before - 1e-9)).sum())
    late = int((follows & ended).sum())
    faults = []
    if overlap:
        faults.append(
            sentence(
                "lifetimes.entry: got {rows} episodes that begin before the customer's one before has ended, expected "
                "episodes that follow each other; correct entry and duration.",
                rows=number(overlap),
            )
        )
    if late:
        faults.append(
            sentence(
                "lifetimes.event: got {rows} episodes after the customer had left, expected event in the last episode "
                "alone; give a customer who came back an id of their own for the second life.",
                rows=number(late),
            )
        )
    return faults


def customers_in(rows: pd.DataFrame) -> int:
    """How many customers rows are of.

    Parameters
    ----------
    rows
        Lifetimes, a row a customer or an episode.
    """
    return int(rows["customer_id"].nunique()) if has_episodes(rows) else len(rows)


def each_once(rows: pd.DataFrame, levels: pd.Series) -> pd.Series:
    """Levels of a column, each counted once for each customer who has it in any episode.

    Parameters
    ----------
    rows
        Episodes.
    levels (n,)
        Of each row.
    """
    return levels[
        ~pd.DataFrame({"who": rows["customer_id"].to_numpy(), "what": levels.to_numpy()}).duplicated().to_numpy()
    ]


def at_start(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a customer: everything as in their first episode, but until when they were seen and how it ended.

    Parameters
    ----------
    rows
        Lifetimes, a row a customer or an episode.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "a"], "entry": [0.0, 5.0], "duration": [5.0, 8.0],
    ...                      "event": [False, True], "price": [10, 12]})
    >>> at_start(rows).values.tolist()
    [['a', 0.0, 8.0, True, 10]]
    """
    if not has_episodes(rows):
        return rows
    ordered = rows.sort_values("duration", kind="stable")
    last = ordered.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    first = ordered.drop_duplicates("customer_id").sort_index()
    ended = [name for name in ("duration", "event", "reason") if name in rows.columns]
    return first.assign(**{name: last[name].loc[first["customer_id"]].to_numpy() for name in ended})


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """The last episode of each customer.

    Parameters
    ----------
    rows
        Lifetimes, a row a customer or an episode.
    """
    if not has_episodes(rows):
        return rows
    return rows.sort_values("duration", kind="stable").drop_duplicates("customer_id", keep="last").sort_index()


def on_episodes(fit: Callable, rows: pd.DataFrame) -> Callable:
    """A fit to customers (rows of `at_start`) that takes all their episodes, among `rows`.

    Parameters
    ----------
    fit
        Takes lifetimes.
    rows
        All episodes.
    """
    if not has_episodes(rows):
        return fit
    return lambda train: fit(rows[rows["customer_id"].isin(train["customer_id"])])
