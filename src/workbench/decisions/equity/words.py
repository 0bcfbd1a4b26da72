"""Amounts of money and horizons in words."""

import numpy as np

from workbench.wording import number, sentence, span

ROUND = 3
"""Significant digits of money for people: the files have all."""

VALUE_RUNS = ("churn_survival",)
"""Earlier runs that value rests on, where they are read; what initiatives return rests on driver_analysis too."""


def money(amount: float, currency: str = "") -> str:
    """An amount with three significant digits.

    Parameters
    ----------
    amount
        In money.
    currency
        Sign or code.

    Examples
    --------
    >>> money(1_234_567, "USD"), money(45_678, "EUR"), money(-3.14159), money(2.5e9, "USD")
    ('1.23 million USD', '45,700 EUR', '-3.14', '2.5 billion USD')
    """
    if not np.isfinite(amount):
        return "–"
    rounded = float(f"{amount:.{ROUND - 1}e}")
    if abs(rounded) >= 1e9:
        text = sentence("{amount} billion {currency}", amount=number(rounded / 1e9), currency=currency)
    elif abs(rounded) >= 1e6:
        text = sentence("{amount} million {currency}", amount=number(rounded / 1e6), currency=currency)
    else:
        text = sentence("{amount} {currency}", amount=number(rounded), currency=currency)
    return text.strip()


def horizon(months: float) -> str:
    """A horizon: years where it is whole years.

    Parameters
    ----------
    months
        Infinite: the lifetime.

    Examples
    --------
    >>> horizon(12), horizon(36), horizon(18), horizon(float("inf"))
    ('1 year', '3 years', '18 months', 'lifetime')
    """
    if np.isinf(months):
        return sentence("lifetime")
    return span(months / 12, "years") if months % 12 == 0 else span(months, "months")


def key(months: float) -> str:
    """A horizon as the end of a column's name: its months, or `lifetime`."""
    return "lifetime" if np.isinf(months) else f"{months:.0f}"
