"""Whether more customers would help, and whether the forecast does as well at other cut-offs: quick fits for both.

The fits have at most 50 trees, so that ten of them cost less than one forecast. They say how scores move with the
number of customers and with time, not how good the forecast itself is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from workbench.evaluation.binary.bootstrap import Evaluation, evaluate
from workbench.evaluation.binary.groups import by_group
from workbench.evaluation.binary.scores import Forecast
from workbench.exhibits import Column, Figure, People, Showable, Table
from workbench.findings import Check
from workbench.models.attrition.model.baselines import Baseline, BaseRate, Logistic, SingleFeature
from workbench.models.attrition.model.boosting import Booster, Settings, thinned
from workbench.models.attrition.model.customers import Customers, Part, lots
from workbench.models.attrition.model.encoding import Encoding
from workbench.wording import as_finely, between, number, sentence

QUICK = Settings(rounds=50, eta=0.1)
"""Near the full forecast in a hundredth of its time."""
SHARES = (0.125, 0.25, 0.5, 1.0)  # doublings: what another doubling would bring is the question
FEWEST = 20
"""Leavers to learn from, and to be evaluated on: with fewer an AUC is anything."""
MOST_CUTOFFS = 8  # the last ones: a page's width
MOST_ROWS = 50_000
"""Rows that a quick fit sees, as many as the forecast itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Learning:
    """What quick fits show.

    Attributes
    ----------
    evaluation
        Of the test part, by forecasts of more and more customers; names are their numbers.
    by_cutoff
        By `group` (the cut-off), as `by_group` has it; None without dates.
    by_lot
        Whether the customers of a cut-off there are some drawn by lot.
    """

    evaluation: Evaluation | None
    by_cutoff: pd.DataFrame | None
    by_lot: bool = False

    def curve(self) -> pd.DataFrame:
        """By number of `customers` (rows learned from): `roc_auc`, `log_loss`, and their ends."""
        assert self.evaluation is not None
        rows = []
        for name in self.evaluation.forecasts:
            row: dict[str, float] = {"customers": int(name)}
            for measure in ("roc_auc", "log_loss"):
                low, high = self.evaluation.interval(name, measure)
                row |= {
                    measure: self.evaluation.score(name, measure),
                    f"{measure}_lower": low,
                    f"{measure}_upper": high,
                }
            rows.append(row)
        return pd.DataFrame(rows)

    def check(self) -> Check:
        """Whether the last doubling of the customers still made the forecast clearly better."""
        assert self.evaluation is not None
        half, whole = list(self.evaluation.forecasts)[-2:]
        helps = self.evaluation.beats(whole, half, "log_loss")
        gain, low, high = self.evaluation.difference(whole, half, "log_loss")
        words = {
            "half": number(int(half)),
            "whole": number(int(whole)),
            "change": number(as_finely(gain, low, high)),
            "range": between(low, high),
        }
        return Check(
            name="learning_curve",
            status="pass",
            value=gain,
            message=sentence(
                "More customers would still help: with {whole} instead of {half} to learn from, the log loss of a "
                "quick model falls (by {change}, 90% interval {range}).",
                **words,
            )
            if helps
            else sentence(
                "More customers of the same kind would hardly help: with {whole} instead of {half} to learn from, the "
                "log loss of a quick model does not clearly fall (change {change}, 90% interval {range}).",
                **words,
            ),
            title=sentence("More customers would help") if helps else sentence("More customers would hardly help"),
        )

    def exhibits(self) -> Iterator[Showable]:
        """The curve and the cut-offs."""
        if self.evaluation is not None:
            yield self.check()
            yield Figure(
                name="learning_curve",
                draw=self.draw,
                title=sentence("How well customers are ranked, by how many were learned from"),
                alt=sentence("A line of the ROC AUC over the number of customers learned from, with 90% intervals."),
                caption=sentence("Quick models of 50 trees, evaluated on the same customers."),
            )
        if self.by_cutoff is not None and len(self.by_cutoff) > 1:
            yield Table(
                name="by_snapshot",
                frame=self.by_cutoff,
                caption=sentence(
                    "The same kind of forecast at each cut-off, made quickly of windows that were over by then: how it "
                    "would have done before. Of very many customers these are some drawn by lot."
                )
                if self.by_lot
                else sentence(
                    "The same kind of forecast at each cut-off, made quickly of windows that were over by then: how it "
                    "would have done before."
                ),
                people=People(count="rows", within=["group"]),
                columns={
                    "group": Column(sentence("Cut-off")),
                    "rows": Column(sentence("Customers")),
                    "share": Column(sentence("Left"), "share"),
                    "forecast": Column(sentence("Forecast"), "share"),
                    "ratio": Column(sentence("Left per leaver forecast")),
                    "ratio_lower": Column(sentence("From")),
                    "ratio_upper": Column(sentence("To")),
                    "roc_auc": Column(sentence("ROC AUC")),
                    "roc_auc_lower": Column(sentence("From")),
                    "roc_auc_upper": Column(sentence("To")),
                },
            )

    def draw(self) -> Axes:
        """One dot a number of customers."""
        curve = self.curve()
        ax = Drawing(figsize=(6.2, 3.0), layout="constrained").subplots()
        ends = [curve["roc_auc"] - curve["roc_auc_lower"], curve["roc_auc_upper"] - curve["roc_auc"]]
        ax.errorbar(curve["customers"], curve["roc_auc"], yerr=np.clip(ends, 0, None), fmt="o-", markersize=4)
        ax.set_xscale("log")
        ax.set_xticks(curve["customers"], [number(int(each)) for each in curve["customers"]])
        ax.minorticks_off()
        ax.set_xlabel(sentence("Customers learned from"))
        ax.set_ylabel("ROC AUC")
        return ax


def learn_quickly(customers: Customers, parts: Mapping[Part, np.ndarray], used: str, *, random_seed: int) -> Learning:
    """Fit quick forecasts to more and more customers, and at one cut-off after the other.

    Parameters
    ----------
    customers, parts
        The rows and what they are for (`slices`).
    used
        Name of the forecast that is used: its kind is fitted.
    random_seed
        Fixes which customers.
    """
    return Learning(
        evaluation=_curve(customers, parts, used, random_seed),
        by_cutoff=_over_time(customers, used, random_seed),
        by_lot=not _some(customers, random_seed).all(),
    )


def _some(customers: Customers, random_seed: int) -> np.ndarray:
    """Rows (N,) that are looked at over time: of very many customers, those of some."""
    moments = 1 if customers.snapshots is None else len(np.unique(customers.snapshots))
    return customers.drawn(MOST_ROWS * moments, random_seed=random_seed)


def quick(learned: Customers, features: pd.DataFrame, used: str, random_seed: int) -> np.ndarray:
    """Probabilities (N,) of a quick forecast of the kind that is used.

    Parameters
    ----------
    learned
        To learn from: all leavers, and some of those who stay, weighted back.
    features
        Rows (N, features) to forecast.
    used
        Name of the forecast; of any that is not simple, boosted trees.
    random_seed
        Fixes who is seen.
    """
    times = thinned(np.ones(len(learned)), learned.left, np.random.default_rng(random_seed))
    learned = learned.part(times > 0).weighted(times[times > 0])
    simpler: dict[str, Baseline] = {"base_rate": BaseRate(), "single_feature": SingleFeature(), "logistic": Logistic()}
    if used in simpler:
        return simpler[used].fit(learned.features, learned.left, learned.weights).probability(features)
    encoding = Encoding.of(learned.features)
    rows = encoding.rows(learned.features)
    model = Booster(encoding=encoding).train(
        rows, learned.left, QUICK, random_seed=random_seed, weights=learned.weights
    )
    return model.predict(encoding.matrix(encoding.rows(features))).astype(float)


def _curve(customers: Customers, parts: Mapping[Part, np.ndarray], used: str, random_seed: int) -> Evaluation | None:
    # Another seed than that of the slices, whose test part is the end of the same lots.
    place, test = lots(customers, random_seed=random_seed + 1), customers.part(parts["test"])
    earlier = ~parts["test"] & customers.complete
    limit = min(1.0, MOST_ROWS / max(int(earlier.sum()), 1))
    found: dict[str, np.ndarray] = {}
    for share in SHARES:
        learned = customers.part(earlier & (place < share * limit))
        if min(learned.left.sum(), (~learned.left).sum()) >= FEWEST:
            found[str(len(learned))] = quick(learned, test.features, used, random_seed)
    if len(found) < 2:
        return None
    return evaluate(test.left, found, test.clusters, random_seed=random_seed, weights=test.weights)


def _over_time(customers: Customers, used: str, random_seed: int) -> pd.DataFrame | None:
    """Forecasts of each cut-off from those before whose windows were over.

    Customers have only windows that were over at the last cut-off, so the time between the last two is as long as a
    window at least.
    """
    if customers.snapshots is None:
        return None
    moments = np.unique(customers.snapshots)
    if len(moments) < 3:
        return None
    window = moments[-1] - moments[-2]
    customers = customers.part(_some(customers, random_seed))
    frames = []
    for moment in moments[-MOST_CUTOFFS:]:
        before, now = customers.snapshots + window <= moment, customers.snapshots == moment
        learned = customers.part(customers.drawn(MOST_ROWS, random_seed=random_seed, among=before))
        test = customers.part(now)
        if learned.left.sum() < FEWEST or test.left.sum() < FEWEST:
            continue
        forecast = Forecast(labels=test.left, probabilities=quick(learned, test.features, used, random_seed))
        when = pd.Series([str(pd.Timestamp(moment).date())] * len(test), name="snapshot")
        frames.append(by_group(forecast, when, random_seed=random_seed, weights=test.weights))
    return pd.concat(frames, ignore_index=True) if frames else None
