"""Survival with its uncertainty in a form that other studies can draw from: few parameters, shared by all customers."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.models.survival.cox.baseline import Baseline
from workbench.models.survival.cox.model import CoxModel
from workbench.models.survival.cox.predictions import Predictions
from workbench.models.survival.cox.time_varying_effects import TimeVaryingCox
from workbench.models.survival.forecast.landmarks import LandmarkCox
from workbench.models.survival.forecast.recalibrated import Recalibrated, finite
from workbench.statistics.horizons import span
from workbench.wording import listing, sentence

DRAWS = 400
"""A 90% interval from 400 draws is off by a tenth of a standard deviation."""
MOST_TIMES = 720
"""Times of the grid on which hazards are kept: quarters of a month of five years ahead of ten years of tenure."""
STEEP, TOGETHER, MOST_STEEP, CLOSE = 5.0, 10, 60, 1e-6
"""So many times the usual hazard of a step of the grid is kept at its time, not shared over the step."""
EFFECT, COLUMN, HAZARD, RELATIVE = "effect:", "column:", "hazard:", "recalibration"


def export_draws(
    model: Predictions,
    frame: pd.DataFrame,
    tenure: np.ndarray,
    *,
    within: float,
    step: float = 1.0,
    draws: int = DRAWS,
    random_seed: int,
    ids: Iterable | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Joint draws of what survival depends on, and what customers have of it.

    The hazard that a customer who has lasted for `t` is exposed to until `t + h` is, in each draw, the sum over
    episodes of life of `exp(sum of effect * column) * (hazard(t + h) - hazard(t))`, hazards interpolated linearly in
    tenure. Effects are normal (their covariance from the fit); a step of the hazard is gamma with the variance of
    Breslow's estimate and moves with the effects as it does to first order; a recalibration's level and slope are
    normal and independent of both. What customers share is drawn once for all of them, so sums over customers have the
    variance that they should.

    Parameters
    ----------
    model
        `CoxModel`, `TimeVaryingCox` or `LandmarkCox`, `Recalibrated` or not.
    frame, tenure
        Customers and how long each has lasted.
    within
        How far ahead draws reach.
    step
        Of the grid; made larger where there would be more than 720 times.
    ids
        Under which customers are exported, instead of `customer_id`.

    Returns
    -------
    DataFrame
        One row a draw and episode of life: `draw`, `episode`; `effect:<column>` (log hazard ratios, the recalibration's
        slope among them); `hazard:<tenure>` (cumulative baseline hazard within the episode, its level included).
    DataFrame
        One row a customer: `customer_id`, `tenure`, `column:<column>` for each effect.

    References
    ----------
    The joint variance is that of Andersen and Gill (1982), as in `Predictions.cumulative_hazard`.
    """
    random = np.random.default_rng(random_seed)
    recalibration, inner = (model.recalibration, model.model) if isinstance(model, Recalibrated) else (None, model)
    relative = finite(inner.log_relative_hazard(frame, tenure))
    if isinstance(inner, LandmarkCox):
        frame, inner = inner.landmark.attach(frame, tenure), inner.model
    estimate, maps, names = _parameters(inner)
    episodes = inner.episodes(frame)
    base = episodes[0].columns[:, : len(names)]
    deviation = _normal(inner.covariance, draws, random)
    level = slope = np.zeros(draws)
    if recalibration is not None:
        level, slope = _normal(np.array(recalibration.covariance), draws, random).T
        level, slope = level + recalibration.level, slope + recalibration.slope
    cuts = [each.start for each in episodes[1:]]
    longest = float(tenure.max(initial=0.0)) + within
    step *= max(np.ceil(longest / step / MOST_TIMES), 1)
    steep = _steep(inner.baseline_sums, step, longest)
    grid = np.unique([*np.arange(0.0, longest + step, step), *cuts, *steep])
    drawn = _drawn_hazard(inner.baseline_sums, grid, deviation, random) * np.exp(level)[:, None]
    parts = []
    for place, (each, mapped) in enumerate(zip(episodes, maps, strict=True)):
        start, end = np.searchsorted(grid, [each.start, min(each.end, grid[-1])])
        own = drawn[:, np.clip(np.arange(len(grid)), start, end)] - drawn[:, [start]]
        effects = (estimate + deviation) @ mapped.T
        columns = {f"{EFFECT}{name}": effects[:, column] for column, name in enumerate(names)}
        if recalibration is not None:
            columns[f"{EFFECT}{RELATIVE}"] = slope
        columns |= {f"{HAZARD}{time:.12g}": own[:, column] for column, time in enumerate(grid)}
        told = {"draw": np.arange(draws), "episode": place, "observed": float(inner.last_time)}
        parts.append(pd.DataFrame({**told, **columns}))
    people = {f"{COLUMN}{name}": base[:, column] for column, name in enumerate(names)}
    if recalibration is not None:
        people[f"{COLUMN}{RELATIVE}"] = relative - recalibration.centre
    customers = pd.DataFrame(
        {
            "customer_id": np.asarray(frame["customer_id"] if ids is None else ids),
            "tenure": np.asarray(tenure, dtype=float),
            **people,
        }
    )
    return pd.concat(parts, ignore_index=True), customers


def _parameters(model: CoxModel | TimeVaryingCox) -> tuple[np.ndarray, list[np.ndarray], list[str]]:
    """Estimate (q,), from it to the effects of each episode (p, q), and names of the p columns."""
    names = [f"{covariate}={level}" if level else covariate for covariate, level in model.design.columns]
    same = np.eye(len(names))
    if isinstance(model, TimeVaryingCox):
        doubled = same[:, list(model.doubled)]
        maps = [np.hstack([same, np.zeros_like(doubled)]), np.hstack([same, doubled])]
        return model.estimate, maps, names
    return model.coefficients["coefficient"].to_numpy(dtype=float), [same], names


def _normal(covariance: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws (draws, q) around 0."""
    values, vectors = np.linalg.eigh(covariance)
    return (random.standard_normal((draws, len(values))) * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _steep(baseline: Baseline, step: float, longest: float) -> np.ndarray:
    """Times at which many leave at once, and just before them: who has not got there has all of it to come."""
    jumps = np.diff(baseline.hazard, prepend=0.0)
    total, length = baseline.hazard[-1:].sum(), baseline.times[-1:].sum()
    usual = total * step / length if length > 0 else np.inf
    many = jumps**2 >= TOGETHER * np.diff(baseline.variance, prepend=0.0)
    order = np.argsort(-np.where(many, jumps, 0.0))[:MOST_STEEP]
    times = baseline.times[order[many[order] & (jumps[order] > STEEP * usual)]]
    first, last = baseline.tail
    if baseline.renewals:
        within = times[(times > first) & (times <= last)]
        again = [within + count * (last - first) for count in range(1, int((longest - last) // (last - first)) + 2)]
        times = np.concatenate([times[times <= last], *again])
    times = times[(times > CLOSE) & (times <= longest)]
    return np.concatenate([times - CLOSE, times])


def _drawn_hazard(
    baseline: Baseline, grid: np.ndarray, deviation: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Cumulative baseline hazard (draws, len(grid)) at the times of the grid."""
    first, last = baseline.tail
    whole, rest, share = baseline.beyond(grid)
    again = first + rest[rest > 0]  # within the tail, whose steps are repeated beyond it
    edges = np.unique([0.0, *grid[grid < last], *again[again < last], first, last])
    hazard = np.diff(baseline.hazard_at(edges))
    variance, means = baseline.variance_between(edges[:-1], edges[1:]), np.diff(baseline.means_at(edges), axis=0)
    grows = hazard > 0
    mean = np.divide(means, hazard[:, None], out=np.zeros_like(means), where=grows[:, None])
    steps = hazard * np.exp(-(deviation @ mean.T))
    scale = np.where(grows & (variance > 0), variance, 1.0)
    noisy = grows & (variance > 0)
    shape = np.where(noisy, np.divide(hazard**2, scale), 1.0)
    steps = np.where(noisy, steps * random.gamma(shape, size=steps.shape) / shape, steps)
    total = np.hstack([np.zeros((len(deviation), 1)), steps.cumsum(axis=1)])
    start, end = (total[:, [np.searchsorted(edges, each)]] for each in (first, last))
    part = total[:, np.searchsorted(edges, np.minimum(first + rest, last))] - start
    values = total[:, np.searchsorted(edges, np.minimum(grid, last))]
    return values + (whole + share) * (end - start) + np.where(rest > 0, part, 0.0)


@dataclass(frozen=True, eq=False)
class SurvivalDraws:
    """What `export_draws` wrote, ready to be asked.

    Attributes
    ----------
    effects (S, D, p), hazards (S, D, G), grid (G,)
        By episode of life.
    customers
        One row a customer, index `customer_id`: `tenure`, columns.
    """

    effects: np.ndarray
    hazards: np.ndarray
    grid: np.ndarray
    customers: pd.DataFrame

    def conditional_survival(
        self, horizons: Iterable[float], customers: Iterable[str] | None = None
    ) -> np.ndarray:  # fmt: skip
        """Probability of being there still, of customers who have lasted so far.

        Parameters
        ----------
        horizons (H,)
            Times from now, in the unit of the tenures.
        customers
            Ids; all in their order where it is None. Draws times customers times horizons numbers are held at once, so
            ask for many customers in parts: a draw is the same draw in each.

        Returns
        -------
        ndarray (D, n, H)
            Draws, customers, horizons.

        Raises
        ------
        DataError
            For a customer who is not there, or a horizon beyond the draws.
        """
        rows = self.customers if customers is None else self._rows(list(customers))
        tenure = rows["tenure"].to_numpy(dtype=float)
        return np.exp(-self.hazard(rows, tenure, tenure[:, None] + np.array([float(each) for each in horizons])))

    def hazard(self, rows: pd.DataFrame, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Hazard (D, n, H) that customers with these columns are exposed to from `since` (n,) to `until` (n, H)."""
        if until.size and until.max() > self.grid[-1] + 1e-9:
            raise DataError(
                sentence("horizons: got {horizon}, expected at most {last} for every customer, as far as draws reach.",
                         horizon=span(float((until - since[:, None]).max()), ""),
                         last=span(float(self.grid[-1] - since.max()), ""))
            )  # fmt: skip
        columns = rows.drop(columns="tenure").to_numpy(dtype=float)
        total = np.zeros((self.effects.shape[1], *until.shape))
        for effects, hazards in zip(self.effects, self.hazards, strict=True):
            ratio = np.exp(effects @ columns.T)
            total += ratio[:, :, None] * (self._at(hazards, until) - self._at(hazards, since)[:, :, None])
        return total

    def _at(self, hazards: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Hazards (D, G) interpolated at times of any shape."""
        place = np.clip(np.searchsorted(self.grid, times, side="right") - 1, 0, len(self.grid) - 2)
        share = (times - self.grid[place]) / (self.grid[place + 1] - self.grid[place])
        return hazards[:, place] * (1 - share) + hazards[:, place + 1] * share

    def _rows(self, wanted: list[str]) -> pd.DataFrame:
        absent = [each for each in wanted if each not in self.customers.index]
        if absent:
            raise DataError(
                sentence("customers: got {count} who are not among the active, expected ids of `customer_id`.",
                         count=len(absent))
            )  # fmt: skip
        return self.customers.loc[wanted]


def read_draws(draws: pd.DataFrame, customers: pd.DataFrame) -> SurvivalDraws:
    """Read `tables/survival_draws.parquet` and `private/survival_customers.parquet` of a run.

    Examples
    --------
    >>> draws = pd.DataFrame({"draw": [0, 1], "episode": 0, "effect:use": [0.0, 1.0], "hazard:0": 0.0, "hazard:9": 0.9})
    >>> people = pd.DataFrame({"customer_id": ["a"], "tenure": [2.0], "column:use": [0.0]})
    >>> read_draws(draws, people).conditional_survival([1, 5]).round(3).tolist()
    [[[0.905, 0.607]], [[0.905, 0.607]]]

    Raises
    ------
    DataError
        When the two do not belong together.
    """
    effects = [name for name in draws.columns if name.startswith(EFFECT)]
    names = [COLUMN + name.removeprefix(EFFECT) for name in effects]
    lacking = [name for name in ("customer_id", "tenure", *names) if name not in customers.columns]
    if lacking:
        raise DataError(sentence("survival_customers: got no column {names}, expected those of survival_draws.",
                                 names=listing(lacking)))  # fmt: skip
    times = [name for name in draws.columns if name.startswith(HAZARD)]
    parts = [part.sort_values("draw") for _, part in draws.groupby("episode", sort=True)]
    return SurvivalDraws(
        effects=np.stack([part[effects].to_numpy(dtype=float) for part in parts]),
        hazards=np.stack([part[times].to_numpy(dtype=float) for part in parts]),
        grid=np.array([float(name.removeprefix(HAZARD)) for name in times]),
        customers=customers.set_index("customer_id")[["tenure", *names]],
    )
