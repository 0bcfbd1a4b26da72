"""What surveys do not show by themselves: what lasts in customers beside their ratings, and who does not answer."""

import numpy as np

from workbench.models.linkage.answers import Answers
from workbench.models.linkage.borrowed import borrowed_effects
from workbench.models.linkage.customer_months import CustomerMonths
from workbench.models.linkage.halo import Halo
from workbench.models.linkage.persistence import Persistence
from workbench.models.linkage.rates import fit_rates

FAR_APART = 9
"""Months between two answers from which what they share is taken to last: at a correlation of .8 from month to month a
seventh is left of what passes."""
FEWEST_PAIRS = 1_000
"""Pairs of such answers: one answer says little, their covariance is then known to about a tenth."""


def lasting_variance(answers: Answers, persistence: Persistence) -> float | None:
    """Variance of what lasts in customers' satisfaction, whether ratings show it (experience) or not (loyalty).

    Answers to the outcome far apart share it all; what a log-odds is in their points is read off the score. None
    with too few pairs.

    Parameters
    ----------
    answers
        With their outcome.
    persistence
        What of it ratings show.
    """
    known = np.isfinite(answers.outcome)
    points = answers.points_of_score
    away = np.where(known, answers.outcome - answers.outcome[known].mean(), 0.0)
    pairs, shared, step = 0, 0.0, 1
    while step < len(away) and (same := answers.customer[step:] == answers.customer[:-step]).any():
        far = same & (answers.month[step:] - answers.month[:-step] >= FAR_APART) & known[step:] & known[:-step]
        pairs += int(far.sum())
        shared += float((away[step:] * away[:-step])[far].sum())
        step += 1
    if pairs < FEWEST_PAIRS or points <= 0:
        return None
    return max(shared / pairs / points**2, persistence.between)


def unseen_in_score(answers: Answers, persistence: Persistence, halo: Halo) -> float | None:
    """Slope of what lasts unseen on what lasts in the score: halo lifts all ratings of whom something unseen contents.

    Parameters
    ----------
    answers
        With their outcome.
    persistence
        What of satisfaction ratings show.
    halo
        How far they are coloured.

    Returns
    -------
    float or None
        Where halo, or what lasts, cannot be told.
    """
    lasting = lasting_variance(answers, persistence)
    if not halo.known or lasting is None or persistence.between <= 0:
        return None
    borrowed = borrowed_effects(answers, halo.points, lasting - persistence.between) / halo.factor[:, None]
    shared = np.cov(answers.away @ borrowed.mean(axis=0), answers.score)[0, 1]
    return float(shared / persistence.between)


def reply_slope(answers: Answers, months: CustomerMonths) -> float:
    """Log rate of answering again for a log-odds of satisfaction: the satisfied answer more, so answers flatter.

    Parameters
    ----------
    answers
        All of them.
    months
        Of customers who had answered before.
    """
    span = int(max(answers.month.max(), months.month.max())) + 1
    given = np.isin(months.customer * span + months.month, answers.customer * span + answers.month)
    slopes, _ = fit_rates(given.astype(float), months, [months.satisfaction], months.covariates)
    return float(slopes[0])
