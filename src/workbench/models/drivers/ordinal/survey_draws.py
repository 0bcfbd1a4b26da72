"""Draws and normal approximations under the survey's design: as wide as it implies, not as if answers were copied.

The weighted likelihood with curvature H treats weights as copies of answers, and answers of one customer as answers of
several. Scores tell how much it really varies: J is the design's variance of their sum (`Design.variance`), Σ w² s sᵀ
where answers are independent (Binder 1983). With V the covariance that was found, the covariance under the design is
V + V (J − H) V: for V = (H + B)⁻¹, B what the priors add, this is the sandwich V (J + B) V. Draws are moved to it
around their mean (Williams, Savitsky 2021). Weights in other units leave all this as it is.
"""

import numpy as np

from workbench.models.drivers.ordinal.derivatives import curvature, scores
from workbench.models.drivers.ordinal.laplace import LaplaceFit
from workbench.models.drivers.ordinal.rows import Rows, by_segment, level_contrasts
from workbench.models.drivers.responses.columns import Columns
from workbench.models.drivers.responses.survey_design import Design

LEAST_VARIANCE = 0.05
"""Ours. Variance in that of the draws below which no direction is narrowed: beyond it the approximation ends."""


def sandwich(mode: LaplaceFit) -> np.ndarray:
    """(P, P): covariance of a mode's parameters (`Rows.maps`) under the design.

    Parameters
    ----------
    mode
        A Laplace approximation.
    """
    excess = _excess(mode.rows, mode.rows.maps, *by_segment(mode.rows, mode.parameters))
    return mode.covariance + mode.covariance @ excess @ mode.covariance


def _excess(rows: Rows, maps: np.ndarray, *point) -> np.ndarray:
    """J − H in parameters of which `maps` (S, L, P) give the cuts, coefficients and intercept of each segment."""
    each = scores(rows, *point) * rows.weights[:, None]
    blocks = curvature(rows, *point)
    whole = np.concatenate([each[rows.starts[s] : rows.starts[s + 1]] @ local for s, local in enumerate(maps)])
    found = (rows.design or Design()).variance(whole)
    return found - np.einsum("sla,slm,smb->ab", maps, blocks, maps, optimize=True)


def design_adjusted(parameters: np.ndarray, mode: LaplaceFit) -> np.ndarray:
    """Draws of a weighted likelihood, moved around their mean to the covariance of the survey design.

    Parameters
    ----------
    parameters
        (…, P), see `Rows.maps`.
    mode
        Where scores and curvature are taken.
    """
    move = np.linalg.cholesky(sandwich(mode)) @ np.linalg.inv(np.linalg.cholesky(mode.covariance))
    middle = parameters.reshape(-1, parameters.shape[-1]).mean(0)
    moved = middle + (parameters - middle) @ move.T
    cuts = mode.rows.count - 1
    moved[..., :cuts] = np.sort(moved[..., :cuts], axis=-1)
    return moved


def ladders_adjusted(
    rows: Rows,
    columns: Columns,
    effects: np.ndarray,
    coefficients: np.ndarray,
    intercepts: np.ndarray,
    cuts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draws with monotone effects, moved to the covariance of the design; every ladder keeps one sign.

    What is moved knows no bounds: cuts, the effect of each whole ladder (and what segments add to it), and logarithms
    of the shares of its steps. The covariance found is that of the draws themselves.

    Parameters
    ----------
    effects
        (…, E): shared effects of whole ladders, then of use and of columns that are no driver's.
    coefficients, intercepts, cuts
        (…, S, C), (…, S), (…, K − 1).
    rows, columns
        Data of the likelihood, and what the columns are.

    Returns
    -------
    effects, coefficients, intercepts, cuts
        As they were, moved.
    """
    shape = cuts.shape[:-1]
    flat = [each.reshape(-1, *each.shape[len(shape) :]) for each in (effects, coefficients, intercepts, cuts)]
    layout = _Ladders(rows, columns)
    free = layout.freed(*flat)
    middle = free.mean(0)
    excess = _excess(rows, layout.slopes(middle), *(each[0] for each in layout.bound(middle[None])[1:]))
    root = np.linalg.cholesky(np.cov(free, rowvar=False) + 1e-12 * np.eye(len(middle)))
    # In units of the draws their covariance is 1: directions that the approximation would make vanish are kept.
    values, axes = np.linalg.eigh(np.eye(len(middle)) + root.T @ excess @ root)
    scaling = (axes * np.sqrt(np.maximum(values, LEAST_VARIANCE))) @ axes.T
    moved = middle + np.linalg.solve(root, (free - middle).T).T @ (root @ scaling).T
    effects, coefficients, intercepts, cuts = (each.reshape(*shape, *each.shape[1:]) for each in layout.bound(moved))
    return effects, coefficients, intercepts, cuts


class _Ladders:
    """Between parameters of the monotone model and numbers without bounds.

    Cuts, effects, what segments add to each ladder (S × D), contrasts of levels (S − 1), and log-ratios of each
    ladder's steps to its last one.
    """

    def __init__(self, rows: Rows, columns: Columns):
        self.usage = np.flatnonzero(~columns.rating)
        drivers = len(columns.location)
        self.steps = [np.flatnonzero((columns.driver == place) & columns.rating) for place in range(drivers)]
        self.contrasts = level_contrasts(rows.segments)
        self.segments, self.width = rows.segments, len(columns.driver)
        added = drivers * rows.segments if rows.segments > 1 else 0
        sizes = [rows.count - 1, drivers + len(self.usage), added, rows.segments - 1]
        sizes += [len(own) - 1 for own in self.steps]
        self.ends = np.concatenate([[0], np.cumsum(sizes)])

    def _part(self, free: np.ndarray, which: int) -> np.ndarray:
        return free[:, self.ends[which] : self.ends[which + 1]]

    def freed(self, effects, coefficients, intercepts, cuts) -> np.ndarray:
        """(N, P) from draws."""
        whole = np.stack([coefficients[:, :, own].sum(2) for own in self.steps], axis=2)
        parts = [cuts, effects]
        if self.segments > 1:
            parts.append((whole - effects[:, None, : len(self.steps)]).reshape(len(cuts), -1))
        parts.append(intercepts @ self.contrasts)
        for place, own in enumerate(self.steps):
            # Shares are the same in all segments: they are read where the ladder is longest.
            longest = np.abs(whole[:, :, place]).argmax(1)
            shares = np.abs(coefficients[np.arange(len(cuts)), longest][:, own])
            shares = np.maximum(shares, 1e-12 * shares.sum(1, keepdims=True) + 1e-300)
            parts.append(np.log(shares[:, :-1]) - np.log(shares[:, -1:]))
        return np.concatenate(parts, axis=1)

    def _shares(self, free: np.ndarray, place: int) -> np.ndarray:
        ratios = self._part(free, 4 + place)
        ratios = np.column_stack([ratios, np.zeros(len(free))])
        shares = np.exp(ratios - ratios.max(1, keepdims=True))
        return shares / shares.sum(1, keepdims=True)

    def _whole(self, free: np.ndarray) -> np.ndarray:
        """(N, S, D): effects of whole ladders by segment."""
        drivers = len(self.steps)
        shared = np.repeat(self._part(free, 1)[:, None, :drivers], self.segments, axis=1)
        return shared + (self._part(free, 2).reshape(shared.shape) if self.segments > 1 else 0)

    def bound(self, free: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Effects (N, E), coefficients (N, S, C), intercepts (N, S) and cuts (N, K − 1), these in order."""
        effects, whole = self._part(free, 1), self._whole(free)
        coefficients = np.empty((len(free), self.segments, self.width))
        for place, own in enumerate(self.steps):
            coefficients[:, :, own] = whole[:, :, place, None] * self._shares(free, place)[:, None]
        coefficients[:, :, self.usage] = effects[:, None, len(self.steps) :]
        intercepts = self._part(free, 3) @ self.contrasts.T
        return effects, coefficients, intercepts, np.sort(self._part(free, 0), axis=1)

    def slopes(self, free: np.ndarray) -> np.ndarray:
        """(S, L, P): derivatives of each segment's cuts, coefficients and intercept at one point (P,)."""
        cuts, drivers = self.ends[1], len(self.steps)
        whole = self._whole(free[None])[0]
        out = np.zeros((self.segments, cuts + self.width + 1, self.ends[-1]))
        out[:, np.arange(cuts), np.arange(cuts)] = 1
        out[:, cuts + self.usage, cuts + drivers + np.arange(len(self.usage))] = 1
        for s in range(self.segments):
            out[s, -1, self.ends[3] : self.ends[4]] = self.contrasts[s]
            for place, own in enumerate(self.steps):
                shares = self._shares(free[None], place)[0]
                out[s, cuts + own, cuts + place] = shares
                if self.segments > 1:
                    out[s, cuts + own, self.ends[2] + s * drivers + place] = shares
                slope = whole[s, place] * (np.diag(shares) - np.outer(shares, shares))[:, :-1]
                out[s, cuts + own, self.ends[4 + place] : self.ends[5 + place]] = slope
        return out
