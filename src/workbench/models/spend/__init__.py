"""What customers spend when they buy."""

from workbench.models.spend.gamma_gamma import (
    SpendFit,
    Spending,
    draw_means,
    draws_check,
    expected_spend,
    fit,
    mean_spend_check,
    posterior,
)
from workbench.models.spend.independence import independence_check

__all__ = [
    "SpendFit",
    "Spending",
    "draw_means",
    "draws_check",
    "expected_spend",
    "fit",
    "independence_check",
    "mean_spend_check",
    "posterior",
]
