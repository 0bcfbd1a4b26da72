"""Before and after without a control (interrupted time series): what months before predict for those after.

Nothing here tells a pilot from whatever else happened at its start: it is the weakest of all comparisons.
"""

import numpy as np
from scipy import optimize, stats

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate
from workbench.wording import number, sentence

FEWEST = 6
"""Months before, below which nothing can be predicted."""
FOR_TREND, FOR_SEASON = 8, 24
"""Months before from which a trend is fitted, and a season: with one of each month of the year nothing tells of it."""
CORRELATIONS = tuple(np.linspace(0.0, 0.95, 20))
"""Of months next to each other, each as likely before the data: beyond, a series has no level to come back to."""
YEAR = 12  # months


def interrupted(before: np.ndarray, after: np.ndarray, *, n: int, confidence: float = 0.9) -> Estimate:
    """How far the mean month after the start lies from what those before predict.

    Parameters
    ----------
    before : (months,)
        Means of each month, the last one just before the start.
    after : (months,)
        The same from the start on.
    n
        Customers behind them.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        Kind "autoregressive": the forecast is by level, trend and season, with what the last months carry over. How
        far months move together is not known from a short series, so that the interval is the mixture over all
        correlations, by how well each fits.

    Raises
    ------
    DataError
        Fewer than `FEWEST` months before, or none after.

    References
    ----------
    Box and Tiao (1975), Intervention analysis; Harville (1974), on the likelihood of residuals; flat priors.
    """
    size, months = len(before), len(after)
    if size < FEWEST or not months:
        raise DataError(
            sentence(
                "Before against after takes {least} months before the start and one after it, got {before} and "
                "{after}.",
                least=number(FEWEST),
                before=number(size),
                after=number(months),
            )
        )
    columns = _columns(np.arange(size + months) - size, size)
    spare = size - columns.shape[1]
    told = [_given(each, before, columns) for each in CORRELATIONS]
    weight = np.exp(np.array([each[2] for each in told]) - max(each[2] for each in told))
    weight = weight / weight.sum()
    expected = np.array([each[0] for each in told])
    error = np.sqrt([each[1] for each in told])
    seen, middle = float(after.mean()), float(weight @ expected)
    alpha = (1 - confidence) / 2
    if not error.max() > 1e-12 * max(abs(middle), 1.0):  # a straight line goes on
        low = high = middle
        p_value = float(seen == middle)
    else:
        low, high = (_quantile(share, expected, error, weight, spare) for share in (alpha, 1 - alpha))
        below = float(weight @ stats.t.cdf((seen - expected) / error, spare))
        p_value = 2 * min(below, 1 - below)
    variance = float(weight @ (error**2 + (expected - middle) ** 2))
    return Estimate(
        estimate=seen - middle,
        se=variance**0.5,
        lower=seen - high,
        upper=seen - low,
        confidence=confidence,
        kind="autoregressive",
        df=spare,
        n=n,
        units=n,
        treated=seen,
        control=middle,
        p_value=p_value,
    )


def _given(correlation: float, before: np.ndarray, columns: np.ndarray) -> tuple[float, float, float]:
    """Mean month after, its squared error, and the log of how well the months before fit, given a correlation."""
    size = len(before)
    place = np.arange(len(columns))
    together = correlation ** np.abs(place[:, None] - place)
    inverse = np.linalg.inv(together[:size, :size])
    known, ahead = columns[:size], columns[size:].mean(axis=0)
    carried = inverse @ together[:size, size:].mean(axis=1)
    information = known.T @ inverse @ known
    slope = np.linalg.solve(information, known.T @ inverse @ before)
    left = before - known @ slope
    spare = size - known.shape[1]
    squares = max(float(left @ inverse @ left), 1e-300)
    gap = ahead - known.T @ carried
    own = float(together[size:, size:].mean()) - float(carried @ together[:size, :size] @ carried)
    error = squares / spare * (own + float(gap @ np.linalg.solve(information, gap)))
    logs = [np.linalg.slogdet(each)[1] for each in (together[:size, :size], information)]
    return float(ahead @ slope + carried @ left), error, float(-0.5 * sum(logs) - 0.5 * spare * np.log(squares))


def _quantile(share: float, centre: np.ndarray, error: np.ndarray, weight: np.ndarray, df: float) -> float:
    """Of a mixture of t distributions."""
    ends = [
        float((centre + stats.t.ppf(share, df) * error).min()),
        float((centre + stats.t.ppf(share, df) * error).max()),
    ]
    if ends[1] - ends[0] < 1e-12 * max(abs(ends[0]), 1.0):
        return ends[0]
    found = optimize.brentq(lambda value: float(weight @ stats.t.cdf((value - centre) / error, df)) - share, *ends)
    return float(found)


def _columns(month: np.ndarray, before: int) -> np.ndarray:
    columns = [np.ones(len(month))]
    if before >= FOR_TREND:
        columns.append(month / before)
    if before >= FOR_SEASON:
        columns += [wave(2 * np.pi * month / YEAR) for wave in (np.sin, np.cos)]
    return np.column_stack(columns)
