"""Orders month by month, given each customer's nature: compiled, and never more than a block in memory.

With Poisson purchases the orders expected in a month fall from one to the next by the same factor e^(-(λp + μ)), so
that sums over months are geometric. With Erlang gaps what falls is a vector, one number for each stage that may lie
behind a customer: a month multiplies it by a matrix.
"""

import numba
import numpy as np

SMALL = 1e-12
"""A rate of leaving × time below this changes no floating-point number: nobody leaves."""
TAIL = 1e-14
"""Chance of still more stages within a month at which their sum ends."""


@numba.njit(nogil=True, cache=True, error_model="numpy")
def month(rate, p, mu, stages, step, through, bought):
    """What a month does to a customer, by the number of stages that lie behind: Erlang gaps.

    Parameters
    ----------
    rate : float
        λ of stages.
    p, mu : float
        Chance of leaving after a purchase; rate of leaving at any time.
    stages : int
        k.
    step : float
        Length of a month in the unit of time.
    through : float64 (k, k)
        Filled: chance to be there after the month with j stages behind, from i.
    bought : float64 (k,)
        Filled: purchases expected within the month, from i.

    Notes
    -----
    Uniformisation (Jensen 1953): events come at rate λ + μ, each is a stage with probability λ / (λ + μ), else the end.
    """
    total = (rate + mu) * step
    survives = rate / (rate + mu)
    through[:] = 0.0
    bought[:] = 0.0
    log_total = np.log(total) if total > 0 else -np.inf
    log_factorial, tail, n = 0.0, 1.0, 0
    while True:
        chance = np.exp(n * log_total - total - log_factorial) if n else np.exp(-total)
        tail -= chance  # P(more than n events)
        if tail < 0.0:
            tail = 0.0
        survived = survives**n
        for i in range(stages):
            renewals, j = divmod(i + n, stages)
            here = survived * (1.0 - p) ** renewals
            through[i, j] += here * chance
            if j == stages - 1:  # time spent one stage before a purchase is tail / (λ + μ)
                bought[i] += rate * here * tail / (rate + mu)
        n += 1
        log_factorial += np.log(n)
        if n > total and tail < TAIL:
            return


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _passes(at, through, factor):
    """The customer a month later, by stages that lie behind, and how much is left of them."""
    then, left = np.zeros(len(at)), 0.0
    for j in range(len(at)):
        for i in range(len(at)):
            then[j] += at[i] * through[i, j]
    for j in range(len(at)):
        at[j] = then[j] * factor
        left += at[j]
    return left


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _summed(at, through, bought, factor, horizons, out):
    """Orders within each horizon, added month by month until none is left to come."""
    left, t = 1.0, 0
    while t < horizons.max() and left > TAIL:
        t += 1
        found = 0.0
        for j in range(len(at)):
            found += at[j] * bought[j]
        for h in range(len(horizons)):
            if t <= horizons[h]:
                out[h] += found
        left = _passes(at, through, factor)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def present_orders(active, rate, p, mu, passed, stages, step, discount, horizons):
    """Orders (m, draws, H) expected within horizons, discounted to today from the end of their month.

    Parameters
    ----------
    active : bool (m, draws)
        Who is still a customer.
    rate, p, mu : float64 (m, draws)
        As of `month`.
    passed : uint8 (m, draws)
        Stages that lie behind.
    stages, step
        As of `month`.
    discount : float
        δ ≥ 0, continuous, a month.
    horizons : float64 (H,)
        Whole months, or infinite where the discount is positive.
    """
    rows, draws = rate.shape
    out = np.zeros((rows, draws, len(horizons)))
    through, bought = np.empty((stages, stages)), np.empty(stages)
    at = np.empty(stages)
    first_factor = np.exp(-discount)
    for i in range(rows):
        for d in range(draws):
            if not active[i, d]:
                continue
            if stages == 1:
                fall = rate[i, d] * p[i, d] + mu[i, d]
                spent = -np.expm1(-fall * step) / fall if fall * step > SMALL else step
                each = rate[i, d] * spent * first_factor
                total = fall * step + discount
                if total <= SMALL:
                    for h in range(len(horizons)):
                        out[i, d, h] = each * horizons[h]
                else:
                    each = -each / np.expm1(-total)
                    for h in range(len(horizons)):
                        out[i, d, h] = -each * np.expm1(-total * horizons[h])
                continue
            month(rate[i, d], p[i, d], mu[i, d], stages, step, through, bought)
            at[:] = 0.0
            at[passed[i, d]] = first_factor
            _summed(at, through, bought, first_factor, horizons, out[i, d])
    return out


@numba.njit(nogil=True, cache=True, error_model="numpy")
def add_months(active, rate, p, mu, passed, stages, step, worth, cells, out):
    """Add each month's expected orders × worth to its cell.

    Parameters
    ----------
    active, rate, p, mu, passed, stages, step
        As of `present_orders`.
    worth : float64 (m, draws) or (m, 1) or (1, 1)
        What an order counts.
    cells : int64 (m,)
        The cell of each customer.
    out : float64 (cells, draws, months)
        Added to.
    """
    rows, draws = rate.shape
    months = out.shape[2]
    through, bought = np.empty((stages, stages)), np.empty(stages)
    at = np.empty(stages)
    for i in range(rows):
        for d in range(draws):
            if not active[i, d]:
                continue
            each = worth[i if worth.shape[0] > 1 else 0, d if worth.shape[1] > 1 else 0]
            cell = out[cells[i], d]
            if stages == 1:
                fall = rate[i, d] * p[i, d] + mu[i, d]
                keep = np.exp(-fall * step)
                spent = -np.expm1(-fall * step) / fall if fall * step > SMALL else step
                each *= rate[i, d] * spent
                for t in range(months):
                    cell[t] += each
                    each *= keep
                continue
            month(rate[i, d], p[i, d], mu[i, d], stages, step, through, bought)
            at[:] = 0.0
            at[passed[i, d]] = each
            for t in range(months):
                for j in range(stages):
                    cell[t] += at[j] * bought[j]
                _passes(at, through, 1.0)
