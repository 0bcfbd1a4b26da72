"""Who buys, as far as value looks at them: histories, what was spent a purchase, and what of it was kept."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.decisions.value.margins import OwnMargin, own_margin
from workbench.errors import DataError
from workbench.models import purchases, spend
from workbench.wording import number, plural, sentence

WEEK = 7
"""Days in the unit of time of histories: published parameters are per week."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Buyers:
    """Customers who had bought by a day.

    Attributes
    ----------
    customers : (n,)
        Pseudonyms, in order.
    histories
        Of their purchase days, in weeks.
    first : (n,)
        Day of the first purchase, in days since the records began.
    paid : (n,)
        Purchase days with a positive amount: the spend model is of these, free and negative ones stay out.
    mean : (n,)
        Mean amount of them, in money; 0 without any.
    kept : (n,)
        What all days left, refunds, free orders and losses included: contribution, or revenue where no margin is known.
    astray
        What was left by customers who kept no purchase (refunds of purchases before the records), in the same money.
    own
        Margin of each, beside that of all.
    """

    customers: np.ndarray
    histories: purchases.Histories
    first: np.ndarray
    paid: np.ndarray
    mean: np.ndarray
    kept: np.ndarray
    astray: float
    own: OwnMargin

    @property
    def bought(self) -> np.ndarray:
        """Purchase days (n,), the first and free ones included."""
        return self.histories.frequency + 1

    @property
    def spending(self) -> spend.Spending:
        """Of those who ever paid.

        Raises
        ------
        DataError
            Where nobody did.
        """
        who = self.paid > 0
        if not who.any():
            raise DataError(
                sentence(
                    "transactions: no purchase of {n} customers has a positive amount once refunds are taken off, so "
                    "nothing can be valued; expected amounts in money. Look at the column amount.",
                    n=number(len(self.customers)),
                )
            )
        return spend.Spending(purchases=self.paid[who], mean=self.mean[who])

    def kept_share(self, draws: int, random: np.random.Generator) -> np.ndarray:
        """What of an order's modelled amount is kept (draws,): contribution over purchases × mean amount paid.

        It is of all customers together; `own` says whose is more or less. It holds margins, free orders and refunds
        that belong to no known order. Over draws it varies as customers who count by chance would make it (Bayesian
        bootstrap).

        Parameters
        ----------
        draws
            How many.
        random
            Source of random numbers.

        Raises
        ------
        DataError
            Where refunds and losses are as large as purchases.

        References
        ----------
        Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9(1).
        """
        sold = self.bought * self.mean
        total, kept = float(sold.sum()), float(self.kept.sum() + self.astray)
        if not 0 < kept < np.inf:
            raise DataError(
                sentence(
                    "transactions: purchases of {sold} leave {kept} once refunds and losses are taken off, so there is "
                    "nothing to value. Look at the signs of amount and margin (refunds are negative).",
                    sold=number(total),
                    kept=number(kept),
                )
            )
        found = np.empty(draws)
        for draw in range(draws):
            weights = random.exponential(size=len(sold))
            found[draw] = (weights @ self.kept + self.astray * weights.mean()) / (weights @ sold)
        return found


def buyers_of(days: pd.DataFrame, until: int) -> Buyers:
    """Customers by a day, from the log of days.

    Parameters
    ----------
    days
        As of `features.PurchaseLog`: `customer_id`, `day`, `amount`, `bought`, and `margin` where it is known.
    until
        Last day that is looked at.

    Raises
    ------
    DataError
        Where nobody had bought by then.
    """
    known = days[days["day"] <= until]
    bought = known[known["bought"]]
    if bought.empty:
        raise DataError(
            plural(
                "transactions: of {n} day with transactions none is a purchase once refunds are taken off.",
                "transactions: of {n} days with transactions none is a purchase once refunds are taken off.",
                len(known),
            )
        )
    who, histories, _ = purchases.from_log(
        bought["customer_id"].to_numpy(), bought["day"].to_numpy(), float(until), float(WEEK)
    )
    money = known["margin" if "margin" in known else "amount"].groupby(known["customer_id"]).sum()
    positive = bought[bought["amount"] > 0]
    paid = positive.groupby("customer_id")["amount"].agg(["size", "mean"]).reindex(who)
    count, mean = paid["size"].fillna(0).to_numpy(), paid["mean"].fillna(0.0).to_numpy()
    first = bought.groupby("customer_id")["day"].min().reindex(who)
    kept = money.reindex(who).to_numpy()
    return Buyers(
        customers=who,
        histories=histories,
        first=first.to_numpy(),
        paid=count,
        mean=mean,
        kept=kept,
        astray=float(money.sum() - kept.sum()),
        own=own_margin(positive, who, (histories.frequency + 1) * mean)
        if "margin" in known and len(positive)
        else OwnMargin.none(len(who)),
    )
