"""The posterior mode of the ordered logit or probit by Newton's method, and the normal approximation around it.

The log-likelihood is concave in cut points and coefficients (Pratt 1981), so the mode is one and Newton's method with
step halving finds it. The standard deviations of what segments add are set to the mode of their Laplace marginal.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numba
import numpy as np
from scipy.linalg import cho_factor, cho_solve, helmert, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from workbench.errors import DataError
from workbench.models.drivers.ordinal.likelihood import ends_of, kernel, log_likelihood_by_cut, row_terms
from workbench.models.drivers.ordinal.links import LOGIT, Link
from workbench.models.drivers.responses.survey_design import Design
from workbench.wording import number, sentence

STEPS = 60
TOLERANCE = 1e-10
"""Newton's decrement at which the mode is reached, in units of log-likelihood."""
NO_INFORMATION = 1e6
"""Variance on the logit scale at which a likelihood without priors is taken to have no maximum."""
SMALLEST_SD, LARGEST_SD = 1e-3, 5.0
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")
"""Decorates what finds many modes: their matrices are so small that threads cost more than they do (tenfold, where the
cores have other work)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What the likelihood sees: see `likelihood.log_likelihood`, plus the number of levels.

    Attributes
    ----------
    varying
        bool (C,): columns whose coefficients differ by segment.
    link
        Distribution of the latent noise.
    control
        bool (C,): columns that belong to no driver (levels of groups and waves, the mood): their prior is
        `Prior.control`. None: there are none.
    by_cut
        int64 (P,): columns whose effects differ by cut.
    blocks
        (K − 1, B): how they differ: at each cut, blocks @ (B numbers of a column) is added to its coefficient.
    design
        How rows were drawn; None: independently of each other.
    """

    columns: np.ndarray
    levels: np.ndarray
    weights: np.ndarray
    starts: np.ndarray
    count: int
    varying: np.ndarray
    link: Link = LOGIT
    control: np.ndarray | None = None
    by_cut: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    blocks: np.ndarray | None = None
    design: Design | None = None

    @property
    def segments(self) -> int:
        return len(self.starts) - 1

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.columns, self.levels, self.weights, self.starts

    @property
    def group(self) -> np.ndarray:
        """int64 (n,): segment of each row."""
        return np.repeat(np.arange(self.segments), np.diff(self.starts))

    @property
    def cut_effects(self) -> int:
        """P × B: parameters by which effects differ by cut; the last of all parameters."""
        return len(self.by_cut) * self.blocks.shape[1] if len(self.by_cut) else 0

    def log_likelihood(self, coefficients, intercepts, cuts, shifts=None):
        """Value and gradients, see `likelihood.log_likelihood`; with shifts `log_likelihood_by_cut`."""
        if not len(self.by_cut):
            return kernel(self.link.is_probit)(*self.data, coefficients, intercepts, cuts)
        return log_likelihood_by_cut(
            self.link.is_probit, *self.data, coefficients, intercepts, cuts, self.by_cut, np.ascontiguousarray(shifts)
        )

    def shifts(self, cut_effects: np.ndarray) -> np.ndarray:
        """(…, K − 1, P): what is added to coefficients of `by_cut` columns at each cut, from parameters (…, P × B)."""
        if not len(self.by_cut):
            return np.zeros((*cut_effects.shape[:-1], self.count - 1, 0))
        each = cut_effects.reshape(*cut_effects.shape[:-1], len(self.by_cut), self.blocks.shape[1])
        return np.einsum("kb,...pb->...kp", self.blocks, each)

    @cached_property
    def maps(self) -> np.ndarray:
        """(S, K − 1 + C + 1 + P × B, Q): from all parameters to the cuts, coefficients, intercept and effects by cut of
        each segment.

        Parameters are cuts (K − 1), shared effects (C); with several segments, what each adds to the varying effects
        (S × V) and contrasts of their levels (S − 1), which add up to nothing: cuts are those of the average; and last
        the effects by cut (P × B).
        """
        cuts, width, many, cut_effects = self.count - 1, self.columns.shape[1], self.segments, self.cut_effects
        varying = np.flatnonzero(self.varying)
        extra = many * len(varying) + many - 1 if many > 1 else 0
        contrasts = level_contrasts(many)
        maps = np.zeros((many, cuts + width + 1 + cut_effects, cuts + width + extra + cut_effects))
        for s in range(many):
            maps[s, np.arange(cuts + width), np.arange(cuts + width)] = 1
            maps[s, cuts + width + 1 + np.arange(cut_effects), cuts + width + extra + np.arange(cut_effects)] = 1
            if many > 1:
                first = cuts + width + s * len(varying)
                maps[s, cuts + varying, first + np.arange(len(varying))] = 1
                levels = cuts + width + many * len(varying)
                maps[s, cuts + width, levels : levels + many - 1] = contrasts[s]
        return maps


def level_contrasts(segments: int) -> np.ndarray:
    """(S, S − 1): an orthonormal basis of levels that add up to nothing."""
    return helmert(segments).T if segments > 1 else np.zeros((1, 0))


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What is believed before the data; every scale is in log-odds, or in the unit of another link (`on`).

    Attributes
    ----------
    effect
        Standard deviation of the whole linear predictor if drivers were uncorrelated: each of D drivers gets
        effect / √D for one standard deviation of its rating. None: flat, also for the cut points.
    cut_location
        Centre of the cut points' prior, sorted variates of the noise's distribution. At 0 all shares of levels would be
        equally likely; answers of customers lean to the top, so it lies below.
    segment_effect, segment_level
        Standard deviation of what a segment adds to an effect and to the level: means of Gamma(2) priors, which keep
        away from 0 (Chung et al. 2013).
    control
        Standard deviation of a difference of levels between other groups or waves, and of the effect of a person's
        mood. Wide and not estimated: levels that are drawn together let differences *between* groups back into the
        effects of drivers (Mundlak 1978; Bell, Jones 2015), which levels are there to take out.
    """

    effect: float | None = 2.0
    cut_location: float = -1.0
    segment_effect: float = 0.2
    segment_level: float = 0.3
    control: float = 2.0

    def effect_sd(self, drivers: int) -> float:
        """Prior standard deviation of one driver's effect."""
        return self.effect / np.sqrt(drivers)

    def column_sds(self, rows: "Rows", drivers: int) -> np.ndarray:
        """(C,): prior standard deviations of the columns' shared coefficients."""
        sds = np.full(rows.columns.shape[1], self.effect_sd(drivers))
        return sds if rows.control is None else np.where(rows.control, self.control, sds)

    def on(self, link: Link) -> "Prior":
        """The same beliefs, said in log-odds, in the unit of a link: as wide beside its noise as beside a logit's."""
        names = ("cut_location", "segment_effect", "segment_level", "control")
        scaled = {name: getattr(self, name) * link.unit for name in names}
        return replace(self, effect=None if self.effect is None else self.effect * link.unit, **scaled)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _curvature(probit, columns, levels, weights, starts, coefficients, intercepts, cuts, by_cut, shifts):
    """Negative second derivatives in (cuts, coefficients, intercept) of each segment, (S, L, L), but for those among
    coefficients and intercept; and of each row the weighted curvatures of its ends (`row_terms`), (n, 3).
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
    rows: Rows, coefficients: np.ndarray, intercepts: np.ndarray, cuts: np.ndarray, shifts=None
) -> np.ndarray:
    """Negative Hessian of the log-likelihood by segment, (S, L, L): cuts, coefficients, intercept, effects by cut."""
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


def scores(rows: Rows, coefficients: np.ndarray, intercepts: np.ndarray, cuts: np.ndarray, shifts=None) -> np.ndarray:
    """Gradient of each row's unweighted log-likelihood in (cuts, coefficients, intercept, effects by cut), (n, L)."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class LaplaceFit:
    """A normal approximation of the posterior.

    Attributes
    ----------
    parameters
        (P,): where the posterior is highest, see `Rows.maps`.
    precision
        (P, P): its negative second derivatives there, prior included.
    log_likelihood, log_evidence
        At the mode; and the log of the integral of the posterior in the normal approximation.
    segment_effect, segment_level
        Standard deviations between segments that it was found at.
    """

    rows: Rows
    prior: Prior
    parameters: np.ndarray
    precision: np.ndarray
    log_likelihood: float
    log_evidence: float
    segment_effect: float
    segment_level: float

    @property
    def cuts(self) -> np.ndarray:
        return self.parameters[: self.rows.count - 1]

    @property
    def effects(self) -> np.ndarray:
        """(C,): effects shared by all segments."""
        return self.parameters[self.rows.count - 1 :][: self.rows.columns.shape[1]]

    @property
    def covariance(self) -> np.ndarray:
        return np.linalg.inv(self.precision)

    def draws(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, P): draws from the normal approximation, cuts in order."""
        lower = np.linalg.cholesky(self.precision)
        noise = rng.standard_normal((len(self.parameters), count))
        out = self.parameters + solve_triangular(lower, noise, lower=True, trans="T").T
        first = self.rows.count - 1
        out[:, :first] = np.sort(out[:, :first], axis=1)
        return out


def by_segment(rows: Rows, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients (…, S, C), intercepts (…, S), cuts (…, K − 1) and shifts (…, K − 1, P) from parameters (…, Q)."""
    cuts = rows.count - 1
    width = rows.columns.shape[1]
    varying = np.flatnonzero(rows.varying)
    shared = parameters[..., None, cuts : cuts + width]
    coefficients = np.repeat(shared, rows.segments, axis=-2)
    intercepts = np.zeros((*parameters.shape[:-1], rows.segments))
    if rows.segments > 1:
        first = cuts + width
        levels = first + rows.segments * len(varying)
        added = parameters[..., first:levels]
        coefficients[..., varying] += added.reshape(*parameters.shape[:-1], rows.segments, len(varying))
        intercepts = parameters[..., levels : levels + rows.segments - 1] @ level_contrasts(rows.segments).T
    return (
        np.ascontiguousarray(coefficients),
        np.ascontiguousarray(intercepts),
        parameters[..., :cuts].copy(),
        rows.shifts(parameters[..., parameters.shape[-1] - rows.cut_effects :]),
    )


def fit_laplace(
    rows: Rows, prior: Prior, *, drivers: int, start: np.ndarray | None = None, fixed: tuple[float, float] | None = None
) -> LaplaceFit:
    """The mode, with standard deviations between segments as `fixed` or at the mode of their Laplace marginal.

    Raises
    ------
    DataError
        Where the likelihood has no maximum (flat priors and outcomes that drivers separate) or Newton's method fails.
    """
    if rows.segments == 1:
        return _newton(rows, prior, drivers, (1.0, 1.0), start)
    if fixed is not None:
        return _newton(rows, prior, drivers, fixed, start)
    best = _newton(rows, prior, drivers, (prior.segment_effect, prior.segment_level), start)
    point = best.parameters

    def loss(logs: np.ndarray) -> float:
        nonlocal point
        sds = np.exp(np.clip(logs, np.log(SMALLEST_SD), np.log(LARGEST_SD)))
        found = _newton(rows, prior, drivers, tuple(sds), point)
        point = found.parameters
        return -(found.log_evidence + log_prior_of_sds(prior, sds))

    first = np.log([prior.segment_effect, prior.segment_level])
    options = {"xatol": 0.03, "fatol": 0.02, "maxfev": 60}
    solution = minimize(loss, first, method="Nelder-Mead", options=options)
    sds = np.exp(np.clip(solution.x, np.log(SMALLEST_SD), np.log(LARGEST_SD)))
    return _newton(rows, prior, drivers, tuple(sds), point)


def log_prior_of_sds(prior: Prior, sds: np.ndarray) -> float:
    """Gamma(2) log-densities of the two standard deviations, on the log scale (with its Jacobian)."""
    means = np.array([prior.segment_effect, prior.segment_level])
    rates = 2 / means
    return float(np.sum(2 * np.log(rates) + 2 * np.log(sds) - rates * sds))


def _prior_precision(rows: Rows, prior: Prior, drivers: int, sds: tuple[float, float]) -> np.ndarray:
    cuts, width = rows.count - 1, rows.columns.shape[1]
    flat = prior.effect is None
    shared = np.zeros(width) if flat else prior.column_sds(rows, drivers) ** -2.0
    parts = [np.zeros(cuts), shared]
    if rows.segments > 1:
        parts += [
            np.full(rows.segments * int(rows.varying.sum()), sds[0] ** -2.0),
            np.full(rows.segments - 1, sds[1] ** -2.0),
        ]
    parts.append(np.full(rows.cut_effects, 0.0 if flat else prior.effect_sd(drivers) ** -2.0))
    return np.concatenate(parts)


def _newton(rows: Rows, prior: Prior, drivers: int, sds: tuple[float, float], start: np.ndarray | None) -> LaplaceFit:
    cuts, maps = rows.count - 1, rows.maps
    precision = _prior_precision(rows, prior, drivers, sds)
    flat = prior.effect is None
    if start is None:
        masses = np.bincount(rows.levels, weights=rows.weights, minlength=rows.count) + 0.5
        below = np.cumsum(masses)[:-1] / masses.sum()
        logits = np.log(below / (1 - below)) * rows.link.unit
        start = np.concatenate([logits, np.zeros(len(precision) - cuts)])

    def value(point):
        coefficients, intercepts, ends, shifts = by_segment(rows, point)
        total, by_coefficients, by_intercepts, by_cuts, *by_shifts = rows.log_likelihood(
            coefficients, intercepts, ends, shifts
        )
        if not np.isfinite(total):
            return -np.inf, total, None
        # The cut points' contributions are summed over segments already; each map repeats the cuts, so they enter once.
        slope = np.zeros(len(point))
        for s in range(rows.segments):
            own = np.append(by_coefficients[s], by_intercepts[s])
            slope += maps[s, cuts : cuts + len(own)].T @ own
        slope[:cuts] += by_cuts
        if rows.cut_effects:
            slope[-rows.cut_effects :] += (rows.blocks.T @ by_shifts[0]).T.ravel()
        slope -= precision * point
        log_prior = -0.5 * float(precision @ point**2)
        if not flat:  # sorted variates of the noise's distribution
            log_prior += float(np.sum(rows.link.log_density(ends - prior.cut_location)))
            slope[:cuts] += rows.link.log_density_slopes(ends - prior.cut_location)[0]
        return total + log_prior, total, slope

    best, likelihood, slope = value(point := np.array(start, dtype=float))
    if slope is None:  # cut points cross for somebody here, though not where the start comes from
        point[len(point) - rows.cut_effects :] = 0
        best, likelihood, slope = value(point)
    for _ in range(STEPS):
        blocks = curvature(rows, *by_segment(rows, point))
        hessian = np.einsum("sla,slm,smb->ab", maps, blocks, maps, optimize=True)
        hessian[np.diag_indices_from(hessian)] += precision
        if not flat:
            curved = rows.link.log_density_slopes(point[:cuts] - prior.cut_location)[1]
            hessian[np.arange(cuts), np.arange(cuts)] += curved
        try:
            factor = cho_factor(hessian, lower=True)
        except np.linalg.LinAlgError as error:
            raise DataError(_no_mode(rows)) from error
        step = cho_solve(factor, slope)
        decrement = float(slope @ step)
        if decrement < TOLERANCE:
            break
        size = 1.0
        while True:
            trial = point + size * step
            found, found_likelihood, found_slope = value(trial)
            if found > best:
                break
            size /= 2
            if size < 1e-8:
                found = None
                break
        if found is None:
            if decrement < 1e-5:  # at the limit of what floating-point sums can tell
                break
            raise DataError(_no_mode(rows))
        point, best, likelihood, slope = trial, found, found_likelihood, found_slope
    else:
        raise DataError(_no_mode(rows))
    if flat and np.diag(cho_solve(factor, np.eye(len(point)))).max() > NO_INFORMATION:
        raise DataError(_no_mode(rows))
    half_log_determinant = float(np.sum(np.log(np.diag(factor[0]))))
    normal = 0.5 * float(np.sum(np.log(precision[precision > 0])))  # the priors' own normalisation, by their scales
    return LaplaceFit(
        rows=rows,
        prior=prior,
        parameters=point,
        precision=hessian,
        log_likelihood=likelihood,
        log_evidence=best + normal - half_log_determinant,
        segment_effect=sds[0],
        segment_level=sds[1],
    )


def _no_mode(rows: Rows) -> str:
    return sentence(
        "the model has no single best fit for {rows} answers and {columns} columns: some drivers predict the outcome "
        "without fail or say the same; leave some of them out, or use a prior.",
        rows=number(len(rows.levels)),
        columns=number(rows.columns.shape[1]),
    )


def subset(rows: Rows, kept: np.ndarray) -> Rows:
    """The rows of a mask; segments stay, even those left empty."""
    group = rows.group[kept]
    return replace(
        rows,
        columns=np.ascontiguousarray(rows.columns[kept]),
        levels=rows.levels[kept],
        weights=rows.weights[kept],
        starts=np.searchsorted(group, np.arange(rows.segments + 1)),
        design=None if rows.design is None else rows.design.subset(kept),
    )
