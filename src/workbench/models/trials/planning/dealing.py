"""Who gets what: arms dealt by lot within strata, so that each has its share in every one."""

from collections.abc import Mapping

import numpy as np

GOLDEN = (5**0.5 - 1) / 2  # steps of this length fill the circle evenly (Knuth 1998, 6.4)


def deal(stratum: np.ndarray, shares: Mapping[str, float], *, random_seed: int) -> np.ndarray:
    """The arm (n,) of each customer or unit.

    Parameters
    ----------
    stratum : (n,)
        Within which arms are dealt.
    shares
        Of each arm; they sum to 1.
    random_seed
        The same gives the same arms to the same rows.

    Returns
    -------
    ndarray
        In each stratum an arm has its share, rounded up or down, and everybody has the chance of an arm that is its
        share. Who is rounded up is divided over strata, so that arms have their shares of all together too.

    References
    ----------
    Cox (1987), A constructive procedure for unbiased controlled rounding: chances are kept exactly.

    Examples
    --------
    >>> arms = deal(np.array(["a"] * 5 + ["b"] * 4), {"mail": 0.5, "none": 0.5}, random_seed=1)
    >>> sorted([int((arms[:5] == "mail").sum()), int((arms[:5] == "none").sum())]), int((arms[5:] == "mail").sum())
    ([2, 3], 2)
    """
    random = np.random.default_rng(random_seed)
    names = np.array(list(shares))
    wanted = np.array([shares[name] for name in names], dtype=float)
    wanted /= wanted.sum()
    dealt = np.empty(len(stratum), dtype=names.dtype)
    _, code = np.unique(np.asarray(stratum).astype(str), return_inverse=True)
    start = float(random.random())
    order = random.permutation(int(code.max(initial=-1)) + 1)
    for place, each in enumerate(order):
        rows = np.flatnonzero(code == each) if len(order) > 1 else np.arange(len(stratum))
        due = wanted * len(rows)
        whole = np.floor(due + 1e-9)
        # Those left over are dealt one each, an arm with a chance of what it still lacks.
        ends = np.cumsum(np.append(0.0, due - whole))
        more = np.diff(np.floor(ends + (start + place * GOLDEN) % 1 + 1e-9))
        counts = (whole + more).astype(int)
        counts[int(np.argmax(counts))] += len(rows) - int(counts.sum())  # of rounding in the last digit
        dealt[random.permutation(rows)] = np.repeat(names, counts)
    return dealt


def choose(stratum: np.ndarray, n: int, *, random_seed: int) -> np.ndarray:
    """Places (n,) of so many customers or units by lot, of each stratum in its share, in ascending order.

    Parameters
    ----------
    stratum : (all,)
        Of each of them.
    n
        How many, at most all.
    random_seed
        The same gives the same.

    References
    ----------
    Cochran (1977), Sampling techniques, chapter 8: a systematic sample of strata in order, each in an order of chance.

    Examples
    --------
    >>> chosen = choose(np.array(["a"] * 6 + ["b"] * 3), 3, random_seed=1)
    >>> [int((chosen < 6).sum()), int((chosen >= 6).sum())]
    [2, 1]
    """
    random = np.random.default_rng(random_seed)
    mixed = random.permutation(len(stratum))
    _, code = np.unique(np.asarray(stratum).astype(str), return_inverse=True)
    order = mixed[np.argsort(code[mixed], kind="stable")]
    return np.sort(order[np.floor((np.arange(n) + random.random()) * len(order) / n).astype(int)])
