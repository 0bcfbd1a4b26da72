"""Buying at occasions that come at fixed times (a yearly appeal, an event): the beta–geometric/beta–Bernoulli model.

At each occasion an active customer buys with probability p ~ Beta(α, β); before each the customer leaves with
probability θ ~ Beta(γ, δ). As in `families`, a history's likelihood has the terms "still active" and "has left".

References
----------
Fader, Hardie, Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science 29(6).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from workbench.errors import DataError
from workbench.statistics.laplace import highest
from workbench.wording import plural, sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Occasions:
    """What customers did at occasions, one row a customer or for all equal ones.

    Attributes
    ----------
    bought : (n,)
        At how many occasions a customer bought, the acquisition left out.
    last : (n,)
        The last of these, counted from 1; 0 without any.
    offered : (n,)
        How many occasions there were.
    weights : (n,)
        Number of customers that the row stands for.
    """

    bought: np.ndarray
    last: np.ndarray
    offered: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        columns = (self.bought, self.last, self.offered)
        whole = np.all([(each >= 0) & (each == np.floor(each)) for each in columns], axis=0)
        ordered = (self.bought <= self.last) & (self.last <= self.offered) & ((self.bought > 0) == (self.last > 0))
        if (wrong := int((~(whole & ordered & (self.weights > 0))).sum())) > 0:
            raise DataError(
                plural(
                    "Occasions: {n} row breaks bought ≤ last ≤ offered in whole numbers; last is the place of the last "
                    "occasion that was taken, 0 where none was.",
                    "Occasions: {n} rows break bought ≤ last ≤ offered in whole numbers; last is the place of the last "
                    "occasion that was taken, 0 where none was.",
                    wrong,
                )
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class OccasionFit:
    """The maximum likelihood estimate.

    Attributes
    ----------
    estimate : (4,)
        α, β, γ and δ.
    log_likelihood
        At the estimate.
    converged
        Whether there is a maximum.
    """

    estimate: np.ndarray
    log_likelihood: float
    converged: bool


def terms(parameters: np.ndarray, occasions: Occasions) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood of each row together with "still active" at the last occasion, and with "has left".

    Parameters
    ----------
    parameters : (4,)
        α, β, γ and δ, positive.
    occasions
        n rows.

    Returns
    -------
    active, gone : (n,)
        -inf where it cannot be.

    References
    ----------
    Fader, Hardie, Shang (2010), equation 5.
    """
    a, b, c, d = (float(each) for each in parameters)
    x, last, n = occasions.bought, occasions.last, occasions.offered
    active = betaln(a + x, b + n - x) - betaln(a, b) + betaln(c, d + n) - betaln(c, d)
    gone = np.full(len(x), -np.inf)
    for more in range(int((n - last).max(initial=0))):
        seen = last + more
        each = betaln(a + x, b + np.maximum(seen - x, 0)) - betaln(a, b) + betaln(c + 1, d + seen) - betaln(c, d)
        gone = np.where(seen < n, np.logaddexp(gone, each), gone)
    return active, gone


def log_likelihood(parameters: np.ndarray, occasions: Occasions) -> float:
    """Of all customers together.

    Parameters
    ----------
    parameters, occasions
        As of `terms`.
    """
    return float(occasions.weights @ np.logaddexp(*terms(parameters, occasions)))


def fit(occasions: Occasions) -> OccasionFit:
    """Maximum likelihood.

    Parameters
    ----------
    occasions
        Of all customers.

    Raises
    ------
    DataError
        Where nobody bought at any occasion.
    """
    if not occasions.bought.any():
        raise DataError(
            sentence("Occasions: nobody bought at any of them, so nothing can be learned; take a longer period.")
        )
    found = highest(lambda logs: log_likelihood(np.exp(logs), occasions), np.log([1.0, 1.0, 0.5, 2.0]))
    return OccasionFit(
        estimate=np.exp(found.estimate), log_likelihood=found.place.log_likelihood, converged=found.converged
    )


def active(parameters: np.ndarray, occasions: Occasions, ahead: int = 1) -> np.ndarray:
    """P(active) (n,) at the occasion so many after the last.

    Parameters
    ----------
    parameters, occasions
        As of `terms`.
    ahead
        1 is the next.

    References
    ----------
    Fader, Hardie, Shang (2010), equation 11.
    """
    there, gone = terms(parameters, occasions)
    c, d = float(parameters[2]), float(parameters[3])
    stays = betaln(c, d + occasions.offered + ahead) - betaln(c, d + occasions.offered)
    return np.exp(there - np.logaddexp(there, gone) + stays)


def expected(parameters: np.ndarray, occasions: Occasions, ahead: int) -> np.ndarray:
    """Purchases (n,) expected at the next occasions.

    Parameters
    ----------
    parameters, occasions
        As of `terms`.
    ahead
        How many.

    References
    ----------
    Fader, Hardie, Shang (2010), equation 13, as the sum that it is of: p given the history × P(active) each time.
    """
    a, b = float(parameters[0]), float(parameters[1])
    chance = (a + occasions.bought) / (a + b + occasions.offered)
    return chance * np.sum([active(parameters, occasions, each + 1) for each in range(ahead)], axis=0)
