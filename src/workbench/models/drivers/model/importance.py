"""How much of what is explained each driver accounts for: Shapley shares of every draw, beside those of knockoffs.

The variance of the linear predictor is shared out among drivers by averaging, over all orders in which they may enter,
what each adds (Lindeman, Merenda, Gold 1980; Shapley 1953; Grömping 2007). With the covariance Σ of the columns given,
R²(S) of a set S is c_Sᵀ Σ_S⁻¹ c_S, c = Σ β, so that each driver's average gain is one quadratic form in c: orders
are gone through once, and every draw costs a product.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

from workbench.models.drivers.ordinal.links import LOGIT, Link

MOST_EXACT = 13
"""With more drivers than this (8,192 sets) orders are drawn at random, each with its reverse, instead of enumerated."""
ORDERS = 1500
"""Orders drawn: shares then vary by less than one percentage point."""
RIDGE = 1e-9
"""Ridge penalty, relative to the columns' mean variance, that keeps sums of columns invertible."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Importance:
    """Shares of the explained variance, one row a draw.

    Attributes
    ----------
    share
        (draws, D): Shapley share; rows sum to 1.
    unique
        (draws, D): share that is lost when this driver alone is left out; the rest is shared with others (halo).
    knockoff
        (draws, D): share that the driver's knockoff gets in its place (Candès, Fan, Janson, Lv 2018).
    explained
        (draws,): share of the latent variance that all drivers explain.
    """

    share: np.ndarray
    unique: np.ndarray
    knockoff: np.ndarray
    explained: np.ndarray

    @property
    def above_knockoff(self) -> np.ndarray:
        """(D,): probability that a driver's share is larger than its knockoff's."""
        return (self.share > self.knockoff).mean(0)

    def top(self, count: int = 3) -> np.ndarray:
        """(D,): probability of being among the largest shares.

        Parameters
        ----------
        count
            How many are counted.
        """
        ranks = (-self.share).argsort(1).argsort(1)
        return (ranks < count).mean(0)


def average_gains(covariance: np.ndarray, driver: np.ndarray, *, random_seed: int = 0) -> np.ndarray:
    """(D, C, C): matrices A_d with c' A_d c = the average gain of driver d over all orders.

    Parameters
    ----------
    covariance
        (C, C) of the columns.
    driver
        Int (C,): to which driver, 0 … D − 1, each column belongs.
    random_seed
        For the orders drawn where there are more than `MOST_EXACT` drivers.

    Examples
    --------
    Uncorrelated columns of variance 1 gain what they account for, whatever the order:

    >>> average_gains(np.eye(2), np.array([0, 1]))[0].round(6).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    count = int(driver.max()) + 1
    covariance = covariance + RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    own = [np.flatnonzero(driver == d) for d in range(count)]
    gains = np.zeros((count, *covariance.shape))
    if count > MOST_EXACT:
        rng = np.random.default_rng(random_seed)
        drawn = [rng.permutation(count) for _ in range(ORDERS // 2)]
        orders = [order for each in drawn for order in (each, each[::-1])]
        for order in orders:
            _add_gains(gains, covariance, own, order, 1 / len(orders))
        return gains
    inverses = {}
    for code in range(1, 2**count):
        columns = np.concatenate([own[d] for d in range(count) if code >> d & 1])
        inverses[code] = (columns, np.linalg.inv(covariance[np.ix_(columns, columns)]))
    # A set of s drivers stands before driver d in s! (D − 1 − s)! of the D! orders; as the set with d it is one larger.
    weight = [1 / (count * comb(count - 1, size)) for size in range(count)]
    for code, (columns, inverse) in inverses.items():
        size = code.bit_count()
        grid = np.ix_(columns, columns)
        for d in range(count):
            if code >> d & 1:
                gains[d][grid] += weight[size - 1] * inverse
            else:
                gains[d][grid] -= weight[size] * inverse
    return gains


def _add_gains(
    gains: np.ndarray, covariance: np.ndarray, own: list[np.ndarray], order: np.ndarray, weight: float
) -> None:
    """What each driver adds in one order: with Σ = L Lᵀ in that order, the gain is the squared length of (L⁻¹ c)_d."""
    columns = np.concatenate([own[d] for d in order])
    inverse = np.linalg.inv(np.linalg.cholesky(covariance[np.ix_(columns, columns)]))
    place = 0
    grid = np.ix_(columns, columns)
    for d in order:
        rows = inverse[place : place + len(own[d])]
        gains[d][grid] += weight * (rows.T @ rows)
        place += len(own[d])


def importance(
    effects: np.ndarray,
    weights: np.ndarray,
    covariance: np.ndarray,
    driver: np.ndarray,
    *,
    random_seed: int,
    gains: np.ndarray | None = None,
    posterior_covariance: np.ndarray | None = None,
    link: Link = LOGIT,
    deviations: bool = False,
) -> Importance:
    """Shares on every draw.

    Parameters
    ----------
    effects
        (draws, S, C): coefficients by segment.
    weights
        (S,): shares of the segments; what is explained within each is added up.
    covariance
        (C, C) of the columns within segments.
    driver
        Int (C,): to which driver a column belongs.
    random_seed
        For the knockoffs' own effects.
    gains
        From `average_gains`, where they are known already.
    posterior_covariance
        (C, C): posterior covariance of the effects over segments, where `effects` are but some of the draws.
    link
        Its noise is the rest of the latent variance.
    deviations
        Columns are deviations from a mean of their own: all others together nearly give one away, and its knockoff
        would be the driver itself. In its place stands the driver with an effect of chance alone, on an outcome that it
        has no other effect on.

    Notes
    -----
    The knockoff of a driver keeps its correlations with all others and has no effect of its own (Candès, Fan, Janson,
    Lv 2018): its best guess from the others plus noise of the same conditional covariance. The data would still give
    it some effect by chance. For a driver without effect that estimate varies as the driver's own does, with covariance
    V, and its posterior around it by V again: its effect is drawn from Normal(0, 2 V), V the posterior covariance of
    the driver's effect. Nothing has to be refitted; tests hold this to real knockoffs that are.
    """
    rng = np.random.default_rng(random_seed)
    count = int(driver.max()) + 1
    gains = average_gains(covariance, driver, random_seed=random_seed) if gains is None else gains
    posterior_covariance = effect_covariance(effects, weights) if posterior_covariance is None else posterior_covariance
    joint = effects @ covariance  # c, by draw and segment
    total = np.einsum("nsc,nsc,s->n", joint, effects, weights)
    accounted = np.empty((len(effects), count))
    unique, floor = np.empty_like(accounted), np.empty_like(accounted)
    for d in range(count):
        own, others = np.flatnonzero(driver == d), np.flatnonzero(driver != d)
        accounted[:, d] = _forms(joint, gains[d], weights)
        if len(others):
            guess = np.linalg.solve(
                covariance[np.ix_(others, others)] + RIDGE * np.eye(len(others)), covariance[np.ix_(others, own)]
            )
            left = covariance[np.ix_(own, own)] - covariance[np.ix_(own, others)] @ guess
        else:
            guess, left = np.zeros((0, len(own))), covariance[np.ix_(own, own)]
        unique[:, d] = np.einsum("nsi,ij,nsj,s->n", effects[:, :, own], left, effects[:, :, own], weights)
        noise = rng.multivariate_normal(
            np.zeros(len(own)), 2 * posterior_covariance[np.ix_(own, own)], size=len(effects)
        )
        without = joint.copy()
        if deviations:
            without += (noise[:, None, :] - effects[:, :, own]) @ covariance[own]
        else:
            without[:, :, own] = joint[:, :, others] @ guess + (noise @ left)[:, None, :]
        floor[:, d] = _forms(without, gains[d], weights)
    whole = accounted.sum(1, keepdims=True)
    return Importance(
        share=accounted / whole,
        unique=unique / whole,
        knockoff=floor / whole,
        explained=total / (total + link.latent_variance),
    )


def effect_covariance(effects: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(C, C): covariance over draws of effects, averaged over segments by their shares.

    Parameters
    ----------
    effects
        (draws, S, C).
    weights
        (S,): shares of the segments.
    """
    width = effects.shape[2]
    return np.cov((effects * weights[:, None]).sum(1), rowvar=False).reshape(width, width)


def _forms(joint: np.ndarray, gain: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.einsum("nsc,nsc,s->n", joint @ gain, joint, weights)


def column_covariance(columns: np.ndarray, weights: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(C, C): weighted covariance of columns within segments.

    Parameters
    ----------
    columns, weights
        (n, C) and (n,): rows sorted by segment.
    starts
        Int (S + 1,): segment s has the rows starts[s] to starts[s + 1].
    """
    total = np.zeros((columns.shape[1], columns.shape[1]))
    for s in range(len(starts) - 1):
        own, w = columns[starts[s] : starts[s + 1]], weights[starts[s] : starts[s + 1]]
        if len(own):
            away = own - np.average(own, axis=0, weights=w)
            total += away.T @ (w[:, None] * away)
    return total / weights.sum()
