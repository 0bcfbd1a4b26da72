"""What of each order's amount is contribution."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from workbench.decisions.value.business import Money
from workbench.errors import DataError, ParameterError
from workbench.wording import first_of, listing, number, percent, sentence, shown, suggestion


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
                "transactions: {share} of rows have no margin, and nothing says what it is; expected one for each row. "
                "Give the parameter margin for all others, or margin_by_category for the rest.",
                share=percent(absent),
            )
        )
    return transactions.assign(margin=made)


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
