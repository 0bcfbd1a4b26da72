"""Whether the test is a test: rows on both sides, populations that drift, and a procedure that learns from nothing.

`workbench.features.leaks` looks at columns; this, at how the rows were divided and the model fitted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.attrition.adversary import QUICK, Adversarial, Ranking, tell_apart
from workbench.models.attrition.model.boosting import Booster
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.model.encoding import Encoding
from workbench.models.attrition.stability import (
    DRIFTS,
    between_snapshots,
    chance_of,
    counts_of,
    drifts,
    edges_of,
    index_of,
)
from workbench.statistics.ranking import auc, auc_error
from workbench.wording import inline, label_of, listing, number, percent, plural, sentence

MOST_OVERLAP = 0.02
"""Share of test rows that equal a training row of another customer in all features: beyond this, scores may flatter. In
`telco`, where no customer stands twice, 1% do by coincidence; in a file with 300 of 3,150 rows twice, a tenth."""
MOST_ALIKE_LABELS = 0.5
"""Correlation of the labels of equal rows, given their risk, from which they are copies and not customers whose few
features coincide: of copies it is 1, of coincidence 0."""
FEWEST_LEAVERS = 30
"""Leavers on either side, with fewer of whom a loss of ranking is too uncertain to be told."""
SHUFFLES = 20  # the mean AUC of so many is known to a fifth of the error of one
STANDARD_ERRORS = 3.0  # chance goes so far in 3 of 1,000 tests
MOST_ROWS = 20_000
"""Rows that each of these fits sees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeakBattery:
    """What was found.

    Attributes
    ----------
    overlap
        Share of test rows that equal a training row of another customer in every feature.
    copies
        Whether such rows left more alike than their features say, as the same customers under other names do, and not
        customers whose few features coincide.
    stability
        One row a feature: `feature`, `label`, `stability` (population stability index of the test against training),
        `usual` (the largest of a training snapshot against the others; 0 without snapshots), `chance` (what the number
        of rows alone can make of it), `drifts`.
    snapshots
        One row a training snapshot, and one of the test: `snapshot`, `feature`, `label`, `stability`: of the feature
        that lies farthest from the other training snapshots. Empty without snapshots.
    adversarial
        How well a model tells test rows from those of the snapshot before, and what the forecast loses.
    shuffled_auc
        (20,): AUC on the test part of models of shuffled labels.
    """

    overlap: float
    copies: bool
    stability: pd.DataFrame
    snapshots: pd.DataFrame
    adversarial: Adversarial
    shuffled_auc: np.ndarray

    @property
    def shuffled_error(self) -> float:
        """Standard error of the mean."""
        return float(self.shuffled_auc.std(ddof=1) / np.sqrt(len(self.shuffled_auc)))

    def checks(self) -> tuple[Check, ...]:
        """One each."""
        return (self._overlap_check(), self._stability_check(), self.adversarial.check(), self._shuffle_check())

    def _overlap_check(self) -> Check:
        share, many = percent(self.overlap), self.overlap > MOST_OVERLAP
        both = many and self.copies
        if both:
            message = sentence(
                "{share} of the test rows equal a training row of another customer in every feature and left like it: "
                "scores flatter. Give customers who stand twice one id, or leave their copies out.",
                share=share,
            )
        elif many:
            message = sentence(
                "{share} of the test rows equal a training row of another customer, by coincidence: such rows left no "
                "more alike than their features say.",
                share=share,
            )
        else:
            message = sentence("No more than {share} of the test rows equal a training row.", share=share)
        return Check(
            name="leak_overlap",
            status="fail" if both else "pass",
            value=self.overlap,
            threshold=MOST_OVERLAP,
            message=message,
            title=sentence("Test rows stand in training too") if both else sentence("Test rows are new"),
        )

    def _stability_check(self) -> Check:
        drifting = self.stability[self.stability["drifts"]]
        names = listing([inline(str(label)) for label in drifting["label"][:5]])
        return Check(
            name="population_stability",
            status="warn" if len(drifting) else "pass",
            value=float((drifting if len(drifting) else self.stability)["stability"].max()),
            threshold=DRIFTS,
            message=plural(
                "{n} feature has another distribution in the test, farther from training than training snapshots lie "
                "from each other: {names}. The forecast may not carry over.",
                "{n} features have another distribution in the test, farther from training than training snapshots "
                "lie from each other, first: {names}. The forecast may not carry over.",
                len(drifting),
                names=names,
            )
            if len(drifting)
            else sentence("No feature is farther from training in the test than training snapshots from each other.")
            if len(self.snapshots)
            else sentence("All features are distributed in the test as in training."),
            title=sentence("Features drift") if len(drifting) else sentence("Features are stable"),
        )

    def _shuffle_check(self) -> Check:
        mean, error = float(self.shuffled_auc.mean()), self.shuffled_error
        learns = abs(mean - 0.5) > STANDARD_ERRORS * error
        words = {"n": number(len(self.shuffled_auc)), "auc": number(mean), "error": number(error, 1)}
        return Check(
            name="label_shuffles",
            status="fail" if learns else "pass",
            value=mean,
            threshold=0.5,
            message=sentence(
                "Trained on shuffled labels {n} times, the model still ranks test customers (mean AUC {auc}, standard "
                "error {error}): something leaks.",
                **words,
            )
            if learns
            else sentence(
                "Trained on shuffled labels {n} times, the model learns nothing (mean AUC {auc}, standard error "
                "{error}).",
                **words,
            ),
            title=sentence("Shuffled labels are learned") if learns else sentence("Shuffled labels teach nothing"),
        )

    def exhibits(self) -> Iterator[Showable]:
        """Checks, numbers, and the stability of each feature."""
        yield self.checks()
        yield {"adversarial_auc": self.adversarial.auc, "shuffled_auc": float(self.shuffled_auc.mean())}
        yield Table(
            name="population_stability",
            frame=self.stability,
            caption=sentence(
                "How far each feature's distribution in the test is from that in training (0: the same; from {limit} "
                "on, another population).",
                limit=number(DRIFTS),
            ),
            people=None,
            columns={
                "label": Column(sentence("Feature")),
                "stability": Column(sentence("Population stability index")),
                **({"usual": Column(sentence("Most between training snapshots"))} if len(self.snapshots) else {}),
            },
        )
        if len(self.snapshots):
            yield Table(
                name="stability_by_snapshot",
                frame=self.snapshots,
                caption=sentence(
                    "By cut-off, the feature whose distribution is farthest from that at all other cut-offs of "
                    "training. The last line is the test."
                ),
                people=None,
                columns={
                    "snapshot": Column(sentence("Cut-off")),
                    "label": Column(sentence("Feature")),
                    "stability": Column(sentence("Population stability index")),
                },
            )


class Forecast(Protocol):
    """What ranks customers."""

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Of leaving (N,).

        Parameters
        ----------
        features
            One row a customer; columns that are not needed do not matter.
        """
        ...


def examine(
    customers: Customers,
    parts: Mapping[Part, np.ndarray],
    *,
    random_seed: int,
    labels: Mapping[str, str] | None = None,
    forecast: Forecast | None = None,
    shuffles: int = SHUFFLES,
) -> LeakBattery:
    """Put the division of the rows to the test.

    Parameters
    ----------
    customers, parts
        The rows and what they are for (`slices`); all parts but the test count as training.
    random_seed
        Fixes draws and shuffles.
    labels
        How features are called.
    forecast
        Fitted without the parts that calibrate and test; without it, nothing is said of what it loses.
    shuffles
        How often labels are shuffled.

    Returns
    -------
    LeakBattery
    """
    random = np.random.default_rng(random_seed)
    train = customers.part(_some(~parts["test"] & customers.complete, random))
    test = customers.part(_some(parts["test"], random))
    encoding = Encoding.of(train.features)
    booster = Booster(encoding=encoding)
    rows, later = encoding.rows(train.features), encoding.rows(test.features)
    stability, snapshots = _stability(encoding, train, rows, test, later, labels)
    near = np.ones(len(train), dtype=bool) if train.snapshots is None else train.snapshots == train.snapshots.max()
    same = _same_rows(rows, train, later, test)
    return LeakBattery(
        overlap=float(np.isfinite(same).mean()),
        copies=_left_alike(booster, rows, train, later, test, same),
        stability=stability,
        snapshots=snapshots,
        adversarial=tell_apart(
            booster,
            (rows[near], train.ids[near]),
            (later, test.ids),
            random_seed=random_seed,
            labels=[label_of(labels, name) for name in encoding.levels],
            ranking=None if forecast is None else _rankings(forecast, customers, parts, random),
        ),
        shuffled_auc=np.array([_shuffled(booster, rows, train, later, test, random) for _ in range(shuffles)]),
    )


def _stability(
    encoding: Encoding,
    train: Customers,
    rows: np.ndarray,
    test: Customers,
    later: np.ndarray,
    labels: Mapping[str, str] | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """By feature, and by snapshot the feature that is farthest off."""
    found, between = [], []
    for at, (name, levels) in enumerate(encoding.levels.items()):
        edges = edges_of(rows[:, at], levels=None if levels is None else len(levels))
        own = between_snapshots(rows[:, at], train.snapshots, edges)
        counts = counts_of(rows[:, at], edges), counts_of(later[:, at], edges)
        index, usual = float(index_of(*counts)), float(own.max(initial=0.0))
        chance = chance_of(*counts, features=len(encoding.levels))
        found.append(
            {"feature": name, "label": label_of(labels, name), "stability": index, "usual": usual, "chance": chance}
        )
        between.append([*own, index])
    frame = pd.DataFrame(found)
    frame["drifts"] = drifts(*(frame[name].to_numpy() for name in ("stability", "usual", "chance")))
    by_snapshot = pd.DataFrame()
    if train.snapshots is not None and test.snapshots is not None and len(np.unique(train.snapshots)) > 1:
        worst = np.argmax(between, axis=0)
        days = [*np.unique(train.snapshots), test.snapshots.max()]
        by_snapshot = pd.DataFrame({"snapshot": days, **frame[["feature", "label"]].iloc[worst].to_dict("list")})
        by_snapshot["stability"] = np.max(between, axis=0)
        if pd.api.types.is_datetime64_any_dtype(by_snapshot["snapshot"]):
            by_snapshot["snapshot"] = by_snapshot["snapshot"].dt.date
    return frame.sort_values("stability", ascending=False, kind="stable", ignore_index=True), by_snapshot


def _rankings(
    forecast: Forecast, customers: Customers, parts: Mapping[Part, np.ndarray], random: np.random.Generator
) -> tuple[Ranking, Ranking] | None:
    """How well customers are ranked that no tree has learned from: those who calibrate, and those of the test."""
    found = []
    for part in ("calibrate", "test"):
        there = customers.part(_some(parts[part], random))
        hits, misses = int(there.left.sum()), int((~there.left).sum())
        if min(hits, misses) < FEWEST_LEAVERS:
            return None
        area = auc(forecast.probability(there.features), there.left)
        found.append(Ranking(auc=area, error=auc_error(area, hits, misses)))
    return found[0], found[1]


def _some(rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if rows.sum() <= MOST_ROWS:
        return rows
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[random.choice(np.flatnonzero(rows), MOST_ROWS, replace=False)] = True
    return chosen


def _same_rows(rows: np.ndarray, train: Customers, later: np.ndarray, test: Customers) -> np.ndarray:
    """Of each test row (N,) who left of equal training rows of other customers, as a share; NaN where there is none."""
    known: dict[bytes, dict[object, list[bool]]] = {}
    for row, owner, left in zip(rows, train.ids, train.left, strict=True):
        known.setdefault(row.tobytes(), {}).setdefault(owner, []).append(bool(left))
    found = np.full(len(later), np.nan)
    for place, (row, owner) in enumerate(zip(later, test.ids, strict=True)):
        others = [np.mean(labels) for other, labels in known.get(row.tobytes(), {}).items() if other != owner]
        if others:
            found[place] = np.mean(others)
    return found


def _left_alike(
    booster: Booster, rows: np.ndarray, train: Customers, later: np.ndarray, test: Customers, same: np.ndarray
) -> bool:
    """Whether equal rows have labels that are more alike than a quick model of their features makes them."""
    there = np.isfinite(same)
    if not there.any() or not 0 < train.left.mean() < 1:
        return False
    p = booster.train(rows, train.left, QUICK, random_seed=0).predict(booster.encoding.matrix(later[there]))
    alike, chance = (test.left[there] - p) * (same[there] - p), p * (1 - p)
    surely = alike.sum() > STANDARD_ERRORS * np.sqrt((chance**2).sum())
    return bool(surely and alike.sum() > MOST_ALIKE_LABELS * chance.sum())


def _shuffled(
    booster: Booster,
    rows: np.ndarray,
    train: Customers,
    later: np.ndarray,
    test: Customers,
    random: np.random.Generator,
) -> float:
    """AUC on the test part of a model of shuffled labels."""
    labels = random.permutation(np.concatenate([train.left, test.left]))
    model = booster.train(rows, labels[: len(rows)], QUICK, random_seed=int(random.integers(2**31)))
    p = model.predict(booster.encoding.matrix(later))
    return auc(p, labels[len(rows) :])
