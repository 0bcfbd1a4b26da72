"""Customers who were chosen against others: differences in differences, with weights that make the two alike before."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from workbench.statistics.regression import fit_regression

LEAST_OVERLAP = 20.0
"""Sum of the weights of a kind, a choice: below, recipients are of another sort than all others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrast:
    """What those who were chosen have more than others.

    Attributes
    ----------
    estimate
        In the unit of the values.
    influence : (n,)
        What each customer adds to its error; 0 of those without weight.
    effective
        Size of a sample without weights that others would be as good as (Kish): few carry all where it is small.
    """

    estimate: float
    influence: np.ndarray
    effective: float

    @property
    def error(self) -> float:
        """Standard error; weights count as known, which errs on the side of caution."""
        return float(np.sqrt((self.influence**2).sum()))

    @property
    def p_value(self) -> float:
        """Of no difference, two-sided."""
        return float(2 * stats.norm.sf(abs(self.estimate) / self.error)) if self.error > 0 else 1.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Its confidence interval, normal.

        Parameters
        ----------
        confidence
            Its level, between 0 and 1.
        """
        reach = float(stats.norm.ppf((1 + confidence) / 2)) * self.error
        return self.estimate - reach, self.estimate + reach

    def bounded(self, placebo: "Contrast", confidence: float) -> tuple[float, float]:
        """The interval that also holds if, without the campaign, trends had parted by as much as before it.

        Parameters
        ----------
        placebo
            The same contrast a period earlier, of the same customers.
        confidence
            Level, between 0 and 1.

        References
        ----------
        Rambachan and Roth (2023), A more credible approach to parallel trends: relative magnitudes, with a bound of 1
        and one period before.
        """
        ends: list[float] = []
        for sign in (-1.0, 1.0):
            parted = Contrast(
                estimate=self.estimate + sign * placebo.estimate,
                influence=self.influence + sign * placebo.influence,
                effective=self.effective,
            )
            ends += parted.interval(confidence)
        return min(ends), max(ends)


def contrast(values: np.ndarray, chosen: np.ndarray, weights: np.ndarray | None = None) -> Contrast:
    """The difference of (weighted) means; of changes it is the difference in differences.

    Parameters
    ----------
    values
        float (n,), one a customer.
    chosen
        bool (n,), both kinds occur.
    weights
        float (n,), at least 0; 1 where it is None.

    Examples
    --------
    >>> found = contrast(np.array([3.0, 5.0, 1.0, 2.0]), np.array([True, True, False, False]))
    >>> found.estimate, round(found.error, 4)
    (2.5, 0.7906)
    """
    weights = np.ones(len(values)) if weights is None else weights
    means, influence = {}, np.zeros(len(values))
    for arm in (True, False):
        own = chosen == arm
        share = weights[own] / weights[own].sum()
        means[arm] = float(share @ values[own])
        influence[own] = (1.0 if arm else -1.0) * share * (values[own] - means[arm])
    others = weights[~chosen]
    return Contrast(
        estimate=means[True] - means[False],
        influence=influence,
        effective=float(others.sum() ** 2 / (others**2).sum()),
    )


def overlap_weights(covariates: np.ndarray, chosen: np.ndarray) -> np.ndarray | None:
    """Weights under which both kinds have the same mean of each covariate, most for those who might be of either.

    Parameters
    ----------
    covariates
        float (n, k), known before.
    chosen
        bool (n,).

    Returns
    -------
    ndarray or None
        float (n,): one minus the probability of the kind that each is of. None where a covariate tells who was chosen
        (the weights of a kind add up to less than `LEAST_OVERLAP`, or there is no maximum): nobody can be compared.

    References
    ----------
    Li, Morgan and Zaslavsky (2018), Balancing covariates via propensity score weighting: by theorem 3 means are equal.
    """
    varies = covariates.std(axis=0) > 0
    scaled = (covariates[:, varies] - covariates[:, varies].mean(axis=0)) / covariates[:, varies].std(axis=0)
    # Days and amounts of one period may say the same: directions without variance are left out.
    left, size, _ = np.linalg.svd(scaled, full_matrices=False)
    basis = left[:, size > 1e-8 * max(size.max(initial=0.0), 1e-300)] * np.sqrt(len(chosen))
    fit = fit_regression(np.column_stack([np.ones(len(chosen)), basis]), chosen.astype(float), family="logistic")
    weights = np.where(chosen, 1 - fit.fitted, fit.fitted)
    return weights if fit.converged and weights[chosen].sum() >= LEAST_OVERLAP else None
