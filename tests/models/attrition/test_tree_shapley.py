"""Tabulated Shapley values against their definition, XGBoost's and shap's."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import xgboost

from workbench.errors import ParameterError
from workbench.models.attrition.trees.ensemble import read_ensemble
from workbench.models.attrition.trees.interactions import shapley_interactions
from workbench.models.attrition.trees.shapley import TreeShapley
from workbench.models.attrition.trees.tables import BLOCK


def rows_of(size, kinds, seed=1, missing=0.1):
    random = np.random.default_rng(seed)
    columns = [random.integers(0, 7, size) if kind == "c" else random.normal(size=size) for kind in kinds]
    rows = np.column_stack(columns).astype(np.float32)
    rows[random.random(rows.shape) < missing] = np.nan
    return rows


def matrix(rows, kinds, labels=None):
    return xgboost.DMatrix(rows, labels, feature_types=list(kinds), enable_categorical=True)


def trained(kinds, *, depth=4, rounds=30, size=3000, missing=0.1, onehot=4):
    rows = rows_of(size, kinds, missing=missing)
    random = np.random.default_rng(2)
    first, second, third = np.nan_to_num(rows[:, 0]), np.nan_to_num(rows[:, 1]), rows[:, -1]
    margin = first * second + first - 0.5 * np.isnan(rows[:, 1]) + np.isin(third, [1, 4, 6])
    labels = (margin + random.logistic(size=size) > 0.7).astype(int)
    settings = {"max_depth": depth, "eta": 0.2, "objective": "binary:logistic", "nthread": 1,
                "max_cat_to_onehot": onehot, "seed": 3}  # fmt: skip
    return xgboost.train(settings, matrix(rows, kinds, labels), rounds), rows


def by_definition(booster, kinds, row, background):
    """Shapley values as the sum over all sets of features, the others taken from each row of the background."""
    count = len(kinds)

    def worth(chosen):
        mixed = background.copy()
        mixed[:, list(chosen)] = row[list(chosen)]
        return float(booster.predict(matrix(mixed, kinds), output_margin=True).mean())

    values = np.zeros(count)
    worths = {each: worth(each) for size in range(count + 1) for each in combinations(range(count), size)}
    for feature in range(count):
        for chosen, value in worths.items():
            if feature not in chosen:
                weight = factorial(len(chosen)) * factorial(count - len(chosen) - 1) / factorial(count)
                values[feature] += weight * (worths[tuple(sorted((*chosen, feature)))] - value)
    return values, worths[()]


@pytest.mark.parametrize("onehot", [1, 100])
def test_equal_to_the_definition_with_missing_values_and_categories(onehot):
    kinds = "qqcc"
    booster, rows = trained(kinds, onehot=onehot)
    background = rows[:60]
    found = TreeShapley.interventional(read_ensemble(booster), background)
    values = found.values(rows[100:108])
    for row, got in zip(rows[100:108], values, strict=True):
        expected, base = by_definition(booster, kinds, row, background)
        assert got == pytest.approx(expected, abs=1e-5)
        assert found.base == pytest.approx(base, abs=1e-5)


def pair_by_definition(booster, kinds, row, background, one, other):
    """Shapley interaction index of two features as the sum over all sets of the others."""
    others = [each for each in range(len(kinds)) if each not in (one, other)]

    def worth(chosen):
        mixed = background.copy()
        mixed[:, list(chosen)] = row[list(chosen)]
        return float(booster.predict(matrix(mixed, kinds), output_margin=True).mean())

    total = 0.0
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(kinds) - size - 2) / factorial(len(kinds) - 1)
        for chosen in combinations(others, size):
            both, first, second = worth((*chosen, one, other)), worth((*chosen, one)), worth((*chosen, other))
            total += weight * (both - first - second + worth(chosen))
    return total


def test_interactions_are_equal_to_their_definition():
    kinds = "qqcc"
    booster, rows = trained(kinds)
    background = rows[:40]
    found = shapley_interactions(read_ensemble(booster), background, rows[100:103])
    for row, got in zip(rows[100:103], found, strict=True):
        assert got == pytest.approx(got.T)
        assert np.diag(got) == pytest.approx(0)
        for one, other in combinations(range(4), 2):
            expected = pair_by_definition(booster, kinds, row, background, one, other)
            assert got[one, other] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("depth", [1, 4, 7])
def test_path_dependent_values_equal_pred_contribs(depth):
    kinds = "qqqqqqqqcc"
    booster, rows = trained(kinds, depth=depth)
    expected = booster.predict(matrix(rows, kinds), pred_contribs=True)
    found = TreeShapley.path_dependent(read_ensemble(booster))
    assert np.abs(found.values(rows) - expected[:, :-1]).max() < 1e-5
    assert found.base == pytest.approx(expected[0, -1], abs=1e-5)


def test_interventional_values_equal_those_of_shap():
    import shap

    kinds = "qqqqqqqq"
    booster, rows = trained(kinds, missing=0.0)
    explainer = shap.TreeExplainer(booster, rows[:100], feature_perturbation="interventional")
    found = TreeShapley.interventional(read_ensemble(booster), rows[:100])
    assert np.abs(found.values(rows[:500]) - explainer.shap_values(rows[:500])).max() < 1e-5
    assert found.base == pytest.approx(float(np.ravel(explainer.expected_value)[0]), abs=1e-5)


def test_values_add_up_to_the_margin_also_of_codes_never_seen():
    kinds = "qqcc"
    booster, rows = trained(kinds)
    rows = np.vstack([rows, rows[: BLOCK + 1]])  # more than one block
    rows[:50, 3] = 7
    rows[50:99, 3] = 400
    found = TreeShapley.interventional(read_ensemble(booster), rows[1000:2000])
    margin = booster.predict(matrix(rows, kinds), output_margin=True)
    assert np.abs(found.values(rows).sum(1) + found.base - margin).max() < 1e-5
    assert found.base == pytest.approx(margin[1000:2000].mean(), abs=1e-5)


def test_a_multiple_of_the_margin_has_multiples_of_the_values():
    booster, rows = trained("qqcc")
    found = TreeShapley.interventional(read_ensemble(booster), rows)
    half = found.scaled(0.5)
    assert half.values(rows) == pytest.approx(found.values(rows) / 2, abs=1e-6)
    assert half.base == found.base / 2


def test_threads_change_nothing(monkeypatch):
    from workbench.models.attrition.trees import shapley

    booster, rows = trained("qqcc")
    found = TreeShapley.interventional(read_ensemble(booster), rows)
    alone = found.values(rows)
    monkeypatch.setattr(shapley, "ROWS_A_THREAD", 700)
    assert np.array_equal(alone, found.values(rows, threads=2))
    assert np.array_equal(alone, found.values(rows))


def test_a_model_read_back_from_a_file_is_the_same(tmp_path):
    booster, rows = trained("qqcc")
    booster.save_model(tmp_path / "model.ubj")
    back = xgboost.Booster(model_file=tmp_path / "model.ubj")
    values = [TreeShapley.path_dependent(read_ensemble(each)).values(rows) for each in (booster, back)]
    assert np.array_equal(*values)


def test_what_cannot_be_explained_is_refused():
    booster, rows = trained("qqcc", rounds=3)
    ensemble = read_ensemble(booster)
    with pytest.raises(ParameterError, match="no rows"):
        TreeShapley.interventional(ensemble, rows[:0])
    with pytest.raises(ParameterError, match="has 4 features"):
        TreeShapley.interventional(ensemble, rows[:, :3])
    linear = xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(np.nan_to_num(rows), rows[:, 0] > 0), 2)
    with pytest.raises(ParameterError, match="gblinear"):
        read_ensemble(linear)
    deep, _ = trained("qqqqqqqqqqqqqqqq", depth=14, rounds=1, size=20_000)
    with pytest.raises(ParameterError, match="more than 10"):
        TreeShapley.path_dependent(read_ensemble(deep))
