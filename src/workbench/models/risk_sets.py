"""Sums over the customers at risk at each event time of a Cox model, with Efron's handling of ties.

From them come the baseline hazard, and the test whether hazard ratios stay the same over time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2


@dataclass(frozen=True, eq=False)
class RiskSets:
    """One row for each of K distinct event times, p columns of the design.

    Attributes
    ----------
    times (K,), deaths (K,)
        Event times ascending, and how many left at each.
    hazard (K,)
        Increments of the baseline cumulative hazard (all columns 0).
    residuals (K, p)
        Schoenfeld residuals summed over those who left at the time: their columns less what was expected.
    information, information_time, information_time2 (p, p)
        The information of the partial likelihood; weighted by the time scale, and by its square.
    scale (K,)
        The time scale: 1 - Kaplan–Meier just before each time, less its mean over events.
    log_likelihood
        Partial log-likelihood (Efron).
    """

    times: np.ndarray
    deaths: np.ndarray
    hazard: np.ndarray
    residuals: np.ndarray
    information: np.ndarray
    information_time: np.ndarray
    information_time2: np.ndarray
    scale: np.ndarray
    log_likelihood: float


def risk_sets(durations: np.ndarray, events: np.ndarray, matrix: np.ndarray, coefficients: np.ndarray) -> RiskSets:
    """Go once through the event times, from the last to the first.

    References
    ----------
    Efron (1977); Therneau and Grambsch (2000), sections 3.3 and 6.2.
    """
    order = np.argsort(durations, kind="stable")
    durations, events, matrix = durations[order], events[order], matrix[order]
    log_hazard = matrix @ coefficients
    weight = np.exp(log_hazard)
    times, deaths = np.unique(durations[events], return_counts=True)
    starts = np.searchsorted(durations, times)  # those at risk are the rows from here on
    count, width = len(times), matrix.shape[1]
    survival = np.cumprod(1 - deaths / (len(durations) - starts))
    scale = 1 - np.append(1.0, survival[:-1])
    scale = scale - np.average(scale, weights=deaths)

    hazard, residuals = np.empty(count), np.empty((count, width))
    information, information_time, information_time2 = (np.zeros((width, width)) for _ in range(3))
    log_likelihood = float(log_hazard[events].sum())
    s0, s1, s2 = 0.0, np.zeros(width), np.zeros((width, width))
    end = len(durations)
    for place in range(count - 1, -1, -1):
        block = slice(starts[place], end)
        x, w = matrix[block], weight[block]
        s0, s1, s2 = s0 + w.sum(), s1 + w @ x, s2 + (x * w[:, None]).T @ x
        dead = events[block] & (durations[block] == times[place])
        x, w = x[dead], w[dead]
        t0, t1, t2 = w.sum(), w @ x, (x * w[:, None]).T @ x
        share = np.arange(deaths[place]) / deaths[place]
        each = 1 / (s0 - share * t0)
        means = (s1 - share[:, None] * t1) * each[:, None]
        variance = each.sum() * s2 - (share * each).sum() * t2 - means.T @ means
        hazard[place] = each.sum()
        residuals[place] = x.sum(axis=0) - means.sum(axis=0)
        log_likelihood += float(np.log(each).sum())
        information += variance
        information_time += scale[place] * variance
        information_time2 += scale[place] ** 2 * variance
        end = starts[place]
    return RiskSets(times, deaths, hazard, residuals, information, information_time, information_time2, scale,
                    log_likelihood)  # fmt: skip


def proportionality_test(sums: RiskSets, columns: list[int]) -> tuple[float, int, float]:
    """Score test of a coefficient that changes with time, for the columns of one covariate together.

    The score of `x g(t)`, with g the time scale of `sums`, given the fitted coefficients: the test of Grambsch and
    Therneau (1994) with the information at each time instead of its average, as R's cox.zph has it since survival 3.0.

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
