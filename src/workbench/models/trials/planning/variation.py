"""How far customers lie apart in an outcome, and what of that was known before: what every plan of a pilot needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

CUSTOMERS_A_COLUMN = 10
"""Of the smaller arm for each column that is adjusted for, as the estimate of a pilot does (Harrell 2015, 4.4)."""


@dataclass(frozen=True, kw_only=True)
class Variation:
    """An outcome among customers (or means of units) to whom nothing was done.

    Attributes
    ----------
    mean
        The usual level; of a ratio the ratio of sums.
    variance
        Within strata.
    left
        Variance that is left after what was known before; the same where nothing was.
    answering
        Share of customers of whom the outcome is known.
    n
        Customers (or units) with the outcome.
    columns
        That were adjusted for.
    """

    mean: float
    variance: float
    left: float
    answering: float
    n: int
    columns: int = 0

    @property
    def explained(self) -> float:
        """Share of the variance that what was known before takes away: what CUPED saves."""
        return 1 - self.left / self.variance if self.variance > 0 else 0.0


def variation(
    values: np.ndarray,
    *,
    of: np.ndarray | None = None,
    before: np.ndarray | None = None,
    stratum: np.ndarray | None = None,
    smaller_arm: float | None = None,
) -> Variation | None:
    """Measure an outcome.

    Parameters
    ----------
    values : (n,) float
        The outcome; not a number where it was not seen. Of a ratio its numerator.
    of : (n,) float
        Denominator of a ratio, at least 0; None where it is none.
    before : (n, k) float
        Known before, without gaps, the most telling first.
    stratum : (n,)
        Within which arms will be dealt; None: in one draw.
    smaller_arm
        Customers of the smaller arm of the pilot that is planned: so many more columns it bears. Half of those with
        the outcome where it is None.

    Returns
    -------
    Variation or None
        None where fewer than three customers have the outcome, or all have the same.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), equation 4; ratios by Deng, Knoblich and Lu (2018), equation 4.
    """
    seen = np.isfinite(values)
    own = values[seen].astype(float)
    mean = float(own.mean()) if len(own) else np.nan
    if of is not None:
        below = of[seen].astype(float)
        if not below.sum() > 0:
            return None
        mean = float(own.sum() / below.sum())
        own = mean + (own - mean * below) / below.mean()
    strata = np.zeros(len(own), dtype=int)
    if stratum is not None:
        strata = np.unique(np.asarray(stratum)[seen].astype(str), return_inverse=True)[1]
    size = np.bincount(strata)
    spare = len(own) - len(size)
    if spare < 2 or np.ptp(own) == 0:
        return None
    away = own - (np.bincount(strata, own) / size)[strata]
    variance = left = float(away @ away) / spare
    columns = 0
    if before is not None and before.shape[1]:
        most = int(min(len(own) / 2, np.inf if smaller_arm is None else smaller_arm) / CUSTOMERS_A_COLUMN)
        known = before[seen][:, :most].astype(float)
        known = known - np.column_stack([np.bincount(strata, column) / size for column in known.T])[strata]
        known = known[:, known.std(axis=0) > 0] if known.size else known
        columns = int(np.linalg.matrix_rank(known)) if known.size else 0
        if columns and spare - columns > 1:
            slope = np.linalg.lstsq(known, away, rcond=None)[0]
            rest = away - known @ slope
            left = float(rest @ rest) / (spare - columns)
    return Variation(
        mean=mean,
        variance=variance,
        left=min(left, variance),
        answering=float(seen.mean()),
        n=len(own),
        columns=columns,
    )


def pooled(found: Sequence[Variation]) -> Variation:
    """Several windows as one: the mean of their variances, levels and shares.

    Parameters
    ----------
    found
        One a window, at least one.
    """
    mean, variance, left, answering = (
        float(np.mean([getattr(each, name) for each in found])) for name in ("mean", "variance", "left", "answering")
    )
    return replace(found[0], mean=mean, variance=variance, left=left, answering=answering)
