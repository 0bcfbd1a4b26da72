"""Sums that do not depend on the order of their terms, and the last of several values.

Adding floats in another order gives another last digit: one thread more, or one later row deleted, and a feature would
not be the same. Amounts are therefore added as decimals with six digits after the point (values up to 10^12), which is
exact, and become floats again at the end.
"""

import ibis
import ibis.expr.operations as ops
from ibis.expr.types import BooleanColumn, Column, NumericColumn, NumericValue, Scalar

DIGITS = "decimal(18, 6)"


def exact(amount: NumericColumn) -> NumericColumn:
    """An amount in millionths of its unit; NaN, which has no order and no sum, becomes missing.

    Parameters
    ----------
    amount
        In any unit, with missing ones.
    """
    if amount.type().is_floating():
        amount = amount.isnan().ifelse(ibis.null(amount.type()), amount)
    return amount.cast(DIGITS)


def as_float(total: NumericValue, *, empty: float | None = None) -> NumericValue:
    """A float again; `empty` stands for the sum of no terms.

    Parameters
    ----------
    total
        A sum of what `exact` gives.
    empty
        Missing where it is None.
    """
    total = total.cast("float64")
    return total if empty is None else total.fill_null(empty)


def greatest_by(order: Column, value: Column, *, where: BooleanColumn) -> Scalar:
    """A struct `{order, value}` of the row with the greatest `order`; among equals the greatest `value`.

    The maximum of a pair, unlike "the first row when sorted", takes constant memory a group and leaves nothing to
    chance.

    Parameters
    ----------
    order
        What decides.
    value
        What is wanted, and decides among equals.
    where
        Rows that count.
    """
    return ops.Max(ibis.struct({"order": order, "value": value}), where=where).to_expr()


def slope(total: NumericValue, moment: NumericValue, *, days: int) -> NumericValue:
    """Least-squares slope of the daily total over the last `days` days, days without anything counted as 0.

    With x = (days + 1)/2 − days_ago centred on the window the slope is Σ x·amount / Σ x², and Σ x² over the whole
    window is days (days² − 1)/12: one pass, and no row for the days on which nothing happened.

    Parameters
    ----------
    total, moment
        Σ amount and Σ days_ago·amount over the window, exact.
    days
        Length of the window.

    Returns
    -------
    float column
        Amount per day, per day; 0 when nothing happened.
    """
    return as_float((days + 1) * total - 2 * moment, empty=0.0) / (days * (days**2 - 1) / 6)
