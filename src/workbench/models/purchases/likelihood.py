"""Log-likelihoods of histories, compiled: a pass over rows; what depends on the number of purchases is looked up.

Each row has two terms, "still active" and "has left". All three models with leaving, and Erlang gaps, in one place.
"""

import numba
import numpy as np

NEVER, AT_PURCHASE, ANY_TIME = 0, 1, 2  # how customers leave
NEAR_ONE = 0.98
"""Argument of the power series beyond which quadrature is quicker than its 2,000 terms."""
LAST_TERM = 1e-17
"""Of a series whose sum is at least 1: below the rounding of the sum."""
IMPOSSIBLE = -np.inf


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _series(other, whole, z):
    """Σ (other)_n / (whole)_n zⁿ: 2F1(1, other; whole; z) with all terms positive, other < whole, 0 ≤ z < 1."""
    total, term, n = 1.0, 1.0, 0.0
    while term > LAST_TERM * total:
        term *= (other + n) / (whole + n) * z
        total += term
        n += 1.0
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _left_unseen(x, last, until, r, alpha, s, beta, stages, ratios, nodes, weights):
    """Log of ∫ (α+t)^-(r+kx) (β+t)^-(s+1) Σ_j ratio_j ((t - t_x) / (α+t))^j dt from t_x to T.

    With one stage the difference of two hypergeometric functions (Fader, Hardie 2005, Pareto/NBD), after Euler's
    transformation, so that terms are positive; with more by quadrature on a log scale of time.
    """
    if until <= last:
        return IMPOSSIBLE
    a, b = r + stages * x, s + 1.0
    high, low = max(alpha, beta), min(alpha, beta)
    if stages == 1 and (high - low) / (high + last) < NEAR_ONE:
        q = b if alpha >= beta else a
        rest = a + b - 1.0
        high_1, high_2 = np.log(high + last), np.log(high + until)
        low_1, low_2 = np.log(low + last), np.log(low + until)
        log_1 = -rest * high_1 + (1.0 - q) * (low_1 - high_1)
        log_2 = -rest * high_2 + (1.0 - q) * (low_2 - high_2)
        sum_1 = _series(a + b - q, a + b, (high - low) / (high + last))
        sum_2 = _series(a + b - q, a + b, (high - low) / (high + until))
        area = sum_1 - sum_2 * np.exp(log_2 - log_1)
        return log_1 + np.log(area / rest) if area > 0.0 else IMPOSSIBLE
    fall = a / (alpha + last) + b / (beta + last)
    reach = np.log1p((until - last) * fall)
    top = -a * np.log(alpha + last) - b * np.log(beta + last)
    total = 0.0
    for node in range(len(nodes)):
        grown = np.exp(reach * nodes[node])
        since = (grown - 1.0) / fall
        behind = since / (alpha + last + since)
        sums, power = 1.0, 1.0
        for j in range(1, stages):
            power *= behind
            sums += ratios[j] * power
        logs = -a * np.log(alpha + last + since) - b * np.log(beta + last + since) - top
        total += weights[node] * grown * sums * np.exp(logs)
    return top + np.log(total * reach / fall)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _row(kind, stages, r, alpha, s, beta, log_gaps, x, last, until, buying, ratios, stayed, left, nodes, weights):
    """The two terms of one row."""
    gaps = (stages - 1) * log_gaps + buying + r * np.log(alpha)
    events = r + stages * x
    here = alpha + until
    active = gaps - events * np.log(here)
    if stages > 1:
        sums, power, behind = 1.0, 1.0, (until - last) / here
        for j in range(1, stages):
            power *= behind
            sums += ratios[j] * power
        active += np.log(sums)
    if kind == NEVER:
        return active, IMPOSSIBLE
    if kind == AT_PURCHASE:
        return active + stayed, gaps + left - events * np.log(alpha + last)
    gone = _left_unseen(x, last, until, r, alpha, s, beta, stages, ratios, nodes, weights)
    log_scale = s * np.log(beta)
    return active + log_scale - s * np.log(beta + until), gaps + gone + np.log(s) + log_scale


@numba.njit(nogil=True, cache=True, error_model="numpy")
def terms(kind, stages, parameters, gaps, x, last, until, which, buying, ratios, stayed, left, nodes, weights):
    """Log-likelihood of each row together with "still active", and with "has left".

    Parameters
    ----------
    kind : int
        `NEVER`, `AT_PURCHASE` or `ANY_TIME`.
    stages : int
        k.
    parameters : float64 (p,)
        r and α; with `ANY_TIME` also s and β.
    gaps, x, last, until : float64 (n,)
        Sum of log gaps, frequency, recency, time observed.
    which : int64 (n,)
        Place of each row's frequency in the tables.
    buying, stayed, left : float64 (m,)
        By frequency: log of Γ(r + kx) / (Γ(r) Γ(k)^x); log chances of having stayed at all occasions, and left at the
        last.
    ratios : float64 (m, k)
        Γ(r + kx + j) / (Γ(r + kx) j!).
    nodes, weights : float64 (q,)
        Of quadrature on (0, 1).

    Returns
    -------
    active, gone : float64 (n,)
    """
    active, gone = np.empty(len(x)), np.empty(len(x))
    r, alpha = parameters[0], parameters[1]
    s, beta = (parameters[2], parameters[3]) if kind == ANY_TIME else (1.0, 1.0)
    for i in range(len(x)):
        at = which[i]
        active[i], gone[i] = _row(
            kind,
            stages,
            r,
            alpha,
            s,
            beta,
            gaps[i],
            x[i],
            last[i],
            until[i],
            buying[at],
            ratios[at],
            stayed[at],
            left[at],
            nodes,
            weights,
        )
    return active, gone


@numba.njit(fastmath={"contract", "reassoc"}, nogil=True, cache=True, error_model="numpy")
def _quick(counts, leaves, r, alpha, x, last, until, which, buying, stayed, left):
    """`total` with one stage and leaving at purchases or never: two logarithms a row, and two more for leaving."""
    found, shift = 0.0, r * np.log(alpha)
    for i in range(len(x)):
        at, here, events = which[i], alpha + until[i], r + x[i]
        value = buying[at] + shift - events * np.log(here)
        if leaves:
            apart = left[at] - stayed[at] + events * np.log(here / (alpha + last[i]))  # log odds of having left
            value += stayed[at] + max(apart, 0.0) + np.log(1.0 + np.exp(-abs(apart)))
        found += counts[i] * value
    return found


@numba.njit(nogil=True, cache=True, error_model="numpy")
def total(counts, kind, stages, parameters, gaps, x, last, until, which, buying, ratios, stayed, left, nodes, weights):
    """Log-likelihood of all rows, each of which stands for so many customers.

    Parameters
    ----------
    counts : float64 (n,)
        Customers.
    kind, stages, parameters, gaps, x, last, until, which, buying, ratios, stayed, left, nodes, weights
        As of `terms`.
    """
    found = 0.0
    r, alpha = parameters[0], parameters[1]
    if stages == 1 and kind != ANY_TIME:
        return _quick(counts, kind == AT_PURCHASE, r, alpha, x, last, until, which, buying, stayed, left)
    s, beta = (parameters[2], parameters[3]) if kind == ANY_TIME else (1.0, 1.0)
    for i in range(len(x)):
        at = which[i]
        active, gone = _row(
            kind,
            stages,
            r,
            alpha,
            s,
            beta,
            gaps[i],
            x[i],
            last[i],
            until[i],
            buying[at],
            ratios[at],
            stayed[at],
            left[at],
            nodes,
            weights,
        )
        top, other = max(active, gone), min(active, gone)
        found += counts[i] * (top + np.log1p(np.exp(other - top)))
    return found
