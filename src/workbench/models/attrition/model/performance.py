"""All scores of the forecast that is used, with intervals, beside those that it must beat."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.binary.scores import MEASURES
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.attrition.model.choice import Choice
from workbench.wording import as_finely, between, inline, percent, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Performance:
    """How good the forecast is that is used.

    Attributes
    ----------
    choice
        The forecasts, evaluated.
    """

    choice: Choice

    @property
    def rival(self) -> str:
        """The forecast that stands beside it: logistic regression, or boosted trees where that is used."""
        return "boosted" if self.choice.used == "logistic" else "logistic"

    def frame(self) -> pd.DataFrame:
        """By `measure`: `value` with its ends, and for every other forecast its value and the paired difference."""
        evaluated, used = self.choice.evaluation, self.choice.used
        labels = measure_labels()
        rows = []
        for measure in MEASURES:
            if evaluated.capacity is None and measure.endswith("at_capacity"):
                continue
            low, high = evaluated.interval(used, measure)
            row = {
                "measure": measure,
                "label": labels[measure],
                "value": evaluated.score(used, measure),
                "lower": low,
                "upper": high,
            }
            for other in evaluated.forecasts:
                if other == "base_rate" and measure == "calibration_slope":
                    row |= {other: np.nan}  # one risk for all has no slope
                elif other != used:
                    gain, gain_low, gain_high = evaluated.difference(used, other, measure)
                    row |= {
                        other: evaluated.score(other, measure),
                        f"{other}_difference": gain,
                        f"{other}_lower": gain_low,
                        f"{other}_upper": gain_high,
                    }
            rows.append(row)
        return pd.DataFrame(rows)

    def accuracy(self) -> Check:
        """Never without what is right by saying the same of everybody."""
        evaluated, test = self.choice.evaluation, self.choice.test
        words = {
            "share": percent(evaluated.score(self.choice.used, "accuracy")),
            "always": percent(evaluated.score("base_rate", "accuracy")),
        }
        stays = test.left.mean() < 0.5
        return Check(
            name="accuracy",
            status="pass",
            value=evaluated.score(self.choice.used, "accuracy"),
            message=sentence(
                "Calling a risk of 50% or more “leaves” is right for {share} of customers; “stays” for everybody is "
                "right for {always}. So accuracy says little: read the scores below.",
                **words,
            )
            if stays
            else sentence(
                "Calling a risk of 50% or more “leaves” is right for {share} of customers; “leaves” for everybody is "
                "right for {always}. So accuracy says little: read the scores below.",
                **words,
            ),
            title=sentence("Accuracy beside saying the same of all"),
        )

    def exhibits(self) -> Iterator[Showable]:
        """Accuracy beside always saying the same, and the table of all scores."""
        yield self.accuracy()
        labels, used, rival = self.choice.labels(), self.choice.used, self.rival
        frame = self.frame()
        ends, apart = ("lower", "upper"), (f"{rival}_lower", f"{rival}_upper")
        frame["interval"], frame["apart"] = _ends(frame, ends), _ends(frame, apart)
        told = {"shown": ("value", ends), "base_shown": ("base_rate", ends), "less": (f"{rival}_difference", apart)}
        for name, (column, of) in told.items():
            frame[name] = [as_finely(*each) for each in frame[[column, *of]].itertuples(index=False)]
        columns = {
            "label": Column(sentence("Score")),
            "shown": Column(labels[used]),
            "interval": Column(sentence("90% interval")),
            "base_shown": Column(sentence("Base rate")),
            "less": Column(sentence("Difference to {model}", model=inline(labels[rival]))),
            "apart": Column(sentence("90% interval")),
        }
        yield Table(
            name="performance",
            frame=frame,
            caption=sentence(
                "Scores of the forecast that is used, in a window later than all it learned from. Brier score, log "
                "loss and calibration error are best at 0, a slope at 1, an intercept at 0; a coin toss has a ROC AUC "
                "of 0.5."
            )
            if self.choice.known
            else sentence(
                "Scores of the forecast that is used on customers who are new to it. Brier score, log loss and "
                "calibration error are best at 0, a slope at 1, an intercept at 0; a coin toss has a ROC AUC of 0.5."
            ),
            people=None,
            columns={name: each for name, each in columns.items() if (name, used) != ("base_shown", "base_rate")},
        )


def _ends(frame: pd.DataFrame, columns: tuple[str, str]) -> list[str]:
    """Intervals in words; empty where there is none."""
    return [between(*ends) for ends in frame[list(columns)].itertuples(index=False)]


def measure_labels() -> dict[str, str]:
    """Scores in words."""
    return {
        "roc_auc": "ROC AUC",
        "average_precision": sentence("Average precision"),
        "brier": sentence("Brier score"),
        "log_loss": sentence("Log loss"),
        "calibration_slope": sentence("Calibration slope"),
        "calibration_intercept": sentence("Calibration intercept"),
        "ece": sentence("Calibration error (tenths)"),
        "accuracy": sentence("Right where 50% counts as leaving"),
        "precision_at_capacity": sentence("Leavers among those contacted"),
        "caught_at_capacity": sentence("Of all leavers, contacted"),
        "lift_at_capacity": sentence("Lift of contacts"),
    }
