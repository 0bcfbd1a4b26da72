"""Which customers have somebody to be compared with: strata, and pairs taken together."""

import numpy as np

from workbench.models.trials.estimates.sample import Sample

FEWEST_AN_ARM = 2
"""Customers of each arm that a stratum needs, so that its arms have means and errors."""


def strata_of(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n,) that have somebody to be compared with, and the stratum (n,) of each, a code from 0.

    Parameters
    ----------
    sample
        Strata with fewer than two customers of an arm are taken together where all have the same share of treated (as
        matched pairs have), and left out otherwise: those with one arm compare nobody.
    """
    seen = sample.seen
    if sample.stratum is None:
        return seen, np.zeros(len(seen), dtype=int)
    code = np.unique(np.asarray(sample.stratum[seen]).astype(str), return_inverse=True)[1]
    size = np.zeros((int(code.max(initial=0)) + 1, 2))
    np.add.at(size, (code, sample.treated[seen].astype(int)), sample.counts[seen])
    own = compared(size)[code]
    kept = seen.copy()
    kept[seen] = own >= 0
    strata = np.zeros(len(seen), dtype=int)
    strata[kept] = own[own >= 0]
    return kept, strata


def compared(size: np.ndarray) -> np.ndarray:
    """The stratum (strata,) that each becomes, a code from 0; -1 of one that is left out.

    Parameters
    ----------
    size : (strata, 2)
        Customers of the control, and of the arm.
    """
    small = size.min(axis=1) < FEWEST_AN_ARM
    matched = small & (size.min(axis=1) > 0)
    shares = size[matched, 1] / size[matched].sum(axis=1)
    together = len(shares) > 1 and np.ptp(shares) < 1e-9
    code = np.where(matched & together, len(size), np.arange(len(size)))
    fits = ~small | (matched & together)
    found = np.full(len(size), -1)
    found[fits] = np.unique(code[fits], return_inverse=True)[1]
    return found
