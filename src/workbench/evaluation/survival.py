"""How well a survival model foretells customers that it has not seen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.brier import brier
from workbench.evaluation.calibration import calibration, calibration_error, chance_error
from workbench.evaluation.concordance import Pairs, concordance, count_pairs
from workbench.evaluation.horizons import clean_horizons, span
from workbench.evaluation.product_limit import normal_quantile, product_limit, survival_at
from workbench.findings import Check, Finding
from workbench.wording import listing, number, percent, sentence

CALIBRATED = 0.05
"""A mean difference of predicted and observed share beyond this is worth a warning."""


class SurvivalModel(Protocol):
    """What a model must be able to do to be evaluated."""

    def log_hazard(self, frame: pd.DataFrame) -> pd.Series:
        """A risk score by customer_id; higher leaves sooner."""

    def predict_survival(self, frame: pd.DataFrame, times: Iterable[float]) -> pd.DataFrame:
        """Share still there: one row a customer_id, one column a time."""


def cross_validate(
    fit: Callable[[pd.DataFrame], SurvivalModel],
    lifetimes: pd.DataFrame,
    horizons: Iterable[float],
    *,
    folds: int = 5,
    repeats: int = 2,
    random_seed: int,
    confidence: float = 0.9,
    time_unit: str = "month",
) -> "Evaluation":
    """Repeated stratified k-fold: each customer is foretold by models fitted without them.

    Customers are dealt to folds at random, leavers and others apart, so that each fold has its share of both. Ranking
    is judged within each fold (scores of different fits are not comparable), predicted shares by the mean over repeats.

    Parameters
    ----------
    fit
        Fits a model to some of the rows, for instance `CoxModel.refit`.
    lifetimes
        `customer_id`, `duration`, `event` and covariates, all usable by the model (`CoxModel.complete_cases`).
    horizons
        Times at which shares are judged, within the data.
    folds, repeats
        Parts that the customers are dealt to, and how often.
    random_seed
        Seed of the dealing.
    confidence, time_unit
        Level of intervals, and what durations are counted in.

    Raises
    ------
    DataError
        When there are fewer leavers than folds.
    """
    horizons = clean_horizons(horizons)
    durations = lifetimes["duration"].to_numpy(dtype=float)
    events = lifetimes["event"].to_numpy().astype(bool)
    if events.sum() < folds:
        raise DataError(
            sentence(
                "lifetimes: got {events} customers who left, expected at least one for each of {folds} folds; "
                "choose fewer folds or use more data.",
                events=number(int(events.sum())),
                folds=folds,
            )
        )
    dealer = np.random.default_rng(random_seed)
    survival = np.zeros((len(lifetimes), len(horizons)))
    baseline, ranks = np.zeros_like(survival), np.zeros(len(lifetimes))
    pairs = []
    for _ in range(repeats):
        fold = _deal(events, folds, dealer)
        right, comparable = np.zeros(len(lifetimes)), np.zeros(len(lifetimes))
        for place in range(folds):
            test = np.flatnonzero(fold == place)
            train = np.flatnonzero(fold != place)
            model, held_out = fit(lifetimes.iloc[train]), lifetimes.iloc[test]
            ids = held_out["customer_id"]
            survival[test] += model.predict_survival(held_out, horizons).loc[ids].to_numpy() / repeats
            plain = product_limit(durations[train], events[train])
            baseline[test] += survival_at(plain, np.array(horizons)) / repeats
            risk = model.log_hazard(held_out).loc[ids]
            ranks[test] -= (risk.rank().to_numpy() - 0.5) / len(test) / repeats
            counted = count_pairs(durations[test], events[test], risk.to_numpy())
            right[test], comparable[test] = counted.right, counted.comparable
        pairs.append(Pairs(right, comparable))

    groups = [
        calibration(durations, events, survival[:, place], horizon, ranks=ranks, confidence=confidence)
        for place, horizon in enumerate(horizons)
    ]
    scores = pd.DataFrame(
        {
            "horizon": horizons,
            "predicted": survival.mean(axis=0),
            "observed": survival_at(product_limit(durations, events), np.array(horizons)),
            "calibration_error": [calibration_error(table) for table in groups],
            "chance": [chance_error(table, confidence) for table in groups],
            "judged": [float(table["customers"].sum() / len(lifetimes)) for table in groups],
            "brier": [brier(durations, events, survival[:, i], h) for i, h in enumerate(horizons)],
            "brier_km": [brier(durations, events, baseline[:, i], h) for i, h in enumerate(horizons)],
        }
    ).astype(dict.fromkeys(["calibration_error", "chance", "brier", "brier_km"], "Float64"))
    share, error = concordance(pairs)
    return Evaluation(
        concordance=share,
        standard_error=error,
        scores=scores,
        calibration=pd.concat([table for table in groups if len(table)] or groups[:1], ignore_index=True),
        customers=len(lifetimes),
        events=int(events.sum()),
        folds=folds,
        repeats=repeats,
        confidence=confidence,
        time_unit=time_unit,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """How well customers were foretold that the model had not seen.

    Attributes
    ----------
    concordance, standard_error
        Harrell's concordance out of sample (.5 is guessing; NaN where no two customers can be compared).
    scores
        One row a horizon: `horizon`, `predicted` and `observed` mean share still there, `calibration_error` (mean
        absolute difference over groups), `chance` (what it would be by chance alone), `judged` (share of customers in
        groups that could be judged), `brier`, `brier_km` (of the plain Kaplan–Meier curve); missing where the data do
        not bear it.
    calibration
        `horizon`, `customers`, `predicted`, `observed`, `lower`, `upper`: groups of similar predictions.
    customers, events, folds, repeats, confidence, time_unit
        How it was done.
    """

    concordance: float
    standard_error: float
    scores: pd.DataFrame
    calibration: pd.DataFrame
    customers: int
    events: int
    folds: int
    repeats: int
    confidence: float
    time_unit: str

    @property
    def interval(self) -> tuple[float, float]:
        """Of the concordance, within [0, 1]."""
        half = normal_quantile(self.confidence) * self.standard_error
        return max(self.concordance - half, 0.0), min(self.concordance + half, 1.0)

    @property
    def interval_kind(self) -> str:
        """What that interval counts, and what it does not."""
        return sentence("{level} confidence (Wald, over held-out customers; fits taken as given)",
                        level=percent(self.confidence))  # fmt: skip

    def metrics(self) -> dict[str, float | None]:
        """`concordance`, and for each horizon `calibration_error_<h>`, `brier_<h>`, `brier_km_<h>`."""
        values: dict[str, float | None] = {"concordance": None if np.isnan(self.concordance) else self.concordance}
        for row in self.scores.itertuples():
            for name in ("calibration_error", "brier", "brier_km"):
                value = getattr(row, name)
                values[f"{name}_{row.horizon:g}"] = None if pd.isna(value) else float(value)
        return values

    def checks(self) -> tuple[Check, ...]:
        """Out of sample only; calibrated at each horizon; better than the curve of all customers."""
        checks = [
            Check(
                name="out_of_sample_not_out_of_time",
                status="warn",
                message=sentence(
                    "Evaluated out of sample, not out of time ({repeats} times {folds} folds): the data carry no "
                    "dates, so nothing shows that what held for past customers will hold for the next ones.",
                    repeats=self.repeats,
                    folds=self.folds,
                ),
            )
        ]
        for row in self.scores.itertuples():
            checks.append(self._calibrated(row))
        checks.append(self._followed_alike())
        scored = self.scores.dropna(subset=["brier", "brier_km"])
        if len(scored):
            gain = (1 - scored["brier"] / scored["brier_km"].where(scored["brier_km"] > 0)).fillna(0).astype(float)
            losing = scored["horizon"][gain < 0]
            checks.append(
                Check(
                    name="better_than_kaplan_meier",
                    status="warn" if len(losing) else "pass",
                    message=sentence(
                        "The model foretells worse than one curve for everybody at {horizons} ({unit}).",
                        horizons=listing([number(horizon) for horizon in losing]), unit=self.time_unit,
                    ) if len(losing) else sentence(
                        "At no horizon does the model foretell worse than one curve for everybody (squared error, "
                        "weighted as if all customers were equally likely to be followed)."
                    ),
                    value=float(gain.min()),
                    threshold=0.0,
                )
            )  # fmt: skip
        return tuple(checks)

    def findings(self) -> tuple[Finding, ...]:
        """How well the model ranks customers; how far its shares are off is a check at each horizon."""
        findings = []
        if not np.isnan(self.concordance):
            findings.append(
                Finding(
                    id="concordance",
                    statement=sentence(
                        "Of two customers it has not seen, the model says which one leaves first in {right} of 100 "
                        "cases; guessing gives 50.",
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
        calibrated = all(check.status == "pass" for check in self.checks() if check.name.startswith("calibration_"))
        return (
            sentence("Predicted and observed shares agree")
            if calibrated
            else sentence("Predicted shares differ from what was observed")
        )

    def plot(self, ax=None, *, title: str | None = None):
        """Observed against predicted share by horizon, with intervals; on the diagonal they agree. Returns the axes."""
        from workbench.evaluation.figures import draw_calibration  # only a figure needs matplotlib

        return draw_calibration(self, ax, title=title)

    def describe(self) -> str:
        """What the figure shows, for those who cannot see it."""
        rows = [
            sentence("at {span} predicted {predicted}, observed {observed}, groups off by {error}",
                     span=span(row.horizon, self.time_unit), predicted=percent(row.predicted),
                     observed=percent(row.observed),
                     error=percent(None if pd.isna(row.calibration_error) else row.calibration_error))
            for row in self.scores.itertuples()
        ]  # fmt: skip
        return sentence("Observed share still there against the predicted one, in groups of similar predictions, with "
                        "a diagonal where both agree. Means: {rows}.", rows="; ".join(rows))  # fmt: skip

    def _followed_alike(self) -> Check:
        """Kaplan–Meier of all customers needs that who is still followed has nothing to do with who will leave."""
        gaps = (self.scores["predicted"] - self.scores["observed"]).abs()
        worst = self.scores.loc[gaps.idxmax()]
        apart = float(gaps.max())
        values = {
            "span": span(worst["horizon"], self.time_unit),
            "observed": percent(worst["observed"]),
            "predicted": percent(worst["predicted"]),
        }
        return Check(
            name="curve_of_all_customers",
            status="pass" if apart <= CALIBRATED else "warn",
            message=sentence(
                "The curve of all customers ({observed} still there after {span}) and the model's average over "
                "customers ({predicted}) agree.",
                **values,
            )
            if apart <= CALIBRATED
            else sentence(
                "After {span} the curve of all customers says {observed} are still there, the model's average over "
                "customers {predicted}: how long customers could be followed seems to depend on who they are, which "
                "the curve of all cannot allow for; trust the curves by segment more.",
                **values,
            ),
            value=apart,
            threshold=CALIBRATED,
        )

    def _calibrated(self, row) -> Check:
        name, when = f"calibration_{row.horizon:g}", span(row.horizon, self.time_unit)
        if pd.isna(row.calibration_error):
            message = sentence("At {span} too few customers are still followed to judge predictions.", span=when)
            return Check(name=name, status="warn", message=message, threshold=CALIBRATED)
        error, chance = float(row.calibration_error), float(row.chance)
        threshold = CALIBRATED + chance
        return Check(
            name=name,
            status="pass" if error <= threshold else "warn",
            message=sentence(
                "At {span} predicted and observed shares differ by {points} percentage points on average over groups "
                "of similar predictions; chance alone would give about {chance}.",
                span=when,
                points=number(100 * error, 2),
                chance=number(100 * chance, 2),
            )
            + (
                sentence(" Groups with {share} of customers could be judged.", share=percent(row.judged))
                if row.judged < 1
                else ""
            ),
            value=error,
            threshold=threshold,
        )


def _deal(events: np.ndarray, folds: int, dealer: np.random.Generator) -> np.ndarray:
    """A fold for each customer; leavers and others each spread evenly."""
    fold = np.empty(len(events), dtype=int)
    for kind in (True, False):
        rows = dealer.permutation(np.flatnonzero(events == kind))
        fold[rows] = np.arange(len(rows)) % folds
    return fold
