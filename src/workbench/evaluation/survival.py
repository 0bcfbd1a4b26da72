"""How well a survival model foretells customers that it has not seen."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.brier import integrated, weighted_errors
from workbench.evaluation.calibration import calibration, calibration_error
from workbench.evaluation.censoring import (
    FLOOR,
    LEAST_FOLLOWED,
    Followed,
    FollowedBy,
    followed_curve,
    marginal,
    safe_until,
)
from workbench.evaluation.concordance import Pairs, auc_at, concordance, count_dependent_pairs, count_pairs, uno_weights
from workbench.evaluation.horizons import clean_horizons
from workbench.evaluation.product_limit import normal_quantile, product_limit, survival_at
from workbench.evaluation.smooth import calibration_distances, observed_shares
from workbench.evaluation.verdicts import SCORES, Evaluation

GROUPS = ["horizon", "customers", "predicted", "observed", "lower", "upper"]
GRID = 100
"""Times at which squared errors are averaged."""
MOST_PAIRED = 10_000
"""Of more customers than this so many are compared in pairs that each have a weight of their own."""
CARRIED = 25
"""What fewer customers say about the end of the data is not continued beyond it, as in models."""
NEVER = 1e-12
"""Stands for a share of 0, of which there is no logarithm."""
CHUNK = 20_000
"""Customers whose errors over the grid are held at once."""


class SurvivalModel(Protocol):
    """What a model must be able to do to be evaluated."""

    def log_hazard(self, frame: pd.DataFrame) -> pd.Series:
        """A risk score by customer_id; higher leaves sooner."""

    def predict_survival(self, frame: pd.DataFrame, times: Iterable[float], **tenure: np.ndarray) -> pd.DataFrame:
        """Share still there: one row a customer_id, one column a time. With `tenure=` (n,), for customers who have
        lasted so long, times counted from there; asked for only where `lifetimes` has an `entry` above 0."""


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
    followed: FollowedBy | None = None,
) -> Evaluation:
    """Repeated stratified k-fold: each customer is foretold by models fitted without them.

    Customers are dealt to folds at random, leavers and others apart, so that each fold has its share of both. Ranking
    is judged within each fold (scores of different fits are not comparable), predicted shares by the mean over repeats.
    Where some were on board before the records begin, times count from there and predictions are for those who had
    lasted so far.

    Parameters
    ----------
    fit
        Fits a model to some of the rows, for instance `CoxModel.refit`. Where it raises DataError the fit has failed:
        the customers it was to foretell are not judged by it, and a check counts such fits.
    lifetimes
        `customer_id`, `duration`, `event`, `entry` (0 where it is not there) and covariates, all usable by the model
        (`CoxModel.complete_cases`).
    horizons
        Times at which shares are judged; those that the customers of some fit do not reach are left out.
    folds, repeats
        Parts that the customers are dealt to, and how often.
    random_seed
        Seed of the dealing.
    parts
        How many of the folds are foretold in each repeat; all where it is None. With a million customers one is enough.
    confidence, time_unit
        Level of intervals, and what durations are counted in.
    followed
        Probabilities of being followed, by which those who were not are made up for: `marginal` (the same for all)
        where it is None, `workbench.models.survival.follow_up.follow_up_weights` where they depend on covariates.
    """
    tally = _Tally(lifetimes, followed)
    dealer = np.random.default_rng(random_seed)
    dealt = [_deal(tally.events, folds, dealer) for _ in range(repeats)]
    foretold = range(folds if parts is None else parts)
    reach = min(tally.durations[fold != place].max() for fold in dealt for place in foretold)
    tally.look_at(clean_horizons(horizons), reach)
    for fold in dealt:
        for place in foretold:
            test, train = np.flatnonzero(fold == place), np.flatnonzero(fold != place)
            tally.dealt[test] = True
            try:
                model = fit(lifetimes.iloc[train])
            except DataError:
                tally.failed += 1
                continue
            tally.foretell(model, test, lifetimes.iloc[train])
        tally.end_repeat()
    return tally.evaluation(folds=len(foretold), repeats=repeats, confidence=confidence, time_unit=time_unit)


def evaluate(
    model: SurvivalModel,
    test: pd.DataFrame,
    horizons: Iterable[float],
    *,
    train: pd.DataFrame,
    confidence: float = 0.9,
    time_unit: str = "month",
    followed: FollowedBy | None = None,
    since: str = "",
    lapse: bool = False,
) -> Evaluation:
    """Judge one model on customers that it has not seen, or on the time after the one that it has seen.

    Parameters
    ----------
    test
        As `lifetimes` in `cross_validate`: who was on board at the cut-off, `entry` being their tenure then.
    train
        What the model was fitted on: the curve that it has to beat is made of it.
    since
        The cut-off in words, where `test` begins when `train` ends: then the evaluation is out of time.
    lapse
        Whether leaving is a lapse in buying, and to be called so.
    horizons, confidence, time_unit, followed
        As in `cross_validate`; horizons count from the cut-off.
    """
    tally = _Tally(test, followed)
    tally.look_at(clean_horizons(horizons), tally.durations.max())
    tally.dealt[:] = True
    tally.foretell(model, np.arange(len(test)), train)
    tally.end_repeat()
    found = tally.evaluation(folds=1, repeats=1, confidence=confidence, time_unit=time_unit, since=since)
    return replace(found, lapse=lapse)


class _Tally:
    """What has been foretold so far, customer by customer, on the clock that starts when each is first observed."""

    def __init__(self, lifetimes: pd.DataFrame, followed: FollowedBy | None):
        entry = lifetimes["entry"].to_numpy(dtype=float) if "entry" in lifetimes.columns else None
        self.tenure = entry if entry is not None and (entry > 0).any() else None
        begun = 0.0 if self.tenure is None else self.tenure
        self.durations = lifetimes["duration"].to_numpy(dtype=float) - begun
        self.events = lifetimes["event"].to_numpy().astype(bool)
        self.customers = lifetimes.assign(duration=self.durations, event=self.events)
        self.depends = followed is not None
        self.followed = followed or marginal(self.durations, self.events)
        self.until = safe_until(self.durations, self.events)
        self.grid = np.linspace(0, self.until, GRID + 1)[1:] if self.until > 0 else np.zeros(0)
        self.failed = 0
        self.pairs: list[Pairs] = []
        self.uno: list[Pairs] = []
        size = len(lifetimes)
        self.foretold, self.ranks = np.zeros(size), np.zeros(size)
        self.dealt = np.zeros(size, dtype=bool)  # whom some fit was to foretell
        self.errors, self.plain_errors = np.zeros(size), np.zeros(size)
        self._right = {kind: (np.zeros(size), np.zeros(size)) for kind in ("all", "uno")}

    def look_at(self, horizons: tuple[float, ...], reach: float) -> None:
        self.beyond = tuple(horizon for horizon in horizons if horizon > reach)
        self.horizons = tuple(horizon for horizon in horizons if horizon <= reach)
        size = (len(self.customers), len(self.horizons))
        self.survival, self.baseline = np.zeros(size), np.zeros(size)
        times = np.array([*self.horizons, *self.grid])
        parts = [self.followed(self.customers.iloc[rows], times[: len(self.horizons)]) for rows in self._chunks()]
        self.weights = Followed(
            before=np.concatenate([part.before for part in parts]), at=np.concatenate([part.at for part in parts])
        )

    def foretell(self, model: SurvivalModel, rows: np.ndarray, train: pd.DataFrame) -> None:
        """Add a model's predictions for some of the customers."""
        late = train["entry"].to_numpy(dtype=float) if "entry" in train.columns else None
        plain = product_limit(
            train["duration"].to_numpy(),
            train["event"].to_numpy(),
            entry=late if late is not None and (late > 0).any() else None,
        )
        held_out = self.customers.iloc[rows]
        self.foretold[rows] += 1
        for part in (rows[piece] for piece in self._chunks(len(rows))):
            self._errors(model, part, plain)
        risk = model.log_hazard(held_out).to_numpy()
        risk = np.where(np.isneginf(risk), -1e300, risk)
        self.ranks[rows] -= (pd.Series(risk).rank().to_numpy() - 0.5) / len(rows)
        seen = (self.durations[rows], self.events[rows], risk)
        before = self.weights.before[rows]
        if self.depends:  # every pair has a weight of its own, so of many customers some are compared
            few = np.arange(len(rows))
            if len(rows) > MOST_PAIRED:
                few = np.random.default_rng(len(rows)).choice(len(rows), MOST_PAIRED, replace=False)
            some = held_out.iloc[few]
            uno = count_dependent_pairs(
                *(each[few] for each in seen), before[few], lambda times: self.followed(some, times).at, self.until
            )
        else:
            few = np.arange(len(rows))
            weights = uno_weights(self.durations[rows], np.maximum(before, FLOOR), self.until)
            uno = count_pairs(*seen, weights=weights)
        for kind, place, counted in (("all", rows, count_pairs(*seen)), ("uno", rows[few], uno)):
            self._right[kind][0][place], self._right[kind][1][place] = counted.right, counted.comparable

    def _errors(self, model: SurvivalModel, rows: np.ndarray, plain: pd.DataFrame) -> None:
        """Predictions at the horizons, and squared errors averaged over the grid."""
        frame = self.customers.iloc[rows]
        # Not beyond the fit: there a model says nothing, and the last customers are few.
        last = plain["time"].iloc[-1]
        times = np.unique([*self.horizons, *self.grid[self.grid <= last]])
        if not len(times):
            return
        given = {} if self.tenure is None else {"tenure": self.tenure[rows]}
        survival = model.predict_survival(frame, times, **given).to_numpy()
        baseline = _plain_survival(plain, times, None if self.tenure is None else self.tenure[rows])
        baseline = np.broadcast_to(baseline, survival.shape)
        place = np.searchsorted(times, self.horizons)
        self.survival[rows] += survival[:, place]
        self.baseline[rows] += baseline[:, place]
        grid = self.grid[self.grid <= last]
        if len(grid) < 2:
            return
        place, weights = np.searchsorted(times, grid), self.followed(frame, grid)
        for target, predicted in ((self.errors, survival), (self.plain_errors, baseline)):
            errors = weighted_errors(self.durations[rows], self.events[rows], predicted[:, place], grid, weights)
            errors = np.column_stack([np.zeros(len(rows)), errors])  # nobody has left at 0
            target[rows] += integrated(errors, np.append(0.0, grid))

    def end_repeat(self) -> None:
        for kind, kept in (("all", self.pairs), ("uno", self.uno)):
            right, comparable = self._right[kind]
            if comparable.any():
                kept.append(Pairs(right, comparable))
            self._right[kind] = (np.zeros(len(right)), np.zeros(len(right)))

    def evaluation(self, *, folds: int, repeats: int, confidence: float, time_unit: str, since: str = "") -> Evaluation:
        known = self.foretold > 0
        times = np.maximum(self.foretold, 1)
        self.survival, self.baseline = self.survival / times[:, None], self.baseline / times[:, None]
        self.ranks, self.errors, self.plain_errors = (
            each / times for each in (self.ranks, self.errors, self.plain_errors)
        )
        judged = [self._at(place, known, confidence) for place in range(len(self.horizons) if known.any() else 0)]
        share, error = concordance(self.pairs) if self.pairs else (float("nan"), float("nan"))
        uno, uno_error = concordance(self.uno) if self.uno else (float("nan"), float("nan"))
        gain = (self.plain_errors - self.errors)[known]
        scored = len(self.grid) > 1 and known.any()
        half = normal_quantile(confidence) * gain.std() / np.sqrt(max(len(gain), 1)) if scored else float("nan")
        return Evaluation(
            concordance=share,
            standard_error=error,
            uno=uno,
            uno_error=uno_error,
            until=self.until,
            integrated_brier=float(self.errors[known].mean()) if scored else None,
            integrated_brier_km=float(self.plain_errors[known].mean()) if scored else None,
            integrated_gain=(float(gain.mean() - half), float(gain.mean() + half)) if scored else None,
            weights_depend=self.depends,
            since=since,
            scores=pd.DataFrame([score for score, _ in judged], columns=SCORES).astype("Float64"),
            calibration=pd.concat([table for _, table in judged if len(table)] or [pd.DataFrame(columns=GROUPS)]),
            beyond=self.beyond,
            failed=self.failed,
            customers=int(known.sum()),
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
        survival, baseline = self.survival[known, place], self.baseline[known, place]
        table = calibration(durations, events, survival, horizon, ranks=self.ranks[known], confidence=confidence)
        score = {
            "horizon": horizon,
            "predicted": survival.mean(),
            "observed": survival_at(product_limit(durations, events), np.array([horizon]))[0],
            "judged": table["customers"].sum() / max(int(self.dealt.sum()), 1),
        }
        if self.depends:  # the plain curve cannot allow for follow-up that depends on who somebody is
            score["observed"] = self._still_there(place, known)
        off = calibration_error(table, confidence)
        if off:
            score |= dict(zip(("calibration_error", "calibration_lower", "calibration_upper"), off, strict=True))
        curve = followed_curve(durations, events)
        if (durations > horizon).any() and survival_at(curve, np.array([horizon]))[0] < LEAST_FOLLOWED:
            return score, table
        weights = Followed(before=self.weights.before[known], at=self.weights.at[known][:, [place]])
        errors, plain = (
            weighted_errors(durations, events, each[:, None], np.array([horizon]), weights)[:, 0]
            for each in (survival, baseline)
        )
        gain = plain - errors
        half = normal_quantile(confidence) * gain.std() / np.sqrt(len(gain))
        score |= {"brier": errors.mean(), "brier_km": plain.mean()}
        score |= {"gain_lower": gain.mean() - half, "gain_upper": gain.mean() + half}
        if (area := auc_at(durations, events, -self.ranks[known], weights.before, horizon)) is not None:
            score["auc"] = area
        if (observed := observed_shares(durations, events, survival, horizon, weights)) is not None:
            score |= dict(zip(("ici", "e50", "e90"), calibration_distances(observed, survival), strict=True))
        return score, table

    def _still_there(self, place: int, known: np.ndarray) -> float:
        """Share still there at a horizon: those whose state then is known, by how likely they were to be followed."""
        horizon, durations = self.horizons[place], self.durations[known]
        there = (durations > horizon) / np.maximum(self.weights.at[known, place], FLOOR)
        gone = self.events[known] & (durations <= horizon)
        gone = gone / np.maximum(self.weights.before[known], FLOOR)
        total = there.sum() + gone.sum()
        return float(there.sum() / total) if total > 0 else float("nan")

    def _chunks(self, count: int | None = None) -> list[slice]:
        count = len(self.customers) if count is None else count
        return [slice(start, start + CHUNK) for start in range(0, count, CHUNK)]


def _plain_survival(curve: pd.DataFrame, times: np.ndarray, tenure: np.ndarray | None) -> np.ndarray:
    """One curve for everybody at `times`, (K,); for those who have lasted for `tenure`, (n, K), carried on beyond the
    data at the average hazard of their last third."""
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

    return np.exp(carried(tenure)[:, None] - carried(tenure[:, None] + times))


def _deal(events: np.ndarray, folds: int, dealer: np.random.Generator) -> np.ndarray:
    """A fold for each customer; leavers and others each spread evenly."""
    fold = np.empty(len(events), dtype=int)
    for kind in (True, False):
        rows = dealer.permutation(np.flatnonzero(events == kind))
        fold[rows] = np.arange(len(rows)) % folds
    return fold
