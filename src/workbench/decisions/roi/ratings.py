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

LEAST = 0.25
"""Of the variance of reported ratings, the share that is experience at least: beyond, halo would be all there is."""


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

    def gains(self, shift: np.ndarray, coloured: np.ndarray | None = None) -> np.ndarray:
        """Points of experience (draws, C, P) gained by those who rate each point today.

        Parameters
        ----------
        shift : (draws,)
            In standard deviations of reported ratings.
        coloured : (draws, C)
            By how much the general impression of each of C kinds of customers lifts what they report (halo), in the
            same unit: who rates low out of dislike lived through better than that, and has less to gain.
        """
        low = np.concatenate([[-np.inf], self.cuts])[:, None]
        high = np.concatenate([self.cuts, [np.inf]])[:, None]
        share = (norm.cdf(high) - norm.cdf(low))[:, 0]
        away = np.zeros((len(shift), 1)) if coloured is None else coloured
        cuts = self.cuts + away[:, :, None, None]  # of the experience, as reported ratings have it
        crossed = norm.cdf(np.clip(cuts, low, high)) - norm.cdf(np.clip(cuts - shift[:, None, None, None], low, high))
        return (crossed @ np.diff(self.points)) / share

    def points_told(self) -> np.ndarray:
        """Mean of the latent scale (P,) among those who rate each point."""
        low, high = np.concatenate([[-np.inf], self.cuts]), np.concatenate([self.cuts, [np.inf]])
        return (norm.pdf(low) - norm.pdf(high)) / (norm.cdf(high) - norm.cdf(low))

    def widening(self, ratings: np.ndarray, score: np.ndarray, colour: np.ndarray) -> np.ndarray:
        """Standard deviation (draws,) of reported ratings over that of the experience: halo widens it.

        Parameters
        ----------
        ratings, score : (n,)
            Of the same answers.
        colour : (draws,)
            Standard deviations that a log-odds of satisfaction adds.
        """
        latent = self.points_told()[np.searchsorted(self.points, ratings)]
        both = np.cov(latent, score)[0, 1]
        return 1 / np.sqrt(np.maximum(1 - 2 * colour * both + colour**2 * score.var(), LEAST))
