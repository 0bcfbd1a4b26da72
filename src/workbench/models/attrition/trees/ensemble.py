"""The trees of an XGBoost model as plain arrays, read from its JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

from workbench.errors import ParameterError
from workbench.wording import sentence, shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """One regression tree; arrays by node, node 0 is the root.

    Attributes
    ----------
    left, right : (K,) int
        Children; -1 at a leaf.
    feature : (K,) int
        What a node splits by.
    threshold : (K,) float32
        A number below it goes left; at a leaf its value in log-odds.
    missing_left : (K,) bool
        Where a missing value goes.
    cover : (K,) float
        Sum of the Hessian of the rows that came through in training.
    right_categories
        By node that splits by a category: the codes that go right; all other codes go left.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    cover: np.ndarray
    right_categories: Mapping[int, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """A sum of trees.

    Attributes
    ----------
    trees
        In the order of boosting.
    features
        How many columns a row has.
    base
        Margin of a row before any tree, in log-odds.
    """

    trees: tuple[Tree, ...]
    features: int
    base: float


def read_ensemble(booster: xgboost.Booster) -> Ensemble:
    """The trees of a model with one margin.

    Parameters
    ----------
    booster
        Of the kind `gbtree`; its own JSON is read, nothing is unpickled.

    Returns
    -------
    Ensemble

    Raises
    ------
    ParameterError
        Of a model of another kind (linear, DART, several classes or targets): what was found.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    kind, parameters = learner["gradient_booster"]["name"], learner["learner_model_param"]
    objective = learner["objective"]["name"]
    several = int(parameters["num_class"]) > 1 or int(parameters["num_target"]) > 1
    if kind != "gbtree" or several or objective not in ("binary:logistic", "binary:logitraw", "reg:squarederror"):
        raise ParameterError(
            sentence(
                "Got a model of the kind {kind} with the objective {objective}, expected boosted trees (gbtree) of one "
                "yes/no label.",
                kind=shown(kind),
                objective=shown(objective),
            )
        )
    base = float(json.loads(parameters["base_score"])[0])
    if objective == "binary:logistic":
        base = math.log(base / (1 - base))
    trees = learner["gradient_booster"]["model"]["trees"]
    return Ensemble(trees=tuple(map(_tree, trees)), features=int(parameters["num_feature"]), base=base)


def _tree(node: Mapping[str, Any]) -> Tree:
    codes = np.asarray(node["categories"], dtype=np.int64)
    starts = zip(node["categories_nodes"], node["categories_segments"], node["categories_sizes"], strict=True)
    return Tree(
        left=np.asarray(node["left_children"], dtype=np.int64),
        right=np.asarray(node["right_children"], dtype=np.int64),
        feature=np.asarray(node["split_indices"], dtype=np.int64),
        threshold=np.asarray(node["split_conditions"], dtype=np.float32),
        missing_left=np.asarray(node["default_left"], dtype=bool),
        cover=np.asarray(node["sum_hessian"], dtype=float),
        right_categories={at: codes[start : start + size] for at, start, size in starts},
    )
