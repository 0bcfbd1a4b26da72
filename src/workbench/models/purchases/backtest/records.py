"""Days on which customers bought, and what was known of them on an earlier day."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workbench.models.purchases.histories import Histories, from_log

WEEK = 7
"""Days in the unit of time: published parameters are per week, and nothing depends on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PurchaseRecord:
    """All purchases until a day.

    Attributes
    ----------
    customers : (n,)
        Whose purchase it was.
    days : (n,)
        Whole days, refunds netted before; several purchases of a customer on one day count as one.
    until
        Last day of the record.
    """

    customers: np.ndarray
    days: np.ndarray
    until: int

    @property
    def first(self) -> int:
        """First day with a purchase."""
        return int(np.min(self.days))

    @property
    def length(self) -> int:
        """Days from the first to the last, both included."""
        return self.until - self.first + 1

    @cached_property
    def known(self) -> tuple[np.ndarray, Histories]:
        """Customers in order, and their histories in weeks."""
        customers, histories, _ = from_log(self.customers, self.days, self.until, WEEK)
        return customers, histories

    @property
    def histories(self) -> Histories:
        """Of all customers until its last day, in weeks."""
        return self.known[1]

    def earlier(self, until: int) -> "PurchaseRecord":
        """The same as of an earlier day.

        Parameters
        ----------
        until
            Its last day.
        """
        kept = self.days <= until
        return replace(self, customers=self.customers[kept], days=self.days[kept], until=until)

    def later(self, since: int, days: int) -> np.ndarray:
        """On how many days each customer known by a day bought in the days after it, in the order of customers.

        Parameters
        ----------
        since
            The day.
        days
            How many days after it count.
        """
        kept = self.days <= since + days
        return from_log(self.customers[kept], self.days[kept], since, WEEK)[2]
