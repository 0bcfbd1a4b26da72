"""How the parameters of the ordered model are laid out for the sampler: two layouts of one model.

`plain` reads like the model. `preconditioned` measures everything in units of the normal approximation at the mode, so
that the sampler finds a ball instead of a funnel or a ridge: in it, what a segment adds is neither centred nor
non-centred but as far between as its data say. Both are called inside a `pm.Model`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from workbench.models.drivers.ordinal.derivatives import curvature
from workbench.models.drivers.ordinal.laplace import LaplaceFit
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment, level_contrasts
from workbench.models.drivers.responses.columns import Columns

LADDER = 4
"""A ladder from the bottom to the top of a scale is about this many standard deviations of its rating."""


def plain(rows: Rows, columns: Columns, prior: Prior) -> tuple[Any, Any, Any]:
    """The model as it is written down, segments non-centred; the one layout for monotone effects.

    Parameters
    ----------
    rows
        Data of the likelihood.
    columns
        What the columns are.
    prior
        In the unit of the rows' link.

    Returns
    -------
    coefficients, intercepts, cuts
        (S, C), (S,), (K − 1,) as PyTensor variables.

    Notes
    -----
    Effects that differ by cut are not laid out here.
    """
    masses = np.bincount(rows.levels, weights=rows.weights, minlength=rows.count) + 0.5
    below = np.cumsum(masses)[:-1] / masses.sum()
    ordered = pm.distributions.transforms.ordered
    noise = pm.Normal if rows.link.is_probit else pm.Logistic
    first = np.log(below / (1 - below)) * rows.link.unit
    cuts = noise("cuts", prior.cut_location, 1, shape=rows.count - 1, transform=ordered, initval=first)
    drivers = len(columns.location)
    if columns.shape == "monotone":
        effect, varying, shares, source = _ladders(columns, prior.effect_sd(drivers), prior.control)
        scale = LADDER
    else:
        effect = pm.Normal("effect", 0, prior.column_sds(rows, drivers))
        varying, shares, source, scale = np.flatnonzero(rows.varying), None, None, 1
    if rows.segments == 1:
        coefficients, intercepts = effect[None, :], pt.zeros(1)
    else:
        sd_effect, sd_level = _segment_sds(prior)
        added = pm.Normal("segment_effect_raw", 0, 1, shape=(rows.segments, len(varying)))
        level = pm.ZeroSumNormal("segment_level_raw", 1, shape=rows.segments)
        intercepts = pm.Deterministic("segment_level", sd_level * level)
        coefficients = pt.zeros((rows.segments, effect.shape[0])) + effect[None, :]
        coefficients = pt.inc_subtensor(coefficients[:, varying], scale * sd_effect * added)
    if shares is not None:
        coefficients = coefficients[:, source] * shares
    return coefficients, intercepts, cuts


def _segment_sds(prior: Prior):
    names = ("segment_effect_sd", "segment_level_sd")
    means = (prior.segment_effect, prior.segment_level)
    return [pm.Gamma(name, 2, 2 / mean, initval=mean) for name, mean in zip(names, means, strict=True)]


def _ladders(columns: Columns, sd: float, control: float):
    """Effects from bottom to top of each ladder, and how its steps share them (Bürkner, Charpentier 2020)."""
    drivers = len(columns.location)
    others = np.flatnonzero(~columns.rating)
    sds = np.where(columns.driver[others] < 0, control, sd)
    effect = pm.Normal("effect", 0, np.concatenate([np.full(drivers, LADDER * sd), sds]))
    shares = pt.ones(len(columns.driver))
    for place in range(drivers):
        own = np.flatnonzero((columns.driver == place) & columns.rating)
        if len(own) > 1:
            shares = pt.set_subtensor(shares[own], pm.Dirichlet(f"steps_{place}", np.full(len(own), 2.0)))
    source = columns.driver.copy()
    source[others] = drivers + np.arange(len(others))
    return effect, np.arange(drivers), shares, source


def preconditioned(rows: Rows, columns: Columns, prior: Prior, mode: LaplaceFit) -> tuple[Any, Any, Any]:
    """The same model in units of the normal approximation at its mode.

    Cuts enter as one in the middle and the logarithms of the gaps outwards: the outermost are the least certain. For a
    segment with curvature G = U diag(λ) Uᵀ, the coefficients given τ and the shared effects b are nearly normal, as the
    prior is isotropic: in the rotated coordinates with mean (τ² (λ β̂ + g) + Uᵀ b) / (1 + λ τ²), g the slope at β̂,
    and standard deviation τ / √(1 + λ τ²). What is sampled is the distance from that mean in that unit.

    Parameters
    ----------
    rows, columns, prior
        As of `plain`.
    mode
        The Laplace approximation.
    """
    width, first = rows.columns.shape[1], rows.count - 1
    anchor = first // 2
    centre, factor = _unconstrained(mode, first, width, anchor)
    raw = pm.Flat("raw", shape=len(centre), initval=np.zeros(len(centre)))
    point = centre + _times(factor, raw)
    # Constant matrices instead of slices and sums: half the operations to compile.
    is_gap = np.arange(first) != anchor
    outwards = point[:first]
    lengths = pt.exp(outwards) * is_gap + outwards * ~is_gap
    cuts = pm.Deterministic("cuts", _times(_outwards(first, anchor), lengths))
    log_gaps = pt.sum(is_gap * outwards)
    effect = pm.Deterministic("effect", point[first : first + width])
    drivers = len(columns.location)
    shrunk = pt.sum((effect / prior.column_sds(rows, drivers)) ** 2)
    if rows.cut_effects:
        cut_effects = pm.Deterministic("cut_effects", point[first + width :])
        shrunk = shrunk + pt.sum((cut_effects / prior.effect_sd(drivers)) ** 2)
    away = cuts - prior.cut_location
    pm.Potential(
        "prior_of_shared",
        pt.sum(rows.link.log_density(away, pt.softplus)) + log_gaps - 0.5 * shrunk,
    )
    if rows.segments == 1:
        return effect[None, :], pt.zeros(1), cuts
    sd_effect, sd_level = _segment_sds(prior)
    varying = np.flatnonzero(rows.varying)
    effects, levels = _local(mode, varying)
    many, size = effects.roots.shape
    into, back = np.zeros((width, many, size)), np.zeros((many, size, many, width))
    for s in range(many):
        into[varying, s] = effects.rotations[s]
        back[s][:, s, varying] = effects.rotations[s].T
    added = effects.flat().between("effect", sd_effect, _times(into.reshape(width, -1).T, effect))
    own = _times(back.reshape(many * size, -1).T, added).reshape((many, width))
    coefficients = effect[None, :] + own
    level = _times(levels.rotations, levels.between("level", sd_level, 0.0))
    return coefficients, pm.Deterministic("segment_level", level), cuts


@dataclass(frozen=True, kw_only=True, eq=False)
class _Block:
    """Curvature λ (roots) and its axes, and the pull λ β̂ + slope of the data along them."""

    roots: np.ndarray
    rotations: np.ndarray
    pulls: np.ndarray

    def flat(self) -> "_Block":
        """The same with all segments in one vector."""
        return _Block(roots=self.roots.ravel(), rotations=self.rotations, pulls=self.pulls.ravel())

    def between(self, name: str, sd, centre):
        """Deviations along the axes, Normal(0, sd²) a priori, as distances from where the data expect them."""
        raw = pm.Flat(f"raw_{name}", shape=self.roots.shape, initval=np.zeros(self.roots.shape))
        tight = 1 + self.roots * sd**2
        deviation = sd**2 * (self.pulls - self.roots * centre) / tight + sd / pt.sqrt(tight) * raw
        pm.Potential(f"prior_of_{name}", -0.5 * pt.sum((deviation / sd) ** 2) - 0.5 * pt.sum(pt.log(tight)))
        return deviation


def _times(matrix: np.ndarray, vector):
    """A small matrix times a vector, without BLAS.

    Its bindings cost seconds to compile, and its threads would get in the way of the chains'.
    """
    return pt.sum(np.ascontiguousarray(matrix) * vector[None, :], axis=1)


def _outwards(count: int, anchor: int) -> np.ndarray:
    """(count, count): cuts from the one in the middle and the gaps outwards of it.

    Examples
    --------
    >>> (_outwards(3, 1) @ [0.5, 2.0, 0.25]).tolist()
    [1.5, 2.0, 2.25]
    """
    sums = np.zeros((count, count))
    sums[:, anchor] = 1
    for k in range(count):
        sums[k, k:anchor] = -1
        sums[k, anchor + 1 : k + 1] = 1
    return sums


def _unconstrained(mode: LaplaceFit, first: int, width: int, anchor: int) -> tuple[np.ndarray, np.ndarray]:
    """Mode, and Cholesky factor of the covariance, of log gaps with the anchor, shared effects, effects by cut."""
    gaps = np.diff(mode.cuts)
    logs = np.log(gaps)
    cut_effects = mode.rows.cut_effects
    own = np.concatenate([np.arange(first + width), len(mode.parameters) - cut_effects + np.arange(cut_effects)])
    centre = np.concatenate(
        [logs[:anchor], mode.cuts[anchor : anchor + 1], logs[anchor:], mode.parameters[own[first:]]]
    )
    slope = np.eye(len(own))  # of the unconstrained parameters by the constrained ones
    for k in range(first):
        gap = k if k < anchor else k - 1
        if k != anchor:
            slope[k, k] = 0
            slope[k, gap], slope[k, gap + 1] = -1 / gaps[gap], 1 / gaps[gap]
    covariance = mode.covariance[np.ix_(own, own)]
    return centre, np.linalg.cholesky(slope @ covariance @ slope.T)


def _local(mode: LaplaceFit, varying: np.ndarray) -> tuple[_Block, _Block]:
    """What the data say about the coefficients of each segment (S, V), and about contrasts of their levels (S − 1)."""
    rows = mode.rows
    point = by_segment(rows, mode.parameters)
    coefficients, intercepts, cuts, _ = point
    _, slopes, level_slopes, *_ = rows.log_likelihood(*point)
    blocks = curvature(rows, *point)
    level = len(cuts) + rows.columns.shape[1]
    places = len(cuts) + varying
    roots, axes = np.linalg.eigh(blocks[:, places[:, None], places])
    roots = np.maximum(roots, 0)
    turned = np.einsum("svr,sv->sr", axes, coefficients[:, varying])
    pulls = roots * turned + np.einsum("svr,sv->sr", axes, slopes[:, varying])
    contrasts = level_contrasts(rows.segments)
    level_roots, level_axes = np.linalg.eigh(contrasts.T @ (blocks[:, level, level, None] * contrasts))
    basis = contrasts @ level_axes
    level_pulls = level_roots * (basis.T @ intercepts) + basis.T @ level_slopes
    effects = _Block(roots=roots, rotations=axes, pulls=pulls)
    return effects, _Block(roots=level_roots, rotations=basis, pulls=level_pulls)
