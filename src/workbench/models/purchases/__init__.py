"""Repeat buying of customers who may leave unseen: how often they buy, who is still active, and what is to come."""

from workbench.models.purchases.expectations import chances, expected_purchases
from workbench.models.purchases.families import Family, bg_nbd, mbg_nbd, nbd, pareto_nbd
from workbench.models.purchases.fitting import Fit, Prior, best_stages, fit, posterior
from workbench.models.purchases.forecast import Orders, PurchaseForecast
from workbench.models.purchases.histories import Histories, from_log

__all__ = [
    "Family",
    "Fit",
    "Histories",
    "Orders",
    "Prior",
    "PurchaseForecast",
    "best_stages",
    "bg_nbd",
    "chances",
    "expected_purchases",
    "fit",
    "from_log",
    "mbg_nbd",
    "nbd",
    "pareto_nbd",
    "posterior",
]
