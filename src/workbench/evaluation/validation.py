"""How well a survival model predicts customers that it has not seen."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.brier import integrated, weighted_errors
from workbench.evaluation.calibration import GROUPS, calibration, calibration_error
from workbench.evaluation.censoring import (
    FLOOR,
    LEAST_FOLLOWED,
    CensoringModel,
    CensoringSurvival,
    censoring_curve,
    marginal,
    safe_until,
)
from workbench.evaluation.concordance import Pairs, auc_at, concordance, count_dependent_pairs, count_pairs, uno_weights
from workbench.evaluation.smooth_calibration import calibration_distances, observed_shares
from workbench.evaluation.survival_evaluation import SCORES, Evaluation
from workbench.pace import paced
from workbench.statistics.at_risk import begins, gone_by, observed_for, there_at
from workbench.statistics.horizons import clean_horizons
from workbench.statistics.product_limit import normal_quantile, product_limit, survival_at, survival_before
from workbench.statistics.resolution import on_step, resolution

GRID = 100
"""Times at which squared errors are averaged."""
MOST_PAIRED = 10_000
"""Of more customers than this so many are compared in pairs that each have a weight of their own."""
CARRIED = 25
"""What fewer customers say about the end of the data is not continued beyond it, as in models."""
NEVER = 1e-12
"""Stands for a share of 0, of which there is no logarithm."""
ONE_ERROR = 0.6827
"""Level of an interval that is one standard error to either side."""
CHUNK = 20_000
"""Customers whose errors over the grid are in memory at once."""


class SurvivalModel(Protocol):
    """What a model must be able to do to be evaluated."""

    def predict_survival(
        self, frame: pd.DataFrame, times: Iterable[float], *, tenure: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Share still there: one row a customer_id, one column a time.

        With `tenure=` (n,), for customers who have lasted so long (minus infinity: followed from the first moment),
        times counted from there; asked for only where `lifetimes` has an `entry` above 0.

        Parameters
        ----------
        frame
            Customers as in `lifetimes` of `cross_validate`, with what the model needs.
        times
            At which survival is wanted, in the unit of the durations.
        tenure
            (n,): see above; from the beginning of the lifetimes where it is None.
        """


def cross_validate(
    fit: Callable[[pd.DataFrame], SurvivalModel],
    lifetimes: pd.DataFrame,
    horizons: Iterable[float],
    *,
    folds: int = 5,
    repeats: int = 2,
    random_seed: int,
    parts: int | None = None,
    confidence: float = 0.9,
    time_unit: str = "month",
    censoring: CensoringModel | None = None,
    until: float | None = None,
) -> Evaluation:
    """Repeated stratified k-fold: each customer is predicted by models fitted without them.

    Customers are assigned at random, leavers and others apart, so that each fold has its share of both. Ranking
    is evaluated within each fold (scores of different fits are not comparable), shares by the mean over repeats.
    Concordance ranks by how long each is predicted to stay, the AUC at a horizon by the risk at that horizon: where
    hazard ratios change, these differ, and no one score ranks for all times.
    Where some were customers before the records begin, times count from there and predictions are for those who had
    lasted so far.

    Parameters
    ----------
    fit
        Fits a model to some of the rows, for instance `CoxModel.refit`. Where it raises DataError the fit has failed:
        the customers it was to predict are not evaluated by it, and a check counts such fits.
    lifetimes
        `customer_id`, `duration`, `event`, `entry` (0 where it is not there) and covariates, all usable by the model.
        With a column `weight` (of a survey) every score is that of those for whom
        customers stand.
    horizons
        Times at which shares are evaluated; left out are those that the customers of some fit do not reach, and those
        below the steps in which durations were recorded.
    folds, repeats
        Parts that customers are assigned to, and how often.
    random_seed
        Seed of the dealing.
    parts
        How many of the folds are predicted in each repeat; all where it is None. Of a million customers one is enough.
    confidence, time_unit
        Level of intervals, and what durations are counted in.
    censoring
        Probabilities of being followed, by which those who were not are made up for: `marginal` (the same for all)
        where it is None, `workbench.models.survival.forecast.censoring_weights` where they depend on covariates.
    until
        Where scores over time end at the latest.
    """
    tally = _Tally(lifetimes, censoring, until)
    dealer = np.random.default_rng(random_seed)
    dealt = [_deal(tally.events, folds, dealer) for _ in range(repeats)]
    predicted = range(folds if parts is None else parts)
    reach = min(tally.durations[fold != place].max() for fold in dealt for place in predicted)
    tally.look_at(clean_horizons(horizons), reach)
    for fold in paced(dealt):
        for place in predicted:
            test, train = np.flatnonzero(fold == place), np.flatnonzero(fold != place)
            tally.dealt[test] = True
            try:
                model = fit(lifetimes.iloc[train])
            except DataError:
                tally.failed += 1
                continue
            tally.predict(model, test, lifetimes.iloc[train])
        tally.end_repeat()
    return tally.evaluation(folds=len(predicted), repeats=repeats, confidence=confidence, time_unit=time_unit)


def evaluate(
    model: SurvivalModel,
    test: pd.DataFrame,
    horizons: Iterable[float],
    *,
    train: pd.DataFrame,
    confidence: float = 0.9,
    time_unit: str = "month",
    censoring: CensoringModel | None = None,
    since: str = "",
    lapse: bool = False,
) -> Evaluation:
    """Evaluate one model on customers that it has not seen, or on the time after the one that it has seen.

    Parameters
    ----------
    test
        As `lifetimes` in `cross_validate`: who was active at the cut-off, `entry` being their tenure then.
    train
        What the model was fitted on: the curve that it has to beat is made of it.
    since
        The cut-off in words, where `test` begins when `train` ends: then the evaluation is out of time.
    lapse
        Whether leaving is a lapse in buying, and to be called so.
    horizons, confidence, time_unit, censoring
        As in `cross_validate`; horizons count from the cut-off.
    model
        Fitted on `train`.
    """
    tally = _Tally(test, censoring)
    tally.look_at(clean_horizons(horizons), tally.durations.max())
    tally.dealt[:] = True
    tally.predict(model, np.arange(len(test)), train)
    tally.end_repeat()
    found = tally.evaluation(folds=1, repeats=1, confidence=confidence, time_unit=time_unit, since=since)
    return replace(found, lapse=lapse)


class _Tally:
    """What has been predicted so far, customer by customer, on the clock that starts when each is first observed."""

    def __init__(self, lifetimes: pd.DataFrame, censoring: CensoringModel | None, until: float | None = None):
        entry = lifetimes["entry"].to_numpy(dtype=float) if "entry" in lifetimes.columns else None
        self.tenure = entry if entry is not None and (entry > 0).any() else None
        begun = 0.0 if self.tenure is None else self.tenure
        self.durations = observed_for(lifetimes["duration"].to_numpy(dtype=float), begun)
        self.events = lifetimes["event"].to_numpy().astype(bool)
        self.stands = _stands(lifetimes)
        self.customers = lifetimes.assign(duration=self.durations, event=self.events)
        self.depends = censoring is not None
        self.censoring = censoring or marginal(self.durations, self.events, self.stands)
        self.until = min(safe_until(self.durations, self.events), np.inf if until is None else until)
        # Between the steps in which times were recorded nobody was seen to leave: predictions count at the steps.
        self.step = resolution(self.durations if self.tenure is None else np.append(self.durations, self.tenure))
        grid = np.linspace(0, self.until, GRID + 1)[1:] if self.until > 0 else np.zeros(0)
        self.grid = np.unique(on_step(grid, self.step))
        self.grid = self.grid[self.grid > 0]
        self.failed = 0
        self.pairs: list[Pairs] = []
        self.uno: list[Pairs] = []
        size = len(lifetimes)
        self.predicted, self.stay = np.zeros(size), np.zeros(size)
        self.dealt = np.zeros(size, dtype=bool)  # whom some fit was to predict
        self.errors, self.plain_errors = np.zeros(size), np.zeros(size)
        self._right = {kind: (np.zeros(size), np.zeros(size)) for kind in ("all", "uno")}

    def look_at(self, horizons: tuple[float, ...], reach: float) -> None:
        self.horizons = tuple(horizon for horizon in horizons if self.step <= horizon <= reach)
        self.beyond = tuple(horizon for horizon in horizons if horizon not in self.horizons)
        size = (len(self.customers), len(self.horizons))
        self.survival, self.baseline, self.ranks = np.zeros(size), np.zeros(size), np.zeros(size)
        times = np.array([*self.horizons, *self.grid])
        parts = [self.censoring(self.customers.iloc[rows], times[: len(self.horizons)]) for rows in self._chunks()]
        self.weights = CensoringSurvival(
            before=np.concatenate([part.before for part in parts]), at=np.concatenate([part.at for part in parts])
        )

    def predict(self, model: SurvivalModel, rows: np.ndarray, train: pd.DataFrame) -> None:
        """Add a model's predictions for some of the customers."""
        late = train["entry"].to_numpy(dtype=float) if "entry" in train.columns else None
        plain = product_limit(
            train["duration"].to_numpy(),
            train["event"].to_numpy(),
            entry=late if late is not None and (late > 0).any() else None,
            weights=_stands(train),
        )
        held_out = self.customers.iloc[rows]
        self.predicted[rows] += 1
        survival = np.concatenate([self._errors(model, rows[piece], plain) for piece in self._chunks(len(rows))])
        self.survival[rows] += survival
        self.ranks[rows] += (pd.DataFrame(survival).rank().to_numpy() - 0.5) / len(rows)
        seen = (self.durations[rows], self.events[rows], -self.stay[rows])
        before, stands = self.weights.before[rows], None if self.stands is None else self.stands[rows]
        if self.depends:  # every pair has a weight of its own, so of many customers some are compared
            few = np.arange(len(rows))
            if len(rows) > MOST_PAIRED:
                few = np.random.default_rng(len(rows)).choice(len(rows), MOST_PAIRED, replace=False)
            some = held_out.iloc[few]
            uno = count_dependent_pairs(
                durations=seen[0][few],
                events=seen[1][few],
                risk=seen[2][few],
                before=before[few],
                followed_at=lambda times: self.censoring(some, times).at,
                until=self.until,
                stands=None if stands is None else stands[few],
            )
        else:
            few = np.arange(len(rows))
            weights = uno_weights(self.durations[rows], np.maximum(before, FLOOR), self.until)
            uno = count_pairs(*seen, weights=weights, stands=stands)
        whole = count_pairs(*seen, stands=stands)
        for kind, place, counted in (("all", rows, whole), ("uno", rows[few], uno)):
            self._right[kind][0][place], self._right[kind][1][place] = counted.right, counted.comparable

    def _errors(self, model: SurvivalModel, rows: np.ndarray, plain: pd.DataFrame) -> np.ndarray:
        """Survival predicted at the horizons, (rows, H).

        Notes the curve's, how long each is predicted to stay, and squared errors averaged over the grid.
        """
        frame = self.customers.iloc[rows]
        # Not beyond the fit: there a model says nothing, and the last customers are few.
        last = plain["time"].iloc[-1]
        horizons = on_step(np.array(self.horizons), self.step)
        times = np.unique([*horizons, *self.grid[self.grid <= last]])
        if not len(times):
            return np.zeros((len(rows), 0))
        given = {} if self.tenure is None else {"tenure": begins(self.tenure[rows])}
        survival = model.predict_survival(frame, times, **given).to_numpy()
        baseline = _plain_survival(plain, times, given.get("tenure"))
        baseline = np.broadcast_to(baseline, survival.shape)
        whole = np.column_stack([np.ones(len(rows)), survival])
        self.stay[rows] = np.trapezoid(whole, np.append(0.0, times), axis=1)
        at = np.searchsorted(times, horizons)
        self.baseline[rows] += baseline[:, at]
        grid = self.grid[self.grid <= last]
        if len(grid) < 2:
            return survival[:, at]
        place, weights = np.searchsorted(times, grid), self.censoring(frame, grid)
        for target, predicted in ((self.errors, survival), (self.plain_errors, baseline)):
            errors = weighted_errors(self.durations[rows], self.events[rows], predicted[:, place], grid, weights)
            errors = np.column_stack([np.zeros(len(rows)), errors])  # nobody has left at 0
            target[rows] += integrated(errors, np.append(0.0, grid))
        return survival[:, at]

    def end_repeat(self) -> None:
        for kind, kept in (("all", self.pairs), ("uno", self.uno)):
            right, comparable = self._right[kind]
            if comparable.any():
                kept.append(Pairs(right, comparable))
            self._right[kind] = (np.zeros(len(right)), np.zeros(len(right)))

    def evaluation(self, *, folds: int, repeats: int, confidence: float, time_unit: str, since: str = "") -> Evaluation:
        known = self.predicted > 0
        times = np.maximum(self.predicted, 1)
        self.survival, self.baseline = self.survival / times[:, None], self.baseline / times[:, None]
        self.ranks = self.ranks / times[:, None]
        self.errors, self.plain_errors = (each / times for each in (self.errors, self.plain_errors))
        evaluated = [self._at(place, known, confidence) for place in range(len(self.horizons) if known.any() else 0)]
        share, error = concordance(self.pairs) if self.pairs else (float("nan"), float("nan"))
        uno, uno_error = concordance(self.uno) if self.uno else (float("nan"), float("nan"))
        stands = None if self.stands is None else self.stands[known]
        scored = len(self.grid) > 1 and known.any()
        score, plain, gain = (
            _mean(each[known], stands) if scored else (float("nan"),) * 2
            for each in (self.errors, self.plain_errors, self.plain_errors - self.errors)
        )
        half = normal_quantile(confidence) * gain[1]
        return Evaluation(
            concordance=share,
            standard_error=error,
            uno=uno,
            uno_error=uno_error,
            until=self.until,
            integrated_brier=score[0] if scored else None,
            integrated_brier_km=plain[0] if scored else None,
            integrated_gain=(gain[0] - half, gain[0] + half) if scored else None,
            weights_depend=self.depends,
            since=since,
            scores=pd.DataFrame([score for score, _ in evaluated], columns=SCORES).astype("Float64"),
            calibration=pd.concat([table for _, table in evaluated if len(table)] or [pd.DataFrame(columns=GROUPS)]),
            beyond=self.beyond,
            failed=self.failed,
            customers=int(known.sum()),
            worth=None if stands is None else float(stands.sum() ** 2 / (stands**2).sum()),
            events=int(self.events[known].sum()),
            folds=folds,
            repeats=repeats,
            confidence=confidence,
            time_unit=time_unit,
        )

    def _at(self, place: int, known: np.ndarray, confidence: float) -> tuple[dict[str, float], pd.DataFrame]:
        """Scores and calibration groups at one horizon."""
        horizon = self.horizons[place]
        durations, events = self.durations[known], self.events[known]
        survival, baseline, ranks = (each[known, place] for each in (self.survival, self.baseline, self.ranks))
        stands = None if self.stands is None else self.stands[known]
        table = calibration(durations, events, survival, horizon, ranks=ranks, stands=stands, confidence=confidence)
        weights = CensoringSurvival(before=self.weights.before[known], at=self.weights.at[known][:, [place]])
        observed, error = self._observed(durations, events, stands, weights, horizon)
        score = {
            "horizon": horizon,
            "predicted": _mean(survival, stands)[0],
            "observed": observed,
            "observed_error": error,
            "evaluated": table["customers"].sum() / max(int(self.dealt.sum()), 1),
        }
        off = calibration_error(table, confidence)
        if off:
            score |= dict(zip(("calibration_error", "calibration_lower", "calibration_upper"), off, strict=True))
        curve = censoring_curve(durations, events, stands)
        there = there_at(durations, events, horizon)
        if there.any() and survival_before(curve, np.array([horizon]))[0] < LEAST_FOLLOWED:
            return score, table
        errors, plain = (
            weighted_errors(durations, events, each[:, None], np.array([horizon]), weights)[:, 0]
            for each in (survival, baseline)
        )
        gain, error = _mean(plain - errors, stands)
        half = normal_quantile(confidence) * error
        score |= {"brier": _mean(errors, stands)[0], "brier_km": _mean(plain, stands)[0]}
        score |= {"gain_lower": gain - half, "gain_upper": gain + half}
        if (area := auc_at(durations, events, -ranks, weights, horizon, stands=stands)) is not None:
            score["auc"] = area
        smooth = observed_shares(durations, events, survival, horizon, weights, stands=stands)
        if smooth is not None:
            score |= dict(zip(("ici", "e50", "e90"), calibration_distances(smooth, survival, stands), strict=True))
        return score, table

    def _observed(
        self,
        durations: np.ndarray,
        events: np.ndarray,
        stands: np.ndarray | None,
        weights: CensoringSurvival,
        horizon: float,
    ) -> tuple[float, float]:
        """Share still there at a horizon and its standard error: the customers' curve.

        Where follow-up depends on who somebody is, those whose state is known, by how likely they were to be followed.
        """
        if not self.depends:
            table = product_limit(durations, events, weights=stands, confidence=ONE_ERROR)
            share, lower, upper = (
                float(survival_at(table, np.array([horizon]), end)[0]) for end in ("survival", "lower", "upper")
            )
            return share, (upper - lower) / 2
        there, gone = there_at(durations, events, horizon), gone_by(durations, events, horizon)
        known = there / np.maximum(weights.at[:, 0], FLOOR) + gone / np.maximum(weights.before, FLOOR)
        return _mean(there.astype(float), known if stands is None else known * stands)

    def _chunks(self, count: int | None = None) -> list[slice]:
        count = len(self.customers) if count is None else count
        return [slice(start, start + CHUNK) for start in range(0, count, CHUNK)]


def _stands(lifetimes: pd.DataFrame) -> np.ndarray | None:
    """For how many others each stands, 1 on average; None where all count the same."""
    if "weight" not in lifetimes.columns:
        return None
    weight = lifetimes["weight"].to_numpy(dtype=float)
    return None if np.ptp(weight) == 0 else weight / weight.mean()


def _mean(values: np.ndarray, weights: np.ndarray | None) -> tuple[float, float]:
    """Mean of values (n,) and its standard error, by linearisation where they are weighted; NaN without any weight."""
    weights = np.ones(len(values)) if weights is None else weights
    if not (total := weights.sum()) > 0:
        return float("nan"), float("nan")
    mean = float((weights * values).sum() / total)
    return mean, float(np.sqrt((weights**2 * (values - mean) ** 2).sum()) / total)


def _plain_survival(curve: pd.DataFrame, times: np.ndarray, tenure: np.ndarray | None) -> np.ndarray:
    """One curve for everybody at `times`, (K,).

    For those who have lasted for `tenure`, (n, K), carried on beyond the data at the average hazard of their last
    third.
    """
    if tenure is None:
        return survival_at(curve, times)
    # Beyond the last time at which enough were at risk the curve is carried on as models carry theirs on: customers
    # with the longest tenure would else be said to stay for ever, or to be gone, and any model would beat that. Under
    # late entry the first few at risk could take the curve to 0 as well.
    at_risk, events = curve["at_risk"].to_numpy(dtype=float), curve["events"].to_numpy(dtype=float)
    enough = at_risk >= min(CARRIED, at_risk.max())
    stays = 1 - np.divide(events, at_risk, out=np.zeros_like(events), where=enough)
    hazard = np.append(0.0, -np.log(np.maximum(stays, NEVER)).cumsum())
    time, until = curve["time"].to_numpy(), float(curve["time"][enough].iloc[-1])

    def so_far(at: np.ndarray) -> np.ndarray:
        return hazard[np.searchsorted(time, np.minimum(at, until), side="right")]

    growth = float(so_far(np.array(until)) - so_far(np.array(until * 2 / 3)))
    rate = growth / (until / 3) if until > 0 else 0.0

    def carried(at: np.ndarray) -> np.ndarray:
        return so_far(at) + rate * np.maximum(at - until, 0.0)

    return np.exp(carried(tenure)[:, None] - carried(np.maximum(tenure, 0.0)[:, None] + times))


def _deal(events: np.ndarray, folds: int, dealer: np.random.Generator) -> np.ndarray:
    """A fold for each customer; leavers and others each in equal parts."""
    fold = np.empty(len(events), dtype=int)
    for kind in (True, False):
        rows = dealer.permutation(np.flatnonzero(events == kind))
        fold[rows] = np.arange(len(rows)) % folds
    return fold
