"""Survival with its uncertainty in a form that other studies can draw from: few parameters, shared by all customers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from workbench.draws import seed_of
from workbench.errors import DataError
from workbench.models.survival.cox.baseline import Baseline
from workbench.models.survival.cox.cause_specific import CauseSpecific, shared_out, steps_to
from workbench.models.survival.cox.model import CoxModel
from workbench.models.survival.cox.predictions import Episode, Predictions
from workbench.models.survival.cox.time_varying_effects import TimeVaryingCox
from workbench.models.survival.extrapolation.growth import DrawGrowth
from workbench.models.survival.forecast.landmarks import LandmarkCox
from workbench.models.survival.forecast.recalibrated import Recalibrated, finite
from workbench.statistics.horizons import clean_horizons, span
from workbench.wording import listing, sentence

DRAWS = 400
"""A 90% interval from 400 draws is off by a tenth of a standard deviation."""
MOST_TIMES = 720
"""Times of the grid on which hazards are kept: quarters of a month of five years ahead of ten years of tenure."""
STEEP, TOGETHER, MOST_STEEP, CLOSE = 5.0, 10, 60, 1e-6
"""So many times the usual hazard of a step of the grid is kept at its time, not shared over the step."""
EFFECT, COLUMN, HAZARD, RELATIVE = "effect:", "column:", "hazard:", "recalibration"
ANY = ""
"""In the column `reason`: leaving, for whatever reason."""


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
    reasons: CauseSpecific | None = None,
    beyond: DrawGrowth | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Joint draws of what survival depends on, and what customers have of it.

    The hazard that a customer who has lasted for `t` is exposed to until `t + h` is, in each draw, the sum over
    episodes of life of `exp(sum of effect * column) * (hazard(t + h) - hazard(t))`, hazards interpolated linearly in
    tenure. Effects are normal (their covariance from the fit); a step of the hazard is gamma with the variance of
    Breslow's estimate and moves with the effects as it does to first order; a recalibration's level and slope are
    normal and independent of both. What customers share is drawn once for all of them, so sums over customers have the
    variance that they should.

    Hazards by reason share out what survival loses (`CauseSpecific.shares`). They are drawn independently of leaving
    as such: of counts that are Poisson, the total and the shares are independent.

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
    draws, random_seed
        How many, and what fixes them.
    ids
        Under which customers are exported, instead of `customer_id`.
    reasons
        Hazards by reason; no reasons are told where it is None.
    beyond
        How hazards grow beyond the tail of the baseline; where it is None, or no family can say it, they go on as they
        went within the tail.

    Returns
    -------
    DataFrame
        One row a draw, episode of life and reason: `draw`, `episode`, `reason` (empty: for whatever reason),
        `observed` (the tenure beyond which hazards are extrapolated); `effect:<column>` (log hazard ratios, the
        recalibration's slope among them); `hazard:<tenure>` (cumulative baseline hazard within the episode, its level
        included).
    DataFrame
        One row a customer: `customer_id`, `tenure`, `column:<column>` for each effect.

    References
    ----------
    The joint variance is that of Andersen and Gill (1982), as in `Predictions.cumulative_hazard`.
    """
    random = np.random.default_rng(random_seed)
    recalibration, inner = (model.recalibration, model.model) if isinstance(model, Recalibrated) else (None, model)
    whole = _Seen.by(inner, frame, tenure)
    by_reason = {reason: _Seen.by(each, frame, tenure) for reason, each in reasons.models.items()} if reasons else {}
    longest = float(tenure.max(initial=0.0)) + within
    step *= max(np.ceil(longest / step / MOST_TIMES), 1)
    steep = [_steep(each.baseline, step, longest) for each in (whole, *by_reason.values())]
    grid = np.unique([*np.arange(0.0, longest + step, step), *whole.cuts, *np.concatenate(steep)])
    deviation = _normal(whole.covariance, draws, random)
    level = slope = np.zeros(draws)
    if recalibration is not None:
        level, slope = _normal(np.array(recalibration.covariance), draws, random).T
        level, slope = level + recalibration.level, slope + recalibration.slope
    growth_seed = np.random.default_rng(seed_of(random_seed, "beyond"))
    hazard = _drawn_hazard(whole.baseline, grid, deviation, random, beyond=beyond, growth_random=growth_seed)
    people = dict(whole.columns)
    told = {"reason": ANY, "observed": min(whole.baseline.tail[1], float(inner.last_time))}
    further = {}
    if recalibration is not None:
        people[RELATIVE] = finite(inner.log_relative_hazard(frame, tenure)) - recalibration.centre
        further[RELATIVE] = slope
    parts = whole.rows(deviation, hazard * np.exp(level)[:, None], grid, whole.names, told, further)
    for reason, seen in by_reason.items():
        names = [_kept_under(people, name, values, reason) for name, values in seen.columns.items()]
        deviation = _normal(seen.covariance, draws, random)
        hazard = _drawn_hazard(seen.baseline, grid, deviation, random)
        parts += seen.rows(deviation, hazard, grid, names, {**told, "reason": reason}, {})
    customers = {
        "customer_id": np.asarray(frame["customer_id"] if ids is None else ids),
        "tenure": np.asarray(tenure, dtype=float),
    }
    columns = {f"{COLUMN}{name}": values for name, values in people.items()}
    effects = [f"{EFFECT}{name}" for name in people]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.reindex(columns=[*rows.columns[: len(told) + 2], *effects, *_times(grid)])
    return rows.fillna(dict.fromkeys(effects, 0.0)), pd.DataFrame(customers | columns)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A model, and customers as it sees them.

    Attributes
    ----------
    estimate (q,), maps, names
        From estimates to the effects (p,) of each episode, and what these multiply.
    episodes
        Of life.
    baseline, covariance
        Of the model.
    """

    estimate: np.ndarray
    maps: list[np.ndarray]
    names: list[str]
    episodes: list[Episode]
    baseline: Baseline
    covariance: np.ndarray

    @classmethod
    def by(cls, model: Predictions, frame: pd.DataFrame, tenure: np.ndarray) -> "_Seen":
        if isinstance(model, LandmarkCox):
            frame, model = model.landmark.attach(frame, tenure), model.model
        if not isinstance(model, CoxModel | TimeVaryingCox):
            raise TypeError(type(model).__name__)
        return cls(*_parameters(model), model.episodes(frame), model.baseline_sums, model.covariance)

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """What customers have of each column."""
        return {name: self.episodes[0].columns[:, place] for place, name in enumerate(self.names)}

    @property
    def cuts(self) -> list[float]:
        """Where another episode of life begins."""
        return [each.start for each in self.episodes[1:]]

    def rows(
        self,
        deviation: np.ndarray,
        hazard: np.ndarray,
        grid: np.ndarray,
        names: Iterable[str],
        told: Mapping[str, object],
        further: Mapping[str, np.ndarray],
    ) -> list[pd.DataFrame]:
        """A row a draw, an episode a table: effects under these names, and the hazard (D, G) of the episode alone."""
        parts = []
        for place, (each, mapped) in enumerate(zip(self.episodes, self.maps, strict=True)):
            start, end = np.searchsorted(grid, [each.start, min(each.end, grid[-1])])
            own = hazard[:, np.clip(np.arange(len(grid)), start, end)] - hazard[:, [start]]
            effects = (self.estimate + deviation) @ mapped.T
            columns = {f"{EFFECT}{name}": effects[:, column] for column, name in enumerate(names)}
            columns |= {f"{EFFECT}{name}": values for name, values in further.items()}
            columns |= {name: own[:, column] for column, name in enumerate(_times(grid))}
            parts.append(pd.DataFrame({"draw": np.arange(len(own)), "episode": place, **told, **columns}))
        return parts


def _times(grid: np.ndarray) -> list[str]:
    return [f"{HAZARD}{time:.12g}" for time in grid]


def _kept_under(people: dict[str, np.ndarray], name: str, values: np.ndarray, reason: str) -> str:
    """Under which name a column of customers is kept: its own, unless another model has other values there."""
    alike = [each for each in people if each == name or each.startswith(f"{name} (")]
    for each in alike:
        if np.array_equal(people[each], values):
            return each
    name = f"{name} ({reason})" if alike else name
    people[name] = values
    return name


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
    baseline: Baseline,
    grid: np.ndarray,
    deviation: np.ndarray,
    random: np.random.Generator,
    *,
    beyond: DrawGrowth | None = None,
    growth_random: np.random.Generator | None = None,
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
    often: np.ndarray = whole + share
    repeats: np.ndarray = np.where(rest > 0, 1.0, 0.0)
    if beyond is not None and last > first:
        length = last - first
        ends = np.concatenate([last + (whole + share) * length, last + (whole + 1.0) * length])
        grown = beyond(ends, (first, last), len(deviation), growth_random or random)
        if grown is not None:  # how often the hazard of the tail is met by then, and how often in the repeat begun
            often, following = np.split(grown, 2, axis=1)
            repeats = repeats * (following - often)
    return values + often * (end - start) + repeats * part


@dataclass(frozen=True, eq=False)
class SurvivalDraws:
    """What `export_draws` wrote, ready to be asked.

    Attributes
    ----------
    effects (S, D, p), hazards (S, D, G), grid (G,)
        By episode of life.
    customers
        One row a customer, index `customer_id`: `tenure`, columns.
    by_reason
        Effects and hazards by reason, by which what survival loses is shared out; empty where reasons are not known.
    observed
        The tenure beyond which hazards are extrapolated.
    """

    effects: np.ndarray
    hazards: np.ndarray
    grid: np.ndarray
    customers: pd.DataFrame
    by_reason: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    observed: float = np.inf

    def conditional_survival(self, horizons: Iterable[float], customers: Iterable[str] | None = None) -> np.ndarray:
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
        rows, tenure = self._asked(customers)
        return np.exp(-self.hazard(rows, tenure, tenure[:, None] + np.array([float(each) for each in horizons])))

    def incidence(self, horizons: Iterable[float], customers: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Probability of having left for each reason by then; with `conditional_survival` they sum to 1 in each draw.

        Parameters
        ----------
        horizons (H,), customers
            As in `conditional_survival`; about fifty times as many numbers are held at once.

        Returns
        -------
        dict of ndarray (D, n, H)
            By reason.

        Raises
        ------
        DataError
            Where no reasons were known; and as in `conditional_survival`.
        """
        if not self.by_reason:
            raise DataError(
                sentence("got draws without reasons, expected those of a run that knew why customers left.")
            )
        asked = [float(each) for each in horizons]
        steps = steps_to(clean_horizons(asked))
        rows, tenure = self._asked(customers)
        until = tenure[:, None] + steps
        whole = self.hazard(rows, tenure, until)
        own = [self.hazard(rows, tenure, until, reason=reason).reshape(-1, len(steps)) for reason in self.by_reason]
        shared = shared_out(np.exp(-whole).reshape(-1, len(steps)), own)
        place = np.searchsorted(steps, asked)
        return {
            reason: each.reshape(whole.shape)[:, :, place] for reason, each in zip(self.by_reason, shared, strict=True)
        }

    def extrapolated(self, horizons: Iterable[float], customers: Iterable[str] | None = None) -> np.ndarray:
        """Whether what is asked lies beyond what was observed, (n, H); parameters as in `conditional_survival`.

        Parameters
        ----------
        horizons (H,), customers
            As in `conditional_survival`.
        """
        _, tenure = self._asked(customers)
        return tenure[:, None] + np.array([float(each) for each in horizons]) > self.observed

    def hazard(self, rows: pd.DataFrame, since: np.ndarray, until: np.ndarray, *, reason: str = ANY) -> np.ndarray:
        """Hazard (D, n, H) that customers with these columns are exposed to from `since` (n,) to `until` (n, H).

        Parameters
        ----------
        rows
            Of `customers`, n of them.
        since (n,), until (n, H)
            Tenures.
        reason
            Of leaving; any where it is not said.
        """
        if until.size and until.max() > self.grid[-1] + 1e-9:
            raise DataError(
                sentence(
                    "horizons: got {horizon}, expected at most {last} for every customer, as far as draws reach.",
                    horizon=span(float((until - since[:, None]).max()), ""),
                    last=span(float(self.grid[-1] - since.max()), ""),
                )
            )
        columns = rows.drop(columns="tenure").to_numpy(dtype=float)
        total = np.zeros((self.effects.shape[1], *until.shape))
        own = (self.effects, self.hazards) if reason == ANY else self.by_reason[reason]
        for effects, hazards in zip(*own, strict=True):
            ratio = np.exp(effects @ columns.T)
            total += ratio[:, :, None] * (self._at(hazards, until) - self._at(hazards, since)[:, :, None])
        return total

    def _asked(self, customers: Iterable[str] | None) -> tuple[pd.DataFrame, np.ndarray]:
        rows = self.customers if customers is None else self._rows(list(customers))
        return rows, rows["tenure"].to_numpy(dtype=float)

    def _at(self, hazards: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Hazards (D, G) interpolated at times of any shape."""
        place = np.clip(np.searchsorted(self.grid, times, side="right") - 1, 0, len(self.grid) - 2)
        share = (times - self.grid[place]) / (self.grid[place + 1] - self.grid[place])
        return hazards[:, place] * (1 - share) + hazards[:, place + 1] * share

    def _rows(self, wanted: list[str]) -> pd.DataFrame:
        absent = [each for each in wanted if each not in self.customers.index]
        if absent:
            raise DataError(
                sentence(
                    "customers: got {count} who are not among the active, expected ids of `customer_id`.",
                    count=len(absent),
                )
            )
        return self.customers.loc[wanted]


def read_draws(draws: pd.DataFrame, customers: pd.DataFrame) -> SurvivalDraws:
    """Read `tables/survival_draws.parquet` and `private/survival_customers.parquet` of a run.

    Parameters
    ----------
    draws
        A row for each draw and episode of life: effects and hazards.
    customers
        A row for each customer: `customer_id`, `tenure` and columns.

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
        raise DataError(
            sentence(
                "survival_customers: got no column {names}, expected those of survival_draws.", names=listing(lacking)
            )
        )
    times = [name for name in draws.columns if name.startswith(HAZARD)]
    if "reason" not in draws.columns:
        draws = draws.assign(reason=ANY)
    by_reason = {}
    for reason, rows in draws.groupby("reason", sort=False):
        parts = [part.sort_values("draw") for _, part in rows.groupby("episode", sort=True)]
        own, hazard = (np.stack([part[some].to_numpy(dtype=float) for part in parts]) for some in (effects, times))
        by_reason[str(reason)] = (own, hazard)
    if ANY not in by_reason:
        raise DataError(sentence("survival_draws.reason: got no empty one, expected draws of leaving for any reason."))
    whole, hazards = by_reason.pop(ANY)
    return SurvivalDraws(
        effects=whole,
        hazards=hazards,
        grid=np.array([float(name.removeprefix(HAZARD)) for name in times]),
        customers=customers.set_index("customer_id")[["tenure", *names]],
        by_reason=by_reason,
        observed=float(draws["observed"].min()) if "observed" in draws.columns else np.inf,
    )
