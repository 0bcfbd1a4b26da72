"""The MAP estimate of the ordered logit or probit by Newton's method, and the Laplace approximation around it.

The log-likelihood is concave in cut points and coefficients (Pratt 1981), so there is one posterior mode, and Newton's
method with step halving finds it. The standard deviations of what segments add are set to the mode of their Laplace
marginal.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from workbench.errors import DataError
from workbench.models.drivers.ordinal.derivatives import curvature
from workbench.models.drivers.ordinal.rows import Prior, Rows, by_segment
from workbench.wording import number, sentence

STEPS = 60
"""Newton steps after which it gives up; a concave log-likelihood takes about ten."""
TOLERANCE = 1e-10
"""Newton's decrement at which the mode is reached, in units of log-likelihood."""
ROUNDING = 1e-5
"""Newton's decrement below which a step that leads nowhere higher is rounding error."""
SHORTEST_STEP = 1e-8
"""Of a Newton step: shorter ones are not tried."""
NO_INFORMATION = 1e6
"""Variance on the logit scale at which a likelihood without priors is taken to have no maximum."""
SMALLEST_SD, LARGEST_SD = 1e-3, 5.0
"""Between segments, in log-odds: no difference, and one of which odds of 150 are a standard deviation."""
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")
"""Decorates what finds many modes: their matrices are so small that threads cost more than they do (tenfold, where the
cores have other work)."""


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
        """(K − 1,): cut points."""
        return self.parameters[: self.rows.count - 1]

    @property
    def effects(self) -> np.ndarray:
        """(C,): effects shared by all segments."""
        return self.parameters[self.rows.count - 1 :][: self.rows.columns.shape[1]]

    @property
    def covariance(self) -> np.ndarray:
        """(P, P): inverse of the precision."""
        return np.linalg.inv(self.precision)

    def draws(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, P): draws from the normal approximation, cuts in order.

        Parameters
        ----------
        count
            How many.
        rng
            What draws.
        """
        lower = np.linalg.cholesky(self.precision)
        noise = rng.standard_normal((len(self.parameters), count))
        out = self.parameters + solve_triangular(lower, noise, lower=True, trans="T").T
        first = self.rows.count - 1
        out[:, :first] = np.sort(out[:, :first], axis=1)
        return out


def fit_laplace(
    rows: Rows, prior: Prior, *, drivers: int, start: np.ndarray | None = None, fixed: tuple[float, float] | None = None
) -> LaplaceFit:
    """The MAP estimate and the Laplace approximation around it.

    Parameters
    ----------
    rows
        Data of the likelihood.
    prior
        In the unit of the rows' link; flat priors make it the maximum likelihood estimate.
    drivers
        How many drivers the columns belong to.
    start
        (P,): parameters to begin with.
    fixed
        Standard deviations between segments of effects and of levels; None: those at the mode of their Laplace
        marginal.

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
    """Gamma(2) log-densities of the two standard deviations, on the log scale (with its Jacobian).

    Parameters
    ----------
    prior
        Its means.
    sds
        (2,): of effects and of levels.
    """
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


class _LogPosterior:
    """The log-posterior of all parameters (`Rows.maps`) at fixed standard deviations between segments."""

    def __init__(self, rows: Rows, prior: Prior, drivers: int, sds: tuple[float, float]):
        self.rows, self.prior, self.maps = rows, prior, rows.maps
        self.cuts, self.flat = rows.count - 1, prior.effect is None
        self.precision = _prior_precision(rows, prior, drivers, sds)

    def start(self) -> np.ndarray:
        """(P,): cuts where the shares of the levels put them, and no effects."""
        rows = self.rows
        masses = np.bincount(rows.levels, weights=rows.weights, minlength=rows.count) + 0.5
        below = np.cumsum(masses)[:-1] / masses.sum()
        logits = np.log(below / (1 - below)) * rows.link.unit
        return np.concatenate([logits, np.zeros(len(self.precision) - self.cuts)])

    def at(self, point: np.ndarray) -> tuple[float, float, np.ndarray | None]:
        """Value, log-likelihood and gradient at a point; no gradient where cut points cross."""
        rows, cuts = self.rows, self.cuts
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
            slope += self.maps[s, cuts : cuts + len(own)].T @ own
        slope[:cuts] += by_cuts
        if rows.cut_effects:
            slope[-rows.cut_effects :] += (rows.blocks.T @ by_shifts[0]).T.ravel()
        slope -= self.precision * point
        log_prior = -0.5 * float(self.precision @ point**2)
        if not self.flat:  # sorted variates of the noise's distribution
            away = ends - self.prior.cut_location
            log_prior += float(np.sum(rows.link.log_density(away)))
            slope[:cuts] += rows.link.log_density_slopes(away)[0]
        return total + log_prior, total, slope

    def curvature(self, point: np.ndarray) -> np.ndarray:
        """(P, P): negative second derivatives."""
        rows, cuts = self.rows, self.cuts
        blocks = curvature(rows, *by_segment(rows, point))
        hessian = np.einsum("sla,slm,smb->ab", self.maps, blocks, self.maps, optimize=True)
        hessian[np.diag_indices_from(hessian)] += self.precision
        if not self.flat:
            curved = rows.link.log_density_slopes(point[:cuts] - self.prior.cut_location)[1]
            hessian[np.arange(cuts), np.arange(cuts)] += curved
        return hessian


def _newton(rows: Rows, prior: Prior, drivers: int, sds: tuple[float, float], start: np.ndarray | None) -> LaplaceFit:
    posterior = _LogPosterior(rows, prior, drivers, sds)
    point = np.array(posterior.start() if start is None else start, dtype=float)
    best, likelihood, slope = posterior.at(point)
    if slope is None:  # cut points cross for somebody here, though not where the start comes from
        point[len(point) - rows.cut_effects :] = 0
        best, likelihood, slope = posterior.at(point)
    for _ in range(STEPS):
        hessian = posterior.curvature(point)
        try:
            factor = cho_factor(hessian, lower=True)
        except np.linalg.LinAlgError as error:
            raise DataError(_no_mode(rows)) from error
        step = cho_solve(factor, slope)
        decrement = float(slope @ step)
        if decrement < TOLERANCE:
            break
        found = _higher(posterior, point, step, best)
        if found is None:
            if decrement < ROUNDING:  # at the limit of what floating-point sums can tell
                break
            raise DataError(_no_mode(rows))
        point, best, likelihood, slope = found
    else:
        raise DataError(_no_mode(rows))
    if posterior.flat and np.diag(cho_solve(factor, np.eye(len(point)))).max() > NO_INFORMATION:
        raise DataError(_no_mode(rows))
    half_log_determinant = float(np.sum(np.log(np.diag(factor[0]))))
    scales = posterior.precision[posterior.precision > 0]
    normal = 0.5 * float(np.sum(np.log(scales)))  # the priors' own normalisation, by their scales
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


def _higher(
    posterior: _LogPosterior, point: np.ndarray, step: np.ndarray, best: float
) -> tuple[np.ndarray, float, float, np.ndarray] | None:
    """The first point on the way, each half as far as the one before, where the posterior is higher; None: nowhere."""
    size = 1.0
    while size >= SHORTEST_STEP:
        trial = point + size * step
        found, likelihood, slope = posterior.at(trial)
        if found > best and slope is not None:
            return trial, found, likelihood, slope
        size /= 2
    return None


def _no_mode(rows: Rows) -> str:
    return sentence(
        "the model has no single best fit for {rows} answers and {columns} columns: some drivers predict the outcome "
        "without fail or say the same; leave some of them out, or use a prior.",
        rows=number(len(rows.levels)),
        columns=number(rows.columns.shape[1]),
    )
