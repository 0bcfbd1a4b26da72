"""Log-likelihood of the ordered logit and its gradient in one pass over the rows, for NumPy, Numba and PyMC alike.

With P(y ≤ k) = σ(c_k − η), the probability of a level between two cut points is σ(u) − σ(l), u = c_k − η and
l = c_{k−1} − η. Because σ(u) − σ(l) = σ(u) σ(−l) (1 − exp(l − u)), the last factor depends on the level alone; what is
left is one exponential and one logarithm a row (McCullagh 1980 for the model; the factorisation is elementary).

The rows of a segment lie together, so that coefficients are looked up once a segment. Nothing here holds Python's
global lock: chains run side by side.
"""

import numba
import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

STEEPEST = 500.0
"""Distances on the logit scale are cut here: exp(500) is still a float64, and no survey answer is that certain."""


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


class OrderedLogit(Op):
    """`log_likelihood` as an operation of PyTensor: inputs in its order, outputs value and the three gradients.

    Only the value may be differentiated (first derivatives are all that Hamiltonian sampling needs).
    """

    __props__ = ()

    def make_node(self, *inputs):
        inputs = [pt.as_tensor(each) for each in inputs]
        coefficients, intercepts, cuts = inputs[4:]
        outputs = [pt.dscalar(), coefficients.type(), intercepts.type(), cuts.type()]
        return Apply(self, inputs, outputs)

    def perform(self, node, inputs, outputs):
        for storage, value in zip(outputs, log_likelihood(*inputs), strict=True):
            storage[0] = np.asarray(value)

    def infer_shape(self, node, shapes):
        return [(), *shapes[4:]]

    def pullback(self, inputs, outputs, cotangents):
        for cotangent in cotangents[1:]:
            if not isinstance(cotangent.type, DisconnectedType):
                raise NotImplementedError("the gradient of the ordered logit cannot be differentiated again")
        data = [disconnected_type() for _ in range(4)]
        return [*data, *(cotangents[0] * gradient for gradient in outputs[1:])]

    def connection_pattern(self, node):
        return [[False] * 4] * 4 + [[True] * 4] * 3


@register_funcify_default_op_cache_key(OrderedLogit)
def _in_numba(op, node, **kwargs):
    @numba.njit(nogil=True)
    def run(columns, levels, weights, starts, coefficients, intercepts, cuts):
        value, by_coefficients, by_intercepts, by_cuts = log_likelihood(
            columns, levels, weights, starts, coefficients, intercepts, cuts
        )
        return np.asarray(value), by_coefficients, by_intercepts, by_cuts

    return run


ordered_logit = OrderedLogit()
