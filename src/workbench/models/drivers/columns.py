"""From ratings to the columns of a regression: what a driver's term is made of, and on which scale.

A driver's term is used × (effect of using + effect of its rating). *Not applicable* has no rating and gets none: its
rating columns are 0 and its usage column tells that it was not used. Ratings are centred and scaled by those who gave
them, so that a coefficient is the change in log-odds (of a probit: in standard
deviations of its noise) for one standard deviation.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.models.drivers.ratings import BLANK, NOT_APPLICABLE, RATED, Ratings

Shape = Literal["linear", "asymmetric", "monotone"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """How ratings become columns; the same for every imputation and every what-if.

    Attributes
    ----------
    shape
        `linear`: one slope; `asymmetric`: one below and one above the middle of the scale; `monotone`: a step at each
        point of the scale, all of one sign.
    driver
        int (C,): to which driver a column belongs.
    usage
        bool (C,): whether it tells use rather than a rating.
    location, spread
        (D,): mean and standard deviation of each driver among those who rated it.
    middle
        (D,): middle of each driver's scale.
    used
        (D,): share of people to whom it applied.
    thresholds
        Tuple of arrays: rating above which each step of a driver's ladder is climbed (monotone shape only).
    names
        Of the columns, for people who read the model.
    """

    shape: Shape
    driver: np.ndarray
    usage: np.ndarray
    location: np.ndarray
    spread: np.ndarray
    middle: np.ndarray
    used: np.ndarray
    thresholds: tuple[np.ndarray, ...]
    names: tuple[str, ...]

    def of(self, values: np.ndarray, applies: np.ndarray) -> np.ndarray:
        """The columns, C-contiguous (n, C).

        Parameters
        ----------
        values
            (n, D) ratings without gaps where `applies`.
        applies
            bool (n, D): False where the driver did not apply.
        """
        parts = []
        for place in range(values.shape[1]):
            use = applies[:, place]
            parts += self.of_driver(place, np.where(use, values[:, place], self.location[place]), use)
        return np.ascontiguousarray(np.column_stack(parts))

    def of_driver(self, place: int, rating: np.ndarray, use: np.ndarray) -> list[np.ndarray]:
        """The columns of one driver, each (n,)."""
        location, spread, middle = self.location[place], self.spread[place], self.middle[place]
        if self.shape == "linear":
            columns = [use * (rating - location) / spread]
        elif self.shape == "asymmetric":
            columns = [use * np.minimum(rating - middle, 0) / spread, use * np.maximum(rating - middle, 0) / spread]
        else:
            columns = [use * (rating > step) for step in self.thresholds[place]]
        if (self.usage & (self.driver == place)).any():
            columns.append(use - self.used[place])
        return [column.astype(float) for column in columns]


def make_columns(ratings: Ratings, shape: Shape = "linear") -> Columns:
    """Scales and layout, from the answers that were given.

    A usage column is there where the driver did not apply to somebody. The steps of a monotone ladder lie between the
    ratings that occur, at most five of them (a mean of several items has more).
    """
    weights = ratings.likelihood_weights
    count = len(ratings.drivers)
    location, spread, used = np.zeros(count), np.ones(count), np.ones(count)
    driver, usage, thresholds, names = [], [], [], []
    for place, name in enumerate(ratings.drivers):
        rated = ratings.state[:, place] == RATED
        values, w = ratings.values[rated, place], weights[rated]
        location[place] = np.average(values, weights=w)
        spread[place] = np.sqrt(np.average((values - location[place]) ** 2, weights=w))
        known = ratings.state[:, place] != BLANK
        used[place] = np.average(ratings.state[known, place] == RATED, weights=weights[known])
        points = np.unique(values)
        if len(points) > 6:
            points = np.unique(np.quantile(values, np.linspace(0, 1, 6)))
        thresholds.append((points[1:] + points[:-1]) / 2)
        kinds = {"linear": [""], "asymmetric": [" below", " above"]}.get(shape) or [
            f" above {step:.3g}" for step in thresholds[-1]
        ]
        if (ratings.state[:, place] == NOT_APPLICABLE).any():
            kinds = [*kinds, " used"]
        driver += [place] * len(kinds)
        usage += [kind == " used" for kind in kinds]
        names += [name + kind for kind in kinds]
    return Columns(
        shape=shape,
        driver=np.array(driver),
        usage=np.array(usage),
        location=location,
        spread=spread,
        middle=ratings.ends.mean(1),
        used=used,
        thresholds=tuple(thresholds),
        names=tuple(names),
    )
