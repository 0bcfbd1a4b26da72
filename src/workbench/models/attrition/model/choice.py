"""Which forecast is used: the simplest that boosted trees do not beat, on rows that none has seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import PercentFormatter
from scipy.special import logit

from workbench.evaluation.binary.bootstrap import Evaluation, evaluate
from workbench.evaluation.binary.scores import CERTAIN, MEASURES
from workbench.exhibits import Column, Figure, Showable, Table
from workbench.findings import Check, Finding
from workbench.models.attrition.model.baselines import Baseline, BaseRate, Logistic, Recalibrated, SingleFeature
from workbench.models.attrition.model.calibration import calibrate
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.model.fitting import BoostedModel
from workbench.models.attrition.model.survival_run import SurvivalRun, fit_for
from workbench.wording import as_finely, between, inline, number, percent, sentence

DECIDES = "log_loss"
"""Proper, and sensitive to rare outcomes: a ranking and its probabilities both count."""
BESIDE = "survival"
"""A forecast that is compared and cannot be used: it comes from another study, which has a list of its own."""
SLOPE = (0.8, 1.25)
"""A calibration slope outside says that probabilities are too extreme or too timid to be taken at their word."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """Forecasts evaluated beside each other on the test part.

    Attributes
    ----------
    evaluation
        Scores by forecast, from the simplest to `boosted`.
    used
        The one that is used.
    test
        Whom they were evaluated on.
    out_of_time
        Whether these come after all that the forecasts have learned from.
    folds
        Parts of the customers, each evaluated by forecasts of the others; None where one part was kept for the test.
    survival
        The last survival run, which stands beside the others as `survival` where it can be compared.
    known
        Share of the customers of the test who were learned from, or calibrated, in earlier windows.
    """

    evaluation: Evaluation
    used: str
    test: Customers
    out_of_time: bool
    folds: int | None = None
    survival: SurvivalRun | None = None
    known: float = 0.0

    @property
    def probability(self) -> np.ndarray:
        """Of leaving (N,), of the test part, by the forecast that is used."""
        return self.evaluation.forecasts[self.used].probabilities

    @property
    def people(self) -> int:
        """How many customers it was evaluated on; without dates one a row, though equal rows are drawn together."""
        return self.evaluation.customers if self.test.snapshots is not None else self.evaluation.rows

    def labels(self) -> dict[str, str]:
        """Names of the forecasts for people."""
        known = {
            "base_rate": sentence("Base rate"),
            "single_feature": sentence("Best single feature"),
            "logistic": sentence("Logistic regression"),
            "survival": sentence("Last survival run"),
            "boosted": sentence("Boosted trees"),
        }
        return {name: known.get(name, name) for name in self.evaluation.forecasts}

    def metrics(self) -> dict[str, float | int | None]:
        """Scores of the forecast that is used, and those of its baselines."""
        mine = {name: self.evaluation.score(self.used, name) for name in MEASURES}
        if self.used == "base_rate":  # one risk for all, but for what folds differ by, has no slope
            mine["calibration_slope"] = np.nan
        found = {
            **mine,
            "roc_auc_logistic": self.evaluation.score("logistic", "roc_auc"),
            "roc_auc_boosted": self.evaluation.score("boosted", "roc_auc"),
            "brier_baseline": self.evaluation.score("base_rate", "brier"),
            "brier_logistic": self.evaluation.score("logistic", "brier"),
            "accuracy_always_stays": self.evaluation.score("base_rate", "accuracy"),
            "test_customers": self.people,
            "test_leavers": self.evaluation.cases,
        }
        return {name: None if value is None or np.isnan(value) else value for name, value in found.items()}

    def finding(self) -> Finding:
        """Which forecast is used, and how well it tells leavers from stayers."""
        auc, labels = self.evaluation.score(self.used, "roc_auc"), self.labels()
        words = {"auc": number(100 * auc, 2), "logistic": number(100 * self.evaluation.score("logistic", "roc_auc"), 2)}
        if self.used == "base_rate":
            low, high = self.evaluation.interval("boosted", "roc_auc")
            statement = sentence(
                "No forecast is clearly better than the same risk for everybody: shown a leaver and a stayer, boosted "
                "trees pick the leaver {boosted} times in 100 (90%: {range}; a coin toss: 50).",
                boosted=number(100 * self.evaluation.score("boosted", "roc_auc"), 2),
                range=between(100 * low, 100 * high),
            )
        elif self.used != "boosted":
            statement = sentence(
                "Shown a leaver and a stayer, {model} picks the leaver {auc} times in 100. Boosted trees, not clearly "
                "better, are not used.",
                model=inline(labels[self.used]),
                **words,
            )
        elif self.evaluation.beats("boosted", "logistic", "roc_auc"):
            statement = sentence(
                "Shown a leaver and a stayer, boosted trees pick the leaver {auc} times in 100 (logistic regression: "
                "{logistic}; a coin toss: 50).",
                **words,
            )
        else:
            statement = sentence(
                "Shown a leaver and a stayer, boosted trees pick the leaver {auc} times in 100, no clearly different "
                "number from logistic regression ({logistic}). Their risks are closer to what came (log loss {loss}, "
                "not {other}), so they are used.",
                loss=number(self.evaluation.score("boosted", DECIDES), 3),
                other=number(self.evaluation.score("logistic", DECIDES), 3),
                **words,
            )
        return Finding(
            id="forecast",
            statement=statement,
            estimate=auc,
            unit="ROC AUC",
            interval=self.evaluation.interval(self.used, "roc_auc"),
            interval_kind=interval_kind_of_draws(),
            evidence="descriptive",
            n=self.people,
            table="forecasts",
        )

    def caught(self) -> Finding | None:
        """How many leavers the riskiest customers hold, as many as can be contacted."""
        capacity = self.evaluation.capacity
        if capacity is None or self.used == "base_rate":  # nobody is riskier than others
            return None
        share = self.evaluation.score(self.used, "caught_at_capacity")
        return Finding(
            id="caught",
            statement=sentence(
                "Of {customers} customers tested, the {capacity} with the highest risk held {caught} of the {cases} "
                "who left: {lift} times what chance finds.",
                customers=number(self.people),
                capacity=number(capacity),
                caught=number(round(share * self.evaluation.cases)),
                cases=number(self.evaluation.cases),
                lift=number(self.evaluation.score(self.used, "lift_at_capacity"), 2),
            ),
            estimate=share,
            unit="share",
            interval=self.evaluation.interval(self.used, "caught_at_capacity"),
            interval_kind=interval_kind_of_draws(),
            evidence="descriptive",
            n=self.people,
            figure="leavers_caught",
        )

    def checks(self) -> Iterator[Check]:
        """Whether probabilities can be taken at their word, and whether the test lies in later time."""
        if self.used != "base_rate":
            slope = self.evaluation.score(self.used, "calibration_slope")
            low, high = self.evaluation.interval(self.used, "calibration_slope")
            off = high < SLOPE[0] or low > SLOPE[1]
            words = {"slope": number(as_finely(slope, low, high)), "range": between(low, high)}
            yield Check(
                name="calibration",
                status="warn" if off else "pass",
                value=slope,
                message=sentence(
                    "Risks are off: the calibration slope is {slope} (90% interval {range}, ideal 1). Use the "
                    "ranking, not the probabilities.",
                    **words,
                )
                if off
                else sentence(
                    "Risks can be taken at their word: the calibration slope is {slope} (90% interval {range}, "
                    "ideal 1).",
                    **words,
                ),
                title=sentence("Risks are off") if off else sentence("Risks can be taken at their word"),
            )
        if self.survival is not None:
            yield self._beside_survival(self.survival)
        if self.out_of_time and self.known:
            yield Check(
                name="customers_known",
                status="pass",
                value=self.known,
                message=sentence(
                    "{share} of the customers tested stood in earlier windows too, which were learned from: the test "
                    "is a later time of these customers. `-p apart=true` tests people whom no model knows.",
                    share=percent(self.known),
                ),
                title=sentence("Tested on a later time"),
            )
        if not self.out_of_time:
            yield Check(
                name="out_of_time",
                status="warn",
                kind="always",
                message=sentence(
                    "Without dates the forecast cannot be tested on later time: each fifth of the customers was scored "
                    "by a forecast of the others, out of sample, not out of time. Expect worse on new customers."
                )
                if self.folds
                else sentence(
                    "The data have too few dates to test the forecast on later time: it was tested out of sample, not "
                    "out of time. Expect it to do worse on new customers."
                ),
                title=sentence("Out of sample, not out of time"),
            )

    def _beside_survival(self, run: SurvivalRun) -> Check:
        compared = BESIDE in self.evaluation.forecasts
        better = self.evaluation.beats(self.used, BESIDE, DECIDES) if compared else None
        known = 0 if run.hazards is None else int(pd.Index(self.test.ids).isin(run.hazards.index).sum())
        return run.check(better=better, known=known, of=len(self.test))

    def exhibits(self) -> Iterator[Showable]:
        """The forecast that is used comes first; then what it catches, checks, numbers, comparison and figures."""
        yield self.finding()
        yield self.caught()
        yield self.checks()
        yield self.metrics()
        yield self.table()
        yield self.figures()

    def table(self) -> Table:
        """Each forecast with its main scores, and the paired difference of the log loss to boosted trees."""
        labels, shown = self.labels(), ("roc_auc", "average_precision", "brier", "log_loss", "calibration_slope", "ece")
        rows = []
        for name in self.evaluation.forecasts:
            low, high = self.evaluation.interval(name, "roc_auc")
            gain, gain_low, gain_high = (
                (np.nan,) * 3 if name == "boosted" else self.evaluation.difference("boosted", name, DECIDES)
            )
            scores = {measure: self.evaluation.score(name, measure) for measure in shown}
            if name == "base_rate":  # one risk for all, but for what folds differ by, has no slope
                scores["calibration_slope"] = np.nan
            rows.append(
                {
                    "forecast": name,
                    "label": labels[name],
                    **scores,
                    "roc_auc_lower": low,
                    "roc_auc_upper": high,
                    "boosted_difference": gain,
                    "boosted_lower": gain_low,
                    "boosted_upper": gain_high,
                }
            )
        return Table(
            name="forecasts",
            frame=pd.DataFrame(rows),
            caption=sentence(
                "Forecasts of the same customers in a window later than all they learned from; {share} of these "
                "customers stood in earlier windows too. Boosted trees are used where their log loss is lower than "
                "that of every simpler forecast, by the whole paired interval.",
                share=percent(self.known),
            )
            if self.known
            else sentence(
                "Forecasts of the same customers, who are new to all of them. Boosted trees are used where their log "
                "loss is lower than that of every simpler forecast, by the whole paired interval."
            ),
            people=None,
            columns={
                "label": Column(sentence("Forecast")),
                "roc_auc": Column(sentence("ROC AUC")),
                "roc_auc_lower": Column(sentence("From")),
                "roc_auc_upper": Column(sentence("To")),
                "brier": Column(sentence("Brier score")),
                "calibration_slope": Column(sentence("Calibration slope")),
                "log_loss": Column(sentence("Log loss")),
                "boosted_difference": Column(sentence("Log loss of boosted trees less this")),
                "boosted_lower": Column(sentence("From")),
                "boosted_upper": Column(sentence("To")),
            },
        )

    def figures(self) -> Iterator[Figure]:
        """Leavers caught by customers contacted, and shares that left by the risk forecast."""
        yield Figure(
            name="leavers_caught",
            draw=self.draw_caught,
            title=sentence("Share of leavers caught by share of customers contacted"),
            alt=sentence("A line for each forecast, from no customer to all; the diagonal is chance."),
        )
        yield Figure(
            name="calibration",
            draw=self.draw_calibration,
            title=sentence("Share that left by the risk forecast"),
            alt=sentence("A dot for each tenth of the customers; on the diagonal the forecast is right."),
        )

    def draw_caught(self) -> Axes:
        """One line a forecast."""
        ax = Drawing(figsize=(6.2, 3.7), layout="constrained").subplots()
        for name, label in self.labels().items():
            line = self.evaluation.forecasts[name].caught()
            if name != "base_rate":
                ax.plot(line["acted_on"], line["caught"], label=label, linewidth=2.4 if name == self.used else 1.3)
        ax.plot([0, 1], [0, 1], color="0.5", linewidth=0.8, linestyle="--")
        ax.set_xlabel(sentence("Share of customers contacted, the riskiest first"))
        ax.set_ylabel(sentence("Share of leavers among them"))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.legend(loc="lower right")
        return ax

    def draw_calibration(self) -> Axes:
        """Tenths of the customers by their risk."""
        ax = Drawing(figsize=(6.2, 3.7), layout="constrained").subplots()
        found = self.evaluation.forecasts[self.used].reliability()
        error = 1.645 * np.sqrt(found["share"] * (1 - found["share"]) / found["rows"])
        ax.errorbar(found["forecast"], found["share"], yerr=error, fmt="o", markersize=4, linewidth=1)
        top = float(max(found["forecast"].max(), (found["share"] + error).max()))
        ax.plot([0, top], [0, top], color="0.5", linewidth=0.8, linestyle="--")
        ax.set_xlabel(sentence("Risk forecast (mean of a tenth of the customers)"))
        ax.set_ylabel(sentence("Share that left"))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


def choose(
    customers: Customers,
    parts: Mapping[Part, np.ndarray],
    boosted: BoostedModel,
    *,
    random_seed: int,
    capacity: float | None = None,
    others: Mapping[str, Baseline] | None = None,
    survival: SurvivalRun | None = None,
) -> tuple[Choice, Mapping[str, Baseline]]:
    """Fit the simpler forecasts, evaluate all on the test part, and keep the simplest that boosted trees do not beat.

    Parameters
    ----------
    customers, parts
        The rows and what they are for (`slices`).
    boosted
        Fitted on the same training rows.
    random_seed
        Fixes the draws behind intervals.
    capacity
        How many customers can be contacted.
    others
        Further forecasts by name; more complex ones last.
    survival
        The last survival run, to stand beside the others.

    Returns
    -------
    tuple of Choice and Mapping
        The choice, and all forecasts by name.
    """
    fitted = fit_simpler(customers.part(parts["train"] | parts["stop"]), others)
    test = customers.part(parts["test"])
    probabilities = {name: each.probability(test.features) for name, each in fitted.items()}
    if survival is not None:
        survival = fit_for(survival, test)
        if survival.hazards is not None:
            usual = float(np.mean(probabilities["base_rate"]))
            probabilities[BESIDE] = survival.probability(test, usual=usual)
    probabilities["boosted"] = boosted.probability(test.features)
    past = None if customers.snapshots is None else customers.snapshots[~parts["test"]]
    out_of_time = past is not None and test.snapshots is not None and past.max() < test.snapshots.min()
    chosen = chosen_among(
        test,
        probabilities,
        random_seed=random_seed,
        capacity=capacity,
        out_of_time=bool(out_of_time),
        survival=survival,
    )
    known = float(pd.Index(test.ids).isin(customers.ids[~parts["test"]]).mean())
    chosen, used = replace(chosen, known=known), chosen.used
    if used in fitted and recalibrate(fitted[used], customers.part(parts["calibrate"])):
        probabilities[used] = fitted[used].probability(test.features)
        again = evaluate(
            test.left, probabilities, test.clusters, random_seed=random_seed, capacity=capacity, weights=test.weights
        )
        chosen = replace(chosen, evaluation=again)
    return chosen, fitted


def fit_simpler(learned: Customers, others: Mapping[str, Baseline] | None = None) -> dict[str, Baseline]:
    """What boosted trees must beat, fitted; the simplest first.

    Parameters
    ----------
    learned
        To learn from.
    others
        Further forecasts by name.
    """
    simpler: dict[str, Baseline] = {"base_rate": BaseRate(), "single_feature": SingleFeature(), "logistic": Logistic()}
    given = {**simpler, **(others or {})}
    return {name: each.fit(learned.features, learned.left, learned.weights) for name, each in given.items()}


def chosen_among(
    test: Customers,
    probabilities: Mapping[str, np.ndarray],
    *,
    random_seed: int,
    capacity: float | None,
    out_of_time: bool,
    folds: int | None = None,
    survival: SurvivalRun | None = None,
) -> Choice:
    """Evaluate forecasts of the same customers, and keep the simplest that boosted trees do not beat.

    Parameters
    ----------
    test
        Whom none of them has learned from.
    probabilities
        By name of the forecast, (N,): the simplest first, `boosted` last.
    random_seed
        Fixes the draws behind intervals.
    capacity
        How many customers can be contacted.
    out_of_time, folds, survival
        As in `Choice`.
    """
    evaluated = evaluate(
        test.left, probabilities, test.clusters, random_seed=random_seed, capacity=capacity, weights=test.weights
    )
    simpler = [name for name in probabilities if name not in ("boosted", BESIDE)]
    used = next((name for name in simpler if not evaluated.beats("boosted", name, DECIDES)), "boosted")
    used = _best_of_unbeaten(evaluated, simpler, used)
    return Choice(evaluation=evaluated, used=used, test=test, out_of_time=out_of_time, folds=folds, survival=survival)


def recalibrate(forecast: Baseline, later: Customers) -> bool:
    """Whether a simpler forecast, which is used as it stands, has learned two parameters as boosted trees have.

    They are beaten or not as anybody would fit them; what is used must be right in its probabilities too.

    Parameters
    ----------
    forecast
        That is changed.
    later
        Customers that it was not fitted to.
    """
    if not isinstance(forecast, Recalibrated) or not len(later):
        return False
    raw = np.clip(forecast.probability(later.features), CERTAIN, 1 - CERTAIN)
    found = calibrate(logit(raw), later, bend=False)
    if found is not None:
        forecast.recalibrate(found.level, found.slope)
    return found is not None


def _best_of_unbeaten(evaluated: Evaluation, simpler: list[str], used: str) -> str:
    """A forecast that another simple one clearly beats is not used, even where boosted trees do not beat it."""
    if used == "boosted":
        return used
    for name in simpler[simpler.index(used) + 1 :]:
        if evaluated.beats(name, used, DECIDES):
            used = name
    return used


def interval_kind_of_draws() -> str:
    """What intervals of scores are, in words."""
    return sentence("90% confidence (bootstrap over customers)")
