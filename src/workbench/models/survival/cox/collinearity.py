"""Columns of a design matrix that say nothing new beside those before them."""

import numpy as np
from scipy.linalg import lstsq, qr

ALIASED = 1e-8
"""A column whose part that the columns before it do not explain is smaller than this share of it says nothing new."""


def aliased(matrix: np.ndarray, columns: tuple) -> tuple[list, list]:
    """Columns that are constant or a linear combination of columns before them, and those columns.

    The rank is read from R of the QR decomposition of the centred, scaled matrix, taking columns in their order (as R's
    limited pivoting does), so that of two equal columns the first stays.

    Parameters
    ----------
    matrix
        (n, p): the design.
    columns
        Its p columns, by covariate and level.
    """
    if not columns:
        return [], []
    centred = matrix - matrix.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    constant = scale <= 1e-12 * np.maximum(np.abs(matrix).max(axis=0, initial=0) * np.sqrt(len(matrix)), 1e-300)
    triangle = qr(centred / np.where(constant, 1, scale), mode="r", check_finite=False)[0][: len(columns)]
    kept: list[int] = []
    dropped: list[tuple[str, str]] = []
    reasons: list[list[tuple[str, str]]] = []
    for place, column in enumerate(columns):
        if constant[place]:
            dropped.append(column)
            reasons.append([])
            continue
        target = triangle[:, place]
        if kept:
            weights = lstsq(triangle[:, kept], target)[0]
            if np.linalg.norm(target - triangle[:, kept] @ weights) <= ALIASED:
                dropped.append(column)
                reasons.append([columns[kept[i]] for i in np.flatnonzero(np.abs(weights) > 1e-6)])
                continue
        kept.append(place)
    return dropped, reasons
