"""How well a model predicted customers that it had not seen: what the numbers say."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.evaluation.against_one_curve import better_by_horizon
from workbench.findings import Check, Finding, Status
from workbench.statistics.horizons import span, times
from workbench.statistics.product_limit import normal_quantile
from workbench.wording import number, percent, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CALIBRATED = 0.03
"""Predicted shares that are clearly further off than this are worth a warning."""
UNUSABLE = 0.15
"""Predicted shares that are clearly further off than this must not be used."""
EVALUATED = 0.10
"""Where predicted shares could be further off than this for all that is known, they could not be evaluated."""
LEAST_EVALUATED = 0.8
"""Calibration holds for a horizon where at least this share of customers could be evaluated."""
REVERSED = 0.4
"""A concordance clearly below this is no lack of information any more: the ranking is the wrong way round."""
AVERAGE = 0.05
"""A difference between the average prediction and the observed curve that is worth a warning."""
HALF = 0.5
"""Weights that leave less of the sample's worth than this are worth a warning."""
SURE = 0.99
"""Of a model that is right, so many runs say nothing against its average."""
SCORES = [
    "horizon",
    "predicted",
    "observed",
    "observed_error",
    "evaluated",
    "calibration_error",
    "calibration_lower",
    "calibration_upper",
    "brier",
    "brier_km",
    "gain_lower",
    "gain_upper",
    "auc",
    "ici",
    "e50",
    "e90",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """How well customers were predicted that the model had not seen.

    Attributes
    ----------
    concordance, standard_error
        Harrell's concordance out of sample (.5 is guessing; NaN where no two customers can be compared).
    uno, uno_error, until
        Uno's concordance with its standard error, of those who left before `until`: the last time at which 50 are at
        risk and a tenth would still be followed.
    integrated_brier, integrated_brier_km, integrated_gain
        Squared error averaged over (0, `until`], that of the plain Kaplan–Meier curve of the training data on the same
        customers, weights and times, and the interval of the difference, paired by customer. None without such times.
    weights_depend
        Whether the probability of being followed depends on covariates.
    since
        The cut-off in words, where the evaluation is out of time.
    scores
        One row a horizon: `horizon`, `predicted` and `observed` mean share still there (of the
        customers' curve, or weighted by the probability of being followed where that depends on covariates), with
        `observed_error`, its standard error, `evaluated`
        (share of customers in groups large enough), `calibration_error` (of predictions themselves, chance
        taken out) with `calibration_lower` and `calibration_upper`, `brier`, `brier_km` (of one curve), and
        `gain_lower`, `gain_upper` (interval of `brier_km - brier`, paired by customer), `auc` (of one gone by then and
        one still there, how often the first had the higher risk), `ici`, `e50`, `e90` (mean, median and 90% quantile
        over customers of the distance to a smooth calibration curve); missing where the data do not bear it.
    calibration
        `horizon`, `customers`, `predicted`, `observed`, `lower`, `upper`: groups of similar predictions.
    beyond
        Horizons that the customers of some fit do not reach, or that are below the steps in which times were recorded.
    failed
        Fits without a usable model, of `folds * repeats`.
    customers, events
        Predicted by at least one fit.
    worth
        With survey weights, as how many customers of equal weight these are worth (Kish's number); None without.
    folds, repeats, confidence, time_unit
        How it was done.
    lapse
        Whether leaving is a lapse in buying.
    """

    concordance: float
    standard_error: float
    uno: float
    uno_error: float
    until: float
    integrated_brier: float | None
    integrated_brier_km: float | None
    integrated_gain: tuple[float, float] | None
    weights_depend: bool
    since: str
    scores: pd.DataFrame
    calibration: pd.DataFrame
    beyond: tuple[float, ...]
    failed: int
    customers: int
    events: int
    folds: int
    repeats: int
    confidence: float
    time_unit: str
    worth: float | None = None
    lapse: bool = False

    @property
    def interval(self) -> tuple[float, float]:
        """Of the concordance, within [0, 1]."""
        half = normal_quantile(self.confidence) * self.standard_error
        return max(self.concordance - half, 0.0), min(self.concordance + half, 1.0)

    @property
    def interval_kind(self) -> str:
        """What that interval counts, and what it does not."""
        return sentence(
            "{level} confidence (Wald, over held-out customers; fits taken as given)", level=percent(self.confidence)
        )

    def metrics(self) -> dict[str, float | None]:
        """`concordance`, `uno_c`, `integrated_brier`, `integrated_brier_km`, and by horizon.

        None where the data do not bear it. For each horizon <h>: `calibration_error_<h>`, `brier_<h>`, `brier_km_<h>`,
        `auc_<h>`, `ici_<h>`, `e50_<h>`, `e90_<h>`.
        """
        values: dict[str, float | None] = {
            "concordance": None if np.isnan(self.concordance) else self.concordance,
            "uno_c": None if np.isnan(self.uno) else self.uno,
            "integrated_brier": self.integrated_brier,
            "integrated_brier_km": self.integrated_brier_km,
        }
        for row in self.scores.itertuples():
            for name in ("calibration_error", "brier", "brier_km", "auc", "ici", "e50", "e90"):
                value = getattr(row, name)
                values[f"{name}_{row.horizon:g}"] = None if pd.isna(value) else float(value)
        return values

    def checks(self) -> tuple[Check, ...]:
        """Out of sample only; how many fits failed; how well it ranks; calibrated at each horizon.

        Right on average; better than one curve for everybody.
        """
        checks = [self._out_of_time(), *self._weighted()]
        if not self.since or self.failed or self.beyond:
            checks.append(self._fitted())
        if not np.isnan(self.concordance):
            checks.append(self._ranked())
        checks += self._calibration()
        if len(self.scores):
            checks.append(self._average())
        return (*checks, better_by_horizon(self.scores, self.time_unit), self._integrated())

    @property
    def loses(self) -> bool:
        """Whether its squared error is above that of one curve for everybody."""
        return self.integrated_difference is not None and self.integrated_difference < 0

    @property
    def integrated_difference(self) -> float | None:
        """How far its squared error is below that of one curve for everybody; None without such times."""
        if self.integrated_brier is None or self.integrated_brier_km is None:
            return None
        return self.integrated_brier_km - self.integrated_brier

    @property
    def integrated_share(self) -> float | None:
        """The same as a share of the curve's squared error; None where that is 0."""
        if self.integrated_brier is None or not self.integrated_brier_km:
            return None
        return 1 - self.integrated_brier / self.integrated_brier_km

    def headline(self) -> tuple[Finding, ...]:
        """That the model loses against one curve for everybody, by more than chance; empty where it does not."""
        difference = self.integrated_difference
        if difference is not None and self.integrated_gain is not None and self.integrated_gain[1] < 0:
            return (
                Finding(
                    id="loses_to_one_curve",
                    statement=sentence(
                        "The model's squared error is {more} above that of one curve for everybody, so what is to come "
                        "is forecast by that curve.",
                        more=number(-difference),
                    ),
                    estimate=difference,
                    unit=sentence("squared error"),
                    interval=self.integrated_gain,
                    interval_kind=self.interval_kind,
                    evidence="descriptive",
                    n=self.customers,
                ),
            )
        return ()

    def findings(self) -> tuple[Finding, ...]:
        """How well the model ranks customers. How far its shares are off is a check at each horizon."""
        findings = []
        if not np.isnan(self.concordance):
            findings.append(
                Finding(
                    id="concordance",
                    statement=sentence(
                        "Shown two customers, the model picks the one who lapses first {right} times in 100 (a coin "
                        "toss: 50)."
                        if self.lapse
                        else "Shown two customers, the model picks the one who leaves first {right} times in 100 (a "
                        "coin toss: 50).",
                        right=number(round(100 * self.concordance)),
                    ),
                    estimate=self.concordance,
                    interval=self.interval,
                    interval_kind=self.interval_kind,
                    evidence="descriptive",
                    n=self.customers,
                )
            )
        return tuple(findings)

    def title(self) -> str:
        """The finding that the figure shows."""
        checks = self._calibration()
        if checks and all(check.status == "pass" for check in checks):
            return sentence("Predicted and observed shares agree")
        if (self.scores["calibration_lower"] > CALIBRATED).any():
            return sentence("Predicted shares differ from what was observed")
        return sentence("Too few customers to say whether predicted shares come true at every horizon")

    def plot(self, ax: "Axes | None" = None, *, title: str | None = None) -> "Axes":
        """Observed against predicted share by horizon, with intervals; on the diagonal they agree. Returns the axes.

        Parameters
        ----------
        ax
            Where to draw; a new figure where it is None.
        title
            Of the figure; its own where it is None.
        """
        from workbench.evaluation.calibration_figure import draw_calibration  # only a figure needs matplotlib

        return draw_calibration(self, ax, title=title)

    def describe(self) -> str:
        """What the figure shows, for those who cannot see it."""
        rows = [
            sentence(
                "at {span} predicted {predicted}, observed {observed}, groups off by {error}",
                span=span(horizon, self.time_unit),
                predicted=percent(predicted),
                observed=percent(observed),
                error=percent(None if np.isnan(error) else error),
            )
            for horizon, predicted, observed, error in self.scores[
                ["horizon", "predicted", "observed", "calibration_error"]
            ].to_numpy(dtype=float)
        ]
        return sentence(
            "Observed share not lapsed against the predicted one, in groups of similar predictions, with a diagonal "
            "where both agree. Means: {rows}."
            if self.lapse
            else "Observed share still there against the predicted one, in groups of similar predictions, with a "
            "diagonal where both agree. Means: {rows}.",
            rows="; ".join(rows),
        )

    def _out_of_time(self) -> Check:
        if self.since:
            message = sentence(
                "Evaluated out of time: fitted on what was known by {since}, tested on what {customers} active "
                "customers did afterwards.",
                since=self.since,
                customers=number(self.customers),
            )
            return Check(name="out_of_time", status="pass", message=message)
        template = (
            "The data have no dates, so the model was tested on other customers ({repeats} times {folds} folds), not "
            "on later time: the next customers may differ from past ones."
            if self.folds > 1
            else "The model was tested on other customers, not on later time: the next customers may differ from past "
            "ones."
        )
        message = sentence(template, repeats=self.repeats, folds=self.folds)
        return Check(
            name="out_of_sample_not_out_of_time",
            status="warn",
            message=message,
            kind="always",
            title=sentence("Tested on other customers, not later time"),
        )

    def _weighted(self) -> tuple[Check, ...]:
        """With survey weights, how much less is known than the number of customers suggests (Kish 1965)."""
        if self.worth is None:
            return ()
        share = self.worth / self.customers
        message = sentence(
            "Scores count customers by their weight: these {customers} are worth {worth} of equal weight.",
            customers=number(self.customers),
            worth=number(round(self.worth)),
        )
        title = sentence("Scores by weight: fewer customers than counted")
        status: Status = "warn" if share < HALF else "pass"
        name = "weighted_evaluation"
        return (Check(name=name, status=status, title=title, message=message, value=share, threshold=HALF),)

    def _integrated(self) -> Check:
        """The squared error over all times against that of one curve for everybody."""
        name = "integrated_brier_gain"
        gain = self.integrated_difference
        if self.integrated_gain is None or gain is None:
            message = sentence("Too few customers are followed to score predictions over time.")
            return Check(name=name, status="warn", title=sentence("Too few to score over time"), message=message)
        lower, upper = self.integrated_gain
        km = self.integrated_brier_km
        if not km:
            message = sentence("One curve for everybody predicts all without error, so a model has nothing to gain.")
            return Check(name=name, status="pass", message=message, value=gain, threshold=0.0)
        status: Status = "pass" if lower > 0 else "warn"
        message = sentence(
            "Over the first {span} the model's squared error is {gain} below that of one curve for everybody (between "
            "{lower} and {upper}; {weights})."
            if status == "pass"
            else "Over the first {span} the model's squared error is not clearly below that of one curve for "
            "everybody: the difference is between {lower} and {upper} of it ({weights}).",
            span=span(self.until, self.time_unit),
            gain=percent(gain / km),
            lower=percent(round(lower / km, 3) + 0.0),
            upper=percent(round(upper / km, 3) + 0.0),
            weights=sentence(
                "censoring weights by attributes" if self.weights_depend else "the same censoring weights for all"
            ),
        )
        title = sentence("Not clearly better than one curve") if status != "pass" else sentence("Better than one curve")
        return Check(name=name, status=status, title=title, message=message, value=gain, threshold=0.0)

    def _fitted(self) -> Check:
        """No fit failed; `fail` where more than half did."""
        fits = self.folds * self.repeats
        template = (
            "{failed} of {fits} fits of the evaluation failed; their customers are left out."
            if self.failed
            else "All {fits} fits of the evaluation worked."
            if fits > 1
            else "The fit worked."
        )
        message = sentence(template, failed=self.failed, fits=fits)
        if self.beyond:
            message += sentence(
                " Not evaluated at {horizons}: some fits do not reach that far, or times were recorded in larger "
                "steps.",
                horizons=times(self.beyond, self.time_unit),
            )
        status: Status = "fail" if self.failed > fits / 2 else "warn" if self.failed or self.beyond else "pass"
        return Check(
            name="cross_validation_fits",
            status=status,
            title=sentence("Fits on parts of the data"),
            message=message,
            value=self.failed,
            threshold=fits / 2,
        )

    def _ranked(self) -> Check:
        """The concordance is above that of guessing; `warn` where it is not, `fail` where it is the wrong way round.

        That nothing tells customers apart is an answer, not a fault of the run. Of pure noise the concordance out of
        sample lies somewhat below .5 on average, since what is left out pulls the other way: only far below it is
        something wrong.
        """
        lower, upper = self.interval
        status: Status = "fail" if upper < REVERSED else "warn" if lower <= 0.5 else "pass"
        message = sentence(
            "The model ranks customers it has not seen better than guessing ({lower} to {upper} of 100 pairs right)."
            if status == "pass"
            else "The model ranks customers it has not seen the wrong way round ({lower} to {upper} of 100 pairs "
            "right): do not use it."
            if status == "fail"
            else "The model ranks customers it has not seen no better than guessing ({lower} to {upper} of 100 pairs "
            "right): what it knows of them does not say who goes first."
            if upper < 0.5
            else "The model may rank customers it has not seen no better than guessing ({lower} to {upper} of 100 "
            "pairs right).",
            lower=number(100 * lower),
            upper=number(100 * upper),
        )
        title = (
            sentence("Ranks better than guessing") if status == "pass" else sentence("Ranks no better than guessing")
        )
        return Check(
            name="ranks_better_than_guessing",
            status=status,
            title=title,
            message=message,
            value=self.concordance,
            threshold=0.5,
        )

    def _average(self) -> Check:
        """The mean of all predictions lies near the observed curve at each horizon, chance allowed for."""
        gaps = (self.scores["predicted"] - self.scores["observed"]).abs().astype(float)
        error = self.scores["observed_error"].astype(float)
        chance = normal_quantile(1 - (1 - SURE) / len(gaps)) * error  # Bonferroni: the worst horizon is looked for
        clear = (gaps > AVERAGE) & (gaps > chance)
        beyond = gaps - chance if clear.any() else gaps
        place = beyond.idxmax() if beyond.notna().any() else self.scores.index[0]
        worst, apart = self.scores.loc[place], float(gaps[place])
        observed, half = float(worst["observed"]), float(chance[place])
        message = sentence(
            (
                "After {span} the model predicts {predicted} not lapsed on average, but {observed} was observed "
                "({lower} to {upper}). Either the model is off so far ahead, or follow-up depends on who customers are."
                if self.lapse
                else "After {span} the model predicts {predicted} still there on average, but {observed} was observed "
                "({lower} to {upper}). Either the model is off so far ahead, or follow-up depends on who customers are."
            )
            if clear.any()
            else (
                "After {span} the model predicts {predicted} not lapsed on average and {observed} was observed: too "
                "few customers are followed that long to call it a difference."
                if self.lapse
                else "After {span} the model predicts {predicted} still there on average and {observed} was observed: "
                "too few customers are followed that long to call it a difference."
            )
            if apart > AVERAGE
            else (
                "The model's average ({predicted} not lapsed after {span}) agrees with what was observed ({observed})."
                if self.lapse
                else "The model's average ({predicted} still there after {span}) agrees with what was observed "
                "({observed})."
            ),
            span=span(float(worst["horizon"]), self.time_unit),
            observed=percent(observed),
            predicted=percent(float(worst["predicted"])),
            lower=percent(max(observed - half, 0.0)),
            upper=percent(min(observed + half, 1.0)),
        )
        status: Status = "warn" if clear.any() else "pass"
        title = sentence("Average prediction against what was observed")
        return Check(
            name="average_prediction", status=status, title=title, message=message, value=apart, threshold=AVERAGE
        )

    def _calibration(self) -> list[Check]:
        return [self._calibrated(row) for row in self.scores.to_dict("records")]

    def _calibrated(self, row: Mapping[Hashable, float]) -> Check:
        """`fail` where predictions are clearly (lower end of the interval) more than 15 points off.

        `warn` where clearly more than 3, where they could be more than 10 off (upper end), or where fewer than 80%
        were evaluated.
        """
        name, when = f"calibration_{row['horizon']:g}", span(row["horizon"], self.time_unit)
        title = sentence("Calibration after {span}", span=when)
        if pd.isna(row["calibration_error"]):
            message = sentence("At {span} too few customers are still followed to test predictions.", span=when)
            return Check(name=name, status="warn", title=title, message=message, threshold=CALIBRATED)
        off = row["calibration_lower"] > CALIBRATED
        unclear = row["calibration_upper"] > EVALUATED or row["evaluated"] < LEAST_EVALUATED
        status: Status = "fail" if row["calibration_lower"] > UNUSABLE else "warn" if off or unclear else "pass"
        message = sentence(
            "At {span} predicted shares are off by {points} percentage points (between {lower} and {upper}), chance "
            "taken out.",
            span=when,
            points=number(100 * row["calibration_error"], 2),
            lower=number(100 * row["calibration_lower"], 2),
            upper=number(100 * row["calibration_upper"], 2),
        )
        if row["evaluated"] < 1:
            message += sentence(
                " That is of {share} of customers; the other groups are too small.", share=percent(row["evaluated"])
            )
        return Check(
            name=name,
            status=status,
            title=title,
            message=message,
            value=float(row["calibration_error"]),
            threshold=CALIBRATED,
        )
