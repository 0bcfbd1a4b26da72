"""Within what arms are compared: strata as they were dealt, small ones taken together where they were dealt alike."""

import numpy as np
from scipy import stats

from workbench.models.trials.estimates.sample import Sample

FEWEST_AN_ARM = 2
"""Customers of each arm that a stratum needs, so that its arms have means and errors."""
DEALT_ALIKE = 0.001
"""Probability below which strata are not of the same chance, the level of all checks of a draw."""


def strata_of(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n,) that have somebody to be compared with, and the stratum (n,) of each, a code from 0.

    Parameters
    ----------
    sample
        Strata too small for two customers of each arm are taken together, with the next smallest where these are too
        few, if their shares of treated may be of one chance (as those of matched pairs are): then no arm has more of
        one stratum than of another, but for chance. Otherwise they compare nobody and are left out.
    """
    seen = sample.seen
    if sample.stratum is None:
        return seen, np.zeros(len(seen), dtype=int)
    code = np.unique(np.asarray(sample.stratum[seen]).astype(str), return_inverse=True)[1]
    size = np.zeros((int(code.max(initial=0)) + 1, 2))
    np.add.at(size, (code, sample.treated[seen].astype(int)), sample.counts[seen])
    small = size.min(axis=1) < FEWEST_AN_ARM
    group = _together(size, small)
    code = np.where(group[code], len(size), code)
    fits = np.append(~small | group, group.any())[code]
    kept = seen.copy()
    kept[seen] = fits
    strata = np.zeros(len(seen), dtype=int)
    strata[kept] = np.unique(code[fits], return_inverse=True)[1]
    return kept, strata


def _together(size: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Which strata are taken together: none where nobody is too small, or where their chances differ."""
    nobody = np.zeros(len(size), dtype=bool)
    if not small.any():
        return nobody
    people = size.sum(axis=1)
    rarer = (size.sum(axis=0) / size.sum()).min()
    # also those that had enough by luck: they would otherwise be taken for the dealing's sake, and not for their size
    group = small | (people * rarer < FEWEST_AN_ARM)
    for each in np.argsort(people, kind="stable"):
        if size[group].sum(axis=0).min() >= FEWEST_AN_ARM:
            break
        group[each] = True
    enough = size[group].sum(axis=0).min() >= FEWEST_AN_ARM
    return group if group.sum() > 1 and enough and _alike(size[group]) else nobody


def _alike(size: np.ndarray) -> bool:
    """Whether shares of treated scatter no more than those of one chance do (χ², with the variance of small counts)."""
    people = size.sum(axis=1)
    share = size[:, 1].sum() / people.sum()
    spread = share * (1 - share)
    scatter = float(((size[:, 1] - people * share) ** 2 / (people * spread)).sum())
    mean = len(size) - 1
    variance = float((2 + (1 - 6 * spread) / (people * spread)).mean()) * mean
    return bool(stats.gamma.sf(scatter, mean**2 / variance, scale=variance / mean) > DEALT_ALIKE)
