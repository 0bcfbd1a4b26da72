"""What of each order's amount is contribution, and of each customer's: who buys fuel leaves less than who buys wine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.decisions.value.business import Money
from workbench.errors import DataError, ParameterError
from workbench.wording import first_of, listing, number, percent, sentence, shown, suggestion

SAME = 1e-6
"""Variance of customers' margins over their squared mean up to which all have one: .1%, as of rounded cents."""


def with_margin(transactions: pd.DataFrame | None, money: Money) -> pd.DataFrame | None:
    """Transactions with a margin in each row, where it can be told.

    Parameters
    ----------
    transactions
        `amount`, optionally `margin` and `category`; None is given back.
    money
        An order's own margin is taken where there is one; otherwise that of its category; otherwise the share of all.

    Returns
    -------
    DataFrame or None
        Without a column `margin` where nothing is known: value is then revenue.

    Raises
    ------
    ParameterError
        Margins of categories that do not occur, or without a column of categories.
    DataError
        Where only some orders have a margin and nothing says what the others have.
    """
    if transactions is None:
        return None
    share = pd.Series(float("nan") if money.margin is None else money.margin, index=transactions.index)
    if money.margin_by_category:
        _known(transactions, money)
        share = transactions["category"].astype("str").map(money.margin_by_category).astype(float).fillna(share)
    made = share * transactions["amount"].astype(float)
    if "margin" in transactions:
        made = transactions["margin"].astype(float).fillna(made)
    absent = float(made.isna().mean())
    if absent == 1:
        return transactions.drop(columns="margin", errors="ignore")
    if absent > 0:
        raise DataError(
            sentence(
                "transactions: {share} of rows have no margin, and nothing says what it is{where}; expected one for "
                "each row. Give the parameter margin for all others, or margin_by_category for the rest.",
                share=percent(absent),
                where=_without(transactions, made),
            )
        )
    return transactions.assign(margin=made)


def _without(transactions: pd.DataFrame, made: pd.Series) -> str:
    """Of which categories there is no margin, where there are any."""
    if "category" not in transactions:
        return ""
    open_ones = transactions["category"][made.isna()]
    named = first_of([shown(str(each)) for each in sorted(open_ones.dropna().unique(), key=str)], 5)
    without = [sentence("rows without a category")] if open_ones.isna().any() else []
    return sentence(" (of {categories})", categories=listing([*([named] if named else []), *without]))


def currency_of(tables: Mapping[str, Any], given: str) -> str:
    """The one currency of all money.

    Parameters
    ----------
    tables
        Definitions of the tables of a data set, by name: their `columns` have `kind` and `unit`.
    given
        The parameter; that of the tables where it is empty.

    Raises
    ------
    ParameterError
        Money in several currencies: amounts are added, and none is converted here.
    """
    found = {column.unit for table in tables.values() for column in table.columns if column.kind == "money"} - {""}
    if len(found | ({given} - {""})) > 1:
        raise ParameterError(
            sentence(
                "currency: got amounts in {found}{given}, expected one for all money; convert at the door (scale in "
                "dataset.yaml).",
                found=listing(sorted(found)),
                given=sentence(" and the parameter {given}", given=shown(given)) if given else "",
            )
        )
    return given or next(iter(found), "")


def _known(transactions: pd.DataFrame, money: Money) -> None:
    if "category" not in transactions:
        raise ParameterError(
            sentence(
                "margin_by_category: got margins of {n} categories, but transactions have no column category; map "
                "one in dataset.yaml, or give margin.",
                n=number(len(money.margin_by_category)),
            )
        )
    there = sorted(transactions["category"].dropna().astype("str").unique())
    unknown = [name for name in money.margin_by_category if name not in there]
    if unknown:
        template = "margin_by_category: no category {name}; there are {known}{meant}"
        raise ParameterError(
            *(
                sentence(template, name=shown(name), known=listing([first_of(there, 8)]), meant=suggestion(name, there))
                for name in unknown
            )
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnMargin:
    """Margin of customers, beside that of all.

    Attributes
    ----------
    share : (n,)
        Expected, over the margin of all: 1 where all have the same or none is known; negative of who buys at a loss.
    error : (n,)
        Its standard deviation.
    """

    share: np.ndarray
    error: np.ndarray

    @classmethod
    def none(cls, n: int) -> "OwnMargin":
        """All customers have the same.

        Parameters
        ----------
        n
            How many.
        """
        return cls(share=np.ones(n), error=np.zeros(n))


def own_margin(paid: pd.DataFrame, customers: np.ndarray, sold: np.ndarray) -> OwnMargin:
    """By Bühlmann and Straub: a purchase's margin varies about the customer's, and that about the margin of all.

    Parameters
    ----------
    paid
        Purchases of a positive amount: `customer_id`, `amount` and `margin` (money).
    customers : (n,)
        Whose.
    sold : (n,)
        Money that each spent, by which shares average 1.

    Notes
    -----
    With m of purchase j of customer i of variance s² / amount, and customers' own margins of variance a, the expected
    own margin is z mᵢ + (1 - z) m, z = a wᵢ / (a wᵢ + s²), wᵢ the money spent, with the variance a (1 - z).

    References
    ----------
    Bühlmann, Straub (1970), Glaubwürdigkeit für Schadensätze; Bühlmann, Gisler (2005), A course in credibility theory,
    chapter 4, for the estimators of s² and a.
    """
    weight = paid.groupby("customer_id")["amount"].agg(["sum", "size"])
    kept = paid.groupby("customer_id")["margin"].sum()
    known, w = weight.index.to_numpy(), weight["sum"].to_numpy(dtype=float)
    mean, whole = kept.to_numpy(dtype=float) / w, float(w.sum())
    of_all = float(kept.sum()) / whole
    place = np.searchsorted(known, paid["customer_id"].to_numpy())
    amount = paid["amount"].to_numpy(dtype=float)
    inside = amount * (paid["margin"].to_numpy(dtype=float) / amount - mean[place]) ** 2
    degrees = len(paid) - len(known)
    spread = whole - float(w @ w) / whole
    if degrees == 0 or spread <= 0:
        return OwnMargin.none(len(customers))
    within = float(inside.sum()) / degrees
    between = (float(w @ (mean - of_all) ** 2) - (len(known) - 1) * within) / spread
    if not between > SAME * max(of_all**2, float(mean @ mean) / len(mean)):
        return OwnMargin.none(len(customers))
    z = between * w / (between * w + within)
    common = float(z @ mean) / float(z.sum())
    share, error = np.full(len(customers), common), np.full(len(customers), np.sqrt(between))
    rows = np.searchsorted(customers, known)
    share[rows], error[rows] = z * mean + (1 - z) * common, np.sqrt(between * (1 - z))
    level = float(sold @ share) / float(sold.sum())
    if not level > 0:  # what is kept of all is then not positive either, and nothing can be valued
        return OwnMargin.none(len(customers))
    return OwnMargin(share=share / level, error=error / level)
