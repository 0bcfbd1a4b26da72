"""The noise of an ordered model's latent variable: logistic or normal. One small object that everything asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit, ndtr

LinkName = Literal["logit", "probit"]


def _softplus(x: Any) -> Any:
    return np.logaddexp(0, x)


@dataclass(frozen=True)
class Link:
    """P(y ≤ k) = F(c_k − η), with F the distribution function of the latent noise.

    Attributes
    ----------
    name
        `logit` or `probit`.
    latent_variance
        Variance of the noise: π²/3 or 1. Effects, cut points and what is explained are measured against it.

    Examples
    --------
    >>> float(LOGIT.cdf(0)), float(PROBIT.cdf(0))
    (0.5, 0.5)
    >>> round(PROBIT.unit, 4)
    0.5513
    """

    name: LinkName
    latent_variance: float

    @property
    def is_probit(self) -> bool:
        """What compiled code is told."""
        return self.name == "probit"

    @property
    def unit(self) -> float:
        """Standard deviation of the noise in that of a logit: what log-odds are multiplied by to say as much here."""
        return float(np.sqrt(self.latent_variance / LOGIT.latent_variance))

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Distribution function of the noise.

        Parameters
        ----------
        x
            Any shape.
        """
        return ndtr(x) if self.is_probit else expit(x)

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Noise.

        Parameters
        ----------
        rng
            What draws.
        size
            Shape of what is drawn.
        """
        return rng.standard_normal(size) if self.is_probit else rng.logistic(size=size)

    def log_density(self, x: Any, softplus: Callable[[Any], Any] = _softplus) -> Any:
        """Logarithm of the noise's density, but for a constant; `softplus` of the library that x belongs to.

        Parameters
        ----------
        x
            Any shape; an array, or a variable of PyTensor.
        softplus
            Of the library that x belongs to.
        """
        return -0.5 * x**2 if self.is_probit else -x - 2 * softplus(-x)

    def log_density_slopes(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First derivative of `log_density`, and its second with the sign turned.

        Parameters
        ----------
        x
            Any shape.
        """
        if self.is_probit:
            return -x, np.ones_like(x)
        p = expit(x)
        return 1 - 2 * p, 2 * p * (1 - p)


LOGIT = Link("logit", np.pi**2 / 3)
PROBIT = Link("probit", 1.0)
LINKS: dict[str, Link] = {link.name: link for link in (LOGIT, PROBIT)}
