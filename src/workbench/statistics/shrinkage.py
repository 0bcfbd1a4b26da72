"""Means of groups drawn together as far as chance explains their differences: a hierarchical normal model, integrated.

    y_s ~ Normal(θ_s, e_s),    θ_s ~ Normal(μ, τ),    μ flat,    τ ~ half-normal

Given τ everything is normal; τ lies on a grid (Gelman et al. 2013, section 5.4). An estimate of τ that happens to be 0
would take all groups for equal and be sure of it; here τ = 0 is one possibility among others.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, ndtr

GRID = 80
"""Points of the integral over the standard deviation between groups: a choice, denser near 0."""
REACH = 4.0
"""Prior standard deviations up to which the grid goes, its points closer together near 0."""
HALVINGS = 45
"""Of the interval in which a quantile lies: to 3e-14 of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shrunk:
    """Posterior of the groups' true means: a mixture of normals over the grid.

    Attributes
    ----------
    weights
        (G,): posterior of the standard deviation between groups at each point of the grid.
    means : (G, S)
        Of each group, given that standard deviation.
    covariances : (G, S, S)
        Of the groups together, given that standard deviation.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @property
    def sds(self) -> np.ndarray:
        """(G, S): of each group, given the standard deviation between groups."""
        return np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))

    @property
    def mean(self) -> np.ndarray:
        """(S,): posterior means."""
        return self.weights @ self.means

    @property
    def sd(self) -> np.ndarray:
        """(S,): posterior standard deviations."""
        return np.sqrt(self.weights @ (self.sds**2 + self.means**2) - self.mean**2)

    def below(self, value: float) -> np.ndarray:
        """(S,): probability that a group's true mean lies below a value.

        Parameters
        ----------
        value
            In units of the means.
        """
        return self.weights @ ndtr((value - self.means) / self.sds)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Equal tails, each (S,), found by halving.

        Parameters
        ----------
        level
            Probability of the interval, between 0 and 1.
        """
        return self._quantile((1 - level) / 2), self._quantile((1 + level) / 2)

    def draws(self, draws: int, *, random_seed: int) -> np.ndarray:
        """What the groups' true means may be, (draws, S), drawn together.

        Parameters
        ----------
        draws
            How many.
        random_seed
            Of them.
        """
        generator = np.random.default_rng(random_seed)
        points = generator.choice(len(self.weights), size=draws, p=self.weights)
        values, vectors = np.linalg.eigh(self.covariances)
        roots = vectors * np.sqrt(np.maximum(values, 0.0))[:, None]
        normal = generator.standard_normal((draws, self.means.shape[1]))
        return self.means[points] + np.einsum("dij,dj->di", roots[points], normal)

    def _quantile(self, p: float) -> np.ndarray:
        low = (self.means - 10 * self.sds).min(0)
        high = (self.means + 10 * self.sds).max(0)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            too_low = self.below(middle) < p
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def shrink(means: np.ndarray, errors: np.ndarray, *, prior_scale: float) -> Shrunk:
    """Posterior of the true means of groups.

    Parameters
    ----------
    means : (S,)
        Observed.
    errors : (S,) or (S, S)
        Their standard errors, above 0; or their covariance, where groups share what they were measured on.
    prior_scale
        Scale of the half-normal prior of the standard deviation between groups, in units of the means.

    Examples
    --------
    Two groups that differ by less than their errors come close to each other, and stay uncertain:

    >>> found = shrink(np.array([50.0, 54.0]), np.array([4.0, 4.0]), prior_scale=10.0)
    >>> found.mean.round(1).tolist(), bool((found.sd > 2.5).all())
    ([51.0, 53.0], True)
    """
    means, errors = np.asarray(means, dtype=float), np.asarray(errors, dtype=float)
    noise = np.diag(errors**2) if errors.ndim == 1 else errors
    steps = (np.arange(GRID) + 0.5) / GRID
    scales = prior_scale * REACH * steps**2  # each point stands for a width in proportion to its step
    between = scales[:, None, None] ** 2
    total = noise + between * np.eye(len(means))  # (G, S, S)
    inverse = np.linalg.inv(total)
    precision = inverse.sum(axis=(1, 2))
    centre = (inverse @ means).sum(axis=1) / precision
    away = means - centre[:, None]  # (G, S)
    log_posterior = (
        np.log(steps)
        - 0.5 * (scales / prior_scale) ** 2
        - 0.5 * np.log(precision)
        - 0.5 * np.linalg.slogdet(total)[1]
        - 0.5 * np.einsum("gi,gij,gj->g", away, inverse, away)
    )
    kept = between * inverse
    left = 1 - kept.sum(axis=2)  # how far each group follows the centre
    return Shrunk(
        weights=np.exp(log_posterior - logsumexp(log_posterior)),
        means=centre[:, None] + np.einsum("gij,gj->gi", kept, away),
        covariances=kept @ noise + left[:, :, None] * left[:, None] / precision[:, None, None],
    )
