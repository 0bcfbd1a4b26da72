"""The error of a difference of means: each arm's own, or where outcomes are skewed that of arms which scatter alike."""

from dataclasses import dataclass

import numpy as np

from workbench.models.trials.estimates.estimate import Kind
from workbench.models.trials.estimates.skewness import STRAIGHT


@dataclass(frozen=True, kw_only=True)
class Error:
    """Of one difference.

    Attributes
    ----------
    variance
        Of the difference.
    df, kind, skew
        As of `Estimate`.
    """

    variance: float
    df: float
    kind: Kind
    skew: float


def error_of(
    variance: np.ndarray, skew: float, together: tuple[float, float], people: np.ndarray, fitted: int
) -> Error:
    """The error, with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    variance
        (2,): what each arm adds to it.
    skew
        Of the difference, as each arm's own outcomes are.
    together
        Variance and skewness of the difference if outcomes scatter alike in both arms: a small arm that happens to have
        none of the large values knows nothing of them, and the other arm does.
    people
        (2,): customers of each arm.
    fitted
        Columns that each arm was fitted by.
    """
    total, spare = float(sum(variance)), [max(float(n) - fitted, 1.0) for n in people]
    df = total**2 / sum(float(v) ** 2 / d for v, d in zip(variance, spare, strict=True)) if total > 0 else np.inf
    if abs(together[1]) <= STRAIGHT:
        return Error(variance=total, df=df, kind="robust", skew=0.0)
    if together[0] > total:
        total, df = together[0], sum(spare)
    return Error(variance=total, df=df, kind="skewed", skew=skew)
