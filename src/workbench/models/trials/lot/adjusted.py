"""The difference of means between two arms, within strata, adjusted for what was known before the start.

In each arm its own regression on what was known before, in each stratum its own level: the regression with all
interactions of Lin (2013), worked out by strata, so that a thousand of them cost no more than one.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import FEWEST, Sample

CUSTOMERS_A_COLUMN = 10
"""Of the smaller arm for each column that is adjusted for, the usual rule of regression (Harrell 2015, 4.4)."""
FEW_EVENTS = 5
"""Of an arm, or customers without: below, the normal interval of a share does not hold (the rule of Cochran 1954)."""


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
        degrees of freedom: without strata and `before` it is Welch's test. Of a yes or no with fewer than `FEW_EVENTS`
        of either in an arm the interval is that of Agresti and Caffo (2000).

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
            inverse = np.linalg.pinv((rows * often[:, None]).T @ rows, hermitian=True)
            slope = inverse @ (rows.T @ (often * residual[own]))
            means[arm] += gap @ slope
            residual[own] -= rows @ slope
            pull[own] += rows @ (inverse @ gap)
            leverage[own] += np.einsum("ij,ij->i", rows @ inverse, rows)
    own = np.where(treated, 1.0, -1.0) * pull * residual / np.sqrt(np.maximum(1 - leverage, 1e-12))
    return _told(used, kept, means, own, columns.shape[1] + len(weight), confidence)


def _told(
    used: Sample, kept: np.ndarray, means: np.ndarray, own: np.ndarray, fitted: int, confidence: float
) -> Estimate:
    counts, treated = used.counts, used.treated
    variance = [float((counts * own**2)[treated == arm].sum()) for arm in (False, True)]
    people = [float(counts[treated == arm].sum()) for arm in (False, True)]
    influence = np.zeros(len(kept))
    influence[kept] = own
    estimate = float(means[1] - means[0])
    shared: dict[str, Any] = {
        "n": int(sum(people)),
        "units": int(sum(people)),
        "treated": float(means[1]),
        "control": float(means[0]),
        "influence": influence,
    }
    if np.isin(used.values, (0.0, 1.0)).all():
        events = [float((counts * used.values)[treated == arm].sum()) for arm in (False, True)]
        if min(min(seen, n - seen) for seen, n in zip(events, people, strict=True)) < FEW_EVENTS:
            share = [(seen + 1) / (n + 2) for seen, n in zip(events, people, strict=True)]
            error = sum(p * (1 - p) / (n + 2) for p, n in zip(share, people, strict=True)) ** 0.5
            found = from_error(estimate, error, confidence=confidence, kind="shares", **shared)
            shift = share[1] - share[0] - estimate
            return replace(found, lower=found.lower + shift, upper=found.upper + shift)
    total = sum(variance)
    spare = [max(n - fitted, 1.0) for n in people]
    df = total**2 / sum(v**2 / d for v, d in zip(variance, spare, strict=True)) if total > 0 else np.inf
    return from_error(estimate, total**0.5, confidence=confidence, kind="robust", df=df, **shared)


def strata_of(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n,) that have somebody to be compared with, and the stratum (n,) of each, a code from 0.

    Parameters
    ----------
    sample
        Strata with fewer than two customers of an arm are taken together where all have the same share of treated (as
        matched pairs have), and left out otherwise: those with one arm compare nobody.
    """
    seen = sample.seen
    if sample.stratum is None:
        return seen, np.zeros(len(seen), dtype=int)
    code = np.unique(np.asarray(sample.stratum[seen]).astype(str), return_inverse=True)[1]
    size = np.zeros((int(code.max()) + 1, 2))
    np.add.at(size, (code, sample.treated[seen].astype(int)), sample.counts[seen])
    small = size.min(axis=1) < 2
    matched = small & (size.min(axis=1) > 0)
    shares = size[matched, 1] / size[matched].sum(axis=1)
    together = len(shares) > 1 and np.ptp(shares) < 1e-9
    code = np.where(matched[code], len(size), code) if together else code
    fits = ~small[code] if not together else np.append(~small, True)[code]
    kept = seen.copy()
    kept[seen] = fits
    strata = np.zeros(len(seen), dtype=int)
    strata[kept] = np.unique(code[fits], return_inverse=True)[1]
    return kept, strata


def _cells(sample: Sample, strata: np.ndarray) -> _Cells:
    code = 2 * strata + sample.treated.astype(int)
    counts = sample.counts
    return _Cells(code=code, counts=counts, size=np.bincount(code, counts, 2 * (int(strata.max()) + 1)))


def _columns(sample: Sample, cells: _Cells) -> np.ndarray:
    """Of what was known before: as many columns as the smaller arm can bear, in units of their standard deviation."""
    if sample.before is None or not sample.before.shape[1]:
        return np.empty((len(sample.values), 0))
    most = int(cells.size.reshape(-1, 2).sum(axis=0).min() / CUSTOMERS_A_COLUMN)
    columns = np.asarray(sample.before, dtype=float)[:, :most]
    deviation = columns.std(axis=0)
    return (columns - columns.mean(axis=0))[:, deviation > 0] / deviation[deviation > 0]
