"""Exact Shapley interactions of boosted trees: what two features say together beyond what each says alone.

They come from the same pass patterns as Shapley values (`tables`): a leaf's interactions depend on nothing but which of
its conditions the row and the background meet.
"""

import numba
import numpy as np

from workbench.models.attrition.trees.ensemble import Ensemble
from workbench.models.attrition.trees.groups import MOST_ON_A_PATH, groups_of
from workbench.models.attrition.trees.tables import BLOCK, count_outcomes, load_block, ones, outcomes_of, passes_of


def shapley_interactions(ensemble: Ensemble, background: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Shapley interaction index of every pair of features, row by row, against a background.

    Parameters
    ----------
    ensemble
        The model.
    background : (B, features)
        Rows as the model takes them: a feature that is left out has the values it has there.
    rows : (N, features)
        To explain.

    Returns
    -------
    ndarray (N, features, features)
        In log-odds, symmetric, 0 on the diagonal: the difference that both features make together, less what each makes
        without the other, averaged over the sets of the other features as Shapley values are. Half of it is what
        `shap` calls the interaction value of either.

    References
    ----------
    Grabisch and Roubens (1999), An axiomatic approach to the concept of interaction among players in cooperative
    games, International Journal of Game Theory 28. Lundberg et al. (2020), From local explanations to global
    understanding with explainable AI for trees, Nature Machine Intelligence 2.
    """
    groups = groups_of(ensemble)
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    background = np.ascontiguousarray(background, dtype=np.float32)
    frequency = count_outcomes(background, groups) / len(background)
    found = np.zeros((len(rows), ensemble.features, ensemble.features), dtype=np.float32)
    _interact(rows, groups, frequency, found)
    return found


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _interact(rows, groups, frequency, found):
    pattern = np.empty(BLOCK, np.uint32)
    block = np.empty((rows.shape[1], BLOCK), np.float32)
    codes = np.empty((rows.shape[1], BLOCK), np.uint32)
    leaf = 0
    for group in range(groups.first_split.size - 1):
        first = groups.first_feature[group]
        count = groups.first_feature[group + 1] - first
        begin = groups.first_cell[group]
        outcomes = groups.first_cell[group + 1] - begin
        table = np.zeros((outcomes, count, count))
        while leaf < groups.leaf_group.size and groups.leaf_group[leaf] == group:
            slot = groups.first_slot[leaf]
            size = groups.first_slot[leaf + 1] - slot
            passes = passes_of(groups, leaf, size)
            share = np.zeros(1 << size)
            for outcome in range(outcomes):
                share[passes[outcome]] += frequency[begin + outcome]
            pairs = _pairs(size, share)
            for outcome in range(outcomes):
                for one in range(size):
                    for other in range(size):
                        at, beside = groups.leaf_feature[slot + one], groups.leaf_feature[slot + other]
                        table[outcome, at, beside] += groups.leaf_value[leaf] * pairs[passes[outcome], one, other]
            leaf += 1
        for start in range(0, rows.shape[0], BLOCK):
            size = min(BLOCK, rows.shape[0] - start)
            load_block(rows, start, size, groups.category, groups.widest, block, codes)
            outcomes_of(block, codes, size, groups, group, pattern)
            for one in range(count):
                for other in range(count):
                    at, beside = groups.feature[first + one], groups.feature[first + other]
                    if one != other:
                        for row in range(size):
                            found[start + row, at, beside] += table[pattern[row], one, other]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _pairs(size, share):
    """Interactions (2^size, size, size) of reaching a leaf, by the row's pass pattern, averaged over the background's.

    Of row and background together every condition must be met. Those that only the row meets (p of them) must come
    from it, those that only the background meets (q) must not. Two of the first gain together
    (p-2)! q! / (p+q-1)!, one of each loses (p-1)! (q-1)! / (p+q-1)!, two of the second gain p! (q-2)! / (p+q-1)!.
    """
    factorial = np.ones(2 * MOST_ON_A_PATH)
    for k in range(1, factorial.size):
        factorial[k] = factorial[k - 1] * k
    values = np.zeros((1 << size, size, size))
    for row in range(1 << size):
        missed = ((1 << size) - 1) & ~row
        both = row
        while True:  # all subsets of what the row meets: that which the background meets as well
            only = row & ~both
            p, q = ones(only), ones(missed)
            if share[missed | both] > 0 and p + q > 1:
                weight = share[missed | both] / factorial[p + q - 1]
                for one in range(size):
                    for other in range(size):
                        if one == other:
                            continue
                        mine, theirs = (only >> one) & 1, (only >> other) & 1
                        lacks, lack = (missed >> one) & 1, (missed >> other) & 1
                        if mine and theirs:
                            values[row, one, other] += weight * factorial[p - 2] * factorial[q]
                        elif (mine and lack) or (lacks and theirs):
                            values[row, one, other] -= weight * factorial[p - 1] * factorial[q - 1]
                        elif lacks and lack:
                            values[row, one, other] += weight * factorial[p] * factorial[q - 2]
            if both == 0:
                break
            both = (both - 1) & row
    return values
