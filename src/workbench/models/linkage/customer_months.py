"""What customers did month by month: whether they left and why, how often they ordered, and what may explain it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.linkage.answers import Answers
from workbench.models.linkage.persistence import Remembers
from workbench.wording import listing, sentence, shown

COMPLAINT_MONTHS = 3
"""Months for which an unresolved complaint counts: a choice, as invitations to a survey often lie apart."""
EARLY_MONTHS = 3
"""Months after joining in which customers leave more readily; the month after each full year stands beside them."""
LEAST_EXPOSURE = 1 / 60
"""Half a day: who leaves on the first of a month was there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CustomerMonths:
    """Months of customers who had answered before.

    Attributes
    ----------
    customer : (n,)
        Place of the customer among those of the answers.
    month : (n,)
        Counted from the first month of the answers.
    exposure : (n,)
        Share of the month that the customer was there.
    reason : (n,)
        Place of the reason for which the customer left in this month; -1: stayed.
    reasons
        Names.
    orders : (n,)
        Net orders; NaN without transactions.
    satisfaction : (n,)
        Expected from answers of earlier months.
    covariates : (n, p)
        Of the customer at the beginning of the month.
    names
        Of the covariates.
    calendar : (n,)
        Month of the year, 1 … 12.
    """

    customer: np.ndarray
    month: np.ndarray
    exposure: np.ndarray
    reason: np.ndarray
    reasons: tuple[str, ...]
    orders: np.ndarray
    satisfaction: np.ndarray
    covariates: np.ndarray
    names: tuple[str, ...]
    calendar: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    def of_rows(self, rows: np.ndarray) -> "CustomerMonths":
        """Some of the months; customers keep their places.

        Parameters
        ----------
        rows : (n,) bool
            Which.
        """
        return replace(
            self,
            customer=self.customer[rows],
            month=self.month[rows],
            exposure=self.exposure[rows],
            reason=self.reason[rows],
            orders=self.orders[rows],
            satisfaction=self.satisfaction[rows],
            covariates=self.covariates[rows],
            calendar=self.calendar[rows],
        )

    @property
    def own_mean(self) -> np.ndarray:
        """Each customer's (n,) mean satisfaction over the months that they are followed."""
        counts = np.maximum(np.bincount(self.customer), 1)
        return (np.bincount(self.customer, self.satisfaction) / counts)[self.customer]


def customer_months(
    answers: Answers,
    persistence: Remembers,
    subscriptions: pd.DataFrame,
    *,
    until: pd.Timestamp,
    attributes: Sequence[str] = (),
    transactions: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
) -> CustomerMonths:
    """Months from the one after a customer's first answer until they leave or records end.

    Parameters
    ----------
    answers
        With what they say of satisfaction.
    persistence
        How long that lasts.
    subscriptions
        `customer_id`, `start`, `end` (first day without; empty: still there), optionally `end_reason`, `price` and
        attributes. Months between two contracts of a customer are left out.
    until
        The day after the last that is observed.
    attributes
        Columns of `subscriptions` that stand beside satisfaction: plan, region.
    transactions
        `customer_id`, `timestamp`, `amount`; refunds are no orders.
    interactions
        `customer_id`, `timestamp`, `complaint` and `resolved_first_contact`: unresolved complaints stand beside too.

    Raises
    ------
    DataError
        Attributes that are no columns, or nobody who answered is in `subscriptions`.
    """
    lacking = [name for name in attributes if name not in subscriptions]
    if lacking:
        raise DataError(sentence("subscriptions: no column {names}.", names=listing([shown(name) for name in lacking])))
    months = int((until.to_period("M") - answers.origin).n) + (until.day > 1)
    known = persistence.filtered(answers, months)
    who = answers.places_of(subscriptions["customer_id"])
    contracts, who = subscriptions[who >= 0].reset_index(drop=True), who[who >= 0]
    if contracts.empty:
        raise DataError(
            sentence("subscriptions: got no contract of a customer who answered; customer ids must be the same.")
        )
    start, end = pd.to_datetime(contracts["start"]), pd.to_datetime(contracts["end"])
    last = end.where(end < until, until)
    begin_month = month_of(start, answers.origin).clip(0)
    end_month = month_of(last - pd.Timedelta(days=1), answers.origin)
    span = np.maximum(end_month - begin_month + 1, 0)
    row = np.repeat(np.arange(len(contracts)), span)
    month = np.arange(span.sum()) - np.repeat(np.cumsum(span) - span, span) + np.repeat(begin_month, span)
    keep = (month < months) & np.isfinite(known[who[row], np.minimum(month, months - 1)])
    row, month = row[keep], month[keep]
    calendar = np.datetime64(str(answers.origin), "M") + month.astype("timedelta64[M]")
    opens = calendar.astype("datetime64[s]")
    closes = (calendar + np.timedelta64(1, "M")).astype("datetime64[s]")
    begins, ends = (each.to_numpy().astype("datetime64[s]")[row] for each in (start, last))
    exposure = np.maximum((np.minimum(closes, ends) - np.maximum(opens, begins)) / (closes - opens), LEAST_EXPOSURE)
    left = (end < until).to_numpy()[row] & (month == end_month[row])
    named = reasons_of(contracts)
    reasons = tuple(sorted(set(named[(end < until).to_numpy()])))
    codes = named.map({name: place for place, name in enumerate(reasons)}).fillna(-1).to_numpy(dtype=int)
    names, covariates = _covariates(contracts, row, attributes)
    tenure = month - month_of(start, answers.origin)[row]
    names += ["early", "anniversary"]
    covariates += [tenure < EARLY_MONTHS, (tenure > 0) & (tenure % 12 == 0)]
    if interactions is not None and {"complaint", "resolved_first_contact"} <= set(interactions):
        open_ = interactions[interactions["complaint"].eq(True) & interactions["resolved_first_contact"].eq(False)]
        counts = _counts(answers, open_, months)
        names.append("open_complaints")
        covariates.append(np.sum([counts[who[row], month - ago] for ago in range(1, COMPLAINT_MONTHS + 1)], axis=0))
    orders = np.full(len(row), np.nan)
    if transactions is not None:
        bought = transactions[transactions["amount"] >= 0]
        orders = _counts(answers, bought, months)[who[row], month].astype(float)
    return CustomerMonths(
        customer=who[row],
        month=month,
        exposure=exposure,
        reason=np.where(left, codes[row], -1),
        reasons=reasons,
        orders=orders,
        satisfaction=known[who[row], month],
        covariates=np.column_stack(covariates).astype(float),
        names=tuple(names),
        calendar=calendar.astype(int) % 12 + 1,
    )


def reasons_of(contracts: pd.DataFrame) -> pd.Series:
    """Reason for leaving of each contract, as text; those that name none have one of their own.

    Parameters
    ----------
    contracts
        Optionally with `end_reason`.
    """
    if "end_reason" not in contracts:
        return pd.Series(sentence("no reason given"), index=contracts.index)
    named = contracts["end_reason"].astype(object)
    text = named.where(named.notna(), "").astype(str)
    return text.where(text.str.strip() != "", sentence("no reason given"))


def month_of(moments: pd.Series, origin: pd.Period) -> np.ndarray:
    """Calendar months since the origin.

    Parameters
    ----------
    moments
        Dates.
    origin
        Month 0.
    """
    return (moments.dt.year.to_numpy() - origin.year) * 12 + moments.dt.month.to_numpy() - origin.month


def _counts(answers: Answers, events: pd.DataFrame, months: int) -> np.ndarray:
    """Events by customer and month; the last columns are of the months before the first, so that -1 is that before."""
    at = events.dropna(subset=["customer_id", "timestamp"])
    who, month = answers.places_of(at["customer_id"]), month_of(at["timestamp"], answers.origin)
    kept = (who >= 0) & (month >= -COMPLAINT_MONTHS) & (month < months)
    size = months + COMPLAINT_MONTHS
    counts = np.bincount(who[kept] * size + month[kept] % size, minlength=len(answers.ids) * size)
    return counts.reshape(len(answers.ids), size)


def _covariates(contracts: pd.DataFrame, row: np.ndarray, attributes: Sequence[str]) -> tuple[list[str], list]:
    """Attributes as one column a level but the first; the price as what it is over what like customers pay, logged."""
    names: list[str] = []
    columns: list[np.ndarray] = []
    for attribute in attributes:
        values = contracts[attribute].astype(object).where(contracts[attribute].notna(), "").astype(str)
        for value in sorted(set(values))[1:]:
            names.append(f"{attribute}={value}")
            columns.append((values == value).to_numpy()[row])
    if "price" in contracts and (contracts["price"] > 0).any():
        price = np.log(contracts["price"].where(contracts["price"] > 0))
        price = price.fillna(price.median())
        groups = [contracts[attribute] for attribute in attributes]
        usual = price.groupby(groups, dropna=False).transform("median") if groups else price.median()
        names.append("log_price")
        columns.append((price - usual).to_numpy()[row])
    return names, columns
