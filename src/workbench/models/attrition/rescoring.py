"""Other customers, or later ones, scored by a forecast that stays as it was: drift, and what became of them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation.binary.bootstrap import Evaluation, evaluate
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.attrition.card import SavedForecast, stability_of
from workbench.models.attrition.model.choice import SLOPE, interval_kind_of_draws
from workbench.models.attrition.model.customers import in_a_row
from workbench.models.attrition.population import Onboard
from workbench.models.attrition.population.treated import Treated
from workbench.models.attrition.reasons.explainers import explainer_of
from workbench.models.attrition.reasons.reasons import give_reasons
from workbench.models.attrition.scores import Scores, scored
from workbench.models.attrition.stability import DRIFTS, drifts
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import day, inline, listing, number, percent, plural, sentence

FEWEST_LATER = 30
"""Leavers, with fewer of whom nothing is concluded about the forecast: its slope is too uncertain."""

RANKING_LOST = 0.8
"""Share of the AUC's distance from a coin toss; below it recalibration mends too little. Ours: one fifth of it lost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rescored:
    """Scores by an earlier forecast, with how far these customers are from those it knows.

    Attributes
    ----------
    scores
        Of whoever is active.
    forecast
        The forecast.
    drift
        One row a feature and one of the risk (`feature` missing): `label`, `stability` (population stability index
        against those learned from, of the risk against those evaluated on), `chance` (what the number of rows alone
        can make of it), `usual` (the largest between the snapshots of those) and `drifts`.
    unseen
        By category, rows with a level that the model does not know.
    rows
        How many were scored.
    evaluation
        What became of them; None where no label window is over, or too few left.
    leavers
        How many of the evaluated were expected to leave, and did; None where none are evaluated.
    cutoff
        As of which day they are known; None of a flat table.
    seen
        How many of these rows of a flat table the model has learned from.
    within
        Whether the label window overlaps those that the model learned from or was evaluated on.
    treated
        Whose label window shows what contact does; None where no window is over.
    """

    scores: Scores
    forecast: SavedForecast
    drift: pd.DataFrame
    unseen: Mapping[str, int]
    rows: int
    evaluation: Evaluation | None
    leavers: tuple[float, float] | None = None
    cutoff: dt.date | None = None
    seen: int = 0
    within: bool = False
    treated: Treated | None = None

    @property
    def advice(self) -> str:
        """`keep`, `recalibrate`, `refit`, or `wait` where nothing is known of what became of customers."""
        if self.evaluation is None:
            return "wait"
        before = self.forecast.card["evaluation"]["roc_auc"] - 0.5
        if self.evaluation.interval("boosted", "roc_auc")[1] - 0.5 < RANKING_LOST * before:
            return "refit"
        low, high = self.evaluation.interval("boosted", "calibration_slope")
        level = self.evaluation.interval("boosted", "calibration_intercept")
        off = high < SLOPE[0] or low > SLOPE[1] or not level[0] <= 0 <= level[1]
        return "recalibrate" if off else "keep"

    def exhibits(self) -> Iterator[Showable]:
        """What to do with the forecast; what became of the customers, where known; scores; drift."""
        yield self._answer()
        yield self._outcome()
        if self.evaluation is not None and self.treated is not None:
            yield from self.treated.checks()
        yield self.scores
        yield self._seen_check()
        yield self._within_check()
        yield self._new_levels()
        yield self._day_check()
        yield self._drift_check()
        worst = self.drift[self.drift["feature"].notna()]["stability"]
        numbers: dict[str, Any] = {
            "customers_scored": self.rows,
            "score_stability": float(self.drift.loc[self.drift["feature"].isna(), "stability"].iloc[0]),
            "worst_stability": float(worst.max()),
        }
        if self.evaluation is not None:
            for measure in ("roc_auc", "calibration_slope", "calibration_intercept", "caught_at_capacity"):
                value = self.evaluation.score("boosted", measure)
                numbers[measure] = None if np.isnan(value) else value
        yield numbers
        yield Table(
            name="drift",
            frame=self.drift,
            caption=sentence("How far each feature and the risk are from those of the customers learned from."),
            people=None,
            columns={
                "label": Column(sentence("Feature")),
                "stability": Column(sentence("Population stability index")),
                **({"usual": Column(sentence("Most between training snapshots"))} if self.drift["usual"].any() else {}),
            },
        )

    def _answer(self) -> Finding:
        """Whether to go on with the forecast, and of which customers that is known."""
        when = sentence("this file") if self.cutoff is None else day(self.cutoff)
        if self.evaluation is None or self.leavers is None:
            return Finding(
                id="forecast_advice",
                statement=plural(
                    "{n} active customer of {when} is scored; these data do not tell how good the forecast is.",
                    "{n} active customers of {when} are scored; these data do not tell how good the forecast is.",
                    self.rows,
                    when=when,
                ),
                estimate=self.rows,
                unit=sentence("customers"),
                evidence="descriptive",
                n=self.rows,
            )
        words = {
            "when": when,
            "expected": number(round(self.leavers[0])),
            "left": number(round(self.leavers[1])),
            "auc": number(100 * self.evaluation.score("boosted", "roc_auc"), 2),
            "before": number(100 * self.forecast.card["evaluation"]["roc_auc"], 2),
        }
        if self.advice == "refit":
            said = sentence(
                "Fit the forecast again: of customers of {when} it ranks {auc} pairs in 100 rightly, {before} when it "
                "was evaluated.",
                **words,
            )
        elif self.advice == "recalibrate":
            said = sentence(
                "Recalibrate the forecast: of customers of {when} {expected} were expected to leave, {left} did; it "
                "ranks them as well as before.",
                **words,
            )
        else:
            said = sentence(
                "Keep the forecast: of customers of {when} {expected} were expected to leave, {left} did.", **words
            )
        return Finding(
            id="forecast_advice",
            statement=said,
            estimate=self.evaluation.score("boosted", "roc_auc"),
            unit=sentence("AUC"),
            interval=self.evaluation.interval("boosted", "roc_auc"),
            interval_kind=interval_kind_of_draws(),
            evidence="descriptive",
            n=self.evaluation.customers,
        )

    def _outcome(self) -> Iterator[Showable]:
        if self.evaluation is None:
            return
        caught, advice = self.evaluation.score("boosted", "caught_at_capacity"), self.advice
        if not np.isnan(caught):
            yield Finding(
                id="caught_later",
                statement=sentence(
                    "The {capacity} customers scored highest held {share} of the {cases} who then left.",
                    capacity=number(self.evaluation.capacity),
                    share=percent(caught),
                    cases=number(self.evaluation.cases),
                ),
                estimate=caught,
                unit="share",
                interval=self.evaluation.interval("boosted", "caught_at_capacity"),
                interval_kind=interval_kind_of_draws(),
                evidence="descriptive",
                n=self.evaluation.customers,
            )
        words = {
            "auc": number(self.evaluation.score("boosted", "roc_auc"), 2),
            "before": number(self.forecast.card["evaluation"]["roc_auc"], 2),
            "slope": number(self.evaluation.score("boosted", "calibration_slope"), 2),
            "level": number(self.evaluation.score("boosted", "calibration_intercept"), 2),
        }
        if advice == "refit":
            message = sentence(
                "The forecast ranks worse than when it was evaluated (AUC {auc}, then {before}): fit it again.", **words
            )
        elif advice == "recalibrate":
            message = sentence(
                "The ranking holds (AUC {auc}, then {before}), the risks are off (slope {slope}, level {level} in "
                "log-odds): run the study again to recalibrate.",
                **words,
            )
        else:
            message = sentence(
                "The forecast holds: AUC {auc} (then {before}), calibration slope {slope}. Keep it.", **words
            )
        titles = {"refit": sentence("Fit it again"), "recalibrate": sentence("Recalibrate it")}
        yield Check(
            name="later_outcomes",
            status="pass" if advice == "keep" else "warn",
            value=self.evaluation.score("boosted", "roc_auc"),
            message=message,
            title=titles.get(advice, sentence("The forecast holds")),
        )

    def _seen_check(self) -> Check | None:
        """Of a flat table that was learned from, nothing tells how good a forecast is, and its risks are too low."""
        if not self.seen:
            return None
        return Check(
            name="learned_from",
            status="warn",
            value=self.seen,
            message=plural(
                "{n} row is of those that the model has learned from: it knows whether that customer stayed, and what "
                "became of them says nothing of the forecast. The list of the run itself has risks of models that did "
                "not know.",
                "{n} rows are of those that the model has learned from: it knows who stayed, their risks are too low, "
                "and what became of them says nothing of the forecast. The list of the run itself has risks of models "
                "that did not know.",
                self.seen,
            ),
            title=sentence("The model knows these customers"),
        )

    def _within_check(self) -> Check | None:
        """Of a day whose label window the model has seen nothing tells how good a forecast is."""
        if not self.within:
            return None
        first = self.forecast.learned_until
        assert first is not None
        assert self.cutoff is not None
        return Check(
            name="learned_from",
            status="warn",
            message=sentence(
                "The model has learned who left until {until}. So what became of customers of {cutoff} says nothing of "
                "the forecast, and their risks know it. Take a cut-off from {until} on.",
                until=day(first),
                cutoff=day(self.cutoff),
            ),
            title=sentence("The model knows how this ended"),
        )

    def _new_levels(self) -> Check | None:
        if not self.unseen:
            return None
        rows = sum(self.unseen.values())
        names = listing([inline(self.forecast.names.label(name)) for name in self.unseen])
        few = rows < SMALLEST_GROUP  # how few is told of nobody
        return Check(
            name="new_categories",
            status="warn",
            value=None if few else rows,
            message=sentence(
                "Fewer than {n} values are of categories that the model does not know, and read as missing: {names}."
                if few
                else "{n} values are of categories that the model does not know, and read as missing: {names}.",
                n=number(SMALLEST_GROUP if few else rows),
                names=names,
            ),
            title=sentence("New categories are read as missing"),
        )

    def _day_check(self) -> Check | None:
        """Where a model has learned on one day of the month: what is known by the month is of another age on others."""
        learned = {dt.date.fromisoformat(day).day for day in self.forecast.card["cutoffs"]}
        if self.cutoff is None or len(learned) != 1 or self.cutoff.day in learned:
            return None
        return Check(
            name="day_of_month",
            status="warn",
            value=self.cutoff.day,
            message=sentence(
                "The model learned as of day {learned} of months, these customers are seen on day {day}: what is "
                "counted by the month is of another age, and risks may be too high or too low.",
                learned=number(min(learned)),
                day=number(self.cutoff.day),
            ),
            title=sentence("Seen on another day of the month"),
        )

    def _drift_check(self) -> Check:
        far = self.drift[self.drift["drifts"] & self.drift["feature"].notna()]
        risk = self.drift[self.drift["feature"].isna()].iloc[0]
        of_risk = float(risk["stability"])
        names = listing([inline(str(label)) for label in far["label"][:5]])
        if len(far) or risk["drifts"]:
            words = {"risk": number(of_risk, 2), "names": names}
            if len(far):
                message = plural(
                    "{n} feature is distributed otherwise than when the model learned: {names}. The risk's stability "
                    "index is {risk}.",
                    "{n} features are distributed otherwise than when the model learned, first {names}. The risk's "
                    "stability index is {risk}.",
                    len(far),
                    **words,
                )
            else:
                message = sentence(
                    "Features are as when the model learned, but risks are distributed otherwise (stability index "
                    "{risk}).",
                    **words,
                )
            return Check(
                name="drift",
                status="warn",
                value=of_risk,
                threshold=DRIFTS,
                message=message,
                title=sentence("These customers are not those it knows"),
            )
        message = sentence("Features and risks differ from those learned from no more than snapshots of these do.")
        return Check(
            name="drift", status="pass", value=of_risk, threshold=DRIFTS, message=message, title=sentence("No drift")
        )


def rescore(forecast: SavedForecast, onboard: Onboard, *, random_seed: int) -> Rescored:
    """Score customers without fitting anything.

    Parameters
    ----------
    forecast
        Read back.
    onboard
        Customers at one cut-off, and who left where that is known.
    random_seed
        Fixes the draws behind intervals, and the background of reasons.

    Raises
    ------
    DataError
        Features that do not fit, by name: all of them.
    """
    encoding = forecast.encoding
    encoding.refuse(onboard.features)
    # Columns are taken, not copied: rows may be millions.
    features = pd.DataFrame({name: onboard.features[name] for name in encoding.levels}, copy=False)
    probability = forecast.used.probability(features)
    drift = [
        {
            "feature": each["name"],
            "label": each["label"],
            **stability_of(each, encoding.column(features, each["name"]), features=len(encoding.levels)),
            "usual": each["usual"],
        }
        for each in forecast.card["features"]
    ]
    known = forecast.card["score"]
    risk = {
        "feature": None,
        "label": sentence("Risk"),
        **stability_of(known, probability, features=1),
        "usual": known["usual"],
    }
    frame = pd.DataFrame(drift).sort_values("stability", ascending=False, kind="stable", ignore_index=True)
    frame = pd.concat([pd.DataFrame([risk]), frame], ignore_index=True)
    frame["drifts"] = drifts(*(frame[name].to_numpy() for name in ("stability", "usual", "chance")))
    active = onboard.active
    explainer = explainer_of(forecast.used, features, random_seed=random_seed)
    reasons = None
    if explainer is not None and forecast.card["used"] != "base_rate":
        reasons = give_reasons(
            explainer, features.iloc[in_a_row(active)], features, names=forecast.names, compared=False
        )
    evaluated = leavers = None
    told = forecast.level.settled(probability)
    left, treated = onboard.left, onboard.treated
    kept = np.ones(len(told), dtype=bool) if treated is None else ~treated.out
    seen = 0 if onboard.cutoff is not None else forecast.known_rows(onboard.features)
    until = forecast.learned_until
    within = onboard.cutoff is not None and until is not None and onboard.cutoff < until
    if left is not None and not seen and not within and min(left[kept].sum(), (~left[kept]).sum()) >= FEWEST_LATER:
        capacity = forecast.card["evaluation"]["capacity"]
        weights = None if treated is None else treated.weights[kept]
        evaluated = evaluate(
            left[kept],
            {"boosted": told[kept]},
            onboard.ids[kept],
            random_seed=random_seed,
            capacity=capacity,
            weights=weights,
        )
        each = np.ones(kept.sum()) if weights is None else weights
        leavers = float(told[kept] @ each), float(left[kept] @ each)
    return Rescored(
        scores=scored(
            onboard.ids[active],
            told[active],
            forecast.alike,
            reasons,
            level_error=forecast.level.error_of(probability),
            window=forecast.window,
        ),
        forecast=forecast,
        drift=frame,
        unseen=encoding.unseen(features),
        rows=int(active.sum()),
        evaluation=evaluated,
        leavers=leavers,
        cutoff=onboard.cutoff,
        seen=seen,
        within=within,
        treated=None if left is None else treated,
    )
