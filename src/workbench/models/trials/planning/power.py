"""How surely an effect is found: the noncentral t distribution of an estimate in units of its standard error."""

from functools import cache

import numpy as np
from scipy import optimize, stats

POWER = 0.8
"""The probability at which an effect counts as one that a pilot finds: four times in five (Cohen 1988)."""
NORMAL = 10_000.0
"""Degrees of freedom from which t is taken as normal: an effect that is just found changes by less than 1 in 10,000."""


def share_error(treated: float) -> float:
    """Standard error of a difference of two means, in standard deviations, times the root of all who are in both arms.

    Parameters
    ----------
    treated
        Share of them who are treated, between 0 and 1.

    Examples
    --------
    >>> share_error(0.5)
    2.0
    """
    return float(np.sqrt(1 / treated + 1 / (1 - treated)))


def fitting_error(size: float, treated: float, fitted: int, *, together: bool = False) -> float:
    """How many times as large a standard error is because slopes are estimated from the pilot itself.

    Parameters
    ----------
    size
        Customers (or units) with an outcome, in both arms.
    treated
        Share of them who are treated, between 0 and 1.
    fitted
        Columns that are adjusted for.
    together
        Whether both arms share their slopes, as units do; customers have slopes by arm.

    Returns
    -------
    float
        Beside the error of slopes that are known; infinite where an arm is too small for its columns.

    References
    ----------
    Cochran (1957), Analysis of covariance, on the mean effective error: arms differ by chance in what is adjusted for,
    and slopes are known as well as normal columns tell them (the mean of an inverse Wishart matrix).

    Examples
    --------
    >>> round(fitting_error(400, 0.5, 14), 4), round(fitting_error(40, 0.5, 3, together=True), 4)
    (1.0188, 1.0432)
    """
    if not fitted:
        return 1.0
    if together:
        spare = size - fitted - 3
        return float(np.sqrt(1 + fitted / spare)) if spare > 0 else np.inf
    arms = np.array([treated, 1 - treated]) * size
    if not (spares := arms - fitted - 2).min() > 0:
        return np.inf
    more = fitted * ((1 / arms - 1 / size) / spares).sum()
    return float(np.sqrt(1 + more / (1 / arms).sum()))


def chance_of_finding(effect: float, se: float, *, df: float = np.inf, confidence: float = 0.9) -> float:
    """Probability that the interval of an estimate excludes no effect.

    Parameters
    ----------
    effect, se
        The true one, and the standard error of its estimate, in one unit.
    df
        Degrees of freedom of the interval; infinite for the normal distribution.
    confidence
        Level of the interval, between 0 and 1.

    References
    ----------
    Cohen (1988), Statistical power analysis for the behavioral sciences, chapter 2.

    Examples
    --------
    20 of each of two groups, an effect of one standard deviation, 95%: R's power.t.test gives 0.8689528.

    >>> round(chance_of_finding(1.0, (2 / 20) ** 0.5, df=38, confidence=0.95), 5)
    0.86895
    """
    if not se > 0:
        return float(effect != 0)
    df = np.inf if df > NORMAL else df
    reach, away = float(stats.t.ppf((1 + confidence) / 2, df)), abs(effect) / se
    if df == np.inf:
        return float(stats.norm.sf(reach - away) + stats.norm.cdf(-reach - away))
    wrong_side = float(stats.nct.cdf(-reach, df, away))  # not a number where it is nothing
    return float(stats.nct.sf(reach, df, away)) + (wrong_side if wrong_side > 0 else 0.0)


def smallest_effect(se: float, *, df: float = np.inf, confidence: float = 0.9, power: float = POWER) -> float:
    """The effect that is found with a probability of `power`: larger ones are found more surely.

    Parameters
    ----------
    se, df, confidence
        As of `chance_of_finding`.
    power
        Above 1 − confidence, below 1.

    Examples
    --------
    1.645 + 0.842 standard errors:

    >>> round(smallest_effect(1.0), 2)
    2.49
    """
    return se * _errors(float(df), confidence, power)


@cache
def _errors(df: float, confidence: float, power: float) -> float:
    """How many standard errors."""
    highest = float(stats.t.ppf((1 + confidence) / 2, df) + stats.t.ppf(power, df)) + 1.0

    def short(away: float) -> float:
        return chance_of_finding(away, 1.0, df=df, confidence=confidence) - power

    while short(highest) < 0:
        highest *= 2
    return float(optimize.brentq(short, 0.0, highest, xtol=1e-9))


def size_needed(
    effect: float,
    deviation: float,
    *,
    treated: float = 0.5,
    confidence: float = 0.9,
    power: float = POWER,
    fitted: int = 0,
    together: bool = False,
) -> float:
    """How many customers (or units), with an outcome and in both arms, find an effect with a probability of `power`.

    Parameters
    ----------
    effect, deviation
        The effect, and the standard deviation of the outcome beside what was known before, in one unit.
    treated
        Share of them who are treated.
    confidence, power
        As of `smallest_effect`.
    fitted, together
        Columns that are adjusted for: each takes a degree of freedom, and what `fitting_error` says.

    Returns
    -------
    float
        Not rounded; infinite where the effect is 0.

    Examples
    --------
    R's power.t.test(power = .90, delta = 1) needs 22.02110 in each group.

    >>> round(size_needed(1.0, 1.0, confidence=0.95, power=0.9) / 2, 3)
    22.021
    """
    if not effect > 0:
        return np.inf
    if not deviation > 0:
        return 4.0 + fitted

    def too_large(size: float) -> float:
        se = deviation * share_error(treated) / np.sqrt(size) * fitting_error(size, treated, fitted, together=together)
        return smallest_effect(se, df=size - 2 - fitted, confidence=confidence, power=power) / effect - 1

    least = 3.0 + fitted
    if fitted:  # an arm has somebody to spare
        least += 1.0 if together else (fitted + 3.0) / min(treated, 1 - treated)
    if too_large(least) <= 0:
        return least
    most = (
        2 * least
        + (smallest_effect(1.0, confidence=confidence, power=power) * share_error(treated)) ** 2
        * (deviation / effect) ** 2
    )
    while too_large(most) > 0:
        most *= 2
    return float(optimize.brentq(too_large, least, most, rtol=1e-6))
