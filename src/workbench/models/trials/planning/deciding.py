"""How often a pilot ends in a decision: the chance that its effect is sure to exceed a limit, or to fall short."""

import numpy as np
from scipy import stats

from workbench.models.trials.planning.power import NORMAL


def chance_of_exceeding(
    effect: float, limit: float, se: float, *, df: float = np.inf, sure: float = 0.95, below: bool = False
) -> float:
    """Probability that an estimate makes sure that the effect is above a limit.

    Parameters
    ----------
    effect, limit, se
        The true effect, what it must exceed, and the standard error of its estimate, in one unit.
    df
        Degrees of freedom; infinite for the normal distribution.
    sure
        Probability, under a flat prior, at which it counts as sure; between 0.5 and 1.
    below
        Whether it must be sure to fall short of the limit instead.

    Returns
    -------
    float
        1 − `sure` where the true effect is the limit itself.

    References
    ----------
    Cohen (1988), Statistical power analysis for the behavioral sciences, chapter 2, of a test in one direction.

    Examples
    --------
    R's power.t.test(power = .90, delta = 1, alternative = "one.sided") needs 17.84713 in each group.

    >>> n = 17.84713
    >>> round(chance_of_exceeding(1.0, 0.0, (2 / n) ** 0.5, df=2 * n - 2), 4)
    0.9
    >>> round(chance_of_exceeding(3.0, 3.0, 1.0), 4), round(chance_of_exceeding(3.0, 3.0, 1.0, below=True), 4)
    (0.05, 0.05)
    """
    away = (limit - effect if below else effect - limit) / se
    if df > NORMAL:
        return float(stats.norm.sf(stats.norm.ppf(sure) - away))
    return float(stats.nct.sf(stats.t.ppf(sure, df), df, away))
