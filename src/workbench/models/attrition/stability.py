"""How far the distribution of a feature moves: from training to the test, and between snapshots as it always does."""

import numpy as np
from scipy.stats import chi2

DRIFTS = 0.25
"""Population stability index from which a population counts as another one (a convention of credit scoring)."""
BEYOND = 2.5
"""Times the index between training snapshots, from which more has happened than a trend that goes on: equal steps give
the next snapshot 1.2 (after twelve of them) to 2.3 times (after two) as much, ((K + 1) / K)²."""
BY_CHANCE = 0.05
"""Of reports in which nothing drifts, the share that chance may make say that something does: the usual level."""
BINS = 10  # tenths, as scorecards measure population stability
TENTHS = np.linspace(0, 1, BINS + 1)[1:-1]


def edges_of(values: np.ndarray, *, levels: int | None = None) -> np.ndarray:
    """Upper ends of the cells of a column (N,), all but the last: tenths of what is known, or one cell a level.

    Parameters
    ----------
    values
        NaN where missing.
    levels
        How many levels a category has; values are their codes.
    """
    if levels is not None:
        return np.arange(levels)[:-1].astype(float)
    known = values[~np.isnan(values)]
    return np.unique(np.quantile(known, TENTHS)) if len(known) else known


def cells_of(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The cell of each value (N,); missing ones have the last.

    Parameters
    ----------
    values
        Values (N,), NaN where missing.
    edges
        Upper ends of the cells, all but the last.
    """
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))


def counts_of(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many values lie in each cell.

    Parameters
    ----------
    values
        Values (N,), NaN where missing.
    edges
        Upper ends of the cells, all but the last.
    """
    return np.bincount(cells_of(values, edges), minlength=len(edges) + 2)


def index_of(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Population stability index Σ (q - p) ln(q / p) of counts by cell (last axis), half a row added to each cell.

    Parameters
    ----------
    before
        Counts by cell.
    after
        Counts by cell of the others.
    """
    shares = [(each + 0.5) / (each + 0.5).sum(-1, keepdims=True) for each in (before, after)]
    return ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum(-1)


def population_stability(before: np.ndarray, after: np.ndarray, *, levels: int | None = None) -> float:
    """Population stability index of a column: over tenths of `before`, or levels, and missing values.

    Parameters
    ----------
    before, after : (N,), (M,)
        Values, NaN where missing.
    levels
        Of a category whose codes the values are.

    Examples
    --------
    >>> even = np.arange(1000.0)
    >>> round(population_stability(even, even), 6), round(population_stability(even, even / 2), 2) > 1
    (0.0, True)
    """
    edges = edges_of(before, levels=levels)
    return float(index_of(counts_of(before, edges), counts_of(after, edges)))


def between_snapshots(values: np.ndarray, snapshots: np.ndarray | None, edges: np.ndarray) -> np.ndarray:
    """Index of each snapshot (S,), in their order, against all others together; nothing of a single one.

    Parameters
    ----------
    values, snapshots : (N,)
        Of training rows.
    edges
        Of the cells.
    """
    if snapshots is None:
        return np.empty(0)
    which, places = np.unique(snapshots, return_inverse=True)
    if len(which) < 2:
        return np.empty(0)
    cells = len(edges) + 2
    counts = np.bincount(places * cells + cells_of(values, edges), minlength=len(which) * cells)
    own = counts.reshape(len(which), cells)
    return index_of(own.sum(0) - own, own)


def chance_of(before: np.ndarray, after: np.ndarray, *, features: int) -> float:
    """Index that a feature goes beyond by chance in few reports where nothing drifts, however few rows there are.

    Parameters
    ----------
    before, after
        Counts by cell.
    features
        How many are looked at together (Bonferroni).

    Returns
    -------
    float
        A quantile of (1 / N + 1 / M) χ² with a degree of freedom less than there are cells with anybody.

    References
    ----------
    Yurdakul (2018), Statistical properties of population stability index, Western Michigan University, chapter 3.

    Examples
    --------
    Forty customers in twelve cells, beside very many:

    >>> round(chance_of(np.full(12, 10**9), np.full(12, 40 / 12), features=1), 3)  # 19.68 / 40
    0.492
    """
    cells = int(((before + after) > 0).sum())
    return float(chi2.ppf(1 - BY_CHANCE / features, max(cells - 1, 1)) * (1 / before.sum() + 1 / after.sum()))


def drifts(stability: np.ndarray, usual: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Where a population is another one, by more than training snapshots differ, and than chance makes.

    Parameters
    ----------
    stability, usual, chance : (F,)
        Index of a feature, the largest between its training snapshots (0 where there are none), and `chance_of` it.

    Examples
    --------
    >>> drifts(np.array([0.3, 0.3, 0.3, 0.1]), np.array([0.0, 0.2, 0.0, 0.0]), np.array([0.1, 0.1, 0.5, 0.1])).tolist()
    [True, False, False, False]
    """
    return (stability > DRIFTS) & (stability > BEYOND * usual) & (stability > chance)
