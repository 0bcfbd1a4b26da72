"""A tree cut into groups of leaves: what they ask, written down flat for compiled code.

Leaves that are near each other share their comparisons. A *group* is a subtree together with the path to it, small
enough that all outcomes of its splits can be listed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from workbench.errors import ParameterError
from workbench.models.attrition.trees.ensemble import Ensemble, Tree
from workbench.wording import number, sentence

GROUP_SPLITS = 8
"""Splits whose outcomes are listed together (256): fastest at depth 4. No value depends on it."""
MOST_ON_A_PATH = 10
"""Splits on the way to a leaf: beyond this tables are larger than they save (3^10 pairs of patterns a leaf)."""


class Groups(NamedTuple):
    """Groups of leaves one after the other, flat so that compiled code can read them.

    Attributes
    ----------
    first_split, first_feature, first_cell : (G + 1,)
        Where each group's splits, features and cells of the table begin.
    split_feature, threshold, missing_left, first_code : (S,)
        Of each split; `first_code` is where it begins in `goes_left`, -1 of a number.
    goes_left : (C,) bool
        By code of a category as in `_codes`, `widest` of them for each split by a category.
    category : (features,) bool
        Columns that are split by category.
    widest
        How many codes `goes_left` has for a split: those of the column with most, one for missing values and one for
        codes that no split knows.
    feature : (T,)
        Column that a slot of a group is about.
    leaf_group, leaf_value, first_condition, first_slot
        By leaf; the last two with an end.
    condition_split, condition_left, condition_slot
        By condition: which split of the group, which way the leaf wants it, which of the leaf's features it is about.
    leaf_feature, ratio
        By feature of a leaf: its place among the group's features, and the share of the training rows that came
        through its splits.
    """

    first_split: np.ndarray
    first_feature: np.ndarray
    first_cell: np.ndarray
    split_feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    first_code: np.ndarray
    goes_left: np.ndarray
    category: np.ndarray
    widest: int
    feature: np.ndarray
    leaf_group: np.ndarray
    leaf_value: np.ndarray
    first_condition: np.ndarray
    first_slot: np.ndarray
    condition_split: np.ndarray
    condition_left: np.ndarray
    condition_slot: np.ndarray
    leaf_feature: np.ndarray
    ratio: np.ndarray


def groups_of(ensemble: Ensemble) -> Groups:
    """Cut every tree into groups and write them down flat.

    Parameters
    ----------
    ensemble
        The trees.
    """
    flat: dict[str, list] = {name: [] for name in Groups._fields if name != "widest"}
    for name in ("first_split", "first_feature", "first_cell", "first_condition", "first_slot"):
        flat[name].append(0)
    known = [codes for tree in ensemble.trees for codes in tree.right_categories.values()]
    widest = max((int(codes.max(initial=-1)) for codes in known), default=-1) + 3
    flat["category"].extend([False] * ensemble.features)
    for tree in ensemble.trees:
        for node in tree.right_categories:
            flat["category"][tree.feature[node]] = True
        for path, top in _cut(tree, 0, ()):
            _write(tree, path, top, widest, flat)
    kinds = {
        "threshold": np.float32,
        "leaf_value": float,
        "ratio": float,
        "missing_left": bool,
        "goes_left": bool,
        "category": bool,
        "condition_left": bool,
    }
    arrays = {name: np.asarray(values, dtype=kinds.get(name, np.int64)) for name, values in flat.items()}
    return Groups(widest=widest, **arrays)


Path = tuple[tuple[int, bool], ...]
"""Splits from the root on, each with whether the way goes left."""


def _cut(tree: Tree, node: int, path: Path) -> Iterator[tuple[Path, int]]:
    """The largest subtrees that are small enough together with the path to them."""
    if len(path) > MOST_ON_A_PATH:
        raise ParameterError(
            sentence(
                "A tree asks more than {most} things on the way to a leaf; expected trees of at most this depth.",
                most=number(MOST_ON_A_PATH),
            )
        )
    leaf = tree.left[node] < 0
    if leaf or len(path) + _splits(tree, node) <= GROUP_SPLITS:
        yield path, node
    else:
        yield from _cut(tree, int(tree.left[node]), (*path, (node, True)))
        yield from _cut(tree, int(tree.right[node]), (*path, (node, False)))


def _splits(tree: Tree, node: int) -> int:
    if tree.left[node] < 0:
        return 0
    return 1 + _splits(tree, int(tree.left[node])) + _splits(tree, int(tree.right[node]))


def _leaves(tree: Tree, node: int, path: Path) -> Iterator[tuple[Path, int]]:
    if tree.left[node] < 0:
        yield path, node
    else:
        yield from _leaves(tree, int(tree.left[node]), (*path, (node, True)))
        yield from _leaves(tree, int(tree.right[node]), (*path, (node, False)))


def _write(tree: Tree, path: Path, top: int, widest: int, flat: dict[str, list]) -> None:
    """Add one group: its splits, features and leaves."""
    leaves = list(_leaves(tree, top, path))
    bits = {node: bit for bit, node in enumerate(dict.fromkeys(node for way, _ in leaves for node, _ in way))}
    slots = {column: slot for slot, column in enumerate(dict.fromkeys(int(tree.feature[node]) for node in bits))}
    for node in bits:
        right = tree.right_categories.get(node)
        flat["split_feature"].append(tree.feature[node])
        flat["threshold"].append(tree.threshold[node])
        flat["missing_left"].append(tree.missing_left[node])
        flat["first_code"].append(-1 if right is None else len(flat["goes_left"]))
        if right is not None:
            known = ~np.isin(np.arange(widest - 1), right)
            flat["goes_left"].extend([tree.missing_left[node], *known])
    flat["feature"].extend(slots)
    group = len(flat["first_split"]) - 1
    for way, leaf in leaves:
        mine = {column: place for place, column in enumerate(dict.fromkeys(int(tree.feature[node]) for node, _ in way))}
        ratio = [1.0] * len(mine)
        for node, left in way:
            slot = mine[int(tree.feature[node])]
            child = tree.left[node] if left else tree.right[node]
            ratio[slot] *= tree.cover[child] / tree.cover[node]
            flat["condition_split"].append(bits[node])
            flat["condition_left"].append(left)
            flat["condition_slot"].append(slot)
        flat["leaf_group"].append(group)
        flat["leaf_value"].append(tree.threshold[leaf])
        flat["leaf_feature"].extend(slots[column] for column in mine)
        flat["ratio"].extend(ratio)
        flat["first_condition"].append(len(flat["condition_split"]))
        flat["first_slot"].append(len(flat["leaf_feature"]))
    flat["first_split"].append(len(flat["split_feature"]))
    flat["first_feature"].append(len(flat["feature"]))
    flat["first_cell"].append(flat["first_cell"][-1] + 2 ** len(bits))
