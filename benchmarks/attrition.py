"""Shapley values of boosted trees, beside the plain calls that a user would write: `python benchmarks/attrition.py`.

CPU seconds for 100,000 rows × 60 features × 400 trees of depth 4, in one run and one process. The slow ones explain
fewer rows, and their seconds are scaled up: both take the same time for each row.
"""

import time
from collections.abc import Callable

import numpy as np
import xgboost

from workbench.models.attrition.trees.ensemble import read_ensemble
from workbench.models.attrition.trees.shapley import TreeShapley

ROWS = 100_000
KINDS = ["q"] * 50 + ["c"] * 10
BACKGROUND = 10_000


def data(categories: bool) -> tuple[np.ndarray, np.ndarray]:
    """Sixty features, ten of them with eight categories, one value in twenty missing; one customer in five leaves."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, len(KINDS))).astype(np.float32)
    rows[:, 50:] = random.integers(0, 8, (ROWS, 10))
    if categories:
        rows[random.random(rows.shape) < 0.05] = np.nan
    known = np.nan_to_num(rows)
    margin = 0.8 * known[:, 0] + known[:, 1] * known[:, 2] + np.isin(rows[:, 50], [1, 4]) - 2
    return rows, (margin + random.logistic(size=ROWS) > 0).astype(int)


def fitted(rows: np.ndarray, labels: np.ndarray, kinds: list[str]) -> xgboost.Booster:
    table = xgboost.DMatrix(rows, labels, feature_types=kinds, enable_categorical=True)
    settings = {"max_depth": 4, "eta": 0.05, "objective": "binary:logistic", "nthread": 1}
    return xgboost.train(settings, table, 400)


def seconds(work: Callable[[], np.ndarray], rows: int) -> tuple[float, np.ndarray]:
    started = time.process_time()
    found = work()
    return (time.process_time() - started) * ROWS / rows, found


def main() -> None:
    rows, labels = data(categories=True)
    booster = fitted(rows, labels, KINDS)
    TreeShapley.interventional(read_ensemble(booster), rows[:10]).values(rows[:10])  # compile

    ours, _ = seconds(tabulated_of(booster, rows), ROWS)
    by_path, values = seconds(lambda: TreeShapley.path_dependent(read_ensemble(booster)).values(rows), ROWS)
    few = xgboost.DMatrix(rows[:10_000], feature_types=KINDS, enable_categorical=True)
    contribs, expected = seconds(lambda: booster.predict(few, pred_contribs=True), 10_000)
    print(f"tabulated, background {BACKGROUND:,} rows, tables included: {ours:.2f} s; path-dependent {by_path:.2f} s")
    print(f"pred_contribs: {contribs:.1f} s, {contribs / ours:.0f} times (wanted: 20)")
    print(f"largest difference of the path-dependent ones: {np.abs(values[:10_000] - expected[:, :-1]).max():.1e}")

    import shap

    numbers, labels = data(categories=False)
    booster = fitted(numbers, labels, ["q"] * len(KINDS))
    explainer = shap.TreeExplainer(booster, numbers[:100], feature_perturbation="interventional")
    plain, expected = seconds(lambda: explainer.shap_values(numbers[:500]), 500)
    same = TreeShapley.interventional(read_ensemble(booster), numbers[:100]).values(numbers[:500])
    ours, _ = seconds(tabulated_of(booster, numbers), ROWS)
    print(f"shap.TreeExplainer, background 100 rows: {plain:.0f} s, {plain / ours:.0f} times (wanted: 300)")
    print(f"largest difference with the same 100 rows: {np.abs(same - expected).max():.1e}")


def tabulated_of(booster: xgboost.Booster, rows: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: TreeShapley.interventional(read_ensemble(booster), rows[:BACKGROUND]).values(rows)


if __name__ == "__main__":
    main()
