"""When customers had what: in the pilot, and in others meanwhile."""

import numpy as np
import pandas as pd


def spells_of(every: pd.DataFrame, roster: pd.DataFrame, control: str) -> pd.DataFrame:
    """Whenever customers of the roster had an arm.

    Parameters
    ----------
    every
        All rows of the pilot: `customer_id`, `arm`, perhaps `start`, `end`, and `begun` (whether it ever started).
    roster
        `customer_id`, one row a customer.
    control
        The arm that is none; empty where there is no control.

    Returns
    -------
    DataFrame
        `row` (a position in the roster), `arm`, `start` and `over`, the day after the last (not a time: goes on). Who
        is in another arm later, be it the control, had this one until then.
    """
    if "start" not in every:
        return pd.DataFrame({"row": [], "arm": [], "start": [], "over": []})
    place = pd.Index(roster["customer_id"]).get_indexer(pd.Index(every["customer_id"]))
    had = (place >= 0) & (every["arm"] != control).to_numpy()
    had &= every["begun"].to_numpy() if "begun" in every else every["start"].notna().to_numpy()
    ends = pd.to_datetime(every["end"]) if "end" in every else pd.Series(pd.NaT, index=every.index)
    over = ends.dt.normalize() + pd.Timedelta(days=1)
    following = every.sort_values("start", kind="stable").groupby("customer_id")[["arm", "start"]].shift(-1)
    following = following.loc[every.index]
    changed = following["start"].where(following["arm"].notna() & (following["arm"] != every["arm"])).dt.normalize()
    over = over.where(~(changed < over) & (over.notna() | changed.isna()), changed)
    return pd.DataFrame(
        {
            "row": place[had],
            "arm": every.loc[had, "arm"].to_numpy(),
            "start": every.loc[had, "start"].dt.normalize().to_numpy(),
            "over": over[had].to_numpy(),
        }
    )


def in_another(rows: pd.DataFrame, treatments: pd.DataFrame, name: str) -> np.ndarray:
    """Who (n,) was in another initiative between start and end of this one.

    Parameters
    ----------
    rows
        One row a customer: `customer_id`, perhaps `start` and `end`.
    treatments
        Rows of all initiatives.
    name
        Of this one.
    """
    others = treatments[treatments["initiative"].astype(str) != name]
    if not len(others) or "start" not in rows:
        return np.zeros(len(rows), dtype=bool)
    far = pd.Timestamp.max
    own = rows[["customer_id", "start"]].assign(
        row=np.arange(len(rows)), over=rows["end"].fillna(far) if "end" in rows else far
    )
    theirs = others[["customer_id"]].assign(
        begin=others["start"], last=others["end"].fillna(others["start"]) if "end" in others else others["start"]
    )
    joined = own.merge(theirs, on="customer_id")
    met = joined[(joined["begin"] <= joined["over"]) & (joined["last"] >= joined["start"])]["row"]
    found = np.zeros(len(rows), dtype=bool)
    found[met.unique()] = True
    return found
