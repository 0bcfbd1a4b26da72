"""What was last known of customers just before any moment of their lives."""

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.wording import listing, sentence


class Timeline:
    """A history sorted once, of which may be asked many times: by customer, and within customers by time.

    Each value has a whole number as its place: customer × (values + 1) + its rank among all times. So has a question,
    with the number of times before it; the value sought is the one just below it, if it is of the same customer.

    Parameters
    ----------
    history
        `customer_id`, `time` (tenure at which a value became known; of several at one time the last row counts),
        `value`.
    name
        Of the covariate, for a fault.

    Raises
    ------
    DataError
        When the history lacks a column.
    """

    def __init__(self, history: pd.DataFrame, name: str) -> None:
        lacking = [column for column in ("customer_id", "time", "value") if column not in history.columns]
        if lacking:
            raise DataError(
                sentence(
                    "history of {name!r}: got no column {columns}, expected customer_id, time and value.",
                    name=name,
                    columns=listing(lacking),
                )
            )
        known = history.dropna(subset=["customer_id", "time"]).sort_values("time", kind="stable")
        customer, ids = pd.factorize(known["customer_id"])
        self.customers = pd.Index(ids)
        self.times = known["time"].to_numpy(dtype=float)
        place = customer.astype(np.int64) * (len(known) + 1) + np.arange(len(known))
        order = np.argsort(place)
        self.places, self.values = place[order], known["value"].to_numpy(dtype=float)[order]

    def before(self, customers: pd.Series, tenure: np.ndarray) -> np.ndarray:
        """The last value (n,) of each customer that was known before a tenure; missing where there is none.

        Parameters
        ----------
        customers
            Ids, n rows.
        tenure : (n,)
            In the unit of the history's times.
        """
        if not len(self.places):
            return np.full(len(customers), np.nan)
        customer = self.customers.get_indexer(pd.Index(customers)).astype(np.int64)
        size = len(self.places) + 1
        sought = customer * size + np.searchsorted(self.times, tenure, side="left")
        found = np.searchsorted(self.places, sought, side="left") - 1
        same = (customer >= 0) & (found >= 0) & (self.places[found] // size == customer)
        return np.where(same, self.values[found], np.nan)
