"""Customers month by month: who was on board, what was known of them when the month began, who left in it."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.survival.lifetimes.table import validate_lifetimes
from workbench.wording import listing, sentence


def person_periods(
    lifetimes: pd.DataFrame,
    *,
    covariates: Iterable[str] = (),
    histories: Mapping[str, pd.DataFrame] | None = None,
    length: float = 1.0,
) -> pd.DataFrame:
    """One row for each customer and period in which they were observed from its beginning.

    Parameters
    ----------
    lifetimes
        `customer_id`, `duration`, `event`, `entry` and the covariates, which stay the same.
    covariates
        Columns of `lifetimes` that are carried along.
    histories
        For each covariate that changes a table with `customer_id`, `time` (tenure at which a value became known) and
        `value`: a period has the last value known *before* it begins, and none where there is none yet.
    length
        Of a period, in the unit of the durations.

    Returns
    -------
    DataFrame
        `customer_id`, `period` (from 0), `tenure` (when it begins), `left` (in the period), `exposure` (share of the
        period that counts), the covariates. Who was lost from sight within a period counts for the share of it
        observed, as in a life table: without them, those who left in the same time would be the only ones there, and
        hazards too high. Who left counts whole.

    References
    ----------
    Cutler and Ederer (1958), for the life table; Breslow and Crowley (1974).

    Examples
    --------
    >>> lifetimes = pd.DataFrame({"customer_id": ["a", "b"], "duration": [2.5, 1.2], "event": [True, False]})
    >>> person_periods(lifetimes)[["customer_id", "period", "left", "exposure"]].round(9).values.tolist()
    [['a', 0, False, 1.0], ['a', 1, False, 1.0], ['a', 2, True, 1.0], ['b', 0, False, 1.0], ['b', 1, False, 0.2]]
    """
    covariates = list(covariates)
    lifetimes = validate_lifetimes(lifetimes, covariates)
    duration, event = lifetimes["duration"].to_numpy(), lifetimes["event"].to_numpy()
    first = np.ceil(lifetimes["entry"].to_numpy() / length - 1e-9).astype(int)
    # Who leaves at the very end of a period leaves in it, and who is lost from sight then was seen through it.
    last = np.ceil(duration / length - 1e-9).astype(int)
    last = np.where(event, np.maximum(last, 1), last)
    count = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(lifetimes)), count)
    begins = np.cumsum(count) - count
    period = np.arange(len(row)) - np.repeat(begins, count) + np.repeat(first, count)
    frame = lifetimes[["customer_id", *covariates]].iloc[row].reset_index(drop=True)
    frame.insert(1, "period", period)
    frame.insert(2, "tenure", period * length)
    final = period == last[row] - 1
    frame.insert(3, "left", event[row] & final)
    frame.insert(4, "exposure", np.where(final & ~event[row], np.minimum(duration[row] / length - period, 1.0), 1.0))
    for name, history in (histories or {}).items():
        frame[name] = last_known(frame, history, name)
    return frame


def last_known(rows: pd.DataFrame, history: pd.DataFrame, name: str) -> np.ndarray:
    """The last value of each row's customer that was known before the row's `tenure`; missing where there is none.

    Raises
    ------
    DataError
        When the history lacks a column.
    """
    lacking = [column for column in ("customer_id", "time", "value") if column not in history.columns]
    if lacking:
        raise DataError(
            sentence("history of {name!r}: got no column {columns}, expected customer_id, time and value.", name=name,
                     columns=listing(lacking))
        )  # fmt: skip
    known = history.dropna(subset=["customer_id", "time"]).sort_values("time", kind="stable")
    wanted = rows[["customer_id", "tenure"]].reset_index(names="place").sort_values("tenure", kind="stable")
    found = pd.merge_asof(
        wanted.astype({"tenure": float}), known[["customer_id", "time", "value"]].astype({"time": float}),
        left_on="tenure", right_on="time", by="customer_id", allow_exact_matches=False,
    )  # fmt: skip
    return found.sort_values("place")["value"].to_numpy()
