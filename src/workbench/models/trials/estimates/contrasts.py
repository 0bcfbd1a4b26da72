"""One effect less another of the same pilot: arms share a control, and so err together."""

from dataclasses import replace

from workbench.models.trials.estimates.estimate import Estimate, correlation, from_error


def less(one: Estimate, other: Estimate) -> Estimate:
    """One effect less another on the same outcome.

    Parameters
    ----------
    one, other
        With an `influence` of the same rows: what both take from the control is their covariance, and cancels.

    Returns
    -------
    Estimate
        With the lesser degrees of freedom of the two, on the safe side; not bent, as what is skewed in both cancels.

    Examples
    --------
    Two arms and a control of which each has 100 customers with variance 1: alone .02 each, .01 of it the control's.

    >>> import numpy as np
    >>> shared = np.r_[np.zeros(200), np.tile([-0.01, 0.01], 50)]
    >>> own = np.tile([-0.01, 0.01], 50)
    >>> named = {"confidence": 0.9, "kind": "robust", "n": 200, "units": 200}
    >>> mail = from_error(0.5, 0.02**0.5, influence=np.r_[own, np.zeros(100), np.zeros(100)] + shared, **named)
    >>> call = from_error(0.2, 0.02**0.5, influence=np.r_[np.zeros(100), own, np.zeros(100)] + shared, **named)
    >>> apart = less(mail, call)
    >>> round(apart.estimate, 6), round(apart.se**2, 6)
    (0.3, 0.02)
    """
    shared = correlation(one, other) * one.se * other.se
    variance = max(one.se**2 + other.se**2 - 2 * shared, 0.0)
    return from_error(
        one.estimate - other.estimate,
        variance**0.5,
        confidence=one.confidence,
        kind=one.kind,
        df=min(one.df, other.df),
        n=max(one.n, other.n),
        units=max(one.units, other.units),
    )


def turned(found: Estimate) -> Estimate:
    """The same seen from the other side: what the control has more than the arm.

    Parameters
    ----------
    found
        A difference.
    """
    return replace(
        found,
        estimate=-found.estimate,
        lower=-found.upper,
        upper=-found.lower,
        centre=-found.centre,
        skew=-found.skew,
        treated=found.control,
        control=found.treated,
        influence=None if found.influence is None else -found.influence,
    )
