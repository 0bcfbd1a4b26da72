"""Confidence sequences: an interval that holds at every look, so that one may stop at any of them.

The normal mixture of Robbins (1970): effects that would still be compatible with all data so far, weighed by a normal
distribution whose variance makes the interval narrowest at the size that was planned.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from scipy import optimize, stats

from workbench.models.trials.estimates.estimate import Estimate

TUNED_AT = 2000.0
"""Customers of both arms at which the interval is narrowest where no size was planned, a choice: at 200 it is 1.3 times
as wide as it could be there, at 200,000 1.2 times. It must not follow the data: tuned anew at each look, an interval of
90% excludes the truth in 14% of pilots that grow a thousandfold."""
UNITS_TUNED_AT = 40.0
"""The same of units that were dealt as wholes."""
OF_UNITS = ("units", "wild_bootstrap", "permutation", "clustered")
"""Kinds of intervals that rest on units and not on customers."""


def any_time(found: Estimate, *, planned: float | None = None) -> Estimate:
    """The same estimate with an interval that holds however often one looks.

    Parameters
    ----------
    found
        With a standard error, of all customers so far (where only those whose window is over count, of these).
    planned
        The standard error that is expected at the planned size, in the unit of the outcome: there the interval is
        narrowest. It must be fixed before the first look; None takes that of `TUNED_AT` customers, or of
        `UNITS_TUNED_AT` units.

    Returns
    -------
    Estimate
        `kind` is "sequence"; an effect outside is refused at no look with a chance above 1 − confidence. The p-value
        is the one at which 0 leaves the sequence, and may be read at any look. Where the error rests on few degrees of
        freedom the interval is widened as t is against the normal one. It is nowhere narrower than the fixed one, and
        has no end where that has none.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory and asymptotic confidence
    sequences, theorem 2.2 and equation 10 (the best variance); Robbins (1970).
    """
    alpha = 1 - found.confidence
    if not found.se > 0 or not np.isfinite(found.upper - found.lower):
        return replace(found, kind="sequence")
    size = found.units / UNITS_TUNED_AT if found.kind in OF_UNITS else found.n / TUNED_AT
    ratio = size if planned is None else (planned / found.se) ** 2
    variance = best_variance(alpha) * ratio
    heavy = float(stats.t.isf(alpha / 2, found.df) / stats.norm.isf(alpha / 2))
    reach = found.se * heavy * _boundary(variance, alpha)
    z = found.centre / found.se / heavy
    # reach² = (1 + 1/m)(log(1 + m) − 2 log α) solved for α where |z| is reach
    log_p = (np.log1p(variance) - z**2 / (1 + 1 / variance)) / 2
    return replace(
        found,
        lower=min(found.centre - reach, found.lower),
        upper=max(found.centre + reach, found.upper),
        kind="sequence",
        p_value=float(min(1.0, np.exp(log_p))),
    )


def widening(confidence: float, share: float = 1.0) -> float:
    """How many times as wide as the fixed interval the sequence is.

    Parameters
    ----------
    confidence
        Level, between 0 and 1.
    share
        Of the planned size, above 0.

    Examples
    --------
    >>> round(widening(0.95), 3), round(widening(0.9), 3), round(widening(0.95, 0.2), 2)
    (1.549, 1.68, 1.71)
    """
    alpha = 1 - confidence
    return _boundary(best_variance(alpha) * share, alpha) / float(stats.norm.isf(alpha / 2))


@cache
def best_variance(alpha: float) -> float:
    """Variance of the mixture, in squared errors at the planned size, that makes the interval narrowest there.

    Parameters
    ----------
    alpha
        One minus the level, between 0 and 1.
    """
    found = optimize.minimize_scalar(lambda m: _boundary(m, alpha), bounds=(1e-3, 1e3), method="bounded")
    return float(found.x)


def _boundary(variance: float, alpha: float) -> float:
    """Reach in standard errors."""
    return float(np.sqrt((1 + 1 / variance) * (np.log1p(variance) - 2 * np.log(alpha))))
