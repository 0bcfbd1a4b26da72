"""The product-limit (Kaplan–Meier) table of one group, and what can be read from it: the numbers, no words."""

from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.stats import beta

from workbench.statistics.at_risk import at_risk as count_at_risk
from workbench.statistics.at_risk import begins

INTERVAL = "log-log"


def product_limit(
    durations: np.ndarray,
    events: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    confidence: float = 0.9,
) -> pd.DataFrame:
    """Kaplan–Meier estimate of one group, one row for each distinct time.

    Parameters
    ----------
    durations
        Times until the event or the end of observation, at least 0, any unit; at least one.
    events
        True where the event was seen, False where the observation was cut short (censored).
    entry
        Times from which each was observed (left truncation), see `at_risk`; 0 where it
        is None. Where nobody is at risk in between, what went before is lost: the curve falls to 0 with the last one
        at risk, so let it begin where enough are (`enough_from`).
    weights
        For how many others each stands (survey weights); the curve is weighted, and its variance takes as many at risk
        as they are worth: `(sum w)^2 / sum w^2` (Kish 1965). Counts stay counts.
    confidence
        Level of the pointwise interval.

    Returns
    -------
    DataFrame
        `time` (from 0, ascending), `at_risk` (just before `time`), `events`, `censored` (at `time`), `survival` (share
        beyond `time`), `lower`, `upper`. The interval is Greenwood's on the log-log scale, which breaks down at both
        ends. Before the first event the lower end is exact and one-sided, as Clopper and Pearson's (1934):
        `(1 - confidence) ** (1 / n)`, with n at risk; with weights the exact end (Korn and Graubard 1998) also holds
        until one customer of those they are worth has gone. Where survival is 0 the interval runs from 0 to the last
        upper end that was defined.

    References
    ----------
    Kaplan and Meier (1958); Korn and Graubard (1998); Kalbfleisch and Prentice (2002), section 1.4.

    Examples
    --------
    >>> product_limit([1, 2, 2, 4], [True, True, False, True])[["time", "at_risk", "survival"]].round(3).values.tolist()
    [[0.0, 4.0, 1.0], [1.0, 4.0, 0.75], [2.0, 3.0, 0.5], [4.0, 1.0, 0.0]]
    >>> late = product_limit([1, 2, 3, 4], [True] * 4, entry=[0, 0, 1, 1])
    >>> late[["time", "at_risk", "survival"]].round(3).values.tolist()
    [[0.0, 2.0, 1.0], [1.0, 2.0, 0.5], [2.0, 3.0, 0.333], [3.0, 2.0, 0.167], [4.0, 1.0, 0.0]]
    """
    durations, events = np.asarray(durations, dtype=float), np.asarray(events, dtype=bool)
    time, place = np.unique(np.append(durations, 0.0), return_inverse=True)
    place = place[:-1]
    gone = np.bincount(place, minlength=len(time))
    left = np.bincount(place, weights=events, minlength=len(time)).astype(int)
    entry = None if entry is None else np.asarray(entry, dtype=float)
    at_risk = count_at_risk(durations, time, entry=entry)
    share, worth = left / np.maximum(at_risk, 1), at_risk
    if weights is not None:
        share, worth = _weighted(durations, events, np.asarray(weights, dtype=float), entry, time, place)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(at_risk > 0, 1 - share, 1.0))
        increments = np.where(left > 0, share / (worth * (1 - share)), 0.0)
        greenwood = increments.cumsum()
        logged = np.log(survival)
        half = normal_quantile(confidence) * np.sqrt(greenwood) / logged
        lower, upper = np.exp(logged * np.exp(-half)), np.exp(logged * np.exp(half))
    table = pd.DataFrame(
        {
            "time": time,
            "at_risk": at_risk,
            "events": left,
            "censored": gone - left,
            "survival": survival,
            "lower": lower,
            "upper": upper,
        }
    )
    if weights is not None:
        table["increment"] = increments
    whole, none = table["survival"] >= 1, table["survival"] <= 0
    table.loc[whole, "lower"] = (1 - confidence) ** (1 / np.maximum(worth, 1)[whole])
    table.loc[whole, "upper"] = 1.0
    if weights is not None:  # who weighs little may go first: less than one of those that all are worth has gone
        few = ~whole & (worth * (1 - survival) < 1)
        exact = beta.ppf((1 - confidence) / 2, (worth * survival)[few], (worth * (1 - survival))[few] + 1)
        table.loc[few, "lower"] = np.fmax(table.loc[few, "lower"], exact)
    table.loc[none, "lower"] = 0.0
    table.loc[none, "upper"] = table["upper"].mask(none).ffill().fillna(1.0)
    return table


def _weighted(
    durations: np.ndarray,
    events: np.ndarray,
    weights: np.ndarray,
    entry: np.ndarray | None,
    time: np.ndarray,
    place: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted share of those at risk who leave at each time, and how many those at risk are worth."""
    left = np.bincount(place, weights=weights * events, minlength=len(time))
    total, squares = (count_at_risk(durations, time, entry=entry, weights=each) for each in (weights, weights**2))
    some = total > 1e-12 * weights.sum()
    share = np.divide(left, total, out=np.zeros_like(left), where=some)
    return np.clip(share, 0.0, 1.0), np.divide(total**2, squares, out=np.zeros_like(left), where=some)


def enough_from(durations: np.ndarray, entry: np.ndarray, enough: int) -> float:
    """The first time from which on at least `enough` are at risk, until so few are left: where a curve can begin.

    0 where everyone was observed from the start; the first entry where there never are enough.

    Parameters
    ----------
    durations, entry
        (n,): times until which and from which each was observed (0: from the start).
    enough
        How many at risk a curve needs.
    """
    if not (entry > 0).any():
        return 0.0
    times = np.unique(np.append(entry, 0.0))
    at_risk = np.searchsorted(np.sort(entry), times, side="right") - np.searchsorted(
        np.sort(durations), times, side="right"
    )
    few = np.flatnonzero(at_risk[: int(at_risk.argmax()) + 1] < enough)
    if at_risk.max() < enough:
        return float(entry.min())
    if not len(few):
        return 0.0
    return float(times[few[-1] + 1])


def survival_at(table: pd.DataFrame, times: np.ndarray, column: str = "survival") -> np.ndarray:
    """Value of a right-continuous step curve of `product_limit` at `times`; 1 before its first row.

    Parameters
    ----------
    table
        From `product_limit`.
    times
        (m,): in the unit of the table.
    column
        Which curve of the table: `survival`, or an end of its interval.
    """
    place = np.searchsorted(table["time"].to_numpy(), times, side="right") - 1
    return np.where(place < 0, 1.0, table[column].to_numpy()[np.maximum(place, 0)])


def survival_before(table: pd.DataFrame, times: np.ndarray) -> np.ndarray:
    """The same just before `times`: its left limits.

    Parameters
    ----------
    table, times
        As in `survival_at`.
    """
    return survival_at(table, np.nextafter(times, -np.inf))


def survival_influence(
    durations: np.ndarray,
    events: np.ndarray,
    time: float,
    *,
    entry: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    """Survival at one time, and by how much each customer moves it, (n,): the sum of squares is its variance.

    Without weights that sum is Greenwood's but for chance; the influences of two curves of the same customers give the
    variance of their difference.

    Parameters
    ----------
    durations, events
        (n,): time observed, and whether the customer left at its end.
    time
        At which survival is wanted, in the unit of `durations`.
    entry
        (n,): times from which each was observed; from the start where it is None.
    weights
        (n,): for how many each stands; 1 where it is None.

    References
    ----------
    Reid (1981).
    """
    stands = np.ones(len(durations)) if weights is None else weights
    times, place = np.unique(durations[events & (durations <= time)], return_inverse=True)
    left = np.bincount(place, weights=stands[events & (durations <= time)], minlength=len(times))
    here = np.maximum(count_at_risk(durations, times, entry=entry, weights=stands), left)
    survival = float(np.prod(1 - left / here))
    if survival <= 0:  # nobody is left whose leaving could move it
        return 0.0, np.zeros(len(durations))
    exposed = np.append(0.0, np.cumsum(left / (here * (here - left))))
    own = exposed[np.searchsorted(times, np.minimum(durations, time), side="right")]
    if entry is not None:
        own = own - exposed[np.searchsorted(times, np.minimum(begins(entry), time), side="right")]
    gone = events & (durations <= time)
    own = -own
    own[gone] += 1 / (here - left)[place]
    return survival, -survival * stands * own


def restricted_mean_influence(
    durations: np.ndarray, events: np.ndarray, until: float, *, weights: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Mean time without the event within `until`, and by how much each customer moves it, (n,).

    Parameters
    ----------
    durations, events
        (n,): time observed, and whether the customer left at its end.
    until
        Where the time that counts ends, in the unit of `durations`.
    weights
        (n,): for how many each stands; 1 where it is None.

    References
    ----------
    Klein and Moeschberger (2003), equation 4.5.3, as a sum over customers (Reid 1981).

    Examples
    --------
    >>> mean, own = restricted_mean_influence(np.array([1.0, 2, 3, 4]), np.array([True] * 4), 4)
    >>> mean, own.round(4).tolist()  # all seen to leave: the mean, and each one's distance from it
    (2.5, [-0.375, -0.125, 0.125, 0.375])
    """
    stands = np.ones(len(durations)) if weights is None else weights
    counted = events & (durations < until)
    times, place = np.unique(durations[counted], return_inverse=True)
    left = np.bincount(place, weights=stands[counted], minlength=len(times))
    here = np.maximum(count_at_risk(durations, times, weights=stands), left)
    survival = np.append(1.0, np.cumprod(1 - left / here))
    pieces = survival * np.diff(np.concatenate([[0.0], times, [until]]))
    area = np.cumsum(pieces[::-1])[::-1][1:]  # beyond each time
    stay = np.where(here > left, here - left, np.inf)  # where the last ones leave, nothing lies beyond
    exposed = np.append(0.0, np.cumsum(area * left / (here * stay)))
    own = exposed[np.searchsorted(times, np.minimum(durations, until), side="right")]
    own[counted] -= (area / stay)[place]
    return float(pieces.sum()), stands * own


def at_risk_at(table: pd.DataFrame, times: np.ndarray) -> np.ndarray:
    """How many were still followed just before each of `times`.

    Parameters
    ----------
    table, times
        As in `survival_at`.
    """
    place = np.searchsorted(table["time"].to_numpy(), times, side="left")
    return np.append(table["at_risk"].to_numpy(), 0)[place]


def quantile(table: pd.DataFrame, share: float = 0.5, column: str = "survival") -> float | None:
    """First time at which the curve is at or below `share`; None when it never gets there.

    With the columns `lower` and `upper` these are the ends of Brookmeyer and Crowley's (1982) interval of the median.

    Parameters
    ----------
    table
        From `product_limit`.
    share
        Height that the curve has to reach, between 0 and 1; 0.5 for the median.
    column
        Which curve of the table: `survival`, or an end of its interval.
    """
    below = table["time"][table[column] <= share + 1e-12]  # products of fractions miss 1/2 by a rounding error
    return None if below.empty else float(below.iloc[0])


def restricted_mean(table: pd.DataFrame, until: float) -> tuple[float, float]:
    """Mean time without the event within `until`, and its standard error.

    The mean is the area under the curve from 0 to `until`. Its variance is Greenwood's,
    `sum over event times t of A(t)^2 d / (n (n - d))`, with `A(t)` the area from `t` to `until`, `d` events among `n`
    at risk (Klein and Moeschberger 2003, equation 4.5.3). It is the variance of the estimate, not of a lifetime.

    Parameters
    ----------
    table
        From `product_limit`.
    until
        Where the time that counts ends, in the unit of the table.

    Examples
    --------
    >>> mean, standard_error = restricted_mean(product_limit([1, 2, 3, 4], [True] * 4), 4)
    >>> mean, round(standard_error**2, 6)  # all seen to leave: the mean, and the variance over n twice
    (2.5, 0.3125)
    """
    table = table[table["time"] < until]
    time, survival = table["time"].to_numpy(), table["survival"].to_numpy()
    pieces = survival * np.diff(np.append(time, until))
    area = pieces[::-1].cumsum()[::-1]
    at_risk, events = table["at_risk"].to_numpy(dtype=float), table["events"].to_numpy(dtype=float)
    # Where the last ones at risk leave, the area to the right is 0 and so is the term.
    staying = np.where(at_risk > events, at_risk - events, np.inf)
    before = float(time[0]) if len(time) else until
    increments = events / (np.maximum(at_risk, 1) * staying)
    if "increment" in table.columns:
        increments = np.where(np.isfinite(table["increment"]), table["increment"], 0.0)
    return before + float(area[0] if len(area) else 0), float(np.sqrt((area**2 * increments).sum()))


def normal_quantile(confidence: float) -> float:
    """Half-width of a two-sided normal interval in standard errors.

    Parameters
    ----------
    confidence
        Level of the interval, between 0 and 1.
    """
    return NormalDist().inv_cdf(0.5 + confidence / 2)
