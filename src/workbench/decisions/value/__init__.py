"""Customers who can be valued: which business they are of, and what each draws of them."""

from workbench.decisions.value.business import Block, Business, ForecastErrors, Money, Newcomers, Plan
from workbench.decisions.value.margins import currency_of, with_margin
from workbench.decisions.value.reading import read_base
from workbench.decisions.value.signed import contracts_of, read_survival

__all__ = [
    "Block",
    "Business",
    "ForecastErrors",
    "Money",
    "Newcomers",
    "Plan",
    "contracts_of",
    "currency_of",
    "read_base",
    "read_survival",
    "with_margin",
]
