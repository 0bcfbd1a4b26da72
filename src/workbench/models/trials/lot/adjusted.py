"""The difference of means between two arms, within strata, adjusted for what was known before the start.

In each arm its own regression on what was known before, in each stratum its own level: the regression with all
interactions of Lin (2013), worked out by strata, so that a thousand of them cost no more than one.
"""

from dataclasses import dataclass, replace

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import FEWEST, Sample
from workbench.models.trials.estimates.skewness import skewness
from workbench.models.trials.lot.error import error_of
from workbench.models.trials.lot.few import of_few
from workbench.models.trials.lot.strata import strata_of

CUSTOMERS_A_COLUMN = 10
"""Of the smaller arm for each column that is adjusted for, the usual rule of regression (Harrell 2015, 4.4)."""
NIL = 1e-9
"""Of a column's variance: an arm with less has the same value of everybody but for rounding, and no slope."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """An arm within a stratum: `code` (n,) is twice the stratum, and one more of the treated."""

    code: np.ndarray
    counts: np.ndarray
    size: np.ndarray

    def means(self, values: np.ndarray) -> np.ndarray:
        """(cells, …): of each column."""
        if values.ndim == 1:
            return np.bincount(self.code, self.counts * values, len(self.size)) / self.size
        return np.column_stack([self.means(column) for column in values.T])

    @property
    def weight(self) -> np.ndarray:
        """(strata,): share of customers."""
        found = self.size.reshape(-1, 2).sum(axis=1)
        return found / found.sum()


def difference(sample: Sample, *, confidence: float = 0.9, fewest: int = FEWEST) -> Estimate:
    """The difference of means, within strata, not adjusted.

    Parameters
    ----------
    sample, confidence, fewest
        As of `adjusted`; `before` is passed over.
    """
    return adjusted(replace(sample, before=None), confidence=confidence, fewest=fewest)


def adjusted(sample: Sample, *, confidence: float = 0.9, fewest: int = FEWEST) -> Estimate:
    """The difference of means, adjusted for `before`, with an error that needs no equal variances.

    Parameters
    ----------
    sample
        Customers were dealt: units, if any, are passed over. Rows without outcome are left out. Strata with fewer than
        two customers of an arm are taken together where all have the same share of treated, and left out otherwise.
    confidence
        Level of the interval, between 0 and 1.
    fewest
        Customers with an outcome that each arm needs.

    Returns
    -------
    Estimate
        Of the customers of the sample. Its influence is that of HC2 (MacKinnon and White 1985), with Satterthwaite's
        degrees of freedom: without strata and `before` it is Welch's test. Where arms are unequal and the outcome is so
        skewed that t does not hold (`STRAIGHT`), t is bent by the skewness of the estimate, and the error is at least
        that of outcomes that scatter alike in both arms. Of a yes or no with fewer than five of either in an arm the
        interval is that of Agresti and Caffo (2000), within strata.

    Raises
    ------
    DataError
        The sample says why no effect can be told.

    References
    ----------
    Lin (2013), Agnostic notes on regression adjustments to experimental data, equation 3; Miratrix, Sekhon and Yu
    (2013), Adjusting treatment effect estimates by post-stratification.
    """
    whole = replace(sample, unit=None)
    whole.usable(fewest=fewest)
    kept, strata = strata_of(whole)
    used = whole.part(kept)
    used.usable(fewest=2)
    cells = _cells(used, strata[kept])
    values = used.values
    treated = used.treated
    weight = cells.weight
    level = cells.means(values).reshape(-1, 2)
    means = weight @ level
    residual = values - level.ravel()[cells.code]
    pull = (np.repeat(weight, 2) / cells.size)[cells.code]  # what a residual moves its arm's mean by
    leverage = 1 / cells.size[cells.code]
    columns = _columns(used, cells)
    if columns.shape[1]:
        inner = cells.means(columns)
        away = columns - inner[cells.code]
        strata_mean = (inner * cells.size[:, None]).reshape(len(weight), 2, -1).sum(axis=1)
        strata_mean = strata_mean / cells.size.reshape(-1, 2).sum(axis=1)[:, None]
        for arm in (0, 1):
            own = treated == bool(arm)
            gap = weight @ (strata_mean - inner.reshape(len(weight), 2, -1)[:, arm])
            rows, often = away[own], used.counts[own]
            inverse = inverse_of(rows, often)
            slope = inverse @ (rows.T @ (often * residual[own]))
            means[arm] += gap @ slope
            residual[own] -= rows @ slope
            pull[own] += rows @ (inverse @ gap)
            leverage[own] += np.einsum("ij,ij->i", rows @ inverse, rows)
    pull *= np.where(treated, 1.0, -1.0)
    scaled = residual / np.sqrt(np.maximum(1 - leverage, 1e-12))
    found = _told(used, kept, means, _Parts(pull, scaled, strata[kept]), columns.shape[1] + len(weight), confidence)
    if np.isin(values, (0.0, 1.0)).all():
        return of_few(found, level, cells.size.reshape(-1, 2), weight)
    return found


@dataclass(frozen=True, eq=False)
class _Parts:
    """What an error is made of: by how much a residual moves the effect, residuals (HC2), and strata, all (n,)."""

    pull: np.ndarray
    residual: np.ndarray
    stratum: np.ndarray

    def shared(self, counts: np.ndarray) -> tuple[float, float]:
        """Variance and skewness of the effect if outcomes scatter alike in both arms of a stratum."""
        size = np.bincount(self.stratum, counts)
        moments = [np.bincount(self.stratum, counts * self.residual**power) / size for power in (2, 3)]
        variance, third = (
            float(counts @ (self.pull**power * own[self.stratum])) for power, own in zip((2, 3), moments, strict=True)
        )
        return variance, third / variance**1.5 if variance > 0 else 0.0


def _told(used: Sample, kept: np.ndarray, means: np.ndarray, parts: _Parts, fitted: int, confidence: float) -> Estimate:
    counts, treated = used.counts, used.treated
    own = parts.pull * parts.residual
    variance, people = (
        np.array([float(each[treated == arm].sum()) for arm in (False, True)]) for each in (counts * own**2, counts)
    )
    error = error_of(variance, skewness(own, counts), parts.shared(counts), people, fitted)
    influence = np.zeros(len(kept))
    influence[kept] = own * (error.variance / variance.sum()) ** 0.5 if variance.sum() > 0 else own
    return from_error(
        float(means[1] - means[0]),
        error.variance**0.5,
        confidence=confidence,
        kind=error.kind,
        df=error.df,
        skew=error.skew,
        n=int(people.sum()),
        units=int(people.sum()),
        treated=float(means[1]),
        control=float(means[0]),
        influence=influence,
    )


def inverse_of(rows: np.ndarray, often: np.ndarray) -> np.ndarray:
    """Inverse (k, k) of the cross-products of columns, without directions in which nobody differs.

    Parameters
    ----------
    rows : (n, k)
        Columns in units of their standard deviation among all customers, less their means among those compared: what
        is nil is so on that scale, and not beside what else is nil.
    often : (n,)
        How many customers each stands for.
    """
    values, vectors = np.linalg.eigh((rows * often[:, None]).T @ rows)
    some = values > NIL * often.sum()
    return (vectors[:, some] / values[some]) @ vectors[:, some].T


def _cells(sample: Sample, strata: np.ndarray) -> _Cells:
    code = 2 * strata + sample.treated.astype(int)
    counts = sample.counts
    return _Cells(code=code, counts=counts, size=np.bincount(code, counts, 2 * (int(strata.max()) + 1)))


def _columns(sample: Sample, cells: _Cells) -> np.ndarray:
    """Of what was known before: as many columns as the smaller arm can bear, in units of their standard deviation.

    Customers of either arm must differ in them: the slope of an arm in which they do not would be anything.
    """
    if sample.before is None or not sample.before.shape[1]:
        return np.empty((len(sample.values), 0))
    most = int(cells.size.reshape(-1, 2).sum(axis=0).min() / CUSTOMERS_A_COLUMN)
    columns = np.asarray(sample.before, dtype=float)[:, :most]
    deviation = columns.std(axis=0)
    columns = (columns - columns.mean(axis=0))[:, deviation > 0] / deviation[deviation > 0]
    if not columns.shape[1]:
        return columns
    square = (columns - cells.means(columns)[cells.code]) ** 2
    differs = [
        sample.counts[own] @ square[own] > NIL * sample.counts[own].sum() for own in (sample.treated, ~sample.treated)
    ]
    return columns[:, differs[0] & differs[1]]
