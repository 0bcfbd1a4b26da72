"""How alike customers of one unit are: the intraclass correlation, and what it costs a pilot of whole units."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """An outcome among customers of units.

    Attributes
    ----------
    icc, lower, upper
        Intraclass correlation (at least 0) and its interval: the share of the variance that lies between units.
    between, within
        Variance of the units' own levels, and of customers of a unit.
    units, size, usual
        How many units, and the harmonic and the plain mean of their customers with the outcome.
    """

    icc: float
    lower: float
    upper: float
    between: float
    within: float
    units: int
    size: float
    usual: float

    @property
    def times(self) -> float:
        """How many times as many customers it takes as dealt one by one (the design effect).

        Each unit counts once, however large, so unequal sizes cost as much again as their plain mean exceeds the
        harmonic one.
        """
        return design_effect(self.icc, self.size) * self.usual / self.size

    @property
    def variance(self) -> float:
        """Of the mean of a unit."""
        return self.between + self.within / self.size


def clustering(values: np.ndarray, unit: np.ndarray, *, confidence: float = 0.9) -> Clustering | None:
    """Estimate the intraclass correlation by the analysis of variance.

    Parameters
    ----------
    values : (n,) float
        The outcome; not a number where it was not seen.
    unit : (n,)
        Of each customer; no text where none is known.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Clustering or None
        None with fewer than two units, or no unit with two customers.

    References
    ----------
    Donner and Koval (1980), The estimation of intraclass correlation in the analysis of family data; interval by
    Searle (1971) with the mean size that stands in the estimate, as Ukoumunne (2002) finds near enough.

    Examples
    --------
    >>> values = np.array([1.0, 2, 5, 6, 9, 10])
    >>> found = clustering(values, np.array(["a", "a", "b", "b", "c", "c"]))
    >>> round(found.icc, 4), found.units, found.size
    (0.9692, 3, 2.0)
    """
    labels = np.asarray(unit)
    seen = np.isfinite(values) & np.asarray(labels == labels) & np.asarray(labels != None)  # noqa: E711 - elementwise
    if not seen.any():
        return None
    own = values[seen].astype(float)
    code = np.unique(labels[seen].astype(str), return_inverse=True)[1]
    size = np.bincount(code).astype(float)
    units, n = len(size), len(own)
    if units < 2 or n <= units:
        return None
    means = np.bincount(code, own) / size
    within = float(((own - means[code]) ** 2).sum() / (n - units))
    above = float((size * (means - own.mean()) ** 2).sum() / (units - 1))
    typical = float((n - (size**2).sum() / n) / (units - 1))
    between = max((above - within) / typical, 0.0)
    total = between + within
    lower, upper = 0.0, 1.0
    if within > 0:
        ratio = above / within
        ends = [
            ratio / stats.f.ppf(tail, units - 1, n - units) for tail in ((1 + confidence) / 2, (1 - confidence) / 2)
        ]
        lower, upper = (float(np.clip((end - 1) / (end - 1 + typical), 0.0, 1.0)) for end in ends)
    icc = between / total if total > 0 else 0.0
    return Clustering(
        icc=icc,
        lower=min(lower, icc),
        upper=max(upper, icc),
        between=between,
        within=within,
        units=units,
        size=float(units / (1 / size).sum()),
        usual=n / units,
    )


def design_effect(icc: float, size: float) -> float:
    """How many times as many customers a pilot of whole units of equal size needs.

    Parameters
    ----------
    icc
        Intraclass correlation.
    size
        Customers of a unit.

    References
    ----------
    Donner and Klar (2000), equation 1.1.

    Examples
    --------
    >>> round(design_effect(0.05, 100), 2)
    5.95
    """
    return 1 + (size - 1) * icc
