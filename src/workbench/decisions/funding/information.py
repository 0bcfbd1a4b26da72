"""What knowing more is worth before money is spent: everything, the lift alone, or what a sample says of it.

Knowing is worth what better decisions bring: with it, an initiative is done only where it pays. Of a net present value
that is normal with mean μ and standard deviation σ, knowing it is worth σ (φ(z) − z (1 − Φ(z))), z = |μ| / σ.

References
----------
Raiffa, Schlaifer (1961), Applied statistical decision theory, chapter 5 (the closed form, values of perfect and of
sample information); Heath, Manolopoulou, Baio (2017), A review of methods for analysis of the expected value of
information (by the mean value given what is learnt).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.stats import norm

REACHED = 4.0
"""Standard deviations of a lift on either side that are looked at: beyond lie six of a hundred thousand."""
KNOTS = np.linspace(-REACHED, REACHED, 9)
"""Where the value is worked out, one standard deviation apart: a cubic is right between."""
OUTCOMES = np.linspace(-6.0, 6.0, 1201)
"""What a sample may say, in standard deviations: a hundredth apart, so that where the decision turns is met."""
INNER, INNER_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
"""Nodes of Gauss and Hermite for what is left unknown: exact for polynomials up to degree 41."""


def perfect_information(npv: np.ndarray) -> float:
    """What knowing the net present value is worth, from its draws.

    Parameters
    ----------
    npv : (draws,)
        In money.

    Examples
    --------
    >>> perfect_information(np.array([-1.0, 3.0]))  # 3 half of the time, instead of 1
    0.5
    """
    return float(np.maximum(npv, 0).mean() - max(float(npv.mean()), 0.0))


def normal_information(mean: float, deviation: float) -> float:
    """The same of a normal net present value, in closed form.

    Parameters
    ----------
    mean, deviation
        In money.

    Examples
    --------
    >>> round(normal_information(0.0, 1.0), 4), normal_information(5.0, 0.0)
    (0.3989, 0.0)
    """
    if deviation <= 0:
        return 0.0
    z = abs(mean) / deviation
    return float(deviation * (norm.pdf(z) - z * norm.sf(z)))


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftCurve:
    """Net present value by what the lift is, everything else as unsure as it is.

    Attributes
    ----------
    mean, deviation
        Of the lift, as far as it is known: normal.
    npv : (9,)
        At the lifts `mean + KNOTS × deviation`, in money.
    """

    mean: float
    deviation: float
    npv: np.ndarray

    def at(self, lift: np.ndarray) -> np.ndarray:
        """Net present value at lifts, in the same shape; straight beyond the knots.

        Parameters
        ----------
        lift
            In standard deviations of the experience.
        """
        if self.deviation <= 0:
            return np.full(np.shape(lift), float(self.npv[len(KNOTS) // 2]))
        z = (np.asarray(lift) - self.mean) / self.deviation
        inside = PchipInterpolator(KNOTS, self.npv)(np.clip(z, -REACHED, REACHED))
        low, high = self.npv[1] - self.npv[0], self.npv[-1] - self.npv[-2]
        return np.asarray(inside + np.minimum(z + REACHED, 0) * low + np.maximum(z - REACHED, 0) * high)

    @property
    def expected(self) -> float:
        """Net present value with the lift as unsure as it is."""
        return float(INNER_WEIGHTS @ self.at(self.mean + self.deviation * INNER) / INNER_WEIGHTS.sum())

    def decided(self, error: float) -> float:
        """Expected net present value when it is decided after a sample has been seen.

        Parameters
        ----------
        error
            Standard error of the sample's estimate of the lift; 0: the lift itself, infinite: nothing.
        """
        if self.deviation <= 0 or np.isinf(error):
            return max(self.expected, 0.0)
        total = np.hypot(self.deviation, error)
        moves, left = self.deviation**2 / total, self.deviation * error / total
        outcomes = self.mean + moves * OUTCOMES[:, None]
        value = self.at(outcomes + left * INNER) @ INNER_WEIGHTS / INNER_WEIGHTS.sum()
        weights = norm.pdf(OUTCOMES)
        return float(np.sum(weights * np.maximum(value, 0.0)) / weights.sum())

    def sample_information(self, error: float) -> float:
        """What a sample is worth before its cost: 0 where it says nothing, at most what knowing the lift is worth.

        Parameters
        ----------
        error
            Standard error of its estimate of the lift.
        """
        return max(self.decided(error) - max(self.expected, 0.0), 0.0)


def knots_of(mean: float, deviation: float) -> Sequence[float]:
    """Lifts at which a curve wants its value.

    Parameters
    ----------
    mean, deviation
        Of the lift.
    """
    return (mean + deviation * KNOTS).tolist()
