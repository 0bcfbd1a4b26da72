"""Staying of customers whom nobody dealt: the weighted difference, with room for the head start that they had."""

from dataclasses import replace

import numpy as np

from workbench.models.trials.differences import overlap_weights
from workbench.models.trials.estimates import Estimate, Sample
from workbench.models.trials.estimates.estimate import from_error
from workbench.models.trials.head_start import HeadStart, head_start


def heads(sample: Sample, days: np.ndarray, left: np.ndarray, window: float) -> tuple[HeadStart, HeadStart] | None:
    """The head start with weights that make both kinds alike, and without; twice the same where nothing is known.

    Parameters
    ----------
    sample
        One arm beside the control, with what was known before; its values are passed over.
    days, left
        (n,): days of each since the start, and whether they ended with leaving.
    window
        Days after which to look.

    Returns
    -------
    (best, plain) or None
        None where nobody can be compared, or too few left in the first month.
    """
    there = np.isfinite(days)
    plain = head_start(days, left, sample.treated, window)
    own = None if sample.before is None else overlap_weights(sample.before[there], sample.treated[there])
    best = plain if own is None else head_start(days, left, sample.treated, window, _placed(own, there))
    return None if best is None or plain is None else (best, plain)


def staying(
    sample: Sample, days: np.ndarray, left: np.ndarray, window: float, level: float
) -> tuple[Estimate, Estimate] | None:
    """What they stay more often than others who are alike; the interval holds whether a head start lasts or goes.

    Parameters
    ----------
    sample, days, left, window
        As of `heads`.
    level
        Of the interval.
    """
    found = heads(sample, days, left, window)
    if found is None:
        return None
    people = int(np.isfinite(days).sum())
    told = []
    for each in found:
        plain = from_error(
            each.gone.estimate,
            each.gone.error,
            confidence=level,
            kind="robust",
            n=people,
            units=people,
            treated=each.treated,
            control=each.control,
            influence=each.gone.influence,
        )
        told.append(plain)
    low, high = found[0].interval(level)
    best = replace(told[0], lower=low, upper=high, kind="head_start", p_value=np.nan)
    return best, told[1] if found[0] is not found[1] else best


def _placed(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    whole = np.zeros(len(rows))
    whole[rows] = values
    return whole
