"""Whether the test is a test: rows on both sides, populations that drift, and a procedure that learns from nothing.

`workbench.features.leaks` judges columns; this judges how the rows were divided and the model fitted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.attrition.model.boosting import Booster, Settings
from workbench.models.attrition.model.customers import Customers, Part
from workbench.models.attrition.model.encoding import Encoding
from workbench.statistics.ranking import auc
from workbench.wording import inline, label_of, listing, number, percent, plural, sentence

MOST_OVERLAP = 0.02
"""Share of test rows that equal a training row of another customer in all features: beyond this, scores flatter. In
`telco`, where no customer stands twice, 1% do by coincidence; in a file with 300 of 3,150 rows twice, a tenth."""
FEWEST_VALUES = 5.0
"""Different values of a column, on average: with fewer, equal rows are coincidence."""
DRIFTS = 0.25
"""Population stability index from which a population counts as another one (a convention of credit scoring)."""
BINS = 10  # tenths, as scorecards measure population stability
APART = 0.75
"""AUC at which rows of training and test are distinguished so well that the test is of other customers."""
SHUFFLES = 20  # the mean AUC of so many is known to a fifth of the error of one
STANDARD_ERRORS = 3.0  # chance goes so far in 3 of 1,000 tests
QUICK = Settings(rounds=50, eta=0.1)
"""Enough to learn from a leak, and quick."""
MOST_ROWS = 20_000
"""Rows that each of these fits sees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeakBattery:
    """What was found.

    Attributes
    ----------
    overlap
        Share of test rows that are also a training row of another customer, of rows that could tell.
    stability
        One row a feature: `feature`, `label`, `stability` (population stability index of the test against training).
    adversarial_auc
        How well a model tells training rows from test rows it has not seen; .5 is not at all.
    shuffled_auc
        (20,): AUC on the test part of models of shuffled labels.
    """

    overlap: float
    stability: pd.DataFrame
    adversarial_auc: float
    shuffled_auc: np.ndarray

    @property
    def shuffled_error(self) -> float:
        """Standard error of the mean."""
        return float(self.shuffled_auc.std(ddof=1) / np.sqrt(len(self.shuffled_auc)))

    def checks(self) -> tuple[Check, ...]:
        """One each."""
        return (self._overlap_check(), self._stability_check(), self._adversarial_check(), self._shuffle_check())

    def _overlap_check(self) -> Check:
        both = self.overlap > MOST_OVERLAP
        return Check(
            name="leak_overlap",
            status="fail" if both else "pass",
            value=self.overlap,
            threshold=MOST_OVERLAP,
            message=sentence(
                "{share} of the test rows equal a training row of another customer in every feature: scores flatter. "
                "Group duplicate customers.",
                share=percent(self.overlap),
            )
            if both
            else sentence("No more than {share} of the test rows equal a training row.", share=percent(self.overlap)),
            title=sentence("Test rows stand in training too") if both else sentence("Test rows are new"),
        )

    def _stability_check(self) -> Check:
        drifting = self.stability[self.stability["stability"] > DRIFTS]
        worst = float(self.stability["stability"].max())
        names = listing([inline(str(label)) for label in drifting["label"][:5]])
        return Check(
            name="population_stability",
            status="warn" if len(drifting) else "pass",
            value=worst,
            threshold=DRIFTS,
            message=plural(
                "{n} feature has another distribution in the test than in training: {names}. The forecast may not "
                "carry over.",
                "{n} features have another distribution in the test than in training, first: {names}. The forecast may "
                "not carry over.",
                len(drifting),
                names=names,
            )
            if len(drifting)
            else sentence("All features are distributed in the test as in training."),
            title=sentence("Features drift") if len(drifting) else sentence("Features are stable"),
        )

    def _adversarial_check(self) -> Check:
        apart = self.adversarial_auc > APART
        words = {"auc": number(self.adversarial_auc, 2)}
        return Check(
            name="adversarial_validation",
            status="warn" if apart else "pass",
            value=self.adversarial_auc,
            threshold=APART,
            message=sentence(
                "A model tells training customers from test customers (AUC {auc}): they are different people, or a "
                "feature knows the date.",
                **words,
            )
            if apart
            else sentence("Training and test customers look alike (AUC of telling them apart {auc}).", **words),
            title=sentence("Test customers differ from training") if apart else sentence("Test customers look alike"),
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
        yield {"adversarial_auc": self.adversarial_auc, "shuffled_auc": float(self.shuffled_auc.mean())}
        yield Table(
            name="population_stability",
            frame=self.stability,
            caption=sentence("How far each feature's distribution in the test is from that in training."),
            people=None,
            columns={
                "label": Column(sentence("Feature")),
                "stability": Column(sentence("Population stability index")),
            },
        )


def examine(
    customers: Customers,
    parts: Mapping[Part, np.ndarray],
    *,
    random_seed: int,
    labels: Mapping[str, str] | None = None,
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
    shuffles
        How often labels are shuffled.

    Returns
    -------
    LeakBattery
    """
    random = np.random.default_rng(random_seed)
    train = customers.part(_some(~parts["test"], random))
    test = customers.part(_some(parts["test"], random))
    encoding = Encoding.of(train.features)
    booster = Booster(encoding=encoding)
    rows, later = encoding.rows(train.features), encoding.rows(test.features)
    stability = pd.DataFrame(
        {
            "feature": list(encoding.levels),
            "label": [label_of(labels, name) for name in encoding.levels],
            "stability": [
                population_stability(rows[:, at], later[:, at], category=levels is not None)
                for at, levels in enumerate(encoding.levels.values())
            ],
        }
    )
    return LeakBattery(
        overlap=_overlap(rows, train.ids, later, test.ids),
        stability=stability.sort_values("stability", ascending=False, kind="stable").reset_index(drop=True),
        adversarial_auc=_adversarial(booster, rows, train.ids, later, test.ids, random_seed),
        shuffled_auc=np.array([_shuffled(booster, rows, train, later, test, random) for _ in range(shuffles)]),
    )


def _some(rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if rows.sum() <= MOST_ROWS:
        return rows
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[random.choice(np.flatnonzero(rows), MOST_ROWS, replace=False)] = True
    return chosen


def population_stability(before: np.ndarray, after: np.ndarray, *, category: bool = False) -> float:
    """Population stability index of a column: Σ (q - p) ln(q / p) over tenths, or levels, and missing values.

    Parameters
    ----------
    before, after : (N,), (M,)
        Values, NaN where missing; tenths are those of `before`.
    category
        Whether values are codes of levels.

    Examples
    --------
    >>> even = np.arange(1000.0)
    >>> round(population_stability(even, even), 6), round(population_stability(even, even / 2), 2) > 1
    (0.0, True)
    """
    known = before[~np.isnan(before)]
    if not len(known):
        return 0.0
    edges = np.unique(known)[:-1] if category else np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))

    def shares(values: np.ndarray) -> np.ndarray:
        cells = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
        counts = np.bincount(cells, minlength=len(edges) + 2)
        return (counts + 0.5) / (counts.sum() + 0.5 * len(counts))

    p, q = shares(before), shares(after)
    return float(((q - p) * np.log(q / p)).sum())


def _overlap(rows: np.ndarray, ids: np.ndarray, later: np.ndarray, later_ids: np.ndarray) -> float:
    """Share of test rows that equal a training row of another customer in every feature.

    Where features have few different values, customers are equal by coincidence, so nothing is said (0).
    """
    if np.mean([len(np.unique(column)) for column in rows.T]) < FEWEST_VALUES:
        return 0.0
    known: dict[bytes, set] = {}
    for row, owner in zip(rows, ids, strict=True):
        known.setdefault(row.tobytes(), set()).add(owner)
    both = [bool(known.get(row.tobytes(), set()) - {owner}) for row, owner in zip(later, later_ids, strict=True)]
    return float(np.mean(both))


def _adversarial(
    booster: Booster, rows: np.ndarray, ids: np.ndarray, later: np.ndarray, later_ids: np.ndarray, random_seed: int
) -> float:
    """AUC of telling test rows from training rows, each half of the customers judged by a model of the other half."""
    both, owners = np.vstack([rows, later]), np.concatenate([ids, later_ids])
    from_test = np.repeat([False, True], [len(rows), len(later)])
    codes, known = pd.factorize(owners)
    half = np.random.default_rng(random_seed).permutation(len(known))[codes] % 2 == 0
    found = np.empty(len(both))
    for side in (half, ~half):
        model = booster.train(both[~side], from_test[~side], QUICK, random_seed=random_seed)
        found[side] = model.predict(booster.encoding.matrix(both[side]))
    return auc(found, from_test)


def _shuffled(
    booster: Booster, rows: np.ndarray, train: Customers, later: np.ndarray, test: Customers,
    random: np.random.Generator,
) -> float:  # fmt: skip
    """AUC on the test part of a model of shuffled labels."""
    labels = random.permutation(np.concatenate([train.left, test.left]))
    model = booster.train(rows, labels[: len(rows)], QUICK, random_seed=int(random.integers(2**31)))
    p = model.predict(booster.encoding.matrix(later))
    return auc(p, labels[len(rows) :])
