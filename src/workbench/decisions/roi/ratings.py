"""What a better experience does to the ratings of a touchpoint: a shift on the normal scale, up to a ceiling.

Ratings are cuts of a latent experience (ordered probit). A lift of δ standard deviations moves everybody by δ, and with
it some ratings by a point or more; who is at the top already stays there. Halo is part of what varies between
ratings, so the latent scale of reported ratings is wider than that of the experience.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

SMALL = 0.1
"""Standard deviations: the step by which points of a rating are set against the latent scale."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """The ratings of one touchpoint.

    Attributes
    ----------
    points : (P,)
        That occur, ascending.
    cuts : (P - 1,)
        Between them, on the normal scale.
    """

    points: np.ndarray
    cuts: np.ndarray

    @classmethod
    def of(cls, ratings: np.ndarray) -> "Ratings":
        """From what was answered.

        Parameters
        ----------
        ratings : (n,)
            Without missing ones.
        """
        points, counts = np.unique(ratings, return_counts=True)
        return cls(points=points, cuts=norm.ppf(np.cumsum(counts)[:-1] / counts.sum()))

    def mean(self, shift: np.ndarray) -> np.ndarray:
        """Mean rating after shifts on the latent scale, in the same shape.

        Parameters
        ----------
        shift
            In standard deviations of reported ratings.
        """
        above = norm.sf(self.cuts - np.asarray(shift)[..., None])
        return self.points[0] + above @ np.diff(self.points)

    @property
    def points_a_deviation(self) -> float:
        """How many points a standard deviation of the latent scale is, for small shifts."""
        if not len(self.cuts):
            return 0.0
        low, high = self.mean(np.array([0.0, SMALL]))
        return float((high - low) / SMALL)

    def gains(self, shift: np.ndarray) -> np.ndarray:
        """Points (draws, P) gained by those who rate each point today.

        Parameters
        ----------
        shift : (draws,)
            In standard deviations of reported ratings.
        """
        low = np.concatenate([[-np.inf], self.cuts])
        high = np.concatenate([self.cuts, [np.inf]])
        share = norm.cdf(high) - norm.cdf(low)
        above = np.maximum(low[:, None], self.cuts - shift[:, None, None])  # draws, points, cuts
        reached = np.clip(norm.cdf(high)[:, None] - norm.cdf(above), 0, None) / share[:, None]
        return self.points[0] + reached @ np.diff(self.points) - self.points
