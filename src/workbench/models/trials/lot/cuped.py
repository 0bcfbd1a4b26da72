"""CUPED: the outcome less what the time before predicts of it."""

from dataclasses import replace

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate
from workbench.models.trials.estimates.sample import FEWEST, Sample
from workbench.models.trials.lot.adjusted import difference, inverse_of
from workbench.models.trials.lot.strata import strata_of


def cuped(sample: Sample, *, confidence: float = 0.9, fewest: int = FEWEST) -> Estimate:
    """The difference of means of `values − (before − mean) θ`, with one θ for both arms.

    Parameters
    ----------
    sample
        With `before`: best the same outcome in the time before.
    confidence, fewest
        As of `adjusted`.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data, equations 4 and 5; θ is that of
    both arms together, within strata.
    """
    if sample.before is None or not sample.before.shape[1] or sample.fault(fewest=fewest):
        return difference(sample, confidence=confidence, fewest=fewest)
    seen, strata = strata_of(replace(sample, unit=None))
    columns, values, often = sample.before[seen].astype(float), sample.values[seen], sample.counts[seen]
    strata = strata[seen]
    size = np.bincount(strata, often)
    both = np.column_stack([columns, values])
    level = np.column_stack([np.bincount(strata, often * each, len(size)) / size for each in both.T])
    away = both - level[strata]
    centred = away[:, :-1]
    scale = columns.std(axis=0) if len(values) else np.ones(columns.shape[1])
    scaled = centred / np.where(scale > 0, scale, 1.0)
    slope = inverse_of(scaled, often) @ (scaled.T @ (often * away[:, -1])) / np.where(scale > 0, scale, 1.0)
    mean = np.average(columns, axis=0, weights=often) if len(values) else 0.0
    left = sample.values.copy()
    left[seen] = values - (columns - mean) @ slope
    return difference(replace(sample, values=left), confidence=confidence, fewest=fewest)


def variance_reduction(plain: Estimate, adjusted: Estimate) -> float:
    """The share of the variance that an adjustment takes away.

    Parameters
    ----------
    plain, adjusted
        The same effect without and with what was known before.
    """
    return 1 - (adjusted.se / plain.se) ** 2 if plain.se > 0 else 0.0
