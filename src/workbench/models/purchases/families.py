"""Models of repeat buying with unseen leaving: BG/NBD, MBG/NBD, Pareto/NBD, NBD, and their k-Erlang forms.

While active, a customer buys at gaps that are Erlang(k, λ), λ ~ Gamma(r, α) over customers; k = 1 is a Poisson process.
They differ in how customers leave: never (NBD), after a purchase with probability p ~ Beta(a, b) (BG/NBD: after repeat
purchases; MBG/NBD: after the first one too), or at any time at rate μ ~ Gamma(s, β) (Pareto/NBD).

Every likelihood here is the sum of two terms, "still active" and "has left", held as logarithms: that is all that
P(active) and draws need, and nothing overflows.

References
----------
Schmittlein, Morrison, Colombo (1987), Counting your customers, Management Science 33(1); Fader, Hardie, Lee (2005),
"Counting your customers" the easy way, Marketing Science 24(2), equation 6; Batislam, Denizel, Filiztekin (2007),
International Journal of Research in Marketing 24(3); Platzer, Reutterer (2016), Ticking away the moments, Marketing
Science 35(5), for Erlang gaps.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import betaln, gammaln

from workbench.models.purchases.histories import Histories
from workbench.models.purchases.likelihood import ANY_TIME, AT_PURCHASE, NEVER, terms, total
from workbench.models.purchases.quadrature import unit_rule

Leaving = Literal["never", "after a repeat", "after any", "any time"]


@dataclass(frozen=True)
class Family:
    """A model of repeat buying, without its parameters.

    Attributes
    ----------
    name
        As in the literature.
    leaving
        When customers leave.
    parameters
        Names, in the order in which all functions take values: r and α (of purchases), then those of leaving.
    stages
        k of the Erlang gaps.
    """

    name: str
    leaving: Leaving
    parameters: tuple[str, ...]
    stages: int = 1

    @property
    def at_purchases(self) -> bool:
        """Whether customers leave at purchases, each time with a probability of their own."""
        return self.leaving in ("after a repeat", "after any")

    def terms(self, parameters: np.ndarray, histories: Histories) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihood of each history together with "still active", and together with "has left".

        Parameters
        ----------
        parameters : (p,)
            Positive, in the order of the names.
        histories
            n rows.

        Returns
        -------
        active, gone : (n,)
            -inf where it cannot be.
        """
        return terms(*self._compiled(parameters, histories))

    def log_likelihood(self, parameters: np.ndarray, histories: Histories) -> float:
        """Of all customers together.

        Parameters
        ----------
        parameters : (p,)
            Positive.
        histories
            Best collapsed.
        """
        return float(total(histories.weights, *self._compiled(parameters, histories)))

    def active(self, parameters: np.ndarray, histories: Histories) -> np.ndarray:
        """P(active) (n,) at the end of observation.

        Parameters
        ----------
        parameters : (p,)
            Positive.
        histories
            n rows.
        """
        active, gone = self.terms(parameters, histories)
        return np.exp(active - np.logaddexp(active, gone))

    def waiting(self, parameters: np.ndarray, histories: Histories) -> np.ndarray:
        """Log density (k, n) of purchases and j = 0 … k - 1 stages since the last one, as if nobody left.

        Parameters
        ----------
        parameters : (p,)
            Only r and α are looked at.
        histories
            n rows.
        """
        r, alpha = float(parameters[0]), float(parameters[1])
        values, which = histories.distinct
        since = histories.observed - histories.recency
        fading = r * np.log1p(histories.observed / alpha)
        per_event = np.log(alpha + histories.observed)
        found = np.empty((self.stages, len(histories)))
        for j in range(self.stages):
            events = values * self.stages + j
            found[j] = self._buying(r, events)[which] - fading - events[which] * per_event
            if j:
                with np.errstate(divide="ignore"):
                    found[j] += j * np.log(since) - gammaln(j + 1)
        return found

    @staticmethod
    def _buying(r: float, events: np.ndarray) -> np.ndarray:
        """Log of Γ(r + m) / Γ(r)."""
        return gammaln(r + events) - gammaln(r)

    def _compiled(self, parameters: np.ndarray, histories: Histories) -> tuple:
        """What `likelihood` wants: tables by frequency, and the columns."""
        place = np.asarray(parameters, dtype=float)
        values, which = histories.distinct
        buying = self._buying(place[0], values * self.stages) - values * gammaln(self.stages)
        ratios = np.ones((len(values), self.stages))
        for j in range(1, self.stages):
            ratios[:, j] = ratios[:, j - 1] * (place[0] + values * self.stages + j - 1) / j
        stayed, left = np.zeros(len(values)), np.zeros(len(values))
        if self.at_purchases:
            stayed, left = self.leaving_chances(values, *map(float, place[2:]))
        kind = AT_PURCHASE if self.at_purchases else ANY_TIME if self.leaving == "any time" else NEVER
        columns = (histories.log_gaps, histories.frequency, histories.recency, histories.observed, which)
        return kind, self.stages, place, *columns, buying, ratios, stayed, left, *unit_rule()

    def leaving_chances(self, x: np.ndarray, a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
        """Log of E[(1-p)^n] and of E[p (1-p)^(n-1)], n being the occasions at which a customer could have left.

        Parameters
        ----------
        x : (m,)
            Numbers of repeat purchases.
        a, b
            Of the beta distribution of p.

        Returns
        -------
        stayed, left : (m,)
            Still active after them all; left at the last of them (-inf without an occasion).
        """
        occasions = x if self.leaving == "after a repeat" else x + 1
        never = betaln(a, b)
        once = np.maximum(occasions, 1)
        left = np.where(occasions > 0, betaln(a + 1, b + once - 1) - never, -np.inf)
        return betaln(a, b + occasions) - never, left


def bg_nbd(stages: int = 1) -> Family:
    """BG/NBD (Fader, Hardie, Lee 2005): may leave after each repeat purchase.

    Parameters
    ----------
    stages
        Of the Erlang gaps between purchases; 1: exponential.
    """
    return Family("BG/NBD", "after a repeat", ("r", "alpha", "a", "b"), stages)


def mbg_nbd(stages: int = 1) -> Family:
    """MBG/NBD (Batislam, Denizel, Filiztekin 2007): may leave after the first purchase too.

    Parameters
    ----------
    stages
        Of the Erlang gaps between purchases; 1: exponential.
    """
    return Family("MBG/NBD", "after any", ("r", "alpha", "a", "b"), stages)


def pareto_nbd(stages: int = 1) -> Family:
    """Pareto/NBD (Schmittlein, Morrison, Colombo 1987): may leave at any time.

    Parameters
    ----------
    stages
        Of the Erlang gaps between purchases; 1: exponential.
    """
    return Family("Pareto/NBD", "any time", ("r", "alpha", "s", "beta"), stages)


def nbd(stages: int = 1) -> Family:
    """NBD (Ehrenberg 1959): nobody leaves.

    Parameters
    ----------
    stages
        Of the Erlang gaps between purchases; 1: exponential.
    """
    return Family("NBD", "never", ("r", "alpha"), stages)
