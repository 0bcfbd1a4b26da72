"""Models evaluated and one selected: on the time after a cut-off where there are dates, else on customers left out."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from workbench.evaluation.censoring import CensoringModel, CensoringSurvival
from workbench.evaluation.model_comparison import ModelComparison
from workbench.evaluation.recalibration import HeldOut, RecalibrationEffect, evaluate_recalibration
from workbench.evaluation.survival_evaluation import Evaluation
from workbench.evaluation.validation import cross_validate, evaluate
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.levels import as_levels
from workbench.models.survival.cox.cause_specific import CauseSpecific, fit_cause_specific
from workbench.models.survival.cox.functional_form import functional_form
from workbench.models.survival.cox.model import CoxModel, fit_cox
from workbench.models.survival.cox.predictions import Predictions, chunks
from workbench.models.survival.cox.time_varying_effects import TimeVaryingCox, fit_time_varying
from workbench.models.survival.forecast.active_customers import AHEAD
from workbench.models.survival.forecast.backtest import Backtest, backtest
from workbench.models.survival.forecast.censoring_weights import censoring_weights
from workbench.models.survival.forecast.landmarks import (
    WINDOW,
    LandmarkCox,
    fit_landmark_boosted,
    fit_landmark_cause_specific,
    fit_landmark_cox,
)
from workbench.models.survival.forecast.recalibrated import at_level, held_out_of, out_of_fold, recalibrated
from workbench.models.survival.forecast.scenario import numbers_of
from workbench.models.survival.forecast.season import Season, by_month, change_point, find_season
from workbench.models.survival.lifetimes.episodes import at_start, on_episodes
from workbench.models.survival.lifetimes.read import Lifetimes
from workbench.models.survival.lifetimes.subscriptions import Spells
from workbench.wording import number, sentence

type Episodic = CoxModel | TimeVaryingCox
"""Models whose hazard ratios stay the same within episodes of life."""

MOST_FOLDED = 50_000
"""Of more customers than this one part in five is predicted, once, instead of every part several times."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """What came out.

    Attributes
    ----------
    comparison
        The models by name.
    model
        The best of them, fitted to everything and recalibrated where that helps; where all lose to one curve for
        everybody, that curve. None where no Cox model could be fitted.
    recalibration
        What was learned about that, and what it does; None where nothing could be evaluated.
    reasons
        The hazards by reason that go with `model`; None where reasons are not known.
    day
        The cut-off; None without dates.
    backtest
        Of the time after it by the best model, which had not seen it; None without dates.
    time_varying
        The model with time-varying effects, fitted to everything; None where none are needed, or it has no maximum.
    problems
        Why something could not be evaluated, or what to know about the model.
    covariates, histories
        What models were given.
    season
        As all of the records show it; None without dates, and of lapses.
    """

    comparison: ModelComparison | None
    model: Predictions | None
    reasons: CauseSpecific | None
    recalibration: RecalibrationEffect | None
    day: pd.Timestamp | None
    backtest: Backtest | None
    time_varying: TimeVaryingCox | None
    problems: tuple[Check, ...] = ()
    covariates: tuple[str, ...] = ()
    histories: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    season: Season | None = None

    def headline(self) -> tuple[Finding, ...]:
        """That the best model loses to one curve for everybody: what a reader should know before anything else."""
        return self.comparison.evaluations[self.comparison.best].headline() if self.comparison else ()

    @property
    def evaluation(self) -> Evaluation | None:
        """How good the best model is on customers, or time, that it had not seen; None where that could not be told."""
        return self.comparison.evaluations[self.comparison.best] if self.comparison else None

    def performance(self) -> Iterator[Showable]:
        """What could not be evaluated, how well the best model predicts, beside which others, and its calibration."""
        yield self.problems
        evaluation = self.evaluation
        if self.comparison is None or evaluation is None:
            return
        yield evaluation.metrics()
        yield evaluation.findings()
        yield self.comparison.checks()
        yield Table(
            name="models",
            frame=self.comparison.table(),
            caption=sentence(
                "Squared error of predictions, averaged over time (0 is perfect), and how much less it is than that of "
                "one curve."
            ),
            people=None,
            columns={
                "model": Column(sentence("model")),
                "integrated_brier": Column(sentence("squared error")),
                "uno_c": Column(sentence("concordance (Uno)")),
                "gain": Column(sentence("gain"), "share"),
            },
        )
        yield Figure(
            name="calibration",
            draw=evaluation.plot,
            title=evaluation.title(),
            alt=evaluation.describe(),
            caption=sentence(
                "Groups of similar predictions for customers that the model had not seen, with intervals of what was "
                "observed."
            ),
        )

    def for_scenarios(self, lifetimes: Lifetimes) -> list[Predictions]:
        """Models for scenarios: the one used, and where it knows nothing new, one that does; none without a model.

        Parameters
        ----------
        lifetimes
            Those that the models were selected on.
        """
        if self.model is None:
            return []
        renewed = None
        if not set(self.histories) & set(numbers_of(self.model)):
            renewed = fit_landmark_cox(lifetimes.frame, self.covariates, self.histories, labels=lifetimes.labels)
        return [self.model, *([renewed] if renewed else [])]


def select_model(
    model: CoxModel,
    lifetimes: Lifetimes,
    horizons: Iterable[float],
    *,
    random_seed: int,
    cutoff: dt.date | None = None,
    folds: int = 5,
    repeats: int = 2,
    confidence: float | None = None,
    histories: Mapping[str, pd.DataFrame] | None = None,
    by_reason: CauseSpecific | None = None,
) -> Selection:
    """Evaluate a Cox model, one with time-varying effects and landmark models, and take the best.

    Parameters
    ----------
    model, lifetimes
        A fit to `lifetimes.frame`, and its lifetimes; where it is not usable, nothing comes out.
    horizons
        Times of life for evaluations without dates; with dates, horizons are months from the cut-off.
    random_seed, folds, repeats, confidence
        Of evaluations without dates; level of all intervals, that of the lifetimes where it is None.
    cutoff
        Day at which training ends; see `Spells.cutoff`.
    histories
        With dates, what became known of customers over time (`histories.covariate_histories`): models
        that take it in are evaluated with the others.
    by_reason
        Hazards by reason, fitted to `lifetimes.frame` as `model` is.
    """
    confidence = lifetimes.confidence if confidence is None else confidence
    if not model.usable:
        return Selection(
            comparison=None, model=None, reasons=None, recalibration=None, day=None, backtest=None, time_varying=None
        )
    time_varying = fit_time_varying(model, lifetimes.frame)
    plain_name, varying_name = sentence("one hazard ratio each"), sentence("time-varying hazard ratios")
    known: dict[str, Episodic] = {plain_name: model} | ({varying_name: time_varying} if time_varying else {})
    if lifetimes.spells is not None:
        return _out_of_time(
            model,
            known,
            lifetimes,
            lifetimes.spells,
            histories or {},
            by_reason,
            random_seed,
            cutoff=cutoff,
            confidence=confidence,
        )
    selected = _left_out(
        known, lifetimes, horizons, by_reason, random_seed, folds=folds, repeats=repeats, confidence=confidence
    )
    if cutoff is None:
        return selected
    message = sentence("The data have no dates, so the cutoff {day} was not used.", day=cutoff)
    title = sentence("Cut-off not used: no dates")
    check = Check(name="cutoff_without_dates", status="warn", title=title, message=message)
    return replace(selected, problems=(*selected.problems, check))


def _left_out(
    known: dict[str, Episodic],
    lifetimes: Lifetimes,
    horizons: Iterable[float],
    by_reason: CauseSpecific | None,
    random_seed: int,
    *,
    folds: int,
    repeats: int,
    confidence: float,
) -> Selection:
    """Without dates: on customers left out."""
    whole = lifetimes.frame
    rows = at_start(whole)
    covariates = [term.covariate for term in next(iter(known.values())).design.terms]
    weighting = censoring_weights(rows, covariates, horizons, time_unit=lifetimes.time_unit)
    censoring, horizons = weighting.censoring, weighting.horizons
    parts = None
    if len(rows) > MOST_FOLDED:
        folds, repeats, parts = 5, 1, 1
    evaluations = {
        name: cross_validate(
            on_episodes(each.refit, whole),
            rows,
            horizons,
            folds=folds,
            repeats=repeats,
            parts=parts,
            random_seed=random_seed,
            confidence=confidence,
            time_unit=lifetimes.time_unit,
            censoring=censoring,
            until=weighting.until,
        )
        for name, each in known.items()
    }
    comparison = ModelComparison(evaluations)
    best: Episodic = known[comparison.best]
    if comparison.loses:
        best, by_reason = _curve(whole, lifetimes.time_unit, confidence), by_reason and _curves(whole, by_reason)
    held_out = out_of_fold(on_episodes(best.refit, whole), rows, horizons, random_seed=random_seed, parts=parts)
    used: Predictions = best
    effect = None
    if held_out:
        effect = evaluate_recalibration(
            held_out[0],
            random_seed=random_seed,
            confidence=confidence,
            time_unit=lifetimes.time_unit,
            censoring=censoring and _censoring(censoring, *held_out),
        )
        used = recalibrated(best, effect.recalibration, *held_out)
    return Selection(
        comparison=comparison,
        model=used,
        reasons=by_reason,
        recalibration=effect,
        day=None,
        backtest=None,
        time_varying=_time_varying(known),
        problems=weighting.checks,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _LastKnown:
    """What models of what was last known take in; each fit is None where nothing is new, or it fails."""

    covariates: list[str]
    histories: Mapping[str, pd.DataFrame]
    labels: Mapping[str, str]
    confidence: float
    length: float
    random_seed: int

    def fits(self) -> dict[str, Callable[[pd.DataFrame], LandmarkCox | None]]:
        """How each is fitted to lifetimes, by its name."""
        return {
            sentence("what was last known, every quarter (landmarks)"): self._landmarks,
            sentence("boosted trees of what was last known"): self._trees,
        }

    def _landmarks(self, rows: pd.DataFrame) -> LandmarkCox | None:
        return fit_landmark_cox(
            rows, self.covariates, self.histories, confidence=self.confidence, labels=self.labels, length=self.length
        )

    def _trees(self, rows: pd.DataFrame) -> LandmarkCox | None:
        return fit_landmark_boosted(
            rows,
            self.covariates,
            self.histories,
            random_seed=self.random_seed,
            confidence=self.confidence,
            length=self.length,
        )


def _last_known(
    lifetimes: Lifetimes,
    spells: Spells,
    covariates: list[str],
    histories: Mapping[str, pd.DataFrame],
    *,
    confidence: float,
    random_seed: int,
) -> _LastKnown:
    if "weight" in lifetimes.frame.columns:  # models of what was last known do not allow for weights
        histories = {}
    return _LastKnown(
        covariates=covariates,
        histories={name: history for name, history in histories.items() if name not in covariates},
        labels=lifetimes.labels,
        confidence=confidence,
        length=WINDOW if spells.window is None else min(WINDOW, spells.window),
        random_seed=random_seed,
    )


def _out_of_time(
    model: CoxModel,
    known: dict[str, Episodic],
    lifetimes: Lifetimes,
    spells: Spells,
    histories: Mapping[str, pd.DataFrame],
    by_reason: CauseSpecific | None,
    random_seed: int,
    *,
    cutoff: dt.date | None,
    confidence: float,
) -> Selection:
    day = spells.cutoff(cutoff)
    train, test = spells.until(day), spells.after(day)
    covariates = [term.covariate for term in model.design.terms]
    earlier = fit_cox(train, covariates, confidence=confidence, time_unit=lifetimes.time_unit, labels=lifetimes.labels)
    if any(term.knots for term in model.design.terms):  # curves are found anew in what was known by then
        earlier = functional_form(earlier, train, random_seed=random_seed).model
    test = _encodable(earlier, test)
    if not earlier.usable or test.empty or not test["event"].any():
        return Selection(
            comparison=None,
            model=model,
            reasons=by_reason,
            recalibration=None,
            day=day,
            backtest=None,
            time_varying=_time_varying(known),
            problems=(_nothing_later(day),),
        )
    last_known = _last_known(lifetimes, spells, covariates, histories, confidence=confidence, random_seed=random_seed)
    fitted = _fitted_by(known, earlier, train, last_known)
    within = float((test["duration"] - test["entry"]).max())
    horizons = [within] if spells.lapse else [each for each in AHEAD if each <= within] or [within]
    evaluations = {
        name: evaluate(
            each,
            test,
            horizons,
            train=train,
            confidence=confidence,
            time_unit=lifetimes.time_unit,
            since=str(day.date()),
            lapse=spells.lapse,
        )
        for name, each in fitted.items()
    }
    comparison = ModelComparison(evaluations)
    chosen = fitted[comparison.best]
    if comparison.loses:
        chosen = _curve(train, lifetimes.time_unit, confidence)
    held_out = held_out_of(chosen, test, horizons)
    ahead = backtest(chosen, spells, day, confidence=confidence, there=test, standard=model)
    usual = ahead.season.factor(day, within)[0]
    in_season = replace(held_out, hazard=held_out.hazard * usual, at=held_out.at * usual, jump=held_out.jump * usual)
    effect = evaluate_recalibration(
        in_season, random_seed=random_seed, confidence=confidence, time_unit=lifetimes.time_unit, lapse=spells.lapse
    )
    final: Predictions
    if comparison.loses:
        final = _curve(lifetimes.frame, lifetimes.time_unit, confidence)
        by_reason = by_reason and _curves(lifetimes.frame, by_reason)
    elif comparison.best in known:
        final = known[comparison.best]
    else:
        final = last_known.fits()[comparison.best](lifetimes.frame) or model
    if by_reason is not None and isinstance(final, LandmarkCox):
        by_reason = fit_landmark_cause_specific(lifetimes.frame, covariates, last_known.histories)
    problems = _of_trees(final)
    used = recalibrated(final, effect.recalibration, held_out, test)
    season = None if spells.lapse else find_season(by_month(used, spells, spells.as_of))
    if ahead.beyond:
        used, problem = _since_the_change(used, spells, ahead)
        problems += (problem,)
    return Selection(
        comparison=comparison,
        model=used,
        reasons=by_reason,
        recalibration=effect,
        day=day,
        backtest=ahead,
        time_varying=_time_varying(known),
        problems=problems,
        covariates=tuple(covariates),
        histories=last_known.histories,
        season=season,
    )


def _nothing_later(day: pd.Timestamp) -> Check:
    message = sentence(
        "The model could not be tested on later time: too little happened before or after {day}. Choose another "
        "cut-off.",
        day=day.date(),
    )
    return Check(name="out_of_time", status="warn", title=sentence("Not tested on later time"), message=message)


def _fitted_by(
    known: dict[str, Episodic], earlier: CoxModel, train: pd.DataFrame, last_known: _LastKnown
) -> dict[str, Predictions]:
    """Models of what was known by the cut-off, by name: those `known`, and those of what was last known."""
    plain, *varying = known
    fitted: dict[str, Predictions] = {plain: earlier}
    if varying and (time_varying := fit_time_varying(earlier, train)):
        fitted[varying[0]] = time_varying
    for name, fit in last_known.fits().items():
        if made := fit(train):
            fitted[name] = made
    return fitted


def _of_trees(model: Predictions) -> tuple[Check, ...]:
    """What to know of intervals where trees were selected."""
    if not (isinstance(model, LandmarkCox) and model.landmark.trees):
        return ()
    message = sentence(
        "Boosted trees predict best and are used. Intervals hold the uncertainty of their weight and of the rate "
        "of leaving, not of the trees themselves."
    )
    return (Check(name="trees_taken_as_given", status="pass", message=message),)


def _since_the_change(model: Predictions, spells: Spells, ahead: Backtest) -> tuple[Predictions, Check]:
    """A model brought to the rate since the change, and what was done: the past is no guide to it."""
    months = by_month(model, spells, spells.as_of)
    months = months[months["begin"] >= ahead.begin - pd.Timedelta("1D")]
    factors = [ahead.season.factor(begin, 1.0)[0] for begin in months["begin"]]
    day, ratio, leavers = change_point(months.assign(expected=months["expected"] * factors))
    message = sentence(
        "Since {day} customers have left at {ratio} times the rate of the model. Forecasts assume that this goes on; "
        "if it does not, they are off by as much.",
        day=day.date(),
        ratio=number(ratio),
    )
    title = sentence("Another rate of leaving since the change")
    check = Check(name="rate_since_change", status="warn", title=title, message=message, value=ratio, threshold=1.0)
    return at_level(model, ratio, 1 / max(leavers, 1)), check


def _censoring(censoring: CensoringModel, held_out: HeldOut, rows: pd.DataFrame) -> CensoringSurvival:
    """Probabilities of being followed to the horizons, on the clock that starts when each is first observed."""
    clock = rows.assign(duration=held_out.durations, event=held_out.events)
    parts = [censoring(clock.iloc[part], np.array(held_out.horizons)) for part in chunks(len(clock))]
    return CensoringSurvival(
        before=np.concatenate([part.before for part in parts]), at=np.concatenate([part.at for part in parts])
    )


def _curve(rows: pd.DataFrame, time_unit: str, confidence: float) -> CoxModel:
    """One curve for everybody, as a model without covariates."""
    return fit_cox(rows, [], confidence=confidence, time_unit=time_unit)


def _curves(rows: pd.DataFrame, by_reason: CauseSpecific) -> CauseSpecific:
    """The same for each reason."""
    return fit_cause_specific(rows, [], time_unit=by_reason.time_unit, confidence=by_reason.confidence)


def _time_varying(known: dict[str, Episodic]) -> TimeVaryingCox | None:
    return next((each for each in known.values() if isinstance(each, TimeVaryingCox)), None)


def _encodable(model: CoxModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that the model can predict: of levels that it has seen."""
    for term in model.design.terms:
        if term.is_category:
            rows = rows[as_levels(rows[term.covariate]).isin(dict(term.shown)).to_numpy()]
    return rows
