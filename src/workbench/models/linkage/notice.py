"""How long before they go customers have made up their minds: who has decided uses and buys less until the end.

Satisfaction moves the decision; leaving follows after a notice or a while, and what a better experience gains begins
later by as much. The wait is read off what leavers did in the months before they left, beside their own months long
before: where they fall short by a share that shrinks with the distance from the end, so many had decided by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.linkage.customer_months import month_of

LONGEST = 8
"""Months before the end that are looked at: notices and second thoughts of contracts by the month are shorter."""
USUAL = 6
"""Months before those beside which they are set: a customer's own, each as the season has it."""
FEWEST = 400
"""Orders, or other acts, that leavers over a reason would have done in a month; with fewer those of all reasons stand
for them. How far they fall short is then known to a twentieth."""
CLEAR = 3.0
"""Standard errors by which last months fall short before anybody is taken to have decided earlier."""
AT_ONCE = 0.5
"""Largest share who decide and go at once. How much is given up is not known, so it cannot be told: draws lie anywhere
between none and this."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Notice:
    """Months from the decision to the end.

    Attributes
    ----------
    shares : reason → (LONGEST + 1,)
        Of those who decided earlier, by months that lie between; a reason that is not here: nothing tells of a wait.
    """

    shares: Mapping[str, np.ndarray]

    def draw(self, reason: str, draws: int, random: np.random.Generator) -> np.ndarray:
        """Shares (draws, LONGEST + 1) of leavers by months from decision to end.

        Parameters
        ----------
        reason
            For leaving.
        draws
            How many.
        random
            Source of random numbers.
        """
        found = np.zeros((draws, LONGEST + 1))
        found[:, 0] = 1.0
        if reason not in self.shares:
            return found
        at_once = AT_ONCE * random.uniform(size=(draws, 1))
        return at_once * found + (1 - at_once) * self.shares[reason]


def fit_notice(
    activity: pd.DataFrame | None, subscriptions: pd.DataFrame, *, until: pd.Timestamp, origin: pd.Period
) -> Notice:
    """The wait by reason.

    Parameters
    ----------
    activity
        `customer_id`, `timestamp`, `value`: what customers do month by month (usage, orders); None: nothing is known.
    subscriptions
        `customer_id`, `start`, `end`, `end_reason`.
    until
        The day after the last that is observed.
    origin
        First month of the activity that counts.
    """
    if activity is None or activity.empty or "end_reason" not in subscriptions:
        return Notice(shares={})
    ended = subscriptions[subscriptions["end"].lt(until) & subscriptions["end_reason"].notna()]
    end = month_of(ended["end"] - pd.Timedelta(days=1), origin)
    since = month_of(ended["start"], origin).clip(0)
    followed = end - since >= LONGEST + USUAL
    ended, end = ended[followed], end[followed]
    if ended.empty:
        return Notice(shares={})
    cells = activity.groupby([activity["customer_id"], month_of(activity["timestamp"], origin)])["value"].sum()
    season = cells.groupby(level=1).mean() / cells.mean()
    lags = np.arange(LONGEST + USUAL + 1)
    month = end[:, None] - lags
    asked = pd.MultiIndex.from_arrays([np.repeat(ended["customer_id"].to_numpy(), len(lags)), month.ravel()])
    done = cells.reindex(asked).fillna(0.0).to_numpy().reshape(month.shape)
    usual_month = season.reindex(month.ravel()).fillna(1.0).to_numpy().reshape(month.shape)
    before = (done / usual_month)[:, LONGEST + 1 :].mean(axis=1)
    expected = before[:, None] * usual_month[:, : LONGEST + 1]
    done = done[:, : LONGEST + 1]
    last = (ended["end"] - pd.Timedelta(days=1)).dt
    expected[:, 0] *= last.day.to_numpy() / last.days_in_month.to_numpy()
    reason = ended["end_reason"].astype(str).to_numpy()
    whole = _wait(done, expected)
    found = {}
    for name in np.unique(reason):
        own = reason == name
        wait = _wait(done[own], expected[own]) if expected[own, 1].sum() >= FEWEST else whole
        if wait is not None:
            found[str(name)] = wait
    return Notice(shares=found)


def _wait(done: np.ndarray, expected: np.ndarray) -> np.ndarray | None:
    """Shares by months from decision to end, from what was done and would have been; None where nothing falls short."""
    if not expected.sum():
        return None
    # The first whole month before the end: in the last one some leave on its first days.
    kept = done[:, 1].sum() / expected[:, 1].sum()
    error = np.sqrt(np.sum((done[:, 1] - kept * expected[:, 1]) ** 2)) / expected[:, 1].sum()
    if 1 - kept < CLEAR * error:
        return None
    short = np.clip(1 - done.sum(axis=0) / expected.sum(axis=0), 0.0, None)
    short[0] = max(short[0], short[1])
    short = np.minimum.accumulate(short)
    # Who decided k months before the end falls short from that month on.
    return np.append(-np.diff(short), short[-1]) / short[0]
