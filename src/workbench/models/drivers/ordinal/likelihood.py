"""Log-likelihood of the ordered logit or probit and its gradient in one pass, for NumPy, Numba and PyMC alike.

With P(y ≤ k) = σ(c_k − η), the probability of a level between two cut points is σ(u) − σ(l), u = c_k − η and
l = c_{k−1} − η. Because σ(u) − σ(l) = σ(u) σ(−l) (1 − exp(l − u)), the last factor depends on the level alone; what is
left is one exponential and one logarithm a row (McCullagh 1980 for the model; the factorisation is elementary). The
normal has no such factorisation: its probabilities are differences of tails, taken on the side where they are small.

The rows of a segment lie together, so that coefficients are looked up once a segment. Nothing here holds Python's
global lock: chains run side by side.
"""

from math import erfc, exp, log, pi, sqrt
from typing import Any

import numba
import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

STEEPEST = 500.0
"""Distances on the logit scale are cut here: exp(500) is still a float64, and no survey answer is that certain."""
FARTHEST = 35.0
"""Distances on the probit scale are cut here: the tail beyond is still a float64."""
IMPOSSIBLE = log(1e-300)
ROOT_TWO, ROOT_TWO_PI = sqrt(2), sqrt(2 * pi)


@numba.njit(fastmath={"contract", "reassoc", "nsz"}, nogil=True, cache=True, error_model="numpy")
def log_likelihood(columns, levels, weights, starts, coefficients, intercepts, cuts):
    """Weighted log-likelihood and its gradient.

    Parameters
    ----------
    columns : float64 (n, C)
        Rows sorted by segment, contiguous.
    levels : int64 (n,)
        Level of the outcome, 0 … K − 1.
    weights : float64 (n,)
        How often each row counts.
    starts : int64 (S + 1,)
        Segment s has the rows starts[s] to starts[s + 1].
    coefficients : float64 (S, C)
    intercepts : float64 (S,)
    cuts : float64 (K − 1,)
        Ascending.

    Returns
    -------
    float, (S, C), (S,), (K − 1,)
        Value (−inf where cuts do not ascend), gradients by coefficients, intercepts and cuts.
    """
    segments, width = coefficients.shape
    count = cuts.shape[0]
    by_coefficients = np.zeros((segments, width))
    by_intercepts = np.zeros(segments)
    by_cuts = np.zeros(count)
    masses = np.zeros(count + 1)
    total = 0.0
    for k in range(count - 1):
        if not cuts[k + 1] > cuts[k]:
            return -np.inf, by_coefficients, by_intercepts, by_cuts
    for s in range(segments):
        b = coefficients[s]
        for i in range(starts[s], starts[s + 1]):
            row = columns[i]
            eta = intercepts[s]
            for c in range(width):
                eta += row[c] * b[c]
            k, w = levels[i], weights[i]
            masses[k] += w
            upper, lower, value = 0.0, 0.0, 1.0  # 1 − σ(u), σ(l), and their share of the likelihood
            if k < count:
                above = np.exp(min(max(eta - cuts[k], -STEEPEST), STEEPEST))
                value += above
                upper = above / (1.0 + above)
                if k > 0:
                    gap = np.exp(cuts[k - 1] - cuts[k])
                    below = gap / above
                    value += below + gap
                    lower = below / (1.0 + below)
            else:
                below = np.exp(min(max(cuts[k - 1] - eta, -STEEPEST), STEEPEST))
                value += below
                lower = below / (1.0 + below)
            total -= w * np.log(value)
            residual = w * (lower - upper)
            if k < count:
                by_cuts[k] += w * upper
            if k > 0:
                by_cuts[k - 1] -= w * lower
            by_intercepts[s] += residual
            for c in range(width):
                by_coefficients[s, c] += residual * row[c]
    for k in range(1, count):
        gap = cuts[k] - cuts[k - 1]
        total += masses[k] * np.log(-np.expm1(-gap))
        slope = masses[k] / np.expm1(gap)
        by_cuts[k] += slope
        by_cuts[k - 1] -= slope
    return total, by_coefficients, by_intercepts, by_cuts


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _normal_tail(x):
    return 0.5 * erfc(x / ROOT_TWO)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _normal_density(x):
    return exp(-0.5 * x * x) / ROOT_TWO_PI


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _probit_ends(k, count, u, lower, gap):
    """P(y = k), ends u and l of the level's interval of noise, and the densities there (0 at an end that is open)."""
    if k == 0:
        u = max(u, -FARTHEST)
        return _normal_tail(-u), u, 0.0, _normal_density(u), 0.0
    if k == count:
        lower = min(lower, FARTHEST)
        return _normal_tail(lower), 0.0, lower, 0.0, _normal_density(lower)
    if u + lower > 0:
        lower = min(lower, FARTHEST)
        u = lower + gap
        p = _normal_tail(lower) - _normal_tail(u)
    else:
        u = max(u, -FARTHEST)
        lower = u - gap
        p = _normal_tail(-u) - _normal_tail(-lower)
    return p, u, lower, _normal_density(u), _normal_density(lower)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _probit_row(k, eta, cuts):
    """`_probit_ends` of a row whose cuts are those of everybody."""
    count = cuts.shape[0]
    u = cuts[k] - eta if k < count else 0.0
    lower = cuts[k - 1] - eta if k > 0 else 0.0
    return _probit_ends(k, count, u, lower, cuts[k] - cuts[k - 1] if 0 < k < count else 0.0)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def log_likelihood_probit(columns, levels, weights, starts, coefficients, intercepts, cuts):
    """The same as `log_likelihood` for normal noise.

    Parameters
    ----------
    columns, levels, weights, starts, coefficients, intercepts, cuts
        As of `log_likelihood`.
    """
    segments, width = coefficients.shape
    count = cuts.shape[0]
    by_coefficients = np.zeros((segments, width))
    by_intercepts = np.zeros(segments)
    by_cuts = np.zeros(count)
    total = 0.0
    for k in range(count - 1):
        if not cuts[k + 1] > cuts[k]:
            return -np.inf, by_coefficients, by_intercepts, by_cuts
    for s in range(segments):
        b = coefficients[s]
        for i in range(starts[s], starts[s + 1]):
            row = columns[i]
            eta = intercepts[s]
            for c in range(width):
                eta += row[c] * b[c]
            k, w = levels[i], weights[i]
            p, _, _, above, below = _probit_row(k, eta, cuts)
            if not p > 0.0:  # cuts nearer to each other than floating-point numbers are
                return -np.inf, by_coefficients, by_intercepts, by_cuts
            total += w * log(p)
            upper, lower = w * above / p, w * below / p
            if k < count:
                by_cuts[k] += upper
            if k > 0:
                by_cuts[k - 1] -= lower
            by_intercepts[s] += lower - upper
            for c in range(width):
                by_coefficients[s, c] += (lower - upper) * row[c]
    return total, by_coefficients, by_intercepts, by_cuts


@numba.njit(nogil=True, cache=True, error_model="numpy")
def ends_of(k, eta, cuts, row, by_cut, shifts):
    """Ends u and l of level k's interval of noise and their distance, for a row whose cuts its own ratings move.

    Parameters
    ----------
    row : float64 (C,)
    by_cut : int64 (P,)
        Columns whose effect differs by cut.
    shifts : float64 (K − 1, P)
        What is added to their coefficients at each cut: cut k lies at c_k − Σ_p row[by_cut[p]] shifts[k, p].
    k : int
        The level.
    eta : float
        Linear predictor of the row.
    cuts : float64 (K − 1,)
    """
    count = cuts.shape[0]
    u, lower, gap = 0.0, 0.0, 0.0
    if k < count:
        u = cuts[k] - eta
        for p in range(by_cut.shape[0]):
            u -= row[by_cut[p]] * shifts[k, p]
    if k > 0:
        lower = cuts[k - 1] - eta
        for p in range(by_cut.shape[0]):
            lower -= row[by_cut[p]] * shifts[k - 1, p]
    if 0 < k < count:
        gap = cuts[k] - cuts[k - 1]
        for p in range(by_cut.shape[0]):
            gap -= row[by_cut[p]] * (shifts[k, p] - shifts[k - 1, p])
    return u, lower, gap


@numba.njit(nogil=True, cache=True, error_model="numpy")
def row_value(probit, k, count, u, lower, gap):
    """Log-likelihood of one row from its ends (`ends_of`); −inf where they are out of order.

    Parameters
    ----------
    probit : bool
        Whether the noise is normal.
    k, count : int
        The level, and how many cuts there are.
    u, lower, gap : float
        Ends of the level, and their distance.
    """
    if 0 < k < count and not gap > 0.0:
        return -np.inf
    if probit:
        p = _probit_ends(k, count, u, lower, gap)[0]
        return log(p) if p > 0.0 else -np.inf
    value = 0.0
    if k < count:
        value -= np.log1p(np.exp(min(-u, STEEPEST)))
    if k > 0:
        value -= np.log1p(np.exp(min(lower, STEEPEST)))
    if 0 < k < count:
        value += log(-np.expm1(-gap))
    return value


@numba.njit(nogil=True, cache=True, error_model="numpy")
def row_terms(probit, k, count, u, lower, gap):
    """Derivatives of one row's log-likelihood in the ends of its level, u and l (`ends_of`), and beyond.

    Parameters
    ----------
    probit, k, count, u, lower, gap
        As of `row_value`.

    Returns
    -------
    float × 5
        Slopes in u and in −l; the curvature (with the sign turned) that u has by itself, that l has by itself, and that
        of their difference: −∂²/∂u² = first + third, −∂²/∂l² = second + third, −∂²/∂u∂l = −third.
    """
    if probit:
        p, u, lower, above, below = _probit_ends(k, count, u, lower, gap)
        at_u, at_l = above / p, below / p
        return at_u, at_l, at_u * (u + at_u - at_l), at_l * (at_l - lower - at_u), at_u * at_l
    at_u, at_l, between = 0.0, 0.0, 0.0
    if k < count:
        at_u = 1.0 / (1.0 + np.exp(u))
    if k > 0:
        at_l = 1.0 / (1.0 + np.exp(-lower))
    own_u, own_l = at_u * (1.0 - at_u), at_l * (1.0 - at_l)
    if 0 < k < count:
        e = np.expm1(gap)
        at_u += 1.0 / e
        at_l += 1.0 / e
        between = (e + 1.0) / (e * e)
    return at_u, at_l, own_u, own_l, between


@numba.njit(fastmath={"contract", "reassoc", "nsz"}, nogil=True, cache=True, error_model="numpy")
def _logit_slopes(k, count, u, lower, gap):
    """Log-likelihood of one row of a logit and its slopes in u and −l: two exponentials and one logarithm.

    With e = exp(l − u) = exp(−gap), the likelihood is (1 − e) / ((1 + exp(−u)) (1 + exp(l))).
    """
    if k == 0:
        above = np.exp(min(max(-u, -STEEPEST), STEEPEST))
        return -np.log(1.0 + above), above / (1.0 + above), 0.0
    if k == count:
        below = np.exp(min(max(lower, -STEEPEST), STEEPEST))
        return -np.log(1.0 + below), 0.0, below / (1.0 + below)
    above = np.exp(min(max(-u, -STEEPEST), STEEPEST))
    e = np.exp(-gap)
    below = e / above
    apart = e / (1.0 - e)
    value = np.log((1.0 - e) / (1.0 + above + below + e))
    return value, above / (1.0 + above) + apart, below / (1.0 + below) + apart


@numba.njit(fastmath={"contract", "reassoc", "nsz"}, nogil=True, cache=True, error_model="numpy")
def log_likelihood_by_cut(probit, columns, levels, weights, starts, coefficients, intercepts, cuts, by_cut, shifts):
    """The same as `log_likelihood` where effects of some columns differ by cut, see `ends_of`.

    Partial proportional odds (Peterson, Harrell 1990). −inf where cuts of a row's level are out of order.

    Parameters
    ----------
    probit : bool
        Whether the noise is normal.
    columns, levels, weights, starts, coefficients, intercepts, cuts
        As of `log_likelihood`.
    by_cut, shifts
        As of `ends_of`.

    Returns
    -------
    float, (S, C), (S,), (K − 1,), (K − 1, P)
        Value, gradients by coefficients, intercepts, cuts and shifts.
    """
    segments, width = coefficients.shape
    count = cuts.shape[0]
    many = by_cut.shape[0]
    by_coefficients = np.zeros((segments, width))
    by_intercepts = np.zeros(segments)
    by_cuts = np.zeros(count)
    by_shifts = np.zeros(shifts.shape)
    total = 0.0
    for s in range(segments):
        b = coefficients[s]
        for i in range(starts[s], starts[s + 1]):
            row = columns[i]
            eta = intercepts[s]
            for c in range(width):
                eta += row[c] * b[c]
            k, w = levels[i], weights[i]
            u, lower, gap = ends_of(k, eta, cuts, row, by_cut, shifts)
            if 0 < k < count and not gap > 0.0:
                return -np.inf, by_coefficients, by_intercepts, by_cuts, by_shifts
            if probit:
                p, _, _, above, below = _probit_ends(k, count, u, lower, gap)
                if not p > 0.0:
                    return -np.inf, by_coefficients, by_intercepts, by_cuts, by_shifts
                value, at_u, at_l = log(p), above / p, below / p
            else:
                value, at_u, at_l = _logit_slopes(k, count, u, lower, gap)
            total += w * value
            at_u, at_l = w * at_u, w * at_l
            if k < count:
                by_cuts[k] += at_u
                for place in range(many):
                    by_shifts[k, place] -= at_u * row[by_cut[place]]
            if k > 0:
                by_cuts[k - 1] -= at_l
                for place in range(many):
                    by_shifts[k - 1, place] += at_l * row[by_cut[place]]
            residual = at_l - at_u
            by_intercepts[s] += residual
            for c in range(width):
                by_coefficients[s, c] += residual * row[c]
    return total, by_coefficients, by_intercepts, by_cuts, by_shifts


@numba.njit(nogil=True, cache=True, error_model="numpy")
def row_log_likelihoods(probit, columns, levels, group, coefficients, intercepts, cuts, by_cut, shifts):
    """Unweighted log-likelihood of every row under every draw: (N, n).

    Parameters
    ----------
    group : int64 (n,)
        Segment of each row.
    coefficients, intercepts, cuts, shifts : float64 (N, S, C), (N, S), (N, K − 1), (N, K − 1, P)
    probit : bool
        Whether the noise is normal.
    columns, levels, by_cut
        As of `log_likelihood` and `ends_of`.
    """
    out = np.empty((cuts.shape[0], columns.shape[0]))
    count, width = cuts.shape[1], columns.shape[1]
    for n in range(cuts.shape[0]):
        for i in range(columns.shape[0]):
            eta = intercepts[n, group[i]]
            for c in range(width):
                eta += columns[i, c] * coefficients[n, group[i], c]
            k = levels[i]
            u, lower, gap = ends_of(k, eta, cuts[n], columns[i], by_cut, shifts[n])
            out[n, i] = max(row_value(probit, k, count, u, lower, gap), IMPOSSIBLE)
    return out


class OrderedLikelihood(Op):
    """The log-likelihood as an operation of PyTensor.

    Inputs in the order of `log_likelihood`, with `by_cut` columns also shifts (`log_likelihood_by_cut`); outputs value
    and gradients.

    Only the value may be differentiated (first derivatives are all that Hamiltonian sampling needs).
    """

    __props__ = ("probit", "by_cut")

    def __init__(self, probit: bool = False, by_cut: tuple[int, ...] = ()):
        self.probit, self.by_cut = probit, by_cut

    def make_node(self, *inputs: Any) -> Apply:
        """What goes in and comes out.

        Parameters
        ----------
        inputs
            Columns, levels, weights, starts and parameters.
        """
        given: list[Any] = [pt.as_tensor(each) for each in inputs]
        return Apply(self, given, [pt.dscalar(), *(each.type() for each in given[4:])])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Value and gradients, in Python.

        Parameters
        ----------
        node, inputs, outputs
            As PyTensor hands them on.
        """
        if self.by_cut:
            compiled: Any = log_likelihood_by_cut
            found = compiled(self.probit, *inputs[:7], np.array(self.by_cut), inputs[7])
        else:
            found = kernel(self.probit)(*inputs)
        for storage, value in zip(outputs, found, strict=True):
            storage[0] = np.asarray(value)

    def infer_shape(self, node: Any, shapes: Any) -> list[Any]:
        """Gradients are shaped like what they are by.

        Parameters
        ----------
        node, shapes
            As PyTensor hands them on.
        """
        return [(), *shapes[4:]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """The gradient of the value; gradients cannot be differentiated again.

        Parameters
        ----------
        inputs, outputs, cotangents
            As PyTensor hands them on.
        """
        for cotangent in cotangents[1:]:
            if not isinstance(cotangent.type, DisconnectedType):
                raise NotImplementedError("the gradient of the ordered model cannot be differentiated again")
        data = [disconnected_type() for _ in range(4)]
        return [*data, *(cotangents[0] * gradient for gradient in outputs[1:])]

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Nothing is differentiated by the data.

        Parameters
        ----------
        node
            As PyTensor hands them on.
        """
        parameters = len(node.inputs) - 4
        return [[False] * (1 + parameters)] * 4 + [[True] * (1 + parameters)] * parameters


def kernel(probit: bool) -> Any:
    """The compiled function: `log_likelihood` or `log_likelihood_probit`.

    Parameters
    ----------
    probit
        Whether the noise is normal.
    """
    return log_likelihood_probit if probit else log_likelihood


@register_funcify_default_op_cache_key(OrderedLikelihood)
def _in_numba(op: OrderedLikelihood, node: Any, **kwargs: Any) -> Any:
    compiled, probit, places = kernel(op.probit), op.probit, np.array(op.by_cut, dtype=np.int64)

    @numba.njit(nogil=True)
    def plain(columns, levels, weights, starts, coefficients, intercepts, cuts):
        found = compiled(columns, levels, weights, starts, coefficients, intercepts, cuts)
        return np.asarray(found[0]), found[1], found[2], found[3]

    @numba.njit(nogil=True)
    def by_cut(columns, levels, weights, starts, coefficients, intercepts, cuts, shifts):
        found = log_likelihood_by_cut(
            probit, columns, levels, weights, starts, coefficients, intercepts, cuts, places, shifts
        )
        return np.asarray(found[0]), found[1], found[2], found[3], found[4]

    return by_cut if op.by_cut else plain
