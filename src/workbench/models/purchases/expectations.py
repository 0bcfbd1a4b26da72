"""What is expected of customers, given parameters: purchases within a horizon, discounted or not; chances of counts."""

import numpy as np
from scipy.special import hyp2f1

from workbench.errors import ParameterError
from workbench.models.purchases.families import Family
from workbench.models.purchases.histories import Histories
from workbench.models.purchases.quadrature import FORGOTTEN, decaying
from workbench.wording import number, sentence


def purchase_rate(family: Family, parameters: np.ndarray, histories: Histories, ahead: np.ndarray) -> np.ndarray:
    """Expected purchases in a unit of time, at times after the end of observation.

    Parameters
    ----------
    family
        With one Erlang stage.
    parameters : (p,)
        Positive.
    histories
        n rows; `Histories.newcomer()` for a customer who has just bought for the first time.
    ahead : (n, m)
        Times after the end of observation.

    Returns
    -------
    ndarray (n, m)
        P(active) × E[λ e^(-λpt)] or E[λ] E[e^(-μt)] under the gamma and beta distributions that the history leaves.

    Raises
    ------
    ParameterError
        With more stages: purchases are then no Poisson process, and draws (`drawing.natures`) tell what is expected.

    References
    ----------
    Fader, Hardie, Lee (2005), equation 8 and 10, of which this is the derivative; for the Pareto/NBD Fader, Hardie, Lee
    (2005), RFM and CLV, Journal of Marketing Research 42(4), appendix.
    """
    if family.stages > 1:
        raise ParameterError(
            sentence(
                "Expected purchases have no closed form with {stages} Erlang stages; use draws.",
                stages=number(family.stages),
            )
        )
    r, alpha, *leaving = (float(each) for each in parameters)
    shape, scale = (r + histories.frequency)[:, None], (alpha + histories.observed)[:, None]
    rate = family.active(parameters, histories)[:, None] * shape / scale
    if family.leaving == "never":
        return np.broadcast_to(rate, ahead.shape)
    if family.leaving == "any time":
        s, beta = leaving
        return rate * np.exp(-s * np.log1p(ahead / (beta + histories.observed[:, None])))
    a, b = leaving
    stayed = b + histories.frequency[:, None] + (family.leaving == "after any")
    # Pfaff's transformation: all terms of the series are positive, so nothing cancels.
    past = ahead / (scale + ahead)
    return rate * np.exp(-a * np.log1p(ahead / scale)) * hyp2f1(a + stayed - shape - 1, a, a + stayed, past)


def expected_purchases(
    family: Family, parameters: np.ndarray, histories: Histories, horizon: float, rate: float = 0.0
) -> np.ndarray:
    """Purchases (n,) expected from the end of observation up to a horizon, each discounted by e^(-rate × time).

    Without a horizon (infinite) and with a rate these are the discounted expected residual transactions (DERT).

    Parameters
    ----------
    family
        With one Erlang stage.
    parameters : (p,)
        Positive.
    histories
        n rows.
    horizon
        In the unit of time of the histories; may be infinite where the rate is positive.
    rate
        Continuous, per unit of time.

    Raises
    ------
    ParameterError
        For a negative horizon or rate, and for an infinite horizon without a rate.

    References
    ----------
    Fader, Hardie, Lee (2005), RFM and CLV, equation 6 (DERT).
    """
    if not (horizon >= 0 and rate >= 0 and (np.isfinite(horizon) or rate > 0)):
        raise ParameterError(
            sentence(
                "Expected purchases: got a horizon of {horizon} and a rate of {rate}; expected both at least 0, and a "
                "positive rate where the horizon is infinite.",
                horizon=number(horizon),
                rate=number(rate),
            )
        )
    if horizon == 0 or np.isinf(rate):
        return np.zeros(len(histories))
    end = min(horizon, FORGOTTEN / rate) if rate else horizon
    falls = 1 / (float(parameters[1]) + histories.observed) + rate
    times, log_weights = decaying(np.full(len(histories), end), 1 / falls)
    rates = purchase_rate(family, parameters, histories, times)
    return np.sum(np.exp(log_weights - rate * times) * rates, axis=1)


def chances(family: Family, parameters: np.ndarray, horizon: float, most: int) -> np.ndarray:
    """P(X(t) = 0 … most) (most + 1,) of a newcomer's repeat purchases within a time.

    Parameters
    ----------
    family
        With any number of stages.
    parameters : (p,)
        Positive.
    horizon
        t, from the first purchase.
    most
        Largest number.

    References
    ----------
    Fader, Hardie, Lee (2005), equation 7; Fader, Hardie, Jerath (2007), Estimating CLV using aggregated data, for the
    Pareto/NBD.
    """
    counts = np.arange(most + 1)
    bought = _counted(family, parameters, np.array([horizon]), most)[0]
    if family.leaving == "never":
        return bought
    if family.leaving == "any time":
        s, beta = float(parameters[2]), float(parameters[3])
        times, log_weights = decaying(np.array([horizon]), np.array([float(min(parameters[1], beta))]), nodes=200)
        left = np.exp(log_weights[0] + np.log(s / beta) - (s + 1) * np.log1p(times[0] / beta))
        here = np.exp(-s * np.log1p(horizon / beta)) * bought
        return here + left @ _counted(family, parameters, times[0], most)
    stayed, gone = (np.exp(each) for each in family.leaving_chances(counts.astype(float), *map(float, parameters[2:])))
    at_least = 1 - np.concatenate([[0.0], np.cumsum(bought)[:-1]])
    return stayed * bought + gone * at_least


def _counted(family: Family, parameters: np.ndarray, times: np.ndarray, most: int) -> np.ndarray:
    """Chances (m, most + 1) of counts while active: k stages to a purchase, stages being negative binomial."""
    from scipy.stats import nbinom

    r, alpha = float(parameters[0]), float(parameters[1])
    stages = np.arange((most + 1) * family.stages)
    each = nbinom.pmf(stages, r, (alpha / (alpha + times))[:, None])
    return each.reshape(len(times), most + 1, family.stages).sum(axis=2)
