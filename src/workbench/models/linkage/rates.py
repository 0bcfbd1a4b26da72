"""Rates of what customers do in a month, by Poisson regression with errors clustered by customer."""

from collections.abc import Sequence

import numpy as np

from workbench.models.linkage.customer_months import CustomerMonths
from workbench.statistics.regression import fit_regression

RIDGE = 1e-3
"""Penalty that keeps a covariate without events finite; data of any size outweigh it."""


def fit_rates(
    events: np.ndarray, months: CustomerMonths, asked: Sequence[np.ndarray], covariates: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the log rate and their standard errors: those asked about, then the covariates'.

    Errors are clustered by customer (Liang, Zeger 1986), or the model's where these are larger.

    Parameters
    ----------
    events : (n,)
        In each month.
    months
        With exposure and customers.
    asked
        Columns (n,).
    covariates : (n, p)
        That stand beside; the slope of one that does not vary is 0.

    References
    ----------
    Liang, Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73(1), equation 6.
    """
    varies = covariates.std(axis=0) > 0
    columns = [each - each.mean() for each in asked]
    design = np.column_stack([np.ones(len(events)), *columns, covariates[:, varies]])
    found = fit_regression(design, events, family="poisson", exposure=months.exposure, ridge=RIDGE)
    scores = np.zeros((int(months.customer.max()) + 1, design.shape[1]))
    np.add.at(scores, months.customer, design * (events - found.fitted)[:, None])
    clustered = found.covariance @ (scores.T @ scores) @ found.covariance
    # The clustered one is too low where few have events; the model's where customers differ.
    spread = np.sqrt(np.maximum(np.diag(clustered), np.diag(found.covariance)))
    slopes, errors = np.zeros((2, len(columns) + covariates.shape[1]))
    places = np.concatenate([np.arange(len(columns)), len(columns) + np.flatnonzero(varies)])
    slopes[places], errors[places] = found.estimate[1:], spread[1:]
    return slopes, errors
