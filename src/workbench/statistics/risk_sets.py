"""Sums over the customers at risk at each event time of a Cox model, with Efron's handling of ties.

From them come the baseline hazard, and the test whether hazard ratios stay the same over time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from workbench.statistics.at_risk import begins


@dataclass(frozen=True, eq=False)
class RiskSets:
    """One row for each of K distinct event times, p columns of the design.

    Attributes
    ----------
    times (K,), deaths (K,)
        Event times ascending, and how many left at each.
    at_risk (K,)
        How many were at risk.
    hazard (K,)
        Increments of the baseline cumulative hazard (all columns 0).
    hazard_variance (K,)
        Variance of these increments, the coefficients given.
    mean_hazard (K, p)
        Sum of the columns expected at each of those who left, times its part of the hazard.
    residuals (K, p)
        Schoenfeld residuals summed over those who left at the time: their columns less what was expected.
    information, information_time, information_time2 (p, p)
        The information of the partial likelihood; weighted by the time scale, and by its square.
    scale (K,)
        The time scale: 1 - Kaplan–Meier just before each time, less its mean over events.
    log_likelihood
        Partial log-likelihood (Efron).
    spared (K,)
        What each of those who left together was not exposed to of `hazard`, being gone already.
    means (K, p), spared_means (K, p)
        Columns expected at each time, averaged over those who left; and the same as `spared` of `mean_hazard`. Only
        with weights.
    """

    times: np.ndarray
    deaths: np.ndarray
    at_risk: np.ndarray
    hazard: np.ndarray
    hazard_variance: np.ndarray
    mean_hazard: np.ndarray
    residuals: np.ndarray
    information: np.ndarray
    information_time: np.ndarray
    information_time2: np.ndarray
    scale: np.ndarray
    log_likelihood: float
    spared: np.ndarray
    means: np.ndarray | None = None
    spared_means: np.ndarray | None = None


def risk_sets(
    durations: np.ndarray,
    events: np.ndarray,
    matrix: np.ndarray,
    coefficients: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    scaled: bool = True,
    scale: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> RiskSets:
    """Sums at all event times at once.

    With `d` leaving at a time, of `k = 0 … d-1` the l-th leaves when `l/d` of all who leave are gone (Efron). The sum
    over them of second moments is regrouped by customer: each counts with the hazard it was exposed to,
    `sum x x' w (H(duration) - H(entry))`, so the time needed does not depend on how many event times there are.

    Parameters
    ----------
    durations (n,), events (n,), matrix (n, p), coefficients (p,)
        Time observed, whether the customer left, encoded covariates, log hazard ratios.
    entry (n,)
        Times from which each was observed (see `workbench.statistics.at_risk`); 0 where it is None.
    scaled
        Whether `information_time` and `information_time2` are wanted; 0 where not.
    scale (n,)
        The time scale at each customer's duration, where it is not to be made of these durations (`apart` moves them).
    weights (n,)
        For how many each customer stands; 1 where it is None. Of those who leave together each l-th has the mean weight
        of them all (Therneau and Grambsch 2000, section 7.1). The variance of the hazard allows for them: it is that
        of a weighted sum of those who left.

    References
    ----------
    Efron (1977); Therneau and Grambsch (2000), sections 3.3 and 6.2.
    """
    order = np.argsort(durations, kind="stable")
    durations, events, matrix = durations[order], events[order], matrix[order]
    log_hazard = matrix @ coefficients
    stands = np.ones(len(durations)) if weights is None else weights[order]
    weight = np.exp(log_hazard) * stands
    times, deaths = np.unique(durations[events], return_counts=True)
    count = len(times)
    size, s0, s1 = _at_risk(np.searchsorted(durations, times), weight, matrix)
    if entry is not None:
        entry = begins(entry[order])
        late = np.argsort(entry, kind="stable")
        later = np.searchsorted(entry[late], times, side="left")  # those from here on enter at the time or later
        size_late, s0_late, s1_late = _at_risk(later, weight[late], matrix[late])
        size, s0, s1 = size - size_late, s0 - s0_late, s1 - s1_late
    if scale is None:
        survival = np.cumprod(1 - deaths / np.maximum(size, deaths))
        scale = 1 - np.append(1.0, survival[:-1])
    else:
        scale = scale[order][events][np.append(0, deaths.cumsum()[:-1])] if count else np.zeros(0)
    scale = scale - np.average(scale, weights=deaths) if count else scale

    x, w = matrix[events], weight[events]  # those who leave, by time
    own = np.repeat(np.arange(count), deaths)
    starts = np.append(0, deaths.cumsum()[:-1])
    t0 = np.bincount(own, weights=w, minlength=count)
    t1 = np.add.reduceat(x * w[:, None], starts, axis=0) if count else np.zeros((0, matrix.shape[1]))
    gone = (np.arange(len(own)) - starts[own]) / deaths[own]
    each = 1 / (s0[own] - gone * t0[own])
    means = (s1[own] - gone[:, None] * t1[own]) * each[:, None]
    share = (np.bincount(own, weights=stands[events], minlength=count) / deaths)[own]
    grown = each * share
    hazard = np.bincount(own, weights=grown, minlength=count)
    spared = np.bincount(own, weights=gone * grown, minlength=count)

    def by_time(rows: np.ndarray) -> np.ndarray:
        return np.add.reduceat(rows, starts, axis=0) if count else np.zeros((0, matrix.shape[1]))

    residuals = by_time(x * stands[events][:, None] - means * share[:, None])
    mean_hazard = by_time(means * grown[:, None])
    hazard_variance = np.bincount(own, weights=(each * stands[events]) ** 2, minlength=count)
    until = np.searchsorted(times, durations, side="right")
    since = 0 if entry is None else np.searchsorted(times, entry, side="right")
    moments = []
    for power in (0, 1, 2) if scaled else (0,):
        g = scale**power
        exposed = np.append(0.0, np.cumsum(hazard * g))
        exposed = exposed[until] - exposed[since]
        exposed[events] -= (spared * g)[own]
        moments.append(
            (matrix * (weight * exposed)[:, None]).T @ matrix - (means * (g[own] * share)[:, None]).T @ means
        )
    moments += [np.zeros_like(moments[0])] * (3 - len(moments))
    log_likelihood = float((stands * log_hazard)[events].sum() + (share * np.log(each)).sum())
    weighted = weights is not None
    return RiskSets(
        times=times,
        deaths=deaths,
        at_risk=size,
        hazard=hazard,
        hazard_variance=hazard_variance,
        mean_hazard=mean_hazard,
        residuals=residuals,
        information=moments[0],
        information_time=moments[1],
        information_time2=moments[2],
        scale=scale,
        log_likelihood=log_likelihood,
        spared=spared,
        means=by_time(means / deaths[own][:, None]) if weighted else None,
        spared_means=by_time(means * (gone * grown)[:, None]) if weighted else None,
    )


def score_residuals(
    sums: RiskSets,
    durations: np.ndarray,
    events: np.ndarray,
    matrix: np.ndarray,
    coefficients: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray,
) -> np.ndarray:
    """What each customer adds to the score, (n, p), with their weight; its squares are the middle of the sandwich.

    Parameters
    ----------
    sums
        Of the same customers, coefficients and weights.
    durations (n,), events (n,), matrix (n, p), coefficients (p,), entry (n,), weights (n,)
        What the sums were made of (`risk_sets`), rows in any order; observed from the start where `entry` is None.

    Raises
    ------
    ValueError
        When the sums were made without weights.

    References
    ----------
    Lin and Wei (1989); Binder (1992), for weights.
    """
    if sums.means is None or sums.spared_means is None:
        raise ValueError("score residuals are of sums that were made with weights")
    until = np.searchsorted(sums.times, durations, side="right")
    since = np.zeros(len(durations), dtype=int)
    if entry is not None:
        since = np.searchsorted(sums.times, begins(entry), side="right")
    hazard = np.append(0.0, sums.hazard.cumsum())
    means = np.vstack([np.zeros(matrix.shape[1]), sums.mean_hazard.cumsum(axis=0)])
    exposed, expected = hazard[until] - hazard[since], means[until] - means[since]
    scores = -np.exp(matrix @ coefficients)[:, None] * (matrix * exposed[:, None] - expected)
    place = np.searchsorted(sums.times, durations[events])
    gone = matrix[events]
    spared = gone * sums.spared[place][:, None] - sums.spared_means[place]
    scores[events] += gone - sums.means[place] + np.exp(gone @ coefficients)[:, None] * spared
    return scores * weights[:, None]


def apart(durations: np.ndarray, entry: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times moved so far apart by stratum that nobody is at risk when somebody of another stratum leaves.

    The partial likelihood of these is that of a stratified model: a baseline hazard for each stratum, the same hazard
    ratios in all.

    Parameters
    ----------
    durations (n,), entry (n,), strata (n,)
        Times observed, times from which each was observed (0: from the start), and strata as whole numbers from 0.

    Returns
    -------
    ndarray (n,), ndarray (n,)
        Durations and entries.

    Examples
    --------
    >>> apart(np.array([1.0, 2.0]), np.array([0.0, 0.5]), np.array([0, 1]))
    (array([1., 6.]), array([0. , 4.5]))
    """
    width = 2 * float(durations.max()) or 1.0
    begins = np.where((entry > 0) | (strata == 0), entry, -width / 4)  # there before time 0, at which some leave
    return durations + strata * width, begins + strata * width


def _at_risk(starts: np.ndarray, weight: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the rows from each of `starts` (ascending) on: how many, the sum of weights, that of weighted columns."""

    def tails(values: np.ndarray) -> np.ndarray:
        # One block a time, summed from the last: adding up row by row would lose digits in a million of them.
        blocks = np.add.reduceat(np.concatenate([values, np.zeros_like(values[:1])]), starts, axis=0)
        empty = np.diff(np.append(starts, len(values) + 1)) == 0
        blocks[empty] = 0
        return blocks[::-1].cumsum(axis=0)[::-1]

    if not len(starts) or not len(weight):
        return np.zeros(len(starts)), np.zeros(len(starts)), np.zeros((len(starts), matrix.shape[1]))
    return len(weight) - starts, tails(weight), tails(matrix * weight[:, None])


def proportionality_test(sums: RiskSets, columns: list[int]) -> tuple[float, int, float]:
    """Score test of a coefficient that changes with time, for the columns of one covariate together.

    The score of `x g(t)`, with g the time scale of `sums`, given the fitted coefficients: the test of Grambsch and
    Therneau (1994) with the information at each time instead of its average, as R's cox.zph has it since survival 3.0.

    Parameters
    ----------
    sums
        From `risk_sets`, with its time scale (`scaled`).
    columns
        Places of the covariate's columns in the matrix.

    Returns
    -------
    float, int, float
        Chi squared, degrees of freedom, p-value.
    """
    score = sums.scale @ sums.residuals
    cross = sums.information_time
    variance = sums.information_time2 - cross @ np.linalg.pinv(sums.information) @ cross
    block = variance[np.ix_(columns, columns)]
    statistic = float(score[columns] @ np.linalg.pinv(block) @ score[columns])
    freedom = int(np.linalg.matrix_rank(block)) or 1
    return statistic, freedom, float(chi2.sf(statistic, freedom))
