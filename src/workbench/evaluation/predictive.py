"""How well models predict answers that they have not seen, and whether what they predict looks like the data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.findings import Check
from workbench.wording import number, percent, sentence

LARGEST_K = 0.7
"""Pareto shape above which a leave-one-out density cannot be trusted (Vehtari, Simpson, Gelman, Yao, Gabry 2024)."""
SMOOTHED = 4_000
"""Answers whose importance weights are smoothed; of more, so many drawn at random, which correct all others."""
AT_ONCE = 5_000
"""Answers whose draws are in memory at once: 4,000 draws of them take 160 MB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeaveOneOut:
    """Expected log predictive densities, one an answer.

    Attributes
    ----------
    pointwise
        (n,): log density of each answer predicted from all others, by truncated importance sampling.
    picked
        int (m,): answers whose weights were smoothed, all of them or a random sample.
    smoothed
        (m,): their log densities with smoothed weights (PSIS).
    k
        (m,): Pareto shape of their weights.
    """

    pointwise: np.ndarray
    picked: np.ndarray
    smoothed: np.ndarray
    k: np.ndarray

    def difference(
        self,
        other: "LeaveOneOut",
        weights: np.ndarray,
        weighting: str = "none",
        variance: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[float, float]:
        """How much better this model is than another in all answers: sum of differences and its standard error.

        Parameters
        ----------
        weights
            (n,) positive.
        weighting
            `frequency`: a weight is a number of equal answers, and counts as if they lay there singly. `survey`: n
            times the weighted mean, with the error of a ratio under the design (linearisation, Binder 1983); the unit
            of weights is irrelevant. `none`: weights are not looked at.
        variance
            Gives, for what each row adds to a sum (n, 1), the variance of that sum under the design (1, 1): of answers
            that are not independent. By default of independent ones. Not with frequency weights.
        other
            Of the same answers in the same order.

        Notes
        -----
        With a sample of smoothed answers: the difference estimator of Magnusson, Vehtari, Jonasson, Andersen (2020),
        its error added to that of the data.
        """
        each = self.pointwise - other.pointwise
        n = len(each)
        weights = np.ones(n) if weighting == "none" else np.asarray(weights, dtype=float)
        if weighting == "survey":
            weights = weights / weights.mean()
            mean = float(weights @ each) / n
            total, total_variance = n * mean, n / (n - 1) * float(np.sum((weights * (each - mean)) ** 2))
        else:
            answers = weights.sum()
            mean = float(weights @ each / answers)
            total, total_variance = answers * mean, answers / (answers - 1) * float(weights @ (each - mean) ** 2)
        if variance is not None:
            total_variance = float(variance((weights * (each - mean))[:, None])[0, 0])
        picked, m = self.picked, len(self.picked)
        wrong = weights[picked] * (self.smoothed - other.smoothed - each[picked])
        total += n / m * float(wrong.sum())
        if m < n:
            total_variance += n**2 / m * (1 - m / n) * float(np.var(wrong, ddof=1))
        return total, float(np.sqrt(total_variance))


def leave_one_out(
    log_likelihood: Callable[[np.ndarray], np.ndarray], weights: np.ndarray, *, random_seed: int
) -> LeaveOneOut:
    """PSIS-LOO (Vehtari, Gelman, Gabry 2017) of a model whose likelihood counts answers by weights.

    Leaving answer i out takes p_i to the power of its weight out of the posterior: draws are weighted by p_i^−w_i. Of
    several equal answers one is left out: frequency weights count as 1 here.

    Parameters
    ----------
    log_likelihood
        Gives, for places of answers, their unweighted log densities (draws, answers) under nearly independent draws.
    weights
        (n,): powers in the likelihood.
    random_seed
        For which answers are smoothed, where there are more than `SMOOTHED`. Models that are to be compared need the
        same.
    """
    from arviz_stats.base import array_stats
    from scipy.special import logsumexp

    n = len(weights)
    pointwise = np.empty(n)
    for first in range(0, n, AT_ONCE):
        own = np.arange(first, min(first + AT_ONCE, n))
        found = log_likelihood(own)
        powered = found * weights[own]
        # Truncated (Ionides 2008): the heaviest answers would else add more noise than the sample takes away.
        heaviest = logsumexp(-powered, axis=0) - 0.5 * np.log(len(found))
        ratios = np.minimum(-powered, heaviest)
        pointwise[own] = logsumexp(found + ratios, axis=0) - logsumexp(ratios, axis=0)
    picked = np.arange(n)
    if n > SMOOTHED:
        picked = np.sort(np.random.default_rng(random_seed).choice(n, SMOOTHED, replace=False))
    found = log_likelihood(picked)
    log_weights, k = array_stats.psislw(found * weights[picked], axis=0)  # it turns the sign
    smoothed = logsumexp(np.asarray(log_weights).T + found, axis=0)
    if len(picked) == n:
        pointwise = smoothed
    return LeaveOneOut(pointwise=pointwise, picked=picked, smoothed=smoothed, k=np.asarray(k).ravel())


def loo_check(found: LeaveOneOut) -> Check:
    """Whether leave-one-out densities can be trusted.

    Parameters
    ----------
    found
        From `leave_one_out`.
    """
    bad = float(np.mean(found.k > LARGEST_K))
    return Check(
        name="loo_reliable",
        status="pass" if bad <= 0.005 else "warn",
        title=sentence("A few answers weigh heavily"),
        value=bad,
        threshold=0.005,
        message=sentence(
            "{share} of the answers weigh heavily on the model, so its predictive accuracy is rough for them (Pareto k "
            "above {limit}).",
            share=percent(bad),
            limit=number(LARGEST_K),
        ),
    )


def predictive_check(observed: np.ndarray, predicted: np.ndarray, *, confidence: float = 0.99) -> Check:
    """Whether shares of levels by segment look as the model predicts.

    Parameters
    ----------
    observed
        (S, K): shares.
    predicted
        (draws, S, K): shares in data drawn from the posterior predictive distribution.
    confidence
        Level of the prediction intervals.
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(predicted, tails, axis=0)
    outside = float(np.mean((observed < low - 1e-12) | (observed > high + 1e-12)))
    limit = 0.1
    return Check(
        name="posterior_predictive",
        status="pass" if outside <= limit else "warn",
        title=sentence("Shares of answers against the model"),
        value=outside,
        threshold=limit,
        message=sentence(
            "{share} of the shares of answers by segment lie outside the model's {level} prediction intervals.",
            share=percent(outside),
            level=percent(confidence),
        ),
    )
