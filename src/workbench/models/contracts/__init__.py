"""Contracts that are renewed or not: how many stay, and for how long."""

from workbench.models.contracts.shifted_beta_geometric import (
    Cohort,
    ContractFit,
    fit,
    posterior,
    residual_lifetime,
    retention,
    survival,
)

__all__ = ["Cohort", "ContractFit", "fit", "posterior", "residual_lifetime", "retention", "survival"]
