"""What customers spend when they buy."""

from workbench.models.spend.gamma_gamma import (
    SpendFit,
    Spending,
    draw_means,
    expected_spend,
    fit,
    mean_spend_check,
    posterior,
)

__all__ = ["SpendFit", "Spending", "draw_means", "expected_spend", "fit", "mean_spend_check", "posterior"]
