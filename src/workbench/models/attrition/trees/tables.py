"""Compiled: outcomes of a group's splits, what each outcome gives every feature, and the sums over all groups."""

import numba
import numpy as np

from workbench.models.attrition.trees.groups import MOST_ON_A_PATH

BLOCK = 2048
"""Rows looked at together, so that they and their values stay in the cache."""


@numba.njit(nogil=True, cache=True, error_model="numpy")
def load_block(rows, start, size, category, widest, block, codes):
    """Turn a block of rows on its side; categories become 0 where missing, else their code + 1, or the last one.

    Parameters
    ----------
    rows
        Of the trees (N, features).
    start, size
        First row of the block, and how many it has.
    category
        Which features (F,) are categories.
    widest
        How many codes there are, those of missing and unknown levels included.
    block, codes
        Filled with values and codes (F, `BLOCK`).
    """
    for column in range(rows.shape[1]):
        values = block[column]
        for row in range(size):
            values[row] = rows[start + row, column]
        if category[column]:
            for row in range(size):
                value = values[row]
                known = value >= 0 and value < widest - 2
                codes[column, row] = 0 if np.isnan(value) else np.uint32(value) + 1 if known else widest - 1


@numba.njit(nogil=True, cache=True, error_model="numpy")
def outcomes_of(block, codes, size, groups, group, pattern):
    """Outcome of a group's splits for a block of rows, as a whole number: bit k is set where split k goes left.

    Parameters
    ----------
    block, codes
        As `load_block` fills them.
    size
        Rows of the block.
    groups
        The trees, group by group (`groups_of`).
    group
        Which of them.
    pattern
        Filled with the outcomes (`BLOCK`,).
    """
    pattern[:size] = 0
    first = groups.first_split[group]
    for split in range(first, groups.first_split[group + 1]):
        feature, place = groups.split_feature[split], np.uint32(split - first)
        column, limit, start = block[feature], groups.threshold[split], groups.first_code[split]
        if start >= 0:
            code, left = codes[feature], groups.goes_left[start : start + groups.widest]
            for row in range(size):
                pattern[row] |= np.uint32(left[code[row]]) << place
        elif groups.missing_left[split]:
            for row in range(size):
                pattern[row] |= np.uint32(not (column[row] >= limit)) << place
        else:
            for row in range(size):
                pattern[row] |= np.uint32(column[row] < limit) << place


@numba.njit(nogil=True, cache=True, error_model="numpy")
def count_outcomes(rows, groups):
    """How many rows (N, features) have each outcome of each group's splits, group after group.

    Parameters
    ----------
    rows
        Of the trees (N, features).
    groups
        The trees, group by group (`groups_of`).
    """
    counts = np.zeros(groups.first_cell[-1])
    pattern = np.empty(BLOCK, np.uint32)
    block = np.empty((rows.shape[1], BLOCK), np.float32)
    codes = np.empty((rows.shape[1], BLOCK), np.uint32)
    for start in range(0, rows.shape[0], BLOCK):
        size = min(BLOCK, rows.shape[0] - start)
        load_block(rows, start, size, groups.category, groups.widest, block, codes)
        for group in range(groups.first_split.size - 1):
            outcomes_of(block, codes, size, groups, group, pattern)
            outcomes = counts[groups.first_cell[group] : groups.first_cell[group + 1]]
            for row in range(size):
                outcomes[pattern[row]] += 1
    return counts


@numba.njit(nogil=True, cache=True, error_model="numpy")
def explain_rows(rows, groups, table, found):
    """Write into `found` (N, features) what the tables have for the outcomes of each row (N, features).

    Parameters
    ----------
    rows
        Of the trees (N, features).
    groups
        The trees, group by group (`groups_of`).
    table
        As `fill_tables` makes it.
    found
        Filled with the values (N, features).
    """
    pattern = np.empty(BLOCK, np.uint32)
    block = np.empty((rows.shape[1], BLOCK), np.float32)
    codes = np.empty((rows.shape[1], BLOCK), np.uint32)
    sums = np.empty((rows.shape[1], BLOCK), np.float32)
    for start in range(0, rows.shape[0], BLOCK):
        size = min(BLOCK, rows.shape[0] - start)
        load_block(rows, start, size, groups.category, groups.widest, block, codes)
        sums[:] = 0
        cell = 0
        for group in range(groups.first_split.size - 1):
            outcomes_of(block, codes, size, groups, group, pattern)
            outcomes = groups.first_cell[group + 1] - groups.first_cell[group]
            for slot in range(groups.first_feature[group], groups.first_feature[group + 1]):
                values, total = table[cell : cell + outcomes], sums[groups.feature[slot]]
                for row in range(size):
                    total[row] += values[pattern[row]]
                cell += outcomes
        for row in range(size):
            for column in range(rows.shape[1]):
                found[start + row, column] = sums[column, row]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def fill_tables(groups, frequency, path_dependent):
    """What each outcome of each group gives every feature in it, and the mean margin of all trees.

    Parameters
    ----------
    groups
        The trees, group by group (`groups_of`).
    frequency
        Share of the background with each outcome of each group; path-dependent, it is not looked at.
    path_dependent
        Whether a feature that is left out passes by the covers of the trees.
    """
    count = groups.first_split.size - 1
    begin = np.zeros(count + 1, np.int64)
    for group in range(count):
        features = groups.first_feature[group + 1] - groups.first_feature[group]
        begin[group + 1] = begin[group] + features * (groups.first_cell[group + 1] - groups.first_cell[group])
    table, base = np.zeros(begin[-1]), 0.0
    for leaf in range(groups.leaf_group.size):
        group, first, value = groups.leaf_group[leaf], groups.first_slot[leaf], groups.leaf_value[leaf]
        size = groups.first_slot[leaf + 1] - first
        passes = passes_of(groups, leaf, size)
        share = np.zeros(1 << size)
        if path_dependent:
            ratio = groups.ratio[first : first + size]
            values = _by_covers(size, ratio)
            base += value * np.prod(ratio)
        else:
            for outcome in range(passes.size):
                share[passes[outcome]] += frequency[groups.first_cell[group] + outcome]
            values = _against(size, share)
            base += value * share[-1]
        for place in range(size):
            at = begin[group] + groups.leaf_feature[first + place] * passes.size
            for outcome in range(passes.size):
                table[at + outcome] += value * values[passes[outcome], place]
    return table.astype(np.float32), base


@numba.njit(nogil=True, cache=True, error_model="numpy")
def passes_of(groups, leaf, size):
    """A leaf's pass pattern for each outcome of its group's splits: bit k is set where its feature k is as it asks.

    Parameters
    ----------
    groups
        The trees, group by group (`groups_of`).
    leaf
        Which leaf.
    size
        How many features it asks for.
    """
    group = groups.leaf_group[leaf]
    passes = np.zeros(groups.first_cell[group + 1] - groups.first_cell[group], np.int64)
    for outcome in range(passes.size):
        passed = (1 << size) - 1
        for condition in range(groups.first_condition[leaf], groups.first_condition[leaf + 1]):
            if ((outcome >> groups.condition_split[condition]) & 1) != groups.condition_left[condition]:
                passed &= ~(1 << groups.condition_slot[condition])
        passes[outcome] = passed
    return passes


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _against(size, share):
    """Shapley values (2^size, size) of reaching a leaf, by the row's pass pattern, averaged over the background's.

    Of row and background together every condition must be met. Those that only the row meets (p of them) must come
    from it, those that only the background meets (q) must not: each of the first gets (p-1)! q! / (p+q)!, each of the
    second loses p! (q-1)! / (p+q)!.
    """
    factorial = np.ones(2 * MOST_ON_A_PATH)
    for k in range(1, factorial.size):
        factorial[k] = factorial[k - 1] * k
    values = np.zeros((1 << size, size))
    for row in range(1 << size):
        missed = ((1 << size) - 1) & ~row
        both = row
        while True:  # all subsets of what the row meets: that which the background meets as well
            only = row & ~both
            p, q = ones(only), ones(missed)
            if share[missed | both] > 0 and p + q > 0:
                gain = factorial[p - 1] * factorial[q] / factorial[p + q] if p else 0.0
                loss = factorial[p] * factorial[q - 1] / factorial[p + q] if q else 0.0
                for place in range(size):
                    if (only >> place) & 1:
                        values[row, place] += share[missed | both] * gain
                    elif (missed >> place) & 1:
                        values[row, place] -= share[missed | both] * loss
            if both == 0:
                break
            both = (both - 1) & row
    return values


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _by_covers(size, ratio):
    """Shapley values (2^size, size) of reaching a leaf where a feature that is left out passes by the covers."""
    factorial = np.ones(2 * MOST_ON_A_PATH)
    for k in range(1, factorial.size):
        factorial[k] = factorial[k - 1] * k
    values = np.zeros((1 << size, size))
    for row in range(1 << size):
        for place in range(size):
            others = row & ~(1 << place)
            chosen = others
            total = 0.0
            while True:
                product = 1.0
                for other in range(size):
                    if other != place and not (chosen >> other) & 1:
                        product *= ratio[other]
                count = ones(chosen)
                total += product * factorial[count] * factorial[size - count - 1] / factorial[size]
                if chosen == 0:
                    break
                chosen = (chosen - 1) & others
            values[row, place] = total * (((row >> place) & 1) - ratio[place])
    return values


@numba.njit(nogil=True, cache=True, error_model="numpy")
def ones(bits):
    """How many bits are set.

    Parameters
    ----------
    bits
        A whole number.
    """
    count = 0
    while bits:
        count += bits & 1
        bits >>= 1
    return count
