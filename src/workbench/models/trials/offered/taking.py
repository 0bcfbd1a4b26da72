"""The effect of taking an offer, from the effect of the offer: by the share that it moved to take it, or as bounds."""

from dataclasses import replace

import numpy as np
from scipy import stats

from workbench.errors import DataError, ParameterError
from workbench.models.trials.estimates.estimate import Estimate
from workbench.models.trials.estimates.sample import Sample
from workbench.models.trials.lot.adjusted import adjusted
from workbench.models.trials.units.compared import of_units
from workbench.wording import number, sentence


def effect_of_taking(sample: Sample, taken: np.ndarray, *, confidence: float = 0.9) -> Estimate:
    """The effect of taking on those whom the offer moved to take (compliers): Wald's ratio with Fieller's interval.

    Parameters
    ----------
    sample
        `treated` is the offer. Read the effect of the offer first: this one assumes that an offer that is not taken
        does nothing, and that it moves nobody away from taking.
    taken : (n,) bool or float
        Whether each took it; not a number where that was not seen.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        The standard error is the delta method's. The interval is Fieller's: without end on one side or both where the
        offer may have moved nobody (then the set that is not refused may even have a hole; its hull is given).

    Raises
    ------
    DataError
        The sample says why no effect can be told, or the offer moved nobody.

    References
    ----------
    Angrist, Imbens and Rubin (1996); Fieller (1954); the set of Anderson and Rubin (1949) with one instrument.
    """
    taken = np.asarray(taken, dtype=float)
    both = sample.with_values(np.where(np.isfinite(taken), sample.values, np.nan))
    estimator = adjusted if sample.unit is None else of_units
    outcome = estimator(both, confidence=confidence)
    take = estimator(both.with_values(np.where(np.isfinite(both.values), taken, np.nan)), confidence=confidence)
    if not take.estimate > 0 or outcome.influence is None or take.influence is None:
        raise DataError(
            sentence(
                "The offer moved nobody to take it: {treated} took with it and {control} without.",
                treated=number(take.treated, 2),
                control=number(take.control, 2),
            )
        )
    scale = outcome.se**2 / max(float((sample.counts * outcome.influence**2).sum()), 1e-300)  # t over units pools arms
    moves = float((sample.counts * take.influence**2).sum()) * scale
    together = float((sample.counts * outcome.influence * take.influence).sum()) * scale
    share = outcome.estimate / take.estimate
    variance = (outcome.se**2 - 2 * share * together + share**2 * moves) / take.estimate**2
    lower, upper = _fieller(outcome, take.estimate, moves, together, confidence)
    return replace(
        outcome,
        estimate=share,
        se=max(variance, 0.0) ** 0.5,
        lower=lower,
        upper=upper,
        kind="fieller",
        treated=np.nan,
        control=np.nan,
        influence=(outcome.influence - share * take.influence) / take.estimate,
    )


def _fieller(outcome: Estimate, moved: float, moves: float, together: float, confidence: float) -> tuple[float, float]:
    """Hull of the ratios r with (y − r d)² ≤ t² var(y − r d)."""
    squared = float(stats.t.ppf((1 + confidence) / 2, outcome.df)) ** 2
    high = moved**2 - squared * moves
    middle = outcome.estimate * moved - squared * together
    low = outcome.estimate**2 - squared * outcome.se**2
    inner = middle**2 - high * low
    if high <= 0 or inner < 0:
        return -np.inf, np.inf
    return (middle - inner**0.5) / high, (middle + inner**0.5) / high


def bounds_of_taking(
    sample: Sample, taken: np.ndarray, *, least: float, most: float, confidence: float = 0.9
) -> Estimate:
    """What taking can do to all customers, where nothing is known of why some take: bounds, not an estimate.

    Parameters
    ----------
    sample
        `treated` is the offer, if chance dealt it; where no chance decided anything, `treated` equal to `taken`.
    taken : (n,) bool
        Whether each took it.
    least, most
        Ends of what the outcome can be, in its unit.
    confidence
        Of the interval, which covers the true effect wherever in the bounds it lies.

    Returns
    -------
    Estimate
        `estimate` is the middle of the bounds, `lower` and `upper` the interval around them, `se` not a number. With a
        random offer the bounds are those of both groups together (the higher of lower ends, the lower of upper ones);
        the interval takes the union over the pairs of groups, which errs on the side of caution.

    Raises
    ------
    ParameterError
        An outcome lies outside `least` to `most`.
    DataError
        The sample says why no effect can be told.

    References
    ----------
    Manski (1990), Nonparametric bounds on treatment effects, equation 2; Imbens and Manski (2004), equations 6 and 7.
    """
    kept = sample.seen & np.isfinite(np.asarray(taken, dtype=float))
    used = sample.part(kept)
    used.usable()
    took = np.asarray(taken, dtype=float)[kept] > 0
    if (used.values < least).any() or (used.values > most).any():
        raise ParameterError(
            sentence(
                "The outcome goes from {seen_least} to {seen_most}, expected all of it from {least} to {most}.",
                seen_least=number(float(used.values.min())),
                seen_most=number(float(used.values.max())),
                least=number(least),
                most=number(most),
            )
        )
    apart = bool((took != used.treated).any())
    groups = [used.treated, ~used.treated] if apart else [np.ones(len(took), dtype=bool)]
    # the mean if all took it, and if nobody did, with what was not seen at one end of what can be
    with_it = [[_mean(used, own, np.where(took, used.values, end)) for end in (least, most)] for own in groups]
    without = [[_mean(used, own, np.where(took, end, used.values)) for end in (least, most)] for own in groups]
    ends = [
        (yes[0][0] - no[1][0], yes[1][0] - no[0][0], np.hypot(yes[0][1], no[1][1]), np.hypot(yes[1][1], no[0][1]))
        for yes in with_it
        for no in without
    ]
    if not apart:  # one group: both ends are of the same rows
        low = _mean(used, groups[0], np.where(took, used.values - most, least - used.values))
        high = _mean(used, groups[0], np.where(took, used.values - least, most - used.values))
        ends = [(low[0], high[0], low[1], high[1])]
    below, above = max(each[0] for each in ends), min(each[1] for each in ends)
    error = max(max(each[2:]) for each in ends)
    reach = _imbens_manski(max(above - below, 0.0), error, confidence) * error
    return Estimate(
        estimate=(below + above) / 2,
        se=np.nan,
        lower=below - reach,
        upper=above + reach,
        confidence=confidence,
        kind="bounds",
        n=int(used.counts.sum()),
        units=int(used.counts.sum()),
    )


def _mean(sample: Sample, rows: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Mean of some rows and its standard error."""
    often = sample.counts[rows]
    mean = float(np.average(values[rows], weights=often))
    variance = float((often * (values[rows] - mean) ** 2).sum()) / max(float(often.sum()) - 1, 1.0)
    return mean, (variance / float(often.sum())) ** 0.5


def _imbens_manski(width: float, error: float, confidence: float) -> float:
    """Reach c with Φ(c + width/error) − Φ(−c) = confidence: between the one-sided and the two-sided one."""
    low, high = float(stats.norm.ppf(confidence)), float(stats.norm.ppf((1 + confidence) / 2))
    if error <= 0:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        held = stats.norm.cdf(middle + width / error) - stats.norm.cdf(-middle)
        low, high = (middle, high) if held < confidence else (low, middle)
    return high
