"""Second derivatives of the ordered model's log-likelihood, and the gradient of each row.

What Newton's method and the sandwich estimator need.
"""

import numba
import numpy as np

from workbench.models.drivers.ordinal.likelihood import ends_of, row_terms
from workbench.models.drivers.ordinal.rows import Rows


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _curvature(probit, columns, levels, weights, starts, coefficients, intercepts, cuts, by_cut, shifts):
    """Negative second derivatives in (cuts, coefficients, intercept) of each segment, and the curvatures of each row.

    (S, L, L), but for those among coefficients and intercept; and of each row the weighted curvatures of its ends
    (`row_terms`), (n, 3).
    """
    segments, width = coefficients.shape
    count = cuts.shape[0]
    size = count + width + 1
    out = np.zeros((segments, size, size))
    terms = np.zeros((columns.shape[0], 3))
    for s in range(segments):
        block = out[s]
        for i in range(starts[s], starts[s + 1]):
            eta = intercepts[s]
            for c in range(width):
                eta += columns[i, c] * coefficients[s, c]
            k, w = levels[i], weights[i]
            u, lower, gap = ends_of(k, eta, cuts, columns[i], by_cut, shifts)
            _, _, above, below, between = row_terms(probit, k, count, u, lower, gap)
            terms[i, 0], terms[i, 1], terms[i, 2] = w * above, w * below, w * between
            for side in range(2):
                cut = k - side
                if 0 <= cut < count:
                    h = w * (above if side == 0 else below)
                    block[cut, cut] += h + w * between
                    for c in range(width):
                        block[cut, count + c] -= h * columns[i, c]
                    block[cut, count + width] -= h
            if 0 < k < count:
                block[k, k - 1] -= w * between
                block[k - 1, k] -= w * between
    return out, terms


def curvature(
    rows: Rows, coefficients: np.ndarray, intercepts: np.ndarray, cuts: np.ndarray, shifts: np.ndarray | None = None
) -> np.ndarray:
    """Negative Hessian of the log-likelihood by segment, (S, L, L): cuts, coefficients, intercept, effects by cut.

    Parameters
    ----------
    rows
        Data of the likelihood.
    coefficients, intercepts, cuts, shifts
        One point, as of `Draws`.
    """
    shifts = np.zeros((len(cuts), 0)) if shifts is None else np.ascontiguousarray(shifts)
    found, terms = _curvature(rows.link.is_probit, *rows.data, coefficients, intercepts, cuts, rows.by_cut, shifts)
    first, size, cut_effects = len(cuts), found.shape[1], rows.cut_effects
    out = np.zeros((rows.segments, size + cut_effects, size + cut_effects))
    out[:, :size, :size] = found
    heavy = terms[:, 0] + terms[:, 1]
    for s in range(rows.segments):
        own = slice(rows.starts[s], rows.starts[s + 1])
        z = np.column_stack([rows.columns[own], np.ones(own.stop - own.start)])
        out[s, first:size, first:size] = z.T @ (heavy[own, None] * z)
        if cut_effects:
            _cut_effect_curvature(out[s], rows, own, z, terms[own])
        out[s, first:, :first] = out[s, :first, first:].T
        out[s, size:, first:size] = out[s, first:size, size:].T
    return out


def _cut_effect_curvature(block: np.ndarray, rows: Rows, own: slice, z: np.ndarray, terms: np.ndarray) -> None:
    """The part of one segment's curvature that effects by cut have with everything, put in place above the diagonal."""
    first, size = rows.count - 1, block.shape[0] - rows.cut_effects
    levels, moved = rows.levels[own], rows.columns[own][:, rows.by_cut]
    at = np.vstack([rows.blocks, np.zeros(rows.blocks.shape[1])])  # the open ends of the outermost levels move nothing
    above, below = (np.einsum("np,nb->npb", moved, at[cut]).reshape(len(levels), -1) for cut in (levels, levels - 1))
    of_u, of_l, between = terms.T
    apart = between[:, None] * (above - below)
    mixed = of_u[:, None] * above + of_l[:, None] * below
    block[size:, size:] = (of_u[:, None] * above).T @ above + (of_l[:, None] * below).T @ below
    block[size:, size:] += apart.T @ (above - below)
    block[first:size, size:] = z.T @ mixed
    for cut in range(first):
        upper, lower = levels == cut, levels == cut + 1
        block[cut, size:] = -(of_u[upper] @ above[upper] + apart[upper].sum(0))
        block[cut, size:] -= of_l[lower] @ below[lower] - apart[lower].sum(0)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _cut_slopes(probit, columns, levels, predictor, cuts, by_cut, shifts):
    count = cuts.shape[0]
    out = np.zeros((len(levels), count))
    residual = np.zeros(len(levels))
    for i in range(len(levels)):
        k = levels[i]
        u, lower, gap = ends_of(k, predictor[i], cuts, columns[i], by_cut, shifts)
        above, below, _, _, _ = row_terms(probit, k, count, u, lower, gap)
        if k < count:
            out[i, k] = above
        if k > 0:
            out[i, k - 1] = -below
        residual[i] = below - above
    return out, residual


def scores(
    rows: Rows, coefficients: np.ndarray, intercepts: np.ndarray, cuts: np.ndarray, shifts: np.ndarray | None = None
) -> np.ndarray:
    """Gradient of each row's unweighted log-likelihood in (cuts, coefficients, intercept, effects by cut), (n, L).

    Parameters
    ----------
    rows
        Data of the likelihood.
    coefficients, intercepts, cuts, shifts
        One point, as of `Draws`.
    """
    group = rows.group
    shifts = np.zeros((len(cuts), 0)) if shifts is None else np.ascontiguousarray(shifts)
    predictor = intercepts[group] + np.einsum("ij,ij->i", rows.columns, coefficients[group])
    by_cuts, residual = _cut_slopes(
        rows.link.is_probit, rows.columns, rows.levels, predictor, cuts, rows.by_cut, shifts
    )
    parts = [by_cuts, residual[:, None] * rows.columns, residual[:, None]]
    if rows.cut_effects:
        each = np.einsum("np,nb->npb", rows.columns[:, rows.by_cut], -by_cuts @ rows.blocks)
        parts.append(each.reshape(len(each), -1))
    return np.concatenate(parts, axis=1)
