"""Effects on ratios of sums (spend per order, minutes per contact), and effects in per cent of the control."""

from dataclasses import replace

import numpy as np

from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import FEWEST, Sample
from workbench.models.trials.estimates.skewness import skewness
from workbench.models.trials.lot.adjusted import adjusted
from workbench.models.trials.lot.strata import strata_of


def ratio(
    sample: Sample, numerator: np.ndarray, denominator: np.ndarray, *, confidence: float = 0.9, fewest: int = FEWEST
) -> Estimate:
    """The difference of ratios of sums: every order counts alike, and customers vary.

    Parameters
    ----------
    sample
        Its values are passed over.
    numerator, denominator : (n,) float
        Sums of each customer; not a number where they were not seen. The denominator is at least 0.
    confidence, fewest
        As of `adjusted`.

    Raises
    ------
    DataError
        The sample says why no effect can be told.

    References
    ----------
    Deng, Knoblich and Lu (2018), Applying the delta method in metric analytics, equation 4.
    """
    numerator, denominator = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    both = replace(sample, unit=None).with_values(np.where(np.isfinite(numerator), denominator, np.nan))
    both.usable(fewest=fewest)
    kept, strata = strata_of(both)
    linear = np.full(len(numerator), np.nan)
    sizes = np.bincount(strata[kept], sample.counts[kept])
    for arm in (True, False):
        own = kept & (sample.treated == arm)
        often = np.bincount(strata[own], sample.counts[own], len(sizes))
        above, below = (
            sizes @ (np.bincount(strata[own], (sample.counts * each)[own], len(sizes)) / often) / sizes.sum()
            for each in (numerator, denominator)
        )
        share = above / below if below > 0 else np.nan
        linear[own] = share + (numerator - share * denominator)[own] / below if below > 0 else np.nan
    return adjusted(both.with_values(linear), confidence=confidence, fewest=fewest)


def relative(found: Estimate, treated: np.ndarray, *, frequency: np.ndarray | None = None) -> Estimate | None:
    """The effect as a share of the control's mean.

    Parameters
    ----------
    found
        With an influence.
    treated : (n,) bool
        Of the sample that it was found in.
    frequency : (n,)
        Of the sample's rows; 1 where it is None.

    Returns
    -------
    Estimate or None
        None where there is no influence, or the control's mean is not clearly above 0 (within three of its errors).

    References
    ----------
    The delta method for a ratio of means (Casella and Berger 2002, example 5.5.27).
    """
    own = found.influence
    often = np.ones(len(treated)) if frequency is None else frequency
    if own is None or not found.control > 3 * float(np.sqrt((often * own**2)[~treated].sum())):
        return None
    scaled = np.where(treated, own / found.control, own * found.treated / found.control**2)
    return replace(
        from_error(
            found.estimate / found.control,
            float(np.sqrt((often * scaled**2).sum())),
            confidence=found.confidence,
            kind=found.kind,
            df=found.df,
            centre=found.centre / found.control,
            skew=skewness(scaled, often) if found.kind == "skewed" else 0.0,
            n=found.n,
            units=found.units,
            influence=scaled,
        ),
        initiative=found.initiative,
        arm=found.arm,
        outcome=found.outcome,
        group=found.group,
        month=found.month,
        evidence=found.evidence,
    )
