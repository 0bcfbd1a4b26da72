"""How well models foretell answers that they have not seen, and whether what they foretell looks like the data."""

from dataclasses import dataclass

import numpy as np

from workbench.findings import Check
from workbench.wording import number, percent, sentence

LARGEST_K = 0.7
"""Pareto shape above which a leave-one-out density cannot be trusted (Vehtari, Simpson, Gelman, Yao, Gabry 2024)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeaveOneOut:
    """Expected log predictive densities, one an answer.

    Attributes
    ----------
    pointwise
        (n,): log density of each answer foretold by all others.
    k
        (n,): Pareto shape of its importance weights.
    """

    pointwise: np.ndarray
    k: np.ndarray

    def difference(self, other: "LeaveOneOut", weights: np.ndarray) -> tuple[float, float]:
        """How much better this model is than another in all: sum of differences and its standard error."""
        each = (self.pointwise - other.pointwise) * weights
        return float(each.sum()), float(np.sqrt(len(each)) * np.std(each, ddof=1))


def leave_one_out(log_likelihood: np.ndarray) -> LeaveOneOut:
    """PSIS-LOO (Vehtari, Gelman, Gabry 2017).

    Parameters
    ----------
    log_likelihood
        (draws, n), of nearly independent draws.
    """
    import arviz as az

    tree = az.from_dict(
        {"posterior": {"draw_only": np.zeros((1, len(log_likelihood)))}, "log_likelihood": {"y": log_likelihood[None]}}
    )
    found = az.loo(tree, pointwise=True, reff=1.0)
    return LeaveOneOut(pointwise=np.asarray(found.elpd_i).ravel(), k=np.asarray(found.pareto_k).ravel())


def loo_check(found: LeaveOneOut) -> Check:
    """Whether leave-one-out densities can be trusted."""
    bad = float(np.mean(found.k > LARGEST_K))
    return Check(
        name="loo_reliable",
        status="pass" if bad <= 0.005 else "warn",
        value=bad,
        threshold=0.005,
        message=sentence(
            "For {share} of the answers, leaving them out changes the model too much to be worked out "
            "(k above {limit}).",
            share=percent(bad),
            limit=number(LARGEST_K),
        ),
    )


def predictive_check(observed: np.ndarray, foretold: np.ndarray, *, confidence: float = 0.99) -> Check:
    """Whether shares of levels by segment look as the model foretells.

    Parameters
    ----------
    observed
        (S, K): shares.
    foretold
        (draws, S, K): shares in data drawn from the posterior predictive distribution.
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(foretold, tails, axis=0)
    outside = float(np.mean((observed < low - 1e-12) | (observed > high + 1e-12)))
    limit = 0.1
    return Check(
        name="posterior_predictive",
        status="pass" if outside <= limit else "warn",
        value=outside,
        threshold=limit,
        message=sentence(
            "{share} of the shares of answers by segment lie outside what the model foretells in {level} of cases.",
            share=percent(outside),
            level=percent(confidence),
        ),
    )
