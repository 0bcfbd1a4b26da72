"""What a contract said of a customer on the day the pilot began; and which columns may have changed since then."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.wording import sentence

KINDS = ("category", "boolean", "number", "money", None)
LATER = ("end_reason",)
"""Columns of contracts that nobody knows while they run."""


def of_contracts(roster: pd.DataFrame, contracts: pd.DataFrame | None, columns: Sequence[Any]) -> pd.DataFrame | None:
    """What the contract that ran on each customer's start said, same rows.

    Parameters
    ----------
    roster
        `customer_id` and `start`.
    contracts
        The canonical table `subscriptions`; None where there is none.
    columns
        Definitions of its columns.

    Returns
    -------
    DataFrame or None
        Of several contracts the one that began last; gaps where none ran. None where nothing is dated.

    Examples
    --------
    >>> day = pd.Timestamp
    >>> contracts = pd.DataFrame({"customer_id": ["a", "a"], "start": [day("2024-01-01"), day("2024-06-01")]})
    >>> contracts = contracts.assign(end=[day("2024-06-01"), None], plan=["basic", "gold"])
    >>> from types import SimpleNamespace
    >>> plan = SimpleNamespace(name="plan", kind="category", personal="", use="")
    >>> roster = pd.DataFrame({"customer_id": ["a", "b"], "start": day("2024-05-01")})
    >>> list(of_contracts(roster, contracts, [plan])["plan"])
    ['basic', None]
    """
    if contracts is None or "start" not in roster:
        return None
    told = [
        each.name
        for each in columns
        if each.name in contracts
        and each.name not in LATER
        and each.kind in KINDS
        and not each.personal
        and each.use in ("", "before")
    ]
    if not told:
        return None
    own = roster[["customer_id", "start"]].assign(row=range(len(roster)))
    joined = own.merge(contracts[["customer_id", "start", "end", *told]], on="customer_id", suffixes=("", "_of"))
    begun = pd.to_datetime(joined["start_of"])
    runs = (begun <= joined["start"]) & (joined["end"].isna() | (pd.to_datetime(joined["end"]) > joined["start"]))
    latest = (
        joined[runs].assign(begun=begun[runs]).sort_values("begun", kind="stable").drop_duplicates("row", keep="last")
    )
    found = latest.set_index("row")[told].reindex(range(len(roster))).set_axis(roster.index)
    return found.assign(
        **{
            name: found[name].astype(object).mask(found[name].isna(), None)
            for name in told
            if found[name].dtype == object
        }
    )


def unsure(before: pd.DataFrame, tables: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Columns that may have changed since the start, each with the line by which it would be known before.

    Parameters
    ----------
    before
        What is known before.
    tables
        Definitions of the columns of `customers` and of `treatments`, as far as they are there.
    """
    ways = {"customers": "constant: true", "treatments": "use: before"}
    return {
        each.name: sentence("{key} under {place}", key=ways[table], place=f"{table}.{each.name}")
        for table, columns in tables.items()
        for each in columns
        if each.name not in before and each.kind in KINDS and not each.personal and each.use in ("", "before")
    }
