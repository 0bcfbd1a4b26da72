"""Families of curves that can be carried on beyond the data, and how surely each says what comes."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines.exceptions import ConvergenceError
from lifelines.fitters import ParametricUnivariateFitter
from scipy.optimize import minimize
from scipy.special import expit

from workbench.models.survival.cox.baseline import TAIL_AT_RISK
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.extrapolation.likelihood import (
    GeneralizedGamma,
    LogLogistic,
    LogNormal,
    Spline,
    Weibull,
)
from workbench.statistics.product_limit import survival_at

BINS = 400
"""Of the time observed: half a bin is an eighth of a percent of it, well below what a curve is off by chance."""
DRAWS = 200
"""An end of a 90% interval from 200 draws is off by a seventh of a standard deviation."""
ALL_OR_NONE = 8.0
"""Log odds of never leaving beyond which nobody, or everybody, does: their error is not that of a normal estimate."""


@dataclass(frozen=True, eq=False)
class Family:
    """A fitted family.

    Attributes
    ----------
    at
        Survival at times (n,).
    interval
        Of survival at a time: estimation alone, the family given; at a level of confidence.
    drawn
        Survival (D, n) at times (n,), in D draws of what was estimated.
    parameters, aic
        How many, and Akaike's criterion.
    """

    at: Callable[[np.ndarray], np.ndarray]
    interval: Callable[[float, float], tuple[float, float]]
    drawn: Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
    parameters: int
    aic: float


def smooth_families(lifetimes: pd.DataFrame) -> dict[str, Callable[[pd.DataFrame], Family | None]]:
    """Weibull, log-normal, log-logistic, generalised gamma, a spline, and two mixture cure models.

    The spline is one of the log cumulative hazard with three knots (Royston and Parmar 2002); in mixture cure models
    some customers never leave (Boag 1949).

    Parameters
    ----------
    lifetimes
        `duration`, `event`: where the knots lie.
    """
    gone = lifetimes.loc[lifetimes["event"], "duration"].to_numpy()
    if not len(gone):
        return {}
    knots = np.unique(np.maximum(np.quantile(gone, [0.05, 0.5, 0.95]), 1e-6))
    makers: dict[str, Callable[[], ParametricUnivariateFitter]] = {
        "Weibull": Weibull,
        "log-normal": LogNormal,
        "log-logistic": LogLogistic,
        "generalised gamma": GeneralizedGamma,
    }
    if len(knots) == 3:
        makers["spline"] = lambda: Spline(knots)
    return {name: lambda rows, make=make: _fit(make(), rows) for name, make in makers.items()} | {
        "Weibull mixture cure": lambda rows: _fit_cure(rows, _weibull),
        "log-logistic mixture cure": lambda rows: _fit_cure(rows, _log_logistic),
    }


def _fit(fitter: ParametricUnivariateFitter, lifetimes: pd.DataFrame) -> Family | None:
    """Fitted to equal customers counted once; None where it finds no maximum."""
    counted = _counted(lifetimes)
    late = (counted["entry"] > 0).any()

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            fitter.fit(
                counted["duration"],
                counted["event"],
                weights=counted["weight"],
                entry=counted["entry"] if late else None,
            )
    except (ConvergenceError, ValueError, np.linalg.LinAlgError):
        return None
    values, covariance = fitter.params_.to_numpy(dtype=float), np.asarray(fitter.variance_matrix_, dtype=float)

    def at(times: np.ndarray) -> np.ndarray:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return np.clip(fitter.survival_function_at_times(times).to_numpy(dtype=float), 0, 1)

    def drawn(times: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
        """Of the estimates' normal distribution, as far as the family allows."""
        if not np.isfinite(covariance).all():
            return np.tile(at(times), (count, 1))
        some = random.multivariate_normal(values, covariance, size=count, check_valid="ignore")
        bounds = np.array(
            [(-np.inf if low is None else low, np.inf if high is None else high) for low, high in fitter._bounds]
        )
        some = np.clip(some, bounds[:, 0], bounds[:, 1])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return np.array([np.asarray(fitter._survival_function(each, times), dtype=float) for each in some])

    def interval(time: float, confidence: float) -> tuple[float, float]:
        """Quantiles of draws."""
        middle = float(at(np.array([time]))[0])
        there = drawn(np.array([time]), DRAWS, np.random.default_rng(0))[:, 0]
        there = there[np.isfinite(there)]
        if not len(there):
            return middle, middle
        low, high = np.quantile(np.clip(there, 0, 1), [(1 - confidence) / 2, (1 + confidence) / 2])
        return min(float(low), middle), max(float(high), middle)

    return Family(at, interval, drawn, len(values), float(fitter.AIC_))


def _counted(lifetimes: pd.DataFrame) -> pd.DataFrame:
    """Equal customers counted once (`weight`), times in at most `BINS` bins."""
    duration = lifetimes["duration"].to_numpy()
    least = duration[duration > 0].min() / 2
    width = duration.max() / BINS
    if len(np.unique(duration)) > BINS:
        duration = (np.floor(duration / width) + 0.5) * width
    rows = pd.DataFrame(
        {
            "duration": np.maximum(duration, least),  # families have no customers who leave at 0
            "event": lifetimes["event"].to_numpy(),
            "entry": np.minimum(lifetimes["entry"].to_numpy(), np.maximum(duration, least) * (1 - 1e-9)),
        }
    )
    if (rows["entry"] > 0).any():
        rows["entry"] = rows["entry"].where(rows["entry"] == 0, np.floor(rows["entry"] / width) * width)
    return rows.value_counts().reset_index(name="weight")


def _weibull(times: np.ndarray, scale: float, shape: float) -> tuple[np.ndarray, np.ndarray]:
    """Log density and survival."""
    power = (times / scale) ** shape
    return np.log(shape / scale) + (shape - 1) * np.log(times / scale) - power, np.exp(-power)


def _log_logistic(times: np.ndarray, scale: float, shape: float) -> tuple[np.ndarray, np.ndarray]:
    there = 1 / (1 + (times / scale) ** shape)
    return np.log(shape / scale) + (shape - 1) * np.log(times / scale) + 2 * np.log(there), there


def _fit_cure(lifetimes: pd.DataFrame, form: Callable) -> Family | None:
    """Of which a share never leaves, and the others do in a given form (Boag 1949; Maller and Zhou 1996).

    Parameters on the whole line: log odds of never leaving, logs of scale and shape. Their normal approximation breaks
    down where hardly anybody never leaves: draws count less by as much as they are less likely than it has them.
    """
    counted = _counted(lifetimes)
    duration, entry, weight = (counted[name].to_numpy(dtype=float) for name in ("duration", "entry", "weight"))
    event, begun = counted["event"].to_numpy(), np.maximum(entry, duration.min() / 1e6)

    def survival(logs: np.ndarray, times: np.ndarray) -> np.ndarray:
        never = expit(logs[0])
        return never + (1 - never) * form(np.maximum(times, 1e-12), *np.exp(logs[1:]))[1]

    def loss(logs: np.ndarray) -> float:
        logs = np.clip(logs, -30, 30)
        with np.errstate(all="ignore"):
            density = form(duration, *np.exp(logs[1:]))[0] - np.log1p(np.exp(logs[0]))
            there, before = survival(logs, duration), np.where(entry > 0, survival(logs, begun), 1.0)
            each = np.where(event, density, np.log(there)) - np.log(before)
        total = -float((weight * each).sum())
        return total if np.isfinite(total) else 1e12

    middle = np.log(np.average(duration, weights=weight))
    found = [
        minimize(loss, [start, middle, 0.0], method="Nelder-Mead", options={"maxiter": 2000, "fatol": 1e-6})
        for start in (-1.0, 1.0)
    ]
    best = min(found, key=lambda each: each.fun)
    if best.fun >= 1e12:
        return None
    free = np.array([abs(best.x[0]) < ALL_OR_NONE, True, True])
    covariance = _inverse_curvature(loss, best.x, free)

    def weighed(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Parameters of the normal approximation, and how much each draw counts."""
        some = random.multivariate_normal(best.x, covariance, size=count, check_valid="ignore")
        away = some - best.x
        expected = -0.5 * np.einsum("ij,jk,ik->i", away, np.linalg.pinv(covariance), away)
        likelihood = best.fun - np.array([loss(each) for each in some])
        return np.clip(some, -30, 30), np.exp(np.minimum(likelihood - expected, 0.0))

    def drawn(times: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
        some, weights = weighed(count, random)
        if not weights.sum() > 0:
            return np.tile(survival(best.x, times), (count, 1))
        chosen = random.choice(count, size=count, p=weights / weights.sum())
        with np.errstate(all="ignore"):
            return np.array([survival(some[each], times) for each in chosen])

    def interval(time: float, confidence: float) -> tuple[float, float]:
        some, weights = weighed(DRAWS, np.random.default_rng(0))
        with np.errstate(all="ignore"):
            there = np.array([float(survival(each, np.array([time]))[0]) for each in some])
        there, weights = np.append(there, survival(best.x, np.array([time]))[0]), np.append(weights, 1.0)
        order = np.argsort(there)
        share = np.cumsum(weights[order]) - weights[order] / 2
        low, high = np.interp([(1 - confidence) / 2, (1 + confidence) / 2], share / weights.sum(), there[order])
        return float(low), float(high)

    return Family(lambda times: survival(best.x, np.asarray(times, dtype=float)), interval, drawn, 3, 6 + 2 * best.fun)


def _inverse_curvature(loss: Callable, at: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Covariance of the parameters that are free, by central differences of minus the log-likelihood."""
    place, size, step = np.flatnonzero(free), len(at), 1e-3
    second = np.zeros((len(place), len(place)))
    units = np.eye(size)[place] * step
    for i, one in enumerate(units):
        for j, other in enumerate(units):
            second[i, j] = (
                loss(at + one + other) - loss(at + one - other) - loss(at - one + other) + loss(at - one - other)
            ) / (4 * step**2)
    values, vectors = np.linalg.eigh((second + second.T) / 2)
    covariance = np.zeros((size, size))
    covariance[np.ix_(place, place)] = (vectors / np.maximum(values, 0.1)) @ vectors.T
    return covariance


def renewal_families(term: float, near: float) -> dict[str, Callable[[pd.DataFrame], Family | None]]:
    """Families for departures that heap at renewals.

    Each renewal takes the share that the last ones took, or shares fall from renewal to renewal because those who tend
    to leave have gone (shifted beta-geometric: Fader and Hardie 2007).

    Both are known at renewals only: at other times they are as they were at the last one.

    Parameters
    ----------
    term, near
        Length of a term, and how long after its end a departure still belongs to the renewal.
    """
    return {
        "renewal by renewal": lambda rows: _by_term(rows, term, near, _as_the_last),
        "shifted beta-geometric": lambda rows: _by_term(rows, term, near, _beta_geometric),
    }


def _by_term(lifetimes: pd.DataFrame, term: float, near: float, shares: Callable) -> Family | None:
    at_risk, left = _terms(lifetimes, term, near)
    if len(left) < 1 or not left.sum():
        return None
    parameters, share_of = shares(at_risk, left)

    def curve(share_of: Callable, times: np.ndarray) -> np.ndarray:
        count = np.floor((np.asarray(times) + 1e-9) / term).astype(int)
        each = np.append(1.0, np.cumprod(1 - share_of(np.arange(1, count.max(initial=0) + 1))))
        return each[count]

    def resampled(times: np.ndarray, count: int, random: np.random.Generator) -> list[np.ndarray]:
        """Curves of leavers drawn anew, of those draws in which somebody left."""
        some = random.binomial(at_risk.round().astype(int), left / at_risk, size=(count, len(left)))
        return [curve(shares(at_risk, each.astype(float))[1], times) for each in some if each.sum()]

    def drawn(times: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
        some = resampled(times, count, random) or [curve(share_of, times)]
        return np.array([some[each % len(some)] for each in range(count)])

    def interval(time: float, confidence: float) -> tuple[float, float]:
        times = np.array([time])
        there = [each[0] for each in resampled(times, DRAWS, np.random.default_rng(0))]
        middle = curve(share_of, times)[0]
        low, high = np.quantile([*there, middle], [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(low), float(high)

    chance = np.clip(share_of(np.arange(1, len(left) + 1)), 1e-12, 1 - 1e-12)
    likelihood = float((left * np.log(chance) + (at_risk - left) * np.log1p(-chance)).sum())
    return Family(lambda times: curve(share_of, times), interval, drawn, parameters, 2 * parameters - 2 * likelihood)


def _terms(lifetimes: pd.DataFrame, term: float, near: float) -> tuple[np.ndarray, np.ndarray]:
    """How many were at risk and left in each term, as far as enough were followed to its end.

    Leavers as they were counted; at risk so many that their share is that of the product-limit curve, which allows for
    who was lost.
    """
    duration, event = lifetimes["duration"].to_numpy(), lifetimes["event"].to_numpy()
    ends = np.arange(1, int(np.floor(duration.max() / term + 1e-9)) + 1) * term
    if not len(ends):
        return np.zeros(0), np.zeros(0)
    curve = kaplan_meier(lifetimes).frame
    there = survival_at(curve, ends + near)
    before = np.append(1.0, there[:-1])
    followed = np.array([float(((duration >= end - near) & (lifetimes["entry"] < end)).sum()) for end in ends])
    left = np.diff(np.searchsorted(np.sort(duration[event]), np.append(-np.inf, ends + near), side="right")) * 1.0
    share = np.divide(before - there, before, out=np.zeros_like(before), where=before > 0)
    at_risk = np.where(share > 0, np.divide(left, share, out=followed.copy(), where=share > 0), followed)
    enough = followed >= TAIL_AT_RISK
    last = len(enough) if enough.all() else int(np.argmin(enough))
    return at_risk[:last], left[:last]


def _as_the_last(at_risk: np.ndarray, left: np.ndarray) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    """Seen shares where there are some; then that of the last third of the terms."""
    recent = max(len(left) // 3, 1)
    later = left[-recent:].sum() / at_risk[-recent:].sum()
    seen = left / at_risk
    return len(left), lambda terms: np.append(seen, later)[np.minimum(terms, len(left) + 1) - 1]


def _beta_geometric(at_risk: np.ndarray, left: np.ndarray) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    terms = np.arange(1, len(left) + 1)

    def loss(logs: np.ndarray) -> float:
        first, second = np.exp(np.clip(logs, -20, 20))
        share = np.clip(first / (first + second + terms - 1), 1e-12, 1 - 1e-12)
        return -float((left * np.log(share) + (at_risk - left) * np.log1p(-share)).sum())

    start = np.clip(left.sum() / at_risk.sum(), 1e-3, 1 - 1e-3)
    best = minimize(loss, np.log([10 * start, 10 * (1 - start)]), method="Nelder-Mead")
    first, second = np.exp(np.clip(best.x, -20, 20))
    return 2, lambda terms: first / (first + second + terms - 1)
