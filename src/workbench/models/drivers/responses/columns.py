"""From ratings to the columns of a regression: what a driver's term is made of, and on which scale.

A driver's term is used × (effect of using + effect of its rating). *Not applicable* has no rating and gets none: its
rating columns are 0 and its usage column tells that it was not used. Ratings are centred and scaled by those who gave
them, so that a coefficient is the change in log-odds (of a probit: in standard deviations of its noise) for one
standard deviation.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workbench.models.drivers.responses.ratings import MISSING, NOT_APPLICABLE, RATED, Ratings
from workbench.wording import number, sentence

Shape = Literal["linear", "asymmetric", "monotone"]
MOST_STEPS = 5
"""Steps of a monotone effect: as many as a scale from 1 to 6 has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """How ratings become columns; the same for every imputation and every what-if.

    Attributes
    ----------
    shape
        `linear`: one slope; `asymmetric`: one below and one above the middle of the scale; `monotone`: a step at each
        point of the scale, all of one sign.
    driver
        Int (C,): to which driver a column belongs.
    usage
        Bool (C,): whether it tells use rather than a rating.
    location, sd
        (D,): mean and standard deviation of each driver among those who rated it.
    middle
        (D,): middle of each driver's scale.
    used
        (D,): share of people to whom it applied.
    thresholds
        Tuple of arrays: rating above which each step of a driver's ladder is climbed (monotone shape only).
    names, labels
        Of the columns: of the driver with what is meant of it (`staff below`), and the same for people.
    by_mood
        Whether a person's mood, the mean of all ratings given, is a column of its own; linear slopes are then those of
        deviations from it.
    mood_location, mood_sd
        Mean and standard deviation of the mood.

    Notes
    -----
    After the drivers' columns stand those that belong to none (`driver` −1): the mood, then levels of groups and waves
    (`Ratings.controls`), which `of` leaves to `rows_of`.
    """

    shape: Shape
    driver: np.ndarray
    usage: np.ndarray
    location: np.ndarray
    sd: np.ndarray
    middle: np.ndarray
    used: np.ndarray
    thresholds: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    by_mood: bool = False
    mood_location: float = 0.0
    mood_sd: float = 1.0

    @property
    def rating(self) -> np.ndarray:
        """Bool (C,): columns of ratings, neither of use nor without a driver."""
        return ~self.usage & (self.driver >= 0)

    @property
    def level(self) -> np.ndarray:
        """Bool (C,): columns of levels of groups and waves."""
        levels = self.driver < 0
        levels[np.flatnonzero(levels)[: int(self.by_mood)]] = False
        return levels

    def moods(self, values: np.ndarray, applies: np.ndarray) -> np.ndarray:
        """(n,): mean of each person's ratings, each in standard deviations from its own mean.

        Parameters
        ----------
        values, applies
            As of `of`.
        """
        scaled = np.where(applies, (values - self.location) / self.sd, 0.0)
        return scaled.sum(1) / np.maximum(applies.sum(1), 1)

    def of(self, values: np.ndarray, applies: np.ndarray) -> np.ndarray:
        """The columns, C-contiguous (n, C).

        Parameters
        ----------
        values
            (n, D) ratings without gaps where `applies`.
        applies
            Bool (n, D): False where the driver did not apply.
        """
        parts = []
        for place in range(values.shape[1]):
            use = applies[:, place]
            parts += self.of_driver(place, np.where(use, values[:, place], self.location[place]), use)
        if self.by_mood:
            mood = self.moods(values, applies)
            if self.shape == "linear":
                for column in np.flatnonzero(self.rating):
                    parts[column] = parts[column] - mood * applies[:, self.driver[column]]
            parts.append((mood - self.mood_location) / self.mood_sd)
        return np.ascontiguousarray(np.column_stack(parts))

    def of_driver(self, place: int, rating: np.ndarray, use: np.ndarray) -> list[np.ndarray]:
        """The columns of one driver, each (n,).

        Parameters
        ----------
        place
            Which driver.
        rating, use
            (n,): ratings, and whether the driver applied.
        """
        location, sd, middle = self.location[place], self.sd[place], self.middle[place]
        if self.shape == "linear":
            columns = [use * (rating - location) / sd]
        elif self.shape == "asymmetric":
            columns = [use * np.minimum(rating - middle, 0) / sd, use * np.maximum(rating - middle, 0) / sd]
        else:
            columns = [use * (rating > step) for step in self.thresholds[place]]
        if (self.usage & (self.driver == place)).any():
            columns.append(use - self.used[place])
        return [column.astype(float) for column in columns]


def make_columns(
    ratings: Ratings, shape: Shape = "linear", *, mood_of: tuple[np.ndarray, np.ndarray] | None = None
) -> Columns:
    """Scales and layout, from the answers that were given.

    Parameters
    ----------
    ratings
        The answers.
    shape
        Of effects, see `Columns`.
    mood_of
        Completed answers: values (n, D) and whether each driver applied (n, D). With them the mood is a column.

    Notes
    -----
    A usage column is there where the driver did not apply to somebody. The steps of a monotone ladder lie between the
    ratings that occur, at most five of them (a mean of several items has more).
    """
    weights = ratings.likelihood_weights
    count = len(ratings.drivers)
    location, sd, used = np.zeros(count), np.ones(count), np.ones(count)
    driver: list[int] = []
    usage: list[bool] = []
    thresholds: list[np.ndarray] = []
    names: list[str] = []
    labels: list[str] = []
    for place, name in enumerate(ratings.drivers):
        rated = ratings.state[:, place] == RATED
        values, w = ratings.values[rated, place], weights[rated]
        location[place] = np.average(values, weights=w)
        sd[place] = np.sqrt(np.average((values - location[place]) ** 2, weights=w))
        known = ratings.state[:, place] != MISSING
        used[place] = np.average(ratings.state[known, place] == RATED, weights=weights[known])
        points = np.unique(values)
        if len(points) > MOST_STEPS + 1:
            points = np.unique(np.quantile(values, np.linspace(0, 1, MOST_STEPS + 1)))
        thresholds.append((points[1:] + points[:-1]) / 2)
        kinds = _kinds(shape, ratings.labels[name], thresholds[-1])
        if (ratings.state[:, place] == NOT_APPLICABLE).any():
            kinds[" used"] = sentence("{label}: used", label=ratings.labels[name])
        driver += [place] * len(kinds)
        usage += [kind == " used" for kind in kinds]
        names += [name + kind for kind in kinds]
        labels += kinds.values()
    if mood_of is not None:
        names.append("mood")
        labels.append(sentence("mood"))
    names += ratings.control_names
    labels += ratings.control_names
    others = len(names) - len(driver)
    columns = Columns(
        shape=shape,
        driver=np.array(driver + [-1] * others),
        usage=np.array(usage + [False] * others),
        location=location,
        sd=sd,
        middle=ratings.ends.mean(1),
        used=used,
        thresholds=tuple(thresholds),
        names=tuple(names),
        labels=tuple(labels),
        by_mood=mood_of is not None,
    )
    if mood_of is None:
        return columns
    moods = columns.moods(*mood_of)
    return replace(columns, mood_location=float(moods.mean()), mood_sd=float(moods.std()))


def _kinds(shape: Shape, label: str, steps: np.ndarray) -> dict[str, str]:
    """What is meant of a driver by each of its columns of ratings, and the same for people."""
    if shape == "linear":
        return {"": label}
    if shape == "asymmetric":
        return {
            " below": sentence("{label}: below the middle", label=label),
            " above": sentence("{label}: above the middle", label=label),
        }
    return {
        f" above {step:.3g}": sentence("{label}: above {step}", label=label, step=number(float(step))) for step in steps
    }
